# SPDX-License-Identifier: EUPL-1.2
"""The outermost layer: what must be decided on the raw request, before any framework.

Litestar strips trailing slashes, takes several for one, answers HEAD only where a handler says so,
and leaves headers to the handlers. Here the path is taken as it was sent: one resource has one
address, so that nothing before us and we ourselves can read an address differently.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, cast

from litestar.enums import HttpMethod, ScopeType

from landschap.vocabulary.problems import Refusal

if TYPE_CHECKING:
    from litestar import Response
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

Pair = tuple[bytes, bytes]
_HEAD = "landschap.head"
_NOTHING = (b"content-length", b"0")
_SLASH = Refusal(
    code="not_found",
    status=404,
    title="There is nothing at this address",
    detail="An address does not end in a slash; leave the last / out.",
)
_DETOUR = Refusal(
    code="not_found",
    status=404,
    title="There is nothing at this address",
    detail="An address holds no empty segment, no . or .. segment and no slash written as %2F.",
)
_NULL = Refusal(
    code="request_invalid",
    status=400,
    title="The address holds a null character",
    detail="No path and no parameter holds %00; leave it out.",
)
# What a server on the way may fold into another path than the one we would read.
_DETOURS = re.compile(rb"//|/\.{1,2}(?:/|$)|%2f|/%2e", re.IGNORECASE)


class Edge:
    """ASGI layer: headers on every answer, HEAD as GET without a body, no crooked addresses.

    ``methods`` tells for a template of an address which methods are answered there; ``render``
    gives the look of a refusal that is made here, whose content is bytes.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        headers: Mapping[str, str],
        methods: Mapping[str, str],
        render: Callable[[Refusal, Scope], Response[bytes]],
        strict: bool = False,
        refuses_null: bool = False,
    ) -> None:
        self._app = app
        self._render = render
        self._strict = strict
        self._refuses_null = refuses_null
        self._methods = {path: value.encode("latin-1") for path, value in methods.items()}
        self._headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in headers.items()
        ]
        self._names = {name for name, _ in self._headers}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; anything but HTTP (lifespan) passes untouched."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        without_body = scope["method"] == HttpMethod.HEAD
        if without_body:
            # Not in the scope of the server, which counts the body of what it takes for a GET.
            state = {**scope.get("state", {}), _HEAD: True}
            scope = cast("Scope", {**scope, "method": HttpMethod.GET, "state": state})

        async def send_dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = self._dressed(message["headers"], scope)
            elif without_body and message["type"] == "http.response.body":
                message["body"] = b""
            await send(message)

        refusal = _crooked(scope) if self._strict else None
        if refusal is None and self._refuses_null:
            refusal = _with_null(scope)
        if refusal is not None:
            await send_response(self._render(refusal, scope), send_dressed)
            return
        await self._app(scope, receive, send_dressed)

    def _dressed(self, pairs: Iterable[Pair], scope: Scope) -> list[Pair]:
        """The headers of an answer with those that all answers have and this one lacks."""
        told = [*pairs]
        given = {name.lower() for name, _ in told}
        if b"allow" in given:
            told = [self._allow(pair, scope) for pair in told]
        if _NOTHING in told:
            # A reader that goes by the type would try to read what is not there.
            told = [pair for pair in told if pair[0] != b"content-type"]
        if given.isdisjoint(self._names):
            return [*told, *self._headers]
        return [*told, *(pair for pair in self._headers if pair[0] not in given)]

    def _allow(self, pair: tuple[bytes, bytes], scope: Scope) -> tuple[bytes, bytes]:
        """``Allow`` in full: Litestar forgets HEAD, and the second handler of one address."""
        name, value = pair
        if name.lower() != b"allow":
            return pair
        # A refused method never got as far as a template; then all but HEAD stand there.
        more = value + b", HEAD" if b"GET" in value else value
        return name, self._methods.get(str(scope.get("path_template")), more)


def is_head(scope: Scope) -> bool:
    """True when nobody will read the body; who would work long for one need not."""
    return _HEAD in scope.get("state", {})


def _crooked(scope: Scope) -> Refusal | None:
    """Why the address as it was sent is none of ours, None when it may be one."""
    path = (scope.get("raw_path") or scope["path"].encode()).split(b"?", 1)[0]
    if _DETOURS.search(path):
        return _DETOUR
    return _SLASH if len(path) > 1 and path.endswith(b"/") else None


def _with_null(scope: Scope) -> Refusal | None:
    """Why an address with %00 is refused: PostgreSQL keeps no text with a null character."""
    path = scope.get("raw_path") or scope["path"].encode()
    return _NULL if b"%00" in path or b"\0" in path or b"%00" in scope["query_string"] else None


async def send_response(answer: Response[bytes], send: Send) -> None:
    """An answer that no framework sends: content in bytes, and no cookies."""
    body = answer.content
    headers = [
        (b"content-type", str(answer.media_type).encode("latin-1")),
        (b"content-length", str(len(body)).encode()),
        *((k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in answer.headers.items()),
    ]
    status = int(answer.status_code or 500)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
