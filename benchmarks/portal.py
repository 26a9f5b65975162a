# SPDX-License-Identifier: EUPL-1.2
"""What the list of who used somebody's data costs, of a person with very many uses.

    benchmarks/portal.py [--write docs/performance-portal.md] [--uses 20000] [--looks 100]

A log with the uses of a year of one person and as many of others; each look is what a browser gets:
session, durable line of the look, reading, filtering, page. Asked of the application itself, one at
a time, so the time is that of the server without a network.
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import uvloop

from landschap.cli.demo.landscape import LOOK_ACTIVITY
from landschap.logboek.drafts import line_draft
from landschap.logboek.payloads import LineEntry, Outcome
from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.logboek.records import Draft
from landschap.logboek.store import LogWriter
from landschap.platform import postgres
from landschap.platform.http import make_app
from landschap.platform.ids import new_span_id, new_trace_id
from landschap.platform.keys import secret_key
from landschap.platform.portal_settings import PortalLimitSettings
from landschap.platform.settings import Settings
from landschap.platform.web import Site, read_static_files
from landschap.platform.web.sessions import begin_session
from landschap.portal.known import Known
from landschap.portal.pages import PortalDeps, people_shape, portal_shape, routes
from landschap.purposes.files import parse_register
from landschap.purposes.store import Signers, save_register
from workplace import organisation, tell, workplace

PERSON, OTHER = "999993653", "999990196"
_ACTIVITY = "https://register.weesp.example/activiteiten/gegevens-verstrekken-voor-bijstand"
_PURPOSE = "https://doelen.landschap.example/id/recht-op-bijstand-vaststellen"
_PEERS = ("00000099000000003000", "00000099000000007000", None)
_BATCH = 500
_FLOOR_MS, _GOAL_MS, _MOST_KB = 300.0, 150.0, 150.0


async def main() -> int:
    """Measure, tell, and write when asked to."""
    wanted = _arguments()
    async with workplace("lp-") as (folder, stack):
        deps = await _open(folder, stack)
        await _fill(deps, wanted.uses)
        rows = await _measured(deps, wanted.looks)
    tell(_page(rows, wanted), wanted.write)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--write", type=Path, help="page to write the results to")
    parser.add_argument("--uses", type=int, default=20_000, help="uses of the person")
    parser.add_argument("--looks", type=int, default=100, help="looks at each page")
    return parser.parse_args()


async def _open(folder: Path, stack: AsyncExitStack) -> PortalDeps:
    settings, _ = await organisation(folder, stack, network=82, web_port=8_776)
    # One person looks here more often than a person can.
    unbound = PortalLimitSettings(session_per_minute=1_000_000)
    settings = replace(settings, portal=replace(settings.portal, limits=unbound))
    writer = LogWriter(settings, "web")
    await writer.start()
    stack.push_async_callback(writer.close)
    pools = {}
    for room in ("portal", "logboek", "purposes", "fsc"):
        pools[room] = await postgres.pool(settings, room)
        stack.push_async_callback(pools[room].close)
    await _register(settings, pools["purposes"])
    static = read_static_files()
    return PortalDeps(
        settings=settings,
        site=Site(settings, static, portal_shape(settings, "0")),
        static=static,
        version="0",
        portal_pool=pools["portal"],
        log_pool=pools["logboek"],
        purposes_pool=pools["purposes"],
        fsc_pool=pools["fsc"],
        writer=writer,
        session_key=secret_key(settings, "session"),
        pseudonym_keys={1: secret_key(settings, "pseudonym")},
        look_activity=LOOK_ACTIVITY,
        oidc=None,
    )


async def _register(settings: Settings, pool: Any) -> None:
    """The demo's register, in force since before the uses."""
    folder = files("landschap.cli.demo") / "data" / "weesp" / "doelbinding"
    sources = {
        each.name: each.read_text() for each in folder.iterdir() if each.name.endswith(".toml")
    }
    register = parse_register(sources, settings.organisation.oin.value)
    await save_register(pool, register, Signers(author="Anna", approver="Bert"), based_on="")
    owner = await postgres.administrator(settings)
    await owner.execute("UPDATE purposes.activity_state SET since = since - interval '2 years'")
    await owner.close()


async def _fill(deps: PortalDeps, uses: int) -> None:
    """The uses of a year of one person, and as many of another."""
    for begin in range(0, uses, _BATCH):
        count = min(_BATCH, uses - begin)
        numbers = range(begin, begin + count)
        await deps.writer.append([
            _line(deps, whose, number, uses) for number in numbers for whose in (PERSON, OTHER)
        ])  # fmt: skip
        if begin % 5_000 == 0:
            print(f"wrote {begin:,} of {uses:,}", file=sys.stderr)


def _line(deps: PortalDeps, whose: str, number: int, uses: int) -> Draft:
    now = datetime.now(UTC)
    at = now - timedelta(days=364 * (1 - number / uses), minutes=5)
    oin, peer = deps.settings.organisation.oin, _PEERS[number % len(_PEERS)]
    outcome = (Outcome.DELIVERED, Outcome.PARTIAL, Outcome.REFUSED)[number % 17 % 3]
    entry = LineEntry(
        trace_id=new_trace_id(),
        span_id=new_span_id(),
        name="Woon- en uitkeringssituatie opvragen",
        started_at=at,
        ended_at=at,
        controller=oin.value,
        outcome=outcome,
        system="woon-en-uitkeringssituatie/1.0.0",
        activity=_ACTIVITY,
        subject=subject_pseudonym(deps.pseudonym_keys[1], oin, "bsn", whose),
        subject_type=f"{deps.pseudonym_space}/bsn/1",
        key_id=1,
        direction="incoming" if peer else "own",
        peer=peer,
        purpose=_PURPOSE,
        processing_id=f"Z-2026-{number // 9:05}" if number % 3 else None,
        data_groups=("Adres", "Uitkering") if number % 2 else ("naam",),
    )
    return line_draft(entry, now=now)


class Browser:
    """Asks the application as a browser with a session does."""

    def __init__(self, deps: PortalDeps, token: str) -> None:
        self._app = make_app(routes(replace(deps, oidc=None)), people_shape(deps))
        self._headers = [
            (b"host", b"localhost"), (b"cookie", b"__Host-sessie=" + token.encode()),
            (b"accept-encoding", b"gzip"),
        ]  # fmt: skip

    async def get(self, path: str) -> tuple[int, bytes]:
        """Status and body of an answer."""
        status, parts = 0, []

        async def receive() -> Any:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                parts.append(message.get("body", b""))

        place, _, query = path.partition("?")
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET",
            "scheme": "http", "path": place, "raw_path": place.encode(), "root_path": "",
            "query_string": query.encode(), "headers": self._headers,
            "client": ("127.0.0.1", 1), "server": ("localhost", 80), "state": {},
        }  # fmt: skip
        await self._app(scope, receive, send)  # type: ignore[arg-type]
        return status, b"".join(parts)


async def _measured(deps: PortalDeps, looks: int) -> list[list[str]]:
    """One row per page."""
    known = Known(bsn=PERSON, name="Iemand", level="", authenticated_at=1, id_token="")
    token = await begin_session(deps.portal_pool, deps.session_key, known)
    browser, rows = Browser(deps, token), []
    _, first = await browser.get("/gebruik")
    older = re.search(rb'href="(/gebruik\?[^"]*na=[^"]*)"', first)
    assert older is not None, "a person with this many uses has a second page"
    pages = {
        "the first page": "/gebruik",
        "an older page": older[1].decode().replace("&amp;", "&"),
        "one organisation": f"/gebruik?organisatie={_PEERS[0]}",
        "one by one": "/gebruik?alles=ja",
    }
    for name, path in pages.items():
        spent, weight = [], 0
        for _ in range(looks):
            begun = time.perf_counter()
            status, body = await browser.get(path)
            spent.append((time.perf_counter() - begun) * 1000)
            assert status == 200, status
            weight = max(weight, len(body))
        files_kb = await _files_kb(browser, body)
        tail = statistics.quantiles(spent, n=100)
        rows.append([
            name, f"{statistics.median(spent):.0f}", f"{tail[94]:.0f}", f"{tail[98]:.0f}",
            f"{weight / 1000:.0f}", f"{weight / 1000 + files_kb:.0f}",
        ])  # fmt: skip
    return rows


async def _files_kb(browser: Browser, page: bytes) -> float:
    """Style sheets of a page and the letters they name, as they are sent."""
    total = 0
    for address in re.findall(rb'rel="stylesheet" href="(/static/[^"]+)"', page):
        total += len((await browser.get(address.decode()))[1])
    for name in re.findall(rb"url\(([^)]+woff2)\)", await _letters(browser, page)):
        file = "/static/" + name.decode().strip("'\"").rpartition("/")[2]
        status, body = await browser.get(file)
        total += len(body) if status == 200 else 0
    return total / 1000


async def _letters(browser: Browser, page: bytes) -> bytes:
    import gzip

    found = re.search(rb'href="(/static/noto-sans\.[^"]+css)"', page)
    assert found is not None
    body = (await browser.get(found[1].decode()))[1]
    return gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body


def _page(rows: Sequence[Sequence[str]], wanted: argparse.Namespace) -> str:
    lines = [
        "# Performance: who used my data",
        "",
        f"What the list costs of a person with {wanted.uses:,} uses in a year, in a log that holds",
        "as many of another. A look is all of it: the session, the durable line of the look, what",
        "is held back, the reading, the page. The time is that of the server, one look at a time.",
        f"The goal for the first page is {_GOAL_MS:g} ms, the floor {_FLOOR_MS:g} ms; a page with",
        f"its style sheets and letters, without images, stays under {_MOST_KB:g} kB. A page counts",
        "uncompressed, files as they are sent; a browser fetches those once.",
        "Made by `benchmarks/portal.py`.",
        "",
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC. {wanted.looks} looks at each page.",
        "",
        "| Page | Median (ms) | p95 (ms) | p99 (ms) | HTML (kB) | With files (kB) |",
        "| --- | --- | --- | --- | --- | --- |",
        *(f"| {' | '.join(row)} |" for row in rows),
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(uvloop.run(main()))
