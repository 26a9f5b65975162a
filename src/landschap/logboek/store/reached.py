# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: S608 - only fixed numbers are put into statements
"""How many persons were reached in a period, counted where the log lies: no line is read here."""

from __future__ import annotations

from datetime import datetime

import asyncpg

from landschap.logboek.accounts import Reached
from landschap.logboek.records import Kind
from landschap.logboek.store.reading import floor_id, lanes
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
    rows = await pool.fetch(
        _REACHED, await lanes(pool), floor_id(since), floor_id(until), MAX_CELLS + 1
    )
    if len(rows) > MAX_CELLS:
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
    return [Reached(**row) for row in rows]
