# SPDX-License-Identifier: EUPL-1.2
"""Looking at a connection without trusting it: who answers, with which certificate and protocol.

Nothing is ever sent over a connection that is only looked at.
Source: FSC Core, "TLS"; RFC 5280, 6; RFC 6125, 6.4.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from landschap.fsc.client.tls import describe, peer_context
from landschap.platform.credentials import Credentials, short_lived_files

_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a handshake showed; ``why`` tells why it failed, "" when it did not."""

    der: bytes = b""
    protocol: str = ""
    cipher: str = ""
    why: str = ""


async def reached(address: str, port: int) -> str:
    """Whether anybody listens: "" when so, else why not."""
    try:
        async with asyncio.timeout(_SECONDS):
            _, writer = await asyncio.open_connection(address, port)
    except TimeoutError:
        return f"no answer in {_SECONDS:.0f} s"
    except OSError as error:
        return error.strerror or str(error)
    await _close(writer)
    return ""


async def seen(address: str, port: int, host: str, context: ssl.SSLContext) -> Seen:
    """One handshake. What fails is told, never raised."""
    try:
        async with asyncio.timeout(_SECONDS):
            _, writer = await asyncio.open_connection(
                address, port, ssl=context, server_hostname=host
            )
    except TimeoutError:
        return Seen(why=f"no handshake in {_SECONDS:.0f} s")
    except ssl.SSLCertVerificationError as error:
        # Those that we raise ourselves have only words.
        return Seen(why=str(getattr(error, "verify_message", "") or error))
    except (OSError, ValueError) as error:
        return Seen(why=describe(error))
    connection: ssl.SSLObject = writer.get_extra_info("ssl_object")
    cipher = connection.cipher()
    found = Seen(
        der=connection.getpeercert(binary_form=True) or b"",
        protocol=connection.version() or "",
        cipher=cipher[0] if cipher else "",
    )
    await _close(writer)
    return found


def unverifying(credentials: Credentials | None) -> ssl.SSLContext:
    """A context that accepts any certificate, to look at it; None shows no certificate of ours."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if credentials is not None:
        with short_lived_files(credentials, datetime.now(UTC)) as files:
            context.load_cert_chain(files.certificate, files.key)
    return context


def chain_only(credentials: Credentials) -> ssl.SSLContext:
    """A context that wants a chain to the Group's anchors and takes any name and peer."""
    context = peer_context(credentials, None)
    context.check_hostname = False
    return context


def fits(host: str, names: Collection[str]) -> bool:
    """True when one of the names of a certificate covers the host. Source: RFC 6125, 6.4.3."""
    rest = host.lower().partition(".")[2]
    return host.lower() in names or (bool(rest) and f"*.{rest}" in names)


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(1):
            await writer.wait_closed()
