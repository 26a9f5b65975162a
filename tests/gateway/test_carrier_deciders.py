# SPDX-License-Identifier: EUPL-1.2
"""What is said once counts at every decider: an end of a contract, a use of a declaration.

Each organisation runs two deciders here, each asked by an nginx of its own, so that a test knows
which of them it asks. Nobody waits, and nobody is told: the log refuses a record of an older world,
and one that rests on a declaration that another question used.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from tests.gateway.gateway_rig import Caller
from tests.gateway.gateway_scene import ASSISTANCE, BASIS, DOESBURG, PARKING, WEESP
from tests.gateway.pair_rig import Pair, Side, conclude, open_side, place
from tests.ports import free_port

from landschap.fsc.states import Kind
from landschap.gateway import store
from landschap.gateway.memory import Memory
from landschap.logboek.records import Kind as RecordKind
from landschap.platform.ids import new_span_id, new_trace_id, uuid7
from landschap.purposes.declaration import Claims, sign

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


@dataclass(kw_only=True)
class Declared:
    """A declaration of Doesburg, and questions at Weesp's Inways that carry it."""

    doubled: Doubled
    token: str
    purpose: str = ASSISTANCE

    def __post_init__(self) -> None:
        own, now = self.doubled.pair.doesburg.own, datetime.now(UTC)
        self.trace = new_trace_id()
        claims = Claims(
            issuer=DOESBURG,
            audience=WEESP,
            issued_at=now,
            expires_at=now + timedelta(seconds=60),
            jti=uuid7(),
            purpose=self.purpose,
            legal_bases=(BASIS,),
            action="raadplegen",
            service="uitkeringen",
            grant_hash=self.doubled.pair.grants["uitkeringen"],
            trace_id=self.trace,
        )
        self.compact = sign(claims, own.signer.key, own.signer.certificate.thumbprint)

    async def ask(self, decider: int, span: bytes) -> tuple[int, str]:
        """Ask with this span: the status and the code, which must be those in the one record."""
        transaction = str(uuid7())
        told = {
            "Fsc-Authorization": self.token,
            "Fsc-Transaction-Id": transaction,
            "Purpose-Declaration": self.compact,
            "traceparent": f"00-{self.trace.hex()}-{span.hex()}-01",
        }
        caller, target = self.doubled.inways[decider], "/v1/_zoek?fields=uitkering.soort"
        status, _, body = await asyncio.to_thread(
            caller.ask, target, method="POST", headers=told, body=b"{}"
        )
        [record] = await self.doubled.pair.weesp.records(transaction)
        code = "" if status == 200 else json.loads(body)["code"]
        answer: Any = record.content()["adl"]
        context = answer["body"]["adl.core.response"]["context"]
        assert context.get("code", "") == code
        assert record.columns.kind == (RecordKind.ADL if code else RecordKind.FSC)
        return status, code


PASSED, REPLAYED = (200, ""), (401, "declaration_replayed")


@pytest.fixture
async def token(doubled: Doubled) -> str:
    return await token_for(doubled.pair, "uitkeringen")


@pytest.mark.case("A6")
async def test_declaration_used_at_one_decider_is_refused_at_the_other_and_a_retry_is_not(
    doubled: Doubled, token: str
) -> None:
    heard = doubled.pair.service.heard
    # So many in a second that the deciders answer from memory too.
    for turn in range(24):
        first, second = turn % 2, 1 - turn % 2
        declared, span = Declared(doubled=doubled, token=token), new_span_id()
        before = len(heard)
        assert await declared.ask(first, span) == PASSED
        assert await declared.ask(second, new_span_id()) == REPLAYED
        assert await declared.ask(second, new_span_id()) == REPLAYED
        assert len(heard) == before + 1
        assert await declared.ask(second, span) == PASSED
        assert await declared.ask(first, new_span_id()) == REPLAYED
        assert len(heard) == before + 2


@pytest.mark.case("A6")
async def test_declaration_that_comes_to_both_deciders_at_once_passes_at_one_of_them(
    doubled: Doubled, token: str
) -> None:
    heard = doubled.pair.service.heard
    for _ in range(20):
        declared, before = Declared(doubled=doubled, token=token), len(heard)
        ends = await asyncio.gather(*[declared.ask(n % 2, new_span_id()) for n in range(4)])
        assert sorted(ends) == [PASSED, *[REPLAYED] * 3]
        assert len(heard) == before + 1


async def test_replay_among_questions_of_others_takes_none_of_them_along(
    doubled: Doubled, token: str
) -> None:
    used, span = Declared(doubled=doubled, token=token), new_span_id()
    assert await used.ask(0, span) == PASSED
    others = [Declared(doubled=doubled, token=token) for _ in range(12)]
    ends = await asyncio.gather(
        *[each.ask(1, new_span_id()) for each in others[:6]],
        used.ask(1, new_span_id()),
        *[each.ask(1, new_span_id()) for each in others[6:]],
    )
    assert ends == [*[PASSED] * 6, REPLAYED, *[PASSED] * 6]


async def test_declaration_of_a_question_that_was_denied_is_used_as_well(
    doubled: Doubled, token: str
) -> None:
    declared, span = Declared(doubled=doubled, token=token, purpose=PARKING), new_span_id()
    denied = await declared.ask(0, span)
    assert denied[0] == 403
    assert await declared.ask(1, new_span_id()) == REPLAYED
    assert await declared.ask(1, span) == denied


async def test_decider_that_begins_anew_knows_what_was_used(doubled: Doubled, token: str) -> None:
    declared, span = Declared(doubled=doubled, token=token), new_span_id()
    assert await declared.ask(0, span) == PASSED
    desk = doubled.pair.weesp.desk
    desk.holdings = msgspec.structs.replace(desk.holdings, memory=Memory())
    assert await declared.ask(0, new_span_id()) == REPLAYED
    assert await declared.ask(0, span) == PASSED
