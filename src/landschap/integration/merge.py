# SPDX-License-Identifier: EUPL-1.2
"""Rows to one answer: merged by key, each field with its provenance, each gap by name.

Three things that look alike are kept apart:

    null      the source was asked and says: empty
    absent    not delivered; the gap has a name and a reason
    replaced  the source that should win was absent and another one answered

Pure and without copies: one walk over the root's rows, links resolved by dictionary.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from landschap.integration.conversions import Untranslatable, convert
from landschap.integration.model import Column, Field, Link, Source, Wins
from landschap.integration.plan import Ask, ListPlan, Plan
from landschap.integration.rows import Batch, Collected, Failure, Reason, Row, keys_of
from landschap.vocabulary.ijson import JsonValue

# What a source is to one record: its row, known to have none, or unknown for a reason.
State = Row | Reason | None
States = Mapping[str, State]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where one value comes from. ``row`` is None when the source has nothing on this key.

    ``replaced`` is True when a source that goes before it, or should agree with it, was absent.
    ``against`` are the sources that gave another value and lost by the rule of the field.
    """

    source: Source
    row: Row | None
    column: str
    replaced: bool = False
    against: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedFrom:
    """By which rule a value follows from others, and from which sources these came.

    ``certain`` is False, ``doubted`` or ``replaced`` True, when that holds for one of them.
    """

    rule: str
    sources: tuple[Source, ...]
    certain: bool = True
    doubted: bool = False
    replaced: bool = False


@dataclass(frozen=True, slots=True)
class Gap:
    """A field one source should have given, in one record (its number) or, with None, in all.

    ``replaced`` is True when the field is there all the same, from another source.
    """

    source: str
    reason: Reason
    path: str
    record: int | None = None
    replaced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The records, and the provenance of each value by JSON Pointer (RFC 6901) into them."""

    records: Sequence[Mapping[str, JsonValue]]
    provenance: Mapping[str, Provenance | DerivedFrom]
    gaps: Sequence[Gap]


class _Missing(Exception):
    """A value that can not be given. Carries the source to blame and the reason."""

    def __init__(self, source: str, reason: Reason) -> None:
        self.source = source
        self.reason = reason


def merge(plan: Plan, collected: Collected) -> Merged:
    """One record per row of the root. A root that failed gives no records, only its gap."""
    return _Merge(plan, collected).run()


class _Merge:
    def __init__(self, plan: Plan, collected: Collected) -> None:
        self.plan = plan
        self.collected = collected
        self.sources = plan.declaration.sources
        self.records: list[Mapping[str, JsonValue]] = []
        self.provenance: dict[str, Provenance | DerivedFrom] = {}
        self.gaps: list[Gap] = []

    def run(self) -> Merged:
        root = self.plan.root.source.name
        found = self.collected[root]
        if isinstance(found, Failure):
            self.gaps = [Gap(root, found.reason, path) for path in sorted(self.plan.paths)]
        else:
            for row in (row for rows in found.by_key.values() for row in rows):
                self._record(row)
        return Merged(records=self.records, provenance=self.provenance, gaps=self.gaps)

    def _record(self, row: Row) -> None:
        number = len(self.records)
        states = self._states({self.plan.root.source.name: row}, self.plan.single)
        record: dict[str, JsonValue] = {}
        for field in self.plan.fields:
            self._place(record, field, field.path, states, f"/{number}")
        for part in self.plan.lists:
            self._list(record, part, states, number)
        self.records.append(record)

    def _states(self, known: dict[str, State], asks: Sequence[Ask]) -> dict[str, State]:
        """Follow the links in order of stage; a parent always stands before its children."""
        for ask in asks:
            if ask.link is not None:
                known[ask.source.name] = self._one(ask.link, known[ask.link.origin.source])
        return known

    def _one(self, link: Link, parent: State) -> State:
        partners = self._partners(link, parent)
        if not isinstance(partners, tuple):
            return partners
        return partners[0] if len(partners) == 1 else Reason.MORE_THAN_ONE

    def _partners(self, link: Link, parent: State) -> tuple[Row, ...] | Reason | None:
        """The rows behind a link: one or more, None when empty is a fact, else the reason."""
        if parent is None:
            return None
        if isinstance(parent, Reason):
            return Reason.DEPENDS
        keys = keys_of(parent.values.get(link.origin.name), link.splits)
        rows: tuple[Row, ...] = ()
        if keys:
            found = self.collected[link.target.source]
            if isinstance(found, Failure):
                return found.reason
            rows = _rows_of(found, keys)
        if rows:
            return rows
        return Reason.NO_PARTNER if link.required else None

    def _list(
        self, record: dict[str, JsonValue], part: ListPlan, states: States, number: int
    ) -> None:
        source = part.group.source
        link = self.plan.declaration.links[source]
        partners = self._partners(link, states[link.origin.source])
        if isinstance(partners, Reason):
            # A list that is only counted has no fields of its own.
            for path in [field.path for field in part.fields] or [part.group.path]:
                self.gaps.append(Gap(source, partners, path, number))
            return
        rows = sorted(partners or (), key=lambda row: _order(row, part.group.order))
        pointer = f"/{number}/{part.group.path.replace('.', '/')}"
        items = [
            self._item(part, {**states, source: row}, f"{pointer}/{place}")
            for place, row in enumerate(rows)
        ]
        put(record, part.group.path, items)
        if not rows:
            self.provenance[pointer] = Provenance(
                source=self.sources[source], row=None, column=link.target.name
            )

    def _item(
        self, part: ListPlan, states: dict[str, State], pointer: str
    ) -> Mapping[str, JsonValue]:
        item: dict[str, JsonValue] = {}
        known = self._states(states, part.below)
        for field in part.fields:
            inner = field.path.removeprefix(f"{part.group.path}.")
            self._place(item, field, inner, known, pointer)
        return item

    def _place(
        self, target: dict[str, JsonValue], field: Field, path: str, states: States, pointer: str
    ) -> None:
        number = int(pointer.split("/", 2)[1])
        try:
            value, provenance, absent = self._settle(field, states)
        except _Missing as missing:
            self.gaps.append(Gap(missing.source, missing.reason, field.path, number))
            return
        put(target, path, value)
        self.provenance[f"{pointer}/{path.replace('.', '/')}"] = provenance
        if absent is not None:
            gap = Gap(absent.source, absent.reason, field.path, number, replaced=True)
            self.gaps.append(gap)

    def _settle(
        self, field: Field, states: States
    ) -> tuple[JsonValue, Provenance, _Missing | None]:
        """The value, who gave it, and which source was absent without harm.

        Raises _Missing when no value may be given.
        """
        absent: _Missing | None = None
        filled: list[tuple[Column, Row, JsonValue]] = []
        empty: tuple[Column, Row | None] = (field.columns[0], None)
        for column in field.columns:
            state = states[column.source]
            if field.wins is Wins.FIRST_FILLED and filled:
                # Decided already: what comes after can only be another value, and never a gap.
                filled += _also_filled(field, column, state)
                continue
            if isinstance(state, Reason):
                absent = absent or _Missing(column.source, state)
                continue
            value = None if state is None else _converted(field, column, state)
            if state is None or value is None or value == "":
                empty = empty if empty[1] is not None else (column, state)
                continue
            filled.append((column, state, value))
        if absent is not None and (field.strict or not filled):
            raise absent
        if not filled:
            return None, self._from(*empty), None
        if field.wins is Wins.JOINED:
            filled = [_joined(filled)]
        column, row, value = _winner(field, filled)
        told = self._from(column, row, replaced=absent is not None)
        others = dict.fromkeys(one.source for one, _, given in filled if given != value)
        return value, replace(told, against=tuple(others)) if others else told, absent

    def _from(self, column: Column, row: Row | None, *, replaced: bool = False) -> Provenance:
        return Provenance(
            source=self.sources[column.source], row=row, column=column.name, replaced=replaced
        )


def _also_filled(
    field: Field, column: Column, state: State
) -> Sequence[tuple[Column, Row, JsonValue]]:
    """What a source gives that does not decide: its value, or nothing."""
    if state is None or isinstance(state, Reason):
        return ()
    try:
        value = _converted(field, column, state)
    except _Missing:
        return ()
    return () if value is None or value == "" else ((column, state, value),)


def _winner(
    field: Field, filled: list[tuple[Column, Row, JsonValue]]
) -> tuple[Column, Row, JsonValue]:
    """The candidate that decides. Raises _Missing when sources that must agree do not."""
    if field.wins is Wins.NEWEST:
        return max(filled, key=lambda one: one[1].begin or "")  # of equals the first
    if field.wins is Wins.AGREE_OR_REPORT and any(one[2] != filled[0][2] for one in filled):
        raise _Missing(filled[0][0].source, Reason.DISAGREE)
    return filled[0]


def _joined(filled: list[tuple[Column, Row, JsonValue]]) -> tuple[Column, Row, JsonValue]:
    """All parts as one text. Raises _Missing for a part that is no text."""
    column, row, _ = filled[0]
    parts = [value for _, _, value in filled]
    if not all(isinstance(part, str) for part in parts):
        raise _Missing(column.source, Reason.UNTRANSLATABLE)
    return column, row, " ".join(str(part) for part in parts)


def _rows_of(batch: Batch, keys: Sequence[str]) -> tuple[Row, ...]:
    if len(keys) == 1:
        return batch.by_key.get(keys[0], ())
    return tuple(row for key in keys for row in batch.by_key.get(key, ()))


def _converted(field: Field, column: Column, row: Row) -> JsonValue:
    try:
        return convert(row.values.get(column.name), field.conversions)
    except Untranslatable:
        raise _Missing(column.source, Reason.UNTRANSLATABLE) from None


def _order(row: Row, column: str) -> tuple[int, float, str, str]:
    """Numbers by size before texts by letter; of equals the lower id."""
    value = row.values.get(column) if column else None
    if isinstance(value, int | float):
        return (0, value, "", row.id)
    return (1, 0.0, "" if value is None else str(value), row.id)


def put(target: dict[str, JsonValue], path: str, value: JsonValue) -> None:
    """Set a dotted path; the declaration was checked, so no parent is a value itself."""
    *parents, last = path.split(".")
    for name in parents:
        inner = target.get(name)
        if not isinstance(inner, dict):
            inner = target[name] = {}
        target = inner
    target[last] = value
