# SPDX-License-Identifier: EUPL-1.2
"""What is being written before it is published, and what was said beside a description."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from landschap.vocabulary.ijson import JsonValue

OPEN, PUBLISHED, DROPPED = "open", "published", "dropped"
_MOST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What was filled in beside a description; ``state`` is open, published or dropped."""

    state: str
    beside: Mapping[str, JsonValue]
    audience: Sequence[str]
    service: str
    made_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A draft as it stands. ``name`` and ``title`` are those of its API; empty for a new one."""

    id: UUID
    source: str
    name: str
    title: str
    at: datetime
    filled: Filled


async def keep_draft(
    pool: asyncpg.Pool, number: UUID, source: str, document: bytes, filled: Filled
) -> None:
    """Keep a new draft; one that is sent twice is kept once."""
    async with pool.acquire() as connection, connection.transaction():
        new = await connection.fetchval(
            "INSERT INTO draft (id, made_by, source, document) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT (id) DO NOTHING RETURNING true",
            number, filled.made_by, source, zlib.compress(document),
        )  # fmt: skip
        if new:
            await _fill(connection, number, filled)


async def fill(pool: asyncpg.Pool, number: UUID, filled: Filled) -> None:
    """Keep what was filled in beside a draft, from now on."""
    await _fill(pool, number, filled)


async def draft(pool: asyncpg.Pool, number: UUID) -> Draft | None:
    """One draft."""
    row = await pool.fetchrow(f"{_SELECT} WHERE d.id = $1", number)
    return _draft(row) if row else None


async def text_of_draft(pool: asyncpg.Pool, number: UUID) -> bytes:
    """The description of a draft, as it came. Raises LookupError."""
    held = await pool.fetchval("SELECT document FROM draft WHERE id = $1", number)
    if held is None:
        raise LookupError("there is no such draft")
    return zlib.decompress(held)


async def drafts(pool: asyncpg.Pool) -> Sequence[Draft]:
    """Those that are open, the last that was worked on first."""
    rows = await pool.fetch(f"{_SELECT} WHERE d.state = 'open' ORDER BY d.at DESC LIMIT {_MOST}")
    return [_draft(row) for row in rows]


async def last_published(pool: asyncpg.Pool, source: str) -> Draft | None:
    """The draft from which the API of a source was published last; None when from none."""
    row = await pool.fetchrow(
        f"{_SELECT} WHERE d.state = 'published' AND d.source = $1 ORDER BY d.at DESC LIMIT 1",
        source,
    )
    return _draft(row) if row else None


async def _fill(source: asyncpg.Pool | asyncpg.Connection, number: UUID, filled: Filled) -> None:
    await source.execute(
        "INSERT INTO draft_form (draft, made_by, state, beside, audience, service)"
        " VALUES ($1, $2, $3, $4::jsonb, $5, $6)",
        number, filled.made_by[:300], filled.state, json.dumps(filled.beside),
        list(filled.audience), filled.service,
    )  # fmt: skip


def _draft(row: asyncpg.Record) -> Draft:
    return Draft(
        id=row["id"],
        source=row["source"],
        name=row["name"],
        title=row["title"],
        at=row["at"],
        filled=Filled(
            state=row["state"],
            beside=json.loads(row["beside"]),
            audience=tuple(row["audience"]),
            service=row["service"],
            made_by=row["made_by"],
        ),
    )


_SELECT = """
SELECT d.id, d.source, coalesce(s.name, '') AS name, coalesce(s.title, '') AS title, d.at, d.state,
       d.beside, d.audience, d.service, d.made_by
  FROM draft_now d LEFT JOIN shown s ON s.source = d.source
"""
