# SPDX-License-Identifier: EUPL-1.2
"""Derived fields of a merged answer: worked out from the values of the day that is asked about.

It comes between the merge and the release. What a derived field follows from is in the records
until then, whichever source it came from, and is cut away by `permitted_rows.within`. A value that
a source could not give leaves what follows from it a gap with the same reason: nothing is guessed.
Source: AVG art. 5 lid 1 sub c; `registers.deriving`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import date

from landschap.integration.merge import DerivedFrom, Gap, Merged, Provenance, put
from landschap.integration.model import Declaration, Field, Source
from landschap.integration.plan import Plan
from landschap.registers.deriving import Derivation, inputs_of
from landschap.vocabulary.ijson import JsonValue

_Record = dict[str, JsonValue]
_ABSENT = object()


def with_derived(plan: Plan, merged: Merged, day: date) -> Merged:
    """The merged answer with the derived fields of the plan."""
    if not plan.derived or not merged.records:
        return merged
    work = _Work(plan.declaration, deepcopy(list(merged.records)), dict(merged.provenance),
                 list(merged.gaps), day)  # fmt: skip
    for path, rule in plan.derived.items():
        field = plan.declaration.fields[path]
        for place in work.places(field):
            work.settle(field, rule, place)
    return replace(merged, records=work.records, provenance=work.provenance, gaps=work.gaps)


@dataclass(frozen=True, slots=True)
class _Place:
    """One record, or one item of a list in it, with its JSON Pointer (RFC 6901)."""

    number: int
    target: _Record
    pointer: str


@dataclass(slots=True)
class _Work:
    declaration: Declaration
    records: list[Mapping[str, JsonValue]]
    provenance: dict[str, Provenance | DerivedFrom]
    gaps: list[Gap]
    day: date

    def places(self, field: Field) -> Iterator[_Place]:
        for number, record in enumerate(self.records):
            assert isinstance(record, dict)  # noqa: S101  # as the merge makes them
            if not field.within:
                yield _Place(number, record, f"/{number}")
                continue
            pointer = f"/{number}/{field.within.replace('.', '/')}"
            items = _at(record, field.within)
            if not isinstance(items, list):
                self._gap(field, (field.within,), number)
                continue
            for place, item in enumerate(items):
                yield _Place(number, item, f"{pointer}/{place}")

    def settle(self, field: Field, rule: Derivation, place: _Place) -> None:
        """Put the value and its provenance, or say why it is not there."""
        before = f"{field.within}." if field.within else ""
        inner = [path.removeprefix(before) for path in rule.inputs]
        given: list[JsonValue] = []
        for path in inner:
            value = _at(place.target, path)
            if value is _ABSENT:
                self._gap(field, rule.inputs, place.number)
                return
            given.append(value)  # type: ignore[arg-type]  # what is there is JSON
        path = field.path.removeprefix(before)
        put(place.target, path, rule.value(given, self.day, self.day))
        pointer = f"{place.pointer}/{path.replace('.', '/')}"
        self.provenance[pointer] = self._origin(rule, place, before)

    def _gap(self, field: Field, inputs: tuple[str, ...], number: int) -> None:
        """Why an input is absent is why this is: the first reason that was found."""
        for gap in self.gaps:
            about = any(gap.path == each or gap.path.startswith(f"{each}.") for each in inputs)
            if about and gap.record in (None, number) and not gap.replaced:
                told = Gap(gap.source, gap.reason, field.path, number)
                if told not in self.gaps:
                    self.gaps.append(told)
                return

    def _origin(self, rule: Derivation, place: _Place, before: str) -> DerivedFrom:
        found = [
            told
            for path in rule.inputs
            for told in self._origins_at(f"{place.pointer}/{path.removeprefix(before)}")
        ]
        names = [name for path in rule.inputs for name in _sources(self.declaration, path)]
        sources: Mapping[str, Source] = self.declaration.sources
        return DerivedFrom(
            rule=rule.words,
            sources=tuple(sources[name] for name in dict.fromkeys(names)),
            certain=all(_is_certain(told) for told in found),
            doubted=any(_is_doubted(told) for told in found),
            replaced=any(told.replaced for told in found),
        )

    def _origins_at(self, dotted: str) -> Iterator[Provenance | DerivedFrom]:
        told = self.provenance.get(dotted.replace(".", "/"))
        if told is not None:
            yield told


def _sources(declaration: Declaration, path: str) -> Iterator[str]:
    """The sources that a field, a list or a derived field comes from."""
    for each in (path, *sorted(inputs_of(declaration.derived, [path]))):
        group, field = declaration.lists.get(each), declaration.fields.get(each)
        if group is not None:
            yield group.source
        for column in field.columns if field is not None else ():
            yield column.source


def _at(value: JsonValue, path: str) -> JsonValue | object:
    """The value at a dotted path, which may be null; `_ABSENT` when there is none."""
    found: JsonValue = value
    for name in path.split("."):
        if not isinstance(found, Mapping) or name not in found:
            return _ABSENT
        found = found[name]
    return found


def _is_certain(told: Provenance | DerivedFrom) -> bool:
    if isinstance(told, DerivedFrom):
        return told.certain
    return told.row is None or told.row.certain


def _is_doubted(told: Provenance | DerivedFrom) -> bool:
    if isinstance(told, DerivedFrom):
        return told.doubted
    return told.row is not None and told.column in told.row.doubts
