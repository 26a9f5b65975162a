# SPDX-License-Identifier: EUPL-1.2
"""Fetching the copy of one's data: `/rechten/verzoek/{number}/bestand`, for its person alone."""

from __future__ import annotations

from typing import Any

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from landschap.gateway.saying.store.copies import file_of
from landschap.gateway.saying.store.sealing import unseal_copy
from landschap.platform.web.door import AnyRequest
from landschap.portal.pages.consents import GROUP
from landschap.portal.pages.context import RIGHTS, PortalDeps, asked_of, to_login
from landschap.portal.pages.control import Control, Hearing, own_request
from landschap.portal.pages.looks import write_look

_FETCHED = "kopie van gegevens opgehaald"


def copy_routes(deps: PortalDeps, control: Control) -> list[HTTPRouteHandler]:
    """The route of the file; that it was fetched is on record before it is sent."""
    path = f"{RIGHTS.path}/verzoek/{{number:str}}/bestand"

    @get([path, f"/en{path}"])
    async def fetched(number: FromPath[str], request: AnyRequest) -> Response[Any]:
        asked = await asked_of(deps, request)
        if asked.session is None:
            return to_login(deps, asked)
        look = await write_look(deps, asked.session, _FETCHED, GROUP)
        found = await own_request(Hearing(deps=deps, control=control, look=look), number)
        kept = await file_of(control.rooms.gateway, found.number)
        archive = None
        if kept is not None and kept.sealed is not None:
            archive = unseal_copy(kept.sealed, found.number, control.seal_keys())
        if archive is None:
            raise NotFoundException
        headers = {"Content-Disposition": 'attachment; filename="mijn-gegevens.zip"'}
        return Response(archive, media_type="application/zip", headers=headers)

    return [fetched]
