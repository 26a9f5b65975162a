# SPDX-License-Identifier: EUPL-1.2
"""What changed in the knowledge about one object between two moments, on which days.

Source: house rule; history, "difference view".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from landschap.registers.models import ObjectType
from landschap.registers.occurrences import occurrences
from landschap.registers.periods import Period, shown
from landschap.registers.questions import Found
from landschap.registers.timeline import Assertion, Known
from landschap.vocabulary.ijson import JsonValue

Content = Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """In these days another answer is given: None where nothing held."""

    period: Period
    before: Content | None
    after: Content | None

    def as_json(self) -> dict[str, JsonValue]:
        """The difference as it is told; only properties that differ."""
        before, after = self.before or {}, self.after or {}
        names = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
        return {
            "beginGeldigheid": shown(self.period.begin),
            "eindGeldigheid": shown(self.period.end),
            "eerst": None if self.before is None else {name: before.get(name) for name in names},
            "nu": None if self.after is None else {name: after.get(name) for name in names},
        }


def differences_between(
    kind: ObjectType,
    object_id: str,
    groups: Mapping[str, Sequence[Assertion]],
    before: Known,
    after: Known,
) -> list[Difference]:
    """The days of which the answer changed between two states of knowledge, in order."""
    old = occurrences(kind, object_id, groups, before)
    new = occurrences(kind, object_id, groups, after)
    days = sorted(
        {
            day
            for found in (*old, *new)
            for day in (found.history.period.begin, found.history.period.end)
        }
    )
    found: list[Difference] = []
    for begin, end in pairwise(days):
        was, now = _on(old, begin), _on(new, begin)
        if was == now:
            continue
        last = found[-1] if found else None
        if last and last.period.end == begin and (last.before, last.after) == (was, now):
            period = Period(last.period.begin, end)
            found[-1] = Difference(period=period, before=was, after=now)
        else:
            found.append(Difference(period=Period(begin, end), before=was, after=now))
    return found


def _on(found: Sequence[Found], day: date) -> Content | None:
    return next(
        (each.content for each in found if each.history.period.covers(day)),
        None,
    )
