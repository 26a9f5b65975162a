# SPDX-License-Identifier: EUPL-1.2
"""The desk in real Chromium: from looking somebody up to the letter, and what each page looks like."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page
from tests.browsing import LOOKS, faults_at, opened
from tests.console.console_rig import Console
from tests.console.test_desk import HERE, WHY
from tests.console.test_officers_in_a_browser import enter

# Each language with somebody else, of whom nothing was asked before: surname, day of birth, name.
PERSONS = {
    "nl": ("Prins", "28-05-1962", "Paula Prins"),
    "en": ("Maassen", "06-03-1975", "Martin Gerard Maassen"),
}
WORDS = {
    "nl": {
        "find": "Zoek deze persoon", "begin": "Begin met helpen", "done": "Stop met deze persoon",
        "next": "Bekijk", "send": "Verstuur", "sent": "Deze brief is weg", "number": "Burgerservicenummer",
    },
    "en": {
        "find": "Look this person up", "begin": "Begin to help", "done": "Stop with this person",
        "next": "Check", "send": "Send", "sent": "This letter has been sent",
        "number": "Citizen service number",
    },
}  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize("language", ["nl", "en"])
async def test_a_visit_from_the_door_to_the_letter(
    console: Console, browser: Browser, language: str
) -> None:
    words, own = WORDS[language], "/en" if language == "en" else ""
    surname, born, person = PERSONS[language]
    found: dict[str, list[str]] = {}

    async def look(page: Page, name: str) -> None:
        found[name] = await faults_at(page, LOOKS, f"balie-{name}-{language}")

    async with opened(browser) as context:
        page = await context.new_page()
        await enter(page, console, "B. Alie")
        await page.goto(f"{console.address}{own}{HERE}")
        await page.get_by_role("button", name=words["find"]).click()
        await look(page, "fout")
        await page.locator("#naam").fill(surname)
        await page.locator("#geboren").fill(born)
        await page.locator("#reden").fill(WHY)
        await look(page, "zoeken")
        await page.get_by_role("button", name=words["find"]).click()
        await page.get_by_text(person).first.wait_for()
        await page.get_by_role("button", name=words["begin"]).click()
        await look(page, "controle")
        await page.locator("#document").check()
        await page.locator("#tekens").fill("4K7")
        await page.locator("#adres").fill("Hoogstraat 1\n1381 AB Weesp")
        await page.locator("#gezien").check()
        await page.get_by_role("button", name=words["begin"]).click()
        await page.wait_for_url(f"{console.address}{own}/rechten")
        await look(page, "rechten")
        # Everything a resident sees stands there too, with whom it is about.
        for name, path in (
            ("gegevens", "/gegevens"), ("gebruik", "/gebruik"), ("toestemmingen", "/toestemmingen"),
            ("meldingen", "/meldingen"),
        ):  # fmt: skip
            await page.goto(f"{console.address}{own}{path}")
            assert person in await page.locator(".ls-alarm").inner_text()
            await look(page, name)
        await page.goto(f"{console.address}{own}/rechten/wissen")
        if await page.locator("input[name=waarvoor]").count() == 0:
            await page.goto(f"{console.address}{own}/rechten/inzage")
        await page.locator("input[name=waarvoor]").first.check()
        await page.locator("button[type=submit][name=stap]").first.click()
        await page.locator("button[name=stap][value=verstuur]").click()
        await page.wait_for_url("**/rechten/verzoek/*")
        number = page.url.rpartition("/")[2]
        await look(page, "verzoek")
        await page.goto(f"{console.address}{own}{HERE}")
        await look(page, "bezoek")
        await page.goto(f"{console.address}{own}/balie/klaar")
        await look(page, "klaar")
        await page.get_by_role("button", name=words["done"]).click()
        await page.wait_for_url(f"{console.address}{own}{HERE}")
        assert person not in await page.locator("body").inner_text()
        await page.goto(f"{console.address}{own}{HERE}/brieven")
        await page.get_by_role("link", name=number).click()
        await look(page, "brief")
        assert "Hoogstraat 1" in await page.locator(".ls-letter").inner_text()
        await page.get_by_role("button", name=words["sent"]).click()
        await page.wait_for_url(f"{console.address}{own}{HERE}/brieven")
        assert await page.locator("section[aria-labelledby=wacht]").get_by_text(number).count() == 0
        assert await page.locator("section[aria-labelledby=weg]").get_by_text(number).count() == 1
        await look(page, "brieven")
    assert not any(found.values()), found
