# SPDX-License-Identifier: EUPL-1.2
"""Questions that are decided alike within one second, decided once.

Everything a decision at the Inway rests on changes with the world (`World`, replaced as a whole
when `platform.epoch` rises) or at a whole second: the end of a token, a contract, a policy, an
hour. So within one second of one world the same certificate, token, method, purpose, ground,
level, role and query get the same decision, and it is remembered for the rest of that second. What
is new in each question is looked at each time: its transaction id, its trace, the size of its
body, the signature of its declaration and whether that was used before. Each question has its own
record and its own Permit, byte for byte those of the long way.

A refusal is never remembered. The log still refuses a record of an older world.
"""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import msgspec

from landschap.gateway import answers, inway, recording
from landschap.gateway.answers import InwayAnswer
from landschap.gateway.asked import Asked, Fresh, Trace, transaction_id_of
from landschap.gateway.memory import Memory
from landschap.gateway.world import World
from landschap.logboek.faults import InvalidRecord
from landschap.logboek.forms import Form, Moment, Ready, form_of
from landschap.logboek.records import Draft
from landschap.purposes.declaration import Declaration
from landschap.purposes.permit import LIFETIME
from landschap.purposes.permit_mould import PermitMould

_Key = tuple[object, ...]
# Different questions in one second of which a mould is kept; beyond that the long way is taken.
_LIMIT = 2048


class Mould(msgspec.Struct, frozen=True):
    """What a permitted question is answered and recorded with, without what is new in it."""

    permit: PermitMould | None
    base: str
    answer: InwayAnswer
    form: Form


class Recalled(msgspec.Struct, frozen=True):
    """The answer to a question and its record, made from a mould."""

    answer: bytes
    ready: Ready


class Recall:
    """What was permitted in this second of this world."""

    def __init__(self) -> None:
        self._second = 0
        self._world: World | None = None
        self._identified: dict[_Key, inway.Identified] = {}
        self._seen: set[_Key] = set()
        self._moulds: dict[_Key, Mould] = {}

    def answer(
        self, asked: Asked, world: World, memory: Memory, fresh: Fresh, trace: Trace, key: bytes
    ) -> Recalled | None:
        """The answer to a question like one that was permitted just now; None: walk.

        ``key`` seals the Permit.
        """
        if not self._is_now(world, fresh):
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
            if declaration is None:
                return None
        mould = self._moulds.get(_question(asked, declaration, trace))
        if mould is None:
            return None
        return _filled(mould, asked, (transaction_id, declaration, trace, fresh), key)

    def learn(
        self, permitted: inway.Permitted, asked: Asked, world: World, fresh: Fresh, trace: Trace
    ) -> None:
        """Remember a question that was permitted, when one like it came before in this second."""
        purposed = permitted.purposed
        service = purposed.identified.offered.service
        if service.trace == "untouched" or len(self._seen) >= _LIMIT:
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

    def _is_now(self, world: World, fresh: Fresh) -> bool:
        return self._world is world and self._second == int(fresh.now.timestamp())

    def _begin(self, world: World, fresh: Fresh) -> None:
        self._world, self._second = world, int(fresh.now.timestamp())
        self._identified.clear()
        self._seen.clear()
        self._moulds.clear()


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
        trace.parent is None,
        claims and (claims.purpose, claims.legal_bases, claims.action, claims.loa, claims.role),
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
        sealed = mould.permit.seal(transaction_id, target, expires_at, jti, key)
        if sealed is None:
            return None
        permit = sealed
    answer = mould.answer.of(transaction_id, trace.onward(), trace.tracestate, permit)
    return Recalled(answer, ready)


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
