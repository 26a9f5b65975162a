# SPDX-License-Identifier: EUPL-1.2
"""Reminding who decides on reports: a week before the term ends, when it has passed, and weekly on.

A reminder is written down, so that the person who waits is told of it, and so that of many workers
one reminds. Source: Awb art. 4:14; AVG art. 12 lid 3.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from landschap.registers.store.rows import Pool

SOON = timedelta(days=7)
AGAIN = timedelta(days=7)
_AT_ONCE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """That somebody was reminded of a report, of which a decision was due by a day."""

    report_id: UUID
    decide_by: date
    reminded_at: datetime

    def is_late(self, today: date) -> bool:
        """True when the term had passed."""
        return self.decide_by < today


async def remind(pool: Pool, today: date) -> list[Reminder]:
    """Remind of every report that is due within a week, or late, and of none twice in a week."""
    rows = await pool.fetch(
        "INSERT INTO registers.report_reminder (report_id, day, decide_by)"
        " SELECT r.report_id, $1, r.decide_by FROM registers.report r"
        " LEFT JOIN registers.report_decision d USING (report_id)"
        " WHERE d.report_id IS NULL AND r.decide_by <= $1::date + $2::interval"
        # The term itself ends an interval: who is reminded before it, is again when it passed.
        " AND NOT EXISTS (SELECT FROM registers.report_reminder e WHERE e.report_id = r.report_id"
        " AND e.day > $1::date - $3::interval AND (e.day > r.decide_by) = ($1 > r.decide_by))"
        " ORDER BY r.decide_by LIMIT $4 ON CONFLICT DO NOTHING"
        " RETURNING report_id, decide_by, reminded_at",
        *(today, SOON, AGAIN, _AT_ONCE),
    )
    return [Reminder(**dict(row)) for row in rows]


async def reminders_of(pool: Pool, report_id: UUID) -> Sequence[Reminder]:
    """When was reminded of a report, the oldest first."""
    rows = await pool.fetch(
        "SELECT report_id, decide_by, reminded_at FROM registers.report_reminder"
        " WHERE report_id = $1 ORDER BY day",
        report_id,
    )
    return [Reminder(**dict(row)) for row in rows]


async def due_counts(pool: Pool, today: date, elsewhere: Collection[UUID] = ()) -> tuple[int, int]:
    """How many reports are late, and how many are due within a week, but for those ``elsewhere``,
    on which another organisation decides.
    """
    row = await pool.fetchrow(
        "SELECT count(*) FILTER (WHERE r.decide_by < $1) AS late,"
        " count(*) FILTER (WHERE r.decide_by >= $1) AS soon FROM registers.report r"
        " LEFT JOIN registers.report_decision d USING (report_id)"
        " WHERE d.report_id IS NULL AND r.decide_by <= $1::date + $2::interval"
        " AND r.report_id <> ALL ($3::uuid[])",
        *(today, SOON, list(elsewhere)),
    )
    return (row["late"], row["soon"])
