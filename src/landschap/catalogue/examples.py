# SPDX-License-Identifier: EUPL-1.2
"""Examples and defaults in a description, held against the schema they stand beside.

Source: OpenAPI 3.0.3 and 3.1.0, "Media Type Object", "Schema Object"; JSON Schema.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema_rs

from landschap.catalogue.findings import Found
from landschap.catalogue.references import At, References
from landschap.vocabulary.ijson import JsonValue

_OF_3_0, _OF_3_1 = jsonschema_rs.Draft7Validator, jsonschema_rs.Draft202012Validator
_ABOVE = ("content", "headers", "parameters")
_SCHEMA_MARKS = ("enum", "type", "format", "$ref", "properties", "items")
# A schema that leads through this many others is no schema of an example.
_MAX_COPIED = 20_000


def check_examples(references: References, version: str, found: Found) -> None:
    """Add each example or default that its own schema would refuse."""
    compiled = _Compiled(references, version)
    for at in _below_marks(references):
        media = references.child(at, "schema")
        if media is not None and isinstance(media.value, Mapping):
            for example in _examples_of(references, at):
                _hold(compiled, media, example, "oas3-valid-media-example", found)
    for at in _schemas(references):
        for name in ("example", "default"):
            inner = references.child(at, name)
            if inner is not None:
                _hold(compiled, at, inner, "oas3-valid-schema-example", found)


def _below_marks(references: References) -> Iterator[At]:
    """Everything below a content, headers or parameters."""
    for at in references.everything():
        if isinstance(at.value, Mapping):
            for name in _ABOVE:
                start = references.child(at, name)
                if start is not None:
                    yield from references.everything(start)


def _examples_of(references: References, at: At) -> Iterator[At]:
    one = references.child(at, "example")
    if one is not None:
        yield one
        return
    several = references.child(at, "examples")
    if several is None or not isinstance(several.value, Mapping):
        return
    for _, each in references.children(several):
        if isinstance(each.value, Mapping) and "externalValue" not in each.value:
            value = references.child(each, "value")
            if value is not None:
                yield value


def _schemas(references: References) -> Iterator[At]:
    """Schemas with an example or a default, in components and wherever bodies are described."""
    starts = [references.down(references.root, "components", "schemas")]
    for at in references.everything():
        if isinstance(at.value, Mapping):
            starts += [references.child(at, name) for name in _ABOVE]
    seen: set[tuple[str, ...]] = set()
    for start in starts:
        for at in references.everything(start) if start is not None else ():
            value = at.value
            if at.place in seen or not isinstance(value, Mapping):
                continue
            seen.add(at.place)
            named_by_chance = bool(at.place) and at.place[-1] == "properties"
            shown = any(value.get(name) is not None for name in ("example", "default"))
            if shown and not named_by_chance and any(value.get(m) for m in _SCHEMA_MARKS):
                yield at


def _hold(compiled: _Compiled, schema: At, example: At, code: str, found: Found) -> None:
    validator = compiled.validator(schema)
    if validator is None:
        return
    for error in validator.iter_errors(example.value):
        inner = [str(step) for step in error.instance_path]
        found.add(code, (*example.place, *inner), _short(error.message))
        return


def _short(message: str) -> str:
    return message if len(message) < 200 else f"{message[:197]}..."


class _Compiled:
    """Validators by the place of a schema, with references written out."""

    def __init__(self, references: References, version: str) -> None:
        self._references = references
        self._is_3_0 = version.startswith("3.0")
        self._known: dict[tuple[str, ...], Any] = {}

    def validator(self, schema: At) -> Any:
        """None for a schema that can not be compiled: that is another finding."""
        if schema.place not in self._known:
            self._known[schema.place] = self._made(schema)
        return self._known[schema.place]

    def _made(self, schema: At) -> Any:
        copied = _Copied(self._references, is_3_0=self._is_3_0)
        try:
            plain = copied.document(schema)
            kind = _OF_3_0 if self._is_3_0 else _OF_3_1
            return kind(plain, validate_formats=True, retriever=_elsewhere)
        except (ValueError, RecursionError, KeyError, json.JSONDecodeError):
            return None


def _elsewhere(address: str) -> Any:
    raise KeyError(address)


class _Copied:
    """A schema that stands on its own: each reference becomes one definition."""

    def __init__(self, references: References, *, is_3_0: bool) -> None:
        self._references = references
        self._is_3_0 = is_3_0
        self._names: dict[tuple[str, ...], str] = {}
        self._definitions: dict[str, JsonValue] = {}
        self._left = _MAX_COPIED

    def document(self, schema: At) -> dict[str, JsonValue]:
        """The schema with its definitions."""
        self._defined(schema)
        return {"$ref": "#/definitions/d0", "definitions": self._definitions}

    def _defined(self, at: At) -> str:
        known = self._names.get(at.place)
        if known is None:
            known = f"d{len(self._names)}"
            self._names[at.place] = known
            self._definitions[known] = self._object(at)
        return known

    def _copy(self, at: At) -> JsonValue:
        self._left -= 1
        if self._left < 0:
            raise ValueError("too large a schema")
        value = at.value
        if isinstance(value, list):
            return [
                self._copy(At(each, (*at.place, str(number)))) for number, each in enumerate(value)
            ]
        if not isinstance(value, Mapping):
            return value
        reference = value.get("$ref")
        if isinstance(reference, str):
            target = self._references.resolved(at)
            if target.place == at.place:
                raise ValueError("a reference that leads away")
            return {"$ref": f"#/definitions/{self._defined(target)}"}
        return self._object(at)

    def _object(self, at: At) -> JsonValue:
        value = at.value
        if not isinstance(value, Mapping):
            return value
        made: dict[str, JsonValue] = {}
        for name, inner in value.items():
            if name in ("example", "examples", "default", "discriminator", "xml", "externalDocs"):
                continue
            if name in ("enum", "const"):
                made[name] = inner
            elif name in ("properties", "patternProperties") and isinstance(inner, Mapping):
                made[name] = {
                    key: self._copy(At(each, (*at.place, name, key))) for key, each in inner.items()
                }
            else:
                made[name] = self._copy(At(inner, (*at.place, name)))
        return _of_3_0(made) if self._is_3_0 else made


def _of_3_0(schema: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """What OpenAPI 3.0 writes otherwise than JSON Schema."""
    kind = schema.get("type")
    if schema.pop("nullable", None) is True and isinstance(kind, str):
        schema["type"] = [kind, "null"]
        choices = schema.get("enum")
        if isinstance(choices, list) and None not in choices:
            schema["enum"] = [*choices, None]
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if isinstance(schema.get(exclusive), bool) and schema.pop(exclusive) and bound in schema:
            schema[exclusive] = schema.pop(bound)
    return schema
