# SPDX-License-Identifier: EUPL-1.2
"""Holds on what the person concerned is told, in PostgreSQL; nothing is changed, only added."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg

from landschap.logboek.disclosure import (
    Disclosure,
    Hold,
    Matter,
    PostLift,
    case_key,
    disclosure_of,
)
from landschap.platform.ids import uuid7

_HOLDS = """
SELECT hold.hold_id, coalesce(hold.activity, '') AS activity,
       coalesce(hold.case_number, '') AS "case", hold.subjects,
       hold.ground, hold.reason, hold.decided_by, hold.approved_by, hold.decided_at,
       coalesce(last.review_at, hold.review_at) AS review_at,
       coalesce(lift.post_lift, hold.post_lift) AS post_lift, lift.lifted_at,
       coalesce(lift.decided_by, '') AS lifted_by,
       coalesce(lift.approved_by, '') AS lift_approved_by,
       coalesce(lift.reason, '') AS lift_reason
FROM logboek.disclosure_hold AS hold
LEFT JOIN logboek.disclosure_lift AS lift
    ON lift.hold_id = hold.hold_id AND ($1::timestamptz IS NULL OR lift.lifted_at <= $1)
LEFT JOIN LATERAL (
    SELECT review_at FROM logboek.disclosure_review AS review
    WHERE review.hold_id = hold.hold_id
      AND ($1::timestamptz IS NULL OR review.decided_at <= $1)
    ORDER BY decided_at DESC, review_id DESC LIMIT 1
) AS last ON true
WHERE $1::timestamptz IS NULL OR hold.decided_at <= $1
ORDER BY hold.decided_at, hold.hold_id
"""
_PUT = """
INSERT INTO logboek.disclosure_hold
    (hold_id, activity, ground, reason, decided_by, approved_by, review_at, post_lift, subjects,
     case_number)
VALUES ($1, nullif($2, ''), $3, $4, $5, $6, $7, $8, $9, nullif($10, ''))
"""
_REVIEWED = """
INSERT INTO logboek.disclosure_review
    (review_id, hold_id, reason, decided_by, approved_by, review_at)
VALUES ($1, $2, $3, $4, $5, $6)
"""
_LIFTED = """
INSERT INTO logboek.disclosure_lift (hold_id, reason, decided_by, approved_by, post_lift)
VALUES ($1, $2, $3, $4, $5)
"""
# Two decisions on one activity or one case never run together.
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended('logboek.hold ' || $1, 0))"


async def holds(
    source: asyncpg.Pool | asyncpg.Connection, at: datetime | None = None
) -> list[Hold]:
    """All holds that were ever put, oldest first, each as it is now, or was at a moment."""
    return [_hold(row) for row in await source.fetch(_HOLDS, at)]


async def disclosure(
    pool: asyncpg.Pool, confidential: Collection[str], person: Collection[bytes] | None
) -> Disclosure:
    """What may be told now, for who reads lines on behalf of a person: all pseudonyms of one.

    An empty ``person`` asks for what is decided on whole activities; None takes in what is decided
    on anybody, for who reads for nobody in particular. ``confidential`` are the activities that the
    register of purposes calls so. Whoever can not know those, tells nothing.
    """
    return disclosure_of(confidential, await holds(pool), person)


async def put_hold(
    pool: asyncpg.Pool, what: Matter, ground: str, people: tuple[str, str], reason: str,
    review_at: date, post_lift: PostLift,
) -> UUID | None:  # fmt: skip
    """Put a hold, decided and approved by two people; None when one stands on the same.

    Raises asyncpg.CheckViolationError for one person, or a review later than in six months.
    """
    made = uuid7()
    subjects = None if what.subjects is None else sorted(what.subjects)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(_ONE_AT_A_TIME, _key(what))
        if any(_is_same(each, what) for each in await holds(connection)):
            return None
        await connection.execute(
            _PUT, made, what.activity, ground, reason, *people, review_at, post_lift.value,
            subjects, what.case.strip(),
        )  # fmt: skip
    return made


async def review_hold(
    pool: asyncpg.Pool, hold_id: UUID, people: tuple[str, str], reason: str, review_at: date
) -> bool:
    """Write down that a hold goes on until it is looked at again; False when it does not stand."""
    async with pool.acquire() as connection, connection.transaction():
        if await _standing(connection, hold_id) is None:
            return False
        await connection.execute(_REVIEWED, uuid7(), hold_id, reason, *people, review_at)
    return True


async def lift_hold(
    pool: asyncpg.Pool, hold_id: UUID, people: tuple[str, str], reason: str,
    post_lift: PostLift | None = None,
) -> Hold | None:  # fmt: skip
    """End a hold; None when it does not stand. What is told since is that of the hold unless given.

    Gives the hold as it is then.
    """
    async with pool.acquire() as connection, connection.transaction():
        found = await _standing(connection, hold_id)
        if found is None:
            return None
        after = (post_lift or found.post_lift).value
        await connection.execute(_LIFTED, hold_id, reason, *people, after)
        return next(each for each in await holds(connection) if each.hold_id == hold_id)


async def _standing(connection: asyncpg.Connection, hold_id: UUID) -> Hold | None:
    found: Sequence[Hold] = [each for each in await holds(connection) if each.hold_id == hold_id]
    if not found:
        return None
    await connection.execute(_ONE_AT_A_TIME, _key(found[0]))
    again = next(each for each in await holds(connection) if each.hold_id == hold_id)
    return again if again.stands else None


def _is_same(each: Hold, what: Matter) -> bool:
    """True for one that stands on this activity, for everybody or this person; or on this case."""
    if _key(each) != _key(what) or not each.stands:
        return False
    return each.subjects is None if what.subjects is None else each.is_about(what.subjects)


def _key(what: Hold | Matter) -> str:
    return f"case {case_key(what.case)}" if what.case else what.activity


def _hold(row: Any) -> Hold:
    subjects = None if row["subjects"] is None else frozenset(row["subjects"])
    return Hold(**{**row, "post_lift": PostLift(row["post_lift"]), "subjects": subjects})
