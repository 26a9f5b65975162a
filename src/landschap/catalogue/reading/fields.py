# SPDX-License-Identifier: EUPL-1.2
"""The fields of a schema as rows of a table: each once, with its type, and where to read on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from landschap.catalogue.documents import Place
from landschap.catalogue.reading.outline import listed, table, text
from landschap.catalogue.references import At, References
from landschap.vocabulary.ijson import JsonValue

MOST_ROWS = 300
_DEEPEST = 4
_MOST_VALUES = 40
_LIMITS = ("minLength", "maxLength", "pattern", "minimum", "maximum", "exclusiveMinimum",
           "exclusiveMaximum", "multipleOf", "minItems", "maxItems")  # fmt: skip
_SCHEMAS = ("components", "schemas")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field. ``path`` is its name with those around it, ``[]`` for each item of a list.

    ``schema`` names the schema it is of, where the rest stands when ``more`` is true. ``choices``
    are schemas of which it is one.
    """

    path: str
    type: str
    required: bool
    description: str
    deprecated: bool
    schema: str
    more: bool
    values: Sequence[str]
    limits: Sequence[tuple[str, str]]
    choices: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """The fields of one schema. ``schema`` is its own name, ``is_cut``: there are more."""

    type: str
    schema: str
    description: str
    choices: Sequence[str]
    values: Sequence[str]
    rows: Sequence[Field]
    is_cut: bool


def fields_of(references: References, at: At) -> Fields:
    """The fields of a schema, down to a depth."""
    walk = _Walk(references)
    walk.down(at, "", (at.place,))
    told = table(at.value)
    return Fields(
        type=walk.type_of(at),
        schema=schema_name(at.place),
        description=text(told.get("description")),
        choices=walk.choices_of(at),
        values=_values(told),
        rows=walk.rows,
        is_cut=walk.is_cut,
    )


def schema_name(place: Place) -> str:
    """The name of the schema at a place; empty for one that has none."""
    return place[2] if len(place) == 3 and place[:2] == _SCHEMAS else ""


class _Walk:
    def __init__(self, references: References) -> None:
        self.references = references
        self.rows: list[Field] = []
        self.is_cut = False

    def down(self, at: At, path: str, trail: tuple[Place, ...]) -> None:
        """The rows of everything below a schema. ``trail`` is what it stands in."""
        item = self._items(at)
        if item is not None:
            self._inside(item, f"{path}[]", trail)
            return
        required = self._required(at)
        for name, inner in self._properties(at):
            if len(self.rows) >= MOST_ROWS:
                self.is_cut = True
                return
            self._row(f"{path}.{name}" if path else name, inner, name in required, trail)

    def _row(self, path: str, at: At, required: bool, trail: tuple[Place, ...]) -> None:
        goes_on = self._goes_on(at, trail)
        told = table(at.value)
        item = self._items(at)
        self.rows.append(
            Field(
                path=path[:300],
                type=self.type_of(at),
                required=required,
                description=text(told.get("description") or told.get("title")),
                deprecated=told.get("deprecated") is True,
                schema=schema_name(at.place) or (schema_name(item.place) if item else ""),
                more=not goes_on and self._has_more(at),
                values=_values(told),
                limits=_limits(told),
                choices=self.choices_of(at),
            )
        )
        if goes_on:
            self.down(at, path, (*trail, at.place))

    def _inside(self, at: At, path: str, trail: tuple[Place, ...]) -> None:
        if self._goes_on(at, trail):
            self.down(at, path, (*trail, at.place))

    def _goes_on(self, at: At, trail: tuple[Place, ...]) -> bool:
        item = self._items(at)
        places = {at.place, *([item.place] if item else [])}
        return len(trail) < _DEEPEST and not places & set(trail)

    def _has_more(self, at: At) -> bool:
        item = self._items(at)
        return next(self._properties(item or at), None) is not None

    def _items(self, at: At) -> At | None:
        return self.references.child(at, "items") if isinstance(at.value, dict) else None

    def _properties(self, at: At) -> Iterator[tuple[str, At]]:
        """The properties of a schema with those it is made of, each once."""
        names: set[str] = set()
        for part in self._parts(at):
            inner = self.references.child(part, "properties")
            for name, found in self.references.children(inner) if inner else ():
                if name not in names:
                    names.add(name)
                    yield name, found

    def _required(self, at: At) -> set[str]:
        given = (table(each.value).get("required") for each in self._parts(at))
        return {name for names in given for name in listed(names) if isinstance(name, str)}

    def _parts(self, at: At) -> Iterator[At]:
        """The schema itself and what stands in its ``allOf``, to any depth, each once."""
        seen: set[Place] = set()
        waiting = [at]
        while waiting and len(seen) < 100:
            part = waiting.pop(0)
            if part.place in seen:
                continue
            seen.add(part.place)
            yield part
            every = self.references.child(part, "allOf")
            waiting += [inner for _, inner in self.references.children(every)] if every else []

    def choices_of(self, at: At) -> list[str]:
        """Names of the schemas of which it is one; what has no name is told by its type."""
        found: list[str] = []
        for key in ("oneOf", "anyOf"):
            every = self.references.child(at, key) if isinstance(at.value, dict) else None
            for _, inner in self.references.children(every) if every else ():
                found.append(schema_name(inner.place) or f"({self.type_of(inner)})")
        found += self._discriminated(at)
        return list(dict.fromkeys(found))[:_MOST_VALUES]

    def _discriminated(self, at: At) -> list[str]:
        """The schemas that a value of one field chooses among. Source: OpenAPI, "Discriminator"."""
        mapping = table(table(table(at.value).get("discriminator")).get("mapping"))
        ends = (text(each).rpartition("/")[2] for each in list(mapping.values())[:_MOST_VALUES])
        every = self.references.down(self.references.root, *_SCHEMAS)
        return [each for each in ends if each in table(every.value if every else None)]

    def type_of(self, at: At) -> str:
        """The type in the words of JSON Schema, such as ``string (date)`` and ``array: string``."""
        told = table(at.value)
        given = told.get("type")
        names = [each for each in listed(given) if isinstance(each, str)] or [text(given)]
        kind = " | ".join(each for each in names[:5] if each)
        item = self._items(at)
        if item is not None:
            inner = table(item.value)
            return f"array: {text(inner.get('type')) or schema_name(item.place) or '?'}"
        if not kind:
            kind = "object" if next(self._properties(at), None) else ""
        form = text(told.get("format"))
        return f"{kind} ({form})" if form and kind else kind


def _values(told: Mapping[str, JsonValue]) -> list[str]:
    given = [told["const"]] if "const" in told else listed(told.get("enum"))
    return ["null" if each is None else str(each)[:200] for each in given[:_MOST_VALUES]]


def _limits(told: Mapping[str, JsonValue]) -> list[tuple[str, str]]:
    return [(name, str(told[name])[:200]) for name in _LIMITS if name in told]
