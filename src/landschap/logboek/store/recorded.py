# SPDX-License-Identifier: EUPL-1.2
"""How much was recorded of each service: questions that passed the door, and lines."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

import asyncpg

from landschap.logboek.records import Kind
from landschap.logboek.store.reading import floor_id, lanes

_RECORDED = f"""
SELECT coalesce(service, '') AS service,
       count(*) FILTER (WHERE kind = {int(Kind.FSC)}) AS passed,
       count(*) FILTER (WHERE kind = {int(Kind.LINE)}) AS lines
  FROM logboek.record
 WHERE lane = ANY($1) AND record_id >= $2 AND record_id < $3
   AND kind IN ({int(Kind.FSC)}, {int(Kind.LINE)})
 GROUP BY 1
"""  # noqa: S608  # fixed numbers only


class Recorded(NamedTuple):
    """Questions that passed a door, and lines that were written."""

    passed: int
    lines: int


async def recorded_between(
    pool: asyncpg.Pool, since: datetime, until: datetime
) -> Mapping[str, Recorded]:
    """What was recorded in ``[since, until)``, by service; no line is opened."""
    rows = await pool.fetch(_RECORDED, await lanes(pool), floor_id(since), floor_id(until))
    return {row["service"]: Recorded(row["passed"], row["lines"]) for row in rows}
