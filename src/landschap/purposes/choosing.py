# SPDX-License-Identifier: EUPL-1.2
"""What a person can say about the use of their data: yes, no, or that the use must stop.

A consent is for one purpose and one receiver. There is only something to choose where a permission
in force needs it; where the ground is law, no switch is shown, and why.
A person can ask to stop a use as far as `purposes.rights` lets them.
Source: AVG art. 4 sub 11, art. 6 lid 1, art. 7 lid 3, art. 18, art. 21; `purposes.needs`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from landschap.purposes.model import LegalBasis, ProcessingActivity, Purpose
from landschap.purposes.needs import CONSENT
from landschap.purposes.rights import Outcome, Right, Subject, Verdict, best_of
from landschap.purposes.snapshot import Rule, Snapshot

GIVE, WITHDRAW = "geef", "trek-in"


class Said(Protocol):
    """One thing that was said: given or withdrawn, when, under which number."""

    @property
    def receipt(self) -> UUID:
        """By which it is found again."""
        ...

    @property
    def about(self) -> str:
        """The purpose."""
        ...

    @property
    def receiver(self) -> str:
        """The OIN of who may have the data."""
        ...

    @property
    def holds(self) -> bool:
        """True when it was given."""
        ...

    @property
    def at(self) -> datetime:
        """When."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One consent that can be given or withdrawn.

    ``groups`` are the kinds of data, ``said`` is its history, newest first.
    """

    purpose: Purpose
    receiver: str
    groups: tuple[str, ...]
    activity: ProcessingActivity | None
    said: Sequence[Said]

    @property
    def is_given(self) -> bool:
        """True when it holds now."""
        return bool(self.said) and self.said[0].holds

    @property
    def key(self) -> str:
        """How a form names it."""
        return f"{self.purpose.uri} {self.receiver}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ByLaw:
    """What is done without asking: the activity, and the articles that say it may or must."""

    activity: ProcessingActivity
    grounds: tuple[LegalBasis, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What data are used for on a ground other than consent, and what one can do against it."""

    purpose: Purpose
    activities: tuple[ProcessingActivity, ...]
    verdicts: Mapping[Right, Verdict]


STOPPING = (Right.OBJECTION, Right.RESTRICTION)
"""The rights by which a use can be stopped, once they are upheld."""


def choices_of(snapshot: Snapshot, said: Iterable[Said], now: datetime) -> list[Choice]:
    """What this person can choose, in order of the purpose's name; ``said`` is oldest first."""
    history: dict[tuple[str, str], list[Said]] = {}
    for each in said:
        told = history.setdefault((each.about, each.receiver), [])
        # Said in two windows at once it is one choice.
        if not told or told[0].holds != each.holds:
            told.insert(0, each)
    found: dict[tuple[str, str], Choice] = {}
    for rule in _in_force(snapshot, now):
        known = snapshot.purposes.get(rule.policy.purpose)
        if known is None or CONSENT not in rule.policy.needs:
            continue
        for receiver in sorted(rule.organisations or ()):
            before = found.get((known.purpose.uri, receiver))
            groups = {path.partition(".")[0] for path in rule.fields}
            groups |= set(before.groups if before else ())
            found[known.purpose.uri, receiver] = Choice(
                purpose=known.purpose,
                receiver=receiver,
                groups=tuple(sorted(groups)),
                activity=rule.activity,
                said=history.get((known.purpose.uri, receiver), ()),
            )
    return sorted(found.values(), key=lambda one: (one.purpose.label.nl, one.receiver))


def by_law(snapshot: Snapshot, now: datetime) -> list[ByLaw]:
    """What is done on a ground in law, in order of the activity's name."""
    grounds: Mapping[str, LegalBasis] = {each.id: each for each in snapshot.register.legal_bases}
    found: dict[str, ByLaw] = {}
    for rule in _in_force(snapshot, now):
        activity = rule.activity
        if activity is None or CONSENT in rule.policy.needs:
            continue
        known = tuple(grounds[each] for each in activity.legal_bases if each in grounds)
        if known:
            found[activity.uri] = ByLaw(activity=activity, grounds=known)
    return sorted(found.values(), key=lambda one: one.activity.name.nl)


def uses_of(snapshot: Snapshot, now: datetime, *, with_consent: bool = False) -> list[Used]:
    """For what data are used, in order of the purpose's name, with what one can do against it.

    What rests on consent is left out unless it is asked for: there one withdraws.
    """
    found: dict[str, dict[str, ProcessingActivity]] = {}
    for rule in _in_force(snapshot, now):
        known = snapshot.purposes.get(rule.policy.purpose)
        is_consent = CONSENT in rule.policy.needs and not with_consent
        if known is None or rule.activity is None or is_consent:
            continue
        found.setdefault(known.purpose.uri, {})[rule.activity.uri] = rule.activity
    grounds = {each.id: each for each in snapshot.register.legal_bases}
    made = []
    for uri, activities in found.items():
        bases = [
            grounds[each]
            for activity in activities.values()
            for each in activity.legal_bases
            if each in grounds
        ]
        verdicts = {right: best_of(right, bases, Subject.PERSON) for right in Right}
        told = {right: each for right, each in verdicts.items() if each is not None}
        every = tuple(activities[key] for key in sorted(activities))
        made.append(Used(purpose=snapshot.purposes[uri].purpose, activities=every, verdicts=told))
    return sorted(made, key=lambda one: one.purpose.label.nl)


def stoppable(snapshot: Snapshot, about: str, right: Right, now: datetime) -> tuple[str, ...]:
    """Our activities for a purpose, or one that is equal to it, against which a right can be used.

    Each activity is judged by its own grounds.
    """
    grounds = {each.id: each for each in snapshot.register.legal_bases}
    found = set()
    for used in uses_of(snapshot, now):
        if not is_equal(used.purpose, about):
            continue
        for activity in used.activities:
            bases = [grounds[each] for each in activity.legal_bases if each in grounds]
            verdict = best_of(right, bases, Subject.PERSON)
            if verdict is not None and verdict.outcome is Outcome.POSSIBLE:
                found.add(activity.uri)
    return tuple(sorted(found))


def is_equal(purpose: Purpose, uri: str) -> bool:
    """True when the URI names this purpose, or one that its list says is exactly the same."""
    return uri == purpose.uri or uri in purpose.exact_match


def _in_force(snapshot: Snapshot, now: datetime) -> Iterator[Rule]:
    """Permissions of now. What is confidential is told nowhere, so not here either."""
    every = (rules for by_purpose in snapshot.permits.values() for rules in by_purpose.values())
    # One rule stands there once for each action.
    for rule in {id(rule): rule for rules in every for rule in rules}.values():
        hidden = rule.activity is not None and rule.activity.confidential
        if rule.since <= now and (rule.until is None or now < rule.until) and not hidden:
            yield rule
