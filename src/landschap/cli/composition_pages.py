# SPDX-License-Identifier: EUPL-1.2
"""The part of the composition that is for people: the portal, the console and the catalogue."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from litestar import Request, Response

from landschap.cli.composition import pseudonym_keys, pseudonym_space
from landschap.cli.composition_catalogue import catalogue_of
from landschap.cli.composition_desk import book_of, opens_of
from landschap.cli.composition_forms import forms_of
from landschap.cli.composition_insight import insight_of
from landschap.cli.composition_saying import control_of, courier_of, rooms_of
from landschap.platform.keys import secret_key
from landschap.platform.seal_keys import SealKeys
from landschap.vocabulary.problems import Refusal

if TYPE_CHECKING:
    from litestar.types import ASGIApp

    from landschap.cli.composition import Composition
    from landschap.console.pages import ConsoleDeps
    from landschap.integration.connectors.opening import Surroundings
    from landschap.platform.web import StaticFiles
    from landschap.portal.pages import PortalDeps
    from landschap.registers.api import Deps as RegisterDeps


async def people(parts: Composition) -> ASGIApp:
    """The pages: the portal for residents, the console for employees, the catalogue for all."""
    from dataclasses import replace

    from landschap.catalogue import pages as catalogue_pages
    from landschap.console.pages import is_console, refusal_page
    from landschap.console.pages import routes as console_routes
    from landschap.forms import pages as form_pages
    from landschap.platform.http import make_app
    from landschap.platform.web import read_static_files
    from landschap.portal.pages import people_shape, routes

    static = read_static_files(parts.settings.portal.theme)
    registers = await _registers(parts)
    portal = await _portal(parts, static, registers)
    console = await _console(parts, static, registers)
    catalogue = await catalogue_of(parts, static, console)
    form = await forms_of(parts, static)
    shape = people_shape(portal)

    def render(refusal: Refusal, request: Request[Any, Any, Any]) -> Response[Any]:
        if is_console(request.url.path):
            return refusal_page(console, refusal, request)
        if catalogue_pages.is_catalogue(request.url.path):
            return catalogue_pages.refusal_page(catalogue, refusal, request)
        if form is not None and form_pages.is_form(request.url.path):
            return form_pages.refusal_page(form, refusal, request)
        return shape.render(refusal, request)

    every = [*routes(portal), *console_routes(console), *catalogue_pages.routes(catalogue)]
    every += form_pages.routes(form) if form else []
    return make_app(every, replace(shape, render=render))


async def portal_of(parts: Composition) -> PortalDeps:
    """What the portal stands on, for what is made for a person later."""
    from landschap.platform.web import read_static_files

    return await _portal(parts, read_static_files(), await _registers(parts))


async def _registers(parts: Composition) -> RegisterDeps:
    """What the registers' own API stands on: pages go the same way."""
    from landschap.registers import api as register_api
    from landschap.registers.client import MODELS_FOLDER, read_models

    return register_api.Deps(
        registers=read_models(parts.settings.path.parent / MODELS_FOLDER),
        pool=await parts.pool("registers"),
        **await parts.own_service(),
    )


async def _portal(parts: Composition, static: StaticFiles, registers: RegisterDeps) -> PortalDeps:
    from landschap.platform.identities import resident
    from landschap.platform.oidc import OidcClient
    from landschap.platform.web import Site
    from landschap.portal.pages import OwnData, PortalDeps, portal_shape

    settings, number = parts.settings, version("landschap")
    oidc = None
    if settings.oidc.portal is not None:
        oidc = OidcClient(
            settings.oidc.portal,
            redirect_uri=f"{settings.addresses.web}/inloggen/terug",
            hosts=settings.network.hosts or {},
            identify=resident(settings.oidc.portal),
        )
    own, insight = None, await insight_of(parts)
    control = await control_of(parts, insight)
    if settings.portal.own_purpose:
        voice = control.voice
        own = OwnData(
            registers=registers,
            snapshot=await parts.snapshot(),
            purpose=settings.portal.own_purpose,
            evidence_keys=SealKeys(settings, "evidence"),
            courier=courier_of(parts, voice, registers.registers, registers.pool)
            if voice
            else None,
        )
    return PortalDeps(
        settings=settings,
        site=Site(settings, static, portal_shape(settings, number)),
        static=static,
        version=number,
        portal_pool=await parts.pool("portal"),
        log_pool=await parts.pool("logboek"),
        purposes_pool=await parts.pool("purposes"),
        fsc_pool=await parts.pool("fsc"),
        writer=await parts.log(),
        session_key=secret_key(settings, "session"),
        pseudonym_keys=pseudonym_keys(settings),
        look_activity=settings.portal.look_activity,
        pseudonym_space=pseudonym_space(settings),
        oidc=oidc,
        own=own,
        insight=insight,
        control=control,
        desk=await book_of(parts),
        has_catalogue=True,
    )


async def _console(parts: Composition, static: StaticFiles, registers: RegisterDeps) -> ConsoleDeps:
    from functools import partial

    from landschap.cli.notices import Rights, reaches_inbox
    from landschap.cli.where import in_dutch, read_places
    from landschap.console.pages import ConsoleDeps, console_shape
    from landschap.console.pages.context import Contracts, Pseudonyms
    from landschap.console.places import Places
    from landschap.fsc.client import own_peer
    from landschap.gateway.usage.store import Rooms
    from landschap.platform.identities import employee
    from landschap.platform.oidc import OidcClient
    from landschap.platform.web import Site
    from landschap.purposes.persons.store import is_open

    settings, number = parts.settings, version("landschap")
    oidc = None
    if settings.oidc.console is not None:
        oidc = OidcClient(
            settings.oidc.console,
            redirect_uri=f"{settings.addresses.web}/console/inloggen/terug",
            hosts=settings.network.hosts or {},
            identify=employee(settings.oidc.console, settings.desk),
        )
    return ConsoleDeps(
        settings=settings,
        site=Site(settings, static, console_shape(settings, number)),
        pool=await parts.pool("console"),
        registers=registers,
        places=Places(every=read_places(), dutch=in_dutch()),
        hearing=await rooms_of(parts),
        request_keys=SealKeys(settings, "request"),
        evidence_keys=SealKeys(settings, "evidence"),
        opens=await opens_of(parts),
        sources=await _sources(parts, registers),
        snapshot=await parts.snapshot(),
        purposes=await parts.pool("purposes"),
        session_key=secret_key(settings, "session"),
        oidc=oidc,
        case_open=partial(is_open, await parts.pool("purposes")),
        contracts=Contracts(pool=await parts.pool("fsc"), own=partial(own_peer, settings)),
        pseudonyms=Pseudonyms(
            keys=pseudonym_keys(settings), space=pseudonym_space(settings), version=number
        ),
        reaches=partial(
            reaches_inbox,
            Rights(
                me=settings.organisation.oin.value,
                fsc=await parts.pool("fsc"),
                purposes=await parts.pool("purposes"),
            ),
        ),
        usage=Rooms(
            log=await parts.pool("logboek"),
            purposes=await parts.pool("purposes"),
            fsc=await parts.pool("fsc"),
        ),
    )


async def _sources(parts: Composition, registers: RegisterDeps) -> Surroundings | None:
    """What logical sources are looked at with; nothing where nobody works on them."""
    from landschap.integration.connectors.opening import (
        SNAPSHOTS_FOLDER,
        SOURCES_FOLDER,
        Surroundings,
        client_session,
    )

    settings = parts.settings
    console, hosts = settings.oidc.console, settings.network.hosts or {}
    if console is None or not console.source_officers:
        return None
    return Surroundings(
        pool=await parts.pool("registers"),
        registers=registers.registers,
        session=await parts.enter(client_session(hosts)),
        hosts=hosts,
        secrets=settings.paths.secrets,
        folder=settings.path.parent / SOURCES_FOLDER,
        snapshots=settings.paths.data / SNAPSHOTS_FOLDER,
    )
