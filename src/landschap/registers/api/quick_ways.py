# SPDX-License-Identifier: EUPL-1.2
"""What rests on a permit alone, worked out once for permits alike: for `quick`.

Per type: what is read and delivered, the lookups that read it, the lines that tell of it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from landschap.logboek.line_mould import LineMoment, LineMould
from landschap.logboek.payloads import Outcome
from landschap.logboek.records import Draft
from landschap.purposes.permit import Permit
from landschap.registers import store
from landschap.registers.expanding import relations_of
from landschap.registers.geo_asking import crs_keys
from landschap.registers.lines_of_use import Use, drafts_of
from landschap.registers.models import ObjectType, Register
from landschap.registers.quick_answers import Plan
from landschap.registers.timeline import Clock
from landschap.vocabulary.tracing import TraceContext

if TYPE_CHECKING:
    from landschap.registers.api.desk import Desk


class Lookups:
    """The lookups of one register: who reads the same of a type, reads together."""

    def __init__(self, desk: Desk, register: Register) -> None:
        self.desk = desk
        self.register = register
        self._now: dict[tuple[str, ...], store.Together[date]] = {}
        self._then: dict[tuple[str, ...], store.Together[datetime]] = {}
        self._pairs: dict[tuple[str, ...], store.Together[date]] = {}

    def of(self, view: ObjectType) -> tuple[store.Together[date], store.Together[datetime]]:
        """Those of what holds now, and of what held then, as far as a view goes."""
        key = (view.key, *sorted(view.properties))
        if key not in self._now:
            self._now[key] = store.looking_up_now(self.desk.deps.pool, view)
            self._then[key] = store.looking_up_then(self.desk.deps.pool, view)
        return self._now[key], self._then[key]

    def of_pair(self, way: Way, path: str, end: Way) -> store.Together[date]:
        """Those of objects with what stands at a path."""
        one, other = way.plan.kind, end.plan.kind
        key = (path, *(str(n) for v in (one, other) for n in (v.key, *sorted(v.properties))))
        if key not in self._pairs:
            self._pairs[key] = store.looking_up_pairs(self.desk.deps.pool, one, path, other)
        return self._pairs[key]


class Granted:
    """What permits alike open, per type, worked out when it is first asked for."""

    def __init__(self, lookups: Lookups, permit: Permit) -> None:
        self._lookups = lookups
        self._permit = permit
        self._is_plain = permit == _plain(permit)
        self._ways: dict[str, Way | None] = {}
        self._pairs: dict[tuple[str, str], Pair | None] = {}

    def way(self, kind: ObjectType) -> Way | None:
        """How a type is answered; None: at length."""
        if kind.key not in self._ways:
            self._ways[kind.key] = self._way(kind)
        return self._ways[kind.key]

    def pair(self, way: Way, path: str) -> Pair | None:
        """How a type is answered with the other end of a relation; None: at length."""
        if path not in way.plan.leaves:
            return None
        key = (way.kind.key, path)
        if key not in self._pairs:
            end = self._end(way, path)
            self._pairs[key] = (
                None if end is None else Pair(end, self._lookups.of_pair(way, path, end))
            )
        return self._pairs[key]

    def _way(self, kind: ObjectType) -> Way | None:
        register = self._lookups.register
        if kind.register != register.name or register.clock is not kind.clock:
            return None
        leaves = frozenset(leaf for path in self._permit.fields for leaf in kind.leaves(path))
        if not self._is_plain or not leaves:
            return None
        desk, permit = self._lookups.desk, self._permit
        view = desk.view_of(kind, permit)
        plan = Plan(kind=view, leaves=leaves, with_corrections="formeel" in permit.history)
        return Way(kind, plan, permit, self._lookups) if plan.can_answer else None

    def _end(self, way: Way, path: str) -> Way | None:
        kind = way.kind
        target = relations_of(self._lookups.desk.deps.registers, kind).get(path)
        if target is None or target.geometry is not None:
            return None
        # On the clock of a source a state of knowledge is more than a number.
        return self.way(target) if kind.clock is Clock.OWN else None


class Way:
    """One type under permits alike: the plan of its answers, the lookups, the moulds of lines."""

    def __init__(self, kind: ObjectType, plan: Plan, permit: Permit, lookups: Lookups) -> None:
        self.kind = kind
        self.plan = plan
        self.now, self.then = lookups.of(plan.kind)
        self.opens_history = {"materieel", "formeel"} <= set(permit.history)
        self.is_personal = kind.holds_personal_data
        self.subject = kind.subject
        self.ends = [(b"content-type", b"application/json")]
        if crs_keys(kind):
            self.ends.insert(0, (b"vary", b"Accept, Accept-Crs, Prefer"))
        self._permit = permit
        self._desk = lookups.desk
        self._moulds: dict[tuple[int, bool, bool], LineMould] = {}

    def mould(self, key_id: int, *, has_parent: bool, has_declaration: bool) -> LineMould:
        """The mould of a line about one person, under this key. Raises InvalidRecord."""
        key = (key_id, has_parent, has_declaration)
        if key not in self._moulds:
            make = partial(self._draft, key_id)
            self._moulds[key] = LineMould(
                make, has_parent=has_parent, has_declaration=has_declaration
            )
        return self._moulds[key]

    def _draft(self, key_id: int, moment: LineMoment) -> Draft:
        deps, subject = self._desk.deps, self.subject
        permit = replace(
            self._permit, transaction_id=moment.transaction_id, declaration=moment.declaration
        )
        trace = None
        if moment.parent is not None:
            trace = TraceContext(trace_id=moment.trace_id, span_id=moment.parent)
        subject_kind = subject.subject_kind if subject else ""
        use = Use(
            permit=permit,
            controller=deps.controller.value,
            type=self.kind,
            trace=trace,
            started_at=moment.started_at,
            ended_at=moment.ended_at,
            outcome=Outcome.DELIVERED,
            leaves=self.plan.leaves,
            key_id=key_id,
            subject_type=f"{deps.pseudonym_space}/{subject_kind}/{key_id}",
            doing=f"{self.kind.collection} raadplegen",
            valid_on=moment.valid_on,
            known_at=moment.known_at,
        )
        (draft,) = drafts_of(use, [moment.subject], iter([moment.span_id]))
        return draft


class Pair(NamedTuple):
    """The other end of a relation, and the lookups that read both ends at once."""

    end: Way
    now: store.Together[date]


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
