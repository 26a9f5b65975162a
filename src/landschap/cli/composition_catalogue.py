# SPDX-License-Identifier: EUPL-1.2
"""The part of the composition that is the catalogue: who is logged in at the console is so here."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from litestar.types import ControllerRouterHandler

    from landschap.catalogue.pages import Agreeing, CatalogueDeps, Trying
    from landschap.cli.composition import Composition
    from landschap.console.pages import ConsoleDeps
    from landschap.fsc.field_sets import NamedFieldSet
    from landschap.gateway.tracing.halves import Crossing, Half
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
        trying=await trying_of(parts, console),
        measured=around.measured,
    )


async def trying_of(parts: Composition, console: ConsoleDeps) -> Trying | None:
    """With what employees try out; None without an Outway, or without a key for it."""
    from landschap.catalogue.pages import Lines, Trying
    from landschap.cli.composition import pseudonym_keys, pseudonym_space
    from landschap.fsc.client import own_peer
    from landschap.gateway.tracing.client import other_halves

    settings, path, rooms = parts.settings, parts.settings.catalogue.application_key, console.usage
    if not settings.listen.outway or path is None or rooms is None:
        return None

    async def halves(crossings: Sequence[Crossing]) -> Sequence[Half]:
        return await other_halves(settings, rooms, own_peer(settings), crossings)

    return Trying(
        outway=f"http://{settings.listen.outway}",
        # Read with each question, so that a key that is made or replaced later works at once.
        key=lambda: path.read_text(encoding="ascii").strip(),
        rooms=rooms,
        snapshot=console.snapshot.newest,
        halves=halves,
        lines=Lines(
            writer=await parts.log(),
            controller=settings.organisation.oin,
            keys=pseudonym_keys(settings),
            space=pseudonym_space(settings),
            version=version("landschap"),
        ),
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
