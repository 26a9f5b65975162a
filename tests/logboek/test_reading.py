# SPDX-License-Identifier: EUPL-1.2
"""Who finds what: a person the own lines, a peer the transactions that name it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.logboek.log_rig import KEY, OTHER, OWN, PEER, line, permitted, pseudonym, refused

from landschap.logboek.merkle import proves_inclusion
from landschap.logboek.records import Kind
from landschap.logboek.store import (
    LogFilters,
    LogWriter,
    fsc_records,
    latest,
    proof_of,
    uses_of,
)
from landschap.platform.ids import uuid7

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


async def test_a_person_finds_the_own_lines_newest_first_and_nothing_else(
    database: Any, writer: LogWriter
) -> None:
    pool = await database.pool("logboek")
    mine = [(await writer.append([line()]))[0] for _ in range(3)]
    await writer.append([line(subject=pseudonym("999990019")), permitted(), refused()])
    found = await uses_of(pool, [pseudonym()], NOW - DAY, NOW + DAY, 50)
    assert [record.record_id for record in found] == mine[::-1]
    assert {record.columns.subject for record in found} == {pseudonym()}


async def test_pages_of_uses_neither_skip_nor_repeat(database: Any, writer: LogWriter) -> None:
    pool = await database.pool("logboek")
    made = await writer.append([line() for _ in range(25)])
    seen: list[UUID] = []
    before: UUID | None = None
    while page := await uses_of(pool, [pseudonym()], NOW - DAY, NOW + DAY, 7, before):
        assert len(page) <= 7
        seen += [record.record_id for record in page]
        before = seen[-1]
    assert seen == made[::-1]


async def test_the_window_holds_its_begin_and_not_its_end(database: Any, writer: LogWriter) -> None:
    pool = await database.pool("logboek")
    moment = NOW.replace(microsecond=0) - timedelta(minutes=5)
    await writer.append([line(started_at=moment)])
    assert await uses_of(pool, [pseudonym()], moment, moment + DAY, 5)
    assert not await uses_of(pool, [pseudonym()], moment - DAY, moment, 5)


@pytest.mark.case("L32")
async def test_lines_under_two_keys_are_found_together(database: Any, writer: LogWriter) -> None:
    old, new = pseudonym(key=b"o" * 32), pseudonym(key=KEY)
    await writer.append([line(subject=old, key_id=1)])
    await writer.append([line(subject=new, key_id=2)])
    pool = await database.pool("logboek")
    found = await uses_of(pool, [old, new], NOW - DAY, NOW + DAY, 5)
    assert [record.columns.key_id for record in found] == [2, 1]


@pytest.mark.case("L33")
async def test_without_the_key_the_lines_of_a_person_are_out_of_reach(
    database: Any, writer: LogWriter
) -> None:
    await writer.append([line(subject=pseudonym(key=b"o" * 32))])
    pool = await database.pool("logboek")
    assert not await uses_of(pool, [pseudonym(key=KEY)], NOW - DAY, NOW + DAY, 5)
    rows = await pool.fetch("SELECT payload FROM logboek.record")
    assert all(b"999993653" not in row["payload"] for row in rows)


async def test_a_peer_sees_only_transactions_that_name_it(database: Any, writer: LogWriter) -> None:
    pool = await database.pool("logboek")
    [with_peer] = await writer.append([permitted(peer=PEER)])
    [to_peer] = await writer.append([permitted(peer=PEER, direction="outgoing")])
    [with_other] = await writer.append([permitted(peer=OTHER)])
    [for_other] = await writer.append([permitted(peer=PEER, delegators=(OTHER, None))])
    await writer.append([refused(peer=PEER), line(peer=PEER)])
    everything = LogFilters(limit=100)

    async def seen(peer: str) -> set[UUID]:
        page = await fsc_records(pool, peer, everything, own_peer_id=OWN)
        assert page.next_cursor is None
        return {record.record_id for record in page.records}

    assert await seen(PEER) == {with_peer, to_peer, for_other}
    assert await seen(OTHER) == {with_other, for_other}
    assert await seen(OWN) == {with_peer, to_peer, with_other, for_other}
    assert await seen("00000099000000009000") == set()


async def test_transactions_are_asked_by_id_only_by_who_is_named_in_them(
    database: Any, writer: LogWriter
) -> None:
    pool = await database.pool("logboek")
    theirs, other = uuid7(), uuid7()
    await writer.append(
        [permitted(peer=PEER, transaction_id=theirs), permitted(peer=OTHER, transaction_id=other)]
    )
    filters = LogFilters(transaction_ids=(theirs, other), grant_hashes=("ignored",), limit=1)
    page = await fsc_records(pool, PEER, filters)
    assert [record.columns.transaction_id for record in page.records] == [theirs]


async def test_grants_and_services_are_either_or_and_the_window_narrows_both(
    database: Any, writer: LogWriter
) -> None:
    pool = await database.pool("logboek")
    grant = "$1$4$" + "B" * 86
    await writer.append([permitted(grant=grant, service="eerste")])
    await writer.append([permitted(service="tweede")])
    await writer.append([permitted(service="derde")])
    either = LogFilters(grant_hashes=(grant,), service_names=("tweede",), ascending=True)
    page = await fsc_records(pool, PEER, either)
    assert [record.columns.service for record in page.records] == ["eerste", "tweede"]
    past = LogFilters(grant_hashes=(grant,), before=NOW - DAY)
    assert not (await fsc_records(pool, PEER, past)).records


@pytest.mark.parametrize("ascending", [True, False])
async def test_pages_of_transactions_follow_the_cursor(
    database: Any, writer: LogWriter, ascending: bool
) -> None:
    pool = await database.pool("logboek")
    made = await writer.append([permitted() for _ in range(23)])
    seen: list[UUID] = []
    cursor: UUID | None = None
    while True:
        filters = LogFilters(limit=5, cursor=cursor, ascending=ascending)
        page = await fsc_records(pool, PEER, filters)
        seen += [record.record_id for record in page.records]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == (made if ascending else made[::-1])


async def test_the_newest_records_of_all_lanes_come_in_one_row(database: Any) -> None:
    writers = [LogWriter(database.settings, f"deel-{n}") for n in range(3)]
    made: list[UUID] = []
    for one in writers:
        await one.start()
    for _ in range(4):
        for one in writers:
            made += await one.append([permitted()])
            await one.append([refused(peer=OTHER)])
    for one in writers:
        await one.close()
    pool = await database.pool("logboek")
    found = await latest(pool, since=NOW - DAY, limit=5, kind=Kind.FSC)
    assert [record.record_id for record in found] == sorted(made)[:-6:-1]
    assert all(
        record.columns.peer == OTHER for record in await latest(pool, since=NOW - DAY, limit=50,
                                                                peer=OTHER)
    )  # fmt: skip


async def test_one_record_is_proved_without_the_rest_of_the_log(
    database: Any, writer: LogWriter
) -> None:
    await writer.append([permitted() for _ in range(11)])
    pool = await database.pool("logboek")
    for record in await latest(pool, since=NOW - DAY, limit=11):
        proof = await proof_of(pool, record)
        assert proof is not None
        made = proof.batch.made
        assert proves_inclusion(record.leaf, record.position, made.size, proof.path) == made.root
        assert made.digest() == proof.batch.head
