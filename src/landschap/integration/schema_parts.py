# SPDX-License-Identifier: EUPL-1.2
"""The parts that the JSON Schema of a declaration is made of."""

from __future__ import annotations

from landschap.vocabulary.ijson import JsonValue

Schema = dict[str, JsonValue]
TEXT: Schema = {"type": "string", "minLength": 1}
TEXTS: Schema = {"type": "array", "minItems": 1, "items": TEXT}


def an_object(properties: Schema, *required: str) -> Schema:
    """A mapping with these members and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def one_of(words: tuple[str, ...], default: str | None = None) -> Schema:
    """One of a closed list of words."""
    found: Schema = {"type": "string", "enum": list(words)}
    return found if default is None else {**found, "default": default}


def whole(low: int, high: int, default: int) -> Schema:
    """A whole number between two bounds, both included."""
    return {"type": "integer", "minimum": low, "maximum": high, "default": default}
