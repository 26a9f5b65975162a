# SPDX-License-Identifier: EUPL-1.2
"""Cutting JSON to the permitted fields. Source: RFC 8259, RFC 7493 (I-JSON)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from landschap.gateway.holding.places import ITEM, Node, Shape
from landschap.gateway.holding.trimming import Cut, Unreadable
from landschap.vocabulary.ijson import InvalidJson, JsonValue, loads

_MAX_DEPTH = 64


class _Gone:
    """What of a value is left when nothing is."""


_GONE: Final = _Gone()


def cut_answer(body: bytes, shapes: Sequence[Shape], cut: Cut) -> bytes:
    """The body with what is permitted. Raises Unreadable."""
    value = _read(body)
    for shape in shapes:
        if _is_there(value, shape.container):
            kept = _cut(value, shape.root, cut)
            return msgspec.json.encode({} if isinstance(kept, _Gone) else kept)
    raise Unreadable("the answer holds no records at any declared place")


def cut_question(body: bytes, root: Node, cut: Cut) -> bytes:
    """The body as it was understood; what is not declared counts as stopped. Raises Unreadable."""
    kept = _cut(_read(body), root, cut)
    return msgspec.json.encode({} if isinstance(kept, _Gone) else kept)


def _read(body: bytes) -> JsonValue:
    try:
        return loads(body, max_bytes=len(body), max_depth=_MAX_DEPTH)
    except InvalidJson:
        # Its message may repeat a part of the body.
        raise Unreadable("it is not proper JSON") from None


def _is_there(value: JsonValue, steps: Sequence[str]) -> bool:
    if not steps:
        return True
    first, rest = steps[0], steps[1:]
    if isinstance(value, Mapping):
        return first in value and _is_there(value[first], rest)
    if isinstance(value, list) and first == ITEM:
        return not value or any(_is_there(item, rest) for item in value)
    return False


def _cut(value: JsonValue, node: Node, cut: Cut) -> JsonValue | _Gone:
    if node.is_ignored:
        return _GONE
    if node.is_leaf:
        return _leaf(value, node, cut)
    if node.is_record:
        return _record(value, node, cut)
    if isinstance(value, Mapping):
        return _members(value, node, cut) or _GONE
    if isinstance(value, list):
        return _items(value, node, cut)
    if value is None:
        return _GONE
    raise Unreadable("a single value stands where an object or list was declared")


def _leaf(value: JsonValue, node: Node, cut: Cut) -> JsonValue | _Gone:
    if isinstance(value, Mapping | list):
        raise Unreadable("an object or list stands where a single value was declared")
    if not cut.meet(node, value):
        return _GONE
    left = cut.obliged(node, value)
    return _GONE if left is None and value is not None else left


def _record(value: JsonValue, node: Node, cut: Cut) -> JsonValue | _Gone:
    if value is None:
        return _GONE
    if not isinstance(value, Mapping):
        raise Unreadable("a record is not an object")
    before = cut.enter_record()
    members = _members(value, node, cut)
    return members if cut.leave_record(before) else _GONE


def _members(value: Mapping[str, JsonValue], node: Node, cut: Cut) -> dict[str, JsonValue]:
    kept: dict[str, JsonValue] = {}
    for name, member in value.items():
        # A member that is called * is not an item of a list.
        child = None if name == ITEM else node.children.get(name)
        if child is None:
            cut.stopped += _leaves(member)
            continue
        left = _cut(member, child, cut)
        if not isinstance(left, _Gone):
            kept[name] = left
    return kept


def _items(value: Sequence[JsonValue], node: Node, cut: Cut) -> JsonValue | _Gone:
    child = node.children.get(ITEM)
    if child is None:
        if node.children:
            raise Unreadable("a list stands where an object was declared")
        cut.stopped += _leaves(value)
        return _GONE
    left = [item for each in value if not isinstance(item := _cut(each, child, cut), _Gone)]
    # An empty list tells of what was in it, unless it came empty and was permitted.
    return left if left or (not value and _may_hold(child, cut)) else _GONE


def _may_hold(node: Node, cut: Cut) -> bool:
    """True when something permitted can stand here. A list of records never tells that it was."""
    if node.is_record:
        return False
    below = any(_may_hold(each, cut) for each in node.children.values())
    return node.field in cut.permitted or below


def _leaves(value: JsonValue) -> int:
    """How many values are left out with this one; an empty object or list counts as one."""
    if isinstance(value, Mapping):
        return sum(_leaves(each) for each in value.values()) or 1
    if isinstance(value, list):
        return sum(_leaves(each) for each in value) or 1
    return 1
