# SPDX-License-Identifier: EUPL-1.2
"""One look at a register: decided, recorded, and only then read. No record, no page.

The way is that of the registers' API: decide, permit, read what the permit opens, write a line per
person, and then show. Who looks at personal data has chosen a purpose and a case before.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import quote

import structlog
from litestar.response import Redirect

from landschap.console.known import Known
from landschap.console.pages.context import BASE, Asked, ConsoleDeps, session_of
from landschap.console.permission import (
    CHANGE,
    READ,
    Look,
    deed_record,
    facts_of,
    permit_without_purpose,
    question_of,
    record_of,
)
from landschap.console.store import EmergencyLook, note_look
from landschap.gateway.own_permits import permit_of
from landschap.gateway.users import level_of
from landschap.logboek.faults import LogUnavailable, QueueFull
from landschap.platform.ids import new_span_id, new_trace_id, uuid7
from landschap.purposes.decide import decide
from landschap.purposes.decision import Decision
from landschap.purposes.permit import Permit, closed_history
from landschap.purposes.second_look import stopped_refusal, unmet
from landschap.registers.answering import Shape, guarding
from landschap.registers.api.cases import Case
from landschap.registers.api.changing import SERVICE_ENDING
from landschap.registers.api.desk import Desk
from landschap.registers.asking import (
    Faults,
    choose_fields,
    history_asked,
    read_query,
)
from landschap.registers.models import ObjectType
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import Fault, ProblemError, Refusal, granted
from landschap.vocabulary.times import amsterdam_day
from landschap.vocabulary.tracing import TraceContext

log = structlog.get_logger(__name__)

_TIMES = ("geldigOp", "beschikbaarOp")


@dataclass(frozen=True, slots=True)
class Looking:
    """The desk of the registers, for the pages of one process."""

    deps: ConsoleDeps

    @property
    def desk(self) -> Desk:
        """Where questions to registers are answered."""
        return Desk(self.deps.registers)

    def would_permit(self, asked: Asked[Known], kind: ObjectType) -> Decision | None:
        """What would be decided on a look at a type; None where nobody is concerned.

        Nothing is read and nothing recorded: it tells what to offer.
        """
        if not kind.holds_personal_data:
            return None
        return self._decide(asked, kind, READ)

    def would_permit_source(
        self, asked: Asked[Known], service: str, search: tuple[str, ...]
    ) -> Decision:
        """What would be decided on a question to a logical source; nothing is recorded."""
        return self._decide_on(asked, service, READ, search)

    def may_change(self, asked: Asked[Known], kind: ObjectType) -> bool:
        """True when the chosen purpose lets this employee change the register."""
        return self._decide(asked, kind, CHANGE).allow

    def _decide(
        self,
        asked: Asked[Known],
        kind: ObjectType,
        action: str,
        search: tuple[str, ...] = (),
        case_open: bool | None = None,
    ) -> Decision:
        return self._decide_on(asked, service_of(kind, action), action, search, case_open)

    def _decide_on(
        self,
        asked: Asked[Known],
        service: str,
        action: str,
        search: tuple[str, ...] = (),
        case_open: bool | None = None,
    ) -> Decision:
        known, snapshot = session_of(asked).known, self.deps.snapshot()
        question = question_of(
            known,
            self.deps.settings.organisation.oin.value,
            service,
            known.task.purpose if known.task else "",
            level=level_of(known.level),
            action=action,
            search=search,
        )
        question = replace(question, facts=facts_of(known, snapshot, case_open))
        return decide(question, snapshot, datetime.now(UTC))

    async def permitted(
        self,
        asked: Asked[Known],
        kind: ObjectType,
        about: Mapping[str, JsonValue],
        *,
        search: tuple[str, ...] = (),
        action: str = READ,
    ) -> tuple[Permit, TraceContext]:
        """The permit for one look, recorded. Raises ProblemError for what is not permitted."""
        service = service_of(kind, action)
        look = self._look(asked, service, action, {"type": kind.key, **about})
        if not kind.holds_personal_data and action == READ:
            owner = self.deps.settings.organisation.oin.value
            await self._recorded(look, None)
            return (
                permit_without_purpose(kind, owner, look.transaction_id, asked.path, look.at),
                TraceContext(trace_id=look.trace_id, span_id=look.span_id),
            )
        permit, trace = await self._permitted_on(asked, look, search)
        if not _can_obey(permit, kind, action):
            raise ProblemError(stopped_refusal(permit, "obligation_unsupported"))
        return permit, trace

    async def permitted_source(
        self, asked: Asked[Known], service: str, search: tuple[str, ...]
    ) -> tuple[Permit, TraceContext]:
        """The permit for one question to a logical source, recorded. Raises ProblemError.

        A page shows values as the source has them: it has no way to change them or to leave out
        rows, so a permission that wants that is not enough here.
        """
        look = self._look(asked, service, READ, {"type": "logical source"})
        permit, trace = await self._permitted_on(asked, look, search)
        withholds = permit.mark is not None and permit.third_party
        if permit.obligations or permit.rows or withholds:
            raise ProblemError(stopped_refusal(permit, "obligation_unsupported"))
        return permit, trace

    async def _permitted_on(
        self, asked: Asked[Known], look: Look, search: tuple[str, ...]
    ) -> tuple[Permit, TraceContext]:
        """Decide on a look and record it. Raises ProblemError for what is not permitted."""
        # What changed a moment ago counts for this look.
        await self.deps.snapshot.newest()
        is_open = await self._case_open(look.known)
        decision = self._decide_on(asked, look.service, look.action, search, is_open)
        await self._recorded(look, decision)
        if not decision.allow:
            raise ProblemError(decision.refusal())
        permit = permit_of(decision, look.transaction_id, asked.path, look.at)
        return permit, TraceContext(trace_id=look.trace_id, span_id=look.span_id)

    @staticmethod
    def _look(
        asked: Asked[Known], service: str, action: str, about: Mapping[str, JsonValue]
    ) -> Look:
        known = session_of(asked).known
        return Look(
            known=known,
            level=level_of(known.level),
            service=service,
            action=action,
            about=about,
            transaction_id=uuid7(),
            trace_id=new_trace_id(),
            span_id=new_span_id(),
            at=datetime.now(UTC),
        )

    async def _recorded(self, look: Look, decision: Decision | None) -> None:
        """Write the decision; in an emergency also for the privacy officer, before it is shown."""
        await self.written(self.deps.registers.log.append([record_of(look, decision)]))
        known = look.known
        if known.emergency is None:
            return
        noted = EmergencyLook(
            transaction_id=look.transaction_id,
            at=look.at,
            service=look.service,
            action=look.action,
            about=str(look.about["type"]),
            purpose=known.task.purpose if known.task and decision else "",
            case_number=known.task.case if known.task and decision else "",
            allowed=decision is None or decision.allow,
        )
        await note_look(self.deps.pool, known.emergency.id, noted)

    async def deed(
        self, known: Known, action: str, resource: tuple[str, str],
        context: Mapping[str, JsonValue], by: str,
    ) -> None:  # fmt: skip
        """Record what somebody is about to do. Raises ProblemError: no record, no deed."""
        look = Look(
            known=known,
            level=level_of(known.level),
            service="console",
            action=action,
            about={},
            transaction_id=uuid7(),
            trace_id=new_trace_id(),
            span_id=new_span_id(),
            at=datetime.now(UTC),
        )
        record = deed_record(look, resource, context, by)
        await self.written(self.deps.registers.log.append([record]))

    async def _case_open(self, known: Known) -> bool | None:
        """Whether the chosen case is open; None where cases are not known."""
        if known.task is None or self.deps.case_open is None:
            return None
        return await self.deps.case_open(known.task.case)

    async def case(
        self,
        asked: Asked[Known],
        kind: ObjectType,
        query: Mapping[str, str],
        *,
        search: tuple[str, ...] = (),
        action: str = READ,
    ) -> Case:
        """A permitted, well-formed question. Raises ProblemError."""
        known, now = session_of(asked).known, datetime.now(UTC)
        wrong = Faults()
        read = read_query(kind, query, now, wrong)
        if wrong.found:
            raise ProblemError(granted_refusal(wrong))
        times: dict[str, JsonValue] = {name: query[name] for name in _TIMES if name in query}
        permit, trace = await self.permitted(asked, kind, times, search=search, action=action)
        day, moment = history_asked(query, read, amsterdam_day(now))
        closed = closed_history(permit, material=day, formal=moment)
        if closed is not None:
            raise ProblemError(closed)
        leaves, left_out = granted(choose_fields(kind, read, permit.fields, lenient=False))
        return Case(
            type=kind,
            permit=permit,
            asked=read,
            query=query,
            expanded=(),
            shape=Shape(
                leaves=leaves,
                left_out=left_out,
                with_history=True,
                with_corrections="formeel" in permit.history,
                duties=guarding(permit.duties(self.deps.registers.key_of_lines()[1]), kind.derived),
            ),
            trace=trace,
            path=asked.path,
            started_at=now,
            is_own=True,
            case_number=known.task.case if known.task else "",
        )

    async def written(self, writing: Awaitable[object]) -> None:
        """Wait until something is in the log. Raises ProblemError (503) when it can not be."""
        try:
            await writing
        except (LogUnavailable, QueueFull) as error:
            log.warning("look not recorded", error=str(error))
            raise ProblemError(_NOT_RECORDED) from None


def service_of(kind: ObjectType, action: str) -> str:
    """The service that is asked: changing is one of its own, so reading never opens it."""
    return kind.register if action == READ else f"{kind.register}{SERVICE_ENDING}"


def _can_obey(permit: Permit, kind: ObjectType, action: str) -> bool:
    """True when a page can carry out every obligation.

    Changing shows nothing and writes what is there, and the number of an object stands in its
    address: neither can be another than it is.
    """
    if unmet(permit, obeys=True) is not None:
        return False
    numbered = any(each.path == kind.identification for each in permit.obligations)
    return not permit.obligations or (action == READ and not numbered)


def must_choose(asked: Asked[Known], kind: ObjectType) -> Redirect | None:
    """Away to choose purpose and case, when this type is about persons and none is chosen."""
    if not kind.holds_personal_data or session_of(asked).known.task is not None:
        return None
    return to_choosing(asked)


def to_choosing(asked: Asked[Known]) -> Redirect:
    """Away to choose purpose and case, and then back here."""
    back = quote(asked.at(asked.here), safe="")
    return Redirect(asked.at(f"{BASE}/doel?terug={back}"), status_code=303)


def granted_refusal(wrong: Faults) -> Refusal:
    """What is wrong with a question; there is something."""
    refusal = wrong.refusal()
    assert refusal is not None  # noqa: S101  # asked only when something was found
    return refusal


def for_now(case: Case) -> Case:
    """The same case, about what is known now."""
    return replace(case, asked=replace(case.asked, moment=None, number=None))


_NOT_RECORDED = Refusal(
    code="log_unavailable",
    status=503,
    title="Looking can not be recorded now",
    detail="We show data only when we can record that it was shown. Try again in a few minutes.",
    owner="the operator of this service",
    fault=Fault.OURS,
)
