# SPDX-License-Identifier: EUPL-1.2
"""The pages in real Chromium: accessible, narrow, by keyboard, without script, on paper.

Set LANDSCHAP_PICTURES to a folder to get a picture of each page.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.async_api import Browser, BrowserContext, Page
from tests.portal.portal_rig import LOOK, SUPPLY, UNKNOWN_PEER, Deed, Portal

from landschap.logboek.payloads import Outcome

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "EN-301-549"]
WIDTHS = (320, 1280)
PAGES = {
    "begin": "/",
    "lijst": "/gebruik",
    "los": "/gebruik?alles=ja",
    "leeg": "/gebruik?van=1-1-2020&tot=2-1-2020",
    "fout": "/gebruik?van=gisteren&tot=31-2-2026",
    "gebruik": "/gebruik/{use}",
    "geweigerd": "/gebruik/{refused}",
    "toegankelijkheid": "/toegankelijkheid",
    "privacy": "/privacy",
    "veiligheid": "/veiligheid",
    "bestaat-niet": "/bestaat-niet",
    "uitgelogd": "/uitgelogd",
    "voorbij": "/sessie-voorbij?terug=/gebruik",
    "mislukt": "/inloggen/terug?error=access_denied",
}


@pytest.fixture(scope="module")
async def uses(portal: Portal) -> dict[str, str]:
    """A year of uses: a case, refused ones, ours, an unknown asker on behalf of another, looks."""
    year = [
        Deed(ago=timedelta(days=200), case=None, peer=None, direction="own", groups=("Adres",)),
        Deed(ago=timedelta(days=9), case="Z-2026-00088", peer=UNKNOWN_PEER, groups=("naam",)),
        Deed(ago=timedelta(hours=30), outcome=Outcome.PARTIAL, delegator=UNKNOWN_PEER),
        Deed(ago=timedelta(hours=29), case=None, direction="outgoing", groups=()),
        *[Deed(ago=timedelta(days=1), case=None, peer=None, direction="own", activity=LOOK)] * 4,
        Deed(ago=timedelta(minutes=20), outcome=Outcome.NOTHING_FOUND, case=None),
    ]
    for deed in year:
        await portal.write(deed)
    refused = await portal.write(Deed(ago=timedelta(minutes=12), outcome=Outcome.REFUSED))
    use = await portal.write(Deed(groups=("Adres", "Uitkering", "Gebouw")))
    return {"use": str(use), "refused": str(refused)}


@asynccontextmanager
async def opened(browser: Browser, **options: Any) -> AsyncIterator[BrowserContext]:
    """A context; script of the pages' own is forbidden anyway, that of axe is let through."""
    context = await browser.new_context(**{"bypass_csp": True, **options})
    context.set_default_timeout(20_000)
    yield context
    await context.close()


async def log_in(page: Page, portal: Portal, name: str = "Suzanne Moulin") -> None:
    """From the first page, as a person does."""
    await page.goto(portal.address)
    await page.get_by_role("link", name="Log in", exact=True).click()
    await page.get_by_role("button", name=name).click()
    await page.wait_for_url(f"{portal.address}/gebruik")


async def faults_of(page: Page) -> list[str]:
    """What axe finds, in words."""
    await page.evaluate(AXE.read_text())
    found = await page.evaluate("tags => axe.run({runOnly: {type: 'tag', values: tags}})", TAGS)
    assert len(found["passes"]) > 10
    return [
        f"{fault['id']}: {node['html'][:120]}"
        for fault in found["violations"]
        for node in fault["nodes"]
    ]


async def shape_of(page: Page) -> dict[str, Any]:
    """What must hold for the document itself, once its letters have come or have failed to."""
    await page.evaluate("document.fonts.ready.then(() => true)")
    shape: dict[str, Any] = await page.evaluate(
        """() => ({
            h1: document.querySelectorAll('h1').length,
            ids: [...document.querySelectorAll('[id]')].map(each => each.id),
            levels: [...document.querySelectorAll('h1,h2,h3,h4')].map(h => +h.tagName[1]),
            title: document.title,
            wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
            scripts: document.scripts.length,
            styled: document.querySelectorAll('[style], style').length,
            landmarks: ['header', 'main#inhoud', 'footer'].map(s => !!document.querySelector(s)),
            fontsLoaded: document.fonts.check('16px "Noto Sans"'),
        })"""
    )
    return shape


def problems_of(shape: dict[str, Any]) -> list[str]:
    """The same in words; empty when all is well."""
    steps = zip(shape["levels"], shape["levels"][1:], strict=False)
    checks = {
        "not one h1": shape["h1"] == 1,
        "an id twice": max(Counter(shape["ids"]).values(), default=1) == 1,
        "a level of headings is skipped before the footer": all(b - a <= 1 for a, b in steps),
        "no title": " - " in shape["title"],
        f"scrolls sideways by {shape['wide']}": shape["wide"] <= 0,
        "script": shape["scripts"] == 0,
        "inline style": shape["styled"] == 0,
        "landmarks": all(shape["landmarks"]),
        "letters not loaded": shape["fontsLoaded"],
    }
    return [words for words, holds in checks.items() if not holds]


@pytest.mark.case("S-03")
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("language", ["nl", "en"])
async def test_no_page_has_a_fault_that_a_program_can_find(
    portal: Portal,
    browser: Browser,
    uses: dict[str, str],
    language: str,
    colours: Literal["light", "dark"],
    width: int,
) -> None:
    options = {"viewport": {"width": width, "height": 900}, "color_scheme": colours}
    problems = {}
    async with opened(browser, **options) as context:
        page = await context.new_page()
        await log_in(page, portal)
        for name, path in PAGES.items():
            address = path.format(**uses)
            own = "/en" if language == "en" and name != "mislukt" else ""
            await page.goto(portal.address + (own + address).rstrip("/"))
            assert await page.locator("html").get_attribute("lang") == (language if own else "nl")
            shape = await shape_of(page)
            await _picture(page, f"{name}-{language}-{width}-{colours}")
            faults = [*problems_of(shape), *await faults_of(page)]
            if faults:
                problems[name] = faults
    assert problems == {}


async def _picture(page: Page, name: str) -> None:
    folder = os.environ.get("LANDSCHAP_PICTURES")
    if folder:
        await page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.mark.case("S-03")
async def test_the_list_is_two_steps_from_the_first_page_by_keyboard_alone(
    portal: Portal, browser: Browser, uses: dict[str, str]
) -> None:
    async with opened(browser, viewport={"width": 1280, "height": 900}) as context:
        page = await context.new_page()
        await page.goto(portal.address)
        assert await _tab_to(page, "Log in") <= 6
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/authorize?**")
        await _tab_to(page, "Suzanne Moulin")
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"{portal.address}/gebruik")
        assert await page.locator("h1").inner_text() == "Wie gebruikte mijn gegevens"


async def _tab_to(page: Page, words: str) -> int:
    """Press Tab until the focus is on these words; every stop on the way must be visible."""
    for steps in range(1, 60):
        await page.keyboard.press("Tab")
        found = await page.evaluate(FOCUS)
        if not found["words"]:
            continue  # the document itself, before the first stop
        assert found["visible"], found
        if found["words"] == words:
            return steps
    raise AssertionError(f"{words!r} is not reached by Tab")


FOCUS = """() => {
    const at = document.activeElement, box = at.getBoundingClientRect();
    const style = getComputedStyle(at);
    return {
        words: at === document.body ? '' : (at.matches('input, select') ? at.name : at.innerText).trim(),
        visible: box.width > 0 && box.height > 0 && style.outlineStyle !== 'none',
        height: box.height,
    };
}"""


async def test_tab_walks_the_list_in_reading_order_and_comes_out_again(
    portal: Portal, browser: Browser, uses: dict[str, str]
) -> None:
    async with opened(browser, viewport={"width": 1280, "height": 900}) as context:
        page = await context.new_page()
        await log_in(page, portal)
        walk: list[str] = []
        for _ in range(80):
            await page.keyboard.press("Tab")
            found = await page.evaluate(FOCUS)
            if not found["words"] and walk:
                break
            if not found["words"]:
                continue
            assert found["visible"], found
            walk.append(found["words"])
        assert walk[:13] == [
            "Ga naar de inhoud",
            "Gemeente Proefdorp\nMijn gegevens",
            "English",
            "Uitloggen",
            "Begin",
            "Wie gebruikte mijn gegevens",
            "Begin",
            "van",
            "tot",
            "organisatie",
            "waarvoor",
            "Toon",
            "Download als tabel (CSV)",
        ]
        assert walk[-3:] == ["Toegankelijkheid", "Privacy", "Lek gevonden? Meld het"]
        await page.goto(f"{portal.address}/gebruik")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        assert await page.evaluate("document.activeElement.id") == "inhoud"


async def test_what_one_must_hit_is_large_enough(
    portal: Portal, browser: Browser, uses: dict[str, str]
) -> None:
    """WCAG 2.2, 2.5.8: 24 by 24 px, links inside a sentence excepted."""
    async with opened(browser, viewport={"width": 320, "height": 800}) as context:
        page = await context.new_page()
        await log_in(page, portal)
        small = await page.evaluate(
            """() => [...document.querySelectorAll('button, input:not([type=hidden]), select')]
                .filter(each => each.getBoundingClientRect().height < 24)
                .map(each => each.outerHTML.slice(0, 100))"""
        )
        assert small == []


async def test_everything_works_with_script_switched_off(
    portal: Portal, browser: Browser, uses: dict[str, str]
) -> None:
    async with opened(browser, java_script_enabled=False) as context:
        page = await context.new_page()
        await log_in(page, portal)
        await page.get_by_label("Van", exact=True).fill("1-1-2026")
        await page.get_by_label("Waarvoor", exact=True).select_option(SUPPLY)
        await page.get_by_role("button", name="Toon").click()
        assert "van=1-1-2026" in page.url
        await page.get_by_role("link", name="Bekijk dit gebruik").first.click()
        await page.get_by_role("link", name="English").click()
        assert "/en/gebruik/" in page.url
        assert "asked for" in await page.locator("h1").inner_text()
        async with page.expect_download() as loading:
            await page.get_by_role("link", name="Download this use").click()
        assert (await loading.value).suggested_filename == f"gebruik-{uses['use']}.json"
        await page.get_by_role("button", name="Log out").click()
        await page.wait_for_url(f"{portal.address}/en/uitgelogd")
        await page.goto(f"{portal.address}/gebruik")
        assert page.url.startswith("http://login.localhost")


async def test_a_page_asks_nothing_of_anyone_else_and_complains_of_nothing(
    portal: Portal, browser: Browser, uses: dict[str, str]
) -> None:
    asked: list[str] = []
    said: list[str] = []
    async with opened(browser, bypass_csp=False) as context:
        page = await context.new_page()
        await log_in(page, portal)
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        for path in PAGES.values():
            await page.goto(portal.address + path.format(**uses))
    elsewhere = [url for url in asked if not url.startswith((portal.address, "data:"))]
    assert elsewhere == []
    refused = ("status of 400", "status of 404")
    assert [text for text in said if not any(each in text for each in refused)] == []
    assert len(asked) > len(PAGES)


async def test_on_paper_there_is_no_menu_and_the_page_says_when_it_was_made(
    portal: Portal, browser: Browser, uses: dict[str, str]
) -> None:
    async with opened(browser) as context:
        page = await context.new_page()
        await log_in(page, portal)
        await page.goto(f"{portal.address}/gebruik")
        await page.emulate_media(media="print")
        for hidden in (".ls-nav", ".ls-crumbs", "form.ls-card", ".utrecht-skip-link"):
            assert not await page.locator(hidden).is_visible(), hidden
        assert await page.locator(".ls-printed").is_visible()
        address = "getComputedStyle(document.querySelector('main p a'), '::after').content"
        await page.goto(f"{portal.address}/gebruik?van=1-1-2020&tot=2-1-2020")
        assert "/gebruik" in await page.evaluate(address)
        await page.goto(f"{portal.address}/gebruik")
        await _picture(page, "lijst-print")


async def test_with_letters_twice_as_large_nothing_scrolls_sideways(
    portal: Portal, browser: Browser, uses: dict[str, str]
) -> None:
    """WCAG 1.4.4: text at 200 %, and 1.4.12: more room between letters, words and lines."""
    async with opened(browser, viewport={"width": 640, "height": 900}) as context:
        page = await context.new_page()
        await log_in(page, portal)
        for path in ("/gebruik", f"/gebruik/{uses['use']}"):
            await page.goto(portal.address + path)
            await page.add_style_tag(
                content="html { font-size: 200% !important } * { line-height: 1.5 !important;"
                " letter-spacing: .12em !important; word-spacing: .16em !important }"
            )
            assert (await shape_of(page))["wide"] <= 0


async def test_in_forced_colours_states_keep_their_words(
    portal: Portal, browser: Browser, uses: dict[str, str]
) -> None:
    async with opened(browser, forced_colors="active") as context:
        page = await context.new_page()
        await log_in(page, portal)
        assert await page.get_by_text("Geweigerd: niets gegeven").first.is_visible()
        await _picture(page, "lijst-forced")
