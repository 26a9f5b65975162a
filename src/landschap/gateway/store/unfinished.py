# SPDX-License-Identifier: EUPL-1.2
"""Questions of which no whole answer was seen, kept until it can be told how they ended."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

import asyncpg


async def note_unfinished(pool: asyncpg.Pool, found: Iterable[tuple[UUID, datetime]]) -> None:
    """Keep these, each once."""
    await pool.executemany(
        "INSERT INTO unfinished VALUES ($1, $2) ON CONFLICT (transaction_id) DO NOTHING",
        list(found),
    )


async def unfinished_before(pool: asyncpg.Pool, moment: datetime, limit: int) -> list[UUID]:
    """The oldest that ended before a moment."""
    rows = await pool.fetch(
        "SELECT transaction_id FROM unfinished WHERE at < $1 ORDER BY at LIMIT $2", moment, limit
    )
    return [row["transaction_id"] for row in rows]


async def drop_unfinished(pool: asyncpg.Pool, settled: Collection[UUID]) -> None:
    """It is told of these how they ended."""
    await pool.execute("DELETE FROM unfinished WHERE transaction_id = ANY($1)", list(settled))
