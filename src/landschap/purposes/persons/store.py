# SPDX-License-Identifier: EUPL-1.2
"""Consents, restrictions and upheld objections of persons, open cases, and approvals.

PostgreSQL schema ``purposes``, append only. Each statement raises ``platform.epoch`` first, in its
own transaction: so two statements about one thing keep their order, and every decider sees it with
the next record it writes. A person is a pseudonym here (`logboek.pseudonyms`), made by the caller.
All functions take a pool of role ``landschap_purposes``.
Source: AVG art. 7 lid 1 (consent must be shown) and lid 3, art. 18, art. 21; house decisions 12
and 26.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, NoReturn
from uuid import UUID

import asyncpg

from landschap.platform.ids import uuid7
from landschap.purposes.needs import Approval, Kind, Standing
from landschap.vocabulary.problems import Fault, ProblemError, Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What is said of one person: ``about`` a purpose (consent) or an activity (the other two)."""

    kind: Kind
    subject: bytes
    about: str
    holds: bool
    author: str
    receiver: str = ""
    reason: str = ""
    key_id: int = 1


class Receipt(NamedTuple):
    """The proof that something was said: in force with the next question from this epoch on."""

    receipt: UUID
    said_at: datetime
    epoch: int


async def say(pool: asyncpg.Pool, statement: Statement) -> Receipt:
    """Keep a statement; it works with the next question.

    Raises ProblemError (``statement_invalid``) for a consent without receiver, or the reverse.
    """
    is_consent = statement.kind is Kind.CONSENT
    if is_consent != bool(statement.receiver):
        _refuse("A consent names its receiver; a restriction or objection holds for every one.")
    if not statement.about or not statement.author.strip():
        _refuse("A statement says what it is about, and who writes it down.")
    receipt = uuid7()
    async with pool.acquire() as connection, connection.transaction():
        epoch = await connection.fetchval("SELECT platform.bump_epoch()")
        said_at = await connection.fetchval(
            "INSERT INTO standing (receipt, kind, subject, key_id, about, receiver, holds, author,"
            " reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING said_at",
            receipt,
            statement.kind.value,
            statement.subject,
            statement.key_id,
            statement.about,
            statement.receiver,
            statement.holds,
            statement.author.strip(),
            statement.reason,
        )
    return Receipt(receipt, said_at, epoch)


async def said_of(
    pool: asyncpg.Pool, subjects: Sequence[bytes]
) -> Mapping[bytes, Sequence[Standing]]:
    """The last that was said about each thing, per person; nobody without a statement is in it."""
    rows = await pool.fetch(
        "SELECT DISTINCT ON (subject, kind, about, receiver)"
        " subject, kind, about, receiver, holds, said_at"
        " FROM standing WHERE subject = ANY($1::bytea[])"
        " ORDER BY subject, kind, about, receiver, number DESC",
        list(subjects),
    )
    found: dict[bytes, list[Standing]] = {}
    for row in rows:
        found.setdefault(row["subject"], []).append(
            Standing(
                kind=Kind(row["kind"]),
                about=row["about"],
                receiver=row["receiver"],
                holds=row["holds"],
                since=row["said_at"],
            )
        )
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """A consent that was given (``holds``) or withdrawn, as it was written down."""

    receipt: UUID
    about: str
    receiver: str
    holds: bool
    at: datetime
    author: str = ""


async def consents_of(pool: asyncpg.Pool, subjects: Sequence[bytes]) -> list[Consent]:
    """Everything one person said about consent, under any of these pseudonyms; oldest first."""
    rows = await pool.fetch(
        "SELECT receipt, about, receiver, holds, said_at, author FROM standing"
        " WHERE subject = ANY($1::bytea[]) AND kind = $2 ORDER BY number LIMIT 10000",
        list(subjects),
        Kind.CONSENT.value,
    )
    return [
        Consent(
            receipt=row["receipt"],
            about=row["about"],
            receiver=row["receiver"],
            holds=row["holds"],
            at=row["said_at"],
            author=row["author"],
        )
        for row in rows
    ]


async def consent_by_receipt(pool: asyncpg.Pool, receipt: UUID) -> Consent | None:
    """One consent by its receipt; None when there is none."""
    row = await pool.fetchrow(
        "SELECT receipt, about, receiver, holds, said_at AS at, author FROM standing"
        " WHERE receipt = $1 AND kind = $2",
        *(receipt, Kind.CONSENT.value),
    )
    return None if row is None else Consent(**row)


async def marked(pool: asyncpg.Pool) -> Mapping[str, frozenset[str]]:
    """The activities against which a restriction or objection of somebody stands, by its kind."""
    rows = await pool.fetch(
        "SELECT DISTINCT kind, about FROM ("
        " SELECT DISTINCT ON (subject, kind, about) kind, about, holds FROM standing"
        " WHERE kind <> 'toestemming' ORDER BY subject, kind, about, number DESC) AS last"
        " WHERE holds"
    )
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row["about"], set()).add(row["kind"])
    return {about: frozenset(kinds) for about, kinds in found.items()}


async def said_between(
    pool: asyncpg.Pool, since: datetime, until: datetime
) -> Mapping[tuple[Kind, bool], int]:
    """How many statements of each kind were made in ``[since, until)``: given, and taken back."""
    rows = await pool.fetch(
        "SELECT kind, holds, count(*) AS times FROM standing"
        " WHERE said_at >= $1 AND said_at < $2 GROUP BY 1, 2",
        *(since, until),
    )
    return {(Kind(row["kind"]), row["holds"]): row["times"] for row in rows}


async def say_case(pool: asyncpg.Pool, number: str, *, is_open: bool, author: str) -> int:
    """Tell that a case was opened or closed; gives the epoch. From the first on cases are known."""
    if not number.strip() or len(number) > 200 or not author.strip():
        _refuse("A case has a number of at most 200 characters, and somebody who writes it down.")
    async with pool.acquire() as connection, connection.transaction():
        epoch: int = await connection.fetchval("SELECT platform.bump_epoch()")
        await connection.execute(
            "INSERT INTO case_state (case_number, is_open, author) VALUES ($1, $2, $3)",
            number.strip(),
            is_open,
            author.strip(),
        )
    return epoch


class KnownCases:
    """The cases that are open, as they were last read: only what was told since is read anew.

    Statements stand in order of commit (`say_case`), so none with a lower number comes later.
    """

    def __init__(self) -> None:
        self._last = 0
        self._open: frozenset[str] | None = None

    async def read(self, pool: asyncpg.Pool) -> frozenset[str] | None:
        """The open cases; None while nobody has told of any: then cases are not known here."""
        rows = await pool.fetch(
            "SELECT number, case_number, is_open FROM case_state WHERE number > $1 ORDER BY number",
            self._last,
        )
        if rows:
            found = set(self._open or ())
            for row in rows:
                (found.add if row["is_open"] else found.discard)(row["case_number"])
            self._last, self._open = rows[-1]["number"], frozenset(found)
        return self._open


async def is_open(pool: asyncpg.Pool, number: str) -> bool | None:
    """Whether this case is open; None while nobody has told of any case."""
    row = await pool.fetchrow(
        "SELECT EXISTS (SELECT FROM case_state) AS known,"
        " (SELECT is_open FROM case_state WHERE case_number = $1 ORDER BY number DESC LIMIT 1)"
        " AS is_open",
        number,
    )
    return bool(row["is_open"]) if row["known"] else None


async def approve(pool: asyncpg.Pool, approval: Approval) -> Receipt:
    """Keep the approval of a use by a second person.

    Raises ProblemError (``statement_invalid``) when it is the same person, or has ended already.
    """
    one, other = approval.asked_by.strip(), approval.approved_by.strip()
    if not one or not other or one.casefold() == other.casefold():
        _refuse("An approval is by another person than who asks.")
    receipt = uuid7()
    async with pool.acquire() as connection, connection.transaction():
        epoch = await connection.fetchval("SELECT platform.bump_epoch()")
        try:
            said_at = await connection.fetchval(
                "INSERT INTO approval (receipt, purpose, case_number, asked_by, approved_by, until)"
                " VALUES ($1, $2, $3, $4, $5, $6) RETURNING said_at",
                receipt,
                approval.purpose,
                approval.case,
                one,
                other,
                approval.until,
            )
        except asyncpg.CheckViolationError:
            _refuse("An approval names a purpose and ends after now.")
    return Receipt(receipt, said_at, epoch)


async def approvals(pool: asyncpg.Pool, now: datetime) -> Sequence[Approval]:
    """The approvals that have not ended."""
    rows = await pool.fetch(
        "SELECT purpose, case_number, asked_by, approved_by, until FROM approval"
        " WHERE until > $1 ORDER BY until",
        now,
    )
    return [Approval(*row) for row in rows]


def _refuse(detail: str) -> NoReturn:
    raise ProblemError(
        Refusal(
            code="statement_invalid",
            status=422,
            title="Nothing was kept",
            detail=detail,
            missing="a whole statement",
            owner="who writes it down",
            fault=Fault.INPUT,
        )
    )
