# SPDX-License-Identifier: EUPL-1.2
"""Sessions: begun, looked up and extended in one statement, changed, ended, forgotten.

Where the provider may end them too, a room has a table ``session_account`` beside it.

A room whose pages one logs in to has a table ``session`` in its own schema and hands its own pool;
what a session knows is a struct of that room. A session ends after fifteen minutes in which
nothing is asked, and eight hours after it began.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

import asyncpg
import msgspec

from landschap.platform.web.sealed import NONCE_BYTES, seal, session_hash, unseal

IDLE = timedelta(minutes=15)
LONGEST = timedelta(hours=8)
_FORGOTTEN_AT_ONCE = 200

K = TypeVar("K", bound=msgspec.Struct)

_BEGIN = """
WITH forgotten AS (
    DELETE FROM session WHERE session_hash IN (
        SELECT session_hash FROM session WHERE seen_at < $3::timestamptz - $4::interval LIMIT $5))
INSERT INTO session (session_hash, sealed, begun_at, seen_at)
VALUES ($1, $2, $3::timestamptz, $3::timestamptz)
"""
_ACCOUNTS = """
INSERT INTO session_account (session_hash, account) SELECT $1, unnest($2::bytea[])
ON CONFLICT DO NOTHING
"""
_END_ALL = """
DELETE FROM session WHERE begun_at <= $2::timestamptz AND session_hash IN (
    SELECT session_hash FROM session_account WHERE account = $1)
"""
_RESUME = """
UPDATE session SET seen_at = greatest(seen_at, $2::timestamptz)
WHERE session_hash = $1 AND seen_at > $2::timestamptz - $3::interval
  AND begun_at > $2::timestamptz - $4::interval
RETURNING sealed, begun_at
"""
_CHANGE = "UPDATE session SET sealed = $2 WHERE session_hash = $1"


class Session(msgspec.Struct, Generic[K], frozen=True, kw_only=True):
    """A session that is alive; ``until`` is when it ends if nothing is asked."""

    hash: bytes
    known: K
    until: datetime

    def __repr__(self) -> str:
        return f"Session(until={self.until.isoformat()})"


async def begin_session(
    pool: asyncpg.Pool, key: bytes, known: msgspec.Struct, accounts: Sequence[bytes] = ()
) -> str:
    """Begin a session; returns the token for the cookie. ``accounts`` are for `end_sessions`."""
    token = secrets.token_urlsafe(32)
    hashed = session_hash(token)
    sealed = _sealed(key, hashed, known)
    begun = (hashed, sealed, datetime.now(UTC), IDLE, _FORGOTTEN_AT_ONCE)
    if not accounts:
        await pool.execute(_BEGIN, *begun)
        return token
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(_BEGIN, *begun)
        await connection.execute(_ACCOUNTS, hashed, list(accounts))
    return token


async def resume_session(
    pool: asyncpg.Pool, key: bytes, token: str, kind: type[K]
) -> Session[K] | None:
    """The session of a cookie, extended by this request; None when it is over or unknown."""
    hashed, now = session_hash(token), datetime.now(UTC)
    row = await pool.fetchrow(_RESUME, hashed, now, IDLE, LONGEST)
    value = None if row is None else unseal(row["sealed"], key, hashed)
    if row is None or value is None:
        return None
    until = min(now + IDLE, row["begun_at"] + LONGEST)
    return Session(hash=hashed, known=msgspec.json.decode(value, type=kind), until=until)


async def change_session(
    pool: asyncpg.Pool, key: bytes, hashed: bytes, known: msgspec.Struct
) -> None:
    """Let a session know something else; one that is over stays over."""
    await pool.execute(_CHANGE, hashed, _sealed(key, hashed, known))


async def end_session(pool: asyncpg.Pool, hashed: bytes) -> None:
    """End a session; ending one that is over changes nothing."""
    await pool.execute("DELETE FROM session WHERE session_hash = $1", hashed)


async def end_sessions(pool: asyncpg.Pool, account: bytes, at: datetime) -> None:
    """End all sessions of an account that were begun until then."""
    await pool.execute(_END_ALL, account, at)


def _sealed(key: bytes, hashed: bytes, known: msgspec.Struct) -> bytes:
    return seal(msgspec.json.encode(known), key, hashed, secrets.token_bytes(NONCE_BYTES))
