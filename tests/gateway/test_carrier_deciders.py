# SPDX-License-Identifier: EUPL-1.2
"""A contract that is revoked ends calls with the very next one, at every decider of both sides.

Each organisation runs two deciders here, each asked by an nginx of its own, so that a test knows
which of them it asks. Nobody waits, and nobody is told: the log refuses a record of an older world.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.gateway.gateway_rig import Caller, free_port
from tests.gateway.gateway_scene import ASSISTANCE
from tests.gateway.pair_rig import Pair, Side, conclude, open_side, place

from landschap.fsc.states import Kind
from landschap.gateway import store
from landschap.platform.ids import uuid7

Answer = tuple[int, dict[str, str], bytes]


@dataclass(kw_only=True)
class Doubled:
    """The doors of both organisations, each twice."""

    pair: Pair
    inways: tuple[Caller, Caller]
    outways: tuple[Caller, Caller]

    async def at_inways(self, token: str) -> list[Answer]:
        """The same token at both Inways of Weesp."""
        return [
            await asyncio.to_thread(
                each.ask,
                "/x",
                headers={"Fsc-Authorization": token, "Fsc-Transaction-Id": str(uuid7())},
            )
            for each in self.inways
        ]

    async def at_outways(self, service: str) -> list[Answer]:
        """The same question at both Outways of Doesburg."""
        told = {
            "X-Api-Key": self.pair.key,
            "Fsc-Grant-Hash": self.pair.grants[service],
            "Doelbinding": ASSISTANCE,
        }
        return [await asyncio.to_thread(each.ask, "/x", headers=told) for each in self.outways]


@pytest.fixture(scope="module")
async def doubled(whole_pair: Pair) -> AsyncIterator[Doubled]:
    async with AsyncExitStack() as stack:
        second_inway = await _second(stack, whole_pair.weesp, "inway")
        second_outway = await _second(stack, whole_pair.doesburg, "outway")
        yield Doubled(
            pair=whole_pair,
            inways=(whole_pair.inway, replace(whole_pair.inway, port=second_inway)),
            outways=(whole_pair.outway, replace(whole_pair.outway, port=second_outway)),
        )


async def _second(stack: AsyncExitStack, side: Side, door: str) -> int:
    """Another decider of this organisation, behind an nginx of its own; its port."""
    port, settings = free_port(), side.settings
    run = settings.paths.run.parent / "r2"
    run.mkdir()
    only: dict[str, Any] = {"manager": None, "inway": None, "outway": None}
    settings = replace(
        settings,
        listen=replace(settings.listen, **{**only, door: f"127.0.0.1:{port}"}),
        paths=replace(settings.paths, run=run, data=run),
    )
    second = await open_side(stack, settings, "decider-1")
    stack.push_async_callback(asyncio.to_thread, second.stop_carrier)
    await second.take_effect()
    return port


def bodies(answers: list[Answer]) -> list[bytes]:
    return [body for _, _, body in answers]


def codes(answers: list[Answer]) -> set[tuple[int, str, str]]:
    told = [(status, json.loads(body)) for status, _, body in answers]
    return {(status, body["code"], body["domain"]) for status, body in told}


async def token_for(pair: Pair, service: str) -> str:
    connection = pair.doesburg.desk.holdings.world.outgoing[pair.grants[service]]
    held = await pair.doesburg.keeper.peers.token(connection, datetime.now(UTC))
    assert held is not None
    return f"Bearer {held.token}"


async def fresh_contract(pair: Pair, service: str) -> None:
    """A new contract for the service, that every decider knows by now; revoking is for good."""
    await conclude(pair, service)
    await pair.doesburg.keeper.reload()
    await pair.doesburg.take_effect()


@pytest.mark.case("fsc:Outway-IncomingRequest-2", "S-06")
async def test_provider_that_revokes_is_asked_no_more_at_either_of_its_deciders(
    doubled: Doubled,
) -> None:
    pair = doubled.pair
    await fresh_contract(pair, "pand-open")
    token = await token_for(pair, "pand-open")
    assert [each[0] for each in await doubled.at_inways(token)] == [200, 200]
    heard = len(pair.service.heard)
    await place(pair.weesp, pair.contracts["pand-open"], pair.weesp.own, Kind.REVOKE)
    refused = await doubled.at_inways(token)
    assert codes(refused) == {(403, "ERROR_CODE_CONTRACT_NOT_VALID", "ERROR_DOMAIN_INWAY")}
    assert len(pair.service.heard) == heard


@pytest.mark.case("fsc:Outway-IncomingRequest-2", "S-06")
async def test_consumer_that_revokes_sends_no_more_from_either_of_its_deciders(
    doubled: Doubled,
) -> None:
    pair = doubled.pair
    await fresh_contract(pair, "pand-open")
    assert bodies(await doubled.at_outways("pand-open")) == [b"ok", b"ok"]
    heard = len(pair.service.heard)
    await place(pair.doesburg, pair.contracts["pand-open"], pair.doesburg.own, Kind.REVOKE)
    refused = await doubled.at_outways("pand-open")
    assert codes(refused) == {(403, "ERROR_CODE_CONTRACT_NOT_VALID", "ERROR_DOMAIN_OUTWAY")}
    assert len(pair.service.heard) == heard


async def test_first_question_under_a_new_contract_needs_no_worker(doubled: Doubled) -> None:
    """Nobody has asked for a token yet: the decider fetches it, and keeps it for the other."""
    await fresh_contract(doubled.pair, "pand-open")
    assert bodies(await doubled.at_outways("pand-open")) == [b"ok", b"ok"]
    grant = doubled.pair.grants["pand-open"]
    kept = await doubled.pair.doesburg.administrator.fetchval(
        "SELECT count(*) FROM fsc.token WHERE grant_hash = $1 AND token <> ''", grant
    )
    assert kept == 1


@pytest.mark.case("S-51")
async def test_service_that_is_withdrawn_is_refused_at_either_decider_at_once(
    doubled: Doubled,
) -> None:
    pair = doubled.pair
    await fresh_contract(pair, "pand-open")
    token = await token_for(pair, "pand-open")
    assert [each[0] for each in await doubled.at_inways(token)] == [200, 200]
    every = await store.services(pair.weesp.pools.gateway)
    kept = [each for each in every if each.name != "pand-open"]
    await store.apply_services(pair.weesp.pools.gateway, kept, datetime.now(UTC), prune=True)
    refused = await doubled.at_inways(token)
    await store.apply_services(pair.weesp.pools.gateway, every, datetime.now(UTC))
    assert codes(refused) == {(404, "ERROR_CODE_SERVICE_NOT_FOUND", "ERROR_DOMAIN_INWAY")}


@pytest.mark.case("S-06")
async def test_application_that_is_revoked_is_refused_at_either_decider_at_once(
    doubled: Doubled,
) -> None:
    pair = doubled.pair
    await fresh_contract(pair, "pand-open")
    assert bodies(await doubled.at_outways("pand-open")) == [b"ok", b"ok"]
    gateway = pair.doesburg.pools.gateway
    assert await store.revoke_application(gateway, "zaaksysteem", datetime.now(UTC))
    refused = await doubled.at_outways("pand-open")
    assert {status for status, _, _ in refused} == {401}
    assert {json.loads(body)["code"] for _, _, body in refused} == {"application_unknown"}
