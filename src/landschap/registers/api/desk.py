# SPDX-License-Identifier: EUPL-1.2
"""What every question to a register goes through, in this order.

Open the permit, understand the question, answer it, write the lines per person and wait until
they are durable, and only then let the answer go. No line, no answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from landschap.logboek.faults import InvalidRecord
from landschap.logboek.lines import UNRECORDABLE
from landschap.logboek.payloads import Outcome
from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.logboek.second_decisions import ROW_MISMATCH, SecondRefusal, second_refusal
from landschap.platform.ids import new_span_id, span_ids
from landschap.purposes.api import permit_of
from landschap.purposes.duties import Duties
from landschap.purposes.permit import Permit, closed_history
from landschap.purposes.second_look import unmet
from landschap.registers import store
from landschap.registers.answering import Shape
from landschap.registers.api.cases import NO_HISTORY, AnyRequest, Case, Deps, History
from landschap.registers.api.closing import Pointers
from landschap.registers.api.forms import JSON, crs_headers, form_headers
from landschap.registers.api.persons import allowed, numbers_in, refuse_stopped
from landschap.registers.api.requests import check_media, query_of
from landschap.registers.asking import (
    Asked,
    Faults,
    choose_fields,
    history_asked,
    read_query,
)
from landschap.registers.expanding import Relation, read_expansion
from landschap.registers.forgetting import before_horizon
from landschap.registers.geo_asking import crs_keys, read_crs
from landschap.registers.lines_of_use import Held, Use, drafts_of, numbers_of
from landschap.registers.models import ObjectType
from landschap.registers.questions import AsOf, Found, Match
from landschap.registers.refusals import closed_fields
from landschap.registers.timeline import Assertion, Known
from landschap.registers.views import narrowed
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.problems import ProblemError, Refusal, granted
from landschap.vocabulary.times import amsterdam_day
from landschap.vocabulary.tracing import TraceContext, parse_traceparent

_VIEWS_KEPT = 1000


class Desk:
    """The questions of one process: permits, knowledge, lines."""

    def __init__(self, deps: Deps) -> None:
        self.deps = deps
        self.pointers = Pointers(deps.pool)
        self._views: dict[tuple[str, frozenset[str]], ObjectType] = {}

    def case(  # noqa: PLR0913  # each says one thing of the question
        self,
        kind: ObjectType,
        request: AnyRequest,
        *,
        offers_period: bool = False,
        more: Callable[[Mapping[str, str], Faults], None] | None = None,
        needs: History = NO_HISTORY,
        offered: Sequence[str] = (JSON,),
        query: Mapping[str, str] | None = None,
        obeys: bool = False,
        looks_up: bool = False,
    ) -> Case:
        """A permitted, well-formed question about a type. Raises ProblemError.

        ``more`` reads what only this question has; all faults come back together. ``needs`` is the
        history that this kind of question is about, whatever its parameters; ``offered`` are the
        media types it is answered in; ``query`` stands for that of the request when it is given.
        ``obeys``: the answer is given object by object, so checks and obligations are met;
        ``looks_up``: only the checks are, of many objects at once.
        """
        now = datetime.now(UTC)
        permit = self.permit(kind.register, request, now, obeys=obeys, looks_up=looks_up)
        form = check_media(request, offered)
        query = query_of(request) if query is None else query
        preferences = request.headers.get("prefer", "").replace(" ", "")
        wrong = Faults()
        asked = read_query(
            kind, query, now, wrong,
            strict="handling=strict" in preferences, offers_period=offers_period,
        )  # fmt: skip
        if more is not None:
            more(query, wrong)
        expanded = read_expansion(self.deps.registers, kind, query, wrong)
        if crs_keys(kind):
            asked = replace(asked, crs=granted(read_crs(query, crs_headers(request), wrong)))
        duties = permit.duties(self.deps.key_of_lines()[1])
        refusal = (
            wrong.refusal(self.deps.registers.by_name[kind.register].dialect)
            or _closed(permit, asked, query, now, needs)
            or _followed_hidden(duties, expanded)
        )
        if refusal is not None:
            raise ProblemError(refusal)
        shape = _shape_of(kind, asked, permit, duties, lenient="handling=lenient" in preferences)
        return Case(
            type=kind, permit=permit, asked=asked, query=query, expanded=expanded, shape=shape,
            form=form, trace=_trace_of(request), path=request.url.path, started_at=now,
        )  # fmt: skip

    def permit(
        self,
        register: str,
        request: AnyRequest,
        now: datetime,
        *,
        obeys: bool = False,
        looks_up: bool = False,
    ) -> Permit:
        """The permit that came with the request. Raises ProblemError.

        One with checks or obligations too, unless the answer obeys them.
        """
        permit = permit_of(request, self.deps, register, now)
        refusal = unmet(permit, obeys=obeys, looks_up=looks_up)
        if refusal is not None:
            raise ProblemError(refusal)
        return permit

    def seen(self, case: Case, also: Iterable[str] = ()) -> ObjectType:
        """The type of a question as far as it is read; `view_of` tells how far."""
        followed = (each.path for each in case.expanded)
        return self.view_of(case.type, case.permit, (*followed, *also))

    def view_of(self, kind: ObjectType, permit: Permit, also: Iterable[str] = ()) -> ObjectType:
        """The type as far as it is read under a permit: nothing else leaves the database.

        What the permit holds, the number that a line is about, what row conditions are about, and
        the paths in ``also``, by which is searched, filtered or followed. Not what ``fields``
        chose: whether an object is there does not depend on that.
        """
        permitted = (leaf for path in permit.fields for leaf in kind.leaves(path))
        names = {path.partition(".")[0] for path in (*permitted, *also)}
        names.update(step for each in permit.rows for step in each.path.split(".")[:2])
        if permit.mark is not None:
            names.add(permit.mark.path.partition(".")[0])
        if kind.subject is not None:
            names.add(kind.subject.name)
        key = (kind.key, frozenset(names))
        if key not in self._views:
            if len(self._views) >= _VIEWS_KEPT:
                self._views.clear()
            self._views[key] = narrowed(kind, names)
        return self._views[key]

    async def known(self, case: Case) -> Known:
        """The state of knowledge the question is about; one for the whole answer."""
        asked, register = case.asked, self.deps.registers.by_name[case.type.register]
        known = await store.known_at(
            self.deps.pool, register, case.started_at, asked.moment, clock=asked.clock
        )
        if asked.number is not None:
            known = replace(known, number=min(known.number, asked.number))
        if asked.moment is not None or asked.number is not None:
            await self._refuse_before_horizon(case, known)
        return known

    async def _refuse_before_horizon(self, case: Case, known: Known) -> None:
        """Raises ProblemError for knowledge of which a part was destroyed since."""
        pool, register = self.deps.pool, self.deps.registers.by_name[case.type.register]
        horizon = await store.horizon_of(pool, case.type)
        if horizon is None:
            return
        edge = await store.known_at(
            pool, register, case.started_at, horizon, clock=case.asked.clock
        )
        if known.moment < edge.moment or known.number < edge.number:
            raise ProblemError(before_horizon(horizon))

    async def ask(self, case: Case, wanted: Sequence[str] | Match) -> tuple[AsOf, list[Found]]:
        """What is found for these ids or this match, and may be used. Raises ProblemError."""
        if not case.permit.checks:
            return await self._found(case, wanted)
        await refuse_stopped(self, case, numbers_of(case.type, wanted, []))
        question, found = await self._found(case, wanted)
        used = await allowed(self, case, found)
        if found and not used:
            await refuse_stopped(self, case, numbers_of(case.type, (), found))
        return question, used

    async def refused(self, case: Case, code: str) -> None:
        """The second decision of this trace: the first was taken at the door, without the body."""
        trace = case.trace.trace_id if case.trace else case.permit.transaction_id.bytes
        refused = SecondRefusal(
            permit=case.permit,
            action="read",
            code=code,
            at=case.started_at,
            trace_id=trace,
            trace=case.trace,
            about={"type": case.type.key},
        )
        await self.deps.log.append([second_refusal(refused, new_span_id())])

    def pseudonym(self, kind: str, number: str) -> bytes:
        """What stands for a person among statements. Raises ProblemError."""
        return self._pseudonym(self.deps.pseudonym_key, kind, number)

    def _pseudonym(self, key: bytes, kind: str, number: str) -> bytes:
        try:
            return subject_pseudonym(key, self.deps.controller, kind, number)
        except InvalidValue:
            raise ProblemError(UNRECORDABLE) from None

    async def _found(self, case: Case, wanted: Sequence[str] | Match) -> tuple[AsOf, list[Found]]:
        asked = case.asked
        at_now = asked.moment is None and asked.number is None and asked.clock is case.type.clock
        if at_now and not case.permit.rows:
            register = self.deps.registers.by_name[case.type.register]
            at = store.AtNow(asked.valid_on, case.started_at)
            kind = self.seen(case, _searched(wanted))
            told = await store.as_of_now(self.deps.pool, register, kind, wanted, at)
            if told is not None:
                known, found = told
                question = AsOf(
                    type=kind,
                    wanted=wanted,
                    valid_on=asked.valid_on,
                    known=known,
                    uncertainty=asked.uncertainty,
                )
                return question, found
        question = await self._question(case, wanted)
        narrow = await self._permitted(case, question)
        return question, await store.as_of(self.deps.pool, narrow)

    async def history(
        self, case: Case, object_id: str, *, asked_before: bool = False
    ) -> Mapping[str, Sequence[Assertion]]:
        """Everything ever asserted about one object; nothing of one that may not be seen.

        ``asked_before``: that it may not be seen was recorded when it was asked for.
        """
        if case.permit.rows:
            question = await self._question(case, [object_id])
            if asked_before or not (await self._permitted(case, question)).wanted:
                return {}
        groups = await store.history_of(self.deps.pool, self.seen(case), object_id)
        if case.permit.checks:
            await refuse_stopped(self, case, numbers_in(case.type, groups))
        return groups

    async def _question(self, case: Case, wanted: Sequence[str] | Match) -> AsOf:
        return AsOf(
            type=self.seen(case, _searched(wanted)),
            wanted=wanted,
            valid_on=case.asked.valid_on,
            known=await self.known(case),
            uncertainty=case.asked.uncertainty,
        )

    async def _permitted(self, case: Case, question: AsOf) -> AsOf:
        """The question about what the row conditions let through; the rest is recorded."""
        if not case.permit.rows:
            return question
        sifted = await store.permitted(self.deps.pool, question, case.permit.rows)
        if sifted.outside:
            await self.refused(case, ROW_MISMATCH)
        return replace(question, wanted=sifted.ids)

    async def record(
        self,
        case: Case,
        wanted: Sequence[str] | Match,
        found: Sequence[Held],
        *,
        refused: bool = False,
        doing: str = "",
        also: Sequence[str] = (),
    ) -> None:
        """Write the lines; without personal data the record of the door says enough.

        ``also`` are numbers of persons concerned that stand in nothing found. Raises ProblemError
        when it can not be told whose data it was.
        """
        if not case.type.holds_personal_data:
            return
        outcome = Outcome.DELIVERED if found or also else Outcome.NOTHING_FOUND
        subject = case.type.subject
        kind = subject.subject_kind if subject else ""
        key_id, key = self.deps.key_of_lines()
        use = Use(
            permit=case.permit,
            controller=self.deps.controller.value,
            type=case.type,
            trace=case.trace,
            started_at=case.started_at,
            ended_at=max(datetime.now(UTC), case.started_at),
            outcome=Outcome.REFUSED if refused else outcome,
            leaves=case.shape.leaves,
            key_id=key_id,
            subject_type=f"{self.deps.pseudonym_space}/{kind}/{key_id}",
            doing=doing or f"{case.type.collection} raadplegen",
            valid_on=case.asked.valid_on,
            known_at=case.asked.moment or case.started_at,
            is_own=case.is_own,
            case_number=case.case_number,
        )
        try:
            subjects = [
                self._pseudonym(key, kind, number)
                for number in sorted({*numbers_of(case.type, wanted, found), *also})
            ]
            await self.deps.log.append(drafts_of(use, subjects, span_ids()))
        except InvalidRecord:
            raise ProblemError(UNRECORDABLE) from None


def _shape_of(
    kind: ObjectType, asked: Asked, permit: Permit, duties: Duties, *, lenient: bool
) -> Shape:
    """How the answer is cut. Raises ProblemError for fields that are not permitted."""
    leaves, left_out = granted(choose_fields(kind, asked, permit.fields, lenient=lenient))
    return Shape(
        leaves=leaves,
        left_out=left_out,
        with_history=asked.wants_history,
        with_corrections="formeel" in permit.history,
        crs=asked.crs,
        duties=duties,
    )


def _trace_of(request: AnyRequest) -> TraceContext | None:
    headers = request.headers
    return parse_traceparent(headers.get("traceparent"), headers.get("tracestate", ""))


def _followed_hidden(duties: Duties, expanded: Sequence[Relation]) -> Refusal | None:
    """To follow a field of which the value is not given would tell where it leads."""
    hidden = {each.path for each in expanded if duties.hides(each.path)} if duties else set()
    return closed_fields(hidden, ", so it can not be followed.") if hidden else None


def _searched(wanted: Sequence[str] | Match) -> tuple[str, ...]:
    return (wanted.path,) if isinstance(wanted, Match) else ()


def _closed(
    permit: Permit, asked: Asked, query: Mapping[str, str], now: datetime, needs: History
) -> Refusal | None:
    day, moment = history_asked(query, asked, amsterdam_day(now))
    return closed_history(permit, material=day or needs.material, formal=moment or needs.formal)


def preference(case: Case) -> dict[str, str]:
    """The headers that say how the answer was cut: fields left out, system of coordinates."""
    lenient = {"Preference-Applied": "handling=lenient"} if case.shape.left_out else {}
    return {**lenient, **form_headers(case)}
