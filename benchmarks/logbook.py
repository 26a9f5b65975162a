# SPDX-License-Identifier: EUPL-1.2
"""What the log costs: writing, verifying, one person's page, the scope of a breach.

    benchmarks/logbook.py [--write docs/performance-logbook.md] [--records 1000000]
                          [--large 2000000] [--uses 100000] [--seconds 5]

A server of its own is started, with fsync, in a temporary folder, and removed again. Records are
written by the log's own writer and proved from the database; the large log for reading is generated
in the database, and nothing in it is proved.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path

import asyncpg
from tests.logboek.log_rig import ACTIVITY, GRANT, PEER, line, pseudonym
from tests.throwaway import organisation

from landschap.logboek import store
from landschap.logboek.records import Draft, Kind, encode
from landschap.logboek.sections import verify_together
from landschap.logboek.store import LogWriter, helping
from landschap.platform import postgres
from landschap.platform.identity import Validity, make_anchor
from landschap.platform.keys import make_secret_keys
from landschap.platform.settings import Settings
from landschap.platform.watchdog import Watchdog

WRITERS = (1, 16, 64, 256)
_PER_ROUND = 100_000
_READINGS = 15
# Made beforehand and written again and again: what is measured is the log.
_DRAFTS = 20_000
_MADE: list[Draft] = []


def main() -> int:
    """Measure, tell, and write when asked to."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", type=Path)
    parser.add_argument("--records", type=int, default=1_000_000, help="to verify")
    parser.add_argument("--large", type=int, default=2_000_000, help="to read in")
    parser.add_argument("--uses", type=int, default=100_000, help="of one person in it")
    parser.add_argument("--seconds", type=float, default=5, help="per row of writing")
    wanted = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="lb-"))
    folder.chmod(0o711)
    try:
        text = asyncio.run(_measure(folder, wanted))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(text)
    if wanted.write is not None:
        wanted.write.write_text(text, encoding="utf-8")
    return 0


async def _measure(folder: Path, wanted: argparse.Namespace) -> str:
    anchor = make_anchor("Meetanker", Validity.of_days(datetime.now(UTC), 30))
    settings = organisation(folder / "o", anchor, more=f'\n[paths]\nrun = "{folder}/r"\n')
    make_secret_keys(settings)
    watchdog = Watchdog()
    server = postgres.Server(settings, watchdog=watchdog)
    await server.start()
    try:
        await postgres.apply_migrations(settings)
        _MADE.extend(line() for _ in range(_DRAFTS))
        _tell("writing")
        writing = [await _writing(settings, each, wanted.seconds) for each in WRITERS]
        _tell("verifying")
        verified = await _verifying(settings, wanted.records)
        _tell(f"verified in {verified[1]:.1f} s; generating")
        reading = await _reading(settings, wanted.large, wanted.uses)
    finally:
        await server.stop()
        watchdog.close()
    return _page(wanted, writing, verified, reading)


def _tell(words: str) -> None:
    print(f"{datetime.now(UTC):%H:%M:%S} {words}", file=sys.stderr, flush=True)


async def _writing(
    settings: Settings, waiters: int, seconds: float
) -> tuple[int, float, float, float]:
    """The number of waiters, records per second, p99 in ms, and one commit per record beside it."""
    writer = LogWriter(settings, f"w{waiters}")
    await writer.start()
    took: list[float] = []
    made = cycle(_MADE)
    end = time.perf_counter() + seconds

    async def append() -> None:
        while (begin := time.perf_counter()) < end:
            await writer.append([next(made)])
            took.append(time.perf_counter() - begin)

    begin = time.perf_counter()
    await asyncio.gather(*(append() for _ in range(waiters)))
    rate = len(took) / (time.perf_counter() - begin)
    await writer.close()
    slowest = statistics.quantiles(took, n=100)[-1] * 1000
    return waiters, rate, slowest, await _one_by_one(settings, seconds)


async def _one_by_one(settings: Settings, seconds: float) -> float:
    """The same rows on one connection, each in a transaction of its own, without any proof."""
    connection = await postgres.connect(settings, "logboek")
    names = "record_id, kind, at, trace_id, span_id, subject, key_id, lane, batch, pos, salt, leaf"
    insert = await connection.prepare(
        f"INSERT INTO logboek.record ({names}, payload) "
        "VALUES (uuidv7(), 4, $1, $2, $3, $4, 1, 'een', 1, 0, $5, $6, $7)"
    )
    count, begin = 0, time.perf_counter()
    while time.perf_counter() < begin + seconds:
        one = line()
        row = (one.at, one.trace_id, one.span_id, one.subject, os.urandom(16), bytes(32))
        await insert.fetch(*row, encode(one))
        count += 1
    rate = count / (time.perf_counter() - begin)
    await connection.close()
    owner = await postgres.administrator(settings)
    await owner.execute("DELETE FROM logboek.record WHERE lane = 'een'")
    await owner.close()
    return rate


async def _verifying(settings: Settings, records: int) -> tuple[int, float, bool]:
    """How many records were proved from the database, in how many seconds, and the outcome."""
    pool = await postgres.pool(settings, "logboek", role="landschap_log_reader")
    writer = LogWriter(settings, "veel")
    await writer.start()
    made = cycle([_MADE[at : at + 1000] for at in range(0, len(_MADE), 1000)])
    for _ in range(max(0, records - await store.count_records(pool)) // 1000):
        await writer.append(next(made))
    await writer.close()
    _tell("written; verifying")
    begin = time.perf_counter()
    async with (
        store.snapshot(pool) as log,
        helping.helpers(settings, "landschap_log_reader", await log.exported()) as helpers,
    ):
        report = await verify_together(log, helpers)
    took = time.perf_counter() - begin
    await pool.close()
    return report.records, took, report.intact


async def _reading(settings: Settings, large: int, uses: int) -> tuple[float, float, int]:
    """The first page of one person (ms), the scope of one grant (s) and how many persons."""
    owner = await postgres.administrator(settings)
    now = datetime.now(UTC)
    await owner.execute("TRUNCATE logboek.record, logboek.batch")
    years = 20 if large > uses else 1
    begin = now - timedelta(days=365 * years)
    for day in range(0, 365 * years, 28):
        await owner.execute("SELECT logboek.make_month($1)", (begin + timedelta(days=day)).date())
    await owner.execute("SELECT logboek.make_month($1)", now.date())
    await owner.execute(
        "INSERT INTO logboek.batch VALUES ('veel', 1, 1, uuidv7(), uuidv7(), '', '', '')"
    )
    step = (now - begin) / large
    for first in range(0, large, _PER_ROUND):
        count = min(_PER_ROUND, large - first)
        await _generate(owner, first, count, (begin, step), max(1, large // uses))
    _tell("generated; reading")
    await owner.execute("VACUUM ANALYZE logboek.record")
    await owner.close()
    pool = await postgres.pool(settings, "logboek", role="landschap_log_reader")
    page = await _best(lambda: store.uses_of(pool, [pseudonym()], begin, now, 25))
    _tell(f"first page: {page:.1f} ms; scope")
    start = time.perf_counter()
    scope = await store.incident_scope(pool, begin, now, grants=[GRANT], peers=[PEER])
    took = time.perf_counter() - start
    await pool.close()
    return page, took, scope.persons()


async def _generate(
    owner: asyncpg.Connection,
    first: int,
    count: int,
    times: tuple[datetime, timedelta],
    every: int,
) -> None:
    """Pairs of a transaction and its line; one in ten is on the grant, one in `every` one person's.

    The bytes of the payloads are those of real lines; leaves are left empty.
    """
    begin, step = times
    payload = encode_line()
    await owner.execute(
        f"""
        INSERT INTO logboek.record (record_id, kind, at, trace_id, span_id, transaction_id, subject,
            key_id, peer, service, grant_hash, activity, lane, batch, pos, salt, leaf, payload)
        SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0')
                || '7' || lpad(to_hex(n % 4096), 3, '0') || '8' || lpad(to_hex(n), 15, '0'))::uuid,
               CASE WHEN n % 2 = 0 THEN {int(Kind.FSC)} ELSE {int(Kind.LINE)} END, at,
               decode(md5((n / 2)::text), 'hex'), decode(left(md5(n::text), 16), 'hex'),
               md5((n / 2)::text)::uuid,
               CASE WHEN n % 2 = 0 THEN NULL WHEN n / 2 % $4 = 0 THEN $5::bytea
                    ELSE decode(md5((n / 2 % 200000)::text), 'hex') END,
               CASE WHEN n % 2 = 0 THEN NULL ELSE 1 END, $6, 'meting',
               CASE WHEN n / 2 % 10 = 0 THEN $7::text ELSE 'ander' END, $8, 'veel', 1, 0, '', '',
               CASE WHEN n % 2 = 0 THEN $10::bytea ELSE $9::bytea END
          FROM (SELECT n, $2::timestamptz + n * $3::interval AS at
                  FROM generate_series($1::bigint, $1 + $11 - 1) AS n) AS g
        """,
        *(first, begin, step, max(1, every // 2), pseudonym(), PEER, GRANT, ACTIVITY),
        *(payload, _FSC, count),
    )


_FSC = (
    b'{"adl":{"body":{"adl.core.response":{"context":{"visible":["adres.postcode",'
    b'"uitkering.soort"]},"decision":true}}},"fsc":{"filling":"' + b"x" * 600 + b'"}}'
)


def encode_line() -> bytes:
    """The bytes of one real line."""
    return encode(line())


async def _best(once: Callable[[], Awaitable[object]]) -> float:
    found = []
    for _ in range(_READINGS):
        begin = time.perf_counter()
        await once()
        found.append((time.perf_counter() - begin) * 1000)
    return statistics.median(found)


def _page(
    wanted: argparse.Namespace,
    writing: list[tuple[int, float, float, float]],
    verified: tuple[int, float, bool],
    reading: tuple[float, float, int],
) -> str:
    rows = "\n".join(
        f"| {n} | {rate:,.0f} | {p99:.1f} | {alone:,.0f} | {rate / alone:.1f} |"
        for n, rate, p99, alone in writing
    )
    count, took, intact = verified
    page, scope, persons = reading
    _, at_64, _, alone = writing[2]

    def met(holds: bool) -> str:
        return "**met**" if holds else "**NOT MET**"

    goals = (
        f"At 64 writers at least 8 times one commit per record, with Merkle tree and chain: "
        f"{met(at_64 >= 8 * alone)}. Goal 50,000 per second: {met(at_64 >= 50_000)}."
    )
    table = (
        (
            f"{count:,} records verified, {'intact' if intact else 'NOT INTACT'}",
            f"{took:.1f} s",
            f"goal 10 s {met(took < 10)}, limit 60 s {met(took < 60)}",
        ),
        (
            f"first page of one person's {wanted.uses:,} uses, of {wanted.large:,} records",
            f"{page:.1f} ms",
            f"goal 150 ms {met(page < 150)}",
        ),
        (
            f"scope of a breach of {persons:,} persons, of {wanted.large:,} records",
            f"{scope:.1f} s",
            f"limit 60 s {met(scope < 60)}",
        ),
    )
    read = "\n".join(f"| {' | '.join(row)} |" for row in table)
    where = (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores, {platform.machine()}, "
        f"load average {os.getloadavg()[0]:.1f}. Python {platform.python_version()}."
    )
    return f"""# Performance of the log

Written by `make bench` (`benchmarks/logbook.py`). PostgreSQL with fsync, on this machine; one
process that writes, in one lane, records that were made beforehand; a process per core verifies.

| writers | records/s | p99 wait, ms | one commit per record, records/s | times |
| --- | --- | --- | --- | --- |
{rows}

{goals}

| reading | | |
| --- | --- | --- |
{read}

The log that is read in is generated: {wanted.large:,} records. Ten million (`--large 10000000`)
take more disk and time than a measurement should. The uses are spread over twenty years; a tenth
of the questions is in the scope of the breach.

{where}
"""


if __name__ == "__main__":
    raise SystemExit(main())
