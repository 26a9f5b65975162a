# SPDX-License-Identifier: EUPL-1.2
"""What has a term by law or by our own measure, how far it is, and whose turn it is.

Who lets a term pass is not asked again and again: each step past it is for somebody higher up.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from landschap.vocabulary.times import AMSTERDAM

_NEAR = 0.25
"""A term is near its end when less than this part of it is left."""
_LAST_MONTH = 12
_BOARD = timedelta(days=30)


class Matter(StrEnum):
    """What waits. The value is the word of the address it is shown at."""

    CORRECTION = "melding"
    ACCESS = "inzage"
    INCIDENT = "datalek"
    EMERGENCY = "noodtoegang"
    UNTOLD = "achtergehouden"


class Level(StrEnum):
    """How far it is: who does it, then who leads them, then the privacy officer, then the board."""

    RUNS = "loopt"
    NEAR = "bijna"
    PAST = "voorbij"
    BOARD = "lang voorbij"

    @property
    def is_past(self) -> bool:
        """True when the term has passed."""
        return self in (Level.PAST, Level.BOARD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One thing that waits: since when, until when, and where it is shown (empty: nowhere)."""

    matter: Matter
    since: datetime
    until: datetime
    path: str = ""

    def level(self, now: datetime) -> Level:
        """How far it is at a moment."""
        left = self.until - now
        if left < -_BOARD:
            return Level.BOARD
        if left < timedelta(0):
            return Level.PAST
        return Level.NEAR if left < (self.until - self.since) * _NEAR else Level.RUNS

    def days_left(self, now: datetime) -> int:
        """Whole days until the term ends; below zero since it ended."""
        return (self.until - now) // timedelta(days=1)


def month_after(moment: datetime) -> datetime:
    """The same day and clock a month on, in the Netherlands; the last day of a shorter month.

    Source: AVG art. 12 lid 3; Verordening 1182/71 art. 3 (terms in months).
    """
    local = moment.astimezone(AMSTERDAM)
    year, month = (
        (local.year + 1, 1) if local.month == _LAST_MONTH else (local.year, local.month + 1)
    )
    day = min(local.day, monthrange(year, month)[1])
    return local.replace(year=year, month=month, day=day).astimezone(UTC)


def by_urgency(waiting: Iterable[Waiting]) -> list[Waiting]:
    """What ends first, first."""
    return sorted(waiting, key=lambda each: (each.until, each.since, each.path))
