# SPDX-License-Identifier: EUPL-1.2
"""An example of what a schema describes: the one it gives, or else one made by its types."""

from __future__ import annotations

from collections.abc import Mapping

from landschap.catalogue.documents import Place
from landschap.catalogue.reading.outline import listed, table, text
from landschap.catalogue.references import At, References
from landschap.vocabulary.ijson import JsonValue

_DEEPEST = 8
_MOST = 200
_BY_FORMAT: Mapping[str, JsonValue] = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "time": "12:00:00Z",
    "email": "naam@example.nl",
    "uri": "https://example.nl/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
_BY_TYPE: Mapping[str, JsonValue] = {
    "string": "tekst", "integer": 1, "number": 1.5, "boolean": True, "null": None,
}  # fmt: skip

# A text that nobody has for a number is not what one tries with: an official person who is not.
_PERSON = "999993653"
_BY_NAME: Mapping[str, JsonValue] = {"burgerservicenummer": _PERSON, "bsn": _PERSON}


def given_example(told: Mapping[str, JsonValue]) -> tuple[JsonValue] | None:
    """The example that a schema, parameter or medium itself gives, in one of its forms."""
    if "example" in told:
        return (told["example"],)
    every = told.get("examples")
    if isinstance(every, dict):
        values = [table(each) for each in every.values()]
        return next(((each["value"],) for each in values if "value" in each), None)
    return (every[0],) if isinstance(every, list) and every else None


def sample_of(references: References, at: At) -> JsonValue:
    """An example; a circle of references ends in null."""
    return _Sampler(references).value(at, ())


class _Sampler:
    def __init__(self, references: References) -> None:
        self.references = references
        self.left = _MOST

    def value(self, at: At, trail: tuple[Place, ...]) -> JsonValue:
        self.left -= 1
        told = table(at.value)
        if (given := given_example(told)) is not None:
            return given[0]
        for key in ("default", "const"):
            if key in told:
                return told[key]
        if values := listed(told.get("enum")):
            return values[0]
        if self.left <= 0 or len(trail) >= _DEEPEST or at.place in trail:
            return None
        return self._made(at, (*trail, at.place))

    def _made(self, at: At, trail: tuple[Place, ...]) -> JsonValue:
        told = table(at.value)
        for key in ("oneOf", "anyOf"):
            every = self.references.child(at, key)
            for _, inner in self.references.children(every) if every else ():
                return self.value(inner, trail)
        given = told.get("type")
        kind = text(given) or next((each for each in listed(given) if isinstance(each, str)), "")
        items = self.references.child(at, "items")
        if kind == "array" or items is not None:
            return [self.value(items, trail)] if items is not None else []
        found = self._object(at, trail)
        if found or kind == "object":
            return found
        return _BY_FORMAT.get(text(told.get("format")), _BY_TYPE.get(kind))

    def _object(self, at: At, trail: tuple[Place, ...]) -> dict[str, JsonValue]:
        found: dict[str, JsonValue] = {}
        every = self.references.child(at, "allOf")
        for _, part in self.references.children(every) if every else ():
            made = self.value(part, trail)
            found |= made if isinstance(made, dict) else {}
        inner = self.references.child(at, "properties")
        for name, each in self.references.children(inner) if inner else ():
            if self.left <= 0:
                break
            if table(each.value).get("readOnly") is not True:
                made = self.value(each, trail)
                is_made_up = made == _BY_TYPE["string"]
                found[name] = _BY_NAME.get(name.lower(), made) if is_made_up else made
        return found
