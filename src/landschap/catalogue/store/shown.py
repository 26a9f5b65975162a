# SPDX-License-Identifier: EUPL-1.2
"""What of the catalogue somebody may see: each question here says who looks.

Source: house decision: nothing is shown to others until somebody says to whom.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import asyncpg

from landschap.catalogue.particulars import Particulars
from landschap.catalogue.store.gathered import MAX_QUESTION, WORD
from landschap.catalogue.synonyms import with_others

EVERYONE, GROUP = "everyone", "group"
"""Audiences beside Peer IDs: anybody at all, and each peer of our Group."""
_REASONS = 2
# A Dutch stem differs at its end: what does not hold the begin of a word need not be looked at.
_STEM = 3
_HAS_NUMBER = re.compile(r"[A-Za-z]*[0-9][A-Za-z0-9]*")
_COLUMNS = (
    "api, name, source, number, seen_at, digest, title, version, organisation, summary, score,"
    " findings, deprecated, sunset, access, means, personal, purpose, provider, service, ours,"
    " audience"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """To whom an API is shown, and the service of ours that answers it; empty when none."""

    audience: tuple[str, ...] = ()
    service: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An API that somebody may see, as its newest text has it.

    ``found_in`` says where the words stand when it was searched. ``ours``: somebody said that a
    service of our own answers it.
    """

    api: int
    name: str
    source: str
    number: int
    seen_at: datetime
    digest: str
    title: str
    version: str
    organisation: str
    summary: str
    score: int
    findings: int
    deprecated: date | None
    sunset: date | None
    access: str
    means: Sequence[str]
    personal: bool | None
    purpose: bool | None
    provider: str
    service: str
    ours: bool
    audience: Sequence[str]
    found_in: tuple[str, ...] = ()


async def offer(pool: asyncpg.Pool, name: str, given: Offer) -> bool:
    """Show an API from now on to these and nobody else; False when there is no such API."""
    done = await pool.execute(
        "INSERT INTO offer (api, audience, service) SELECT number, $2, $3 FROM api WHERE name = $1",
        name, list(given.audience), given.service,
    )  # fmt: skip
    return bool(done == "INSERT 0 1")


async def offered(pool: asyncpg.Pool, name: str) -> Offer:
    """To whom an API is shown now."""
    row = await pool.fetchrow(
        "SELECT o.audience, o.service FROM offer o JOIN api a ON a.number = o.api"
        " WHERE a.name = $1 ORDER BY o.at DESC LIMIT 1",
        name,
    )
    return Offer(audience=tuple(row["audience"]), service=row["service"]) if row else Offer()


async def keep_particulars(pool: asyncpg.Pool, source: str, given: Particulars) -> None:
    """Keep what the newest text of a source says one can choose by; once for each text."""
    await pool.execute(
        """
        INSERT INTO particulars (
            api, number, deprecated, sunset, access, means, personal, purpose, provider, service,
            operations, fields
        )
        SELECT a.number, max(d.number), $2, $3, $4, $5, $6, $7, $8, $9, $10, $11
          FROM api a JOIN description d ON d.api = a.number WHERE a.source = $1 GROUP BY a.number
        ON CONFLICT DO NOTHING
        """,
        source, given.deprecated, given.sunset, given.access, list(given.means), given.personal,
        given.purpose, given.provider, given.service, list(given.operations), list(given.fields),
    )  # fmt: skip


async def shown(pool: asyncpg.Pool, viewer: Sequence[str] | None) -> Sequence[Shown]:
    """Everything that one who looks may see, by title.

    ``viewer`` are the audiences that one belongs to; None is our own organisation, that sees
    everything it gathered.
    """
    rows = await pool.fetch(
        f"SELECT {_COLUMNS} FROM shown WHERE $1::text[] IS NULL OR audience && $1"  # noqa: S608
        " ORDER BY lower(title), name",
        viewer,
    )
    return [_shown(row) for row in rows]


async def shown_by_number(
    pool: asyncpg.Pool, numbers: Sequence[int], dutch: str, begins: str
) -> Mapping[int, Shown]:
    """APIs by their number, with where the words of a question stand.

    It does not look at who asks: the numbers are of what one may see.
    """
    rows = await pool.fetch(
        f"""
        WITH asked AS MATERIALIZED (
            SELECT to_tsquery('dutch', $2) || to_tsquery('simple', $3) AS query
        )
        SELECT {_COLUMNS}, title_words @@ query AS in_title,
               organisation_words @@ query AS in_organisation,
               operation_words @@ query AS in_operation, field_words @@ query AS in_field
          FROM asked, shown WHERE api = ANY($1)
        """,  # noqa: S608  # constants only
        list(numbers), dutch, begins,
    )  # fmt: skip
    return {row["api"]: _shown(row) for row in rows}


async def shown_named(pool: asyncpg.Pool, viewer: Sequence[str] | None, name: str) -> Shown | None:
    """One API by its name; None when there is none that one may see."""
    row = await pool.fetchrow(
        f"SELECT {_COLUMNS} FROM shown WHERE name = $1"  # noqa: S608  # constants only
        " AND ($2::text[] IS NULL OR audience && $2)",
        name, viewer,
    )  # fmt: skip
    return _shown(row) if row else None


async def reasons(
    pool: asyncpg.Pool, apis: Iterable[int], question: str
) -> Mapping[int, Sequence[str]]:
    """Why these were found: of each a few operations and fields in which a word occurs."""
    words = WORD.findall(question[:MAX_QUESTION])
    if not words:
        return {}
    every = [each for word in words for each in with_others(word)]
    rows = await pool.fetch(
        """
        WITH said AS MATERIALIZED (
            SELECT word FROM unnest($2::text[]) AS word WHERE to_tsvector('dutch', word) <> ''
        ), asked AS MATERIALIZED (
            SELECT to_tsquery('dutch', string_agg(word, ' | '))
                   || to_tsquery('simple', string_agg(word || ':*', ' | ')) AS query FROM said
        )
        SELECT shown.api, found.label FROM asked, shown
         CROSS JOIN LATERAL (
             (SELECT label FROM unnest(operations) AS label
               WHERE label ILIKE ANY($4) AND indexed(as_words(label)) @@ query LIMIT $3)
             UNION ALL
             (SELECT label FROM unnest(fields) AS label
               WHERE label ILIKE ANY($4) AND indexed(as_words(label)) @@ query LIMIT $3)
         ) found
         WHERE shown.api = ANY($1)
        """,
        list(apis), every, _REASONS, [f"%{_begin(each)}%" for each in every],
    )  # fmt: skip
    found: dict[int, list[str]] = {}
    for row in rows:
        found.setdefault(row["api"], []).append(row["label"])
    return found


def _begin(word: str) -> str:
    """What a label holds in which this word occurs, in whatever form."""
    # What holds a digit has no other form.
    return word if _HAS_NUMBER.fullmatch(word) else word[:_STEM]


async def versions_of(
    pool: asyncpg.Pool, viewer: Sequence[str] | None, of: Shown
) -> Sequence[Shown]:
    """Descriptions with the same title of the same organisation, that one may see; itself too."""
    rows = await pool.fetch(
        f"SELECT {_COLUMNS} FROM shown WHERE title = $1 AND organisation = $2"  # noqa: S608
        " AND ($3::text[] IS NULL OR audience && $3) ORDER BY version DESC, name LIMIT 50",
        of.title, of.organisation, viewer,
    )  # fmt: skip
    return [_shown(row) for row in rows]


async def document_of(pool: asyncpg.Pool, api: int, number: int) -> bytes:
    """One text of a description, as it was read. Raises LookupError without one."""
    held = await pool.fetchval(
        "SELECT document FROM description WHERE api = $1 AND number = $2", api, number
    )
    if held is None:
        raise LookupError("there is no such text")
    return zlib.decompress(held)


def _shown(row: asyncpg.Record) -> Shown:
    keys = set(row.keys())
    parts = ("title", "organisation", "operation", "field")
    return Shown(
        **{name: row[name] for name in Shown.__slots__ if name != "found_in"},
        found_in=tuple(part for part in parts if f"in_{part}" in keys and row[f"in_{part}"]),
    )
