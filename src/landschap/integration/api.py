# SPDX-License-Identifier: EUPL-1.2
"""``POST /{bron}/v1/_zoek``: one question, several sources, one answer.

The order is the rule: open the permit, understand the question, plan the permitted fields, ask,
merge, write the lines per person and wait until they are durable, and only then answer. No line,
no answer. What is not permitted is stopped twice: it is not asked, and it does not leave.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from itertools import chain
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler
from prometheus_client import CollectorRegistry

from landschap.integration.answer import failed_source, incomplete, release
from landschap.integration.asking import (
    QUERY_KEYS,
    Asked,
    Fields,
    choose_fields,
    key_refusal,
    read_question,
)
from landschap.integration.connectors.comparing import Shadow
from landschap.integration.connectors.fanout import Occasion, collect
from landschap.integration.deriving import with_derived
from landschap.integration.description import describe
from landschap.integration.lines import SYSTEM, subjects_of
from landschap.integration.merge import Merged, merge
from landschap.integration.model import Declaration
from landschap.integration.obliging import obeyed
from landschap.integration.permitted_rows import is_undecided, within
from landschap.integration.plan import Plan, make_plan
from landschap.integration.rows import EXCEPTION_TYPES, Behalf, Collected, Connector, Failure
from landschap.logboek.faults import InvalidRecord
from landschap.logboek.lines import UNRECORDABLE, Processing, lines_of
from landschap.logboek.payloads import Outcome
from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.logboek.records import Draft
from landschap.logboek.second_decisions import ROW_MISMATCH, SecondRefusal, second_refusal
from landschap.logboek.store import LogWriter
from landschap.platform.http import json_response
from landschap.platform.ids import new_span_id, span_ids
from landschap.platform.part_figures import source_up, stopped_fields
from landschap.purposes.api import permit_of
from landschap.purposes.model import FieldSet
from landschap.purposes.permit import HEADER, Permit, closed_history
from landschap.purposes.second_look import Persons, stopped, stopped_refusal, unmet
from landschap.registers.answering import guarding
from landschap.registers.describing import About
from landschap.vocabulary.identifiers import InvalidValue, Oin
from landschap.vocabulary.problems import ProblemError, Refusal, granted
from landschap.vocabulary.tracing import TraceContext, parse_traceparent

_PLANS_KEPT = 1_000
_JSON = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deps:
    """What the routes need, given by who composes the process.

    ``doors`` holds a connector per source per logical source; ``field_sets`` gives the field sets
    by key, for permits that name one; ``pseudonym_space`` is the URI of our pseudonyms, to which
    kind of subject and key generation are added; ``line_key`` gives number and key of the
    generation that lines are written with now, and ``pseudonym_key`` finds a person among
    statements; ``persons`` looks up what stands against the use of a person;
    ``shadow`` compares copies with what is answered.
    """

    declarations: Mapping[str, Declaration]
    doors: Mapping[str, Mapping[str, Connector]]
    log: LogWriter
    controller: Oin
    permit_key: bytes
    pseudonym_key: bytes
    permit_keys: Callable[[], Sequence[bytes]] | None = None
    pseudonym_space: str = "https://landschap.example/register/pseudoniem"
    field_sets: Callable[[], Mapping[str, FieldSet]] = dict
    metrics: CollectorRegistry = field(default_factory=CollectorRegistry)
    about: About = field(default_factory=lambda: About(version="1.0.0", organisation=""))
    persons: Persons | None = None
    line_key: Callable[[], tuple[int, bytes]] | None = None
    shadow: Shadow | None = None

    def key_of_lines(self) -> tuple[int, bytes]:
        """Number and key of the pseudonyms in lines; asked once for each question."""
        return self.line_key() if self.line_key else (1, self.pseudonym_key)


def routes(deps: Deps) -> list[ControllerRouterHandler]:
    """The routes of all logical sources."""
    desk = _Desk(deps)

    @post("/{bron:str}/v1/_zoek", status_code=HTTPStatus.OK, opt={"query": QUERY_KEYS})
    async def search(bron: FromPath[str], request: Request[Any, Any, Any]) -> Response[bytes]:
        return await desk.answer(bron, request)

    @get("/{bron:str}/v1/openapi.json")
    async def description(bron: FromPath[str]) -> Response[bytes]:
        document = describe(desk.declaration(bron), deps.about)
        return json_response(document, headers={"Access-Control-Allow-Origin": "*"})

    return [search, description]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One question on its way: what was permitted, what was asked, when it began."""

    declaration: Declaration
    doors: Mapping[str, Connector]
    permit: Permit
    asked: Asked
    trace: TraceContext | None
    span: bytes
    started_at: datetime
    sealed: str
    line_key: tuple[int, bytes]

    @property
    def trace_id(self) -> bytes:
        """The caller's trace; without one the transaction is the trace."""
        return self.trace.trace_id if self.trace else self.permit.transaction_id.bytes

    @property
    def onward(self) -> TraceContext:
        """The trace as the sources see it: our span is their parent."""
        if self.trace is not None:
            return self.trace.child(self.span)
        return TraceContext(trace_id=self.trace_id, span_id=self.span, flags=1, tracestate="")


class _Desk:
    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self._plans: dict[tuple[str, frozenset[str]], Plan] = {}
        self._stopped = stopped_fields(deps.metrics)
        self._up = source_up(deps.metrics)
        for name in deps.declarations:
            self._stopped.labels(name)  # a figure of zero is one that is looked at

    def declaration(self, name: str) -> Declaration:
        """The logical source of this name. Raises ProblemError 404."""
        found = self._deps.declarations.get(name)
        if found is None:
            raise ProblemError(
                Refusal(
                    code="not_found",
                    status=HTTPStatus.NOT_FOUND,
                    title="There is nothing at this address",
                    detail="No logical source has this name.",
                )
            )
        return found

    async def answer(self, name: str, request: Request[Any, Any, Any]) -> Response[bytes]:
        """Answer one question. Raises ProblemError."""
        now = datetime.now(UTC)
        declaration = self.declaration(name)
        # Taken with it: a text that takes its place meanwhile has doors of its own.
        doors = self._deps.doors[declaration.name]
        permit = permit_of(request, self._deps, declaration.name, now)
        refusal = unmet(permit, obeys=True)
        if refusal is not None:
            raise ProblemError(refusal)
        query = _query(request)
        asked = granted(read_question(declaration, query, await _body(request), now))
        closed = closed_history(
            permit,
            material="" if asked.moment.today else "geldigOp",
            formal="" if asked.moment.now else "beschikbaarOp",
        )
        if closed is not None:
            raise ProblemError(closed)
        case = _Case(
            declaration=declaration,
            doors=doors,
            permit=permit,
            asked=asked,
            trace=parse_traceparent(
                request.headers.get("traceparent"), request.headers.get("tracestate", "")
            ),
            span=new_span_id(),
            started_at=now,
            sealed=request.headers.get(HEADER, ""),
            line_key=self._deps.key_of_lines(),
        )
        await self._check_key(case)
        known = [asked.key] if declaration.subject and declaration.key_is_subject else []
        await self._check_persons(case, known)
        lenient = "handling=lenient" in request.headers.get("prefer", "").replace(" ", "")
        fields = granted(choose_fields(declaration, asked, permit.fields, lenient=lenient))
        headers = {"Preference-Applied": "handling=lenient"} if fields.left_out else {}
        return await self._deliver(case, fields, headers)

    async def _check_key(self, case: _Case) -> None:
        """Searching by a field is use of it. The refusal is recorded before it is told."""
        if case.declaration.key in case.permit.searchable:
            return
        refusal = key_refusal(case.declaration)
        subjects = [case.asked.key] if case.declaration.key_is_subject else []
        processing = self._processing(case, Outcome.REFUSED, (case.declaration.key,), None)
        drafts = lines_of(processing, self._in_lines(case, subjects), _spans(case.span))
        await self._write([self._refused(case, "search", refusal.code), *drafts])
        raise ProblemError(refusal)

    async def _check_persons(self, case: _Case, numbers: Sequence[str]) -> None:
        """What stands against the use of these persons stops the whole answer, recorded."""
        declaration = case.declaration
        if not case.permit.checks:
            return
        if declaration.subject is None:
            # Of whom it is can not be told, and so nothing can be looked up.
            raise ProblemError(stopped_refusal(case.permit, "obligation_unsupported"))
        known = dict(zip(self._among_statements(case, numbers), numbers, strict=True))
        codes = await stopped(case.permit, list(known), self._deps.persons)
        if not codes:
            return
        code = min(codes.values())
        told = self._in_lines(case, sorted(known[each] for each in codes))
        processing = self._processing(case, Outcome.REFUSED, (declaration.key,), None)
        drafts = lines_of(processing, told, _spans(case.span))
        await self._write([self._refused(case, "read", code), *drafts])
        raise ProblemError(stopped_refusal(case.permit, code))

    def _refused(self, case: _Case, action: str, code: str) -> Draft:
        """The second decision of this trace: the first was taken at the door, without the body."""
        refused = SecondRefusal(
            permit=case.permit,
            action=action,
            code=code,
            at=case.started_at,
            trace_id=case.trace_id,
            trace=case.trace,
            about={"key": case.declaration.key},
        )
        return second_refusal(refused, new_span_id())

    async def _deliver(
        self, case: _Case, fields: Fields, headers: Mapping[str, str]
    ) -> Response[bytes]:
        rows, mark = case.permit.rows, case.permit.mark
        # What a condition or mark is about is asked as well, and goes no further than here.
        extra = {*(each.path for each in rows), *([mark.path] if mark else [])}
        beside = frozenset(extra) & frozenset(case.declaration.fields)
        plan = self._plan(case.declaration, fields.chosen | beside)
        behalf = Behalf(permit=case.sealed, purpose=case.permit.purpose)
        occasion = Occasion(moment=case.asked.moment, trace=case.onward, behalf=behalf)
        collected = await collect(plan, case.asked.key, occasion, case.doors)
        for part, found in collected.items():
            self._up.labels(case.declaration.name, part).set(not isinstance(found, Failure))
        whole = with_derived(plan, merge(plan, collected), case.asked.moment.valid_on)
        marks = beside & {mark.path} if mark else frozenset()
        seen = merged = whole
        if rows or plan.hidden or marks:
            seen = within(whole, rows, fields.chosen | marks)
            merged = within(seen, (), fields.chosen)
        subjects = subjects_of(plan, case.asked.key, collected)
        if not isinstance(subjects, Failure):
            await self._check_persons(case, subjects)
        elif case.permit.checks:
            raise ProblemError(incomplete(plan, whole))
        outcome = self._outcome(case, plan, merged, collected)
        if is_undecided(whole, rows):
            outcome = Outcome.FAILED
        elif len(merged.records) < len(whole.records):
            await self._write([self._refused(case, "read", ROW_MISMATCH)])
        await self._record(case, plan, (merged, collected), outcome)
        if outcome is Outcome.FAILED:
            raise ProblemError(incomplete(plan, whole))
        if self._deps.shadow is not None:
            self._deps.shadow.follow(
                case.declaration, fields.chosen, case.asked.key, occasion, whole
            )
        released = release(merged, case.asked.moment, fields.chosen, fields.left_out)
        duties = case.permit.duties(case.line_key[1])
        if duties:
            duties = guarding(duties, case.declaration.derived)
        body = obeyed(released.body, duties, seen) if duties else released.body
        if released.stopped:
            self._stopped.labels(case.declaration.name).inc(len(released.stopped))
        return json_response(body, headers=headers)

    def _plan(self, declaration: Declaration, chosen: frozenset[str]) -> Plan:
        known = self._plans.get((declaration.name, chosen))
        if known is None or known.declaration is not declaration:
            if len(self._plans) >= _PLANS_KEPT:
                self._plans.clear()
            known = self._plans[declaration.name, chosen] = make_plan(declaration, chosen)
        return known

    def _outcome(self, case: _Case, plan: Plan, merged: Merged, collected: Collected) -> Outcome:
        subjects = subjects_of(plan, case.asked.key, collected)
        root_failed = isinstance(collected[plan.root.source.name], Failure)
        if root_failed or isinstance(subjects, Failure):
            return Outcome.FAILED
        if merged.gaps:
            return Outcome.PARTIAL if case.asked.partial else Outcome.FAILED
        return Outcome.DELIVERED if merged.records else Outcome.NOTHING_FOUND

    async def _record(
        self, case: _Case, plan: Plan, found: tuple[Merged, Collected], outcome: Outcome
    ) -> None:
        merged, collected = found
        subjects = subjects_of(plan, case.asked.key, collected)
        exception = failed_source(merged.gaps)
        if isinstance(subjects, Failure):
            exception, subjects = EXCEPTION_TYPES.get(subjects.reason), ()
        # Searching is use as well, so the key's own group is named too.
        paths = (
            case.declaration.key,
            *(one.path for one in plan.fields if one.path in plan.paths),
            *(part.group.path for part in plan.lists if part.is_told(plan.paths)),
            *(path for path in plan.derived if path in plan.paths),
        )
        processing = self._processing(case, outcome, paths, exception)
        pseudonyms = self._in_lines(case, subjects)
        await self._write(lines_of(processing, pseudonyms, _spans(case.span)))

    def _processing(
        self, case: _Case, outcome: Outcome, paths: tuple[str, ...], exception: str | None
    ) -> Processing:
        declaration, subject = case.declaration, case.declaration.subject
        kind, (key_id, _) = subject.kind if subject else "", case.line_key
        groups = dict.fromkeys(declaration.data_group(path) for path in paths)
        return Processing(
            permit=case.permit,
            system=SYSTEM,
            controller=self._deps.controller.value,
            name=declaration.title or declaration.name,
            trace_id=case.trace_id,
            parent=case.trace.span_id if case.trace else None,
            started_at=case.started_at,
            ended_at=max(datetime.now(UTC), case.started_at),
            outcome=outcome,
            data_groups=tuple(groups),
            exception_type=exception,
            key_id=key_id,
            subject_type=f"{self._deps.pseudonym_space}/{kind}/{key_id}",
            valid_on=case.asked.moment.valid_on,
            known_at=case.asked.moment.known_at,
        )

    def _in_lines(self, case: _Case, numbers: Sequence[str]) -> list[bytes]:
        return self._pseudonyms(case.line_key[1], case, numbers)

    def _among_statements(self, case: _Case, numbers: Sequence[str]) -> list[bytes]:
        return self._pseudonyms(self._deps.pseudonym_key, case, numbers)

    def _pseudonyms(self, key: bytes, case: _Case, numbers: Sequence[str]) -> list[bytes]:
        subject = case.declaration.subject
        if subject is None:
            return []
        try:
            return [
                subject_pseudonym(key, self._deps.controller, subject.kind, number)
                for number in numbers
            ]
        except InvalidValue:
            raise ProblemError(UNRECORDABLE) from None

    async def _write(self, drafts: list[Draft]) -> None:
        """Durable, or no answer. Raises ProblemError."""
        try:
            await self._deps.log.append(drafts)
        except InvalidRecord:
            raise ProblemError(UNRECORDABLE) from None


def _spans(first: bytes) -> Iterator[bytes]:
    return chain([first], span_ids())


def _query(request: Request[Any, Any, Any]) -> dict[str, list[str]]:
    return {name: request.query_params.getall(name) for name in request.query_params}


async def _body(request: Request[Any, Any, Any]) -> bytes:
    """The raw body. Raises ProblemError 415 for another content type than JSON."""
    kind, _ = request.content_type
    if kind != _JSON:
        raise ProblemError(
            Refusal(
                code="media_type",
                status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                title="This content type is not read here",
                detail="Send the question as application/json.",
            )
        )
    return await request.body()
