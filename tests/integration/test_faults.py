# SPDX-License-Identifier: EUPL-1.2
"""What happens when a source is down, slow or wrong, and when the log can not be written."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from tests.integration.small import MOMENT
from tests.integration.source_rig import (
    ALL_FIELDS,
    DATA,
    DECLARATION,
    SUZANNE,
    lines_of,
    records_of,
)
from tests.ports import free_port

from landschap.integration import api
from landschap.integration.access import RestAccess
from landschap.integration.connectors.memory import MemoryConnector
from landschap.integration.connectors.opening import client_session, read_declaration
from landschap.integration.connectors.over_http import RestDoor
from landschap.integration.connectors.rest import RestConnector
from landschap.integration.declaration import parse_declaration
from landschap.integration.model import Declaration
from landschap.integration.plan import Plan, make_plan
from landschap.integration.rows import Question, Reason, SourceFailed
from landschap.platform import postgres
from landschap.platform.ids import uuid7
from landschap.registers.client import read_extract
from landschap.registers.store import Act, Entry, write
from landschap.vocabulary.problems import Refusal

THEN = "geldigOp=2021-03-01"
BODY = {"burgerservicenummer": SUZANNE}
PAND_FIELDS = ["pand.bouwjaar", "pand.identificatie", "pand.status"]


@pytest.fixture
def without_supplier(world: Any) -> Any:
    """The supplier's system is stopped during the test."""
    world.supplier.stop()
    yield world
    world.supplier.start()


@pytest.mark.case("S-39")
async def test_with_the_supplier_down_the_rest_is_answered_and_the_gap_is_named(
    without_supplier: Any,
) -> None:
    asker = without_supplier.asker()
    answer = await asker.ask(BODY, query=THEN)
    assert answer.status_code == 200
    got = answer.json()
    assert got["ontbreekt"] == [
        {"bron": "panden", "reden": "onbereikbaar", "velden": PAND_FIELDS, "resultaten": [0]}
    ]
    assert "pand" not in got["resultaten"][0]
    assert got["resultaten"][0]["adres"]["straat"] == "Oude Papelaan"
    (line,) = await lines_of(without_supplier, asker)
    assert line["landschap"]["outcome"] == "partial"
    assert line["landschap"]["exception_type"] == "SourceUnreachable"
    assert "exception.type" not in line["ldv"]["attributes"]


async def test_who_wants_no_partial_answer_gets_none(without_supplier: Any) -> None:
    asker = without_supplier.asker()
    answer = await asker.ask(BODY, query=f"{THEN}&partial=refuse")
    assert (answer.status_code, answer.json()["code"]) == (503, "source_incomplete")
    assert [gap["bron"] for gap in answer.json()["ontbreekt"]] == ["panden"]
    assert "Oude Papelaan" not in answer.text
    (line,) = await lines_of(without_supplier, asker)
    assert (line["landschap"]["outcome"], line["ldv"]["status"]) == ("failed", "Error")


async def test_a_source_that_keeps_failing_is_left_alone_for_a_while(
    without_supplier: Any,
) -> None:
    asker = without_supplier.asker()
    reasons = []
    for _ in range(7):
        got = (await asker.ask(BODY, query=THEN)).json()
        reasons.append(got["ontbreekt"][0]["reden"])
    assert reasons == ["onbereikbaar"] * 5 + ["onderbroken"] * 2


@pytest.mark.case("L13")
async def test_a_slow_supplier_costs_its_time_budget_and_no_more(world: Any) -> None:
    world.supplier.stop()
    world.supplier.start(delay_ms=5_000)
    quick = DECLARATION.read_text().replace("timeout_ms: 800", "timeout_ms: 150")
    asker = world.asker(parse_declaration(quick, "snel.yaml"))
    begin = time.monotonic()
    answer = await asker.ask(BODY, query=THEN)
    assert time.monotonic() - begin < 4
    assert answer.json()["ontbreekt"] == [
        {"bron": "panden", "reden": "te_laat", "velden": PAND_FIELDS, "resultaten": [0]}
    ]
    refused = await asker.ask(BODY, query=f"{THEN}&partial=refuse")
    assert refused.status_code == 503
    (line,) = await lines_of(world, asker)
    assert line["ldv"]["status"] == "Error"
    assert line["ldv"]["attributes"]["exception.type"] == "SourceTimeout"
    assert "exception.message" not in line["ldv"]["attributes"]
    world.supplier.stop()
    world.supplier.start()


async def test_the_budget_of_the_whole_bounds_every_part(world: Any) -> None:
    world.supplier.stop()
    world.supplier.start(delay_ms=5_000)
    patient = DECLARATION.read_text().replace("timeout_ms: 800", "timeout_ms: 4000")
    text = patient.replace("tijdbudget_ms: 2000", "tijdbudget_ms: 200")
    begin = time.monotonic()
    answer = await world.asker(parse_declaration(text, "kort.yaml")).ask(BODY, query=THEN)
    assert time.monotonic() - begin < 4
    assert answer.json()["ontbreekt"][0]["reden"] == "te_laat"
    world.supplier.stop()
    world.supplier.start()


async def test_a_wrong_key_is_a_refusal_of_the_source_and_never_shown(world: Any) -> None:
    key = world.surroundings.secrets / "leverancier.key"
    right = key.read_text()
    key.write_text("verkeerd")
    answer = await world.asker().ask(BODY, query=THEN)
    key.write_text(right)
    assert answer.json()["ontbreekt"][0]["reden"] == "geweigerd"
    assert "verkeerd" not in answer.text


@pytest.mark.case("L15")
async def test_when_the_log_can_not_be_written_nothing_is_released(world: Any) -> None:
    owner = await world.database.administrator()
    await owner.execute("REVOKE INSERT ON logboek.record FROM landschap_logboek")
    asker = world.asker()
    answers = [
        await asker.ask(BODY, query=THEN),
        await asker.ask({"burgerservicenummer": "999990019"}, query=THEN),
        await asker.ask(BODY, query=THEN, searchable=[]),
    ]
    await owner.execute("GRANT INSERT ON logboek.record TO landschap_logboek")
    await owner.close()
    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (503, "log_unavailable")
        assert "resultaten" not in answer.json()
        assert "Oude Papelaan" not in answer.text
    assert await records_of(world, asker) == []
    assert (await asker.ask(BODY, query=THEN)).status_code == 200
    assert len(await lines_of(world, asker)) == 1


async def test_the_line_stands_in_the_log_before_the_first_byte_leaves(world: Any) -> None:
    asker = world.asker()
    await asker.ask(BODY, query=THEN)  # the answer is here, so the line must be
    assert len(await lines_of(world, asker)) == 1


async def test_a_root_that_fails_gives_no_answer_but_a_line(world: Any) -> None:
    pool = await postgres.pool(world.database.settings, "registers", size=1)
    await pool.close()
    asker = replace(world, surroundings=replace(world.surroundings, pool=pool)).asker()
    answer = await asker.ask(BODY, query=THEN)
    assert (answer.status_code, answer.json()["code"]) == (503, "source_incomplete")
    (line,) = await lines_of(world, asker)
    assert (line["landschap"]["outcome"], line["ldv"]["status"]) == ("failed", "Error")
    assert line["ldv"]["attributes"]["exception.type"] == "SourceUnreachable"


async def test_a_source_without_the_asked_axis_is_a_gap_and_not_todays_answer(world: Any) -> None:
    text = DECLARATION.read_text().replace("    klok: bron\n", "    klok: bron\n    tijd: geen\n")
    before = world.supplier.health()["asked"]
    asker = world.asker(parse_declaration(text, "zonder-tijd.yaml"))
    got = (await asker.ask(BODY, query=THEN)).json()
    assert got["ontbreekt"][0]["reden"] == "tijdreis_niet_ondersteund"
    assert world.supplier.health()["asked"] == before


async def test_a_fault_in_the_first_lock_is_stopped_by_the_second_and_counted(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def greedy(declaration: Declaration, paths: Any) -> Plan:
        del paths
        return make_plan(declaration, ALL_FIELDS)

    monkeypatch.setattr(api, "make_plan", greedy)
    answer = await world.asker().ask(BODY, query=THEN, permitted=["adres.postcode"])
    assert answer.json()["resultaten"] == [{"adres": {"postcode": "1384CA"}}]
    assert set(answer.json()["herkomst"]) == {"/0/adres/postcode"}
    stopped = world.metrics.get_sample_value(
        "landschap_integration_fields_stopped_total", {"source": "woon-en-uitkeringssituatie"}
    )
    assert stopped is not None
    assert stopped > 0


BY_ADDRESS = (
    DECLARATION.read_text()
    .replace("logische_bron: woon-en-uitkeringssituatie", "logische_bron: bewoners-van-adres")
    .replace("sleutel: burgerservicenummer", "sleutel: nummeraanduiding")
    .replace(
        "    objecttype: inwoner\n    sleutels: [burgerservicenummer]",
        "    objecttype: inwoner\n    sleutels: [nummeraanduiding]",
    )
    .replace("op: burgerservicenummer}", "op: nummeraanduiding}")
)


@pytest.mark.case("L7", "L8")
async def test_several_persons_found_are_a_parent_line_and_a_child_each(world: Any) -> None:
    home = await let_two_more_live_with_suzanne(world)
    asker = world.asker(parse_declaration(BY_ADDRESS, "bewoners.yaml"))
    answer = await asker.ask(
        {"nummeraanduiding": home}, query=f"{THEN}&fields=burgerservicenummer",
        searchable=["nummeraanduiding"],
    )  # fmt: skip
    numbers = [result["burgerservicenummer"] for result in answer.json()["resultaten"]]
    lines = await lines_of(world, asker)
    subjects = [line["ldv"]["attributes"].get("dpl.core.data_subject_id") for line in lines]
    assert sorted(numbers) == ["999990032", "999990044", SUZANNE]
    assert [subject is None for subject in subjects] == [True, False, False, False]
    assert len(set(subjects)) == 4
    assert {line["ldv"].get("parent_span_id") for line in lines[1:]} == {lines[0]["ldv"]["span_id"]}
    await asker.ask({"nummeraanduiding": "0457200000000001"}, searchable=["nummeraanduiding"])
    (nothing,) = await lines_of(world, asker)
    assert "dpl.core.data_subject_id" not in nothing["ldv"]["attributes"]
    assert nothing["landschap"]["outcome"] == "nothing_found"


@pytest.mark.case("L15")
async def test_when_it_is_unknown_whose_data_it_is_nothing_is_released(world: Any) -> None:
    text = BY_ADDRESS.replace("uit: inwoners.burger", "uit: uitkeringen.burger")
    declaration = parse_declaration(text, "bewoners.yaml")
    asker = world.asker(declaration, uitkeringen=MemoryConnector(failing=Reason.UNREACHABLE))
    answer = await asker.ask(
        {"nummeraanduiding": "0424200000017337"}, query=f"{THEN}&fields=adres",
        searchable=["nummeraanduiding"],
    )  # fmt: skip
    assert answer.status_code == 503
    assert "Oude Papelaan" not in answer.text


async def let_two_more_live_with_suzanne(world: Any) -> str:
    """Register two other residents at her address; returns the address."""
    register = world.registers.by_name["inwoners"]
    readings = read_extract(register, DATA / "inwoners.jsonl")
    numbers = [(r.draft.content or {}).get("burgerservicenummer") for r in readings]
    home = (readings[numbers.index(SUZANNE)].draft.content or {})["nummeraanduiding"]
    entries = [
        Entry(
            type=reading.type,
            object_id=reading.object_id,
            draft=replace(
                reading.draft, content={**(reading.draft.content or {}), "nummeraanduiding": home}
            ),
        )
        for reading, number in zip(readings, numbers, strict=True)
        if number in {"999990032", "999990044"}
    ]
    pool = await world.database.pool("registers")
    act = Act(register=register, transaction_id=uuid7(), entries=entries)
    done = await write(pool, act)
    assert not isinstance(done, Refusal), done
    return str(home)


Handler = Callable[[web.Request], Any]


@asynccontextmanager
async def rest_source(handler: Handler, **changes: Any) -> AsyncIterator[RestConnector]:
    """A connector to a real server that answers as the test says."""
    app = web.Application()
    app.router.add_get("/panden", handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    session = client_session({})
    source = read_declaration(DECLARATION).sources["panden"]
    assert isinstance(source.access, RestAccess)
    url = f"http://127.0.0.1:{port}/panden?identificatie={{identificatie}}"
    access = replace(source.access, url=url, **changes)
    yield RestConnector(source, access, RestDoor(session=session, secret="x"))
    await session.close()
    await runner.cleanup()


def question(*keys: str) -> Question:
    return Question(by="identificatie", keys=keys, columns=("identificatie",), moment=MOMENT)


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b'{"panden": [{"identificatie": "1"', 200, Reason.UNREADABLE),
        (b'{"panden": ["1"]}', 200, Reason.UNREADABLE),
        (b'{"panden": [{"a": 1, "a": 2}]}', 200, Reason.UNREADABLE),
        (b'{"panden": "' + b"x" * 1_000_001 + b'"}', 200, Reason.TOO_LARGE),
        (b"{}", 401, Reason.REFUSED),
        (b"{}", 500, Reason.UNREACHABLE),
        (b"{}", 302, Reason.UNREACHABLE),
    ],
)
async def test_an_answer_that_is_not_one_has_its_reason(
    body: bytes, status: int, reason: Reason
) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=body, status=status)

    async with rest_source(answer) as connector:
        with pytest.raises(SourceFailed) as caught:
            await connector.rows(question("1"))
    assert caught.value.reason is reason


async def test_keys_go_in_batches_and_no_more_at_a_time_than_declared() -> None:
    asked: list[str] = []
    busy = most = 0

    async def answer(request: web.Request) -> web.Response:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await asyncio.sleep(0.02)
        busy -= 1
        keys = request.query["identificatie"].split(",")
        asked.extend(keys)
        return web.json_response({"panden": [{"identificatie": key} for key in keys]})

    keys = [f"{number:03}" for number in range(95)]
    async with rest_source(answer, batch=10, concurrency=3) as connector:
        rows = await connector.rows(question(*keys))
    assert sorted(asked) == keys
    assert [row.id for row in rows] == keys
    assert most == 3


async def test_a_column_that_was_not_asked_for_does_not_come_in() -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.json_response({"panden": [{"identificatie": "1", "eigenaar": "geheim"}]})

    async with rest_source(answer) as connector:
        (row,) = await connector.rows(question("1"))
    assert row.values == {"identificatie": "1"}


async def test_a_key_is_data_and_never_part_of_the_address() -> None:
    seen: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request.query["identificatie"])
        return web.json_response({"panden": []})

    async with rest_source(answer) as connector:
        await connector.rows(question("1&fields=alles#/../x"))
    assert seen == ["1&fields=alles#/../x"]


async def test_a_redirect_is_not_followed_so_our_key_goes_nowhere_else() -> None:
    seen: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request.query.get("elders", "eerst"))
        return web.Response(status=302, headers={"Location": "/panden?elders=daar"})

    async with rest_source(answer) as connector:
        with pytest.raises(SourceFailed):
            await connector.rows(question("1"))
    assert seen == ["eerst"]
