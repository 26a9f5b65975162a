# SPDX-License-Identifier: EUPL-1.2
"""Access tokens: what we issue we accept, for one certificate and a short time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.fsc import fsc_rig as rig

from landschap.fsc import jws
from landschap.fsc.own import OwnPeer
from landschap.fsc.tokens import (
    TokenClaims,
    check_parties,
    issue,
    read_received,
    verify_token,
)
from landschap.vocabulary.identifiers import PeerId
from landschap.vocabulary.problems import InvalidValue, Refusal

NOW = datetime.now(UTC)
TTL = timedelta(seconds=300)
ANCHOR = rig.Authority()
DOESBURG = rig.own_peer(ANCHOR, rig.DOESBURG)
WEESP = rig.own_peer(ANCHOR, rig.WEESP)
BOUND: dict[str, Any] = {"processing.purpose_limitation": {"v": 1, "purposes": ["urn:x"]}}


def token(grant: Any = None, *, issuer: OwnPeer = WEESP) -> str:
    grant = grant or rig.connection_grant(
        rig.DOESBURG, rig.WEESP, DOESBURG.certificate.key_thumbprint, properties=BOUND
    )
    granted = rig.contract(rig.content(grant)).grants[0]
    return issue(issuer, granted, DOESBURG.certificate, NOW, TTL)


def verify(text: str, **changes: Any) -> TokenClaims | Refusal:
    return verify_token(
        text,
        changes.get("keys", {WEESP.certificate.thumbprint: WEESP.certificate.key}),
        changes.get("now", NOW),
        changes.get("group", rig.GROUP),
        changes.get("thumbprint", DOESBURG.certificate.thumbprint),
    )


def code(result: TokenClaims | Refusal) -> tuple[str, int]:
    assert isinstance(result, Refusal), "expected a refusal"
    return result.code.removeprefix("ERROR_CODE_"), result.status


INVALID = ("ACCESS_TOKEN_INVALID", 401)


@pytest.mark.parametrize("prefix", ["", "Bearer "])
def test_a_token_we_issued_is_accepted_with_and_without_bearer(prefix: str) -> None:
    claims = verify(prefix + token())
    assert isinstance(claims, TokenClaims)
    assert (claims.subject.value, claims.issuer.value) == (rig.DOESBURG, rig.WEESP)
    assert claims.service == "bijstand"
    assert claims.audience == "https://weesp.test:443"
    assert claims.expires_at - claims.not_before == 300
    assert claims.properties == BOUND
    assert claims.delegator is None
    assert check_parties(claims, PeerId(rig.WEESP), PeerId(rig.DOESBURG)) is None


def test_the_payload_has_exactly_the_claims_of_the_standard() -> None:
    payload = jws.parse(token()).payload
    assert set(payload) == {
        "gth", "gid", "sub", "iss", "svc", "aud", "nbf", "exp", "cnf", "prp", "add",
    }  # fmt: skip
    bare = rig.connection_grant(rig.DOESBURG, rig.WEESP, "a" * 64)
    assert "prp" not in jws.parse(token(bare)).payload


def test_delegation_stands_in_act_and_pdi() -> None:
    grant = rig.connection_grant(
        rig.DOESBURG, rig.WEESP, "a" * 64,
        delegator=rig.PROVINCE, service_delegator=rig.DIRECTORY,
    )  # fmt: skip
    claims = verify(token(grant))
    assert isinstance(claims, TokenClaims)
    assert claims.subject.value == rig.DOESBURG
    assert claims.delegator == PeerId(rig.PROVINCE)
    assert claims.publication_delegator == PeerId(rig.DIRECTORY)


@pytest.mark.parametrize("kind", ["P-256", "P-384", "RSA"])
def test_the_key_of_the_certificate_decides_the_algorithm(kind: str) -> None:
    issuer = rig.own_peer(ANCHOR, rig.WEESP, key=rig.new_key(kind))
    own_keys = {issuer.certificate.thumbprint: issuer.certificate.key}
    assert isinstance(verify(token(issuer=issuer), keys=own_keys), TokenClaims)


@pytest.mark.parametrize("text", ["", "Bearer ", "Bearer"])
def test_no_token_is_missing(text: str) -> None:
    expected = ("ACCESS_TOKEN_MISSING", 401) if text != "Bearer" else INVALID
    assert code(verify(text)) == expected


def test_a_token_ends_at_its_expiry() -> None:
    assert isinstance(verify(token(), now=NOW + timedelta(seconds=298)), TokenClaims)
    assert code(verify(token(), now=NOW + TTL)) == ("ACCESS_TOKEN_EXPIRED", 401)


def test_a_token_is_not_used_before_its_time() -> None:
    assert isinstance(verify(token(), now=NOW - timedelta(seconds=4)), TokenClaims)
    assert code(verify(token(), now=NOW - timedelta(seconds=10))) == INVALID


def test_a_token_of_another_group_is_forbidden() -> None:
    assert code(verify(token(), group="andere")) == ("WRONG_GROUP_ID_IN_TOKEN", 403)


def test_a_token_is_bound_to_one_certificate_not_to_its_key() -> None:
    renewed = rig.own_peer(ANCHOR, rig.DOESBURG, key=DOESBURG.key)
    assert renewed.certificate.key_thumbprint == DOESBURG.certificate.key_thumbprint
    assert code(verify(token(), thumbprint=renewed.certificate.thumbprint)) == INVALID


def test_a_token_signed_by_another_is_invalid() -> None:
    stranger = rig.own_peer(ANCHOR, rig.WEESP)
    assert code(verify(token(issuer=stranger))) == INVALID
    head, payload, _ = token().split(".")
    assert code(verify(f"{head}.{payload}.{token(issuer=stranger).split('.')[2]}")) == INVALID


@pytest.mark.parametrize(
    "text", ["a.b.c", "a.b", "é.é.é", "e30.e30.e30", "x" * 20_000, "..", "a..b"]
)
def test_what_is_no_token_is_invalid(text: str) -> None:
    assert code(verify(text)) == INVALID


def test_a_signature_of_ours_under_a_contract_is_no_token() -> None:
    tree = rig.content(rig.connection_grant(rig.DOESBURG, rig.WEESP, "a" * 64))
    assert code(verify(rig.accept(WEESP, tree))) == INVALID


@pytest.mark.parametrize("claim", ["gth", "gid", "sub", "iss", "svc", "aud", "nbf", "exp", "cnf"])
def test_a_token_without_one_of_the_claims_is_invalid(claim: str) -> None:
    payload = dict(jws.parse(token()).payload)
    del payload[claim]
    assert code(verify(jws.sign(payload, WEESP.key, WEESP.certificate.thumbprint))) == INVALID


def test_a_shared_certificate_does_not_make_the_parties_equal() -> None:
    claims = verify(token())
    assert isinstance(claims, TokenClaims)
    other = replace(claims, issuer=PeerId(rig.PROVINCE))
    for each, client in ((other, rig.DOESBURG), (claims, rig.PROVINCE)):
        refusal = check_parties(each, PeerId(rig.WEESP), PeerId(client))
        assert refusal is not None
        assert refusal.code == "ERROR_CODE_ACCESS_TOKEN_INVALID"


def test_no_token_is_issued_for_a_publication() -> None:
    granted = rig.contract(rig.content(rig.publication_grant(rig.WEESP, rig.DIRECTORY))).grants[0]
    with pytest.raises(InvalidValue):
        issue(WEESP, granted, DOESBURG.certificate, NOW, TTL)


def test_an_outway_reads_what_it_acts_on() -> None:
    read = read_received(token())
    assert (read.group_id, read.issuer) == (rig.GROUP, rig.WEESP)
    assert read.audience == "https://weesp.test:443"
    with pytest.raises(InvalidValue):
        read_received("geen token")
