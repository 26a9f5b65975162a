# SPDX-License-Identifier: EUPL-1.2
"""A question to a register, and what is found: values with both times and their certainty."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from landschap.registers.models import ObjectType
from landschap.registers.periods import Certainty, Period, shown
from landschap.registers.timeline import (
    DOUBT_PREFIX,
    Answer,
    Assertion,
    Clock,
    Kind,
    Known,
    Uncertainty,
    answers,
    validity_of,
)
from landschap.registers.transfer import holder_on
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import as_utc_text

# One question may not walk through a register; a broader one is bulk delivery.
MAX_OBJECTS = 1000


@dataclass(frozen=True, slots=True)
class Match:
    """Objects whose value at a searchable path is one of these."""

    path: str
    values: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AsOf:
    """What held on ``valid_on``, as ``known``, for objects by id or by one searchable path."""

    type: ObjectType
    wanted: Sequence[str] | Match
    valid_on: date
    known: Known
    uncertainty: Uncertainty = Uncertainty.SHOW


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The facts of both axes about one found object.

    ``period`` is the stretch of days with this answer, as known; ``registered_at`` is a moment on
    ``clock``; ``doubts`` are the paths under investigation; ``holder`` is who
    held the source on that day, of what was taken over from another organisation.
    """

    period: Period
    registered_at: datetime
    clock: Clock
    number: int
    kind: Kind
    certainty: Certainty
    doubts: tuple[str, ...] = ()
    corrects: int | None = None
    holder: Mapping[str, JsonValue] | None = None

    def as_json(self, question: AsOf) -> dict[str, JsonValue]:
        """The member ``historie`` of an answer."""
        holder = {} if self.holder is None else {"bronhouder": dict(self.holder)}
        return {
            "geldigOp": question.valid_on.isoformat(),
            "beschikbaarOp": as_utc_text(question.known.moment),
            "klok": self.clock.value,
            "beginGeldigheid": shown(self.period.begin),
            "eindGeldigheid": shown(self.period.end),
            "tijdstipRegistratie": as_utc_text(self.registered_at),
            "volgnummer": self.number,
            "soort": self.kind.value,
            "zekerheid": self.certainty.value,
            "inOnderzoek": list(self.doubts),
            "corrigeert": self.corrects,
            **holder,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One object as it was; the content holds its identification too.

    ``parts`` are the answers of its groups that it was made of; empty when it was made of one.
    """

    type: ObjectType
    object_id: str
    content: Mapping[str, JsonValue]
    history: History
    parts: Sequence[Part] = field(default=(), repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The answer of one group of one object."""

    answer: Answer
    period: Period


def parts_of(groups: Mapping[str, Sequence[Assertion]], question: AsOf) -> dict[str, list[Part]]:
    """The answers per group, from all assertions of one object."""
    day, known = question.valid_on, question.known
    return {
        group: [
            Part(answer=answer, period=validity_of(answer, assertions, known, day))
            for answer in answers(assertions, day, known, question.uncertainty)
        ]
        for group, assertions in groups.items()
    }


def found_in(object_id: str, parts: Mapping[str, Sequence[Part]], question: AsOf) -> list[Found]:
    """One object from the answers of its groups; more than one only when values are uncertain."""
    doubts = tuple(
        str(path)
        for group, answers_of_group in parts.items()
        if group.startswith(DOUBT_PREFIX)
        for part in answers_of_group
        for path in _paths_in_doubt(part.answer.assertion)
    )
    values = [
        answers_of_group
        for group, answers_of_group in sorted(parts.items())
        if answers_of_group and not group.startswith(DOUBT_PREFIX)
    ]
    if not values:
        return []
    return [
        _merged(object_id, combination, question, doubts)
        for combination in itertools.product(*values)
    ]


def matches(found: Found, wanted: Sequence[str] | Match) -> bool:
    """True when what is found is what was asked for."""
    if not isinstance(wanted, Match):
        return True
    return str(found.content.get(wanted.path)) in wanted.values


def _merged(
    object_id: str, parts: Sequence[Part], question: AsOf, doubts: tuple[str, ...]
) -> Found:
    content: dict[str, JsonValue] = {question.type.identification: object_id}
    for part in parts:
        content.update(part.answer.assertion.content or {})
    return Found(
        type=question.type,
        object_id=object_id,
        content=content,
        history=history_of(parts, question, doubts),
        parts=parts,
    )


def history_of(parts: Sequence[Part], question: AsOf, doubts: tuple[str, ...]) -> History:
    """The facts of both axes about an object, from the answers of some of its groups."""
    latest = parts[0].answer.assertion
    period, number = parts[0].period, latest.number
    if len(parts) > 1:
        latest = max((part.answer.assertion for part in parts), key=question.known.rank)
        number = max(part.answer.assertion.number for part in parts)
        period = Period(
            max(part.period.begin for part in parts), min(part.period.end for part in parts)
        )
    clock = question.known.clock
    sure = all(part.answer.certainty is Certainty.CERTAIN for part in parts)
    return History(
        period=period,
        registered_at=latest.moment(clock),
        clock=clock,
        number=number,
        kind=latest.kind,
        certainty=Certainty.CERTAIN if sure else Certainty.POSSIBLE,
        doubts=doubts,
        corrects=latest.corrects,
        holder=holder_on(latest.source, question.valid_on),
    )


def _paths_in_doubt(assertion: Assertion) -> Sequence[JsonValue]:
    paths = (assertion.content or {}).get("kenmerken")
    return paths if isinstance(paths, list) else ()
