# SPDX-License-Identifier: EUPL-1.2
"""Looks, visits, deeds and letters of the desk (schema ``console``).

All functions take a pool of role ``landschap_console``. A visit ends at its time, with the session
of its employee, when they say so, and before their next one begins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from landschap.platform.web.sessions import IDLE, LONGEST
from landschap.vocabulary.desk import AtDesk

_MOST = 500
_WIPED_AT_ONCE = 200
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('console.desk'), hashtext(lower($1)))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Who looks somebody up, how, and why."""

    look_id: UUID
    subject: str
    name: str
    sought: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One visit. ``document``, ``characters`` and ``sealed`` are None once they were wiped.

    ``waits``: a colleague has to see first that the person is somebody else than the employee.
    """

    visit_id: UUID
    look_id: UUID
    subject: str
    name: str
    session_hash: bytes = field(repr=False)
    begun_at: datetime
    until: datetime
    document: str | None
    characters: str | None
    sealed: bytes | None = field(repr=False)
    waits: bool
    seen_at: datetime | None = None
    seen_by: str | None = None
    ended_at: datetime | None = None
    ended_why: str | None = None

    @property
    def is_seen(self) -> bool:
        """True when nothing stands in the way any more."""
        return not self.waits or self.seen_at is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What was done in a visit: of which kind, its number, and in which register or for what."""

    visit_id: UUID
    kind: str
    reference: UUID
    about: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A letter that was sent."""

    reference: UUID
    letter: str
    at: datetime
    name: str


async def note_look(pool: asyncpg.Pool, look: Look, most: int) -> bool:
    """Write a look down, before it is done; False when this employee had ``most`` this hour."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(_LOCK, look.subject)
        done = await connection.fetchval(
            "SELECT count(*) FROM desk_look WHERE lower(subject) = lower($1)"
            " AND at > clock_timestamp() - interval '1 hour'",
            look.subject,
        )
        if done >= most:
            return False
        await connection.execute(
            "INSERT INTO desk_look (look_id, subject, name, sought, reason)"
            " VALUES ($1, $2, $3, $4, $5)",
            *(look.look_id, look.subject, look.name, look.sought, look.reason),
        )
    return True


async def note_found(pool: asyncpg.Pool, look_id: UUID, person: bytes, key_id: int) -> None:
    """Write down whom a look found, before it is shown."""
    await pool.execute(
        "INSERT INTO desk_found (look_id, person, key_id) VALUES ($1, $2, $3)",
        *(look_id, person, key_id),
    )


async def found_by(pool: asyncpg.Pool, look_id: UUID) -> tuple[bytes, int]:
    """Whom a look found, of which a visit came, and by which key that stands there."""
    row = await pool.fetchrow("SELECT person, key_id FROM desk_found WHERE look_id = $1", look_id)
    return row["person"], row["key_id"]


async def look_of(pool: asyncpg.Pool, look_id: UUID, subject: str) -> datetime | None:
    """When this employee found somebody by this look, with which no visit began; None: never."""
    found: datetime | None = await pool.fetchval(
        "SELECT l.at FROM desk_look l JOIN desk_found f USING (look_id)"
        " LEFT JOIN desk_visit v USING (look_id)"
        " WHERE look_id = $1 AND lower(l.subject) = lower($2) AND v.look_id IS NULL",
        *(look_id, subject),
    )
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounted:
    """One look and what came of it. ``person`` is None when nobody was found."""

    at: datetime
    name: str
    sought: str
    reason: str
    person: bytes | None
    begun_at: datetime | None
    document: str | None
    characters: str | None
    seen_by: str | None
    ended_at: datetime | None
    ended_why: str | None


async def account(pool: asyncpg.Pool, most: int) -> Sequence[Accounted]:
    """Who looked somebody up, and what came of it; the latest first."""
    rows = await pool.fetch(
        "SELECT l.at, l.name, l.sought, l.reason, f.person, v.begun_at, v.document, v.characters,"
        " v.seen_by, v.ended_at, v.ended_why FROM desk_look l"
        " LEFT JOIN desk_found f USING (look_id) LEFT JOIN desk_visit v USING (look_id)"
        " ORDER BY l.at DESC LIMIT $1",
        most,
    )
    return [Accounted(**row) for row in rows]


async def begin_visit(pool: asyncpg.Pool, visit: Visit) -> bool:
    """Begin a visit; False while another of this employee is open, or the look was used before."""
    try:
        await pool.execute(
            "INSERT INTO desk_visit (visit_id, look_id, subject, name, session_hash, begun_at,"
            " until, document, characters, sealed, waits)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            *(visit.visit_id, visit.look_id, visit.subject, visit.name, visit.session_hash),
            *(visit.begun_at, visit.until, visit.document, visit.characters, visit.sealed),
            visit.waits,
        )
    except asyncpg.UniqueViolationError:
        return False
    return True


async def open_visit(
    pool: asyncpg.Pool, subject: str, session_hash: bytes, now: datetime
) -> Visit | None:
    """The open visit of this employee in this session; one that is past is ended by this."""
    await pool.execute(
        "UPDATE desk_visit SET ended_at = $3::timestamptz,"
        " ended_why = CASE WHEN until <= $3 THEN 'tijd' ELSE 'uitgelogd' END"
        " WHERE lower(subject) = lower($1) AND ended_at IS NULL"
        " AND (until <= $3 OR session_hash <> $2)",
        *(subject, session_hash, now),
    )
    row = await pool.fetchrow(
        "SELECT * FROM desk_visit WHERE lower(subject) = lower($1) AND ended_at IS NULL", subject
    )
    return None if row is None else Visit(**row)


async def goes_on(pool: asyncpg.Pool, at: AtDesk, now: datetime) -> bool:
    """True while a visit lasts; that something is done there keeps its employee logged in."""
    return bool(
        await pool.fetchval(
            "UPDATE session s SET seen_at = greatest(s.seen_at, $2::timestamptz) FROM desk_visit v"
            " WHERE v.visit_id = $1 AND v.ended_at IS NULL AND v.until > $2"
            " AND (NOT v.waits OR v.seen_at IS NOT NULL) AND s.session_hash = v.session_hash"
            " AND s.seen_at > $2::timestamptz - $3::interval"
            " AND s.begun_at > $2::timestamptz - $4::interval RETURNING true",
            *(at.visit, now, IDLE, LONGEST),
        )
    )


async def end_visit(pool: asyncpg.Pool, visit_id: UUID, why: str, now: datetime) -> None:
    """End a visit; ending it twice changes nothing."""
    await pool.execute(
        "UPDATE desk_visit SET ended_at = $2, ended_why = $3"
        " WHERE visit_id = $1 AND ended_at IS NULL",
        *(visit_id, now, why),
    )


async def waiting_visits(pool: asyncpg.Pool, subject: str, now: datetime) -> Sequence[Visit]:
    """Visits of colleagues that wait until somebody saw the person."""
    rows = await pool.fetch(
        "SELECT * FROM desk_visit WHERE waits AND seen_at IS NULL AND ended_at IS NULL"
        " AND until > $2 AND lower(subject) <> lower($1) ORDER BY begun_at LIMIT $3",
        *(subject, now, _MOST),
    )
    return [Visit(**row) for row in rows]


async def see_visit(pool: asyncpg.Pool, visit_id: UUID, by: str, now: datetime) -> bool:
    """A colleague saw that it is somebody else; False for one's own, or when it waits no more."""
    try:
        done = await pool.fetchval(
            "UPDATE desk_visit SET seen_at = $3, seen_by = $2 WHERE visit_id = $1 AND waits"
            " AND seen_at IS NULL AND ended_at IS NULL AND until > $3 RETURNING true",
            *(visit_id, by, now),
        )
    except asyncpg.CheckViolationError:
        return False
    return bool(done)


async def visit_by_number(pool: asyncpg.Pool, visit_id: UUID) -> Visit | None:
    """One visit; None when there is none."""
    row = await pool.fetchrow("SELECT * FROM desk_visit WHERE visit_id = $1", visit_id)
    return None if row is None else Visit(**row)


async def note_deed(
    pool: asyncpg.Pool, visit_id: UUID, kind: str, reference: UUID, about: str
) -> None:
    """Write down what was done; twice is once."""
    await pool.execute(
        "INSERT INTO desk_deed (visit_id, kind, reference, about) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT DO NOTHING",
        *(visit_id, kind, reference, about),
    )


async def deeds(pool: asyncpg.Pool, visit_id: UUID) -> Sequence[Deed]:
    """What was done in one visit, the latest first."""
    rows = await pool.fetch(
        "SELECT * FROM desk_deed WHERE visit_id = $1 ORDER BY at DESC LIMIT $2", visit_id, _MOST
    )
    return [Deed(**row) for row in rows]


async def deeds_about(pool: asyncpg.Pool, reference: UUID) -> Sequence[Deed]:
    """What was done at the desk about one number, the first first."""
    rows = await pool.fetch(
        "SELECT * FROM desk_deed WHERE reference = $1 ORDER BY at LIMIT $2", reference, _MOST
    )
    return [Deed(**row) for row in rows]


async def open_deeds(pool: asyncpg.Pool, last_letters: Sequence[str]) -> Sequence[Deed]:
    """What was done and asks for a letter, the first first: none of the last ones was sent."""
    rows = await pool.fetch(
        "SELECT d.* FROM desk_deed d WHERE NOT EXISTS (SELECT FROM desk_letter l"
        " WHERE l.reference = d.reference AND l.letter = ANY($1)) ORDER BY d.at LIMIT $2",
        *(list(last_letters), _MOST),
    )
    return [Deed(**row) for row in rows]


async def sent_about(
    pool: asyncpg.Pool, references: Sequence[UUID]
) -> Mapping[tuple[UUID, str], Sent]:
    """The letters that were sent about these numbers, by number and which letter."""
    rows = await pool.fetch(
        "SELECT reference, letter, at, name FROM desk_letter WHERE reference = ANY($1)",
        list(references),
    )
    return {(row["reference"], row["letter"]): Sent(**row) for row in rows}


async def latest_sent(pool: asyncpg.Pool, most: int) -> Sequence[Sent]:
    """The letters that were sent last, the latest first."""
    rows = await pool.fetch(
        "SELECT reference, letter, at, name FROM desk_letter ORDER BY at DESC LIMIT $1", most
    )
    return [Sent(**row) for row in rows]


async def send_letter(
    pool: asyncpg.Pool, reference: UUID, letter: str, subject: str, name: str
) -> None:
    """Write down that a letter was sent; the first who says so stays the one who did."""
    await pool.execute(
        "INSERT INTO desk_letter (reference, letter, subject, name) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT DO NOTHING",
        *(reference, letter, subject, name),
    )


async def wipe_visits(pool: asyncpg.Pool, before: datetime, most: int = _WIPED_AT_ONCE) -> bool:
    """Forget document, address and who it was, of visits that began before this moment.

    True when there may be more than the ``most`` that were wiped.
    """
    done = await pool.fetch(
        "UPDATE desk_visit SET document = NULL, characters = NULL, sealed = NULL,"
        " ended_at = coalesce(ended_at, until), ended_why = coalesce(ended_why, 'tijd')"
        " WHERE visit_id IN (SELECT visit_id FROM desk_visit WHERE begun_at < $1"
        " AND (sealed IS NOT NULL OR document IS NOT NULL) LIMIT $2) RETURNING true",
        *(before, most),
    )
    return len(done) == most


def kept_since(now: datetime, days: int) -> datetime:
    """Visits that began before this are wiped."""
    return now - timedelta(days=days)
