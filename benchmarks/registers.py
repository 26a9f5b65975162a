# SPDX-License-Identifier: EUPL-1.2
"""What a register costs: loading, looking up, pages, expanding, export; all in one run.

    benchmarks/registers.py [--write docs/performance-registers.md] [--quick]

The same rows are asked three ways: through our application with permit and line in the log, by
SQL written by hand on the same pool, and over HTTP next to Datasette. Loopback only.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import uvloop

import register_data as data
from landschap.platform import postgres
from landschap.platform.keys import secret_key
from landschap.platform.settings import Settings
from landschap.registers import store
from landschap.registers.models import Registers
from measuring import cpu_seconds
from parts import NotReadyError
from register_asking import QUESTIONS, alternately, delivered, ours, plain, questions
from register_http import over_http
from register_page import as_page
from register_web import open_application
from workplace import organisation, tell, workplace

SMALL = 25_000
LARGE, QUICK = 1_000_000, 100_000
_QUESTIONS = {"now": 1000, "past": 1000, "page": 200, "expand": 1000}  # per round


@dataclass(slots=True, kw_only=True)
class Size:
    """What was measured at one size; rates are per second."""

    objects: int
    rates: dict[str, dict[str, float]] = field(default_factory=dict)
    export: dict[str, float] = field(default_factory=dict)
    http: dict[str, dict[str, float]] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Measured:
    """What one run found."""

    load_rows: float = 0.0
    grow_rows: float = 0.0
    sizes: list[Size] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What is measured with."""

    settings: Settings
    registers: Registers
    pool: asyncpg.Pool
    owner: asyncpg.Connection
    app: Any
    folder: Path
    database: int

    @property
    def register(self) -> Any:
        """The one register."""
        return self.registers.by_name[data.NAME]


async def main() -> int:
    """Measure, tell, and write when asked to."""
    wanted = _arguments()
    async with workplace("lr-") as (folder, stack):
        found = await _measure(await _open(folder, stack), wanted)
    tell(as_page(found, wanted), wanted.write)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--write", type=Path, help="page to write the results to")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK:,} objects at most")
    parser.add_argument("--small", action="store_true", help=f"{SMALL:,} objects only")
    parser.add_argument("--no-http", action="store_true", help="without Datasette")
    return parser.parse_args()


async def _open(folder: Path, stack: AsyncExitStack) -> Bench:
    settings, server = await organisation(folder, stack, network=79, web_port=8_773)
    owner = await postgres.administrator(settings)
    stack.push_async_callback(owner.close)
    opened = await open_application(settings, stack)
    return Bench(
        settings=settings,
        registers=data.register(),
        pool=opened.pool,
        owner=owner,
        app=opened.app,
        folder=folder,
        database=server.pid or 0,
    )


async def _measure(bench: Bench, wanted: argparse.Namespace) -> Measured:
    found = Measured()
    await store.prepare(bench.pool, bench.register)
    begin = time.monotonic()
    rows = await data.load(bench.pool, bench.register, SMALL)
    found.load_rows = rows / (time.monotonic() - begin)
    _tell(f"loaded {rows:,} rows, {found.load_rows:,.0f}/s")
    for table in ("assertion", "projection", "act"):
        await bench.owner.execute(f"VACUUM ANALYZE registers.{table}")
    found.sizes.append(await _at(bench, wanted, SMALL, found))
    if wanted.small:
        return found
    large = QUICK if wanted.quick else LARGE
    begin = time.monotonic()
    rows = await data.grow(bench.owner, bench.register, SMALL, large, tell=_tell)
    found.grow_rows = rows / (time.monotonic() - begin)
    _tell(f"grown by {rows:,} rows, {found.grow_rows:,.0f}/s")
    await data.check(bench.owner, bench.register, large)
    found.sizes.append(await _at(bench, wanted, large, found))
    return found


async def _at(bench: Bench, wanted: argparse.Namespace, objects: int, found: Measured) -> Size:
    size = Size(objects=objects)
    moment = datetime.now(UTC)
    await asyncio.sleep(0.01)
    await data.one_more(bench.pool, bench.register)
    key = secret_key(bench.settings, "permit")
    ways = {
        "ours": lambda asked: ours(bench.app, key, asked),
        "plain": lambda asked: plain(bench.pool, asked),
    }
    for name in QUESTIONS:
        make = partial(questions, name, objects, moment, _QUESTIONS[name])
        size.rates[name] = await alternately(ways, make, wanted.rounds, bench.database)
        _tell(f"{objects:,} {name}: {size.rates[name]}")
    size.export = await _exports(bench, min(objects // 2, 100_000))
    _tell(f"{objects:,} export: {size.export}")
    if not wanted.no_http:
        try:
            size.http = await over_http(bench, wanted, objects, moment, _tell)
            _tell(f"{objects:,} over HTTP: {size.http}")
        except NotReadyError as error:
            found.notes.append(f"Over HTTP: {error}")
    return size


async def _exports(bench: Bench, most: int) -> dict[str, float]:
    """Rows per second out of the permits: a whole delivery of ours, and a cursor by hand."""
    key = secret_key(bench.settings, "permit")
    sql = """SELECT object_id, inhoud, valid_from, valid_to FROM registers.projection
             WHERE object_type = 'meting.vergunning' AND valid_from <= $1 AND valid_to > $1
             ORDER BY object_id"""

    async def by_hand() -> AsyncGenerator[Any, None]:
        async with bench.pool.acquire() as connection, connection.transaction():
            async for row in connection.cursor(sql, data.TODAY, prefetch=500):
                yield row

    rates: dict[str, float] = {}
    for name, rows in (("ours", delivered(bench.app, key)), ("plain", by_hand())):
        begin, count = time.monotonic(), 0
        used = time.process_time() + cpu_seconds([bench.database])
        async with aclosing(rows) as told:
            async for row in told:
                count += row.count(b"\n") if isinstance(row, bytes) else 1
                if count >= most:
                    break
        rates[name] = count / (time.monotonic() - begin)
        used = time.process_time() + cpu_seconds([bench.database]) - used
        rates[f"{name} us"] = used / count * 1e6
    return rates


def _tell(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(uvloop.run(main()))
