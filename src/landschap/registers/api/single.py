# SPDX-License-Identifier: EUPL-1.2
"""Questions about one object: what it was, its stretches of days, everything registered of it."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus

from litestar import Response

from landschap.platform.http import json_response
from landschap.purposes.duties import obey
from landschap.registers import store
from landschap.registers.answering import Shape, body_of, cut, headers_of, no_version
from landschap.registers.api.cases import AnyRequest, Case, History
from landschap.registers.api.desk import Desk, preference
from landschap.registers.api.expansion import expand
from landschap.registers.api.forms import forms_of
from landschap.registers.derived_history import groups_told, stretches_told
from landschap.registers.disposal import gone
from landschap.registers.geojson import GEOJSON, collection_of, feature_of, in_crs
from landschap.registers.models import ObjectType
from landschap.registers.occurrences import (
    occurrences,
    registration_as_json,
    registrations,
)
from landschap.registers.questions import AsOf, Found
from landschap.registers.refusals import too_broad
from landschap.registers.timeline import Known
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import ProblemError

# An object with more stretches than this is not one question any more.
MAX_STRETCHES = 1000


async def one(desk: Desk, kind: ObjectType, object_id: str, request: AnyRequest) -> Response[bytes]:
    """One object as it was. Raises ProblemError."""
    case = desk.case(kind, request, offered=forms_of(kind), obeys=True)
    question, found = await desk.ask(case, [object_id])
    existed = bool(found) or await _existed(desk, case, question, object_id)
    await desk.record(case, [object_id], found)
    if not found:
        await refuse_destroyed(desk, case, object_id)
        raise ProblemError(no_version(question, existed=existed))
    bodies = [body_of(one, question, case.shape) for one in found]
    await expand(desk, case, question.known, list(zip(found, bodies, strict=True)))
    # More than one only when a begin is partly unknown: then both possible answers.
    body: JsonValue = bodies[0] if len(bodies) == 1 else {"mogelijk": bodies}
    if case.form == GEOJSON:
        body = feature_of(kind, bodies[0]) if len(bodies) == 1 else collection_of(kind, bodies, [])
    headers = headers_of(case.path, case.asked, question, found, body)
    headers |= await desk.pointers.headers(desk.deps.registers.by_name[kind.register])
    if _is_known(request, headers["ETag"]):
        return Response(b"", status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return json_response(body, headers={**headers, **preference(case)}, media_type=case.form)


async def stretches(
    desk: Desk, kind: ObjectType, object_id: str, request: AnyRequest
) -> Response[bytes]:
    """The stretches of days of one object as known, the latest first. Raises ProblemError."""
    case = desk.case(
        kind, request, offers_period=True, needs=History(material="voorkomens"), obeys=True
    )
    known = await desk.known(case)
    groups = await desk.history(case, object_id)
    found = occurrences(kind, object_id, groups, known, case.asked.within)
    await desk.record(case, [object_id], found)
    if not found:
        await refuse_destroyed(desk, case, object_id)
    if not any(known.includes(each) for group in groups.values() for each in group):
        raise ProblemError(no_version(_question(case, object_id, known), existed=False))
    if len(found) > MAX_STRETCHES:
        raise ProblemError(
            too_broad(f"More than {MAX_STRETCHES} stretches come into view; ask for a period.")
        )
    shape = replace(case.shape, with_history=True, whole_stretch=True)
    plain = replace(shape, with_history=False)

    def told(each: Found, shape: Shape) -> dict[str, JsonValue]:
        return body_of(each, _question(case, object_id, known, each), shape)

    apart = stretches_told(found, lambda each: told(each, plain), shape.leaves)
    items: list[JsonValue] = [told(each, shape) for each in apart]
    body: JsonValue = {"items": items}
    headers = headers_of(case.path, case.asked, _question(case, object_id, known), found, body)
    return json_response(body, headers={**headers, **preference(case)})


async def registered(
    desk: Desk, kind: ObjectType, object_id: str, request: AnyRequest
) -> Response[bytes]:
    """Everything registered about one object and known, in order. Raises ProblemError."""
    case = desk.case(kind, request, needs=History(formal="registraties"), obeys=True)
    known = await desk.known(case)
    groups = await desk.history(case, object_id)
    lines = registrations(groups, known)
    found = occurrences(kind, object_id, groups, known)
    await desk.record(case, [object_id], found)
    if not lines:
        await refuse_destroyed(desk, case, object_id)
        raise ProblemError(no_version(_question(case, object_id, known), existed=False))
    items: list[JsonValue] = []
    for line in registrations(groups_told(kind, case.shape.leaves, groups), known):
        told = registration_as_json(line)
        if line.content is not None:
            content = obey(cut(line.content, case.shape.leaves), case.shape.duties, line.content)
            told["inhoud"] = in_crs(kind, content, case.shape.crs)
        items.append(told)
    body: JsonValue = {kind.identification: object_id, "items": items}
    headers = headers_of(case.path, case.asked, _question(case, object_id, known), found, body)
    return json_response(body, headers={**headers, **preference(case)})


async def refuse_destroyed(desk: Desk, case: Case, object_id: str) -> None:
    """Raises ProblemError for what was destroyed as a whole: gone, whatever day or moment.

    Whether a row condition would have let it be seen can not be told any more: then it is as if
    it never was.
    """
    if case.permit.rows:
        return
    told = await store.destroyed_of(desk.deps.pool, [(case.type.key, object_id)])
    for one in told.values():
        raise ProblemError(gone(one))


async def _existed(desk: Desk, case: Case, question: AsOf, object_id: str) -> bool:
    groups = await desk.history(case, object_id, asked_before=True)
    return any(question.known.includes(one) for group in groups.values() for one in group)


def _question(case: Case, object_id: str, known: Known, found: Found | None = None) -> AsOf:
    day = found.history.period.begin if found else case.asked.valid_on
    return AsOf(type=case.type, wanted=[object_id], valid_on=day, known=known)


def _is_known(request: AnyRequest, etag: str) -> bool:
    """Source: RFC 9110, "If-None-Match"."""
    given = request.headers.get("if-none-match", "")
    return any(part.strip().removeprefix("W/") in (etag, "*") for part in given.split(","))
