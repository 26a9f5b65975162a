# SPDX-License-Identifier: EUPL-1.2
"""Two changes of one entry put together: what was, what is here now, and what comes in.

What only one side changed is taken from that side. What both changed, and not alike, is a
conflict: it is told, and a person chooses. Nothing is lost in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from landschap.vocabulary.ijson import JsonValue

Entry = Mapping[str, JsonValue]
Side = Literal["keep", "take"]
"""What a person chooses for an entry in conflict: keep ours, or take what comes in."""

V = TypeVar("V")


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged(Generic[V]):
    """The outcome for one name: ``value`` None when it is to be absent.

    ``conflict`` says what both sides changed; then ``value`` is that of here. ``kept`` is true when
    the outcome is not what came in, because this side changed it.
    """

    value: V | None
    conflict: str = ""
    kept: bool = False


Merge = Callable[[V | None, V | None, V | None], Merged[V]]


def merged_whole(was: V | None, here: V | None, comes: V | None) -> Merged[V]:
    """The outcome for what is not divided, such as the text of a file."""
    if comes == was:
        return Merged(value=here, kept=here != comes)
    if here in (was, comes):
        return Merged(value=comes)
    return Merged(value=here, conflict=_words(was, here, comes))


def merged_entry(was: Entry | None, here: Entry | None, comes: Entry | None) -> Merged[Entry]:
    """The outcome for an entry, key by key when it is there on all three sides."""
    whole = merged_whole(was, here, comes)
    if not whole.conflict or was is None or here is None or comes is None:
        if whole.conflict and here is not None and comes is not None:
            return Merged(value=here, conflict=f"differs here: {_differing(here, comes)}")
        return whole
    value: dict[str, JsonValue] = {}
    wrong: list[str] = []
    for key in dict.fromkeys((*comes, *here)):
        one: Merged[JsonValue] = merged_whole(was.get(key), here.get(key), comes.get(key))
        value[key] = one.value
        if one.conflict:
            wrong.append(key)
    if wrong:
        return Merged(value=here, conflict=f"changed on both sides: {', '.join(sorted(wrong))}")
    return Merged(value=value, kept=value != comes)


def merged_all(
    was: Mapping[str, V],
    here: Mapping[str, V],
    comes: Mapping[str, V],
    choices: Mapping[str, Side],
    merge: Merge[V],
) -> dict[str, Merged[V]]:
    """The outcome of every name that was or is in what comes in; others are not its business."""
    found = {}
    for name in sorted({*was, *comes}):
        one = merge(was.get(name), here.get(name), comes.get(name))
        if one.conflict and name in choices:
            chosen = here if choices[name] == "keep" else comes
            one = Merged(value=chosen.get(name), kept=choices[name] == "keep")
        found[name] = one
    return found


def conflicts_in(found: Mapping[str, Merged[V]]) -> Iterable[tuple[str, str]]:
    """Each name that nobody chose for, and what is the matter with it."""
    return [(name, one.conflict) for name, one in found.items() if one.conflict]


def _words(was: object, here: object, comes: object) -> str:
    if here is None:
        return "was removed here, and changed in what comes in"
    if comes is None:
        return "was changed here, and is no longer in what comes in"
    return "is there already with other content" if was is None else "changed on both sides"


def _differing(here: Entry, comes: Entry) -> str:
    return ", ".join(sorted(key for key in {*here, *comes} if here.get(key) != comes.get(key)))
