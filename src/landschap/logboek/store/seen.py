# SPDX-License-Identifier: EUPL-1.2
"""Which lines of other applications the log holds already, and how far back it takes any."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

import asyncpg

from landschap.logboek.seen import LineKey, SeenLine

_SEEN = """
SELECT trace_id, span_id, digest FROM logboek.seen
JOIN unnest($1::bytea[], $2::bytea[]) AS asked(trace_id, span_id) USING (trace_id, span_id)
"""


async def seen_before(pool: asyncpg.Pool, keys: Collection[LineKey]) -> dict[LineKey, SeenLine]:
    """Those of these lines that are kept."""
    rows = await pool.fetch(_SEEN, [trace for trace, _ in keys], [span for _, span in keys])
    found = [SeenLine(*row) for row in rows]
    return {each.key: each for each in found}


async def taken_since(pool: asyncpg.Pool) -> datetime:
    """Lines that started before this moment are not taken any more: their month has gone."""
    month = await pool.fetchval("SELECT logboek.oldest_month()")
    return datetime(month.year, month.month, 1, tzinfo=UTC)
