# SPDX-License-Identifier: EUPL-1.2
"""The questions that are measured: ours with permit and line, and the plain SQL of the same.

Ours go through the whole application in this process (routing, permit, question, answer, line in
the log, durable); the plain ones are statements by hand on the same rows and the same pool, for
which a programmer would need no register.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from landschap.platform.ids import uuid7
from landschap.purposes.model import HISTORY
from landschap.purposes.permit import HEADER, LIFETIME, Permit, seal
from landschap.registers.store.rows import Pool
from measuring import cpu_seconds
from register_data import NAME, PER_KIND, THEN, TODAY, object_id
from register_web import ASIDE

PAGE = 100
PEER = "00000099000000002000"
FIELDS = (
    "nummer", "burgerservicenummer", "naam", "plaats", "soort", "status", "omschrijving", "houder",
)  # fmt: skip
Ask = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question: the target of ours, and the statement with its values."""

    target: str
    sql: str
    values: tuple[object, ...]


def permit_header(key: bytes, target: str) -> str:
    """A permit for this question, as the Inway would give it; it counts for half a minute."""
    now = datetime.now(UTC)
    return seal(
        Permit(
            transaction_id=uuid7(), service=NAME, method="GET", target=target, peer=PEER,
            purpose="https://doelen.example/a", policy="p", snapshot="sha256-x",
            activity="https://activiteiten.example/b", activity_version=1, fields=FIELDS,
            searchable=("soort",), history=HISTORY, expires_at=now + LIFETIME,
        ),
        key,
    )  # fmt: skip


# By hand: what is in force on a day as known at a moment is the last registered that counts then.
_LOOKUP = """
SELECT a.inhoud, a.valid_from, a.volgnummer FROM registers.assertion a
WHERE a.object_type = $1 AND a.object_id = $2 AND a.valid_from <= $3 AND a.valid_to > $3
  AND a.registered_at <= $4
ORDER BY a.seq DESC LIMIT 1
"""
_FILTERED = """
SELECT p.object_id, p.inhoud, p.valid_from FROM registers.projection p
WHERE p.object_type = 'meting.vergunning' AND (p.inhoud ->> 'soort') = $1
  AND p.valid_from <= $2 AND p.valid_to > $2
ORDER BY p.object_id LIMIT 100
"""
_EXPANDED = """
SELECT p.inhoud, q.inhoud FROM registers.projection p
LEFT JOIN registers.projection q
       ON q.object_type = 'meting.persoon' AND q.object_id = p.inhoud ->> 'houder'
      AND q.valid_from <= $2 AND q.valid_to > $2
WHERE p.object_type = 'meting.vergunning' AND p.object_id = $1
  AND p.valid_from <= $2 AND p.valid_to > $2
"""


def lookup_now(number: int, moment: datetime) -> Asked:
    """A person, today, as known now."""
    del moment
    wanted = object_id("persoon", number)
    target = f"/{NAME}/v1/personen/{wanted}"
    return Asked(
        target=target, sql=_LOOKUP, values=("meting.persoon", wanted, TODAY, datetime.now(UTC))
    )


def lookup_past(number: int, moment: datetime) -> Asked:
    """A person on a day in the past, as known at a moment in the past."""
    wanted = object_id("persoon", number)
    query = {"geldigOp": THEN.isoformat(), "beschikbaarOp": moment.isoformat()}
    target = f"/{NAME}/v1/personen/{wanted}?{urlencode(query)}"
    return Asked(target=target, sql=_LOOKUP, values=("meting.persoon", wanted, THEN, moment))


def filtered(number: int, moment: datetime) -> Asked:
    """The first hundred permits of one kind."""
    del moment
    wanted = f"soort{number // PER_KIND}"
    target = f"/{NAME}/v1/vergunningen?soort={wanted}&limit={PAGE}"
    return Asked(target=target, sql=_FILTERED, values=(wanted, TODAY))


def expanded(number: int, moment: datetime) -> Asked:
    """A permit with the person that holds it."""
    del moment
    wanted = object_id("vergunning", number)
    target = f"/{NAME}/v1/vergunningen/{wanted}?expand=houder"
    return Asked(target=target, sql=_EXPANDED, values=(wanted, TODAY))


QUESTIONS: dict[str, Callable[[int, datetime], Asked]] = {
    "now": lookup_now,
    "past": lookup_past,
    "page": filtered,
    "expand": expanded,
}


def questions(name: str, objects: int, moment: datetime, count: int) -> list[Asked]:
    """So many questions of a kind, about objects anywhere in the register."""
    make = QUESTIONS[name]
    return [make(random.randrange(objects // 2), moment) for _ in range(count)]


def plain(pool: Pool, asked: Sequence[Asked]) -> Ask:
    """Asks the next one by SQL, each time it is called."""
    left = iter(asked)

    async def ask() -> None:
        one = next(left)
        if not await pool.fetch(one.sql, *one.values):
            raise SystemExit(f"nothing found by {one.values}")

    return ask


def ours(app: Callable[..., Awaitable[None]], key: bytes, asked: Sequence[Asked]) -> Ask:
    """Asks the next one of the application, each time it is called, with a permit of now."""
    left = iter([_scope(one.target, permit_header(key, one.target)) for one in asked])

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def ask() -> None:
        scope = next(left)
        told: list[object] = []

        async def send(message: dict[str, object]) -> None:
            if message["type"] == "http.response.start":
                told.append(message["status"])
            elif told != [200]:
                told.append(message.get("body"))

        await app(scope, receive, send)
        if told != [200]:
            raise SystemExit(f"{scope['path']}: {told}")

    return ask


async def delivered(app: Callable[..., Awaitable[None]], key: bytes) -> AsyncGenerator[bytes, None]:
    """All permits as they are now as JSON lines, in pieces, with its seal and its digests."""
    target = f"/{NAME}/v1/vergunningen?formaat=jsonl"
    pieces: asyncio.Queue[bytes | None] = asyncio.Queue(1)
    told: list[object] = []

    async def receive() -> dict[str, object]:
        await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, object]) -> None:
        body = message.get("body", b"")
        if message["type"] == "http.response.start":
            told.append(message["status"])
        elif told != [200]:
            raise SystemExit(f"{target}: {told} {body!r}")
        elif isinstance(body, bytes):
            await pieces.put(body)

    async def serve() -> None:
        try:
            await app(_scope(target, permit_header(key, target)), receive, send)
        finally:
            await pieces.put(None)

    serving = asyncio.create_task(serve())
    try:
        while (piece := await pieces.get()) is not None:
            yield piece
        await serving
    finally:
        serving.cancel()


def _scope(target: str, permit: str) -> dict[str, object]:
    path, _, query = target.partition("?")
    return {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET",
        "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": query.encode(),
        "root_path": "", "headers": [(b"host", b"dienst"),
                                     (HEADER.lower().encode(), permit.encode())],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "state": {},
    }  # fmt: skip


async def rate(ask: Ask, count: int) -> float:
    """Questions per second, so many at the same time."""
    left = count

    async def again() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await ask()

    begin = time.monotonic()
    await asyncio.gather(*(again() for _ in range(ASIDE)))
    return count / (time.monotonic() - begin)


async def alternately(
    ways: dict[str, Callable[[Sequence[Asked]], Ask]],
    make: Callable[[], Sequence[Asked]],
    rounds: int,
    database: int,
) -> dict[str, float]:
    """The median rate of each way, measured in turns so that all have the same minutes.

    Also, as ``NAME us``, what a question costs: CPU of this process and of the processes of the
    database, of which ``database`` is the first. Neighbours change that less than the rate.
    """
    found: dict[str, list[float]] = defaultdict(list)
    for number in range(rounds + 1):
        asked = make()
        for name, way in ways.items():
            ask = way(asked)
            used = time.process_time() + cpu_seconds([database])
            told = await rate(ask, len(asked))
            used = time.process_time() + cpu_seconds([database]) - used
            if number:  # the first round warms up
                found[name].append(told)
                found[f"{name} us"].append(used / len(asked) * 1e6)
    return {name: statistics.median(rates) for name, rates in found.items()}
