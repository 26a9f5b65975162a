# SPDX-License-Identifier: EUPL-1.2
"""Employees who logged out at the provider or left: what they came with is worth nothing any more.

The provider tells of a logout, or somebody writes down that an employee left. Both count at once:
at the console with the next click, at the Outway with the next question. Moments of a logout are
the provider's own, compared with the moment the provider says somebody logged in.
Source: OpenID Connect Back-Channel Logout 1.0; BIO2, 5.18 (access ends with the employment).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf
from typing import Any

import asyncpg

LOGOUT, LEFT, BACK = "logout", "left", "back"
_MAX_ACCOUNT = 290


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """What was said last of an account; ``account`` is ``sub:`` or ``sid:`` and its name."""

    issuer: str
    account: str
    at: datetime
    kind: str
    said_by: str
    said_at: datetime


def by_subject(subject: str) -> str:
    """An account by the name the provider gives it."""
    return f"sub:{subject[:_MAX_ACCOUNT]}"


def by_session(session_id: str) -> str:
    """One session at the provider."""
    return f"sid:{session_id[:_MAX_ACCOUNT]}"


async def note_departure(
    pool: asyncpg.Pool, issuer: str, account: str, at: datetime, kind: str, said_by: str
) -> bool:
    """Write down a logout, that somebody left, or came back; True when it was not known yet."""
    return bool(
        await pool.fetchval(
            "SELECT platform.note_departure($1, $2, $3, $4, $5)", issuer, account, at, kind, said_by
        )
    )


async def has_departed(
    pool: asyncpg.Pool, issuer: str, accounts: Sequence[str], since: float
) -> bool:
    """True when one of these accounts left, or logged out since it came (seconds since 1970)."""
    rows = await pool.fetch(
        f"{_LAST} AND issuer = $1 AND account = ANY($2)",  # constants only
        issuer,
        list(accounts),
    )
    return any(since <= moment for moment in _moments(rows).values())


async def departed(pool: asyncpg.Pool, issuer: str) -> Mapping[str, float]:
    """Per account: up to which moment what it came with is void; infinite for who left."""
    return _moments(await pool.fetch(f"{_LAST} AND issuer = $1", issuer))  # constants


async def departures(pool: asyncpg.Pool, issuer: str) -> Sequence[Departure]:
    """Who left or came back, the last said first."""
    rows = await pool.fetch(
        "SELECT DISTINCT ON (account) issuer, account, at, kind, said_by, said_at"
        " FROM platform.departure WHERE kind <> 'logout' AND issuer = $1"
        " ORDER BY account, said_at DESC",
        issuer,
    )
    return sorted((Departure(**row) for row in rows), key=lambda each: each.said_at, reverse=True)


# Of a departure and a return the one that was said last; of logouts the latest.
_LAST = """
SELECT account, kind, at FROM platform.departure AS one
WHERE (kind = 'logout' OR NOT EXISTS (
    SELECT 1 FROM platform.departure AS later
    WHERE later.issuer = one.issuer AND later.account = one.account
      AND later.kind <> 'logout' AND later.said_at > one.said_at))
"""


def _moments(rows: Sequence[Any]) -> Mapping[str, float]:
    found: dict[str, float] = {}
    for row in rows:
        # Who came back logs in anew: what was held before that stays void.
        moment = inf if row["kind"] == LEFT else row["at"].astimezone(UTC).timestamp()
        found[row["account"]] = max(moment, found.get(row["account"], -inf))
    return found
