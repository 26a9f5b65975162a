# SPDX-License-Identifier: EUPL-1.2
"""A JSON Schema of our model files: editors complete and check annotations while one writes.

Made from the same table that the checks use, so the two can not differ.
"""

from __future__ import annotations

from collections.abc import Mapping

from landschap.registers.annotations import MODEL, ON_PROPERTY, ON_TYPE, ON_VALUE
from landschap.registers.derived_properties import DERIVED
from landschap.registers.deriving_checks import DERIVATION
from landschap.registers.model_checks import MAX_PROPERTIES, PATH
from landschap.registers.schemas import ANNOTATIONS, DIALECT, FORMATS, KEYWORDS, TYPES, Schema
from landschap.vocabulary.ijson import JsonValue

_VALUE_REF: Schema = {"$ref": "#/$defs/waarde"}


def model_schema() -> dict[str, JsonValue]:
    """The schema of a TYPE.schema.json."""
    members: Mapping[str, JsonValue] = {
        "type": "object",
        "maxProperties": MAX_PROPERTIES,
        "propertyNames": {"pattern": f"^{PATH.pattern}$"},
        "additionalProperties": {"$ref": "#/$defs/eigenschap"},
    }
    keywords = {name: _keyword(name) for name in sorted(KEYWORDS | ANNOTATIONS)}
    value: Mapping[str, JsonValue] = {**keywords, "$ref": {"type": "string"}, **ON_VALUE}
    return {
        "$schema": DIALECT,
        "$id": "https://landschap.example/modellen/model.schema.json",
        "title": "Informatiemodel: een objecttype van een register",
        "type": "object",
        # A type that specialises another has its identification there.
        "required": ["$schema", "title", "x-titel-en", "type", "properties", "x-versie"],
        "additionalProperties": False,
        "properties": {
            "$id": {"type": "string"},
            "$comment": {"type": "string"},
            "description": {"type": "string"},
            "required": _keyword("required"),
            "$defs": {"type": "object", "additionalProperties": dict(_VALUE_REF)},
            **{name: rule for name, rule in _own(MODEL).items() if name not in ON_TYPE},
            **ON_TYPE,
            "properties": members,
        },
        "$defs": {
            "waarde": {"type": "object", "additionalProperties": False, "properties": value},
            "eigenschap": {
                "type": "object",
                "additionalProperties": False,
                "required": ["title", "x-titel-en", "x-persoonsgegeven"],
                "properties": {**value, **ON_PROPERTY, DERIVED: DERIVATION},
            },
        },
    }


def _own(schema: Schema) -> Schema:
    properties = schema["properties"]
    return properties if isinstance(properties, Mapping) else {}


def _keyword(name: str) -> JsonValue:
    """What may stand at a keyword of JSON Schema."""
    if name == "type":
        one: Schema = {"enum": list(TYPES)}
        return {"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]}
    if name == "format":
        return {"enum": list(FORMATS)}
    if name == "additionalProperties":
        return {"const": False}
    if name == "properties":
        return {"type": "object", "additionalProperties": dict(_VALUE_REF)}
    if name == "items":
        return dict(_VALUE_REF)
    kinds: Mapping[str, str] = {
        "required": "array", "enum": "array", "examples": "array", "deprecated": "boolean",
        "uniqueItems": "boolean", "title": "string", "description": "string", "pattern": "string",
    }  # fmt: skip
    if name in kinds:
        return {"type": kinds[name]}
    return {"type": "number"} if name[:3] in ("min", "max", "exc", "mul") else {}
