# SPDX-License-Identifier: EUPL-1.2
"""Searching the catalogue.

/catalogus?q=woorden&org=...&fase=...&blad=2     the first page of the catalogue
/catalogus.json?...                              the same for programs
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from landschap.catalogue import store
from landschap.catalogue.facets import (
    ACCESS,
    FACETS,
    MOST_CHOSEN,
    ORGANISATION,
    PERSONAL,
    PHASE,
    PURPOSE,
    Facts,
    Picked,
    counted,
)
from landschap.catalogue.own_service import OwnServices
from landschap.catalogue.pages import context
from landschap.catalogue.pages.context import BASE, CatalogueDeps, both
from landschap.catalogue.pages.machine import api_json
from landschap.catalogue.store import Shown
from landschap.platform.web import N_
from landschap.platform.web.door import AnyRequest, Asked

_PAGE = 20
_QUERY = {"query": ("q", "blad", *FACETS)}
_MOST_VALUES = 12
_LONGEST = 200
LABELS: Mapping[str, str] = {
    ORGANISATION: N_("Organisatie"),
    PHASE: N_("Levensloop"),
    PERSONAL: N_("Persoonsgegevens"),
    PURPOSE: N_("Doel nodig"),
    ACCESS: N_("Toegang"),
}
VALUES: Mapping[str, Mapping[str, str]] = {
    PHASE: {
        "actief": N_("Actief"),
        "uitfaserend": N_("Stopt"),
        "concept": N_("Ontwerp"),
        "gesloten": N_("Gestopt"),
    },
    PERSONAL: {"ja": N_("Ja"), "nee": N_("Nee"), "onbekend": N_("Niet vermeld")},
    PURPOSE: {"ja": N_("Ja"), "nee": N_("Nee"), "onbekend": N_("Niet vermeld")},
    ACCESS: {
        "open": N_("Open, voor iedereen"),
        "aangemeld": N_("Na aanmelden"),
        "contract": N_("Met een contract"),
        "onbekend": N_("Niet vermeld"),
    },
}
PARTS: Mapping[str, str] = {
    "title": N_("de titel"),
    "organisation": N_("de organisatie"),
    "operation": N_("een bewerking"),
    "field": N_("een veld of de uitleg"),
}


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


def search_routes(deps: CatalogueDeps) -> list[HTTPRouteHandler]:
    """The routes of searching."""

    @get(both(""), opt=_QUERY)
    async def search(request: AnyRequest) -> Response[str]:
        asked = await context.asked_of(deps, request)
        wanted = wanted_of(request)
        found = await look(deps, asked, wanted)
        return await _page(deps, asked, wanted, found)

    @get(both(".json"), opt=_QUERY)
    async def for_programs(request: AnyRequest) -> Response[dict[str, Any]]:
        asked = await context.asked_of(deps, request)
        found = await look(deps, asked, wanted_of(request))
        return Response(_as_json(found))

    return [search, for_programs]


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


async def look(deps: CatalogueDeps, asked: Asked[Any], wanted: Wanted) -> Found:
    """What one who looks finds; nothing else is counted."""
    viewer, own, at = context.viewer_of(asked), await deps.services(), context.now()
    every = await store.shown(deps.pool, viewer, wanted.question)
    is_loose = False
    if not every and wanted.question:
        every = await store.shown(deps.pool, viewer, wanted.question, loose=True)
        is_loose = bool(every)
    facts = [(each, context.facts_of(each, own, at)) for each in every]
    left = [each for each in facts if each[1].fits(wanted.picked)]
    first = (max(wanted.page, 1) - 1) * _PAGE
    rows = left[first : first + _PAGE]
    apis = [each.api for each, _ in rows]
    return Found(
        rows=rows,
        counts=counted([each for _, each in facts], wanted.picked),
        total=len(left),
        is_loose=is_loose,
        reasons=await store.reasons(deps.pool, apis, wanted.question) if apis else {},
        own=own,
        at=at,
    )


async def _page(
    deps: CatalogueDeps, asked: Asked[Any], wanted: Wanted, found: Found
) -> Response[str]:
    say = deps.site.say
    values = {
        "wanted": wanted,
        "found": found,
        "standings": {
            each.api: context.standing_as_listed(each, found.own, found.at)
            for each, _ in found.rows
        },
        "needed": {each.api: context.needed_words(facts, each.means) for each, facts in found.rows},
        "facets": [
            (
                name,
                LABELS[name],
                [(value, count) for value, count in counts[:_MOST_VALUES] if value],
            )
            for name, counts in found.counts.items()
        ],
        "words": VALUES,
        "parts_of": PARTS,
        "near": await _nearest(deps, asked, wanted) if not found.total or found.is_loose else "",
        "is_logged_in": asked.session is not None,
        "can_log_in": deps.door.oidc is not None,
        "login": f"{deps.door.base}/inloggen?" + urlencode({"terug": asked.at(_here(wanted))}),
        "pages": -(-found.total // _PAGE),
    }
    title = say(asked.language, N_("Zoek gegevens en API’s"))
    # Every value that was chosen stands in the address of the other language too.
    at = replace(asked, path=_here(wanted), query={})
    return context.show(deps, at, "search.html", title, values=values, part=BASE)


def _here(wanted: Wanted) -> str:
    query = wanted.query()
    return f"{BASE}?{query}" if query else BASE


async def _nearest(deps: CatalogueDeps, asked: Asked[Any], wanted: Wanted) -> str:
    """The question with each word as one that occurs in what one may see; empty when it is so."""
    titles = await store.shown(deps.pool, context.viewer_of(asked))
    known = sorted(
        {
            word
            for each in titles[:2_000]
            for word in f"{each.title} {each.organisation}".lower().split()
            if len(word) > 3
        }
    )
    words = wanted.question.lower().split()
    near = [next(iter(difflib.get_close_matches(word, known, n=1)), word) for word in words]
    return " ".join(near) if near != words else ""


def _as_json(found: Found) -> dict[str, Any]:
    return {
        "total": found.total,
        "allWords": not found.is_loose,
        "results": [
            {
                **api_json(each, context.standing_as_listed(each, found.own, found.at)),
                "foundIn": list(each.found_in),
            }
            for each, _ in found.rows
        ],
        "facets": {
            name: [{"value": value, "count": count} for value, count in counts]
            for name, counts in found.counts.items()
        },
    }
