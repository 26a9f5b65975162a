# SPDX-License-Identifier: EUPL-1.2
"""Visits to a served portal: logged in, with a right taken away, with other dependencies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Protocol

import uvicorn
from tests.portal.portal_rig import LOOK, Portal, Server, free_socket
from tests.portal.visiting import Visitor
from tests.throwaway import Database

from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.logboek.store import uses_of
from landschap.platform.http import make_app
from landschap.platform.web.sessions import begin_session
from landschap.portal.known import Known
from landschap.portal.pages import PortalDeps, people_shape, routes


async def logged_in(portal: Portal, sub: str = "burger-1") -> Visitor:
    visitor = Visitor(portal=portal.address)
    await visitor.log_in(sub)
    return visitor


async def looks_of(portal: Portal, bsn: str) -> int:
    """How many looks of this person the log holds."""
    deps = portal.deps
    oin = deps.settings.organisation.oin
    subject = subject_pseudonym(deps.pseudonym_keys[1], oin, "bsn", bsn)
    now = datetime.now(UTC)
    since, until = now - timedelta(days=1), now + timedelta(days=1)
    found = await uses_of(deps.log_pool, [subject], since, until, 1000)
    return sum(record.columns.activity == LOOK for record in found)


class Kept(Protocol):
    """Anything that is served from a database."""

    @property
    def database(self) -> Database:
        """Its database."""
        ...


@asynccontextmanager
async def without(portal: Kept, room: str, right: str, table: str) -> AsyncIterator[None]:
    """The owner takes a right away from a room's role while the block runs."""
    connection = await portal.database.administrator()
    role = f"landschap_{room}"
    await connection.execute(f"REVOKE {right} ON {table} FROM {role}")
    try:
        yield
    finally:
        await connection.execute(f"GRANT {right} ON {table} TO {role}")
        await connection.close()


@asynccontextmanager
async def served_elsewhere(
    portal: Kept, deps: PortalDeps | Callable[[str], PortalDeps]
) -> AsyncIterator[str]:
    """The same portal with other dependencies, at an address of its own that they may depend on."""
    socket = free_socket()
    address = f"http://weesp.localhost:{socket.getsockname()[1]}"
    if callable(deps):
        deps = deps(address)
    app = make_app(routes(deps), people_shape(deps))
    server = Server(
        uvicorn.Config(
            app, ws="none", log_config=None, timeout_graceful_shutdown=10, access_log=False
        )
    )
    task = asyncio.create_task(server.serve(sockets=[socket]))
    try:
        yield address
    finally:
        server.should_exit = True
        await task


def moved(visitor: Visitor, old: str, new: str) -> dict[str, dict[str, str]]:
    return {new.removeprefix("http://"): visitor.cookies[old.removeprefix("http://")]}


async def as_person(portal: Portal, bsn: str) -> Visitor:
    """A session of a person the login provider does not know."""
    known = Known(bsn=bsn, name="Iemand", level="", authenticated_at=1, id_token="")
    token = await begin_session(portal.deps.portal_pool, portal.deps.session_key, known)
    host = portal.address.removeprefix("http://")
    return Visitor(portal=portal.address, cookies={host: {"__Host-sessie": token}})
