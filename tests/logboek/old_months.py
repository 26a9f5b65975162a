# SPDX-License-Identifier: EUPL-1.2
"""Months of years ago in a log of today: the same sealing and the same statement, as of then."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from landschap.logboek.batches import LaneEnd, head_over, seal
from landschap.logboek.records import Draft
from landschap.logboek.store.lane import _COMMIT
from landschap.logboek.store.wire import Wire


async def write_month(owner: asyncpg.Connection, month: str, drafts: Sequence[Draft]) -> None:
    """Write a batch that was recorded in ``YYYY-MM``, on a lane of its own."""
    first = f"{month}-01"
    await owner.execute(
        f"SET ROLE landschap_owner; SELECT logboek.make_month('{first}'); RESET ROLE"
    )
    floor = await owner.fetchval("SELECT logboek.floor_of($1::text::date)", first)
    records = [
        seal(draft, UUID(int=floor.int + ((place + 1) << 80)), b"s" * 16)
        for place, draft in enumerate(drafts)
    ]
    wire = Wire()
    await wire.begin(owner)
    head = head_over(f"oud-{month}", LaneEnd(), records)
    await owner.fetchrow(
        _COMMIT,
        *(head.lane, head.no, head.size, UUID(bytes=head.first), UUID(bytes=head.last)),
        *(head.root, head.prev, head.digest(), None),
        wire.rows(records, {}),
    )
