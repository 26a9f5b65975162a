# SPDX-License-Identifier: EUPL-1.2
"""Holds on what is past its term, and the months of which the term is over, in PostgreSQL.

Only ever added to. The services hold for a person who asked for access and end that, through two
functions; a legal hold is placed and lifted as ``landschap_legal_hold``, seen as
``landschap_log_reader``; a month is taken away as ``landschap_keeper``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg

from landschap.logboek.legal_holds import About, EndedMonth, Ground, LegalHold
from landschap.platform.ids import uuid7

OFFICERS, READER, KEEPER = "landschap_legal_hold", "landschap_log_reader", "landschap_keeper"
# How long taking a month away may keep writers waiting at a time, and how often it is tried.
_TURN_MS, _TRIES = 500, 10
# A month of a very large log is counted and looked through for longer than a question may take.
_LOOK_SECONDS, _DROP_SECONDS = 3_600.0, 1_800.0
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended('logboek.drop_month', 0))"

_HOLDS = """
SELECT hold.*, e.ended_at, e.ended_by, e.reason AS end_reason
FROM logboek.legal_hold AS hold LEFT JOIN logboek.legal_hold_end AS e USING (hold_id)
WHERE $1 OR e.hold_id IS NULL ORDER BY hold.placed_at, hold.hold_id
"""
_PLACE = """
INSERT INTO logboek.legal_hold
    (hold_id, ground, subjects, activity, since, until, reason, placed_by, approved_by)
VALUES ($1, 'legal_hold', $2, $3, $4, $5, $6, $7, $8)
"""
_LIFT = """
INSERT INTO logboek.legal_hold_end (hold_id, reason, ended_by, approved_by)
SELECT hold_id, $2, $3, $4 FROM logboek.legal_hold WHERE hold_id = $1
ON CONFLICT DO NOTHING RETURNING hold_id
"""
_MONTHS = """
SELECT month, ends, ARRAY(SELECT logboek.holds_on_month(month)) AS holds, ARRAY(
    SELECT DISTINCT record.activity FROM logboek.record
    WHERE record.record_id >= logboek.floor_of(month)
      AND record.record_id < logboek.floor_of((month + interval '1 month')::date)
      AND record.activity IS NOT NULL ORDER BY 1) AS activities
FROM logboek.ended_months() ORDER BY month
"""


async def legal_holds(pool: asyncpg.Pool, *, every: bool = False) -> list[LegalHold]:
    """The holds in force, oldest first; with ``every`` also those that ended."""
    return [_hold(row) for row in await pool.fetch(_HOLDS, every)]


async def place_legal_hold(
    pool: asyncpg.Pool, about: About, people: tuple[str, str], reason: str
) -> UUID:
    """Place a legal hold, by two people. Raises asyncpg.CheckViolationError for one person, a hold
    on nothing, or a period that ends before it begins.
    """
    made = uuid7()
    subjects = None if about.subjects is None else list(about.subjects)
    await pool.execute(
        _PLACE, made, subjects, about.activity, about.since, about.until, reason, *people
    )
    return made


async def lift_legal_hold(
    pool: asyncpg.Pool, hold_id: UUID, people: tuple[str, str], reason: str
) -> bool:
    """End a hold, by two people; False when none of that number stands."""
    return await pool.fetchval(_LIFT, hold_id, reason, *people) is not None


async def hold_for_request(
    pool: asyncpg.Pool, request: UUID, subjects: Sequence[bytes], reason: str, who: str
) -> None:
    """Hold all lines about a person who asked for access, until `end_hold_for_request`."""
    await pool.execute(
        "SELECT logboek.hold_for_request($1, $2, $3, $4)", request, list(subjects), reason, who
    )


async def end_hold_for_request(pool: asyncpg.Pool, request: UUID, reason: str, who: str) -> bool:
    """The request has its answer; False when nothing was held for it, or no longer."""
    done = await pool.fetchval(
        "SELECT logboek.end_hold_for_request($1, $2, $3)", request, reason, who
    )
    return bool(done)


async def ended_months(pool: asyncpg.Pool) -> list[EndedMonth]:
    """The months that ended longer ago than the log keeps any, oldest first.

    Raises TimeoutError when looking through them takes over an hour.
    """
    return [
        EndedMonth(
            month=row["month"],
            ends=row["ends"],
            activities=tuple(row["activities"]),
            holds=tuple(row["holds"]),
        )
        for row in await pool.fetch(_MONTHS, timeout=_LOOK_SECONDS)
    ]


async def term_ends(pool: asyncpg.Pool, month: date, terms: Sequence[str]) -> list[datetime]:
    """When each ISO 8601 term ends, counted from the end of a month."""
    rows = await pool.fetch(
        "SELECT ($1::date + interval '1 month' + term::interval) AT TIME ZONE 'UTC' AS ends"
        " FROM unnest($2::text[]) WITH ORDINALITY AS t(term, place) ORDER BY place",
        *(month, list(terms)),
    )
    return [row["ends"] for row in rows]


async def drop_month(pool: asyncpg.Pool, month: date, *, confirmed: bool = False) -> int:
    """Take a month away; how many records it held.

    ``confirmed``: a person says that the clock is right, when the signatures of the log say not.

    Every writer waits behind who waits to take a table away. So this waits for who reads the log
    half a second at a time only, and lets the writers go first in between.

    Raises asyncpg.RaiseError when it is within its term or held: also when that began just now;
    asyncpg.LockNotAvailableError when the log was read all the time; asyncpg.NoDataFoundError when
    there is no such month, for one: somebody else just took it away;
    asyncpg.ObjectNotInPrerequisiteStateError when the clock may stand ahead; TimeoutError when it
    takes over half an hour.
    """
    tries = 0
    while True:
        try:
            async with pool.acquire() as connection, connection.transaction():
                await connection.execute(f"SET LOCAL lock_timeout = {_TURN_MS}")
                await connection.execute(_ONE_AT_A_TIME)
                return int(
                    await connection.fetchval(
                        "SELECT logboek.drop_month($1, $2)",
                        *(month, confirmed),
                        timeout=_DROP_SECONDS,
                    )
                )
        except asyncpg.LockNotAvailableError:
            tries += 1
            if tries == _TRIES:
                raise
        await asyncio.sleep(_TURN_MS / 1000)


def _hold(row: Any) -> LegalHold:
    subjects = row["subjects"]
    return LegalHold(
        hold_id=row["hold_id"],
        ground=Ground(row["ground"]),
        about=About(
            subjects=None if subjects is None else tuple(subjects),
            activity=row["activity"],
            since=row["since"],
            until=row["until"],
        ),
        **{
            name: row[name]
            for name in (
                *("reason", "placed_by", "approved_by", "placed_at"),
                *("ended_at", "ended_by", "end_reason"),
            )
        },
    )
