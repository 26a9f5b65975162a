# SPDX-License-Identifier: EUPL-1.2
"""A shorter way for the usual question, past the framework.

A handler may name one in its ``opt``; its address has no parameters, or one at the end:

    @get("/panden", opt={"query": (...), "shortcut": answer})
    @get("/panden/{identificatie:str}", opt={"query": (...), "shortcut": answer})

The shortcut gets the scope and the last segment, not decoded, and gives the whole answer, or None
for any question that is not the usual one: then the handler answers. What a shortcut answers must
be what the handler would have answered.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from litestar.enums import HttpMethod, ScopeType

from landschap.platform.http.edge import send_response
from landschap.vocabulary.problems import ProblemError, Refusal

if TYPE_CHECKING:
    from litestar import Response
    from litestar.types import ASGIApp, ControllerRouterHandler, Receive, Scope, Send


class ShortAnswer(NamedTuple):
    """An answer with status 200: headers in small letters, and the whole body."""

    headers: list[tuple[bytes, bytes]]
    body: bytes


Short = Callable[["Scope", bytes], Awaitable[ShortAnswer | None]]


def shortcuts_of(routes: Sequence[ControllerRouterHandler]) -> dict[bytes, Short]:
    """The shortcuts that handlers name, by their address up to what varies in it."""
    found: dict[bytes, Short] = {}
    for handler in routes:
        short = getattr(handler, "opt", {}).get("shortcut")
        if short is not None:
            for path in getattr(handler, "paths", ()):
                begin, _, last = path.rpartition("/")
                found[(f"{begin}/" if last.startswith("{") else path).encode()] = short
    return found


class Shortcut:
    """ASGI layer: GET by a shortcut where there is one, all else by the application."""

    def __init__(
        self,
        app: ASGIApp,
        shortcuts: Mapping[bytes, Short],
        render: Callable[[Refusal, Scope], Response[bytes]],
    ) -> None:
        self._app = app
        self._shortcuts = shortcuts
        self._render = render

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == ScopeType.HTTP and scope["method"] == HttpMethod.GET:
            path = scope.get("raw_path") or b""
            begin, slash, last = path.rpartition(b"/")
            short = self._shortcuts.get(path) or self._shortcuts.get(begin + slash)
            if short is not None and await self._answers(short, scope, last, send):
                return
        await self._app(scope, receive, send)

    async def _answers(self, short: Short, scope: Scope, last: bytes, send: Send) -> bool:
        try:
            answer = await short(scope, last)
        except ProblemError as error:
            await send_response(self._render(error.refusal, scope), send)
            return True
        if answer is None:
            return False
        await send({"type": "http.response.start", "status": 200, "headers": answer.headers})
        await send({"type": "http.response.body", "body": answer.body, "more_body": False})
        return True
