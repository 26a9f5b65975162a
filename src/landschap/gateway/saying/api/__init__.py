# SPDX-License-Identifier: EUPL-1.2
"""The service `zeggenschap`: what a person says in another portal about the use of their data here.

    POST /zeggenschap/v1/stand       what there is to say here, and how it stands
    PUT  /zeggenschap/v1/uitingen    a statement: consent, withdrawal, objection, restriction
    GET  /zeggenschap/v1/openapi.json

In this order: open the Permit of our Inway, read, hold what was signed against the peer, us and the
clock, compute our own pseudonym, write the line of the person, do what was said, answer with a
signed receipt. An attempt that is refused becomes a line as well. The same statement twice gives
the same receipt.
Source: AVG art. 7 lid 3, art. 18, art. 21; house decision: what a person says travels.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import asyncpg
import msgspec
import structlog
from litestar import Request, Response, post, put
from litestar.types import ControllerRouterHandler

from landschap.fsc.certificates import PeerCertificate
from landschap.fsc.own import OwnPeer
from landschap.gateway.insight import assertion as assertions
from landschap.gateway.insight.assertion import Assertion
from landschap.gateway.saying import question as forms
from landschap.gateway.saying import statement as statements
from landschap.gateway.saying.describing import document_of
from landschap.gateway.saying.proof import Controller, Written, make
from landschap.gateway.saying.question import FIELD, NUMBER, SERVICE, STANDING_PATH, STATEMENT_PATH
from landschap.gateway.saying.statement import AnyUttered, Said
from landschap.gateway.saying.store import (
    Heard,
    Rooms,
    Whose,
    heard,
    keep_heard,
    keep_proof,
    obey,
    turn_of,
)
from landschap.gateway.saying.store.requests import BY_PERSON
from landschap.gateway.saying.store.sealing import Person, seal_person
from landschap.gateway.saying.store.standing import standing_of
from landschap.logboek.faults import InvalidRecord, LogUnavailable, QueueFull, Replayed
from landschap.logboek.ingest import Keys
from landschap.logboek.lines import UNRECORDABLE, Processing, lines_of
from landschap.logboek.payloads import Outcome
from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.logboek.store import LogWriter
from landschap.platform.ids import new_span_id
from landschap.platform.oidc import LEVELS
from landschap.platform.pseudonym_keys import STATEMENTS
from landschap.platform.telemetry import security_event
from landschap.platform.web.sealed import NONCE_BYTES
from landschap.purposes.api import permit_of
from landschap.purposes.model import FieldSet
from landschap.purposes.permit import Permit
from landschap.purposes.second_look import unmet
from landschap.purposes.snapshot import Snapshot
from landschap.registers.api.documents import document_routes
from landschap.registers.describing import About
from landschap.registers.refusals import closed_fields
from landschap.vocabulary.desk import SOURCE, author_at_desk
from landschap.vocabulary.identifiers import Oin
from landschap.vocabulary.problems import Fault, ProblemError, Refusal, granted
from landschap.vocabulary.tracing import parse_traceparent

AnyRequest = Request[Any, Any, Any]
Certificate = Callable[[str, str, datetime], Awaitable[PeerCertificate | None]]
LOOKED = "Inwoner bekijkt in een ander portaal wat hij koos"
SAID = "Inwoner zegt in een ander portaal iets over het gebruik"
AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SayingDeps:
    """What the service needs; ``by`` is who the receipts are of, ``own`` with what it signs.

    ``minimum_level`` is the lowest level of a login in the other portal.
    """

    rooms: Rooms
    log: LogWriter
    keys: Keys
    person_key: bytes
    certificate: Certificate
    own: Callable[[], OwnPeer]
    by: Controller
    about: About
    snapshot: Callable[[], Awaitable[Snapshot]]
    minimum_level: str
    permit_key: bytes = field(repr=False)
    seal_keys: Callable[[], Sequence[bytes]] = field(repr=False)
    permit_keys: Callable[[], Sequence[bytes]] | None = None
    field_sets: Callable[[], Mapping[str, FieldSet]] = dict
    version: str = ""


def routes(deps: SayingDeps) -> list[ControllerRouterHandler]:
    """The routes of the service."""

    @post(STANDING_PATH, status_code=200, opt={"query": ("fields",)})
    async def standing(request: AnyRequest) -> Response[bytes]:
        return answer(await Case(deps, request).standing())

    @put(STATEMENT_PATH, status_code=200, opt={"query": ("fields",)})
    async def statement(request: AnyRequest) -> Response[bytes]:
        return answer(await Case(deps, request).taken())

    return [standing, statement, *document_routes(SERVICE, document_of(deps.about))]


def answer(form: msgspec.Struct) -> Response[bytes]:
    """The answer in JSON, which nobody keeps."""
    return Response(
        forms.write(form), media_type="application/json", headers={"Cache-Control": "no-store"}
    )


class Case:
    """One question or statement, from the Permit to the answer."""

    def __init__(self, deps: SayingDeps, request: AnyRequest) -> None:
        self._deps = deps
        self._request = request
        self._now = datetime.now(UTC)
        self._permit: Permit

    async def standing(self) -> forms.Standing:
        """How it stands for the person who asks. Raises ProblemError."""
        deps = self._deps
        await self._open()
        question = granted(forms.read(await self._request.body(), forms.Question))
        bsn = question.burgerservicenummer
        found = await self._assertion(question)
        if isinstance(found, Refusal):
            await self._refuse(found, bsn)
        assert isinstance(found, Assertion)  # noqa: S101 - the other case raised
        try:
            told = await standing_of(
                deps.rooms, await deps.snapshot(), self._stated(bsn), self._now
            )
        except AWAY as error:
            raise unavailable(error) from None
        await self._write(LOOKED, Outcome.DELIVERED, bsn, found)
        return told

    async def taken(self) -> forms.Receipt:
        """Do what was said; the receipt. Raises ProblemError."""
        await self._open()
        brought = granted(forms.read(await self._request.body(), forms.Brought))
        unverified = granted(statements.read(brought.uiting))
        bsn = unverified.said.subject
        said = await self._verified(unverified)
        if isinstance(said, Refusal):
            await self._refuse(said, bsn)
        assert isinstance(said, Said)  # noqa: S101 - the other case raised
        try:
            kept = await heard(self._deps.rooms.gateway, said.issuer, said.jti)
            if kept is None or kept.digest == unverified.digest:
                # The line comes first: what can not be recorded is not done.
                await self._write(SAID, Outcome.DELIVERED, bsn, None)
            kept = kept or await self._do(said, unverified.digest)
        except AWAY as error:
            raise unavailable(error) from None
        if kept.digest != unverified.digest:
            refusal = statements.refuse("changed", "another one was brought with its number before")
            await self._refuse(refusal, bsn)
        return forms.Receipt(stand=kept.outcome, bewijs=kept.proof)

    async def _open(self) -> None:
        self._permit = permit_of(self._request, self._deps, SERVICE, self._now)
        missing = {FIELD} - set(self._permit.fields) | {NUMBER} - set(self._permit.searchable)
        lacks = closed_fields(missing, ".") if missing else None
        # What stands against the use of a person does not keep that person from being heard.
        refusal = unmet(self._permit, obeys=False, looks_up=True) or lacks
        if refusal is not None:
            raise ProblemError(refusal)

    async def _assertion(self, question: forms.Question) -> Assertion | Refusal:
        unverified = assertions.read(question.verklaring, forms.ASSERTION)
        if isinstance(unverified, Refusal):
            return unverified
        certificate = await self._certificate(unverified.thumbprint)
        if certificate is None:
            return assertions.refuse("invalid", "the key it was signed with is not of the asker")
        found = assertions.verify(
            unverified,
            certificate.key,
            peer=self._permit.peer,
            own=self._deps.by.number,
            subject=question.burgerservicenummer,
            now=self._now,
        )
        if isinstance(found, Refusal):
            return found
        # At a desk the person chooses, and an employee there writes it down.
        if found.mandate is not None and found.mandate.source != SOURCE:
            return assertions.refuse("invalid", "nobody chooses in the name of another")
        if not self._is_sure(found.level):
            return assertions.refuse("level", f"the login is below {self._deps.minimum_level}")
        return found

    async def _verified(
        self, unverified: statements.Unverified[AnyUttered]
    ) -> AnyUttered | Refusal:
        certificate = await self._certificate(unverified.thumbprint)
        if certificate is None:
            return statements.refuse("invalid", "the key it was signed with is not of the asker")
        said = statements.verify(
            unverified,
            certificate.key,
            peer=self._permit.peer,
            own=self._deps.by.number,
            now=self._now,
        )
        if not isinstance(said, Refusal) and not self._is_sure(said.level):
            return statements.refuse("level", f"the login is below {self._deps.minimum_level}")
        return said

    async def _certificate(self, thumbprint: str) -> PeerCertificate | None:
        return await self._deps.certificate(self._permit.peer, thumbprint, self._now)

    def _is_sure(self, level: str) -> bool:
        return LEVELS.get(level, 0) >= LEVELS[self._deps.minimum_level]

    async def _do(self, said: Said, digest: bytes) -> Heard:
        deps = self._deps
        person = Person(bsn=said.subject, name="", reason=said.reason)
        sealed = seal_person(person, deps.seal_keys()[0], os.urandom(NONCE_BYTES))
        whose = Whose(
            subject=self._stated(said.subject),
            key_id=STATEMENTS,
            sealed=sealed,
            author=author_at_desk(said.issuer) if said.at_desk else BY_PERSON,
        )
        async with turn_of(deps.rooms, whose.subject):
            # Brought twice at once, the second finds here what the first did.
            if before := await heard(deps.rooms.gateway, said.issuer, said.jti):
                return before
            done = await obey(deps.rooms, await deps.snapshot(), said, whose, self._now)
            written = Written(
                receipt=done.receipt,
                subject=whose.subject,
                kind=said.kind,
                about=said.about,
                label=done.label,
                receiver=said.receiver,
                groups=done.groups,
                retention=done.retention,
                holds=said.holds,
                said_at=said.said_at,
                written_at=self._now,
                outcome=done.outcome,
                at_desk=said.at_desk,
            )
            # A key that is kept elsewhere may take its time to sign.
            proof = await asyncio.to_thread(make, written, deps.by, deps.own())
            proof = await keep_proof(deps.rooms.gateway, done.receipt, proof)
            return await keep_heard(deps.rooms.gateway, said, digest, whose, done, proof)

    def _stated(self, bsn: str) -> bytes:
        """What stands for a person among statements."""
        controller = Oin.parse(self._deps.keys.controller)
        return subject_pseudonym(self._deps.person_key, controller, "bsn", bsn)

    async def _refuse(self, refusal: Refusal, bsn: str) -> None:
        """Record the attempt and raise."""
        security_event(
            door=SERVICE,
            peer=self._permit.peer,
            code=refusal.code,
            reason=refusal.detail,
            transaction_id=str(self._permit.transaction_id),
        )
        await self._write("", Outcome.REFUSED, bsn, None)
        raise ProblemError(refusal)

    async def _write(self, name: str, outcome: Outcome, bsn: str, found: Assertion | None) -> None:
        """The line of the person. Raises ProblemError: without it nothing is told or done."""
        try:
            await self._record(name or LOOKED, outcome, [self._in_lines(bsn)], found)
        except Replayed:
            refusal = assertions.refuse("replayed", "it was used before, for another question")
            await self._refuse(refusal, bsn)

    def _in_lines(self, bsn: str) -> tuple[int, bytes]:
        """What stands for a person in lines of now, and the number of its key."""
        key_id, key = self._deps.keys.newest()
        return key_id, subject_pseudonym(key, Oin.parse(self._deps.keys.controller), "bsn", bsn)

    async def _record(
        self,
        name: str,
        outcome: Outcome,
        subjects: Iterable[tuple[int, bytes]],
        found: Assertion | None = None,
    ) -> None:
        """A line of each of these persons; with ``found`` it is one, that uses that up.

        Raises ProblemError, and Replayed when ``found`` was used before.
        """
        drafts, used = [], None
        try:
            for key_id, subject in subjects:
                span = new_span_id()
                used = found.used(span) if found else None
                processing = self._processing(name, outcome, key_id)
                drafts += lines_of(processing, [subject], iter([span]))
            await self._deps.log.append(drafts, used=used)
        except InvalidRecord as error:
            log.warning("line of a statement can not be made", error=str(error))
            raise ProblemError(UNRECORDABLE) from None
        except (LogUnavailable, QueueFull) as error:
            log.warning("statement of another portal not recorded", error=str(error))
            raise ProblemError(LogUnavailable("It can not be recorded now.").refusal) from None

    def _processing(self, name: str, outcome: Outcome, key_id: int) -> Processing:
        deps, permit = self._deps, self._permit
        trace = parse_traceparent(self._request.headers.get("traceparent", ""))
        return Processing(
            permit=permit,
            system=f"landschap-zeggenschap/{deps.version}",
            controller=deps.keys.controller,
            name=name,
            trace_id=trace.trace_id if trace else permit.transaction_id.bytes,
            parent=trace.span_id if trace else None,
            started_at=self._now,
            ended_at=datetime.now(UTC),
            outcome=outcome,
            data_groups=(FIELD,),
            key_id=key_id,
            subject_type=f"{deps.keys.space}/bsn/{key_id}",
        )


def unavailable(error: Exception) -> ProblemError:
    """What is told when a database does not answer."""
    log.warning("what was said can not be read or kept", error=type(error).__name__)
    return ProblemError(
        Refusal(
            code="statement_unavailable",
            status=503,
            title="What persons said can not be read or kept now",
            detail="Nothing was changed. Ask again in a few minutes.",
            owner="the operators of this organisation",
            fault=Fault.OURS,
        )
    )
