# SPDX-License-Identifier: EUPL-1.2
"""TLS towards one peer.

Its certificate must chain to the Group's anchors, fit its host name, and carry its Peer ID, all
before a byte of a request is sent. Source: FSC Core, "TLS"; NCSC guidelines for TLS.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import aiohttp
from cryptography import x509

from landschap.fsc.certificates import read_der
from landschap.platform.credentials import Credentials, short_lived_files
from landschap.vocabulary.identifiers import PeerId
from landschap.vocabulary.problems import InvalidValue

# TLS 1.3, and of 1.2 only suites with forward secrecy and authenticated encryption.
_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"


class PeerContext(ssl.SSLContext):
    """A context for connections to one peer and to no other; None accepts any peer of the Group."""

    expected: PeerId | None = None
    refuse_revoked: Callable[[x509.Certificate], None] | None = None


class _PeerObject(ssl.SSLObject):
    """A TLS connection that ends its handshake by looking who is at the other end."""

    def do_handshake(self) -> None:
        super().do_handshake()
        context = self.context
        if not isinstance(context, PeerContext):
            return
        der = self.getpeercert(binary_form=True) or b""
        if context.refuse_revoked is not None:
            try:
                context.refuse_revoked(x509.load_der_x509_certificate(der))
            except ValueError as error:
                raise ssl.SSLCertVerificationError(str(error)) from None
        expected = context.expected
        if expected is None:
            return
        try:
            found: PeerId | None = read_der(der).peer_id
        except InvalidValue:
            found = None
        if found != expected:
            raise ssl.SSLCertVerificationError(
                f"the server is peer {found or 'unknown'}, not peer {expected}"
            )


def peer_context(credentials: Credentials, expected: PeerId | None) -> ssl.SSLContext:
    """A context with our organisation certificate and the Group's trust anchors, nothing else.

    Where the Group has revocation lists, every link of the peer's chain is held against them.
    """
    context = PeerContext(ssl.PROTOCOL_TLS_CLIENT)
    context.expected = expected
    context.sslobject_class = _PeerObject
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS)
    with short_lived_files(credentials, datetime.now(UTC)) as files:
        context.load_cert_chain(files.certificate, files.key)
        context.load_verify_locations(files.anchors)
        if files.lists is not None:
            context.load_verify_locations(files.lists)
            context.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_CHAIN
    revocation = credentials.revocation
    if revocation is not None:
        # Also for lists that ended and that the organisation keeps to: OpenSSL knows no such thing.
        context.refuse_revoked = lambda leaf: revocation.check((leaf,), datetime.now(UTC))
    return context


def describe(error: BaseException) -> str:
    """A failure of a connection in words that fit a log and a screen."""
    if isinstance(error, aiohttp.ClientConnectorError):
        # Its own words hold the object that made the connection.
        told = error.os_error.strerror or str(error.os_error)
        return f"cannot connect to {error.host}:{error.port}: {told}"[:300]
    cause: Any = error.__cause__ or error.__context__
    words = str(error) or (str(cause) if cause else "") or type(error).__name__
    return words[:300]
