# SPDX-License-Identifier: EUPL-1.2
"""An answer that is written while it is read: pieces, and how it ended.

What can not be finished is broken off: the connection closes before the last chunk.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Protocol

import structlog
from litestar import Response

from landschap.platform.http.edge import is_head

if TYPE_CHECKING:
    from litestar.types import Receive, Scope, Send

MAX_SECONDS = 3600.0
log = structlog.get_logger(__name__)


class Pieces(Protocol):
    """What is sent piece by piece."""

    def pieces(self) -> AsyncGenerator[bytes, None]:
        """All pieces in order; ends early only by an error."""
        ...

    async def ended(self, *, whole: bool) -> None:
        """Note how it ended."""
        ...


class Streamed(Response[bytes]):
    """An answer that is written while it is read, and broken off when it can not be finished."""

    def __init__(
        self, stream: Pieces, headers: Mapping[str, str], done: Callable[[], None]
    ) -> None:
        media = headers["Content-Type"]
        rest = {name: value for name, value in headers.items() if name != "Content-Type"}
        super().__init__(b"", headers=rest, media_type=media)
        self._stream, self._done = stream, done

    def to_asgi_response(self, *_: Any, **__: Any) -> Any:
        """The application that sends the pieces."""
        names = {
            **{str(k): str(v) for k, v in self.headers.items()},
            "content-type": str(self.media_type),
        }
        pairs = [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in names.items()]
        start: Any = {"type": "http.response.start", "status": 200, "headers": pairs}

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            await send(start)
            if is_head(scope):
                self._done()
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                return
            await _deliver(self._stream, receive, send, self._done)

        return answer


async def _deliver(stream: Pieces, receive: Receive, send: Send, done: Callable[[], None]) -> None:
    """Send all pieces; who goes away, or takes more than an hour, frees the place."""
    whole = False
    sending = asyncio.ensure_future(_send(stream, send))
    leaving = asyncio.ensure_future(_gone(receive))
    try:
        finished, _ = await asyncio.wait(
            {sending, leaving}, timeout=MAX_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        whole = sending in finished and sending.exception() is None
        if sending in finished and not whole:
            log.error("delivery broken off", exc_info=sending.exception())
    finally:
        for task in (sending, leaving):
            task.cancel()
        await asyncio.wait({sending, leaving})
        done()
        await stream.ended(whole=whole)
    if whole:
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _send(stream: Pieces, send: Send) -> None:
    async with aclosing(stream.pieces()) as pieces:
        async for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
