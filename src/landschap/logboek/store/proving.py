# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: S608 - only names of columns are put into statements
"""What the signing worker and verification read: ends, heads, records and anchors in order."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from uuid import UUID

import asyncpg
import msgspec

from landschap.logboek.anchors import Anchor
from landschap.logboek.merkle import BatchHead, inclusion_proof
from landschap.logboek.records import Record
from landschap.logboek.store.rows import SELECTED, between, record_of
from landschap.logboek.verify import StoredBatch

_PAGE = 2000

_ENDS = """
WITH RECURSIVE lanes AS (
    (SELECT lane FROM logboek.batch ORDER BY lane LIMIT 1)
    UNION ALL
    SELECT (SELECT lane FROM logboek.batch WHERE lane > lanes.lane ORDER BY lane LIMIT 1)
    FROM lanes WHERE lanes.lane IS NOT NULL
)
SELECT lanes.lane, last.no, last.head FROM lanes CROSS JOIN LATERAL (
    SELECT no, head FROM logboek.batch WHERE lane = lanes.lane ORDER BY no DESC LIMIT 1
) AS last ORDER BY lanes.lane
"""


async def lane_ends(pool: asyncpg.Pool) -> list[tuple[str, int, bytes]]:
    """The last batch of every lane: name, number, head."""
    return [tuple(row) for row in await pool.fetch(_ENDS)]


async def last_anchor(pool: asyncpg.Pool) -> Anchor | None:
    """The newest anchor."""
    sql = "SELECT * FROM logboek.anchor ORDER BY anchor_id DESC LIMIT 1"
    row = await pool.fetchrow(sql)
    return None if row is None else anchor_of(row)


async def add_anchor(pool: asyncpg.Pool, anchor: Anchor) -> None:
    """Keep a signed anchor."""
    await pool.execute(
        "INSERT INTO logboek.anchor (anchor_id, at, jws, certificate) VALUES ($1, $2, $3, $4)",
        *(anchor.anchor_id, anchor.at, anchor.jws, anchor.certificate),
    )


async def count_records(pool: asyncpg.Pool) -> int:
    """How many records the batches say there are, for the progress of a verification."""
    return int(await pool.fetchval("SELECT coalesce(sum(size), 0)::bigint FROM logboek.batch"))


async def dropped_months(pool: asyncpg.Pool) -> list[date]:
    """The months whose records went after their term."""
    rows = await pool.fetch("SELECT month FROM logboek.dropped_month ORDER BY month")
    return [row["month"] for row in rows]


class Proof(msgspec.Struct, frozen=True):
    """What shows, without the rest of the log, that a record stands in it."""

    record: Record
    batch: StoredBatch
    path: tuple[bytes, ...]


async def proof_of(pool: asyncpg.Pool, record: Record) -> Proof | None:
    """The hashes from a record up to the head of its batch; None when the batch is not whole."""
    row = await pool.fetchrow(
        "SELECT * FROM logboek.batch WHERE lane = $1 AND no = $2", record.lane, record.batch
    )
    if row is None:
        return None
    rows = await pool.fetch(
        "SELECT leaf FROM logboek.record WHERE lane = $1 AND record_id BETWEEN $2 AND $3 "
        "ORDER BY pos",
        *(record.lane, row["first_record"], row["last_record"]),
    )
    if len(rows) != row["size"]:
        return None
    path = inclusion_proof([found["leaf"] for found in rows], record.position)
    return Proof(record, batch_of(row), tuple(path))


class Snapshot:
    """The log at one moment, read in the order of verification."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def batches(self) -> AsyncIterator[StoredBatch]:
        """All batches, by lane and number."""
        sql = "SELECT * FROM logboek.batch ORDER BY lane, no"
        async for row in self._connection.cursor(sql, prefetch=_PAGE):
            yield batch_of(row)

    async def records(self) -> AsyncIterator[Record]:
        """All records, by lane and identifier."""
        async for record in self.records_between(None, None):
            yield record

    async def records_between(
        self, after: tuple[str, bytes] | None, until: tuple[str, bytes] | None
    ) -> AsyncIterator[Record]:
        """The records after one place, lane and identifier, up to and with another."""
        where, values = between(after, until)
        sql = f"SELECT {SELECTED} FROM logboek.record WHERE {where} ORDER BY lane, record_id"
        async for row in self._connection.cursor(sql, *values, prefetch=_PAGE):
            yield record_of(row)

    async def exported(self) -> str:
        """The name under which other connections see the log at this moment, while this is open."""
        return str(await self._connection.fetchval("SELECT pg_export_snapshot()"))

    async def anchors(self) -> AsyncIterator[Anchor]:
        """All anchors, oldest first."""
        sql = "SELECT * FROM logboek.anchor ORDER BY anchor_id"
        async for row in self._connection.cursor(sql, prefetch=_PAGE):
            yield anchor_of(row)


@asynccontextmanager
async def snapshot(pool: asyncpg.Pool) -> AsyncIterator[Snapshot]:
    """One moment of the log: what is written meanwhile is not seen half."""
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        yield Snapshot(connection)


def batch_of(row: asyncpg.Record) -> StoredBatch:
    """The batch of a row of logboek.batch."""
    made = BatchHead(
        lane=row["lane"],
        no=row["no"],
        size=row["size"],
        first=row["first_record"].bytes,
        last=row["last_record"].bytes,
        root=row["root"],
        prev=row["prev"],
    )
    return StoredBatch(made, row["head"])


def anchor_of(row: asyncpg.Record) -> Anchor:
    """The anchor of a row of logboek.anchor."""
    identifier: UUID = row["anchor_id"]
    return Anchor(identifier, row["at"], row["jws"], row["certificate"])
