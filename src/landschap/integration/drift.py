# SPDX-License-Identifier: EUPL-1.2
"""How a copy differs from its source, field by field, of answers to the same question.

Both are logical sources with the same fields; conversions are done, so that only what a reader
would see is compared. What one of them could not give is unknown, never a difference.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from landschap.integration.merge import Merged
from landschap.integration.model import Declaration
from landschap.vocabulary.ijson import JsonValue

MAX_EXAMPLES = 5


class Outcome(StrEnum):
    """What one field of one answer says of the copy."""

    EQUAL = "equal"
    DIFFERENT = "different"
    COPY_ONLY = "copy_only"
    SOURCE_ONLY = "source_only"
    UNKNOWN = "unknown"


DRIFT = (Outcome.DIFFERENT, Outcome.COPY_ONLY, Outcome.SOURCE_ONLY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One field of one answer: the key that was asked, and the filled values of both."""

    field: str
    outcome: Outcome
    key: str
    copy: tuple[JsonValue, ...]
    source: tuple[JsonValue, ...]


@dataclass(slots=True)
class FieldDrift:
    """What was seen of one field: how often each outcome, and the first differences."""

    counts: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    examples: list[Difference] = field(default_factory=list)

    def see(self, one: Difference) -> None:
        """Count one."""
        self.counts[one.outcome] += 1
        if one.outcome in DRIFT and len(self.examples) < MAX_EXAMPLES:
            self.examples.append(one)

    @property
    def drifts(self) -> bool:
        """True when any answer differed."""
        return any(self.counts[each] for each in DRIFT)


def common_fields(copy: Declaration, source: Declaration) -> tuple[str, ...]:
    """The fields that both have, in the order of the source."""
    return tuple(path for path in source.fields if path in copy.fields)


def differences(
    key: str, copy: Merged, source: Merged, paths: Iterable[str]
) -> Iterator[Difference]:
    """What both answers say of each field. The order of records and of lists is no difference."""
    absent = {gap.path for merged in (copy, source) for gap in merged.gaps if not gap.replaced}
    for path in paths:
        one, other = _filled(copy, path), _filled(source, path)
        known = path not in absent
        outcome = _outcome(one, other) if known else Outcome.UNKNOWN
        yield Difference(field=path, outcome=outcome, key=key, copy=one, source=other)


def _outcome(copy: tuple[JsonValue, ...], source: tuple[JsonValue, ...]) -> Outcome:
    if copy == source:
        return Outcome.EQUAL
    if not source:
        return Outcome.COPY_ONLY
    return Outcome.DIFFERENT if copy else Outcome.SOURCE_ONLY


def _filled(merged: Merged, path: str) -> tuple[JsonValue, ...]:
    """The filled values at a path in all records and items, in an order of their own."""
    found = [value for record in merged.records for value in _at(record, path.split("."))]
    return tuple(sorted(found, key=lambda value: json.dumps(value, sort_keys=True, default=str)))


def _at(value: JsonValue, path: list[str]) -> Iterator[JsonValue]:
    if isinstance(value, list) and path:
        for item in value:
            yield from _at(item, path)
    elif not path:
        if value is not None and value not in ("", []):
            # 12.0 and 12 are one number, however a source writes it.
            is_whole = isinstance(value, float) and value.is_integer()
            yield int(value) if is_whole else value  # type: ignore[arg-type]  # a float
    elif isinstance(value, Mapping):
        yield from _at(value.get(path[0]), path[1:])
