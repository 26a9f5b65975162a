# SPDX-License-Identifier: EUPL-1.2
"""What we asked of others: which contract belongs to which API, and who asked. Append only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

_MOST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request for access.

    ``content`` is the canonical text of the contract, so that a request that was kept can be
    proposed after all. ``fields`` are those that one means to ask for; ``renews`` is the request
    that it follows.
    """

    id: UUID
    api: int
    name: str
    title: str
    at: datetime
    content_hash: str
    content: bytes
    asked_by: str
    fields: Sequence[str]
    renews: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRequest:
    """A request as it is kept."""

    id: UUID
    api: int
    content_hash: str
    content: bytes
    asked_by: str
    fields: Sequence[str]
    renews: UUID | None = None


async def keep_request(pool: asyncpg.Pool, new: NewRequest) -> Request:
    """Keep a request; the one that is there already when it was sent twice."""
    await pool.execute(
        """
        INSERT INTO access_request (id, api, content_hash, content, asked_by, fields, renews)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING
        """,
        new.id, new.api, new.content_hash, new.content, new.asked_by[:300], list(new.fields),
        new.renews,
    )  # fmt: skip
    found = await request_named(pool, new.id)
    if found is None:
        raise LookupError("a request that was kept is not there")
    return found


async def request_named(pool: asyncpg.Pool, number: UUID) -> Request | None:
    """One request by its number."""
    row = await pool.fetchrow(f"{_SELECT} WHERE r.id = $1", number)
    return _request(row) if row else None


async def requests(pool: asyncpg.Pool, api: int | None = None) -> Sequence[Request]:
    """The last requests, the newest first; of one API or of all."""
    rows = await pool.fetch(
        f"{_SELECT} WHERE $1::int IS NULL OR r.api = $1 ORDER BY r.at DESC LIMIT {_MOST}", api
    )
    return [_request(row) for row in rows]


def _request(row: asyncpg.Record) -> Request:
    return Request(**dict(row))


_SELECT = """
SELECT r.id, r.api, s.name, coalesce(nullif(s.title, ''), s.name) AS title, r.at, r.content_hash,
       r.content, r.asked_by, r.fields, r.renews
  FROM access_request r JOIN shown s ON s.api = r.api
"""
