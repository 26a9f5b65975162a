# SPDX-License-Identifier: EUPL-1.2
"""The files of a register with only what changes changed: comments, order and lay-out stay.

Lines are replaced in the table they stand in; a narrower field set comes after the one it narrows.
What comes out is read again and must be the register that was meant; else there is no result, and
the files must be written anew.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from landschap.purposes.files import parse_register
from landschap.purposes.model import FieldSet, Policy
from landschap.purposes.reading import RegisterError, lines_of_tables
from landschap.purposes.snapshot import Snapshot
from landschap.purposes.used.shrinking import Shrunk, Step
from landschap.purposes.writing import commented, quoted, toml_of

_POLICY, _SET = "beleidsregel", "veldenset"
_WIDTH = 100


class _Edit(NamedTuple):
    """Lines ``begin`` up to ``end`` (from 0) that become other lines."""

    begin: int
    end: int
    lines: Sequence[str]


class _Table(NamedTuple):
    """One table in a file: its place among the lines, and what stands in it."""

    file: str
    keys: Mapping[str, int]
    content: Mapping[str, object]


def edited(sources: Mapping[str, str], shrunk: Shrunk) -> dict[str, str] | None:
    """The files (name -> text) of the shrunk register, or None when they can not be edited so."""
    tables = _tables(sources)
    lines = {file: text.splitlines() for file, text in sources.items()}
    edits: dict[str, list[_Edit]] = {file: [] for file in sources}
    for step in shrunk.steps:
        found = _edits(step, tables, lines)
        if found is None:
            return None
        file, made = found
        edits[file] += made
    result = {file: _applied(lines[file], edits[file]) for file in sources}
    try:
        register = parse_register(result, shrunk.register.owner)
    except RegisterError:
        return None
    same = Snapshot(register).version == Snapshot(shrunk.register).version
    return result if same else None


def _tables(sources: Mapping[str, str]) -> dict[tuple[str, str], _Table]:
    """The policies and field sets by kind and name."""
    found: dict[tuple[str, str], _Table] = {}
    for file, text in sources.items():
        places = lines_of_tables(text, (_POLICY, _SET))
        content = tomllib.loads(text)
        for kind in (_POLICY, _SET):
            for keys, table in zip(places[kind], content.get(kind, ()), strict=False):
                name = str(table.get("id", ""))
                if kind == _SET:
                    name = f"{name}@{table.get('versie')}"
                found[kind, name] = _Table(file, keys, table)
    return found


def _edits(
    step: Step, tables: Mapping[tuple[str, str], _Table], lines: Mapping[str, list[str]]
) -> tuple[str, list[_Edit]] | None:
    name = (_POLICY, step.policy.id) if step.policy else (_SET, step.source)
    table = tables.get(name)
    if table is None:
        return None
    text = lines[table.file]
    made = (
        _policy_edits(table, text, step.policy)
        if step.policy
        else _set_edits(table, text, step.field_set, step.why)
    )
    return None if made is None else (table.file, made)


def _policy_edits(table: _Table, text: list[str], policy: Policy) -> list[_Edit] | None:
    wanted: dict[str, object] = {"versie": policy.version, "veldenset": policy.field_set}
    if policy.roles:
        wanted["rollen"] = policy.roles
    if policy.valid.until is not None:
        wanted["geldig_tot"] = policy.valid.until
    made = []
    for key, value in wanted.items():
        if _same(table.content.get(key), value):
            continue
        if key not in table.keys and key != "geldig_tot":
            return None
        # An end stands where the begin does.
        place = table.keys.get(key, table.keys.get("geldig_vanaf", 0)) - 1
        if place < 0:
            return None
        end = _end_of(text, place)
        if key in table.keys:
            made.append(_Edit(place, end, [_line(key, value, text[place:end])]))
        else:
            made.append(_Edit(end, end, [f"{key} = {toml_of(value)}"]))
    return made


def _set_edits(
    table: _Table, text: list[str], made: FieldSet | None, why: str
) -> list[_Edit] | None:
    """The narrower set as a table of its own after the one it narrows: a copy, but for two keys."""
    places = sorted(place for key, place in table.keys.items() if key)
    if made is None or not places or {"versie", "velden"} - table.keys.keys():
        return None
    begin, end = table.keys[""] - 1, _end_of(text, places[-1] - 1)
    copy = list(text[begin:end])
    values: dict[str, object] = {"velden": made.fields, "versie": made.version}
    # From the last to the first, or the place of the other would shift.
    for key in sorted(values, key=lambda each: -table.keys[each]):
        at = table.keys[key] - 1
        to = _end_of(text, at)
        copy[at - begin : to - begin] = [_line(key, values[key], text[at:to])]
    told = commented([why]).rstrip("\n")
    return [_Edit(end, end, ["", told, *copy])]


def _end_of(text: Sequence[str], begin: int) -> int:
    """After the last line of the key that begins here: a list may go on over several."""
    for end in range(begin + 1, len(text) + 1):
        try:
            tomllib.loads("\n".join(text[begin:end]))
        except tomllib.TOMLDecodeError:
            continue
        return end
    return begin + 1


def _line(key: str, value: object, old: Sequence[str]) -> str:
    """A key with another value; what stood behind it as a comment stays."""
    comment = re.search(r"[\]\"0-9a-z](\s*#[^\"\]]*)$", old[-1])
    told = f"{key} = {toml_of(value)}"
    if isinstance(value, tuple) and (len(old) > 1 or len(told) > _WIDTH):
        told = f"{key} = [\n" + "".join(f"  {quoted(str(each))},\n" for each in value) + "]"
    return told + (comment[1] if comment else "")


def _same(old: object, new: object) -> bool:
    return (tuple(old) if isinstance(old, list) else old) == new


def _applied(lines: Sequence[str], edits: Sequence[_Edit]) -> str:
    """The text with all edits, from its end to its begin."""
    text = list(lines)
    for edit in sorted(edits, key=lambda each: (each.begin, each.end), reverse=True):
        text[edit.begin : edit.end] = edit.lines
    return "\n".join(text) + "\n"
