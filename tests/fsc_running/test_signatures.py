# SPDX-License-Identifier: EUPL-1.2
"""A Manager that runs takes accepts, rejects and revokes, and refuses all that are not right."""

from __future__ import annotations

import base64
import json

import pytest
from tests.fsc import fsc_rig as rig
from tests.fsc_running.peers import Peer
from tests.fsc_running.places import ASKER, STRANGER
from tests.fsc_running.scene import Scene

from landschap.fsc.states import Kind

MISMATCH = "ERROR_CODE_SIGNATURE_CONTRACT_CONTENT_HASH_MISMATCH"
SIGNATURE = "ERROR_CODE_SIGNATURE_VERIFICATION_FAILED"
STEMS = {Kind.ACCEPT: "Accept", Kind.REJECT: "Reject", Kind.REVOKE: "Revoke"}


def case(number: int, *kinds: Kind) -> pytest.MarkDecorator:
    """The kinds of signature (all three when none is given), each with its case."""
    return pytest.mark.parametrize(
        "kind",
        [
            pytest.param(
                each, marks=pytest.mark.case(f"fsc:Manager-{STEMS[each]}Contract-{number}")
            )
            for each in kinds or Kind
        ],
    )


def unsupported(peer: Peer, text: str) -> str:
    """The same signature under a header that names an algorithm off the list."""
    _, payload, signature = text.split(".")
    header = {"alg": "PS256", "x5t#S256": peer.own.certificate.thumbprint}
    head = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    return f"{head}.{payload}.{signature}"


@case(1)
async def test_a_valid_signature_is_added(scene: Scene, kind: Kind) -> None:
    peer, manager = scene.peer(ASKER), scene["weesp"].manager
    tree = scene.asking(peer)
    if kind is not Kind.ACCEPT:
        assert (await peer.submit(manager, tree)).status == 201
    assert peer.peer_id not in await peer.signatures(manager, tree, kind)
    signature = rig.accept(peer.own, tree, kind)
    assert (await peer.place(manager, tree, kind, signature=signature)).status == 201
    assert (await peer.signatures(manager, tree, kind))[peer.peer_id] == signature


@case(2)
async def test_who_is_no_participant_signs_nothing(scene: Scene, kind: Kind) -> None:
    peer, stranger = scene.peer(ASKER), scene.peer(STRANGER)
    manager, tree = scene["weesp"].manager, scene.asking(peer)
    answer = await stranger.place(manager, tree, kind)
    assert (answer.status, answer.code) == (
        422,
        "ERROR_CODE_SUBMITTING_PEER_NOT_PART_OF_CONTRACT",
    )
    assert await peer.contract(manager, tree) is None


@case(3)
async def test_a_signature_that_is_no_jws_is_refused(scene: Scene, kind: Kind) -> None:
    peer, manager = scene.peer(ASKER), scene["weesp"].manager
    tree = scene.asking(peer)
    answer = await peer.place(manager, tree, kind, signature="geen-jws")
    assert (answer.status, answer.code) == (422, SIGNATURE)
    assert await peer.contract(manager, tree) is None


@case(4)
async def test_a_signature_under_other_content_is_refused(scene: Scene, kind: Kind) -> None:
    peer, manager = scene.peer(ASKER), scene["weesp"].manager
    tree, other = scene.asking(peer), scene.asking(peer)
    signature = rig.accept(peer.own, other, kind)
    answer = await peer.place(manager, tree, kind, signature=signature)
    assert (answer.status, answer.code) == (422, MISMATCH)
    assert await peer.contract(manager, tree) is None


@case(5)
async def test_a_signature_of_another_type_is_refused(scene: Scene, kind: Kind) -> None:
    peer, manager = scene.peer(ASKER), scene["weesp"].manager
    tree = scene.asking(peer)
    for other in (each for each in Kind if each is not kind):
        signature = rig.accept(peer.own, tree, other)
        answer = await peer.place(manager, tree, kind, signature=signature)
        assert (answer.status, answer.code) == (422, SIGNATURE)
    assert await peer.contract(manager, tree) is None


@case(6)
async def test_an_address_that_names_another_contract_is_refused(scene: Scene, kind: Kind) -> None:
    peer, manager = scene.peer(ASKER), scene["weesp"].manager
    tree = scene.asking(peer)
    other = rig.contract(scene.asking(peer)).hash.value
    answer = await peer.place(manager, tree, kind, path_hash=other)
    assert (answer.status, answer.code) == (422, "ERROR_CODE_URL_PATH_CONTENT_HASH_MISMATCH")
    assert await peer.contract(manager, tree) is None


@case(7)
async def test_an_algorithm_off_the_list_is_refused(scene: Scene, kind: Kind) -> None:
    peer, manager = scene.peer(ASKER), scene["weesp"].manager
    tree = scene.asking(peer)
    signature = unsupported(peer, rig.accept(peer.own, tree, kind))
    answer = await peer.place(manager, tree, kind, signature=signature)
    assert (answer.status, answer.code) == (422, "ERROR_CODE_UNKNOWN_ALGORITHM_SIGNATURE")
    path_hash = rig.contract(tree).hash.value.replace("$1$1$", "$9$1$")
    answer = await peer.place(manager, tree, kind, path_hash=path_hash)
    assert (answer.status, answer.code) == (422, "ERROR_CODE_UNKNOWN_HASH_ALGORITHM_HASH")
    assert await peer.contract(manager, tree) is None


@pytest.mark.parametrize(
    "key",
    [
        pytest.param("RSA", marks=pytest.mark.case("fsc:Manager-AcceptContract-8")),
        pytest.param("P-521", marks=pytest.mark.case("fsc:Manager-AcceptContract-9")),
    ],
)
async def test_an_accept_of_each_kind_of_key_is_kept(scene: Scene, key: str) -> None:
    peer, manager = scene.new_peer(ASKER, key=rig.new_key(key)), scene["weesp"].manager
    tree = scene.asking(peer)
    signature = rig.accept(peer.own, tree)
    assert (await peer.place(manager, tree, Kind.ACCEPT, signature=signature)).status == 201
    assert (await peer.signatures(manager, tree, Kind.ACCEPT))[ASKER] == signature
