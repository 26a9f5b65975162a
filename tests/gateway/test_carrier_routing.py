# SPDX-License-Identifier: EUPL-1.2
"""Where a question goes: by token to one of several Inways, by hash, alias or host name; and what
of it arrives: the path byte for byte, one transaction id, one trace.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest
from tests.gateway.gateway_scene import ASSISTANCE, SERVICES
from tests.gateway.pair_rig import Pair, Side, conclude, open_side, want_tokens
from tests.ports import free_port

from landschap.fsc.tokens import read_received
from landschap.gateway import store
from landschap.platform.ids import uuid7
from landschap.vocabulary.tracing import parse_traceparent

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
OPEN = {"service": "pand-open", "method": "GET"}


def code_of(answer: tuple[int, dict[str, str], bytes]) -> tuple[int, str]:
    return answer[0], json.loads(answer[2])["code"]


@pytest.mark.case("fsc:Outway-IncomingRequest-1", "fsc:Inway-Incoming-Request-1")
@pytest.mark.parametrize(
    "target", ["//a//b/../c%2Fd/./?q=a%20b", "/a/", "/a", "/?", "/%01", "/a;b=c", "/a?b=c?d&&e="]
)
async def test_path_and_query_pass_both_doors_byte_for_byte(pair: Pair, target: str) -> None:
    status, _, _ = await pair.ask(target, **OPEN)
    assert status == 200
    assert pair.service.heard[0].request_line == f"GET /basis{target} HTTP/1.1"


@pytest.mark.case("fsc:Outway-TransactionLog-2", "fsc:Inway-TransactionLog-2")
async def test_transaction_id_of_the_application_is_kept_to_the_service_and_back(
    pair: Pair,
) -> None:
    given = str(uuid7())
    status, headers, _ = await pair.ask(Fsc_Transaction_Id=given)
    assert (status, headers["fsc-transaction-id"]) == (200, given)
    assert pair.service.heard[0].headers["fsc-transaction-id"] == given
    for side in (pair.doesburg, pair.weesp):
        assert len(await side.records(given)) == 1


async def test_transaction_id_is_made_when_the_application_gives_none(pair: Pair) -> None:
    made = {UUID((await pair.ask())[1]["fsc-transaction-id"]) for _ in range(3)}
    assert {each.version for each in made} == {7}
    assert len(made) == 3


@pytest.mark.parametrize(
    "given", ["0f8fad5b-d9cb-469f-a165-70867728950e", "1", "01890a5dac96774bbcceb302099a8057"]
)
async def test_transaction_id_of_another_form_is_refused(pair: Pair, given: str) -> None:
    assert code_of(await pair.ask(Fsc_Transaction_Id=given)) == (400, "INVALID_LOG_RECORD_ID")
    assert not pair.service.heard


async def test_trace_goes_on_with_our_span_as_the_parent(pair: Pair) -> None:
    _, headers, _ = await pair.ask(traceparent=PARENT, tracestate="a=1,b=2")
    arrived = pair.service.heard[0].headers
    onward, given = parse_traceparent(arrived["traceparent"]), parse_traceparent(PARENT)
    assert onward is not None
    assert given is not None
    assert (onward.trace_id, onward.flags) == (given.trace_id, given.flags)
    assert arrived["tracestate"] == "a=1,b=2"
    (sent,) = await pair.doesburg.records(headers["fsc-transaction-id"])
    (received,) = await pair.weesp.records(headers["fsc-transaction-id"])
    assert onward.span_id == received.columns.span_id
    decision = received.content()["adl"]
    assert isinstance(decision, dict)
    assert decision["parent_span_id"] == sent.columns.span_id.hex()


async def test_trace_is_left_untouched_for_a_service_that_wants_it_so(pair: Pair) -> None:
    service = replace(SERVICES[2], upstream=f"http://{pair.service.address}")
    assert service.trace == "untouched"
    await store.apply_services(pair.weesp.pools.gateway, [service], datetime.now(UTC))
    await conclude(pair, "pand-plain")
    await want_tokens(pair)
    await pair.weesp.take_effect()
    token = await _token(pair, "pand-plain")
    odd = PARENT.replace("00-0", "cc-0", 1)
    for given in (PARENT, odd):
        told = {"traceparent": given, "tracestate": "x=1", "Doelbinding": ASSISTANCE}
        status, _, _ = await pair.knock(
            "/", "GET", Fsc_Authorization=token, Fsc_Transaction_Id=str(uuid7()), **told
        )
        assert status == 200
        arrived = pair.service.heard[-1].headers
        assert (arrived["traceparent"], arrived["tracestate"]) == (given, "x=1")


@pytest.mark.parametrize("alias", ["uitkeringen", "00000099000000001000/uitkeringen"])
async def test_alias_in_a_header_names_the_connection(pair: Pair, alias: str) -> None:
    status, _, body = await pair.ask(Fsc_Grant_Hash="", Fsc_Grant_Alias=alias)
    assert (status, body) == (200, b"data")
    assert "fsc-grant-alias" not in pair.service.heard[0].headers


async def test_name_of_our_own_is_an_alias_too(pair: Pair) -> None:
    status, _, _ = await pair.ask("/x", method="GET", Fsc_Grant_Hash="", Fsc_Grant_Alias="pand")
    assert status == 200
    assert pair.service.heard[0].request_line == "GET /basis/x HTTP/1.1"


@pytest.mark.parametrize("host", ["uitkeringen.weesp.intern", "UITKERINGEN.weesp.intern:8080"])
async def test_host_name_that_was_given_to_a_connection_names_it(pair: Pair, host: str) -> None:
    status, _, body = await _by_host(pair, host, "/v1/x?fields=uitkering.soort")
    assert (status, body) == (200, b"data")
    arrived = pair.service.heard[0]
    assert arrived.request_line == "GET /v1/x?fields=uitkering.soort HTTP/1.1"
    assert arrived.headers["host"].startswith("inway.weesp.test")


@pytest.mark.parametrize(
    ("host", "target"),
    [
        ("elders.weesp.intern", "/v1/x"),
        ("uitkeringen", "/v1/x"),  # an alias in a header, but no host name that was given
        ("127.0.0.1", "/uitkeringen/v1/x"),  # a path never names a connection
        ("127.0.0.1", "/uitkeringen.weesp.intern/v1/x"),
    ],
)
async def test_nothing_else_names_a_connection(pair: Pair, host: str, target: str) -> None:
    answer = await _by_host(pair, host, target)
    assert code_of(answer) == (400, "UNKNOWN_GRANT_HASH_IN_HEADER")
    assert not pair.service.heard


async def test_many_questions_without_a_token_fetch_one(pair: Pair) -> None:
    await pair.doesburg.administrator.execute("UPDATE fsc.token SET token = ''")
    holdings = pair.doesburg.desk.holdings
    world = msgspec.structs.replace(holdings.world, tokens={})
    pair.doesburg.desk.holdings = msgspec.structs.replace(holdings, world=world)
    assert pair.weesp.carrier
    before = _manager_lines(await asyncio.to_thread(pair.weesp.carrier.access_lines))
    # Twenty callers that wait each take a thread; the decider's look-up of a name needs one too.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(40))
    answers = await asyncio.gather(*(pair.ask() for _ in range(20)))
    assert {body for _, _, body in answers} == {b"data"}
    after = _manager_lines(await asyncio.to_thread(pair.weesp.carrier.access_lines))
    assert len(after) - len(before) == 1


@pytest.mark.case("fsc:Outway-IncomingRequest-1")
async def test_token_names_the_inway_and_each_inway_accepts_only_its_own(pair: Pair) -> None:
    """Last of this module: the service moves to a second Inway of the same peer."""
    first = await _token(pair, "uitkeringen")
    async with _second_inway(pair) as (second, address):
        moved = replace(await _service(pair, "uitkeringen"), inways=(address,))
        await store.apply_services(pair.weesp.pools.gateway, [moved], datetime.now(UTC))
        await pair.weesp.take_effect()
        await second.take_effect()
        token = await _token(pair, "uitkeringen")
        assert read_received(token.removeprefix("Bearer ")).audience == address
        assert (await pair.ask())[0] == 502  # not carried yet: nobody is sent elsewhere instead
        await pair.doesburg.take_effect()
        pair.service.heard.clear()
        answer = await pair.ask()
        assert (answer[0], answer[2]) == (200, b"data")
        assert pair.service.heard[0].headers["host"].startswith("inway-b.weesp.test")
        # Each token at the other Inway, and at the first the service that is gone from it.
        told = {"Fsc_Transaction_Id": str(uuid7())}
        wrong = await pair.knock("/", "GET", Fsc_Authorization=token, **told)
        assert code_of(wrong) == (401, "ERROR_CODE_ACCESS_TOKEN_INVALID")
        gone = await pair.knock("/", "GET", Fsc_Authorization=first, **told)
        assert code_of(gone) == (404, "ERROR_CODE_SERVICE_NOT_FOUND")
        assert len(pair.service.heard) == 1


def _manager_lines(lines: list[dict[str, str]]) -> list[dict[str, str]]:
    return [line for line in lines if line["door"] == "manager"]


async def _by_host(pair: Pair, host: str, target: str) -> tuple[int, dict[str, str], bytes]:
    head = f"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
    told = f"X-Api-Key: {pair.key}\r\nDoelbinding: {ASSISTANCE}\r\n\r\n"
    return await asyncio.to_thread(pair.outway.raw, f"{head}{told}".encode())


async def _token(pair: Pair, service: str) -> str:
    world = pair.doesburg.desk.holdings.world
    grant = pair.grants[service]
    while grant not in world.outgoing:
        await pair.doesburg.keeper.reload()
        world = pair.doesburg.desk.holdings.world
    held = await pair.doesburg.keeper.peers.token(world.outgoing[grant], datetime.now(UTC))
    assert held is not None
    return f"Bearer {held.token}"


async def _service(pair: Pair, name: str) -> Any:
    return next(
        each for each in await store.services(pair.weesp.pools.gateway) if each.name == name
    )


@asynccontextmanager
async def _second_inway(pair: Pair) -> AsyncIterator[tuple[Side, str]]:
    """Another Inway of Weesp, on another address, with a decider and an nginx of its own."""
    port, settings = free_port(), pair.weesp.settings
    address = f"https://inway-b.weesp.test:{port}"
    run = settings.paths.run.parent / "r2"
    run.mkdir()
    settings = replace(
        settings,
        listen=replace(settings.listen, manager=None, inway=f"127.0.0.1:{port}"),
        addresses=replace(settings.addresses, inway=address),
        paths=replace(settings.paths, run=run, data=run),
    )
    async with AsyncExitStack() as stack:
        side = await open_side(stack, settings, "decider-b-0")
        stack.push_async_callback(asyncio.to_thread, side.stop_carrier)
        yield side, address
        await store.apply_services(
            pair.weesp.pools.gateway,
            [replace(await _service(pair, "uitkeringen"), inways=())],
            datetime.now(UTC),
        )
