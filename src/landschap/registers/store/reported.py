# SPDX-License-Identifier: EUPL-1.2
"""When values were reported as wrong and when that was decided on, over all registers.

What was said, by whom and of which object stays where it is: who keeps an eye on terms need not
know it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from landschap.registers.store.rows import Pool

_DUTCH = "AT TIME ZONE 'Europe/Amsterdam'"
# The day that was set for it, whole; of older reports the month of the law.
_TERM = f"""coalesce((r.decide_by + 1)::timestamp {_DUTCH},
                     (r.reported_at {_DUTCH} + interval '1 month') {_DUTCH})"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """One report: in which register, when, until when it may be decided on, and when it was."""

    report_id: UUID
    register: str
    at: datetime
    until: datetime
    decided_at: datetime | None


async def reported_between(pool: Pool, since: datetime, until: datetime) -> Sequence[Reported]:
    """Every report made before ``until`` that was open somewhere in ``[since, until)``, in order.

    A report has its own last day. Older ones have a month: AVG art. 12 lid 3, for correcting data
    of a person (art. 16).
    """
    rows = await pool.fetch(
        f"""SELECT r.report_id, split_part(r.object_type, '.', 1) AS register,
                   r.reported_at AS at, {_TERM} AS until, d.decided_at
              FROM registers.report r LEFT JOIN registers.report_decision d USING (report_id)
             WHERE r.reported_at < $2 AND (d.decided_at IS NULL OR d.decided_at >= $1)
             ORDER BY r.reported_at, r.report_id""",  # noqa: S608 - a constant
        since, until,
    )  # fmt: skip
    return [Reported(**row) for row in rows]


async def standing_holds(pool: Pool, at: datetime) -> Sequence[datetime]:
    """Since when each hold on destroying that stands at a moment stands, the oldest first."""
    rows = await pool.fetch(
        """SELECT h.placed_at FROM registers.hold h LEFT JOIN registers.hold_end e USING (hold_id)
            WHERE h.placed_at <= $1 AND (e.lifted_at IS NULL OR e.lifted_at > $1)
            ORDER BY h.placed_at""",
        at,
    )
    return [row["placed_at"] for row in rows]
