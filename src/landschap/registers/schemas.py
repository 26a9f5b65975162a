# SPDX-License-Identifier: EUPL-1.2
"""Checking a value against the part of JSON Schema that information models use.

A model that uses a keyword outside this part is refused when it is read, so no rule of a model
is ever silently skipped.
Source: JSON Schema 2020-12, "Validation".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import parse_day, parse_moment

Schema = Mapping[str, JsonValue]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ANNOTATIONS = frozenset(
    {"$schema", "$id", "$comment", "title", "description", "examples", "deprecated"}
)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a value, and where: a JSON Pointer into it."""

    pointer: str
    message: str


def unknown_keywords(schema: Schema, pointer: str = "") -> Iterator[Fault]:
    """The keywords and types of a schema that `faults` could not check."""
    for keyword, value in schema.items():
        if keyword in ANNOTATIONS or keyword.startswith("x-"):
            continue
        if keyword not in _RULES and keyword not in ("properties", "items"):
            yield Fault(f"{pointer}/{keyword}", "is not a keyword we can check")
        elif keyword == "properties" and isinstance(value, Mapping):
            for name, inner in value.items():
                if isinstance(inner, Mapping):
                    yield from unknown_keywords(inner, f"{pointer}/properties/{name}")
        elif keyword == "items" and isinstance(value, Mapping):
            yield from unknown_keywords(value, f"{pointer}/items")
        elif keyword == "type" and not set(_as_list(value)) <= set(_TYPES):
            yield Fault(f"{pointer}/type", f"is none of {', '.join(_TYPES)}")
        elif keyword == "format" and value not in _FORMATS:
            yield Fault(f"{pointer}/format", f"is none of {', '.join(_FORMATS)}")
        elif keyword == "additionalProperties" and value is not False:
            yield Fault(f"{pointer}/additionalProperties", "can only be false")


def faults(value: JsonValue, schema: Schema, pointer: str = "") -> Iterator[Fault]:
    """Everything that is wrong with a value, all at once."""
    for keyword, rule in _RULES.items():
        if keyword in schema:
            message = rule(value, schema[keyword], schema)
            if message:
                yield Fault(pointer, message)
                if keyword == "type":
                    return
    yield from _inner_faults(value, schema, pointer)


def _inner_faults(value: JsonValue, schema: Schema, pointer: str) -> Iterator[Fault]:
    properties, items = schema.get("properties"), schema.get("items")
    if isinstance(value, Mapping) and isinstance(properties, Mapping):
        for name, inner in properties.items():
            if name in value and isinstance(inner, Mapping):
                yield from faults(value[name], inner, f"{pointer}/{name}")
    elif isinstance(value, list) and isinstance(items, Mapping):
        for position, item in enumerate(value):
            yield from faults(item, items, f"{pointer}/{position}")


Rule = Callable[[JsonValue, JsonValue, Schema], str]


def _type(value: JsonValue, wanted: JsonValue, _: Schema) -> str:
    names = [str(name) for name in _as_list(wanted)]
    if any(_TYPES[name](value) for name in names):
        return ""
    return f"must be {' or '.join(names)}"


def _is_integer(value: JsonValue) -> bool:
    if isinstance(value, bool):
        return False
    return isinstance(value, int) or (isinstance(value, float) and value.is_integer())


_TYPES: Mapping[str, Callable[[JsonValue], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "integer": _is_integer,
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, Mapping),
}


def _is_date(text: str) -> bool:
    try:
        parse_day(text)
    except InvalidValue:
        return False
    return True


def _is_moment(text: str) -> bool:
    try:
        parse_moment(text)
    except InvalidValue:
        return False
    return text[-1:] in "Zz" or text[-6:-5] in ("+", "-")


_FORMATS: Mapping[str, Callable[[str], bool]] = {"date": _is_date, "date-time": _is_moment}


def _format(value: JsonValue, wanted: JsonValue, _: Schema) -> str:
    if isinstance(value, str) and not _FORMATS[str(wanted)](value):
        return f"is not a {wanted}"
    return ""


def _pattern(value: JsonValue, wanted: JsonValue, _: Schema) -> str:
    if isinstance(value, str) and not re.search(str(wanted), value):
        return f"does not match {wanted}"
    return ""


def _enum(value: JsonValue, wanted: JsonValue, _: Schema) -> str:
    allowed = _as_list(wanted)
    if value in allowed:
        return ""
    return f"must be one of {', '.join(map(str, allowed))}"


def _const(value: JsonValue, wanted: JsonValue, _: Schema) -> str:
    return "" if value == wanted else f"must be {wanted}"


def _bound(measure: Callable[[JsonValue], float | None], sign: int, words: str) -> Rule:
    def rule(value: JsonValue, wanted: JsonValue, _: Schema) -> str:
        size = measure(value)
        if size is None or not isinstance(wanted, int | float):
            return ""
        return f"{words} {wanted}" if sign * (size - wanted) < 0 else ""

    return rule


def _number(value: JsonValue) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _length(value: JsonValue) -> float | None:
    return len(value) if isinstance(value, str) else None


def _count(value: JsonValue) -> float | None:
    return len(value) if isinstance(value, list) else None


def _required(value: JsonValue, wanted: JsonValue, _: Schema) -> str:
    if not isinstance(value, Mapping):
        return ""
    missing = [str(name) for name in _as_list(wanted) if name not in value]
    return f"lacks {', '.join(missing)}" if missing else ""


def _nothing_else(value: JsonValue, _: JsonValue, schema: Schema) -> str:
    properties = schema.get("properties")
    if not isinstance(value, Mapping) or not isinstance(properties, Mapping):
        return ""
    unknown = sorted(set(value) - set(properties))
    return f"has unknown members {', '.join(unknown)}" if unknown else ""


def _unique(value: JsonValue, wanted: JsonValue, _: Schema) -> str:
    if wanted and isinstance(value, list) and any(v in value[:i] for i, v in enumerate(value)):
        return "holds the same item twice"
    return ""


_RULES: Mapping[str, Rule] = {
    "type": _type,
    "enum": _enum,
    "const": _const,
    "format": _format,
    "pattern": _pattern,
    "minimum": _bound(_number, 1, "must be at least"),
    "maximum": _bound(_number, -1, "must be at most"),
    "minLength": _bound(_length, 1, "is shorter than"),
    "maxLength": _bound(_length, -1, "is longer than"),
    "minItems": _bound(_count, 1, "has fewer items than"),
    "maxItems": _bound(_count, -1, "has more items than"),
    "uniqueItems": _unique,
    "required": _required,
    "additionalProperties": _nothing_else,
}


def _as_list(value: JsonValue) -> Sequence[JsonValue]:
    return value if isinstance(value, list) else [value]
