# SPDX-License-Identifier: EUPL-1.2
"""Reading the decisions of a period, one page after another, oldest first within a lane."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from landschap.logboek.records import Kind, Record
from landschap.logboek.store.reading import MAX_RECORDS, floor_id, lanes
from landschap.logboek.store.rows import SELECTED, record_of

_KINDS = f"({int(Kind.FSC)}, {int(Kind.ADL)})"
_PAGE = f"""
SELECT {SELECTED} FROM logboek.record
 WHERE lane = $1 AND record_id >= $2 AND record_id < $3 AND record_id > $4 AND kind IN {_KINDS}
 ORDER BY record_id LIMIT $5
"""  # noqa: S608  # names of columns and fixed numbers only
_COUNT = f"""
SELECT count(*) FROM logboek.record
 WHERE lane = ANY($1) AND record_id >= $2 AND record_id < $3 AND kind IN {_KINDS}
"""  # noqa: S608  # as above


async def decisions_between(
    pool: asyncpg.Pool, since: datetime, until: datetime
) -> AsyncIterator[Sequence[Record]]:
    """The records with a decision that were recorded in ``[since, until)``, in pages."""
    floor, ceiling = floor_id(since), floor_id(until)
    for lane in await lanes(pool):
        last = UUID(int=0)
        while rows := await pool.fetch(_PAGE, lane, floor, ceiling, last, MAX_RECORDS):
            yield [record_of(row) for row in rows]
            last = rows[-1]["record_id"]


async def count_decisions(pool: asyncpg.Pool, since: datetime, until: datetime) -> int:
    """How many records `decisions_between` gives."""
    found: int = await pool.fetchval(_COUNT, await lanes(pool), floor_id(since), floor_id(until))
    return found
