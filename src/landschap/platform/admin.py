# SPDX-License-Identifier: EUPL-1.2
"""The admin listener: health, figures and version, for operators and their machines.

It lives in the supervisor, so it answers also when everything else is down. A few lines of
HTTP/1.1 instead of a framework, so that the supervisor starts at once and imports little.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from landschap.platform.trouble import Trouble

_HEAD_BYTES = 8_192
_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a page of the admin listener says."""

    status: int
    body: bytes
    kind: str = "application/json"

    @classmethod
    def of(cls, value: Mapping[str, object], status: int = 200) -> Answer:
        """A JSON answer."""
        return cls(status, json.dumps(value, indent=1).encode() + b"\n")


Page = Callable[[], Awaitable[Answer]]


async def listen(address: str, pages: Mapping[str, Page]) -> asyncio.Server:
    """Serve ``pages`` by path on ``host:port``. Raises Trouble when that is not possible."""
    host, _, port = address.rpartition(":")
    try:
        return await asyncio.start_server(
            _serving(pages), host.strip("[]"), int(port), limit=_HEAD_BYTES
        )
    except OSError as error:
        raise Trouble(
            f"listen.admin {address} cannot be listened on: {error.strerror}",
            "stop what listens there (ss -ltnp shows it), or change listen.admin",
        ) from None


async def listen_on(listening: socket.socket, pages: Mapping[str, Page]) -> asyncio.Server:
    """Serve ``pages`` on a unix socket that listens already."""
    return await asyncio.start_unix_server(_serving(pages), sock=listening, limit=_HEAD_BYTES)


def _serving(
    pages: Mapping[str, Page],
) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
                method, _, rest = head.decode("latin-1").partition(" ")
                answer = await _answer(method, rest.partition(" ")[0], pages)
                writer.write(_bytes(answer, with_body=method != "HEAD"))
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # a client that says nothing, too much, or has gone
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    return serve


async def _answer(method: str, target: str, pages: Mapping[str, Page]) -> Answer:
    page = pages.get(target.partition("?")[0])
    if page is None:
        return Answer.of({"title": "no such page", "pages": sorted(pages)}, 404)
    if method not in {"GET", "HEAD"}:
        return Answer.of({"title": "only GET and HEAD"}, 405)
    return await page()


def _bytes(answer: Answer, *, with_body: bool) -> bytes:
    head = (
        f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}\r\n"
        f"Content-Type: {answer.kind}\r\nContent-Length: {len(answer.body)}\r\n"
        "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
        f"{'Allow: GET, HEAD' + chr(13) + chr(10) if answer.status == 405 else ''}"
        "Connection: close\r\n\r\n"
    )
    return head.encode("latin-1") + (answer.body if with_body else b"")
