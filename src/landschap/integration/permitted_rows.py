# SPDX-License-Identifier: EUPL-1.2
"""Row conditions on a logical source: checked on the merged answer, before anything is released.

The fields of the conditions are asked along with the permitted ones and go no further. A record
outside the conditions leaves no trace in the answer: not in the results, nor in their provenance
or gaps.
Source: house rule "Rows" of minimisation: checked before release when a source can not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from landschap.integration.answer import path_of
from landschap.integration.merge import Merged
from landschap.purposes.rows import RowCondition, hold
from landschap.vocabulary.ijson import JsonValue


def within(merged: Merged, rows: Sequence[RowCondition], chosen: Collection[str]) -> Merged:
    """What may be seen of an answer, cut to the chosen fields."""
    kept = [number for number, record in enumerate(merged.records) if hold(rows, record)]
    place = {number: new for new, number in enumerate(kept)}
    return replace(
        merged,
        records=[_cut(merged.records[number], chosen) for number in kept],
        provenance={
            moved: told
            for pointer, told in merged.provenance.items()
            if _leads_to(path_of(pointer), chosen) and (moved := _moved(pointer, place)) is not None
        },
        gaps=[
            gap if gap.record is None else replace(gap, record=place[gap.record])
            for gap in merged.gaps
            if gap.path in chosen and (gap.record is None or gap.record in place)
        ],
    )


def is_undecided(merged: Merged, rows: Iterable[RowCondition]) -> bool:
    """True when a source that a condition leans on did not answer."""
    paths = {each.path for each in rows}
    return any(gap.path in paths and not gap.replaced for gap in merged.gaps)


def _cut(
    record: Mapping[str, JsonValue], chosen: Collection[str], prefix: str = ""
) -> dict[str, JsonValue]:
    cut: dict[str, JsonValue] = {}
    for name, value in record.items():
        path = f"{prefix}{name}"
        if path in chosen:
            cut[name] = value
        elif not _leads_to(path, chosen):
            continue
        elif isinstance(value, Mapping):
            cut[name] = _cut(value, chosen, f"{path}.")
        elif isinstance(value, list):
            items = [item for item in value if isinstance(item, Mapping)]
            cut[name] = [_cut(item, chosen, f"{path}.") for item in items]
    return cut


def _moved(pointer: str, place: Mapping[int, int]) -> str | None:
    """A JSON Pointer into the records, at the new number of its record; None when that is gone."""
    _, number, *rest = pointer.split("/")
    new = place.get(int(number))
    return None if new is None else "/".join(("", str(new), *rest))


def _leads_to(path: str, chosen: Collection[str]) -> bool:
    return any(other == path or other.startswith(f"{path}.") for other in chosen)
