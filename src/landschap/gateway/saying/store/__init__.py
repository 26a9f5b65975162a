# SPDX-License-Identifier: EUPL-1.2
"""Statements that were heard, and what they do: in the register of what persons said, or a request.

    Rooms            the pools; `obey` does what a statement says
    heard, keep_heard   what another organisation brought, each statement once
    proof_of, keep_proof   the receipts that we gave

What was said later counts more, whichever comes first: `obey` compares moments of saying.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from landschap.gateway.saying.question import HOLDS, NOT_HERE, OVERTAKEN, RECEIVED
from landschap.gateway.saying.statement import Said
from landschap.gateway.saying.store.requests import (
    BY_PERSON,
    Asked,
    file_request,
    withdraw_request,
)
from landschap.platform.ids import uuid7
from landschap.purposes.choosing import choices_of, is_equal, stoppable
from landschap.purposes.model import Text
from landschap.purposes.needs import Kind
from landschap.purposes.persons.store import Consent, Statement, consents_of, say
from landschap.purposes.rights import Right
from landschap.purposes.snapshot import Snapshot

_RIGHTS = {Kind.OBJECTION: Right.OBJECTION, Kind.RESTRICTION: Right.RESTRICTION}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rooms:
    """The pools of the rooms whose functions are called."""

    gateway: asyncpg.Pool
    purposes: asyncpg.Pool
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Whose:
    """The person of a statement: the pseudonym under our first key, and what the officer sees.

    ``author`` is the person, or who wrote down at the desk what the person said.
    """

    subject: bytes
    key_id: int
    sealed: bytes
    author: str = BY_PERSON


class Done(NamedTuple):
    """What a statement did, and by which number that is found; about what, in our own words."""

    outcome: str
    receipt: UUID
    label: Text
    groups: tuple[str, ...] = ()
    retention: str = ""


class Heard(NamedTuple):
    """A statement that was brought before: its sum, and what was answered."""

    digest: bytes
    outcome: str
    proof: str


async def obey(rooms: Rooms, snapshot: Snapshot, said: Said, whose: Whose, now: datetime) -> Done:
    """Do what a statement says. Doing it twice does it once."""
    if said.kind is Kind.CONSENT:
        return await _consent(rooms, snapshot, said, whose, now)
    right = _RIGHTS[said.kind]
    known = snapshot.purposes.get(said.about)
    label = known.purpose.label if known else Text(nl=said.about, en=said.about)
    activities = stoppable(snapshot, said.about, right, now)
    if not said.holds:
        taken = await withdraw_request(
            rooms.gateway, rooms.purposes, (whose.subject, whose.author), right, said
        )
        return Done(HOLDS if taken else NOT_HERE, uuid7(), label)
    if not activities:
        return Done(NOT_HERE, uuid7(), label)
    if await _withdrawn_later(rooms.gateway, whose.subject, said):
        return Done(OVERTAKEN, uuid7(), label)
    asked = Asked(
        right=right,
        subject=whose.subject,
        key_id=whose.key_id,
        about=said.about,
        activities=activities,
        at_once=said.at_once,
        via=said.issuer,
        said_at=said.said_at,
        sealed=whose.sealed,
        author=whose.author,
    )
    stopping = stoppable(snapshot, said.about, Right.RESTRICTION, now) if said.at_once else ()
    request = await file_request(rooms.gateway, rooms.purposes, asked, stopping)
    return Done(RECEIVED, request, label)


async def _consent(
    rooms: Rooms, snapshot: Snapshot, said: Said, whose: Whose, now: datetime
) -> Done:
    history = await consents_of(rooms.purposes, [whose.subject])
    choice = next(
        (
            each
            for each in choices_of(snapshot, history, now)
            if is_equal(each.purpose, said.about) and each.receiver == said.receiver
        ),
        None,
    )
    if choice is None:
        return Done(NOT_HERE, uuid7(), Text(nl=said.about, en=said.about))
    about = choice.purpose
    retention = choice.activity.retention if choice.activity else ""
    more = (about.label, choice.groups, retention)
    mine = [each for each in history if each.about == about.uri and each.receiver == said.receiver]
    last = mine[-1] if mine else None
    if last is not None:
        moment = await _said_at(rooms.gateway, last)
        if moment > said.said_at and last.holds != said.holds:
            # Its own receipt: under that of the last it would tell the opposite of it.
            return Done(OVERTAKEN, uuid7(), *more)
        if last.holds == said.holds:
            await _keep_moment(rooms.gateway, last.receipt, max(moment, said.said_at))
            return Done(HOLDS, last.receipt, *more)
    receipt = await say(
        rooms.purposes,
        Statement(
            kind=Kind.CONSENT,
            subject=whose.subject,
            key_id=whose.key_id,
            about=about.uri,
            holds=said.holds,
            author=whose.author,
            receiver=said.receiver,
            reason=f"via {said.issuer}",
        ),
    )
    await _keep_moment(rooms.gateway, receipt.receipt, said.said_at)
    return Done(HOLDS, receipt.receipt, *more)


_TURN_MS = 5000


@asynccontextmanager
async def turn_of(rooms: Rooms, subject: bytes) -> AsyncIterator[None]:
    """One statement of a person at a time, over all processes; waits five seconds at most.

    Few at once, so that those who wait do not hold all connections. Raises
    asyncpg.LockNotAvailableError when somebody holds it too long.
    """
    number = int.from_bytes(subject[:8], "big", signed=True)
    async with rooms.turns, rooms.gateway.acquire() as connection, connection.transaction():
        await connection.execute(f"SET LOCAL lock_timeout = {_TURN_MS}")
        await connection.execute("SELECT pg_advisory_xact_lock($1)", number)
        yield


async def _said_at(pool: asyncpg.Pool, last: Consent) -> datetime:
    """When a choice was said last, here or elsewhere; it may have been said more than once."""
    found: datetime | None = await pool.fetchval(
        "SELECT coalesce((SELECT said_at FROM statement_moment WHERE receipt = $1),"
        " (SELECT max(said_at) FROM statement_heard WHERE receipt = $1))",
        last.receipt,
    )
    return found or last.at


async def _keep_moment(pool: asyncpg.Pool, receipt: UUID, said_at: datetime) -> None:
    """Keep when a choice was said last: the same said again says nothing new, but says it later."""
    await pool.execute(
        "INSERT INTO statement_moment (receipt, said_at) VALUES ($1, $2)"
        " ON CONFLICT (receipt) DO UPDATE SET said_at ="
        " greatest(statement_moment.said_at, excluded.said_at)",
        *(receipt, said_at),
    )


async def _withdrawn_later(pool: asyncpg.Pool, subject: bytes, said: Said) -> bool:
    """Whether the withdrawal of this request was said after it, and brought before it."""
    found: bool = await pool.fetchval(
        "SELECT EXISTS (SELECT FROM statement_heard WHERE subject = $1 AND kind = $2"
        " AND about = $3 AND NOT holds AND said_at > $4)",
        *(subject, said.kind.value, said.about, said.said_at),
    )
    return found


async def heard(pool: asyncpg.Pool, issuer: str, statement: UUID) -> Heard | None:
    """What was answered to this statement before; None when it is new."""
    row = await pool.fetchrow(
        "SELECT digest, outcome, proof FROM statement_heard WHERE issuer = $1 AND statement = $2",
        *(issuer, statement),
    )
    return Heard(row["digest"], row["outcome"], row["proof"]) if row else None


async def keep_heard(
    pool: asyncpg.Pool, said: Said, digest: bytes, whose: Whose, done: Done, proof: str
) -> Heard:
    """Keep what was answered; gives what was answered first when it was brought twice at once."""
    await pool.execute(
        "INSERT INTO statement_heard (issuer, statement, digest, subject, kind, about, receiver,"
        " holds, said_at, outcome, receipt, proof)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING",
        *(said.issuer, said.jti, digest, whose.subject, said.kind.value, said.about),
        *(said.receiver, said.holds, said.said_at, done.outcome),
        *(None if done.outcome in (NOT_HERE, OVERTAKEN) else done.receipt, proof),
    )
    kept = await heard(pool, said.issuer, said.jti)
    assert kept is not None  # noqa: S101 - it was kept just now
    return kept


async def keep_proof(pool: asyncpg.Pool, receipt: UUID, proof: str) -> str:
    """Keep a receipt by its number; the first one stays. Gives the one that is kept."""
    await pool.execute(
        "INSERT INTO statement_proof (receipt, proof) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        *(receipt, proof),
    )
    return await proof_of(pool, receipt) or proof


async def proof_of(pool: asyncpg.Pool, receipt: UUID) -> str | None:
    """The receipt with this number; None when we gave none."""
    found: str | None = await pool.fetchval(
        "SELECT proof FROM statement_proof WHERE receipt = $1", receipt
    )
    return found
