# SPDX-License-Identifier: EUPL-1.2
"""TLS towards one peer.

Its certificate must chain to the Group's anchors, fit its host name, and carry its Peer ID, all
before a byte of a request is sent. Source: FSC Core, "TLS"; NCSC guidelines for TLS.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

from landschap.fsc.certificates import read_der
from landschap.vocabulary.identifiers import PeerId
from landschap.vocabulary.problems import InvalidValue

# TLS 1.3, and of 1.2 only suites with forward secrecy and authenticated encryption.
_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"


class PeerContext(ssl.SSLContext):
    """A context for connections to one peer and to no other; None accepts any peer of the Group."""

    expected: PeerId | None = None


class _PeerObject(ssl.SSLObject):
    """A TLS connection that ends its handshake by looking who is at the other end."""

    def do_handshake(self) -> None:
        super().do_handshake()
        context = self.context
        expected = context.expected if isinstance(context, PeerContext) else None
        if expected is None:
            return
        try:
            found: PeerId | None = read_der(self.getpeercert(binary_form=True) or b"").peer_id
        except InvalidValue:
            found = None
        if found != expected:
            raise ssl.SSLCertVerificationError(
                f"the server is peer {found or 'unknown'}, not peer {expected}"
            )


def peer_context(
    certificate: Path, key: Path, anchors: tuple[Path, ...], expected: PeerId | None
) -> ssl.SSLContext:
    """A context with our organisation certificate and the Group's trust anchors, nothing else."""
    context = PeerContext(ssl.PROTOCOL_TLS_CLIENT)
    context.expected = expected
    context.sslobject_class = _PeerObject
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS)
    context.load_cert_chain(certificate, key)
    for anchor in anchors:
        context.load_verify_locations(anchor)
    return context


def describe(error: BaseException) -> str:
    """A failure of a connection in words that fit a log and a screen."""
    cause: Any = error.__cause__ or error.__context__
    words = str(error) or (str(cause) if cause else "") or type(error).__name__
    return words[:300]
