# SPDX-License-Identifier: EUPL-1.2
"""A form about one operation, as somebody filled it in, made into a question.

The number of a person goes into the body. Where a description asks it in an address, that can not
be tried here: addresses are kept in logs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from landschap.catalogue.reading.calling import filled_path, filled_query
from landschap.catalogue.reading.operations import Content, Operation, Parameter
from landschap.catalogue.trying.ways import Way
from landschap.client.asking import Question
from landschap.vocabulary.identifiers import Bsn, InvalidValue
from landschap.vocabulary.ijson import JsonValue

FIELDS = "fields"
MOST_BODY = 10_000
_PERSON_KEYS = frozenset({"burgerservicenummer", "bsn"})
_DEEPEST = 8
_DIGITS = re.compile(r"(?<!\d)\d{9}(?!\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What somebody filled in: ``values`` by the key of a parameter, ``body`` as it was typed."""

    fields: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    person: str = ""
    case: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """What can not be sent: ``about`` a part of the form, and ``why`` as a key of its words."""

    about: str
    why: str


def keyed_parameters(operation: Operation) -> dict[str, Parameter]:
    """The parameters that are filled in by hand, each under a key for in a form.

    Not the choice of fields, and no cookies.
    """
    asked = (
        each
        for each in operation.parameters
        if each.where in {"path", "query", "header"} and not _is_choice(each)
    )
    return {f"p{number}": each for number, each in enumerate(asked, 1)}


def takes_fields(operation: Operation) -> bool:
    """True when one may choose fields."""
    return any(_is_choice(each) for each in operation.parameters)


def body_of(operation: Operation) -> Content | None:
    """What is sent as JSON; None when nothing is, or only in another form."""
    return next((each for each in operation.bodies if "json" in each.medium), None)


def takes_person(operation: Operation) -> bool:
    """True when the example of the body has a place for somebody's number."""
    content = body_of(operation)
    try:
        return content is not None and _has_person(json.loads(content.example), 0)
    except ValueError:
        return False


def question_of(
    operation: Operation, server: str, service: str, filled: Filled, way: Way | None
) -> Question | Fault:
    """The question that goes to the Outway; without a way it names no purpose."""
    every = keyed_parameters(operation)
    typed = {key: filled.values.get(key, "").strip() for key in every}
    for key, each in every.items():
        if each.where == "path" and not typed[key]:
            return Fault(key, "needed")
    given = [replace(each, example=typed[key]) for key, each in every.items() if typed[key]]
    body = _body(operation, filled)
    if isinstance(body, Fault):
        return body
    path = urlsplit(server).path.rstrip("/") + filled_path(operation.entry.path, given)
    return Question(
        service=way.grant.grant_hash.value if way else service,
        path=path + filled_query(given),
        purpose=way.purpose if way else "",
        action=way.action if way else "",
        method=operation.entry.method,
        fields=filled.fields,
        json=body,
        case=filled.case,
        headers={each.name: each.example for each in given if each.where == "header"},
    )


def persons_in(body: JsonValue) -> list[str]:
    """The numbers of persons that a body names, however deep; a key without one names nobody."""
    numbers = (_number(value) for value, is_person in _leaves(body) if is_person)
    return [each for each in numbers if each]


def numbers_sent(question: Question) -> list[str]:
    """All that may be the number of a person in what goes out: in the body under whatever name,
    and in the headers. A line too many in the log is better than one that lacks.
    """
    texts = [*question.headers.values(), *(str(value) for value, _ in _leaves(question.json))]
    found = (_number(each) for text in texts for each in _DIGITS.findall(text))
    return list(dict.fromkeys([*persons_in(question.json), *filter(None, found)]))


def _leaves(body: JsonValue) -> Iterator[tuple[JsonValue, bool]]:
    """Each value that holds no others, with whether it stands under a key of a person."""
    waiting = [(body, False)]
    while waiting:
        value, is_person = waiting.pop()
        if isinstance(value, dict):
            waiting += [(each, is_person or _is_person(key)) for key, each in value.items()]
        elif isinstance(value, list):
            waiting += [(each, is_person) for each in value]
        else:
            yield value, is_person


def _body(operation: Operation, filled: Filled) -> JsonValue | Fault:
    if body_of(operation) is None:
        return Fault("persoon", "no_place") if filled.person else None
    if len(filled.body) > MOST_BODY:
        return Fault("vraag", "too_long")
    if not filled.body.strip():
        return Fault("vraag", "needed") if operation.body_required else None
    try:
        body: JsonValue = json.loads(filled.body)
    except (ValueError, RecursionError):
        return Fault("vraag", "no_json")
    if not filled.person:
        return body
    if not _has_person(body, 0):
        return Fault("persoon", "no_place")
    return _with_person(body, filled.person, 0)


def _has_person(value: JsonValue, depth: int) -> bool:
    if depth > _DEEPEST:
        return False
    if isinstance(value, dict):
        return any(_is_person(key) or _has_person(inner, depth + 1) for key, inner in value.items())
    return isinstance(value, list) and any(_has_person(each, depth + 1) for each in value)


def _with_person(value: JsonValue, person: str, depth: int) -> JsonValue:
    if depth > _DEEPEST:
        return value
    if isinstance(value, list):
        return [_with_person(each, person, depth + 1) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _placed(inner, person) if _is_person(key) else _with_person(inner, person, depth + 1)
        for key, inner in value.items()
    }


def _placed(value: JsonValue, person: str) -> JsonValue:
    """One number, or a list of one where a list was."""
    return [person] if isinstance(value, list) else person


def _is_person(key: str) -> bool:
    return key.lower() in _PERSON_KEYS


def _number(value: JsonValue) -> str:
    try:
        return Bsn.parse(str(value)).value
    except InvalidValue:
        return ""


def _is_choice(parameter: Parameter) -> bool:
    return (parameter.where, parameter.name) == ("query", FIELDS)


def field_paths(
    operation: Operation, known: Sequence[str], *, is_told: bool = False
) -> dict[str, str]:
    """The fields one may choose with what they mean: those that are known of the service, else
    those that the description shows in its answer.

    ``is_told``: of those that are known only what the description shows as well, for who may read
    the one and not the other.
    """
    shown: dict[str, str] = {}
    for reply in operation.replies:
        for content in reply.contents if reply.status.startswith("2") else ():
            for row in content.fields.rows if content.fields and "json" in content.medium else ():
                shown.setdefault(row.path.replace("[]", "").strip("."), row.description)
    if not known:
        return shown
    found = {path: _meaning(path, shown) for path in known}
    return {path: words or "" for path, words in found.items() if words is not None or not is_told}


def _meaning(path: str, shown: Mapping[str, str]) -> str | None:
    """What the description says of a field, None when it does not show it; it may show it within
    something else.
    """
    within = (words for each, words in shown.items() if each.endswith(f".{path}"))
    return shown.get(path) or next(within, shown.get(path))
