# SPDX-License-Identifier: EUPL-1.2
"""An Inway that runs: who is let in, what the service gets, and what is recorded before it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from tests.fsc import fsc_rig as rig
from tests.fsc.manager_rig import Answer
from tests.fsc_running.listening import BODY
from tests.fsc_running.organisations import Organisation
from tests.fsc_running.peers import Peer
from tests.fsc_running.places import ASKER, DOESBURG, LENDER, PROVINCE, STRANGER, WEESP
from tests.fsc_running.scene import DELEGATED, PLAIN, Scene, agreements
from yarl import URL

from landschap.fsc import jws
from landschap.fsc.states import Kind
from landschap.fsc.tokens import BEARER
from landschap.platform import postgres
from landschap.platform.ids import uuid7


@asynccontextmanager
async def unwritable(organisation: Organisation) -> AsyncIterator[None]:
    """The owner takes the right to write the log away; it comes back afterwards."""
    administrator = await postgres.administrator(organisation.settings)
    await administrator.execute("REVOKE INSERT ON logboek.record FROM landschap_logboek")
    try:
        yield
    finally:
        await administrator.execute("GRANT INSERT ON logboek.record TO landschap_logboek")
        await administrator.close()


async def knock(scene: Scene, peer: Peer, token: str, **headers: str) -> Answer:
    """A question at Weesp's Inway itself, with a transaction id unless another one is given."""
    told = {"Fsc-Transaction-Id": str(uuid7())} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    if token:
        told["Fsc-Authorization"] = f"{BEARER}{token}"
    given = {name: value for name, value in told.items() if value}
    return await peer.client.ask("GET", f"{scene['weesp'].inway}/panden/1", headers=given)


async def granted(
    scene: Scene, peer_id: str = ASKER, *others: Peer, **changes: Any
) -> tuple[Peer, str]:
    """A peer with a token for Weesp's service."""
    peer, manager = scene.peer(peer_id), scene["weesp"].manager
    tree = scene.asking(peer, **changes)
    assert (await peer.submit(manager, tree)).status == 201
    for each in others:
        assert (await each.place(manager, tree, Kind.ACCEPT)).status == 201
    return peer, await peer.token(manager, rig.contract(tree).grants[0].hash.value)


def refused(answer: Answer) -> tuple[int, str]:
    """Status and code of a refusal by the Inway, the same in header and body."""
    assert answer.json["domain"] == "ERROR_DOMAIN_INWAY"
    assert answer.headers["Fsc-Error-Code"] == answer.json["code"]
    return answer.status, str(answer.json["code"])


@pytest.mark.case("fsc:Inway-Incoming-Request-1")
async def test_a_request_with_a_valid_token_is_passed_on(scene: Scene) -> None:
    peer, token = await granted(scene)
    answer = await knock(scene, peer, token)
    assert (answer.status, answer.body) == (200, BODY)
    (arrived,) = scene.service.heard
    assert (arrived.method, arrived.path) == ("GET", "/panden/1")


@pytest.mark.case("fsc:Inway-Incoming-Request-2")
async def test_without_a_token_it_is_refused(scene: Scene) -> None:
    answer = await knock(scene, scene.peer(ASKER), "")
    assert refused(answer) == (401, "ERROR_CODE_ACCESS_TOKEN_MISSING")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert not scene.service.heard


@pytest.mark.case("fsc:Inway-Incoming-Request-3")
async def test_a_token_of_another_certificate_is_refused(scene: Scene) -> None:
    peer, token = await granted(scene)
    for other in (scene.peer(STRANGER), scene.new_peer(ASKER, key=peer.own.key)):
        answer = await knock(scene, other, token)
        assert refused(answer) == (401, "ERROR_CODE_ACCESS_TOKEN_INVALID")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert not scene.service.heard


@pytest.mark.case("fsc:Inway-Incoming-Request-4")
async def test_a_certificate_of_another_anchor_reaches_no_service(scene: Scene) -> None:
    _, token = await granted(scene)
    foreign = scene.new_peer(ASKER, authority=rig.Authority(name="Vreemd anker"))
    answer = await knock(scene, foreign, token)
    assert answer.status == 400
    assert not scene.service.heard


@pytest.mark.case("fsc:Inway-Incoming-Request-5")
async def test_the_service_receives_the_token(scene: Scene) -> None:
    peer, token = await granted(scene)
    assert (await knock(scene, peer, token)).status == 200
    assert scene.service.heard[0].headers["Fsc-Authorization"] == f"{BEARER}{token}"


@pytest.mark.case("fsc:Inway-Incoming-Request-6")
async def test_an_expired_token_is_refused(scene: Scene) -> None:
    peer, token = scene.peer(ASKER), scene.early_token
    expires = datetime.fromtimestamp(int(str(jws.parse(token).payload["exp"])), UTC)
    left = expires - datetime.now(UTC) + timedelta(seconds=1)
    await asyncio.sleep(max(0.0, left.total_seconds()))
    answer = await knock(scene, peer, token)
    assert refused(answer) == (401, "ERROR_CODE_ACCESS_TOKEN_EXPIRED")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert not scene.service.heard


@pytest.mark.case("fsc:Inway-TransactionLog-1")
async def test_the_record_is_there_before_the_service_is_asked(scene: Scene) -> None:
    peer, token = await granted(scene)
    seen: list[dict[str, Any]] = []

    async def look(request: web.Request) -> None:
        transaction = request.headers["Fsc-Transaction-Id"]
        seen.extend(await peer.records(scene["weesp"].manager, transaction))

    scene.service.look = look
    transaction = str(uuid7())
    answer = await knock(scene, peer, token, Fsc_Transaction_Id=transaction)
    assert answer.status == 200
    (record,) = seen
    assert record["transaction_id"] == transaction
    assert record["direction"] == "DIRECTION_INCOMING"
    assert record["source"] == {"type": "SOURCE_TYPE_SOURCE", "outway_peer_id": ASKER}
    assert record["destination"] == {
        "type": "DESTINATION_TYPE_DESTINATION",
        "service_peer_id": WEESP,
    }


@pytest.mark.case("fsc:Inway-TransactionLog-2")
async def test_the_service_receives_the_transaction_id(scene: Scene) -> None:
    peer, token = await granted(scene)
    transaction = str(uuid7())
    assert (await knock(scene, peer, token, Fsc_Transaction_Id=transaction)).status == 200
    assert scene.service.heard[0].headers["Fsc-Transaction-Id"] == transaction


@pytest.mark.case("fsc:Inway-TransactionLog-3")
async def test_without_a_transaction_id_it_is_refused(scene: Scene) -> None:
    peer, token = await granted(scene)
    answer = await knock(scene, peer, token, Fsc_Transaction_Id="")
    assert refused(answer) == (400, "MISSING_LOG_RECORD_ID")
    assert not scene.service.heard


@pytest.mark.case("fsc:Inway-TransactionLog-4")
async def test_the_record_names_for_whom_was_asked(scene: Scene) -> None:
    lender = scene.peer(LENDER)
    properties = agreements("connection")
    peer, token = await granted(scene, ASKER, lender, delegator=LENDER, properties=properties)
    transaction = str(uuid7())
    assert (await knock(scene, peer, token, Fsc_Transaction_Id=transaction)).status == 200
    for each in (peer, lender):
        (record,) = await each.records(scene["weesp"].manager, transaction)
        assert record["source"] == {
            "type": "SOURCE_TYPE_DELEGATED_SOURCE",
            "outway_peer_id": ASKER,
            "delegator_peer_id": LENDER,
        }


@pytest.mark.case("fsc:Inway-TransactionLog-5")
async def test_the_record_names_for_whom_is_offered(scene: Scene) -> None:
    doesburg = scene.as_peer("doesburg")
    token = await doesburg.token(scene["weesp"].manager, scene.grants["by-another"])
    transaction = str(uuid7())
    assert (await knock(scene, doesburg, token, Fsc_Transaction_Id=transaction)).status == 200
    (record,) = await scene.as_peer("proefland").records(scene["weesp"].manager, transaction)
    assert record["service_name"] == DELEGATED
    assert record["source"]["outway_peer_id"] == DOESBURG
    assert record["destination"] == {
        "type": "DESTINATION_TYPE_DELEGATED_DESTINATION",
        "service_peer_id": WEESP,
        "delegator_peer_id": PROVINCE,
    }


@pytest.mark.case("fsc:Inway-TransactionLog-6")
async def test_with_a_broken_log_no_service_is_asked(scene: Scene) -> None:
    peer, token = await granted(scene)
    async with unwritable(scene["weesp"]):
        answer = await knock(scene, peer, token)
    assert refused(answer) == (500, "TRANSACTION_LOG_WRITE_ERROR")
    assert not scene.service.heard
    assert (await knock(scene, peer, token)).status == 200


@pytest.mark.case("fsc:Inway-Port-1")
async def test_the_inway_answers_on_a_port_of_the_standard(scene: Scene) -> None:
    peer, token = await granted(scene)
    address = jws.parse(token).payload["aud"]
    assert URL(str(address)).port in (443, 8443)
    assert jws.parse(token).payload["svc"] == PLAIN
    assert (await knock(scene, peer, token)).status == 200
