# SPDX-License-Identifier: EUPL-1.2
"""One object asked for in the usual way, answered without anything that is the same each time.

    GET /{register}/v1/{collectie}/{id}                                  as it is today, known now
    GET /{register}/v1/{collectie}/{id}?geldigOp=..&beschikbaarOp=..     as it was, known then

The order is that of `desk`: the permit is opened and held against the question, what is found is
read under one state of knowledge, the line of the person is durable, and only then the answer goes.
What rests on the permit alone is worked out once for permits alike; objects that are asked for at
the same time are read together. For any other question, and whenever something is out of the
ordinary, the answer is None before anything was recorded, and `single.one` answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import lru_cache
from math import floor
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

import msgspec
import structlog

from landschap.logboek.faults import InvalidRecord
from landschap.logboek.forms import Ready
from landschap.logboek.line_mould import LineMoment, LineMould
from landschap.logboek.payloads import Outcome
from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.logboek.records import Draft
from landschap.platform.http.shortcut import Short, ShortAnswer
from landschap.platform.ids import new_span_id
from landschap.purposes.permit import Permit
from landschap.purposes.permit_recall import Opened, PermitRecall
from landschap.registers import store
from landschap.registers.answering import etag_of, http_date, repeat_of
from landschap.registers.asking import Faults, read_query
from landschap.registers.geo_asking import crs_keys
from landschap.registers.lines_of_use import Use, drafts_of
from landschap.registers.models import ObjectType, Register
from landschap.registers.quick_answers import Plan, Told, told_now, told_then
from landschap.registers.timeline import Clock, Known
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.problems import ProblemError
from landschap.vocabulary.times import amsterdam_day
from landschap.vocabulary.tracing import TraceContext, parse_traceparent

if TYPE_CHECKING:
    from litestar.types import Scope

    from landschap.registers.api.desk import Desk

log = structlog.get_logger(__name__)

# Headers by which a question is another one; it is answered at length.
_WEIGHTY = frozenset({b"prefer", b"if-none-match", b"accept-crs", b"content-crs"})
_TAKES_JSON = (b"*/*", b"application/json")
_ID_CHARACTERS = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.")
_MAX_ID = 200
_QUERIES_KEPT = 1024
_ENCODE = msgspec.json.Encoder().encode


class _Then(NamedTuple):
    """A day and a moment that were asked for."""

    day: date
    moment: datetime


class _Headers(NamedTuple):
    permit: str
    trace: TraceContext | None


class Shortcuts:
    """The shortcuts of one register; they share what is read and what was opened."""

    def __init__(self, desk: Desk, register: Register) -> None:
        self._desk = desk
        self._register = register
        self._permits = PermitRecall(register.name, self._granted)
        self._now: dict[tuple[str, ...], store.Together[date]] = {}
        self._then: dict[tuple[str, ...], store.Together[datetime]] = {}
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

    async def _answer(self, kind: ObjectType, scope: Scope, last: bytes) -> ShortAnswer | None:
        started_at = datetime.now(UTC)
        query = scope["query_string"]
        headers = _headers_of(scope)
        if headers is None or not _is_plain(last) or scope.get("root_path"):
            return None
        then = self._read(kind, query, started_at) if query else None
        if query and then is None:
            return None
        path = scope["raw_path"].decode("latin-1")
        deps = self._desk.deps
        opened = self._permits.open(
            headers.permit,
            deps.permit_keys() if deps.permit_keys else deps.permit_key,
            started_at,
            f"{path}?{query.decode('latin-1')}" if query else path,
        )
        way = None if opened is None else opened.made.way(kind)
        if opened is None or way is None or (then is not None and not way.opens_history):
            return None
        object_id = last.decode("ascii")
        day = then.day if then is not None else _day(int(started_at.timestamp()))
        looked = await self._look_up(way, object_id, day, then, started_at)
        if looked is None:
            return None
        if then is None:
            told = told_now(way.plan, object_id, looked.rows, looked.known)
        else:
            told = told_then(way.plan, object_id, looked.rows, looked.known, day)
        if told is None or await self._desk.pointers.headers(self._register):
            return None
        if kind.holds_personal_data:
            known_at = then.moment if then is not None else started_at
            line = self._line(way, opened, told, headers.trace, (started_at, day, known_at))
            if line is None:
                return None
            await deps.log.append([line])
        return _answer_of(way, path, day, looked.known, told)

    async def _look_up(
        self, way: _Way, object_id: str, day: date, then: _Then | None, now: datetime
    ) -> store.Looked | None:
        try:
            if then is None:
                return await way.now.look_up(object_id, day, now)
            return await way.then.look_up(object_id, then.moment, now)
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

    def _granted(self, permit: Permit) -> _Granted:
        return _Granted(self, permit)

    def way(self, kind: ObjectType, permit: Permit) -> _Way | None:
        """How a type is answered under permits like this one; None: at length."""
        if permit != _plain(permit):
            return None
        leaves = frozenset(leaf for path in permit.fields for leaf in kind.leaves(path))
        view = self._desk.view_of(kind, permit)
        plan = Plan(kind=view, leaves=leaves, with_corrections="formeel" in permit.history)
        if not leaves or not plan.can_answer:
            return None
        key = (view.key, *sorted(view.properties))
        pool = self._desk.deps.pool
        if key not in self._now:
            self._now[key] = store.looking_up_now(pool, view)
            self._then[key] = store.looking_up_then(pool, view)
        return _Way(kind, plan, permit, self._now[key], self._then[key])

    def _line(
        self,
        way: _Way,
        opened: Opened[_Granted],
        told: Told,
        trace: TraceContext | None,
        about: tuple[datetime, date, datetime],
    ) -> Ready | None:
        """The line of the one person concerned. Raises InvalidRecord and InvalidValue."""
        started_at, valid_on, known_at = about
        subject = way.kind.subject
        number = told.content.get(subject.name) if subject is not None else None
        if subject is None or not isinstance(number, str):
            return None
        deps = self._desk.deps
        moment = LineMoment(
            started_at,
            max(datetime.now(UTC), started_at),
            trace.trace_id if trace else opened.transaction_id.bytes,
            new_span_id(),
            trace.span_id if trace else None,
            opened.transaction_id,
            subject_pseudonym(deps.pseudonym_key, deps.controller, subject.subject_kind, number),
            valid_on,
            known_at,
            opened.declaration,
        )
        return way.mould(self._desk, trace is not None, bool(opened.declaration)).fill(moment)


class _Granted:
    """What permits alike open, per type, worked out when it is first asked for."""

    def __init__(self, shortcuts: Shortcuts, permit: Permit) -> None:
        self._shortcuts = shortcuts
        self._permit = permit
        self._ways: dict[str, _Way | None] = {}

    def way(self, kind: ObjectType) -> _Way | None:
        if kind.key not in self._ways:
            self._ways[kind.key] = self._shortcuts.way(kind, self._permit)
        return self._ways[kind.key]


class _Way:
    """One type under permits alike: the plan of its answers, the lookups, the moulds of lines."""

    def __init__(
        self,
        kind: ObjectType,
        plan: Plan,
        permit: Permit,
        now: store.Together[date],
        then: store.Together[datetime],
    ) -> None:
        self.kind = kind
        self.plan = plan
        self.now = now
        self.then = then
        self.opens_history = {"materieel", "formeel"} <= set(permit.history)
        self.ends = [(b"content-type", b"application/json")]
        if crs_keys(kind):
            self.ends.insert(0, (b"vary", b"Accept, Accept-Crs, Prefer"))
        self._permit = permit
        self._moulds: dict[tuple[bool, bool], LineMould] = {}

    def mould(self, desk: Desk, has_parent: bool, has_declaration: bool) -> LineMould:
        """The mould of a line about one person. Raises InvalidRecord."""
        key = (has_parent, has_declaration)
        if key not in self._moulds:
            self._moulds[key] = LineMould(
                lambda moment: self._draft(desk, moment),
                has_parent=has_parent,
                has_declaration=has_declaration,
            )
        return self._moulds[key]

    def _draft(self, desk: Desk, moment: LineMoment) -> Draft:
        permit = replace(
            self._permit,
            transaction_id=moment.transaction_id,
            declaration=moment.declaration,
        )
        trace = None
        if moment.parent is not None:
            trace = TraceContext(trace_id=moment.trace_id, span_id=moment.parent)
        deps, subject = desk.deps, self.kind.subject
        kind = subject.subject_kind if subject else ""
        use = Use(
            permit=permit,
            controller=deps.controller.value,
            type=self.kind,
            trace=trace,
            started_at=moment.started_at,
            ended_at=moment.ended_at,
            outcome=Outcome.DELIVERED,
            leaves=self.plan.leaves,
            valid_on=moment.valid_on,
            known_at=moment.known_at,
            key_id=deps.key_id,
            subject_type=f"{deps.pseudonym_space}/{kind}/{deps.key_id}",
            doing=f"{self.kind.collection} raadplegen",
        )
        (draft,) = drafts_of(use, [moment.subject], iter([moment.span_id]))
        return draft


_BOTH = {"geldigOp", "beschikbaarOp"}


def _plain(permit: Permit) -> Permit:
    """The permit with nothing in it but what is obeyed here."""
    return Permit(
        transaction_id=permit.transaction_id, service=permit.service, method=permit.method,
        target=permit.target, peer=permit.peer, purpose=permit.purpose, policy=permit.policy,
        snapshot=permit.snapshot, activity=permit.activity,
        activity_version=permit.activity_version, fields=permit.fields,
        searchable=permit.searchable, expires_at=permit.expires_at,
        grant_hash=permit.grant_hash, declaration=permit.declaration,
        delegator=permit.delegator, publication_delegator=permit.publication_delegator,
        history=permit.history,
    )  # fmt: skip


def _headers_of(scope: Scope) -> _Headers | None:
    """The permit and the trace; None when there is a header of weight, or one stands twice."""
    found: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        if name in _WEIGHTY or (name == b"accept" and value not in _TAKES_JSON):
            return None
        if name in (b"permit", b"traceparent"):
            if name in found:
                return None
            found[name] = value
    if b"permit" not in found:
        return None
    trace = found.get(b"traceparent")
    return _Headers(
        found[b"permit"].decode("latin-1"),
        None if trace is None else parse_traceparent(trace.decode("latin-1")),
    )


def _is_plain(last: bytes) -> bool:
    """True for an id of letters and digits, of which an address has one spelling."""
    return 0 < len(last) <= _MAX_ID and _ID_CHARACTERS.issuperset(last)


@lru_cache(maxsize=16)
def _day(second: int) -> date:
    return amsterdam_day(datetime.fromtimestamp(second, UTC))


@lru_cache(maxsize=1024)
def _repeat(day: date, known: Known) -> str:
    return urlencode(repeat_of(day, known))


def _answer_of(way: _Way, path: str, day: date, known: Known, told: Told) -> ShortAnswer:
    body = _ENCODE(told.body)
    headers = [
        (b"content-location", f"{path}?{_repeat(day, known)}".encode("latin-1")),
        (b"etag", etag_of(told.body, [told.number]).encode("latin-1")),
        (b"last-modified", http_date(floor(told.registered_at.timestamp())).encode("latin-1")),
        *way.ends,
        (b"content-length", b"%d" % len(body)),
    ]
    return ShortAnswer(headers, body)


def shortcut_opt(short: Short | None) -> Mapping[str, Any]:
    """What stands in the ``opt`` of a handler that may have a shortcut."""
    return {} if short is None else {"shortcut": short}
