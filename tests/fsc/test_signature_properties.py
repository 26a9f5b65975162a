# SPDX-License-Identifier: EUPL-1.2
"""Our signatures under other people's eyes, and theirs under ours: joserfc, cryptography alone."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jws as theirs
from joserfc.errors import BadSignatureError
from joserfc.jwk import ECKey, RSAKey
from tests.fsc import drawn
from tests.fsc import fsc_rig as rig

from landschap.fsc import jws
from landschap.fsc.own import OwnPeer
from landschap.fsc.signatures import (
    ChainedCertificate,
    Claim,
    read_signature,
    signature_payload,
    verify_signature,
)
from landschap.fsc.states import Kind, Signature
from landschap.vocabulary.identifiers import PeerId
from landschap.vocabulary.problems import Refusal

ANCHOR = rig.Authority()
PEERS = {
    kind: rig.own_peer(ANCHOR, rig.DOESBURG, key=rig.new_key(kind))
    for kind in ("RSA", "P-256", "P-384", "P-521")
}
# Each algorithm of the standard: the kind of key, its digest, the bytes of r and of s.
ALGORITHMS: dict[str, tuple[str, hashes.HashAlgorithm, int]] = {
    "RS256": ("RSA", hashes.SHA256(), 0),
    "RS384": ("RSA", hashes.SHA384(), 0),
    "RS512": ("RSA", hashes.SHA512(), 0),
    "ES256": ("P-256", hashes.SHA256(), 32),
    "ES384": ("P-384", hashes.SHA384(), 48),
    "ES512": ("P-521", hashes.SHA512(), 66),
}
CONTRACT = rig.contract(rig.content(rig.connection_grant(rig.DOESBURG, rig.WEESP, "a" * 64)))
NOW = datetime.now(UTC)
PAYLOAD = dict(signature_payload(CONTRACT.hash, Kind.ACCEPT, NOW))
each_kind = pytest.mark.parametrize("kind", PEERS)
each_algorithm = pytest.mark.parametrize("name", ALGORITHMS)


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def their_key(peer: OwnPeer) -> ECKey | RSAKey:
    """The public key of a peer, as joserfc reads it."""
    pem = peer.certificate.key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    kind = RSAKey if isinstance(peer.certificate.key, rsa.RSAPublicKey) else ECKey
    return kind.import_key(pem)


def check_alone(text: str, peer: OwnPeer) -> dict[str, Any]:
    """The payload, when cryptography alone finds the signature right. Raises InvalidSignature."""
    head, body, signature = text.split(".")
    kind, digest, width = ALGORITHMS[json.loads(decoded(head))["alg"]]
    message, raw, key = f"{head}.{body}".encode(), decoded(signature), peer.certificate.key
    if isinstance(key, rsa.RSAPublicKey):
        assert kind == "RSA"
        key.verify(raw, message, padding.PKCS1v15(), digest)
    else:
        assert len(raw) == 2 * width
        r, s = int.from_bytes(raw[:width]), int.from_bytes(raw[width:])
        key.verify(encode_dss_signature(r, s), message, ec.ECDSA(digest))
    told: dict[str, Any] = json.loads(decoded(body))
    return told


def sign_alone(payload: dict[str, Any], name: str) -> str:
    """A JWS by cryptography alone, in JSON that is spaced and ordered as others write it."""
    kind, digest, width = ALGORITHMS[name]
    peer = PEERS[kind]
    header = {"typ": "JOSE", "x5t#S256": peer.certificate.thumbprint, "alg": name}
    message = f"{encoded(json.dumps(header).encode())}.{encoded(json.dumps(payload).encode())}"
    if isinstance(peer.key, rsa.RSAPrivateKey):
        raw = peer.key.sign(message.encode(), padding.PKCS1v15(), digest)
    else:
        r, s = decode_dss_signature(peer.key.sign(message.encode(), ec.ECDSA(digest)))
        raw = r.to_bytes(width) + s.to_bytes(width)
    return f"{message}.{encoded(raw)}"


def taken(text: str, peer: OwnPeer) -> Signature | Refusal:
    """What our Manager makes of an accept of this peer."""
    read = read_signature(text)
    if isinstance(read, Refusal):
        return read
    claim = Claim(content_hash=CONTRACT.hash, kind=Kind.ACCEPT, signer=PeerId(rig.DOESBURG))
    chained = ChainedCertificate(leaf=peer.certificate, others=())
    return verify_signature(read, chained, claim, peer.trust(NOW))


def spoilt(text: str) -> str:
    """The same text with one bit of the signature turned, in its first byte."""
    message, _, signature = text.rpartition(".")
    raw = bytearray(decoded(signature))
    raw[0] ^= 1
    return f"{message}.{encoded(bytes(raw))}"


@each_kind
@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(payload=st.dictionaries(drawn.TEXT, drawn.JSON, max_size=4))
def test_what_we_sign_verifies_elsewhere(kind: str, payload: Any) -> None:
    peer = PEERS[kind]
    text = jws.sign(payload, peer.key, peer.certificate.thumbprint)
    assert check_alone(text, peer) == payload
    read = theirs.deserialize_compact(text, their_key(peer), algorithms=list(ALGORITHMS))
    assert json.loads(read.payload or b"") == payload
    assert read.headers()["x5t#S256"] == peer.certificate.thumbprint


@each_kind
def test_our_accept_verifies_elsewhere_and_a_spoilt_one_nowhere(kind: str) -> None:
    peer = PEERS[kind]
    text = peer.sign(CONTRACT, Kind.ACCEPT, NOW).jws
    assert check_alone(text, peer) == PAYLOAD
    assert isinstance(taken(text, peer), Signature)
    with pytest.raises(InvalidSignature):
        check_alone(spoilt(text), peer)
    with pytest.raises(BadSignatureError):
        theirs.deserialize_compact(spoilt(text), their_key(peer), algorithms=list(ALGORITHMS))
    assert isinstance(taken(spoilt(text), peer), Refusal)


@each_algorithm
def test_an_accept_that_joserfc_made_is_taken(name: str) -> None:
    peer = PEERS[ALGORITHMS[name][0]]
    header = {"alg": name, "x5t#S256": peer.certificate.thumbprint}
    private = RSAKey if ALGORITHMS[name][0] == "RSA" else ECKey
    key = private.import_key(rig.pem_key(peer.key))
    text = theirs.serialize_compact(header, json.dumps(PAYLOAD), key, algorithms=[name])
    found = taken(text, peer)
    assert isinstance(found, Signature), found
    assert (found.jws, found.thumbprint) == (text, peer.certificate.thumbprint)
    assert isinstance(taken(spoilt(text), peer), Refusal)


@each_algorithm
def test_an_accept_that_cryptography_made_is_taken(name: str) -> None:
    peer = PEERS[ALGORITHMS[name][0]]
    text = sign_alone(PAYLOAD, name)
    assert isinstance(taken(text, peer), Signature)
    assert isinstance(taken(spoilt(text), peer), Refusal)


@each_kind
def test_a_signature_of_one_kind_of_key_is_not_that_of_another(kind: str) -> None:
    text = PEERS[kind].sign(CONTRACT, Kind.ACCEPT, NOW).jws
    for other in PEERS.keys() - {kind}:
        assert isinstance(taken(text, PEERS[other]), Refusal)


def test_a_signature_as_der_is_not_that_of_a_jws() -> None:
    peer = PEERS["P-256"]
    message, _, raw = peer.sign(CONTRACT, Kind.ACCEPT, NOW).jws.rpartition(".")
    bytes_of = decoded(raw)
    der = encode_dss_signature(int.from_bytes(bytes_of[:32]), int.from_bytes(bytes_of[32:]))
    assert isinstance(taken(f"{message}.{encoded(der)}", peer), Refusal)
