# SPDX-License-Identifier: EUPL-1.2
"""Both halves of a transaction: ours, and what the other party says that it recorded.

Each party of a transaction records it. Of another party's half only this is kept: that it is there,
and which of the members that both must have are not as ours. What the other party told is not kept,
and a member that FSC does not name is not even read.
Source: FSC Logging, "Log record"; "GET /logs".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from landschap.logboek.records import Record
from landschap.vocabulary.ijson import JsonValue

_NEVER = datetime.min.replace(tzinfo=UTC)
_COMMON = ("grant_hash", "service_name")
_SIDES = {
    "source": ("outway_peer_id", "delegator_peer_id"),
    "destination": ("service_peer_id", "delegator_peer_id"),
}
_OPPOSITE = {
    "DIRECTION_INCOMING": "DIRECTION_OUTGOING",
    "DIRECTION_OUTGOING": "DIRECTION_INCOMING",
}


class Word(StrEnum):
    """What is found of the other half."""

    EQUAL = "equal"
    DIFFERS = "differs"
    MISSING = "missing"
    NOT_ASKED = "not asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """A transaction as our record tells it: who asked whom, for whom, and on which side we are.

    ``members`` holds what both halves must say alike.
    """

    transaction_id: UUID
    record: UUID
    source: str
    source_delegator: str
    destination: str
    destination_delegator: str
    service: str
    grant_hash: str
    direction: str
    members: Mapping[str, JsonValue]
    at: datetime = _NEVER

    @property
    def is_incoming(self) -> bool:
        """True when we were asked."""
        return self.direction == "DIRECTION_INCOMING"

    @property
    def peer(self) -> str:
        """The other party."""
        return self.source if self.is_incoming else self.destination

    @property
    def delegators(self) -> tuple[str, ...]:
        """On whose behalf it was asked, and answered."""
        return tuple(e for e in (self.source_delegator, self.destination_delegator) if e)


@dataclass(frozen=True, slots=True, kw_only=True)
class Half:
    """What one other party says of a transaction; ``why`` when it was not asked.

    ``differing`` names members, and never holds a value of the other party.
    """

    peer: str
    word: Word
    differing: tuple[str, ...] = ()
    why: str = ""

    def as_json(self) -> dict[str, JsonValue]:
        """For a program."""
        return {
            "peer": self.peer,
            "otherHalf": self.word.value,
            "differing": list(self.differing),
            "why": self.why,
        }


def crossings_of(records: Iterable[Record]) -> list[Crossing]:
    """The transactions in these records of ours, in their order."""
    found = [_crossing(each) for each in records]
    return [each for each in found if each is not None]


def compared(ours: Crossing, theirs: Iterable[Mapping[str, JsonValue]]) -> Half:
    """Their half beside ours. Only what FSC names is looked at.

    A retried transaction has more records on a side; it is enough that one agrees.
    """
    best: tuple[str, ...] | None = None
    for each in theirs:
        if each.get("transaction_id") != str(ours.transaction_id):
            continue
        found = _differing(ours, each)
        if best is None or len(found) < len(best):
            best = found
    if best is None:
        return Half(peer=ours.peer, word=Word.MISSING)
    return Half(peer=ours.peer, word=Word.DIFFERS if best else Word.EQUAL, differing=best)


def _differing(ours: Crossing, theirs: Mapping[str, JsonValue]) -> tuple[str, ...]:
    said = _members(theirs)
    found = [name for name, value in ours.members.items() if said.get(name) != value]
    if theirs.get("direction") != _OPPOSITE.get(ours.direction):
        found.append("direction")
    return tuple(found)


def _members(fsc: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    found: dict[str, JsonValue] = {name: fsc.get(name) for name in _COMMON}
    for side, names in _SIDES.items():
        told = fsc.get(side)
        for name in names:
            value = told.get(name) if isinstance(told, Mapping) else None
            found[f"{side}.{name}"] = value or None
    return found


def _crossing(record: Record) -> Crossing | None:
    fsc = record.content().get("fsc")
    if not isinstance(fsc, Mapping) or record.columns.transaction_id is None:
        return None
    members = _members(fsc)

    def text(name: str) -> str:
        return str(members.get(name) or "")

    return Crossing(
        transaction_id=record.columns.transaction_id,
        record=record.record_id,
        source=text("source.outway_peer_id"),
        source_delegator=text("source.delegator_peer_id"),
        destination=text("destination.service_peer_id"),
        destination_delegator=text("destination.delegator_peer_id"),
        service=text("service_name"),
        grant_hash=text("grant_hash"),
        direction=str(fsc.get("direction") or ""),
        members=members,
        at=record.columns.at,
    )
