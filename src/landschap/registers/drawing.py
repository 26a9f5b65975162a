# SPDX-License-Identifier: EUPL-1.2
"""The history of one object drawn in characters: days across, knowledge down.

Each line is a moment at which something was registered; each mark along it is the value that held
on that day, as known then. Values are told apart by letter, so that the picture needs no colour.
Source: house rule; the same picture as the grid of the register browser.
"""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import pairwise

from landschap.registers.models import ObjectType
from landschap.registers.occurrences import occurrences, registrations
from landschap.registers.periods import BEGINNING, OPEN
from landschap.registers.questions import Found
from landschap.registers.timeline import Assertion, Known

NOTHING = "·"
_LETTERS = string.ascii_uppercase + string.ascii_lowercase


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The picture: borders of days, and per moment a letter for each stretch between them.

    ``legend`` gives the object behind each letter.
    """

    days: Sequence[date]
    moments: Sequence[datetime]
    rows: Sequence[str]
    legend: Mapping[str, Found]


def grid_of(
    kind: ObjectType,
    object_id: str,
    groups: Mapping[str, Sequence[Assertion]],
    known: Known,
    *,
    most: int = 40,
) -> Grid:
    """The last ``most`` states of knowledge of one object, the earliest first."""
    numbers = sorted({line.number for line in registrations(groups, known)})[-most:]
    states = [
        (
            _moment(groups, number),
            occurrences(kind, object_id, groups, replace(known, number=number)),
        )
        for number in numbers
    ]
    days = sorted(
        {
            day
            for _, found in states
            for one in found
            for day in (one.history.period.begin, one.history.period.end)
        }
    )
    legend: dict[str, Found] = {}
    rows = [
        "".join(_letter(found, begin, legend) for begin, _ in pairwise(days)) for _, found in states
    ]
    return Grid(days=days, moments=[moment for moment, _ in states], rows=rows, legend=legend)


def drawn(grid: Grid, *, width: int = 60) -> list[str]:
    """The lines of the picture; each stretch is as wide as its days, and at least three."""
    if not grid.rows:
        return []
    widths = _widths(grid.days, width)
    lines = []
    for moment, row in zip(grid.moments, grid.rows, strict=True):
        bar = "".join(mark * wide for mark, wide in zip(row, widths, strict=True))
        lines.append(f"{moment:%Y-%m-%d %H:%M}  {bar}")
    return [*lines, *_axis(grid.days, widths)]


def _moment(groups: Mapping[str, Sequence[Assertion]], number: int) -> datetime:
    return next(
        each.registered_at for group in groups.values() for each in group if each.number == number
    )


def _letter(found: Sequence[Found], day: date, legend: dict[str, Found]) -> str:
    one = next((each for each in found if each.history.period.covers(day)), None)
    if one is None:
        return NOTHING
    for letter, known in legend.items():
        if known.content == one.content:
            return letter
    letter = _LETTERS[len(legend)] if len(legend) < len(_LETTERS) else "?"
    legend.setdefault(letter, one)
    return letter


def _widths(days: Sequence[date], width: int) -> list[int]:
    """Characters per stretch, in proportion to its days; open ends get five."""
    spans = [
        None if begin == BEGINNING or end == OPEN else (end - begin).days
        for begin, end in pairwise(days)
    ]
    total = sum(span for span in spans if span is not None) or 1
    return [5 if span is None else max(3, round(span / total * width)) for span in spans]


def _axis(days: Sequence[date], widths: Sequence[int]) -> list[str]:
    """Where each border lies, each on a line of its own: dates are wider than stretches."""
    lines, place = [], 18
    for number, day in enumerate(days):
        if day not in (BEGINNING, OPEN):
            lines.append(f"{'':{place}}^ {day.isoformat()}")
        if number < len(widths):
            place += widths[number]
    return lines
