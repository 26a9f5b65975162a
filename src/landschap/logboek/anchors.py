# SPDX-License-Identifier: EUPL-1.2
"""Anchors: once a minute one signature over the end of every lane.

A chain of heads shows that something changed in the middle. That its end was cut off, or that all
of it was written anew, shows only from a signature that who holds the database can not make. The
anchor names the one before it, so that none of them can be taken from the middle.

An anchor is a compact JWS with ES256 (P-256) or ES384 (P-384) whose payload is canonical JSON:

    {"anchor": id, "at": time, "lanes": [{"head": ..., "lane": ..., "no": ...}, ...],
     "organisation": peer id, "prev": SHA-256 of the previous JWS or null, "root": ...}

``root`` is the Merkle root over the lane heads. Source: RFC 7515, section 7.1; RFC 7518, section 3.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from uuid import UUID

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from landschap.logboek.canonical import payload_bytes
from landschap.logboek.merkle import leaf_hash, root_hash
from landschap.vocabulary.signing import Digest, KeptKey
from landschap.vocabulary.times import as_utc_text, parse_moment

TYPE = "landschap-anchor"
SigningKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | KeptKey

_CURVES: dict[str, tuple[str, int, hashes.HashAlgorithm]] = {
    "secp256r1": ("ES256", 32, hashes.SHA256()),
    "secp384r1": ("ES384", 48, hashes.SHA384()),
    "secp521r1": ("ES512", 66, hashes.SHA512()),
}
_RSA = "PS256"
_DIGESTS: dict[str, Digest] = {
    "ES256": "sha256",
    "ES384": "sha384",
    "ES512": "sha512",
    "PS256": "sha256",
}


class InvalidAnchor(ValueError):
    """An anchor whose form or signature is wrong."""


class Anchor(msgspec.Struct, frozen=True):
    """A signed anchor with the certificate (DER) of the key that signed it."""

    anchor_id: UUID
    at: datetime
    jws: str
    certificate: bytes


class LaneHead(msgspec.Struct, frozen=True):
    """The end of one lane as an anchor states it."""

    lane: str
    no: int
    head: bytes


class Statement(msgspec.Struct, frozen=True):
    """What an anchor says, read from a JWS whose signature held."""

    anchor_id: UUID
    at: datetime
    organisation: str
    prev: bytes | None
    lanes: tuple[LaneHead, ...]


def sign_anchor(statement: Statement, key: SigningKey, certificate: x509.Certificate) -> Anchor:
    """Sign the ends of the lanes. Raises InvalidAnchor for no lanes or another kind of key."""
    if not statement.lanes:
        raise InvalidAnchor("nothing was written yet: there is no end to sign")
    algorithm = _algorithm_of(certificate.public_key())
    payload = payload_bytes(
        {
            "anchor": str(statement.anchor_id),
            "at": as_utc_text(statement.at),
            "organisation": statement.organisation,
            "prev": None if statement.prev is None else statement.prev.hex(),
            "root": _root(statement.lanes).hex(),
            "lanes": [
                {"lane": end.lane, "no": end.no, "head": end.head.hex()} for end in statement.lanes
            ],
        }
    )
    header = payload_bytes({"alg": algorithm, "typ": TYPE})
    signed = f"{_encode(header)}.{_encode(payload)}"
    signature = _sign(key, signed.encode())
    der = certificate.public_bytes(serialization.Encoding.DER)
    return Anchor(statement.anchor_id, statement.at, f"{signed}.{_encode(signature)}", der)


def read_anchor(anchor: Anchor) -> Statement:
    """What an anchor says. Raises InvalidAnchor when its form, root or signature is wrong.

    Whose certificate it is, the caller judges.
    """
    parts = anchor.jws.split(".")
    if len(parts) != 3:
        raise InvalidAnchor("not a compact JWS")
    try:
        certificate = x509.load_der_x509_certificate(anchor.certificate)
        header = msgspec.json.decode(_decode(parts[0]), type=dict[str, str])
        signature = _decode(parts[2])
    except (ValueError, msgspec.DecodeError) as error:
        raise InvalidAnchor(f"unreadable: {error}") from None
    key = certificate.public_key()
    if header != {"alg": _algorithm_of(key), "typ": TYPE}:
        raise InvalidAnchor("another type or algorithm than this key signs with")
    if not _verify(key, f"{parts[0]}.{parts[1]}".encode(), signature):
        raise InvalidAnchor("the signature does not fit the certificate")
    return _statement(_decode(parts[1]), anchor)


def received_anchor(jws: str, certificate: bytes) -> tuple[Anchor, Statement]:
    """An anchor that came from elsewhere: kept under the identifier and time that it states.

    Raises InvalidAnchor like `read_anchor`.
    """
    try:
        found = msgspec.json.decode(_decode(jws.split(".")[1]), type=_Payload)
        anchor = Anchor(found.anchor, parse_moment(found.at), jws, certificate)
    except (ValueError, IndexError, msgspec.DecodeError) as error:
        raise InvalidAnchor(f"unreadable: {error}") from None
    return anchor, read_anchor(anchor)


def digest_of(anchor: Anchor) -> bytes:
    """The hash under which the next anchor names this one."""
    return sha256(anchor.jws.encode()).digest()


class _Lane(msgspec.Struct):
    lane: str
    no: int
    head: str


class _Payload(msgspec.Struct):
    anchor: UUID
    at: str
    organisation: str
    prev: str | None
    root: str
    lanes: list[_Lane]


def _statement(data: bytes, anchor: Anchor) -> Statement:
    try:
        found = msgspec.json.decode(data, type=_Payload)
        lanes = tuple(LaneHead(e.lane, e.no, bytes.fromhex(e.head)) for e in found.lanes)
        prev = None if found.prev is None else bytes.fromhex(found.prev)
        at = parse_moment(found.at)
        root = bytes.fromhex(found.root)
    except (ValueError, msgspec.DecodeError) as error:
        raise InvalidAnchor(f"unreadable: {error}") from None
    if not lanes or _root(lanes) != root:
        raise InvalidAnchor("the root does not follow from the lanes")
    if found.anchor != anchor.anchor_id or at != anchor.at:
        raise InvalidAnchor("kept under another identifier or time than was signed")
    return Statement(found.anchor, at, found.organisation, prev, lanes)


def _root(lanes: Sequence[LaneHead]) -> bytes:
    leaves = [f"{end.lane}\n{end.no}\n{end.head.hex()}".encode() for end in lanes]
    return root_hash([leaf_hash(leaf) for leaf in leaves])


def _algorithm_of(key: object) -> str:
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES:
        return _CURVES[key.curve.name][0]
    if isinstance(key, rsa.RSAPublicKey):
        return _RSA
    raise InvalidAnchor("anchors are signed with an RSA key or one on P-256, P-384 or P-521")


def _sign(key: SigningKey, data: bytes) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, _pss(), hashes.SHA256())
    if isinstance(key, KeptKey):
        return key.sign_jose(data, _DIGESTS[_algorithm_of(key.public_key())], "pss")
    _, size, algorithm = _CURVES[key.curve.name]
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(algorithm)))
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def _verify(key: object, data: bytes, signature: bytes) -> bool:
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, data, _pss(), hashes.SHA256())
        elif isinstance(key, ec.EllipticCurvePublicKey):
            _, size, algorithm = _CURVES[key.curve.name]
            if len(signature) != 2 * size:
                return False
            r, s = (int.from_bytes(half, "big") for half in (signature[:size], signature[size:]))
            key.verify(encode_dss_signature(r, s), data, ec.ECDSA(algorithm))
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _pss() -> padding.PSS:
    return padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=hashes.SHA256.digest_size)


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
