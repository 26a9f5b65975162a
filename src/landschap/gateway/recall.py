# SPDX-License-Identifier: EUPL-1.2
"""Questions that are decided alike within one second, decided once.

Everything a decision at the Inway rests on changes with the world (`World`, replaced as a whole
when `platform.epoch` rises) or at a whole second: the end of a token, a contract, a policy, an
hour. So within one second of one world the same certificate, token, method, purpose, ground,
level, role and query get the same decision, and it is remembered for the rest of that second. What
is new in each question is looked at each time: its transaction id, its trace, the size of its
body, the signature of its declaration and whether that was used before. Each question has its own
record and its own Permit, byte for byte those of the long way.

The quickest way needs no reading at all: when everything a peer sends but its transaction and trace
is byte for byte what it sent a moment ago, the carrier's words are the same up to a place, and
what stands after it has one form (`Tail`). A question that differs by a byte is read in full.

A refusal is never remembered. The log still refuses a record of an older world.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import msgspec

from landschap.gateway import answers, inway, recording
from landschap.gateway.answers import InwayAnswer
from landschap.gateway.asked import Asked, Fresh, Trace, transaction_id_of
from landschap.gateway.memory import Memory
from landschap.gateway.municipal import says_of_itself
from landschap.gateway.world import World
from landschap.logboek.declarations import UsedDeclaration
from landschap.logboek.faults import InvalidRecord
from landschap.logboek.forms import Form, Moment, Ready, form_of, texts_of
from landschap.logboek.records import Draft
from landschap.purposes.chain import digest_of
from landschap.purposes.declaration import Declaration
from landschap.purposes.permit import LIFETIME, hash_of_target
from landschap.purposes.permit_mould import PermitMould

_Key = tuple[object, ...]
# Different questions in one second of which a mould is kept; beyond that the long way is taken.
_LIMIT = 2048
# What the carrier writes last (`gateway/carrier_doors.py`). What has another form, as upper case or
# another version, is read in full.
_TAIL_BEGINS = b"\r\nFsc-Transaction-Id: "
_TAIL = re.compile(
    _TAIL_BEGINS + rb"([0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})\r\n"
    rb"traceparent: 00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})\r\n\r\n"
)
_NO_TRACE = b"0" * 32
_NO_SPAN = b"0" * 16


class Tail(msgspec.Struct, frozen=True):
    """What is new in a question: transaction, trace, span and flags, as they are written."""

    begin: int
    transaction: bytes
    trace: bytes
    span: bytes
    flags: bytes


def tail_of(data: bytes) -> Tail | None:
    """The end of a whole question, when it has the one form; else None."""
    begin = data.rfind(_TAIL_BEGINS)
    if begin < 0:
        return None
    found = _TAIL.fullmatch(data, begin)
    if found is None:
        return None
    transaction, trace, span, flags = found.groups()
    if trace == _NO_TRACE or span == _NO_SPAN:
        return None
    return Tail(begin, transaction, trace, span, flags)


class Mould(msgspec.Struct, frozen=True):
    """What a permitted question is answered and recorded with, without what is new in it."""

    permit: PermitMould | None
    base: str
    answer: InwayAnswer
    form: Form


class Recalled(msgspec.Struct, frozen=True):
    """The answer to a question and its record, made from a mould, and the declaration it used."""

    answer: bytes
    ready: Ready
    used: UsedDeclaration | None = None


class _Head(msgspec.Struct, frozen=True):
    """A question up to its tail: its mould, and the hash of the target that stands in it."""

    mould: Mould
    target_hash: bytes
    begin: bytes
    middle: bytes
    end: bytes


class Recall:
    """What was permitted in this second of this world."""

    def __init__(self) -> None:
        self._second = 0
        self._world: World | None = None
        self._identified: dict[_Key, inway.Identified] = {}
        self._seen: set[_Key] = set()
        self._moulds: dict[_Key, Mould] = {}
        self._heads: dict[bytes, _Head] = {}

    def again(
        self, data: bytes, tail: Tail, world: World, fresh: tuple[datetime, bytes], key: bytes
    ) -> Recalled | None:
        """The answer to a question that differs in its tail only from one answered just now.

        ``data`` is the whole question, ``fresh`` the moment and the span of ours.
        """
        now, span_id = fresh
        if self._world is not world or self._second != int(now.timestamp()):
            return None
        head = self._heads.get(data[: tail.begin])
        return None if head is None else _again(head, tail, now, span_id, key)

    def answer(
        self, asked: Asked, world: World, memory: Memory, fresh: Fresh, trace: Trace, key: bytes
    ) -> Recalled | None:
        """The answer to a question like one that was permitted just now; None: walk.

        ``key`` seals the Permit.
        """
        if not self._is_now(world, fresh) or says_of_itself(asked):
            return None
        before = self._identified.get(_asker(asked))
        if before is None or inway.form_refusal(asked, before.offered) is not None:
            return None
        transaction_id = transaction_id_of(asked.header("fsc-transaction-id"))
        if transaction_id is None:
            return None
        declaration = None
        if asked.header("purpose-declaration"):
            declaration = _declared(before, transaction_id, (asked, world, memory, fresh, trace))
            # What a question follows from is new in each.
            if declaration is None or declaration.claims.follows is not None:
                return None
        mould = self._moulds.get(_question(asked, declaration, trace))
        if mould is None:
            return None
        filled = _filled(mould, asked, (transaction_id, declaration, trace, fresh), key)
        if filled is not None and asked.head and declaration is None:
            self._keep(asked, trace, mould)
        return filled

    def learn(
        self, permitted: inway.Permitted, asked: Asked, world: World, fresh: Fresh, trace: Trace
    ) -> None:
        """Remember a question that was permitted, when one like it came before in this second."""
        purposed = permitted.purposed
        service = purposed.identified.offered.service
        declaration = purposed.declaration
        if declaration is not None and declaration.claims.follows is not None:
            return
        # What another decision point said counts for one question, and so does what a peer says.
        if service.trace == "untouched" or service.voice or says_of_itself(asked):
            return
        if len(self._seen) >= _LIMIT:
            return
        if not self._is_now(world, fresh):
            self._begin(world, fresh)
        key = _question(asked, purposed.declaration, trace)
        if key not in self._seen:
            self._seen.add(key)
            return
        mould = _mould(permitted, asked, world, fresh, trace)
        if mould is not None:
            self._moulds[key] = mould
            self._identified[_asker(asked)] = purposed.identified

    def _keep(self, asked: Asked, trace: Trace, mould: Mould) -> None:
        if len(self._heads) < _LIMIT:
            state = f"\r\ntracestate: {trace.tracestate}" if trace.tracestate else ""
            permit = answers.PERMIT if mould.permit is not None else ""
            self._heads[asked.head] = _Head(
                mould,
                hash_of_target(mould.base + asked.target).encode(),
                mould.answer.first.encode("latin-1"),
                f"{state}{permit}".encode("latin-1"),
                mould.answer.last.encode("latin-1"),
            )

    def _is_now(self, world: World, fresh: Fresh) -> bool:
        return self._world is world and self._second == int(fresh.now.timestamp())

    def _begin(self, world: World, fresh: Fresh) -> None:
        self._world, self._second = world, int(fresh.now.timestamp())
        self._identified.clear()
        self._seen.clear()
        self._moulds.clear()
        self._heads.clear()


def _asker(asked: Asked) -> _Key:
    headers = asked.headers
    return headers.get("x-peer-cert"), headers.get("fsc-authorization"), asked.method


def _question(asked: Asked, declaration: Declaration | None, trace: Trace) -> _Key:
    """All that a decision rests on besides world and second, and the form of the record."""
    headers = asked.headers
    claims = declaration.claims if declaration else None
    return (
        headers.get("x-peer-cert"),
        headers.get("fsc-authorization"),
        asked.method,
        asked.target.partition("?")[2],
        headers.get("doelbinding"),
        headers.get("prefer"),
        headers.get("vertrouwelijkheid"),
        trace.parent is None,
        claims
        and (
            claims.purpose,
            claims.legal_bases,
            claims.action,
            claims.loa,
            claims.role,
            bool(claims.case),
        ),
    )


def _declared(
    before: inway.Identified,
    transaction_id: UUID,
    rest: tuple[Asked, World, Memory, Fresh, Trace],
) -> Declaration | None:
    """The declaration of this very question, verified and not used before; None: walk."""
    asked, world, memory, fresh, trace = rest
    identified = msgspec.structs.replace(before, transaction_id=transaction_id, trace=trace)
    purposed = inway.bind_purpose(identified, asked, world, memory, fresh)
    return purposed.declaration if isinstance(purposed, inway.Purposed) else None


def _again(head: _Head, tail: Tail, now: datetime, span_id: bytes, key: bytes) -> Recalled | None:
    mould, span = head.mould, span_id.hex().encode()
    texts = texts_of(now, tail.trace, span, tail.span, tail.transaction)
    trace_id = bytes.fromhex(tail.trace.decode())
    transaction_id = UUID(tail.transaction.decode())
    ready = mould.form.filled(texts, now, trace_id, span_id, transaction_id)
    permit = b""
    if mould.permit is not None:
        expires_at = now + LIFETIME
        none = ("", "")
        sealed = mould.permit.sealed(tail.transaction, head.target_hash, expires_at, none, key)
        if sealed is None:
            return None
        permit = sealed
    new = b"%b\r\ntraceparent: 00-%b-%b-%b" % (tail.transaction, tail.trace, span, tail.flags)
    return Recalled(b"".join((head.begin, new, head.middle, permit, head.end)), ready)


def _filled(
    mould: Mould,
    asked: Asked,
    new: tuple[UUID, Declaration | None, Trace, Fresh],
    key: bytes,
) -> Recalled | None:
    transaction_id, declaration, trace, fresh = new
    jti = str(declaration.claims.jti) if declaration else ""
    ready = mould.form.fill(
        Moment(
            at=fresh.now,
            trace_id=trace.trace_id,
            span_id=trace.span_id,
            parent_span_id=trace.parent,
            transaction_id=transaction_id,
            declaration=declaration.compact if declaration else "",
            declaration_id=jti,
        )
    )
    if ready is None:
        return None
    permit = ""
    if mould.permit is not None:
        expires_at = fresh.now + LIFETIME
        target = mould.base + asked.target
        hashed = digest_of(declaration.compact) if declaration else ""
        sealed = mould.permit.seal(transaction_id, target, expires_at, (jti, hashed), key)
        if sealed is None:
            return None
        permit = sealed
    answer = mould.answer.of(transaction_id, trace.onward(), trace.tracestate, permit)
    return Recalled(answer, ready, inway.used_by(declaration, trace) if declaration else None)


def _mould(
    permitted: inway.Permitted, asked: Asked, world: World, fresh: Fresh, trace: Trace
) -> Mould | None:
    service = permitted.purposed.identified.offered.service
    snapshot = world.snapshot.version
    permit = None
    if service.permit:
        permit = PermitMould(
            inway.permit_of(permitted, asked, world, fresh),
            field_set=inway.field_set_of(permitted, world),
        )

    def draft(moment: Moment) -> Draft:
        return recording.permitted_at_inway(
            _at(permitted, moment),
            msgspec.structs.replace(
                trace,
                trace_id=moment.trace_id,
                span_id=moment.span_id,
                parent=moment.parent_span_id,
            ),
            snapshot,
            moment.at,
        )

    try:
        form = form_of(
            draft,
            has_parent=trace.parent is not None,
            has_declaration=permitted.purposed.declaration is not None,
        )
    except InvalidRecord:
        return None
    answer = answers.inway_answer(permitted, asked, snapshot)
    return Mould(permit, service.base, answer, form)


def _at(permitted: inway.Permitted, moment: Moment) -> inway.Permitted:
    """The same decision on the question of this moment."""
    purposed = permitted.purposed
    declaration = purposed.declaration
    if declaration is not None:
        claims = replace(declaration.claims, jti=UUID(moment.declaration_id))
        declaration = replace(declaration, claims=claims, compact=moment.declaration)
    identified = msgspec.structs.replace(purposed.identified, transaction_id=moment.transaction_id)
    return msgspec.structs.replace(
        permitted,
        purposed=msgspec.structs.replace(purposed, identified=identified, declaration=declaration),
    )
