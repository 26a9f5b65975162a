# SPDX-License-Identifier: EUPL-1.2
"""Rows of the assertion table as values, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from landschap.registers.periods import IncompleteDate, Period
from landschap.registers.timeline import Assertion, Kind
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


COLUMNS = """object_id, groep, volgnummer, valid_from, valid_to, valid_from_source, registered_at,
    source_registered_at, soort, inhoud, corrigeert, bron"""


def assertion_of(row: Mapping[str, Any]) -> Assertion:
    """One row as an assertion."""
    begin_source = row["valid_from_source"]
    return Assertion(
        number=row["volgnummer"],
        group=row["groep"],
        period=Period(row["valid_from"], row["valid_to"]),
        registered_at=row["registered_at"],
        kind=Kind(row["soort"]),
        content=None if row["inhoud"] is None else json.loads(row["inhoud"]),
        source_registered_at=row["source_registered_at"],
        begin_source=IncompleteDate.parse(begin_source) if begin_source else None,
        corrects=row["corrigeert"],
        source=json.loads(row["bron"]),
    )


def by_object(rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, list[Assertion]]]:
    """Assertions gathered per object and group."""
    gathered: dict[str, dict[str, list[Assertion]]] = {}
    for row in rows:
        groups = gathered.setdefault(row["object_id"], {})
        groups.setdefault(row["groep"], []).append(assertion_of(row))
    return gathered


def as_json(value: JsonValue) -> str:
    """JSON text for a jsonb parameter, without spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
