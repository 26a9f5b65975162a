# SPDX-License-Identifier: EUPL-1.2
"""The catalogue's routes, and how a refusal looks there.

deps = CatalogueDeps(...)
make_app([*portal_routes, *routes(deps)], shape)
"""

from __future__ import annotations

from litestar.types import ControllerRouterHandler

from landschap.catalogue.pages.access import access_routes
from landschap.catalogue.pages.agreeing import Agreeing
from landschap.catalogue.pages.api import api_routes
from landschap.catalogue.pages.collections import collection_routes
from landschap.catalogue.pages.context import BASE, CatalogueDeps, catalogue_shape
from landschap.catalogue.pages.drafting import draft_routes
from landschap.catalogue.pages.own import Surroundings
from landschap.catalogue.pages.publish import publish_routes
from landschap.catalogue.pages.published import published_routes
from landschap.catalogue.pages.reference import reference_routes
from landschap.catalogue.pages.refused import is_catalogue, refusal_page
from landschap.catalogue.pages.requests import request_routes
from landschap.catalogue.pages.search import search_routes
from landschap.catalogue.pages.sending import Lines, Trying
from landschap.catalogue.pages.shelf import Shelf
from landschap.catalogue.pages.trying import trying_routes

__all__ = [
    "BASE", "Agreeing", "CatalogueDeps", "Lines", "Shelf", "Surroundings", "Trying",
    "catalogue_shape", "is_catalogue", "refusal_page", "routes",
]  # fmt: skip


def routes(deps: CatalogueDeps) -> list[ControllerRouterHandler]:
    """All pages of the catalogue, in both languages."""
    return [
        *search_routes(deps), *published_routes(deps), *request_routes(deps), *api_routes(deps),
        *reference_routes(deps), *access_routes(deps), *publish_routes(deps), *draft_routes(deps),
        *trying_routes(deps),
        *collection_routes(deps),
    ]  # fmt: skip
