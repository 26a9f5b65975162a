# SPDX-License-Identifier: EUPL-1.2
"""The history of one object: every stretch of days with one answer, and every registration.

Stretches are those of the whole object: its groups are cut at each other's borders, and equal
neighbours stay one. Doubt about the begin of a stretch is doubt about the end of the one before.
Source: API strategy, temporal extension; house rule for doubt about a begin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from landschap.registers.disposal import tombstone_of
from landschap.registers.models import ObjectType
from landschap.registers.periods import Certainty, Period, shown
from landschap.registers.questions import AsOf, Found, Part, found_in
from landschap.registers.timeline import (
    DOUBT_PREFIX,
    Answer,
    Assertion,
    Known,
    Segment,
    segment_on,
    segments,
)
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import as_utc_text

# Doubt can be about a day itself instead of about a value.
BEGIN, END = "beginGeldigheid", "eindGeldigheid"

Groups = Mapping[str, Sequence[Assertion]]


@dataclass(frozen=True, slots=True)
class _Stretch:
    period: Period
    lines: Mapping[str, Assertion]


def occurrences(
    kind: ObjectType, object_id: str, groups: Groups, known: Known, within: Period | None = None
) -> list[Found]:
    """The stretches of one object as known, the latest first.

    ``within`` keeps those that have a day in a period; touching at its border is not enough.
    """
    lines = {group: segments(assertions, known) for group, assertions in groups.items()}
    found = [
        one for stretch in _stretches(lines) for one in _found(kind, object_id, stretch, known)
    ]
    found = _with_doubtful_ends(found)
    if within is not None:
        found = [one for one in found if one.history.period.overlaps(within)]
    return found[::-1]


def _stretches(lines: Mapping[str, Sequence[Segment]]) -> list[_Stretch]:
    """The days cut at every border of every group, in order; nothing-holds is left out."""
    borders = sorted(
        {
            day
            for line in lines.values()
            for segment in line
            for day in (segment.period.begin, segment.period.end)
        }
    )
    found: list[_Stretch] = []
    for begin, end in pairwise(borders):
        holds = {
            group: segment.assertion
            for group, line in lines.items()
            if (segment := segment_on(line, begin)) and segment.assertion.content is not None
        }
        last = found[-1] if found else None
        if last is not None and last.period.end == begin and last.lines == holds:
            found[-1] = _Stretch(Period(last.period.begin, end), holds)
        elif any(not group.startswith(DOUBT_PREFIX) for group in holds):
            found.append(_Stretch(Period(begin, end), holds))
    return found


def _found(kind: ObjectType, object_id: str, stretch: _Stretch, known: Known) -> list[Found]:
    day = stretch.period.begin
    parts = {
        group: [
            Part(
                answer=Answer(assertion=assertion, certainty=_certainty(assertion, stretch.period)),
                period=stretch.period,
            )
        ]
        for group, assertion in stretch.lines.items()
    }
    question = AsOf(type=kind, wanted=[object_id], valid_on=day, known=known)
    return found_in(object_id, parts, question)


def _certainty(assertion: Assertion, period: Period) -> Certainty:
    """Possible when the begin may still have to come on the first day of the stretch."""
    begin = assertion.begin_source
    if begin is None or begin.complete:
        return Certainty.CERTAIN
    return begin.reached_on(max(period.begin, begin.lo)) or Certainty.POSSIBLE


def _with_doubtful_ends(found: Sequence[Found]) -> list[Found]:
    """In order of days; who doubts a begin doubts the end before it."""
    told = list(found)
    for place, (before, after) in enumerate(pairwise(found)):
        touching = before.history.period.end == after.history.period.begin
        if touching and BEGIN in after.history.doubts:
            doubts = (*before.history.doubts, END)
            told[place] = replace(before, history=replace(before.history, doubts=doubts))
    return told


def registrations(groups: Groups, known: Known) -> list[Assertion]:
    """Everything that was registered about one object and was known, in order of number."""
    every = (assertion for group in groups.values() for assertion in group)
    return sorted(filter(known.includes, every), key=lambda assertion: assertion.number)


def registration_as_json(assertion: Assertion) -> dict[str, JsonValue]:
    """One registration without its content: which days it speaks of, when it was said, and why."""
    said = assertion.source_registered_at
    source = {
        name: assertion.source[name] for name in ("document", "reden") if name in assertion.source
    }
    told: dict[str, JsonValue] = {
        "volgnummer": assertion.number,
        "groep": assertion.group,
        "soort": assertion.kind.value,
        "beginGeldigheid": shown(assertion.period.begin),
        "eindGeldigheid": shown(assertion.period.end),
        "tijdstipRegistratie": as_utc_text(assertion.registered_at),
        "corrigeert": assertion.corrects,
        "ingetrokken": assertion.content is None,
    }
    if said is not None:
        told["tijdstipBron"] = as_utc_text(said)
    if assertion.begin_source is not None:
        told["beginGeldigheidBron"] = str(assertion.begin_source)
    if source:
        told["bron"] = source
    stone = tombstone_of(assertion)
    if stone is not None:
        told["gewist"] = dict(stone)
    return told
