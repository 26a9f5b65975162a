# SPDX-License-Identifier: EUPL-1.2
"""The line to the Outway, for programs that wait and for programs with asyncio.

No proxy of the environment is used, no redirect followed and no question repeated.
"""

from __future__ import annotations

import asyncio
import http.client
import os
import ssl
import time
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp

from landschap.client.answers import Answer, NotReached, read_answer
from landschap.client.asking import Question, Sent, sent_of
from landschap.vocabulary.problems import InvalidValue

OUTWAY_VARIABLE, KEY_VARIABLE = "LANDSCHAP_OUTWAY", "LANDSCHAP_KEY"
DEFAULT_OUTWAY = "http://127.0.0.1:8080"
_PIECE = 65_536


class _Ways:
    """Where the Outway is, and how an application proves itself there."""

    def __init__(
        self,
        outway: str = "",
        *,
        key: str = "",
        token: str = "",
        tls: ssl.SSLContext | None = None,
        timeout: float = 30.0,
        max_bytes: int = 20_000_000,
    ) -> None:
        """Where and how to ask.

        ``outway`` is an address (default: ``LANDSCHAP_OUTWAY``, else this machine), ``key`` that
        of the application (default: ``LANDSCHAP_KEY``), ``token`` the employee's own, ``tls``
        holds a client certificate instead of a key. ``timeout`` is in seconds, for a whole
        question; a larger answer than ``max_bytes`` is not read. Raises InvalidValue.
        """
        self.outway = (outway or os.environ.get(OUTWAY_VARIABLE) or DEFAULT_OUTWAY).rstrip("/")
        self._key = key or os.environ.get(KEY_VARIABLE, "")
        self._token = token
        self._tls = tls
        self._timeout = timeout
        self._max_bytes = max_bytes
        parts = urlsplit(self.outway)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path:
            raise InvalidValue(f"{self.outway!r} is no address of an Outway (https://host:port)")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.outway!r})"

    def _sent(self, service: str, path: str, more: dict[str, Any]) -> Sent:
        token = more.pop("token", self._token)
        question = Question(service=service, path=path, **more)
        return sent_of(question, key=self._key, token=token)

    def _away(self, error: Exception) -> NotReached:
        why = str(error) or type(error).__name__
        return NotReached(f"the Outway at {self.outway} gave no answer: {why}")

    def _too_large(self) -> NotReached:
        return NotReached(f"the answer is larger than {self._max_bytes:,} bytes")


class Landschap(_Ways):
    """Asks and waits. Each question has a line of its own, so threads may share one of these."""

    def ask(self, service: str, path: str, **more: Any) -> Answer:
        """Ask one question; ``more`` are the members of `Question`, or ``token`` of an employee.

        Raises Refused, Failed, NotReached, and InvalidValue for what can not be asked.
        """
        sent = self._sent(service, path, more)
        line = self._line()
        until = time.monotonic() + self._timeout
        try:
            line.request(
                sent.method, sent.target, body=sent.body or None, headers=dict(sent.headers)
            )
            answer = line.getresponse()
            content = self._content(answer, until)
        except (OSError, http.client.HTTPException) as error:
            raise self._away(error) from error
        finally:
            line.close()
        return read_answer(answer.status, dict(answer.headers.items()), content)

    def _line(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.outway)
        if parts.scheme == "http":
            return http.client.HTTPConnection(parts.netloc, timeout=self._timeout)
        return http.client.HTTPSConnection(parts.netloc, timeout=self._timeout, context=self._tls)

    def _content(self, answer: http.client.HTTPResponse, until: float) -> bytes:
        content = bytearray()
        while piece := answer.read1(_PIECE):
            content += piece
            if len(content) > self._max_bytes:
                raise self._too_large()
            if time.monotonic() > until:
                raise TimeoutError("it took too long")
        return bytes(content)


class AsyncLandschap(_Ways):
    """The same for asyncio; questions go beside each other."""

    def __init__(self, outway: str = "", **ways: Any) -> None:
        super().__init__(outway, **ways)
        self._session: aiohttp.ClientSession | None = None

    __init__.__doc__ = _Ways.__init__.__doc__

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all lines."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def ask(self, service: str, path: str, **more: Any) -> Answer:
        """As `Landschap.ask`."""
        return await self.send(self._sent(service, path, more))

    async def send(self, sent: Sent) -> Answer:
        """Send a question that was made before. Raises Refused, Failed and NotReached."""
        try:
            async with asyncio.timeout(self._timeout):
                return await self._asked(sent)
        except (aiohttp.ClientError, OSError) as error:
            raise self._away(error) from error

    async def _asked(self, sent: Sent) -> Answer:
        from yarl import URL

        if self._session is None:
            tls = True if self._tls is None else self._tls
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=tls), trust_env=False, auto_decompress=False
            )
        async with self._session.request(
            sent.method,
            URL(self.outway + sent.target, encoded=True),
            data=sent.body or None,
            headers={**sent.headers, "Accept-Encoding": "identity"},
            allow_redirects=False,
        ) as answer:
            content = bytearray()
            while piece := await answer.content.read(_PIECE):
                content += piece
                if len(content) > self._max_bytes:
                    raise self._too_large()
            return read_answer(answer.status, answer.headers, bytes(content))
