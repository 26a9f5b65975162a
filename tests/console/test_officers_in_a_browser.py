# SPDX-License-Identifier: EUPL-1.2
"""Emergency access, proposals and changed values in real Chromium: accessible, narrow, without script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from playwright.async_api import Browser, Page
from tests.browsing import DARK_AND_NARROW, LIGHT_AND_WIDE, LOOKS, Look, faults_at, opened
from tests.console.confidential_rig import MARKED, OPEN, PAGE
from tests.console.console_rig import BIJSTAND, BURGERZAKEN, CASE, Console
from tests.console.test_contracts import OUTSIDE, path_of, received
from tests.console.test_emergency import take, used_by
from tests.console.test_proposing import FORM, decide, proposed

from landschap.purposes.public import id_of

HERE = "/console/noodtoegang"
ACTIVITY = id_of("https://register.weesp.example/activiteiten/aanvraag-bijstand-behandelen")
OFFICER = {
    "fg-begin": "/console",
    "noodtoegang-overzicht": HERE,
    "noodtoegang-een": f"{HERE}/{{emergency}}",
    "verwerkingen-officier": "/console/verwerkingen",
    "verwerking-officier": f"/console/verwerkingen/{ACTIVITY}",
    "wijzig-formulier": FORM,
    "wijzig-tekst": f"{FORM}?als=tekst",
    "nieuwe-regel": "/console/verwerkingen/wijzig/beleidsregel/nieuw?als=consulent-ziet-uitkering",
    "voorstellen": "/console/verwerkingen/voorstellen",
    "voorstel": "/console/verwerkingen/voorstellen/{waits}",
    "voorstel-ouder": "/console/verwerkingen/voorstellen/{older}",
    "noodtoegang-anderen": "/console/noodtoegang/bestaat-niet",
}
EMERGENCY = {"piket-begin": "/console", "piket-loopt": HERE, "piket-doel": "/console/doel"}
SETTINGS = [
    ("nl", [LIGHT_AND_WIDE, DARK_AND_NARROW]),
    pytest.param("nl", LOOKS, marks=pytest.mark.long),
    pytest.param("en", LOOKS, marks=pytest.mark.long),
]


async def enter(page: Page, console: Console, name: str, purpose: str = "") -> None:
    """From the first page, as an employee does."""
    await page.goto(f"{console.address}/console")
    await page.get_by_role("link", name="Log in", exact=True).click()
    await page.get_by_role("button", name=name).click()
    await page.wait_for_url(f"{console.address}/console")
    if purpose:
        await page.goto(f"{console.address}/console/doel")
        await page.locator(f'input[value="{purpose}"]').check()
        await page.get_by_label("Nummer van de zaak").fill(CASE)
        await page.get_by_role("button", name="Ga verder").click()
        await page.wait_for_url(f"{console.address}/console/register")


@dataclass(frozen=True, kw_only=True)
class Eye:
    """How pages are looked at: in which language, under which looks."""

    console: Console
    language: str
    looks: Sequence[Look]

    async def faults(self, page: Page, name: str, path: str) -> list[str]:
        """What a program finds wrong with one page."""
        own = "/en" if self.language == "en" else ""
        await page.goto(self.console.address + own + path)
        assert await page.locator("html").get_attribute("lang") == self.language
        return await faults_at(page, self.looks, f"console-{name}-{self.language}")


@pytest.mark.parametrize(("language", "looks"), SETTINGS)
async def test_pages_of_officers_have_no_fault_that_a_program_can_find(
    console: Console, browser: Browser, language: str, looks: Sequence[Look]
) -> None:
    visitor = await console.visit("piket")
    await take(visitor)
    await visitor.get("/console/register/bag/panden/0424100000002206")
    known = {"emergency": str((await used_by(console, "piket")).emergency_id)}
    author, other = await console.visit("fg2"), await console.visit("fg")
    older = await proposed(author, uitleg_nl=[f"Ouder, {len(looks)} {language}."])
    first = await proposed(author, uitleg_nl=[f"Eerst, {len(looks)} {language}."])
    await decide(other, first, "goedkeuren")
    waits = await proposed(author, rollen=["inkomensconsulent\nklantmanager"])
    known |= {"older": older.rpartition("/")[2], "waits": waits.rpartition("/")[2]}
    problems = {}
    eye = Eye(console=console, language=language, looks=looks)
    async with opened(browser) as context:
        page = await context.new_page()
        await enter(page, console, "F. Groen")
        for name, path in OFFICER.items():
            found = await eye.faults(page, name, path.format(**known))
            if found:
                problems[name] = found
    assert problems == {}
    for address in (older, waits):
        await decide(author, address, "intrekken")


@pytest.mark.long
@pytest.mark.parametrize(("language", "looks"), SETTINGS)
async def test_emergency_and_changed_values_have_no_fault_that_a_program_can_find(
    console: Console, browser: Browser, language: str, looks: Sequence[Look]
) -> None:
    problems = {}
    eye = Eye(console=console, language=language, looks=looks)
    contract = path_of(await received(console, properties=OUTSIDE))
    for name, purpose, pages in (
        ("C. Tract", "", {"contracten": "/console/contracten", "contract": contract}),
        ("M. de Wit", BURGERZAKEN, {"geheimhouding": f"{PAGE}/{MARKED}"}),
        ("K. Vermeer", BIJSTAND, {"verplichtingen": f"{PAGE}/{OPEN}"}),
        ("P. Iket", "", {"piket-formulier": HERE, "piket-mag-niet": "/console/register"}),
    ):
        async with opened(browser) as context:
            page = await context.new_page()
            await enter(page, console, name, purpose)
            for title, path in pages.items():
                if found := await eye.faults(page, title, path):
                    problems[title] = found
            if name == "P. Iket":
                await page.goto(console.address + HERE)
                await page.get_by_label("medewerker-burgerzaken").check()
                await page.get_by_label("Waarom").fill("Brand, en niemand anders is er")
                await page.get_by_role("button", name="Begin noodtoegang").click()
                for title, path in EMERGENCY.items():
                    if found := await eye.faults(page, title, path):
                        problems[title] = found
    assert problems == {}


async def test_a_change_is_proposed_and_approved_with_script_switched_off(
    console: Console, browser: Browser
) -> None:
    async with opened(browser, java_script_enabled=False) as context:
        page = await context.new_page()
        await enter(page, console, "F. Groen")
        await page.goto(f"{console.address}/console/verwerkingen/{ACTIVITY}")
        await page.get_by_role("link", name="van consulent-ziet-uitkering").click()
        await page.get_by_label("Uitleg in het Nederlands").fill("Zonder script gezegd.")
        await page.get_by_label("Waarom deze wijziging").fill("Beter te lezen")
        await page.get_by_role("button", name="Stel voor").click()
        await page.get_by_text("Wacht op een ander").wait_for()
        address = page.url
    async with opened(browser, java_script_enabled=False) as context:
        page = await context.new_page()
        await enter(page, console, "G. Rood")
        await page.goto(address)
        assert await page.get_by_role("cell", name="Zonder script gezegd.").first.is_visible()
        await page.get_by_role("button", name="Keur goed").click()
        await page.get_by_text("Van kracht", exact=True).wait_for()


async def test_emergency_access_stands_on_paper_too(console: Console, browser: Browser) -> None:
    async with opened(browser, viewport={"width": 640, "height": 900}) as context:
        page = await context.new_page()
        await enter(page, console, "P. Iket")
        await page.goto(console.address + HERE)
        await page.get_by_label("medewerker-burgerzaken").check()
        await page.get_by_label("Waarom").fill("Brand, en niemand anders is er")
        await page.get_by_role("button", name="Begin noodtoegang").click()
        await page.goto(f"{console.address}/console/register")
        await page.emulate_media(media="print")
        assert await page.locator(".ls-alarm").is_visible()
        assert await page.get_by_text("Reden: Brand").is_visible()
