# SPDX-License-Identifier: EUPL-1.2
"""The two thumbprints of FSC, which must never be mixed up.

| | of the certificate | of the public key |
| --- | --- | --- |
| digest of | DER of the whole certificate | DER SubjectPublicKeyInfo of its key |
| written as | base64url without padding, 43 characters | lower-case hexadecimals, 64 characters |
| stands in | ``x5t#S256`` of a signature, ``cnf`` of a token | ``outway`` of a connection grant |
| survives renewal with the same key | no | yes |

Source: FSC Core, "Public key thumbprint"; RFC 7515, 4.1.8; RFC 8705, 3.1.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import Certificate

from landschap.fsc.keys import PublicKey

_DIGEST_BYTES = 32
_KEY_THUMBPRINT = re.compile(r"[0-9a-f]{64}")


def certificate_thumbprint(der: bytes) -> str:
    """SHA-256 over the DER of a certificate, base64url without padding."""
    return base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()


def thumbprint_of(certificate: Certificate) -> str:
    """The certificate thumbprint of a parsed certificate."""
    return certificate_thumbprint(certificate.public_bytes(Encoding.DER))


def public_key_thumbprint(key: PublicKey) -> str:
    """SHA-256 over the DER SubjectPublicKeyInfo, lower-case hexadecimals."""
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(spki).hexdigest()


def is_public_key_thumbprint(text: str) -> bool:
    """True for exactly 64 lower-case hexadecimals."""
    return _KEY_THUMBPRINT.fullmatch(text) is not None


def normal_certificate_thumbprint(text: object) -> str | None:
    """The base64url form of a received ``x5t#S256``; None when it is no SHA-256 digest.

    Printed examples of the standard use the standard alphabet, with and without padding, so both
    are read; what we write is always base64url without padding.
    """
    if not isinstance(text, str) or len(text) > 44:
        return None
    plain = text.rstrip("=").replace("+", "-").replace("/", "_")
    try:
        digest = base64.b64decode(plain + "=" * (-len(plain) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(digest) != _DIGEST_BYTES:
        return None
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
