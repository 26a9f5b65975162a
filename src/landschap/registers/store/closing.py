# SPDX-License-Identifier: EUPL-1.2
"""What is written no more: a register that another organisation holds, an object destroyed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from landschap.registers.disposal import gone
from landschap.registers.holders import Closure, closed
from landschap.registers.models import ObjectType, Register
from landschap.registers.store.rows import Connection, Pool
from landschap.registers.transfer import Holder
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import Refusal
from landschap.vocabulary.times import amsterdam_day, as_utc_text


async def close(pool: Pool, closure: Closure) -> bool:
    """Close a register for writing from a day; False when it was closed already."""
    done = await pool.fetchval(
        """INSERT INTO registers.closure (register, from_day, successor_oin, successor_name,
               successor_address, reason, closed_by)
           VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (register) DO NOTHING RETURNING true""",
        closure.register, closure.day, closure.successor.oin, closure.successor.name,
        closure.address, closure.reason, closure.closed_by,
    )  # fmt: skip
    return bool(done)


async def closure_of(pool: Connection, register: Register) -> Closure | None:
    """How a register was closed; None when it was not."""
    row = await pool.fetchrow(
        """SELECT from_day, successor_oin, successor_name, successor_address, reason, closed_by
           FROM registers.closure WHERE register = $1""",
        register.name,
    )
    if row is None:
        return None
    return Closure(
        register=register.name,
        day=row["from_day"],
        successor=Holder(row["successor_oin"], row["successor_name"]),
        address=row["successor_address"],
        reason=row["reason"],
        closed_by=row["closed_by"],
    )


class Destroyed(NamedTuple):
    """When something was destroyed, and the number of the register at which that was."""

    at: datetime
    number: int


async def destroyed_of(
    pool: Connection, objects: Sequence[tuple[str, str]]
) -> Mapping[tuple[str, str], Mapping[str, JsonValue]]:
    """Which of these objects (type key, id) were destroyed as a whole, and what is told of each."""
    rows = await pool.fetch(
        """SELECT d.object_type, d.object_id, d.record_id, d.ground, d.destroyed_at
           FROM registers.disposal_record d
           WHERE d.whole AND (d.object_type, d.object_id) IN (
               SELECT * FROM unnest($1::text[], $2::text[]))""",
        [key for key, _ in objects], [object_id for _, object_id in objects],
    )  # fmt: skip
    return {
        (row["object_type"], row["object_id"]): {
            "grond": row["ground"],
            "tijdstip": as_utc_text(row["destroyed_at"]),
            "verklaring": str(row["record_id"]),
        }
        for row in rows
    }


# Statements are made in order, but for clocks of machines that differ.
_LAST = 100


async def last_destroyed(pool: Connection, kind: ObjectType) -> Destroyed | None:
    """When and at which number something of a type was destroyed last; None: never."""
    row = await pool.fetchrow(
        """SELECT max(last.destroyed_at) AS at, max(a.volgnummer) AS number
           FROM (SELECT object_type, object_id, destroyed_at FROM registers.disposal_record
                 WHERE object_type = $1 ORDER BY destroyed_at DESC LIMIT $2) AS last
           JOIN registers.assertion a USING (object_type, object_id)
           WHERE a.soort = 'VERNIETIGING'""",
        kind.key, _LAST,
    )  # fmt: skip
    return None if row["at"] is None else Destroyed(row["at"], row["number"])


async def refusal_to_write(
    pool: Connection, register: Register, objects: Sequence[tuple[str, str]]
) -> Refusal | None:
    """Why nothing is registered: the register is held by another, or an object was destroyed."""
    closure = await closure_of(pool, register)
    if closure is not None and closure.holds_on(amsterdam_day(datetime.now(UTC))):
        return closed(closure)
    told = await destroyed_of(pool, objects)
    return gone(next(iter(told.values()))) if told else None


async def horizon_of(pool: Connection, kind: ObjectType) -> datetime | None:
    """From which moment knowledge about a type is kept whole; None: from the first.

    It counts from the approval of the list on, before the first of it is destroyed.
    """
    found: datetime | None = await pool.fetchval(horizon_sql(kind), kind.register)
    return found


def horizon_sql(kind: ObjectType) -> str:
    """The statement of `horizon_of`, of the register that is $1."""
    return f"""SELECT max(l.known_since) FROM registers.disposal_list l
               JOIN registers.disposal_approval USING (list_id)
               WHERE l.known_since IS NOT NULL AND l.register = $1 AND EXISTS (
                   SELECT FROM registers.disposal_item i
                   WHERE i.list_id = l.list_id AND i.object_type = '{kind.key}')"""  # noqa: S608 - a literal of a model
