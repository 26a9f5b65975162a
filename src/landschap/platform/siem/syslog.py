# SPDX-License-Identifier: EUPL-1.2
"""Events as syslog over TLS, with octet counting.

Syslog confirms nothing: what was sent just before a connection broke may never have been read.
So an event counts as received only when the connection outlived it by ``resend_seconds``; a
connection to a machine that answers no more breaks well within that time.
Source: RFC 5424, 6; RFC 5425, 4.3.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec

from landschap.platform.siem.kinds import CRITICAL, HIGH, INFORMATIONAL, LOW, MEDIUM
from landschap.platform.siem_settings import SyslogSettings

_PORT = 6514
_SECONDS = 10.0
_FACILITY = 13  # log audit
_SEVERITIES = {CRITICAL: 2, HIGH: 3, MEDIUM: 4, LOW: 5, INFORMATIONAL: 6}
_LAST_SEQUENCE = 2_147_483_647


def message(told: Mapping[str, Any], host: str) -> bytes:
    """One message; the JSON stands in it without byte order mark, which few receivers expect."""
    metadata = told["metadata"]
    priority = _FACILITY * 8 + _SEVERITIES[told["severity_id"]]
    at = datetime.fromtimestamp(told["time"] / 1000, UTC).isoformat(timespec="milliseconds")
    number = (metadata["sequence"] - 1) % _LAST_SEQUENCE + 1
    head = (
        f"<{priority}>1 {at.replace('+00:00', 'Z')} {host[:255] or '-'} landschap - "
        f'{metadata["event_code"][:32]} [meta sequenceId="{number}"] '
    )
    return head.encode("ascii", "replace") + msgspec.json.encode(told)


def framed(messages: Sequence[bytes]) -> bytes:
    """Messages one after the other, each after its length in octets. Source: RFC 5425, 4.3.1."""
    return b"".join(b"%d %s" % (len(one), one) for one in messages)


class SyslogReceiver:
    """A connection to the receiver, made when it is needed."""

    name = "syslog"

    def __init__(self, given: SyslogSettings, host: str, hosts: Mapping[str, str]) -> None:
        self.given = given
        self.host = host
        self.hosts = hosts
        self.unconfirmed_seconds = float(given.resend_seconds)
        self._writer: asyncio.StreamWriter | None = None
        self._listening: asyncio.Task[None] | None = None

    def is_broken(self) -> bool:
        """True when the receiver has closed the connection, or is not heard any more."""
        return self._listening is not None and self._listening.done()

    async def send(self, told: Sequence[Mapping[str, Any]]) -> None:
        """Write these events. Raises OSError or TimeoutError when that can not be done."""
        async with asyncio.timeout(_SECONDS):
            if self._writer is None:
                await self._connect()
            assert self._writer is not None  # noqa: S101  # just made
            self._writer.write(framed([message(one, self.host) for one in told]))
            await self._writer.drain()

    async def close(self) -> None:
        """End the connection."""
        listening, writer = self._listening, self._writer
        self._listening = self._writer = None
        if listening is not None:
            listening.cancel()
        if writer is not None:
            writer.close()
            with contextlib.suppress(OSError, TimeoutError, ssl.SSLError):
                async with asyncio.timeout(1.0):
                    await writer.wait_closed()

    async def _connect(self) -> None:
        parts = urlsplit(self.given.address)
        name = parts.hostname or ""
        reader, self._writer = await asyncio.open_connection(
            self.hosts.get(name, name),
            parts.port or _PORT,
            ssl=await asyncio.to_thread(self._tls),
            server_hostname=name,
        )
        made = self._writer.get_extra_info("socket")
        made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            milliseconds = int(self.unconfirmed_seconds * 600)
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
        self._listening = asyncio.create_task(_until_closed(reader), name="siem syslog")

    def _tls(self) -> ssl.SSLContext:
        authority = self.given.authority
        made = ssl.create_default_context(cafile=str(authority) if authority else None)
        made.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.given.certificate is not None:
            made.load_cert_chain(self.given.certificate, self.given.key)
        return made


async def _until_closed(reader: asyncio.StreamReader) -> None:
    """A receiver says nothing; what comes is its farewell."""
    with contextlib.suppress(OSError, ssl.SSLError):
        while await reader.read(1024):
            pass
