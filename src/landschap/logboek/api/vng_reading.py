# SPDX-License-Identifier: EUPL-1.2
"""What was done with somebody's data, for that person, by the older municipal standard.

    GET  /verwerkingenlogging/v1/verwerkte-objecten       an entry per use
    POST /verwerkingenlogging/v1/verwerkte-objecten/_zoek the same, without a number in an address
    GET  /verwerkingenlogging/v1/verwerkingsacties        an entry per action
    GET  /verwerkingenlogging/v1/verwerkingsacties/{id}   one that came in by this standard

An application asks for a resident who logged in, as at our other interface for reading; what is
held back is not read. Of an action about several persons the own part is told. Nobody is told the
system, the employee or the source. Source: VNG, "Logging van verwerkingen", inzage API 0.9.0.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import structlog
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from landschap.logboek.api import refusals, vng_refusals
from landschap.logboek.api.vng_writing import BASE, RETRY
from landschap.logboek.disclosure import Disclosure, Level, case_of, is_generic
from landschap.logboek.faults import LogUnavailable
from landschap.logboek.given import InvalidLine
from landschap.logboek.ingest import Keys
from landschap.logboek.read_profile import LogQuestion
from landschap.logboek.readers import Auditor, Reader, Resident, pseudonyms_of
from landschap.logboek.records import Kind, Record
from landschap.logboek.store import by_transactions, vng
from landschap.logboek.store.selected import lines_asked
from landschap.logboek.store.told import uses_told
from landschap.logboek.vng_action import Consumer
from landschap.logboek.vng_answers import (
    Activity,
    Asked,
    Line,
    Place,
    actions_of,
    consumer_in,
    consumer_of,
    objects_of,
)
from landschap.logboek.vng_members import InvalidAction, once
from landschap.logboek.vng_question import (
    ASKED,
    MAX_BODY_BYTES,
    VngQuestion,
    read_asked,
    read_question,
)
from landschap.platform.http import json_response, problem_response
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import ProblemError

AnyRequest = Request[Any, Any, Any]

MAX_LINES = 500
_READ = "read:normal"
_UNREAD = "The log can not be read now."
_AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
_QUERY = {"query": ASKED}
log = structlog.get_logger(__name__)

Shape = Callable[[Sequence[Line], Asked, Place], list[JsonValue]]


@dataclass(frozen=True, slots=True, kw_only=True)
class VngReadingDeps:
    """What reading needs.

    ``reader`` tells from the headers who asks; ``rights`` the scopes of an application;
    ``disclosed`` what may be told now; ``activity_at`` what the register said of an activity then.
    """

    pool: asyncpg.Pool
    keys: Keys
    address: str
    reader: Callable[[Mapping[str, str]], Awaitable[Reader]]
    rights: Callable[[str], Collection[str]]
    disclosed: Callable[[Collection[bytes] | None], Awaitable[Disclosure]]
    activity_at: Callable[[str, datetime], Awaitable[Activity | None]]


def routes(deps: VngReadingDeps) -> list[ControllerRouterHandler]:
    """The routes of this module."""

    @get(f"{BASE}/verwerkte-objecten", opt=_QUERY)
    async def objects(request: AnyRequest) -> Response[bytes]:
        return await _answered(deps, request, objects_of)

    @post(f"{BASE}/verwerkte-objecten/_zoek", status_code=200)
    async def search(request: AnyRequest) -> Response[bytes]:
        return await _answered(deps, request, objects_of, in_body=True)

    @get(f"{BASE}/verwerkingsacties", opt=_QUERY)
    async def actions(request: AnyRequest) -> Response[bytes]:
        return await _answered(deps, request, actions_of)

    @get(f"{BASE}/verwerkingsacties/{{actieId:uuid}}")
    async def one(request: AnyRequest, actieId: FromPath[UUID]) -> Response[bytes]:  # noqa: N803
        try:
            resident = await _resident(deps, request)
            told = actions_of(await _of_action(deps, resident, actieId), _NOBODY, _place(deps))
        except _AWAY as error:
            return _away(request, error)
        if not told:
            raise ProblemError(vng_refusals.no_such_action())
        return json_response(told[0], headers=_NOT_KEPT)

    return [objects, search, actions, one]


_NOBODY = Asked(None, None)
_NOT_KEPT = {"Cache-Control": "no-store"}


async def _answered(
    deps: VngReadingDeps, request: AnyRequest, shape: Shape, *, in_body: bool = False
) -> Response[bytes]:
    try:
        resident = await _resident(deps, request)
        question = read_question(await _asked(request, in_body=in_body))
        lines = await _lines(deps, resident, question)
    except InvalidAction as error:
        within = "body" if in_body else "query"
        raise ProblemError(vng_refusals.question_invalid(error.mistakes, within)) from None
    except _AWAY as error:
        return _away(request, error)
    results = shape(lines, Asked(question.kind, question.number), _place(deps))
    told: JsonValue = {
        "count": len(results), "next": None, "previous": None, "results": results,
    }  # fmt: skip
    return json_response(told, headers=_NOT_KEPT)


async def _resident(deps: VngReadingDeps, request: AnyRequest) -> Resident:
    """The person for whom an application asks. Raises ProblemError."""
    reader = await deps.reader(request.headers)
    if isinstance(reader, Auditor):
        raise ProblemError(refusals.person_by_number())
    if _READ not in deps.rights(reader.application):
        raise ProblemError(vng_refusals.scope_missing(_READ))
    return reader


async def _asked(request: AnyRequest, *, in_body: bool) -> Mapping[str, str]:
    if not in_body:
        return once(request.query_params.multi_items())
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise ProblemError(refusals.question_type_unknown())
    body = await request.body()
    if len(body) > MAX_BODY_BYTES:
        raise ProblemError(vng_refusals.too_large())
    return read_asked(body)


async def _lines(deps: VngReadingDeps, resident: Resident, question: VngQuestion) -> list[Line]:
    """The own lines that fit, newest first. Raises InvalidAction, ProblemError."""
    if question.full or question.levels == {Level.HELD}:
        raise ProblemError(vng_refusals.scope_missing("read:confidential"))
    subjects = _own(deps, resident, question)
    disclosed = await deps.disclosed(resident.pseudonyms)
    found = await uses_told(
        deps.pool, subjects, question.since, question.until, MAX_LINES + 1, disclosed
    )
    if len(found) > MAX_LINES:
        raise ProblemError(vng_refusals.more_than_told(MAX_LINES))
    lines = await _joined(deps, found, disclosed)
    return [
        each
        for each in lines
        if each.level in question.levels
        and (question.activity_id is None or _is_under(each, question.activity_id))
    ]


async def _of_action(deps: VngReadingDeps, resident: Resident, action_id: UUID) -> list[Line]:
    """The own lines of one action that came in by this standard; none when it may not be told."""
    noted = (await vng.actions_by_id(deps.pool, [action_id])).get(action_id)
    if noted is None:
        return []
    disclosed = await deps.disclosed(resident.pseudonyms)
    # By its number a line would be told that may only be told in general.
    held = disclosed.withheld(by_act=True)
    question = LogQuestion(trace_id=noted.trace_id)
    found = await lines_asked(deps.pool, question, resident.pseudonyms, held, MAX_LINES)
    place = _place(deps)
    lines = await _joined(deps, found, disclosed)
    return [each for each in lines if place.number_of(each.record, each.whole) == action_id]


async def _joined(
    deps: VngReadingDeps, records: Sequence[Record], disclosed: Disclosure
) -> list[Line]:
    """The lines with what belongs to them: the whole, the register of then, what was noted."""
    place, above = _place(deps), await vng.groups_above(deps.pool, records)
    numbers = {
        each.columns.record_id: place.number_of(each, above.get(each.columns.record_id))
        for each in records
    }
    noted = await vng.actions_by_id(deps.pool, set(numbers.values()))
    passed = await _transactions(deps, records)
    known: dict[tuple[str, JsonValue], Activity | None] = {}
    lines = []
    for each in records:
        number = each.columns.record_id
        came = noted.get(numbers[number])
        lines.append(
            Line(
                record=each,
                whole=above.get(number),
                activity=await _activity(deps, each, known),
                level=_level(each, disclosed),
                noted=came,
                consumer=consumer_of(came) if came else _consumer(each, passed),
            )
        )
    return lines


async def _transactions(
    deps: VngReadingDeps, records: Sequence[Record]
) -> Mapping[UUID, Sequence[Record]]:
    """What our own doors recorded of the transactions of these lines."""
    numbers = {each.columns.transaction_id for each in records} - {None}
    return await by_transactions(deps.pool, [each for each in numbers if each]) if numbers else {}


def _consumer(line: Record, passed: Mapping[UUID, Sequence[Record]]) -> Consumer | None:
    columns = line.columns
    if columns.transaction_id is None:
        return None
    for each in passed.get(columns.transaction_id, ()):
        if each.columns.kind == Kind.FSC and each.columns.trace_id == columns.trace_id:
            return consumer_in(each)
    return None


async def _activity(
    deps: VngReadingDeps, record: Record, known: dict[tuple[str, JsonValue], Activity | None]
) -> Activity | None:
    uri, own = record.columns.activity, record.content().get("landschap")
    if uri is None or not isinstance(own, Mapping):
        return None
    key = uri, own.get("activity_version")
    if key not in known:
        known[key] = await deps.activity_at(uri, record.columns.at)
    return known[key]


def _level(record: Record, disclosed: Disclosure) -> Level:
    if is_generic(record):
        return Level.LIFTED
    return disclosed.level_of(record.columns.activity or "", case_of(record))


def _is_under(line: Line, activity_id: UUID) -> bool:
    return line.activity is not None and line.activity.id == activity_id


def _own(deps: VngReadingDeps, resident: Resident, question: VngQuestion) -> list[bytes]:
    """Those pseudonyms that were asked and are the resident's own: none of anybody else."""
    try:
        wanted = pseudonyms_of(deps.keys, question.kind.lower(), question.number)
    except InvalidValue:
        mistake = InvalidLine("object_id", "no number of a kind that is known here", "objectId")
        raise InvalidAction([mistake]) from None
    return [each for each in resident.pseudonyms if each in wanted]


def _place(deps: VngReadingDeps) -> Place:
    return Place(deps.address)


def _away(request: AnyRequest, error: BaseException) -> Response[bytes]:
    log.warning("lines can not be read", error=type(error).__name__)
    refusal = LogUnavailable(_UNREAD).refusal
    return problem_response(refusal, instance=request.url.path, headers=RETRY)
