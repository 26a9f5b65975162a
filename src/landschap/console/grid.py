# SPDX-License-Identifier: EUPL-1.2
"""The history of one object as a drawing: days to the right, knowledge downward.

Each row is a moment at which something was registered, each cell the days on which one answer
held, as known then. Numbers are units of the drawing; a template writes them as SVG. Values are
told apart by letter and words, doubt by hatching and words, never by colour alone.
Source: history digest, "Screen"; the same picture as `registers.drawing` in characters.
"""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise

from landschap.registers.models import ObjectType
from landschap.registers.occurrences import Groups, occurrences, registrations
from landschap.registers.periods import BEGINNING, OPEN, Certainty, Period
from landschap.registers.questions import Found
from landschap.registers.timeline import Clock, Known

MAX_ROWS = 12
MAX_COLUMNS = 40
_LEFT, _TOP, _RIGHT = 152, 64, 12
_ROW, _GAP = 72, 8
_WIDTH = 776
# A date under its line needs this much.
_NARROWEST = 116
_MARGIN = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Days with one answer, as known in one row; ``found`` is the answer.

    ``day`` and ``moment`` ask for it; ``letter`` is the same for the same values.
    """

    x: float
    y: float
    width: float
    height: float
    letter: str
    found: Found
    period: Period
    day: date
    moment: datetime

    @property
    def in_doubt(self) -> bool:
        """True when a value in it is under investigation."""
        return bool(self.found.history.doubts)

    @property
    def is_sure(self) -> bool:
        """False when it only possibly held, because a begin is partly unknown."""
        return self.found.history.certainty is Certainty.CERTAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """The whole drawing; ``left_out`` counts the earlier states of knowledge it has no room for.

    ``borders`` and ``rows`` are places with what stands there; ``here`` is the place that is looked
    at, None when nothing of the drawing holds it.
    """

    width: float
    height: float
    borders: Sequence[tuple[float, date]]
    rows: Sequence[tuple[float, datetime]]
    cells: Sequence[Cell]
    here: tuple[float, float] | None
    left_out: int

    @property
    def is_wide(self) -> bool:
        """True when it does not fit on a page and scrolls."""
        return self.width > _LEFT + _WIDTH + _RIGHT


def moments_of(groups: Groups, known: Known) -> list[datetime]:
    """The moments at which something about one object became known, the earliest first."""
    return sorted({each.moment(known.clock) for each in registrations(groups, known)})


def known_then(groups: Groups, known: Known, moment: datetime) -> Known:
    """What was known of one object at a moment, within a later knowledge."""
    if known.clock is Clock.SOURCE:
        return replace(known, moment=moment)
    numbers = [each.number for each in registrations(groups, known) if each.registered_at <= moment]
    return replace(known, moment=moment, number=max(numbers, default=0))


def draw(
    kind: ObjectType,
    object_id: str,
    groups: Groups,
    known: Known,
    looking: tuple[date, datetime],
    *,
    with_corrections: bool = True,
) -> Drawing:
    """The drawing of one object; ``looking`` is the day and the moment that are looked at.

    Without corrections only the present knowledge is drawn.
    """
    moments = moments_of(groups, known)
    shown = moments[-MAX_ROWS:] if with_corrections else moments[-1:]
    states = [
        (moment, occurrences(kind, object_id, groups, known_then(groups, known, moment)))
        for moment in shown
    ]
    merged = [(moment, _merged(found[::-1])) for moment, found in states]
    days = _days(merged)
    places = _places(days)
    legend: list[Mapping[str, object]] = []
    cells = [
        _cell(stretch, found, (row, moment), places, legend)
        for row, (moment, stretches) in enumerate(merged)
        for stretch, found in stretches
        if stretch.begin in places and stretch.end in places
    ]
    return Drawing(
        width=max(places.values(), default=float(_LEFT + _WIDTH)) + _RIGHT,
        height=_TOP + len(shown) * (_ROW + _GAP) + 28,
        borders=[(places[day], day) for day in days],
        rows=[(_y(row), moment) for row, moment in enumerate(shown)],
        cells=cells,
        here=_here(looking, shown, days, places),
        left_out=(len(moments) - len(shown)) if with_corrections else 0,
    )


def _merged(found: Sequence[Found]) -> list[tuple[Period, Found]]:
    """Neighbours that say the same as one stretch: what differs may be nothing one may see."""
    merged: list[tuple[Period, Found]] = []
    for one in found:
        period = one.history.period
        last = merged[-1] if merged else None
        if last and last[0].end == period.begin and _same(last[1], one):
            merged[-1] = (Period(last[0].begin, period.end), last[1])
        elif last and last[0].overlaps(period):
            continue  # a second possible answer for the same days stands in the table
        else:
            merged.append((period, one))
    return merged


def _same(one: Found, other: Found) -> bool:
    return (one.content, one.history.doubts, one.history.certainty) == (
        other.content, other.history.doubts, other.history.certainty,
    )  # fmt: skip


def _days(states: Sequence[tuple[datetime, Sequence[tuple[Period, Found]]]]) -> list[date]:
    days = {
        day
        for _, stretches in states
        for period, _ in stretches
        for day in (period.begin, period.end)
    }
    return sorted(days)[-MAX_COLUMNS - 1 :]


def _places(days: Sequence[date]) -> dict[date, float]:
    """Where each border lies; columns are equally wide, time is not to scale."""
    columns = max(len(days) - 1, 1)
    wide = max(_WIDTH / columns, _NARROWEST)
    return {day: round(_LEFT + wide * place, 1) for place, day in enumerate(days)}


def _cell(
    period: Period,
    found: Found,
    at: tuple[int, datetime],
    places: Mapping[date, float],
    legend: list[Mapping[str, object]],
) -> Cell:
    row, moment = at
    begin, end = places[period.begin], places[period.end]
    if found.content not in legend:
        legend.append(found.content)
    place = legend.index(found.content)
    letters = string.ascii_uppercase
    return Cell(
        x=begin + 2,
        y=_y(row),
        width=round(end - begin - 4, 1),
        height=_ROW,
        letter=letters[place % 26] * (place // 26 + 1),
        found=found,
        period=period,
        day=a_day_in(period),
        moment=moment,
    )


def a_day_in(period: Period) -> date:
    """A day by which a stretch can be asked for: its first, or where that is open the last."""
    if period.begin != BEGINNING:
        return period.begin
    return period.end - timedelta(days=1) if period.end != OPEN else date(1, 1, 2)


def _y(row: int) -> float:
    return _TOP + row * (_ROW + _GAP)


def _here(
    looking: tuple[date, datetime],
    moments: Sequence[datetime],
    days: Sequence[date],
    places: Mapping[date, float],
) -> tuple[float, float] | None:
    day, moment = looking
    rows = [row for row, each in enumerate(moments) if each <= moment]
    column = next((pair for pair in pairwise(days) if pair[0] <= day < pair[1]), None)
    if not rows or column is None:
        return None
    begin, end = column
    left, right = places[begin] + _MARGIN, places[end] - _MARGIN
    share = 0.75
    if begin != BEGINNING and end != OPEN:
        share = (day - begin).days / (end - begin).days
    return round(left + (right - left) * share, 1), _y(rows[-1]) + _ROW - _MARGIN
