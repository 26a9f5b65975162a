# SPDX-License-Identifier: EUPL-1.2
"""A supplier's building system, as a municipality might have one: a small REST service.

It knows nothing of purposes, contracts or logs; Weesp's logical source asks it with an API key.
It keeps buildings with their history, on the two time axes of the BAG.

    python -m landschap.cli.demo.supplier --listen HOST:PORT --data panden.csv --key-file api-key

    GET /panden/{identificatie}?geldigOp=2021-03-01&beschikbaarOp=2021-10-15T00:00:00
    GET /panden?identificatie=1,2,3         several at once
    GET /panden/{identificatie}?fields=status,beginGeldigheid
    GET /health                             without key; tells the last question it got

``--delay-ms`` makes every answer late, to rehearse what a slow source does.
"""

from __future__ import annotations

import asyncio
import csv
import hmac
import sys
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from pathlib import Path

import click
from aiohttp import web

from landschap.platform.processes import end_with_parent
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.times import amsterdam_day, as_utc_text, parse_day, parse_moment

MAX_IDENTIFIERS = 200
_UNKNOWN_YEAR = "9999"
MEMBERS = frozenset(
    {
        "identificatie",
        "oorspronkelijkBouwjaar",
        "status",
        "beginGeldigheid",
        "eindGeldigheid",
        "tijdstipRegistratie",
    }
)
Row = dict[str, str]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Buildings:
    """Buildings by identification, each with all its versions as the extract has them."""

    def __init__(self, rows: list[Row]) -> None:
        self._versions: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            self._versions[row["identificatie"]].append(row)

    def __len__(self) -> int:
        return len(self._versions)

    def on(
        self, identification: str, valid_on: date, known_at: datetime
    ) -> dict[str, object] | None:
        """The building as it was on a day, as known at a moment; None when nothing held then."""
        for row in self._versions.get(identification, ()):
            if _holds(row, valid_on, known_at):
                return _shown(row)
        return None


def _holds(row: Row, valid_on: date, known_at: datetime) -> bool:
    """The reading rule of the BAG: an end counts only from the moment it was registered."""
    if parse_moment(row["tijdstipRegistratie"]) > known_at:
        return False
    if date.fromisoformat(row["beginGeldigheid"]) > valid_on:
        return False
    end_is_known = row["eindRegistratie"] and parse_moment(row["eindRegistratie"]) <= known_at
    return not end_is_known or valid_on < date.fromisoformat(row["eindGeldigheid"])


def _shown(row: Row) -> dict[str, object]:
    year = row["oorspronkelijkBouwjaar"]
    return {
        "identificatie": row["identificatie"],
        "oorspronkelijkBouwjaar": None if year == _UNKNOWN_YEAR else int(year),
        "status": row["status"],
        "beginGeldigheid": row["beginGeldigheid"],
        "eindGeldigheid": row["eindGeldigheid"] or None,
        "tijdstipRegistratie": as_utc_text(parse_moment(row["tijdstipRegistratie"])),
    }


class System:
    """The service: one key, two questions, and a count of what it was asked."""

    def __init__(self, buildings: Buildings, key: str, *, delay_seconds: float = 0.0) -> None:
        self._buildings = buildings
        self._key = key.encode()
        self._delay_seconds = delay_seconds
        self._asked = 0
        self._last: str | None = None
        self._last_headers: dict[str, str] = {}

    def app(self) -> web.Application:
        """The aiohttp application."""
        app = web.Application(middlewares=[self._only_with_key])
        app.router.add_get("/health", self._health)
        app.router.add_get("/panden", self._several)
        app.router.add_get("/panden/{identificatie}", self._one)
        return app

    @web.middleware
    async def _only_with_key(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path != "/health":
            given = request.headers.get("X-Api-Key", "").encode()
            if not hmac.compare_digest(given, self._key):
                return _problem(401, "send the API key in the header X-Api-Key")
            self._asked += 1
            self._last = request.path_qs
            self._last_headers = {
                name.lower(): value
                for name, value in request.headers.items()
                if name.lower() != "x-api-key"
            }
            await asyncio.sleep(self._delay_seconds)
        return await handler(request)

    async def _health(self, _request: web.Request) -> web.Response:
        return web.json_response(
            {
                "status": "ok",
                "panden": len(self._buildings),
                "asked": self._asked,
                "last": self._last,
                "last_headers": self._last_headers,
            }
        )

    async def _one(self, request: web.Request) -> web.Response:
        try:
            valid_on, known_at = _axes(request)
            fields = _fields(request)
        except InvalidValue as error:
            return _problem(400, str(error))
        found = self._buildings.on(request.match_info["identificatie"], valid_on, known_at)
        if found is None:
            return _problem(404, "no such building then")
        return web.json_response(_only(found, fields))

    async def _several(self, request: web.Request) -> web.Response:
        identifiers = [i for i in request.query.get("identificatie", "").split(",") if i]
        if not 1 <= len(identifiers) <= MAX_IDENTIFIERS:
            return _problem(400, f"identificatie: 1 to {MAX_IDENTIFIERS}, separated by commas")
        try:
            valid_on, known_at = _axes(request)
            fields = _fields(request)
        except InvalidValue as error:
            return _problem(400, str(error))
        found = (self._buildings.on(i, valid_on, known_at) for i in identifiers)
        panden = [_only(building, fields) for building in found if building]
        return web.json_response({"panden": panden})


def _axes(request: web.Request) -> tuple[date, datetime]:
    now = datetime.now(UTC)
    valid_on, known_at = request.query.get("geldigOp"), request.query.get("beschikbaarOp")
    return (
        parse_day(valid_on) if valid_on else amsterdam_day(now),
        parse_moment(known_at) if known_at else now,
    )


def _fields(request: web.Request) -> frozenset[str]:
    """The members asked for; all when none are named. Raises InvalidValue for another one."""
    named = frozenset(request.query.get("fields", ",".join(MEMBERS)).split(","))
    if not named <= MEMBERS:
        raise InvalidValue(f"fields: {', '.join(sorted(MEMBERS))}")
    return named


def _only(building: dict[str, object], fields: frozenset[str]) -> dict[str, object]:
    return {name: value for name, value in building.items() if name in fields}


def _problem(status: int, detail: str) -> web.Response:
    body = {"status": status, "title": "Not answered", "detail": detail}
    return web.json_response(body, status=status, content_type="application/problem+json")


async def _tie(_app: web.Application) -> None:
    """End when the demo that started us is gone."""
    end_with_parent(asyncio.get_running_loop())


@click.command()
@click.option("--listen", required=True, metavar="HOST:PORT", help="Where to listen.")
@click.option("--data", required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--key-file", required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--delay-ms", default=0, type=click.IntRange(0, 60_000), help="Answer late.")
def main(listen: str, data: Path, key_file: Path, delay_ms: int) -> None:
    """Serve buildings with their history, as a supplier's system would."""
    host, _, port = listen.rpartition(":")
    with data.open(newline="", encoding="utf-8") as stream:
        buildings = Buildings(list(csv.DictReader(stream)))
    key = key_file.read_text().strip()
    app = System(buildings, key, delay_seconds=delay_ms / 1000).app()
    try:
        app.on_startup.append(_tie)
        web.run_app(app, host=host, port=int(port), print=None, access_log=None)
    except OSError as error:
        print(f"supplier: cannot listen on {listen}: {error.strerror}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
