# SPDX-License-Identifier: EUPL-1.2
"""An application asks others through its Outway, and accounts for each question in its own log."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from tests.gateway.gateway_scene import DOESBURG, WEESP
from tests.gateway.pair_rig import Pair
from tests.logboek.book_rig import Account, account_of, line

from landschap.logboek.records import Kind
from landschap.logboek.store import by_transaction
from landschap.platform.ids import new_span_id, new_trace_id

NEXT = "dpl.read.nextLogbookId"
TRANSACTION = "nl.landschap.fsc_transaction_id"


@pytest.fixture(scope="module")
async def account(whole_pair: Pair) -> AsyncIterator[Account]:
    """Doesburg's log, with the key that its application has for the Outway."""
    side = whole_pair.doesburg
    pools: dict[str, Any] = {
        "purposes": side.pools.purposes,
        "gateway": side.pools.gateway,
        "logboek": side.log_pool,
    }
    async with account_of(side.settings, pools, whole_pair.key, DOESBURG) as made:
        yield made


@pytest.mark.case("L38")
async def test_two_questions_in_one_processing_are_two_outgoing_lines(
    pair: Pair, account: Account
) -> None:
    trace = new_trace_id().hex()
    whole = line(trace_id=trace, name="Aanvraag beoordeeld")
    asked: dict[str, Any] = {
        "https://weesp.example/logboek/uitkeringen": {},
        "https://weesp.example/logboek/gebouwen": {
            "target": "/x", "service": "pand-open", "method": "GET",
        },
    }  # fmt: skip
    lines, transactions = [whole], {}
    for address, question in asked.items():
        span = new_span_id().hex()
        status, headers, _ = await pair.ask(
            **question, traceparent=f"00-{trace}-{span}-01", tracestate="a=1"
        )
        assert status == 200
        transactions[address] = headers["fsc-transaction-id"]
        told = {NEXT: address, TRANSACTION: headers["fsc-transaction-id"]}
        lines.append(
            line(trace_id=trace, span_id=span, parent_span_id=whole["span_id"], attributes=told)
        )
    assert len(set(transactions.values())) == 2
    answer = await account.deliver(*lines)
    assert answer.status_code == 201, answer.text
    records = await account.kept(trace)
    kept: list[Any] = [each.content() for each in records if each.columns.kind == Kind.LINE]
    outgoing = [each for each in kept if each["landschap"]["direction"] == "outgoing"]
    assert {each["ldv"]["attributes"][NEXT]: each["landschap"]["fsc_transaction_id"]
            for each in outgoing} == transactions  # fmt: skip
    for each in outgoing:
        # With whom is known by the door, not by what the application says.
        assert each["landschap"]["peer_oin"] == WEESP
        assert each["ldv"]["trace_id"] == trace
        found = await by_transaction(
            account.book.pool, UUID(each["landschap"]["fsc_transaction_id"])
        )
        (door,) = [record for record in found if record.columns.kind == Kind.FSC]
        adl: Any = door.content()["adl"]
        assert adl["parent_span_id"] == each["ldv"]["span_id"]
    wrong = line(trace_id=trace, attributes=told | {"nl.landschap.peer_oin": DOESBURG})
    answer = await account.deliver(wrong)
    assert [each["rule"] for each in answer.json()["errors"]] == ["peer"]
    elsewhere = await account.deliver(line(attributes=told))
    assert [each["rule"] for each in elsewhere.json()["errors"]] == ["transaction_unknown"]


@pytest.mark.case("L39")
async def test_when_nobody_is_called_there_is_no_next_logbook(pair: Pair, account: Account) -> None:
    given = line()
    assert (await account.deliver(given)).status_code == 201
    (record,) = await account.kept(given["trace_id"])
    own: Any = record.content()
    assert own["landschap"]["direction"] == "own"
    assert b"nextLogbook" not in record.payload
    # The other side of a question calls nobody either.
    _, headers, _ = await pair.ask(target="/x", service="pand-open", method="GET")
    answered = await pair.weesp.records(headers["fsc-transaction-id"])
    assert answered
    assert all(b"nextLogbook" not in each.payload for each in answered)
