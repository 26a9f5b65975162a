# SPDX-License-Identifier: EUPL-1.2
"""Reading a register out whole for a package, and taking one over from a predecessor."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Any

from landschap.platform.ids import uuid7
from landschap.registers.models import ObjectType, Register
from landschap.registers.store.rows import COLUMNS, Pool, assertion_of
from landschap.registers.store.writing import Act, Entry, Written, append, lock
from landschap.registers.timeline import Clock, Known
from landschap.registers.transfer import Holder, Line

_PREFETCH = 2_000


async def lines_of(
    pool: Pool, kind: ObjectType, known: Known, ids: Sequence[str] | None = None
) -> AsyncGenerator[Line, None]:
    """Every assertion of a type up to a state of knowledge, per object in order of knowledge.

    At flat memory. ``ids`` keeps to these objects.
    """
    moment = "coalesce(source_registered_at, registered_at), " if kind.clock is Clock.SOURCE else ""
    async with pool.acquire() as connection, connection.transaction(readonly=True):
        rows: Any = connection.cursor(
            f"""SELECT {COLUMNS}, model_version, transaction_id FROM registers.assertion
                WHERE object_type = $1 AND volgnummer <= $2
                  AND ($3::text[] IS NULL OR object_id = ANY ($3))
                ORDER BY object_id, {moment}volgnummer""",  # noqa: S608 - constant columns
            kind.key, known.number, None if ids is None else list(ids), prefetch=_PREFETCH,
        )  # fmt: skip
        async for row in rows:
            yield Line(
                object_id=row["object_id"],
                assertion=assertion_of(row),
                model=row["model_version"],
                transaction=row["transaction_id"],
            )


async def take(pool: Pool, register: Register, entries: Sequence[Entry]) -> Written:
    """Add assertions of a predecessor that were checked; those that are there are passed over."""
    async with pool.acquire() as connection, connection.transaction():
        await lock(connection, register)
        act = Act(register=register, transaction_id=uuid7(), entries=entries)
        return await append(connection, act)


async def not_from(
    pool: Pool, kind: ObjectType, ids: Sequence[str], predecessor: Holder
) -> list[str]:
    """Which of these objects we registered ourselves: they can not be those of a predecessor."""
    rows = await pool.fetch(
        """SELECT object_id FROM registers.assertion
           WHERE object_type = $1 AND object_id = ANY ($2) AND soort <> 'VERNIETIGING'
           GROUP BY object_id
           HAVING NOT bool_or(coalesce(
               bron -> 'overnames' @> jsonb_build_array(jsonb_build_object(
                   'bronhouder', jsonb_build_object('oin', $3::text))), false))
           ORDER BY 1 LIMIT 10""",
        kind.key, list(ids), predecessor.oin,
    )  # fmt: skip
    return [row["object_id"] for row in rows]
