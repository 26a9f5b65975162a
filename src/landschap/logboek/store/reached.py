# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: S608 - only fixed numbers are put into statements
"""How many persons were reached in a period, counted where the log lies.

No line is read here, but those of a sealed log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Sized
from contextlib import aclosing
from datetime import datetime
from uuid import UUID

import asyncpg

from landschap.logboek.accounts import Reached
from landschap.logboek.records import Kind
from landschap.logboek.store.opened import Closed, opened
from landschap.logboek.store.reading import floor_id, lanes
from landschap.logboek.told_of import delivered_in
from landschap.vocabulary.problems import Fault, ProblemError, Refusal

MAX_CELLS = 10_000
# A person has another pseudonym under another key: persons are counted per key, and the largest
# number stands, so that a rotation never lifts a small cell over the limit.
_REACHED = f"""
WITH lines AS (
    SELECT r.activity, r.peer, r.subject, r.key_id,
           CASE WHEN position('\\u0000' IN t.text) = 0
                THEN t.text::jsonb -> 'landschap' END AS own
      FROM logboek.record AS r
     CROSS JOIN LATERAL (SELECT convert_from(r.payload, 'UTF8') AS text) AS t
     WHERE r.lane = ANY($1) AND r.record_id >= $2 AND r.record_id < $3
       AND r.kind = {int(Kind.LINE)} AND r.subject IS NOT NULL AND r.form IS NULL
    OFFSET 0
), per_key AS (
    SELECT coalesce(activity, '') AS activity, own ->> 'direction' AS direction,
           CASE own ->> 'direction' WHEN 'own' THEN ''
                ELSE coalesce(own ->> 'delegator_oin', peer, '') END AS party,
           count(*) AS uses, count(DISTINCT subject) AS subjects
      FROM lines WHERE own ->> 'outcome' IN ('delivered', 'partial')
     GROUP BY 1, 2, 3, key_id
)
SELECT activity, coalesce(direction, '') AS direction, party,
       sum(uses)::bigint AS uses, max(subjects) AS subjects
  FROM per_key GROUP BY 1, 2, 3 ORDER BY 1, 2, 3 LIMIT $4
"""


async def reached_between(pool: asyncpg.Pool, since: datetime, until: datetime) -> list[Reached]:
    """Every cell of ``[since, until)``, not suppressed yet: not to be shown as it is.

    Raises ProblemError (``too_many_counts``) rather than leave a cell out.
    """
    names, bounds = await lanes(pool), (floor_id(since), floor_id(until))
    try:
        rows = await pool.fetch(_REACHED, names, *bounds, MAX_CELLS + 1)
    except Closed:
        return await _reached_opened(pool, names, bounds)
    _refuse_too_many(rows)
    return [Reached(**row) for row in rows]


async def _reached_opened(
    pool: asyncpg.Pool, names: Sequence[str], bounds: tuple[UUID, UUID]
) -> list[Reached]:
    """As `reached_between`, of a sealed log."""
    uses: Counter[tuple[str, str, str]] = Counter()
    persons: dict[tuple[str, str, str], dict[int | None, set[bytes | None]]] = {}
    async with aclosing(
        opened(pool, bounds, (Kind.LINE,), "lane = ANY($4)", list(names))
    ) as records:
        async for record in records:
            told, columns = delivered_in(record), record.columns
            if told is None:
                continue
            party = columns.peer if told.delegator is None else told.delegator
            here = "" if told.direction == "own" else party or ""
            cell = (columns.activity or "", told.direction or "", here)
            uses[cell] += 1
            persons.setdefault(cell, {}).setdefault(columns.key_id, set()).add(columns.subject)
            _refuse_too_many(uses)
    return [
        Reached(
            activity=cell[0],
            direction=cell[1],
            party=cell[2],
            uses=uses[cell],
            subjects=max(len(each) for each in persons[cell].values()),
        )
        for cell in sorted(uses)
    ]


def _refuse_too_many(cells: Sized) -> None:
    if len(cells) <= MAX_CELLS:
        return
    raise ProblemError(
        Refusal(
            code="too_many_counts",
            status=422,
            title="Too much to count at once",
            detail=f"This period holds over {MAX_CELLS:,} activities and parties.",
            missing="a shorter period",
            owner="who asks",
            fault=Fault.INPUT,
        )
    )
