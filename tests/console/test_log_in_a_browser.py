# SPDX-License-Identifier: EUPL-1.2
"""The pages about the log in real Chromium: a question of a person answered by the texts alone."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page
from tests.browsing import Look, faults_at, opened, take_picture
from tests.console.acts import RESIDENT, SIEBRAND, search
from tests.console.console_rig import BURGERZAKEN, Console
from tests.console.test_council import sources_of
from tests.console.test_held import SHELTER
from tests.console.test_officers_in_a_browser import SETTINGS, Eye, enter
from tests.console.test_overview import refused
from tests.console.test_persons import asked, decided, write_hidden
from tests.logboek.hold_rig import TWO, held, held_long_ago

from landschap.console.council.figures import quarters_until
from landschap.console.council.store.gathering import gather
from landschap.console.council.store.incidents import note_incident
from landschap.console.council.store.kept import keep
from landschap.console.verifying import store
from landschap.logboek.store.holds import lift_hold
from landschap.platform.ids import uuid7
from landschap.vocabulary.ijson import JsonValue

PAGES = {
    "logboek": "/console/logboek",
    "spoor-zoeken": "/console/spoor",
    "persoonsvraag": "/console/persoon",
    "persoonsvraag-wacht": "/console/persoon/{waits}",
    "persoonsvraag-beslis": "/console/persoon/{other}",
    "persoonsvraag-gebruik": "/console/persoon/{shown}",
    "persoonsvraag-afgekeurd": "/console/persoon/{refused}",
    "persoonsvraag-beantwoord": "/console/persoon/{closed}",
    "rechten": "/console/rechten",
    "integriteit": "/console/integriteit",
    "meekijkers": "/console/meekijkers",
    "plaatsen": "/console/plaatsen",
    "plaatsen-soort": "/console/plaatsen?soort=bijzonder",
    "achtergehouden": "/console/achtergehouden",
    "termijnen": "/console/termijnen",
    "verslagen": "/console/verslagen",
    "verslag": "/console/verslagen/{account}",
}


@pytest.mark.long
@pytest.mark.parametrize(("language", "looks"), SETTINGS)
async def test_pages_about_the_log_have_no_fault_that_a_program_can_find(
    console: Console, browser: Browser, language: str, looks: Sequence[Look]
) -> None:
    await write_hidden(console)
    await fill_overview(console)
    late = await held_long_ago(await console.database.administrator(), SHELTER)
    officers = await console.database.pool("logboek", role="landschap_disclosure")
    of_case = await held(officers, "", case="Z-2026-0017")
    first, second = await console.visit("fg"), await console.visit("fg2")
    known = {}
    askers = {"waits": first, "other": second, "shown": first, "refused": first, "closed": first}
    for name, who in askers.items():
        known[name] = (await asked(who)).location.rpartition("/")[2]
    await decided(second, f"/console/persoon/{known['shown']}")
    await decided(second, f"/console/persoon/{known['refused']}", "nee")
    await decided(second, closed := f"/console/persoon/{known['closed']}")
    await first.post(f"{closed}/klaar", {"token": first.token(await first.get(closed))})
    known["account"] = await an_account(console)
    problems = {}
    eye = Eye(console=console, language=language, looks=looks)
    async with opened(browser) as context:
        page = await context.new_page()
        await enter(page, console, "F. Groen")
        for name, path in PAGES.items():
            found = await eye.faults(page, name, path.format(**known))
            if found:
                problems[name] = found
        for path in ("/console/spoor", "/console/persoon"):
            await page.goto(f"{console.address}{'/en' if language == 'en' else ''}{path}")
            await page.locator("main form button[type=submit]").click()
            assert await page.get_by_role("alert").count() == 1
            found = await faults_at(page, looks, f"console-fout{path.replace('/', '-')}-{language}")
            if found:
                problems[f"wrong {path}"] = found
    for each in (late, of_case):
        assert await lift_hold(officers, each, TWO, "afgerond")
    assert problems == {}


async def an_account(console: Console) -> str:
    """A quarterly report that was made, and a breach that is past its 72 hours."""
    now = datetime.now(UTC)
    sources = await sources_of(console)
    found = now - timedelta(days=80)
    await note_incident(
        console.deps.pool, uuid7(), found_at=found, words="een brief te veel", by="fg"
    )  # fmt: skip
    quarter = quarters_until(now, 1)[0]
    made = await keep(console.deps.pool, await gather(sources, quarter, now), "f.groen", now)
    return f"{made.quarter}/{made.version}"


async def fill_overview(console: Console) -> None:
    """A peak of refusals at night; a verification that ended, and what a witness said."""
    night = datetime.now(UTC).replace(hour=2, minute=30) - timedelta(days=1)
    log, pool = console.deps.registers.log, await console.database.pool("console")
    await log.append([refused("case_missing", night) for _ in range(12)])
    asked_for = uuid7()
    await store.ask(pool, asked_for, datetime.now(UTC), 9)
    said = {"peerId": "00000001823288444000", "name": "Gemeente Zutphen", "word": "differs"}
    where = ["lane web-0, batch 3: another head"]
    outcome: dict[str, JsonValue] = {
        "intact": False, "harms": 1, "findings": ["record changed (lane web-0, batch 2)"],
        "unproven": ["no anchor was signed yet"], "witnesses": [{**said, "differences": where}],
    }  # fmt: skip
    await store.end(pool, asked_for, outcome)


async def test_who_never_saw_it_answers_a_request_for_access_by_the_texts(
    console: Console, browser: Browser, tmp_path: Path
) -> None:
    visitor = await console.visit("burgerzaken", BURGERZAKEN)
    await visitor.get((await search(visitor, RESIDENT, SIEBRAND)).location)
    async with opened(browser, java_script_enabled=False, accept_downloads=True) as context:
        page = await context.new_page()
        await enter(page, console, "F. Groen")
        await page.get_by_role("link", name="Logboek", exact=True).click()
        await page.get_by_role("link", name="Wie gebruikte gegevens van één persoon?").click()
        await page.get_by_label("Burgerservicenummer").fill(SIEBRAND)
        await page.get_by_label("Nummer van de zaak").fill("Z-2026-00099")
        await page.get_by_label("Waarom zoekt u deze persoon?").fill("Verzoek om inzage van maart")
        await page.get_by_role("button", name="Vraag een collega om goedkeuring").click()
        await page.get_by_text("Wacht op een collega").first.wait_for()
        address = page.url
        assert SIEBRAND not in address
        await _colleague_allows(browser, console)
        await page.goto(address)
        await page.get_by_role("heading", name="Wie gebruikte deze gegevens").wait_for()
        async with page.expect_download() as coming:
            await page.get_by_role("link", name="Maak het bestand voor de inwoner").click()
        await (await coming.value).save_as(tmp_path / "inzage.zip")
        with zipfile.ZipFile(tmp_path / "inzage.zip") as archive:
            archive.extractall(tmp_path)
        told = json.loads((tmp_path / "inzage.json").read_text())
        assert told["zaak"] == "Z-2026-00099"
        assert told["gebruik"]
    async with opened(browser, java_script_enabled=False) as context:
        page = await context.new_page()
        await page.goto((tmp_path / "inzage.html").as_uri())
        await page.get_by_role("heading", name="Wie gebruikte uw gegevens", level=1).wait_for()
        assert await page.locator("tbody tr").count() == len(told["gebruik"])
        await take_picture(page, "inzagebestand")


async def _colleague_allows(browser: Browser, console: Console) -> None:
    """The second officer, from the first page on."""
    async with opened(browser, java_script_enabled=False) as context:
        page: Page = await context.new_page()
        await enter(page, console, "G. Rood")
        await page.get_by_role("link", name="Logboek", exact=True).click()
        await page.get_by_role("link", name="Wie gebruikte gegevens van één persoon?").click()
        await page.get_by_role("link", name="Z-2026-00099").first.click()
        await page.get_by_label("Ja, dit mag").check()
        await page.get_by_label("Waarom vindt u dat").fill("Zaak gezien, identiteit vastgesteld")
        await page.get_by_role("button", name="Beslis").click()
        await page.get_by_text("Alleen wie het vroeg, ziet het gebruik").wait_for()
