# SPDX-License-Identifier: EUPL-1.2
"""The application behind nginx: opens the Permit, asks the service, cuts, records, releases.

It is plain ASGI: a path goes on as it was written, and a body is read within limits before
anything else happens. No line, no answer: what leaves is made durable first.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog
from prometheus_client import CollectorRegistry, Counter

from landschap.gateway.holding.answers import Answered, Judged, judge
from landschap.gateway.holding.api.leaving import (
    Leaving,
    Receive,
    Scope,
    Send,
    busy,
    misconfigured,
    read_body,
    send_out,
    told,
    unforeseen,
    untold,
)
from landschap.gateway.holding.api.recording import Case, Pseudonyms, lines, refused
from landschap.gateway.holding.api.served import ServedServices
from landschap.gateway.holding.model import JSON
from landschap.gateway.holding.questions import (
    Raw,
    Understood,
    keys_of,
    search_refusal,
    understand,
    with_fields,
)
from landschap.logboek.payloads import Outcome
from landschap.logboek.records import Draft
from landschap.logboek.second_decisions import ROW_MISMATCH
from landschap.logboek.store import LogWriter
from landschap.platform.ids import new_span_id, new_trace_id
from landschap.platform.part_figures import stopped_fields
from landschap.purposes.model import FieldSet
from landschap.purposes.permit import HEADER, open_permit
from landschap.purposes.second_look import Persons, stopped, stopped_refusal
from landschap.vocabulary.problems import ProblemError, Refusal, granted
from landschap.vocabulary.tracing import parse_traceparent

log = structlog.get_logger(__name__)

# A body that takes longer than a moment to cut must not keep other questions waiting.
_IN_A_THREAD_BYTES = 32_768
_ACCEPT = {
    JSON: "application/json, application/hal+json;q=0.9, application/problem+json;q=0.5",
    "xml": "application/xml, text/xml;q=0.9, application/soap+xml;q=0.9",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldDeps:
    """What the application needs, given by who composes the process."""

    services: ServedServices
    log: LogWriter
    pseudonyms: Pseudonyms
    permit_keys: Callable[[], Sequence[bytes]]
    field_sets: Callable[[], Mapping[str, FieldSet]] = dict
    persons: Persons | None = None
    metrics: CollectorRegistry = field(default_factory=CollectorRegistry)


class HoldApp:
    """The ASGI application."""

    def __init__(self, deps: HoldDeps) -> None:
        self._deps = deps
        self._stopped = stopped_fields(deps.metrics)
        self._trimmed = Counter(
            "landschap_hold_fields_trimmed",
            "Values that a held service sent and the permit did not give.",
            ["service"],
            registry=deps.metrics,
        )
        self._answers = Counter(
            "landschap_hold_answers",
            "Answers of held services by how they ended; code is empty for what was delivered.",
            ["service", "outcome", "code"],
            registry=deps.metrics,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "lifespan":
            await _live(receive, send, self._deps.services)
            return
        try:
            leaving = await self._answer(scope, receive)
        except ProblemError as error:
            leaving = told(error.refusal)
        except Exception:  # what nobody foresaw may name a person: it stays here
            reference = new_trace_id().hex()
            log.exception("unforeseen", reference=reference)
            leaving = told(unforeseen(reference))
        await send_out(leaving, send, without_body=scope["method"] == "HEAD")

    async def _answer(self, scope: Scope, receive: Receive) -> Leaving:
        headers = _headers_of(scope)
        target = _target_of(scope)
        now = datetime.now(UTC)
        permit = granted(
            open_permit(
                headers.get(HEADER.lower(), ""),
                self._deps.permit_keys(),
                now=now,
                method=scope["method"],
                target=target,
                service=None,
                field_sets=self._deps.field_sets(),
            )
        )
        served = await self._deps.services.of(permit.service)
        if served is None or not target.startswith(served.service.base):
            raise ProblemError(misconfigured(permit.service))
        case = Case(
            served=served,
            permit=permit,
            trace=parse_traceparent(headers.get("traceparent"), headers.get("tracestate", "")),
            span=new_span_id(),
            started_at=now,
            action=served.service.methods.get(scope["method"], "raadplegen"),
        )
        async with self._turn(case):
            body = await read_body(receive, served.service.body_bytes)
            raw = Raw(
                method=scope["method"],
                target=target[len(served.service.base) :],
                media_type=headers.get("content-type", ""),
                body=body,
            )
            understood = await self._understood(case, raw)
            judged = await self._asked(case, raw, understood, headers)
            return await self._released(case, judged, understood)

    @asynccontextmanager
    async def _turn(self, case: Case) -> AsyncIterator[None]:
        """One of the places that this service has; refused at once when there is none."""
        served = case.served
        if served.busy >= served.hold.concurrent:
            await self._refuse(case, busy(), (), Outcome.FAILED)
        served.busy += 1
        try:
            yield
        finally:
            served.busy -= 1

    async def _understood(self, case: Case, raw: Raw) -> Understood:
        """The question, permitted. Raises ProblemError, after the record of it."""
        hold = case.served.hold
        found = understand(raw, hold, case.served.question)
        if isinstance(found, Refusal):
            await self._deps.log.append([refused(case, "search", found.code)])
            self._count(case, Outcome.REFUSED, found.code)
            raise ProblemError(found)
        refusal = search_refusal(found, case.permit, keys_of(raw.target))
        if refusal is not None:
            numbers = found.numbers(hold.persons)
            decided = refused(case, "search", refusal.code, sorted(found.facts))
            await self._refuse(case, refusal, numbers, Outcome.REFUSED, decided)
        await self._look(case, found.numbers(hold.persons))
        return found

    async def _look(self, case: Case, numbers: Sequence[str]) -> None:
        """What the permit asks that can not be met, or stands against the use of a person.

        Raises ProblemError, after the record of it.
        """
        permit, code = case.permit, ""
        untold = permit.mark or any(not each.path for each in permit.obligations)
        if untold or (permit.checks and self._deps.persons is None):
            code = "obligation_unsupported"
        elif permit.checks:
            subjects = self._deps.pseudonyms.of(case.served.hold.kind, numbers)
            code = min((await stopped(permit, subjects, self._deps.persons)).values(), default="")
        if code:
            refusal, decided = stopped_refusal(permit, code), refused(case, "read", code)
            await self._refuse(case, refusal, numbers, Outcome.REFUSED, decided)

    async def _asked(
        self, case: Case, raw: Raw, understood: Understood, headers: Mapping[str, str]
    ) -> Judged:
        """What may leave of the answer; a failure is a verdict too, and is recorded as one."""
        served = case.served
        rows = [each.path for each in case.permit.rows]
        wanted = {*case.permit.fields, *served.hold.persons, *rows}
        target = served.service.base + with_fields(understood.target, served.hold, wanted)
        # A HEAD of the service would tell the length of what was not cut.
        method = "GET" if raw.method == "HEAD" else raw.method
        try:
            onward = _onward(case, headers, understood, self._deps.pseudonyms.controller.value)
            answered = await served.upstream.ask(method, target, onward, understood.body)
        except ProblemError as error:
            numbers = tuple(understood.numbers(served.hold.persons))
            return Judged(outcome=Outcome.FAILED, refusal=error.refusal, numbers=numbers)
        return await self._judged(case, answered, understood)

    async def _judged(self, case: Case, answered: Answered, understood: Understood) -> Judged:
        served = case.served
        duties = case.permit.duties(self._deps.pseudonyms.newest()[1])
        given = (answered, served.hold, served.shapes, case.permit, understood, duties)
        if len(answered.body) < _IN_A_THREAD_BYTES:
            return judge(*given)
        return await asyncio.to_thread(judge, *given)

    async def _released(self, case: Case, judged: Judged, understood: Understood) -> Leaving:
        """What leaves, after its lines are durable. Raises ProblemError."""
        await self._look(case, judged.numbers)
        if judged.stopped:
            self._stopped.labels(case.permit.service).inc(judged.stopped)
        self._trimmed.labels(case.permit.service).inc(judged.trimmed)
        decided = [refused(case, "read", ROW_MISMATCH)] if judged.removed else []
        fields = {*judged.released, *understood.facts}
        failed = judged.outcome is Outcome.FAILED and judged.refusal is not None
        drafts = lines(
            case,
            self._deps.pseudonyms,
            judged.numbers,
            judged.outcome,
            fields=fields,
            exception=judged.refusal.code if failed and judged.refusal else None,
        )
        await self._deps.log.append([*decided, *drafts])
        self._count(case, judged.outcome, judged.refusal.code if judged.refusal else "")
        if judged.refusal is not None:
            raise ProblemError(judged.refusal)
        return Leaving(status=judged.status, media_type=judged.media_type, body=judged.body)

    async def _refuse(
        self,
        case: Case,
        refusal: Refusal,
        numbers: Sequence[str],
        outcome: Outcome,
        *decided: Draft,
    ) -> None:
        """Record a refusal, then raise it."""
        drafts = lines(
            case, self._deps.pseudonyms, numbers, outcome, exception=_exception(refusal, outcome)
        )
        await self._deps.log.append([*decided, *drafts])
        self._count(case, outcome, refusal.code)
        raise ProblemError(refusal)

    def _count(self, case: Case, outcome: Outcome, code: str) -> None:
        self._answers.labels(case.permit.service, outcome.value, code).inc()


def _exception(refusal: Refusal, outcome: Outcome) -> str | None:
    return refusal.code if outcome is Outcome.FAILED else None


def _onward(
    case: Case, headers: Mapping[str, str], understood: Understood, oin: str
) -> dict[str, str]:
    """The headers that the service gets: form, trace, and those that it was declared to get.

    Raises ProblemError when a BRP gateway can not be told why it is asked.
    """
    service = case.served.service
    sent = {
        "Accept": _ACCEPT[case.served.hold.form],
        "Fsc-Transaction-Id": str(case.permit.transaction_id),
    }
    if understood.body:
        sent["Content-Type"] = headers.get("content-type", "")
    if service.trace == "untouched":
        sent |= {name: headers[name] for name in ("traceparent", "tracestate") if name in headers}
    elif case.trace is not None:
        sent["traceparent"] = case.trace.child(case.span).header()
        if case.trace.tracestate:
            sent["tracestate"] = case.trace.tracestate
    for name in service.headers:
        if name.lower() in headers:
            sent[name] = headers[name.lower()]
    brp = case.served.hold.brp
    if brp is None:
        return sent
    why = brp.headers(case.permit.purpose, case.permit.activity, oin)
    if why is None:
        raise ProblemError(untold(case.permit.service))
    # In place of what was sent along under these names, whichever way it was written.
    return {name: value for name, value in sent.items() if name.lower() not in why} | why


def _headers_of(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


def _target_of(scope: Scope) -> str:
    """Path and query as they were sent."""
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    return path.decode("latin-1") + (f"?{query.decode('latin-1')}" if query else "")


async def _live(receive: Receive, send: Send, services: ServedServices) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await services.close()
            await send({"type": "lifespan.shutdown.complete"})
            return
