# SPDX-License-Identifier: EUPL-1.2
"""The console in real Chromium: accessible, narrow, by keyboard, without script, on paper."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from playwright.async_api import Browser, Page
from tests.browsing import (
    DARK_AND_NARROW,
    FOCUS,
    LIGHT_AND_WIDE,
    LOOKS,
    Look,
    faults_at,
    opened,
    shape_of,
    tab_to,
    take_picture,
)
from tests.console.acts import PAND, RESIDENT, placed, reported
from tests.console.console_rig import CASE, Console

from landschap.purposes.public import id_of

ACTIVITY = id_of("https://register.weesp.example/activiteiten/aanvraag-bijstand-behandelen")
PAGES = {
    "begin": "/console",
    "doel": "/console/doel",
    "registers": "/console/register",
    "panden": "/console/register/bag/panden",
    "inwoners": RESIDENT,
    "pand": PAND,
    "pand-kaart": "/console/register/bag/panden/0457100000000001",
    "pand-toen": f"{PAND}?geldigOp=1-1-2011&beschikbaarOp=31-12-2010&vergelijk=1-11-2010",
    "pand-fout": f"{PAND}?geldigOp=gisteren&beschikbaarOp=1-1-2090",
    "pand-nog-niet": f"{PAND}?geldigOp=1-1-2000",
    "inwoner": f"{RESIDENT}/W00033",
    "uitkering-mag-niet": "/console/register/uitkeringen/uitkeringen",
    "bestaat-niet": f"{RESIDENT}/W99999",
    "meldingen": "/console/terugmeldingen",
    "melding": "{report}",
    "verwerkingen": "/console/verwerkingen",
    "verwerking": f"/console/verwerkingen/{ACTIVITY}",
    "register-versies": "/console/verwerkingen/versies",
    "register-verschil": "/console/verwerkingen/versies/1",
    "uitgelogd": "/console/uitgelogd",
}


async def log_in(page: Page, console: Console, name: str = "M. de Wit") -> None:
    """From the first page, as an employee does; then purpose and case."""
    await page.goto(f"{console.address}/console")
    await page.get_by_role("link", name="Log in", exact=True).click()
    await page.get_by_role("button", name=name).click()
    await page.wait_for_url(f"{console.address}/console")
    await page.get_by_role("link", name="Kies doel en zaak").click()
    await page.get_by_label("Nummer van de zaak").fill(CASE)
    await page.get_by_role("button", name="Ga verder").click()
    await page.wait_for_url(f"{console.address}/console/register")


@pytest.mark.parametrize(
    ("language", "looks"),
    [
        ("nl", [LIGHT_AND_WIDE, DARK_AND_NARROW]),
        pytest.param("nl", LOOKS, marks=pytest.mark.long),
        pytest.param("en", LOOKS, marks=pytest.mark.long),
    ],
)
async def test_no_page_has_a_fault_that_a_program_can_find(
    console: Console, browser: Browser, language: str, looks: Sequence[Look]
) -> None:
    report = await reported(console, "0457100000054771")
    await placed(console)
    problems = {}
    async with opened(browser) as context:
        page = await context.new_page()
        await log_in(page, console)
        for name, path in PAGES.items():
            own = "/en" if language == "en" else ""
            await page.goto(console.address + own + path.format(report=report))
            assert await page.locator("html").get_attribute("lang") == language
            if found := await faults_at(page, looks, f"console-{name}-{language}"):
                problems[name] = found
    assert problems == {}


async def test_a_building_is_seen_as_known_then_by_keyboard_alone(
    console: Console, browser: Browser
) -> None:
    async with opened(browser, viewport={"width": 1280, "height": 900}) as context:
        page = await context.new_page()
        await log_in(page, console)
        await page.goto(console.address + PAND)
        # Through the drawing: the region that scrolls, then each area in reading order.
        assert await tab_to(page, "15 november 2010") < 20
        stops = []
        for _ in range(8):
            await page.keyboard.press("Tab")
            stops.append(await page.evaluate("document.activeElement.getAttribute('aria-label')"))
        areas = [each for each in stops if each and each[1:2] == " "]
        assert [each.split(". ")[0] for each in areas] == [
            "A Pand in gebruik B&W-1887",
            "A Pand in gebruik B&W-1887",
            "B Pand in gebruik BR-20",
        ]
        await page.goto(console.address + PAND)
        await page.locator("svg.ls-grid a").first.focus()
        await page.keyboard.press("Enter")
        await page.wait_for_url("**geldigOp=2010-08-31**")
        assert await page.get_by_text("U kijkt terug").is_visible()
        assert "9999" in await page.locator("aside").inner_text()


async def test_tab_comes_in_and_out_of_the_object_page(console: Console, browser: Browser) -> None:
    async with opened(browser, viewport={"width": 1280, "height": 900}) as context:
        page = await context.new_page()
        await log_in(page, console)
        await page.goto(console.address + PAND)
        walk: list[str] = []
        for _ in range(80):
            await page.keyboard.press("Tab")
            # Areas of a drawing have no text of their own kind; their place and outline count.
            found = await page.evaluate(FOCUS.replace("at.innerText)", "(at.innerText ?? 'vlak'))"))
            if not found["words"] and walk:
                break
            if found["words"]:
                assert found["visible"], found
                walk.append(found["words"].split("\n")[0])
        assert walk[:4] == ["Ga naar de inhoud", "Gemeente Proefdorp", "English", "Uitloggen"]
        order = ["Nu", "geldigOp", "beschikbaarOp", "Toon", "vergelijk", "Vergelijk"]
        assert [words for words in walk if words in order] == order
        assert walk[-1] == "Lek gevonden? Meld het"


async def test_everything_works_with_script_switched_off(
    console: Console, browser: Browser
) -> None:
    async with opened(browser, java_script_enabled=False) as context:
        page = await context.new_page()
        await log_in(page, console)
        await page.get_by_role("link", name="Pand", exact=True).click()
        await page.get_by_label("Waarde").fill("0424100000002206")
        await page.get_by_role("button", name="Zoek").click()
        await page.get_by_label("Hoe was het op").fill("1-1-2011")
        await page.get_by_label("Wat wisten wij op").fill("31-12-2010")
        await page.get_by_role("button", name="Toon").click()
        assert await page.get_by_text("U kijkt terug").is_visible()
        await page.get_by_role("link", name="English").click()
        assert "You look back" in await page.locator("main").inner_text()
        await page.get_by_role("button", name="Log out").click()
        await page.wait_for_url(f"{console.address}/en/console/uitgelogd")


async def test_a_page_asks_nothing_of_anyone_else_and_complains_of_nothing(
    console: Console, browser: Browser
) -> None:
    asked: list[str] = []
    said: list[str] = []
    async with opened(browser, bypass_csp=False) as context:
        page = await context.new_page()
        await log_in(page, console)
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        for path in ("/console/register", PAND, f"{RESIDENT}/W00033"):
            await page.goto(console.address + path)
    assert [url for url in asked if not url.startswith((console.address, "data:"))] == []
    assert said == []


async def test_on_paper_and_with_large_letters(console: Console, browser: Browser) -> None:
    async with opened(browser, viewport={"width": 640, "height": 900}) as context:
        page = await context.new_page()
        await log_in(page, console)
        await page.goto(console.address + PAND)
        await page.emulate_media(media="print")
        for hidden in (".ls-nav", ".ls-crumbs", "form.ls-filter", ".utrecht-skip-link"):
            assert not await page.locator(hidden).first.is_visible(), hidden
        assert await page.locator(".ls-printed").is_visible()
        assert await page.locator("svg.ls-grid").is_visible()
        await take_picture(page, "console-pand-print")
        await page.emulate_media(media="screen")
        await page.add_style_tag(content="html { font-size: 200% !important }")
        assert (await shape_of(page))["wide"] <= 0
