# SPDX-License-Identifier: EUPL-1.2
"""The Manager takes accepts, rejects and revokes of the peer that signed them, and of no other."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from tests.fsc import fsc_rig as rig
from tests.fsc.manager_rig import (
    Group,
    Manager,
    ask,
    asking,
    place,
    stored,
    submit,
)

from landschap.fsc import jws, store
from landschap.fsc.own import OwnPeer
from landschap.fsc.states import Kind, State
from landschap.vocabulary.identifiers import PeerId

MISMATCH = "ERROR_CODE_SIGNATURE_CONTRACT_CONTENT_HASH_MISMATCH"
SIGNATURE = "ERROR_CODE_SIGNATURE_VERIFICATION_FAILED"
SUBMITTER = "ERROR_CODE_SUBMITTING_PEER_NOT_PART_OF_CONTRACT"
KINDS = [Kind.ACCEPT, Kind.REJECT, Kind.REVOKE]


def case(number: int) -> pytest.MarkDecorator:
    """The three kinds of signature, each with its case of this number."""
    names = {Kind.ACCEPT: "Accept", Kind.REJECT: "Reject", Kind.REVOKE: "Revoke"}
    return pytest.mark.parametrize(
        "kind",
        [
            pytest.param(k, marks=pytest.mark.case(f"fsc:Manager-{names[k]}Contract-{number}"))
            for k in KINDS
        ],
    )


@case(1)
async def test_a_valid_signature_is_added(weesp: Manager, doesburg: OwnPeer, kind: Kind) -> None:
    tree = asking(doesburg)
    assert (await submit(weesp, doesburg, tree)).status == 201
    assert (await place(weesp, doesburg, tree, kind)).status == 201
    assert (await stored(weesp, tree)).signature_of(PeerId(rig.DOESBURG), kind) is not None
    listed = await ask(weesp, doesburg, "GET", "/v1/contracts")
    found = next(each for each in listed.json["contracts"] if each["content"]["iv"] == tree["iv"])
    assert set(found["signatures"]) == {"accept", "reject", "revoke"}
    assert rig.DOESBURG in found["signatures"][kind]


@case(2)
async def test_a_peer_that_is_no_participant_signs_nothing(
    weesp: Manager, doesburg: OwnPeer, province: OwnPeer, kind: Kind
) -> None:
    answer = await place(weesp, province, asking(doesburg), kind)
    assert (answer.status, answer.code) == (422, SUBMITTER)


@case(3)
async def test_a_signature_that_is_no_jws_is_refused(
    weesp: Manager, doesburg: OwnPeer, kind: Kind
) -> None:
    tree = asking(doesburg)
    answer = await place(weesp, doesburg, tree, kind, signature="geen-jws")
    assert (answer.status, answer.code) == (422, SIGNATURE)
    assert await store.contract(weesp.pool, rig.contract(tree).hash.value) is None


@case(4)
async def test_a_signature_under_other_content_is_refused(
    weesp: Manager, doesburg: OwnPeer, kind: Kind
) -> None:
    other = rig.accept(doesburg, asking(doesburg), kind)
    answer = await place(weesp, doesburg, asking(doesburg), kind, signature=other)
    assert (answer.status, answer.code) == (422, MISMATCH)


@case(5)
async def test_a_signature_of_another_type_is_refused(
    weesp: Manager, doesburg: OwnPeer, kind: Kind
) -> None:
    tree = asking(doesburg)
    other = Kind.REJECT if kind is Kind.ACCEPT else Kind.ACCEPT
    answer = await place(weesp, doesburg, tree, kind, signature=rig.accept(doesburg, tree, other))
    assert (answer.status, answer.code) == (422, SIGNATURE)


@case(6)
async def test_an_address_that_names_another_contract_is_refused(
    weesp: Manager, doesburg: OwnPeer, kind: Kind
) -> None:
    other = rig.contract(asking(doesburg)).hash.value
    answer = await place(weesp, doesburg, asking(doesburg), kind, path_hash=other)
    assert (answer.status, answer.code) == (422, "ERROR_CODE_URL_PATH_CONTENT_HASH_MISMATCH")


@case(7)
async def test_another_signature_or_hash_algorithm_is_refused(
    weesp: Manager, doesburg: OwnPeer, kind: Kind
) -> None:
    tree = asking(doesburg)
    _, payload, signature = rig.accept(doesburg, tree, kind).split(".")
    head = jws._encode(
        json.dumps({"alg": "PS256", "x5t#S256": doesburg.certificate.thumbprint}).encode()
    )
    answer = await place(weesp, doesburg, tree, kind, signature=f"{head}.{payload}.{signature}")
    assert (answer.status, answer.code) == (422, "ERROR_CODE_UNKNOWN_ALGORITHM_SIGNATURE")
    path_hash = rig.contract(tree).hash.value.replace("$1$1$", "$9$1$")
    answer = await place(weesp, doesburg, tree, kind, path_hash=path_hash)
    assert (answer.status, answer.code) == (422, "ERROR_CODE_UNKNOWN_HASH_ALGORITHM_HASH")
    assert await store.contract(weesp.pool, rig.contract(tree).hash.value) is None


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("RSA", marks=pytest.mark.case("fsc:Manager-AcceptContract-8")),
        pytest.param("P-521", marks=pytest.mark.case("fsc:Manager-AcceptContract-9")),
    ],
)
async def test_an_accept_of_each_kind_of_key_is_kept(
    group: Group, weesp: Manager, kind: str
) -> None:
    peer = rig.own_peer(group.authority, rig.DOESBURG, key=rig.new_key(kind))
    tree = asking(peer)
    assert (await place(weesp, peer, tree, Kind.ACCEPT)).status == 201
    assert (await stored(weesp, tree)).signature_of(PeerId(rig.DOESBURG), Kind.ACCEPT) is not None


async def test_a_signature_of_another_participant_is_not_taken_from_this_one(
    group: Group, weesp: Manager, doesburg: OwnPeer, province: OwnPeer
) -> None:
    tree = asking(doesburg, delegator=rig.PROVINCE)
    revoke = rig.accept(doesburg, tree, Kind.REVOKE)
    assert (await place(weesp, doesburg, tree, Kind.ACCEPT)).status == 201
    for text in (revoke, rig.accept(doesburg, tree)):
        kind = Kind.REVOKE if text == revoke else Kind.ACCEPT
        answer = await place(weesp, province, tree, kind, signature=text)
        assert (answer.status, answer.code) == (422, "ERROR_CODE_PEER_ID_SIGNATURE_MISMATCH")
    assert (await stored(weesp, tree)).signature_of(PeerId(rig.DOESBURG), Kind.REVOKE) is None


async def test_a_revoke_of_one_contract_can_not_be_replayed_on_another(
    weesp: Manager, doesburg: OwnPeer
) -> None:
    first, second = asking(doesburg), asking(doesburg)
    assert (await place(weesp, doesburg, second, Kind.ACCEPT)).status == 201
    revoke = rig.accept(doesburg, first, Kind.REVOKE)
    assert (await place(weesp, doesburg, first, Kind.REVOKE, signature=revoke)).status == 201
    answer = await place(weesp, doesburg, second, Kind.REVOKE, signature=revoke)
    assert answer.code == MISMATCH
    assert (await stored(weesp, second)).state(datetime.now(UTC)) is State.PROPOSED


async def test_an_older_accept_does_not_replace_a_newer_one(
    group: Group, weesp: Manager, doesburg: OwnPeer
) -> None:
    tree = asking(doesburg)
    contract, now = rig.contract(tree), datetime.now(UTC)
    newer = doesburg.sign(contract, Kind.ACCEPT, now)
    older = doesburg.sign(contract, Kind.ACCEPT, now.replace(year=now.year - 1))
    for each in (newer, older):
        answer = await place(weesp, doesburg, tree, Kind.ACCEPT, signature=each.jws)
        assert answer.status == 201
    found = (await stored(weesp, tree)).signature_of(PeerId(rig.DOESBURG), Kind.ACCEPT)
    assert found is not None
    assert found.jws == newer.jws


async def test_a_certificate_that_is_nowhere_to_be_found_is_refused(
    group: Group, weesp: Manager, doesburg: OwnPeer
) -> None:
    # The key set of Doesburg is asked, and does not have this one.
    other = rig.own_peer(group.authority, rig.DOESBURG)
    tree = asking(doesburg)
    signature = rig.accept(other, tree)
    answer = await place(weesp, doesburg, tree, Kind.ACCEPT, signature=signature)
    assert (answer.status, answer.code) == (422, SIGNATURE)
    assert "key set" in answer.json["message"]


async def test_a_certificate_behind_an_intermediate_is_found_in_the_key_set(
    group: Group, weesp: Manager
) -> None:
    middle = rig.Authority(name="Tussen", parent=group.authority)
    manager = await group.add(
        rig.TUSSEN,
        authority=middle,
        anchors=[group.authority.certificate],
        chain=[middle.certificate],
    )
    tree = rig.content(rig.connection_grant(rig.TUSSEN, rig.WEESP, "a" * 64))
    assert (await submit(weesp, manager.own, tree)).status == 201
    (placed,) = (await stored(weesp, tree)).signatures
    assert placed.thumbprint == manager.own.certificate.thumbprint


async def test_who_can_not_be_reached_for_its_keys_may_try_again(
    group: Group, weesp: Manager
) -> None:
    peer = rig.own_peer(group.authority, rig.DOESBURG, manager_address="https://doesburg.test:9")
    tree = asking(peer)
    other = rig.own_peer(group.authority, rig.DOESBURG)
    answer = await submit(weesp, peer, tree, rig.accept(other, tree))
    assert (answer.status, answer.code) == (503, SIGNATURE)


async def test_a_manager_address_inside_our_own_network_is_not_visited(
    group: Group, weesp: Manager
) -> None:
    peer = rig.own_peer(
        group.authority, rig.DOESBURG, manager_address=f"https://127.0.0.1:{weesp.port}"
    )
    tree = asking(peer)
    other = rig.own_peer(group.authority, rig.DOESBURG)
    answer = await submit(weesp, peer, tree, rig.accept(other, tree))
    assert answer.status == 503
    assert "not at a public address" in answer.json["message"]


async def test_a_manager_address_of_another_peer_is_not_believed(
    group: Group, weesp: Manager
) -> None:
    elsewhere = group.managers[rig.PROVINCE].own.manager_address
    peer = rig.own_peer(group.authority, rig.DOESBURG, manager_address=elsewhere)
    tree = asking(peer)
    other = rig.own_peer(group.authority, rig.DOESBURG)
    answer = await submit(weesp, peer, tree, rig.accept(other, tree))
    assert answer.status == 503
    assert f"peer {rig.PROVINCE}" in answer.json["message"]
