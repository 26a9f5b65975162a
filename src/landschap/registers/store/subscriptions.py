# SPDX-License-Identifier: EUPL-1.2
"""Keeping subscriptions: asked, found, listed, ended, and how their places of delivery fare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from landschap.registers.delivering import Health
from landschap.registers.models import Register
from landschap.registers.store.rows import Connection, Pool
from landschap.registers.subscriptions import (
    MAX_PER_READER,
    Filters,
    State,
    Subscription,
    Wanted,
    too_many,
)
from landschap.vocabulary.problems import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Who asks for a subscription, by which permit."""

    subscription_id: UUID
    peer: str
    purpose: str
    policy: str
    transaction_id: UUID


async def subscribe(
    pool: Pool, register: Register, asking: Asking, wanted: Wanted
) -> Subscription | Refusal:
    """Keep a subscription from now on, or from after a number that was given already.

    Refused when the reader has as many as it may have. The same transaction again tells the first.
    """
    async with pool.acquire() as connection, connection.transaction():
        # Two at once would both find room for one.
        await connection.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended($1, 1))",
            f"landschap.subscriptions.{register.name}.{asking.peer}",
        )
        earlier = await connection.fetchrow(
            "SELECT * FROM registers.subscription WHERE register = $1 AND transaction_id = $2",
            register.name, asking.transaction_id,
        )  # fmt: skip
        if earlier is not None:
            return subscription_of(earlier)
        running = await connection.fetchval(
            """SELECT count(*) FROM registers.subscription
               WHERE register = $1 AND peer = $2 AND state <> 'beeindigd' AND NOT duty""",
            register.name, asking.peer,
        )  # fmt: skip
        if running >= MAX_PER_READER:
            return too_many(MAX_PER_READER)
        row = await connection.fetchrow(
            """INSERT INTO registers.subscription (subscription_id, register, peer, purpose,
                   policy, reference, sink, type_keys, acts, groups, objects, bundled, position,
                   state, transaction_id)
               SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,
                      least(coalesce($13, last.number), last.number), 'aangevraagd', $14
               FROM (SELECT coalesce(max(last_number), 0) AS number
                     FROM registers.act WHERE register = $2) last
               RETURNING *""",
            asking.subscription_id, register.name, asking.peer, asking.purpose, asking.policy,
            wanted.reference, wanted.sink, list(wanted.filters.type_keys),
            list(wanted.filters.acts), list(wanted.filters.groups),
            list(wanted.filters.objects), wanted.bundled, wanted.since, asking.transaction_id,
        )  # fmt: skip
        return subscription_of(row)


async def subscription(
    source: Connection, subscription_id: UUID, register: str = ""
) -> Subscription | None:
    """One subscription; of one register when that is named, and then no duty of ours."""
    row = await source.fetchrow(
        """SELECT * FROM registers.subscription
           WHERE subscription_id = $1 AND ($2 = '' OR register = $2 AND NOT duty)""",
        subscription_id, register,
    )  # fmt: skip
    return None if row is None else subscription_of(row)


async def subscriptions(
    source: Connection, register: str = "", peer: str = "", *, with_ended: bool = True
) -> Sequence[Subscription]:
    """The subscriptions, of one register or reader when these are named, the oldest first.

    A duty of ours is nothing that a reader asked for, and is not among those of a reader.
    """
    rows = await source.fetch(
        """SELECT * FROM registers.subscription
           WHERE ($1 = '' OR register = $1) AND ($2 = '' OR peer = $2 AND NOT duty)
             AND ($3 OR state <> 'beeindigd')
           ORDER BY created_at, subscription_id LIMIT 10000""",
        register, peer, with_ended,
    )  # fmt: skip
    return [subscription_of(row) for row in rows]


async def set_state(source: Connection, subscription_id: UUID, state: State, reason: str) -> bool:
    """Pause, resume or end; False when it has ended already, which is for good.

    To go on after a pause is to be tried at once, whatever was wrong before.
    """
    done = await source.fetchval(
        """UPDATE registers.subscription
           SET state = $2, reason = $3, changed_at = clock_timestamp(), failures = 0,
               failing_since = NULL, next_try_at = clock_timestamp()
           WHERE subscription_id = $1 AND state <> 'beeindigd' RETURNING true""",
        subscription_id, state.value, reason[:500],
    )  # fmt: skip
    if done and state is State.ENDED:
        await source.execute(
            "DELETE FROM registers.notice WHERE subscription_id = $1", subscription_id
        )
    return bool(done)


async def accept(source: Connection, subscription_id: UUID, rate: int | None) -> None:
    """The place of delivery wants to be told, at most ``rate`` times a minute."""
    await source.execute(
        """UPDATE registers.subscription
           SET state = 'actief', rate = $2, reason = '', failures = 0, failing_since = NULL,
               changed_at = clock_timestamp()
           WHERE subscription_id = $1 AND state = 'aangevraagd'""",
        subscription_id, rate,
    )  # fmt: skip


async def put_off(
    source: Connection,
    subscription_id: UUID,
    reason: str,
    until: datetime,
    *,
    failed: bool = False,
) -> None:
    """Send nothing before a moment, and say why; without a reason: what held it is over."""
    await source.execute(
        """UPDATE registers.subscription
           SET reason = $2, next_try_at = $3, failures = failures + $4,
               failing_since = CASE WHEN $2 = '' THEN NULL
                                    ELSE coalesce(failing_since, clock_timestamp()) END
           WHERE subscription_id = $1""",
        subscription_id, reason[:500], until, int(failed),
    )  # fmt: skip


async def keep_health(
    source: Connection, subscription_id: UUID, health: Health, now: datetime, *, taken: bool
) -> None:
    """How the place of delivery fares; ``taken``: something was taken there just now."""
    await source.execute(
        """UPDATE registers.subscription
           SET failures = $2, failing_since = $3, next_try_at = coalesce($4, $5::timestamptz),
               last_success_at = CASE WHEN $6 THEN $5::timestamptz ELSE last_success_at END
           WHERE subscription_id = $1""",
        subscription_id, health.failures, health.failing_since, health.next_try_at, now, taken,
    )  # fmt: skip


def subscription_of(row: Any) -> Subscription:
    """A row as a subscription."""
    return Subscription(
        subscription_id=row["subscription_id"],
        register=row["register"],
        peer=row["peer"],
        purpose=row["purpose"],
        policy=row["policy"],
        wanted=Wanted(
            sink=row["sink"],
            filters=Filters(
                type_keys=tuple(row["type_keys"]),
                acts=tuple(row["acts"]),
                groups=tuple(row["groups"]),
                objects=tuple(row["objects"]),
            ),
            reference=row["reference"],
            bundled=row["bundled"],
        ),
        position=row["position"],
        state=State(row["state"]),
        reason=row["reason"],
        failures=row["failures"],
        failing_since=row["failing_since"],
        next_try_at=row["next_try_at"],
        last_success_at=row["last_success_at"],
        rate=row["rate"],
        created_at=row["created_at"],
        duty=row["duty"],
    )
