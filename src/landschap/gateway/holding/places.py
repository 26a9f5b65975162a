# SPDX-License-Identifier: EUPL-1.2
"""Places in a question or an answer, and the tree that several of them make.

A place in JSON is a JSON Pointer in which ``*`` stands for every item of a list:
``/_embedded/personen/*/naam``. A place in XML names elements, and an attribute at its end, with
prefixes of ``[namespaces]``: ``/b:antwoord/b:persoon/b:naam`` or ``.../@b:soort``. The empty
place is the whole. A leaf holds one value, never an object: what may leave is named leaf by leaf.
Source: RFC 6901; Namespaces in XML 1.0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from landschap.gateway.holding.model import JSON, Hold

ITEM = "*"
_NAME = re.compile(r"(@?)(?:([A-Za-z_][\w.-]*):)?([A-Za-z_][\w.-]*)")
_MOST_STEPS = 40


class InvalidPlace(ValueError):
    """A text that is no place; the message says why."""


@dataclass(slots=True)
class Node:
    """One step of the tree: what stands below it, and what it is itself.

    ``field`` is the path of a field, empty for none. Only one of field, keep and ignore holds.
    """

    children: dict[str, Node] = field(default_factory=dict)
    field: str = ""
    is_kept: bool = False
    is_ignored: bool = False
    is_record: bool = False

    @property
    def is_leaf(self) -> bool:
        """True when a single value stands here."""
        return bool(self.field) or self.is_kept


@dataclass(frozen=True, slots=True)
class Shape:
    """A tree, and where the container of its records stands; empty for the whole."""

    root: Node
    container: tuple[str, ...]


def steps_of(place: str, form: str, namespaces: Mapping[str, str]) -> tuple[str, ...]:
    """The steps of one place. Raises InvalidPlace."""
    if place == "":
        return ()
    if not place.startswith("/"):
        raise InvalidPlace(f"{place[:80]!r} does not begin with /")
    parts = place[1:].split("/")
    if len(parts) > _MOST_STEPS:
        raise InvalidPlace(f"{place[:80]!r} has over {_MOST_STEPS} steps")
    if form == JSON:
        return tuple(_json_step(part, place) for part in parts)
    steps = tuple(_xml_step(part, place, namespaces) for part in parts)
    if any(step.startswith("@") for step in steps[:-1]):
        raise InvalidPlace(f"{place[:80]!r} goes on below an attribute")
    return steps


def answer_shapes(hold: Hold) -> tuple[Shape, ...]:
    """A tree per place of records, in their order. Raises InvalidPlace for what does not fit."""
    return tuple(_answer_shape(hold, record) for record in hold.records)


def question_shape(hold: Hold) -> Node:
    """The tree of a question's body. Raises InvalidPlace."""
    root = Node()
    for path, places in hold.searches.items():
        for place in places:
            if not place.startswith("?"):
                _add(root, _steps(hold, place), Node(field=path), place)
    for place in hold.free:
        if not place.startswith("?"):
            _add(root, _steps(hold, place), Node(is_kept=True), place)
    return root


def _answer_shape(hold: Hold, record: str) -> Shape:
    root, steps = Node(), _steps(hold, record)
    if hold.form != JSON and (not steps or steps[-1].startswith("@")):
        raise InvalidPlace("a record in XML is an element; name its place")
    _walk_to(root, steps, record).is_record = True
    for path, places in hold.fields.items():
        for place in places:
            _add(root, (*steps, *_steps(hold, place)), Node(field=path), record + place)
    for place in hold.keep:
        _add(root, _steps(hold, place), Node(is_kept=True), place)
    for place in hold.ignore:
        _add(root, _steps(hold, place), Node(is_ignored=True), place)
    is_list = hold.form == JSON and steps and steps[-1] == ITEM
    return Shape(root, steps[:-1] if is_list or hold.form != JSON else steps)


def _steps(hold: Hold, place: str) -> tuple[str, ...]:
    return steps_of(place, hold.form, hold.namespaces)


def _walk_to(root: Node, steps: Sequence[str], place: str) -> Node:
    node = root
    for step in steps:
        _refuse_below(node, step, place)
        node = node.children.setdefault(step, Node())
    return node


def _refuse_below(node: Node, step: str, place: str) -> None:
    """Below a value stands nothing, except the attribute of an element."""
    if node.is_ignored or (node.is_leaf and not step.startswith("@")):
        raise InvalidPlace(f"{place} goes on below a place that is a value itself")


def _add(root: Node, steps: Sequence[str], leaf: Node, place: str) -> None:
    if not steps:
        raise InvalidPlace("the whole is not a single value; name a place below it")
    parent = _walk_to(root, steps[:-1], place)
    _refuse_below(parent, steps[-1], place)
    known = parent.children.get(steps[-1])
    if known is None:
        parent.children[steps[-1]] = leaf
        return
    has_values_below = any(not step.startswith("@") for step in known.children)
    if known.is_leaf or known.is_ignored or known.is_record or has_values_below:
        same = (known.field, known.is_kept, known.is_ignored)
        if same != (leaf.field, leaf.is_kept, leaf.is_ignored):
            raise InvalidPlace(f"{place} is named for something else too")
        return
    leaf.children = known.children
    parent.children[steps[-1]] = leaf


def _json_step(part: str, place: str) -> str:
    if part == "" or re.search(r"~(?![01])", part):
        raise InvalidPlace(f"{place[:80]!r} is no JSON Pointer with a name in every step")
    return part.replace("~1", "/").replace("~0", "~")


def _xml_step(part: str, place: str, namespaces: Mapping[str, str]) -> str:
    found = _NAME.fullmatch(part)
    if found is None:
        raise InvalidPlace(f"{place[:80]!r}: {part[:40]!r} is no name, prefix:name or @name")
    mark, prefix, name = found.groups()
    if not prefix:
        return mark + name
    if prefix not in namespaces:
        known = ", ".join(sorted(namespaces)) or "none"
        raise InvalidPlace(f"{place[:80]!r}: prefix {prefix} is not in [namespaces] ({known})")
    return f"{mark}{{{namespaces[prefix]}}}{name}"
