# SPDX-License-Identifier: EUPL-1.2
"""Requests of residents in the console and what becomes of them in the portal, in real Chromium."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser
from tests.browsing import LOOKS, faults_at, opened
from tests.console.console_rig import Console
from tests.console.test_officers_in_a_browser import Eye, enter
from tests.console.test_requests import HERE, asked, decide


@pytest.mark.long
@pytest.mark.parametrize("language", ["nl", "en"])
async def test_pages_of_requests_have_no_fault_that_a_program_can_find(
    console: Console, browser: Browser, language: str
) -> None:
    open_one = await asked(console, "bezwaar", "burger-2")
    done, refused = await asked(console, "inzage"), await asked(console, "beperking")
    officer = await console.visit("fg2")
    await decide(officer, done, "toewijzen")
    await decide(officer, refused, "afwijzen")
    eye, problems = Eye(console=console, language=language, looks=LOOKS), {}
    async with opened(browser) as context:
        page = await context.new_page()
        await enter(page, console, "F. Groen")
        pages = {"lijst": "", "open": f"/{open_one}", "klaar": f"/{done}"}
        for name, path in pages.items():
            problems[name] = await eye.faults(page, f"verzoek-{name}", f"{HERE}{path}")
        await page.goto(f"{console.address}{HERE}/{open_one}")
        await page.get_by_role("button", name="Leg het besluit vast").click()
        problems["fout"] = await faults_at(page, LOOKS, f"console-verzoek-fout-{language}")
    own = "/en" if language == "en" else ""
    async with opened(browser) as context:
        page = await context.new_page()
        await page.goto(f"{console.address}/inloggen")
        await page.get_by_role("button", name="Suzanne Moulin").click()
        await page.wait_for_url(f"{console.address}/gebruik")
        for name, path in (("kopie", done), ("afgewezen", refused)):
            await page.goto(f"{console.address}{own}/rechten/verzoek/{path}")
            problems[name] = await faults_at(page, LOOKS, f"verzoek-{name}-{language}")
        await page.goto(f"{console.address}{own}/rechten")
        problems["rechten"] = await faults_at(page, LOOKS, f"verzoek-rechten-{language}")
    assert not any(problems.values()), problems
