# SPDX-License-Identifier: EUPL-1.2
"""Holds for tests, put as two officers do; and one of long ago, which only the owner can put."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg

from landschap.logboek.disclosure import Matter, PostLift
from landschap.logboek.store.holds import put_hold
from landschap.platform.ids import uuid7
from landschap.vocabulary.times import amsterdam_day

TWO = ("Anna de Wit", "Bert Jansen")
# Days are counted as they are here: an hour before midnight, in the other half of the year, 200
# times 24 hours ago was 199 days ago.
_LONG_AGO = """
INSERT INTO logboek.disclosure_hold
SELECT $1, $2, 'd', 'onderzoek', 'Anna', 'Bert',
    (day + time '12:00') AT TIME ZONE 'Europe/Amsterdam', day + 170, 'never'
FROM (SELECT (now() AT TIME ZONE 'Europe/Amsterdam')::date - 200 AS day) AS long_ago
"""


async def held(
    officers: asyncpg.Pool,
    activity: str,
    after: PostLift = PostLift.NEVER,
    person: Collection[bytes] | None = None,
    case: str = "",
) -> UUID:
    """A hold of now, to be looked at again in ninety days."""
    day = amsterdam_day(datetime.now(UTC)) + timedelta(days=90)
    what = Matter(activity, person, case)
    made = await put_hold(officers, what, "d", TWO, "onderzoek 2026-17", day, after)
    assert made is not None
    return made


async def held_long_ago(owner: asyncpg.Connection, activity: str) -> UUID:
    """A hold of 200 days ago, which had to be looked at again a month ago."""
    made = uuid7()
    await owner.execute(_LONG_AGO, made, activity)
    return made
