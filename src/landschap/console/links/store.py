# SPDX-License-Identifier: EUPL-1.2
"""What came of comparing halves (schema ``console``): counts per day, and links that are broken.

All functions take a pool of role ``landschap_console``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import asyncpg

EQUAL = "equal"
KEPT = timedelta(days=30)
"""For so long a broken link is looked at again, and shown."""
_MOST = 100
_KEEP = """
INSERT INTO broken_link (transaction_id, peer, record_id, word, differing, at, looked_at)
SELECT transaction_id, peer, record_id, word, string_to_array(differing, ','), at, $7
  FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::timestamptz[])
    AS l(transaction_id, peer, record_id, word, differing, at)
    ON CONFLICT (transaction_id, peer) DO UPDATE SET word = excluded.word,
       differing = excluded.differing, looked_at = excluded.looked_at
"""
_BROKEN = """
SELECT transaction_id, peer, record_id AS record, word, differing, at FROM broken_link
WHERE NOT ($1 AND word = 'equal') AND at >= $2
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Transactions with one other party: recorded here, compared, and those it was not asked of."""

    peer: str
    seen: int
    compared: int
    unasked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A link that does not hold: the other half is missing, or differs in the members named.

    ``record`` is ours and ``at`` its moment; ``word`` is ``equal`` once it was mended.
    """

    transaction_id: UUID
    peer: str
    record: UUID
    word: str
    differing: tuple[str, ...]
    at: datetime

    @property
    def is_mended(self) -> bool:
        """True when the other half was there, and equal, at a later look."""
        return self.word == EQUAL


async def begin_of(pool: asyncpg.Pool) -> datetime | None:
    """Up to when halves were compared; None before the first round."""
    found: datetime | None = await pool.fetchval("SELECT until FROM link_round")
    return found


async def keep(
    pool: asyncpg.Pool,
    stretch: tuple[datetime | None, datetime],
    now: datetime,
    counted: Sequence[Counted],
    links: Sequence[Broken],
) -> bool:
    """Keep a round as a whole; False when another worker already kept this stretch."""
    before, until = stretch
    async with pool.acquire() as connection, connection.transaction():
        taken = await connection.fetchval(
            "INSERT INTO link_round AS r (until) VALUES ($2)"
            " ON CONFLICT (one) DO UPDATE SET until = excluded.until WHERE r.until = $1"
            " RETURNING true",
            *(before, until),
        )
        if not taken:
            return False
        await connection.executemany(
            "INSERT INTO link_count AS c (day, peer, seen, compared, unasked)"
            " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (day, peer) DO UPDATE SET"
            " seen = c.seen + excluded.seen, compared = c.compared + excluded.compared,"
            " unasked = c.unasked + excluded.unasked",
            [(now.date(), e.peer, e.seen, e.compared, e.unasked) for e in counted],
        )
        # In one statement, so that the watch hears once of many; what was looked at twice counts
        # as it was found last.
        last = {(e.transaction_id, e.peer): e for e in links}.values()
        await connection.execute(
            _KEEP,
            [e.transaction_id for e in last],
            [e.peer for e in last],
            [e.record for e in last],
            [e.word for e in last],
            [",".join(e.differing) for e in last],
            [e.at for e in last],
            now,
        )
    return True


async def broken_ones(
    pool: asyncpg.Pool, since: datetime, *, only_open: bool = False
) -> list[Broken]:
    """At most a hundred links that are or were broken, of transactions since ``since``.

    With ``only_open`` those that are not mended, the one that was not looked at for longest first;
    else those that are not mended on top, the latest first.
    """
    order = "looked_at" if only_open else "word = 'equal', at DESC"
    rows = await pool.fetch(f"{_BROKEN} ORDER BY {order} LIMIT {_MOST}", only_open, since)
    return [Broken(**{**row, "differing": tuple(row["differing"])}) for row in rows]


async def counted_since(pool: asyncpg.Pool, since: date) -> list[Counted]:
    """What was compared from this day on, per party, the largest first."""
    rows = await pool.fetch(
        "SELECT peer, sum(seen)::bigint AS seen, sum(compared)::bigint AS compared,"
        " sum(unasked)::bigint AS unasked FROM link_count WHERE day >= $1"
        " GROUP BY peer ORDER BY 2 DESC, 1",
        since,
    )
    return [Counted(**row) for row in rows]
