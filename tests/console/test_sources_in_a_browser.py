# SPDX-License-Identifier: EUPL-1.2
"""The pages of logical sources in real Chromium: no script, accessible, narrow and wide."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from playwright.async_api import Browser, Page
from tests.browsing import DARK_AND_NARROW, LIGHT_AND_WIDE, LOOKS, Look, faults_at, opened
from tests.console.console_rig import Console
from tests.console.test_in_a_browser import log_in
from tests.console.test_sources import EDIT, HERE, ONE, PROPOSALS, WHY, file_of

from landschap.console.sources import version_of
from landschap.console.sources.store import propose

BUTTONS = {
    "nl": ("Controleer", "Haal op", "Zet het veld in het bestand", "Bekijk het verschil",
           "Stel voor", "Probeer deze tekst"),
    "en": ("Check", "Fetch", "Put the field in the file", "See the difference", "Propose",
           "Try this text"),
}  # fmt: skip


async def proposed(console: Console) -> str:
    """A proposal of somebody else; gives its address."""
    lying = file_of(console).read_text()
    number = await propose(
        console.deps.pool, ("bronnen", "S. Roos"), file=file_of(console).stem,
        body=lying.replace("zet_om: [getal]", "zet_om: [tekst]"), reason=WHY,
        based_on=version_of(lying),
    )  # fmt: skip
    return f"{PROPOSALS}/{number}"


@pytest.mark.long
@pytest.mark.parametrize(
    ("language", "looks"), [("nl", LOOKS), ("en", [LIGHT_AND_WIDE, DARK_AND_NARROW])]
)
async def test_no_page_of_sources_has_a_fault_that_a_program_can_find(
    console: Console, browser: Browser, language: str, looks: Sequence[Look]
) -> None:
    own = "/en" if language == "en" else ""
    problems = {}
    async with opened(browser, java_script_enabled=True) as context:
        page = await context.new_page()
        await log_in(page, console, "J. van Dijk")

        async def looked(name: str) -> None:
            if found := await faults_at(page, looks, f"console-bron-{name}-{language}"):
                problems[name] = found

        for name, path in {
            "lijst": HERE, "een": ONE, "proef": f"{ONE}/proef?voorbeeld=2",
            "voorstel": await proposed(console), "voorstellen": PROPOSALS,
            "nieuw": f"{HERE}/nieuw/wijzig", "wijzig": EDIT,
        }.items():  # fmt: skip
            await page.goto(console.address + own + path)
            await looked(name)
        check, fetch, put, compare, send, run = BUTTONS[language]
        await _wrong(page)
        await page.get_by_role("button", name=check, exact=True).click()
        await looked("wijzig-fout")
        await page.goto(console.address + own + EDIT)
        await page.get_by_role("button", name=fetch, exact=True).click()
        await page.locator("#veld").fill("adres.tweede")
        await page.locator("#kolom-2").select_option("straten.naam")
        await page.get_by_role("button", name=put, exact=True).click()
        await looked("wijzig-veld")
        await page.get_by_role("button", name=compare, exact=True).click()
        await page.get_by_role("button", name=send, exact=True).click()
        await looked("verschil-fout")
        await page.get_by_role("button", name=run, exact=True).click()
        await looked("proef-tekst")
    assert problems == {}


async def _wrong(page: Page) -> None:
    """Make a mistake in the text, as somebody types it."""
    text = await page.locator("#tekst").input_value()
    wrong = text.replace("adressen.postcode]", "adressen.postkode]").replace("wortel:", "wortl:")
    await page.locator("#tekst").fill(wrong)
