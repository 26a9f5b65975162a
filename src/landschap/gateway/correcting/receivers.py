# SPDX-License-Identifier: EUPL-1.2
"""Who received a value that is known to be wrong now.

A line of the log says which fields of a person somebody was given, about which day and as known at
which moment; the register says what it knew then. What was told and what is known now of the same
day are laid side by side: where they differ, the old value was received. A line holds no value and
names no object, so sometimes it can only be said that somebody may have received it, and why.
Source: AVG art. 19 ("kennisgevingsplicht"); Wet BRP art. 2.34.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from landschap.gateway.uses.line import GIVEN, object_in, outcome_of, text_in, texts_in
from landschap.logboek.records import Record
from landschap.registers.deriving import value_at
from landschap.registers.models import ObjectType
from landschap.registers.timeline import Assertion, Clock, Known, answers
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import as_utc_text, parse_day, parse_moment


class Why(StrEnum):
    """Why a line does not tell for certain that the old value was received."""

    OTHER_DAY = "other_day"  # of the day it was about nothing changed, of another day it did
    OTHER_OBJECT = "other_object"  # the person has more objects of this type
    OTHER_SERVICE = "other_service"  # put together by a service with names of its own
    DERIVED = "derived"  # what follows from the field was given
    PART = "part"  # the line names the whole of which the field is a part
    NO_MOMENT = "no_moment"  # the line does not say of which day, or as known when
    UNSURE = "unsure"  # an incomplete date: more than one value was possible


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """One field of one object, with everything ever asserted about its group.

    ``known`` is the knowledge now. ``services`` are the names of all our registers;
    ``has_others`` says that the same person has more objects of this type.
    """

    type: ObjectType
    path: str
    assertions: Sequence[Assertion]
    known: Known
    services: frozenset[str]
    has_others: bool = False

    @property
    def name(self) -> str:
        """The property, as lines name it."""
        return self.path.partition(".")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One line by which the old value was, or may have been, received."""

    organisation: str
    through: str
    purpose: str
    at: datetime
    doubts: tuple[Why, ...]


@dataclass(slots=True, kw_only=True)
class Receiver:
    """All receipts of one organisation for one purpose.

    ``through`` is who asked in its name, empty when it asked itself. ``times`` counts what was
    received for certain, ``possible`` what may have been; ``doubts`` say why.
    """

    organisation: str
    through: str
    purpose: str
    first: datetime
    last: datetime
    times: int = 0
    possible: int = 0
    doubts: set[Why] = field(default_factory=set)

    def as_json(self, names: Mapping[str, str]) -> dict[str, JsonValue]:
        """The receiver for a file; ``names`` are those of organisations by number."""
        return {
            "organisation": self.organisation,
            "name": names.get(self.organisation, ""),
            "through": self.through or None,
            "purpose": self.purpose,
            "certain": self.times > 0,
            "since": as_utc_text(self.first),
            "last": as_utc_text(self.last),
            "times": self.times,
            "possible": self.possible,
            "why": sorted(each.value for each in self.doubts),
        }


def receivers_of(records: Iterable[Record], corrected: Corrected, own: str) -> list[Receiver]:
    """Who received the old value, the certain ones first and then by first receipt.

    ``records`` are the lines about the person of the object; ``own`` is our number, for our own
    people. ``first`` and ``last`` are of the certain receipts where there is one.
    """
    found: dict[tuple[str, str, str], list[Receipt]] = {}
    for record in records:
        receipt = receipt_of(record, corrected, own)
        if receipt is not None:
            place = receipt.organisation, receipt.through, receipt.purpose
            found.setdefault(place, []).append(receipt)
    every = [_together(receipts) for receipts in found.values()]
    return sorted(every, key=lambda each: (each.times == 0, each.first, each.organisation))


def receipt_of(record: Record, corrected: Corrected, own: str) -> Receipt | None:
    """What one line says about it; None when the old value was not received by it."""
    said = object_in(record.content().get("landschap"))
    service, direction = record.columns.service or "", text_in(said.get("direction"))
    if not service or direction == "outgoing" or outcome_of(said.get("outcome")) not in GIVEN:
        return None
    if service != corrected.type.register and service in corrected.services:
        return None
    doubts = _about_fields(service, texts_in(said.get("data_groups")), corrected)
    if doubts is None:
        return None
    found = _about_values(said, record.columns.at, corrected)
    if found is None:
        return None
    peer = text_in(said.get("peer_oin")) or own
    delegator = text_in(said.get("delegator_oin"))
    if corrected.has_others:
        doubts = {*doubts, Why.OTHER_OBJECT}
    return Receipt(
        organisation=delegator or peer,
        through=peer if delegator else "",
        purpose=text_in(said.get("purpose_uri")),
        at=record.columns.at,
        doubts=tuple(sorted({*doubts, *found})),
    )


def _about_fields(service: str, named: Sequence[str], corrected: Corrected) -> set[Why] | None:
    """Why it is unsure that the field was given; None when it was not."""
    if service != corrected.type.register:
        return {Why.OTHER_SERVICE}
    if corrected.name in named:
        return set() if corrected.path == corrected.name else {Why.PART}
    # A derived field stands in a line as `name (rule uit inputs)`.
    given = {each.partition(" ")[0] for each in named}
    following = _following(corrected)
    return {Why.DERIVED} if given & following else None


def _following(corrected: Corrected) -> set[str]:
    """What follows from the field, also by way of something else that does."""
    found: set[str] = set()
    # Each stands after what it follows from.
    for name, rule in corrected.type.derived.items():
        tops = {each.partition(".")[0] for each in rule.inputs}
        if tops & {corrected.name, *found}:
            found.add(name)
    return found


def _about_values(
    said: Mapping[str, JsonValue], at: datetime, corrected: Corrected
) -> set[Why] | None:
    """Why it is unsure that what was told is wrong now; None when nothing told is."""
    day, moment = _day(said.get("valid_on")), _moment(said.get("known_at"))
    then = known_then(corrected, at, moment or at)
    if day is not None:
        told, right = (_values(corrected, day, each) for each in (then, corrected.known))
        if told and told != right:
            unsure = len(told) > 1 or len(right) > 1
            return ({Why.UNSURE} if unsure else set()) | (set() if moment else {Why.NO_MOMENT})
    if not differs_somewhere(corrected, then):
        return None
    return {Why.NO_MOMENT if day is None else Why.OTHER_DAY}


def known_then(corrected: Corrected, at: datetime, moment: datetime) -> Known:
    """What was known when a line was written, of a question as known at a moment.

    Order of number is order of registration, so the last number that was there tells all.
    """
    clock = corrected.known.clock
    edge = at if clock is Clock.SOURCE else min(at, moment)
    there = (each.number for each in corrected.assertions if each.registered_at <= edge)
    return Known(clock=clock, moment=moment, number=max(there, default=0))


def _values(corrected: Corrected, day: date, known: Known) -> list[JsonValue]:
    return [
        value_at(each.assertion.content or {}, corrected.path)
        for each in answers(corrected.assertions, day, known)
    ]


def differs_somewhere(corrected: Corrected, then: Known) -> bool:
    """Whether a value told then is another one now, of any day: values change on edges only."""
    edges = {day for each in corrected.assertions for day in _edges(each) if day is not None}
    for day in edges:
        told = _values(corrected, day, then)
        if told and told != _values(corrected, day, corrected.known):
            return True
    return False


def _edges(assertion: Assertion) -> tuple[date | None, ...]:
    source = assertion.begin_source
    return (assertion.period.begin, assertion.period.end, source.hi if source else None)


def _together(receipts: Sequence[Receipt]) -> Receiver:
    certain = [each for each in receipts if not each.doubts]
    moments = [each.at for each in certain or receipts]
    one = receipts[0]
    return Receiver(
        organisation=one.organisation,
        through=one.through,
        purpose=one.purpose,
        first=min(moments),
        last=max(moments),
        times=len(certain),
        possible=len(receipts) - len(certain),
        doubts={why for each in receipts for why in each.doubts},
    )


def _day(value: JsonValue) -> date | None:
    try:
        return parse_day(text_in(value))
    except InvalidValue:
        return None


def _moment(value: JsonValue) -> datetime | None:
    try:
        return parse_moment(text_in(value))
    except InvalidValue:
        return None
