# SPDX-License-Identifier: EUPL-1.2
"""HTTP/1.1 between nginx and the decider, with as little in between as can be.

A framework costs more per question than the decision itself. Only nginx of the same organisation
reaches this socket; what does not parse closes the connection.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httptools

from landschap.gateway.asked import Asked
from landschap.gateway.recall import tail_of

if TYPE_CHECKING:
    from landschap.gateway.api.desk import Desk

_MAX_HEADERS = 100
_MAX_TARGET = 65_536
# As nginx writes them; what is not here is decoded the slow way.
_NAMES = {
    name: name.decode().lower()
    for name in (
        b"Host", b"X-Landschap-Door", b"X-Peer-Cert", b"X-Client-Cert", b"X-Body-Length",
        b"X-Body-Encoding", b"Fsc-Authorization", b"Fsc-Transaction-Id", b"Fsc-Grant-Hash",
        b"Fsc-Grant-Alias", b"Purpose-Declaration", b"Doelbinding", b"Handeling", b"Zaak",
        b"Authorization", b"X-Api-Key", b"Prefer", b"traceparent", b"tracestate",
    )
}  # fmt: skip


class DoorProtocol(asyncio.Protocol):
    """One connection of nginx: one question at a time."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._target = b""
        self._headers: dict[str, str] = {}
        self._busy = False
        # True between two questions; then a piece of data can be a whole question.
        self._between = True
        self._head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Nothing is said before the first question."""
        self._transport = transport  # type: ignore[assignment]  # a stream of a unix socket
        self._desk.connections.add(self)

    def connection_lost(self, _exc: Exception | None) -> None:
        """An answer that is still being made goes nowhere; its record stands."""
        self._transport = None
        self._desk.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        """Feed the parser; bytes that are no HTTP end the connection.

        A whole question of which only the end is new to us is not parsed again.
        """
        self._head = b""
        if self._between and not self._busy:
            tail = tail_of(data)
            if tail is not None:
                if self._desk.ask_again(data, tail, self):
                    self._busy = True
                    return
                self._head = data[: tail.begin]
        self.read(data)

    def read(self, data: bytes) -> None:
        """Read what came as HTTP, and have it decided the long way."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.close()

    def on_message_begin(self) -> None:
        """A new question."""
        self._between = False
        self._target = b""
        self._headers = {}

    def on_url(self, url: bytes) -> None:
        """The raw target, which may come in parts."""
        self._target += url
        if len(self._target) > _MAX_TARGET:
            self.close()

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header; a second one of a name is joined to the first, so that both are seen."""
        key = _NAMES.get(name) or name.decode("latin-1").lower()
        text = value.decode("latin-1")
        if key in self._headers:
            text = f"{self._headers[key]}, {text}"
        elif len(self._headers) >= _MAX_HEADERS:
            self.close()
        self._headers[key] = text

    def on_message_complete(self) -> None:
        """Hand the question to the desk."""
        self._between = True
        if self._transport is None:
            return
        if self._busy:
            # nginx waits for an answer before it asks again.
            self.close()
            return
        self._busy = True
        asked = Asked(
            self._parser.get_method().decode("latin-1"),
            self._target.decode("latin-1"),
            self._headers,
            self._head,
        )
        self._desk.ask(asked, self.reply)

    def reply(self, answer: bytes) -> None:
        """Send one answer; the connection stays open."""
        self._busy = False
        if self._transport is not None:
            self._transport.write(answer)

    def decide_anew(self, data: bytes) -> None:
        """What was answered from memory counts no longer: decide it the long way."""
        self._busy = False
        self.read(data)

    @property
    def busy(self) -> bool:
        """True while a question waits for its answer."""
        return self._busy

    def close(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None
