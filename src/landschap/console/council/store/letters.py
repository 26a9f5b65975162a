# SPDX-License-Identifier: EUPL-1.2
"""Lists of persons to be written to about a breach: asked by one, released by another.

All functions take a pool of role ``landschap_console``. Only ever added to. Source: AVG art. 34.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from landschap.platform.ids import uuid7

_SELECT = """
SELECT q.*, r.at AS released_at, r.released_by, r.found
  FROM letter_request q LEFT JOIN letter_release r USING (request_id)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterRequest:
    """A list that was asked for; ``scope`` is the SHA-256 of the file it is about.

    ``found`` are the persons of whom the register knew the number; None until it was released.
    """

    request_id: UUID
    at: datetime
    asked_by: str
    words: str
    collection: str
    persons: int
    scope: bytes
    released_at: datetime | None = None
    released_by: str | None = None
    found: int | None = None


async def ask_for_letters(
    pool: asyncpg.Pool, *, asked_by: str, words: str, collection: str, persons: int, scope: bytes
) -> UUID:
    """Ask for the list of these persons; gives the number of the request."""
    made = uuid7()
    await pool.execute(
        "INSERT INTO letter_request (request_id, asked_by, words, collection, persons, scope)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        *(made, asked_by, words, collection, persons, scope),
    )
    return made


async def release_letters(
    pool: asyncpg.Pool, request_id: UUID, *, released_by: str, found: int, letters: bytes
) -> bool:
    """Release a list, once; False when that was done before, or by who asked for it."""
    try:
        done = await pool.fetchval(
            "INSERT INTO letter_release (request_id, released_by, found, letters)"
            " VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING true",
            *(request_id, released_by, found, letters),
        )
    except asyncpg.CheckViolationError:
        return False
    return bool(done)


async def letter_request(pool: asyncpg.Pool, request_id: UUID) -> LetterRequest | None:
    """One request; None when there is none."""
    row = await pool.fetchrow(f"{_SELECT} WHERE q.request_id = $1", request_id)
    return None if row is None else LetterRequest(**row)


async def letter_requests(pool: asyncpg.Pool) -> Sequence[LetterRequest]:
    """The two hundred newest, those that wait for another person first."""
    rows = await pool.fetch(f"{_SELECT} ORDER BY r.at IS NOT NULL, q.at DESC LIMIT 200")
    return [LetterRequest(**row) for row in rows]
