# SPDX-License-Identifier: EUPL-1.2
"""The web process: one application per audience, each on a socket of its own behind nginx.

    manager     other Managers, by FSC
    services    our own registers and logical sources, behind the Inway
    hold        between the Inway and services that do not know our Permit
    people      pages
    open        what of our registers anybody may see
    decisions   our decision point, for gateways of our own
    logboek     our processing log, for applications of our own

One process and one event loop; an application is there when its listener is configured.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from typing import TYPE_CHECKING

import uvicorn

from landschap.cli.composition import Composition
from landschap.platform.part_figures import telling
from landschap.platform.siem.noting import noting
from landschap.platform.sockets import App, app_socket, listening

if TYPE_CHECKING:
    from litestar.types import ASGIApp

    from landschap.platform.settings import Settings

_DRAIN_SECONDS = 20


class _Served(uvicorn.Server):
    """A uvicorn server that leaves signals to the process it shares with others."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Nothing: `serve_web` hears the signals for all servers."""
        yield


async def serve_web(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; then finish what was accepted, within 20 s."""
    async with AsyncExitStack() as stack:
        made = Composition(settings=settings, stack=stack)
        apps = await applications(made)
        if settings.siem.receivers():
            await stack.enter_async_context(noting(await made.pool("platform")))
        await stack.enter_async_context(telling(settings, "web", made.metrics))
        servers = {name: _server(app) for name, app in apps.items()}
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, _stop, list(servers.values()))
        async with asyncio.TaskGroup() as group:
            for name, server in servers.items():
                group.create_task(server.serve(sockets=[listening(app_socket(settings, name))]))


async def applications(made: Composition) -> Mapping[App, ASGIApp]:
    """The applications this organisation needs."""
    listen = made.settings.listen
    apps: dict[App, ASGIApp] = {}
    if listen.manager:
        apps["manager"] = await made.manager()
    if listen.inway:
        apps["services"] = await made.services()
        apps["hold"] = await made.hold()
    if listen.web:
        apps["people"] = await made.people()
    if listen.open:
        apps["open"] = await made.open_data()
    if listen.decisions:
        apps["decisions"] = await made.decision_point()
    if listen.logboek:
        apps["logboek"] = await made.logboek()
    return apps


def _server(app: ASGIApp) -> uvicorn.Server:
    return _Served(
        uvicorn.Config(
            app,
            loop="none",
            http="httptools",
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_DRAIN_SECONDS,
        )
    )


def _stop(servers: list[uvicorn.Server]) -> None:
    for server in servers:
        server.should_exit = True
