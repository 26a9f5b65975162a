# SPDX-License-Identifier: EUPL-1.2
"""My data: what our registers say of the person who is logged in, with source and moment.

Each look is recorded, per register, before anything is sent.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from landschap.platform.http import json_response
from landschap.platform.web import N_, Link
from landschap.portal.known import Known
from landschap.portal.own import OwnObject
from landschap.portal.pages.context import (
    OWN,
    AnyRequest,
    Asked,
    OwnData,
    PortalDeps,
    asked_of,
    show,
    to_login,
)
from landschap.portal.pages.looking import Looking, Seen
from landschap.portal.pages.titles import Titles
from landschap.registers.periods import shown
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import as_utc_text

START = Link(path="/", label=N_("Begin"))


def own_routes(deps: PortalDeps, own: OwnData) -> list[HTTPRouteHandler]:
    """The route of the page with one's own data."""

    @get(["/gegevens", "/en/gegevens"])
    async def data(request: AnyRequest) -> Response[Any]:
        asked = await asked_of(deps, request)
        if asked.session is None:
            return to_login(deps, asked)
        return await _page(deps, own, asked)

    @get(["/gegevens.json", "/en/gegevens.json"])
    async def document(request: AnyRequest) -> Response[Any]:
        asked = await asked_of(deps, request)
        if asked.session is None:
            return to_login(deps, asked)
        seen = await Looking(deps, own, asked.session).everything()
        headers = {"Content-Disposition": 'attachment; filename="gegevens.json"'}
        return json_response(own_document(deps, seen), headers=headers)

    return [data, document]


def own_document(deps: PortalDeps, seen: Seen) -> JsonValue:
    """The same for programs; values as the registers have them."""
    organisation = deps.settings.organisation
    told: list[JsonValue] = [
        {
            "register": thing.register.name,
            "soort": thing.type.title,
            "type": thing.type.name,
            "kenmerk": thing.reference,
            "isKopie": thing.is_copy,
            "geldigSinds": shown(thing.since),
            "opgeschrevenOp": as_utc_text(thing.registered_at),
            "waarden": dict(thing.told),
            "inOnderzoek": sorted({each.path for each in thing.values if each.in_doubt}),
            "teMelden": [each.path for each in thing.values if thing.value(each.path)],
        }
        for thing in seen.objects
    ]
    return {
        "organisatie": {"oin": organisation.oin.value, "naam": organisation.name},
        "gevraagdOp": as_utc_text(datetime.now(UTC)),
        "nietGelukt": [each.key for each in seen.missing],
        "nietGetoond": [each.key for each in seen.closed],
        "gegevens": told,
    }


async def _page(deps: PortalDeps, own: OwnData, asked: Asked[Known]) -> Response[str]:
    assert asked.session is not None  # noqa: S101  # asked before
    looking = Looking(deps, own, asked.session)
    seen = await looking.everything()
    titles = Titles(deps.site, asked.language)
    waiting = {
        (each.type_key, each.object_id, path): each
        for _, each in await looking.reports()
        if each.decided is None
        for path in each.paths
    }

    def report_on(thing: OwnObject, path: str) -> str:
        """The address of the report on a value that waits for a decision; empty without one."""
        found = waiting.get((thing.type.key, thing.object_id, path))
        return f"/meldingen/{found.report_id}" if found else ""

    values = {"seen": seen, "titles": titles, "report_on": report_on, "path_of": wrong_path}
    title = titles.say(OWN.label)
    return show(deps, asked, "portal/own.html", title, crumbs=(START,), values=values)


def wrong_path(thing: OwnObject, path: str) -> str:
    """Where one says that a value is wrong."""
    return f"/gegevens/{thing.register.name}/{thing.type.name}/{thing.reference}/{path}/fout"
