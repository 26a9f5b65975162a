# SPDX-License-Identifier: EUPL-1.2
"""The first page of a collection as it is now, in order of id: read and told in one go.

One statement finds the objects and reads them, and shows at which knowledge it stands. Anything
else (a page after the first, another order, a place, history, relations, obligations) is answered
by `collections.told_page`, which a test holds equal to this.
"""

from __future__ import annotations

from math import floor
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from landschap.platform.http import json_response
from landschap.registers import cursors, store
from landschap.registers.answering import etag_of, http_date, repeat_of
from landschap.registers.api.cases import Case
from landschap.registers.api.desk import Desk, preference
from landschap.registers.api.forms import JSON
from landschap.registers.listing import Listed, Order, bound_to, is_text
from landschap.registers.quick_answers import Plan, bodies_now
from landschap.registers.timeline import Clock
from landschap.vocabulary.ijson import JsonValue

if TYPE_CHECKING:
    from litestar import Response


async def first_page(desk: Desk, case: Case, listed: Listed) -> Response[bytes] | None:
    """The page with its headers; None: to be answered at length.

    That the filters are open to who asks was seen before.
    """
    plan = _plan(desk, case, listed)
    if plan is None:
        return None
    register = desk.deps.registers.by_name[case.type.register]
    at = store.AtNow(case.asked.valid_on, case.started_at)
    page = store.Few(filters=listed.filters, limit=listed.limit + 1)
    found = await store.few_now(desk.deps.pool, register, plan.kind, page, at)
    return None if found is None else _answer(desk, case, plan, found, listed.limit)


def _plan(desk: Desk, case: Case, listed: Listed) -> Plan | None:
    """How this page is told; None when it is not a usual one."""
    kind, asked, shape = case.type, case.asked, case.shape
    plain = (
        kind.clock is Clock.OWN
        and desk.deps.registers.by_name[kind.register].clock is Clock.OWN
        and len(kind.groups) == 1
        and asked.clock is Clock.OWN
        and (asked.moment, asked.number, asked.within, asked.fields) == (None, None, None, None)
        and not (shape.with_history or shape.left_out or shape.duties or case.expanded)
        and not (case.permit.rows or case.permit.checks or listed.cursor or listed.wants_count)
        and listed.area is None
        and listed.order == Order()
        and case.form == JSON
        and all(is_text(kind, path) for path in listed.filters)
    )
    if not plain:
        return None
    view = desk.seen(case, listed.paths())
    plan = Plan(kind=view, leaves=shape.leaves, with_corrections=False)
    return plan if plan.can_answer and len(view.groups) == 1 else None


def _answer(
    desk: Desk, case: Case, plan: Plan, found: store.FewFound, limit: int
) -> Response[bytes]:
    items = bodies_now(plan, found.ids, found.contents)
    goes_on = len(items) > limit
    body: JsonValue = {"items": items[:limit]}
    repeat = repeat_of(case.asked.valid_on, found.known)
    headers = {
        "Content-Location": f"{case.path}?{urlencode(repeat)}",
        "ETag": etag_of(body, found.numbers[:limit]),
    }
    if found.registered_at is not None:
        headers["Last-Modified"] = http_date(floor(found.registered_at.timestamp()))
    if goes_on:
        bound = cursors.question_digest([bound_to(case.type, case.query), ""])
        place = cursors.Place(found.ids[limit - 1])
        at = cursors.cursor_at(place, case.asked.valid_on, found.known, case.started_at)
        onward = {**case.query, "cursor": cursors.seal(at, bound, desk.deps.permit_key)}
        headers["Link"] = f'<{case.path}?{urlencode(onward)}>; rel="next"'
    return json_response(body, headers={**headers, **preference(case)}, media_type=case.form)
