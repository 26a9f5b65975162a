# SPDX-License-Identifier: EUPL-1.2
"""One proposed change of the register: the text of an entry, put in the place of the one in force.

The text is that of the files, so that what is proposed on screen and what is written in a folder
are the same. It holds one purpose, one policy, or all versions of one activity; nothing else of the
register changes with it.
Source: house decisions: two masters; authorisation digest, "Policy changes need two people".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from landschap.purposes.files import parse_register
from landschap.purposes.model import Register
from landschap.purposes.reading import RegisterError
from landschap.purposes.writing import files_of, table_text
from landschap.vocabulary.mistakes import Mistake

KINDS: Mapping[str, str] = {"purposes": "uri", "activities": "uri", "policies": "id"}
"""Table of the register -> attribute by which its entries are named."""

FILE = "voorstel.toml"
MAX_CHARACTERS = 60_000


def entries_of(register: Register, kind: str, name: str) -> Sequence[Any]:
    """The entries of a table with a name: one, or each version of an activity."""
    key = KINDS[kind]
    return [each for each in getattr(register, kind) if getattr(each, key) == name]


def text_of(register: Register, kind: str, name: str) -> str:
    """The entries in force as the text that a proposal begins with; empty when there are none."""
    return "\n".join(table_text(kind, each) for each in entries_of(register, kind, name))


def with_proposal(register: Register, kind: str, name: str, text: str) -> Register:
    """The register with this text in the place of what has this name now.

    Raises RegisterError with everything that is wrong, by the lines of the text.
    """
    key = KINDS[kind]
    table = getattr(register, kind)
    rest = tuple(each for each in table if getattr(each, key) != name)
    # Without this one others may be incoherent; only as a whole it is looked at.
    files = files_of(_with_table(register, kind, rest))
    read = parse_register({**files, FILE: text}, register.owner)
    given = entries_of(read, kind, name)
    if not given:
        raise RegisterError([_mistake(f"the text has no entry with {key} {name}")])
    place = next((at for at, each in enumerate(table) if getattr(each, key) == name), len(table))
    before = sum(1 for each in table[:place] if getattr(each, key) != name)
    made = _with_table(register, kind, (*rest[:before], *given, *rest[before:]))
    if _plain(made) != _plain(read):
        raise RegisterError([_mistake(f"the text changes more than {name}")])
    return made


def _with_table(register: Register, kind: str, table: tuple[Any, ...]) -> Register:
    changed: dict[str, Any] = {kind: table}
    return replace(register, **changed)


def _plain(register: Register) -> list[set[str]]:
    """What a register holds, whatever the order."""
    tables = (getattr(register, each.name) for each in fields(register) if each.name != "owner")
    return [{repr(each) for each in table} for table in tables]


def _mistake(message: str) -> Mistake:
    return Mistake(file=FILE, line=1, key="", message=message, nearest="")
