# SPDX-License-Identifier: EUPL-1.2
"""A line as another application gives it, in JSON: read strictly, nothing repaired.

    read_lines   an array, one object, or JSON lines     -> values
    read_given   one value                               -> Given

Read is the form of the standard as it is now; the names of the two forms before it are taken as
well and mean the same (`operation_id`, `status_code`).
Source: Logboek Dataverwerkingen, "Interface".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

import msgspec

from landschap.vocabulary.ijson import InvalidJson, JsonValue, loads

MAX_LINES = 1000
MAX_BYTES = 4_000_000
_MAX_DEPTH = 16
_MAX_MILLISECONDS = 253_402_300_799_999  # the last moment of the year 9999

Status = Literal["Unset", "Ok", "Error"]
Direction = Literal["own", "incoming", "outgoing"]
_STATUSES: Mapping[JsonValue, Status] = {
    "Unset": "Unset", "Ok": "Ok", "Error": "Error",
    "STATUS_CODE_UNKNOWN": "Unset", "STATUS_CODE_UNSET": "Unset",
    "STATUS_CODE_OK": "Ok", "STATUS_CODE_ERROR": "Error",
    0: "Unset", 1: "Ok", 2: "Error",
}  # fmt: skip
_OLD_NAMES = {
    "operation_id": "span_id",
    "parent_operation_id": "parent_span_id",
    "status_code": "status",
}
_MEMBERS = {
    "trace_id", "span_id", "parent_span_id", "status", "name", "start_time", "end_time",
    "resource", "attributes",
}  # fmt: skip


class InvalidLine(Exception):
    """A line that may not stand in the log.

    ``rule`` is a word for the rule, ``place`` the member it is about, ``span`` the span in
    hexadecimals when it could be read. Nothing of what was given stands in the message.
    """

    def __init__(self, rule: str, detail: str, place: str = "", span: str = "") -> None:
        super().__init__(detail)
        self.rule = rule
        self.detail = detail
        self.place = place
        self.span = span


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """One line as it was given.

    Moments in milliseconds since 1970. ``raw`` is all that was given, also what is not kept.
    """

    trace_id: bytes
    span_id: bytes
    parent: bytes | None
    status: Status
    name: str
    started: int
    ended: int
    attributes: Mapping[str, JsonValue]
    resource: Mapping[str, JsonValue]
    raw: JsonValue
    direction: Direction | None = None


def read_lines(body: bytes, *, by_line: bool) -> list[JsonValue]:
    """The values in a body: an array or one object, or one object per line of text.

    Raises InvalidLine for what is no JSON, holds none, or holds too many.
    """
    try:
        if by_line:
            whole = [part for part in body.splitlines() if part.strip()]
            _refuse_many(len(whole))
            values: JsonValue = [_value(part) for part in whole]
        else:
            values = _value(body)
    except InvalidJson as error:
        raise InvalidLine("not_json", str(error)) from None
    found = values if isinstance(values, list) else [values]
    _refuse_many(len(found))
    return found


def read_given(value: JsonValue) -> Given:
    """One line. Raises InvalidLine, which names the member and the rule."""
    if not isinstance(value, Mapping):
        raise InvalidLine("not_an_object", "a line is a JSON object")
    members = _renamed(value)
    span = members.get("span_id")
    try:
        return _given(members, value)
    except InvalidLine as error:
        if isinstance(span, str) and re.fullmatch("[0-9a-f]{16}", span):
            error.span = span
        raise


def _given(members: Mapping[str, JsonValue], raw: JsonValue) -> Given:
    status = members.get("status", "Unset")
    if isinstance(status, bool) or not isinstance(status, str | int) or status not in _STATUSES:
        raise InvalidLine("status_unknown", "status is Unset, Ok or Error", "status")
    resource = _object(members, "resource").get("attributes", {})
    if not isinstance(resource, Mapping):
        raise InvalidLine("not_an_object", "resource.attributes is an object", "resource")
    parent = members.get("parent_span_id")
    name = members.get("name", "")
    if not isinstance(name, str):
        raise InvalidLine("not_a_text", "name is a text", "name")
    return Given(
        trace_id=_identifier(members.get("trace_id"), 16, "trace_id"),
        span_id=_identifier(members.get("span_id"), 8, "span_id"),
        # An empty one stands in printed examples of the standard, and means none.
        parent=None if parent in (None, "") else _identifier(parent, 8, "parent_span_id"),
        status=_STATUSES[status],
        name=name,
        started=_moment(members, "start_time"),
        ended=_moment(members, "end_time"),
        attributes=_object(members, "attributes"),
        resource=resource,
        raw=raw,
    )


def _value(data: bytes) -> JsonValue:
    return loads(data, max_bytes=MAX_BYTES, max_depth=_MAX_DEPTH, storable=True)


def _refuse_many(count: int) -> None:
    if not 1 <= count <= MAX_LINES:
        raise InvalidLine("line_count", f"a request holds 1 to {MAX_LINES} lines, not {count}")


def _renamed(value: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    members: dict[str, JsonValue] = {}
    for name, item in value.items():
        known = _OLD_NAMES.get(name, name)
        if known not in _MEMBERS:
            raise InvalidLine("member_unknown", f"a line has no member {name[:60]!r}", name[:60])
        if known in members:
            raise InvalidLine("member_twice", f"{known} stands there twice, by two names", known)
        members[known] = item
    return members


def _object(members: Mapping[str, JsonValue], name: str) -> Mapping[str, JsonValue]:
    found = members.get(name, {})
    if not isinstance(found, Mapping):
        raise InvalidLine("not_an_object", f"{name} is an object", name)
    return found


def _identifier(value: JsonValue, size: int, name: str) -> bytes:
    if isinstance(value, str) and re.fullmatch(f"[0-9a-f]{{{2 * size}}}", value):
        found = bytes.fromhex(value)
        if any(found):
            return found
    wanted = f"{name} is {2 * size} hexadecimals in lower case, not all zero"
    raise InvalidLine("identifier", wanted, name)


def _moment(members: Mapping[str, JsonValue], name: str) -> int:
    value = members.get(name)
    if type(value) is not int or not 0 <= value <= _MAX_MILLISECONDS:
        raise InvalidLine("moment", f"{name} is a number of milliseconds since 1970", name)
    return value
