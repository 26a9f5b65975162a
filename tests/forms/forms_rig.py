# SPDX-License-Identifier: EUPL-1.2
"""The form as people meet it: served on loopback, real sessions and log-in, an Outway or none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import uvicorn
from aiohttp import web
from tests.portal.portal_rig import ANOTHER, SUZANNE, Server, free_socket
from tests.throwaway import Database

from landschap.cli.demo.identity_provider import Client, People, Person, Provider
from landschap.forms.client import FormClient
from landschap.forms.pages import FormDeps, form_shape, refusal_page, routes
from landschap.platform.form_settings import FormSettings
from landschap.platform.http import AppShape, make_app
from landschap.platform.identities import resident
from landschap.platform.keys import secret_key
from landschap.platform.oidc import OidcClient
from landschap.platform.web import Site, read_static_files, static_route

PURPOSE = "https://doelen.landschap.example/id/omgevingsvergunning-verlenen"
# Nobody listens there, and nobody can: the port is reserved.
NOWHERE = "http://127.0.0.1:1"
LOW, SUBSTANTIAL = (f"http://eidas.europa.eu/LoA/{level}" for level in ("low", "substantial"))


@dataclass(frozen=True, kw_only=True)
class Served:
    """A form that is being served."""

    address: str
    deps: FormDeps
    database: Database


def people(form: str) -> People:
    """Two residents, one with a weak login, one who acts for a company."""
    return People(
        clients={
            "omgevingsformulier": Client(
                redirect_uris=(f"{form}/formulier/inloggen/terug",), kind="resident"
            )
        },
        persons=(
            _person("burger-1", "Suzanne Moulin", bsn=SUZANNE, acr=SUBSTANTIAL),
            _person("burger-2", "Anna Wesseling", bsn=ANOTHER, acr=SUBSTANTIAL),
            _person("zwak", "Iemand", bsn=ANOTHER, acr=LOW),
            _person(
                "onderneming", "Handelende", acr=SUBSTANTIAL, kvk="69599084",
                acting_subject="2f8a@eherkenning.example", services="mijn-gegevens",
            ),
        ),
    )  # fmt: skip


def _person(sub: str, name: str, **claims: str) -> Person:
    told = {**claims, **({"services": [claims["services"]]} if "services" in claims else {})}
    return Person(sub=sub, name=name, kind="resident", claims=told)


@asynccontextmanager
async def served_form(database: Database, folder: Path, outway: str) -> AsyncIterator[Served]:
    """The form, served until the block ends."""
    own, login = free_socket(), free_socket()
    address = f"http://weesp.localhost:{own.getsockname()[1]}"
    issuer = f"http://login.localhost:{login.getsockname()[1]}"
    provider = web.AppRunner(Provider(issuer=issuer, people=people(address)).app())
    await provider.setup()
    await web.SockSite(provider, login).start()
    key = folder / "omgevingsformulier.key"
    key.write_text("nooit-toegelaten")
    form = FormSettings(
        issuer=issuer, client_id="omgevingsformulier", application_key=key, purpose=PURPOSE
    )
    addresses = replace(database.settings.addresses, web=address)
    settings = replace(database.settings, addresses=addresses, form=form)
    static = read_static_files()
    deps = FormDeps(
        settings=settings,
        site=Site(settings, static, form_shape(form, "0.1.0")),
        pool=await database.pool("forms"),
        key=secret_key(settings, "session"),
        oidc=OidcClient(
            form, redirect_uri=f"{address}/formulier/inloggen/terug", hosts={},
            identify=resident(form),
        ),
        client=FormClient(outway=outway, key=lambda: key.read_text(), settings=form),
    )  # fmt: skip
    shape = AppShape(
        title="formulier",
        version="0.1.0",
        max_body_bytes=40_960,
        headers=deps.site.headers,
        render=partial(refusal_page, deps),
        strict_slashes=False,
    )
    app = make_app([*routes(deps), static_route(static)], shape)
    server = Server(
        uvicorn.Config(
            app, ws="none", log_config=None, timeout_graceful_shutdown=10, access_log=False
        )
    )
    task = asyncio.create_task(server.serve(sockets=[own]))
    try:
        yield Served(address=address, deps=deps, database=database)
    finally:
        server.should_exit = True
        await task
        await provider.cleanup()
