# SPDX-License-Identifier: EUPL-1.2
"""From a search in an empty browser to the first answer: found, asked, approved, called."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, Page
from tests.browsing import opened, take_picture
from tests.landscape.conftest import NETWORK, WEB_PORT
from tests.portal.conftest import browser

from landschap.cli.demo.commands import landschap
from landschap.cli.demo.landscape import PURPOSE, SERVICE, SUZANNE, landscape_in
from landschap.cli.demo.observing import expected, facts_of
from landschap.cli.demo.opening import Opened, open_landscape
from landschap.cli.demo.processes import Processes
from landschap.cli.demo.story import CASE_WORKER, VALID_ON
from landschap.client import Answer, AsyncLandschap, Refused
from landschap.integration.connectors.opening import read_declarations
from landschap.integration.description import describe
from landschap.registers.client import read_models
from landschap.registers.describing import About

__all__ = ["browser"]

FIELDS = ("adres.woonplaats", "uitkering.soort")
MOST_CLICKS = 9
"""Under ten, with choosing who one is at the login provider: the developer once, the officer once."""
LOG_INS = 2
_WITHIN_SECONDS = 90.0


@pytest.fixture(scope="module")
async def empty() -> AsyncIterator[Opened]:
    """A landscape of its own, in which Doesburg has nothing agreed with Weesp any more."""
    folder = Path(tempfile.mkdtemp(prefix="ls-walk-", dir=os.environ.get("TMPDIR")))
    folder.chmod(0o755)
    scene = landscape_in(folder, network=NETWORK - 40, web_port=WEB_PORT + 3000)
    try:
        async with Processes(folder / "logs") as processes:
            made = await open_landscape(scene, processes, lambda _: None)
            config = scene.settings_file(scene.weesp)
            await landschap(config, "contract", "revoke", made.content_hash, "--yes")
            await described(made)
            yield made
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def described(made: Opened) -> None:
    """Doesburg gathers the description of Weesp's service, with what Weesp asks for it."""
    scene = made.landscape
    own = scene.folder / scene.weesp.key
    models = read_models(own / "registers")
    declaration = read_declarations(own / "bronnen", models)[SERVICE]
    document: Any = describe(
        declaration,
        About(version="1.0.0", organisation=scene.weesp.name, address=scene.weesp.inway_address),
    )
    document["info"]["x-gebruik"] = {
        "toegang": "contract",
        "fsc": {"peerId": scene.weesp.oin.value, "service": SERVICE},
        "doelen": [PURPOSE],
        "betrokkenen": ["inwoners"],
    }
    path = scene.folder / "woon-en-uitkeringssituatie.json"
    path.write_text(json.dumps(document))
    config = scene.settings_file(scene.doesburg)
    [told] = (await landschap(config, "catalogue", "gather", str(path))).answer
    # Anybody who looks in Doesburg's catalogue finds it; to ask takes logging in.
    await landschap(config, "catalogue", "offer", told["name"], "--to", "everyone")


async def called(made: Opened) -> Answer:
    """The first call, with the client kit. Raises Refused."""
    token = await made.application.log_in(CASE_WORKER)
    address = f"http://{made.landscape.doesburg.outway}"
    async with AsyncLandschap(address, key=made.application.api_key, token=token) as kit:
        return await kit.ask(
            SERVICE,
            f"/{SERVICE}/v1/_zoek",
            purpose="recht-op-bijstand-vaststellen",
            fields=FIELDS,
            json={"burgerservicenummer": SUZANNE},
            valid_on=VALID_ON,
            case="Z-2026-00412",
        )


class Hand:
    """A hand on a mouse: it counts."""

    def __init__(self) -> None:
        self.clicks = self.log_ins = 0

    async def click(self, what: Locator) -> None:
        """One click."""
        self.clicks += 1
        await what.click()

    async def log_in(self, window: Page, who: str) -> None:
        """Choose who one is, at the login provider."""
        self.log_ins += 1
        await self.click(window.get_by_role("button", name=who))


async def asked_at_doesburg(window: Page, hand: Hand, made: Opened) -> None:
    """A developer of Doesburg finds what Weesp offers, tries it, and asks for it."""
    await window.goto(f"{made.landscape.doesburg.web_address}/catalogus")
    await window.get_by_label("Zoekwoorden").fill("wie woont op een adres")
    await window.get_by_label("Zoekwoorden").press("Enter")
    await take_picture(window, "loop-1-gevonden")
    await hand.click(window.get_by_role("link", name="Woon- en uitkeringssituatie opvragen"))
    await take_picture(window, "loop-2-api")
    await hand.click(window.get_by_role("link", name="adres.woonplaats"))
    await hand.log_in(window, "D. Bruin")
    assert await window.get_by_label("adres.woonplaats").is_checked()
    await take_picture(window, "loop-3-velden")
    await hand.click(window.get_by_role("button", name="Verstuur de vraag"))
    # It goes as far as the Outway, which says what is lacking: access, for these very fields.
    await window.locator("h1").get_by_text("Uitgeprobeerd").wait_for()
    tried = await window.locator("main").inner_text()
    assert "Dit is geweigerd" in tried, tried
    assert "contract" in tried, tried
    await take_picture(window, "loop-4-geprobeerd")
    await hand.click(window.get_by_role("link", name="Vraag toegang", exact=True))
    # What leaves no choice is chosen; what the contract says stands there before it is signed.
    words = window.get_by_text("Gemeente Doesburg mag dienst woon-en-uitkeringssituatie")
    assert "met hooguit de velden van" in await words.inner_text()
    assert await window.get_by_label("adres.woonplaats").is_checked()
    await hand.click(window.get_by_role("button", name="Vraag toegang aan"))
    await window.wait_for_url("**/catalogus/aanvragen/*")
    await seen(window, "Gemeente Weesp is aan de beurt.")
    await take_picture(window, "loop-5-gevraagd")


async def approved_at_weesp(window: Page, hand: Hand, made: Opened) -> None:
    """An officer of Weesp reads it and says yes."""
    await window.goto(f"{made.landscape.weesp.web_address}/console/contracten")
    await hand.log_in(window, "C. Blauw")
    waiting = window.get_by_role("table", name="Contracten die op ons wachten")
    await hand.click(waiting.get_by_role("link"))
    await take_picture(window, "loop-6-besluit")
    await hand.click(window.get_by_role("button", name="Accepteer"))
    await window.get_by_text("Geldig", exact=True).first.wait_for()


async def seen(window: Page, words: str) -> None:
    """Reload until a page says this, as the page itself tells to do."""
    until = time.monotonic() + _WITHIN_SECONDS
    while not await window.get_by_text(words).count():
        assert time.monotonic() < until, await window.locator("main").inner_text()
        await asyncio.sleep(0.5)
        await window.reload()


async def answered(made: Opened) -> Answer:
    """The call once the Outway has its token."""
    until = time.monotonic() + _WITHIN_SECONDS
    while time.monotonic() < until:
        try:
            return await called(made)
        except Refused:
            await asyncio.sleep(0.5)
    return await called(made)


@pytest.mark.long
@pytest.mark.case("S-13")
async def test_a_developer_finds_asks_and_calls_the_same_day(
    empty: Opened, browser: Browser
) -> None:
    with pytest.raises(Refused):
        await called(empty)
    began, hand = time.monotonic(), Hand()
    async with opened(browser, java_script_enabled=False, bypass_csp=False) as theirs:
        developer = await theirs.new_page()
        await asked_at_doesburg(developer, hand, empty)
        async with opened(browser, java_script_enabled=False, bypass_csp=False) as ours:
            await approved_at_weesp(await ours.new_page(), hand, empty)
        await seen(developer, "Niemand: het is geregeld.")
        await take_picture(developer, "loop-7-toegang")
        assert await developer.get_by_text("fields=adres.woonplaats").is_visible()
        # What stands there to copy is the question that is asked below.
        copied = await developer.get_by_label("De vraag in de terminal").inner_text()
        assert copied.startswith(f"landschap call {SERVICE}/{SERVICE}/v1/_zoek --purpose"), copied
        assert copied.endswith("--data @vraag.json"), copied
        asked = await developer.get_by_label("De inhoud van vraag.json").inner_text()
        assert json.loads(asked) == {"burgerservicenummer": SUZANNE}
    answer = await answered(empty)
    assert answer.status == 200
    facts, computed = facts_of(answer.data), expected(SUZANNE, VALID_ON, None)
    assert {each: facts[each] for each in FIELDS} == {each: computed[each] for each in FIELDS}
    assert hand.clicks <= MOST_CLICKS
    assert hand.log_ins == LOG_INS
    # Under ten minutes: no e-mail, and nobody who had to wait for anybody but the other.
    assert time.monotonic() - began < 600


@pytest.mark.long
@pytest.mark.case("S-18")
async def test_an_employee_tries_it_out_from_the_page_and_sees_both_records(
    empty: Opened, browser: Browser
) -> None:
    """After the test above: there is a contract now."""
    async with opened(browser, java_script_enabled=False, bypass_csp=False) as context:
        window = await context.new_page()
        await window.goto(f"{empty.landscape.doesburg.web_address}/console/inloggen")
        await window.get_by_role("button", name="L. Zwart").click()
        await window.goto(f"{empty.landscape.doesburg.web_address}/catalogus")
        await window.get_by_role("link", name="Woon- en uitkeringssituatie opvragen").click()
        await window.get_by_role("link", name="Naslag lezen").click()
        await window.locator("main table a").first.click()
        await window.get_by_role("link", name="Probeer uit").click()
        for each in FIELDS:
            await window.get_by_label(each, exact=True).check()
        await window.get_by_label("Nummer van de zaak").fill("Z-2026-00412")
        await window.get_by_role("button", name="Bekijk wat dit vraagt").click()
        await take_picture(window, "loop-8-velden")
        await window.get_by_label("geldigOp").fill(VALID_ON)
        await window.get_by_label("Suzanne Moulin").check()
        await window.get_by_role("button", name="Verstuur de vraag").click()
        await window.locator("h1").get_by_text("Uitgeprobeerd").wait_for()
        text = await window.locator("main").inner_text()
        await take_picture(window, "loop-9-gelukt")
        assert "200 Gelukt" in text, text
        assert "Gemeente Weesp (bron)" in text
        assert text.count("gelijk") >= 6
        assert "R12 Velden" in text
