# SPDX-License-Identifier: EUPL-1.2
"""A Manager that runs gives tokens for valid contracts, and for nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from tests.fsc import fsc_rig as rig
from tests.fsc.manager_rig import Answer
from tests.fsc_running.peers import Peer
from tests.fsc_running.places import ASKER, LENDER, OWNER, WEESP
from tests.fsc_running.scene import BOUND, DELEGATED, PLAIN, Scene, agreements

from landschap.fsc import jws
from landschap.fsc.states import Kind


async def agreed(scene: Scene, *others: Peer, **changes: Any) -> tuple[Peer, dict[str, Any], str]:
    """A peer with a contract that Weesp and the others accepted, and the hash of its grant."""
    peer, manager = scene.peer(ASKER), scene["weesp"].manager
    tree = scene.asking(peer, **changes)
    assert (await peer.submit(manager, tree)).status == 201
    for each in others:
        assert (await each.place(manager, tree, Kind.ACCEPT)).status == 201
    return peer, tree, rig.contract(tree).grants[0].hash.value


def refused(answer: Answer) -> tuple[int, str]:
    """Status and code of an OAuth error."""
    assert "access_token" not in answer.json
    return answer.status, str(answer.json["error"])


@pytest.mark.case("fsc:Manager-GetToken-1")
async def test_a_valid_contract_gives_a_token(scene: Scene) -> None:
    peer, _, grant_hash = await agreed(scene)
    answer = await peer.want(scene["weesp"].manager, grant_hash)
    assert answer.status == 200
    assert answer.json["token_type"] == "bearer"
    claims = jws.parse(answer.json["access_token"]).payload
    assert (claims["gth"], claims["gid"]) == (grant_hash, rig.GROUP)
    assert (claims["sub"], claims["iss"], claims["svc"]) == (ASKER, WEESP, PLAIN)
    assert claims["aud"] == scene["weesp"].inway
    assert claims["cnf"] == {"x5t#S256": peer.own.certificate.thumbprint}


@pytest.mark.case("fsc:Manager-GetToken-2")
async def test_without_a_valid_contract_there_is_no_token(scene: Scene) -> None:
    peer, _, grant_hash = await agreed(scene, delegator=LENDER)
    assert refused(await peer.want(scene["weesp"].manager, grant_hash)) == (400, "invalid_grant")
    unknown = rig.contract(scene.asking(peer)).grants[0].hash.value
    assert refused(await peer.want(scene["weesp"].manager, unknown)) == (400, "invalid_grant")


@pytest.mark.case("fsc:Manager-GetToken-3")
async def test_a_revoked_contract_gives_no_token(scene: Scene) -> None:
    peer, tree, grant_hash = await agreed(scene)
    manager = scene["weesp"].manager
    await peer.token(manager, grant_hash)
    assert (await peer.place(manager, tree, Kind.REVOKE)).status == 201
    assert refused(await peer.want(manager, grant_hash)) == (400, "invalid_grant")


@pytest.mark.case("fsc:Manager-GetToken-4")
async def test_a_scope_that_is_no_grant_hash_is_refused(scene: Scene) -> None:
    answer = await scene.peer(ASKER).want(scene["weesp"].manager, PLAIN)
    assert refused(answer) == (400, "invalid_request")


@pytest.mark.case("fsc:Manager-GetToken-5")
async def test_another_grant_type_is_refused(scene: Scene) -> None:
    peer, _, grant_hash = await agreed(scene)
    answer = await peer.want(scene["weesp"].manager, grant_hash, grant_type="password")
    assert refused(answer) == (400, "unsupported_grant_type")


@pytest.mark.case("fsc:Manager-GetToken-6")
async def test_a_delegated_connection_names_its_delegator(scene: Scene) -> None:
    peer, _, grant_hash = await agreed(
        scene, scene.peer(LENDER), delegator=LENDER, properties=agreements("connection")
    )
    claims = await peer.claims(scene["weesp"].manager, grant_hash)
    assert (claims["sub"], claims["act"]) == (ASKER, {"sub": LENDER})
    assert "pdi" not in claims


@pytest.mark.case("fsc:Manager-GetToken-7")
async def test_a_delegated_service_names_its_delegator(scene: Scene) -> None:
    doesburg = scene.as_peer("doesburg")
    claims = await doesburg.claims(scene["weesp"].manager, scene.grants["by-another"])
    assert (claims["svc"], claims["pdi"]) == (DELEGATED, scene["proefland"].own.peer_id.value)
    assert "act" not in claims


@pytest.mark.case("fsc:Manager-GetToken-8")
async def test_without_client_id_there_is_no_token(scene: Scene) -> None:
    peer, _, grant_hash = await agreed(scene)
    answer = await peer.want(scene["weesp"].manager, grant_hash, client_id=None)
    assert refused(answer) == (400, "invalid_request")


@pytest.mark.case("fsc:Manager-GetToken-9")
async def test_a_client_id_of_another_is_refused(scene: Scene) -> None:
    peer, _, grant_hash = await agreed(scene)
    answer = await peer.want(scene["weesp"].manager, grant_hash, client_id=OWNER)
    assert refused(answer) == (400, "invalid_client")


@pytest.mark.case("fsc:Manager-GetToken-10")
async def test_the_properties_of_the_grant_stand_in_the_token(scene: Scene) -> None:
    peer, _, grant_hash = await agreed(scene, properties=BOUND)
    claims = await peer.claims(scene["weesp"].manager, grant_hash)
    assert claims["prp"] == BOUND


@pytest.mark.case("fsc:Manager-GetToken-11")
async def test_a_delegated_connection_with_properties_has_both(scene: Scene) -> None:
    properties = BOUND | agreements("connection")
    peer, _, grant_hash = await agreed(
        scene, scene.peer(LENDER), delegator=LENDER, properties=properties
    )
    claims = await peer.claims(scene["weesp"].manager, grant_hash)
    assert (claims["prp"], claims["act"]) == (properties, {"sub": LENDER})
