# SPDX-License-Identifier: EUPL-1.2
"""YAML with line numbers, read strictly: no anchors, no duplicate keys, no surprise types.

Keys stay the text that was written (``1012`` is "1012", ``no`` is "no"). Values are text, whole
numbers, booleans or nothing; a date stays text. What a reader takes from a `Block` is checked
there; what nobody took is an unknown key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import yaml
from yaml.reader import ReaderError

from landschap.integration.mistakes import Report, nearest
from landschap.vocabulary.ijson import JsonValue

MAX_CHARACTERS = 400_000
_MAX_DEPTH = 12
Scalar = str | int | float | bool | None
_PLAIN_TYPES = {
    "tag:yaml.org,2002:int": int,
    "tag:yaml.org,2002:float": float,
}
_BOOLEANS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Node:
    """A value and the line it stands on; mappings keep the line of each key."""

    line: int
    value: Scalar | tuple[Node, ...] | Mapping[str, Node]


def read_tree(text: str, report: Report) -> Node:
    """The tree of one YAML document. Mistakes go to the report; raises DeclarationError when
    there is no tree at all.
    """
    if len(text) > MAX_CHARACTERS:
        report.add(1, "file", f"{len(text)} characters; at most {MAX_CHARACTERS} are read")
        report.close()
    try:
        if "*" in text and _has_alias(text):
            report.add(1, "file", "anchors and aliases (& and *) are not used here; write it out")
            report.close()
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        report.add(mark.line + 1 if mark else 1, "file", f"not YAML: {error.problem}")
        report.close()
        raise
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        sign = f"U+{ord(text[error.position]):04X}"
        report.add(line, "file", f"holds a character that can not be seen ({sign}); take it out")
        report.close()
        raise
    except RecursionError:
        report.add(1, "file", f"nested deeper than {_MAX_DEPTH} levels")
        report.close()
        raise
    if root is None:
        report.add(1, "file", "the file is empty")
        report.close()
    assert root is not None  # noqa: S101  # close() raised
    return _node(root, report, 0)


def _has_alias(text: str) -> bool:
    """True when something is written once and meant twice; looked at before a tree is made."""
    return any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader))


def _node(raw: yaml.Node, report: Report, depth: int) -> Node:
    line = raw.start_mark.line + 1
    if depth > _MAX_DEPTH:
        report.add(line, "file", f"nested deeper than {_MAX_DEPTH} levels")
        return Node(line, None)
    if isinstance(raw, yaml.MappingNode):
        return Node(line, _mapping(raw, report, depth))
    if isinstance(raw, yaml.SequenceNode):
        return Node(line, tuple(_node(item, report, depth + 1) for item in raw.value))
    return Node(line, _scalar(raw))


def _mapping(raw: yaml.MappingNode, report: Report, depth: int) -> dict[str, Node]:
    found: dict[str, Node] = {}
    for key, value in raw.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            report.add(line, "file", "a key must be one word, not a list or mapping")
            continue
        if key.value in found:
            report.add(line, key.value, "stands twice in one mapping")
            continue
        found[key.value] = _node(value, report, depth + 1)
    return found


def _scalar(raw: yaml.Node) -> Scalar:
    text: str = raw.value
    if raw.tag == "tag:yaml.org,2002:null":
        return None
    if raw.tag == "tag:yaml.org,2002:bool":
        return _BOOLEANS.get(text.lower(), text)  # yes, no, on, off stay text
    kind = _PLAIN_TYPES.get(raw.tag)
    try:
        value = kind(text) if kind else text
    except ValueError:
        return text
    # 0057, 0x10, 1_000 and 12:30: YAML reads other numbers in them, we keep what was written
    return value if str(value) == text else text


def plain(node: Node | None) -> JsonValue:
    """A tree as plain JSON; None for what is not there."""
    if node is None:
        return None
    if isinstance(node.value, Mapping):
        return {name: plain(inner) for name, inner in node.value.items()}
    if isinstance(node.value, tuple):
        return [plain(inner) for inner in node.value]
    return node.value


class Block:
    """One mapping while it is read; each key is taken once, what is left is a mistake."""

    def __init__(self, report: Report, path: str, node: Node) -> None:
        self.report = report
        self.path = path
        self.line = node.line
        self._taken: set[str] = set()
        self._members: Mapping[str, Node] = {}
        if isinstance(node.value, Mapping):
            self._members = node.value
        else:
            report.add(node.line, path or "file", "must be a mapping: key: value")

    def __contains__(self, key: str) -> bool:
        return key in self._members

    def names(self) -> tuple[str, ...]:
        """The keys as they stand in the file."""
        return tuple(self._members)

    def holds_mapping(self, name: str) -> bool:
        """True when the member is a mapping itself."""
        node = self._members.get(name)
        return node is not None and isinstance(node.value, Mapping)

    def key(self, name: str) -> str:
        """The full dotted name of a member, for messages."""
        return f"{self.path}.{name}" if self.path else name

    def line_of(self, name: str) -> int:
        """The line of a member, or of the mapping when it is absent."""
        return self._members[name].line if name in self._members else self.line

    def line_at(self, path: tuple[str, ...]) -> int:
        """The line of a nested key (a list item by its number), or of its nearest ancestor."""
        line = self.line
        members: Scalar | tuple[Node, ...] | Mapping[str, Node] = self._members
        for part in path:
            if isinstance(members, Mapping) and part in members:
                node = members[part]
            elif isinstance(members, tuple) and part.isdigit() and int(part) < len(members):
                node = members[int(part)]
            else:
                break
            line, members = node.line, node.value
        return line

    def take(self, name: str, *, required: bool = False) -> Node | None:
        """The member, or None; an absent required member is a mistake."""
        self._taken.add(name)
        node = self._members.get(name)
        if required and (node is None or node.value is None):
            self.report.add(self.line, self.key(name), "is missing")
            return None
        return node if node is not None and node.value is not None else None

    def text(self, name: str, default: str | None = None) -> str:
        """A text; numbers keep the way they were written only when quoted, so those are refused."""
        node = self.take(name, required=default is None)
        if node is None:
            return default or ""
        if not isinstance(node.value, str) or not node.value.strip():
            self.report.add(node.line, self.key(name), "must be text; put numbers in quotes")
            return default or ""
        return node.value

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number between two bounds, both included."""
        node = self.take(name)
        if node is None:
            return default
        number = node.value
        if not isinstance(number, int) or isinstance(number, bool) or not low <= number <= high:
            self.report.add(
                node.line, self.key(name), f"must be a whole number from {low} to {high}"
            )
            return default
        return number

    def flag(self, name: str) -> bool:
        """True or false; absent is false."""
        node = self.take(name)
        if node is None:
            return False
        if not isinstance(node.value, bool):
            self.report.add(node.line, self.key(name), "must be true or false")
            return False
        return node.value

    def choice(self, name: str, valid: tuple[str, ...], default: str | None = None) -> str:
        """One of a closed list of words."""
        found = self.text(name, default)
        if found and found not in valid:
            self.report.unknown(self.line_of(name), self.key(name), "value", found, valid)
            # Read on as if the nearest was meant, so that one slip is not told as many.
            return next(iter(nearest(found, valid)), default or valid[0])
        return found or valid[0]

    def texts(self, name: str, *, required: bool = True) -> tuple[str, ...]:
        """A list of texts, at least one."""
        node = self.take(name, required=required)
        if node is None:
            return ()
        if not isinstance(node.value, tuple) or not node.value:
            self.report.add(node.line, self.key(name), "must be a list: [one, two]")
            return ()
        found = tuple(item.value for item in node.value if isinstance(item.value, str))
        if len(found) != len(node.value):
            self.report.add(node.line, self.key(name), "must hold text only")
        return found

    def block(self, name: str, *, required: bool = False) -> Block | None:
        """A mapping inside this one."""
        node = self.take(name, required=required)
        return Block(self.report, self.key(name), node) if node is not None else None

    def items(self, name: str) -> tuple[Node, ...]:
        """The items of a list; absent is empty."""
        node = self.take(name)
        if node is None:
            return ()
        if not isinstance(node.value, tuple):
            self.report.add(node.line, self.key(name), "must be a list")
            return ()
        return node.value

    def named(self) -> Iterator[tuple[str, Block]]:
        """All members of this mapping, each itself a mapping."""
        for name, node in self._members.items():
            self._taken.add(name)
            yield name, Block(self.report, self.key(name), node)

    def close(self, *known: str) -> None:
        """Note every member that nobody took; ``known`` adds names for the hint."""
        for name, node in self._members.items():
            if name not in self._taken:
                self.report.unknown(node.line, self.key(name), "key", name, {*self._taken, *known})
