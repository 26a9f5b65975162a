# SPDX-License-Identifier: EUPL-1.2
"""Asking for another, and offering for another: real contracts, tokens and records.

Only services that ask no purpose take part: a declaration on behalf of another is not supported.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.gateway.gateway_rig import Anchor
from tests.gateway.gateway_scene import DOESBURG, WEESP, own_peer_of
from tests.gateway.pair_rig import DELEGATOR, Pair, conclude, publish, want_tokens

from landschap.fsc.own import OwnPeer


@pytest.fixture(scope="module")
def delegator(group_anchor: Anchor) -> OwnPeer:
    leaf = group_anchor.leaf("delegator", DELEGATOR, "Gemeente Volmacht", "volmacht.test")
    return own_peer_of(leaf, group_anchor, "https://inway.volmacht.test:8443")


async def asked_under(pair: Pair, **changes: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The transaction at both sides, of one question under a new contract."""
    await conclude(pair, "pand-open", **changes)
    await want_tokens(pair)
    status, headers, body = await pair.ask("/panden/1", "GET", service="pand-open")
    assert (status, body) == (200, b"data"), body
    told = []
    for side in (pair.doesburg, pair.weesp):
        (record,) = await side.records(headers["fsc-transaction-id"])
        fsc = record.content()["fsc"]
        assert isinstance(fsc, dict)
        told.append(fsc)
    return told[0], told[1]


@pytest.mark.case(
    "fsc:Integration-ConsumeServiceAsDelegatee-1", "fsc:Outway-TransactionLog-3",
    "fsc:Inway-TransactionLog-4",
)  # fmt: skip
async def test_delegatee_asks_and_both_records_name_for_whom(
    pair: Pair, delegator: OwnPeer
) -> None:
    for told in await asked_under(pair, delegator=DELEGATOR, signers=(delegator,)):
        assert told["source"] == {
            "type": "SOURCE_TYPE_DELEGATED_SOURCE",
            "outway_peer_id": DOESBURG,
            "delegator_peer_id": DELEGATOR,
        }
        assert told["destination"]["type"] == "DESTINATION_TYPE_DESTINATION"


@pytest.mark.case(
    "fsc:Integration-ConsumeDelegatedService-1", "fsc:Outway-TransactionLog-4",
    "fsc:Inway-TransactionLog-5",
)  # fmt: skip
async def test_service_offered_for_another_is_asked_and_both_records_name_for_whom(
    pair: Pair, delegator: OwnPeer
) -> None:
    await publish(pair, "pand-open", delegator)
    for told in await asked_under(pair, service_delegator=DELEGATOR, signers=(delegator,)):
        assert told["source"]["type"] == "SOURCE_TYPE_SOURCE"
        assert told["destination"] == {
            "type": "DESTINATION_TYPE_DELEGATED_DESTINATION",
            "service_peer_id": WEESP,
            "delegator_peer_id": DELEGATOR,
        }


@pytest.mark.case("fsc:Integration-ConsumeDelegatedService-2")
async def test_both_at_once(pair: Pair, delegator: OwnPeer) -> None:
    await publish(pair, "pand-open", delegator)
    changes = {"delegator": DELEGATOR, "service_delegator": DELEGATOR, "signers": (delegator,)}
    for told in await asked_under(pair, **changes):
        assert told["source"]["type"] == "SOURCE_TYPE_DELEGATED_SOURCE"
        assert told["destination"]["type"] == "DESTINATION_TYPE_DELEGATED_DESTINATION"
