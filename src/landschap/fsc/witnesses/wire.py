# SPDX-License-Identifier: EUPL-1.2
"""The JSON in which anchors travel: the compact JWS and the certificate chain that signed it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from landschap.fsc.certificates import MAX_CHAIN, PeerCertificate, Trust, check_trusted, read_der
from landschap.logboek.anchors import Anchor, InvalidAnchor, Statement, received_anchor
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import InvalidValue
from landschap.vocabulary.times import as_utc_text

MAX_JWS_CHARACTERS = 500_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """An anchor with the intermediates of its certificate."""

    anchor: Anchor
    chain: tuple[x509.Certificate, ...] = ()

    def body(self) -> dict[str, JsonValue]:
        """Its JSON."""
        chain = [each.public_bytes(Encoding.DER) for each in self.chain]
        return {
            "jws": self.anchor.jws,
            "x5c": [_base64(each) for each in (self.anchor.certificate, *chain)],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An anchor that a witness keeps, since when, with the intermediates that came with it."""

    sent: Sent
    received_at: datetime

    def body(self) -> dict[str, JsonValue]:
        """Its JSON."""
        return {**self.sent.body(), "received_at": as_utc_text(self.received_at)}


def read_sent(tree: JsonValue) -> tuple[Sent, Statement]:
    """An anchor that came in, and what it says; whose it is, is not judged yet.

    Raises InvalidValue.
    """
    told = tree if isinstance(tree, Mapping) else {}
    jws, x5c = told.get("jws"), told.get("x5c")
    if not isinstance(jws, str) or len(jws) > MAX_JWS_CHARACTERS:
        raise InvalidValue(f"jws is not a text of at most {MAX_JWS_CHARACTERS} characters")
    if not isinstance(x5c, Sequence) or isinstance(x5c, str) or not 1 <= len(x5c) <= MAX_CHAIN + 1:
        raise InvalidValue("x5c is not a certificate and its intermediates")
    try:
        ders = [base64.b64decode(str(each), validate=True) for each in x5c]
        chain = tuple(x509.load_der_x509_certificate(each) for each in ders[1:])
        anchor, statement = received_anchor(jws, ders[0])
    except (binascii.Error, ValueError, InvalidAnchor) as error:
        raise InvalidValue(f"this is no anchor: {error}") from None
    return Sent(anchor=anchor, chain=chain), statement


def check_signer(sent: Sent, statement: Statement, trust: Trust) -> PeerCertificate:
    """Whose anchor it is: its certificate leads to an anchor of the Group and names who is stated.

    Raises InvalidValue.
    """
    leaf = read_der(sent.anchor.certificate)
    check_trusted(leaf.x509, sent.chain, trust)
    if statement.organisation != leaf.peer_id.value:
        raise InvalidValue("the anchor is of another organisation than its certificate")
    return leaf


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
