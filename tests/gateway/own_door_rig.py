# SPDX-License-Identifier: EUPL-1.2
"""A listener for applications of our own: nginx over TLS, and an application behind it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import uvicorn
from tests.gateway.gateway_rig import NGINX_VERSION, Anchor, Caller, Carrier, Leaf, client_context
from tests.ports import free_port

from landschap.gateway.plan import CarrierPlan, DecisionsDoor, Listen, LogDoor
from landschap.platform.sockets import listening


class OwnListener(NamedTuple):
    """A caller without and one with a certificate, and what serves behind the listener."""

    stranger: Caller
    certified: Caller
    server: uvicorn.Server
    serving: asyncio.Task[None]


@asynccontextmanager
async def own_listener(
    app: Any, kind: type[DecisionsDoor | LogDoor], folder: Path, anchor: Anchor, own: Leaf, by: Leaf
) -> AsyncIterator[OwnListener]:
    """The listener of this kind below ``folder``, asked with the certificate of ``by``."""
    (folder / "run").mkdir(parents=True)
    place, port = folder / "a.sock", free_port()
    sock = listening(place)
    place.chmod(0o666)
    server = uvicorn.Server(
        uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=10, lifespan="on")
    )
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    door = kind(
        listen=Listen(host="127.0.0.1", port=port), socket=place, tls=True, client_ca=anchor.file
    )
    plan = CarrierPlan(
        run=folder / "run",
        logs=folder / "log",
        decide_socket=folder / "decide.sock",
        tls=anchor.tls(own),
        nginx_version=NGINX_VERSION,
        worker_user="root" if os.geteuid() == 0 else None,
        decisions=door if isinstance(door, DecisionsDoor) else None,
        logboek=door if isinstance(door, LogDoor) else None,
    )
    carrier = await asyncio.to_thread(Carrier, plan)
    yield OwnListener(
        Caller("127.0.0.1", port, client_context(anchor)),
        Caller("127.0.0.1", port, client_context(anchor, by)),
        server,
        serving,
    )
    await asyncio.to_thread(carrier.stop)
    server.should_exit = True
    await serving
