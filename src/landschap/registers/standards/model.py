# SPDX-License-Identifier: EUPL-1.2
"""Standards with their duty by date, how services stand to them, and what came of that over time.

A standard goes from recommended to comply-or-explain to binding; which of these holds follows from
the day. How a service stands is measured by a check of ours where there is one. Else the
organisation declares it, with an explanation; what is neither is unknown, and never guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from landschap.purposes.model import Text

EVERY = "*"
"""In a declaration: each service."""


class Duty(StrEnum):
    """What a standard asks of who could use it, from weak to strong."""

    NONE = "geen"
    RECOMMENDED = "aanbevolen"
    COMPLY_OR_EXPLAIN = "pas-toe-of-leg-uit"
    BINDING = "verplicht"


class State(StrEnum):
    """How a service stands to a standard."""

    CONFORMS = "voldoet"
    DIFFERS = "wijkt-af"
    NOT_APPLICABLE = "nvt"
    UNKNOWN = "onbekend"


class Basis(StrEnum):
    """By what the state is known."""

    MEASURED = "gemeten"
    DECLARED = "verklaard"
    NOTHING = "niets"


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyFrom:
    """From this day on the duty holds; ``source`` says who decided that and where."""

    duty: Duty
    from_day: date
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standard:
    """One standard; ``check`` names our check, empty when there is none. ``duties`` by day."""

    id: str
    name: str
    version: str
    keeper: str
    what_for: Text
    check: str
    duties: tuple[DutyFrom, ...]

    def duty_on(self, day: date) -> DutyFrom | None:
        """The duty of a day; None while there is none yet."""
        return next((each for each in reversed(self.duties) if each.from_day <= day), None)

    def ahead_of(self, day: date) -> Sequence[DutyFrom]:
        """The duties that begin after a day."""
        return [each for each in self.duties if each.from_day > day]


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What the organisation says of a service (or `EVERY`) and a standard, from a day on."""

    standard: str
    service: str
    state: State
    from_day: date
    explanation: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a check found of a service: how it stands, and the numbers that show it."""

    state: State
    evidence: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one service stands to one standard on a day.

    ``explanation`` is that of the organisation, empty without one; ``evidence`` that of a check.
    """

    standard: str
    service: str
    state: State
    basis: Basis
    duty: Duty
    explanation: Text | None
    evidence: Text | None

    @property
    def must_explain(self) -> bool:
        """True when it does not conform although it must, and nobody says why."""
        asked = self.duty in (Duty.COMPLY_OR_EXPLAIN, Duty.BINDING)
        short = self.state in (State.DIFFERS, State.UNKNOWN)
        return asked and short and self.explanation is None


def standing_of(
    standard: Standard,
    service: str,
    measured: Measured | None,
    declared: Iterable[Declared],
    day: date,
) -> Standing:
    """How a service stands to a standard on a day.

    What was measured goes before what was declared: nobody declares away what a check found. Only
    that a standard does not apply is for the organisation to say. Its explanation always stands
    beside. Of several declarations the last that began holds, one of the service before `EVERY`.
    """
    said = _said(standard, service, declared, day)
    current = standard.duty_on(day)
    state, basis = State.UNKNOWN, Basis.NOTHING
    if said is not None:
        state, basis = said.state, Basis.DECLARED
    if (
        measured is not None
        and measured.state is not State.UNKNOWN
        and not (said is not None and said.state is State.NOT_APPLICABLE)
    ):
        state, basis = measured.state, Basis.MEASURED
    return Standing(
        standard=standard.id,
        service=service,
        state=state,
        basis=basis,
        duty=current.duty if current else Duty.NONE,
        explanation=said.explanation if said else None,
        evidence=measured.evidence if measured else None,
    )


def _said(
    standard: Standard, service: str, declared: Iterable[Declared], day: date
) -> Declared | None:
    found = [
        each
        for each in declared
        if each.standard == standard.id
        and each.service in (service, EVERY)
        and each.from_day <= day
    ]
    return max(found, key=lambda each: (each.service != EVERY, each.from_day), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """How many services stood how to a standard, on one day."""

    day: date
    states: Mapping[State, int]

    @property
    def conforming(self) -> int:
        """How many conform."""
        return self.states.get(State.CONFORMS, 0)

    @property
    def applicable(self) -> int:
        """Of how many services, those left out to which it does not apply."""
        return sum(
            count for state, count in self.states.items() if state is not State.NOT_APPLICABLE
        )


def by_month(points: Iterable[Point], months: int) -> Sequence[Point]:
    """The last point of each month, the latest months, in order of day."""
    last: dict[tuple[int, int], Point] = {}
    for each in sorted(points, key=lambda one: one.day):
        last[each.day.year, each.day.month] = each
    return list(last.values())[-months:]
