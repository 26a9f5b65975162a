# SPDX-License-Identifier: EUPL-1.2
"""The first page of a collection as it is now, in order of id: read and told in one go.

One statement finds the objects and reads them, and shows at which knowledge it stands. Anything
else (a page after the first, another order, a place, history, relations, obligations) is answered
by `collections.told_page`, which a test holds equal to this.
"""

from __future__ import annotations

from datetime import date, datetime
from math import floor
from typing import NamedTuple
from urllib.parse import urlencode

import msgspec
from litestar import Response

from landschap.registers import cursors, store
from landschap.registers.answering import etag_of_bytes, http_date, repeat_text
from landschap.registers.api.cases import Case
from landschap.registers.api.desk import Desk, preference
from landschap.registers.api.forms import JSON
from landschap.registers.listing import Listed, Order, bound_to, is_text
from landschap.registers.quick_answers import Plan, bodies_now
from landschap.registers.timeline import Clock

_ENCODE = msgspec.json.Encoder().encode


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
    page = Page(case.path, urlencode(case.query), case.asked.valid_on, case.started_at, limit)
    bound = cursors.question_digest([bound_to(case.type, case.query), ""])
    headers, body = told(plan, page, found, bound, desk.deps.permit_key)
    return Response(body, headers={**headers, **preference(case)}, media_type=case.form)


class Page(NamedTuple):
    """A page as it was asked: address, query, day, moment of asking, and at most how many."""

    path: str
    query: str
    valid_on: date
    started_at: datetime
    limit: int


def told(
    plan: Plan, page: Page, found: store.FewFound, bound: bytes, key: bytes
) -> tuple[dict[str, str], bytes]:
    """The headers and the body; the cursor to the next page is sealed for ``bound``."""
    items = bodies_now(plan, found.ids, found.contents)
    body = _ENCODE({"items": items[: page.limit]})
    headers = {
        "Content-Location": f"{page.path}?{repeat_text(page.valid_on, found.known)}",
        "ETag": etag_of_bytes(body, found.numbers[: page.limit]),
    }
    if found.registered_at is not None:
        headers["Last-Modified"] = http_date(floor(found.registered_at.timestamp()))
    if len(items) > page.limit:
        place = cursors.Place(found.ids[page.limit - 1])
        at = cursors.cursor_at(place, page.valid_on, found.known, page.started_at)
        before = f"{page.query}&" if page.query else ""
        onward = f"{page.path}?{before}cursor={cursors.seal(at, bound, key)}"
        headers["Link"] = f'<{onward}>; rel="next"'
    return headers, body
