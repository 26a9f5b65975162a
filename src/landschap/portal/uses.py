# SPDX-License-Identifier: EUPL-1.2
"""A use of someone's data as that person sees it: who, what, why, when.

A line of the log has more than a resident may see. What leaves here never holds the employee, the
system, the source table or another person: those members are not even read.
Source: AVG art. 15 lid 1; Logboek Dataverwerkingen, "Inzage".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from landschap.logboek.payloads import Outcome
from landschap.logboek.records import Record
from landschap.portal.words import field_words, group_words
from landschap.purposes.model import ProcessingActivity
from landschap.vocabulary.identifiers import Oin
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import amsterdam_day

SELF = "zelf"
"""Stands for the person in the filter on organisations."""


class Who(StrEnum):
    """Whose act it was."""

    SELF = "self"
    US = "us"
    THEY_ASKED_US = "they_asked_us"
    WE_ASKED_THEM = "we_asked_them"


_FOLDED_FROM = 3
_GIVEN = {Outcome.DELIVERED, Outcome.PARTIAL}


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """An organisation; without a known name it is shown by its number."""

    number: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One use.

    ``actor`` used the data; ``holder`` gave it when another organisation asked; ``delegator`` gave
    the order. ``activity`` is the entry of the register as it was that day, None when the register
    did not have it; ``said`` is what the line itself calls the act.
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

    @property
    def is_given(self) -> bool:
        """True when data was given, all of it or a part."""
        return self.outcome in _GIVEN

    @property
    def actor_key(self) -> str:
        """What the filter on organisations knows the actor by."""
        return SELF if self.who is Who.SELF else self.actor.number


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookups:
    """What a line only refers to: names of organisations, entries of the register of that day."""

    own: Oin
    own_name: str
    look_activity: str
    names: Mapping[str, str] = field(default_factory=dict)
    activities: Mapping[UUID, ProcessingActivity] = field(default_factory=dict)

    def party(self, number: str) -> Party:
        """The organisation with this number."""
        own = number == self.own.value
        return Party(number=number, name=self.own_name if own else self.names.get(number, ""))


def use_of(record: Record, lookups: Lookups) -> Use:
    """The use a line tells of."""
    content = record.content()
    line, own = _object(content.get("ldv")), _object(content.get("landschap"))
    peer, direction = _text(own.get("peer_oin")), _text(own.get("direction"))
    activity_uri = record.columns.activity or ""
    us = lookups.party(lookups.own.value)
    if activity_uri == lookups.look_activity:
        who, actor, holder = Who.SELF, us, None
    elif peer and direction == "incoming":
        who, actor, holder = Who.THEY_ASKED_US, lookups.party(peer), us
    elif peer and direction == "outgoing":
        who, actor, holder = Who.WE_ASKED_THEM, us, lookups.party(peer)
    else:
        who, actor, holder = Who.US, us, None
    delegator = _text(own.get("delegator_oin"))
    named = _texts(own.get("data_groups"))
    return Use(
        id=record.record_id,
        at=record.columns.at,
        who=who,
        actor=actor,
        holder=holder,
        delegator=lookups.party(delegator) if delegator else None,
        groups=tuple(dict.fromkeys(group_words(each) for each in named)),
        outcome=_outcome(own.get("outcome")),
        said=_text(line.get("name")),
        activity_uri=activity_uri,
        activity=lookups.activities.get(record.record_id),
        purpose_uri=_text(own.get("purpose_uri")),
        case=_text(own.get("processing_id")),
        grant_hash=_text(own.get("grant_hash")),
        transaction_id=record.columns.transaction_id,
    )


def _object(value: JsonValue) -> Mapping[str, JsonValue]:
    return value if isinstance(value, Mapping) else {}


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: JsonValue) -> tuple[str, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        return ()
    return tuple(each for each in value if isinstance(each, str))


def _outcome(value: JsonValue) -> Outcome:
    """How it ended; a line that does not say so is shown as given, the most that can be true."""
    try:
        return Outcome(_text(value))
    except ValueError:
        return Outcome.DELIVERED


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldGroup:
    """Fields of one group in words; ``is_withheld``: asked, but not needed for the purpose."""

    group: str
    fields: tuple[str, ...]
    is_withheld: bool


def field_groups(records: Iterable[Record]) -> list[FieldGroup]:
    """The fields that were allowed and withheld in one transaction, per group.

    They stand in the decision, next to the steps, the policy and the asker's own words, none of
    which leave here. Without a decision that names fields the list is empty.
    """
    for record in records:
        adl = _object(record.content().get("adl"))
        response = _object(_object(adl.get("body")).get("adl.core.response"))
        context = _object(response.get("context"))
        visible, withheld = _texts(context.get("visible")), _texts(context.get("withheld"))
        if visible or withheld:
            return [*_per_group(visible, False), *_per_group(withheld, True)]
    return []


def _per_group(paths: Iterable[str], is_withheld: bool) -> Iterator[FieldGroup]:
    groups: dict[str, list[str]] = {}
    for path in paths:
        found = groups.setdefault(group_words(path), [])
        if "." in path:
            found.append(field_words(path))
    for group, fields in groups.items():
        yield FieldGroup(group=group, fields=tuple(fields), is_withheld=is_withheld)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the list: a use, or several alike on one day; ``newest`` speaks for them."""

    uses: tuple[Use, ...]

    @property
    def newest(self) -> Use:
        """The last of them."""
        return self.uses[0]

    @property
    def day(self) -> date:
        """The Dutch day they all were."""
        return amsterdam_day(self.newest.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The uses of one case; an empty ``case`` holds those without one."""

    case: str
    rows: tuple[Row, ...]

    @property
    def uses(self) -> tuple[Use, ...]:
        """All uses in the group, newest first."""
        return tuple(use for row in self.rows for use in row.uses)

    @property
    def tally(self) -> Tally:
        """The counts of the group."""
        return tally(self.uses)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many uses gave data, were refused, gave nothing for another reason, or were own looks."""

    given: int
    refused: int
    nothing: int
    own: int


def tally(uses: Iterable[Use]) -> Tally:
    """The counts; looking at one's own page is no use by others."""
    all_uses = list(uses)
    outcomes = [use.outcome for use in all_uses if use.who is not Who.SELF]
    given = sum(outcome in _GIVEN for outcome in outcomes)
    refused = outcomes.count(Outcome.REFUSED)
    return Tally(
        given=given,
        refused=refused,
        nothing=len(outcomes) - given - refused,
        own=len(all_uses) - len(outcomes),
    )


def grouped(uses: Sequence[Use], *, fold: bool) -> list[Group]:
    """The uses, newest first, per case; the case with the newest use first, without case last.

    With ``fold`` three or more uses without a case that differ only in their moment, on one day,
    share a row.
    """
    cases: dict[str, list[Use]] = {}
    for use in uses:
        cases.setdefault(use.case, []).append(use)
    order = sorted(cases, key=lambda case: case == "")
    return [Group(case=case, rows=_rows(cases[case], fold=fold and case == "")) for case in order]


def first_page(uses: Sequence[Use], *, fold: bool, rows: int) -> Sequence[Use]:
    """The newest uses that fill about this many rows, and at least as many uses.

    Rows are counted and not uses, so that someone's own looks do not push away the others.
    """
    size = rows
    while size < len(uses) and _row_count(uses[:size], fold=fold) < rows:
        size += rows
    return uses[:size]


def _row_count(uses: Sequence[Use], *, fold: bool) -> int:
    return sum(len(group.rows) for group in grouped(uses, fold=fold))


def _rows(uses: Sequence[Use], *, fold: bool) -> tuple[Row, ...]:
    if not fold:
        return tuple(Row(uses=(use,)) for use in uses)
    alike: dict[tuple[object, ...], list[Use]] = {}
    for use in uses:
        delegator = use.delegator.number if use.delegator else ""
        same = (amsterdam_day(use.at), use.actor_key, delegator, use.activity_uri, use.outcome)
        alike.setdefault((*same, use.who, use.groups, use.purpose_uri), []).append(use)
    rows = []
    for found in alike.values():
        together = len(found) >= _FOLDED_FROM
        rows += [Row(uses=tuple(found))] if together else [Row(uses=(use,)) for use in found]
    return tuple(sorted(rows, key=lambda row: row.newest.id, reverse=True))
