# SPDX-License-Identifier: EUPL-1.2
"""Verifications of the log that were asked for (schema ``console``), and how far each is.

All functions take a pool of role ``landschap_console``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from landschap.vocabulary.ijson import JsonValue

SILENT_SECONDS = 60
"""After so long without a sign of life another worker begins the verification anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """One verification: ``done`` of ``total`` records; ``outcome`` is None until it ended well.

    ``seen_at`` is None while no worker took it.
    """

    verification_id: UUID
    asked_at: datetime
    seen_at: datetime | None
    ended_at: datetime | None
    done: int
    total: int
    outcome: Mapping[str, Any] | None

    @property
    def is_open(self) -> bool:
        """True while it waits or is carried out."""
        return self.ended_at is None

    @property
    def failed(self) -> bool:
        """True when it could not be carried out to the end."""
        return self.ended_at is not None and self.outcome is None


async def ask(pool: asyncpg.Pool, verification_id: UUID, now: datetime, total: int) -> bool:
    """Ask for one; False when another is open, which then stands for both."""
    added = await pool.fetchval(
        "INSERT INTO verification (verification_id, asked_at, total) VALUES ($1, $2, $3)"
        " ON CONFLICT DO NOTHING RETURNING true",
        *(verification_id, now, total),
    )
    return bool(added)


async def newest(pool: asyncpg.Pool) -> Verification | None:
    """The one that was asked for last; None when none ever was."""
    row = await pool.fetchrow("SELECT * FROM verification ORDER BY asked_at DESC LIMIT 1")
    if row is None:
        return None
    values = dict(row)
    outcome = values.pop("outcome")
    return Verification(**values, outcome=None if outcome is None else json.loads(outcome))


async def ended_between(
    pool: asyncpg.Pool, since: datetime, until: datetime
) -> list[Mapping[str, Any]]:
    """What came out of the verifications that ended well in ``[since, until)``, in order."""
    rows = await pool.fetch(
        "SELECT outcome FROM verification WHERE ended_at >= $1 AND ended_at < $2"
        " AND outcome IS NOT NULL ORDER BY ended_at",
        *(since, until),
    )
    return [json.loads(row["outcome"]) for row in rows]


async def take(pool: asyncpg.Pool) -> UUID | None:
    """Take the open one that no living worker does; None when there is none."""
    taken: UUID | None = await pool.fetchval(
        "UPDATE verification SET seen_at = clock_timestamp(), done = 0 WHERE verification_id = ("
        " SELECT verification_id FROM verification WHERE ended_at IS NULL AND (seen_at IS NULL"
        "  OR seen_at < clock_timestamp() - make_interval(secs => $1))"
        " FOR UPDATE SKIP LOCKED LIMIT 1) RETURNING verification_id",
        float(SILENT_SECONDS),
    )
    return taken


async def tell(pool: asyncpg.Pool, verification_id: UUID, done: int) -> None:
    """Say how far it is, and that its worker lives."""
    await pool.execute(
        "UPDATE verification SET done = $2, seen_at = clock_timestamp()"
        " WHERE verification_id = $1 AND ended_at IS NULL",
        *(verification_id, done),
    )


async def end(
    pool: asyncpg.Pool, verification_id: UUID, outcome: Mapping[str, JsonValue] | None
) -> None:
    """Keep the outcome, None for one that failed; what has ended is not changed."""
    await pool.execute(
        "UPDATE verification SET ended_at = clock_timestamp(), outcome = $2"
        " WHERE verification_id = $1 AND ended_at IS NULL",
        verification_id,
        None if outcome is None else json.dumps(outcome),
    )
