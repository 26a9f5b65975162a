# SPDX-License-Identifier: EUPL-1.2
"""Doesburg's catalogue in front of two municipalities that really run; employees log in.

Between the page and the service everything is real: Outway, contract, token, Inway, both logs. The
service behind Weesp's Inway and the login provider are parties of the test.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn
from aiohttp import web
from tests.catalogue.offered import gathered
from tests.catalogue.test_changes import base
from tests.console.console_rig import console_deps
from tests.console.login_rig import TwistedProvider
from tests.gateway.gateway_rig import Anchor, Leaf, http_answer
from tests.gateway.gateway_scene import ASSISTANCE, DOESBURG, WEESP, register
from tests.gateway.pair_rig import Pair, running_pair
from tests.portal.portal_rig import Server, free_socket
from tests.portal.visiting import Visitor
from tests.throwaway import Cluster, Database

from landschap.catalogue.pages import (
    CatalogueDeps,
    Lines,
    Shelf,
    Surroundings,
    Trying,
    catalogue_shape,
    refusal_page,
    routes,
)
from landschap.cli.demo.identity_provider import Client, People, Person
from landschap.console.pages import routes as console_routes
from landschap.console.pages.context import BASE, ConsoleDeps, door_of
from landschap.fsc.client import own_peer
from landschap.fsc.store import peer_names
from landschap.gateway import store as gateway_store
from landschap.gateway.tracing.client import other_halves
from landschap.gateway.tracing.halves import Crossing, Half
from landschap.gateway.usage.store import Rooms
from landschap.logboek.store import LogWriter
from landschap.platform.http import AppShape, make_app
from landschap.platform.keys import secret_key
from landschap.platform.oidc_settings import (
    ConsoleOidcSettings,
    EmployeesOidcSettings,
    OidcSettings,
)
from landschap.platform.settings import Settings
from landschap.platform.web import Site, read_static_files, static_route
from landschap.purposes.model import Register

AUDIENCE = "outway.doesburg"
SUBSTANTIAL = "http://eidas.europa.eu/LoA/substantial"
SUZANNE = "999993653"
ANSWER = {"uitkering": {"soort": "bijstand"}}
SPACE = "https://doesburg.example/register/pseudoniem"


@dataclass(kw_only=True)
class Scene:
    """All that runs. ``name`` is the API to try, ``marked`` the same one marked as production.

    ``trying`` is with what the page asks, ``unlogged`` are the same pages of a process of which
    the log can not be written any more.
    """

    pair: Pair
    address: str
    name: str
    marked: str
    trying: Trying
    unlogged: Any

    async def employee(self, sub: str = "consulent") -> Visitor:
        """Somebody of Doesburg who has logged in."""
        visitor = Visitor(portal=self.address)
        await visitor.log_in(sub, "/console/inloggen")
        return visitor

    @property
    def path(self) -> str:
        """The page on which the operation is tried."""
        return f"/catalogus/{self.name}/proef/zoek"


def description(title: str, **more: str) -> dict[str, Any]:
    """What Weesp says of its service: one operation, that takes a person and fields."""
    document: dict[str, Any] = base()
    answer = {"type": "object", "properties": {
        "uitkering": {"type": "object", "properties": {
            "soort": {"type": "string", "description": "Welke uitkering het is."},
        }},
    }}  # fmt: skip
    document["info"] |= {"title": title, "x-gebruik": {
        "toegang": "contract", "fsc": {"peerId": WEESP, "service": "uitkeringen"},
        "doelen": [ASSISTANCE], "betrokkenen": ["inwoners"], **more,
    }}  # fmt: skip
    document["servers"] = [{"url": "https://api.weesp.example/v1"}]
    document["paths"] = {"/_zoek": {"post": {
        "operationId": "zoek", "summary": "Zoek op persoon", "tags": ["zoek"],
        "parameters": [
            {"name": "fields", "in": "query", "schema": {"type": "string"}},
            {"name": "geldigOp", "in": "query", "schema": {"type": "string", "format": "date"}},
        ],
        "requestBody": {"required": True, "content": {"application/json": {
            "example": {"burgerservicenummer": "000000000"},
            "schema": {"type": "object"},
        }}},
        "responses": {"200": {"description": "Gevonden", "content": {
            "application/json": {"schema": answer},
        }}},
    }}}  # fmt: skip
    return document


@asynccontextmanager
async def running_scene(
    cluster: Cluster, folder: Path, anchor: Anchor, leaves: dict[str, Leaf]
) -> AsyncIterator[Scene]:
    """Everything, until the block ends."""
    own, login = free_socket(), free_socket()
    address = f"http://doesburg.localhost:{own.getsockname()[1]}"
    issuer = f"http://login.localhost:{login.getsockname()[1]}"
    hosts = f'[oidc.employees]\nissuer = "{issuer}"\naudience = "{AUDIENCE}"\n'
    provider = web.AppRunner(TwistedProvider(issuer=issuer, people=_people(address)).app())
    await provider.setup()
    await web.SockSite(provider, login).start()
    try:
        async with running_pair(cluster, folder, anchor, leaves, hosts) as pair:
            pair.service.answer_with(lambda _: http_answer(200, body=json.dumps(ANSWER).encode()))
            # Doesburg's own policy is for one role.
            await pair.doesburg.change_register(policies(4, "consulent"))
            settings = _with(pair.doesburg.settings, address, issuer)
            async with _served(pair, own, settings) as (deps, unlogged):
                real = description("Uitkeringen in productie", omgeving="productie")
                name = await gathered(deps.pool, "/test.yaml", description("Uitkeringen"))
                marked = await gathered(deps.pool, "/echt.yaml", real)
                assert deps.trying is not None
                yield Scene(
                    pair=pair, address=address, name=name, marked=marked, trying=deps.trying,
                    unlogged=unlogged,
                )  # fmt: skip
    finally:
        await provider.cleanup()


@asynccontextmanager
async def _served(
    pair: Pair, own: Any, settings: Settings
) -> AsyncIterator[tuple[CatalogueDeps, Any]]:
    database = Database(name="doesburg", settings=settings)
    writer = LogWriter(settings, "web", wait_seconds=0.5)
    await writer.start()
    console = await console_deps(database, settings, writer, bare=True)
    key = await gateway_store.add_application(
        pair.doesburg.pools.gateway, "catalogus", datetime.now(UTC)
    )
    deps = await _deps(database, console, key)
    app = _app(deps, console)
    server = Server(
        uvicorn.Config(
            app, ws="none", log_config=None, access_log=False, timeout_graceful_shutdown=2
        )
    )
    task = asyncio.create_task(server.serve(sockets=[own]))
    try:
        yield deps, _app(_unlogged(deps), console)
    finally:
        server.should_exit = True
        await asyncio.wait_for(task, 40)
        await writer.close()
        database.close()


def _with(settings: Settings, address: str, issuer: str) -> Settings:
    console = ConsoleOidcSettings(
        issuer=issuer, client_id="console", roles=("consulent", "balie"), log_officers=("fg",)
    )
    employees = EmployeesOidcSettings(issuer=issuer, audience=AUDIENCE)
    return replace(
        settings,
        addresses=replace(settings.addresses, web=address),
        oidc=OidcSettings(portal=None, employees=employees, console=console),
    )


def _people(address: str) -> People:
    client = Client(
        redirect_uris=(f"{address}/console/inloggen/terug",), kind="employee", audience=AUDIENCE
    )
    return People(
        clients={"console": client},
        persons=tuple(
            Person(sub=role, name=role.title(), kind="employee",
                   claims={"roles": [role], "acr": SUBSTANTIAL})
            for role in ("consulent", "balie")
        ),
    )  # fmt: skip


async def _deps(database: Database, console: ConsoleDeps, key: str) -> CatalogueDeps:
    settings, agreed = console.settings, await database.pool("fsc")
    pool = await database.pool("catalogue")
    site = Site(settings, read_static_files(), catalogue_shape(settings, "0.1.0", BASE))
    rooms = Rooms(
        log=await database.pool("logboek"),
        purposes=await database.pool("purposes"),
        fsc=agreed,
    )

    async def halves(crossings: Sequence[Crossing]) -> Sequence[Half]:
        return await other_halves(settings, rooms, own_peer(settings), crossings)

    around = Surroundings(settings, console.snapshot, agreed, await database.pool("gateway"))
    return CatalogueDeps(
        settings=settings,
        site=site,
        pool=pool,
        door=replace(door_of(console), site=site),
        services=around.services,
        own=around.own,
        names=partial(peer_names, agreed),
        shelf=Shelf(pool),
        trying=Trying(
            outway=f"http://{settings.listen.outway}",
            key=lambda: key,
            rooms=rooms,
            snapshot=console.snapshot.newest,
            halves=halves,
            lines=Lines(
                writer=console.registers.log,
                controller=settings.organisation.oin,
                keys={1: secret_key(settings, "pseudonym")},
                space=SPACE,
                version="0.1.0",
            ),
        ),
    )


def _unlogged(deps: CatalogueDeps) -> CatalogueDeps:
    """With a writer that never began: what it is given it can not write."""
    assert deps.trying is not None
    lines = replace(deps.trying.lines, writer=LogWriter(deps.settings, "away"))
    return replace(deps, trying=replace(deps.trying, lines=lines))


def _app(deps: CatalogueDeps, console: ConsoleDeps) -> Any:
    shape = AppShape(
        title="landschap",
        version="0.1.0",
        max_body_bytes=16_384,
        headers=deps.site.headers,
        render=partial(refusal_page, deps),
        strict_slashes=False,
    )
    static = static_route(read_static_files())
    return make_app([static, *console_routes(console), *routes(deps)], shape)


def policies(version: int, *roles: str) -> Register:
    """Doesburg's register, with its policies for these roles only."""
    every = register(DOESBURG).policies
    return register(
        DOESBURG, policies=tuple(replace(each, version=version, roles=roles) for each in every)
    )
