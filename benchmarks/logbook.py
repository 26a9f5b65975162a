# SPDX-License-Identifier: EUPL-1.2
"""What the log costs: writing, verifying, one person's page, the scope of a breach.

    benchmarks/logbook.py [--write docs/performance-logbook.md] [--records 1000000]
                          [--large 10000000] [--uses 100000] [--seconds 5]

A server of its own is started, with fsync, in a temporary folder, and removed again. Records are
written by the log's own writer and proved from the database; the large log for reading is generated
in the database, and nothing in it is proved. Ten million records take 20 GB of disk for a while.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from typing import Any

import uvloop
from tests.logboek.log_rig import line, permitted
from tests.throwaway import organisation

import logbook_data
from landschap.logboek import store
from landschap.logboek.forms import Ready
from landschap.logboek.records import Draft, encode
from landschap.logboek.sections import verify_together
from landschap.logboek.store import LogWriter, helping
from landschap.platform import postgres
from landschap.platform.identity import Validity, make_anchor
from landschap.platform.keys import make_secret_keys
from landschap.platform.settings import Settings
from landschap.platform.watchdog import Watchdog
from logbook_page import Measured, Row, Verified, as_page

WRITERS = (1, 16, 64, 256)
FORMED = (64, 256)
# Made beforehand and written again and again: what is measured is the log.
_MADE = 20_000
_APPENDED = 1_000
_TURNS = 10
_COLUMNS = (
    "kind", "at", "trace_id", "span_id", "transaction_id", "subject", "key_id", "peer", "service",
    "grant_hash", "activity",
)  # fmt: skip
Written = Sequence[Draft | Ready]


def main() -> int:
    """Measure, tell, and write when asked to."""
    parser = argparse.ArgumentParser(description="What the log costs.")
    parser.add_argument("--write", type=Path)
    parser.add_argument("--records", type=int, default=1_000_000, help="to verify")
    parser.add_argument("--large", type=int, default=10_000_000, help="to read in")
    parser.add_argument("--uses", type=int, default=100_000, help="of one person in it")
    parser.add_argument("--seconds", type=float, default=5, help="per row of writing")
    wanted = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="lb-"))
    folder.chmod(0o711)
    try:
        # The loop that the services run on, for what is compared with it as well.
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            text = as_page(runner.run(_measure(folder, wanted)))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(text)
    if wanted.write is not None:
        wanted.write.write_text(text, encoding="utf-8")
    return 0


async def _measure(folder: Path, wanted: argparse.Namespace) -> Measured:
    anchor = make_anchor("Meetanker", Validity.of_days(datetime.now(UTC), 30))
    settings = organisation(folder / "o", anchor, more=f'\n[paths]\nrun = "{folder}/r"\n')
    make_secret_keys(settings)
    watchdog = Watchdog()
    server = postgres.Server(settings, watchdog=watchdog)
    await server.start()
    try:
        await postgres.apply_migrations(settings)
        lines = [line() for _ in range(_MADE)]
        formed = [logbook_data.filled(logbook_data.moment_now()) for _ in range(_MADE)]
        whole = [permitted() for _ in range(_APPENDED)]
        # Nor does a service walk what it holds for good, at every collection.
        gc.collect()
        gc.freeze()
        _tell("writing")
        as_lines = [await _row(settings, each, wanted.seconds, lines, lines) for each in WRITERS]
        by_form = [await _row(settings, each, wanted.seconds, formed, whole) for each in FORMED]
        _tell("writing what is to be verified")
        verified = await _verifying(settings, wanted.records, [*lines, *formed])
        _tell(f"verified in {verified.seconds:.1f} s; generating")
        start = time.perf_counter()
        begin = await logbook_data.generated(settings, wanted.large, wanted.uses)
        generated_s = time.perf_counter() - start
        _tell(f"generated in {generated_s:.0f} s; reading")
        read = await logbook_data.reading(settings, begin, wanted.large)
    finally:
        await server.stop()
        watchdog.close()
    return Measured(
        large=wanted.large,
        uses=wanted.uses,
        lines=as_lines,
        formed=by_form,
        verified=verified,
        generated_s=generated_s,
        read=read,
    )


def _tell(words: str) -> None:
    print(f"{datetime.now(UTC):%H:%M:%S} {words}", file=sys.stderr, flush=True)


async def _row(
    settings: Settings, writers: int, seconds: float, made: Written, alone: Sequence[Draft]
) -> Row:
    """So many writers at once, and one commit per record, in turns."""
    writer = LogWriter(settings, f"w{writers}")
    await writer.start()
    one_by_one = await _OneByOne.of(settings, alone)
    took: list[float] = []
    drafts = cycle(made)
    spent = 0.0

    async def append(end: float) -> None:
        while (begin := time.perf_counter()) < end:
            await writer.append([next(drafts)])
            took.append(time.perf_counter() - begin)

    # In turns, so that what else the machine does is shared by both.
    for _ in range(_TURNS):
        begin = time.perf_counter()
        await asyncio.gather(*(append(begin + seconds / _TURNS) for _ in range(writers)))
        spent += time.perf_counter() - begin
        await one_by_one.turn(seconds / _TURNS)
    await writer.close()
    p99 = statistics.quantiles(took, n=100)[-1] * 1000
    alone_rate = await one_by_one.close()
    return Row(writers=writers, rate=len(took) / spent, p99_ms=p99, alone=alone_rate)


class _OneByOne:
    """The same rows on one connection, each in a transaction of its own, without any proof."""

    def __init__(self, settings: Settings, connection: Any, insert: Any, drafts: Any) -> None:
        self._settings = settings
        self._connection = connection
        self._insert = insert
        self._drafts = drafts
        self._count = 0
        self._spent = 0.0

    @classmethod
    async def of(cls, settings: Settings, made: Sequence[Draft]) -> _OneByOne:
        """Connect and prepare."""
        connection = await postgres.connect(settings, "logboek")
        insert = await connection.prepare(
            f"INSERT INTO logboek.record (record_id, lane, batch, pos, {', '.join(_COLUMNS)}, "
            "salt, leaf, payload) VALUES (uuidv7(), 'een', 1, 0, $1, $2, $3, $4, $5, $6, $7, $8, "
            "$9, $10, $11, $12, $13, $14)"
        )
        return cls(settings, connection, insert, cycle(made))

    async def turn(self, seconds: float) -> None:
        """Write for so long."""
        begin = time.perf_counter()
        while time.perf_counter() < begin + seconds:
            one = next(self._drafts)
            row = [getattr(one, name) for name in _COLUMNS]
            await self._insert.fetch(*row, os.urandom(16), bytes(32), encode(one))
            self._count += 1
        self._spent += time.perf_counter() - begin

    async def close(self) -> float:
        """Remove what was written; records per second."""
        await self._connection.close()
        owner = await postgres.administrator(self._settings)
        await owner.execute("DELETE FROM logboek.record WHERE lane = 'een'")
        await owner.close()
        return self._count / self._spent


async def _verifying(settings: Settings, records: int, made: Written) -> Verified:
    """As many records as wanted, half lines and half transactions, proved from the database."""
    pool = await postgres.pool(settings, "logboek", role="landschap_log_reader")
    writer = LogWriter(settings, "veel")
    await writer.start()
    parts = cycle([made[at : at + _APPENDED] for at in range(0, len(made), _APPENDED)])
    while await store.count_records(pool) < records:
        await writer.append(next(parts))
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
    return Verified(records=report.records, seconds=took, intact=report.intact)


if __name__ == "__main__":
    raise SystemExit(main())
