# SPDX-License-Identifier: EUPL-1.2
"""Where somebody lived, from registrations that hold a begin and no end.

The registration of persons writes down when a stay began; that it ended is only known from the
next one. A begin may be incomplete, and then the days around it follow a rule of their own: only
the stay directly before is looked at, by its own first possible day. So a day may have no answer,
or two.

``on_day`` and ``in_period`` answer for one person; ``compositions`` for all residents of one
address, who are there certainly or possibly.
Source: BRP, historie bevragen ("verblijfplaatshistorie"), bewoning bevragen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from landschap.registers.periods import (
    BEGINNING,
    OPEN,
    Certainty,
    IncompleteDate,
    Period,
    next_day,
)
from landschap.vocabulary.ijson import JsonValue

# Established that the person does not live there (category 08, and 58 for an earlier address).
_NOT_LIVING_THERE = frozenset({"089999", "589999"})
# The whole category, the group of the address, the begin of the stay itself.
_ABOUT_THE_BEGIN = frozenset({"080000", "580000", "081000", "581000", "081030", "581030"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Investigation:
    """An investigation into a stay: what it is about (six digits), from when, until when."""

    about: str
    begin: date
    end: date | None = None

    @property
    def running(self) -> bool:
        """True when it has not ended."""
        return self.end is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """A registered stay. ``number`` orders registration; a ``wrong`` one was never true."""

    number: int
    begin: IncompleteDate
    content: Mapping[str, JsonValue]
    wrong: bool = False
    investigation: Investigation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """A stay as it is delivered, with the days it counts for.

    ``until`` is the begin of the next stay as registered, None for the last one. ``in_doubt`` and
    ``until_in_doubt`` say whether the stay, or the day it ended, is being investigated now;
    ``not_there_since`` from when it is established that the person does not live there.
    """

    stay: Stay
    begin: date
    end: date
    until: IncompleteDate | None
    in_doubt: bool
    until_in_doubt: bool
    not_there_since: date | None

    def holds_on(self, day: date) -> bool:
        """True when the stay counts for a day."""
        return self.begin <= day < self.end


def on_day(stays: Iterable[Stay], day: date) -> list[Delivered]:
    """The stays that count for a day, the last registered first; none, one or two."""
    return [each for each in delivered(stays) if each.holds_on(day)]


def in_period(stays: Iterable[Stay], period: Period) -> list[Delivered]:
    """The stays that count for a day of the period, the last registered first."""
    return [
        each for each in delivered(stays) if each.begin < period.end and each.end > period.begin
    ]


def delivered(stays: Iterable[Stay]) -> list[Delivered]:
    """All stays that count for a day at all, the last registered first."""
    line = sorted((each for each in stays if not each.wrong), key=lambda each: each.number)
    begins = _begins(line)
    found: list[Delivered] = []
    for place, stay in enumerate(line):
        following = line[place + 1] if place + 1 < len(line) else None
        begin = begins[place]
        end = begins[place + 1] if following else OPEN
        if begin != stay.begin.lo and end <= begin:
            end = next_day(begin)
        if begin < end:
            found.append(_as_delivered(stay, following, begin, end))
    return found[::-1]


def _begins(line: Sequence[Stay]) -> list[date]:
    """The day each stay counts from: incomplete begins move past the begin of the one before."""
    begins: list[date] = []
    before: IncompleteDate | None = None
    for stay in line:
        begin = stay.begin
        first = begin.lo
        if before is not None and not begin.complete and first <= before.lo <= begin.hi:
            first = max(first, next_day(before.lo))
        begins.append(first)
        before = begin
    return begins


def _as_delivered(stay: Stay, following: Stay | None, begin: date, end: date) -> Delivered:
    doubt = stay.investigation
    ahead = following.investigation if following else None
    return Delivered(
        stay=stay,
        begin=begin,
        end=end,
        until=following.begin if following else None,
        in_doubt=doubt is not None and doubt.running,
        until_in_doubt=ahead is not None and ahead.running and ahead.about in _ABOUT_THE_BEGIN,
        not_there_since=_not_there_since(doubt, following),
    )


def _not_there_since(doubt: Investigation | None, following: Stay | None) -> date | None:
    """Known while it is so, and of a stay that ended in it; not when the person came back."""
    if doubt is None or doubt.about not in _NOT_LIVING_THERE:
        return None
    ended_before = doubt.end is not None and (following is None or doubt.end < following.begin.lo)
    return None if ended_before else doubt.begin


@dataclass(frozen=True, slots=True, kw_only=True)
class Resident:
    """Somebody at an address; ``end`` is the begin of the stay elsewhere, None for still there."""

    person: str
    begin: IncompleteDate
    end: IncompleteDate | None = None

    def there_on(self, day: date) -> Certainty | None:
        """Whether this person lived there on a day: certainly, possibly, or (None) not."""
        came = self.begin.reached_on(day)
        left = self.end.reached_on(day) if self.end else None
        if came is None or left is Certainty.CERTAIN:
            return None
        if left is Certainty.POSSIBLE:
            return Certainty.POSSIBLE
        return came


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """Who lived at an address through a stretch of days."""

    period: Period
    certain: tuple[str, ...]
    possible: tuple[str, ...]


def compositions(residents: Sequence[Resident], period: Period) -> list[Composition]:
    """The residents of one address through a period, in order of days.

    Cut at every change; stretches without anybody are left out, equal neighbours are one.
    """
    borders = {period.begin, period.end}
    for resident in residents:
        borders.update(_changes(resident.begin))
        if resident.end is not None:
            borders.update(_changes(resident.end))
    days = sorted(day for day in borders if period.begin <= day <= period.end)
    found: list[Composition] = []
    for first, after in pairwise(days):
        made = _composition(residents, Period(first, after))
        last = found[-1] if found else None
        if last is not None and _continues(last, made):
            found[-1] = Composition(
                period=Period(last.period.begin, after),
                certain=made.certain,
                possible=made.possible,
            )
        elif made.certain or made.possible:
            found.append(made)
    return found


def _changes(moment: IncompleteDate) -> tuple[date, ...]:
    """The days on which it may, and on which it surely has come."""
    return (moment.lo,) if moment.complete else (moment.lo, next_day(moment.hi))


def _composition(residents: Sequence[Resident], period: Period) -> Composition:
    there = {each.person: each.there_on(period.begin) for each in residents}
    return Composition(
        period=period,
        certain=tuple(who for who, how in there.items() if how is Certainty.CERTAIN),
        possible=tuple(who for who, how in there.items() if how is Certainty.POSSIBLE),
    )


def _continues(last: Composition, made: Composition) -> bool:
    return last.period.end == made.period.begin and (last.certain, last.possible) == (
        made.certain,
        made.possible,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tie:
    """A partnership or nationality: both ends may be incomplete.

    ``never_was`` when it was entered wrongly (end reason 405 of a nationality).
    """

    number: int
    begin: IncompleteDate
    end: IncompleteDate | None = None
    never_was: bool = False

    def holds_within(self, period: Period) -> bool:
        """Whether it counts for a day of a period, by first possible days.

        A wholly unknown end has not come: nothing says it has.
        """
        if self.never_was:
            return False
        ended = OPEN if self.end is None or self.end.lo == BEGINNING else self.end.lo
        return self.begin.lo < period.end and ended > period.begin

    def holds_on(self, day: date) -> bool:
        """Whether it counts for a day."""
        return self.holds_within(Period(day, next_day(day)))


def newest_first(ties: Iterable[Tie]) -> list[Tie]:
    """By first possible day of begin, the latest first; wholly unknown begins come last."""
    return sorted(
        (tie for tie in ties if not tie.never_was),
        key=lambda tie: (tie.begin.lo, tie.number),
        reverse=True,
    )
