# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: S608 - only names of columns and fixed conditions are put into the statement
"""Records read in pages and opened here, for questions that a sealed log can not answer in SQL.

The statements of those questions end with an error at the first record that is closed: what is
sealed begins with a zero, which is no text. Then the same is asked here, and a log that is open is
read as ever.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from uuid import UUID

import asyncpg

from landschap.logboek.records import Kind, Record
from landschap.logboek.store.rows import SELECTED, record_of

_PAGE = 1000
Closed = asyncpg.CharacterNotInRepertoireError
"""What a statement over the content of a sealed record ends with."""


async def opened(
    pool: asyncpg.Pool,
    bounds: tuple[UUID, UUID],
    kinds: Sequence[Kind],
    condition: str = "true",
    *values: object,
) -> AsyncGenerator[Record, None]:
    """The records of these kinds from one identifier up to another, at one moment of the log.

    Who stops early closes it (`contextlib.aclosing`).
    ``condition`` takes ``values`` from $4 on.
    """
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        async for record in opened_in(connection, bounds, kinds, condition, *values):
            yield record


async def opened_in(
    connection: asyncpg.Connection,
    bounds: tuple[UUID, UUID],
    kinds: Sequence[Kind],
    condition: str,
    *values: object,
) -> AsyncGenerator[Record, None]:
    """As `opened`, in a transaction that is there."""
    sql = (
        f"SELECT {SELECTED} FROM logboek.record WHERE record_id >= $1 AND record_id < $2 "
        f"AND kind = ANY($3::smallint[]) AND ({condition})"
    )
    given = (*bounds, [int(each) for each in kinds], *values)
    async for row in connection.cursor(sql, *given, prefetch=_PAGE):
        yield record_of(row)
