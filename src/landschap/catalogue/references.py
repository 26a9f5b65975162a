# SPDX-License-Identifier: EUPL-1.2
"""Walking a document as if its local references were written out, knowing where each thing stands.

Nothing outside the document is fetched: a reference to elsewhere is a finding, not a request. A
circle of references ends where it would begin again.
Source: RFC 6901 (JSON Pointer); OpenAPI 3.1.0, "Reference Object".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import NamedTuple
from urllib.parse import unquote

from landschap.catalogue.documents import Place
from landschap.vocabulary.ijson import JsonValue

_MAX_HOPS = 50


class At(NamedTuple):
    """A value and the place in the document where it is written.

    ``named`` is the place of the last step towards it: where that is a reference, the reference.
    """

    value: JsonValue
    place: Place
    named: Place = ()


class References:
    """The references of one document."""

    def __init__(self, root: JsonValue) -> None:
        self.root = At(root, ())
        version = root.get("openapi") if isinstance(root, Mapping) else None
        self._is_3_1 = str(version).startswith("3.1")
        # Each reference is followed by every rule, and mostly there are many of the same.
        self._led: dict[str, At | None] = {}

    def resolved(self, at: At) -> At:
        """What stands there when a reference is followed to its end; itself when it leads away."""
        named = at.place
        if not _is_reference(at.value):
            return At(at.value, named, named)
        for _ in range(_MAX_HOPS):
            target = self._target(at.value)
            if target is None:
                break
            at = target
        return at._replace(named=named)

    def spots(self, at: At) -> list[Place]:
        """Where a finding about something is to be shown: the way the official linter has it.

        At the thing itself. In version 3.1 a reference may say more beside ``$ref`` and is then a
        thing of its own: there too, and at the thing only when another reference leads around.
        """
        if at.named == at.place or not self._says_more(at.named):
            return [at.place]
        around = at.named[:-1]
        through = any(around[:length] in self.targets for length in range(1, len(around) + 1))
        return [at.named, at.place] if through else [at.named]

    def _says_more(self, place: Place) -> bool:
        at: tuple[JsonValue] | None = (self.root.value,)
        for step in place:
            at = _member(at[0], step) if at is not None else None
        given = at[0] if at is not None else None
        return self._is_3_1 and isinstance(given, Mapping) and len(given) > 1

    @cached_property
    def targets(self) -> frozenset[Place]:
        """The places that references lead to."""
        return frozenset(
            pointed.place
            for _, text in self._references()
            if (pointed := self._pointed(text)) is not None
        )

    def child(self, at: At, step: str) -> At | None:
        """A member or an item, references followed; None when there is none."""
        inner = _member(at.value, step)
        return None if inner is None else self.resolved(At(inner[0], (*at.place, step)))

    def children(self, at: At) -> Iterator[tuple[str, At]]:
        """All members or items with their keys, references followed."""
        for step, value in _members(at.value):
            place = (*at.place, step)
            if _is_reference(value):
                yield step, self.resolved(At(value, place))
            else:
                yield step, At(value, place, place)

    def down(self, at: At, *steps: str) -> At | None:
        """What stands below along these steps; None when there is no such place."""
        found: At | None = at
        for step in steps:
            found = self.child(found, step) if found is not None else None
        return found

    def everything(self, start: At | None = None) -> Iterator[At]:
        """Each object and list once, wherever references lead from a start; the root by default."""
        return iter(self._whole) if start is None else self._reached(start)

    @cached_property
    def _whole(self) -> tuple[At, ...]:
        return tuple(self._reached(self.root))

    def _reached(self, start: At) -> Iterator[At]:
        seen: set[Place] = set()
        waiting = [start] if _is_container(start.value) else []
        while waiting:
            at = waiting.pop()
            if at.place in seen:
                continue
            seen.add(at.place)
            yield at
            below = [inner for _, inner in self.children(at) if _is_container(inner.value)]
            waiting.extend(reversed(below))

    def leading_nowhere(self) -> Iterator[tuple[Place, str]]:
        """References that are not found in the document, each with its place, in order."""
        for place, text in self._references():
            if self._pointed(text) is None:
                yield place, text

    def _references(self) -> Iterator[tuple[Place, str]]:
        waiting = [self.root]
        while waiting:
            at = waiting.pop()
            if isinstance(at.value, dict):
                text = at.value.get("$ref")
                if isinstance(text, str):
                    yield (*at.place, "$ref"), text
            inner = [
                At(value, (*at.place, step))
                for step, value in _members(at.value)
                if _is_container(value)
            ]
            waiting.extend(reversed(inner))

    def _target(self, value: JsonValue) -> At | None:
        if not isinstance(value, dict):
            return None
        text = value.get("$ref")
        return self._pointed(text) if isinstance(text, str) else None

    def _pointed(self, text: str) -> At | None:
        if text not in self._led:
            self._led[text] = self._walked(text)
        return self._led[text]

    def _walked(self, text: str) -> At | None:
        if text == "#":
            return self.root
        if not text.startswith("#/"):
            return None
        at = self.root
        parts = text[2:].split("/")
        for number, part in enumerate(parts, start=1):
            step = unquote(part).replace("~1", "/").replace("~0", "~")
            inner = _member(at.value, step)
            if inner is None:
                return None
            at = At(inner[0], (*at.place, step))
            # A pointer may lead through another reference.
            if number < len(parts) and isinstance(at.value, dict) and "$ref" in at.value:
                at = self.resolved(at)
        return at


# Read documents hold dictionaries, and to ask for the abstract Mapping takes five times as long.
def _is_container(value: JsonValue) -> bool:
    return isinstance(value, (dict, list))


def _is_reference(value: JsonValue) -> bool:
    return isinstance(value, dict) and "$ref" in value


def _members(value: JsonValue) -> Iterator[tuple[str, JsonValue]]:
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield str(number), each


def _member(value: JsonValue, step: str) -> tuple[JsonValue] | None:
    if isinstance(value, dict) and step in value:
        return (value[step],)
    if isinstance(value, list) and step.isdigit() and int(step) < len(value):
        return (value[int(step)],)
    return None
