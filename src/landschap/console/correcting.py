# SPDX-License-Identifier: EUPL-1.2
"""The right value for what was doubted, as somebody types it and the model reads it.

Only single values can be corrected here; whole objects and places are written over the API.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date

from landschap.registers.models import ObjectType, Property
from landschap.registers.questions import Found
from landschap.vocabulary.ijson import JsonValue

PREFIX = "waarde."
_TRUE, _FALSE = ("ja", "yes"), ("nee", "no")


def correctable(kind: ObjectType, paths: Sequence[str]) -> list[Property]:
    """The doubted properties that hold one plain value each; empty when they are of two groups."""
    found = [
        kind.properties[path]
        for path in paths
        if path in kind.properties and _plain_type(kind.properties[path])
    ]
    return found if len({prop.group for prop in found}) == 1 else []


def typed_values(
    props: Sequence[Property], form: Mapping[str, str]
) -> dict[str, JsonValue] | set[str]:
    """The values that were typed, as the model has them; names of those that can not be read."""
    values: dict[str, JsonValue] = {}
    wrong: set[str] = set()
    for prop in props:
        text = form.get(PREFIX + prop.name, "").strip()
        if not text:
            continue
        value = _read(_plain_type(prop), text)
        if value is None:
            wrong.add(prop.name)
        values[prop.name] = value
    return wrong or values


def correction_body(
    kind: ObjectType,
    found: Found,
    values: Mapping[str, JsonValue],
    why: Mapping[str, str],
    day: date,
) -> bytes:
    """The body of a correction around a day: what is known of the group, with other values."""
    group = kind.properties[next(iter(values))].group
    names = {prop.name for prop in kind.content_properties() if prop.group == group}
    content = {name: value for name, value in found.content.items() if name in names}
    body: dict[str, JsonValue] = {
        "dag": day.isoformat(),
        "inhoud": {**content, **values},
        "reden": why["reden"][:500],
        "document": why["document"],
    }
    if len(kind.groups) > 1:
        body["groep"] = group
    return json.dumps(body).encode()


def _plain_type(prop: Property) -> str:
    """The type of a property that holds one plain value, else empty."""
    given = prop.schema.get("type")
    types = [each for each in (given if isinstance(given, list) else [given]) if each != "null"]
    plain = types in (["string"], ["integer"], ["number"], ["boolean"])
    return str(types[0]) if plain and prop.geometry is None else ""


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
