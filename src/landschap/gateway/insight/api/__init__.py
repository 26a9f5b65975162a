# SPDX-License-Identifier: EUPL-1.2
"""The service `logboek-inzage`: a person asks here, through another portal, who used their data.

POST /logboek-inzage/v1/gebruik
GET  /logboek-inzage/v1/openapi.json   what it looks like; also as YAML

In this order: open the Permit of our Inway, read the question, hold the assertion against the peer,
us, the person asked for and the clock, compute our own pseudonym, read what may be told, write the
line of the person, and only then answer. Also an attempt that is refused becomes a line.
Source: AVG art. 15; Logboek Dataverwerkingen, "Inzage"; house decision: uses from other
organisations.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import structlog
from litestar import Request, Response, post
from litestar.types import ControllerRouterHandler

from landschap.fsc.certificates import PeerCertificate
from landschap.gateway.insight import assertion as assertions
from landschap.gateway.insight.assertion import Assertion
from landschap.gateway.insight.describing import document_of
from landschap.gateway.insight.question import FIELD, NUMBER, PATH, SERVICE, Question, read_question
from landschap.gateway.insight.store import LOG, Book
from landschap.gateway.insight.told import Answer, write_answer
from landschap.logboek.faults import InvalidRecord, LogUnavailable, QueueFull, Replayed
from landschap.logboek.ingest import Keys
from landschap.logboek.lines import UNRECORDABLE, Processing, lines_of
from landschap.logboek.payloads import Mandated, Outcome
from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.logboek.readers import pseudonyms_of
from landschap.logboek.store import LogWriter
from landschap.platform.http import json_response
from landschap.platform.ids import new_span_id
from landschap.platform.oidc import LEVELS
from landschap.platform.telemetry import security_event
from landschap.purposes.api import permit_of
from landschap.purposes.model import FieldSet
from landschap.purposes.permit import Permit
from landschap.purposes.second_look import unmet
from landschap.registers.api.documents import document_routes
from landschap.registers.describing import About
from landschap.registers.refusals import closed_fields
from landschap.vocabulary.identifiers import Oin
from landschap.vocabulary.problems import Fault, ProblemError, Refusal, granted
from landschap.vocabulary.tracing import parse_traceparent

AnyRequest = Request[Any, Any, Any]
Certificate = Callable[[str, str, datetime], Awaitable[PeerCertificate | None]]
"""A peer's certificate by Peer ID and thumbprint, when it leads to a trust anchor now."""

LOOK_NAME = "Inwoner bekijkt wie gegevens gebruikte"
MANDATED_NAME = "Gemachtigde bekijkt wie gegevens gebruikte"
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class InsightDeps:
    """What the service needs; ``about`` is what its document says of us.

    ``minimum_level`` is the lowest level of a login; ``mandate_services`` are the names under which
    a mandate may be for this service.
    """

    book: Book
    log: LogWriter
    keys: Keys
    certificate: Certificate
    about: About
    minimum_level: str
    mandate_services: tuple[str, ...]
    permit_key: bytes = field(repr=False)
    permit_keys: Callable[[], Sequence[bytes]] | None = None
    field_sets: Callable[[], Mapping[str, FieldSet]] = dict
    version: str = ""


def routes(deps: InsightDeps) -> list[ControllerRouterHandler]:
    """The routes of the service."""

    @post(PATH, status_code=200, opt={"query": ("fields",)})
    async def asked(request: AnyRequest) -> Response[bytes]:
        return await _Case(deps, request).answered()

    return [asked, *document_routes(SERVICE, document_of(deps.about))]


class _Case:
    """One question, from the Permit to the line."""

    def __init__(self, deps: InsightDeps, request: AnyRequest) -> None:
        self._deps = deps
        self._request = request
        self._now = datetime.now(UTC)
        self._permit: Permit
        self._question: Question

    async def answered(self) -> Response[bytes]:
        """The answer. Raises ProblemError."""
        deps = self._deps
        self._permit = permit_of(self._request, deps, SERVICE, self._now)
        refusal = unmet(self._permit, obeys=False) or _lacks_field(self._permit)
        if refusal is not None:
            raise ProblemError(refusal)
        self._question = granted(read_question(await self._request.body()))
        found = await self._assertion()
        if isinstance(found, Refusal):
            await self._refuse(found, None)
        assert isinstance(found, Assertion)  # noqa: S101 - the other case raised
        refused = self._not_allowed(found)
        if refused is not None:
            await self._refuse(refused, found)
        answer = await self._read()
        outcome = Outcome.DELIVERED if answer.uses else Outcome.NOTHING_FOUND
        await self._write(outcome, found)
        return json_response(write_answer(answer), headers={"Cache-Control": "no-store"})

    async def _assertion(self) -> Assertion | Refusal:
        unverified = assertions.read(self._question.assertion)
        if isinstance(unverified, Refusal):
            return unverified
        peer, now = self._permit.peer, self._now
        certificate = await self._deps.certificate(peer, unverified.thumbprint, now)
        if certificate is None:
            return assertions.refuse("invalid", "the key it was signed with is not of the asker")
        return assertions.verify(
            unverified,
            certificate.key,
            peer=peer,
            own=self._deps.book.own.value,
            subject=self._question.bsn,
            now=now,
        )

    def _not_allowed(self, found: Assertion) -> Refusal | None:
        if LEVELS.get(found.level, 0) < LEVELS[self._deps.minimum_level]:
            return assertions.refuse("level", f"the login is below {self._deps.minimum_level}")
        mandate = found.mandate
        if mandate is not None and not covers(mandate, self._deps.mandate_services, self._now):
            return mandate_lacks()
        return None

    async def _read(self) -> Answer:
        """Raises ProblemError when the log or the register does not answer."""
        question, permit = self._question, self._permit
        subjects = pseudonyms_of(self._deps.keys, "bsn", question.bsn)
        # What is answered here is a look of the person too, under this very activity.
        book = replace(self._deps.book, looks=frozenset((permit.activity,)))
        if question.one is not None:
            answer = await book.one(subjects, question.one)
        else:
            answer = await book.uses(subjects, (question.since, question.until), question.before)
        if LOG in answer.missing:
            raise ProblemError(LogUnavailable("The log can not be read now.").refusal)
        return answer

    async def _refuse(self, refusal: Refusal, found: Assertion | None) -> None:
        """Record the attempt and raise."""
        security_event(
            door=SERVICE,
            peer=self._permit.peer,
            code=refusal.code,
            reason=refusal.detail,
            transaction_id=str(self._permit.transaction_id),
        )
        await self._write(Outcome.REFUSED, found)
        raise ProblemError(refusal)

    async def _write(self, outcome: Outcome, found: Assertion | None) -> None:
        """The line of the person. Raises ProblemError: without it nothing is told."""
        deps, permit = self._deps, self._permit
        key_id, key = deps.keys.newest()
        controller = Oin.parse(deps.keys.controller)
        subject = subject_pseudonym(key, controller, "bsn", self._question.bsn)
        trace = parse_traceparent(self._request.headers.get("traceparent", ""))
        mandate = found.mandate if found else None
        span = new_span_id()
        processing = Processing(
            permit=permit,
            system=f"landschap-logboek-inzage/{deps.version}",
            controller=deps.keys.controller,
            name=MANDATED_NAME if mandate else LOOK_NAME,
            trace_id=trace.trace_id if trace else permit.transaction_id.bytes,
            parent=trace.span_id if trace else None,
            started_at=self._now,
            ended_at=datetime.now(UTC),
            outcome=outcome,
            data_groups=(FIELD,),
            key_id=key_id,
            subject_type=f"{deps.keys.space}/bsn/{key_id}",
            mandate=mandate,
        )
        used = found.used(span) if found else None
        try:
            await deps.log.append(lines_of(processing, [subject], iter([span])), used=used)
        except Replayed:
            refusal = assertions.refuse("replayed", "it was used before, for another question")
            await self._refuse(refusal, None)
        except InvalidRecord as error:
            log.warning("line of a look can not be made", error=str(error))
            raise ProblemError(UNRECORDABLE) from None
        except (LogUnavailable, QueueFull) as error:
            log.warning("look of another portal not recorded", error=str(error))
            raise ProblemError(LogUnavailable("Looking can not be recorded now.").refusal) from None


def covers(mandate: Mandated, services: Sequence[str], now: datetime) -> bool:
    """True for a mandate that is for this service and has not ended."""
    if mandate.until is not None and now >= mandate.until:
        return False
    return not set(mandate.services).isdisjoint(services)


def mandate_lacks() -> Refusal:
    """The refusal of a mandate that is not for this service, or has ended."""
    return Refusal(
        code="mandate_lacks_service",
        status=403,
        title="The mandate is not for this service",
        detail="The mandate does not cover seeing who used somebody's data, or it has ended.",
        missing="a mandate for this service that is in force",
        owner="the person represented, or who keeps the mandate",
        fault=Fault.INPUT,
    )


def _lacks_field(permit: Permit) -> Refusal | None:
    missing = {FIELD} - set(permit.fields) | {NUMBER} - set(permit.searchable)
    return closed_fields(missing, ".") if missing else None
