# SPDX-License-Identifier: EUPL-1.2
"""Per report that led to a correction: who received the old value, and how far telling them is.

It is kept that it was looked up, so that "nobody received it" is not taken for "nobody looked".
Source: AVG art. 19 ("kennisgevingsplicht").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from landschap.registers.models import Register
from landschap.registers.store.duties import Telling, state_of
from landschap.registers.store.rows import Pool


@dataclass(frozen=True, slots=True, kw_only=True)
class OldValue:
    """An organisation that received the old value: since when, and which act it is told of.

    Not ``certain``: it may have received it. Not ``reachable``: it offers no inbox, so it has to be
    written to.
    """

    peer: str
    since: datetime
    number: int
    reachable: bool
    certain: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The same with how far telling it is; ``at`` is when it took the notice."""

    receiver: OldValue
    state: Telling
    at: datetime | None


async def note_receivers(
    pool: Pool, report_id: UUID, number: int, found: Sequence[OldValue]
) -> None:
    """Keep who received what ``number`` corrected. Again: who can be reached by now is renewed."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(
            """INSERT INTO registers.report_receivers (report_id, number) VALUES ($1, $2)
               ON CONFLICT (report_id) DO NOTHING""",
            report_id, number,
        )  # fmt: skip
        await connection.executemany(
            """INSERT INTO registers.report_receiver
                   (report_id, peer, number, since, reachable, certain)
               VALUES ($1, $2, $3, $4, $5, $6)
               ON CONFLICT (report_id, peer) DO UPDATE SET reachable = $5""",
            [
                (report_id, each.peer, each.number, each.since, each.reachable, each.certain)
                for each in found
            ],
        )


async def corrected_by(pool: Pool, report_id: UUID) -> int | None:
    """The act for which receivers were looked up; None while nobody looked."""
    found: int | None = await pool.fetchval(
        "SELECT number FROM registers.report_receivers WHERE report_id = $1", report_id
    )
    return found


async def told_of(pool: Pool, register: Register, report_id: UUID) -> list[Told] | None:
    """Who received the old value and how far telling is; None while it was not looked up."""
    if await corrected_by(pool, report_id) is None:
        return None
    rows = await pool.fetch(
        """SELECT r.peer, r.number, r.since, r.reachable, r.certain, t.queued_at, t.received_at,
                  n.dead
           FROM registers.report_receiver r
           LEFT JOIN registers.subscription s
                  ON s.duty AND s.register = $2 AND s.peer = r.peer
           LEFT JOIN registers.told t
                  ON t.subscription_id = s.subscription_id AND t.number = r.number
           LEFT JOIN registers.notice n
                  ON n.subscription_id = s.subscription_id AND n.number = r.number
           WHERE r.report_id = $1 ORDER BY r.since, r.peer""",
        report_id, register.name,
    )  # fmt: skip
    return [
        Told(
            receiver=OldValue(
                peer=row["peer"],
                since=row["since"],
                number=row["number"],
                reachable=row["reachable"],
                certain=row["certain"],
            ),
            state=state_of(
                is_queued=row["queued_at"] is not None,
                is_received=row["received_at"] is not None,
                waits=row["dead"] is False,
            ),
            at=row["received_at"],
        )
        for row in rows
    ]
