# SPDX-License-Identifier: EUPL-1.2
"""What a subscription still has to be sent: taken from the assertions, in their order.

`take` reads on in the assertions and moves the position in one transaction, so that a change is
either still before the position or waits as a notice: none is between. A notice is taken away when
it was delivered; whoever dies before that leaves it to be sent again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from landschap.registers.notices import Notice
from landschap.registers.store.rows import Connection, Pool
from landschap.registers.subscriptions import Subscription

# As many may wait per subscription; the others wait as assertions, which costs nothing.
ROOM = 1000
DEAD_DAYS = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A notice that waits, or a dead letter."""

    notice: Notice
    attempts: int
    first_at: datetime | None
    next_try_at: datetime
    last_error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """How far one subscription is behind: assertions it did not read yet, what waits, what died."""

    unread: int
    waiting: int
    dead: int
    oldest_at: datetime | None


async def busy(source: Connection, now: datetime, limit: int) -> Sequence[UUID]:
    """Subscriptions with something to do now, who waits longest first."""
    rows = await source.fetch(
        """SELECT s.subscription_id FROM registers.subscription s
           WHERE s.next_try_at <= $1 AND (
               s.state = 'aangevraagd'
               OR s.state = 'actief' AND (
                   NOT s.duty
                   AND s.position < (SELECT coalesce(max(a.last_number), 0) FROM registers.act a
                                     WHERE a.register = s.register)
                   OR EXISTS (SELECT FROM registers.notice n
                              WHERE n.subscription_id = s.subscription_id AND NOT n.dead
                                AND n.next_try_at <= $1)))
           ORDER BY s.next_try_at LIMIT $2""",
        now, limit,
    )  # fmt: skip
    return [row["subscription_id"] for row in rows]


async def take(pool: Pool, wanted: Subscription, now: datetime) -> int:
    """Read on in the assertions; how many notices were added. Moves the position with them.

    Nothing is read past the last act that was committed: numbers are given under a lock that is
    held until commit, so no lower one can still come.
    """
    filters = wanted.wanted.filters
    if wanted.duty:
        return 0  # what it must bring is put there by who knows who must be told
    async with pool.acquire() as connection, connection.transaction():
        last = await connection.fetchval(
            "SELECT coalesce(max(last_number), 0) FROM registers.act WHERE register = $1",
            wanted.register,
        )
        room = ROOM - await connection.fetchval(
            "SELECT count(*) FROM registers.notice WHERE subscription_id = $1 AND NOT dead",
            wanted.subscription_id,
        )
        if last <= wanted.position or room <= 0:
            return 0
        rows = await connection.fetch(
            """SELECT volgnummer AS number, object_type, object_id, soort AS kind, registered_at
               FROM registers.assertion
               WHERE object_type = ANY ($1) AND volgnummer > $2 AND volgnummer <= $3
                 AND (cardinality($4::text[]) = 0 OR object_type || '/' || soort = ANY ($4))
                 AND (cardinality($5::text[]) = 0 OR object_type || '/' || groep = ANY ($5))
                 AND (cardinality($6::text[]) = 0 OR object_id = ANY ($6))
               ORDER BY volgnummer LIMIT $7""",
            list(filters.type_keys), wanted.position, last, list(filters.acts),
            list(filters.groups), list(filters.objects), room,
        )  # fmt: skip
        reached = rows[-1]["number"] if len(rows) == room else last
        moved = await connection.fetchval(
            """UPDATE registers.subscription SET position = $3
               WHERE subscription_id = $1 AND position = $2 RETURNING true""",
            wanted.subscription_id, wanted.position, reached,
        )  # fmt: skip
        if not moved:
            return 0  # somebody set it back to replay
        await _add(connection, wanted.subscription_id, rows, now)
        return len(rows)


async def heads(
    source: Connection, subscription_id: UUID, now: datetime, limit: int
) -> Sequence[Waiting]:
    """Per object the first that waits, when it may be tried now: never two of one object."""
    rows = await source.fetch(
        """SELECT * FROM (
               SELECT DISTINCT ON (object_type, object_id) *
               FROM registers.notice WHERE subscription_id = $1 AND NOT dead
               ORDER BY object_type, object_id, number) first
           WHERE next_try_at <= $2 ORDER BY number LIMIT $3""",
        subscription_id, now, limit,
    )  # fmt: skip
    return [_waiting(row) for row in rows]


async def delivered(source: Connection, subscription_id: UUID, numbers: Sequence[int]) -> None:
    """These were taken by the place of delivery. Of a duty it is kept that they were."""
    await source.execute(
        """WITH taken AS (DELETE FROM registers.notice
                          WHERE subscription_id = $1 AND number = ANY ($2))
           UPDATE registers.told SET received_at = clock_timestamp()
           WHERE subscription_id = $1 AND number = ANY ($2)""",
        subscription_id, list(numbers),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """How an attempt for one notice failed: tried again at a moment, or dead (None)."""

    number: int
    refused: bool
    words: str
    next_try_at: datetime | None


async def note_failed(
    source: Connection, subscription_id: UUID, failed: Failed, now: datetime
) -> None:
    """Keep how an attempt failed."""
    await source.execute(
        """UPDATE registers.notice
           SET attempts = attempts + $3, first_at = coalesce(first_at, $4), last_error = $5,
               next_try_at = coalesce($6, next_try_at), dead = $6::timestamptz IS NULL
           WHERE subscription_id = $1 AND number = $2""",
        subscription_id, failed.number, int(failed.refused), now, failed.words[:500],
        failed.next_try_at,
    )  # fmt: skip


async def dead_letters(
    source: Connection, subscription_id: UUID, limit: int = 1000
) -> Sequence[Waiting]:
    """What is not tried again by itself, the oldest first."""
    rows = await source.fetch(
        """SELECT * FROM registers.notice WHERE subscription_id = $1 AND dead
           ORDER BY number LIMIT $2""",
        subscription_id, limit,
    )  # fmt: skip
    return [_waiting(row) for row in rows]


async def revive(source: Connection, subscription_id: UUID, now: datetime) -> int:
    """Try the dead letters again, from the beginning; how many there were."""
    rows = await source.fetch(
        """UPDATE registers.notice SET dead = false, attempts = 0, first_at = NULL, next_try_at = $2
           WHERE subscription_id = $1 AND dead RETURNING number""",
        subscription_id, now,
    )  # fmt: skip
    return len(rows)


async def replay(pool: Pool, subscription_id: UUID, after: int) -> bool:
    """Send again everything after a number; False when the subscription never came that far.

    What waits after it is read anew with the rest, so nothing stands twice.
    """
    async with pool.acquire() as connection, connection.transaction():
        moved = await connection.fetchval(
            """UPDATE registers.subscription
               SET position = $2, next_try_at = clock_timestamp(), changed_at = clock_timestamp()
               WHERE subscription_id = $1 AND position >= $2 AND state <> 'beeindigd'
                 AND NOT duty RETURNING true""",
            subscription_id, after,
        )  # fmt: skip
        if moved:
            await connection.execute(
                "DELETE FROM registers.notice WHERE subscription_id = $1 AND number > $2",
                subscription_id, after,
            )  # fmt: skip
        return bool(moved)


async def backlogs(source: Connection) -> Mapping[UUID, Backlog]:
    """How far each subscription that has not ended is behind.

    ``unread`` counts all numbers of the register since its position, also those that do not
    concern it; ``oldest_at`` is when the first of what waits was registered.
    """
    rows = await source.fetch(
        """SELECT s.subscription_id,
                  CASE WHEN s.duty THEN 0 ELSE
                      coalesce((SELECT max(a.last_number) FROM registers.act a
                                WHERE a.register = s.register), 0) - s.position END AS unread,
                  count(n.number) FILTER (WHERE NOT n.dead) AS waiting,
                  count(n.number) FILTER (WHERE n.dead) AS dead,
                  min(n.registered_at) FILTER (WHERE NOT n.dead) AS oldest_at,
                  (SELECT a.registered_at FROM registers.act a
                   WHERE a.register = s.register AND a.last_number > s.position
                     AND NOT s.duty
                   ORDER BY a.last_number LIMIT 1) AS unread_at
           FROM registers.subscription s
           LEFT JOIN registers.notice n ON n.subscription_id = s.subscription_id
           WHERE s.state <> 'beeindigd' GROUP BY s.subscription_id"""
    )
    return {
        row["subscription_id"]: Backlog(
            unread=max(row["unread"], 0),
            waiting=row["waiting"],
            dead=row["dead"],
            oldest_at=row["oldest_at"] or row["unread_at"],
        )
        for row in rows
    }


async def forget_dead(source: Connection, now: datetime) -> None:
    """Drop dead letters of long ago: what they told of was told of again, or can be asked."""
    await source.execute(
        "DELETE FROM registers.notice WHERE dead AND first_at < $1",
        now - timedelta(days=DEAD_DAYS),
    )


async def _add(
    connection: Connection, subscription_id: UUID, rows: Sequence[Any], now: datetime
) -> None:
    await connection.execute(
        """INSERT INTO registers.notice
               (subscription_id, number, object_type, object_id, kind, registered_at, next_try_at)
           SELECT $1, n.*, $7 FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[],
                                          $6::timestamptz[]) AS n
           ON CONFLICT (subscription_id, number) DO UPDATE
               SET dead = false, attempts = 0, first_at = NULL, next_try_at = $7""",
        subscription_id,
        *([row[name] for row in rows]
          for name in ("number", "object_type", "object_id", "kind", "registered_at")),
        now,
    )  # fmt: skip


def _waiting(row: Any) -> Waiting:
    return Waiting(
        notice=Notice(
            number=row["number"],
            type_key=row["object_type"],
            object_id=row["object_id"],
            kind=row["kind"],
            registered_at=row["registered_at"],
        ),
        attempts=row["attempts"],
        first_at=row["first_at"],
        next_try_at=row["next_try_at"],
        last_error=row["last_error"],
    )
