# SPDX-License-Identifier: EUPL-1.2
"""Objects that several questions ask for at the same time, read in one statement.

Each question is answered from a state of knowledge that is read after it
was asked, with the very statement that shows at which number it stands.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from landschap.platform.gathering import Gathering
from landschap.registers.models import ObjectType, Register
from landschap.registers.store.closing import horizon_sql
from landschap.registers.store.reading import KNOWLEDGE, KNOWN, AtNow
from landschap.registers.store.rows import Pool, columns_of, contents_of, groups_condition
from landschap.registers.timeline import Known

# As KNOWLEDGE, where the moment is another parameter.
KNOWLEDGE_OF_PAGE = KNOWLEDGE.replace("$4", "$3")

Shared = TypeVar("Shared", bound=Hashable)
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Looked:
    """What stands of an object in the database, by a state of knowledge."""

    known: Known
    rows: Sequence[Row]


# Per object that there is its rows; None: they can not be told to be of one state of knowledge.
Ask = Callable[
    [Sequence[str], Shared, datetime], Awaitable[tuple[Known, Mapping[str, Sequence[Row]]] | None]
]


class Together(Generic[Shared]):
    """Lookups of one kind. ``ask`` reads objects that share a day or a moment, asked by now."""

    def __init__(self, ask: Ask[Shared]) -> None:
        self._ask = ask
        self._gathering: Gathering[Shared, tuple[str, datetime], Looked | None] = Gathering(
            self._looked
        )

    def look_up(
        self, object_id: str, shared: Shared, asked_at: datetime
    ) -> asyncio.Future[Looked | None]:
        """The rows of one object; None: ask the long way."""
        return self._gathering.ask(shared, (object_id, asked_at))

    async def _looked(
        self, shared: Shared, asked: Sequence[tuple[str, datetime]]
    ) -> Sequence[Looked | None]:
        asked_at = max(each for _, each in asked)
        told = await self._ask([object_id for object_id, _ in asked], shared, asked_at)
        if told is None:
            return [None] * len(asked)
        known, rows = told
        return [Looked(known, rows.get(object_id, ())) for object_id, _ in asked]


# What an answer without history is made of, of each row of the projection.
_OF_NOW = "{p}.object_id, {p}.groep, {p}.volgnummer, {p}.registered_at, {p}.source_registered_at"
_STATE = """state AS MATERIALIZED (
                  SELECT coalesce(max(last_number), 0) AS at_number,
                         max(registered_at) AS at_moment
                  FROM registers.act WHERE register = $1)"""


def _rows_now(kind: ObjectType, ids: str, more: str = "") -> str:
    """SQL for the rows of the projection of some objects on day $3; ``more`` are more columns."""
    return f"""SELECT {_OF_NOW.format(p="p")}, {contents_of(kind, "p.inhoud")} AS inhoud{more}
               FROM registers.projection p
               WHERE p.object_type = '{kind.key}' AND p.object_id = ANY ({ids})
                 AND p.valid_from <= $3 AND p.valid_to > $3{groups_condition(kind, "p")}"""  # noqa: S608 - literals of a model


def looking_up_now(pool: Pool, kind: ObjectType) -> Together[date]:
    """Lookups of what holds on a day as known now, of a type whose dates are complete."""
    sql = f"""WITH {KNOWLEDGE}{_STATE}
              SELECT {KNOWN} state.*, told.*
              FROM k CROSS JOIN state LEFT JOIN ({_rows_now(kind, "$2")}) told ON true"""  # noqa: S608 - literals of a model

    async def ask(
        ids: Sequence[str], day: date, now: datetime
    ) -> tuple[Known, Mapping[str, Sequence[Row]]] | None:
        rows = await pool.fetch(sql, kind.register, ids, day, now)
        known = _known_by(rows[0], kind)
        return None if known is None else (known, _by_object(rows))

    return Together(ask)


def looking_up_pairs(pool: Pool, kind: ObjectType, path: str, end: ObjectType) -> Together[date]:
    """Lookups of what holds now, with the objects that stand at a path: types of one register.

    The rows of an object are followed by those at the other end, which have another ``part``.
    """
    sql = f"""WITH {KNOWLEDGE}{_STATE},
              one AS MATERIALIZED (
                  {_rows_now(kind, "$2", f", 1 AS part, p.inhoud ->> '{path}' AS points")}),
              other AS ({_rows_now(end, "ARRAY(SELECT points FROM one)", ", 2, NULL")})
              SELECT {KNOWN} state.*, told.* FROM k CROSS JOIN state
              LEFT JOIN (SELECT * FROM one UNION ALL SELECT * FROM other) told ON true"""  # noqa: S608 - literals of a model

    async def ask(
        ids: Sequence[str], day: date, now: datetime
    ) -> tuple[Known, Mapping[str, Sequence[Row]]] | None:
        rows = await pool.fetch(sql, kind.register, ids, day, now)
        known = _known_by(rows[0], kind)
        if known is None:
            return None
        ends = _by_object([row for row in rows if row["part"] == _OTHER_END])
        found = _by_object([row for row in rows if row["part"] != _OTHER_END])
        for own in found.values():
            points = next((row["points"] for row in own if row["points"] is not None), "")
            own.extend(ends.get(points, ()))
        return known, found

    return Together(ask)


_OTHER_END = 2


def parted(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """The rows of an object, and those of what it points at."""
    first = [row for row in rows if row["part"] != _OTHER_END]
    return first, [row for row in rows if row["part"] == _OTHER_END]


def _known_by(row: Row, kind: ObjectType) -> Known | None:
    """The knowledge that a row names; None when the projection stands at another one."""
    known = Known(clock=kind.clock, moment=row["known_moment"], number=row["known_number"])
    if row["at_number"] != known.number or not _reaches(known, row["at_moment"]):
        return None
    return known


def _reaches(known: Known, at_moment: datetime | None) -> bool:
    return at_moment is None or known.moment >= at_moment


def looking_up_then(pool: Pool, kind: ObjectType) -> Together[datetime]:
    """Lookups of everything asserted of objects and known at a moment, on our own clock.

    None too where a part of what was known then may be destroyed.
    """
    sql = f"""WITH k AS MATERIALIZED (
                  SELECT number, moment FROM registers.knowledge($1, $3, true)),
              state AS MATERIALIZED (
                  SELECT coalesce(max(last_number), 0) AS at_number
                  FROM registers.act WHERE register = $1)
              SELECT k.number AS known_number, k.moment AS known_moment, state.at_number,
                     ({horizon_sql(kind)}) AS horizon, {columns_of(kind, "a")}
              FROM k CROSS JOIN state
              LEFT JOIN registers.assertion a
                     ON a.object_type = '{kind.key}' AND a.object_id = ANY ($2)
                    AND a.volgnummer <= k.number{groups_condition(kind, "a")}"""  # noqa: S608

    async def ask(
        ids: Sequence[str], moment: datetime, _: datetime
    ) -> tuple[Known, Mapping[str, Sequence[Row]]] | None:
        rows = await pool.fetch(sql, kind.register, ids, moment)
        first = rows[0]
        # What was committed after this statement began is known to it, but not seen by it. A list
        # is approved before the first of it is destroyed: with none seen, nothing is missing.
        if first["known_number"] > first["at_number"] or first["horizon"] is not None:
            return None
        known = Known(clock=kind.clock, moment=first["known_moment"], number=first["known_number"])
        return known, _by_object(rows)

    return Together(ask)


@dataclass(frozen=True, slots=True, kw_only=True)
class Few:
    """The first objects in order of id, at most so many, whose texts at these paths are these.

    The last of so many only shows that there are more.
    """

    filters: Mapping[str, str]
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FewFound:
    """Objects in order of id: their ids, assertions and contents (a JSON list), place by place."""

    known: Known
    ids: Sequence[str]
    numbers: Sequence[int]
    registered_at: datetime | None
    contents: str


async def few_now(
    pool: Pool, register: Register, kind: ObjectType, few: Few, at: AtNow
) -> FewFound | None:
    """The objects of a type with one group as known now; None when they may not be of one state.

    ``registered_at`` is the latest of those that are shown. All comes as one row: a row per object,
    each with the state of knowledge, took half of the time. The paths are names of properties, so
    that the index on a path serves; the limit is a literal, or the planner reads in order of id.
    """
    (group,) = kind.groups
    told = "".join(
        f" AND (m.inhoud ->> '{path}') = ${number}" for number, path in enumerate(few.filters, 4)
    )
    row = await pool.fetchrow(
        f"""WITH {KNOWLEDGE_OF_PAGE} state AS MATERIALIZED (
                SELECT coalesce(max(last_number), 0) AS at_number, max(registered_at) AS at_moment
                FROM registers.act WHERE register = $1)
            SELECT {KNOWN} state.*, found.* FROM k CROSS JOIN state CROSS JOIN (
                SELECT array_agg(object_id) AS ids, array_agg(volgnummer) AS numbers,
                       max(registered_at) FILTER (WHERE place < {few.limit:d}) AS registered_at,
                       '[' || string_agg(told, ',') || ']' AS contents
                FROM (SELECT m.object_id, m.volgnummer, m.registered_at,
                             {contents_of(kind, "m.inhoud")} AS told,
                             row_number() OVER (ORDER BY m.object_id) AS place
                      FROM registers.projection m
                      WHERE m.object_type = '{kind.key}' AND m.groep = '{group}'
                        AND m.valid_from <= $2 AND m.valid_to > $2{told}
                      ORDER BY m.object_id LIMIT {few.limit:d}) each) found""",  # noqa: S608 - literals of a model
        register.name, at.valid_on, at.now, *few.filters.values(),
    )  # fmt: skip
    known = _known_by(row, kind)
    if known is None:
        return None
    return FewFound(
        known=known,
        ids=row["ids"] or (),
        numbers=row["numbers"] or (),
        registered_at=row["registered_at"],
        contents=row["contents"] or "[]",
    )


def _by_object(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        object_id = row["object_id"]
        if object_id is not None:
            found.setdefault(object_id, []).append(row)
    return found
