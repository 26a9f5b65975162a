# SPDX-License-Identifier: EUPL-1.2
"""Looking in the catalogue, for people and for peers alike: what is asked, and what is found.

Who looks is said with each look; nothing that one may not see is counted, named or hinted at.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import urlencode

import asyncpg

from landschap.catalogue import store
from landschap.catalogue.facets import FACETS, MOST_CHOSEN, Facts, Picked
from landschap.catalogue.own_service import OwnServices
from landschap.catalogue.pages.listed import facts_of, now, own_facts, standing_as_listed
from landschap.catalogue.pages.machine import api_json
from landschap.catalogue.store import Shown
from landschap.platform.web.door import AnyRequest
from landschap.vocabulary.times import amsterdam_day

PAGE = 20
_LONGEST = 200
QUERY = {"query": ("q", "blad", *FACETS)}
"""What a look may ask, for the routes that take one."""


class Looker(Protocol):
    """With what one looks."""

    @property
    def pool(self) -> asyncpg.Pool:
        """The tables of the catalogue."""

    @property
    def services(self) -> Callable[[], Awaitable[OwnServices]]:
        """Our own services in force."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked: words, chosen values, and which page, from 1."""

    question: str
    picked: Picked
    page: int

    def query(self, **changes: Any) -> str:
        """The same as the query of an address, with changes."""
        asked = replace(self, **changes)
        pairs = [("q", asked.question)] if asked.question else []
        pairs += [(f, v) for f in FACETS for v in sorted(asked.picked.get(f, ()))]
        pairs += [("blad", str(asked.page))] if asked.page > 1 else []
        return urlencode(pairs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found. ``is_loose``: nothing holds all words, these hold some of them."""

    rows: Sequence[tuple[Shown, Facts]]
    counts: Mapping[str, Sequence[tuple[str, int]]]
    total: int
    is_loose: bool
    reasons: Mapping[int, Sequence[str]]
    own: OwnServices
    at: datetime


def wanted_of(request: AnyRequest) -> Wanted:
    """What is asked; what is not understood is as if it was not asked."""
    given = request.query_params
    page = given.get("blad", "1")
    picked = {
        facet: frozenset(each[:_LONGEST] for each in given.getall(facet, [])[:MOST_CHOSEN])
        for facet in FACETS
        if given.getall(facet, [])
    }
    return Wanted(
        question=" ".join(given.get("q", "")[:_LONGEST].split()),
        picked=picked,
        page=int(page) if page.isascii() and page.isdigit() and 0 < len(page) < 5 else 1,
    )


async def look(deps: Looker, viewer: Sequence[str] | None, wanted: Wanted) -> Found:
    """What one who looks finds; ``viewer`` is as `store.shown` has it."""
    own, at = await deps.services(), now()
    question = store.Question(
        viewer=viewer,
        words=wanted.question,
        picked=wanted.picked,
        first=(max(wanted.page, 1) - 1) * PAGE,
        size=PAGE,
        today=amsterdam_day(at),
        owner=own.snapshot.owner,
        own=own_facts(own, at),
    )
    found = await store.find(deps.pool, question)
    is_loose = False
    if wanted.question and not found.total and not wanted.picked:
        found = await store.find(deps.pool, replace(question, loose=True))
        is_loose = bool(found.total)
    apis = [each.api for each in found.rows]
    return Found(
        rows=[(each, facts_of(each, own, at)) for each in found.rows],
        counts=found.counts,
        total=found.total,
        is_loose=is_loose,
        reasons=await store.reasons(deps.pool, apis, wanted.question) if apis else {},
        own=own,
        at=at,
    )


def as_json(found: Found) -> dict[str, Any]:
    """What was found, for programs."""
    return {
        "total": found.total,
        "allWords": not found.is_loose,
        "results": [
            {
                **api_json(each, standing_as_listed(each, found.own, found.at)),
                "foundIn": list(each.found_in),
            }
            for each, _ in found.rows
        ],
        "facets": {
            name: [{"value": value, "count": count} for value, count in counts]
            for name, counts in found.counts.items()
        },
    }
