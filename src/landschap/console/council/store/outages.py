# SPDX-License-Identifier: EUPL-1.2
"""When the database that holds the log took writing: a row per stretch, renewed each minute.

While it is away nothing can be written of that; afterwards the absence of the row tells it. A stop
on purpose looks the same, for in it nothing was recorded either.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

LONGEST = timedelta(minutes=3)
"""A silence that lasts longer is an outage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outages:
    """How many there were, and how long together."""

    count: int
    length: timedelta


async def seen(pool: asyncpg.Pool, now: datetime) -> None:
    """Writing succeeds now: renew the stretch, or begin one after a silence."""
    renewed = await pool.fetchval(
        "UPDATE log_up SET seen_at = greatest(seen_at, $1::timestamptz)"
        " WHERE began_at = (SELECT max(began_at) FROM log_up)"
        " AND seen_at >= $1::timestamptz - $2::interval"
        " RETURNING true",
        *(now, LONGEST),
    )
    if not renewed:
        await pool.execute(
            "INSERT INTO log_up (began_at, seen_at) VALUES ($1, $1) ON CONFLICT DO NOTHING", now
        )


async def outages_between(pool: asyncpg.Pool, since: datetime, until: datetime) -> Outages | None:
    """The silences within ``[since, until)``; None when nothing was seen until its end.

    Before the first stretch nobody looked: that is no outage.
    """
    rows = await pool.fetch(
        "SELECT began_at, seen_at FROM log_up WHERE began_at < $1 ORDER BY began_at", until
    )
    if not rows:
        return None
    ends = [row["seen_at"] for row in rows]
    begins = [*(row["began_at"] for row in rows[1:]), until]
    gaps = [
        min(begin, until) - max(end, since)
        for end, begin in zip(ends, begins, strict=True)
        if begin - end > LONGEST and begin > since
    ]
    return Outages(count=len(gaps), length=sum(gaps, timedelta()))
