# SPDX-License-Identifier: EUPL-1.2
"""The declaration on the wire: who may sign it, what it is bound to, and how it is refused."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st
from tests.purposes.registers import ASSISTANCE, DOESBURG, NOW, WEESP

from landschap.purposes.declaration import (
    MAX_BYTES,
    Claims,
    Declaration,
    Expected,
    Unverified,
    read,
    replayed,
    sign,
    verify,
)
from landschap.purposes.jws import PrivateKey, PublicKey
from landschap.vocabulary.problems import Refusal

EC = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
THUMBPRINT = "9c1185a5c5e9fc54612808977ee8f548b2258d31AAA"
GRANT = "$1$3$" + "a" * 86
TRACE = bytes(range(16))
DELEGATOR = "00000099000000004000"
CLAIMS = Claims(
    issuer=DOESBURG,
    audience=WEESP,
    issued_at=NOW,
    expires_at=NOW + timedelta(seconds=60),
    jti=UUID("01939c5e-0000-7000-8000-000000000002"),
    purpose=ASSISTANCE,
    legal_bases=("eu-gdpr:A6-1-e",),
    action="raadplegen",
    service="situatie",
    grant_hash=GRANT,
    trace_id=TRACE,
    loa="urn:etoegang:core:assurance-class:loa3",
    role="consulent",
)
EXPECTED = Expected(
    peer=DOESBURG, provider=WEESP, service="situatie", grant_hash=GRANT, trace_id=TRACE
)


def verified(
    compact: str,
    *,
    key: PublicKey | None = None,
    expected: Expected = EXPECTED,
    now: datetime = NOW,
) -> Declaration | Refusal:
    unverified = read(compact)
    if isinstance(unverified, Refusal):
        return unverified
    return verify(unverified, key or EC.public_key(), expected, now)


def refused(outcome: object, code: str, status: int = 401) -> None:
    assert isinstance(outcome, Refusal), outcome
    assert (outcome.code, outcome.status) == (code, status)
    assert outcome.missing
    assert outcome.owner


def forged(
    payload: Mapping[str, object] | None = None, header: Mapping[str, object] | None = None
) -> str:
    """A declaration with another header or payload, rightly signed over what it holds."""
    from landschap.purposes.jws import sign_bytes

    parts = [json.loads(_raw(part)) for part in sign(CLAIMS, EC, THUMBPRINT).split(".")[:2]]
    claims = {k: v for k, v in (parts[1] | dict(payload or {})).items() if v is not None}
    content = ".".join(
        _b64(json.dumps(p).encode()) for p in (parts[0] | dict(header or {}), claims)
    )
    return f"{content}.{_b64(sign_bytes(content.encode(), EC))}"


def _raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@pytest.mark.parametrize("key", [EC, RSA], ids=["ES256", "PS256"])
def test_what_is_signed_is_read_back_the_same(key: PrivateKey) -> None:
    compact = sign(CLAIMS, key, THUMBPRINT)
    assert len(compact) < MAX_BYTES
    outcome = verified(compact, key=key.public_key())
    assert isinstance(outcome, Declaration)
    assert (outcome.claims, outcome.compact) == (CLAIMS, compact)


def test_the_key_is_found_before_anything_is_verified() -> None:
    unverified = read(sign(CLAIMS, EC, THUMBPRINT))
    assert isinstance(unverified, Unverified)
    assert (unverified.thumbprint, unverified.algorithm) == (THUMBPRINT, "ES256")


@pytest.mark.case("A3")
def test_refuses_a_declaration_by_another_than_the_client() -> None:
    compact = sign(CLAIMS, EC, THUMBPRINT)
    refused(verified(compact, expected=replace(EXPECTED, peer=WEESP)), "declaration_invalid")


def test_refuses_a_signature_of_another_key() -> None:
    compact = sign(CLAIMS, EC, THUMBPRINT)
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    for key in (other, RSA.public_key(), ed25519.Ed25519PrivateKey.generate().public_key()):
        refused(verified(compact, key=key), "declaration_invalid")
    refused(verified(sign(CLAIMS, RSA, THUMBPRINT)), "declaration_invalid")


@pytest.mark.case("A4")
def test_refuses_a_declaration_for_another_provider() -> None:
    compact = sign(replace(CLAIMS, audience=DOESBURG), EC, THUMBPRINT)
    refused(verified(compact), "declaration_audience")


@pytest.mark.case("A5")
def test_clocks_may_differ_by_a_minute() -> None:
    compact = sign(CLAIMS, EC, THUMBPRINT)
    ended = CLAIMS.expires_at
    assert isinstance(verified(compact, now=ended + timedelta(seconds=59)), Declaration)
    refused(verified(compact, now=ended + timedelta(seconds=61)), "declaration_expired")
    early = CLAIMS.issued_at - timedelta(seconds=59)
    assert isinstance(verified(compact, now=early), Declaration)
    refused(verified(compact, now=early - timedelta(seconds=2)), "declaration_invalid")


def test_refuses_a_life_over_two_minutes() -> None:
    begun = int(NOW.timestamp())
    refused(verified(forged({"iat": begun, "exp": begun + 121})), "declaration_invalid")
    refused(verified(forged({"iat": begun, "exp": begun})), "declaration_invalid")
    with pytest.raises(ValueError, match="120 seconds"):
        sign(replace(CLAIMS, expires_at=NOW + timedelta(seconds=121)), EC, THUMBPRINT)


def test_a_retry_has_the_same_replay_key_and_another_question_has_not() -> None:
    outcome = verified(sign(CLAIMS, EC, THUMBPRINT))
    assert isinstance(outcome, Declaration)
    assert outcome.replay_key(b"span-one") == outcome.replay_key(b"span-one")
    assert outcome.replay_key(b"span-one")[:2] == outcome.replay_key(b"span-two")[:2]
    assert outcome.replay_key(b"span-one") != outcome.replay_key(b"span-two")
    refused(replayed(), "declaration_replayed")


@pytest.mark.case("A7", "A8")
@pytest.mark.parametrize(
    "expected",
    [
        replace(EXPECTED, trace_id=bytes(16)),
        replace(EXPECTED, grant_hash="$1$3$" + "b" * 86),
        replace(EXPECTED, service="anders"),
    ],
    ids=["trace", "grant", "service"],
)
def test_refuses_a_declaration_for_another_question(expected: Expected) -> None:
    compact = sign(CLAIMS, EC, THUMBPRINT)
    refused(verified(compact, expected=expected), "declaration_binding")


@pytest.mark.case("A9")
@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": "RS256"},
        {"alg": "ES512"},
        {"alg": ["ES256"]},
        {"typ": "JWT"},
        {"typ": "at+jwt"},
        {"kid": "x"},
        {"jwk": {}},
        {"x5t#S256": 7},
    ],
)
def test_refuses_another_type_or_algorithm_before_the_signature(header: dict[str, object]) -> None:
    refused(read(forged(header=header)), "declaration_invalid")


@pytest.mark.case("A10")
def test_refuses_a_declaration_over_two_kilobytes() -> None:
    refused(read("a" * (MAX_BYTES + 1)), "declaration_too_large", 400)
    with pytest.raises(ValueError, match="2048"):
        sign(replace(CLAIMS, case="z" * 1600), EC, THUMBPRINT)


@pytest.mark.case("A11")
def test_refuses_another_plain_purpose_than_is_signed() -> None:
    compact = sign(CLAIMS, EC, THUMBPRINT)
    other = replace(EXPECTED, plain=ASSISTANCE + "/anders")
    refused(verified(compact, expected=other), "purpose_mismatch", 400)
    assert isinstance(verified(compact, expected=replace(EXPECTED, plain=ASSISTANCE)), Declaration)


def test_a_missing_declaration_is_its_own_refusal() -> None:
    refused(read(""), "declaration_missing")


PREVIOUS = {
    "iss": DELEGATOR,
    "jti": "01939c5e-0000-7000-8000-000000000001",
    "h": "n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg",
    "pur": ASSISTANCE,
}


@pytest.mark.parametrize(
    "payload",
    [
        {"dep": 1},
        {"prv": PREVIOUS},
        {"opu": ASSISTANCE},
        {"dep": 1, "prv": PREVIOUS},
        {"dep": 1, "opu": ASSISTANCE},
        {"dep": 0, "prv": PREVIOUS, "opu": ASSISTANCE},
        {"dep": -1, "prv": PREVIOUS, "opu": ASSISTANCE},
        {"dep": 1, "prv": {}, "opu": ASSISTANCE},
        {"dep": 1, "prv": PREVIOUS, "opu": ASSISTANCE + "/anders"},
        {"dep": 1, "prv": {**PREVIOUS, "h": "bm8"}, "opu": ASSISTANCE},
        {"dep": 1, "prv": {**PREVIOUS, "iss": "123"}, "opu": ASSISTANCE},
        {"dep": 1, "prv": {**PREVIOUS, "pur": ""}, "opu": ASSISTANCE},
        {"dep": 1, "prv": {**PREVIOUS, "sub": "x"}, "opu": ASSISTANCE},
    ],
)
def test_a_chain_is_declared_whole_or_not_at_all(payload: dict[str, object]) -> None:
    refused(read(forged(payload)), "declaration_invalid")


def test_a_later_hop_may_have_another_purpose_before_it_than_at_the_origin() -> None:
    later = {"dep": 2, "prv": PREVIOUS, "opu": ASSISTANCE + "/ruimer"}
    unverified = read(forged(later))
    assert isinstance(unverified, Unverified)
    assert unverified.claims.follows is not None
    assert unverified.claims.follows.depth == 2


@pytest.mark.case("A40")
@pytest.mark.parametrize(
    ("declared", "agreed", "code"),
    [
        ("", DELEGATOR, "delegation_missing"),
        (WEESP, DELEGATOR, "delegation_mismatch"),
        (DELEGATOR, "", "delegation_mismatch"),
    ],
)
def test_the_declaration_names_the_delegator_of_the_contract_and_nobody_else(
    declared: str, agreed: str, code: str
) -> None:
    compact = sign(replace(CLAIMS, on_behalf_of=declared), EC, THUMBPRINT)
    refused(verified(compact, expected=replace(EXPECTED, on_behalf_of=agreed)), code, 403)


def test_a_declaration_on_behalf_of_the_delegator_holds() -> None:
    compact = sign(replace(CLAIMS, on_behalf_of=DELEGATOR), EC, THUMBPRINT)
    outcome = verified(compact, expected=replace(EXPECTED, on_behalf_of=DELEGATOR))
    assert isinstance(outcome, Declaration)
    assert outcome.claims.on_behalf_of == DELEGATOR
    refused(read(forged({"obo": "gemeente"})), "declaration_invalid")


@pytest.mark.case("A45")
def test_refuses_a_chain_of_five_hops() -> None:
    refused(read(forged({"dep": 5})), "chain_too_deep", 403)


@pytest.mark.parametrize(
    "payload",
    [
        {"pur": ""},
        {"pur": None},
        {"pur": [ASSISTANCE]},
        {"lgb": []},
        {"lgb": "eu-gdpr:A6-1-e"},
        {"iss": "123"},
        {"aud": "x"},
        {"jti": "no-uuid"},
        {"trc": "00"},
        {"trc": "zz" * 16},
        {"iat": "now"},
        {"exp": 10**14},
        {"dep": None},
        {"dep": False},
        {"sub": "999993653"},
    ],
)
def test_refuses_claims_that_are_missing_malformed_or_unknown(payload: dict[str, object]) -> None:
    refused(read(forged(payload)), "declaration_invalid")


def test_refuses_the_same_claim_twice() -> None:
    header, payload, signature = sign(CLAIMS, EC, THUMBPRINT).split(".")
    twice = _raw(payload)[:-1] + b',"pur":"https://x.example/y"}'
    refused(read(f"{header}.{_b64(twice)}.{signature}"), "declaration_invalid")


@given(st.data())
def test_one_changed_character_is_never_accepted(data: st.DataObject) -> None:
    compact = sign(CLAIMS, EC, THUMBPRINT)
    place = data.draw(st.integers(0, len(compact) - 1))
    other = data.draw(st.sampled_from("AZaz09-_.").filter(lambda c: c != compact[place]))
    assert isinstance(verified(compact[:place] + other + compact[place + 1 :]), Refusal)


@given(st.text(max_size=200) | st.from_regex(r"[A-Za-z0-9_-]{0,80}(\.[A-Za-z0-9_-]{0,80}){2}"))
def test_any_text_is_refused_and_never_an_accident(text: str) -> None:
    assert isinstance(read(text), Refusal)


@given(st.integers(0, 2**70), st.sampled_from(["iat", "exp"]))
def test_any_time_is_refused_or_read(moment: int, claim: str) -> None:
    assert isinstance(verified(forged({claim: moment})), Refusal | Declaration)


def test_refuses_to_sign_with_a_weak_key() -> None:
    weak = ec.generate_private_key(ec.SECP384R1())
    with pytest.raises(ValueError, match="P-256"):
        sign(CLAIMS, weak, THUMBPRINT)
