# SPDX-License-Identifier: EUPL-1.2
"""What every source that is asked over HTTP has in common: the way in, and what an answer may be.

A source that says it is too busy (429, or 503 with ``Retry-After``) is left alone for as long as it
asks. Our tokens and certificates are of one source alone, and are never told in a message.
Source: RFC 6585, section 4; RFC 9110, section 10.2.3 (Retry-After); RFC 6749, section 4.4.
"""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote_plus

import aiohttp

from landschap.integration.access import OauthAccess
from landschap.integration.retrying import seconds_to_wait
from landschap.integration.rows import Reason, SourceFailed
from landschap.platform.ids import new_span_id
from landschap.vocabulary.ijson import InvalidJson, loads
from landschap.vocabulary.tracing import TraceContext

_CHUNK_BYTES = 65_536
_MAX_TOKEN_BYTES = 100_000
# A token is asked anew this long before its end, so that it does not end on the way.
_TOKEN_MARGIN_SECONDS = 30.0
_TOKEN_SECONDS = 300
_BUSY = (429, 503)


class Tokens:
    """The access token of one source, asked by client credentials and kept while it holds."""

    def __init__(self, session: aiohttp.ClientSession, access: OauthAccess, secret: str) -> None:
        self._session = session
        self._access = access
        self._secret = secret
        self._token = ""
        self._until = 0.0
        self._turn = asyncio.Lock()

    async def token(self, tls: ssl.SSLContext | bool) -> str:
        """The token to send. Raises SourceFailed when none is given."""
        async with self._turn:
            if asyncio.get_running_loop().time() >= self._until:
                await self._ask(tls)
            return self._token

    def forget(self, token: str) -> None:
        """It was refused: another one is asked next time."""
        if token == self._token:
            self._until = 0.0

    async def _ask(self, tls: ssl.SSLContext | bool) -> None:
        form = {"grant_type": "client_credentials"}
        if self._access.scope:
            form["scope"] = self._access.scope
        async with self._session.post(
            self._access.url,
            data=form,
            headers={"Authorization": _basic(self._access.client, self._secret)},
            allow_redirects=False,
            ssl=tls,
        ) as answer:
            check_status(answer, found=(200,))
            body = await read_limited(answer, _MAX_TOKEN_BYTES)
        try:
            told = loads(body, max_bytes=_MAX_TOKEN_BYTES)
        except InvalidJson:
            raise SourceFailed(Reason.UNREADABLE) from None
        token = told.get("access_token") if isinstance(told, Mapping) else None
        lasts = told.get("expires_in", _TOKEN_SECONDS) if isinstance(told, Mapping) else None
        if not isinstance(token, str) or not (token and token.isascii() and token.isprintable()):
            raise SourceFailed(Reason.UNREADABLE)
        seconds = float(lasts) if isinstance(lasts, int | float) else float(_TOKEN_SECONDS)
        self._token = token
        margin = min(_TOKEN_MARGIN_SECONDS, seconds / 2)
        self._until = asyncio.get_running_loop().time() + seconds - margin


def _basic(client: str, secret: str) -> str:
    """Who we are to who gives tokens. Source: RFC 6749, section 2.3.1."""
    pair = f"{quote_plus(client)}:{quote_plus(secret)}"
    return f"Basic {b64encode(pair.encode()).decode()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RestDoor:
    """How one source is reached: the pool all share, and the keys that open it."""

    session: aiohttp.ClientSession
    secret: str = ""
    tls: ssl.SSLContext | bool = True
    tokens: Tokens | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One question over HTTP. ``found`` are the statuses that hold an answer."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    found: tuple[int, ...] = (200,)


@asynccontextmanager
async def answered(door: RestDoor, request: Request) -> AsyncIterator[aiohttp.ClientResponse]:
    """The answer to one question. Raises SourceFailed; no redirect is followed.

    A token that is refused is asked anew, once.
    """
    try:
        for last in (door.tokens is None, True):
            headers = dict(request.headers)
            token = await door.tokens.token(door.tls) if door.tokens else ""
            if door.tokens:
                headers["Authorization"] = f"Bearer {token}"
            async with door.session.request(
                request.method, request.url, headers=headers, data=request.body,
                allow_redirects=False, ssl=door.tls,
            ) as answer:  # fmt: skip
                if door.tokens and answer.status == 401:
                    door.tokens.forget(token)
                    if not last:
                        continue
                check_status(answer, request.found)
                yield answer
                return
    except aiohttp.ClientPayloadError:
        raise SourceFailed(Reason.UNREADABLE) from None
    except (aiohttp.ClientError, OSError):
        raise SourceFailed(Reason.UNREACHABLE) from None


def check_status(answer: aiohttp.ClientResponse, found: tuple[int, ...]) -> None:
    """Raises SourceFailed for an answer that is none, with how long to leave the source alone."""
    if answer.status in found:
        return
    waits = seconds_to_wait(answer.headers.get("Retry-After"), datetime.now(UTC))
    if answer.status in _BUSY and (waits is not None or answer.status == 429):
        raise SourceFailed(Reason.SUSPENDED, pause_seconds=waits)
    refused = 400 <= answer.status < 500
    raise SourceFailed(Reason.REFUSED if refused else Reason.UNREACHABLE)


async def read_limited(answer: aiohttp.ClientResponse, limit: int) -> bytes:
    """The body of an answer. Raises SourceFailed when it is larger than the limit, unread."""
    if (answer.content_length or 0) > limit:
        raise SourceFailed(Reason.TOO_LARGE)
    body = bytearray()
    async for chunk in answer.content.iter_chunked(_CHUNK_BYTES):
        body += chunk
        if len(body) > limit:
            raise SourceFailed(Reason.TOO_LARGE)
    return bytes(body)


def trace_headers(trace: TraceContext | None) -> dict[str, str]:
    """The trace as a source gets it; nothing without one."""
    if trace is None:
        return {}
    headers = {"traceparent": trace.child(new_span_id()).header()}
    if trace.tracestate:
        headers["tracestate"] = trace.tracestate
    return headers
