# SPDX-License-Identifier: EUPL-1.2
"""A register of one side, served as its web process serves it, for each nginx that leads to it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import asyncpg
import uvicorn
from litestar.types import ControllerRouterHandler
from tests.gateway.pair_rig import Side

from landschap.logboek.store import LogWriter
from landschap.platform import postgres
from landschap.platform.http import AppShape, make_app
from landschap.platform.keys import secret_key
from landschap.platform.sockets import listening
from landschap.purposes.persons.store import said_of
from landschap.registers.api import Deps, routes
from landschap.registers.models import Register, Registers


async def registers_of(stack: AsyncExitStack, side: Side) -> asyncpg.Pool:
    """A pool on the registers of this side, to fill and to serve them."""
    pool = await postgres.pool(side.settings, "registers")
    stack.push_async_callback(pool.close)
    return pool


async def serve_register(
    stack: AsyncExitStack,
    side: Side,
    register: Register,
    pool: asyncpg.Pool,
    sockets: Sequence[Path],
) -> None:
    """Answer on these sockets until the stack closes, with lines and with a look at persons."""
    settings = side.settings
    log = LogWriter(settings, "web")
    await log.start()
    stack.push_async_callback(log.close)
    deps = Deps(
        registers=Registers({register.name: register}), pool=pool, log=log,
        controller=settings.organisation.oin,
        permit_key=secret_key(settings, "permit"), pseudonym_key=secret_key(settings, "pseudonym"),
        persons=partial(said_of, side.pools.purposes),
    )  # fmt: skip
    await serve_routes(stack, routes(deps), sockets)


async def serve_routes(
    stack: AsyncExitStack, served_routes: list[ControllerRouterHandler], sockets: Sequence[Path]
) -> None:
    """Answer on these sockets until the stack closes."""
    app = make_app(served_routes, AppShape(title="services", version="1.0.0"))
    config = uvicorn.Config(
        app, loop="none", log_config=None, timeout_graceful_shutdown=10, ws="none", lifespan="off"
    )
    server = uvicorn.Server(config)
    served = asyncio.create_task(server._serve(sockets=[listening(each) for each in sockets]))
    for each in sockets:
        each.chmod(0o666)

    async def stop() -> None:
        server.should_exit = True
        await served

    stack.push_async_callback(stop)
