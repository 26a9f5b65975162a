# SPDX-License-Identifier: EUPL-1.2
"""What is published for others to harvest: nothing that not everybody may see."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from landschap.catalogue.publishing import Publication
from landschap.catalogue.store.shown import EVERYONE, Offer
from landschap.vocabulary.ijson import JsonValue

_SAID = ", ".join(Publication.__slots__)
_MANY = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """An API as it was published last, from its text of this number."""

    said: Publication
    number: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One text of an API that one may see, with what changed since the one before."""

    name: str
    number: int
    seen_at: datetime
    title: str
    version: str
    organisation: str
    score: int
    findings: int
    changes: Sequence[JsonValue]


async def publish(
    pool: asyncpg.Pool, name: str, number: int, said: Publication, given: Offer | None = None
) -> bool:
    """Publish a text of an API; with ``given`` it is shown to these from the same moment.

    False when there is no such API.
    """
    async with pool.acquire() as connection, connection.transaction():
        done = await connection.execute(
            f"INSERT INTO publication (api, number, {_SAID})"  # noqa: S608  # constants only
            " SELECT number, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12 FROM api"
            " WHERE name = $1",
            name, number, *_values(said),
        )  # fmt: skip
        if given is not None:
            await connection.execute(
                "INSERT INTO offer (api, audience, service)"
                " SELECT number, $2, $3 FROM api WHERE name = $1",
                name, list(given.audience), given.service,
            )  # fmt: skip
    return bool(done == "INSERT 0 1")


async def publication(pool: asyncpg.Pool, name: str) -> Published | None:
    """How an API was published last; None when it never was."""
    row = await pool.fetchrow(
        f"SELECT p.number, p.at, {_SAID} FROM publication p JOIN api a ON a.number = p.api"  # noqa: S608
        " WHERE a.name = $1 ORDER BY p.at DESC LIMIT 1",
        name,
    )
    return _published(row) if row else None


async def harvested(pool: asyncpg.Pool) -> Sequence[tuple[str, str, str, str]]:
    """Everything that is published, by title: its name, title, version and service of ours."""
    rows = await pool.fetch(
        "SELECT s.name, coalesce(nullif(s.title, ''), s.name) AS title, s.version,"
        " CASE WHEN s.ours THEN s.service ELSE '' END AS service FROM shown s"
        " WHERE EXISTS (SELECT FROM publication p WHERE p.api = s.api)"
        " ORDER BY lower(s.title), s.name LIMIT $1",
        _MANY,
    )
    return [(row["name"], row["title"], row["version"], row["service"]) for row in rows]


async def harvestable(pool: asyncpg.Pool) -> Mapping[str, Published]:
    """Everything that is published and that everybody may see, by name."""
    rows = await pool.fetch(
        f"""
        SELECT s.name AS api_name, p.* FROM shown s JOIN LATERAL (
            SELECT number, at, {_SAID} FROM publication WHERE api = s.api ORDER BY at DESC LIMIT 1
        ) p ON true
         WHERE $1 = ANY(s.audience) ORDER BY s.name LIMIT $2
        """,  # noqa: S608  # constants only
        EVERYONE, _MANY,
    )  # fmt: skip
    return {row["api_name"]: _published(row) for row in rows}


async def recent(
    pool: asyncpg.Pool, viewer: Sequence[str] | None, name: str = "", limit: int = 50
) -> Sequence[Seen]:
    """The newest texts of all that one may see, or of one API; ``viewer`` as for `shown`."""
    rows = await pool.fetch(
        """
        SELECT s.name, d.number, d.seen_at, d.title, d.version, d.organisation, d.score, d.findings,
               d.changes
          FROM shown s JOIN description d ON d.api = s.api
         WHERE ($1::text[] IS NULL OR s.audience && $1) AND ($2 = '' OR s.name = $2)
         ORDER BY d.seen_at DESC, s.name, d.number DESC LIMIT $3
        """,
        viewer, name, limit,
    )  # fmt: skip
    return [Seen(**{**row, "changes": json.loads(row["changes"])}) for row in rows]


def _values(said: Publication) -> list[object]:
    values = (getattr(said, name) for name in Publication.__slots__)
    return [list(each) if isinstance(each, tuple) else each for each in values]


def _published(row: asyncpg.Record) -> Published:
    said = Publication(**{name: row[name] for name in Publication.__slots__})
    return Published(said=said, number=row["number"], at=row["at"])
