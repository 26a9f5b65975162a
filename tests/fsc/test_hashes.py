# SPDX-License-Identifier: EUPL-1.2
"""Hashes of contracts and grants, held against the vectors of the digest.

The vectors are self-consistent, not normative: the standard prints none.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import struct
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fsc import fsc_rig as rig

from landschap.fsc.contracts import Contract, read_contract
from landschap.fsc.grants import read_grant
from landschap.fsc.hashes import Profile, jcs_content_hash, jcs_grant_hash, normal_grant_hash
from landschap.vocabulary.ijson import canonical, loads
from landschap.vocabulary.problems import InvalidValue, Refusal

INPUT_A = (
    '{"created_at":1672527600,"grants":[{"data":{"outway":{"peer_id":"00000000000000000002",'
    '"public_key_thumbprint":"3a56f2e9269ac63f0d4394c46b96539da1625b6a985d38029ff89f34e490960c"},'
    '"service":{"name":"example-service","peer_id":"00000000000000000001","type":'
    '"SERVICE_TYPE_SERVICE"},"type":"GRANT_TYPE_SERVICE_CONNECTION"}}],"group_id":'
    '"fsc-example-group","hash_algorithm":"HASH_ALGORITHM_SHA3_512","iv":'
    '"06338364-8305-7b74-8000-de4963503139","validity":{"not_after":1704063600,"not_before":'
    "1672527600}}"
)
A_CONTENT = (
    "$1$1$X1KsN8G58UQhTaGK3vbBmXou8T1iskh3GufPQR1K_wrUqWpQfRf6PyR2pm27kDddcV08_QtpEY97PSaEZfT70Q"
)
A_GRANT = (
    "$1$3$sRyJw_-EVnswqlWaLYahFeYdJWpKCNnjLP14KVgO8NhsTteX8K6uLmeYwUzvPa9vr5OnEljaWLaBVmVpY1qkfQ"
)
A_GRANT_OVER_DIGEST = (
    "$1$3$xx-JjvbGmZV8s2ovflLkxPVjyoGRwPBRrIFA328GrLz0RCTxYCqERD2NkrrNtBhytlT-IOkwInVSBj1vqlj6Gg"
)
B_CONTENT = (
    "$1$1$gr4AbR4NEwMRLqeqCB_cXQL1JX2-lHBJ45AUL_9d8NDoL6FrzPa_zeRCpeWqF4s24gV4xK7qPtv4B1mI3HESzw"
)
B_GRANT = (
    "$1$3$s1jAyWmruw1kMdV0wLHOWLbAu73NAk5o4RaEyFsha466ez1Cx05eQj_IG8gxGwEyAnnpSPbPC0CsMczmnQDTKQ"
)
C_CONTENT = (
    "$1$1$ia278mmEEX5QvMZfatwQW1F3gm0jOFrh1sQN4Pc3lBtunVH9Vl-JMMJOc_9Xonzw1EuHhWD2tGspmMVGxMnGjQ"
)
C_GRANT = (
    "$1$3$53nGkZldmXI7-3R-W1yeSFywZ3Y162RR0wArpDtUk-yyClOIDxbVw_8-eCaPLROc18atdUtXJbuROylbP-etXg"
)
A_W1_CONTENT = (
    "$1$1$lFAwdUXVl_JhQ1wmps7_5aR9_ScUIlriir9-7ku-KPFSESygUabD9e-msZ5nd3qONJNXsZqXbhfoG-o_DlfjeA"
)
A_W1_GRANT = (
    "$1$3$rl6M1Vv1BX3CzNhMGl6V-FlfEK_tlGhwT3kkf5Uhrd_6Y7tSDXl5yZR9y7oFw5z-APdVHTQZe5YWtiyZi0drXA"
)


def tree_a() -> Any:
    return loads(INPUT_A)


def read(tree: Any, profile: Profile = Profile.FSC_2) -> Contract:
    contract = read_contract(tree, profile)
    assert not isinstance(contract, Refusal), contract
    return contract


def test_canonical_bytes_of_vector_a_are_the_printed_ones() -> None:
    assert read(tree_a()).canonical.decode() == INPUT_A


def test_vector_a_gives_its_content_and_grant_hash() -> None:
    contract = read(tree_a())
    assert contract.hash.value == A_CONTENT
    assert contract.grants[0].hash.value == A_GRANT
    assert contract.grants[0].hash.value != A_GRANT_OVER_DIGEST


def test_vector_b_without_service_type_is_hashed_as_received() -> None:
    tree = tree_a()
    service = tree["grants"][0]["data"]["service"]
    whole = read_grant(tree["grants"][0])
    del service["type"]
    content_hash = jcs_content_hash(canonical(tree))
    assert content_hash.value == B_CONTENT
    # The peer API refuses this grant; only its hash is compared here.
    assert jcs_grant_hash(content_hash, whole).value == B_GRANT


def test_vector_c_with_version_and_identification() -> None:
    tree = tree_a() | {"fsc_version": "2.0.0"}
    outway = tree["grants"][0]["data"]["outway"]
    outway["identification"] = {
        "type": "OUTWAY_IDENTIFICATION_TYPE_PUBLIC_KEY_THUMBPRINT",
        "public_key_thumbprint": outway.pop("public_key_thumbprint"),
    }
    contract = read(tree)
    assert contract.hash.value == C_CONTENT
    assert contract.grants[0].hash.value == C_GRANT


def test_vector_a_in_the_first_generation() -> None:
    contract = read(tree_a(), Profile.FSC_1_1)
    assert contract.grants[0].hash.value == A_W1_GRANT
    assert contract.hash.value == A_W1_CONTENT


def test_first_generation_hashes_properties_as_a_digest_behind_the_fields() -> None:
    tree = tree_a()
    tree["grants"][0]["data"]["properties"] = {"a": 1}
    contract = read(tree, Profile.FSC_1_1)
    parts = [
        b"fsc-example-group",
        UUID("06338364-8305-7b74-8000-de4963503139").bytes,
        struct.pack("<i", 2),
        b"00000000000000000002",
        b"3a56f2e9269ac63f0d4394c46b96539da1625b6a985d38029ff89f34e490960c",
        struct.pack("<i", 1),
        b"00000000000000000001",
        b"example-service",
        hashlib.sha3_512(b'{"a":1}').digest(),
    ]
    digest = hashlib.sha3_512(b"".join(parts)).digest()
    written = contract.grants[0].hash.value.removeprefix("$1$3$")
    assert base64.urlsafe_b64decode(written + "==") == digest


@pytest.mark.parametrize(
    ("grant", "prefix"),
    [
        (rig.publication_grant(rig.WEESP, rig.DIRECTORY), "$1$2$"),
        (rig.connection_grant(rig.DOESBURG, rig.WEESP, "a" * 64), "$1$3$"),
        (
            rig.connection_grant(rig.DOESBURG, rig.WEESP, "a" * 64, delegator=rig.PROVINCE),
            "$1$4$",
        ),
        (rig.publication_grant(rig.WEESP, rig.DIRECTORY, delegator=rig.PROVINCE), "$1$5$"),
    ],
)
def test_the_prefix_is_the_hash_type_not_the_grant_type(grant: Any, prefix: str) -> None:
    assert rig.contract(rig.content(grant)).grants[0].hash.value.startswith(prefix)


def test_an_unknown_member_changes_both_hashes() -> None:
    tree = rig.content(rig.publication_grant(rig.WEESP, rig.DIRECTORY))
    other: Any = copy.deepcopy(tree)
    other["grants"][0]["data"]["later_extension"] = True
    assert rig.contract(tree).hash != rig.contract(other).hash
    assert rig.contract(tree).grants[0].hash != rig.contract(other).grants[0].hash


def test_the_order_of_grants_is_part_of_the_content() -> None:
    grants = [
        rig.connection_grant(rig.DOESBURG, rig.WEESP, "a" * 64, service=name)
        for name in ("een", "twee")
    ]
    tree = rig.content(*grants)
    turned = tree | {"grants": grants[::-1]}
    assert rig.contract(tree).hash != rig.contract(turned).hash


@given(st.sampled_from(["+", "/", "="]))
def test_a_scope_in_the_standard_alphabet_means_the_same_grant(sign: str) -> None:
    spelled = A_GRANT.replace("-", "+").replace("_", "/") + "=" * (sign == "=")
    assert normal_grant_hash(spelled).value == A_GRANT


@pytest.mark.parametrize(
    "text",
    [A_CONTENT, A_GRANT[:-1], A_GRANT + "A", A_GRANT.replace("$", ""), "", "$1$7$" + "a" * 86],
)
def test_what_is_no_grant_hash_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue):
        normal_grant_hash(text)
