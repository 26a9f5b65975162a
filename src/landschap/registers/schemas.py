# SPDX-License-Identifier: EUPL-1.2
"""Checking values against JSON Schema, and telling what is wrong in one form: field and rule.

The rules are those of the library jsonschema-rs; the words are ours and never hold the value, as
that may be personal data. A model may use the keywords in `KEYWORDS`: with fewer forms every model
is a table with groups, and no rule of a model is ever silently skipped.
Source: JSON Schema 2020-12, "Validation".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from jsonschema_rs import Draft202012Validator, ValidationError

from landschap.registers.periods import IncompleteDate
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.mistakes import did_you_mean
from landschap.vocabulary.times import parse_day, parse_moment

Schema = Mapping[str, JsonValue]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ANNOTATIONS = frozenset(
    {"$schema", "$id", "$comment", "title", "description", "examples", "deprecated"}
)
TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")
# Enough to repair a text by; a hostile one does not cost more than these.
MAX_FAULTS = 100
_MAX_SHOWN = 40
_MAX_SIZE = 2000


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a value, and where: a JSON Pointer into it."""

    pointer: str
    message: str


def unknown_keywords(schema: Schema, pointer: str = "") -> Iterator[Fault]:
    """The keywords, types and formats of a schema that no model may use, with the nearest."""
    for keyword, value in schema.items():
        if keyword in ANNOTATIONS or keyword.startswith("x-"):
            continue
        if keyword not in KEYWORDS:
            hint = did_you_mean(keyword, KEYWORDS | ANNOTATIONS)
            yield Fault(f"{pointer}/{keyword}", f"is not a keyword we can check{hint}")
        elif keyword == "type":
            yield from _unknown_types(value, f"{pointer}/type")
        elif keyword == "format" and value not in FORMATS:
            hint = did_you_mean(str(value), FORMATS)
            yield Fault(f"{pointer}/format", f"is none of {', '.join(FORMATS)}{hint}")
        elif keyword == "additionalProperties" and value is not False:
            yield Fault(f"{pointer}/additionalProperties", "can only be false")
    for path, inner in inner_schemas(schema, pointer):
        yield from unknown_keywords(inner, path)


def _unknown_types(value: JsonValue, pointer: str) -> Iterator[Fault]:
    for name in as_list(value):
        if name not in TYPES:
            hint = did_you_mean(str(name), TYPES)
            yield Fault(pointer, f"is none of {', '.join(TYPES)}{hint}")


def inner_schemas(schema: Schema, pointer: str = "") -> Iterator[tuple[str, Schema]]:
    """The schemas directly below one, each with its pointer: of members and of items."""
    properties, items = schema.get("properties"), schema.get("items")
    if isinstance(properties, Mapping):
        for name, inner in properties.items():
            if isinstance(inner, Mapping):
                yield f"{pointer}/properties/{name}", inner
    if isinstance(items, Mapping):
        yield f"{pointer}/items", items


def schema_faults(schema: Schema) -> Iterator[Fault]:
    """What makes a schema unusable itself, such as a pattern that can not be read."""
    try:
        _compiled(_Same(schema))
    except ValidationError as error:
        yield Fault(_pointer(error.instance_path), _of_schema(error))
    except ValueError as error:
        yield Fault("", str(error).splitlines()[0])


def _of_schema(error: ValidationError) -> str:
    if error.kind.name == "format":
        return "is no pattern that can be read"
    return error.message.removeprefix(f"{error.instance!r} ")


def faults(value: JsonValue, schema: Schema, pointer: str = "") -> Iterator[Fault]:
    """Everything that is wrong with a value, at most a hundred things, all at once."""
    validator = _compiled(_Same(schema))
    try:
        if validator.is_valid(value):
            return
        errors = _errors(validator, value)
    except ValueError:
        # Only what is no plain JSON inside, such as a mapping of another kind, gets here.
        yield from faults(_plain(value), schema, pointer)
        return
    yield from _told(errors, schema, pointer)


def _errors(validator: Draft202012Validator, value: JsonValue) -> list[ValidationError]:
    """The first faults of a value. The library finds all before it gives one, so that of a large
    value only the very first is asked for.
    """
    if _size(value, _MAX_SIZE) < _MAX_SIZE:
        return list(islice(validator.iter_errors(value), MAX_FAULTS))
    try:
        validator.validate(value)
    except ValidationError as error:
        return [error]
    return []


def _size(value: JsonValue, most: int) -> int:
    """How many values there are in one, counted no further than ``most``."""
    counted, waiting = 0, [value]
    while waiting and counted < most:
        counted += 1
        each = waiting.pop()
        if isinstance(each, Mapping):
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
    return counted


class _Same:
    """A schema by what it is, not what it says: comparing two would cost more than checking."""

    __slots__ = ("schema",)

    def __init__(self, schema: Schema) -> None:
        self.schema = schema

    def __hash__(self) -> int:
        return id(self.schema)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.schema is self.schema


# As many as a large organisation has types and groups; the cache keeps its schemas alive, so that
# no other one can take their place in memory.
@lru_cache(maxsize=2048)
def _compiled(same: _Same) -> Draft202012Validator:
    plain = {name: _plain(value) for name, value in same.schema.items()}
    return Draft202012Validator(plain, formats=_OWN_FORMATS, validate_formats=True, offline=True)


def _told(errors: Sequence[ValidationError], schema: Schema, pointer: str) -> Iterator[Fault]:
    """Errors in our words: one per rule and place, and where the type is wrong only that."""
    mistyped = {_pointer(e.instance_path) for e in errors if e.kind.name == "type"}
    seen = set()
    for error in errors:
        rule, place = error.kind.name, _pointer(error.instance_path)
        if (place, rule) in seen or (rule != "type" and place in mistyped):
            continue
        seen.add((place, rule))
        message = _WORDS.get(rule, _other)(error, _rule_of(error, schema))
        yield Fault(pointer + place, message)


def _rule_of(error: ValidationError, schema: Schema) -> JsonValue:
    """What the schema says at the keyword that failed."""
    found: JsonValue = schema
    for step in error.schema_path:
        found = found[step] if isinstance(found, Mapping | list) else None  # type: ignore[index]  # steps fit
    return found


def _required(error: ValidationError, wanted: JsonValue) -> str:
    there = error.instance if isinstance(error.instance, Mapping) else {}
    return f"lacks {', '.join(str(name) for name in as_list(wanted) if name not in there)}"


def _nothing_else(error: ValidationError, _: JsonValue) -> str:
    return f"has unknown members {', '.join(sorted(error.kind.as_dict()['unexpected']))}"


def _enum(_: ValidationError, wanted: JsonValue) -> str:
    allowed = [str(value) for value in as_list(wanted)]
    more = len(allowed) - _MAX_SHOWN
    told = ", ".join(allowed[:_MAX_SHOWN])
    return f"must be one of {told}" + (f" and {more} more" if more > 0 else "")


def _other(error: ValidationError, _: JsonValue) -> str:
    return f"breaks the rule {error.kind.name}"


def _said(words: str) -> Callable[[ValidationError, JsonValue], str]:
    return lambda _, wanted: f"{words} {wanted}"


_WORDS: Mapping[str, Callable[[ValidationError, JsonValue], str]] = {
    "type": lambda _, wanted: f"must be {' or '.join(str(name) for name in as_list(wanted))}",
    "enum": _enum,
    "const": _said("must be"),
    "format": _said("is not a"),
    "pattern": _said("does not match"),
    "minimum": _said("must be at least"),
    "maximum": _said("must be at most"),
    "exclusiveMinimum": _said("must be more than"),
    "exclusiveMaximum": _said("must be less than"),
    "multipleOf": _said("must be a multiple of"),
    "minLength": _said("is shorter than"),
    "maxLength": _said("is longer than"),
    "minItems": _said("has fewer items than"),
    "maxItems": _said("has more items than"),
    "uniqueItems": lambda _error, _wanted: "holds the same item twice",
    "required": _required,
    "additionalProperties": _nothing_else,
}
KEYWORDS = frozenset({*_WORDS, "properties", "items"})


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


def _is_incomplete_date(text: str) -> bool:
    """A day of which the end may be unknown: 1980-07-00. Source: Logisch Ontwerp BRP, 2.3."""
    try:
        return str(IncompleteDate.parse(text)) == text
    except InvalidValue:
        return False


_OWN_FORMATS: dict[str, Callable[[str], bool]] = {
    "date": _is_date,
    "date-time": _is_moment,
    "onvolledige-datum": _is_incomplete_date,
}
# The others are the library's own.
FORMATS = (*_OWN_FORMATS, "uri", "email", "uuid")


def _pointer(path: Sequence[str | int]) -> str:
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)


def _plain(value: JsonValue) -> JsonValue:
    """The same in the classes the library reads."""
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value


def as_list(value: JsonValue) -> Sequence[JsonValue]:
    """A keyword that holds one or several, as several."""
    return value if isinstance(value, list) else [value]
