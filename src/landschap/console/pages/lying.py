# SPDX-License-Identifier: EUPL-1.2
"""Where data lies: every place that holds a class of personal data, and every memory with its life.

    /console/plaatsen              all places that hold anything about a person
    /console/plaatsen?soort=...    those that hold one class of data

The list is that of ``landschap where``; what registers hold follows from their models.
Source: AVG art. 5 lid 1 onder c and e, art. 30.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from landschap.console.pages.context import (
    LOG,
    PLACES,
    START,
    AnyRequest,
    ConsoleDeps,
    both,
    door_of,
    refuse,
    words_of,
)
from landschap.console.pages.officer import Officer
from landschap.console.places import CLASSES, classes_of, held_in, places_of
from landschap.platform.web import N_

_KIND = "soort"
WORDS: Mapping[str, str] = {
    "gewoon": N_("gewoon"),
    "identificerend": N_("identificerend"),
    "bijzonder": N_("bijzonder"),
    "pseudoniem": N_("pseudoniem"),
    "medewerker": N_("medewerker"),
}
_SORTS = {"table": N_("Database"), "file": N_("Bestand"), "memory": N_("Geheugen")}


def place_routes(deps: ConsoleDeps) -> list[HTTPRouteHandler]:
    """The route of this page; none where nobody may look in the log."""
    console = deps.settings.oidc.console
    if deps.places is None or console is None or not console.log_officers:
        return []
    door, officer, places = door_of(deps), Officer(deps), deps.places

    @get(both("/plaatsen"), opt={"query": (_KIND,)})
    async def page(request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        if asked.session is None:
            return door.to_login(asked)
        officer.require(asked)
        kind = asked.query.get(_KIND, "")
        if kind and kind not in CLASSES:
            raise refuse(404, "not_found", "There is no such class of data")
        held = held_in(deps.registers.registers.by_name.values())
        found = places_of(kind, places.every, held)
        dutch = places.dutch if asked.language == "nl" else {}
        values = {
            "kind": kind,
            "classes": WORDS,
            "sorts": _SORTS,
            "lasting": [each for each in found if not each.cache],
            "memories": [each for each in found if each.cache],
            "say": lambda words: dutch.get(words, words),
            "held_by": lambda place: classes_of(place, held),
            "fields": {
                name: [each.path for each in held if each.kind == name]
                for name in CLASSES
                if kind in ("", name)
            },
        }
        title = words_of(deps, asked).say(PLACES.label)
        return door.show(
            asked, "console/places.html", title, values=values, part=LOG.path, crumbs=(START, LOG)
        )

    return [page]
