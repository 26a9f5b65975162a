# SPDX-License-Identifier: EUPL-1.2
"""The pages in real Chromium: accessible, narrow, by keyboard, without script, on paper."""

from __future__ import annotations

from datetime import timedelta

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
from tests.portal.portal_rig import ANOTHER, LOOK, SUPPLY, UNKNOWN_PEER, Deed, Portal

from landschap.logboek.payloads import Outcome

PAGES = {
    "begin": "/",
    "lijst": "/gebruik",
    "los": "/gebruik?alles=ja",
    "leeg": "/gebruik?van=1-1-2020&tot=2-1-2020",
    "fout": "/gebruik?van=gisteren&tot=31-2-2026",
    "gebruik": "/gebruik/{use}",
    "geweigerd": "/gebruik/{refused}",
    "toestemmingen": "/toestemmingen",
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


@pytest.mark.long
@pytest.mark.parametrize("language", ["nl", "en"])
async def test_no_page_of_what_one_says_has_a_fault_that_a_program_can_find(
    portal: Portal, browser: Browser, language: str
) -> None:
    """Consents, rights, asking, following and checking, with what is typed wrong."""
    problems, own = {}, "/en" if language == "en" else ""
    async with opened(browser) as context:
        page = await context.new_page()
        await log_in(page, portal)
        for path in ("/toestemmingen", "/rechten", "/rechten/inzage", "/bewijs", "/bewijs/x"):
            await page.goto(f"{portal.address}{own}{path}")
            problems[path] = await faults_at(
                page, LOOKS, f"zeg-{path.replace('/', '-')}-{language}"
            )
        await page.goto(f"{portal.address}{own}/rechten/inzage")
        await page.locator("main button").first.click()
        problems["fout"] = await faults_at(page, LOOKS, f"zeg-fout-{language}")
        await page.locator("#waarvoor").check()
        await page.locator("main button").first.click()
        problems["nakijken"] = await faults_at(page, LOOKS, f"zeg-nakijken-{language}")
        await page.locator("main button").first.click()
        await page.wait_for_url("**/rechten/verzoek/*")
        problems["verzoek"] = await faults_at(page, LOOKS, f"zeg-verzoek-{language}")
        await page.goto(f"{portal.address}{own}/rechten")
        problems["lijst"] = await faults_at(page, LOOKS, f"zeg-lijst-{language}")
    assert not any(problems.values()), problems


async def log_in(page: Page, portal: Portal, name: str = "Suzanne Moulin") -> None:
    """From the first page, as a person does."""
    await page.goto(portal.address)
    await page.get_by_role("link", name="Log in", exact=True).click()
    await page.get_by_role("button", name=name).click()
    await page.wait_for_url(f"{portal.address}/gebruik")


@pytest.mark.case("S-03")
@pytest.mark.parametrize(
    ("language", "looks"),
    [
        ("nl", (LIGHT_AND_WIDE, DARK_AND_NARROW)),
        pytest.param("nl", LOOKS, marks=pytest.mark.long),
        pytest.param("en", LOOKS, marks=pytest.mark.long),
    ],
)
async def test_no_page_has_a_fault_that_a_program_can_find(
    portal: Portal, browser: Browser, uses: dict[str, str], language: str, looks: tuple[Look, ...]
) -> None:
    problems = {}
    async with opened(browser) as context:
        page = await context.new_page()
        await log_in(page, portal)
        for name, path in PAGES.items():
            address = path.format(**uses)
            own = "/en" if language == "en" and name != "mislukt" else ""
            await page.goto(portal.address + (own + address).rstrip("/"))
            assert await page.locator("html").get_attribute("lang") == (language if own else "nl")
            if found := await faults_at(page, looks, f"{name}-{language}"):
                problems[name] = found
    assert problems == {}


@pytest.mark.parametrize(
    ("language", "looks"),
    [
        ("nl", (LIGHT_AND_WIDE, DARK_AND_NARROW)),
        pytest.param("en", LOOKS, marks=pytest.mark.long),
    ],
)
async def test_who_acts_for_another_sees_for_whom_on_every_page_and_how_to_go_back(
    portal: Portal, browser: Browser, uses: dict[str, str], language: str, looks: tuple[Look, ...]
) -> None:
    await portal.write(Deed(bsn=ANOTHER))
    own = "/en" if language == "en" else ""
    line = {
        "nl": "U bekijkt gegevens van Anna Maria Petra Wesseling",
        "en": "You are viewing data of Anna Maria Petra Wesseling",
    }[language]
    problems = {}
    async with opened(browser) as context:
        page = await context.new_page()
        await log_in(page, portal, "Ouder van Anna")
        await page.goto(f"{portal.address}{own}/namens")
        problems["namens"] = await faults_at(page, looks, f"namens-{language}")
        await page.locator("main li", has_text="M-2026-17").get_by_role("button").click()
        await page.wait_for_url(f"{portal.address}{own}/gebruik")
        assert line in await page.locator("header").first.inner_text()
        assert "Gemeente Doesburg" in await page.locator("main").inner_text()
        problems["lijst"] = await faults_at(page, looks, f"namens-lijst-{language}")
        await page.goto(f"{portal.address}{own}/namens")
        await page.locator("main li", has_text="M-2026-18").get_by_role("button").click()
        await page.wait_for_url(f"{portal.address}{own}/gebruik")
        assert await page.locator("h1").count() == 1
        assert uses["use"] not in await page.content()
        problems["geweigerd"] = await faults_at(page, looks, f"namens-geweigerd-{language}")
        await page.locator("main a").first.click()
        await page.wait_for_url(f"{portal.address}{own}/namens")
    assert not any(problems.values()), problems


@pytest.mark.case("S-03")
async def test_the_list_is_two_steps_from_the_first_page_by_keyboard_alone(
    portal: Portal, browser: Browser, uses: dict[str, str]
) -> None:
    async with opened(browser, viewport={"width": 1280, "height": 900}) as context:
        page = await context.new_page()
        await page.goto(portal.address)
        assert await tab_to(page, "Log in") <= 6
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/authorize?**")
        await tab_to(page, "Suzanne Moulin")
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"{portal.address}/gebruik")
        assert await page.locator("h1").inner_text() == "Wie gebruikte mijn gegevens"


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
        assert walk[:16] == [
            "Ga naar de inhoud",
            "Snel weg",
            "Gemeente Proefdorp\nMijn gegevens",
            "English",
            "Uitloggen",
            "Begin",
            "Wie gebruikte mijn gegevens",
            "Toestemmingen",
            "Mijn rechten",
            "Begin",
            "van",
            "tot",
            "organisatie",
            "waarvoor",
            "Toon",
            "Download als tabel (CSV)",
        ]
        assert walk[-3:] == ["Privacy", "Kijkt er iemand mee?", "Lek gevonden? Meld het"]
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
        await take_picture(page, "lijst-print")


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
        await take_picture(page, "lijst-forced")
