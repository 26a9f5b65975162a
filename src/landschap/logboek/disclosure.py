# SPDX-License-Identifier: EUPL-1.2
"""Hold-back: which uses the person concerned is not told of, and what is told after it ended.

By decision of two people, on a ground of the law: of an activity; of an activity as far as it is
about one person, who then is not told of it while others are; or of a case, whoever its uses are
about and under whatever activity:

    a hold stands                    no line of the activity is told
    lifted, `show`                   its lines are told, also those of before
    lifted, `show_generic`           told is that there was a use by law, and nothing of it
    lifted, `never`                  still none is told
    confidential, nothing decided    none is told: what nobody decided on stays secret
    the day of review has passed     an alarm, and it is still not told

What is decided on one person or on a case only ever adds: it opens no activity that is held for
all. A case is known by its number, in which capitals and spaces at the ends count for nothing. Who
reads
for nobody in particular is told nothing of an activity that is held for anyone.

It is judged when lines are read, never when they are written: a line does not say that it is
secret. Who may not know of a line gets neither it nor its place: it is left out before anything is
counted or divided in pages.
Source: UAVG art. 41; AVG art. 23; Logboek Dataverwerkingen, "Vertrouwelijkheid".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

import msgspec

from landschap.logboek.records import Columns, Record
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import amsterdam_day

GENERIC_NAME = "Gebruik op grond van de wet"
"""What a line is called of which no more may be told."""

GROUNDS = {
    "a": "de nationale veiligheid",
    "b": "de landsverdediging",
    "c": "de openbare veiligheid",
    "d": "het voorkomen, onderzoeken, opsporen en vervolgen van strafbare feiten",
    "e": "een ander belangrijk algemeen belang, zoals belastingen en volksgezondheid",
    "f": "de onafhankelijkheid van de rechter en gerechtelijke procedures",
    "g": "het onderzoeken van schendingen van de code van een beroep",
    "h": "toezicht, inspectie of regelgeving bij een van de gronden a tot en met e en g",
    "i": "de bescherming van de betrokkene of van de rechten en vrijheden van anderen",
    "j": "de inning van civielrechtelijke vorderingen",
}
"""The items of UAVG art. 41 lid 1, which are those of AVG art. 23 lid 1."""


class PostLift(StrEnum):
    """What is told once a hold is lifted."""

    SHOW = "show"
    SHOW_GENERIC = "show_generic"
    NEVER = "never"


class Level(StrEnum):
    """How confidential an activity is now, in the words of the VNG standard.

    Source: VNG API-standaard logging van verwerkingen, `vertrouwelijkheid`.
    """

    NORMAL = "normaal"
    HELD = "vertrouwelijk"
    LIFTED = "opgeheven"


class Matter(NamedTuple):
    """What is held back: an activity, for everybody or for who has these pseudonyms; or a case."""

    activity: str = ""
    subjects: Collection[bytes] | None = None
    case: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """One decision, with what became of it.

    ``ground`` is an item of UAVG art. 41 lid 1. ``review_at`` is the day of the last review or, as
    long as there was none, of the decision; ``post_lift`` is that of the lift once there is one.
    ``subjects`` are pseudonyms of the one person it is about; None is everybody. One on a case has
    the number of it as ``case``, and no activity.
    """

    hold_id: UUID
    activity: str
    ground: str
    reason: str
    decided_by: str
    approved_by: str
    decided_at: datetime
    review_at: date
    post_lift: PostLift
    lifted_at: datetime | None = None
    lifted_by: str = ""
    lift_approved_by: str = ""
    lift_reason: str = ""
    subjects: frozenset[bytes] | None = None
    case: str = ""

    @property
    def is_general(self) -> bool:
        """True for one on a whole activity, whoever it is about."""
        return self.subjects is None and not self.case

    def is_about(self, person: Collection[bytes]) -> bool:
        """True when it is about who has these pseudonyms and not about everybody."""
        return self.subjects is not None and not self.subjects.isdisjoint(person)

    @property
    def stands(self) -> bool:
        """True until it is lifted; a day of review that passed ends nothing."""
        return self.lifted_at is None

    def age(self, today: date) -> int:
        """How many days ago, by the Dutch calendar, it was decided."""
        return (today - amsterdam_day(self.decided_at)).days

    def is_overdue(self, today: date) -> bool:
        """True when it had to be looked at again before this Dutch day, and was not."""
        return self.stands and self.review_at < today


class Cases(NamedTuple):
    """What may be told of cases, as `Disclosure` says it of activities; by `case_key`."""

    absent: frozenset[str] = frozenset()
    generic: frozenset[str] = frozenset()
    lifted: frozenset[str] = frozenset()

    @property
    def reserved(self) -> frozenset[str]:
        """Those of which no line may be found by anything of the act."""
        return self.absent | self.generic


_NO_CASES = Cases()


class Withheld(NamedTuple):
    """Of which activities and cases no line is read."""

    activities: Collection[str] = ()
    cases: Collection[str] = ()

    def covers(self, record: Record) -> bool:
        """True for a line of such a case; one of such an activity is not even looked at."""
        return bool(self.cases) and case_of(record) in self.cases


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """What may be told now: URIs of activities, and numbers of cases.

    Of ``absent`` nothing is told, of ``generic`` only that there was a use. ``lifted`` were held
    once. An activity in none of these is told in full, but for lines of ``cases``.
    """

    absent: frozenset[str]
    generic: frozenset[str]
    lifted: frozenset[str]
    cases: Cases = _NO_CASES

    @property
    def reserved(self) -> frozenset[str]:
        """Those under which no line may be found by its trace, activity, purpose or peer.

        A generic line that is found by one of them would tell it.
        """
        return self.absent | self.generic

    @property
    def is_whole(self) -> bool:
        """True when everything may be told in full."""
        return not (self.reserved or self.cases.reserved)

    def withheld(self, *, by_act: bool = False) -> Withheld:
        """Of what no line is read; ``by_act`` for who finds lines by something of the act."""
        if by_act:
            return Withheld(self.reserved, self.cases.reserved)
        return Withheld(self.absent, self.cases.absent)

    def keeps(self, activity: str, case: str) -> bool:
        """True when nothing is told of a use under this activity, in this case."""
        return activity in self.absent or case_key(case) in self.cases.absent

    def level_of(self, activity: str, case: str = "") -> Level:
        """How confidential a use under this activity, in this case, is now."""
        number = case_key(case)
        if activity in self.absent - self.lifted or number in self.cases.absent - self.cases.lifted:
            return Level.HELD
        was_held = activity in self.lifted or number in self.cases.lifted
        return Level.LIFTED if was_held else Level.NORMAL

    def told(self, record: Record) -> Record | None:
        """A line as the person concerned may know it; None for one that is held back."""
        activity = record.columns.activity
        if activity in self.absent:
            return None
        case = case_of(record) if self.cases.reserved else ""
        if case in self.cases.absent:
            return None
        is_general = activity in self.generic or case in self.cases.generic
        return generic(record) if is_general else record


OPEN = Disclosure(absent=frozenset(), generic=frozenset(), lifted=frozenset())
"""For who may read everything."""


def disclosure_of(
    confidential: Collection[str], holds: Iterable[Hold], person: Collection[bytes] | None
) -> Disclosure:
    """What may be told, from the activities that the register calls confidential and all holds.

    ``person`` are the pseudonyms of whom is told; empty leaves out what is decided on one person,
    None takes all of that in: for who reads for nobody in particular.
    Where a hold stands it counts, whatever was lifted; else the last lift does. A confidential
    activity that nobody decided on is absent.
    """
    every = list(holds)
    of_all = _became([each for each in every if each.is_general])
    of_case = _became([each for each in every if each.case])
    of_one = [_became(group) for group in _on_persons(every, person)]
    standing = frozenset().union(*(each.standing for each in of_one))
    return Disclosure(
        absent=frozenset(set(confidential) - of_all.lifted.keys()).union(
            *(each.standing | each.after(PostLift.NEVER) for each in (of_all, *of_one))
        ),
        generic=frozenset().union(
            *(each.after(PostLift.SHOW_GENERIC) for each in (of_all, *of_one))
        ),
        lifted=frozenset(of_all.lifted) - standing,
        cases=Cases(
            absent=of_case.standing | of_case.after(PostLift.NEVER),
            generic=of_case.after(PostLift.SHOW_GENERIC),
            lifted=frozenset(of_case.lifted),
        ),
    )


def case_key(number: str) -> str:
    """By what the number of a case is known; empty for none."""
    return number.strip().casefold()


def case_of(record: Record) -> str:
    """By what the case of a line is known; empty for a line without a case."""
    number = _object(record.content().get("landschap")).get("processing_id")
    return case_key(number) if isinstance(number, str) else ""


@dataclass(frozen=True, slots=True)
class _Became:
    """What became of holds: of what one stands, what the last lift says of the rest.

    By activity, or for those on cases by the key of the case.
    """

    standing: frozenset[str]
    lifted: Mapping[str, PostLift]

    def after(self, what: PostLift) -> frozenset[str]:
        return frozenset(uri for uri, each in self.lifted.items() if each is what)


def _became(holds: Iterable[Hold]) -> _Became:
    standing: set[str] = set()
    after: dict[str, tuple[datetime, PostLift]] = {}
    for each in holds:
        key = case_key(each.case) or each.activity
        if each.lifted_at is None:
            standing.add(key)
        elif key not in after or after[key][0] < each.lifted_at:
            after[key] = (each.lifted_at, each.post_lift)
    lifted = {uri: what for uri, (_, what) in after.items() if uri not in standing}
    return _Became(frozenset(standing), lifted)


def _on_persons(holds: Iterable[Hold], person: Collection[bytes] | None) -> list[list[Hold]]:
    """The holds on one person: on this one together, or of everybody apart."""
    if person is not None:
        return [[each for each in holds if each.is_about(person)]]
    groups: dict[frozenset[bytes], list[Hold]] = {}
    for each in holds:
        if each.subjects is not None:
            groups.setdefault(each.subjects, []).append(each)
    return list(groups.values())


def undecided(confidential: Collection[str], holds: Iterable[Hold]) -> list[str]:
    """The confidential activities on which nobody decided for everybody, in order."""
    return sorted(set(confidential) - {each.activity for each in holds if each.is_general})


def is_generic(record: Record) -> bool:
    """True for a line that was made generic: of no other lines one can tell more."""
    own = record.content().get("landschap")
    return isinstance(own, dict) and own.get("disclosure") == "generic"


def generic(record: Record) -> Record:
    """The line with only that, when and how it ended: no peer, activity, purpose or data.

    Its trace and span are others, since those of the act lead to lines of other organisations. It
    is no record of the log any more: it has no leaf.
    """
    columns, content = record.columns, record.content()
    line, own = _object(content.get("ldv")), _object(content.get("landschap"))
    trace = _other(b"trace", record)[:16]
    span = _other(b"span", record)[:8]
    kept = ("dpl.core.data_subject_id", "dpl.core.data_subject_id_type")
    attributes = _object(line.get("attributes"))
    body: JsonValue = {
        "ldv": {
            "trace_id": trace.hex(),
            "span_id": span.hex(),
            "status": "Unset",
            "name": GENERIC_NAME,
            "start_time": line.get("start_time", 0),
            "end_time": line.get("end_time", 0),
            "resource": {"attributes": {}},
            "attributes": {name: attributes[name] for name in kept if name in attributes},
        },
        "landschap": {
            "controller_oin": own.get("controller_oin"),
            "outcome": own.get("outcome"),
            "data_groups": [],
            "disclosure": "generic",
        },
    }
    bare = Columns(
        columns.record_id, columns.kind, columns.at, trace, span, None, columns.subject,
        columns.key_id, None, None, None, None, None, None,
    )  # fmt: skip
    return Record(
        columns=bare,
        lane="",
        batch=0,
        position=0,
        salt=b"",
        leaf=b"",
        payload=msgspec.json.encode(body),
    )


def _other(what: bytes, record: Record) -> bytes:
    """Bytes that are the same for the same record; its salt is told to nobody."""
    return sha256(what + b"\x00" + record.salt + record.columns.record_id.bytes).digest()


def _object(value: JsonValue) -> dict[str, JsonValue]:
    return value if isinstance(value, dict) else {}
