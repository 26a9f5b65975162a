# SPDX-License-Identifier: EUPL-1.2
"""A line of the log as a use of someone's data: who, what, why, when.

A line has more than the person concerned may see. What leaves here never holds the employee, the
system, the source table or another person: those members are not even read.
Source: AVG art. 15 lid 1; Logboek Dataverwerkingen, "Inzage".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from landschap.logboek.disclosure import is_generic
from landschap.logboek.payloads import Outcome
from landschap.logboek.records import Record
from landschap.purposes.model import ProcessingActivity
from landschap.vocabulary.desk import SOURCE
from landschap.vocabulary.identifiers import Oin
from landschap.vocabulary.ijson import JsonValue

GIVEN = frozenset({Outcome.DELIVERED, Outcome.PARTIAL})
SELF = "zelf"
"""Stands for the person in the filter on organisations."""
MANDATED = "gemachtigde"
"""Stands there for who looked in the name of the person."""


class Who(StrEnum):
    """Whose act it was."""

    SELF = "self"
    US = "us"
    THEY_ASKED_US = "they_asked_us"
    WE_ASKED_THEM = "we_asked_them"
    MANDATED = "mandated"
    AT_DESK = "at_desk"


LOOKS = frozenset({Who.SELF, Who.MANDATED, Who.AT_DESK})
"""Looks of the person, or for them: in their name, or at the desk."""
_NOT_BY_NUMBER = {Who.SELF: SELF, Who.MANDATED: MANDATED, Who.AT_DESK: SOURCE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """An organisation; without a known name it is shown by its number."""

    number: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One use.

    ``actor`` used the data; ``holder`` gave it when another organisation asked; ``delegator`` gave
    the order. ``recorders`` are whose logs told it. ``activity`` is the entry of the register as it
    was that day, None when the register did not have it; ``said`` is what the line itself calls
    the act. Of a use that ``is_generic`` no more is told than when it was and how it ended: its
    actor has no number and no name.
    """

    id: UUID
    at: datetime
    who: Who
    actor: Party
    holder: Party | None
    delegator: Party | None
    groups: tuple[str, ...]
    outcome: Outcome
    said: str
    activity_uri: str
    activity: ProcessingActivity | None
    purpose_uri: str
    case: str
    grant_hash: str
    transaction_id: UUID | None
    trace_id: str = ""
    recorders: tuple[Party, ...] = ()
    is_generic: bool = False

    @property
    def is_given(self) -> bool:
        """True when data was given, all of it or a part."""
        return self.outcome in GIVEN

    @property
    def actor_key(self) -> str:
        """What the filter on organisations knows the actor by."""
        return _NOT_BY_NUMBER.get(self.who, self.actor.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookups:
    """What a line only refers to: names of organisations, entries of the register of that day.

    ``look_activity`` covers the person's own look, ``looks`` are others that do. ``group_words``
    says a group of data in the words of who reads.
    """

    own: Oin
    own_name: str
    look_activity: str
    names: Mapping[str, str] = field(default_factory=dict)
    activities: Mapping[UUID, ProcessingActivity] = field(default_factory=dict)
    group_words: Callable[[str], str] = str
    looks: frozenset[str] = frozenset()

    def party(self, number: str) -> Party:
        """The organisation with this number."""
        own = number == self.own.value
        return Party(number=number, name=self.own_name if own else self.names.get(number, ""))


def _looker(mandate: Mapping[str, JsonValue]) -> Who:
    if not mandate:
        return Who.SELF
    return Who.AT_DESK if mandate.get("source") == SOURCE else Who.MANDATED


def use_of(record: Record, lookups: Lookups) -> Use:
    """The use a line tells of."""
    content = record.content()
    line, own = object_in(content.get("ldv")), object_in(content.get("landschap"))
    peer, direction = text_in(own.get("peer_oin")), text_in(own.get("direction"))
    activity_uri = record.columns.activity or ""
    us = lookups.party(lookups.own.value)
    veiled = is_generic(record)
    if veiled:
        who, actor, holder = Who.US, Party(number="", name=""), None
    elif activity_uri == lookups.look_activity or activity_uri in lookups.looks:
        who = _looker(object_in(own.get("mandate")))
        asked = peer if direction == "outgoing" else ""
        actor, holder = us, lookups.party(asked) if asked else None
    elif peer and direction == "incoming":
        who, actor, holder = Who.THEY_ASKED_US, lookups.party(peer), us
    elif peer and direction == "outgoing":
        who, actor, holder = Who.WE_ASKED_THEM, us, lookups.party(peer)
    else:
        who, actor, holder = Who.US, us, None
    delegator = text_in(own.get("delegator_oin"))
    named = texts_in(own.get("data_groups"))
    return Use(
        id=record.record_id,
        at=record.columns.at,
        who=who,
        actor=actor,
        holder=holder,
        delegator=lookups.party(delegator) if delegator else None,
        groups=tuple(dict.fromkeys(lookups.group_words(each) for each in named)),
        outcome=outcome_of(own.get("outcome")),
        said=text_in(line.get("name")),
        activity_uri=activity_uri,
        activity=lookups.activities.get(record.record_id),
        purpose_uri=text_in(own.get("purpose_uri")),
        case=text_in(own.get("processing_id")),
        grant_hash=text_in(own.get("grant_hash")),
        transaction_id=record.columns.transaction_id,
        trace_id=record.columns.trace_id.hex(),
        recorders=(us,),
        is_generic=veiled,
    )


def object_in(value: JsonValue) -> Mapping[str, JsonValue]:
    """The object, or an empty one."""
    return value if isinstance(value, Mapping) else {}


def text_in(value: JsonValue) -> str:
    """The text, or an empty one."""
    return value if isinstance(value, str) else ""


def texts_in(value: JsonValue) -> tuple[str, ...]:
    """The texts of an array, or none."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        return ()
    return tuple(each for each in value if isinstance(each, str))


def outcome_of(value: JsonValue) -> Outcome:
    """How it ended; a line that does not say so is shown as given, the most that can be true."""
    try:
        return Outcome(text_in(value))
    except ValueError:
        return Outcome.DELIVERED
