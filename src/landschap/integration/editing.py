# SPDX-License-Identifier: EUPL-1.2
"""One part of a declaration (a field, a source, a link) changed in its text: all other text stays
as somebody wrote it.

Comments, order, quotes and spaces are those of the writer; only what the part says is put in place.
What comes out is read again, and must differ in that part alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from landschap.integration.mistakes import DeclarationError, Report
from landschap.integration.yamltree import plain, read_tree

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
_NO_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
_ORDER = ("uit", "zet_om", "wint", "strikt")
SOURCES, LINKS = "bronnen", "koppelingen"
_BLOCKS: Mapping[str, type[Any]] = {"velden": dict, SOURCES: dict, LINKS: list}


class NotEditable(ValueError):
    """A text in which this field can not be put by machine; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldText:
    """What a field says, each part as YAML in one line; an empty part is not written.

    ``path`` is the name under its list, when ``within`` names one.
    """

    path: str
    within: str = ""
    parts: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartText:
    """What a source or link says: of its keys only these are put in place, in this order.

    ``block`` is that of the file; a part of ``koppelingen`` is known by its ``naam``. An empty
    value takes the key out; what is not named stays.
    """

    block: str
    name: str
    parts: Mapping[str, str]


def flow(value: Any) -> str:
    """A value as YAML in one line, the way people write it here."""
    if isinstance(value, Mapping):
        return (
            "{" + ", ".join(f"{flow(str(key))}: {flow(each)}" for key, each in value.items()) + "}"
        )
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    text = str(value)
    if _WORD.fullmatch(text) and text.lower() not in _NO_WORDS:
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def with_field(text: str, field: FieldText) -> str:
    """The text with this field in it: changed where it is, added at the end where it is not.

    Raises NotEditable.
    """
    before = _read(text)
    owner = _owner(text, field.within)
    if owner is None:
        if field.within:
            raise NotEditable(f"there is no list {field.within}")
        made = f"{_ended(text)}velden:\n  {flow(field.path)}: {_whole(field)}\n"
    else:
        found = _member(owner, field.path)
        if found is None:
            made = _added(text, owner, flow(field.path), _whole(field))
        else:
            made = _changed(text, found[1], field)
    _only_this(before, _read(made), field)
    return made


def without_field(text: str, path: str, within: str = "") -> str:
    """The text without a field. Raises NotEditable, also for the last one there is."""
    before = _read(text)
    owner = _owner(text, within)
    found = _member(owner, path) if owner is not None else None
    if owner is None or found is None:
        raise NotEditable(f"there is no field {path}")
    if len(owner.value) == 1:
        raise NotEditable("it is the only field; a source without fields is none")
    made = _removed(text, owner, *found)
    _only_this(before, _read(made), FieldText(path=path, within=within, parts={}))
    return made


def with_part(text: str, part: PartText) -> str:
    """The text with this source or link in it: changed where it is, added at the end of its block
    where it is not. Raises NotEditable.
    """
    before = _read(text)
    node = _node(text, part)
    if node is not None:
        if not isinstance(node, yaml.MappingNode):
            raise NotEditable(f"{part.block}.{part.name} is written in another way")
        made = text
        for key, wanted in part.parts.items():
            node = _node(made, part)
            assert isinstance(node, yaml.MappingNode)  # noqa: S101  # it was, and one key changed
            made = _with_part(made, node, key, wanted)
    else:
        made = _new_part(text, part)
    _only_that(before, _read(made), part)
    return made


def without_part(text: str, block: str, name: str) -> str:
    """The text without a source or link. Raises NotEditable, also for the last source."""
    before = _read(text)
    part = PartText(block=block, name=name, parts={})
    owner, node = _block(text, block), _node(text, part)
    if owner is None or node is None:
        raise NotEditable(f"there is no {block}.{name}")
    if len(owner.value) == 1 and block == SOURCES:
        raise NotEditable("it is the only source")
    if isinstance(owner, yaml.MappingNode):
        key = next(one for one, each in owner.value if each is node or one.value == name)
        made = _removed(text, owner, key, node)
    elif len(owner.value) == 1:
        top = yaml.compose(text, Loader=yaml.SafeLoader)
        assert isinstance(top, yaml.MappingNode)  # noqa: S101  # a block was found in it
        found = _member(top, block)
        assert found is not None  # noqa: S101  # the same
        made = _removed(text, top, *found)
    else:
        made = _item_removed(text, owner, node)
    _only_that(before, _read(made), part, is_removal=True)
    return made


def _block(text: str, name: str) -> yaml.MappingNode | yaml.SequenceNode | None:
    top: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    found = _member(top, name) if isinstance(top, yaml.MappingNode) else None
    node = found[1] if found else None
    return node if isinstance(node, yaml.MappingNode | yaml.SequenceNode) else None


def _node(text: str, part: PartText) -> yaml.Node | None:
    owner = _block(text, part.block)
    if isinstance(owner, yaml.MappingNode):
        found = _member(owner, part.name)
        return found[1] if found else None
    for item in owner.value if owner is not None else ():
        named = _member(item, "naam") if isinstance(item, yaml.MappingNode) else None
        if named is not None and named[1].value == part.name:
            return item  # type: ignore[no-any-return]  # yaml has no types for items
    return None


def _new_part(text: str, part: PartText) -> str:
    said = ", ".join(f"{key}: {value}" for key, value in part.parts.items() if value)
    owner = _block(text, part.block)
    if owner is None:
        whole = f"- {{{said}}}" if part.block == LINKS else f"{flow(part.name)}: {{{said}}}"
        return f"{_ended(text)}{part.block}:\n  {whole}\n"
    if isinstance(owner, yaml.MappingNode):
        return _added(text, owner, flow(part.name), f"{{{said}}}")
    if owner.flow_style:
        at = _end(owner) - 1
        before = text[:at].rstrip().removesuffix(",") if owner.value else text[:at]
        return f"{before}{', ' if owner.value else ''}{{{said}}}{text[at:]}"
    at = _line_end(text, _end(owner))
    # Where the first item has its hyphen.
    indent = " " * int(owner.start_mark.column)
    return f"{text[:at]}\n{indent}- {{{said}}}{text[at:] or chr(10)}"


def _item_removed(text: str, owner: yaml.SequenceNode, node: yaml.Node) -> str:
    begin, end = _start(node), _end(node)
    if owner.flow_style:
        after = re.match(r"\s*,\s*", text[end:])
        if after:
            return text[:begin] + text[end + after.end() :]
        return re.sub(r"\s*,\s*$", "", text[:begin]) + text[end:]
    line, last = text.rfind("\n", 0, begin) + 1, _line_end(text, end)
    if text[line:begin].strip() != "-" or re.search(r"(?:^|\s)#", text[begin:last]):
        raise NotEditable("something is said beside it, which would be lost")
    return text[:line] + text[last + 1 :]


def _only_that(before: Any, after: Any, part: PartText, *, is_removal: bool = False) -> None:
    """Raises NotEditable when more than this part differs, or it does not say what was asked."""
    former, said = _part_taken(before, part), _part_taken(after, part)
    wanted = dict(former) if isinstance(former, dict) else {}
    for key, value in part.parts.items():
        wanted.pop(key, None)
        if value:
            wanted[key] = _said(value)
    if before != after or (said is not None if is_removal else said != wanted):
        raise NotEditable("this file is written in a way in which it can only be changed as text")


def _part_taken(tree: Any, part: PartText) -> Any:
    """Take a part out of a tree; gives what it said, None when it is not there."""
    block = tree.get(part.block)
    if not block:
        tree.pop(part.block, None)
        return None
    if isinstance(block, dict):
        found = block.pop(part.name, None)
    else:
        place = next((n for n, each in enumerate(block) if each.get("naam") == part.name), None)
        found = None if place is None else block.pop(place)
    if not block:
        tree.pop(part.block)
    return found


def _read(text: str) -> Any:
    try:
        tree = plain(read_tree(text, Report("file")))
    except DeclarationError as error:
        raise NotEditable(error.mistakes[0].message) from None
    if not isinstance(tree, dict):
        raise NotEditable("the file is written in another way")
    for name, kind in _BLOCKS.items():
        block = tree.get(name) or kind()
        is_block = isinstance(block, kind)
        if not is_block or (kind is list and not all(isinstance(each, dict) for each in block)):
            raise NotEditable(f"{name} is written in another way")
    return tree


def _said(value: str) -> Any:
    try:
        return yaml.safe_load(value)
    except yaml.YAMLError:
        raise NotEditable("a value holds a character that can not be seen") from None


def _whole(field: FieldText) -> str:
    parts = [f"{key}: {field.parts[key]}" for key in _ORDER if field.parts.get(key)]
    return "{" + ", ".join(parts) + "}"


def _owner(text: str, within: str) -> yaml.MappingNode | None:
    """The mapping in which fields stand: that of the file, or of one list."""
    node: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    for name in ("velden", *((within, "velden") if within else ())):
        found = _member(node, name) if isinstance(node, yaml.MappingNode) else None
        node = found[1] if found else None
    return node if isinstance(node, yaml.MappingNode) else None


def _member(owner: yaml.MappingNode, name: str) -> tuple[yaml.Node, yaml.Node] | None:
    return next((pair for pair in owner.value if pair[0].value == name), None)


def _start(node: yaml.Node) -> int:
    return int(node.start_mark.index)


def _end(node: yaml.Node) -> int:
    """Where a value ends; that of a block ends with its last part, not where the next begins."""
    if not isinstance(node, yaml.CollectionNode) or node.flow_style or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    return _end(last[1] if isinstance(last, tuple) else last)


def _line_end(text: str, at: int) -> int:
    found = text.find("\n", at)
    return len(text) if found < 0 else found


def _ended(text: str) -> str:
    return text if text.endswith("\n") or not text else f"{text}\n"


def _added(text: str, owner: yaml.MappingNode, key: str, value: str) -> str:
    if owner.flow_style:
        at = _end(owner) - 1
        comma = ", " if owner.value else ""
        before = text[:at].rstrip().removesuffix(",") if owner.value else text[:at]
        return f"{before}{comma}{key}: {value}{text[at:]}"
    at = _line_end(text, _end(owner))
    indent = " " * int(owner.start_mark.column)
    return f"{text[:at]}\n{indent}{key}: {value}{text[at:] or chr(10)}"


def _changed(text: str, node: yaml.Node, field: FieldText) -> str:
    if not isinstance(node, yaml.MappingNode):
        return f"{text[: _start(node)]}{_whole(field)}{text[_end(node) :]}"
    for key in _ORDER:
        owner = _owner(text, field.within)
        found = _member(owner, field.path) if owner is not None else None
        assert found is not None  # noqa: S101  # it was there, and a part of it changed
        value = found[1]
        assert isinstance(value, yaml.MappingNode)  # noqa: S101  # the same
        text = _with_part(text, value, key, field.parts.get(key, ""))
    return text


def _with_part(text: str, owner: yaml.MappingNode, key: str, wanted: str) -> str:
    found = _member(owner, key)
    if found is None:
        return _added(text, owner, key, wanted) if wanted else text
    if not wanted:
        return _removed(text, owner, *found)
    name, value = found
    if _plain_of(text[_start(value) : _end(value)], value) == _said(wanted):
        return text
    kept = _comments(text, name, value)
    if not kept:
        return f"{text[: _start(value)]}{wanted}{text[_end(value) :]}"
    # What was said beside its items goes on top of it.
    begin = text.rfind("\n", 0, _start(name)) + 1
    indent = " " * int(name.start_mark.column)
    above = "".join(f"{indent}{each}\n" for each in kept)
    tail = text[_line_end(text, _end(value)) :]
    return f"{text[:begin]}{above}{text[begin : _end(name)]}: {wanted}{tail}"


def _plain_of(text: str, node: yaml.Node) -> Any:
    indent = " " * int(node.start_mark.column)
    return yaml.safe_load(indent + text)


def _removed(text: str, owner: yaml.MappingNode, name: yaml.Node, value: yaml.Node) -> str:
    begin, end = _start(name), _end(value)
    if owner.flow_style:
        after = re.match(r"\s*,\s*", text[end:])
        if after:
            return text[:begin] + text[end + after.end() :]
        return re.sub(r"\s*,\s*$", "", text[:begin]) + text[end:]
    line = text.rfind("\n", 0, begin) + 1
    last = _line_end(text, end)
    said = text[end:last].strip()
    rest = text[last + 1 :] if last < len(text) else ""
    kept = [*_comments(text, name, value)]
    if said and said not in kept[-1:]:
        kept.append(said)
    if text[line:begin].strip():
        raise NotEditable("it stands on one line with something else")
    above = "".join(f"{text[line:begin]}{each}\n" for each in kept)
    return text[:line] + above + rest


def _comments(text: str, name: yaml.Node, value: yaml.Node) -> Sequence[str]:
    """What is said between a key and the end of its value; beside its last line for a block."""
    begin, end = _end(name), _end(value)
    if isinstance(value, yaml.CollectionNode) and not value.flow_style:
        end = _line_end(text, end)
    shown = list(text[begin:end])
    for leaf in _leaves(value):
        for at in range(_start(leaf) - begin, min(_end(leaf) - begin, len(shown))):
            shown[at] = "x"
    masked = "".join(shown)
    return [
        text[begin + each.start(1) : begin + each.end(1)].rstrip()
        for each in re.finditer(r"(?:^|(?<=\s))(#[^\n]*)", masked)
    ]


def _leaves(node: yaml.Node) -> Sequence[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [leaf for pair in node.value for part in pair for leaf in _leaves(part)]
    if isinstance(node, yaml.SequenceNode):
        return [leaf for part in node.value for leaf in _leaves(part)]
    return [node]


def _only_this(before: Any, after: Any, field: FieldText) -> None:
    """Raises NotEditable when more than this field differs, or it does not say what was asked."""
    _, said = _taken(before, field), _taken(after, field)
    wanted = {key: _said(part) for key, part in field.parts.items() if part}
    told = {key: said.get(key) for key in _ORDER if said and key in said}
    if before != after or told != wanted:
        raise NotEditable("this file is written in a way in which it can only be changed as text")


def _taken(tree: Any, field: FieldText) -> Any:
    """Take a field out of a tree; gives what it said."""
    fields = tree.setdefault("velden", {})
    if field.within:
        fields = fields[field.within]["velden"]
    return fields.pop(field.path, {})
