# SPDX-License-Identifier: EUPL-1.2
"""Half of many is sealed while the other half is written; a broken connection costs none of them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.logboek.log_rig import permitted

from landschap.logboek import verify as proof
from landschap.logboek.store import LogWriter, snapshot
from landschap.logboek.store.course import OwnShare

_WRITERS = 64
_CUT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE usename = 'landschap_logboek' AND datname = current_database()"
)


@pytest.mark.parametrize("is_busy", [True, False])
async def test_many_that_wait_are_written_in_halves_while_this_process_is_what_is_waited_for(
    database: Any, monkeypatch: pytest.MonkeyPatch, is_busy: bool
) -> None:
    monkeypatch.setattr(OwnShare, "is_over_half", lambda *_: is_busy)
    writer = LogWriter(database.settings, "vooruit-0", wait_seconds=40)
    await writer.start()
    owner = await database.administrator()
    acknowledged: list[Any] = []
    stop = asyncio.Event()

    async def ask() -> None:
        while not stop.is_set():
            acknowledged.extend(await writer.append([permitted()]))

    asking = [asyncio.create_task(ask()) for _ in range(_WRITERS)]
    try:
        async with asyncio.timeout(40):
            await _written(owner, 2000)
            if is_busy:
                await _cut_in_halves(owner)
    finally:
        stop.set()
        await asyncio.wait_for(asyncio.gather(*asking), 60)
    await writer.close()
    sizes = [row["size"] for row in await owner.fetch("SELECT size FROM logboek.batch")]
    halves = sum(size == _WRITERS // 2 for size in sizes)
    assert halves > 10 if is_busy else halves < 3, sizes
    rows = await owner.fetch("SELECT record_id FROM logboek.record")
    await owner.close()
    assert len(rows) == len(acknowledged)
    assert {row["record_id"] for row in rows} == set(acknowledged)
    async with snapshot(await database.pool("logboek")) as log:
        report = await proof.verify(log)
    assert report.intact, [finding.sentence() for finding in report.findings]


async def _written(owner: Any, least: int) -> None:
    """Wait until so many more are written."""
    count = "SELECT count(*) FROM logboek.record"
    wanted = await owner.fetchval(count) + least
    while await owner.fetchval(count) < wanted:  # noqa: ASYNC110 - of another process
        await asyncio.sleep(0.05)


async def _cut_in_halves(owner: Any) -> None:
    """Break the connection a few times while one batch is under way and one is sealed."""
    for _ in range(4):
        await owner.execute(_CUT)
        await _written(owner, 300)
