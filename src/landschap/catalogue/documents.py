# SPDX-License-Identifier: EUPL-1.2
"""Reading an OpenAPI document: JSON or YAML as plain values, and the line on which a place stands.

YAML is read as JSON would have it (its core schema of version 1.2): a day stays a text, ``no`` is
no falsehood. Documents come from strangers, so everything has a bound: bytes, depth, and how much
aliases may multiply. What can not be read is refused with a reason that has a name.
Source: YAML 1.2.2, "Core schema"; OpenAPI 3.1.0, "Format".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import yaml

from landschap.vocabulary.ijson import JsonValue

MAX_BYTES = 50_000_000
# YAML is read far slower than JSON, and no description of an API needs aliases to be long.
MAX_BYTES_WITH_ALIASES = 2_000_000
MAX_VALUES = 2_000_000
MAX_DEPTH = 200

Place = tuple[str, ...]


class UnreadableDocument(ValueError):
    """A document that can not be read; ``code`` is stable, ``line`` from 1, or 0 when unknown."""

    def __init__(self, code: str, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.line = line


@dataclass(frozen=True, slots=True)
class Repeated:
    """A key that stands twice in one object, or is no text; ``place`` is where."""

    place: Place
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document as plain values. ``odd`` are keys that readers may take in different ways."""

    value: JsonValue
    node: yaml.Node
    odd: Sequence[Repeated] = ()

    def line_of(self, place: Sequence[str]) -> int:
        """The line, from 1, of a place or of the nearest one around it that exists."""
        node = self.node
        line = node.start_mark.line
        for step in place:
            found = _inside(node, step)
            if found is None:
                break
            node, line = found
        return int(line) + 1


def read_document(raw: bytes) -> Document:
    """The document.

    Raises UnreadableDocument, whose code is one of ``too_large``, ``not_utf8``, ``aliases`` (they
    would multiply), ``too_deep``, ``syntax`` and ``no_object``.
    """
    if len(raw) > MAX_BYTES:
        raise UnreadableDocument("too_large", f"more than {MAX_BYTES:,} bytes")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableDocument("not_utf8", f"byte {error.start} is not UTF-8") from None
    if len(raw) > MAX_BYTES_WITH_ALIASES and _ALIAS.search(text):
        raise UnreadableDocument(
            "aliases", f"aliases in a document of more than {MAX_BYTES_WITH_ALIASES:,} bytes"
        )
    if text.lstrip().startswith("{"):
        text = _PAIR.sub(_one_sign, text)
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark else 0
        raise UnreadableDocument("syntax", error.problem or "is no YAML", line) from None
    except yaml.YAMLError as error:
        raise UnreadableDocument("syntax", str(error).partition("\n")[0]) from None
    except RecursionError:
        raise UnreadableDocument("too_deep", "too many levels inside each other") from None
    if not isinstance(node, yaml.MappingNode):
        raise UnreadableDocument("no_object", "a description of an API is an object")
    if _written_out(node, {}, 0) > MAX_VALUES:
        raise UnreadableDocument("aliases", f"it holds more than {MAX_VALUES:,} values")
    reader = _Reader()
    value = reader.value(node, (), 0)
    return Document(value=value, node=node, odd=tuple(reader.odd))


_Loader: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_ALIAS = re.compile(r"(?:^|[\s\[{,:-])\*[A-Za-z0-9_-]+", re.MULTILINE)
# JSON writes a sign beyond the first 65,536 as two escapes, which YAML does not know.
_PAIR = re.compile(
    r"(?<!\\)((?:\\\\)*)\\u([dD][89aAbB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})"
)
_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_CONSTANTS: dict[str, JsonValue] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


def _one_sign(found: re.Match[str]) -> str:
    high, low = int(found[2], 16), int(found[3], 16)
    return f"{found[1]}{chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))}"


def _written_out(node: yaml.Node, known: dict[int, int], depth: int) -> int:
    """How many values a node holds when each alias in it is written out.

    An alias is the very node it names, so each node is counted once. Raises UnreadableDocument.
    """
    if id(node) in known:
        return known[id(node)]
    if depth > MAX_DEPTH:
        raise UnreadableDocument(
            "too_deep", f"more than {MAX_DEPTH} levels inside each other", _line(node)
        )
    inner: list[yaml.Node] = []
    if isinstance(node, yaml.MappingNode):
        inner = [value for _, value in node.value]
    elif isinstance(node, yaml.SequenceNode):
        inner = node.value
    # A node that holds itself never ends.
    known[id(node)] = MAX_VALUES + 1
    known[id(node)] = 1 + sum(_written_out(each, known, depth + 1) for each in inner)
    return known[id(node)]


class _Reader:
    """Nodes as values; an alias counts as often as it is used."""

    def __init__(self) -> None:
        self.odd: list[Repeated] = []

    def value(self, node: yaml.Node, place: Place, depth: int) -> JsonValue:
        if depth > MAX_DEPTH:
            raise UnreadableDocument(
                "too_deep", f"more than {MAX_DEPTH} levels inside each other", _line(node)
            )
        if isinstance(node, yaml.MappingNode):
            return self._object(node, place, depth)
        if isinstance(node, yaml.SequenceNode):
            return [
                self.value(each, (*place, str(number)), depth + 1)
                for number, each in enumerate(node.value)
            ]
        assert isinstance(node, yaml.ScalarNode)  # noqa: S101  # there is no fourth kind
        return _scalar(node)

    def _object(self, node: yaml.MappingNode, place: Place, depth: int) -> JsonValue:
        made: dict[str, JsonValue] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise UnreadableDocument("syntax", "a key is a text", _line(key_node))
            key = str(key_node.value)
            inner = (*place, key)
            if not key_node.style and not isinstance(_scalar(key_node), str):
                self.odd.append(Repeated(inner, f"the key {key} is no text; write it in quotes"))
            if key in made:
                self.odd.append(Repeated(inner, f"the key {key} stands twice"))
            made[key] = self.value(value_node, inner, depth + 1)
        return made


def _scalar(node: yaml.ScalarNode) -> JsonValue:
    text: str = node.value
    if node.style:  # quoted, or a block of text
        return text
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if len(text) < 40 and _INT.fullmatch(text):
        return int(text)
    if len(text) < 40 and _FLOAT.fullmatch(text):
        return float(text)
    return text


def _inside(node: yaml.Node, step: str) -> tuple[yaml.Node, int] | None:
    """The node below one, and the line on which its key stands."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == step:
                return value, key.start_mark.line
    elif isinstance(node, yaml.SequenceNode) and step.isdigit() and int(step) < len(node.value):
        found = node.value[int(step)]
        return found, found.start_mark.line
    return None


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
