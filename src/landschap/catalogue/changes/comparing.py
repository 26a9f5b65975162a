# SPDX-License-Identifier: EUPL-1.2
"""Two descriptions of one API, operation by operation."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from landschap.catalogue.changes import Change, Changes, Weight
from landschap.catalogue.changes.schemas import Direction, Pair, Schemas
from landschap.catalogue.documents import Document
from landschap.catalogue.openapi_rules import METHODS
from landschap.catalogue.references import At, References
from landschap.vocabulary.ijson import JsonValue


def changes_between(old: Document, new: Document) -> list[Change]:
    """Everything that changed to who calls the API, breaking first. Words alone are no change."""
    comparison = _Comparison(old, new)
    comparison.paths()
    return comparison.found.all()


def version_of(document: Document) -> str:
    """What the document calls its version, or empty."""
    root = References(document.value)
    at = root.down(root.root, "info", "version")
    return at.value if at is not None and isinstance(at.value, str) else ""


class _Comparison:
    def __init__(self, old: Document, new: Document) -> None:
        self.found = Changes()
        self.old = References(old.value)
        self.new = References(new.value)
        self.schemas = Schemas(self.old, self.new, self.found)

    def paths(self) -> None:
        before, after = _operations(self.old), _operations(self.new)
        for key, (_, operation) in before.items():
            if key not in after:
                words = f"{key[1]} {key[0]} is gone"
                self.found.add(Weight.BREAKING, operation.place, words)
        for key, (item, operation) in after.items():
            if key not in before:
                self.found.add(Weight.FITS, operation.place, f"{key[1]} {key[0]} is new")
                continue
            old_item, old_operation = before[key]
            pair = Pair(old=old_operation, new=operation)
            self._parameters(pair, old_item, item)
            self._body(pair)
            self._responses(pair)
            self._security(pair)

    def _parameters(self, pair: Pair, old_item: At, new_item: At) -> None:
        before = _parameters(self.old, old_item, pair.old)
        after = _parameters(self.new, new_item, pair.new)
        for key, at in before.items():
            if key not in after:
                self.found.add(Weight.BREAKING, at.place, f"the parameter {key[1]} is gone")
        for key, at in after.items():
            needed = _flag(at, "required")
            if key not in before:
                weight = Weight.BREAKING if needed else Weight.FITS
                words = f"the parameter {key[1]} is new" + (" and required" if needed else "")
                self.found.add(weight, at.place, words)
                continue
            if needed != _flag(before[key], "required"):
                weight = Weight.BREAKING if needed else Weight.FITS
                words = f"the parameter {key[1]} is {'now' if needed else 'no longer'} required"
                self.found.add(weight, at.place, words)
            self._below(Pair(old=before[key], new=at), "schema", "in")

    def _body(self, pair: Pair) -> None:
        old = self.old.child(pair.old, "requestBody")
        new = self.new.child(pair.new, "requestBody")
        if new is None:
            if old is not None:
                self.found.add(Weight.BREAKING, old.place, "no body is taken any more")
            return
        needed = _flag(new, "required")
        if old is None:
            weight = Weight.BREAKING if needed else Weight.FITS
            self.found.add(weight, new.place, "a body is taken" + (" and required" * needed))
            return
        if needed and not _flag(old, "required"):
            self.found.add(Weight.BREAKING, new.place, "the body is now required")
        self._content(Pair(old=old, new=new), "in")

    def _responses(self, pair: Pair) -> None:
        before = _members(self.old, pair.old, "responses")
        after = _members(self.new, pair.new, "responses")
        for code, at in before.items():
            if code not in after:
                self.found.add(Weight.BREAKING, at.place, f"the response {code} is gone")
        for code, at in after.items():
            if code not in before:
                self.found.add(Weight.TELL, at.place, f"the response {code} is new")
                continue
            both = Pair(old=before[code], new=at)
            self._content(both, "out")
            gone = _members(self.old, both.old, "headers").keys()
            for name in sorted(gone - _members(self.new, both.new, "headers").keys()):
                self.found.add(Weight.BREAKING, at.place, f"the header {name} is gone")

    def _content(self, pair: Pair, way: Direction) -> None:
        before = _members(self.old, pair.old, "content")
        after = _members(self.new, pair.new, "content")
        for kind, at in before.items():
            if kind not in after:
                self.found.add(Weight.BREAKING, at.place, f"the form {kind} is gone")
                continue
            self._below(Pair(old=at, new=after[kind]), "schema", way)
        for kind, at in after.items():
            if kind not in before:
                self.found.add(Weight.FITS, at.place, f"the form {kind} is new")

    def _security(self, pair: Pair) -> None:
        old = _security(self.old, pair.old)
        new = _security(self.new, pair.new)
        if old != new:
            words = f"security {old or '(none)'} became {new or '(none)'}"
            self.found.add(Weight.BREAKING, (*pair.new.place, "security"), words)

    def _below(self, pair: Pair, step: str, way: Direction) -> None:
        old, new = self.old.child(pair.old, step), self.new.child(pair.new, step)
        if old is not None and new is not None:
            self.schemas.compare(Pair(old=old, new=new), way)


def _operations(references: References) -> dict[tuple[str, str], tuple[At, At]]:
    """Path without the names of its parameters, and method -> path item and operation."""
    paths = references.down(references.root, "paths")
    found = {}
    for path, item in references.children(paths) if paths is not None else ():
        for method, operation in references.children(item):
            if method in METHODS:
                found[re.sub(r"\{[^}]*\}", "{}", path), method] = (item, operation)
    return found


def _parameters(references: References, item: At, operation: At) -> dict[tuple[str, str], At]:
    """Where it stands and its name -> parameter; in a path its place counts, not its name."""
    found: dict[tuple[str, str], At] = {}
    for holder in (item, operation):
        for at in _members(references, holder, "parameters").values():
            given = at.value if isinstance(at.value, dict) else {}
            where, name = str(given.get("in")), str(given.get("name"))
            if where == "header":
                name = name.lower()
            found[where, _place_in_path(operation, name) if where == "path" else name] = at
    return found


def _place_in_path(operation: At, name: str) -> str:
    path = operation.place[1] if len(operation.place) > 1 else ""
    names = re.findall(r"\{([^}]*)\}", path)
    return f"{{{names.index(name)}}}" if name in names else name


def _members(references: References, at: At, step: str) -> Mapping[str, At]:
    inner = references.child(at, step)
    return dict(references.children(inner)) if inner is not None else {}


def _security(references: References, operation: At) -> str:
    at = references.child(operation, "security") or references.child(references.root, "security")
    return ", ".join(sorted(_named(at.value))) if at is not None else ""


def _named(value: JsonValue) -> Iterator[str]:
    for each in value if isinstance(value, list) else ():
        if isinstance(each, dict):
            yield " and ".join(f"{name} {json.dumps(more)}" for name, more in sorted(each.items()))


def _flag(at: At, name: str) -> bool:
    return isinstance(at.value, dict) and at.value.get(name) is True
