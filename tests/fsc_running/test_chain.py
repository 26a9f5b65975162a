# SPDX-License-Identifier: EUPL-1.2
"""The whole chain: an application asks its Outway, and the service behind the Inway answers."""

from __future__ import annotations

import pytest
from tests.fsc_running.listening import BODY
from tests.fsc_running.places import DOESBURG, WEESP
from tests.fsc_running.scene import Scene


@pytest.mark.parametrize(
    "grant",
    [
        pytest.param("plain", marks=pytest.mark.case("fsc:Integration-ConsumeService-1")),
        pytest.param(
            "for-another",
            marks=pytest.mark.case("fsc:Integration-ConsumeServiceAsDelegatee-1"),
        ),
        pytest.param(
            "by-another", marks=pytest.mark.case("fsc:Integration-ConsumeDelegatedService-1")
        ),
        pytest.param("both", marks=pytest.mark.case("fsc:Integration-ConsumeDelegatedService-2")),
    ],
)
async def test_service_is_called_under_each_kind_of_contract(scene: Scene, grant: str) -> None:
    answer = await scene.ask(grant)
    assert (answer.status, answer.body) == (200, BODY)
    (arrived,) = scene.service.heard
    assert arrived.path == "/panden/1"


@pytest.mark.case("fsc:Integration-ConsumeService-2")
async def test_without_a_valid_contract_the_outway_refuses(scene: Scene) -> None:
    answer = await scene.ask("closed")
    assert (answer.status, answer.json["code"]) == (403, "ERROR_CODE_CONTRACT_NOT_VALID")
    assert not scene.service.heard


@pytest.mark.case("fsc:Integration-TransactionLog-1")
async def test_both_sides_hold_a_record_of_the_same_transaction(scene: Scene) -> None:
    answer = await scene.ask("plain")
    transaction = answer.headers["Fsc-Transaction-Id"]
    weesp, doesburg = scene.as_peer("weesp"), scene.as_peer("doesburg")
    (sent,) = await weesp.records(scene["doesburg"].manager, transaction)
    (received,) = await doesburg.records(scene["weesp"].manager, transaction)
    assert (sent["direction"], received["direction"]) == (
        "DIRECTION_OUTGOING",
        "DIRECTION_INCOMING",
    )
    assert sent["transaction_id"] == received["transaction_id"] == transaction
    assert sent["grant_hash"] == received["grant_hash"] == scene.grants["plain"]
    assert sent["destination"]["service_peer_id"] == WEESP
    assert received["source"]["outway_peer_id"] == DOESBURG
