# SPDX-License-Identifier: EUPL-1.2
"""What came of comparing halves is kept once, and the watch hears of what is broken."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
from tests.throwaway import Database

from landschap.console.links.store import (
    Broken,
    Counted,
    begin_of,
    broken_ones,
    counted_since,
    keep,
)
from landschap.platform.siem import outbox

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
PEER, OTHER = "00000099000000002000", "00000099000000003000"


def broken(number: int, peer: str = PEER, word: str = "missing", *differing: str) -> Broken:
    return Broken(
        transaction_id=UUID(int=number),
        peer=peer,
        record=UUID(int=number + 1000),
        word=word,
        differing=differing,
        at=NOW - timedelta(minutes=number),
    )


async def test_a_round_is_kept_once_and_what_is_broken_is_told_once(database: Database) -> None:
    pool, siem = await database.pool("console"), await database.pool("platform")
    await siem.execute(
        "INSERT INTO platform.siem_receiver (name, confirmed_seq) VALUES ('syslog', 0)"
    )
    assert await begin_of(pool) is None
    counted = [Counted(peer=PEER, seen=9, compared=8, unasked=1)]
    found = [
        broken(1),
        broken(2),
        broken(3, PEER, "differs", "grant_hash", "direction"),
        broken(4, OTHER),
    ]
    assert await keep(pool, (None, NOW), NOW, counted, found)
    # Another worker that compared the same stretch keeps nothing of it.
    assert not await keep(pool, (None, NOW), NOW, counted, [broken(9)])
    assert await begin_of(pool) == NOW
    later = NOW + timedelta(minutes=5)
    mended = replace(found[0], word="equal")
    assert await keep(pool, (NOW, later), later, counted, [mended, found[1]])
    (total,) = await counted_since(pool, NOW.date())
    assert (total.seen, total.compared, total.unasked) == (18, 16, 2)
    since = NOW - timedelta(days=1)
    assert await broken_ones(pool, since) == [found[1], found[2], found[3], mended]
    assert await broken_ones(pool, since, only_open=True) == [found[2], found[3], found[1]]
    assert await broken_ones(pool, NOW) == []
    events = await outbox.after(siem, 0, 10)
    told = {(e.kind, e.facts["peer"], e.facts["what"]): e.facts["times"] for e in events}
    assert len(events) == 3
    assert told == {
        ("link_broken", PEER, "missing"): 2,
        ("link_broken", PEER, "differs"): 1,
        ("link_broken", OTHER, "missing"): 1,
    }


async def test_a_round_that_can_not_be_kept_whole_is_not_kept(database: Database) -> None:
    pool = await database.pool("console")
    wrong = Counted(peer=PEER, seen=-1, compared=0, unasked=0)
    try:
        await keep(pool, (None, NOW), NOW, [wrong], [])
    except asyncpg.CheckViolationError:
        assert await begin_of(pool) is None
    else:
        raise AssertionError("a negative count was kept")
