# SPDX-License-Identifier: EUPL-1.2
"""Reporting doubt through the door, reading what became of it, and deciding on it.

POST /{register}/v1/{collectie}/{id}/_terugmelding             by who may read the value
GET  /{register}/v1/terugmeldingen/{id}                        by who reported it
GET  /{register}-bijhouden/v1/terugmeldingen                   what waits for a decision
POST /{register}-bijhouden/v1/terugmeldingen/{id}/_besluit     by the holder of the register
"""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from uuid import UUID

from litestar import Response

from landschap.platform.http import json_response
from landschap.platform.ids import uuid7
from landschap.purposes.permit import Permit
from landschap.registers import store
from landschap.registers.answering import no_version
from landschap.registers.api.cases import AnyRequest
from landschap.registers.api.changing import SERVICE_ENDING
from landschap.registers.api.desk import Desk
from landschap.registers.api.requests import check_media
from landschap.registers.models import ObjectType, Register
from landschap.registers.refusals import closed_fields, rows_not_obeyed
from landschap.registers.reports import Report, read_decision, read_report
from landschap.registers.terms import due
from landschap.vocabulary.problems import ProblemError, Refusal, granted
from landschap.vocabulary.times import amsterdam_day

_OPEN_LIMIT = 1000


async def report(
    desk: Desk, kind: ObjectType, object_id: str, request: AnyRequest
) -> Response[bytes]:
    """Somebody doubts values they may read. Raises ProblemError."""
    case = desk.case(kind, request)
    doubted = granted(read_report(kind, await request.body()))
    closed = sorted(set(doubted.paths) - case.shape.leaves)
    if closed:
        raise ProblemError(closed_fields(closed, "; what is not read can not be doubted."))
    question, found = await desk.ask(case, [object_id])
    await desk.record(case, [object_id], found, doing=f"{kind.collection} terugmelden")
    if not found:
        raise ProblemError(no_version(question, existed=False))
    register, now = desk.deps.registers.by_name[kind.register], datetime.now(UTC)
    made = Report(
        report_id=uuid7(),
        type_key=kind.key,
        object_id=object_id,
        paths=doubted.paths,
        since=found[0].history.period.begin,
        explanation=doubted.explanation,
        peer=case.permit.peer,
        reported_at=now,
        decide_by=due(amsterdam_day(now), register.decision_term),
    )
    kept = await store.report(desk.deps.pool, register, kind, made, case.permit.transaction_id)
    return json_response(
        kept.as_json(with_explanation=False),
        status=HTTPStatus.CREATED,
        headers={"Location": f"/{kind.register}/v1/terugmeldingen/{kept.report_id}"},
    )


async def read(
    desk: Desk, register: Register, report_id: str, request: AnyRequest
) -> Response[bytes]:
    """What became of a report, for the organisation that made it. Raises ProblemError."""
    permit = desk.permit(register.name, request, datetime.now(UTC))
    found = await _found(desk, register, report_id)
    if found.peer != permit.peer:
        raise ProblemError(_NOT_FOUND)  # that it exists is not for others to know
    return json_response(found.as_json(with_explanation=False))


async def waiting(desk: Desk, register: Register, request: AnyRequest) -> Response[bytes]:
    """What waits for a decision, for the holder of the register. Raises ProblemError."""
    permit = desk.permit(f"{register.name}{SERVICE_ENDING}", request, datetime.now(UTC))
    _whole(register, permit)
    found = await store.open_reports(desk.deps.pool, register, _OPEN_LIMIT)
    told = [each for each in found if not _closed(register, each, permit)]
    return json_response({"items": [each.as_json(with_explanation=True) for each in told]})


async def decide(
    desk: Desk, register: Register, report_id: str, request: AnyRequest
) -> Response[bytes]:
    """The holder decides; the mark goes, or the correction follows. Raises ProblemError."""
    permit = desk.permit(f"{register.name}{SERVICE_ENDING}", request, datetime.now(UTC))
    _whole(register, permit)
    check_media(request)
    decided = granted(read_decision(await request.body()))
    found = await _found(desk, register, report_id)
    closed = _closed(register, found, permit)
    if closed:
        raise ProblemError(closed_fields(closed, "; nothing was decided."))
    if found.decided is not None and found.decided != decided:
        raise ProblemError(_DECIDED)
    kind = register.types[found.type_key.partition(".")[2]]
    kept = await store.decide(desk.deps.pool, register, kind, found, decided, permit.peer)
    return json_response(kept.as_json(with_explanation=True))


def _whole(register: Register, permit: Permit) -> None:
    """Reports are decided on by who may see the whole register. Raises ProblemError."""
    if permit.rows:
        raise ProblemError(rows_not_obeyed(f"/{register.name}/v1/terugmeldingen"))


def _closed(register: Register, report: Report, permit: Permit) -> list[str]:
    """The doubted values that the permit does not hold."""
    kind = register.types[report.type_key.partition(".")[2]]
    open_to = {leaf for path in permit.fields for leaf in kind.leaves(path)}
    return sorted({leaf for path in report.paths for leaf in kind.leaves(path)} - open_to)


async def _found(desk: Desk, register: Register, text: str) -> Report:
    try:
        report_id = UUID(text)
    except ValueError:
        raise ProblemError(_NOT_FOUND) from None
    found = await store.report_of(desk.deps.pool, register, report_id)
    if found is None:
        raise ProblemError(_NOT_FOUND)
    return found


_NOT_FOUND = Refusal(
    code="niet-gevonden",
    status=HTTPStatus.NOT_FOUND,
    title="There is no such report",
    detail="No report of yours has this identification.",
)
_DECIDED = Refusal(
    code="geschiedenis.gewijzigd",
    status=HTTPStatus.CONFLICT,
    title="This report has been decided on",
    detail="Nothing was written: a report is decided once. A new view needs a new report.",
)
