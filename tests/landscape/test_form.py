# SPDX-License-Identifier: EUPL-1.2
"""The public form in a whole landscape: a client with its own identity, on a small screen."""

from __future__ import annotations

import asyncio
import contextlib
import json
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Browser, Error, Page, ViewportSize
from tests.browsing import LOOKS, faults_at, opened
from tests.portal.conftest import browser

from landschap.cli.demo.applying import (
    FETCH_SERVICE,
    REGISTER_SERVICE,
    apply_for_a_permit,
    open_form,
)
from landschap.cli.demo.commands import landschap
from landschap.cli.demo.landscape import ANNA, FORM_APPLICATION, FORM_PURPOSE
from landschap.cli.demo.story import Story
from landschap.platform import postgres
from landschap.platform.settings import load_settings

__all__ = ["browser"]

APPLICANT_NAME = "Anna Maria Petra Wesseling"
NARROW: ViewportSize = {"width": 320, "height": 700}


@pytest.fixture(scope="module")
async def at_weesp(story: Story) -> Story:
    """The landscape in which the form has its key and its contracts."""
    await open_form(story.opened.landscape)
    return story


@pytest.mark.long
async def test_the_step_of_the_demo_registers_once(at_weesp: Story) -> None:
    seen = await apply_for_a_permit(at_weesp.opened.landscape)
    assert len(seen["receipts"]) == 1  # type: ignore[arg-type]


async def _fits(window: Page) -> None:
    """Nothing scrolls sideways, without any script."""
    wide = await window.evaluate("document.documentElement.scrollWidth")
    assert wide <= NARROW["width"], window.url


@pytest.mark.long
@pytest.mark.case("S-50")
async def test_a_form_prefills_and_submits_as_itself_on_a_small_screen(
    at_weesp: Story, browser: Browser
) -> None:
    web = at_weesp.opened.landscape.weesp.web_address
    async with opened(browser, java_script_enabled=False, viewport=NARROW) as context:
        window = await context.new_page()
        await window.goto(f"{web}/formulier")
        await _fits(window)
        await window.get_by_role("link", name="Log in en begin").click()
        await window.get_by_role("button", name=APPLICANT_NAME).click()
        await _fits(window)
        # Its log-in is its own: in the portal this person is a stranger.
        portal = await context.new_page()
        await portal.goto(f"{web}/gebruik")
        assert "/authorize" in portal.url
        await portal.close()
        await window.get_by_role("button", name="Vul mijn gegevens in").click()
        assert await window.get_by_label("Straat").input_value() == "Vincent van Goghstraat"
        assert await window.get_by_text("Opgehaald uit: Inwoners").count() == 1
        await _fits(window)
        number = await _sent_by_double_click(window)
        await _sent_again_with_other_words(window, number)
        await _sent_again_without_a_receipt(at_weesp, window, number)
        # It stands in the resident's own page, under the form's activity.
        await window.goto(f"{web}/inloggen")
        await window.get_by_role("button", name=APPLICANT_NAME).click()
        await window.wait_for_url("**/gebruik")
        assert "Aanvraag omgevingsvergunning" in await window.locator("main").inner_text()
    await _stands_once_at_the_source(at_weesp, number)
    await _is_told_with_the_forms_purpose(at_weesp, number)


async def _sent_by_double_click(window: Page) -> str:
    """Fill in the rest, miss some, mend it, look it over and send it; gives the number."""
    await window.get_by_label("Huisletter").fill("B")
    await window.get_by_label("Dakkapel").check()
    await window.get_by_role("button", name="Verder").click()
    await _fits(window)
    assert await window.get_by_label("Huisletter").input_value() == "B"
    await window.get_by_label("Wat wilt u doen?").fill("Een dakkapel aan de achterkant")
    await window.get_by_label("Wanneer begint het werk?").fill(_begins())
    await window.get_by_role("button", name="Verder").click()
    await _fits(window)
    await window.get_by_role("button", name="Verstuur aanvraag").dblclick(no_wait_after=True)
    await window.wait_for_url("**/formulier/ontvangen/OV-*")
    await _fits(window)
    return window.url.rsplit("/", 1)[-1]


async def _sent_again_with_other_words(window: Page, number: str) -> None:
    """The back button and another text: nothing is sent, and it stays there."""
    await _go_back(window)
    await window.get_by_role("button", name="Wijzig").click()
    await window.get_by_label("Wat wilt u doen?").fill("Iets heel anders")
    await window.get_by_role("button", name="Verder").click()
    await window.get_by_role("button", name="Verstuur aanvraag").click()
    await window.get_by_text(f"onder nummer {number}").wait_for()
    assert await window.get_by_label("Wat wilt u doen?").input_value() == "Iets heel anders"
    address = await window.get_by_role("link", name="Bekijk wat u verstuurde").get_attribute("href")
    assert str(address).endswith(f"/formulier/ontvangen/{number}")


async def _sent_again_without_a_receipt(story: Story, window: Page, number: str) -> None:
    """It was registered and we did not hear of it: no link leads to a page that is not there."""
    pool = await postgres.pool(
        load_settings(story.config(story.opened.landscape.weesp)), "forms", size=1
    )
    try:
        assert (
            await pool.execute("DELETE FROM forms.receipt WHERE number = $1", number) == "DELETE 1"
        )
    finally:
        await pool.close()
    await _go_back(window)
    await window.get_by_role("button", name="Verstuur aanvraag").click()
    await window.get_by_text(f"onder nummer {number}").wait_for()
    assert await window.get_by_role("link", name="Bekijk wat u verstuurde").count() == 0


async def _go_back(window: Page) -> None:
    """No page of a person is kept by the browser: it asks whether to send the form before again."""
    with contextlib.suppress(Error):
        await window.go_back()
    for _ in range(80):
        # The page that asks so is still on its way, perhaps.
        with contextlib.suppress(Error):
            await window.reload()
            return
        await asyncio.sleep(0.5)
    pytest.fail("the page before does not come back")


def _begins() -> str:
    return (datetime.now(UTC) + timedelta(days=60)).strftime("%d-%m-%Y")


@pytest.mark.long
@pytest.mark.parametrize("language", ["", "/en"])
async def test_no_page_of_the_form_has_a_fault_that_a_program_can_find(
    at_weesp: Story, browser: Browser, language: str
) -> None:
    web, faults = at_weesp.opened.landscape.weesp.web_address, list[str]()
    name = f"formulier{language.replace('/', '-')}"
    async with opened(browser) as context:
        window = await context.new_page()
        await window.goto(f"{web}{language}/formulier")
        faults += await faults_at(window, LOOKS, f"{name}-1-begin")
        await window.locator("main a.utrecht-button-link").click()
        await window.get_by_role("button", name=APPLICANT_NAME).click()
        faults += await faults_at(window, LOOKS, f"{name}-2-kiezen")
        await window.locator("button[value=ophalen]").click()
        faults += await faults_at(window, LOOKS, f"{name}-3-ingevuld")
        await window.locator("main button[value=nakijken]").click()
        faults += await faults_at(window, LOOKS, f"{name}-4-fouten")
        await window.locator("#soortWerk-anders").check()
        await window.locator("#omschrijving").fill("Een hek")
        await window.locator("#begintOp").fill(_begins())
        await window.locator("main button[value=nakijken]").click()
        faults += await faults_at(window, LOOKS, f"{name}-5-nakijken")
        await window.locator("button[value=verstuur]").click()
        await window.wait_for_url("**/formulier/ontvangen/OV-*")
        faults += await faults_at(window, LOOKS, f"{name}-6-ontvangen")
    assert faults == []


async def _stands_once_at_the_source(story: Story, number: str) -> None:
    settings = load_settings(story.config(story.opened.landscape.weesp))
    pool = await postgres.pool(settings, "registers", size=1)
    try:
        rows = await pool.fetch("SELECT * FROM registers.assertion WHERE object_id = $1", number)
    finally:
        await pool.close()
    [kept] = rows
    content = json.loads(kept["inhoud"]) if isinstance(kept["inhoud"], str) else kept["inhoud"]
    assert content["omschrijving"] == "Een dakkapel aan de achterkant"
    assert content["adres"]["huisletter"] == "B"
    # What was typed over is not told as fetched.
    assert "straat" in content["opgehaald"]
    assert number in str(dict(kept))


async def _is_told_with_the_forms_purpose(story: Story, number: str) -> None:
    """In the log under the form's own name and purpose: fetched once, registered."""
    config = story.config(story.opened.landscape.weesp)
    told = await landschap(config, "log", "list", "--kind", "fsc", "--limit", "1000")
    asked = [
        (each["service"], request["subject"]["id"], request["context"]["purpose"])
        for each in told.answer
        for request in [each["content"]["adl"]["body"]["adl.core.request"]]
        if request["context"].get("case") == number
    ]
    assert {each[1:] for each in asked} == {(FORM_APPLICATION, FORM_PURPOSE)}
    services = [each[0] for each in asked]
    assert services.count(FETCH_SERVICE) == 1
    assert services.count(REGISTER_SERVICE) >= 2
    assert ANNA not in json.dumps(told.answer)
