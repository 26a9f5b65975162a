# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: S608 - only names of columns and fixed conditions are put into the statement
"""The lines that fit a question of the read interface."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import asyncpg

from landschap.logboek.read_profile import LogQuestion
from landschap.logboek.records import Kind, Record
from landschap.logboek.store.reading import floor_id, lanes
from landschap.logboek.store.rows import SELECTED, record_of

_CLOCK_SLACK = timedelta(minutes=1)
_SECONDS = 10.0
# A condition stands in the statement only when it is asked, so that its index is used.
_LINES = f"""
SELECT {SELECTED} FROM logboek.record
WHERE kind = {int(Kind.LINE)} AND record_id >= $1 AND at >= $2 AND at < $3
  AND (activity IS NULL OR activity <> ALL($4::text[])) {{}}
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
    held_back: Sequence[str],
    limit: int,
) -> list[Record]:
    """The lines that fit, newest first, at most ``limit``.

    ``subjects`` are the pseudonyms whose lines may be shown: an empty list shows none, None shows
    those of everybody. Lines under the activities ``held_back`` are not read at all.
    Raises TimeoutError when finding them takes over ten seconds.
    """
    conditions: list[str] = []
    values: list[object] = [
        floor_id(question.since - _CLOCK_SLACK),
        question.since,
        question.until,
        list(held_back),
        limit,
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
    rows = await pool.fetch(statement, *values, timeout=_SECONDS)
    return [record_of(row) for row in rows]
