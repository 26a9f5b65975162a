# SPDX-License-Identifier: EUPL-1.2
"""Group commit: durable or refused, never half, never twice."""

from __future__ import annotations

import asyncio
import time
from typing import Any
from uuid import UUID

import pytest
from tests.logboek.log_rig import line, permitted, refused

from landschap.logboek import verify as proof
from landschap.logboek.faults import (
    InvalidRecord,
    LaneTaken,
    LogUnavailable,
    QueueFull,
    StaleDecision,
)
from landschap.logboek.records import Draft
from landschap.logboek.store import LogWriter, by_record, by_trace, by_transaction, snapshot


async def _epoch(database: Any) -> int:
    pool = await database.pool("logboek")
    value: int = await pool.fetchval("SELECT value FROM platform.epoch")
    return value


async def _bump(database: Any) -> int:
    pool = await database.pool("logboek")
    value: int = await pool.fetchval("SELECT platform.bump_epoch()")
    return value


async def _intact(database: Any) -> int:
    """Verify the whole log; gives the number of records."""
    async with snapshot(await database.pool("logboek")) as log:
        report = await proof.verify(log)
    assert report.intact, [finding.sentence() for finding in report.findings]
    return report.records


async def test_what_append_returns_can_be_read(database: Any, writer: LogWriter) -> None:
    draft = permitted()
    [record_id] = await writer.append([draft])
    pool = await database.pool("logboek")
    found = await by_record(pool, record_id)
    assert found is not None
    assert found.content() == draft.payload
    assert draft.transaction_id is not None
    assert [r.record_id for r in await by_transaction(pool, draft.transaction_id)] == [record_id]
    assert [r.record_id for r in await by_trace(pool, draft.trace_id)] == [record_id]
    assert found.columns.at == draft.at
    assert abs(found.recorded_at.timestamp() - time.time()) < 5


async def test_many_appends_at_once_share_few_commits(database: Any, writer: LogWriter) -> None:
    made = await asyncio.gather(*[writer.append([permitted()]) for _ in range(400)])
    assert len({record_id for ids in made for record_id in ids}) == 400
    pool = await database.pool("logboek")
    assert await pool.fetchval("SELECT count(*) FROM logboek.batch") <= 3
    assert await _intact(database) == 400


@pytest.mark.case("L7")
async def test_a_parent_and_its_children_are_written_together(
    database: Any, writer: LogWriter
) -> None:
    parent = line(subject=None, subject_type=None, key_id=None)
    children = [line(trace_id=parent.trace_id, parent_span_id=parent.span_id) for _ in range(3)]
    await writer.append([parent, *children])
    found = await by_trace(await database.pool("logboek"), parent.trace_id)
    assert [record.columns.subject is None for record in found] == [True, False, False, False]
    assert len({(record.lane, record.batch) for record in found}) == 1


@pytest.mark.case("L10")
async def test_ten_thousand_subjects_are_one_commit_within_the_time(
    database: Any, writer: LogWriter
) -> None:
    parent = line(subject=None, subject_type=None, key_id=None)
    lines = [parent, *[line(trace_id=parent.trace_id) for _ in range(10_000)]]
    begin = time.monotonic()
    await writer.append(lines)
    assert time.monotonic() - begin < 60
    pool = await database.pool("logboek")
    rows = await pool.fetch("SELECT size FROM logboek.batch")
    assert [row["size"] for row in rows] == [10_001]


async def test_a_decision_of_an_older_world_is_not_recorded_and_others_go_on(
    database: Any, writer: LogWriter
) -> None:
    old = await _epoch(database)
    new = await _bump(database)
    stale, fresh, without = await asyncio.gather(
        writer.append([permitted()], decided_epoch=old),
        writer.append([permitted()], decided_epoch=new),
        writer.append([refused()]),
        return_exceptions=True,
    )
    assert isinstance(stale, StaleDecision)
    assert stale.epoch == new
    assert isinstance(fresh, list)
    assert isinstance(without, list)
    assert await _intact(database) == 2


async def test_a_change_counts_for_the_very_next_append(database: Any, writer: LogWriter) -> None:
    epoch = await _epoch(database)
    await writer.append([permitted()], decided_epoch=epoch)
    await _bump(database)
    with pytest.raises(StaleDecision):
        await writer.append([permitted()], decided_epoch=epoch)


async def test_one_bad_record_fails_alone(database: Any, writer: LogWriter) -> None:
    drafts = [permitted() for _ in range(40)]
    bare = {name: getattr(drafts[17], name) for name in Draft.__struct_fields__}
    drafts[17] = Draft(**(bare | {"service": "with a \x00 that PostgreSQL can not hold"}))
    drafts[30] = Draft(**(bare | {"key_id": 10**9}))
    ended = await asyncio.gather(*[writer.append([d]) for d in drafts], return_exceptions=True)
    failed = [place for place, end in enumerate(ended) if isinstance(end, Exception)]
    assert failed == [17, 30]
    assert all(isinstance(ended[place], InvalidRecord) for place in failed)
    assert await _intact(database) == 38


async def test_an_invalid_record_takes_its_whole_append_with_it(
    database: Any, writer: LogWriter
) -> None:
    bare = {name: getattr(permitted(), name) for name in Draft.__struct_fields__}
    with pytest.raises(InvalidRecord):
        await writer.append([permitted(), Draft(**(bare | {"span_id": bytes(8)}))])
    with pytest.raises(InvalidRecord):
        await writer.append([])
    assert await _intact(database) == 0


async def test_a_full_queue_is_refused_at_once(database: Any) -> None:
    writer = LogWriter(database.settings, "vol-0", records_waiting=5)
    await writer.start()
    try:
        waiting = [writer.submit([permitted()]) for _ in range(5)]
        with pytest.raises(QueueFull) as caught:
            await writer.append([permitted()])
        assert caught.value.refusal.status == 503
        assert len(await asyncio.gather(*waiting)) == 5
        assert await writer.append([permitted()])
    finally:
        await writer.close()


async def test_lanes_write_beside_each_other_and_each_has_its_own_chain(database: Any) -> None:
    writers = [LogWriter(database.settings, "decider") for _ in range(3)]
    for one in writers:
        await one.start()
    assert [one.lane for one in writers] == ["decider-0", "decider-1", "decider-2"]
    await asyncio.gather(*[one.append([permitted()]) for one in writers for _ in range(30)])
    for one in writers:
        await one.close()
    assert await _intact(database) == 90


async def test_a_lane_of_a_live_writer_is_refused(database: Any, writer: LogWriter) -> None:
    second = LogWriter(database.settings, writer.lane)
    with pytest.raises(LaneTaken):
        await second.start()
    assert await writer.append([permitted()])


async def test_a_restarted_writer_goes_on_where_its_lane_ended(database: Any) -> None:
    for _ in range(3):
        writer = LogWriter(database.settings, "web")
        await writer.start()
        assert writer.lane == "web-0"
        await writer.append([permitted()])
        await writer.close()
    pool = await database.pool("logboek")
    rows = await pool.fetch("SELECT no FROM logboek.batch ORDER BY no")
    assert [row["no"] for row in rows] == [1, 2, 3]
    assert await _intact(database) == 3


async def test_closing_writes_what_waits_and_then_refuses(database: Any) -> None:
    writer = LogWriter(database.settings, "dicht-0")
    await writer.start()
    waiting = [writer.submit([permitted()]) for _ in range(20)]
    await writer.close()
    assert all(isinstance(one.result()[0], UUID) for one in waiting)
    with pytest.raises(LogUnavailable):
        await writer.append([permitted()])
    assert await _intact(database) == 20


@pytest.mark.parametrize("name", ["", "Decider-0", "a b", "1-a", "x" * 60])
def test_a_lane_has_a_plain_name(database: Any, name: str) -> None:
    with pytest.raises(ValueError, match="lane name"):
        LogWriter(database.settings, name)
