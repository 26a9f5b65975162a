# SPDX-License-Identifier: EUPL-1.2
"""One object asked for in the usual way, answered without anything that is the same each time.

    GET /{register}/v1/{collectie}/{id}                                  as it is today, known now
    GET /{register}/v1/{collectie}/{id}?geldigOp=..&beschikbaarOp=..     as it was, known then
    GET /{register}/v1/{collectie}/{id}?expand=..                        with what it points at

The order is that of `desk`: the permit is opened and held against the question, what is found is
read under one state of knowledge, the line of the person is durable, and only then the answer goes.
What rests on the permit alone is worked out once for permits alike; objects that are asked for at
the same time are read together. For any other question, and whenever something is out of the
ordinary, the answer is None before anything was recorded, and `single.one` answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from math import floor
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl

import msgspec
import structlog

from landschap.logboek.faults import InvalidRecord
from landschap.logboek.forms import Ready
from landschap.logboek.line_mould import LineMoment
from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.platform.http.shortcut import Short, ShortAnswer
from landschap.platform.ids import new_span_id
from landschap.purposes.permit_recall import Opened, PermitRecall
from landschap.registers import store
from landschap.registers.answering import etag_of_bytes, http_date, repeat_text
from landschap.registers.api.quick_asked import today, weighed
from landschap.registers.api.quick_listing import FirstPages
from landschap.registers.api.quick_ways import Granted, Lookups, Pair, Way
from landschap.registers.asking import Faults, read_query
from landschap.registers.models import ObjectType, Register
from landschap.registers.quick_answers import Told, told_now, told_then
from landschap.registers.timeline import Clock, Known
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.problems import ProblemError
from landschap.vocabulary.tracing import TraceContext

if TYPE_CHECKING:
    from litestar.types import Scope

    from landschap.registers.api.desk import Desk

log = structlog.get_logger(__name__)

_ID_CHARACTERS = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.")
_MAX_ID = 200
_QUERIES_KEPT = 1024
_ENCODE = msgspec.json.Encoder().encode


class _Then(NamedTuple):
    """A day and a moment that were asked for."""

    day: date
    moment: datetime


class _Asking(NamedTuple):
    """One question on its way: its permit and trace, when it came, which day it is about."""

    opened: Opened[Granted]
    trace: TraceContext | None
    started_at: datetime
    day: date
    then: _Then | None


class _Found(NamedTuple):
    """An object as it is told, by which knowledge, and the rows of what it points at."""

    told: Told
    known: Known
    others: Sequence[store.Row]


class Shortcuts:
    """The shortcuts of one register; they share what is read and what was opened."""

    def __init__(self, desk: Desk, register: Register) -> None:
        self._desk = desk
        self._register = register
        lookups = Lookups(desk, register)
        self._permits = PermitRecall(register.name, lambda permit: Granted(lookups, permit))
        self._queries: dict[tuple[str, bytes], _Then] = {}

    def of(self, kind: ObjectType) -> Short | None:
        """The shortcut of one collection; None where the long way is the only one."""
        if kind.incomplete_dates or kind.migrations or self._register.clock is not kind.clock:
            return None

        async def answer(scope: Scope, last: bytes) -> ShortAnswer | None:
            try:
                return await self._answer(kind, scope, last)
            except (InvalidRecord, InvalidValue):
                return None  # the long way tells what is wrong

        return answer

    def of_page(self, kind: ObjectType) -> Short | None:
        """The shortcut to the first page of a collection; None where there is none."""
        if not FirstPages.has_any(self._register, kind):
            return None
        return FirstPages(self._desk, self._register, kind, self._permits).answer

    async def _answer(self, kind: ObjectType, scope: Scope, last: bytes) -> ShortAnswer | None:
        started_at = datetime.now(UTC)
        headers = weighed(scope)
        if headers is None or not _is_plain(last) or scope.get("root_path"):
            return None
        query, then, follow = scope["query_string"], None, ""
        if query.startswith(_EXPAND):
            follow = query[len(_EXPAND) :].decode("latin-1")
        elif query:
            then = self._read(kind, query, started_at)
            if then is None:
                return None
        path = scope["raw_path"].decode("latin-1")
        deps = self._desk.deps
        opened = self._permits.opened(
            headers.permit,
            deps.permit_keys() if deps.permit_keys else deps.permit_key,
            started_at,
            f"{path}?{query.decode('latin-1')}" if query else path,
        )
        way = None if opened is None else opened.made.way(kind)
        if opened is None or way is None or (then is not None and not way.opens_history):
            return None
        day = then.day if then is not None else today(int(started_at.timestamp()))
        asking = _Asking(opened, headers.trace, started_at, day, then)
        object_id, pair = last.decode("ascii"), None
        if follow:
            pair = opened.made.pair(way, follow)
            if pair is None:
                return None
        found = await self._find(way, object_id, asking, pair)
        if found is None:
            return None
        told, known, rows = found
        lines = [(way, told)]
        if pair is not None:
            other = _at_the_end(pair, told, follow, known, rows)
            if other is None:
                return None
            lines.append((pair.end, other))
            told = told._replace(body={**told.body, "_uitgebreid": {follow: other.body}})
        if await self._desk.pointers.headers(self._register):
            return None
        made = [self._line(each, what, asking) for each, what in lines if each.is_personal]
        ready = [line for line in made if line is not None]
        if len(ready) < len(made):
            return None
        if ready:
            await deps.log.append(ready)
        return _answer_of(way, path, day, known, told)

    async def _find(
        self, way: Way, object_id: str, asking: _Asking, pair: Pair | None
    ) -> _Found | None:
        looked = await self._look_up(way, object_id, asking, pair)
        if looked is None:
            return None
        rows, others = (looked.rows, ()) if pair is None else store.parted(looked.rows)
        if asking.then is None:
            told = told_now(way.plan, object_id, rows, looked.known)
        else:
            told = told_then(way.plan, object_id, rows, looked.known, asking.day)
        return None if told is None else _Found(told, looked.known, others)

    async def _look_up(
        self, way: Way, object_id: str, asking: _Asking, pair: Pair | None
    ) -> store.Looked | None:
        now = asking.started_at
        try:
            if asking.then is not None:
                return await way.then.look_up(object_id, asking.then.moment, now)
            lookups = way.now if pair is None else pair.now
            return await lookups.look_up(object_id, asking.day, now)
        except ProblemError:
            raise
        except Exception:  # the long way asks again, and tells what is wrong
            log.warning("looked up at length", type=way.plan.kind.key, exc_info=True)
            return None

    def _read(self, kind: ObjectType, query: bytes, now: datetime) -> _Then | None:
        """The day and the moment of a question that names both and nothing else.

        A moment that lies in the past does so for ever, so it is read once.
        """
        known = self._queries.get((kind.key, query))
        if known is not None or kind.clock is not Clock.OWN or b"+" in query:
            return known
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
        given = dict(pairs)
        if len(pairs) != len(_BOTH) or given.keys() != _BOTH:
            return None
        wrong = Faults()
        asked = read_query(kind, given, now, wrong)
        if wrong.found or asked.moment is None:
            return None
        if len(self._queries) >= _QUERIES_KEPT:
            self._queries.clear()
        then = _Then(asked.valid_on, asked.moment)
        self._queries[kind.key, query] = then
        return then

    def _line(self, way: Way, told: Told, asking: _Asking) -> Ready | None:
        """The line of the one person concerned. Raises InvalidRecord and InvalidValue."""
        subject, opened, trace = way.subject, asking.opened, asking.trace
        number = told.content.get(subject.name) if subject is not None else None
        if subject is None or not isinstance(number, str):
            return None
        deps, then = self._desk.deps, asking.then
        key_id, key = deps.key_of_lines()
        moment = LineMoment(
            asking.started_at,
            max(datetime.now(UTC), asking.started_at),
            trace.trace_id if trace else opened.transaction_id.bytes,
            new_span_id(),
            trace.span_id if trace else None,
            opened.transaction_id,
            subject_pseudonym(key, deps.controller, subject.subject_kind, number),
            asking.day,
            then.moment if then is not None else asking.started_at,
            opened.declaration,
        )
        has = {"has_parent": trace is not None, "has_declaration": bool(opened.declaration)}
        return way.mould(key_id, **has).fill(moment)


_EXPAND = b"expand="
_BOTH = {"geldigOp", "beschikbaarOp"}


def _at_the_end(
    pair: Pair, told: Told, path: str, known: Known, rows: Sequence[store.Row]
) -> Told | None:
    """The one object at the other end, of the same state of knowledge."""
    object_id = told.content.get(path)
    if not isinstance(object_id, str):
        return None
    return told_now(pair.end.plan, object_id, rows, known)


def _is_plain(last: bytes) -> bool:
    """True for an id of letters and digits, of which an address has one spelling."""
    return 0 < len(last) <= _MAX_ID and _ID_CHARACTERS.issuperset(last)


def _answer_of(way: Way, path: str, day: date, known: Known, told: Told) -> ShortAnswer:
    body = _ENCODE(told.body)
    headers = [
        (b"content-location", f"{path}?{repeat_text(day, known)}".encode("latin-1")),
        (b"etag", etag_of_bytes(body, [told.number]).encode("latin-1")),
        (b"last-modified", http_date(floor(told.registered_at.timestamp())).encode("latin-1")),
        *way.ends,
        (b"content-length", b"%d" % len(body)),
    ]
    return ShortAnswer(headers, body)


def shortcut_opt(short: Short | None) -> Mapping[str, Any]:
    """What stands in the ``opt`` of a handler that may have a shortcut."""
    return {} if short is None else {"shortcut": short}
