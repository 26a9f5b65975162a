# SPDX-License-Identifier: EUPL-1.2
"""The history of an object, as far as it may be told beside what is derived from hidden values.

That a hidden value changed, and when, says something of that value. So where derived fields are
told, the facts of both axes are those of what is told itself: groups of which nothing is given do
not count, and stretches of days between which nothing that is told changed become one again.
Source: AVG art. 5 lid 1 sub c; house rule "Derived answers preferred".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from landschap.registers.deriving import following_from
from landschap.registers.models import ObjectType
from landschap.registers.occurrences import Groups
from landschap.registers.periods import Period
from landschap.registers.questions import AsOf, Found, history_of
from landschap.registers.timeline import DOUBT_PREFIX
from landschap.vocabulary.ijson import JsonValue

# Of when and how the values were registered from which something follows.
_OF_INPUTS = ("tijdstipRegistratie", "volgnummer", "soort", "corrigeert", "bronhouder")
_OF_DAYS = ("beginGeldigheid", "eindGeldigheid")


def tells_derived(kind: ObjectType, leaves: frozenset[str]) -> bool:
    """True when what may be given holds something derived."""
    return not leaves.isdisjoint(kind.derived)


def groups_told(kind: ObjectType, leaves: frozenset[str], groups: Groups) -> Groups:
    """The groups of an object of which something may be given, and the doubt about these."""
    if not tells_derived(kind, leaves):
        return groups
    told = _told(kind, leaves)
    return {name: each for name, each in groups.items() if name.removeprefix(DOUBT_PREFIX) in told}


def history_told(
    found: Found, question: AsOf, leaves: frozenset[str], *, whole_stretch: bool
) -> dict[str, JsonValue]:
    """The member ``historie`` of one object; without what only hidden values have."""
    if not tells_derived(found.type, leaves):
        return found.history.as_json(question)
    told = _told(found.type, leaves)
    parts = [part for part in found.parts if part.answer.assertion.group in told]
    if len(parts) == len(found.parts) and (parts or _is_given(found, leaves)):
        return found.history.as_json(question)
    if parts:
        history = history_of(parts, question, found.history.doubts)
        period = found.history.period if whole_stretch else history.period
        sure = found.history.certainty
        return replace(history, period=period, certainty=sure).as_json(question)
    hidden = _OF_INPUTS if whole_stretch else (*_OF_INPUTS, *_OF_DAYS)
    every = found.history.as_json(question)
    # Whether corrections are told is decided of a member that is there.
    return {name: value for name, value in every.items() if name not in hidden} | {
        "corrigeert": None
    }


def stretches_told(
    found: Sequence[Found],
    tell: Callable[[Found], Mapping[str, JsonValue]],
    leaves: frozenset[str],
) -> list[Found]:
    """Stretches of days, of which neighbours that tell the same are one; ``tell`` gives the body.

    Where nothing derived is told they are left as they are.
    """
    if not any(tells_derived(one.type, leaves) for one in found):
        return list(found)
    told: list[tuple[Found, tuple[object, ...]]] = []
    for one in found:
        same = (
            one.object_id,
            tell(one),
            _numbers(one, leaves),
            one.history.certainty,
            _doubts(one, leaves),
        )
        if told and told[-1][1] == same:
            before = told[-1][0]
            period = _joined(before.history.period, one.history.period)
            if period is not None:
                told[-1] = (replace(before, history=replace(before.history, period=period)), same)
                continue
        told.append((one, same))
    return [one for one, _ in told]


def _told(kind: ObjectType, leaves: frozenset[str]) -> frozenset[str]:
    return frozenset(p.group for p in kind.content_properties() if kind.leaves(p.name) & leaves)


def _is_given(found: Found, leaves: frozenset[str]) -> bool:
    kind = found.type
    given = (p.name for p in kind.content_properties() if kind.leaves(p.name) & leaves)
    return any(name in found.content for name in given)


def _numbers(one: Found, leaves: frozenset[str]) -> tuple[int, ...]:
    told = _told(one.type, leaves)
    every = (part.answer.assertion for part in one.parts)
    return tuple(sorted(each.number for each in every if each.group in told))


def _doubts(one: Found, leaves: frozenset[str]) -> frozenset[str]:
    doubts: Iterable[str] = one.history.doubts
    return frozenset(doubts).union(following_from(one.type.derived, doubts)) & (
        leaves | frozenset(_OF_DAYS)
    )


def _joined(one: Period, other: Period) -> Period | None:
    """Two periods that touch, as one."""
    if one.begin == other.end or one.end == other.begin:
        return Period(min(one.begin, other.begin), max(one.end, other.end))
    return None
