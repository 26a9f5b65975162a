# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: S608 - only names of columns and fixed numbers are put into statements
"""The transactions of a stretch of time, by the party they were with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from landschap.logboek.records import Kind, Record
from landschap.logboek.store.reading import floor_id, lanes
from landschap.logboek.store.rows import SELECTED, record_of

# OFFSET 0 keeps the searches along the lanes, of which the key begins with the name.
_PARTIES = f"""
SELECT peer, count(*) AS total, (array_agg(record_id ORDER BY record_id DESC))[:$4] AS newest
  FROM (
    SELECT found.* FROM unnest($1::text[]) AS wanted(lane) CROSS JOIN LATERAL (
        SELECT record_id, peer FROM logboek.record
        WHERE record.lane = wanted.lane AND record_id >= $2 AND record_id < $3
          AND kind = {int(Kind.FSC)} AND peer IS NOT NULL AND transaction_id IS NOT NULL
        OFFSET 0
    ) AS found
  ) AS every
 GROUP BY peer ORDER BY peer
"""
_RECORDS = f"""
SELECT {SELECTED} FROM logboek.record
WHERE lane = ANY($1::text[]) AND record_id = ANY($2::uuid[]) ORDER BY record_id DESC
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossed:
    """How many transactions there were with one party, and the records of the newest of them."""

    peer: str
    total: int
    records: Sequence[Record]


async def crossed_between(
    pool: asyncpg.Pool, since: datetime, until: datetime, most: int
) -> list[Crossed]:
    """The transactions recorded in ``[since, until)`` per party, each with its ``most`` newest."""
    names = await lanes(pool)
    rows = await pool.fetch(_PARTIES, names, floor_id(since), floor_id(until), most)
    return [
        Crossed(
            peer=row["peer"],
            total=row["total"],
            records=await by_records(pool, row["newest"], names),
        )
        for row in rows
    ]


async def by_records(
    pool: asyncpg.Pool, records: Sequence[UUID], names: Sequence[str] | None = None
) -> list[Record]:
    """The records with these identifiers, newest first; what is not there is left out."""
    among = await lanes(pool) if names is None else names
    rows = await pool.fetch(_RECORDS, list(among), list(records))
    return [record_of(row) for row in rows]
