# SPDX-License-Identifier: EUPL-1.2
"""Signatures: six algorithms, certificates that lead to an anchor, and everything forged."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.fsc import fsc_rig as rig

from landschap.fsc import jws, keys
from landschap.fsc.certificates import Trust, check_chain, peer_certificate, read_pem
from landschap.fsc.contracts import Contract
from landschap.fsc.jwks import find_certificate, write_jwks
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
from landschap.vocabulary.problems import InvalidValue, Refusal
from landschap.vocabulary.revocation import Revocation, RevocationList

NOW = datetime.now(UTC)
ANCHOR = rig.Authority()
DOESBURG = rig.own_peer(ANCHOR, rig.DOESBURG)
WEESP = rig.own_peer(ANCHOR, rig.WEESP)
ASK = rig.content(rig.connection_grant(rig.DOESBURG, rig.WEESP, "a" * 64))
CONTRACT = rig.contract(ASK)
SIGNATURE_FAILED = "ERROR_CODE_SIGNATURE_VERIFICATION_FAILED"


def verify(
    text: str,
    signer: OwnPeer = DOESBURG,
    *,
    kind: Kind = Kind.ACCEPT,
    contract: Contract = CONTRACT,
    sender: str = rig.DOESBURG,
    now: datetime | None = None,
    trust: Trust | None = None,
) -> Signature | Refusal:
    read = read_signature(text)
    if isinstance(read, Refusal):
        return read
    claim = Claim(content_hash=contract.hash, kind=kind, signer=PeerId(sender))
    certificate = ChainedCertificate(leaf=signer.certificate, others=signer.chain)
    return verify_signature(
        read, certificate, claim, trust or WEESP.trust(now or datetime.now(UTC))
    )


def trust(held: Revocation | None = None, *more: rig.Authority) -> Trust:
    anchors = [each.certificate for each in (ANCHOR, *more)]
    return Trust(anchors=anchors, revocation=held, now=datetime.now(UTC))


def revocation(*lists: RevocationList) -> Revocation:
    return Revocation.of(lists)


def code(result: Signature | Refusal) -> str:
    assert isinstance(result, Refusal), "expected a refusal"
    assert result.status == 422
    return result.code


@pytest.mark.parametrize("kind", ["P-256", "P-384", "P-521", "RSA"])
def test_a_signature_of_each_kind_of_key_verifies(kind: str) -> None:
    peer = rig.own_peer(ANCHOR, rig.DOESBURG, key=rig.new_key(kind))
    result = verify(peer.sign(CONTRACT, Kind.ACCEPT, NOW).jws, peer)
    assert isinstance(result, Signature)
    assert result.thumbprint == peer.certificate.thumbprint


@pytest.mark.parametrize("name", ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"])
def test_each_of_the_six_algorithms_is_read(name: str) -> None:
    algorithm = keys.ALGORITHMS[name]
    kinds = {None: "RSA", "secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
    peer = rig.own_peer(ANCHOR, rig.DOESBURG, key=rig.new_key(kinds[algorithm.curve]))
    text = forge(peer, header={"alg": name})
    assert isinstance(verify(text, peer), Signature)


def forge(
    peer: OwnPeer, *, header: dict[str, Any] | None = None, payload: dict[str, Any] | None = None
) -> str:
    """A JWS of this peer with header or payload members replaced, rightly signed."""
    head = {"alg": "ES256", "x5t#S256": peer.certificate.thumbprint} | (header or {})
    body = dict(signature_payload(CONTRACT.hash, Kind.ACCEPT, NOW)) | (payload or {})
    parts = [
        base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=").decode()
        for each in (head, body)
    ]
    message = ".".join(parts)
    algorithm = keys.ALGORITHMS.get(head["alg"]) or keys.algorithm_of(peer.key)
    signature = keys.sign(message.encode(), peer.key, algorithm)
    return f"{message}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


@pytest.mark.parametrize("text", ["", "geen-jws", "a.b", "a.b.c.d", "*.*.*", "e30.e30.", "A.A.A"])
def test_what_is_no_jws_is_refused(text: str) -> None:
    assert code(verify(text)) == SIGNATURE_FAILED


@pytest.mark.parametrize("name", ["none", "HS256", "PS256", "EdDSA", "es256", "", 7])
def test_an_algorithm_off_the_list_is_refused(name: Any) -> None:
    head = base64.urlsafe_b64encode(
        json.dumps({"alg": name, "x5t#S256": DOESBURG.certificate.thumbprint}).encode()
    )
    _, payload, signature = rig.accept(DOESBURG, ASK).split(".")
    text = f"{head.rstrip(b'=').decode()}.{payload}.{signature}"
    assert code(verify(text)) == "ERROR_CODE_UNKNOWN_ALGORITHM_SIGNATURE"


def test_the_message_does_not_choose_another_kind_of_key() -> None:
    assert code(verify(forge(DOESBURG, header={"alg": "ES384"}))) == SIGNATURE_FAILED
    _, payload, _ = rig.accept(DOESBURG, ASK).split(".")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    text = jws.sign({"a": 1}, key, DOESBURG.certificate.thumbprint).split(".")
    assert code(verify(f"{text[0]}.{payload}.{text[2]}")) == SIGNATURE_FAILED


def test_a_signature_of_another_peer_is_not_taken_from_the_sender() -> None:
    text = rig.accept(WEESP, ASK)
    assert code(verify(text, WEESP)) == "ERROR_CODE_PEER_ID_SIGNATURE_MISMATCH"


def test_a_certificate_that_merely_claims_the_same_peer_is_no_proof() -> None:
    stranger = rig.own_peer(rig.Authority(name="Vreemd anker"), rig.DOESBURG)
    result = verify(rig.accept(stranger, ASK), stranger)
    assert code(result) == SIGNATURE_FAILED


def test_a_certificate_other_than_the_one_named_is_refused() -> None:
    other = rig.own_peer(ANCHOR, rig.DOESBURG)
    assert code(verify(rig.accept(DOESBURG, ASK), other)) == SIGNATURE_FAILED


def test_a_changed_payload_or_signature_does_not_verify() -> None:
    head, _, signature = rig.accept(DOESBURG, ASK).split(".")
    _, other, _ = forge(DOESBURG, payload={"signed_at": 1}).split(".")
    assert code(verify(f"{head}.{other}.{signature}")) == SIGNATURE_FAILED
    assert code(verify(rig.accept(DOESBURG, ASK)[:-4] + "AAAA")) == SIGNATURE_FAILED


def test_a_signature_under_another_contract_is_a_mismatch() -> None:
    other = rig.content(rig.connection_grant(rig.DOESBURG, rig.WEESP, "b" * 64))
    result = verify(rig.accept(DOESBURG, other))
    assert code(result) == "ERROR_CODE_SIGNATURE_CONTRACT_CONTENT_HASH_MISMATCH"


@pytest.mark.parametrize("kind", [Kind.REJECT, Kind.REVOKE])
def test_an_accept_is_no_other_kind(kind: Kind) -> None:
    assert code(verify(rig.accept(DOESBURG, ASK), kind=kind)) == SIGNATURE_FAILED
    assert code(verify(rig.accept(DOESBURG, ASK, kind))) == SIGNATURE_FAILED


@pytest.mark.parametrize(
    "payload",
    [
        {"contract_content_hash": 1},
        {"type": None},
        {"signed_at": "nu"},
        {"signed_at": True},
        {"signed_at": -1},
        {"signed_at": int(NOW.timestamp()) + 3600},
    ],
)
def test_a_payload_with_a_wrong_member_is_refused(payload: dict[str, Any]) -> None:
    assert code(verify(forge(DOESBURG, payload=payload))) == SIGNATURE_FAILED


@pytest.mark.parametrize("header", [{"x5t#S256": "kort"}, {"x5t#S256": None}, {"crit": ["b64"]}])
def test_a_header_that_can_not_be_used_is_refused(header: dict[str, Any]) -> None:
    assert code(verify(forge(DOESBURG, header=header))) == SIGNATURE_FAILED


def test_a_thumbprint_in_the_standard_alphabet_with_padding_is_the_same() -> None:
    plain = DOESBURG.certificate.thumbprint.replace("-", "+").replace("_", "/") + "="
    assert isinstance(verify(forge(DOESBURG, header={"x5t#S256": plain})), Signature)


def test_an_expired_certificate_no_longer_signs() -> None:
    old = rig.own_peer(
        ANCHOR, rig.DOESBURG, begin=NOW - timedelta(hours=3), lifetime=timedelta(hours=1)
    )
    assert code(verify(rig.accept(old, ASK), old)) == SIGNATURE_FAILED


def test_a_chain_leads_over_an_intermediate_in_any_order() -> None:
    middle = rig.Authority(name="Tussen", parent=ANCHOR, path_length=0)
    stray = rig.Authority(name="Los")
    peer = rig.own_peer(
        middle,
        rig.DOESBURG,
        anchors=[ANCHOR.certificate],
        chain=[stray.certificate, middle.certificate],
    )
    assert isinstance(verify(rig.accept(peer, ASK), peer), Signature)
    with pytest.raises(InvalidValue):
        check_chain(peer.certificate.x509, [], [ANCHOR.certificate], NOW)


@pytest.mark.parametrize(
    "changes",
    [
        {"is_ca": False},
        {"begin": NOW - timedelta(days=9), "lifetime": timedelta(days=1)},
        {"name": "Testanker", "parent": None},
    ],
)
def test_an_issuer_that_may_not_sign_ends_the_chain(changes: dict[str, Any]) -> None:
    given: dict[str, Any] = {"name": "Tussen", "parent": ANCHOR} | changes
    middle = rig.Authority(**given)
    leaf, _ = middle.issue(rig.DOESBURG)
    with pytest.raises(InvalidValue):
        check_chain(leaf, [middle.certificate], [ANCHOR.certificate], NOW)


def test_a_path_length_of_an_issuer_is_kept() -> None:
    upper = rig.Authority(name="Boven", parent=ANCHOR, path_length=0)
    lower = rig.Authority(name="Onder", parent=upper)
    leaf, _ = lower.issue(rig.DOESBURG)
    chain = [lower.certificate, upper.certificate]
    with pytest.raises(InvalidValue):
        check_chain(leaf, chain, [ANCHOR.certificate], NOW)


def test_an_organisation_certificate_signs_no_other() -> None:
    leaf, key = ANCHOR.issue(rig.DOESBURG)
    forger = rig.Authority(name="Los")
    forger.certificate, forger.key = leaf, key
    forged, _ = forger.issue(rig.WEESP)
    with pytest.raises(InvalidValue):
        check_chain(forged, [leaf], [ANCHOR.certificate], NOW)


def test_a_signature_with_a_revoked_certificate_is_refused() -> None:
    peer = rig.own_peer(ANCHOR, rig.DOESBURG)
    held = revocation(rig.list_of(ANCHOR, revoked=[peer.certificate.x509]))
    refused = verify(rig.accept(peer, ASK), peer, trust=trust(held))
    assert isinstance(refused, Refusal)
    assert "revoked" in refused.detail
    assert isinstance(
        verify(rig.accept(peer, ASK), peer, trust=trust(revocation(rig.list_of(ANCHOR)))), Signature
    )


def test_a_revoked_intermediate_refuses_what_is_below_it() -> None:
    middle = rig.Authority(name="Tussen", parent=ANCHOR)
    peer = rig.own_peer(
        middle, rig.DOESBURG, chain=[middle.certificate], anchors=[ANCHOR.certificate]
    )
    lists = [rig.list_of(ANCHOR, revoked=[middle.certificate]), rig.list_of(middle)]
    refused = verify(rig.accept(peer, ASK), peer, trust=trust(revocation(*lists)))
    assert isinstance(refused, Refusal)
    assert "revoked" in refused.detail


def test_with_lists_an_authority_without_one_is_not_believed() -> None:
    other = rig.Authority(name="Tweede anker")
    peer = rig.own_peer(other, rig.DOESBURG)
    both = trust(revocation(rig.list_of(ANCHOR)), other)
    refused = verify(rig.accept(peer, ASK), peer, trust=both)
    assert isinstance(refused, Refusal)
    assert "no revocation list" in refused.detail


def test_an_ended_list_refuses_unless_it_is_kept_to() -> None:
    peer = rig.own_peer(ANCHOR, rig.DOESBURG)
    gone = rig.own_peer(ANCHOR, rig.WEESP)
    ended = rig.list_of(
        ANCHOR, revoked=[gone.certificate.x509], begin=NOW - timedelta(days=9), days=7
    )
    refused = verify(rig.accept(peer, ASK), peer, trust=trust(revocation(ended)))
    assert isinstance(refused, Refusal)
    assert "has ended" in refused.detail
    kept = Revocation.of([ended], refuse_ended=False)
    assert isinstance(verify(rig.accept(peer, ASK), peer, trust=trust(kept)), Signature)
    assert isinstance(verify(rig.accept(gone, ASK), gone, trust=trust(kept)), Refusal)


@pytest.mark.parametrize("name", ["Testanker", "Tweede anker"])
def test_each_of_several_anchors_of_a_group_is_believed(name: str) -> None:
    """Also two anchors of one name: an authority that renewed its key."""
    second = rig.Authority(name=name)
    both = trust(None, second)
    for anchor in (ANCHOR, second):
        peer = rig.own_peer(anchor, rig.DOESBURG)
        assert isinstance(verify(rig.accept(peer, ASK), peer, trust=both), Signature)
    stranger = rig.own_peer(rig.Authority(name=name), rig.DOESBURG)
    assert isinstance(verify(rig.accept(stranger, ASK), stranger, trust=both), Refusal)


@pytest.mark.parametrize("serials", [[], [rig.DOESBURG, rig.WEESP]])
def test_a_subject_has_exactly_one_peer_id(serials: list[str]) -> None:
    certificate, _ = ANCHOR.issue(rig.DOESBURG, serials=serials)
    with pytest.raises(InvalidValue, match="serialNumber"):
        peer_certificate(certificate)


def test_a_text_that_is_no_certificate_is_refused() -> None:
    with pytest.raises(InvalidValue):
        read_pem(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")


@pytest.mark.parametrize("kind", ["P-256", "P-384", "P-521", "RSA"])
def test_a_key_set_is_read_back_from_its_certificates(kind: str) -> None:
    middle = rig.Authority(name="Tussen", parent=ANCHOR)
    leaf, _ = middle.issue(rig.DOESBURG, key=rig.new_key(kind))
    chained = ChainedCertificate(leaf=peer_certificate(leaf), others=(middle.certificate,))
    written: Any = write_jwks([chained])
    found = find_certificate(written, chained.leaf.thumbprint)
    assert found == chained
    assert written["keys"][0]["kty"] == ("RSA" if kind == "RSA" else "EC")
    assert written["keys"][0]["kid"] == written["keys"][0]["x5t#S256"] == chained.leaf.thumbprint


@pytest.mark.parametrize(
    "key_set",
    [
        None,
        [],
        {},
        {"keys": "x"},
        {"keys": [1, {}, {"x5c": []}, {"x5c": ["!"]}, {"x5c": ["AAAA"]}]},
    ],
)
def test_a_broken_key_set_holds_nothing(key_set: Any) -> None:
    assert find_certificate(key_set, DOESBURG.certificate.thumbprint) is None


def test_a_thumbprint_that_a_key_set_claims_is_not_believed() -> None:
    written: Any = write_jwks([ChainedCertificate(leaf=WEESP.certificate)])
    written["keys"][0]["x5t#S256"] = DOESBURG.certificate.thumbprint
    assert find_certificate(written, DOESBURG.certificate.thumbprint) is None
