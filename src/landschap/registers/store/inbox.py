# SPDX-License-Identifier: EUPL-1.2
"""Notices of others: each kept once, acted upon in order per object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from landschap.registers.inbox import Received
from landschap.registers.store.rows import Connection, Pool

KEPT_DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A notice as it is kept, and what became of it."""

    received: Received
    place: int
    peer: str
    received_at: datetime
    handled_at: datetime | None
    attempts: int
    last_error: str


async def keep(pool: Pool, events: Sequence[Received], peer: str) -> int:
    """Keep notices in the order they came; how many are new. One that is known is passed over."""
    async with pool.acquire() as connection, connection.transaction():
        rows = await connection.fetch(
            """INSERT INTO registers.received
                   (source, event_id, type, subject, sequence, dataref, event_time, peer)
               SELECT n.source, n.event_id, n.type, n.subject, n.sequence, n.dataref, n.time, $8
               FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[],
                           $6::text[], $7::timestamptz[]) WITH ORDINALITY
                    AS n (source, event_id, type, subject, sequence, dataref, time, ord)
               ORDER BY n.ord
               ON CONFLICT (source, event_id) DO NOTHING RETURNING 1""",
            *([getattr(each, name) for each in events]
              for name in ("source", "event_id", "type", "subject", "sequence", "dataref",
                           "time")),
            peer,
        )  # fmt: skip
    return len(rows)


async def waiting(source: Connection, now: datetime, limit: int) -> Sequence[Kept]:
    """Per object the first that was not acted upon, when it may be tried now."""
    rows = await source.fetch(
        """SELECT * FROM (
               SELECT DISTINCT ON (source, subject) * FROM registers.received
               WHERE handled_at IS NULL ORDER BY source, subject, place) first
           WHERE next_try_at <= $1 ORDER BY place LIMIT $2""",
        now, limit,
    )  # fmt: skip
    return [_kept(row) for row in rows]


async def latest(source: Connection, limit: int, ending: str = "") -> Sequence[Kept]:
    """What came last, the newest first; only of types that end with a text."""
    rows = await source.fetch(
        """SELECT * FROM registers.received WHERE right(type, length($2)) = $2
           ORDER BY place DESC LIMIT $1""",
        limit, ending,
    )  # fmt: skip
    return [_kept(row) for row in rows]


async def backlog(source: Connection) -> tuple[int, datetime | None]:
    """How many were not acted upon yet, and when the first of these came."""
    row = await source.fetchrow(
        "SELECT count(*), min(received_at) FROM registers.received WHERE handled_at IS NULL"
    )
    return row[0], row[1]


async def handled(source: Connection, kept: Kept, now: datetime) -> None:
    """It was acted upon."""
    await source.execute(
        """UPDATE registers.received SET handled_at = $3, last_error = '', attempts = attempts + 1
           WHERE source = $1 AND event_id = $2""",
        kept.received.source, kept.received.event_id, now,
    )  # fmt: skip


async def not_handled(source: Connection, kept: Kept, words: str, later: datetime) -> None:
    """To act upon it failed; it is tried again at a moment."""
    await source.execute(
        """UPDATE registers.received
           SET last_error = $3, next_try_at = $4, attempts = attempts + 1
           WHERE source = $1 AND event_id = $2""",
        kept.received.source, kept.received.event_id, words[:500], later,
    )  # fmt: skip


async def forget(source: Connection, now: datetime) -> None:
    """Drop what was acted upon long ago. A notice that comes again after that is acted upon twice,
    which costs a question and spoils nothing.
    """
    await source.execute(
        "DELETE FROM registers.received WHERE handled_at IS NOT NULL AND received_at < $1",
        now - timedelta(days=KEPT_DAYS),
    )


def _kept(row: Any) -> Kept:
    return Kept(
        received=Received(
            source=row["source"],
            event_id=row["event_id"],
            type=row["type"],
            subject=row["subject"],
            sequence=row["sequence"],
            dataref=row["dataref"],
            time=row["event_time"],
        ),
        place=row["place"],
        peer=row["peer"],
        received_at=row["received_at"],
        handled_at=row["handled_at"],
        attempts=row["attempts"],
        last_error=row["last_error"],
    )
