# SPDX-License-Identifier: EUPL-1.2
"""The Manager of a malicious peer: its certificate is proper, its answers are not."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web
from tests.fsc.manager_rig import free_socket, write_identity

from landschap.fsc.own import OwnPeer


@dataclass(kw_only=True)
class KeyServer:
    """Answers everything with ``status`` and ``body``, and remembers what was asked."""

    address: str
    status: int = 200
    body: bytes = b"{}"
    asked: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        """One answer; a redirect leads to the database of whoever follows it."""
        self.asked.append(request.path)
        headers = {"Content-Type": "application/json"}
        if self.status == 302:
            headers["Location"] = f"{self.address}/elsewhere"
        return web.Response(status=self.status, body=self.body, headers=headers)


@asynccontextmanager
async def key_server(peer: OwnPeer, folder: Path, host: str) -> AsyncIterator[KeyServer]:
    """Served over TLS with the certificate of ``peer`` while the block runs."""
    identity = write_identity(folder, peer)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity.certificate, identity.key)
    listener = free_socket()
    made = KeyServer(address=f"https://{host}:{listener.getsockname()[1]}")
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", made.answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.SockSite(runner, listener, ssl_context=context).start()
    try:
        yield made
    finally:
        await runner.cleanup()
