# SPDX-License-Identifier: EUPL-1.2
"""Holding our log against what a witness keeps of it.

An anchor that a witness gives back was signed with our own key, so the witness can not have made it
up. Where it names another head than our log has, our log is not what it was. As every head is
chained over all before it, one newest anchor that agrees vouches for everything before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from landschap.logboek.anchors import Anchor, Statement, digest_of
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import as_utc_text

MAX_DIFFERENCES = 20
Place = tuple[str, int]


class Word(StrEnum):
    """What a witness says of our log."""

    AGREES = "agrees"
    DIFFERS = "differs"
    NOTHING = "keeps nothing yet"
    NOT_ASKED = "not asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Testimony:
    """What one witness says: over how many anchors, up to when, and where it differs."""

    peer_id: str
    name: str
    word: Word
    anchors: int = 0
    newest: datetime | None = None
    why: str = ""
    differences: tuple[str, ...] = ()

    def body(self) -> dict[str, JsonValue]:
        """Its JSON."""
        return {
            "peerId": self.peer_id,
            "name": self.name,
            "word": self.word.value,
            "anchors": self.anchors,
            "newest": None if self.newest is None else as_utc_text(self.newest),
            "why": self.why,
            "differences": list(self.differences),
        }

    def sentences(self) -> list[str]:
        """What people read."""
        who = f"{self.name or 'peer'} ({self.peer_id})"
        match self.word:
            case Word.AGREES:
                until = as_utc_text(self.newest) if self.newest else ""
                return [f"{who} agrees: {self.anchors} anchors, the newest of {until}"]
            case Word.DIFFERS:
                head = f"{who} DIFFERS from our log:"
                return [head, *(f"  {each}" for each in self.differences)]
            case _:
                return [f"{who} {self.word}{': ' if self.why else ''}{self.why}"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnLog:
    """What is needed of our own log: the heads at the places that witnesses named, and anchors."""

    heads: Mapping[Place, bytes]
    anchors: frozenset[bytes]


def places_in(statements: Iterable[Statement]) -> set[Place]:
    """The places of our log that these anchors speak of."""
    return {(end.lane, end.no) for each in statements for end in each.lanes}


def differences(kept: Sequence[tuple[Anchor, Statement]], own: OwnLog) -> list[str]:
    """Where our log is not what we signed then, oldest anchor first; at most twenty."""
    found: list[str] = []
    for anchor, statement in sorted(kept, key=lambda pair: pair[1].at):
        at = as_utc_text(statement.at)
        for end in statement.lanes:
            head = own.heads.get((end.lane, end.no))
            place = f"lane {end.lane}, batch {end.no}"
            if head is None:
                found.append(f"the anchor of {at} signed {place}; our log has no such batch")
            elif head != end.head:
                found.append(f"the anchor of {at} signed another head of {place} than our log has")
        if digest_of(anchor) not in own.anchors:
            found.append(f"the anchor of {at} ({anchor.anchor_id}) is not in our log any more")
    return found[:MAX_DIFFERENCES]


def contradiction(earlier: Statement, later: Statement) -> str:
    """Why two anchors of one organisation can not both be true; "" when they can.

    A lane only grows, and a batch has one head for ever.
    """
    ends = {end.lane: end for end in later.lanes}
    for end in earlier.lanes:
        now = ends.get(end.lane)
        if now is None:
            return f"lane {end.lane} is gone"
        if now.no < end.no:
            return f"lane {end.lane} had {end.no} batches and has {now.no}"
        if now.no == end.no and now.head != end.head:
            return f"batch {end.no} of lane {end.lane} has another head"
    return ""
