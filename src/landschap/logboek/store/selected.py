# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: S608 - only names of columns and fixed conditions are put into the statement
"""The lines that fit a question of the read interface."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import asyncpg

from landschap.logboek.disclosure import Withheld
from landschap.logboek.read_profile import LogQuestion
from landschap.logboek.records import Kind, Record
from landschap.logboek.store.reading import floor_id, lanes
from landschap.logboek.store.rows import SELECTED, record_of
from landschap.logboek.store.told import pages_told

_CLOCK_SLACK = timedelta(minutes=1)
_SECONDS = 10.0
# A condition stands in the statement only when it is asked, so that its index is used.
_LINES = f"""
SELECT {SELECTED} FROM logboek.record
WHERE kind = {int(Kind.LINE)} AND record_id >= $1 AND at >= $2 AND at < $3
  AND (activity IS NULL OR activity <> ALL($4::text[]))
  AND ($6::uuid IS NULL OR record_id < $6) {{}}
ORDER BY record_id DESC LIMIT $5
"""
# Of each subject the newest are read by their index, no further than there is room for. Without
# trace and subject there is no index to follow: of each lane the newest are gone through until
# there are enough, so that an activity which is used a lot is answered at once.
_OF_EACH = f"""
SELECT found.* FROM unnest(${{}}::{{}}[]) AS wanted(value) CROSS JOIN LATERAL (
    {_LINES.replace("WHERE kind", "WHERE record.{} = wanted.value AND kind").strip()}
) AS found ORDER BY record_id DESC LIMIT $5
"""


async def lines_asked(
    pool: asyncpg.Pool,
    question: LogQuestion,
    subjects: Sequence[bytes] | None,
    withheld: Withheld,
    limit: int,
) -> list[Record]:
    """The lines that fit, newest first, at most ``limit``.

    ``subjects`` are the pseudonyms whose lines may be shown: an empty list shows none, None shows
    those of everybody. What is ``withheld`` is left out before anything is counted.
    Raises TimeoutError when finding them takes over ten seconds.
    """

    async def read(before: UUID | None, size: int) -> list[Record]:
        held = sorted(withheld.activities)
        return await _page(pool, question, subjects, held, before, size)

    async with asyncio.timeout(_SECONDS):
        return await pages_told(read, withheld, limit)


async def _page(
    pool: asyncpg.Pool, question: LogQuestion, subjects: Sequence[bytes] | None,
    held: list[str], before: UUID | None, limit: int,
) -> list[Record]:  # fmt: skip
    conditions: list[str] = []
    values: list[object] = [
        floor_id(question.since - _CLOCK_SLACK),
        question.since,
        question.until,
        held,
        limit,
        before,
    ]
    for condition, value in (
        ("trace_id = ${}", question.trace_id),
        ("activity = ${}", question.activity),
        ("subject = ANY(${}::bytea[])", subjects if question.trace_id else None),
    ):
        if value is not None:
            values.append(value)
            conditions.append(f"AND {condition.format(len(values))}")
    narrowed = " ".join(conditions)
    statement = _LINES.format(narrowed)
    if question.trace_id is None:
        each = ("text", "lane") if subjects is None else ("bytea", "subject")
        values.append(await lanes(pool) if subjects is None else list(subjects))
        statement = _OF_EACH.format(len(values), *each, narrowed)
    rows = await pool.fetch(statement, *values)
    return [record_of(row) for row in rows]
