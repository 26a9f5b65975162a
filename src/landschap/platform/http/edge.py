# SPDX-License-Identifier: EUPL-1.2
"""The outermost layer: what must be decided on the raw request, before any framework.

Litestar strips trailing slashes, answers HEAD only where a handler says so, and leaves headers to
the handlers. Here the path is taken as it was sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec
from litestar.enums import HttpMethod, ScopeType

from landschap.vocabulary.problems import Refusal

if TYPE_CHECKING:
    from litestar.types import ASGIApp, Message, Receive, Scope, Send

# Source: NL GOV REST API Design Rules 2.2, /core/transport/security-headers
API_HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

_SLASH = Refusal(
    code="not_found",
    status=404,
    title="There is nothing at this address",
    detail="An address does not end in a slash; leave the last / out.",
)


class Edge:
    """ASGI layer that adds headers, answers HEAD as GET without a body, refuses a last slash."""

    def __init__(
        self, app: ASGIApp, *, headers: Mapping[str, str], strict_slashes: bool = True
    ) -> None:
        self._app = app
        self._strict_slashes = strict_slashes
        self._headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in headers.items()
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; anything but HTTP (lifespan) passes untouched."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        is_head = scope["method"] == HttpMethod.HEAD
        if is_head:
            scope["method"] = HttpMethod.GET

        async def send_dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message["headers"]}
                extra = [pair for pair in self._headers if pair[0] not in given]
                message["headers"] = [*message["headers"], *extra]
            elif is_head and message["type"] == "http.response.body":
                message["body"] = b""
            await send(message)

        if self._strict_slashes and _has_last_slash(scope):
            await _send_refusal(_SLASH, send_dressed)
            return
        await self._app(scope, receive, send_dressed)


def _has_last_slash(scope: Scope) -> bool:
    path = scope.get("raw_path") or scope["path"].encode()
    return len(path) > 1 and path.split(b"?", 1)[0].endswith(b"/")


async def _send_refusal(refusal: Refusal, send: Send) -> None:
    body = msgspec.json.encode(refusal.body())
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
