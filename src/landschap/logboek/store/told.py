# SPDX-License-Identifier: EUPL-1.2
"""Lines as the person they are about may know them.

What is held back is not read at all, so that it leaves no gap in a page and nothing can be counted;
what may only be told in general comes out generic. Who reads for that person asks here, and has no
other lines in hand.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from landschap.logboek.disclosure import Disclosure, Withheld
from landschap.logboek.records import Kind, Record
from landschap.logboek.store.reading import MAX_RECORDS, by_record, uses_of

_SECONDS = 10.0


async def uses_told(
    pool: asyncpg.Pool,
    subjects: Sequence[bytes],
    since: datetime,
    until: datetime,
    limit: int,
    disclosed: Disclosure,
    before_record: UUID | None = None,
) -> list[Record]:
    """The lines about one person in ``[since, until)`` that may be told, newest first.

    As `uses_of`: ``subjects`` are the pseudonyms, one per living key, and the next page is asked
    with the last record of this one. Raises TimeoutError when finding them takes over ten seconds.
    """
    withheld = disclosed.withheld()
    held = sorted(withheld.activities)

    async def read(before: UUID | None, size: int) -> list[Record]:
        return await uses_of(pool, subjects, since, until, size, before, held)

    async with asyncio.timeout(_SECONDS):
        size = min(limit, MAX_RECORDS)
        found = await pages_told(read, withheld, size, before_record)
    told = (disclosed.told(each) for each in found)
    return [each for each in told if each is not None]


async def use_told(
    pool: asyncpg.Pool, record_id: UUID, subjects: Collection[bytes], disclosed: Disclosure
) -> Record | None:
    """One line as it may be told; None for another person's, one held back, or none at all."""
    record = await by_record(pool, record_id)
    if record is None or record.columns.kind != Kind.LINE:
        return None
    return disclosed.told(record) if record.columns.subject in subjects else None


async def pages_told(
    read: Callable[[UUID | None, int], Awaitable[list[Record]]],
    withheld: Withheld,
    limit: int,
    before: UUID | None = None,
) -> list[Record]:
    """The first ``limit`` records of no case that is withheld; fewer when there are no more.

    ``read`` gives that many records before one, newest first. The number of a case stands in what a
    record says, which the database can not look into when it is sealed: so what is left out is made
    up for by a next page. Without such a case one page is read.
    """
    found: list[Record] = []
    while True:
        page = await read(before, limit)
        found += [each for each in page if not withheld.covers(each)]
        if not withheld.cases or len(page) < limit or len(found) >= limit:
            return found[:limit]
        before = page[-1].record_id
