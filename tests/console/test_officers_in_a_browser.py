# SPDX-License-Identifier: EUPL-1.2
"""Emergency access, proposals and changed values in real Chromium: accessible, narrow, without script.

Set LANDSCHAP_PICTURES to a folder to get a picture of each page.
"""

from __future__ import annotations

from typing import Literal

import pytest
from playwright.async_api import Browser, Page
from tests.console.confidential_rig import MARKED, OPEN, PAGE
from tests.console.console_rig import BIJSTAND, BURGERZAKEN, CASE, Console
from tests.console.test_contracts import OUTSIDE, path_of, received
from tests.console.test_emergency import take, used_by
from tests.console.test_proposing import FORM, decide, proposed
from tests.portal.test_in_a_browser import (
    WIDTHS,
    _picture,
    faults_of,
    opened,
    problems_of,
    shape_of,
)

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
    ("nl", "light", 1280),
    ("en", "dark", 320),
    *(
        pytest.param(language, colours, width, marks=pytest.mark.long)
        for language in ("nl", "en")
        for colours in ("light", "dark")
        for width in WIDTHS
        if (language, colours, width) not in {("nl", "light", 1280), ("en", "dark", 320)}
    ),
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


async def faults(page: Page, console: Console, language: str, name: str, path: str) -> list[str]:
    """What a program finds wrong with one page; leaves a picture of it."""
    own = "/en" if language == "en" else ""
    await page.goto(console.address + own + path)
    assert await page.locator("html").get_attribute("lang") == language
    found = [*problems_of(await shape_of(page)), *await faults_of(page)]
    width = page.viewport_size["width"] if page.viewport_size else 0
    await _picture(page, f"console-{name}-{language}-{width}")
    return found


@pytest.mark.parametrize(("language", "colours", "width"), SETTINGS)
async def test_pages_of_officers_have_no_fault_that_a_program_can_find(
    console: Console, browser: Browser, language: str, colours: Literal["light", "dark"], width: int
) -> None:
    visitor = await console.visit("piket")
    await take(visitor)
    await visitor.get("/console/register/bag/panden/0424100000002206")
    known = {"emergency": str((await used_by(console, "piket")).emergency_id)}
    author, other = await console.visit("fg2"), await console.visit("fg")
    older = await proposed(author, uitleg_nl=[f"Ouder, {width} {colours} {language}."])
    first = await proposed(author, uitleg_nl=[f"Eerst, {width} {colours} {language}."])
    await decide(other, first, "goedkeuren")
    waits = await proposed(author, rollen=["inkomensconsulent\nklantmanager"])
    known |= {"older": older.rpartition("/")[2], "waits": waits.rpartition("/")[2]}
    problems = {}
    options = {"viewport": {"width": width, "height": 900}, "color_scheme": colours}
    async with opened(browser, **options) as context:
        page = await context.new_page()
        await enter(page, console, "F. Groen")
        for name, path in OFFICER.items():
            found = await faults(page, console, language, name, path.format(**known))
            if found:
                problems[name] = found
    assert problems == {}
    for address in (older, waits):
        await decide(author, address, "intrekken")


@pytest.mark.parametrize(("language", "colours", "width"), SETTINGS)
async def test_emergency_and_changed_values_have_no_fault_that_a_program_can_find(
    console: Console, browser: Browser, language: str, colours: Literal["light", "dark"], width: int
) -> None:
    problems = {}
    options = {"viewport": {"width": width, "height": 900}, "color_scheme": colours}
    contract = path_of(await received(console, properties=OUTSIDE))
    for name, purpose, pages in (
        ("C. Tract", "", {"contracten": "/console/contracten", "contract": contract}),
        ("M. de Wit", BURGERZAKEN, {"geheimhouding": f"{PAGE}/{MARKED}"}),
        ("K. Vermeer", BIJSTAND, {"verplichtingen": f"{PAGE}/{OPEN}"}),
        ("P. Iket", "", {"piket-formulier": HERE, "piket-mag-niet": "/console/register"}),
    ):
        async with opened(browser, **options) as context:
            page = await context.new_page()
            await enter(page, console, name, purpose)
            for title, path in pages.items():
                if found := await faults(page, console, language, title, path):
                    problems[title] = found
            if name == "P. Iket":
                await page.goto(console.address + HERE)
                await page.get_by_label("medewerker-burgerzaken").check()
                await page.get_by_label("Waarom").fill("Brand, en niemand anders is er")
                await page.get_by_role("button", name="Begin noodtoegang").click()
                for title, path in EMERGENCY.items():
                    if found := await faults(page, console, language, title, path):
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
