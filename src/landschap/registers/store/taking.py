# SPDX-License-Identifier: EUPL-1.2
"""Keeping which packages were taken over, and what their makers destroyed before."""

from __future__ import annotations

from uuid import UUID

from landschap.registers.models import Register
from landschap.registers.store.destroying import Record
from landschap.registers.store.rows import Connection, Pool
from landschap.registers.transfer import Holder, TakeOver
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import parse_moment


async def note_taken(
    pool: Pool, take_over_id: UUID, register: Register, over: TakeOver, package: bytes, by: str
) -> None:
    """Keep that a package was taken over, by its digest; twice is once."""
    await pool.execute(
        """INSERT INTO registers.take_over (take_over_id, register, predecessor_oin,
               predecessor_name, from_day, package, taken_by)
           VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING""",
        take_over_id, register.name, over.predecessor.oin, over.predecessor.name, over.day,
        package, by,
    )  # fmt: skip


async def predecessors(pool: Connection, register: Register) -> list[Holder]:
    """The organisations this register was taken over from, the earliest first."""
    rows = await pool.fetch(
        """SELECT predecessor_oin, predecessor_name FROM registers.take_over
           WHERE register = $1 ORDER BY taken_at""",
        register.name,
    )
    return [Holder(row["predecessor_oin"], row["predecessor_name"]) for row in rows]


async def keep_destroyed(pool: Pool, record: Record, told: dict[str, JsonValue]) -> None:
    """Keep what a predecessor stated it destroyed; ``told`` was verified."""
    await pool.execute(
        "SELECT registers.keep_destroyed($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        record.record_id, record.list_id, record.type_key, record.object_id,
        told["volgnummers"] is None, told["grond"], parse_moment(str(told["tijdstip"])),
        record.jws, record.certificate,
    )  # fmt: skip
