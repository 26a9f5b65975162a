# SPDX-License-Identifier: EUPL-1.2
"""Looks in the log and questions of persons (schema ``console``): appended to, never changed.

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
class LogLook:
    """One look in the log: who, what kind of page, about what (never whose number), and why."""

    look_id: UUID
    at: datetime
    subject: str
    name: str
    kind: str
    about: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonQuestion:
    """A question of a person (AVG art. 15) as it was brought in, and what a second person said.

    ``pseudonyms`` are those of the person, one per living key, and ``key_ids`` these keys, the
    newest last. ``allowed`` is None until somebody else decided, ``closed_at`` until the person has
    an answer.
    """

    question_id: UUID
    at: datetime
    subject: str
    name: str
    case_number: str
    reason: str
    pseudonyms: tuple[bytes, ...]
    key_ids: tuple[int, ...]
    decided_at: datetime | None = None
    decided_by: str | None = None
    allowed: bool | None = None
    words: str | None = None
    closed_at: datetime | None = None
    closed_by: str | None = None

    @property
    def is_open(self) -> bool:
        """True while the person waits for an answer: neither refused nor answered."""
        return self.allowed is not False and self.closed_at is None


async def note_log_look(pool: asyncpg.Pool, look: LogLook) -> None:
    """Write down one look, before it is shown."""
    await pool.execute(
        "INSERT INTO log_look (look_id, at, subject, name, kind, about, reason)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        *(look.look_id, look.at, look.subject, look.name, look.kind, look.about, look.reason),
    )


async def log_looks(
    pool: asyncpg.Pool, *, before: UUID | None = None, limit: int = _MOST
) -> Sequence[LogLook]:
    """The looks, newest first; the next page is asked with the last of this one."""
    rows = await pool.fetch(
        "SELECT * FROM log_look WHERE $1::uuid IS NULL OR look_id < $1"
        " ORDER BY look_id DESC LIMIT $2",
        before,
        min(limit, _MOST),
    )
    return [LogLook(**row) for row in rows]


async def look_since(
    pool: asyncpg.Pool, subject: str, kind: str, about: str, since: datetime
) -> LogLook | None:
    """The last time this employee gave a reason to look at this; None: not since then."""
    row = await pool.fetchrow(
        "SELECT * FROM log_look WHERE subject = $1 AND kind = $2 AND about = $3 AND at >= $4"
        " ORDER BY at DESC LIMIT 1",
        *(subject, kind, about, since),
    )
    return None if row is None else LogLook(**row)


async def ask_about_person(pool: asyncpg.Pool, asked: PersonQuestion) -> None:
    """Bring in a question."""
    await pool.execute(
        "INSERT INTO person_question (question_id, at, subject, name, case_number, reason,"
        " pseudonyms, key_ids) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        asked.question_id,
        asked.at,
        asked.subject,
        asked.name,
        asked.case_number,
        asked.reason,
        list(asked.pseudonyms),
        list(asked.key_ids),
    )


async def person_questions(pool: asyncpg.Pool) -> Sequence[PersonQuestion]:
    """The questions, those that wait for a second person first, then for an answer, then the rest;
    of each the latest first.
    """
    order = "a.at IS NOT NULL, a.allowed AND c.at IS NULL DESC, q.at DESC"
    rows = await pool.fetch(f"{_QUESTION} ORDER BY {order} LIMIT {_MOST}")
    return [_question(row) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """When a person asked, until when it may be answered, and when it was decided on.

    ``done_at`` is when the person knew: refused, or answered. None: not yet.
    """

    at: datetime
    until: datetime
    decided_at: datetime | None
    done_at: datetime | None


async def asked_between(pool: asyncpg.Pool, since: datetime, until: datetime) -> Sequence[Asked]:
    """Every question of ``[since, until)``. One month to answer: AVG art. 12 lid 3."""
    rows = await pool.fetch(
        "SELECT q.at, (q.at AT TIME ZONE 'Europe/Amsterdam' + interval '1 month')"
        " AT TIME ZONE 'Europe/Amsterdam' AS until, a.at AS decided_at,"
        " CASE WHEN a.allowed THEN c.at ELSE a.at END AS done_at"
        " FROM person_question q LEFT JOIN person_answer a USING (question_id)"
        " LEFT JOIN person_closing c USING (question_id)"
        " WHERE q.at >= $1 AND q.at < $2 ORDER BY q.at",
        *(since, until),
    )
    return [Asked(**row) for row in rows]


async def person_question(pool: asyncpg.Pool, question_id: UUID) -> PersonQuestion | None:
    """One question; None when there is none."""
    row = await pool.fetchrow(f"{_QUESTION} WHERE q.question_id = $1", question_id)
    return None if row is None else _question(row)


async def decide_on_question(  # each says one thing of the decision
    pool: asyncpg.Pool,
    question_id: UUID,
    *,
    subject: str,
    name: str,
    allowed: bool,
    words: str,
    now: datetime,
) -> bool:
    """Allow or refuse, once; False when it was decided before, or by who asks."""
    try:
        done = await pool.fetchval(
            "INSERT INTO person_answer (question_id, at, subject, name, allowed, words)"
            " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING true",
            *(question_id, now, subject, name, allowed, words),
        )
    except asyncpg.CheckViolationError:
        return False
    return bool(done)


async def close_question(
    pool: asyncpg.Pool, question_id: UUID, *, subject: str, name: str, now: datetime
) -> bool:
    """Write down that the person has an answer; False when the question was not allowed.

    Once is enough: the first who says so stays the one who did.
    """
    done = await pool.fetchval(
        "WITH said AS (INSERT INTO person_closing (question_id, at, subject, name)"
        " SELECT question_id, $2, $3, $4 FROM person_answer WHERE question_id = $1 AND allowed"
        " ON CONFLICT DO NOTHING)"
        " SELECT allowed FROM person_answer WHERE question_id = $1",
        *(question_id, now, subject, name),
    )
    return bool(done)


_QUESTION = """
SELECT q.*, a.at AS decided_at, a.name AS decided_by, a.allowed, a.words,
       c.at AS closed_at, c.name AS closed_by
FROM person_question q LEFT JOIN person_answer a ON a.question_id = q.question_id
LEFT JOIN person_closing c ON c.question_id = q.question_id
"""


def _question(row: asyncpg.Record) -> PersonQuestion:
    lists = {name: tuple(row[name]) for name in ("pseudonyms", "key_ids")}
    return PersonQuestion(**{**row, **lists})
