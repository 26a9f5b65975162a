# SPDX-License-Identifier: EUPL-1.2
"""What a page may show of a value: obligations carried out, and the mark of a person obeyed.

Obligations change values as on any other way out. The confidentiality mark (geheimhouding) takes
the guarded fields from a third party, and masks them on the screen of a public body. Whether a
person is marked is decided for the whole page: by what is known now, and by the day one looks at.
Source: Wet BRP art. 2.59; LO BRP, element 07.70.10, of which no history is kept: what it says now
counts for every day.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from landschap.purposes.duties import (
    CONFIDENTIAL,
    GUARDED,
    NO_DUTIES,
    NOTIFY,
    TOLD,
    Confidentiality,
    Duties,
    Obligation,
    carries,
    obey,
)
from landschap.registers.answering import cut
from landschap.registers.deriving import with_derived
from landschap.registers.models import ObjectType
from landschap.registers.occurrences import Groups
from landschap.registers.questions import Found
from landschap.registers.timeline import DOUBT_PREFIX
from landschap.vocabulary.ijson import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """How one object is shown: the leaves, what is done to them, and why.

    ``why`` holds for each path what was done there: a kind of obligation, or ``geheimhouding``.
    ``notify``: who looks tells the person. ``is_marked``: the person asked for confidentiality.
    """

    leaves: frozenset[str]
    duties: Duties = NO_DUTIES
    why: Mapping[str, Obligation] = field(default_factory=dict)
    notify: bool = False
    is_marked: bool = False

    def content(self, content: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """A content as it may be shown."""
        kept = cut(content, self.leaves)
        return obey(kept, self.duties, {}) if self.duties else kept

    def derived(
        self, kind: ObjectType, found: Iterable[Found], day: date
    ) -> tuple[Mapping[str, JsonValue], ...]:
        """What follows on a day from whole values, as it may be shown; empty when nothing does."""
        if kind.derived.keys().isdisjoint(self.leaves):
            return ()
        whole = (with_derived(one.content, kind.derived, day, day) for one in found)
        return tuple(
            {name: value for name, value in told.items() if name in kind.derived}
            for told in map(self.content, whole)
        )

    def groups(self, groups: Groups) -> Groups:
        """A history as it may be shown; it comes in cut already."""
        if not self.duties:
            return groups
        return {
            group: assertions
            if group.startswith(DOUBT_PREFIX)
            else [
                replace(each, content=None if each.content is None else self.content(each.content))
                for each in assertions
            ]
            for group, assertions in groups.items()
        }

    def changes(self, path: str) -> Obligation | None:
        """What was done to the value at a path; None when it is shown as it is."""
        parts = path.split(".")
        every = (self.why.get(".".join(parts[:end])) for end in range(1, len(parts) + 1))
        return next((each for each in every if each is not None), None)

    def told(self) -> dict[str, JsonValue]:
        """The same for programs, in the words of the registers' API."""
        told: list[JsonValue] = [NOTIFY] if self.notify else []
        if self.is_marked:
            return {TOLD: [*told, CONFIDENTIAL], GUARDED: CONFIDENTIAL}
        return {TOLD: told} if told else {}


def screen_of(
    kind: ObjectType, leaves: frozenset[str], duties: Duties, *, is_marked: bool
) -> Screen:
    """The screen for one object, of a person who is marked or not."""
    mark = duties.mark if is_marked else None
    obligations = [each for each in duties.obligations if each.kind != NOTIFY]
    why = {each.path: each for each in obligations}
    if mark is not None:
        guarded = {leaf for path in mark.guarded for leaf in kind.leaves(path)}
        masked = [Obligation(kind="maskeren", path=leaf) for leaf in sorted(guarded & leaves)]
        why |= {each.path: Obligation(kind=CONFIDENTIAL, path=each.path) for each in masked}
        if duties.third_party:
            leaves -= guarded
        else:
            # What is masked already can not be rounded any more.
            obligations = [each for each in obligations if each.path not in guarded] + masked
    return Screen(
        leaves=leaves,
        duties=replace(duties, obligations=tuple(obligations), mark=None),
        why=why,
        notify=any(each.kind == NOTIFY for each in duties.obligations),
        is_marked=mark is not None,
    )


def is_marked_in(mark: Confidentiality | None, contents: Iterable[Mapping[str, JsonValue]]) -> bool:
    """True unless every content says that its person asked for no confidentiality."""
    if mark is None:
        return False
    said = [carries(mark, content) for content in contents]
    return any(said) or not said
