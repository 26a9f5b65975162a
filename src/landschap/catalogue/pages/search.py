# SPDX-License-Identifier: EUPL-1.2
"""Searching the catalogue.

/catalogus?q=woorden&org=...&fase=...&blad=2     the first page of the catalogue
/catalogus.json?...                              the same for programs
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from landschap.catalogue import store
from landschap.catalogue.facets import (
    ACCESS,
    ORGANISATION,
    PERSONAL,
    PHASE,
    PURPOSE,
)
from landschap.catalogue.pages import context, listed
from landschap.catalogue.pages.context import BASE, CatalogueDeps, both
from landschap.catalogue.pages.looking import PAGE, QUERY, Found, Wanted, as_json, look, wanted_of
from landschap.platform.web import N_
from landschap.platform.web.door import AnyRequest, Asked

_MOST_VALUES = 12
_MOST_UNREAD = 100
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


def search_routes(deps: CatalogueDeps) -> list[HTTPRouteHandler]:
    """The routes of searching."""

    @get(both(""), opt=QUERY)
    async def search(request: AnyRequest) -> Response[str]:
        asked = await context.asked_of(deps, request)
        wanted = wanted_of(request)
        found = await look(deps, context.viewer_of(asked), wanted)
        return await _page(deps, asked, wanted, found)

    @get(both(".json"), opt=QUERY)
    async def for_programs(request: AnyRequest) -> Response[dict[str, Any]]:
        asked = await context.asked_of(deps, request)
        found = await look(deps, context.viewer_of(asked), wanted_of(request))
        return Response(as_json(found))

    return [search, for_programs]


async def _page(
    deps: CatalogueDeps, asked: Asked[Any], wanted: Wanted, found: Found
) -> Response[str]:
    say = deps.site.say
    values = {
        "wanted": wanted,
        "found": found,
        "standings": {
            each.api: listed.standing_as_listed(each, found.own, found.at) for each, _ in found.rows
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
        "unread": (await store.unreadable(deps.pool))[:_MOST_UNREAD] if asked.session else (),
        "can_log_in": deps.door.oidc is not None,
        "login": f"{deps.door.base}/inloggen?" + urlencode({"terug": asked.at(_here(wanted))}),
        "pages": -(-found.total // PAGE),
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
    known = await store.words_seen(deps.pool, context.viewer_of(asked))
    words = wanted.question.lower().split()
    near = [next(iter(difflib.get_close_matches(word, known, n=1)), word) for word in words]
    return " ".join(near) if near != words else ""
