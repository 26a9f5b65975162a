# SPDX-License-Identifier: EUPL-1.2
"""Days of the material axis: half-open periods, and dates of which a part is unknown.

Open ends are the two sentinels `BEGINNING` and `OPEN`, which sort as they should and are never
shown: an answer says null. A source that is inclusive is converted where it is read.
Source: API strategy, temporal extension; Logisch Ontwerp GBA, "onvolledige datum".
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Self

from landschap.vocabulary.identifiers import InvalidValue

# PostgreSQL's -infinity and infinity arrive as these two; year 1 in a source means "unknown".
BEGINNING = date.min
OPEN = date.max
_INCOMPLETE = re.compile(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})")


class Certainty(StrEnum):
    """Whether a value holds on a day for certain, or may hold."""

    CERTAIN = "zeker"
    POSSIBLE = "mogelijk"


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """The days ``begin <= day < end``; never empty. Raises InvalidValue when it would be."""

    begin: date
    end: date = OPEN

    def __post_init__(self) -> None:
        if self.begin >= self.end:
            raise InvalidValue("a period ends after it begins; its end is the first day outside it")

    def covers(self, day: date) -> bool:
        """True when the day lies inside."""
        return self.begin <= day < self.end

    def overlaps(self, other: Period) -> bool:
        """True when a day lies in both; touching at the border is not overlapping."""
        return self.begin < other.end and other.begin < self.end

    def within(self, other: Period) -> Period | None:
        """The days in both, or None."""
        begin, end = max(self.begin, other.begin), min(self.end, other.end)
        return Period(begin, end) if begin < end else None

    def minus(self, other: Period) -> tuple[Period, ...]:
        """What is left of this period when the days of the other are taken out."""
        if not self.overlaps(other):
            return (self,)
        left = (Period(self.begin, other.begin),) if self.begin < other.begin else ()
        right = (Period(other.end, self.end),) if other.end < self.end else ()
        return left + right


def without(period: Period, others: Iterable[Period]) -> tuple[Period, ...]:
    """What is left of a period when all others are taken out, in order."""
    left: tuple[Period, ...] = (period,)
    for other in others:
        left = tuple(part for piece in left for part in piece.minus(other))
    return left


def shown(day: date) -> str | None:
    """The day as an answer writes it: null for an open end."""
    return None if day in (BEGINNING, OPEN) else day.isoformat()


@dataclass(frozen=True, slots=True)
class IncompleteDate:
    """A date as a source registered it; an unknown part is zero (2020-05-00, 0000-00-00).

    Zeros never enter a date column: `lo` and `hi` are the first and last possible day.
    """

    year: int
    month: int
    day: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``YYYY-MM-DD`` or ``YYYYMMDD`` with zeros. Raises InvalidValue."""
        match = _INCOMPLETE.fullmatch(text)
        year, month, day = map(int, match.groups()) if match else (-1, -1, -1)
        known = (year > 0) + (month > 0) + (day > 0)
        in_order = (year > 0, month > 0, day > 0) == tuple(i < known for i in range(3))
        if match is None or not in_order or not _exists(year, month, day):
            raise InvalidValue(
                "not a date: write YYYY-MM-DD, with zeros for an unknown day, month and day, "
                "or all of it"
            )
        return cls(year, month, day)

    @property
    def complete(self) -> bool:
        """True when no part is unknown."""
        return self.day > 0

    @property
    def lo(self) -> date:
        """The first day it can be."""
        if self.year == 0:
            return BEGINNING
        return date(self.year, max(self.month, 1), max(self.day, 1))

    @property
    def hi(self) -> date:
        """The last day it can be."""
        if self.year == 0:
            return OPEN
        month = self.month or 12
        return date(self.year, month, self.day or calendar.monthrange(self.year, month)[1])

    def reached_on(self, day: date) -> Certainty | None:
        """Whether this date has come on a day: certainly, possibly, or (None) not."""
        if day < self.lo:
            return None
        surely = self.complete or (self.hi != OPEN and day > self.hi)
        return Certainty.CERTAIN if surely else Certainty.POSSIBLE

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}-{self.day:02}"


def next_day(day: date) -> date:
    """The day after; the open end stays open."""
    return day if day == OPEN else day + timedelta(days=1)


def _exists(year: int, month: int, day: int) -> bool:
    try:
        date(year or 2000, month or 1, day or 1)
    except ValueError:
        return False
    return True
