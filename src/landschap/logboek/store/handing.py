# SPDX-License-Identifier: EUPL-1.2
"""What a proof of one record needs beside its batch: the chain up to the first anchor over it."""

from __future__ import annotations

from datetime import timedelta

import asyncpg

from landschap.logboek.anchors import Anchor, InvalidAnchor, read_anchor
from landschap.logboek.proofs import MAX_BATCHES, RecordProof
from landschap.logboek.records import Record
from landschap.logboek.store.proving import anchor_of, batch_of, proof_of
from landschap.logboek.store.reading import floor_id

# Anchors carry the clock of the one who signs; a minute of difference is looked past.
_SLACK = timedelta(minutes=1)


async def signed_proof(pool: asyncpg.Pool, record: Record) -> RecordProof | None:
    """The proof of a record up to a signature.

    None when its batch is not whole, when no anchor covers it yet, or when the chain to the anchor
    has a gap or more than 200,000 batches.
    """
    inner = await proof_of(pool, record)
    found = await _first_anchor(pool, record)
    if inner is None or found is None:
        return None
    anchor, organisation, end = found
    rows = await pool.fetch(
        "SELECT * FROM logboek.batch WHERE lane = $1 AND no BETWEEN $2 AND $3 ORDER BY no LIMIT $4",
        *(record.lane, record.batch, end, MAX_BATCHES),
    )
    if len(rows) != end - record.batch + 1:
        return None
    return RecordProof(
        organisation=organisation,
        path=inner.path,
        anchor=anchor,
        batches=tuple(batch_of(row) for row in rows),
        record=record,
    )


async def _first_anchor(pool: asyncpg.Pool, record: Record) -> tuple[Anchor, str, int] | None:
    """The oldest anchor over the batch of this record, whose it is, and the batch it signed."""
    sql = "SELECT * FROM logboek.anchor WHERE anchor_id >= $1 ORDER BY anchor_id"
    async with pool.acquire() as connection, connection.transaction(readonly=True):
        async for row in connection.cursor(sql, floor_id(record.recorded_at - _SLACK), prefetch=50):
            anchor = anchor_of(row)
            try:
                statement = read_anchor(anchor)
            except InvalidAnchor:
                continue
            for end in statement.lanes:
                if end.lane == record.lane and end.no >= record.batch:
                    return anchor, statement.organisation, end.no
    return None
