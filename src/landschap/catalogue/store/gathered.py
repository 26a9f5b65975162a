# SPDX-License-Identifier: EUPL-1.2
"""Our memory of APIs: PostgreSQL schema ``catalogue``. Append only.

All functions take a pool of role ``landschap_catalogue``.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from landschap.catalogue.changes import Change
from landschap.catalogue.describing import Described, name_of
from landschap.catalogue.synonyms import with_others
from landschap.vocabulary.ijson import JsonValue

# Any number will do, as long as every writer of the catalogue takes the same one.
_LOCK = 5_118_330_272
MAX_QUESTION = 200
PARTS = ("title", "organisation", "operation", "field")
"""What of an API a word can be found in."""
WORD = re.compile(r"\w+")
# What stands under these addresses is a page of its own.
_RESERVED = frozenset({"aanvragen", "publiceren"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """An API as its newest description has it. ``number`` counts the texts that were seen."""

    name: str
    source: str
    number: int
    seen_at: datetime
    title: str
    version: str
    organisation: str
    summary: str
    score: int
    findings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """An API that was found, and in what of it: title, organisation, operations or fields."""

    api: Api
    found_in: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One text of a description, and what the design rules made of it when it was read."""

    number: int
    seen_at: datetime
    digest: str
    version: str
    score: int
    findings: int
    changes: Sequence[JsonValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What is held of a source: which API, its newest text, and whether one can choose by it."""

    api: int
    name: str
    number: int
    digest: str
    document: bytes
    is_whole: bool


def digest_of(document: bytes) -> str:
    """The digest by which a text is known again."""
    return hashlib.sha256(document).hexdigest()


async def held(pool: asyncpg.Pool, source: str) -> Held | None:
    """The newest text of a source, None when it was never read."""
    row = await pool.fetchrow(
        "SELECT a.number AS api, a.name, d.number, d.digest, d.document, p.api IS NOT NULL"
        " AS is_whole FROM api a JOIN description d ON d.api = a.number"
        " LEFT JOIN particulars p ON p.api = d.api AND p.number = d.number WHERE a.source = $1"
        " ORDER BY d.number DESC LIMIT 1",
        source,
    )
    return Held(**{**row, "document": zlib.decompress(row["document"])}) if row else None


async def keep(
    pool: asyncpg.Pool, source: str, document: bytes, said: Described,
    checked: tuple[int, int], changes: Sequence[Change], outcome: str,
) -> str:  # fmt: skip
    """Keep a text that was not seen before; gives the name of its API.

    ``checked`` is its score and the number of findings, ``outcome`` new or changed. Who follows
    the API is to be told from the same moment.
    """
    told = [
        {"weight": each.weight.value, "path": list(each.place), "message": each.message}
        for each in changes
    ]
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        api = await connection.fetchrow("SELECT number, name FROM api WHERE source = $1", source)
        if api is None:
            api = await connection.fetchrow(
                "INSERT INTO api (number, source, name)"
                " SELECT count(*) + 1, $1, $2 FROM api RETURNING number, name",
                source, await _free_name(connection, name_of(said.title)),
            )  # fmt: skip
        number = await connection.fetchval(
            """
            INSERT INTO description (
                api, number, digest, document, title, version, organisation, summary, score,
                findings, changes, title_words, organisation_words, operation_words, field_words
            )
            SELECT $1, coalesce(max(number), 0) + 1, $2, $3, $4, $5, $6, $7, $8, $9, $10::jsonb,
                   indexed($11), indexed($12), indexed($13), indexed($14)
              FROM description WHERE api = $1 RETURNING number
            """,
            api["number"], digest_of(document), zlib.compress(document), said.title, said.version,
            said.organisation, said.summary, *checked, json.dumps(told), said.title_words,
            said.organisation_words, said.operation_words, said.field_words,
        )  # fmt: skip
        await connection.execute(
            "INSERT INTO notice (api, number, address)"
            " SELECT api, $2, address FROM following WHERE api = $1",
            api["number"], number,
        )  # fmt: skip
        await _look(connection, source, outcome, "")
    return str(api["name"])


async def note(pool: asyncpg.Pool, source: str, outcome: str, why: str = "") -> None:
    """Note a look that brought no new text: ``same``, or ``unreadable`` with why."""
    await _look(pool, source, outcome, why)


async def apis(pool: asyncpg.Pool) -> Sequence[Api]:
    """All APIs as they are now, by name."""
    return [_api(row) for row in await pool.fetch("SELECT * FROM newest ORDER BY name")]


async def api_named(pool: asyncpg.Pool, name: str) -> Api | None:
    """One API by its name."""
    row = await pool.fetchrow("SELECT * FROM newest WHERE name = $1", name)
    return _api(row) if row else None


async def texts(pool: asyncpg.Pool, name: str) -> Sequence[Text]:
    """Every text of an API, the newest first."""
    rows = await pool.fetch(
        "SELECT d.number, d.seen_at, d.digest, d.version, d.score, d.findings, d.changes FROM api a"
        " JOIN description d ON d.api = a.number WHERE a.name = $1 ORDER BY d.number DESC",
        name,
    )
    return [Text(**{**row, "changes": json.loads(row["changes"])}) for row in rows]


async def unreadable(pool: asyncpg.Pool) -> Sequence[tuple[str, str]]:
    """Sources whose last look failed, each with why."""
    rows = await pool.fetch(
        "SELECT DISTINCT ON (source) source, why FROM look bad WHERE outcome = 'unreadable'"
        " AND NOT EXISTS (SELECT 1 FROM look good WHERE good.source = bad.source"
        " AND good.at > bad.at AND good.outcome <> 'unreadable') ORDER BY source, at DESC"
    )
    return [(row["source"], row["why"]) for row in rows]


async def search(pool: asyncpg.Pool, question: str, limit: int = 20) -> Sequence[Hit]:
    """APIs in which every word of the question occurs, the nearest first.

    A word counts by its Dutch stem, as it is written, as the beginning of a word, and by words that
    are used for it.
    """
    words = WORD.findall(question[:MAX_QUESTION])
    if not words:
        return []
    dutch, begins = asked_for(words)
    rows = await pool.fetch(
        """
        WITH asked AS MATERIALIZED (
            SELECT to_tsquery('dutch', $1) || to_tsquery('simple', $2) AS query
        )
        SELECT newest.*, title_words @@ query AS in_title,
               organisation_words @@ query AS in_organisation,
               operation_words @@ query AS in_operation, field_words @@ query AS in_field
          FROM asked, newest WHERE words @@ query
         ORDER BY ts_rank(words, query) DESC, name LIMIT $3
        """,
        dutch, begins, limit,
    )  # fmt: skip
    return [Hit(api=_api(row), found_in=tuple(p for p in PARTS if row[f"in_{p}"])) for row in rows]


def asked_for(words: Sequence[str], *, loose: bool = False) -> tuple[str, str]:
    """The words for PostgreSQL: as Dutch, with what is used for them, and as beginnings of words.

    All of them, or with ``loose`` any.
    """
    between = " | " if loose else " & "
    dutch = between.join(f"({' | '.join(with_others(word))})" for word in words)
    return dutch, between.join(f"{word}:*" for word in words)


async def nearest(pool: asyncpg.Pool, limit: int = 5_000) -> Sequence[str]:
    """The words of titles and organisations, to name the one that was meant."""
    rows = await pool.fetch(
        """
        SELECT DISTINCT lower(word) AS word
          FROM newest, regexp_split_to_table(title || ' ' || organisation, '[^[:alnum:]]+') AS word
         WHERE length(word) > 3 LIMIT $1
        """,
        limit,
    )
    return [row["word"] for row in rows]


def _api(row: asyncpg.Record) -> Api:
    return Api(**{name: row[name] for name in Api.__slots__})


async def _free_name(connection: asyncpg.Connection, wanted: str) -> str:
    taken = _RESERVED | {
        row["name"]
        for row in await connection.fetch("SELECT name FROM api WHERE name LIKE $1 || '%'", wanted)
    }
    names = (wanted, *(f"{wanted}-{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


async def _look(
    source: asyncpg.Pool | asyncpg.Connection, place: str, outcome: str, why: str
) -> None:
    await source.execute(
        "INSERT INTO look (source, outcome, why) VALUES ($1, $2, $3)", place, outcome, why[:500]
    )
