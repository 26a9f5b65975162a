# SPDX-License-Identifier: EUPL-1.2
"""A row of the engine as the record that a question about one object gets.

What sets can not say is done here, batch by batch, by the very functions that answer about one
object: derived fields, conditions on rows, obligations and pseudonyms.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from landschap.integration.bulk.compiling import Output, Statement
from landschap.integration.bulk.settling import gap_of
from landschap.integration.bulk.values import Kind, value_of
from landschap.integration.deriving import with_derived
from landschap.integration.merge import Gap, Merged, put
from landschap.integration.permitted_rows import within
from landschap.integration.plan import Plan
from landschap.integration.rows import Reason
from landschap.purposes.duties import Duties, obey
from landschap.purposes.rows import RowCondition
from landschap.vocabulary.ijson import JsonValue, loads

GAPS = "_ontbreekt"
_MAX_JSON = 100_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """How records may leave: which fields, on which day, under which conditions and duties."""

    plan: Plan
    chosen: frozenset[str]
    day: date
    rows: tuple[RowCondition, ...]
    duties: Duties

    @property
    def whole(self) -> bool:
        """True when a record leaves with all that is read of it, and nothing is made of that."""
        extra = self.rows or self.duties or self.plan.derived or self.plan.hidden
        return not extra and self.chosen == self.plan.paths

    @property
    def as_they_are(self) -> bool:
        """True when a row of the engine needs nothing more."""
        return self.whole and not self.plan.lists


@dataclass(frozen=True, slots=True)
class Made:
    """Records as they leave; and how many were left out, as their row is not permitted."""

    records: Sequence[Mapping[str, JsonValue]]
    left_out: int


def records_of(
    rows: Sequence[Mapping[str, object]], statement: Statement, leaving: Leaving
) -> Made:
    """The records of a batch of rows. Raises ValueError for a duty that is not known."""
    records: list[dict[str, JsonValue]] = []
    gaps: list[Gap] = []
    for number, row in enumerate(rows):
        records.append(_record(row, statement.outputs))
        gaps += _gaps(row.get("gap"), number)
    if leaving.whole:
        return Made(_with_gaps(records, (gap for gap in gaps if gap.path in leaving.chosen)), 0)
    whole = with_derived(
        leaving.plan, Merged(records=records, provenance={}, gaps=gaps), leaving.day
    )
    duties = leaving.duties
    marks = frozenset({duties.mark.path} if duties.mark else ())
    seen = within(whole, leaving.rows, leaving.chosen | marks)
    merged = within(seen, (), leaving.chosen)
    told = [
        obey(record, duties, before) if duties else dict(record)
        for record, before in zip(merged.records, seen.records, strict=True)
    ]
    return Made(_with_gaps(told, merged.gaps), len(records) - len(told))


def _with_gaps(
    records: list[dict[str, JsonValue]], gaps: Iterable[Gap]
) -> list[dict[str, JsonValue]]:
    """The records, with what each of them lacks."""
    for gap in gaps:
        if gap.record is not None:
            named = records[gap.record].setdefault(GAPS, [])
            assert isinstance(named, list)  # noqa: S101  # made here
            if (line := _line(gap)) not in named:
                named.append(line)
    return records


def gaps_told(text: str | None) -> list[dict[str, JsonValue]] | None:
    """The gaps of a row of the engine as they are written; None when there are none."""
    return [_line(gap) for gap in _gaps(text, 0)] or None


def _line(gap: Gap) -> dict[str, JsonValue]:
    line: dict[str, JsonValue] = {"bron": gap.source, "reden": gap.reason.value, "veld": gap.path}
    return {**line, "vervangen": True} if gap.replaced else line


def _gaps(text: object, number: int) -> list[Gap]:
    """The gaps that a row tells, each once."""
    if not isinstance(text, str):
        return []
    found = (gap_of(line) for line in dict.fromkeys(text.split("\n")))
    return [
        Gap(each.source, Reason(each.reason), each.path, number, replaced=each.replaced)
        for each in found
    ]


def _record(row: Mapping[str, object], outputs: Sequence[Output]) -> dict[str, JsonValue]:
    absent = _absent(row.get("gap"))
    record: dict[str, JsonValue] = {}
    for output in outputs:
        if output.reason:
            if row.get(output.reason) is None:
                put(record, output.path, _items(row.get(output.name), output))
        elif output.path not in absent:
            put(record, output.path, _value(row.get(output.name), output.kind))
    return record


def _items(items: object, output: Output) -> list[JsonValue]:
    found: list[JsonValue] = []
    for item in items if isinstance(items, list) else ():
        record: dict[str, JsonValue] = {}
        absent = _absent(item.get("gap"))
        for inner in output.inner:
            if f"{output.path}.{inner.path}" not in absent:
                put(record, inner.path, _value(item.get(inner.name), inner.kind))
        found.append(record)
    return found


def _absent(text: object) -> frozenset[str]:
    """The fields that a row or an item does not have."""
    if not isinstance(text, str):
        return frozenset()
    told = (gap_of(line) for line in text.split("\n"))
    return frozenset(each.path for each in told if not each.replaced)


def _value(value: object, kind: Kind) -> JsonValue:
    if value is None:
        return None
    if kind is Kind.NUMBER and isinstance(value, float):
        return int(value) if value.is_integer() else value
    if kind is Kind.MIXED and isinstance(value, str):
        return value_of(value[0], value[1:])
    if kind is Kind.JSON and isinstance(value, str):
        return loads(value, max_bytes=_MAX_JSON)
    return value  # type: ignore[return-value]  # what the engine gives of these kinds is JSON
