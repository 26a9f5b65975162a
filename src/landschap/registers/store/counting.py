# SPDX-License-Identifier: EUPL-1.2
"""How much a register holds. Counts only: no content leaves through here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from landschap.registers.migrating import names_before, version_of
from landschap.registers.models import ObjectType, Register
from landschap.registers.store.rows import Pool
from landschap.registers.timeline import Clock, Known
from landschap.vocabulary.ijson import JsonValue


@dataclass(frozen=True, slots=True)
class Size:
    """Objects and assertions of one type."""

    objects: int = 0
    assertions: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Sizes by object type key, and when something was last added."""

    types: Mapping[str, Size]
    last_at: datetime | None


async def count(pool: Pool, register: Register) -> Counted:
    """How much each type of a register holds now."""
    rows = await pool.fetch(
        """SELECT object_type, count(DISTINCT object_id) AS objects, count(*) AS assertions
           FROM registers.assertion WHERE object_type = ANY ($1) GROUP BY object_type""",
        [kind.key for kind in register.types.values()],
    )
    sizes = {row["object_type"]: Size(row["objects"], row["assertions"]) for row in rows}
    return Counted(
        types={kind.key: sizes.get(kind.key, Size()) for kind in register.types.values()},
        last_at=await last_change(pool, register),
    )


async def last_change(pool: Pool, register: Register) -> datetime | None:
    """When something was last added; None when there never was anything."""
    at: datetime | None = await pool.fetchval(
        "SELECT max(registered_at) FROM registers.act WHERE register = $1", register.name
    )
    return at


async def count_by(
    pool: Pool, kind: ObjectType, path: str | None, valid_on: date, known: Known
) -> Mapping[str, int]:
    """How many objects existed on (valid_on, known), by the value of a path; None: all as one.

    Reads every assertion of the type: seconds on a large register. For reports, not for answers.
    Only certain, whole values are counted: the first group of a type with complete dates.
    """
    order = (
        "a.source_registered_at DESC, a.volgnummer DESC"
        if known.clock is Clock.SOURCE
        else "a.volgnummer DESC"
    )
    names = names_before(path, kind.migrations) if path else []
    value = ", ".join([*(f"inhoud ->> '{name}'" for name in names), "''"])
    rows = await pool.fetch(
        f"""SELECT model_version, coalesce({value}) AS value, count(*) AS n
            FROM (SELECT DISTINCT ON (a.object_id) a.inhoud, a.model_version
                  FROM registers.assertion a
                  WHERE a.object_type = $1 AND a.groep = $2 AND a.volgnummer <= $3
                    AND ($4::timestamptz IS NULL OR a.source_registered_at <= $4)
                    AND a.valid_from <= $5 AND a.valid_to > $5
                  ORDER BY a.object_id, {order}) winner
            WHERE inhoud IS NOT NULL GROUP BY 1, 2""",  # noqa: S608 - a constant order, names of a model
        kind.key, kind.groups[0], known.number,
        known.moment if known.clock is Clock.SOURCE else None, valid_on,
    )  # fmt: skip
    counted: dict[str, int] = {}
    for row in rows:
        now = _value_now(kind, path, row["value"], row["model_version"])
        counted[now] = counted.get(now, 0) + row["n"]
    return counted


def _value_now(kind: ObjectType, path: str | None, value: str, version: str) -> str:
    """A counted value as the newest version of the model says it."""
    if not kind.migrations or not path:
        return value
    later = [one for one in kind.migrations if one.to > version_of(version)]
    content: dict[str, JsonValue] = {names_before(path, later)[-1]: value} if value else {}
    return str(kind.as_now(content, version, kind.groups[0]).get(path, ""))
