# SPDX-License-Identifier: EUPL-1.2
"""Both doors with everything real between them: databases, nginx, deciders, tokens, contracts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.gateway.gateway_rig import Heard, http_answer
from tests.gateway.gateway_scene import (
    ASSISTANCE,
    DOESBURG,
    FIELD_SET,
    PARKING,
    WEESP,
    headers_of,
    register,
)
from tests.gateway.pair_rig import Pair, Side, place
from tests.typing_commands import typed

from landschap.fsc.states import Kind
from landschap.fsc.tokens import BEARER
from landschap.gateway import store
from landschap.gateway.api.desk import Desk, Sources
from landschap.gateway.asked import Asked
from landschap.logboek.records import Kind as RecordKind
from landschap.platform.ids import uuid7
from landschap.platform.keys import secret_key
from landschap.purposes.model import Register
from landschap.purposes.permit import Permit, open_permit
from landschap.purposes.rows import RowCondition
from landschap.purposes.store import current_snapshot


def code_of(answer: tuple[int, dict[str, str], bytes]) -> tuple[int, str]:
    return answer[0], json.loads(answer[2])["code"]


@pytest.mark.case(
    "fsc:Outway-IncomingRequest-1", "fsc:Integration-ConsumeService-1",
    "fsc:Inway-Incoming-Request-1", "fsc:Inway-Incoming-Request-5",
)  # fmt: skip
async def test_question_goes_through_both_doors_and_its_answer_comes_back(pair: Pair) -> None:
    status, headers, body = await pair.ask()
    assert (status, body) == (200, b"data")
    arrived = pair.service.heard[0]
    assert arrived.body == b'{"burgerservicenummer": "999993653"}'
    assert arrived.headers["fsc-authorization"].startswith(BEARER)
    assert arrived.headers["fsc-transaction-id"] == headers["fsc-transaction-id"]
    assert headers["purpose-decision"].startswith('allow; policy="POL-1@3"')


async def test_service_can_open_the_permit_for_this_question(pair: Pair) -> None:
    await pair.ask()
    permit = permit_of(pair, "/v1/_zoek?fields=uitkering.soort")
    assert (permit.peer, permit.fields) == (DOESBURG, ("uitkering.soort",))


@pytest.mark.case("fsc:Integration-TransactionLog-1", "fsc:Outway-TransactionLog-2")
async def test_both_logs_hold_one_record_with_the_same_transaction_and_trace(pair: Pair) -> None:
    _, headers, _ = await pair.ask()
    transaction = headers["fsc-transaction-id"]
    (sent,) = await pair.doesburg.records(transaction)
    (received,) = await pair.weesp.records(transaction)
    assert sent.columns.kind == received.columns.kind == RecordKind.FSC
    assert sent.columns.trace_id == received.columns.trace_id
    assert (sent.columns.peer, received.columns.peer) == (WEESP, DOESBURG)
    decision = received.content()["adl"]
    assert isinstance(decision, dict)
    assert decision["parent_span_id"] == sent.columns.span_id.hex()


@pytest.mark.case("fsc:Inway-TransactionLog-1", "fsc:Outway-TransactionLog-1", "S-25")
async def test_records_are_there_before_the_service_is_asked(pair: Pair) -> None:
    loop = asyncio.get_running_loop()
    seen: list[int] = []

    def look(heard: Heard) -> bytes:
        transaction = heard.headers["fsc-transaction-id"]
        for side in (pair.doesburg, pair.weesp):
            found = asyncio.run_coroutine_threadsafe(side.records(transaction), loop).result(5)
            seen.append(len(found))
        return http_answer(200)

    pair.service.answer_with(look)
    assert (await pair.ask())[0] == 200
    assert seen == [1, 1]


@asynccontextmanager
async def unwritable(side: Side) -> AsyncIterator[None]:
    """The owner takes the right to write away; it comes back afterwards."""
    await side.administrator.execute("REVOKE INSERT ON logboek.record FROM landschap_logboek")
    try:
        yield
    finally:
        await side.administrator.execute("GRANT INSERT ON logboek.record TO landschap_logboek")


@pytest.mark.case("fsc:Inway-TransactionLog-6", "S-25", "S-24", "A59")
async def test_inway_with_a_broken_log_asks_no_service(pair: Pair) -> None:
    async with unwritable(pair.weesp):
        answer = await pair.ask()
    assert code_of(answer) == (500, "TRANSACTION_LOG_WRITE_ERROR")
    assert json.loads(answer[2])["domain"] == "ERROR_DOMAIN_INWAY"
    assert not pair.service.heard
    assert (await pair.ask())[0] == 200


@pytest.mark.case("fsc:Outway-TransactionLog-5", "S-25", "A59")
async def test_outway_with_a_broken_log_sends_nothing(pair: Pair) -> None:
    asked = len(pair.weesp.carrier.access_lines()) if pair.weesp.carrier else 0
    async with unwritable(pair.doesburg):
        answer = await pair.ask()
    assert code_of(answer) == (500, "TRANSACTION_LOG_WRITE_ERROR")
    assert json.loads(answer[2])["domain"] == "ERROR_DOMAIN_OUTWAY"
    assert pair.weesp.carrier
    assert len(pair.weesp.carrier.access_lines()) == asked
    assert not pair.service.heard


@pytest.mark.case("A2", "S-04")
async def test_refusal_is_recorded_too_and_no_service_asked(pair: Pair) -> None:
    status, headers, body = await pair.ask(Doelbinding=PARKING)
    assert (status, json.loads(body)["code"]) == (403, "contract_purpose")
    (record,) = await pair.doesburg.records(headers["fsc-transaction-id"])
    assert record.columns.kind == RecordKind.ADL
    assert not pair.service.heard


@pytest.mark.case("S-06", "S-51")
async def test_policy_that_the_provider_withdraws_ends_the_very_next_question(pair: Pair) -> None:
    """No restart, no waiting for a notice: the record of an older world is refused."""
    assert (await pair.ask())[0] == 200
    await pair.weesp.change_register(register(WEESP, policies=()))
    refused = await pair.ask()
    assert code_of(refused) == (403, "policy_none")
    await pair.weesp.change_register(register(WEESP))
    assert (await pair.ask())[0] == 200


@pytest.mark.case("S-34")
async def test_each_side_has_finer_rules_of_its_own_that_the_other_knows_nothing_of(
    pair: Pair,
) -> None:
    """Rows and fields at the provider, roles at the asker: neither touches the other's register."""
    both = "/v1/_zoek?fields=uitkering.soort,uitkering.norm"
    there, here = register(WEESP), await registered(pair.doesburg)
    narrow = replace(FIELD_SET, id="smal", fields=("bsn", "uitkering.soort"))
    own_rows = (RowCondition(path="uitkering.soort", op="in", values=("bijstand", "ioaw")),)
    assert (await pair.ask(both))[0] == 200
    assert permit_of(pair, both).rows == ()

    finer = replace(there.policies[0], id="POL-FIJN", field_set=narrow.key, rows=own_rows)
    await pair.weesp.change_register(
        replace(
            there,
            field_sets=(*there.field_sets, narrow),
            policies=(finer, *there.policies[1:]),
        )
    )
    refused = await pair.ask(both)
    assert code_of(refused) == (403, "fields_excess")
    assert json.loads(refused[2])["allowed_fields"] == ["uitkering.soort"]
    one = "/v1/_zoek?fields=uitkering.soort"
    pair.service.heard.clear()
    assert (await pair.ask(one))[0] == 200
    found = permit_of(pair, one)
    assert (found.fields, found.rows) == (("uitkering.soort",), own_rows)
    # Doesburg changed nothing for it, and no rule of Weesp stands in its register.
    assert await registered(pair.doesburg) == here
    await pair.weesp.change_register(there)
    weesp = await registered(pair.weesp)

    by_role = tuple(
        replace(each, id=f"{each.id}-ROL", roles=("consulent",)) for each in here.policies
    )
    await pair.doesburg.change_register(replace(here, policies=by_role))
    pair.service.heard.clear()
    refused = await pair.ask(one)
    assert code_of(refused) == (403, "role_not_allowed")
    assert not pair.service.heard
    assert await registered(pair.weesp) == weesp
    await pair.doesburg.change_register(here)
    assert (await pair.ask(one))[0] == 200


async def registered(side: Side) -> Register:
    snapshot, _ = await current_snapshot(side.pools.purposes)
    return snapshot.register


def permit_of(pair: Pair, target: str) -> Permit:
    """What the service behind Weesp's Inway may do, as it opens it."""
    permit = open_permit(
        pair.service.heard[0].headers["permit"],
        secret_key(pair.weesp.settings, "permit"),
        now=datetime.now(UTC),
        method="POST",
        target=target,
        service="uitkeringen",
    )
    assert isinstance(permit, Permit)
    return permit


async def test_application_that_is_revoked_can_not_ask_again(pair: Pair) -> None:
    pool = pair.doesburg.pools.gateway
    key = await store.add_application(pool, "balie", datetime.now(UTC))
    assert (await pair.ask(X_Api_Key=key))[0] == 200
    assert await store.revoke_application(pool, "balie", datetime.now(UTC))
    assert code_of(await pair.ask(X_Api_Key=key)) == (401, "application_unknown")


async def test_service_of_another_name_is_reached_with_its_base_path(pair: Pair) -> None:
    token = await token_for(pair, "pand-open")
    status, _, body = await pair.knock(
        "/panden//1?x=%20", "GET", Fsc_Authorization=token, Fsc_Transaction_Id=str(uuid7())
    )
    assert (status, body) == (200, b"data")
    assert pair.service.heard[0].request_line == "GET /basis/panden//1?x=%20 HTTP/1.1"
    assert "permit" not in pair.service.heard[0].headers


async def token_for(pair: Pair, service: str) -> str:
    world = pair.doesburg.desk.holdings.world
    held = await pair.doesburg.keeper.peers.token(
        world.outgoing[pair.grants[service]], datetime.now(UTC)
    )
    assert held is not None
    return f"{BEARER}{held.token}"


@pytest.mark.case("fsc:Inway-Incoming-Request-2", "S-04")
async def test_inway_refuses_without_token_over_the_wire(pair: Pair) -> None:
    status, headers, body = await pair.knock("/", "GET")
    assert (status, json.loads(body)["code"]) == (401, "ERROR_CODE_ACCESS_TOKEN_MISSING")
    assert headers["www-authenticate"] == "Bearer"
    assert headers["fsc-error-code"] == "ERROR_CODE_ACCESS_TOKEN_MISSING"
    assert headers["content-type"] == "application/json"


@pytest.mark.case("A2", "S-30")
async def test_inway_refuses_token_without_declaration_over_the_wire(pair: Pair) -> None:
    token = await token_for(pair, "uitkeringen")
    status, headers, body = await pair.knock(
        "/v1/x", "GET", Fsc_Authorization=token, Fsc_Transaction_Id=str(uuid7())
    )
    told = json.loads(body)
    assert (status, told["code"]) == (401, "declaration_missing")
    assert headers["content-type"] == "application/problem+json"
    assert headers["www-authenticate"] == "Purpose"
    assert told["missing"]
    assert told["owner"]


async def test_log_refuses_what_may_not_stand_in_it_and_the_question_with_it(pair: Pair) -> None:
    """A person's number in a header that is recorded: refused, and it is recorded nowhere."""
    status, headers, body = await pair.ask(Zaak="999993653")
    assert (status, json.loads(body)["code"]) == (400, "request_invalid")
    (record,) = await pair.doesburg.records(headers["fsc-transaction-id"])
    assert record.columns.kind == RecordKind.ADL
    assert b"999993653" not in record.payload
    assert not pair.service.heard


@pytest.mark.case("A57")
async def test_accident_while_deciding_is_a_refusal_that_says_so(pair: Pair) -> None:
    """A world that can not be walked stands for any accident."""
    desk = pair.weesp.desk
    kept = desk.holdings
    import msgspec

    broken = msgspec.structs.replace(kept.world, services=None, epoch=kept.world.epoch)
    desk.holdings = msgspec.structs.replace(kept, world=broken)
    try:
        answer = await pair.ask()
    finally:
        desk.holdings = kept
    assert code_of(answer) == (500, "internal_error")
    assert not pair.service.heard
    recorded = await pair.weesp.records(answer[1]["fsc-transaction-id"])
    decision = recorded[-1].content()["adl"]
    assert isinstance(decision, dict)
    assert decision["status"] == "Error"


async def test_accident_while_fetching_is_a_refusal_too(pair: Pair) -> None:
    import msgspec

    async def fails(*_: object) -> bool:
        raise RuntimeError

    desk = pair.doesburg.desk
    world = msgspec.structs.replace(desk.holdings.world, tokens={})
    holdings = msgspec.structs.replace(desk.holdings, world=world)
    other = Desk(holdings, desk._log, Sources(fails, fails, fails))  # type: ignore[arg-type]  # all fail
    headers = {
        "x-landschap-door": "outway",
        "x-api-key": pair.key,
        "fsc-grant-hash": pair.grants["uitkeringen"],
        "doelbinding": ASSISTANCE,
    }
    answered: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
    other.ask(Asked("GET", "/v1/x", headers), answered.set_result)
    told = headers_of(await asyncio.wait_for(answered, 5))
    assert json.loads(told["x-fsc-body"])["code"] == "ERROR_CODE_TOKEN_UNAVAILABLE"


async def test_fifty_questions_at_once_are_each_answered_with_their_own(pair: Pair) -> None:
    pair.service.answer_with(
        lambda heard: http_answer(200, body=heard.headers["fsc-transaction-id"].encode())
    )
    answers = await asyncio.gather(*(pair.ask() for _ in range(50)))
    assert {status for status, _, _ in answers} == {200}
    assert all(headers["fsc-transaction-id"].encode() == body for _, headers, body in answers)
    assert len({body for _, _, body in answers}) == 50


async def test_figures_count_the_verdicts_for_who_reaches_the_socket(pair: Pair) -> None:
    from tests.gateway.gateway_rig import ask_unix

    from landschap.platform.sockets import decide_socket

    await pair.ask()
    status, _, body = await asyncio.to_thread(
        ask_unix, decide_socket(pair.weesp.settings), "/metrics"
    )
    assert status == 200
    assert b'door="inway",code="permitted"' in body
    assert (await pair.knock("/metrics", "GET"))[0] == 401


@pytest.mark.case("fsc:Outway-IncomingRequest-3")
async def test_inway_that_stops_gives_502_and_its_return_is_noticed(pair: Pair) -> None:
    assert pair.weesp.carrier
    pair.weesp.carrier.stop()
    status, headers, body = await pair.ask()
    assert (status, json.loads(body)["code"]) == (502, "ERROR_CODE_INWAY_UNREACHABLE")
    assert headers["fsc-transaction-id"]
    pair.weesp.carrier = None
    await pair.weesp.take_effect()
    assert (await pair.ask())[0] == 200


@pytest.mark.case("fsc:Outway-IncomingRequest-2", "fsc:Integration-ConsumeService-2")
async def test_revoked_contract_stops_the_very_next_question_at_both_doors(pair: Pair) -> None:
    """Last of this module: a revocation is for good."""
    contract = pair.contracts["uitkeringen"]
    assert (await pair.ask())[0] == 200
    await place(pair.weesp, contract, pair.weesp.own, Kind.REVOKE)
    refused = await pair.ask()
    assert code_of(refused) == (403, "ERROR_CODE_CONTRACT_NOT_VALID")
    assert json.loads(refused[2])["domain"] == "ERROR_DOMAIN_INWAY"
    await place(pair.doesburg, contract, pair.weesp.own, Kind.REVOKE)
    refused = await pair.ask()
    assert json.loads(refused[2])["domain"] == "ERROR_DOMAIN_OUTWAY"
    assert len(pair.service.heard) == 1


@pytest.mark.case("A55")
async def test_whatever_both_doors_decided_comes_out_the_same_when_taken_again(pair: Pair) -> None:
    """After all of this module, with its changes of register and contract."""
    for fields in ("uitkering.soort", "uitkering.soort,adres.straat", "schoenmaat"):
        await pair.ask(f"/v1/_zoek?fields={fields}")
    for side, least in ((pair.weesp, 1), (pair.doesburg, 3)):
        settings = side.settings
        words = ("purpose", "replay", "--from", "2026-01-01", "--today", "--json")
        done = await typed(settings.path, settings.postgres.dsn, *words)
        told = done.json
        assert (told["differs"], told["impossible"]) == (0, 0), told
        assert told["identical"] >= least
        assert done.code == 0
        assert "Replaying" in done.err
