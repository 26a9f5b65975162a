# SPDX-License-Identifier: EUPL-1.2
"""Signatures under declarations: ES256 and PS256, and nothing a token itself could choose.

The key decides which algorithm is possible; a header that says otherwise fails.
Source: RFC 7518, sections 3.4 and 3.5.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256

from landschap.vocabulary.signing import KeptKey

Algorithm = Literal["ES256", "PS256"]
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | KeptKey
PublicKey = PublicKeyTypes
_COORDINATE_BYTES = 32
_MIN_RSA_BITS = 2048


def _is_p256(key: PublicKey) -> bool:
    return isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)


def _is_strong_rsa(key: PublicKey) -> bool:
    return isinstance(key, rsa.RSAPublicKey) and key.key_size >= _MIN_RSA_BITS


ALGORITHMS: Mapping[Algorithm, Callable[[PublicKey], bool]] = {
    "ES256": _is_p256,
    "PS256": _is_strong_rsa,
}


def sign_bytes(content: bytes, key: PrivateKey) -> bytes:
    """The signature in JOSE form: r and s of 32 bytes each, or an RSA-PSS signature."""
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(content, _pss(), SHA256())
    if isinstance(key, KeptKey):
        return key.sign_jose(content, "sha256", "pss")
    r, s = decode_dss_signature(key.sign(content, ec.ECDSA(SHA256())))
    return r.to_bytes(_COORDINATE_BYTES, "big") + s.to_bytes(_COORDINATE_BYTES, "big")


def signature_holds(content: bytes, signature: bytes, key: PublicKey, algorithm: Algorithm) -> bool:
    """True when this key signed this content with this algorithm."""
    if not ALGORITHMS[algorithm](key):
        return False
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, content, _pss(), SHA256())
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(_der(signature), content, ec.ECDSA(SHA256()))
        else:
            return False
    except (InvalidSignature, ValueError):
        return False
    return True


def _der(signature: bytes) -> bytes:
    if len(signature) != 2 * _COORDINATE_BYTES:
        raise ValueError("an ES256 signature has 64 bytes")
    half = _COORDINATE_BYTES
    return encode_dss_signature(
        int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
    )


def _pss() -> padding.PSS:
    return padding.PSS(mgf=padding.MGF1(SHA256()), salt_length=SHA256.digest_size)
