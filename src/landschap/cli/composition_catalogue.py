# SPDX-License-Identifier: EUPL-1.2
"""The part of the composition that is the catalogue: who is logged in at the console is so here."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from litestar.types import ControllerRouterHandler

    from landschap.catalogue.pages import Agreeing, CatalogueDeps
    from landschap.cli.composition import Composition
    from landschap.console.pages import ConsoleDeps
    from landschap.fsc.field_sets import NamedFieldSet
    from landschap.platform.web import StaticFiles
    from landschap.vocabulary.identifiers import PeerId


async def catalogue_of(
    parts: Composition, static: StaticFiles, console: ConsoleDeps
) -> CatalogueDeps:
    """What the catalogue needs, beside a console."""
    from dataclasses import replace
    from functools import partial

    from landschap.catalogue.pages import CatalogueDeps, Shelf, Surroundings, catalogue_shape
    from landschap.console.pages.context import BASE, door_of
    from landschap.fsc.store import peer_names
    from landschap.platform.web import Site

    settings, pool = parts.settings, await parts.pool("catalogue")
    agreed = await parts.pool("fsc")
    site = Site(settings, static, catalogue_shape(settings, version("landschap"), BASE))
    around = Surroundings(settings, await parts.snapshot(), agreed, await parts.pool("gateway"))
    return CatalogueDeps(
        settings=settings,
        site=site,
        pool=pool,
        door=replace(door_of(console), site=site),
        services=around.services,
        own=around.own,
        names=partial(peer_names, agreed),
        shelf=Shelf(pool),
        agreeing=await agreeing_of(parts, console),
    )


async def agreeing_of(parts: Composition, console: ConsoleDeps) -> Agreeing:
    """With what contracts are asked; what is done is recorded as what is done in the console."""
    from functools import partial

    from landschap.catalogue.pages import Agreeing
    from landschap.console.pages.looking import Looking
    from landschap.fsc.client import own_peer
    from landschap.fsc.client.listed import listed_field_sets

    own = partial(own_peer, parts.settings)

    async def listed(provider: PeerId, service: str) -> Sequence[NamedFieldSet]:
        return await listed_field_sets(parts.settings, own(), provider, service)

    return Agreeing(
        pool=await parts.pool("fsc"), own=own, listed=listed, deed=Looking(console).deed
    )


async def catalogue_routes(parts: Composition) -> list[ControllerRouterHandler]:
    """The catalogue for peers, as it answers behind the Inway."""
    from landschap.catalogue.api import ApiDeps, api_routes
    from landschap.catalogue.pages import Surroundings
    from landschap.platform.keys import PermitKeys, secret_key

    settings, snapshot = parts.settings, await parts.snapshot()
    contact = settings.organisation.contact or {}
    around = Surroundings(settings, snapshot, await parts.pool("fsc"), await parts.pool("gateway"))
    deps = ApiDeps(
        pool=await parts.pool("catalogue"),
        services=around.services,
        permit_key=secret_key(settings, "permit"),
        permit_keys=PermitKeys(settings),
        field_sets=lambda: snapshot().field_sets,
        address=settings.addresses.inway,
        organisation=settings.organisation.name,
        email=contact.get("email", ""),
        url=contact.get("url", ""),
    )
    return [*api_routes(deps)]
