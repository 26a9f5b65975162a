# SPDX-License-Identifier: EUPL-1.2
"""Managers that run take contracts, refuse what breaks a rule, and show them to participants."""

from __future__ import annotations

from typing import Any

import pytest
from tests.fsc import fsc_rig as rig
from tests.fsc_running.peers import Peer
from tests.fsc_running.places import ASKER, DIRECTORY, LENDER, OWNER, STRANGER, WEESP
from tests.fsc_running.scene import Scene

from landschap.fsc import jws
from landschap.fsc.states import Kind


async def kept(peer: Peer, manager: str, tree: Any) -> bool:
    """True when the Manager lists the contract with our accept, as we sent it."""
    found = await peer.contract(manager, tree)
    return (
        found is not None
        and found["content"] == tree
        and peer.peer_id in found["signatures"][Kind.ACCEPT]
    )


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, marks=pytest.mark.case("fsc:Manager-SubmitContract-1")),
        pytest.param({"delegator": LENDER}, marks=pytest.mark.case("fsc:Manager-SubmitContract-4")),
        pytest.param(
            {"service_delegator": OWNER}, marks=pytest.mark.case("fsc:Manager-SubmitContract-5")
        ),
        pytest.param(
            {"delegator": LENDER, "service_delegator": OWNER},
            marks=pytest.mark.case("fsc:Manager-SubmitContract-6"),
        ),
    ],
)
async def test_each_kind_of_connection_is_taken(scene: Scene, changes: dict[str, str]) -> None:
    peer, manager = scene.peer(ASKER), scene["weesp"].manager
    tree = scene.asking(peer, **changes)
    answer = await peer.submit(manager, tree)
    assert (answer.status, answer.body) == (201, b"")
    assert await kept(peer, manager, tree)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, marks=pytest.mark.case("fsc:Manager-SubmitContract-2")),
        pytest.param({"delegator": OWNER}, marks=pytest.mark.case("fsc:Manager-SubmitContract-3")),
    ],
)
async def test_each_kind_of_publication_is_taken_and_signed_by_the_directory(
    scene: Scene, changes: dict[str, str]
) -> None:
    peer, manager = scene.peer(ASKER), scene["gids"].manager
    tree = rig.content(rig.publication_grant(ASKER, DIRECTORY, service="bomen", **changes))
    assert (await peer.submit(manager, tree)).status == 201
    assert await kept(peer, manager, tree)
    assert DIRECTORY in await peer.signatures(manager, tree, Kind.ACCEPT)


@pytest.mark.case("fsc:Manager-SubmitContract-7")
async def test_who_stands_in_no_grant_submits_nothing(scene: Scene) -> None:
    peer, stranger = scene.peer(ASKER), scene.peer(STRANGER)
    manager, tree = scene["weesp"].manager, scene.asking(peer)
    answer = await stranger.submit(manager, tree)
    assert (answer.status, answer.code) == (
        422,
        "ERROR_CODE_SUBMITTING_PEER_NOT_PART_OF_CONTRACT",
    )
    assert await peer.contract(manager, tree) is None


@pytest.mark.case("fsc:Manager-SubmitContract-8")
async def test_a_publication_stands_alone(scene: Scene) -> None:
    peer, manager = scene.peer(ASKER), scene["gids"].manager
    tree = rig.content(
        rig.publication_grant(ASKER, DIRECTORY, service="bomen"),
        rig.connection_grant(ASKER, DIRECTORY, "a" * 64),
    )
    # Refused before it is read whole, so our own rig can not say what its hash is.
    signature = rig.accept(peer.own, scene.asking(peer))
    answer = await peer.submit(manager, tree, signature)
    assert (answer.status, answer.code) == (422, "ERROR_CODE_GRANT_COMBINATION_NOT_ALLOWED")


@pytest.mark.case("fsc:Manager-SubmitContract-9")
async def test_a_contract_of_another_group_is_refused(scene: Scene) -> None:
    peer, manager = scene.peer(ASKER), scene["weesp"].manager
    tree = scene.asking(peer) | {"group_id": "andere-groep"}
    answer = await peer.submit(manager, tree)
    assert (answer.status, answer.code) == (422, "ERROR_CODE_INCORRECT_GROUP_ID")
    assert await peer.contract(manager, tree) is None


@pytest.mark.case("fsc:Manager-SubmitContract-10")
async def test_another_hash_algorithm_is_refused(scene: Scene) -> None:
    peer, manager = scene.peer(ASKER), scene["weesp"].manager
    tree = scene.asking(peer)
    signature = rig.accept(peer.own, tree)
    other = tree | {"hash_algorithm": "HASH_ALGORITHM_SHA2_256"}
    answer = await peer.submit(manager, other, signature)
    assert (answer.status, answer.code) == (422, "ERROR_CODE_UNKNOWN_HASH_ALGORITHM_HASH")
    payload = dict(jws.parse(signature).payload)
    payload["contract_content_hash"] = rig.contract(tree).hash.value.replace("$1$", "$2$", 1)
    signed = jws.sign(payload, peer.own.key, peer.own.certificate.thumbprint)
    answer = await peer.submit(manager, tree, signed)
    assert (answer.status, answer.code) == (422, "ERROR_CODE_UNKNOWN_HASH_ALGORITHM_HASH")
    assert await peer.contract(manager, tree) is None


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("RSA", marks=pytest.mark.case("fsc:Manager-SubmitContract-11")),
        pytest.param("P-384", marks=pytest.mark.case("fsc:Manager-SubmitContract-12")),
    ],
)
async def test_a_contract_signed_with_each_kind_of_key_is_taken(scene: Scene, kind: str) -> None:
    peer, manager = scene.new_peer(ASKER, key=rig.new_key(kind)), scene["weesp"].manager
    tree = scene.asking(peer)
    assert (await peer.submit(manager, tree)).status == 201
    assert await kept(peer, manager, tree)


@pytest.mark.case("fsc:Manager-Contracts-1")
async def test_a_valid_contract_is_shown_to_its_participant(scene: Scene) -> None:
    peer, manager = scene.peer(ASKER), scene["weesp"].manager
    tree = scene.asking(peer)
    await peer.submit(manager, tree)
    found = await peer.contract(manager, tree)
    assert found is not None
    assert set(found["signatures"][Kind.ACCEPT]) == {ASKER, WEESP}


@pytest.mark.case("fsc:Manager-Contracts-2")
async def test_a_contract_of_others_is_not_shown(scene: Scene) -> None:
    peer, stranger = scene.peer(ASKER), scene.peer(STRANGER)
    manager, tree = scene["weesp"].manager, scene.asking(peer)
    await peer.submit(manager, tree)
    assert await peer.contract(manager, tree) is not None
    assert await stranger.contract(manager, tree) is None
    whole = await stranger.get(manager, "/v1/contracts?limit=1000")
    assert whole.status == 200
    assert tree["iv"] not in whole.body.decode()
