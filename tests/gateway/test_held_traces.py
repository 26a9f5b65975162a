# SPDX-License-Identifier: EUPL-1.2
"""The trace that comes with a question: taken over, mended or left aside, through both doors.

A supplier behind Weesp's door stands at the end of it: what it hears and what the log holds tell.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest
from tests.gateway.gateway_rig import Anchor, Heard, Leaf
from tests.gateway.gateway_scene import ASSISTANCE, DOESBURG
from tests.gateway.hold_rig import JAN, SUZANNE, Held, answer, declared, person, running_hold
from tests.gateway.pair_rig import Pair

from landschap.logboek.records import Kind
from landschap.logboek.store import by_trace
from landschap.vocabulary.tracing import parse_traceparent

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
ONE = f"/v1/personen/{SUZANNE}"
# An official fictitious person of the BRP test set, as the two others.
THIRD = "999990032"


@pytest.fixture(scope="module")
async def whole_held(whole_pair: Pair, group_anchor: Anchor) -> AsyncIterator[Held]:
    name = "uitkeringen.leverancier.test"
    leaf: Leaf = group_anchor.leaf("supplier", "00000099000000007000", "Leverancier", name)
    async with running_hold(whole_pair, group_anchor, leaf) as held:
        await held.declare(declared(held))
        await held.permit_rows()
        yield held


@pytest.fixture
def held(whole_held: Held) -> Held:
    whole_held.supplier.heard.clear()
    whole_held.supplier.answer_with(answer(person()))
    return whole_held


async def lines(held: Held, headers: dict[str, str]) -> list[Any]:
    return [each for each in await held.records(headers) if "ldv" in each]


@pytest.mark.parametrize(
    "given",
    [
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE[:-2]}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"ff-{TRACE}-{SPAN}-01",
    ],
)
@pytest.mark.case("L3")
async def test_a_trace_that_is_none_counts_as_absent(held: Held, given: str) -> None:
    status, headers, _ = await held.ask(ONE, traceparent=given, tracestate="a=1")
    assert status == 200
    (line,) = await lines(held, headers)
    assert line["ldv"]["trace_id"] not in {TRACE, "0" * 32}
    heard = held.supplier.heard[0].headers
    assert "a=1" not in heard.get("tracestate", "")
    onward = parse_traceparent(heard["traceparent"])
    assert onward is not None
    assert onward.trace_id.hex() == line["ldv"]["trace_id"]


@pytest.mark.case("L4")
async def test_a_later_version_keeps_its_trace_and_goes_on_as_ours(held: Held) -> None:
    given = f"01-{TRACE}-{SPAN}-01-what-comes-later"
    status, headers, _ = await held.ask(ONE, traceparent=given)
    assert status == 200
    (line,) = await lines(held, headers)
    assert line["ldv"]["trace_id"] == TRACE
    sent = held.supplier.heard[0].headers["traceparent"]
    assert sent == f"00-{TRACE}-{line['ldv']['span_id']}-01"


@pytest.mark.parametrize("flags", ["00", "01", "03"])
@pytest.mark.case("L5")
async def test_the_sampled_flag_decides_nothing_and_goes_on_unchanged(
    held: Held, flags: str
) -> None:
    status, headers, _ = await held.ask(ONE, traceparent=f"00-{TRACE}-{SPAN}-{flags}")
    assert status == 200
    (line,) = await lines(held, headers)
    assert line["ldv"]["trace_id"] == TRACE
    assert held.supplier.heard[0].headers["traceparent"].endswith(f"-{flags}")


@pytest.mark.case("L37")
async def test_who_asks_is_never_taken_from_a_header(held: Held) -> None:
    pair = held.pair
    head = (
        f"GET {ONE} HTTP/1.1\r\nHost: outway\r\nConnection: close\r\n"
        f"X-Api-Key: {pair.key}\r\nFsc-Grant-Hash: {pair.grants['uitkeringen']}\r\n"
        f"Doelbinding: {ASSISTANCE}\r\ntraceparent: 00-{TRACE}-{SPAN}-01\r\n"
        "traceparent-processor: evil\r\n\r\n"
    )
    status, headers, _ = await asyncio.to_thread(pair.outway.raw, head.encode())
    assert status == 200
    (line,) = await lines(held, headers)
    attributes = line["ldv"]["attributes"]
    assert attributes["dpl.core.foreign_operation.processor"] == f"urn:nld:oin:{DOESBURG}"
    assert line["landschap"]["peer_oin"] == DOESBURG
    records = [
        *await pair.weesp.records(headers["fsc-transaction-id"]),
        *await pair.doesburg.records(headers["fsc-transaction-id"]),
    ]
    assert records
    assert all(b"evil" not in each.payload for each in records)
    (heard,) = held.supplier.heard
    assert "traceparent-processor" not in heard.headers
    # The parent is the span of who called: at our door, that of the asker's Outway.
    door = next(each for each in records if each.columns.kind == Kind.FSC)
    assert line["ldv"]["parent_span_id"] == door.columns.span_id.hex()
    assert line["ldv"]["trace_id"] == TRACE


@pytest.mark.case("L9")
async def test_persons_that_the_answer_reveals_have_lines_after_it_in_the_same_trace(
    held: Held,
) -> None:
    asked, released = threading.Event(), threading.Event()
    embedded = {"personen": [person(), person(JAN), person(THIRD)]}
    whole = answer({"_embedded": embedded, "totaal": 3, "_links": {}})

    def when_released(_heard: Heard) -> bytes:
        asked.set()
        released.wait(40)
        return whole

    held.supplier.answer_with(when_released)
    given = f"00-{'c' * 32}-{SPAN}-01"
    question = asyncio.create_task(held.ask(f"/v1/personen?bsn={SUZANNE}", traceparent=given))
    assert await asyncio.to_thread(asked.wait, 40)
    log = held.pair.weesp
    before = await by_trace(log.log_pool, bytes.fromhex("c" * 32))
    assert [each.columns.kind for each in before] == [Kind.FSC]
    moment = datetime.now(before[0].recorded_at.tzinfo)
    released.set()
    status, headers, _ = await question
    assert status == 200
    found: list[Any] = list(await log.records(headers["fsc-transaction-id"]))
    written = [each for each in found if each.columns.kind == Kind.LINE]
    parent, *children = written
    assert len(children) == 3
    assert parent.columns.subject is None
    persons = {each.content()["ldv"]["attributes"]["dpl.core.data_subject_id"] for each in children}
    assert persons == {held.pseudonym(each) for each in (SUZANNE, JAN, THIRD)}
    for each in children:
        assert each.columns.trace_id.hex() == "c" * 32
        assert each.recorded_at >= moment.replace(microsecond=moment.microsecond // 1000 * 1000)
        assert each.content()["ldv"]["parent_span_id"] == parent.columns.span_id.hex()
