# SPDX-License-Identifier: EUPL-1.2
"""What records say, taken apart one by one: for a sealed log, that no database can look into.

Each follows the statement of the same question (`store.counting`, `store.reached`,
`store.incident`) member by member, so that a sealed and an open log give equal answers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple, cast

import msgspec

from landschap.logboek.records import Kind, Record
from landschap.vocabulary.ijson import JsonValue

_DELIVERED = ("delivered", "partial")
_DOORS = {"fsc-peer": "Inway", "application": "Outway", "employee": "console"}
_REQUEST, _RESPONSE = "adl.core.request", "adl.core.response"


class Use(NamedTuple):
    """One use of something in one permitted question; named as in `store.UseCount`."""

    what: str
    name: str | None
    door: str
    policy: str
    purpose: str
    service: str
    who: str
    grant: str


class Delivered(NamedTuple):
    """One line about somebody of whom something was delivered."""

    own: JsonValue
    direction: str | None
    delegator: str | None
    purpose: str


class Shown(NamedTuple):
    """What a permitted decision showed, and which of our own people asked."""

    fields: tuple[str | None, ...]
    user: str | None


def uses_in(record: Record) -> Iterator[tuple[Use, bool]]:
    """What the decision of a record used, and whether it was asked for (else given unasked).

    What was only asked to be explained was not carried out, and used nothing.
    """
    adl = at(content_of(record), "adl")
    if record.columns.kind not in (Kind.FSC, Kind.ADL) or _has(at(adl, "attributes"), _EXPLAIN):
        return
    for request, response in _decisions(at(adl, "body")):
        context = at(response, "context")
        if at(response, "decision") is True and _has(context, "policy"):
            yield from _uses(record.columns.peer, request, response)


def delivered_in(record: Record) -> Delivered | None:
    """What a line about somebody tells of a delivery; None when nothing was delivered."""
    columns = record.columns
    if columns.kind != Kind.LINE or columns.subject is None:
        return None
    own = at(content_of(record), "landschap")
    if text(own, "outcome") not in _DELIVERED:
        return None
    purpose = text(own, "purpose_uri") or ""
    return Delivered(own, text(own, "direction"), text(own, "delegator_oin"), purpose)


def shown_in(record: Record) -> Shown | None:
    """The fields that a permitted decision showed; None for another decision."""
    body = at(content_of(record), "adl", "body")
    if at(body, _RESPONSE, "decision") is not True:
        return None
    subject = at(body, _REQUEST, "subject")
    kind, user = text(subject, "type"), None
    if kind == "application":
        user = text(subject, "properties", "user")
    elif kind == "employee":
        user = text(subject, "id")
    return Shown(texts(at(body, _RESPONSE, "context", "visible")), user)


def content_of(record: Record) -> JsonValue:
    """What a record says; None of one that holds a null character, which no database reads.

    Raises NotOpened.
    """
    said = record.text()
    return None if b"\\u0000" in said else cast("JsonValue", msgspec.json.decode(said))


def at(value: JsonValue, *path: str) -> JsonValue:
    """The member at this path, None when there is none."""
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def text(value: JsonValue, *path: str) -> str | None:
    """The member at this path as PostgreSQL gives it as text."""
    found = at(value, *path)
    if found is None or isinstance(found, str):
        return found
    return json.dumps(_in_order(found), ensure_ascii=False)


def texts(value: JsonValue) -> tuple[str | None, ...]:
    """The texts of a list, in order of their code points; none of what is no list."""
    if not isinstance(value, list):
        return ()
    found = [text(each) for each in value]
    return tuple(sorted(found, key=lambda each: (each is None, each or "")))


_EXPLAIN = "landschap.explain"


def _decisions(body: JsonValue) -> Iterator[tuple[JsonValue, JsonValue]]:
    """Each question of a call with its answer; it may leave out what the call says for all."""
    request, response = at(body, _REQUEST), at(body, _RESPONSE)
    if not _has(response, "evaluations"):
        yield request, response
        return
    answers, asked = at(response, "evaluations"), at(request, "evaluations")
    items = asked if isinstance(asked, list) else []
    for place, answer in enumerate(answers if isinstance(answers, list) else []):
        item = items[place] if place < len(items) else None
        own = item if isinstance(item, Mapping) else {}
        yield {**request, **own} if isinstance(request, Mapping) else None, answer


def _uses(peer: str | None, req: JsonValue, resp: JsonValue) -> Iterator[tuple[Use, bool]]:
    kind, who = _who(peer, req)
    purpose = (
        text(resp, "context", "purpose"),
        text(req, "context", "purpose"),
        text(req, "context", "doelbinding"),
    )
    policy = cast("str", text(resp, "context", "policy"))
    where = (
        _DOORS.get(kind or "", "decision point"),
        policy,
        next((each for each in purpose if each is not None), ""),
        text(req, "resource", "id") or "",
        who,
    )
    yield Use("question", "", *where, text(req, "context", "grant_hash") or ""), True
    yield Use("action", text(req, "action", "name") or "", *where, ""), True
    for role in _roles(at(req, "subject", "properties")):
        yield Use("role", role, *where, ""), True
    is_named = isinstance(at(req, "resource", "properties", "fields"), list)
    for path in texts(at(resp, "context", "visible")):
        yield Use("field", path, *where, ""), is_named


def _who(peer: str | None, req: JsonValue) -> tuple[str | None, str]:
    """The kind of asker, and its name as it is told: of an employee only that it is one."""
    kind, given = text(req, "subject", "type"), text(req, "subject", "id") or ""
    organisation = (
        text(req, "context", "delegator"), peer, text(req, "context", "client_principal"),
    )  # fmt: skip
    behalf = next((each for each in organisation if each is not None), "")
    if kind == "fsc-peer":
        return kind, behalf
    if kind == "employee":
        return kind, "employees"
    if kind is not None and (kind == "application" or kind.endswith("/fsc-peer")):
        return kind, given
    return kind, behalf if kind is not None and kind.endswith("/doelbinding") else "own"


def _roles(properties: JsonValue) -> tuple[str | None, ...]:
    if _has(properties, "roles"):
        return texts(at(properties, "roles"))
    role = text(properties, "role")
    return () if role == "" else (role,)


def _has(value: JsonValue, name: str) -> bool:
    """True when an object has this member, or a list this text."""
    if isinstance(value, Mapping | list):
        return name in value
    return value == name


def _in_order(value: JsonValue) -> JsonValue:
    """Members in the order in which PostgreSQL keeps them: by length, then by code point."""
    if isinstance(value, Mapping):
        names = sorted(value, key=lambda each: (len(each.encode()), each.encode()))
        return {name: _in_order(value[name]) for name in names}
    return [_in_order(each) for each in value] if isinstance(value, list) else value
