# SPDX-License-Identifier: EUPL-1.2
"""The application of open data: everything that answers without login, in one place.

    /                                   what there is
    /{register}/v1/...                  the registers, as `registers.api` serves them (`data`)
    /{register}/v1/tellingen/{naam}     counts (`counts`)
    /catalogus, /id/...                 the catalogue (`catalogue`)
    /register/v1/..., /verwerkingen     the register of processing activities (`processing`)
    /wat-wij-delen, /over-deze-software what is shared with whom, and this software (`sharing`)
    /verantwoording                     the accounts of each quarter (`accounts`)
    /standaarden                        standards, and how services stand to them (`standards`)
    /sleutels                           a key, for who wants more room (`keys`)

Bulk files (`/bestanden/...`) are sent by nginx from disk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from litestar import Response, Router, post
from litestar.types import ASGIApp

from landschap.platform.http import AppShape, make_app
from landschap.platform.web import Site, StaticFiles, static_route
from landschap.registers.api import Deps
from landschap.registers.api.cases import AnyRequest
from landschap.registers.open.api.accounts import AccountsDesk, account_pages, account_routes
from landschap.registers.open.api.catalogue import CatalogueDesk, catalogue_routes
from landschap.registers.open.api.counts import count_routes
from landschap.registers.open.api.data import data_routes
from landschap.registers.open.api.desk import OpenDesk
from landschap.registers.open.api.door import OPEN_HEADERS, Door, Uses
from landschap.registers.open.api.keys import KeyDesk, answer_json, key_routes
from landschap.registers.open.api.processing import ProcessingDesk, processing_routes
from landschap.registers.open.api.processing_pages import processing_pages
from landschap.registers.open.api.sharing import SharingDesk, sharing_pages, sharing_routes
from landschap.registers.open.api.standards import StandardsDesk, standards_pages, standards_routes
from landschap.registers.open.dcat import Published, Publisher
from landschap.registers.open.pages import PagesDesk, answer_form, page_routes
from landschap.registers.open.terms import Terms

__all__ = ["OpenDeps", "Uses", "open_app"]

_MAX_BODY_BYTES = 256_000
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDeps:
    """What the application needs: the registers as a whole, and what is told of them.

    ``folder`` is where bulk files lie; ``web`` is the address of the organisation's other pages.
    ``processing``, ``sharing``, ``standards`` and ``accounts`` are absent where no register of
    activities is published.
    """

    data: Deps
    uses: Uses
    requests_per_day: int
    terms: Mapping[str, Terms]
    folder: Path
    licence: str
    publisher: Publisher
    site: Site
    static: StaticFiles
    web: str
    processing: ProcessingDesk | None = None
    sharing: SharingDesk | None = None
    standards: StandardsDesk | None = None
    accounts: AccountsDesk | None = None


def open_app(deps: OpenDeps) -> ASGIApp:
    """The application."""
    pool = deps.data.pool
    door = Door(pool, deps.uses)
    desk = OpenDesk(deps.data)

    # Functions: a router copies its hooks, and what a bound method holds can not be copied.
    async def admit(request: AnyRequest) -> Response[bytes] | None:
        return await door.admit(request)

    def dress(answer: Response[bytes]) -> Response[bytes]:
        return door.dress(answer)

    catalogue = CatalogueDesk(
        pool=pool,
        registers=desk.registers,
        terms=deps.terms,
        folder=deps.folder,
        address=deps.data.about.address,
        licence=deps.licence,
        publisher=deps.publisher,
    )
    counted = Router(
        path="/",
        route_handlers=[
            *data_routes(desk, deps.data.about),
            *count_routes(pool, deps.data.registers, deps.terms),
            *catalogue_routes(catalogue),
            *(processing_routes(deps.processing, deps.data.about) if deps.processing else ()),
            *(sharing_routes(deps.sharing) if deps.sharing else ()),
            *(standards_routes(deps.standards) if deps.standards else ()),
            *(account_routes(deps.accounts) if deps.accounts else ()),
        ],
        before_request=admit,
        after_request=dress,
    )
    shape = AppShape(
        title="Open data",
        version="1.0.0",
        max_body_bytes=_MAX_BODY_BYTES,
        headers=OPEN_HEADERS,
    )
    keys = KeyDesk(pool=pool, requests_per_day=deps.requests_per_day)
    pages = _pages(deps, desk, catalogue, keys)

    @post(["/sleutels", "/en/sleutels"], opt={"query": ()})
    async def make_key(request: AnyRequest) -> Response[Any]:
        if request.headers.get("content-type", "").startswith(_FORM):
            return await answer_form(pages, request)
        return await answer_json(keys, request)

    people = [*page_routes(pages), static_route(deps.static)]
    if deps.processing:
        people += processing_pages(pages, deps.processing)
    if deps.sharing:
        people += sharing_pages(pages, deps.sharing)
    if deps.standards:
        people += standards_pages(pages, deps.standards)
    if deps.accounts:
        people += account_pages(pages, deps.accounts)
    return make_app([counted, *key_routes(keys), make_key, *people], shape)


def _pages(deps: OpenDeps, desk: OpenDesk, catalogue: CatalogueDesk, keys: KeyDesk) -> PagesDesk:
    """What people see; registers of which only counts are told stand there too."""
    only_counts = [
        Published(register=register, terms=deps.terms[name], collections=())
        for name, register in sorted(deps.data.registers.by_name.items())
        if deps.terms[name].counts and name not in desk.registers.by_name
    ]
    return PagesDesk(
        site=deps.site, catalogue=catalogue, keys=keys, counted=only_counts, web=deps.web
    )
