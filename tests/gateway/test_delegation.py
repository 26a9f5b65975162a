# SPDX-License-Identifier: EUPL-1.2
"""Asking for another, and offering for another: real contracts, tokens, decisions and records."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.gateway.gateway_rig import Anchor
from tests.gateway.gateway_scene import DOESBURG, WEESP, own_peer_of, register
from tests.gateway.pair_rig import DELEGATOR, Pair, conclude, place, publish, want_tokens

from landschap.fsc.own import OwnPeer
from landschap.fsc.states import Kind
from landschap.logboek.records import Kind as RecordKind
from landschap.platform.keys import secret_key
from landschap.purposes.declaration import read
from landschap.purposes.model import Register
from landschap.purposes.permit import Permit, open_permit
from landschap.vocabulary.problems import Refusal


@pytest.fixture(scope="module")
def delegator(group_anchor: Anchor) -> OwnPeer:
    leaf = group_anchor.leaf("delegator", DELEGATOR, "Gemeente Volmacht", "volmacht.test")
    return own_peer_of(leaf, group_anchor, "https://inway.volmacht.test:8443")


def with_delegation(owner: str, **changes: Any) -> Register:
    """A register that permits itself what it did, and the delegator the same through another."""
    own = register(owner)
    told: dict[str, Any] = {"organisations": (DELEGATOR,), "delegable": True, "roles": ()}
    policies = tuple(dataclasses.replace(each, roles=()) for each in own.policies)
    more = tuple(
        dataclasses.replace(each, id=f"{each.id}-V", **told | changes) for each in policies
    )
    return dataclasses.replace(own, policies=(*policies, *more))


@pytest.fixture
async def both(pair: Pair) -> AsyncIterator[Pair]:
    """Both organisations, with registers that let another ask for the delegator."""
    await pair.weesp.change_register(with_delegation(WEESP))
    await pair.doesburg.change_register(with_delegation(DOESBURG))
    yield pair
    await pair.weesp.change_register(register(WEESP))


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
    both: Pair, delegator: OwnPeer
) -> None:
    for told in await asked_under(both, delegator=DELEGATOR, signers=(delegator,)):
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
    both: Pair, delegator: OwnPeer
) -> None:
    await publish(both, "pand-open", delegator)
    for told in await asked_under(both, service_delegator=DELEGATOR, signers=(delegator,)):
        assert told["source"]["type"] == "SOURCE_TYPE_SOURCE"
        assert told["destination"] == {
            "type": "DESTINATION_TYPE_DELEGATED_DESTINATION",
            "service_peer_id": WEESP,
            "delegator_peer_id": DELEGATOR,
        }


@pytest.mark.case("fsc:Integration-ConsumeDelegatedService-2")
async def test_both_at_once(both: Pair, delegator: OwnPeer) -> None:
    await publish(both, "pand-open", delegator)
    changes = {"delegator": DELEGATOR, "service_delegator": DELEGATOR, "signers": (delegator,)}
    for told in await asked_under(both, **changes):
        assert told["source"]["type"] == "SOURCE_TYPE_DELEGATED_SOURCE"
        assert told["destination"]["type"] == "DESTINATION_TYPE_DELEGATED_DESTINATION"


# With a purpose: the declaration, the decision and the Permit are about the delegator.


async def agree(pair: Pair, delegator: OwnPeer, **changes: Any) -> None:
    """A contract by which Doesburg asks for the delegator, with a token for it."""
    await conclude(pair, "uitkeringen", delegator=DELEGATOR, signers=(delegator,), **changes)
    await want_tokens(pair)


def code_of(answer: tuple[int, dict[str, str], bytes]) -> tuple[int, str]:
    return answer[0], json.loads(answer[2])["code"]


async def test_question_for_another_is_decided_recorded_and_passed_on_in_its_name(
    both: Pair, delegator: OwnPeer
) -> None:
    await agree(both, delegator)
    status, headers, body = await both.ask()
    assert (status, body) == (200, b"data"), body
    assert headers["purpose-decision"].startswith('allow; policy="POL-1-V@3"')
    permit = open_permit(
        both.service.heard[0].headers["permit"], secret_key(both.weesp.settings, "permit"),
        now=datetime.now(UTC), method="POST", target="/v1/_zoek?fields=uitkering.soort",
        service="uitkeringen",
    )  # fmt: skip
    assert isinstance(permit, Permit)
    assert (permit.peer, permit.delegator) == (DOESBURG, DELEGATOR)
    for side in (both.doesburg, both.weesp):
        (record,) = await side.records(headers["fsc-transaction-id"])
        told: Any = record.content()
        assert told["fsc"]["source"]["delegator_peer_id"] == DELEGATOR
        assert record.columns.source_delegator == DELEGATOR
        context = told["adl"]["body"]["adl.core.request"]["context"]
        assert context["delegator"] == DELEGATOR
        declaration = read(context["declaration"])
        assert not isinstance(declaration, Refusal)
        assert (declaration.claims.issuer, declaration.claims.on_behalf_of) == (
            DOESBURG, DELEGATOR,
        )  # fmt: skip


async def test_questions_in_a_row_are_decided_for_the_delegator_too(
    both: Pair, delegator: OwnPeer
) -> None:
    """What is remembered for a second is remembered with the delegator."""
    await agree(both, delegator)
    answers = [await both.ask() for _ in range(5)]
    assert {status for status, _, _ in answers} == {200}
    key = secret_key(both.weesp.settings, "permit")
    for heard in both.service.heard:
        permit = open_permit(
            heard.headers["permit"], key, now=datetime.now(UTC), method="POST",
            target="/v1/_zoek?fields=uitkering.soort", service="uitkeringen",
        )  # fmt: skip
        assert isinstance(permit, Permit)
        assert permit.delegator == DELEGATOR


async def test_own_question_under_an_own_contract_is_decided_as_itself(
    both: Pair, delegator: OwnPeer
) -> None:
    await agree(both, delegator)
    await conclude(both, "uitkeringen")
    await want_tokens(both)
    status, headers, _ = await both.ask()
    assert status == 200
    assert headers["purpose-decision"].startswith('allow; policy="POL-1@3"')
    (record,) = await both.weesp.records(headers["fsc-transaction-id"])
    assert record.columns.source_delegator is None


async def test_alias_with_the_delegator_picks_the_contract_in_its_name(
    both: Pair, delegator: OwnPeer
) -> None:
    await agree(both, delegator)
    held = both.grants["uitkeringen"]
    alias = {"Fsc_Grant_Hash": "", "Fsc_Grant_Alias": f"uitkeringen@{DELEGATOR}"}
    # Earlier tests left contracts for the same delegator; only this one may stay.
    for grant in await outgoing(both):
        if grant.grant_hash.value != held and grant.delegator_peer_id is not None:
            await revoke(both, grant.grant_hash.value, delegator)
    status, headers, body = await both.ask(**alias)
    assert status == 200, body
    (record,) = await both.doesburg.records(headers["fsc-transaction-id"])
    told: Any = record.content()
    assert told["fsc"]["grant_hash"] == held
    assert code_of(await both.ask(**alias | {"Fsc_Grant_Alias": "uitkeringen@elders"})) == (
        400, "UNKNOWN_GRANT_HASH_IN_HEADER",
    )  # fmt: skip


async def outgoing(pair: Pair) -> list[Any]:
    from landschap.fsc import store as fsc_store

    return await fsc_store.connection_grants(pair.doesburg.pools.fsc, datetime.now(UTC))


async def revoke(pair: Pair, grant_hash: str, delegator: OwnPeer) -> None:
    """The delegator takes back a contract, and both hear of it."""
    from landschap.fsc import store as fsc_store
    from landschap.vocabulary.identifiers import GrantHash

    for side in (pair.weesp, pair.doesburg):
        stored = await fsc_store.contract_of_grant(side.pools.fsc, GrantHash(grant_hash))
        assert stored is not None
        await place(side, stored.contract, delegator, Kind.REVOKE)


async def test_policy_that_no_longer_lets_another_ask_ends_the_very_next_question(
    both: Pair, delegator: OwnPeer
) -> None:
    await agree(both, delegator)
    assert (await both.ask())[0] == 200
    await both.weesp.change_register(with_delegation(WEESP, delegable=False, version=4))
    assert code_of(await both.ask()) == (403, "delegation_not_allowed")
    assert len(both.service.heard) == 1


async def test_delegator_that_revokes_ends_the_very_next_question(
    both: Pair, delegator: OwnPeer
) -> None:
    await agree(both, delegator)
    assert (await both.ask())[0] == 200
    await revoke(both, both.grants["uitkeringen"], delegator)
    assert code_of(await both.ask())[0] == 403
    assert len(both.service.heard) == 1


async def test_agreement_that_ended_stops_the_question_at_our_own_outway_and_at_the_manager(
    both: Pair, delegator: OwnPeer
) -> None:
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    await agree(both, delegator, agreed_until=yesterday)
    status, headers, body = await both.ask()
    told = json.loads(body)
    assert (status, told["code"]) == (403, "delegation_agreement_ended")
    assert DELEGATOR in told["owner"]
    (record,) = await both.doesburg.records(headers["fsc-transaction-id"])
    assert record.columns.kind == RecordKind.ADL
    assert not both.service.heard
