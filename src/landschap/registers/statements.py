# SPDX-License-Identifier: EUPL-1.2
"""What an organisation states under its signature: that something was destroyed, what a package
holds.

A compact JWS over canonical JSON, or over the bytes of a file that stands beside it. Whose
certificate it is, and whether that is trusted, the caller judges.
Source: RFC 7515, section 7.1; FSC Core, "Signatures", for the algorithms.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from landschap.fsc import keys
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.ijson import InvalidJson, JsonValue, canonical, loads

DESTROYED = "landschap-verklaring-van-vernietiging"
PACKAGE = "landschap-overdracht"
_MAX_STATEMENT = 16_384


class InvalidStatement(ValueError):
    """A statement whose form or signature is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """Who signs: the organisation by its OIN and name, with its own key and certificate."""

    oin: str
    name: str
    key: keys.SigningKey
    certificate: x509.Certificate

    @property
    def der(self) -> bytes:
        """The certificate as it is kept beside what it signed."""
        return self.certificate.public_bytes(Encoding.DER)


def sign_statement(payload: Mapping[str, JsonValue], typ: str, signing: Signing) -> str:
    """A compact JWS over the canonical form of a statement."""
    return sign_content(canonical(payload), typ, signing)


def sign_content(content: bytes, typ: str, signing: Signing) -> str:
    """A compact JWS over these bytes; the key decides the algorithm."""
    algorithm = keys.algorithm_of(signing.key)
    thumbprint = _encode(hashlib.sha256(signing.der).digest())
    header = canonical({"alg": algorithm.name, "typ": typ, "x5t#S256": thumbprint})
    signed = f"{_encode(header)}.{_encode(content)}"
    return f"{signed}.{_encode(keys.sign(signed.encode(), signing.key, algorithm))}"


def open_statement(jws: str, der: bytes, typ: str) -> Mapping[str, JsonValue]:
    """What a statement says, when its signature holds. Raises InvalidStatement."""
    content = open_content(jws, der, typ)
    try:
        found = loads(content, max_bytes=_MAX_STATEMENT)
    except InvalidJson as error:
        raise InvalidStatement(f"not JSON: {error}") from None
    if not isinstance(found, Mapping):
        raise InvalidStatement("not a JSON object")
    return found


def open_content(jws: str, der: bytes, typ: str) -> bytes:
    """The bytes that were signed, when the signature holds. Raises InvalidStatement."""
    parts = jws.strip().split(".")
    if len(parts) != 3:
        raise InvalidStatement("not a compact JWS")
    try:
        certificate = x509.load_der_x509_certificate(der)
        key = keys.public_key(certificate.public_key())
        header = loads(_decode(parts[0]), max_bytes=_MAX_STATEMENT)
        content, signature = _decode(parts[1]), _decode(parts[2])
        expected = {
            "alg": keys.algorithm_of(key).name,
            "typ": typ,
            "x5t#S256": _encode(hashlib.sha256(der).digest()),
        }
    except (ValueError, InvalidJson, InvalidValue) as error:
        raise InvalidStatement(f"unreadable: {error}") from None
    if header != expected:
        raise InvalidStatement("another type, algorithm or certificate than it was signed with")
    signed = f"{parts[0]}.{parts[1]}".encode()
    if not keys.verifies(signature, signed, key, keys.algorithm_of(key)):
        raise InvalidStatement("the signature does not fit the certificate")
    return content


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
