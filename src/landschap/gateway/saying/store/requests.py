# SPDX-License-Identifier: EUPL-1.2
"""Requests by the rights of persons: asked, extended, decided, withdrawn. Append only.

An objection or restriction that is upheld stands in the register of what was said of persons, so
that the next question meets it. Asked "at once", the use stops while the request is open.
Source: AVG art. 12 lid 3, art. 18 lid 1 and 3, art. 21 lid 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import asyncpg

from landschap.gateway.saying.statement import Said
from landschap.gateway.saying.store.copies import ask_file
from landschap.platform.ids import uuid7
from landschap.purposes.needs import Kind
from landschap.purposes.persons.store import Statement, said_of, say
from landschap.purposes.rights import Right, due_on
from landschap.vocabulary.problems import Fault, ProblemError, Refusal
from landschap.vocabulary.times import amsterdam_day

MOST = 500
BY_PERSON = "inwoner"
_COPIED = (Right.ACCESS, Right.PORTABILITY)
_STATEMENT = {Right.OBJECTION: Kind.OBJECTION, Right.RESTRICTION: Kind.RESTRICTION}


class State(StrEnum):
    """Where a request stands."""

    RECEIVED = "ontvangen"
    EXTENDED = "verlengd"
    GRANTED = "toegewezen"
    REFUSED = "afgewezen"
    WITHDRAWN = "ingetrokken"


OPEN = (State.RECEIVED, State.EXTENDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked. ``about`` is a purpose, empty for all; ``activities`` are ours for it.

    ``author`` is the person, or who wrote down at the desk what the person said.
    """

    right: Right
    subject: bytes
    key_id: int
    about: str
    activities: tuple[str, ...]
    at_once: bool
    via: str
    said_at: datetime
    sealed: bytes = field(repr=False)
    author: str = BY_PERSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What became of a request at a moment, by whom and why."""

    state: State
    at: datetime
    author: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifted:
    """That what was upheld holds no longer; its person was told on a day before."""

    at: datetime
    author: str
    reason: str
    told_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request with everything that became of it, oldest first."""

    number: UUID
    asked: Asked
    received_at: datetime
    events: tuple[Event, ...]
    lifted: Lifted | None = None

    @property
    def holds(self) -> bool:
        """True for an objection or restriction that is upheld, and was not lifted since."""
        is_upheld = self.state is State.GRANTED and self.asked.right in _STATEMENT
        return is_upheld and self.lifted is None

    @property
    def state(self) -> State:
        """Where it stands."""
        return self.events[-1].state

    @property
    def is_open(self) -> bool:
        """True until it is decided or withdrawn."""
        return self.state in OPEN

    @property
    def due(self) -> date:
        """The last day to decide."""
        extended = any(each.state is State.EXTENDED for each in self.events)
        return due_on(amsterdam_day(self.received_at), extended=extended)

    @property
    def reason(self) -> str:
        """The words of the last event."""
        return self.events[-1].reason


async def file_request(
    gateway: asyncpg.Pool, purposes: asyncpg.Pool, asked: Asked, stopping: Sequence[str] = ()
) -> UUID:
    """Keep a request; gives its number, also that of the same one that is still open.

    ``stopping`` are the activities that must stop until it is decided. One that is open and stops
    nothing is not the same as one that must: both are decided.
    """
    for each in await requests_of(gateway, asked.subject):
        same = (each.asked.right, each.asked.about) == (asked.right, asked.about)
        if each.is_open and same and (each.asked.at_once or not stopping):
            return each.number
    number = uuid7()
    if stopping:
        # Before the request: a crash in between stops a use, and never lets one go on.
        reason = f"{number}: AVG art. 18 lid 1"
        await _say(purposes, Kind.RESTRICTION, asked, stopping, holds=True, reason=reason)
    async with gateway.acquire() as connection, connection.transaction():
        await connection.execute(
            "INSERT INTO rights_request (request, right_asked, subject, key_id, about, activities,"
            " at_once, via, said_at, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            *(number, asked.right.value, asked.subject, asked.key_id, asked.about),
            *(sorted({*asked.activities, *stopping}), bool(stopping)),
            *(asked.via, asked.said_at, asked.sealed),
        )
        await _event(connection, number, State.RECEIVED, asked.author, "")
    return number


async def withdraw_request(
    gateway: asyncpg.Pool,
    purposes: asyncpg.Pool,
    by: tuple[bytes, str],
    right: Right,
    said: Said,
) -> bool:
    """The person takes back every open request of this; False when there is none.

    ``by`` is the person, and who says so for them.
    """
    taken, (subject, author) = False, by
    for each in await requests_of(gateway, subject):
        fits = each.asked.right is right and each.asked.about == said.about
        if fits and each.is_open and each.asked.said_at <= said.said_at:
            await end_request(gateway, purposes, each, State.WITHDRAWN, author, "")
            taken = True
    return taken


async def extend_request(gateway: asyncpg.Pool, request: Request, author: str, reason: str) -> None:
    """Take two months more, once, and say why. Source: AVG art. 12 lid 3."""
    if request.state is not State.RECEIVED:
        raise ProblemError(_DECIDED)
    async with gateway.acquire() as connection:
        await _event(connection, request.number, State.EXTENDED, author, reason)


async def end_request(
    gateway: asyncpg.Pool,
    purposes: asyncpg.Pool,
    request: Request,
    state: State,
    author: str,
    reason: str,
) -> None:
    """Decide; what is upheld works with the next question, what was stopped meanwhile goes on.

    Raises ProblemError (``request_decided``) when somebody else was quicker.
    """
    asked = request.asked
    kind = _STATEMENT.get(asked.right)
    if state is State.GRANTED and kind is not None:
        # First that what must stop does, whatever happens in between.
        why = f"{request.number}: {reason}"
        await _say(purposes, kind, asked, asked.activities, holds=True, reason=why)
    try:
        async with gateway.acquire() as connection, connection.transaction():
            await _event(connection, request.number, state, author, reason)
            if state is State.GRANTED and asked.right in _COPIED:
                await ask_file(connection, request.number)
    except asyncpg.UniqueViolationError:
        raise ProblemError(_DECIDED) from None
    keeps = state is State.GRANTED and asked.right is Right.RESTRICTION
    if asked.at_once and not keeps:
        await _let_go(gateway, purposes, request)


async def lift_request(
    gateway: asyncpg.Pool, purposes: asyncpg.Pool, request: Request, lifted: Lifted
) -> None:
    """What was upheld holds no longer, as far as no other request keeps it.

    The person is told before. Doing it twice does it once; cut short, the page offers it again.
    Source: AVG art. 18 lid 3.
    Raises ProblemError (``request_decided``) for one that was not upheld.
    """
    kind = _STATEMENT.get(request.asked.right)
    if kind is None or request.state is not State.GRANTED:
        raise ProblemError(_DECIDED)
    kept = _kept(await requests_of(gateway, request.asked.subject), request, kind)
    said = await said_of(purposes, [request.asked.subject])
    standing = {
        each.about
        for each in said.get(request.asked.subject, ())
        if each.kind is kind and each.holds
    }
    freed = [each for each in request.asked.activities if each in standing and each not in kept]
    reason = f"{request.number}: {lifted.reason}"
    await _say(purposes, kind, request.asked, freed, holds=False, reason=reason)
    await gateway.execute(
        "INSERT INTO rights_lifted (request, author, reason, told_on) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT DO NOTHING",
        *(request.number, lifted.author, lifted.reason, lifted.told_on),
    )


def _kept(every: Sequence[Request], but: Request, kind: Kind) -> set[str]:
    """The activities that other requests of the same person keep stopped."""
    kept: set[str] = set()
    for each in every:
        stops = each.is_open and each.asked.at_once and kind is Kind.RESTRICTION
        upheld = each.holds and _STATEMENT[each.asked.right] is kind
        if each.number != but.number and (stops or upheld):
            kept |= set(each.asked.activities)
    return kept


async def _let_go(gateway: asyncpg.Pool, purposes: asyncpg.Pool, request: Request) -> None:
    """Lift what was stopped for this request, as far as no other request keeps it."""
    every = await requests_of(gateway, request.asked.subject)
    kept = _kept(every, request, Kind.RESTRICTION)
    lifted = [each for each in request.asked.activities if each not in kept]
    why = f"{request.number}: {request.state.value}"
    await _say(purposes, Kind.RESTRICTION, request.asked, lifted, holds=False, reason=why)


async def requests_of(pool: asyncpg.Pool, subject: bytes) -> list[Request]:
    """The requests of one person, newest first."""
    return await _read(pool, "subject = $1", subject)


async def request_by_number(pool: asyncpg.Pool, number: UUID) -> Request | None:
    """One request; None when there is none."""
    found = await _read(pool, "request = $1", number)
    return found[0] if found else None


async def every_request(pool: asyncpg.Pool) -> list[Request]:
    """The newest requests of everybody, newest first."""
    return await _read(pool, "$1::int > 0", 1)


async def _read(pool: asyncpg.Pool, condition: str, value: object) -> list[Request]:
    rows = await pool.fetch(
        f"SELECT * FROM rights_request WHERE {condition}"  # noqa: S608 - one of three above
        " ORDER BY received_at DESC LIMIT $2",
        *(value, MOST),
    )
    events = await pool.fetch(
        "SELECT request, state, at, author, reason FROM rights_event"
        " WHERE request = ANY($1::uuid[]) ORDER BY number",
        [row["request"] for row in rows],
    )
    told: dict[UUID, list[Event]] = {}
    for row in events:
        told.setdefault(row["request"], []).append(
            Event(
                state=State(row["state"]), at=row["at"], author=row["author"], reason=row["reason"]
            )
        )
    gone = await pool.fetch(
        "SELECT request, at, author, reason, told_on FROM rights_lifted"
        " WHERE request = ANY($1::uuid[])",
        [row["request"] for row in rows],
    )
    lifted = {
        row["request"]: Lifted(
            at=row["at"], author=row["author"], reason=row["reason"], told_on=row["told_on"]
        )
        for row in gone
    }
    return [_request(row, told[row["request"]], lifted.get(row["request"])) for row in rows]


def _request(row: Mapping[str, object], events: Sequence[Event], lifted: Lifted | None) -> Request:
    value: dict[str, object] = dict(row)
    asked = Asked(
        right=Right(str(value["right_asked"])),
        **{
            name: value[name]
            for name in ("subject", "key_id", "about", "at_once", "via", "said_at", "sealed")
        },  # type: ignore[arg-type]  # as the table has them
        activities=tuple(value["activities"]),  # type: ignore[arg-type]  # a list of texts
        author=events[0].author,
    )
    return Request(
        number=value["request"],  # type: ignore[arg-type]  # as the table has it
        asked=asked,
        received_at=value["received_at"],  # type: ignore[arg-type]  # as the table has it
        events=tuple(events),
        lifted=lifted,
    )


async def _event(
    connection: asyncpg.Connection, number: UUID, state: State, author: str, reason: str
) -> None:
    await connection.execute(
        "INSERT INTO rights_event (request, state, author, reason) VALUES ($1, $2, $3, $4)",
        *(number, state.value, author, reason),
    )


async def _say(
    pool: asyncpg.Pool,
    kind: Kind,
    asked: Asked,
    activities: Sequence[str],
    *,
    holds: bool,
    reason: str,
) -> None:
    for activity in activities:
        await say(
            pool,
            Statement(
                kind=kind,
                subject=asked.subject,
                key_id=asked.key_id,
                about=activity,
                holds=holds,
                author=asked.author if holds else "besluit",
                reason=reason,
            ),
        )


_DECIDED = Refusal(
    code="request_decided",
    status=409,
    title="This request is decided already",
    detail="Nothing was changed. Look at the request again.",
    owner="who decides on requests",
    fault=Fault.INPUT,
)
