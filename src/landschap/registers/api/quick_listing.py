# SPDX-License-Identifier: EUPL-1.2
"""The first page of a collection without anything that is the same each time.

    GET /{register}/v1/{collectie}?soort=..&limit=..        as it is today, known now

What `quick_pages` tells, past the framework: only filters and a limit, of a type without personal
data, with a permit of which nothing else has to be obeyed. For any other question, or when what
was read may be of two states of knowledge, the answer is None, and `collections.page` answers.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl, urlencode

from landschap.platform.http.shortcut import ShortAnswer
from landschap.purposes.permit_recall import PermitRecall
from landschap.registers import cursors, store
from landschap.registers.api.quick_asked import today, weighed
from landschap.registers.api.quick_pages import Page, told
from landschap.registers.api.quick_ways import Granted
from landschap.registers.asking import Faults
from landschap.registers.listing import Listed, Order, bound_to, filter_keys, is_text, read_listed
from landschap.registers.models import ObjectType, Register
from landschap.registers.timeline import Clock

if TYPE_CHECKING:
    from litestar.types import Scope

    from landschap.registers.api.desk import Desk

_QUERIES_KEPT = 1024


class _Read(NamedTuple):
    """A query that was read: what is listed, its text in a link, what a cursor is bound to."""

    listed: Listed
    text: str
    bound: bytes


class FirstPages:
    """The shortcut to the first pages of one collection."""

    def __init__(
        self, desk: Desk, register: Register, kind: ObjectType, permits: PermitRecall[Granted]
    ) -> None:
        self._desk = desk
        self._register = register
        self._kind = kind
        self._permits = permits
        self._keys = {*filter_keys(kind), "limit"}
        self._read: dict[bytes, _Read] = {}

    @staticmethod
    def has_any(register: Register, kind: ObjectType) -> bool:
        """Whether a collection has pages that can be told in one go."""
        return (
            kind.clock is Clock.OWN
            and register.clock is Clock.OWN
            and len(kind.groups) == 1
            and not (kind.holds_personal_data or kind.incomplete_dates or kind.migrations)
        )

    async def answer(self, scope: Scope, _: bytes) -> ShortAnswer | None:
        """The page; None: to be answered at length. Raises ProblemError."""
        started_at = datetime.now(UTC)
        headers = weighed(scope)
        if headers is None or scope.get("root_path"):
            return None
        query = scope["query_string"]
        read = self._read.get(query) or self._reading(query)
        if read is None:
            return None
        path = scope["raw_path"].decode("latin-1")
        deps = self._desk.deps
        opened = self._permits.opened(
            headers.permit,
            deps.permit_keys() if deps.permit_keys else deps.permit_key,
            started_at,
            f"{path}?{query.decode('latin-1')}" if query else path,
        )
        way = None if opened is None else opened.made.way(self._kind)
        listed = read.listed
        if way is None or len(way.plan.kind.groups) > 1 or not way.plan.leaves >= {*listed.filters}:
            return None
        day = today(int(started_at.timestamp()))
        found = await store.few_now(
            deps.pool,
            self._register,
            way.plan.kind,
            store.Few(filters=listed.filters, limit=listed.limit + 1),
            store.AtNow(day, started_at),
        )
        if found is None:
            return None
        page = Page(path, read.text, day, started_at, listed.limit)
        said, body = told(way.plan, page, found, read.bound, deps.permit_key)
        pairs = [(n.lower().encode("latin-1"), v.encode("latin-1")) for n, v in said.items()]
        return ShortAnswer([*pairs, *way.ends, (b"content-length", b"%d" % len(body))], body)

    def _reading(self, query: bytes) -> _Read | None:
        """What a query of filters and a limit alone asks; None for any other."""
        kind = self._kind
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
        given = dict(pairs)
        if len(pairs) != len(given) or not given.keys() <= self._keys:
            return None
        wrong = Faults()
        listed = read_listed(kind, given, wrong)
        if wrong.found or listed.order != Order():
            return None
        if not all(is_text(kind, path) for path in listed.filters):
            return None
        bound = cursors.question_digest([bound_to(kind, given), ""])
        if len(self._read) >= _QUERIES_KEPT:
            self._read.clear()
        self._read[query] = read = _Read(listed, urlencode(given), bound)
        return read
