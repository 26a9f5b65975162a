# SPDX-License-Identifier: EUPL-1.2
"""Searching with choices: one question gives a page, how many there are, and of which kinds.

The facets are counted in the database, over what the one who looks may see and nothing else: a
catalogue of ten thousand APIs is not carried here to count it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import asyncpg

from landschap.catalogue.facets import FACETS, Picked
from landschap.catalogue.store.gathered import MAX_QUESTION, WORD, asked_for
from landschap.catalogue.store.shown import Shown, shown_by_number

_RANKED = 60
"""So many of the nearest are put in order by all of their words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFacts:
    """What is known of a service of our own, that goes before what its description says."""

    service: str
    phase: str
    personal: str
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked: by whom, with which words, among which values, and which rows.

    ``viewer`` is as `shown` has it; ``today`` is the Dutch day; ``owner`` is our OIN. With
    ``loose`` one of the words is enough.
    """

    viewer: Sequence[str] | None
    words: str
    picked: Picked
    first: int
    size: int
    today: date
    owner: str
    own: Sequence[OwnFacts] = ()
    loose: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The rows that were asked for, how many there are in all, and the facets with their counts."""

    rows: Sequence[Shown]
    total: int
    counts: Mapping[str, Sequence[tuple[str, int]]]


async def find(pool: asyncpg.Pool, asked: Question) -> Answer:
    """The APIs that one who looks may see and that fit, nearest first."""
    words = WORD.findall(asked.words[:MAX_QUESTION])
    dutch, begins = asked_for(words, loose=asked.loose) if words else ("", "")
    own = asked.own
    found = await pool.fetch(
        _SEARCH if words else _ALL,
        dutch, begins, asked.viewer, [each.service for each in own],
        [each.phase for each in own], [each.personal for each in own],
        [each.purpose for each in own], asked.today, asked.owner,
        asked.first, asked.size, _RANKED,
        *(sorted(asked.picked[facet]) if facet in asked.picked else None for facet in FACETS),
    )  # fmt: skip
    numbers = [int(row["value"]) for row in found if row["facet"] == "api"]
    rows = await shown_by_number(pool, numbers, dutch, begins)
    return Answer(
        rows=[rows[number] for number in numbers if number in rows],
        total=next(row["number"] for row in found if row["facet"] == "total"),
        counts=_counts(found, asked.picked),
    )


async def words_seen(pool: asyncpg.Pool, viewer: Sequence[str] | None) -> Sequence[str]:
    """Words of the titles and organisations that one may see, to name the one that was meant."""
    rows = await pool.fetch(
        """
        SELECT DISTINCT lower(word) AS word FROM (
            SELECT title, organisation FROM present
             WHERE $1::text[] IS NULL OR audience && $1 LIMIT 2000
        ) seen, regexp_split_to_table(title || ' ' || organisation, '[^[:alnum:]]+') AS word
         WHERE length(word) > 3 ORDER BY 1 LIMIT 5000
        """,
        viewer,
    )
    return [row["word"] for row in rows]


def _counts(
    found: Iterable[asyncpg.Record], picked: Picked
) -> Mapping[str, Sequence[tuple[str, int]]]:
    """Each facet with its values, the most first; what is chosen stands there always."""
    told: dict[str, dict[str, int]] = {facet: {} for facet in FACETS}
    for row in found:
        if row["facet"] in told:
            told[row["facet"]][row["value"]] = row["number"]
    for facet, values in picked.items():
        for value in values:
            told[facet].setdefault(value, 0)
    return {
        facet: sorted(counts.items(), key=lambda each: (-each[1], each[0].lower()))
        for facet, counts in told.items()
    }


def _fits(but: str = "") -> str:
    """That a hit has a chosen value of each facet, or of each but one."""
    each = (
        f"(${number}::text[] IS NULL OR {facet} = ANY(${number}))"
        for number, facet in enumerate(FACETS, start=13)
        if facet != but
    )
    return " AND ".join(each)


def _with_words(rows: str, near: str, rank: str, *, once: str) -> str:
    """The question as one statement.

    A hit is put in a kind first, by its value of each facet: the kinds are counted, for they are
    few where the hits are many. No more hits are put in order than a page needs.
    """
    return f"""
    WITH asked AS MATERIALIZED (
        SELECT to_tsquery('dutch', $1) || to_tsquery('simple', $2) AS query
    ), own AS MATERIALIZED (
        SELECT * FROM unnest($4::text[], $5::text[], $6::text[], $7::text[])
            AS o(service, phase, personal, purpose)
    ), hits AS {once} MATERIALIZED (
        SELECT s.api, s.number, s.sorted, s.organisation AS org,
               coalesce(own.phase, CASE
                   WHEN s.sunset < $8::date THEN 'gesloten'
                   WHEN s.sunset IS NOT NULL OR s.deprecated <= $8 THEN 'uitfaserend'
                   WHEN s.unfinished THEN 'concept' ELSE 'actief' END) AS fase,
               coalesce(own.personal, CASE s.personal
                   WHEN true THEN 'ja' WHEN false THEN 'nee' ELSE 'onbekend' END) AS pg,
               coalesce(own.purpose, CASE s.purpose
                   WHEN true THEN 'ja' WHEN false THEN 'nee' ELSE 'onbekend' END) AS doel,
               CASE WHEN own.service IS NOT NULL THEN 'contract'
                    WHEN s.access = '' THEN 'onbekend' ELSE s.access END AS toegang,
               {near} AS near
          FROM asked CROSS JOIN {rows}
          LEFT JOIN own ON own.service = s.service AND (s.ours OR s.provider = $9)
         WHERE ($3::text[] IS NULL OR s.audience && $3)
    ), kinds AS MATERIALIZED (
        SELECT {", ".join(FACETS)}, count(*) AS number FROM hits GROUP BY {", ".join(FACETS)}
    ), front AS MATERIALIZED (
        SELECT api, number, near, sorted FROM hits WHERE {_fits()}
         ORDER BY near DESC, sorted, api LIMIT greatest($12::int, $10::int + $11::int)
    ), nearest AS MATERIALIZED (
        SELECT f.api, {rank} AS rank
          FROM asked, (SELECT * FROM front ORDER BY near DESC, sorted, api LIMIT $12) f
          JOIN description d ON d.api = f.api AND d.number = f.number
    ), page AS (
        SELECT api, near, rank, sorted FROM front LEFT JOIN nearest USING (api)
         ORDER BY near DESC, rank DESC NULLS LAST, sorted, api
        OFFSET $10 LIMIT $11
    )
    {" UNION ALL ".join(_counted(facet) for facet in FACETS)}
     UNION ALL SELECT 'total', '', coalesce(sum(number), 0)::bigint FROM kinds WHERE {_fits()}
     UNION ALL (SELECT 'api', api::text, row_number() OVER (
                           ORDER BY near DESC, rank DESC NULLS LAST, sorted, api) AS place
                  FROM page ORDER BY place)
    """  # noqa: S608  # constants only


def _counted(facet: str) -> str:
    return (
        f"SELECT '{facet}' AS facet, {facet} AS value, sum(number)::bigint AS number"  # noqa: S608
        f" FROM kinds WHERE {_fits(facet)} GROUP BY {facet}"
    )


_SEARCH = _with_words(
    "LATERAL found(query) d JOIN present s ON s.api = d.api AND s.number = d.number",
    "(s.title_words @@ query)::int * 2 + (s.organisation_words @@ query)::int",
    "ts_rank(d.words, query)",
    once="",
)
# Without words none is nearer than another: the first by title are read from their index.
_ALL = _with_words("present s", "0", "0", once="NOT")
