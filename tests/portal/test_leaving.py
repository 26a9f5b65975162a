# SPDX-License-Identifier: EUPL-1.2
"""Leaving at once: the session ends, and what one comes to does not tell from where."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial

import asyncpg
import pytest
from playwright.async_api import Browser, ConsoleMessage
from tests.browsing import LOOKS, faults_at, opened
from tests.portal.portal_rig import Deed, Portal
from tests.portal.test_in_a_browser import log_in
from tests.portal.visiting import Visitor
from tests.portal.visits import logged_in, served_elsewhere

pytestmark = pytest.mark.long


@pytest.mark.parametrize("language", ["", "/en"])
async def test_where_one_comes_tells_nothing_of_where_one_was(
    portal: Portal, language: str
) -> None:
    visitor = await logged_in(portal)
    page = await visitor.get(f"{language}/contact")
    assert page.status == 200
    assert f"<title>Contact - {portal.deps.settings.organisation.name}</title>" in page.text
    for word in ("uw gegevens", "Mijn", "My data", "log", "Log", "Suzanne", "Snel weg", "script"):
        assert word not in re.sub(r'(?:class|href|content)="[^"]*"', "", page.text), word
    assert "14 0294" in page.text


async def test_leaving_works_twice_and_without_a_session_and_never_by_a_link(
    portal: Portal,
) -> None:
    visitor = Visitor(portal=portal.address)
    for _ in range(2):
        assert (await visitor.post("/snel-weg", {"token": "oud"})).status == 303
    assert (await visitor.get("/snel-weg")).status == 405


async def test_one_is_away_also_when_the_session_can_not_be_ended(portal: Portal) -> None:
    class Away:
        async def execute(self, *_: object) -> None:
            raise asyncpg.InterfaceError("closed")

        fetchrow = execute

    broken = replace(portal.deps, portal_pool=Away())
    async with served_elsewhere(portal, broken) as address:
        visitor = Visitor(portal=address)
        host = address.removeprefix("http://")
        visitor.cookies[host] = {"__Host-sessie": "iets"}
        assert (await visitor.post("/snel-weg", {})).status == 303
        assert visitor.cookies[host] == {}


def _heard(into: list[str], told: ConsoleMessage) -> None:
    into.append(told.text)


@pytest.mark.parametrize("script", [True, False])
async def test_somebody_leaves_in_a_browser_and_back_shows_nothing(
    portal: Portal, browser: Browser, script: bool
) -> None:
    await portal.write(Deed())
    for by_key in (True, False) if script else (False,):
        async with opened(browser, java_script_enabled=script, bypass_csp=False) as context:
            page = await context.new_page()
            refused: list[str] = []
            page.on("console", partial(_heard, refused))
            await log_in(page, portal)
            assert "Gemeente Doesburg" in await page.locator("main").inner_text()
            if by_key:
                for _ in range(3):
                    await page.keyboard.press("Escape")
            else:
                await page.get_by_role("button", name="Snel weg").click()
            await page.wait_for_url(f"{portal.address}/contact")
            assert await page.title() == f"Contact - {portal.deps.settings.organisation.name}"
            cookies = {each["name"] for each in await context.cookies(portal.address)}
            assert "__Host-sessie" not in cookies
            await page.go_back()
            assert "Gemeente Doesburg" not in await page.content()
            assert refused == []


@pytest.mark.parametrize("language", ["nl", "en"])
async def test_the_pages_of_leaving_have_no_fault_that_a_program_can_find(
    portal: Portal, browser: Browser, language: str
) -> None:
    own, problems = "/en" if language == "en" else "", {}
    async with opened(browser) as context:
        page = await context.new_page()
        for path in ("/veilig-kijken", "/contact"):
            await page.goto(portal.address + own + path)
            found = await faults_at(page, LOOKS, f"weg{path.replace('/', '-')}-{language}")
            # Where one comes there is no header and no footer: they would tell from where.
            problems[path] = [each for each in found if not each.endswith(": landmarks")]
            assert (len(found) - len(problems[path])) == (len(LOOKS) if path == "/contact" else 0)
    assert not any(problems.values()), problems
