# SPDX-License-Identifier: EUPL-1.2
"""Parts that the tests play themselves: the service behind an Inway, and an Inway."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

Look = Callable[[web.Request], Awaitable[None]]
BODY = b'{"bouwjaar": 1882}'


@dataclass(kw_only=True)
class Listener:
    """Writes down what arrives, looks around before it answers, and answers."""

    heard: list[web.Request] = field(default_factory=list)
    look: Look | None = None

    async def answer(self, request: web.Request) -> web.Response:
        """Every request is answered alike."""
        self.heard.append(request)
        if self.look is not None:
            await self.look(request)
        return web.Response(body=BODY, content_type="application/json")


@asynccontextmanager
async def listening(
    address: str, port: int, context: ssl.SSLContext | None = None
) -> AsyncIterator[Listener]:
    """It listens while the block runs."""
    listener = Listener()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", listener.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, address, port, ssl_context=context).start()
    try:
        yield listener
    finally:
        await runner.cleanup()
