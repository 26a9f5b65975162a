# SPDX-License-Identifier: EUPL-1.2
"""What changed between two schemas, seen from who sends by them or reads by them.

What goes *in* may become wider and not narrower; what comes *out* the other way round. A member
that is added to what comes out fits: readers pass over what they do not know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from landschap.catalogue.changes import Changes, Weight
from landschap.catalogue.references import At, References
from landschap.vocabulary.ijson import JsonValue

Direction = Literal["in", "out"]
_MAX_DEPTH = 60
# Key of a schema -> whether a smaller value of it is narrower.
_BOUNDS: Mapping[str, bool] = {
    **{f"max{what}": True for what in ("imum", "Length", "Items", "Properties")},
    **{f"min{what}": False for what in ("imum", "Length", "Items", "Properties")},
    "exclusiveMaximum": True,
    "exclusiveMinimum": False,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The same thing in the old and in the new document."""

    old: At
    new: At


class Schemas:
    """Compares schemas of two documents; each pair once per direction, so that circles end."""

    def __init__(self, old: References, new: References, found: Changes) -> None:
        self._old = old
        self._new = new
        self._found = found
        self._seen: set[tuple[tuple[str, ...], tuple[str, ...], Direction]] = set()

    def compare(self, pair: Pair, way: Direction, depth: int = 0) -> None:
        """Add what changed between these two, and in all below them."""
        key = (pair.old.place, pair.new.place, way)
        if key in self._seen or depth > _MAX_DEPTH:
            return
        self._seen.add(key)
        old, new = _schema(pair.old.value), _schema(pair.new.value)
        self._kind(old, new, pair)
        self._values(old, new, pair, way)
        self._bounds(old, new, pair, way)
        self._members(pair, way, depth)
        for step in ("items", "additionalProperties"):
            inner = self._pair(pair, step)
            if inner is not None:
                self.compare(inner, way, depth + 1)
        for word in ("oneOf", "anyOf"):
            self._choices(pair, word, way, depth)

    def _kind(self, old: Mapping[str, JsonValue], new: Mapping[str, JsonValue], pair: Pair) -> None:
        for key in ("type", "format"):
            before, after = _listed(old.get(key)), _listed(new.get(key))
            if before != after:
                words = f"{key} {_words(before)} became {_words(after)}"
                self._found.add(Weight.BREAKING, (*pair.new.place, key), words)

    def _values(
        self, old: Mapping[str, JsonValue], new: Mapping[str, JsonValue], pair: Pair, way: Direction
    ) -> None:
        before, after = old.get("enum"), new.get("enum")
        place = (*pair.new.place, "enum")
        if before is None and after is None:
            return
        if not isinstance(before, list) or not isinstance(after, list):
            narrower = isinstance(after, list)
            words = "values are now listed" if narrower else "values are no longer listed"
            self._found.add(_of(way, narrower=narrower), place, words)
            return
        for value in (each for each in before if each not in after):
            self._found.add(_of(way, narrower=True), place, f"the value {value!r} is gone")
        for value in (each for each in after if each not in before):
            self._found.add(_of(way, narrower=False), place, f"the value {value!r} is new")

    def _bounds(
        self, old: Mapping[str, JsonValue], new: Mapping[str, JsonValue], pair: Pair, way: Direction
    ) -> None:
        for key, less_is_narrower in _BOUNDS.items():
            before, after = _number(old.get(key)), _number(new.get(key))
            if before == after:
                continue
            narrower = after is not None and (
                before is None or (after < before) == less_is_narrower
            )
            words = f"{key} {_words(before)} became {_words(after)}"
            self._found.add(_of(way, narrower=narrower), (*pair.new.place, key), words)
        was, is_now = old.get("pattern"), new.get("pattern")
        if was != is_now:
            words = f"pattern {_words(was)} became {_words(is_now)}"
            # Which of two patterns takes more can not be told.
            weight = _of(way, narrower=is_now is not None)
            self._found.add(weight, (*pair.new.place, "pattern"), words)

    def _members(self, pair: Pair, way: Direction, depth: int) -> None:
        old, new = self._properties(self._old, pair.old), self._properties(self._new, pair.new)
        needed_before = self._needed(self._old, pair.old)
        needed = self._needed(self._new, pair.new)
        for name, at in old.items():
            if name not in new:
                self._found.add(Weight.BREAKING, at.place, f"the member {name} is gone")
        for name, at in new.items():
            if name not in old:
                demanded = way == "in" and name in needed
                weight = Weight.BREAKING if demanded else Weight.FITS
                words = f"the member {name} is new" + (" and required" if demanded else "")
                self._found.add(weight, at.place, words)
                continue
            if (name in needed) != (name in needed_before):
                narrower = name in needed
                words = f"the member {name} is {'now' if narrower else 'no longer'} required"
                self._found.add(_of(way, narrower=narrower), at.place, words)
            self.compare(Pair(old=old[name], new=at), way, depth + 1)

    def _choices(self, pair: Pair, word: str, way: Direction, depth: int) -> None:
        old, new = self._old.child(pair.old, word), self._new.child(pair.new, word)
        before = list(self._old.children(old)) if old is not None else []
        after = list(self._new.children(new)) if new is not None else []
        if len(before) != len(after):
            narrower = len(after) < len(before)
            words = f"{word} has {len(after)} forms instead of {len(before)}"
            self._found.add(_of(way, narrower=narrower), (*pair.new.place, word), words)
            return
        for (_, one), (_, other) in zip(before, after, strict=True):
            self.compare(Pair(old=one, new=other), way, depth + 1)

    def _pair(self, pair: Pair, step: str) -> Pair | None:
        old, new = self._old.child(pair.old, step), self._new.child(pair.new, step)
        return Pair(old=old, new=new) if old is not None and new is not None else None

    def _properties(self, references: References, schema: At) -> dict[str, At]:
        found: dict[str, At] = {}
        for each in self._parts(references, schema):
            inner = references.child(each, "properties")
            if inner is not None:
                found.update(references.children(inner))
        return found

    def _needed(self, references: References, schema: At) -> set[str]:
        found: set[str] = set()
        for each in self._parts(references, schema):
            found.update(_listed(_schema(each.value).get("required")))
        return found

    def _parts(self, references: References, schema: At) -> Sequence[At]:
        """The schema and all that it is made of by ``allOf``."""
        waiting, found = [schema], {schema.place: schema}
        while waiting:
            inner = references.child(waiting.pop(), "allOf")
            for _, each in references.children(inner) if inner is not None else ():
                if each.place not in found:
                    found[each.place] = each
                    waiting.append(each)
        return list(found.values())


def _of(way: Direction, *, narrower: bool) -> Weight:
    """What it means that what goes this way became narrower, or else wider."""
    if way == "in":
        return Weight.BREAKING if narrower else Weight.FITS
    return Weight.FITS if narrower else Weight.TELL


def _schema(value: JsonValue) -> Mapping[str, JsonValue]:
    return value if isinstance(value, dict) else {}


def _listed(value: JsonValue) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(sorted(str(each) for each in value)) if isinstance(value, list) else (str(value),)


def _number(value: JsonValue) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _words(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(value) or "(none)"
    return "(none)" if value is None else repr(value)[:80]
