# SPDX-License-Identifier: EUPL-1.2
"""The catalogue as people meet it: served on loopback beside a console, with a login provider."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import asyncpg
import uvicorn
from aiohttp import web
from tests.catalogue.offered import gathered
from tests.catalogue.test_changes import base
from tests.console.console_rig import console_deps, employees, settings_with
from tests.console.login_rig import TwistedProvider
from tests.portal.portal_rig import Server, fill_rooms, free_socket
from tests.portal.visiting import Visitor as Guest
from tests.throwaway import Database

from landschap.catalogue import store
from landschap.catalogue.pages import (
    Agreeing,
    CatalogueDeps,
    Shelf,
    Surroundings,
    catalogue_shape,
    is_catalogue,
    refusal_page,
    routes,
)
from landschap.console.pages import refusal_page as console_refusal
from landschap.console.pages import routes as console_routes
from landschap.console.pages.context import BASE, ConsoleDeps, door_of
from landschap.console.pages.looking import Looking
from landschap.fsc.client import own_peer
from landschap.fsc.field_sets import NamedFieldSet
from landschap.fsc.store import peer_names
from landschap.logboek.store import LogWriter
from landschap.platform.http import AppShape, make_app
from landschap.platform.oidc_settings import EmployeesOidcSettings
from landschap.platform.settings import Settings
from landschap.platform.web import Site, Visitor, read_static_files, static_route
from landschap.platform.web.door import Door
from landschap.vocabulary.identifiers import PeerId

# The field sets that the directory would tell of a service, by its name.
LISTED = {
    "uitkeringen": [NamedFieldSet(id="bij-verhuizing", version="1", digest="sha256-" + "a" * 43)]
}


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """A catalogue that is being served."""

    address: str
    deps: CatalogueDeps
    database: Database

    def visitor(self) -> Guest:
        """Anybody."""
        return Guest(portal=self.address)

    async def employee(self, sub: str = "burgerzaken") -> Guest:
        """An employee who has logged in."""
        visitor = self.visitor()
        await visitor.log_in(sub, "/console/inloggen")
        return visitor


@asynccontextmanager
async def served_catalogue(
    database: Database, shaped: Callable[[Settings], Settings] = lambda settings: settings
) -> AsyncIterator[Catalogue]:
    """A catalogue that is served until the block ends; its employees log in as at the console."""
    own, login = free_socket(), free_socket()
    address = f"http://weesp.localhost:{own.getsockname()[1]}"
    issuer = f"http://login.localhost:{login.getsockname()[1]}"
    provider = web.AppRunner(TwistedProvider(issuer=issuer, people=employees(address)).app())
    await provider.setup()
    await web.SockSite(provider, login).start()
    settings = settings_with(database.settings, address, issuer)
    levels = EmployeesOidcSettings(issuer=issuer, audience="outway")
    # A desk looks people up in a register, and here is none.
    oidc = replace(settings.oidc, employees=levels)
    settings = shaped(replace(settings, oidc=oidc, desk=None))
    await fill_rooms(database)
    writer = LogWriter(settings, "web", wait_seconds=0.5)
    await writer.start()
    console = await console_deps(database, settings, writer, bare=True)
    deps = await _deps(database, console)
    server = Server(
        uvicorn.Config(
            _app(deps, console),
            ws="none",
            log_config=None,
            timeout_graceful_shutdown=10,
            access_log=False,
        )
    )
    task = asyncio.create_task(server.serve(sockets=[own]))
    try:
        yield Catalogue(address=address, deps=deps, database=database)
    finally:
        server.should_exit = True
        await task
        await writer.close()
        await provider.cleanup()


def described(title: str, version: str = "1.0.0", info: Mapping[str, Any] = {}) -> Any:
    """The sound description under another title; ``info`` is added to what it says of itself."""
    document = base()
    document["info"] |= {"title": title, "version": version, **info}
    return document


async def offered(catalogue: Catalogue, document: Any, *to: str, service: str = "") -> str:
    """Gather a description and show it to these; gives its name."""
    pool = await catalogue.database.pool("catalogue")
    info = document["info"]
    name = await gathered(pool, f"/{info['title']}-{info['version']}.yaml", document)
    await store.offer(pool, name, store.Offer(audience=to, service=service))
    return name


async def page(visitor: Guest, path: str, status: int = 200) -> str:
    """What stands under an address."""
    seen = await visitor.get(path)
    assert seen.status == status, (path, seen.status)
    return seen.text


async def _deps(database: Database, console: ConsoleDeps) -> CatalogueDeps:
    settings, agreed = console.settings, await database.pool("fsc")
    pool = await database.pool("catalogue")
    site = Site(settings, read_static_files(), catalogue_shape(settings, "0.1.0", BASE))
    around = Surroundings(settings, console.snapshot, agreed, await database.pool("gateway"))

    async def names() -> dict[str, str]:
        return await peer_names(agreed)

    return CatalogueDeps(
        settings=settings,
        site=site,
        pool=pool,
        door=replace(door_of(console), site=site),
        services=around.services,
        own=around.own,
        names=names,
        shelf=Shelf(pool),
        agreeing=_agreeing(database, console, agreed),
        measured=around.measured,
    )


def _agreeing(database: Database, console: ConsoleDeps, agreed: asyncpg.Pool) -> Agreeing:
    """With what contracts are asked; there is no directory, so the demo's field set is told."""

    async def listed(_provider: PeerId, service: str) -> list[NamedFieldSet]:
        return LISTED.get(service, [])

    own = partial(own_peer, database.settings)
    return Agreeing(pool=agreed, own=own, listed=listed, deed=Looking(console).deed)


def _nobody(_session: object, _token: str) -> Visitor:
    raise AssertionError("nobody can log in")


def bare_catalogue(settings: Settings, pools: Mapping[str, asyncpg.Pool], register: Any) -> Any:
    """The catalogue of an organisation where nobody can log in, as an application."""
    site = Site(settings, read_static_files(), catalogue_shape(settings, "0.1.0", BASE))

    async def names() -> dict[str, str]:
        return {}

    around = Surroundings(settings, register, pools["fsc"], pools["gateway"])
    door: Door[Any, Any] = Door(
        site=site, pool=pools["catalogue"], key=b"", oidc=None, knows=object, remember=dict,
        visitor=_nobody, failures={}, session_cookie="__Host-console", login_cookie="__Host-x",
        base=BASE, home=BASE, start=BASE, address="",
    )  # fmt: skip
    deps = CatalogueDeps(
        settings=settings, site=site, pool=pools["catalogue"], door=door,
        services=around.services, own=around.own, names=names, shelf=Shelf(pools["catalogue"]),
    )  # fmt: skip
    shape = AppShape(title="landschap", version="0.1.0", headers=site.headers)
    return make_app(routes(deps), shape)


def _app(deps: CatalogueDeps, console: ConsoleDeps) -> Any:
    def render(refusal: Any, request: Any) -> Any:
        if is_catalogue(request.url.path):
            return refusal_page(deps, refusal, request)
        return console_refusal(console, refusal, request)

    shape = AppShape(
        title="landschap",
        version="0.1.0",
        max_body_bytes=16_384,
        headers=deps.site.headers,
        render=render,
        strict_slashes=False,
    )
    static = static_route(read_static_files())
    return make_app([static, *console_routes(console), *routes(deps)], shape)
