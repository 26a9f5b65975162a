# SPDX-License-Identifier: EUPL-1.2
"""Quarterly reports that anybody may read (schema ``console``), as they may be read now."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from landschap.console.council.figures import QuarterReport
from landschap.console.council.public import public_of
from landschap.console.council.store.kept import Made, kept_report
from landschap.logboek.store.holds import disclosure
from landschap.purposes.public import is_confidential
from landschap.purposes.store import confidential_activities, current_snapshot

_QUARTERS = 8
_LAST = """
SELECT DISTINCT ON (quarter) quarter, version FROM report_publication
 ORDER BY quarter DESC, version DESC LIMIT $1
"""


async def publish(pool: asyncpg.Pool, quarter: str, version: int, by: str) -> bool:
    """Let anybody read a report of a whole quarter; False when there is none, or it was before."""
    found = await kept_report(pool, quarter, version)
    if found is None or not found[1].is_whole:
        return False
    done = await pool.fetchval(
        "INSERT INTO report_publication (quarter, version, published_by) VALUES ($1, $2, $3)"
        " ON CONFLICT DO NOTHING RETURNING true",
        *(quarter, version, by),
    )
    return bool(done)


async def is_published(pool: asyncpg.Pool, quarter: str, version: int) -> bool:
    """True when anybody may read this one, or a later one of the same quarter."""
    found: bool = await pool.fetchval(
        "SELECT EXISTS (SELECT FROM report_publication WHERE quarter = $1 AND version >= $2)",
        *(quarter, version),
    )
    return found


async def published(
    console: asyncpg.Pool, purposes: asyncpg.Pool, log: asyncpg.Pool
) -> Sequence[tuple[Made, QuarterReport]]:
    """The last published version of each quarter, the latest quarter first, as it may be read now.

    An activity that is held back by the register or by a decision stands in none of them.
    """
    snapshot, _ = await current_snapshot(purposes)
    held = await disclosure(log, await confidential_activities(purposes), ())
    public = {
        uri for uri, versions in snapshot.activity_versions.items() if not is_confidential(versions)
    } - held.reserved
    found = []
    for row in await console.fetch(_LAST, _QUARTERS):
        kept = await kept_report(console, row["quarter"], row["version"])
        if kept is not None:
            found.append((kept[0], public_of(kept[1], public)))
    return found
