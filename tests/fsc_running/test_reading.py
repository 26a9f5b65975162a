# SPDX-License-Identifier: EUPL-1.2
"""Managers that run tell who they are, whom they know, what is offered and what was asked."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography import x509
from tests.fsc import fsc_rig as rig
from tests.fsc_running.places import (
    ASKER,
    DIRECTORY,
    DOESBURG,
    OWNER,
    PLACES,
    PROVINCE,
    STRANGER,
    WEESP,
)
from tests.fsc_running.scene import DELEGATED, PLAIN, Scene, agreements
from yarl import URL

from landschap.fsc.jwks import find_certificate
from landschap.fsc.states import Kind

PROPERTIES: dict[str, Any] = {"kwaliteit": {"peildatum": "2026-11-01", "volledig": True}}


async def service(scene: Scene, provider: str, name: str) -> dict[str, Any]:
    """One service as the directory lists it to a peer that has nothing to do with it."""
    answer = await scene.peer(STRANGER).get(
        scene["gids"].manager, f"/v1/services?peer_id={provider}&limit=1000"
    )
    assert answer.status == 200
    (found,) = (each["data"] for each in answer.json["services"] if each["data"]["name"] == name)
    assert isinstance(found, dict)
    return found


@pytest.mark.case("fsc:Manager-Services-1")
async def test_a_published_service_is_listed(scene: Scene) -> None:
    found = await service(scene, WEESP, PLAIN)
    assert found["type"] == "SERVICE_TYPE_SERVICE"
    assert found["peer"] == {
        "id": WEESP,
        "name": PLACES["weesp"].name,
        "manager_address": scene["weesp"].manager,
    }


@pytest.mark.case("fsc:Manager-Services-2")
async def test_a_service_that_is_offered_for_another_is_listed_as_such(scene: Scene) -> None:
    found = await service(scene, WEESP, DELEGATED)
    assert found["type"] == "SERVICE_TYPE_DELEGATED_SERVICE"
    assert found["delegator"]["peer_id"] == PROVINCE


@pytest.mark.case("fsc:Manager-Services-3")
async def test_a_listing_shows_the_properties_of_the_publication(scene: Scene) -> None:
    peer = scene.peer(ASKER)
    grant = rig.publication_grant(ASKER, DIRECTORY, service="vijvers", properties=PROPERTIES)
    assert (await peer.submit(scene["gids"].manager, rig.content(grant))).status == 201
    found = await service(scene, ASKER, "vijvers")
    assert found["type"] == "SERVICE_TYPE_SERVICE"
    assert found["properties"] == PROPERTIES


@pytest.mark.case("fsc:Manager-Services-4")
async def test_a_listing_of_a_delegated_service_shows_its_properties(scene: Scene) -> None:
    peer, owner, gids = scene.peer(ASKER), scene.peer(OWNER), scene["gids"].manager
    properties = PROPERTIES | agreements("publication")
    tree = rig.content(
        rig.publication_grant(
            ASKER, DIRECTORY, service="fonteinen", delegator=OWNER, properties=properties
        )
    )
    assert (await peer.submit(gids, tree)).status == 201
    assert (await owner.place(gids, tree, Kind.ACCEPT)).status == 201
    found = await service(scene, ASKER, "fonteinen")
    assert found["type"] == "SERVICE_TYPE_DELEGATED_SERVICE"
    assert found["delegator"]["peer_id"] == OWNER
    assert found["properties"] == properties


@pytest.mark.case("fsc:Manager-PeerInfo-1")
@pytest.mark.parametrize("key", ["gids", "weesp", "doesburg", "proefland"])
async def test_a_manager_tells_who_it_is(scene: Scene, key: str) -> None:
    answer = await scene.peer(STRANGER).get(scene[key].manager, "/v1/peer")
    assert answer.status == 200
    assert answer.json["peer_id"] == PLACES[key].peer_id
    assert answer.json["peer_name"] == PLACES[key].name


@pytest.mark.case("fsc:Manager-Peers-1")
async def test_peers_that_announced_themselves_or_submitted_are_listed(scene: Scene) -> None:
    asker = scene.peer(ASKER)
    tree = rig.content(rig.publication_grant(ASKER, DIRECTORY, service="perken"))
    await asker.submit(scene["gids"].manager, tree)
    answer = await scene.peer(STRANGER).get(scene["gids"].manager, "/v1/peers?limit=1000")
    assert answer.status == 200
    listed = {each["id"]: each["manager_address"] for each in answer.json["peers"]}
    for key in ("weesp", "doesburg", "proefland"):
        assert listed[PLACES[key].peer_id] == scene[key].manager
    assert listed[ASKER] == asker.own.manager_address


@pytest.mark.case("fsc:Manager-TransactionLogRecord-1")
async def test_a_peer_reads_the_records_that_name_it_and_no_others(scene: Scene) -> None:
    weesp = scene["weesp"].manager
    asked = await scene.ask("for-another")
    transaction = asked.headers["Fsc-Transaction-Id"]
    for key in ("doesburg", "proefland"):
        (record,) = await scene.as_peer(key).records(weesp, transaction)
        assert record["source"] == {
            "type": "SOURCE_TYPE_DELEGATED_SOURCE",
            "outway_peer_id": DOESBURG,
            "delegator_peer_id": PROVINCE,
        }
        assert record["service_name"] == PLAIN
    assert await scene.peer(STRANGER).records(weesp, transaction) == []
    whole = await scene.peer(STRANGER).get(weesp, "/v1/logs?limit=1000")
    assert whole.json["records"] == []


@pytest.mark.case("fsc:Manager-Port-1")
@pytest.mark.parametrize("key", ["gids", "weesp", "doesburg", "proefland"])
async def test_a_manager_answers_on_a_port_of_the_standard(scene: Scene, key: str) -> None:
    manager = scene[key].manager
    assert URL(manager).port in (443, 8443)
    assert (await scene.peer(STRANGER).get(manager, "/v1/peer")).status == 200


@pytest.mark.case("fsc:Manager-JSONWebKeySet-1")
async def test_a_manager_shows_the_keys_it_signs_with(scene: Scene) -> None:
    answer = await scene.peer(STRANGER).get(scene["weesp"].manager, "/v1/.well-known/jwks.json")
    assert answer.status == 200
    own = scene["weesp"].own.certificate
    found = find_certificate(answer.json, own.thumbprint)
    assert found is not None
    assert found.leaf.peer_id.value == WEESP
    certificate = x509.load_pem_x509_certificate(
        scene["weesp"].settings.identity.certificate.read_bytes()
    )
    assert found.leaf.x509 == certificate
