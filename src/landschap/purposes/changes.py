# SPDX-License-Identifier: EUPL-1.2
"""What is different between two registers, entry by entry, and whether it may change so.

A version, once adopted, keeps its content: what a log line or a contract named must stay what it
was. So an entry that changes needs a higher version.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec

from landschap.purposes.model import Register
from landschap.vocabulary.ijson import JsonValue

_Entry = Mapping[str, JsonValue]
_Key = Callable[[_Entry], str]
# table of the register -> (word for it, key of an entry)
_TABLES: Mapping[str, tuple[str, _Key]] = {
    "schemes": ("list of purposes", lambda entry: str(entry["uri"])),
    "purposes": ("purpose", lambda entry: str(entry["uri"])),
    "legal_bases": ("legal basis", lambda entry: str(entry["id"])),
    "activities": ("activity", lambda entry: str(entry["uri"])),
    "services": ("service", lambda entry: f"{entry['provider']}/{entry['name']}"),
    "field_sets": ("field set", lambda entry: f"{entry['id']}@{entry['version']}"),
    "groups": ("group", lambda entry: str(entry["name"])),
    "policies": ("policy", lambda entry: str(entry["id"])),
    "decrees": ("authorisation decree", lambda entry: str(entry["id"])),
    "compatibilities": ("test of compatibility", lambda entry: str(entry["id"])),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One entry that was added, removed or changed; ``before`` and ``after`` per changed key."""

    kind: str
    name: str
    sort: Literal["added", "removed", "changed"]
    before: Mapping[str, JsonValue]
    after: Mapping[str, JsonValue]

    @property
    def reuses_version(self) -> bool:
        """True when the content changed under a version that was adopted already."""
        if self.sort != "changed":
            return False
        if self.kind == "field set":
            return True  # its version is part of its name
        if self.kind not in {"purpose", "activity", "policy", "test of compatibility"}:
            return False
        if self.kind != "policy" and self._only_ends():
            return False
        old, new = self.before.get("version"), self.after.get("version")
        return not (isinstance(old, int) and isinstance(new, int) and new > old)

    def _only_ends(self) -> bool:
        """True when the version only got another end: its content and begin stayed."""
        if set(self.after) != {"valid"}:
            return False
        old, new = self.before["valid"], self.after["valid"]
        since = old.get("since") if isinstance(old, Mapping) else None
        return isinstance(new, Mapping) and since in {None, new.get("since")}

    def words(self) -> Iterator[str]:
        """The change in lines for people."""
        yield f"{self.sort}: {self.kind} {self.name}"
        if self.sort == "changed":
            for key in sorted({*self.before, *self.after}):
                yield f"    {key}: {_short(self.before.get(key))} -> {_short(self.after.get(key))}"

    def as_json(self) -> dict[str, JsonValue]:
        """The change for a program."""
        return {
            "kind": self.kind,
            "name": self.name,
            "change": self.sort,
            "before": dict(self.before),
            "after": dict(self.after),
        }


def changes_between(old: Register | None, new: Register) -> tuple[Change, ...]:
    """All changes, in order of the register's tables; ``old`` is None before the first one."""
    before = msgspec.to_builtins(old or Register(owner=new.owner))
    after = msgspec.to_builtins(new)
    found: list[Change] = []
    for table, (kind, key) in _TABLES.items():
        named = _named_versions(key, before[table], after[table])
        found += _changes(
            kind, {named(e): e for e in before[table]}, {named(e): e for e in after[table]}
        )
    return tuple(found)


def entries_of(*registers: Register) -> Iterator[tuple[str, str, tuple[Mapping[str, _Entry], ...]]]:
    """Per table: its attribute, the word for it, and of each register the entries by their name.

    An entry has the same name in all of them, as `changes_between` tells it.
    """
    plain = [msgspec.to_builtins(register) for register in registers]
    for table, (kind, key) in _TABLES.items():
        named = _named_versions(key, *(one[table] for one in plain))
        yield table, kind, tuple({named(each): each for each in one[table]} for one in plain)


def _named_versions(key: _Key, *sides: list[_Entry]) -> _Key:
    """The key, with the version where one side holds several versions under it."""
    several = {
        name
        for side in sides
        for name, count in Counter(key(each) for each in side).items()
        if count > 1
    }
    return lambda e: f"{key(e)}@{e['version']}" if key(e) in several else key(e)


def _changes(kind: str, old: Mapping[str, _Entry], new: Mapping[str, _Entry]) -> Iterator[Change]:
    for name in sorted({*old, *new}):
        before, after = old.get(name), new.get(name)
        if before is None and after is not None:
            yield Change(kind=kind, name=name, sort="added", before={}, after=after)
        elif after is None and before is not None:
            yield Change(kind=kind, name=name, sort="removed", before=before, after={})
        elif before is not None and after is not None and before != after:
            keys = sorted(key for key in {*before, *after} if before.get(key) != after.get(key))
            yield Change(
                kind=kind,
                name=name,
                sort="changed",
                before={key: before.get(key) for key in keys},
                after={key: after.get(key) for key in keys},
            )


def _short(value: JsonValue) -> str:
    text = str(value)
    return text if len(text) <= 120 else text[:117] + "..."
