# SPDX-License-Identifier: EUPL-1.2
"""What the owner of the database can do: change a lane, and make every hash of it fit again."""

from __future__ import annotations

import asyncpg

from landschap.logboek.merkle import NO_HEAD, root_hash
from landschap.logboek.records import leaf_of
from landschap.logboek.store.proving import batch_of
from landschap.logboek.store.rows import SELECTED, record_of


async def rewrite(owner: asyncpg.Connection, lane: str, *, first: int, last: int) -> None:
    """Change the first payload of batch ``first``, and all hashes up to and with ``last``."""
    for number in range(first, last + 1):
        sql = (
            f"SELECT {SELECTED} FROM logboek.record WHERE lane = $1 AND batch = $2 "
            "ORDER BY record_id"
        )
        leaves = []
        for record in [record_of(row) for row in await owner.fetch(sql, lane, number)]:
            payload = b"{}" if record.position == 0 and number == first else record.payload
            leaf = leaf_of(record.columns, record.salt, payload)
            leaves.append(leaf)
            await owner.execute(
                "UPDATE logboek.record SET payload = $2, leaf = $3, form = NULL "
                "WHERE record_id = $1",
                *(record.record_id, payload, leaf),
            )
        prev = await owner.fetchval(
            "SELECT head FROM logboek.batch WHERE lane = $1 AND no = $2", lane, number - 1
        )
        row = await owner.fetchrow(
            "SELECT * FROM logboek.batch WHERE lane = $1 AND no = $2", lane, number
        )
        made = batch_of({**row, "root": root_hash(leaves), "prev": prev or NO_HEAD}).made
        await owner.execute(
            "UPDATE logboek.batch SET root = $3, prev = $4, head = $5 WHERE lane = $1 AND no = $2",
            *(lane, number, made.root, made.prev, made.digest()),
        )
