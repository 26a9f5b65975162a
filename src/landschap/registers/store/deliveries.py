# SPDX-License-Identifier: EUPL-1.2
"""Deliveries of whole collections: noted before their first byte, and when they ended."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from landschap.purposes.permit import Permit
from landschap.registers.models import ObjectType
from landschap.registers.store.rows import Pool, as_json
from landschap.vocabulary.ijson import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A delivery as noted; ``ended_at`` None while it runs, or when its process was ended."""

    delivery_id: UUID
    started_at: datetime
    ended_at: datetime | None
    whole: bool
    manifest: Mapping[str, JsonValue]


async def begin_delivery(
    pool: Pool, delivery_id: UUID, kind: ObjectType, permit: Permit, asked: Mapping[str, JsonValue]
) -> None:
    """Note that a delivery begins: to whom, for what, of what."""
    await pool.execute(
        """INSERT INTO registers.delivery
               (delivery_id, register, object_type, peer, purpose, transaction_id, asked)
           VALUES ($1, $2, $3, $4, $5, $6, $7)""",
        delivery_id, kind.register, kind.key, permit.peer, permit.purpose, permit.transaction_id,
        as_json(asked),
    )  # fmt: skip


async def end_delivery(
    pool: Pool, delivery_id: UUID, manifest: Mapping[str, JsonValue], *, whole: bool
) -> None:
    """Note how a delivery ended; what it held counts only when it is whole."""
    await pool.execute(
        "INSERT INTO registers.delivery_end (delivery_id, whole, manifest) VALUES ($1, $2, $3)",
        delivery_id, whole, as_json(manifest),
    )  # fmt: skip


async def delivery_of(pool: Pool, delivery_id: UUID, register: str, peer: str) -> Delivery | None:
    """A delivery of a register to this peer; None when there is none."""
    row = await pool.fetchrow(
        """SELECT d.delivery_id, d.asked, d.started_at, e.ended_at, e.whole, e.manifest
           FROM registers.delivery d LEFT JOIN registers.delivery_end e USING (delivery_id)
           WHERE d.delivery_id = $1 AND d.register = $2 AND d.peer = $3""",
        delivery_id, register, peer,
    )  # fmt: skip
    if row is None:
        return None
    return Delivery(
        delivery_id=row["delivery_id"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        whole=bool(row["whole"]),
        manifest=json.loads(row["manifest"] or row["asked"]),
    )
