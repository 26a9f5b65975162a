# SPDX-License-Identifier: EUPL-1.2
"""The keys FSC signs with: RSA and the three NIST curves, each bound to its algorithms.

Source: FSC Core, "Signatures"; RFC 7518, 3.3 and 3.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from landschap.vocabulary.problems import InvalidValue
from landschap.vocabulary.signing import Digest, KeptKey

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
SigningKey = PrivateKey | KeptKey

MIN_RSA_BITS = 2048
_DIGESTS: Mapping[str, Digest] = {"sha256": "sha256", "sha384": "sha384", "sha512": "sha512"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Algorithm:
    """One JWS algorithm; ``curve`` is None for RSA. ``half_bytes`` is the width of r and of s."""

    name: str
    digest: hashes.HashAlgorithm
    curve: str | None = None
    half_bytes: int = 0


# No PS*, no EdDSA, no none: the standard names exactly these six.
ALGORITHMS: Mapping[str, Algorithm] = {
    each.name: each
    for each in (
        Algorithm(name="RS256", digest=hashes.SHA256()),
        Algorithm(name="RS384", digest=hashes.SHA384()),
        Algorithm(name="RS512", digest=hashes.SHA512()),
        Algorithm(name="ES256", digest=hashes.SHA256(), curve="secp256r1", half_bytes=32),
        Algorithm(name="ES384", digest=hashes.SHA384(), curve="secp384r1", half_bytes=48),
        Algorithm(name="ES512", digest=hashes.SHA512(), curve="secp521r1", half_bytes=66),
    )
}


def algorithm_of(key: PublicKey | SigningKey) -> Algorithm:
    """The algorithm we sign with for this key. Raises InvalidValue for any other curve."""
    if isinstance(key, KeptKey):
        return algorithm_of(key.public_key())
    if isinstance(key, rsa.RSAPublicKey | rsa.RSAPrivateKey):
        return ALGORITHMS["RS256"]
    for each in ALGORITHMS.values():
        if each.curve == key.curve.name:
            return each
    raise InvalidValue(f"curve {key.curve.name} is not one of P-256, P-384 and P-521")


def fits(algorithm: Algorithm, key: PublicKey) -> bool:
    """True when this kind of key belongs to the algorithm: a message never chooses the key."""
    if isinstance(key, rsa.RSAPublicKey):
        return algorithm.curve is None and key.key_size >= MIN_RSA_BITS
    return algorithm.curve == key.curve.name


def sign(message: bytes, key: SigningKey, algorithm: Algorithm) -> bytes:
    """A JWS signature: PKCS #1 v1.5 for RSA, r and s side by side for the curves."""
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, padding.PKCS1v15(), algorithm.digest)
    if isinstance(key, KeptKey):
        return key.sign_jose(message, _DIGESTS[algorithm.digest.name], "pkcs1v15")
    r, s = decode_dss_signature(key.sign(message, ec.ECDSA(algorithm.digest)))
    return r.to_bytes(algorithm.half_bytes) + s.to_bytes(algorithm.half_bytes)


def verifies(signature: bytes, message: bytes, key: PublicKey, algorithm: Algorithm) -> bool:
    """True when ``key`` made ``signature`` over ``message`` by this algorithm."""
    if not fits(algorithm, key):
        return False
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, padding.PKCS1v15(), algorithm.digest)
            return True
        if len(signature) != 2 * algorithm.half_bytes:
            return False
        r = int.from_bytes(signature[: algorithm.half_bytes])
        s = int.from_bytes(signature[algorithm.half_bytes :])
        key.verify(encode_dss_signature(r, s), message, ec.ECDSA(algorithm.digest))
    except InvalidSignature:
        return False
    return True


def public_key(key: object) -> PublicKey:
    """Narrow a certificate's key to one FSC can use. Raises InvalidValue."""
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < MIN_RSA_BITS:
            raise InvalidValue(f"RSA key of {key.key_size} bits; at least {MIN_RSA_BITS}")
        return key
    if isinstance(key, ec.EllipticCurvePublicKey):
        algorithm_of(key)
        return key
    raise InvalidValue(f"{type(key).__name__} is not an RSA or ECDSA key")


def private_key(key: object) -> PrivateKey:
    """Narrow a private key to one FSC can sign with. Raises InvalidValue."""
    if isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        public_key(key.public_key())
        return key
    raise InvalidValue(f"{type(key).__name__} is not an RSA or ECDSA key")
