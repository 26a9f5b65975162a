# SPDX-License-Identifier: EUPL-1.2
"""Emergency access as it was used (schema ``console``): appended to, never changed.

All functions take a pool of role ``landschap_console``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

_MOST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """One use of emergency access, and what a privacy officer said of it (None: nothing yet).

    ``looks`` counts what was looked at, or asked for and refused. ``ended_at`` is None when nobody
    ended it early.
    """

    emergency_id: UUID
    subject: str
    name: str
    own_roles: tuple[str, ...]
    role: str
    reason: str
    begun_at: datetime
    until: datetime
    looks: int = 0
    ended_at: datetime | None = None
    ended_by: str | None = None
    reviewed_at: datetime | None = None
    reviewed_by: str | None = None
    was_right: bool | None = None
    words: str | None = None

    def runs(self, now: datetime) -> bool:
        """True while it lasts."""
        return self.ended_at is None and now < self.until


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyLook:
    """One look under emergency access."""

    transaction_id: UUID
    at: datetime
    service: str
    action: str
    about: str
    purpose: str
    case_number: str
    allowed: bool


async def begin_emergency(pool: asyncpg.Pool, used: Used) -> None:
    """Write down that somebody takes a role."""
    await pool.execute(
        "INSERT INTO emergency (emergency_id, subject, name, own_roles, role, reason, begun_at,"
        " until) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        used.emergency_id,
        used.subject,
        used.name,
        list(used.own_roles),
        used.role,
        used.reason,
        used.begun_at,
        used.until,
    )


async def end_emergency(pool: asyncpg.Pool, emergency_id: UUID, by: str, now: datetime) -> None:
    """End it before its time; ending it twice changes nothing."""
    await pool.execute(
        "INSERT INTO emergency_end (emergency_id, at, ended_by) VALUES ($1, $2, $3)"
        " ON CONFLICT DO NOTHING",
        emergency_id,
        now,
        by,
    )


async def is_ended(pool: asyncpg.Pool, emergency_id: UUID) -> bool:
    """True when somebody ended it early."""
    return bool(
        await pool.fetchval("SELECT true FROM emergency_end WHERE emergency_id = $1", emergency_id)
    )


async def note_look(pool: asyncpg.Pool, emergency_id: UUID, look: EmergencyLook) -> None:
    """Write down one look, before it is shown."""
    await pool.execute(
        "INSERT INTO emergency_look (emergency_id, transaction_id, at, service, action, about,"
        " purpose, case_number, allowed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        emergency_id,
        look.transaction_id,
        look.at,
        look.service,
        look.action,
        look.about,
        look.purpose,
        look.case_number,
        look.allowed,
    )


async def emergencies(pool: asyncpg.Pool) -> Sequence[Used]:
    """The uses of emergency access, those that nobody judged first, then the latest."""
    rows = await pool.fetch(
        f"{_USED} ORDER BY r.emergency_id IS NOT NULL, u.begun_at DESC LIMIT {_MOST}"
    )
    return [_used(row) for row in rows]


async def emergencies_between(
    pool: asyncpg.Pool, since: datetime, until: datetime
) -> Sequence[Used]:
    """Every use that began in ``[since, until)``, in order."""
    rows = await pool.fetch(
        f"{_USED} WHERE u.begun_at >= $1 AND u.begun_at < $2 ORDER BY u.begun_at", since, until
    )
    return [_used(row) for row in rows]


async def emergency(pool: asyncpg.Pool, emergency_id: UUID) -> Used | None:
    """One use; None when there is none."""
    row = await pool.fetchrow(f"{_USED} WHERE u.emergency_id = $1", emergency_id)
    return None if row is None else _used(row)


async def looks_of(pool: asyncpg.Pool, emergency_id: UUID) -> Sequence[EmergencyLook]:
    """What was looked at under one use, in order."""
    rows = await pool.fetch(
        "SELECT transaction_id, at, service, action, about, purpose, case_number, allowed"
        " FROM emergency_look WHERE emergency_id = $1 ORDER BY at LIMIT $2",
        emergency_id,
        _MOST,
    )
    return [EmergencyLook(**row) for row in rows]


async def count_unjudged(pool: asyncpg.Pool) -> int:
    """How many uses nobody has judged yet."""
    return int(
        await pool.fetchval(
            "SELECT count(*) FROM emergency u LEFT JOIN emergency_review r USING (emergency_id)"
            " WHERE r.emergency_id IS NULL"
        )
    )


async def review_emergency(  # each says one thing of the judgement
    pool: asyncpg.Pool,
    emergency_id: UUID,
    *,
    subject: str,
    name: str,
    was_right: bool,
    words: str,
    now: datetime,
) -> bool:
    """Judge a use, once; False when it was judged before or by who used it."""
    try:
        done = await pool.fetchval(
            "INSERT INTO emergency_review (emergency_id, at, subject, name, was_right, words)"
            " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING true",
            emergency_id,
            now,
            subject,
            name,
            was_right,
            words,
        )
    except asyncpg.CheckViolationError:
        return False
    return bool(done)


_USED = """
SELECT u.emergency_id, u.subject, u.name, u.own_roles, u.role, u.reason, u.begun_at, u.until,
       (SELECT count(*) FROM emergency_look l WHERE l.emergency_id = u.emergency_id) AS looks,
       e.at AS ended_at, e.ended_by, r.at AS reviewed_at, r.name AS reviewed_by, r.was_right,
       r.words
FROM emergency u
LEFT JOIN emergency_end e ON e.emergency_id = u.emergency_id
LEFT JOIN emergency_review r ON r.emergency_id = u.emergency_id
"""


def _used(row: asyncpg.Record) -> Used:
    return Used(**{**row, "own_roles": tuple(row["own_roles"])})
