# SPDX-License-Identifier: EUPL-1.2
"""An Outway that runs: what it sends to an Inway, what it records before, and what it refuses.

Proefland's Inway is played by the tests, so that they see what arrives there, and that nothing
does.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from tests.fsc.manager_rig import Answer
from tests.fsc_running.listening import BODY, Listener, listening
from tests.fsc_running.organisations import organisation_key
from tests.fsc_running.places import DOESBURG, FSC_PORT, PROVINCE, WEESP
from tests.fsc_running.scene import SILENT, Scene
from tests.fsc_running.test_inway import unwritable

from landschap.fsc import jws
from landschap.fsc.tokens import BEARER


@pytest.fixture
async def inway(scene: Scene) -> AsyncIterator[Listener]:
    """Proefland's Inway, which only asks for a certificate of the Group."""
    context = ssl.create_default_context(
        ssl.Purpose.CLIENT_AUTH, cafile=scene.folder / "anchor.crt"
    )
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(*organisation_key(scene["proefland"]))
    async with listening(scene.network.silent_inway, FSC_PORT, context) as listener:
        yield listener


def refused(answer: Answer) -> tuple[int, str]:
    """Status and code of a refusal by the Outway, the same in header and body."""
    assert answer.headers["Fsc-Error-Code"] == answer.json["code"]
    return answer.status, str(answer.json["code"])


@pytest.mark.case("fsc:Outway-IncomingRequest-1")
async def test_a_question_goes_to_the_inway_and_its_answer_comes_back(
    scene: Scene, inway: Listener
) -> None:
    answer = await scene.ask("silent")
    assert (answer.status, answer.body) == (200, BODY)
    (arrived,) = inway.heard
    assert (arrived.method, arrived.path) == ("GET", "/panden/1")
    token = arrived.headers["Fsc-Authorization"].removeprefix(BEARER)
    assert jws.parse(token).payload["gth"] == scene.grants["silent"]


@pytest.mark.case("fsc:Outway-IncomingRequest-2")
async def test_without_a_valid_contract_nothing_is_sent(scene: Scene, inway: Listener) -> None:
    answer = await scene.ask("closed")
    assert refused(answer) == (403, "ERROR_CODE_CONTRACT_NOT_VALID")
    assert answer.json["message"]
    assert not inway.heard
    assert not scene.service.heard


@pytest.mark.case("fsc:Outway-IncomingRequest-3")
async def test_an_inway_that_is_not_reachable_gives_502(scene: Scene) -> None:
    answer = await scene.ask("silent")
    assert refused(answer) == (502, "ERROR_CODE_INWAY_UNREACHABLE")


@pytest.mark.case("fsc:Outway-TransactionLog-1")
async def test_the_record_is_there_before_the_question_is_sent(
    scene: Scene, inway: Listener
) -> None:
    proefland = scene.as_peer("proefland")
    seen: list[dict[str, Any]] = []

    async def look(request: web.Request) -> None:
        transaction = request.headers["Fsc-Transaction-Id"]
        seen.extend(await proefland.records(scene["doesburg"].manager, transaction))

    inway.look = look
    answer = await scene.ask("silent")
    assert answer.status == 200
    (record,) = seen
    assert record["direction"] == "DIRECTION_OUTGOING"
    assert record["grant_hash"] == scene.grants["silent"]
    assert record["service_name"] == SILENT
    assert record["source"] == {"type": "SOURCE_TYPE_SOURCE", "outway_peer_id": DOESBURG}
    assert record["destination"] == {
        "type": "DESTINATION_TYPE_DESTINATION",
        "service_peer_id": PROVINCE,
    }


@pytest.mark.case("fsc:Outway-TransactionLog-2")
async def test_the_inway_receives_the_transaction_id(scene: Scene, inway: Listener) -> None:
    answer = await scene.ask("silent")
    transaction = inway.heard[0].headers["Fsc-Transaction-Id"]
    assert answer.headers["Fsc-Transaction-Id"] == transaction
    (record,) = await scene.as_peer("proefland").records(scene["doesburg"].manager, transaction)
    assert record["transaction_id"] == transaction


@pytest.mark.case("fsc:Outway-TransactionLog-3")
async def test_the_record_names_for_whom_is_asked(scene: Scene) -> None:
    answer = await scene.ask("for-another")
    assert answer.status == 200
    (record,) = await scene.as_peer("proefland").records(
        scene["doesburg"].manager, answer.headers["Fsc-Transaction-Id"]
    )
    assert record["direction"] == "DIRECTION_OUTGOING"
    assert record["source"] == {
        "type": "SOURCE_TYPE_DELEGATED_SOURCE",
        "outway_peer_id": DOESBURG,
        "delegator_peer_id": PROVINCE,
    }


@pytest.mark.case("fsc:Outway-TransactionLog-4")
async def test_the_record_names_for_whom_the_service_is_offered(scene: Scene) -> None:
    answer = await scene.ask("by-another")
    assert answer.status == 200
    (record,) = await scene.as_peer("proefland").records(
        scene["doesburg"].manager, answer.headers["Fsc-Transaction-Id"]
    )
    assert record["direction"] == "DIRECTION_OUTGOING"
    assert record["destination"] == {
        "type": "DESTINATION_TYPE_DELEGATED_DESTINATION",
        "service_peer_id": WEESP,
        "delegator_peer_id": PROVINCE,
    }


@pytest.mark.case("fsc:Outway-TransactionLog-5")
async def test_with_a_broken_log_nothing_is_sent(scene: Scene, inway: Listener) -> None:
    async with unwritable(scene["doesburg"]):
        answer = await scene.ask("silent")
    assert refused(answer) == (500, "TRANSACTION_LOG_WRITE_ERROR")
    assert not inway.heard
    assert (await scene.ask("silent")).status == 200
    assert len(inway.heard) == 1
