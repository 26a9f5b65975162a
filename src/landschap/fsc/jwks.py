# SPDX-License-Identifier: EUPL-1.2
"""Key sets: the certificates a peer signs with, and reading those of another peer.

We write ``x5t#S256`` and use it as ``kid``. Of a received set only ``x5c`` is used: key and
thumbprint are computed from the certificate, never believed.
Source: FSC Core, "JSON Web Key Set"; RFC 7517, 4.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from landschap.fsc import keys
from landschap.fsc.certificates import MAX_CHAIN, read_der
from landschap.fsc.signatures import ChainedCertificate
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import InvalidValue

MAX_KEYS = 100
_CURVES = {
    "secp256r1": ("P-256", 32),
    "secp384r1": ("P-384", 48),
    "secp521r1": ("P-521", 66),
}


def write_jwks(certificates: Iterable[ChainedCertificate]) -> dict[str, JsonValue]:
    """The key set with these certificates, each with its chain except the root."""
    return {"keys": [_jwk(each) for each in certificates]}


def find_certificate(key_set: JsonValue, thumbprint: str) -> ChainedCertificate | None:
    """The certificate with this thumbprint in a received key set; None when it is not there.

    Keys that can not be read are passed over: another peer's broken key is no reason to refuse.
    """
    found = (each for each in read_key_set(key_set) if each.leaf.thumbprint == thumbprint)
    return next(found, None)


def read_key_set(key_set: JsonValue) -> list[ChainedCertificate]:
    """The certificates of a received key set that can be read, at most a hundred."""
    listed = key_set.get("keys") if isinstance(key_set, Mapping) else None
    if not isinstance(listed, Sequence) or isinstance(listed, str):
        return []
    return [each for key in listed[:MAX_KEYS] if (each := _certificate_of(key)) is not None]


def _certificate_of(key: JsonValue) -> ChainedCertificate | None:
    listed = key.get("x5c") if isinstance(key, Mapping) else None
    if not isinstance(listed, Sequence) or isinstance(listed, str) or not listed:
        return None
    try:
        ders = [base64.b64decode(str(each), validate=True) for each in listed[: MAX_CHAIN + 1]]
        others = tuple(x509.load_der_x509_certificate(der) for der in ders[1:])
        return ChainedCertificate(leaf=read_der(ders[0]), others=others)
    except (binascii.Error, ValueError, InvalidValue):
        return None


def _jwk(certificate: ChainedCertificate) -> dict[str, JsonValue]:
    leaf = certificate.leaf
    chain = [leaf.der, *(each.public_bytes(Encoding.DER) for each in certificate.others)]
    jwk: dict[str, JsonValue] = {
        "kid": leaf.thumbprint,
        "use": "sig",
        "key_ops": ["verify"],
        "alg": keys.algorithm_of(leaf.key).name,
        "x5t#S256": leaf.thumbprint,
        "x5c": [base64.b64encode(each).decode() for each in chain],
    }
    return jwk | _parameters(leaf.key)


def _parameters(key: keys.PublicKey) -> dict[str, JsonValue]:
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        return {
            "kty": "RSA",
            "n": _base64url(numbers.n, (numbers.n.bit_length() + 7) // 8),
            "e": _base64url(numbers.e, (numbers.e.bit_length() + 7) // 8),
        }
    point = key.public_numbers()
    curve, size = _CURVES[key.curve.name]
    return {
        "kty": "EC",
        "crv": curve,
        "x": _base64url(point.x, size),
        "y": _base64url(point.y, size),
    }


def _base64url(number: int, size: int) -> str:
    return base64.urlsafe_b64encode(number.to_bytes(size)).rstrip(b"=").decode()
