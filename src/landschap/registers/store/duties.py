# SPDX-License-Identifier: EUPL-1.2
"""Corrections that an organisation must be told without having asked for it.

Each waits as a notice of the one subscription per register and organisation that is a duty, so it
is delivered, tried again and given up as every other notice is. What was taken is kept: the same
correction is queued for the same organisation once.
Source: AVG art. 19 ("kennisgevingsplicht").
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from landschap.platform.ids import uuid7
from landschap.registers.models import Register
from landschap.registers.notices import Notice
from landschap.registers.store.rows import Connection, Pool


class Telling(StrEnum):
    """How far telling one organisation of one correction is."""

    UNTOLD = "untold"
    QUEUED = "queued"
    WAITING = "waiting"
    GIVEN_UP = "given_up"
    RECEIVED = "received"


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """Which organisation must be told of what, and where: ``sink`` as in a subscription."""

    register: Register
    peer: str
    sink: str
    notice: Notice


async def how_far(source: Connection, duty: Duty) -> Telling:
    """How far telling it is; nothing is changed."""
    row = await source.fetchrow(
        """SELECT t.received_at, n.dead FROM registers.subscription s
           JOIN registers.told t USING (subscription_id)
           LEFT JOIN registers.notice n USING (subscription_id, number)
           WHERE s.duty AND s.register = $1 AND s.peer = $2 AND t.number = $3""",
        duty.register.name, duty.peer, duty.notice.number,
    )  # fmt: skip
    return state_of(
        is_queued=row is not None,
        is_received=row is not None and row["received_at"] is not None,
        waits=row is not None and row["dead"] is False,
    )


def state_of(*, is_queued: bool, is_received: bool, waits: bool) -> Telling:
    """How far it is, by what is kept of it; ``waits``: a notice is there that may still be tried.

    Without a notice the subscription was ended, or a dead letter of long ago was dropped.
    """
    if not is_queued:
        return Telling.UNTOLD
    if is_received:
        return Telling.RECEIVED
    return Telling.WAITING if waits else Telling.GIVEN_UP


async def queue(pool: Pool, duty: Duty, now: datetime) -> Telling:
    """Have it told: queued, unless it was received or waits. What was given up is tried again."""
    async with pool.acquire() as connection, connection.transaction():
        # Two at once wait for each other at the row of the subscription.
        own = await _subscription(connection, duty)
        before = await how_far(connection, duty)
        if before in (Telling.RECEIVED, Telling.WAITING):
            return before
        notice = duty.notice
        await connection.execute(
            """INSERT INTO registers.told (subscription_id, number, queued_at) VALUES ($1, $2, $3)
               ON CONFLICT (subscription_id, number) DO UPDATE SET queued_at = $3""",
            own, notice.number, now,
        )  # fmt: skip
        await connection.execute(
            """INSERT INTO registers.notice (subscription_id, number, object_type, object_id, kind,
                                             registered_at, next_try_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7)
               ON CONFLICT (subscription_id, number) DO UPDATE
                   SET dead = false, attempts = 0, first_at = NULL, next_try_at = $7""",
            own, notice.number, notice.type_key, notice.object_id, notice.kind,
            notice.registered_at, now,
        )  # fmt: skip
        return Telling.QUEUED


async def _subscription(connection: Connection, duty: Duty) -> UUID:
    """The subscription that is the duty towards the organisation; one that ended begins anew."""
    types = [each.key for each in duty.register.types.values()]
    found: UUID = await connection.fetchval(
        """INSERT INTO registers.subscription AS s (subscription_id, register, peer, purpose,
               policy, reference, sink, type_keys, acts, groups, objects, bundled, position, state,
               transaction_id, duty)
           VALUES ($1, $2, $3, '', '', '', $4, $5, '{}', '{}', '{}', false, 0, 'aangevraagd', $6,
                   true)
           ON CONFLICT (register, peer) WHERE duty DO UPDATE
               SET state = CASE WHEN s.state = 'beeindigd' THEN 'aangevraagd' ELSE s.state END,
                   sink = $4, failing_since = CASE WHEN s.state = 'beeindigd' THEN NULL
                                                   ELSE s.failing_since END
           RETURNING subscription_id""",
        uuid7(), duty.register.name, duty.peer, duty.sink, types, uuid7(),
    )  # fmt: skip
    return found
