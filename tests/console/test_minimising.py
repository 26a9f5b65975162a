# SPDX-License-Identifier: EUPL-1.2
"""Granted against used, as who keeps the register of purposes sees it."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Browser
from tests.browsing import LOOKS, faults_at, opened
from tests.console.acts import RESIDENT
from tests.console.console_rig import BURGERZAKEN, Console

from landschap.console.pages.minimising import Counting
from landschap.console.usage import shown_of
from landschap.gateway.usage.store import Rooms, measured

HERE = "/console/verwerkingen/gebruik"
DAYS = timedelta(days=90)


@pytest.fixture
async def old(console: Console) -> None:
    """The register is in force for 200 days, and somebody looked."""
    visitor = await console.visit(purpose=BURGERZAKEN)
    assert (await visitor.get(f"{RESIDENT}/W00033")).status == 200
    owner = await console.database.administrator()
    await owner.execute("SET session_replication_role = replica")
    await owner.execute(
        "UPDATE purposes.adoption SET adopted_at = now() - interval '200 days' WHERE number = 1"
    )
    await owner.close()


async def test_an_officer_sees_what_is_granted_and_what_nobody_uses(
    console: Console, old: None
) -> None:
    visitor = await console.visit("fg")
    assert HERE in (await visitor.get("/console/verwerkingen")).text
    page = (await visitor.get(HERE)).text
    for words in (
        "Per doel, dienst en ontvanger", "eigen medewerkers", "Dit gebruikte niemand",
        "landschap purpose unused --diff", "Het logboek begint later",
    ):  # fmt: skip
        assert words in page, words
    assert re.search(r"\d+ van \d+", page)
    english = (await visitor.get(f"/en{HERE}")).text
    for words in ("Granted and used", "our own employees", "Nobody used this", "Granted since"):
        assert words in english, words


async def test_others_do_not(console: Console) -> None:
    visitor = await console.visit("burgerzaken")
    assert HERE not in (await visitor.get("/console/verwerkingen")).text
    assert (await visitor.get(HERE)).status == 403


async def test_the_page_tells_what_the_command_counts(console: Console, old: None) -> None:
    assert console.deps.usage is not None
    now = datetime.now(UTC)
    report = await measured(console.deps.usage, now - DAYS, now, DAYS, lambda _: None)
    shown = shown_of(report, ())
    looked = [row for row in shown.rows if row.use.who == "employees"]
    assert looked
    assert all(row.used == len(row.use.by_name) + len(row.use.unasked) for row in looked)
    idle = {each.policy for each in shown.idle if each.what == "policy"}
    assert idle.isdisjoint(row.use.policy.rpartition("@")[0] for row in looked)
    # Of a confidential activity nothing is told, and its policies are counted.
    secret = report.policies[0].policy
    fewer = shown_of(report, {secret.activity})
    under = [each for each in report.policies if each.policy.activity == secret.activity]
    assert fewer.hidden == len(under)
    hidden = {each.policy.id for each in under}
    assert hidden.isdisjoint(each.policy for each in fewer.idle)
    assert hidden.isdisjoint(row.use.policy.rpartition("@")[0] for row in fewer.rows)


async def test_counting_happens_once_at_a_time_and_is_kept_for_a_while(console: Console) -> None:
    assert console.deps.usage is not None
    counting, now = Counting(console.deps.usage), datetime.now(UTC)
    both = await asyncio.gather(counting.recent(now), counting.recent(now))
    assert both[0] is not None
    assert both[0] is both[1]
    assert counting.done == counting.total
    assert await counting.recent(now + timedelta(minutes=14)) is both[0]
    later = await counting.recent(now + timedelta(minutes=16))
    assert later is not None
    assert later is not both[0]


async def test_a_log_that_takes_long_or_can_not_be_read_is_told(console: Console) -> None:
    assert console.deps.usage is not None
    owner = await console.database.administrator()
    # As long as this holds the table nobody can count; the page does not wait for it.
    async with owner.transaction():
        await owner.execute("LOCK TABLE logboek.form IN ACCESS EXCLUSIVE MODE")
        counting = Counting(console.deps.usage)
        assert await counting.recent(datetime.now(UTC)) is None
        assert counting.total > counting.done
        assert not counting.failed
    for _ in range(5):
        report = await counting.recent(datetime.now(UTC))
    assert report is not None, "the same count went on"
    await owner.close()
    pool = await console.database.pool("purposes")
    wrong = Counting(Rooms(log=pool, purposes=pool, fsc=console.deps.usage.fsc))
    assert await wrong.recent(datetime.now(UTC)) is None
    assert wrong.failed, "that role may not read the log"


def test_without_a_place_to_count_there_is_no_page(console: Console) -> None:
    from landschap.console.pages.minimising import minimising_routes

    assert minimising_routes(replace(console.deps, usage=None)) == []
    assert len(minimising_routes(console.deps)) == 1


@pytest.mark.parametrize("language", ["nl", pytest.param("en", marks=pytest.mark.long)])
async def test_the_page_has_no_fault_that_a_program_can_find(
    console: Console, old: None, browser: Browser, language: str
) -> None:
    async with opened(browser) as context:
        page = await context.new_page()
        await page.goto(f"{console.address}/console")
        await page.get_by_role("link", name="Log in", exact=True).click()
        await page.get_by_role("button", name="F. Groen").click()
        await page.wait_for_url(f"{console.address}/console")
        own = "/en" if language == "en" else ""
        await page.goto(console.address + own + HERE)
        assert await faults_at(page, LOOKS, f"console-gebruik-{language}") == []
