# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: S608 - only names of columns and fixed conditions are put into statements
"""Refusals as they were recorded, lane by lane: for who watches, behind the writers.

Within a lane identifiers rise in the order of commits, so nothing appears behind what was read.
"""

from __future__ import annotations

from uuid import UUID

import asyncpg

from landschap.logboek.records import Kind, Record
from landschap.logboek.store.rows import SELECTED, record_of

_END = "SELECT last_record FROM logboek.batch WHERE lane = $1 ORDER BY no DESC LIMIT 1"
_DECISIONS = f"""
SELECT {SELECTED} FROM logboek.record
WHERE lane = $1 AND record_id > $2 AND record_id <= $3 AND kind = {int(Kind.ADL)}
ORDER BY record_id LIMIT $4
"""


async def decisions_after(
    pool: asyncpg.Pool, lane: str, after: UUID, limit: int
) -> tuple[list[Record], UUID]:
    """Decisions without transaction in one lane, in order, and up to where it was read now."""
    end = await pool.fetchval(_END, lane)
    if end is None or end <= after:
        return [], after
    rows = await pool.fetch(_DECISIONS, lane, after, end, limit)
    found = [record_of(row) for row in rows]
    return found, (found[-1].record_id if len(found) == limit else UUID(str(end)))
