# SPDX-License-Identifier: EUPL-1.2
"""A register that comes in, put together with the one in force: entry by entry, in three ways.

What was is the register that came in before; what is here is the one in force, with everything that
was made of it since. An entry that both changed gets a version above both, as log lines and
contracts name the versions that were.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from landschap.purposes.changes import entries_of
from landschap.purposes.model import Register
from landschap.vocabulary.three_way import Entry, Merged, Side, merged_all, merged_entry

_VERSIONED = ("purposes", "activities", "policies")


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedRegister:
    """The outcome, and what became of each entry, by its kind and name (``policy bijstand``)."""

    register: Register
    entries: Mapping[str, Merged[Entry]]


def merged_register(
    was: Register,
    here: Register,
    comes: Register,
    *,
    choices: Mapping[str, Side],
    held: Collection[str] = (),
) -> MergedRegister:
    """``here`` with what comes in; entries named in ``held`` stay when they no longer come in.

    An entry in conflict stays as it is here: see `Merged`.
    """
    plain: dict[str, Any] = {"owner": here.owner}
    told: dict[str, Merged[Entry]] = {}
    for table, kind, sides in entries_of(was, here, comes):
        old, own, new = ({f"{kind} {name}": e for name, e in side.items()} for side in sides)
        merge = _versioned if table in _VERSIONED else merged_entry
        found = merged_all(old, own, new, choices, merge)
        for name, one in found.items():
            if one.value is None and name in held and name in own:
                found[name] = Merged(value=own[name])
            elif one.value is not None and choices.get(name) == "take" and table in _VERSIONED:
                found[name] = Merged(value=_above(one.value, own.get(name)))
        outcome = {**own, **{name: one.value for name, one in found.items()}}
        plain[table] = [entry for entry in outcome.values() if entry is not None]
        told |= found
    return MergedRegister(register=msgspec.convert(plain, Register), entries=told)


def names_in(register: Register) -> frozenset[str]:
    """The entries of a register, by kind and name."""
    return frozenset(
        f"{kind} {name}" for _, kind, (entries,) in entries_of(register) for name in entries
    )


def _versioned(was: Entry | None, here: Entry | None, comes: Entry | None) -> Merged[Entry]:
    """The outcome for an entry with a version: the version itself is never what they differ in."""
    whole = merged_entry(was, here, comes)
    if was is None or here is None or comes is None or here == was or comes in (was, here):
        return whole
    bare = merged_entry(*(_without_version(each) for each in (was, here, comes)))
    if bare.conflict or bare.value is None:
        return Merged(value=here, conflict=bare.conflict)
    if bare.value == _without_version(here):
        return Merged(value=here, kept=True)
    return Merged(value=_above({**comes, **bare.value}, here), kept=bare.kept)


def _above(entry: Entry, here: Entry | None) -> Entry:
    """The entry with a version above the one here, when it says something else."""
    if here is None or _without_version(entry) == _without_version(here):
        return here if here is not None else entry
    old, new = here["version"], entry["version"]
    if isinstance(old, int) and isinstance(new, int) and new <= old:
        return {**entry, "version": old + 1}
    return entry


def _without_version(entry: Entry) -> Entry:
    return {key: value for key, value in entry.items() if key != "version"}
