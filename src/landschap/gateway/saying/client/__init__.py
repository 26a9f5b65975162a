# SPDX-License-Identifier: EUPL-1.2
"""Our voice to the `zeggenschap` of others: asking how it stands, and bringing what was said.

Through our own Outway, as one of its applications, as `insight.client` does. Who does not answer is
named; what could not be brought is brought again by the worker. Each question and each attempt is
a line in our own log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from uuid import UUID

import aiohttp
import asyncpg
import msgspec
import structlog

from landschap.fsc import jws
from landschap.fsc.certificates import PeerCertificate
from landschap.fsc.connections import ConnectionGrant
from landschap.gateway.insight import assertion as assertions
from landschap.gateway.insight.assertion import LIFETIME, Assertion
from landschap.gateway.insight.client import Insight, Person, code_in, transaction_in
from landschap.gateway.saying import question as forms
from landschap.gateway.saying.proof import show
from landschap.gateway.saying.question import (
    ASK,
    ASSERTION,
    FIELD,
    OUTCOMES,
    SAY,
    SERVICE,
    STANDING_PATH,
    STATEMENT_PATH,
    Standing,
)
from landschap.gateway.saying.store.sealing import unseal_statement
from landschap.gateway.saying.store.sent import REFUSED, Sent, keep_places, put_off, settle
from landschap.logboek.drafts import line_draft
from landschap.logboek.faults import LogUnavailable, QueueFull
from landschap.logboek.payloads import LineEntry, Outcome
from landschap.logboek.store import LogWriter
from landschap.platform.ids import new_span_id, uuid7
from landschap.purposes.bound import Bound, read_bound
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.tracing import TraceContext

Certificate = Callable[[str, str, datetime], Awaitable[PeerCertificate | None]]
log = structlog.get_logger(__name__)

ASKED = "Inwoner vraagt een andere organisatie wat hij koos"
BROUGHT = "Inwoner zegt een andere organisatie iets over het gebruik"
# As a line tells it of an answer that did not come: the kind of the exception.
_LATE = "TimeoutError"
_PIECE = 65_536
AWAY = (aiohttp.ClientError, OSError, TimeoutError, asyncpg.PostgresError)
FINAL = frozenset(
    {
        "statement_unreadable",
        "statement_audience",
        "statement_expired",
        "statement_level",
        "statement_changed",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How it stands at one organisation; ``standing`` is None when it did not tell."""

    peer: str
    standing: Standing | None
    code: str = ""


class Reply(msgspec.Struct, frozen=True):
    """What came back."""

    status: int
    body: bytes
    transaction_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """What is needed to speak to others. ``insight`` knows contracts, the key and who we are.

    ``activity`` covers it in our register; ``subject_type`` and ``controller`` are those of our
    lines. ``seal_keys`` open what is on its way; ``certificate`` is what others sign their
    receipts with.
    """

    insight: Insight
    pool: asyncpg.Pool
    writer: LogWriter
    controller: str
    activity: str
    space: str
    certificate: Certificate
    seal_keys: Callable[[], Sequence[bytes]] = field(repr=False)

    async def others(self) -> list[ConnectionGrant]:
        """Those whose service can be asked. Raises what a database raises that does not answer."""
        return await self.insight.others(SERVICE)

    async def ask(
        self,
        person: Person,
        subject: tuple[int, bytes],
        trace: TraceContext,
        seconds: float,
    ) -> list[Told]:
        """Ask all at once how it stands, within so many seconds. Each question becomes a line."""
        grants = await self.others()
        tasks = [asyncio.create_task(self._ask(each, person, subject, trace)) for each in grants]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        told = []
        for grant, task in zip(grants, tasks, strict=True):
            peer = grant.service_peer_id.value
            if task.cancelled():
                await self.write(grant, ASKED, subject, trace, Outcome.FAILED, why=_LATE)
                told.append(Told(peer=peer, standing=None, code=_LATE))
            else:
                told.append(task.result())
        return told

    async def bring(self, every: Sequence[Sent], seconds: float) -> None:
        """Bring these now, each within so many seconds. What can not be brought stays waiting."""
        grants = {each.service_peer_id.value: each for each in await self.others()}
        await asyncio.gather(*(self._bring(each, grants.get(each.peer), seconds) for each in every))

    async def _ask(
        self,
        grant: ConnectionGrant,
        person: Person,
        subject: tuple[int, bytes],
        trace: TraceContext,
    ) -> Told:
        peer = grant.service_peer_id.value
        span = trace.child(new_span_id())
        standing, code, answer = None, "", None
        try:
            body = await asyncio.to_thread(self._question, peer, person)
            answer = await self.send("POST", STANDING_PATH, grant, ASK, body, span)
            code = refused(answer)
            if not code:
                standing = forms.read_answer(answer.body, Standing)
                await keep_places(self.pool, peer, standing)
        except InvalidValue as error:
            log.warning("unreadable standing of another", peer=peer, why=str(error))
            code = "InvalidValue"
        except AWAY as error:
            code = type(error).__name__
        outcome = Outcome.DELIVERED if standing is not None else outcome_of(answer)
        await self.write(grant, ASKED, subject, span, outcome, why=code, answer=answer)
        return Told(peer=peer, standing=standing, code=code)

    async def _bring(self, sent: Sent, grant: ConnectionGrant | None, seconds: float) -> None:
        now = datetime.now(UTC)
        if grant is None:
            await put_off(self.pool, sent, "no_contract", now)
            return
        keys = self.seal_keys()
        compact = unseal_statement(sent.sealed, sent.peer, keys) if sent.sealed else None
        if compact is None:
            await settle(self.pool, sent, REFUSED, "unsealable", "")
            return
        trace = TraceContext(trace_id=sent.trace_id, span_id=new_span_id(), flags=1)
        answer, code = None, ""
        try:
            async with asyncio.timeout(seconds):
                body = forms.write(forms.Brought(uiting=compact))
                answer = await self.send("PUT", STATEMENT_PATH, grant, SAY, body, trace)
            code = refused(answer)
        except AWAY as error:
            code = type(error).__name__
        await self._came_of(sent, answer, code, now)
        outcome = Outcome.DELIVERED if not code else outcome_of(answer)
        subject = (sent.key_id, sent.subject)
        await self.write(grant, BROUGHT, subject, trace, outcome, why=code, answer=answer)

    async def _came_of(self, sent: Sent, answer: Reply | None, code: str, now: datetime) -> None:
        if code or answer is None:
            # Only the service itself says that a statement is no good; a door may be set right.
            if answer is not None and answer.status < 500 and code in FINAL:
                await settle(self.pool, sent, REFUSED, code, "")
            else:
                await put_off(self.pool, sent, code, now)
            return
        receipt = receipt_of(sent, answer.body)
        if receipt is None or not await self._is_signed(sent.peer, receipt.bewijs, now):
            await put_off(self.pool, sent, "receipt_invalid", now)
            return
        await settle(self.pool, sent, receipt.stand, "", receipt.bewijs)

    async def _is_signed(self, peer: str, proof: str, now: datetime) -> bool:
        """Whether the organisation itself signed its receipt: nothing else is a proof."""
        read = jws.parse(proof)
        try:
            known = await self.certificate(peer, read.thumbprint, now)
        except (*AWAY, InvalidValue) as error:
            log.warning("certificate of a receipt not found", peer=peer, error=type(error).__name__)
            return False
        return known is not None and jws.verifies(read, known.key)

    def _question(self, peer: str, person: Person) -> bytes:
        own, now = self.insight.own(), datetime.now(UTC).replace(microsecond=0)
        said = Assertion(
            issuer=own.peer_id.value,
            audience=peer,
            subject=person.bsn,
            level=person.level,
            authenticated_at=person.authenticated_at,
            issued_at=now,
            expires_at=now + LIFETIME,
            jti=uuid7(),
        )
        signed = assertions.sign(said, own, ASSERTION)
        return forms.write(forms.Question(burgerservicenummer=person.bsn, verklaring=signed))

    async def send(
        self,
        method: str,
        path: str,
        grant: ConnectionGrant,
        action: str,
        body: bytes,
        trace: TraceContext,
    ) -> Reply:
        """Send it through our Outway. Raises one of `AWAY` when nothing comes back."""
        bound = read_bound(grant.properties)
        headers = {
            "Content-Type": "application/json",
            "Fsc-Grant-Hash": grant.grant_hash.value,
            "X-Api-Key": self.insight.key(),
            "traceparent": trace.header(),
        }
        if isinstance(bound, Bound):
            headers["Doelbinding"] = bound.purposes[0]
        # A statement is no reading, which is what a question is when nothing is said of it.
        headers["Handeling"] = action
        address = f"{self.insight.outway}{path}"
        async with self.insight.session.request(
            method, address, data=body, headers=headers, allow_redirects=False
        ) as answer:
            told = bytearray()
            while piece := await answer.content.read(_PIECE):
                told += piece
                if len(told) > forms.MAX_ANSWER_BYTES:
                    raise aiohttp.ClientPayloadError("the answer is too large")
            return Reply(answer.status, bytes(told), transaction_in(answer.headers))

    async def write(
        self,
        grant: ConnectionGrant,
        name: str,
        subject: tuple[int, bytes],
        trace: TraceContext,
        outcome: Outcome,
        *,
        why: str = "",
        answer: Reply | None = None,
    ) -> None:
        """Our own line of it. A log that is full loses no statement: it was brought already."""
        bound = read_bound(grant.properties)
        now = datetime.now(UTC)
        failed = outcome in {Outcome.FAILED, Outcome.REFUSED}
        entry = LineEntry(
            trace_id=trace.trace_id,
            span_id=trace.span_id,
            name=name,
            started_at=now,
            ended_at=now,
            controller=self.controller,
            outcome=outcome,
            system=f"landschap-portal/{version('landschap')}",
            activity=self.activity,
            subject=subject[1],
            subject_type=f"{self.space}/bsn/{subject[0]}",
            key_id=subject[0],
            data_groups=(FIELD,),
            direction="outgoing",
            peer=grant.service_peer_id.value,
            grant_hash=grant.grant_hash.value,
            transaction_id=answer.transaction_id if answer else None,
            purpose=bound.purposes[0] if isinstance(bound, Bound) else None,
            exception_type=why[:100] or None if failed else None,
        )
        try:
            await self.writer.append([line_draft(entry, now=now)])
        except (LogUnavailable, QueueFull) as error:
            log.warning("question to another not recorded", error=str(error))


def receipt_of(sent: Sent, body: bytes) -> forms.Receipt | None:
    """The receipt in an answer; None for one by somebody else, or of another statement."""
    try:
        receipt = forms.read_answer(body, forms.Receipt)
    except InvalidValue:
        return None
    shown = show(receipt.bewijs)
    if shown is None or shown.issuer != sent.peer or receipt.stand not in OUTCOMES:
        return None
    return receipt if shown.is_of(sent.kind, sent.receiver, holds=sent.holds) else None


def refused(answer: Reply) -> str:
    """The code of a refusal; empty when there is none."""
    if answer.status == 200:
        return ""
    return code_in(answer.body) or f"HTTP {answer.status}"


def outcome_of(answer: Reply | None) -> Outcome:
    """The outcome of what did not succeed."""
    is_refused = answer is not None and 400 <= answer.status < 500
    return Outcome.REFUSED if is_refused else Outcome.FAILED
