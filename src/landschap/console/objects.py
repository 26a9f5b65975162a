# SPDX-License-Identifier: EUPL-1.2
"""One object as its page shows it: values, state, both times, and where they come from.

Histories come in already cut to what may be seen. Nothing here decides what that is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from landschap.console.grid import a_day_in
from landschap.registers.differing import Difference
from landschap.registers.models import ObjectType
from landschap.registers.occurrences import Groups, occurrences, registrations
from landschap.registers.periods import Period
from landschap.registers.questions import AsOf, Found, found_in, parts_of
from landschap.registers.telling import (
    Value,
    document_of,
    label_of,
    source_text,
    sources_of,
    values_of,
)
from landschap.registers.timeline import DOUBT_PREFIX, Assertion, Known

MAX_STATES = 200
MAX_REGISTRATIONS = 200


class State(StrEnum):
    """What an object is on the day and in the knowledge that is looked at."""

    HOLDS = "holds"
    UNCERTAIN = "uncertain"
    NOT_YET = "not_yet"
    ENDED = "ended"
    BETWEEN = "between"
    UNKNOWN_THEN = "unknown_then"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Days with one answer: what it says, when that became known, on which ground.

    ``day`` and ``moment`` ask for it.
    """

    label: str
    period: Period
    day: date
    moment: datetime
    found: Found
    document: str
    reason: str
    organisation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """One thing that was registered: of which days, when, and on which ground."""

    assertion: Assertion
    moment: datetime
    is_doubt: bool
    values: Sequence[Value]
    doubts: Sequence[str]
    document: str
    reason: str
    organisation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Days of which something else was known later: value by value, before and after."""

    period: Period
    values: Sequence[tuple[str, Value | None, Value | None]]


def state_of(found: Sequence[Found], every: Sequence[Found], day: date) -> State:
    """The state on a day, from what holds then and from all stretches as known."""
    if found:
        return State.HOLDS if len(found) == 1 else State.UNCERTAIN
    if not every:
        return State.UNKNOWN_THEN
    periods = [one.history.period for one in every]
    if all(day < period.begin for period in periods):
        return State.NOT_YET
    if all(period.end <= day for period in periods):
        return State.ENDED
    return State.BETWEEN


def held(kind: ObjectType, object_id: str, groups: Groups, day: date, known: Known) -> list[Found]:
    """What held on a day, as known; more than one only when values are uncertain."""
    question = AsOf(type=kind, wanted=[object_id], valid_on=day, known=known)
    return found_in(object_id, parts_of(groups, question), question)


def stretches(kind: ObjectType, object_id: str, groups: Groups, known: Known) -> list[Stretch]:
    """The stretches of days as known, the latest first."""
    every = occurrences(kind, object_id, groups, known)[:MAX_STATES]
    sources = sources_of(groups)
    return [_stretch(kind, every, one, sources) for one in every]


def _stretch(
    kind: ObjectType, every: Sequence[Found], found: Found, sources: Mapping[int, Assertion]
) -> Stretch:
    source = sources.get(found.history.number)
    return Stretch(
        label=label_of(kind, every, found),
        period=found.history.period,
        day=a_day_in(found.history.period),
        moment=found.history.registered_at,
        found=found,
        document=document_of(source),
        reason=source_text(source, "reden"),
        organisation=source_text(source, "organisatie"),
    )


def registered(kind: ObjectType, groups: Groups, known: Known) -> list[Registration]:
    """Everything that was registered and known, the latest first."""
    latest = registrations(groups, known)[-MAX_REGISTRATIONS:][::-1]
    return [_registration(kind, each, known) for each in latest]


def _registration(kind: ObjectType, assertion: Assertion, known: Known) -> Registration:
    is_doubt = assertion.group.startswith(DOUBT_PREFIX)
    content = assertion.content or {}
    paths = content.get("kenmerken") if is_doubt else []
    return Registration(
        assertion=assertion,
        moment=assertion.moment(known.clock),
        is_doubt=is_doubt,
        values=() if is_doubt else values_of(kind, content),
        doubts=[str(path) for path in paths] if isinstance(paths, list) else (),
        document=document_of(assertion),
        reason=source_text(assertion, "reden"),
        organisation=source_text(assertion, "organisatie"),
    )


def changes(kind: ObjectType, found: Sequence[Difference]) -> list[Change]:
    """Differences value by value; only what differs."""
    told = []
    for one in found:
        before = _by_path(kind, one.before or {})
        after = _by_path(kind, one.after or {})
        values = [
            (path, before.get(path), after.get(path))
            for path in {**before, **after}
            if _value(before.get(path)) != _value(after.get(path))
        ]
        told.append(Change(period=one.period, values=values))
    return told


def _by_path(kind: ObjectType, content: Mapping[str, object]) -> dict[str, Value]:
    return {each.path: each for each in values_of(kind, content)}  # type: ignore[arg-type]  # JSON


def _value(value: Value | None) -> object:
    return value.value if value else None
