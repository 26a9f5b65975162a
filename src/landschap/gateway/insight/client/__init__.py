# SPDX-License-Identifier: EUPL-1.2
"""Asking all other organisations at once, within a time: who does not answer is named.

Asked is every organisation with which we have a contract in force for its `logboek-inzage`, through
our own Outway, as one of its applications. What comes back is shown and not kept.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

import aiohttp
import asyncpg
import structlog

from landschap.fsc.connections import ConnectionGrant
from landschap.fsc.own import OwnPeer
from landschap.fsc.store import KnownGrants
from landschap.gateway.insight import assertion as assertions
from landschap.gateway.insight.assertion import LIFETIME, Assertion
from landschap.gateway.insight.question import PATH, SERVICE, Question, write_question
from landschap.gateway.insight.told import MAX_BYTES, Answer, read_answer
from landschap.gateway.uses.line import Lookups, Party
from landschap.logboek.payloads import Mandated, Outcome
from landschap.platform.ids import new_span_id, uuid7
from landschap.purposes.bound import Bound, read_bound
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.tracing import TraceContext

log = structlog.get_logger(__name__)

MOST_ASKED = 200
_PIECE = 65_536
_AWAY = (aiohttp.ClientError, OSError, TimeoutError, asyncpg.PostgresError)


class Ended(StrEnum):
    """How asking one organisation ended."""

    ANSWERED = "answered"
    REFUSED = "refused"
    SILENT = "silent"  # no answer within the time, or nothing that can be read


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Whose uses are asked for, and how the one who asks logged in."""

    bsn: str = field(repr=False)
    level: str
    authenticated_at: datetime
    mandate: Mandated | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked of each: uses in ``[since, until)`` before one, or one use."""

    since: datetime
    until: datetime
    before: UUID | None = None
    one: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What came of one organisation. ``answer`` is None unless it answered."""

    peer: Party
    ended: Ended
    answer: Answer | None
    span_id: bytes
    grant_hash: str
    purpose: str
    transaction_id: UUID | None
    started_at: datetime
    ended_at: datetime
    exception_type: str = ""

    @property
    def outcome(self) -> Outcome:
        """The outcome of the question, for our line of it."""
        if self.ended is Ended.ANSWERED:
            found = self.answer is not None and self.answer.uses
            return Outcome.DELIVERED if found else Outcome.NOTHING_FOUND
        return Outcome.REFUSED if self.ended is Ended.REFUSED else Outcome.FAILED


@dataclass(frozen=True, slots=True, kw_only=True)
class Insight:
    """Our voice to the others.

    ``outway`` is the address of our Outway, ``key`` gives our application's key there, ``own`` who
    we are at this moment. ``grants`` remembers contracts between questions.
    """

    pool: asyncpg.Pool
    session: aiohttp.ClientSession
    outway: str
    own: Callable[[], OwnPeer]
    key: Callable[[], str]
    grants: KnownGrants = field(default_factory=KnownGrants)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def others(self, service: str = SERVICE) -> list[ConnectionGrant]:
        """One contract in force per organisation whose service can be asked, by their numbers.

        Raises what a database raises that does not answer.
        """
        now, me = datetime.now(UTC), self.own().peer_id
        async with self.turn:
            every = await self.grants.read(self.pool, now)
        found: dict[str, ConnectionGrant] = {}
        for each in every:
            fits = each.service_name == service and each.outway_peer_id == me
            if not fits or each.delegator_peer_id is not None or not each.valid_at(now):
                continue
            known = found.get(each.service_peer_id.value)
            if known is None or known.not_after < each.not_after:
                found[each.service_peer_id.value] = each
        return [found[number] for number in sorted(found) if number != me.value][:MOST_ASKED]

    async def ask(
        self,
        grants: Sequence[ConnectionGrant],
        person: Person,
        wanted: Wanted,
        trace: TraceContext,
        lookups: Lookups,
        seconds: float,
    ) -> list[Heard]:
        """Ask these at once; returns when all have answered, or after so many seconds.

        Never raises for an organisation. A question that is still under way then is let go.
        """
        asked = [_One(self, each, lookups) for each in grants]
        tasks = [asyncio.create_task(each.heard(person, wanted, trace)) for each in asked]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        return [
            each.late() if task.cancelled() else task.result()
            for each, task in zip(asked, tasks, strict=True)
        ]


class _One:
    """One question to one organisation."""

    def __init__(self, insight: Insight, grant: ConnectionGrant, lookups: Lookups) -> None:
        self._insight = insight
        self._grant = grant
        self._lookups = lookups
        self._peer = lookups.party(grant.service_peer_id.value)
        self._span = new_span_id()
        self._started_at = datetime.now(UTC)
        self._transaction: UUID | None = None
        bound = read_bound(grant.properties)
        self._bound = bound if isinstance(bound, Bound) else None

    async def heard(self, person: Person, wanted: Wanted, trace: TraceContext) -> Heard:
        """What it answers. Raises nothing but CancelledError."""
        try:
            # A key that is kept elsewhere may take its time to sign.
            body = await asyncio.to_thread(self._body, person, wanted)
            status, told = await self._asked(body, trace.child(self._span))
        except _AWAY as error:
            return self._ended(Ended.SILENT, why=type(error).__name__)
        if status != 200:
            code = code_in(told)
            log.info("no uses from another", peer=self._peer.number, status=status, code=code)
            ended = Ended.REFUSED if 400 <= status < 500 else Ended.SILENT
            return self._ended(ended, why=code or f"HTTP {status}")
        try:
            answer = read_answer(told, self._peer, self._lookups)
        except InvalidValue as error:
            log.warning("unreadable uses of another", peer=self._peer.number, why=str(error))
            return self._ended(Ended.SILENT, why="InvalidValue")
        return self._ended(Ended.ANSWERED, answer=answer)

    def late(self) -> Heard:
        """It was not back in time."""
        return self._ended(Ended.SILENT, why="TimeoutError")

    def _ended(self, ended: Ended, *, answer: Answer | None = None, why: str = "") -> Heard:
        bound = self._bound
        return Heard(
            peer=self._peer,
            ended=ended,
            answer=answer,
            span_id=self._span,
            grant_hash=self._grant.grant_hash.value,
            purpose=bound.purposes[0] if bound else "",
            transaction_id=self._transaction,
            started_at=self._started_at,
            ended_at=datetime.now(UTC),
            exception_type=why,
        )

    def _body(self, person: Person, wanted: Wanted) -> bytes:
        own, now = self._insight.own(), datetime.now(UTC).replace(microsecond=0)
        said = Assertion(
            issuer=own.peer_id.value,
            audience=self._peer.number,
            subject=person.bsn,
            level=person.level,
            authenticated_at=person.authenticated_at,
            issued_at=now,
            expires_at=now + LIFETIME,
            jti=uuid7(),
            mandate=person.mandate,
        )
        question = Question(
            bsn=person.bsn,
            assertion=assertions.sign(said, own),
            since=wanted.since,
            until=wanted.until,
            before=wanted.before,
            one=wanted.one,
        )
        return write_question(question)

    async def _asked(self, body: bytes, trace: TraceContext) -> tuple[int, bytes]:
        headers = {
            "Content-Type": "application/json",
            "Fsc-Grant-Hash": self._grant.grant_hash.value,
            "X-Api-Key": self._insight.key(),
            "traceparent": trace.header(),
        }
        bound = self._bound
        if bound:
            headers["Doelbinding"] = bound.purposes[0]
        if bound and len(bound.actions) > 1:
            headers["Handeling"] = bound.actions[0]
        async with self._insight.session.post(
            f"{self._insight.outway}{PATH}", data=body, headers=headers, allow_redirects=False
        ) as answer:
            self._transaction = transaction_in(answer.headers)
            told = bytearray()
            while piece := await answer.content.read(_PIECE):
                told += piece
                if len(told) > MAX_BYTES:
                    raise aiohttp.ClientPayloadError("the answer is too large")
            return answer.status, bytes(told)


def transaction_in(headers: Mapping[str, str]) -> UUID | None:
    """The transaction our Outway named; None when it named none."""
    try:
        return UUID(headers.get("Fsc-Transaction-Id", ""))
    except ValueError:
        return None


def code_in(body: bytes) -> str:
    """The code of a refusal; nothing else of it is kept."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    code = told.get("code", "") if isinstance(told, dict) else ""
    return code[:100] if isinstance(code, str) and code.isascii() else ""
