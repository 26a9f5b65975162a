# SPDX-License-Identifier: EUPL-1.2
"""Plain questions to a peer, and what really came back.

`ManagerClient` judges an answer; here the answer itself is wanted, with its status, headers and
time: to diagnose a connection, to test a peer, and for extensions beyond the standard. The same
rules hold: mutual TLS, limits on time and size, no redirects, no private surprise.
Source: FSC Core, "Manager".
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Self
from urllib.parse import quote

import aiohttp
from yarl import URL

from landschap.fsc.addresses import host_of
from landschap.fsc.client.manager import (
    MAX_ANSWER_BYTES,
    HostMap,
    PeerUnreachable,
    session_over,
)
from landschap.fsc.client.tls import describe, peer_context
from landschap.platform.credentials import read_credentials
from landschap.platform.settings import Settings
from landschap.vocabulary.identifiers import PeerId
from landschap.vocabulary.ijson import JsonValue, loads
from landschap.vocabulary.problems import InvalidJson

MAX_PAGES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """An answer as it came; ``began`` and ``ended`` are our clock around it."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    began: datetime
    ended: datetime

    def tree(self) -> JsonValue:
        """The body as JSON. Raises PeerUnreachable when it is none."""
        try:
            return loads(self.body, max_bytes=MAX_ANSWER_BYTES)
        except InvalidJson as error:
            raise PeerUnreachable(f"the answer can not be read: {error}") from None

    def table(self) -> Mapping[str, JsonValue]:
        """The body as a JSON object; empty when it is none."""
        try:
            tree = loads(self.body, max_bytes=MAX_ANSWER_BYTES)
        except InvalidJson:
            return {}
        return tree if isinstance(tree, Mapping) else {}

    @property
    def code(self) -> str:
        """The error code of FSC or of OAuth in it; empty when there is none."""
        told = self.table()
        return str(told.get("code") or told.get("error") or "")[:100]


@dataclass(kw_only=True)
class Asker:
    """Asks one peer, or anyone when ``expected`` is None; use as ``async with``."""

    settings: Settings
    expected: PeerId | None = None
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    _session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        network = self.settings.network
        self.hosts = HostMap(network.hosts, allow_private=network.allow_private)
        credentials = read_credentials(self.settings, datetime.now(UTC))
        self._context = peer_context(credentials, self.expected)
        # Every question has its own connection: what is asked may be the connection itself.
        connector = aiohttp.TCPConnector(resolver=self.hosts, force_close=True, use_dns_cache=False)
        self._session = await self._stack.enter_async_context(session_over(connector))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    async def ask(
        self,
        method: str,
        url: str,
        *,
        body: bytes | Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        context: ssl.SSLContext | None = None,
    ) -> Heard:
        """One question; a mapping as ``body`` goes as a form, bytes as JSON.

        Raises PeerUnreachable when no answer came, whatever the reason.
        """
        if self._session is None:
            raise RuntimeError("use the asker as `async with`")
        sent = {"Accept": "application/json", **(headers or {})}
        if isinstance(body, bytes):
            sent.setdefault("Content-Type", "application/json")
        began = datetime.now(UTC)
        try:
            self.hosts.check_literal(host_of(url))
            async with self._session.request(
                method,
                # Already encoded; aiohttp would decode the %24 of hashes again.
                URL(url, encoded=True),
                data=aiohttp.FormData(dict(body)) if isinstance(body, Mapping) else body,
                headers=sent,
                ssl=context or self._context,
                allow_redirects=False,
            ) as answer:
                content = await answer.content.read(MAX_ANSWER_BYTES + 1)
                while not answer.content.at_eof() and len(content) <= MAX_ANSWER_BYTES:
                    content += await answer.content.read(65_536)
                if len(content) > MAX_ANSWER_BYTES:
                    raise PeerUnreachable(f"the answer is larger than {MAX_ANSWER_BYTES} bytes")
                return Heard(
                    status=answer.status,
                    headers=answer.headers,
                    body=content,
                    began=began,
                    ended=datetime.now(UTC),
                )
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise PeerUnreachable(f"{url}: {describe(error)}") from error

    async def listed(
        self, address: str, path: str, key: str, **query: str
    ) -> AsyncIterator[Mapping[str, JsonValue]]:
        """All entries of a paged list of a Manager, page after page.

        Raises PeerUnreachable, also for a list that does not end.
        """
        cursor = ""
        for _ in range(MAX_PAGES):
            asked = {"limit": "100", **query, **({"cursor": cursor} if cursor else {})}
            words = "&".join(f"{name}={quote(value, safe='')}" for name, value in asked.items())
            heard = await self.ask("GET", f"{address}/v1{path}?{words}")
            if heard.status != 200:
                raise PeerUnreachable(f"{address}{path} answered {heard.status} {heard.code}")
            told = heard.table()
            entries = told.get(key)
            for each in entries if isinstance(entries, list) else ():
                if isinstance(each, Mapping):
                    yield each
            paging = told.get("pagination")
            cursor = str(paging.get("next_cursor") or "") if isinstance(paging, Mapping) else ""
            if not cursor:
                return
        raise PeerUnreachable(f"the list {path} has more than {MAX_PAGES} pages")
