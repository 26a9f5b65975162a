# SPDX-License-Identifier: EUPL-1.2
"""A person's look at their own data: decided, recorded, and only then shown. No line, no page.

The way is that of the registers' API and of the console: decide, permit, read what the permit
opens, write a line, and then show. A register that does not answer is named; the rest is shown.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import asyncpg
import structlog

from landschap.gateway.own_permits import permit_of
from landschap.gateway.recording import permission
from landschap.gateway.users import level_of
from landschap.logboek.drafts import refused_draft
from landschap.logboek.faults import LogUnavailable, QueueFull
from landschap.logboek.payloads import AdlEntry
from landschap.logboek.pseudonyms import as_subject_id
from landschap.platform.ids import new_span_id, new_trace_id, uuid7
from landschap.platform.web.sessions import Session
from landschap.portal.known import Known
from landschap.portal.own import (
    COMPANY,
    READ,
    RESIDENT,
    Own,
    OwnObject,
    object_of,
    own_types,
    question_of,
    reference_of,
)
from landschap.portal.pages.context import OwnData, PortalDeps
from landschap.portal.pages.looks import acting_of, not_recorded, subjects_of, write_look
from landschap.purposes.decide import decide
from landschap.purposes.decision import Decision
from landschap.registers import store
from landschap.registers.answering import Shape, cut
from landschap.registers.api.cases import Case
from landschap.registers.api.desk import Desk
from landschap.registers.asking import Faults, choose_fields, read_query
from landschap.registers.models import ObjectType, Register
from landschap.registers.questions import Found, Match
from landschap.registers.reports import Report
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import ProblemError, granted
from landschap.vocabulary.tracing import TraceContext

log = structlog.get_logger(__name__)

_NO_ANSWER = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
_MOST_REPORTS = 200
LOOKING = "eigen gegevens bekijken"
Advance = Callable[[int, int], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a person has in our registers.

    ``missing`` are types of objects that could not be read now, ``empty`` those of which there are
    none about this person, ``closed`` those of which nothing is shown here.
    """

    objects: Sequence[OwnObject]
    missing: Sequence[ObjectType] = ()
    empty: Sequence[ObjectType] = ()
    closed: Sequence[ObjectType] = ()


@dataclass(frozen=True, slots=True)
class Looking:
    """The own data of one person."""

    deps: PortalDeps
    own: OwnData
    session: Session[Known]

    async def everything(self, advance: Advance | None = None) -> Seen:
        """All objects about this person, of every type that is shown here.

        ``advance`` is told how many of how many types were looked at.
        """
        objects: list[OwnObject] = []
        missing, empty, closed = [], [], []
        await self.own.snapshot.newest()
        every = self._types()
        for number, each in enumerate(every):
            if advance is not None:
                await advance(number, len(every))
            register, kind = each.register, each.type
            if not self._decide(kind, each.by).allow:
                closed.append(kind)
                continue
            try:
                found = await self.objects(register, kind, LOOKING)
            except _NO_ANSWER as error:
                log.warning("a register does not answer", error=type(error).__name__)
                missing.append(kind)
                continue
            objects += found
            if not found:
                empty.append(kind)
        return Seen(objects=objects, missing=missing, empty=empty, closed=closed)

    async def one(self, register: str, name: str, reference: str, doing: str) -> OwnObject | None:
        """The object that an address names; None when it is not of this person."""
        await self.own.snapshot.newest()
        for known in self._types():
            if (known.register.name, known.type.name) == (register, name):
                found = await self.objects(known.register, known.type, doing)
                return next((each for each in found if each.reference == reference), None)
        return None

    async def objects(self, register: Register, kind: ObjectType, doing: str) -> list[OwnObject]:
        """The objects of one type; a line of the look is durable. Raises ProblemError."""
        (by,) = (each.by for each in self._types() if each.type is kind)
        case = await self._case(kind, by)
        desk, whose = Desk(self.own.registers), self.session.known.whose
        wanted: Match | list[str] = Match(by, (whose,)) if by else [whose]
        _, found = await desk.ask(case, wanted)
        if self.session.known.company is not None or self.session.known.at_desk is not None:
            # This line names who acted, which a line of the register can not.
            await write_look(self.deps, self.session, f"{kind.collection}: {doing}", kind.name)
        else:
            try:
                await desk.record(case, wanted, found, doing=f"{kind.collection}: {doing}")
            except (LogUnavailable, QueueFull) as error:
                raise not_recorded(error) from None
        return [
            object_of(register, each, cut(each.content, case.shape.leaves), self._reference(each))
            for each in found
        ]

    async def reports(self) -> list[tuple[Register, Report]]:
        """What this person reported, the newest first."""
        found: list[tuple[Register, Report]] = []
        pool, mine = self.own.registers.pool, self.pseudonyms()
        for register in self.own.registers.registers.by_name.values():
            told = await store.reports_by(pool, register, mine, _MOST_REPORTS)
            found += [(register, each) for each in told]
        return sorted(found, key=lambda each: each[1].reported_at, reverse=True)

    def pseudonyms(self) -> list[bytes]:
        """The person under every key, the newest last."""
        return subjects_of(self.deps, self.session.known)

    def _types(self) -> list[Own]:
        """What is asked for this person, or this company."""
        return own_types(self.own.registers.registers.by_name, self.session.known.kind)

    def _reference(self, found: Found) -> str:
        oldest = self.pseudonyms()[0]
        return reference_of(self.deps.session_key, oldest, found.type, found.object_id)

    def _decide(self, kind: ObjectType, by: str) -> Decision:
        question = question_of(
            self.deps.settings.organisation.oin.value,
            kind.register,
            self.own.purpose,
            level=level_of(self.session.known.level),
            by=by,
            role=COMPANY if self.session.known.company else RESIDENT,
        )
        return decide(question, self.own.snapshot(), datetime.now(UTC))

    async def _case(self, kind: ObjectType, by: str) -> Case:
        """A permitted question, with its decision on record. Raises ProblemError."""
        now, decision = datetime.now(UTC), self._decide(kind, by)
        trace = TraceContext(trace_id=new_trace_id(), span_id=new_span_id())
        entry = AdlEntry(
            trace_id=trace.trace_id,
            span_id=trace.span_id,
            at=now,
            transaction_id=uuid7(),
            references={"adl.core.policies": {"landschap": decision.snapshot}},
            body=_body(kind, decision, acting_of(self.deps, self.session.known)),
        )
        try:
            await self.own.registers.log.append([refused_draft(entry, service=kind.register)])
        except (LogUnavailable, QueueFull) as error:
            raise not_recorded(error) from None
        if not decision.allow:
            raise ProblemError(decision.refusal())
        assert entry.transaction_id is not None  # noqa: S101  # given above
        permit = permit_of(decision, entry.transaction_id, f"/{kind.register}", now)
        # A person sees what stands there: a rule that changes values is not for this page.
        if permit.obligations or permit.mark is not None:
            raise ProblemError(
                replace(decision, allow=False, code="obligation_unsupported").refusal()
            )
        asked = read_query(kind, {}, now, Faults())
        leaves, left_out = granted(choose_fields(kind, asked, permit.fields, lenient=False))
        return Case(
            type=kind,
            permit=permit,
            asked=asked,
            query={},
            expanded=(),
            shape=Shape(leaves=leaves, left_out=left_out, with_history=True),
            trace=trace,
            path=f"/{kind.register}",
            started_at=now,
            is_own=True,
        )


def _body(kind: ObjectType, decision: Decision, acting: bytes | None) -> Mapping[str, JsonValue]:
    """The decision as it goes to the log: that the person asked, not who; the line tells that.

    Who acts for a company is named, by a pseudonym.
    """
    subject: dict[str, JsonValue] = {"loa": decision.question.loa}
    if acting is not None:
        subject["acting"] = as_subject_id(acting)
    who = "company" if COMPANY in decision.question.roles else "resident"
    request: JsonValue = {
        "subject": {"type": who, "properties": subject},
        "action": {"name": READ},
        "resource": {"type": "service", "id": kind.register},
        "context": {"type": kind.key, "purpose": decision.question.purpose},
    }
    if decision.allow:
        answer: JsonValue = permission(decision)
    else:
        answer = {"decision": False, "context": decision.for_auditor()}
    return {"adl.core.request": request, "adl.core.response": answer}
