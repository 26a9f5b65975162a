# SPDX-License-Identifier: EUPL-1.2
"""How well a service of ours answered, by the day: as our own door saw it carry.

Counted is what was sent on to the service: a question that the door refused says nothing of it, nor
one whose asker hung up. Failed is an answer of 500 or more, one that broke off, and none at all.
How long it took is counted in steps of a quarter, so a percentile is told as "at most".
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from landschap.gateway.access import Line
from landschap.vocabulary.times import amsterdam_day

STEP: Final = 1.25
LAST_STEP: Final = 62
"""A step ends at ``STEP ** number`` ms; the last one, of some seventeen minutes, has no end."""
_HUNG_UP, _FAILED = 499, 500
_P95 = 0.95


class Cell(NamedTuple):
    """What is counted together: Dutch calendar day, service in lower case, step of time."""

    day: date
    service: str
    step: int


class Count(NamedTuple):
    """How many answers there were, and how many of them failed."""

    answers: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A period of one service. ``p95_ms`` is an upper bound; all are of at least one answer."""

    since: date
    until: date
    answers: int
    failed: int
    p95_ms: int

    @property
    def share(self) -> float:
        """The part of the answers that did not fail, from 0 to 1."""
        return (self.answers - self.failed) / self.answers


def cells_of(lines: Iterable[Line]) -> dict[Cell, Count]:
    """What these lines add up to."""
    answers: Counter[Cell] = Counter()
    failed: Counter[Cell] = Counter()
    for line in lines:
        if not line.service or line.status == _HUNG_UP:
            continue
        cell = Cell(amsterdam_day(line.at), line.service, step_of(line.seconds))
        answers[cell] += 1
        failed[cell] += _did_fail(line)
    return {cell: Count(many, failed[cell]) for cell, many in answers.items()}


def step_of(seconds: float) -> int:
    """In which step so many seconds are."""
    milliseconds = seconds * 1000
    if milliseconds <= 1:
        return 0
    return min(math.ceil(math.log(milliseconds, STEP) - 1e-9), LAST_STEP)


def end_of(step: int) -> int:
    """The end of a step in whole milliseconds."""
    return math.ceil(STEP**step)


def by_day(cells: Mapping[Cell, Count]) -> list[Measured]:
    """Each day of one service that has answers, the newest first."""
    days: dict[date, dict[Cell, Count]] = {}
    for cell, count in cells.items():
        days.setdefault(cell.day, {})[cell] = count
    found = [together(days[day]) for day in sorted(days, reverse=True)]
    return [each for each in found if each is not None]


def together(cells: Mapping[Cell, Count]) -> Measured | None:
    """All of it as one period; None without an answer."""
    answers = sum(each.answers for each in cells.values())
    if not answers:
        return None
    days = [cell.day for cell in cells]
    return Measured(
        since=min(days),
        until=max(days),
        answers=answers,
        failed=sum(each.failed for each in cells.values()),
        p95_ms=_percentile([(cell.step, count.answers) for cell, count in cells.items()], answers),
    )


def _percentile(steps: Sequence[tuple[int, int]], answers: int) -> int:
    seen = 0
    for step, many in sorted(steps):
        seen += many
        if seen >= _P95 * answers:
            return end_of(step)
    raise ValueError("no answers were counted")


def _did_fail(line: Line) -> bool:
    return not line.complete or not line.answered or line.answered >= _FAILED
