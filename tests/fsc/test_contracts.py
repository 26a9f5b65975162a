# SPDX-License-Identifier: EUPL-1.2
"""Rules of contracts: shape, grants, combinations, participants, states."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fsc import fsc_rig as rig

from landschap.fsc.contracts import Receiver, check_contract, check_times, read_contract
from landschap.fsc.hashes import Profile
from landschap.fsc.states import Kind, Signature, State, missing_accepts, state_of
from landschap.vocabulary.identifiers import PeerId
from landschap.vocabulary.ijson import loads
from landschap.vocabulary.problems import Refusal

NOW = datetime.now(UTC)
THUMB = "ab" * 32
ASK = rig.connection_grant(rig.DOESBURG, rig.WEESP, THUMB)
PUBLISH = rig.publication_grant(rig.WEESP, rig.DIRECTORY)


def code_of(tree: Any) -> str:
    read = read_contract(tree, Profile.FSC_2)
    assert isinstance(read, Refusal), "expected a refusal"
    assert read.status == 422
    return read.code


def changed(path: str, value: Any) -> Any:
    """The asking contract with one member changed; value ``...`` removes it."""
    tree: Any = rig.content(ASK)
    holder = tree
    *way, last = path.split(".")
    for step in way:
        holder = holder[int(step)] if step.isdigit() else holder[step]
    place = int(last) if last.isdigit() else last
    if value is ...:
        del holder[place]
    else:
        holder[place] = value
    return tree


DATA = "grants.0.data"
INVALID = "ERROR_CODE_CONTRACT_INVALID"


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("iv", "no-uuid", INVALID),
        ("iv", "0633836483057b748000de4963503139", INVALID),
        ("iv", ..., INVALID),
        ("group_id", "", INVALID),
        ("group_id", 7, INVALID),
        ("validity", ..., INVALID),
        ("validity.not_after", 1, INVALID),
        ("validity.not_after", 10**15, INVALID),
        ("validity.not_before", -1, INVALID),
        ("validity.not_before", True, INVALID),
        ("validity.not_before", 1.5, INVALID),
        ("created_at", "vandaag", INVALID),
        ("fsc_version", "3.0.0", INVALID),
        ("grants", [], INVALID),
        ("grants", "geen", INVALID),
        ("grants", [ASK] * 2, INVALID),
        ("grants", [{"data": {"type": "GRANT_TYPE_UNKNOWN"}}], INVALID),
        ("grants", [ASK | {"data": None}], INVALID),
        (f"{DATA}.service.type", ..., INVALID),
        (f"{DATA}.service.type", "SERVICE_TYPE_DELEGATED_SERVICE", INVALID),
        (f"{DATA}.service.delegator", {"peer_id": "x"}, INVALID),
        (f"{DATA}.service.name", "met spatie", INVALID),
        (f"{DATA}.service.name", "x" * 101, INVALID),
        (f"{DATA}.service.peer_id", "", INVALID),
        (f"{DATA}.outway", ..., INVALID),
        (f"{DATA}.outway.public_key_thumbprint", THUMB, INVALID),
        (f"{DATA}.outway.identification.type", "OTHER", INVALID),
        (f"{DATA}.properties", [], INVALID),
        (f"{DATA}.properties", {"a": "x" * 5_000}, INVALID),
        (f"{DATA}.delegator", {"peer_id": "x"}, INVALID),
        (
            f"{DATA}.outway.identification.public_key_thumbprint",
            THUMB.upper(),
            "ERROR_CODE_INCORRECT_PUBLIC_KEY_THUMBPRINT",
        ),
        (
            f"{DATA}.outway.identification.public_key_thumbprint",
            THUMB[:-1],
            "ERROR_CODE_INCORRECT_PUBLIC_KEY_THUMBPRINT",
        ),
        ("hash_algorithm", "HASH_ALGORITHM_MD5", "ERROR_CODE_UNKNOWN_HASH_ALGORITHM_HASH"),
        ("hash_algorithm", ..., "ERROR_CODE_UNKNOWN_HASH_ALGORITHM_HASH"),
    ],
)
def test_a_contract_that_breaks_a_rule_gets_the_code_of_that_rule(
    path: str, value: Any, code: str
) -> None:
    assert code_of(changed(path, value)) == code


@pytest.mark.parametrize("content", [None, [], "contract", 4])
def test_content_that_is_no_object_is_no_contract(content: Any) -> None:
    assert code_of(content) == INVALID


@pytest.mark.parametrize(
    "grants",
    [
        [PUBLISH, ASK],
        [PUBLISH, rig.publication_grant(rig.WEESP, rig.DIRECTORY, delegator=rig.PROVINCE)],
    ],
)
def test_a_publication_stands_alone(grants: list[Any]) -> None:
    assert code_of(rig.content(*grants)) == "ERROR_CODE_GRANT_COMBINATION_NOT_ALLOWED"


def test_connections_of_both_types_may_be_combined() -> None:
    other = rig.connection_grant(rig.DOESBURG, rig.WEESP, THUMB, delegator=rig.PROVINCE)
    assert len(rig.contract(rig.content(ASK, other)).grants) == 2


def test_several_publications_of_one_type_may_be_combined() -> None:
    other = rig.publication_grant(rig.WEESP, rig.DIRECTORY, service="woz")
    assert len(rig.contract(rig.content(PUBLISH, other)).publications) == 2


@pytest.mark.parametrize(
    ("grant", "expected"),
    [
        (PUBLISH, [rig.DIRECTORY, rig.WEESP]),
        (
            rig.publication_grant(rig.WEESP, rig.DIRECTORY, delegator=rig.PROVINCE),
            [rig.DIRECTORY, rig.WEESP, rig.PROVINCE],
        ),
        (ASK, [rig.DOESBURG, rig.WEESP]),
        (
            rig.connection_grant(rig.DOESBURG, rig.WEESP, THUMB, service_delegator=rig.PROVINCE),
            [rig.DOESBURG, rig.WEESP, rig.PROVINCE],
        ),
        (
            rig.connection_grant(rig.DOESBURG, rig.WEESP, THUMB, delegator=rig.PROVINCE),
            [rig.DOESBURG, rig.WEESP, rig.PROVINCE],
        ),
        (rig.connection_grant(rig.WEESP, rig.WEESP, THUMB), [rig.WEESP]),
    ],
)
def test_participants_are_all_whose_accept_is_needed_each_once(
    grant: Any, expected: list[str]
) -> None:
    contract = rig.contract(rig.content(grant))
    assert [each.value for each in contract.participants] == expected


def test_an_outway_may_be_known_by_its_domain_name() -> None:
    grant: Any = rig.connection_grant(rig.DOESBURG, rig.WEESP, THUMB)
    grant["data"]["outway"]["identification"] = {
        "type": "OUTWAY_IDENTIFICATION_TYPE_DOMAIN_NAME",
        "domain_name": "outway.doesburg.test",
    }
    (_, connection), *_ = rig.contract(rig.content(grant)).connections
    assert connection.outway.domain_name == "outway.doesburg.test"
    assert connection.outway.public_key_thumbprint is None
    grant["data"]["outway"]["identification"]["domain_name"] = "*.doesburg.test"
    assert code_of(rig.content(grant)) == INVALID


def receiver(peer: str = rig.WEESP, group: str = rig.GROUP) -> Receiver:
    return Receiver(peer_id=PeerId(peer), group_id=group)


@pytest.mark.parametrize(
    ("who", "submitter", "code"),
    [
        (receiver(group="andere-groep"), rig.DOESBURG, "ERROR_CODE_INCORRECT_GROUP_ID"),
        (receiver(), rig.PROVINCE, "ERROR_CODE_SUBMITTING_PEER_NOT_PART_OF_CONTRACT"),
        (
            receiver(rig.PROVINCE),
            rig.DOESBURG,
            "ERROR_CODE_RECEIVING_PEER_NOT_PART_OF_CONTRACT",
        ),
    ],
)
def test_only_participants_of_our_group_have_business_here(
    who: Receiver, submitter: str, code: str
) -> None:
    refusal = check_contract(rig.contract(rig.content(ASK)), who, PeerId(submitter))
    assert refusal is not None
    assert refusal.code == code


def test_any_participant_may_submit() -> None:
    contract = rig.contract(rig.content(ASK))
    for peer in (rig.DOESBURG, rig.WEESP):
        assert check_contract(contract, receiver(), PeerId(peer)) is None


def test_a_new_contract_is_not_made_in_the_future_and_has_not_ended() -> None:
    seconds = int(NOW.timestamp())
    assert check_times(rig.contract(rig.content(ASK, created_at=seconds + 30)), NOW) is None
    for tree in (
        rig.content(ASK, created_at=seconds + 3600),
        rig.content(ASK, validity={"not_before": 1, "not_after": seconds}),
    ):
        refusal = check_times(rig.contract(tree), NOW)
        assert refusal is not None
        assert refusal.code == INVALID


CONTRACT = rig.contract(rig.content(ASK))


def sign(peer: str, kind: Kind = Kind.ACCEPT, *, until: datetime | None = None) -> Signature:
    return Signature(
        peer_id=PeerId(peer),
        kind=kind,
        jws="",
        signed_at=NOW,
        thumbprint="",
        certificate_from=NOW - timedelta(days=1),
        certificate_until=until or NOW + timedelta(days=900),
    )


BOTH = [sign(rig.DOESBURG), sign(rig.WEESP)]


@pytest.mark.parametrize(
    ("signatures", "after", "state"),
    [
        ([], timedelta(0), State.PROPOSED),
        (BOTH[:1], timedelta(0), State.PROPOSED),
        (BOTH, timedelta(0), State.VALID),
        ([*BOTH[:1], sign(rig.PROVINCE)], timedelta(0), State.PROPOSED),
        (BOTH, timedelta(days=-1), State.PROPOSED),
        (BOTH, timedelta(days=366), State.EXPIRED),
        ([*BOTH, sign(rig.DOESBURG, Kind.REJECT)], timedelta(0), State.REJECTED),
        ([*BOTH, sign(rig.WEESP, Kind.REVOKE)], timedelta(0), State.REVOKED),
        (
            [sign(rig.WEESP, Kind.REJECT), sign(rig.DOESBURG, Kind.REVOKE)],
            timedelta(days=366),
            State.REVOKED,
        ),
        ([*BOTH, sign(rig.PROVINCE, Kind.REVOKE)], timedelta(0), State.VALID),
        ([BOTH[0], sign(rig.WEESP, until=NOW)], timedelta(0), State.PROPOSED),
        (
            [*BOTH, sign(rig.WEESP, Kind.REVOKE, until=NOW - timedelta(hours=1))],
            timedelta(0),
            State.REVOKED,
        ),
    ],
)
def test_the_state_follows_from_the_signatures(
    signatures: list[Signature], after: timedelta, state: State
) -> None:
    assert state_of(CONTRACT, signatures, NOW + after) is state


def test_missing_accepts_names_who_must_still_sign() -> None:
    assert missing_accepts(CONTRACT, BOTH[:1], NOW) == (PeerId(rig.WEESP),)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
PLACES = [
    *("iv", "group_id", "validity", "validity.not_before", "validity.not_after", "created_at"),
    *("grants", "grants.0", "grants.0.data", "hash_algorithm", "fsc_version"),
    *(f"{DATA}.{name}" for name in ("type", "outway", "service", "properties", "delegator")),
    *(f"{DATA}.service.{name}" for name in ("type", "peer_id", "name", "delegator")),
    *(f"{DATA}.outway.{name}" for name in ("peer_id", "identification")),
]


@given(st.sampled_from(PLACES), JSON, st.sampled_from(list(Profile)))
def test_no_value_at_any_place_makes_the_reader_fail(
    path: str, value: Any, profile: Profile
) -> None:
    read = read_contract(changed(path, value), profile)
    if isinstance(read, Refusal):
        assert read.status == 422
    else:
        assert read_contract(loads(read.canonical), profile) == read
