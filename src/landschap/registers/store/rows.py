# SPDX-License-Identifier: EUPL-1.2
"""Rows of the assertion table as values, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import msgspec

from landschap.registers.forgetting import ERASED_GROUP
from landschap.registers.migrating import names_before
from landschap.registers.models import ObjectType
from landschap.registers.periods import IncompleteDate, Period
from landschap.registers.timeline import DOUBT_PREFIX, Assertion, Kind
from landschap.vocabulary.ijson import JsonValue


class Connection(Protocol):
    """What we ask of an asyncpg connection; asyncpg itself carries no types."""

    async def execute(self, query: str, *args: object) -> str:
        """Run a statement; returns its command tag."""
        ...

    async def fetch(self, query: str, *args: object) -> list[Any]:
        """All rows."""
        ...

    async def fetchrow(self, query: str, *args: object) -> Any:
        """The first row, or None."""
        ...

    async def fetchval(self, query: str, *args: object) -> Any:
        """The first value of the first row, or None."""
        ...


class Pool(Connection, Protocol):
    """A pool of such connections, as `landschap.platform.postgres.pool` gives it."""

    def acquire(self) -> Any:
        """A context manager that lends a connection."""
        ...


_CONTENT = msgspec.json.Decoder()

COLUMNS = """object_id, groep, volgnummer, valid_from, valid_to, valid_from_source, registered_at,
    source_registered_at, soort, inhoud, corrigeert, bron, model_version"""


_DOUBTED = "kenmerken"
# What in the source of an assertion is part of its history: who held it, and that it was destroyed.
_OF_HISTORY = "ARRAY['overnames', 'gewist']"


def columns_of(kind: ObjectType, table: str = "") -> str:
    """The columns of a type's assertions; of a view no content but its own leaves the database.

    Names of properties are letters and digits, so they can stand in SQL as they are. ``table`` is
    the alias before each column. Who wrote something and why is no property, so a view has none.
    """
    names = [name.strip() for name in COLUMNS.split(",")]
    before = f"{table}." if table else ""
    told = {name: f"{before}{name}" for name in names}
    if kind.view:
        told["inhoud"] = f"{contents_of(kind, f'{before}inhoud')} AS inhoud"
        told["bron"] = f"""CASE WHEN {before}bron ?| {_OF_HISTORY} THEN
            (SELECT jsonb_object_agg(member.key, member.value)
             FROM jsonb_each({before}bron) member WHERE member.key = ANY ({_OF_HISTORY}))
            ELSE '{{}}'::jsonb END AS bron"""  # noqa: S608 - literals of a model
    return ", ".join(told.values())


def contents_of(kind: ObjectType, column: str) -> str:
    """A content as JSON text: of a view its own members and no other, in the order of a jsonb.

    The members are written one after the other: to gather them anew into a jsonb took three times
    as long. One that is not there is NULL and left out; one that is null is written.
    """
    if not kind.view:
        return f"{column}::text"
    # What was written under an older version may stand there by an older name.
    names = {old for each in kind.properties for old in names_before(each, kind.migrations)}
    members = ", ".join(
        f"""'"{name}":' || ({column} -> '{name}')::text"""
        for name in sorted({*names, _DOUBTED}, key=lambda name: (len(name), name))
    )
    told = f"'{{' || concat_ws(',', {members}) || '}}'"
    return f"CASE WHEN {column} IS NULL THEN NULL ELSE {told} END"


def groups_condition(kind: ObjectType, table: str = "") -> str:
    """What keeps the groups of a view: nothing of another group is read. Empty for a whole type.

    That an object was destroyed is told whatever is seen of it.
    """
    if not kind.view:
        return ""
    before = f"{table}." if table else ""
    names = [name for group in kind.groups for name in (group, f"{DOUBT_PREFIX}{group}")]
    kept = ", ".join(f"'{name}'" for name in (*names, ERASED_GROUP))
    return f" AND {before}groep IN ({kept})"


def stored_as(kind: ObjectType, path: str, column: str, values: str) -> str:
    """SQL for content whose value at a path is one of ``values``, whatever its name was then.

    Names come from a model: letters and digits.
    """
    names = names_before(path, kind.migrations)
    found = " OR ".join(f"({column} ->> '{name}') = {values}" for name in names)
    return f"({found})"


def content_of(text: str) -> dict[str, JsonValue]:
    """The members of a jsonb that holds an object."""
    found: dict[str, JsonValue] = _CONTENT.decode(text)
    return found


def contents_in(text: str) -> list[dict[str, JsonValue]]:
    """The contents in a JSON list of them."""
    found: list[dict[str, JsonValue]] = _CONTENT.decode(text)
    return found


def assertion_of(row: Mapping[str, Any]) -> Assertion:
    """One row as an assertion, its content as it was written."""
    begin_source = row["valid_from_source"]
    return Assertion(
        number=row["volgnummer"],
        group=row["groep"],
        period=Period(row["valid_from"], row["valid_to"]),
        registered_at=row["registered_at"],
        kind=Kind(row["soort"]),
        content=None if row["inhoud"] is None else _CONTENT.decode(row["inhoud"]),
        source_registered_at=row["source_registered_at"],
        begin_source=IncompleteDate.parse(begin_source) if begin_source else None,
        corrects=row["corrigeert"],
        source=_CONTENT.decode(row["bron"]),
    )


def as_now(row: Mapping[str, Any], kind: ObjectType) -> Assertion:
    """One row as an assertion, its content in the form its type has now."""
    found = assertion_of(row)
    if found.content is None or not kind.migrations:
        return found
    return replace(found, content=kind.as_now(found.content, row["model_version"], found.group))


def by_object(
    rows: Sequence[Mapping[str, Any]], kind: ObjectType
) -> dict[str, dict[str, list[Assertion]]]:
    """Assertions gathered per object and group, read as the type is now."""
    gathered: dict[str, dict[str, list[Assertion]]] = {}
    for row in rows:
        groups = gathered.setdefault(row["object_id"], {})
        groups.setdefault(row["groep"], []).append(as_now(row, kind))
    return gathered


def as_json(value: JsonValue) -> str:
    """JSON text for a jsonb parameter, without spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
