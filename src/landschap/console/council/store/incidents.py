# SPDX-License-Identifier: EUPL-1.2
"""Data breaches that were noted, and what was done about each; only ever added to.

Source: AVG art. 33 lid 1 (72 hours), lid 5 (each is documented); art. 34 (the persons concerned).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import asyncpg

from landschap.logboek.incidents import TERM

_SELECT = """
SELECT i.incident_id, i.found_at, i.words,
       max(s.at) FILTER (WHERE s.step = 'autoriteit') AS authority_at,
       max(s.at) FILTER (WHERE s.step = 'betrokkenen') AS persons_at,
       max(s.at) FILTER (WHERE s.step = 'afgesloten') AS closed_at
  FROM incident i LEFT JOIN incident_step s USING (incident_id)
"""


class Step(StrEnum):
    """What is done about a breach: told to the authority, to the persons concerned; closed."""

    AUTHORITY = "autoriteit"
    PERSONS = "betrokkenen"
    CLOSED = "afgesloten"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A breach with the moment of each step; None: not done."""

    incident_id: UUID
    found_at: datetime
    words: str
    authority_at: datetime | None
    persons_at: datetime | None
    closed_at: datetime | None

    @property
    def until(self) -> datetime:
        """Until when the authority is told in time, or why it need not be is written down."""
        return self.found_at + TERM

    def is_late(self, at: datetime) -> bool:
        """True when neither was done within the 72 hours."""
        done = [each for each in (self.authority_at, self.closed_at) if each is not None]
        return min(done, default=at) > self.until


async def note_incident(
    pool: asyncpg.Pool, incident_id: UUID, *, found_at: datetime, words: str, by: str
) -> None:
    """Note a breach."""
    await pool.execute(
        "INSERT INTO incident (incident_id, found_at, words, noted_by) VALUES ($1, $2, $3, $4)",
        *(incident_id, found_at, words, by),
    )


async def note_step(
    pool: asyncpg.Pool, incident_id: UUID, step: Step, *, at: datetime, words: str, by: str
) -> bool:
    """Note what was done, once; False when there is no such breach, or it was noted before."""
    done = await pool.fetchval(
        "INSERT INTO incident_step (incident_id, step, at, words, noted_by)"
        " SELECT incident_id, $2, $3, $4, $5 FROM incident WHERE incident_id = $1"
        " ON CONFLICT DO NOTHING RETURNING true",
        *(incident_id, step.value, at, words, by),
    )
    return bool(done)


async def incidents_between(
    pool: asyncpg.Pool, since: datetime, until: datetime
) -> Sequence[Incident]:
    """The breaches that were found in ``[since, until)``, in order."""
    rows = await pool.fetch(
        f"{_SELECT} WHERE i.found_at >= $1 AND i.found_at < $2"
        " GROUP BY i.incident_id ORDER BY i.found_at",
        *(since, until),
    )
    return [Incident(**row) for row in rows]


async def open_incidents(pool: asyncpg.Pool) -> Sequence[Incident]:
    """The breaches that are not closed, the oldest first."""
    rows = await pool.fetch(
        f"{_SELECT} GROUP BY i.incident_id HAVING count(*) FILTER (WHERE s.step = 'afgesloten') = 0"
        " ORDER BY i.found_at"
    )
    return [Incident(**row) for row in rows]
