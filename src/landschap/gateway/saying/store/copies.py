# SPDX-License-Identifier: EUPL-1.2
"""Copies of their data for persons: asked when a request is granted, made by the worker, kept a
month. The archive is sealed; only this organisation can read it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

KEPT = timedelta(days=30)
MOST_BYTES = 50_000_000
MOST_ATTEMPTS = 5
# Without a sign of life for so long another worker begins anew.
_HELD = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """How far a copy is. ``sealed`` is None until it is made, and again when its time is over."""

    request: UUID
    done: int
    total: int
    attempts: int
    made_at: datetime | None
    sealed: bytes | None = field(default=None, repr=False)

    @property
    def has_failed(self) -> bool:
        """True when it was tried often enough: a person has to look."""
        return self.made_at is None and self.attempts >= MOST_ATTEMPTS


async def ask_file(connection: asyncpg.Connection, request: UUID) -> None:
    """Have the copy made for a request that is granted."""
    await connection.execute(
        "INSERT INTO rights_file (request) VALUES ($1) ON CONFLICT DO NOTHING", request
    )


async def take_file(pool: asyncpg.Pool, now: datetime) -> UUID | None:
    """The next to be made, held while signs of life come; None when there is none."""
    found: UUID | None = await pool.fetchval(
        "UPDATE rights_file SET told_at = $1, attempts = attempts + 1 WHERE request = ("
        " SELECT request FROM rights_file WHERE made_at IS NULL AND attempts < $3"
        " AND (told_at IS NULL OR told_at < $1::timestamptz - $2::interval)"
        " ORDER BY asked_at LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING request",
        *(now, _HELD, MOST_ATTEMPTS),
    )
    return found


async def tell_file(pool: asyncpg.Pool, request: UUID, done: int, total: int) -> None:
    """A sign of life: how far it is."""
    await pool.execute(
        "UPDATE rights_file SET told_at = clock_timestamp(), done = $2, total = $3"
        " WHERE request = $1",
        *(request, done, total),
    )


async def keep_file(pool: asyncpg.Pool, request: UUID, sealed: bytes) -> None:
    """It is made. Raises ValueError for more than `MOST_BYTES`."""
    if len(sealed) > MOST_BYTES:
        raise ValueError(f"a copy of {len(sealed)} bytes; at most {MOST_BYTES}")
    await pool.execute(
        "UPDATE rights_file SET sealed = $2, digest = $3, made_at = clock_timestamp(), done = total"
        " WHERE request = $1 AND made_at IS NULL",
        *(request, sealed, hashlib.sha256(sealed).digest()),
    )


async def file_of(pool: asyncpg.Pool, request: UUID) -> Copy | None:
    """The copy of a request; None when none was asked."""
    row = await pool.fetchrow(
        "SELECT request, done, total, attempts, made_at, sealed FROM rights_file"
        " WHERE request = $1",
        request,
    )
    return Copy(**dict(row)) if row else None


async def forget_files(pool: asyncpg.Pool, now: datetime) -> None:
    """What was made a month ago is no longer kept; that it was made is."""
    await pool.execute(
        "UPDATE rights_file SET sealed = NULL WHERE sealed IS NOT NULL AND made_at < $1",
        now - KEPT,
    )
