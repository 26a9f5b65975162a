# SPDX-License-Identifier: EUPL-1.2
"""Questions about a collection: a page, a search, a batch of ids, what changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import urlencode

from litestar import Response

from landschap.platform.http import json_response
from landschap.registers import cursors, store
from landschap.registers.answering import body_of, headers_of
from landschap.registers.api.cases import AnyRequest, Case
from landschap.registers.api.desk import Desk, preference
from landschap.registers.api.expansion import expand
from landschap.registers.api.forms import forms_of
from landschap.registers.api.persons import told_changes
from landschap.registers.api.quick_pages import first_page
from landschap.registers.api.requests import query_of
from landschap.registers.asking import Faults, read_key
from landschap.registers.batch import read_batch
from landschap.registers.geojson import GEOJSON, collection_of, link
from landschap.registers.listing import LIST_KEYS, Listed, bound_to, read_listed
from landschap.registers.models import ObjectType, Register
from landschap.registers.periods import Period
from landschap.registers.questions import AsOf, Found
from landschap.registers.refusals import closed_fields, rows_not_obeyed
from landschap.registers.store import Wanted
from landschap.registers.timeline import Known
from landschap.registers.views import readable
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import ProblemError, Refusal, granted
from landschap.vocabulary.times import as_utc_text

FEED_KEYS = ("vanaf", "limit")
_FEED_LIMIT = 1000


async def page(desk: Desk, kind: ObjectType, request: AnyRequest) -> Response[bytes]:
    """A page of a collection. Raises ProblemError."""
    read: list[Listed] = []
    case = desk.case(
        kind, request, offered=forms_of(kind), obeys=True,
        more=lambda query, wrong: read.append(_read(kind, query, wrong)),
    )  # fmt: skip
    (listed,) = read
    _refuse_list(case, listed)
    answer = await first_page(desk, case, listed)
    return answer if answer is not None else await answer_page(desk, case, listed)


class Told(NamedTuple):
    """A page as it is told: the objects, and where the next one is; empty on the last."""

    question: AsOf
    found: Sequence[Found]
    bodies: Sequence[dict[str, JsonValue]]
    wanted: Wanted
    cursor: str


async def told_page(
    desk: Desk, case: Case, listed: Listed, body_digest: str = "", within: Period | None = None
) -> Told:
    """A page of what was listed; ``body_digest`` where the question stands in a body too.

    ``within`` is the period of which it is about some day, instead of one. Raises ProblemError.
    """
    kind = case.type
    _refuse_list(case, listed)
    period: JsonValue = [str(within.begin), str(within.end)] if within else body_digest
    bound = cursors.question_digest([bound_to(kind, case.query), period])
    wanted, begun = await _wanted(desk, case, listed, bound)
    wanted = replace(wanted, within=within)
    found = await store.page_of(desk.deps.pool, wanted)
    question = AsOf(
        type=kind,
        wanted=[one.object_id for one in found.found],
        valid_on=wanted.valid_on,
        known=wanted.known,
        uncertainty=wanted.uncertainty,
    )
    bodies = [body_of(one, question, case.shape) for one in found.found]
    await expand(desk, case, wanted.known, list(zip(found.found, bodies, strict=True)))
    cursor = ""
    if found.next is not None:
        place = cursors.cursor_at(found.next, wanted.valid_on, wanted.known, begun)
        cursor = cursors.seal(place, bound, desk.deps.permit_key)
    return Told(question, found.found, bodies, wanted, cursor)


def onward_of(case: Case, query: Mapping[str, str], cursor: str) -> str:
    """The address of the page after this one; empty when there is none."""
    return f"{case.path}?{urlencode({**query, 'cursor': cursor})}" if cursor else ""


async def answer_page(
    desk: Desk, case: Case, listed: Listed, body_digest: str = ""
) -> Response[bytes]:
    """A page of what was listed, in the form that was asked for. Raises ProblemError."""
    told = await told_page(desk, case, listed, body_digest)
    body: dict[str, JsonValue] = {"items": list(told.bodies)}
    if listed.wants_count:
        body["totaal"] = await store.count_of(desk.deps.pool, told.wanted)
    onward = onward_of(case, case.query, told.cursor)
    if case.form == GEOJSON:
        links: list[JsonValue] = [link(onward, "next", GEOJSON)] if onward else []
        totals = {"numberMatched": body["totaal"]} if listed.wants_count else {}
        body = collection_of(case.type, told.bodies, links) | totals
    headers = headers_of(case.path, case.asked, told.question, told.found, body)
    if onward:
        headers["Link"] = f'<{onward}>; rel="next"'
    return json_response(body, headers={**headers, **preference(case)}, media_type=case.form)


async def search(desk: Desk, kind: ObjectType, request: AnyRequest) -> Response[bytes]:
    """Objects by a search key. Raises ProblemError."""
    case = desk.case(kind, request, more=_refuse_paging, obeys=True)
    wanted = granted(read_key(kind, await request.body()))
    if wanted.path not in case.permit.searchable:
        await desk.record(case, wanted, [], refused=True)
        raise ProblemError(_key_not_permitted(kind, wanted.path))
    question, found = await desk.ask(case, wanted)
    await desk.record(case, wanted, found)
    bodies = [body_of(one, question, case.shape) for one in found]
    await expand(desk, case, question.known, list(zip(found, bodies, strict=True)))
    body: JsonValue = {"items": list(bodies)}
    headers = headers_of(case.path, case.asked, question, found, body)
    return json_response(body, headers={**headers, **preference(case)})


async def batch(desk: Desk, kind: ObjectType, request: AnyRequest) -> Response[bytes]:
    """Up to a hundred objects by id, in the order asked; null for what is not there.

    Raises ProblemError. Source: NL GOV REST API, batch (consultation).
    """
    case = desk.case(kind, request, obeys=True)
    keys = granted(read_batch(await request.body()))
    question, found = await desk.ask(case, sorted(set(keys)))
    await desk.record(case, question.wanted, found)
    bodies = [body_of(one, question, case.shape) for one in found]
    await expand(desk, case, question.known, list(zip(found, bodies, strict=True)))
    by_id: dict[str, JsonValue] = {}
    for one, told in zip(found, bodies, strict=True):
        by_id.setdefault(one.object_id, told)
    body: JsonValue = {"results": [by_id.get(key) for key in keys]}
    headers = headers_of(case.path, case.asked, question, found, body)
    return json_response(body, headers={**headers, **preference(case)})


async def changes(desk: Desk, register: Register, request: AnyRequest) -> Response[bytes]:
    """Which objects changed after a number, and nothing of what changed. Raises ProblemError.

    Of types and groups of which the permit holds nothing, no change is told; nor of objects about
    somebody whose data may not be used.
    """
    now = datetime.now(UTC)
    permit = desk.permit(register.name, request, now, looks_up=True)
    if permit.rows:
        raise ProblemError(rows_not_obeyed(f"/{register.name}/v1/wijzigingen"))
    wrong = Faults()
    query = query_of(request)
    after = _whole(query, "vanaf", 0, 10**18, wrong)
    limit = _whole(query, "limit", 100, _FEED_LIMIT, wrong)
    refusal = wrong.refusal()
    if refusal is not None:
        raise ProblemError(refusal)
    known = await store.known_at(desk.deps.pool, register, now)
    told = readable(register, permit.fields)
    found = await store.changes_after(desk.deps.pool, told, after, known, max(limit, 1))
    collections = {kind.key: kind.collection for kind in told.types.values()}
    items: list[JsonValue] = [
        {
            "volgnummer": change.number,
            "collectie": collections[change.type_key],
            "identificatie": change.object_id,
            "groep": change.group,
            "soort": change.kind,
            "tijdstipRegistratie": as_utc_text(change.registered_at),
        }
        for change in await told_changes(desk, permit, register, found, now)
    ]
    headers = {}
    if found:
        onward = urlencode({"vanaf": found[-1].number, "limit": limit})
        headers["Link"] = f'<{request.url.path}?{onward}>; rel="next"'
    return json_response({"items": items}, headers=headers)


def _read(kind: ObjectType, query: Mapping[str, str], wrong: Faults) -> Listed:
    return read_listed(kind, query, wrong)


async def _wanted(desk: Desk, case: Case, listed: Listed, bound: bytes) -> tuple[Wanted, datetime]:
    """The page that is asked for, and when the first was; it is of the knowledge of the first."""
    valid_on, after, begun = case.asked.valid_on, None, case.started_at
    known: Known
    if listed.cursor:
        cursor = granted(cursors.opened(listed.cursor, bound, desk.deps.permit_key, begun))
        known, valid_on, after = cursor.known, cursor.valid_on, cursor.place
        begun = cursor.begun
    else:
        known = await desk.known(case)
    wanted = Wanted(
        type=desk.seen(case, listed.paths()),
        filters=listed.filters,
        order=listed.order,
        valid_on=valid_on,
        known=known,
        limit=listed.limit,
        after=after,
        uncertainty=case.asked.uncertainty,
        rows=case.permit.rows,
        area=listed.area,
    )
    return wanted, begun


def _refuse_paging(query: Mapping[str, str], wrong: Faults) -> None:
    for name in LIST_KEYS:
        if name in query:
            wrong.add("parameter.ongeldig", name, "is for a search by place: by a key comes all")


def _refuse_list(case: Case, listed: Listed) -> None:
    """Raises ProblemError for what is no list to be had."""
    if case.type.holds_personal_data:
        raise ProblemError(_no_list_of_persons(case.type))
    refuse_closed(case, listed)


def refuse_closed(case: Case, listed: Listed) -> None:
    """What the permit does not hold can not be found out by filtering on it either."""
    used = {*listed.filters, listed.order.path, listed.area.path if listed.area else ""} - {""}
    open_to = {leaf for path in case.permit.fields for leaf in case.type.leaves(path)}
    duties = case.shape.duties
    closed = (used - open_to) | {path for path in used if duties and duties.hides(path)}
    if closed:
        raise ProblemError(closed_fields(closed, ", so it can not be searched by."))


def _whole(query: Mapping[str, str], name: str, default: int, highest: int, wrong: Faults) -> int:
    text = query.get(name, str(default))
    if text.isascii() and text.isdigit() and int(text[:19]) <= highest:
        return int(text)
    wrong.add("parameter.ongeldig", name, f"must be a whole number up to {highest}")
    return default


def _no_list_of_persons(kind: ObjectType) -> Refusal:
    return Refusal(
        code="lijst_van_personen",
        status=HTTPStatus.FORBIDDEN,
        title="Persons are not listed",
        detail=f"A question about {kind.collection} is about one person, or about a few: send the "
        f"search key in the body of POST /{kind.register}/v1/{kind.collection}/_zoek.",
        missing="a search key",
        owner="the application that asks",
    )


def _key_not_permitted(kind: ObjectType, path: str) -> Refusal:
    return Refusal(
        code="search_not_permitted",
        status=HTTPStatus.FORBIDDEN,
        title="Searching by this key is not permitted for this purpose",
        detail=f"{kind.collection} may not be searched by {path}: that would be use of it.",
        missing=f"{path} as a search key in the policy of this purpose",
        owner="the privacy officer of this organisation",
    )
