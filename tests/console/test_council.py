# SPDX-License-Identifier: EUPL-1.2
"""Quarterly reports and terms in the console: asked for, made by the worker, read, taken along."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from pypdf import PdfReader
from tests.console.console_rig import Console
from tests.console.test_emergency import take
from tests.console.test_overview import refused
from tests.portal.visiting import Visitor

from landschap.console.council.figures import quarters_until
from landschap.console.council.store.gathering import Sources, gather
from landschap.console.council.store.incidents import note_incident
from landschap.console.council.store.kept import keep, newest_order, order
from landschap.console.council.terms import Level, Matter, Waiting, by_urgency, month_after
from landschap.console.council.worker import CouncilDeps, keep_reporting
from landschap.logboek.accounts import quarter_of
from landschap.platform.ids import uuid7

HERE, TERMS = "/console/verslagen", "/console/termijnen"


async def sources_of(console: Console) -> Sources:
    """Where the worker counts, as its process has it."""
    assert console.deps.usage is not None
    settings = console.deps.settings
    return Sources(
        console=console.deps.pool,
        rooms=console.deps.usage,
        registers=console.deps.registers.pool,
        oin=settings.organisation.oin.value,
        organisation=settings.organisation.name,
    )


@pytest.fixture
async def working(console: Console) -> AsyncIterator[None]:
    """The worker's part of it, as the process has it."""
    sources = await sources_of(console)
    stop = asyncio.Event()
    deps = CouncilDeps(pool=console.deps.pool, gather=partial(gather, sources))
    task = asyncio.create_task(keep_reporting(deps, stop))
    yield
    stop.set()
    await task


async def made(visitor: Visitor, quarter: str) -> str:
    """Have a report made and wait for it; gives where it is shown."""
    form = {"token": visitor.token(await visitor.get("/console/spoor")), "kwartaal": quarter}
    assert (await visitor.post(HERE, form)).status == 303
    async with asyncio.timeout(40):
        while "Wij maken het bericht" in (page := await visitor.get(HERE)).text:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    assert f"Het bericht over {quarter} is klaar" in page.text, page.text
    found = re.search(rf'href="({HERE}/{quarter}/[0-9]+)">Lees versie', page.text)
    assert found is not None
    return found[1]


@pytest.mark.usefixtures("working")
async def test_an_officer_has_a_report_made_reads_it_and_takes_it_along(console: Console) -> None:
    (now, *_) = quarters_until(datetime.now(UTC), 1)
    log = console.deps.registers.log
    await log.append([refused("outside_hours", datetime.now(UTC)) for _ in range(13)])
    officer = await console.visit("fg")
    first = await made(officer, now)
    page = (await officer.get(first)).text
    assert re.search(r"Buiten de toegestane uren</span></th><td[^>]*>13</td>", page)
    assert 'role="img"' in page
    assert "Voorlopig: het kwartaal was nog niet om." in page
    digest = re.search(r"SHA-256 <code[^>]*>([0-9a-f]{64})", page)
    assert digest is not None
    assert "Reason" in (await officer.get(f"/en{first}")).text
    for form in ("html", "csv", "ods", "pdf"):
        content = await officer.download(f"{first}/{form}")
        if form == "pdf":
            (sheet,) = PdfReader(io.BytesIO(content)).pages
            assert digest[1] in sheet.extract_text()
        assert content == await officer.download(f"{first}/{form}"), form
    second = await made(officer, now)
    assert second != first
    assert (await officer.get(first)).text.count(digest[1]) == 1


async def test_an_officer_lets_anybody_read_a_report_of_a_whole_quarter(console: Console) -> None:
    now = datetime.now(UTC)
    whole, running = quarters_until(now, 4)[-1], quarters_until(now, 1)[0]
    officer, pool = await console.visit("fg"), console.deps.pool
    for quarter in (whole, running):
        report = await gather(await sources_of(console), quarter, now)
        made = await keep(pool, report, "fg", now)
        path = f"{HERE}/{quarter}/{made.version}"
        page = await officer.get(path)
        assert ("Maak het openbaar" in page.text) == (quarter == whole)
        token = officer.token(await officer.get("/console/spoor"))
        assert (await officer.post(path, {"token": token})).status == 303
        after = (await officer.get(path)).text
        assert ("Iedereen kan dit lezen" in after) == (quarter == whole)
        assert "Maak het openbaar" not in after


async def test_a_report_that_can_not_be_counted_is_told_as_failed(console: Console) -> None:
    async def broken(_quarter: str, _now: datetime) -> None:
        raise OSError("the database is away")

    stop = asyncio.Event()
    deps = CouncilDeps(pool=console.deps.pool, gather=broken)  # type: ignore[arg-type]
    task = asyncio.create_task(keep_reporting(deps, stop))
    quarter = quarters_until(datetime.now(UTC), 2)[1]
    assert await order(console.deps.pool, uuid7(), quarter, "fg", datetime.now(UTC))
    try:
        async with asyncio.timeout(40):
            while (found := await newest_order(console.deps.pool)) is None or found.is_open:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
    finally:
        stop.set()
        await task
    assert found.failed
    page = await (await console.visit("fg")).get(HERE)
    assert f"Het bericht over {quarter} is niet gelukt" in page.text


async def test_only_log_officers_get_at_reports_and_nothing_else_is_there(console: Console) -> None:
    other = await console.visit("burgerzaken")
    for path in (HERE, TERMS, f"{HERE}/2026-Q4/1", f"{HERE}/2026-Q4/1/pdf"):
        assert (await other.get(path)).status == 403, path
    officer = await console.visit("fg")
    for path in ("2026-Q4/99", "2026-Q5/1", "x/1", "2026-Q4/99/pdf", "2026-Q4/1/exe", "2026-Q4/0"):
        assert (await officer.get(f"{HERE}/{path}")).status == 404, path
    token = officer.token(await officer.get("/console/spoor"))
    wrong = await officer.post(HERE, {"token": token, "kwartaal": "1999-Q1"})
    assert wrong.status == 400


async def test_terms_are_shown_what_is_past_first_with_whose_turn_it_is(console: Console) -> None:
    now = datetime.now(UTC)
    words = "een lijst lag bij de printer"
    for age in (timedelta(days=40), timedelta(hours=70), timedelta(hours=1)):
        await note_incident(
            console.deps.pool, uuid7(), found_at=now - age, words=words, by="fg"
        )  # fmt: skip
    await take(await console.visit("piket"))
    officer = await console.visit("fg")
    page = (await officer.get(TERMS)).text
    assert "termijnen zijn voorbij" in page or "termijn is voorbij" in page
    assert words not in page
    rows = re.findall(r"<tr role=\"row\"><th role=\"rowheader\".*?</tr>", page, re.DOTALL)
    mine = [each for each in rows if "Datalek" in each and "Mag tot" in each]
    assert ["het college" in mine[0], "de leidinggevende" in mine[1]] == [True, True]
    assert "wie het behandelt" in mine[2]
    assert any("Noodtoegang beoordelen</a>" in each for each in rows)
    first = (await officer.get("/console/logboek")).text
    late = re.search(r'danger">([0-9]+) te laat</span>', first)
    assert late is not None
    assert int(late[1]) >= 1


def test_a_term_runs_comes_near_and_passes_and_then_is_for_somebody_higher() -> None:
    since = datetime(2026, 1, 31, 11, tzinfo=UTC)
    until = month_after(since)
    assert until == datetime(2026, 2, 28, 11, tzinfo=UTC)
    assert month_after(datetime(2026, 12, 1, tzinfo=UTC)) == datetime(2027, 1, 1, tzinfo=UTC)
    # The clock in the Netherlands stays: summer time began in between.
    assert month_after(datetime(2026, 3, 15, 11, tzinfo=UTC)).hour == 10
    one = Waiting(matter=Matter.ACCESS, since=since, until=until)
    ages = {0: Level.RUNS, 20: Level.RUNS, 22: Level.NEAR, 29: Level.PAST, 60: Level.BOARD}
    for days, level in ages.items():
        assert one.level(since + timedelta(days=days)) is level, days
    assert one.days_left(until + timedelta(minutes=1)) == -1
    assert one.days_left(until - timedelta(days=2)) == 2
    later = Waiting(matter=Matter.ACCESS, since=since, until=until + timedelta(days=1))
    assert by_urgency([later, one]) == [one, later]


async def test_what_is_told_of_a_quarter_is_what_stood_before_it(console: Console) -> None:
    sources = await sources_of(console)
    _, until = quarter_of("2019-Q1")
    report = await gather(sources, "2019-Q1", until + timedelta(days=1))
    assert (report.is_whole, report.receivers, report.refusals, report.register) == (
        True, (), (), "",
    )  # fmt: skip
    assert "chain_breaks" not in report.numbers
    assert report.numbers["verifications"] == 0
    assert (report.since, report.until) == ("2018-12-31T23:00:00Z", "2019-03-31T22:00:00Z")
