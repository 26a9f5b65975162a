# SPDX-License-Identifier: EUPL-1.2
"""The right value for what was doubted, as somebody types it and the model reads it.

Only single values can be corrected here, also inside an object; whole objects, lists and places are
written over the API.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from landschap.registers.models import ObjectType
from landschap.registers.questions import Found
from landschap.registers.schemas import Schema
from landschap.vocabulary.ijson import JsonValue

PREFIX = "waarde."
_TRUE, _FALSE = ("ja", "yes"), ("nee", "no")
_PLAIN = (["string"], ["integer"], ["number"], ["boolean"])


@dataclass(frozen=True, slots=True)
class Field:
    """One plain value: where it stands, in which group, and of what type of JSON it is."""

    path: str
    group: str
    type: str


def correctable(kind: ObjectType, paths: Sequence[str]) -> list[Field]:
    """The doubted values that are plain; empty when they are of two groups."""
    found = [field for path in paths if (field := _field(kind, path)) is not None]
    return found if len({each.group for each in found}) == 1 else []


def typed_values(
    fields: Sequence[Field], form: Mapping[str, str]
) -> dict[str, JsonValue] | set[str]:
    """The values that were typed, by path; the paths of those that can not be read."""
    values: dict[str, JsonValue] = {}
    wrong: set[str] = set()
    for field in fields:
        text = form.get(PREFIX + field.path, "").strip()
        if not text:
            continue
        value = _read(field.type, text)
        if value is None:
            wrong.add(field.path)
        values[field.path] = value
    return wrong or values


def correction_body(
    kind: ObjectType,
    found: Found,
    values: Mapping[str, JsonValue],
    why: Mapping[str, str],
    day: date,
) -> bytes:
    """The body of a correction around a day: what is known of the group, with other values."""
    group = kind.properties[next(iter(values)).partition(".")[0]].group
    names = {prop.name for prop in kind.content_properties() if prop.group == group}
    content = {name: value for name, value in found.content.items() if name in names}
    for path, value in values.items():
        name, _, member = path.partition(".")
        inside = content.get(name)
        whole = dict(inside) if member and isinstance(inside, Mapping) else {}
        content[name] = {**whole, member: value} if member else value
    body: dict[str, JsonValue] = {
        "dag": day.isoformat(),
        "inhoud": content,
        "reden": why["reden"][:500],
        "document": why["document"],
    }
    if len(kind.groups) > 1:
        body["groep"] = group
    return json.dumps(body).encode()


def _field(kind: ObjectType, path: str) -> Field | None:
    name, _, member = path.partition(".")
    prop = kind.properties.get(name)
    if prop is None or prop.geometry is not None:
        return None
    schema: JsonValue = prop.schema
    if member:
        members = prop.schema.get("properties")
        schema = members.get(member) if isinstance(members, Mapping) else None
    plain = _plain_type(schema) if isinstance(schema, Mapping) else ""
    return Field(path, prop.group, plain) if plain else None


def _plain_type(schema: Schema) -> str:
    """The type of a schema that is of one plain value, else empty."""
    given = schema.get("type")
    types = [each for each in (given if isinstance(given, list) else [given]) if each != "null"]
    return str(types[0]) if types in _PLAIN else ""


def _read(kind: str, text: str) -> JsonValue:
    if kind == "boolean":
        return True if text.lower() in _TRUE else False if text.lower() in _FALSE else None
    try:
        if kind == "integer":
            return int(text)
        if kind == "number":
            return float(text.replace(",", "."))
    except ValueError:
        return None
    return text
