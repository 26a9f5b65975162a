# SPDX-License-Identifier: EUPL-1.2
"""The access log of a real nginx, followed: outcomes, refused tokens, events, and nothing lost."""

from __future__ import annotations

import asyncio
import http.client
import json
import signal
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from tests.gateway.gateway_rig import Anchor, Caller, client_context, http_answer
from tests.gateway.pair_rig import Pair, Side

from landschap.gateway import store
from landschap.gateway.access import Counted
from landschap.gateway.worker import AccessDeps, read_once, sweep
from landschap.logboek.records import Kind, Record
from landschap.logboek.store import LogWriter
from landschap.platform.rotation import Rotation

OPEN: dict[str, Any] = {"target": "/x", "service": "pand-open", "method": "GET"}
NOW = timedelta(0)


@asynccontextmanager
async def follower(side: Side, folder: Path | None = None) -> AsyncIterator[AccessDeps]:
    """The follower of one organisation, as its worker process has it."""
    assert side.carrier
    writer = LogWriter(side.settings, "worker")
    await writer.start()
    yield AccessDeps(
        folder=folder or Path(side.carrier.plan.logs),
        gateway=side.pools.gateway,
        fsc=side.pools.fsc,
        logboek=side.log_pool,
        writer=writer,
        controller=side.own.peer_id.value,
    )
    await writer.close()


async def read_all(deps: AccessDeps) -> None:
    await asyncio.sleep(1.2)  # nginx writes by the second
    while await read_once(deps):
        pass


async def outcomes(side: Side, transaction_id: str) -> list[dict[str, Any]]:
    """The lines that say how it ended, with the intent they belong to checked."""
    records = await side.records(transaction_id)
    (intent,) = [each for each in records if each.columns.kind == Kind.FSC]
    lines = [each for each in records if each.columns.kind == Kind.LINE]
    return [_told(line, intent) for line in lines]


def _told(line: Record, intent: Record) -> dict[str, Any]:
    content: dict[str, Any] = line.content()
    assert content["ldv"]["parent_span_id"] == intent.columns.span_id.hex()
    assert line.columns.trace_id == intent.columns.trace_id
    assert line.columns.subject is None
    return {**content["landschap"], **content["ldv"]["attributes"]}


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (http_answer(200, body=b"x" * 1000), "delivered"),
        (http_answer(404), "nothing_found"),
        (http_answer(403), "refused"),
        (http_answer(500), "failed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\nhalf", "partial"),
    ],
)
async def test_outcome_of_an_intent_comes_from_the_access_log(
    pair: Pair, answer: bytes, outcome: str
) -> None:
    pair.service.answer_with(answer)
    closing = outcome == "partial"
    if closing:
        asyncio.get_running_loop().call_later(0.5, pair.service.hang_up)
        with pytest.raises((OSError, http.client.HTTPException)):
            await pair.ask(**OPEN)
        transaction = pair.service.heard[0].headers["fsc-transaction-id"]
    else:
        transaction = (await pair.ask(**OPEN))[1]["fsc-transaction-id"]
    assert await outcomes(pair.weesp, transaction) == []
    async with follower(pair.weesp) as deps:
        await read_all(deps)
    (told,) = await outcomes(pair.weesp, transaction)
    assert told["outcome"] == outcome
    if outcome == "delivered":
        assert told["answer_status"] == 200
        assert told["answer_bytes"] > 1000
        assert told["peer_oin"] == pair.doesburg.own.peer_id.value


async def test_service_that_writes_lines_itself_gets_none_from_the_door(pair: Pair) -> None:
    transaction = (await pair.ask())[1]["fsc-transaction-id"]
    async with follower(pair.weesp) as deps:
        await read_all(deps)
    assert await outcomes(pair.weesp, transaction) == []


async def test_a_line_counts_once_also_when_the_reader_dies_before_it_says_so(pair: Pair) -> None:
    transaction = (await pair.ask(**OPEN))[1]["fsc-transaction-id"]
    async with follower(pair.weesp) as deps:
        await read_all(deps)
    # What a crash after the log and before the position leaves behind.
    await pair.weesp.administrator.execute("DELETE FROM gateway.access_file")
    async with follower(pair.weesp) as deps:
        await read_all(deps)
        await read_all(deps)
    assert len(await outcomes(pair.weesp, transaction)) == 1


async def test_rotation_under_load_loses_and_doubles_nothing(pair: Pair) -> None:
    carrier = pair.weesp.carrier
    assert carrier
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(8))
    rotation = Rotation(folder=Path(carrier.plan.logs), largest_bytes=1, keep=timedelta(days=1))
    before = await _answers(pair)
    transactions: list[str] = []
    async with follower(pair.weesp) as deps:
        for _ in range(4):
            answers = await asyncio.gather(*(pair.ask(**OPEN) for _ in range(15)))
            transactions += [headers["fsc-transaction-id"] for _, headers, _ in answers]
            await asyncio.sleep(0.3)
            rotation.rotate(datetime.now(UTC))
            carrier.process.send_signal(signal.SIGUSR1)
            await read_once(deps)
        await read_all(deps)
    assert len(list(Path(carrier.plan.logs).glob("access-*Z.json"))) >= 2
    assert await _answers(pair) - before == 60
    for each in transactions:
        assert len(await outcomes(pair.weesp, each)) == 1


async def _answers(pair: Pair) -> int:
    totals = await store.access_totals(pair.weesp.pools.gateway)
    found = totals.get(Counted("inway", "own-pand-open", 200))
    return found.answers if found else 0


async def test_what_was_never_heard_is_closed_and_a_late_word_corrects_it(
    pair: Pair, tmp_path: Path
) -> None:
    transaction = (await pair.ask(**OPEN))[1]["fsc-transaction-id"]
    async with follower(pair.weesp, tmp_path) as deaf:
        assert await sweep(deaf, datetime.now(UTC)) == 0  # still within its time
        await read_all(deaf)
        later = datetime.now(UTC) + timedelta(seconds=1)
        assert await sweep(deaf, later, patience=NOW) == 1
        assert await sweep(deaf, later, patience=NOW) == 0
    (unknown,) = await outcomes(pair.weesp, transaction)
    assert (unknown["outcome"], unknown["exception.type"]) == ("failed", "LostOutcome")
    async with follower(pair.weesp) as deps:
        await read_all(deps)
    _, heard = await outcomes(pair.weesp, transaction)
    assert heard["outcome"] == "delivered"
    lines = [
        each for each in await pair.weesp.records(transaction) if each.columns.kind == Kind.LINE
    ]
    assert heard["correction_of"] == str(lines[0].record_id)


async def test_refused_token_is_replaced_when_the_access_log_shows_it(pair: Pair) -> None:
    """House decision 20: the carrier does not try again; the next question has a new token."""
    await pair.ask()
    pair.service.heard.clear()
    # The right claims, and a signature that is not ours: only the Inway can see it.
    await pair.doesburg.administrator.execute(
        "UPDATE fsc.token SET token = regexp_replace(token, '[^.]*$', repeat('A', 86))"
        " WHERE grant_hash = $1",
        pair.grants["uitkeringen"],
    )
    await pair.doesburg.keeper.read_tokens()
    status, headers, body = await pair.ask()
    assert (status, json.loads(body)["code"]) == (401, "ERROR_CODE_ACCESS_TOKEN_INVALID")
    assert headers["fsc-error-code"] == "ERROR_CODE_ACCESS_TOKEN_INVALID"
    assert not pair.service.heard
    async with follower(pair.doesburg) as deps:
        await read_all(deps)
    assert (await pair.ask())[0] == 200


async def test_old_refusal_does_not_cost_a_newer_token(pair: Pair) -> None:
    from landschap.fsc.store import token_rows

    await pair.ask()
    grant, long_ago = pair.grants["uitkeringen"], datetime.now(UTC) - timedelta(hours=1)
    async with pair.doesburg.pools.fsc.acquire() as connection:
        now = datetime.now(UTC)
        assert not await token_rows.drop_refused_token(connection, grant, long_ago, now)


@pytest.mark.case("S-45")
async def test_refused_certificates_and_rates_become_security_events(
    pair: Pair, group_anchor: Anchor, stranger_anchor: Anchor
) -> None:
    """House decision 31."""
    leaf = stranger_anchor.leaf("events", "00000099000000009000", "Vreemd", "x.test")
    port = pair.inway.port
    since = datetime.now(UTC) - timedelta(minutes=2)
    for tls in (client_context(group_anchor), client_context(group_anchor, leaf)):
        caller = Caller("127.0.0.1", port, tls)
        assert (await asyncio.to_thread(caller.ask))[0] == 400
    carrier = pair.weesp.carrier
    assert carrier
    plan = carrier.plan
    assert plan.inway
    slow = replace(plan, inway=replace(plan.inway, peer_requests_per_second=1, peer_burst=1))
    await asyncio.to_thread(carrier.reload, slow)
    statuses = [(await pair.knock("/", "GET"))[0] for _ in range(5)]
    await asyncio.to_thread(carrier.reload, plan)
    async with follower(pair.weesp) as deps:
        await read_all(deps)
    found = await store.security_events(pair.weesp.pools.gateway, since)
    told = {(each.kind, each.reason.partition(":")[0], bool(each.serial)) for each in found}
    assert told == {
        ("certificate_refused", "NONE", False),
        ("certificate_refused", "FAILED", False),
        ("rate_limited", "", True),
    }
    limited = sum(each.times for each in found if each.kind == "rate_limited")
    assert limited == statuses.count(429) >= 2


async def test_transaction_id_that_comes_twice_has_two_outcomes(pair: Pair) -> None:
    from landschap.platform.ids import uuid7

    given = str(uuid7())
    for answer in (http_answer(200), http_answer(500)):
        pair.service.answer_with(answer)
        await pair.ask(**OPEN, Fsc_Transaction_Id=given)
    async with follower(pair.weesp) as deps:
        await read_all(deps)
    records = await pair.weesp.records(str(UUID(given)))
    intents = {e.columns.span_id.hex() for e in records if e.columns.kind == Kind.FSC}
    lines: list[dict[str, Any]] = [e.content() for e in records if e.columns.kind == Kind.LINE]
    assert len(intents) == 2
    assert {line["ldv"]["parent_span_id"] for line in lines} == intents
    assert {line["landschap"]["outcome"] for line in lines} == {"delivered", "failed"}
