# SPDX-License-Identifier: EUPL-1.2
"""One operation, whole: what one sends, what comes back, and an example of each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from landschap.catalogue.reading.fields import Fields, fields_of
from landschap.catalogue.reading.outline import (
    Entry,
    listed,
    operations_of,
    table,
    text,
)
from landschap.catalogue.reading.sampling import given_example, sample_of
from landschap.catalogue.references import At, References
from landschap.vocabulary.ijson import JsonValue

_MOST = 60
_MOST_MEDIA = 8
_LONGEST_EXAMPLE = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter; ``where`` is path, query, header or cookie. ``example`` is as it is sent."""

    name: str
    where: str
    required: bool
    description: str
    deprecated: bool
    fields: Fields
    example: str
    is_given: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What is sent or comes back in one medium; the example is empty when there is none."""

    medium: str
    fields: Fields | None
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer that one may get, by its status."""

    status: str
    description: str
    headers: Sequence[tuple[str, str]]
    contents: Sequence[Content]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation. ``ways`` are the names of the security schemes of which one is needed, each
    possibly of more together; no ways at all: not said; an empty one: nothing is needed.
    """

    entry: Entry
    description: str
    parameters: Sequence[Parameter]
    body_required: bool
    bodies: Sequence[Content]
    replies: Sequence[Reply]
    ways: Sequence[Sequence[str]]


def read_operation(value: JsonValue, slug: str) -> Operation | None:
    """The operation of this name; None when there is none."""
    references = References(value)
    for entry, _, (item, at) in operations_of(references):
        if entry.slug == slug:
            return _operation(references, entry, item, at)
    return None


def every_operation(value: JsonValue, most: int) -> Iterator[Operation]:
    """All operations in their order, at most so many."""
    references = References(value)
    for entry, _, (item, at) in islice(operations_of(references), most):
        yield _operation(references, entry, item, at)


def read_schema(value: JsonValue, name: str) -> tuple[Fields, str] | None:
    """The fields of a schema and an example of it; None when there is none of this name."""
    references = References(value)
    at = references.down(references.root, "components", "schemas", name)
    if at is None:
        return None
    return fields_of(references, at), _written(sample_of(references, at))


def _operation(references: References, entry: Entry, item: At, at: At) -> Operation:
    told = table(at.value)
    body = references.child(at, "requestBody")
    replies = references.child(at, "responses")
    security = told.get("security", table(references.root.value).get("security"))
    return Operation(
        entry=entry,
        description=text(told.get("description")),
        parameters=list(_parameters(references, item, at)),
        body_required=body is not None and table(body.value).get("required") is True,
        bodies=_contents(references, body),
        replies=[
            _reply(references, status, each)
            for status, each in (references.children(replies) if replies else ())
        ][:_MOST],
        ways=[list(table(each))[:5] for each in listed(security)][:10],
    )


def _parameters(references: References, item: At, at: At) -> Iterator[Parameter]:
    """Those of the operation, and those of its path that it does not say itself."""
    known: set[tuple[str, str]] = set()
    for where in (at, item):
        every = references.child(where, "parameters")
        for _, each in references.children(every) if every else ():
            told = table(each.value)
            key = (text(told.get("name")), text(told.get("in")))
            if not key[0] or key in known or len(known) >= _MOST:
                continue
            known.add(key)
            yield _parameter(references, each, told, key)


def _parameter(
    references: References, at: At, told: Mapping[str, JsonValue], key: tuple[str, str]
) -> Parameter:
    schema = references.child(at, "schema") or At({}, (*at.place, "schema"))
    given = given_example(told) or given_example(table(schema.value))
    sample = given[0] if given else sample_of(references, schema)
    return Parameter(
        name=key[0],
        where=key[1],
        required=told.get("required") is True or key[1] == "path",
        description=text(told.get("description") or table(schema.value).get("description")),
        deprecated=told.get("deprecated") is True,
        fields=fields_of(references, schema),
        example=_sent(sample),
        is_given=given is not None,
    )


def _reply(references: References, status: str, at: At) -> Reply:
    headers = references.child(at, "headers")
    return Reply(
        status=status[:20],
        description=text(table(at.value).get("description")),
        headers=[
            (name[:200], text(table(each.value).get("description")))
            for name, each in (references.children(headers) if headers else ())
        ][:_MOST],
        contents=_contents(references, at),
    )


def _contents(references: References, at: At | None) -> list[Content]:
    every = references.child(at, "content") if at is not None else None
    found: list[Content] = []
    for medium, each in references.children(every) if every else ():
        if len(found) == _MOST_MEDIA:
            break
        schema = references.child(each, "schema")
        given = _given(references, each)
        value = given or ((sample_of(references, schema),) if schema else None)
        found.append(
            Content(
                medium=medium[:200],
                fields=fields_of(references, schema) if schema is not None else None,
                example=_written(value[0]) if value else "",
            )
        )
    return found


def _given(references: References, medium: At) -> tuple[JsonValue] | None:
    """The example of a medium; those in components are followed."""
    told = table(medium.value)
    if "example" in told:
        return (told["example"],)
    every = references.child(medium, "examples")
    for _, each in references.children(every) if every else ():
        if "value" in table(each.value):
            return (table(each.value)["value"],)
    return None


def _written(value: JsonValue) -> str:
    if isinstance(value, str):
        return value[:_LONGEST_EXAMPLE]
    return json.dumps(value, ensure_ascii=False, indent=2)[:_LONGEST_EXAMPLE]


def _sent(value: JsonValue) -> str:
    """A value as it stands in an address or header; a list with commas."""
    if isinstance(value, list):
        return ",".join(map(_sent, value))[:500]
    if isinstance(value, str):
        return " ".join(value.split())[:500]
    return "" if value is None else json.dumps(value, ensure_ascii=False)[:500]
