# SPDX-License-Identifier: EUPL-1.2
"""Lines as the person they are about may know them.

What is held back is not read at all, so that it leaves no gap in a page and nothing can be counted;
what may only be told in general comes out generic. Who reads for that person asks here, and has no
other lines in hand.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from landschap.logboek.disclosure import Disclosure
from landschap.logboek.records import Kind, Record
from landschap.logboek.store.reading import by_record, uses_of


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
    with the last record of this one.
    """
    held = sorted(disclosed.absent)
    found = await uses_of(pool, subjects, since, until, limit, before_record, held)
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
