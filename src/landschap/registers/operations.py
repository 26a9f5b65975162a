# SPDX-License-Identifier: EUPL-1.2
"""What a writer can do to a timeline: each operation yields the assertions to add.

    register    it holds from b
    change      something else holds from b
    end         nothing holds any more from e
    correct     over its own period, another value was true
    move_begin  it began earlier, or later
    insert      between b and e, something held that we did not know
    withdraw    it was never true
    doubt       a value is being investigated, or no longer

An operation looks at the timeline as known now and never at a clock. The store refuses to add the
result when somebody added something in between, so it may be computed outside a transaction.
Source: StUF 03.01, "Representatie van historie", mutations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from http import HTTPStatus

from landschap.registers.periods import OPEN, IncompleteDate, Period
from landschap.registers.timeline import DOUBT_PREFIX, Kind, Segment, segment_on
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import Refusal

Content = Mapping[str, JsonValue]


class Later(StrEnum):
    """What happens to what was already registered for later days."""

    KEEP = "laat-staan"
    REPLACE = "vervang"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An assertion that has no number and no moment of ours yet."""

    period: Period
    kind: Kind
    content: Content | None
    group: str
    begin_source: IncompleteDate | None = None
    source_registered_at: datetime | None = None
    corrects: int | None = None
    source: Content = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The timeline of one group of one object, as known now."""

    group: str
    segments: Sequence[Segment]

    def register(self, begin: date, content: Content) -> list[Draft] | Refusal:
        """It holds from ``begin``. Refused when the object has a timeline: that is a change."""
        if self.segments:
            return _overlap(
                f"this object has been registered from {self.segments[0].period.begin}",
                "register a change, a correction or an insertion instead",
            )
        return [self._draft(Period(begin), Kind.REGISTRATION, content)]

    def change(
        self, begin: date, content: Content, later: Later | None = None
    ) -> list[Draft] | Refusal:
        """Something else holds from ``begin``.

        When later days were registered already the writer says what becomes of them; without
        that decision the change is refused with ``geschiedenis.overlap``.
        """
        return self._from(begin, content, later)

    def end(self, day: date, later: Later | None = None) -> list[Draft] | Refusal:
        """Nothing holds any more from ``day``, the first day on which it is over."""
        return self._from(day, None, later)

    def correct(self, day: date, content: Content) -> list[Draft] | Refusal:
        """Over the whole stretch around ``day``, another value was true."""
        target = segment_on(self.segments, day)
        if target is None:
            return _nothing_on(day)
        return [self._correction(target, target.period, content)]

    def move_begin(self, day: date, begin: date) -> list[Draft] | Refusal:
        """The stretch around ``day`` began on ``begin``: earlier, or later.

        Earlier: its value is stretched back. Later: the value before it is stretched forward, or
        nothing held when there is none.
        """
        target = segment_on(self.segments, day)
        if target is None:
            return _nothing_on(day)
        old = target.period.begin
        if begin < old:
            return [self._correction(target, Period(begin, old), target.assertion.content)]
        if old < begin < target.period.end:
            return [self._correction(target, Period(old, begin), self._before(old))]
        return _overlap(
            f"the begin can not move from {old} to {begin}",
            "choose another day than now, before the end of this stretch",
        )

    def insert(self, period: Period, content: Content) -> list[Draft] | Refusal:
        """In ``period`` something held that was not known; its neighbours stay as they are."""
        return [self._draft(period, Kind.INSERTION, content)]

    def withdraw(self, day: date) -> list[Draft] | Refusal:
        """The value of the stretch around ``day`` was never true; what held before it holds on.

        Before it begins this takes back a future version, afterwards a wrong one.
        """
        target = segment_on(self.segments, day)
        if target is None:
            return _nothing_on(day)
        return [
            Draft(
                period=target.period,
                kind=Kind.WITHDRAWAL,
                content=self._before(target.period.begin),
                group=self.group,
                corrects=target.assertion.number,
            )
        ]

    def doubt(self, since: date, paths: Sequence[str]) -> list[Draft] | Refusal:
        """From ``since`` the named paths are being investigated; no paths ends the doubt."""
        return [
            Draft(
                period=Period(since),
                kind=Kind.DOUBT,
                content={"kenmerken": list(paths)} if paths else None,
                group=DOUBT_PREFIX + self.group,
            )
        ]

    def _from(
        self, begin: date, content: Content | None, later: Later | None
    ) -> list[Draft] | Refusal:
        following = [s.period.begin for s in self.segments if s.period.begin > begin]
        if following and later is None:
            return _overlap(
                f"later days are registered already, from {min(following)}",
                f"say whether they stay ({Later.KEEP}) or are replaced ({Later.REPLACE})",
            )
        stays = following and later is Later.KEEP
        return [self._draft(Period(begin, min(following) if stays else OPEN), Kind.CHANGE, content)]

    def _before(self, begin: date) -> Content | None:
        previous = next((s for s in self.segments if s.period.end == begin), None)
        return previous.assertion.content if previous else None

    def _draft(self, period: Period, kind: Kind, content: Content | None) -> Draft:
        return Draft(period=period, kind=kind, content=content, group=self.group)

    def _correction(self, target: Segment, period: Period, content: Content | None) -> Draft:
        return Draft(
            period=period,
            kind=Kind.CORRECTION,
            content=content,
            group=self.group,
            corrects=target.assertion.number,
        )


def _overlap(what: str, remedy: str) -> Refusal:
    return Refusal(
        code="geschiedenis.overlap",
        status=HTTPStatus.CONFLICT,
        title="This conflicts with what is registered",
        detail=f"Nothing was written: {what}. Remedy: {remedy}.",
    )


def _nothing_on(day: date) -> Refusal:
    return Refusal(
        code="tijd.geen-versie",
        status=HTTPStatus.NOT_FOUND,
        title="Nothing holds on that day",
        detail=f"Nothing was written: there is no value on {day} to correct or withdraw.",
    )
