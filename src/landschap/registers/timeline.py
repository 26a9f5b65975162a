# SPDX-License-Identifier: EUPL-1.2
"""What held on a day, as known at a moment: assertions in, answers out.

An object's history is a list of assertions that is only ever added to. The rule is one sentence:
of the assertions that were known, the last one that covers the day wins. Corrections, insertions
and withdrawals are further assertions; nothing is changed or removed, so an answer to a question
about an earlier moment stays what it was.

Two formal clocks order knowledge: our own number for registers we hold, the moment of the source
for copies. Both are strict orders, so there is never more than one certain answer.
Source: API strategy, temporal extension; StUF 03.01, "Representatie van historie".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from landschap.registers.periods import Certainty, IncompleteDate, Period, next_day, without
from landschap.vocabulary.ijson import JsonValue

# Doubt about a group is a timeline of its own, beside the group it is about.
DOUBT_PREFIX = "onderzoek:"


class Kind(StrEnum):
    """What sort of act an assertion came from; the answer rule does not look at it."""

    REGISTRATION = "REGISTRATIE"
    CHANGE = "WIJZIGING"
    CORRECTION = "CORRECTIE"
    INSERTION = "INVOEGING"
    WITHDRAWAL = "INTREKKING"
    DOUBT = "ONDERZOEK"
    # That something was destroyed; it says nothing about any day.
    ERASURE = "VERNIETIGING"


class Clock(StrEnum):
    """Whose moments order knowledge: ours, or those of the register we hold a copy of."""

    OWN = "eigen"
    SOURCE = "bron"


class Uncertainty(StrEnum):
    """What to do with values that possibly hold, because their begin is partly unknown."""

    SHOW = "toon"
    ONLY_CERTAIN = "alleenZeker"
    EARLIEST = "vroegste"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """One sentence of a register: in this period, this holds (content) or nothing does (None).

    ``number`` is the register's own order of knowledge. ``begin_source`` is the begin as the
    source wrote it, when a part of it is unknown; ``period.begin`` is then its first possible day.
    """

    number: int
    group: str
    period: Period
    registered_at: datetime
    kind: Kind
    content: Mapping[str, JsonValue] | None
    source_registered_at: datetime | None = None
    begin_source: IncompleteDate | None = None
    corrects: int | None = None
    source: Mapping[str, JsonValue] = field(default_factory=dict)

    def moment(self, clock: Clock) -> datetime:
        """The moment of registration on a clock; ours where the source has none."""
        if clock is Clock.SOURCE and self.source_registered_at is not None:
            return self.source_registered_at
        return self.registered_at

    def holds_on(self, day: date) -> Certainty | None:
        """Whether this assertion speaks about a day: certainly, possibly or (None) not."""
        if not self.period.covers(day):
            return None
        return self.begin_source.reached_on(day) if self.begin_source else Certainty.CERTAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A state of knowledge: everything up to a number, and on a source's clock up to a moment.

    Translated once per question; the whole answer uses it.
    """

    clock: Clock
    moment: datetime
    number: int

    def includes(self, assertion: Assertion) -> bool:
        """True when the assertion was known."""
        if assertion.number > self.number:
            return False
        return self.clock is Clock.OWN or assertion.moment(Clock.SOURCE) <= self.moment

    def rank(self, assertion: Assertion) -> tuple[datetime, int]:
        """The order of knowledge: a later one wins."""
        moment = assertion.moment(self.clock) if self.clock is Clock.SOURCE else self.moment
        return (moment, assertion.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An assertion that answers a question, and how certain it is."""

    assertion: Assertion
    certainty: Certainty


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A stretch of days on which one assertion is the answer; content may be None."""

    period: Period
    assertion: Assertion


def in_order(assertions: Iterable[Assertion], known: Known) -> list[Assertion]:
    """The assertions that were known, the earliest knowledge first."""
    return sorted(filter(known.includes, assertions), key=known.rank)


def answers(
    assertions: Iterable[Assertion],
    day: date,
    known: Known,
    uncertainty: Uncertainty = Uncertainty.SHOW,
) -> list[Answer]:
    """What held on a day, for one group of one object; the surest knowledge first.

    With complete dates that is one answer or none. An assertion that only possibly reaches the
    day does not silence the one before it: both are possible.
    """
    found: list[Answer] = []
    for assertion in reversed(in_order(assertions, known)):
        holds = assertion.holds_on(day)
        if holds is None:
            continue
        if uncertainty is Uncertainty.EARLIEST:
            holds = Certainty.CERTAIN
        found.append(Answer(assertion=assertion, certainty=holds))
        if holds is Certainty.CERTAIN:
            break
    if len(found) > 1:
        found = [Answer(assertion=a.assertion, certainty=Certainty.POSSIBLE) for a in found]
    if uncertainty is Uncertainty.ONLY_CERTAIN:
        found = [a for a in found if a.certainty is Certainty.CERTAIN]
    return [a for a in found if a.assertion.content is not None]


def segments(assertions: Iterable[Assertion], known: Known) -> list[Segment]:
    """The whole timeline of one group as known, in order of days.

    Stretches in which nothing holds because that was asserted are included with content None;
    days that nobody spoke about are in no segment. Incomplete begins count by their first day.
    """
    ordered = in_order(assertions, known)
    painted = [
        Segment(period=part, assertion=assertion)
        for position, assertion in enumerate(ordered)
        for part in without(assertion.period, (later.period for later in ordered[position + 1 :]))
    ]
    return sorted(painted, key=lambda segment: segment.period)


def segment_on(line: Sequence[Segment], day: date) -> Segment | None:
    """The segment that holds a day."""
    return next((segment for segment in line if segment.period.covers(day)), None)


def validity_of(answer: Answer, assertions: Iterable[Assertion], known: Known, day: date) -> Period:
    """The stretch around a day in which an answer stays the answer.

    For a possible answer that is not the last knowledge, the stretch ends where the following
    assertion is certain.
    """
    mine = known.rank(answer.assertion)
    later = [a for a in in_order(assertions, known) if known.rank(a) > mine]
    stretch = without(answer.assertion.period, filter(None, map(certain_part, later)))
    return next((part for part in stretch if part.covers(day)), answer.assertion.period)


def certain_part(assertion: Assertion) -> Period | None:
    """The days on which an assertion certainly speaks; None when there is none."""
    if assertion.begin_source is None or assertion.begin_source.complete:
        return assertion.period
    begin = next_day(assertion.begin_source.hi)
    return Period(begin, assertion.period.end) if begin < assertion.period.end else None
