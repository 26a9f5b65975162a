# SPDX-License-Identifier: EUPL-1.2
"""Files with a report: refused with the words kept, sealed, read by two, gone after their term."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from playwright.async_api import Browser
from tests.browsing import LOOKS, faults_at, opened
from tests.console.acts import records_of
from tests.console.console_rig import BURGERZAKEN, Console, served_console
from tests.portal.portal_rig import SUZANNE
from tests.portal.test_corrections import (
    cookies_of,
    decide,
    form_of,
    hidden,
    place_of,
    resident,
    waiting,
)
from tests.portal.visiting import Seen, Visitor, with_files
from tests.throwaway import Database
from tests.vocabulary.test_uploads import JPEG, PNG, pdf

from landschap.platform.seal_keys import seal_keys
from landschap.registers.source_holder import SourceHolder
from landschap.registers.store.evidence import KEPT, PENDING, forget_files

pytestmark = pytest.mark.long
WORDS = {"voorstel": "14", "uitleg": "Het staat in het huurcontract."}


@pytest.fixture(scope="module")
async def console(module_database: Database) -> AsyncIterator[Console]:
    """Portal and console over the demo's registers, served on loopback."""
    async with served_console(module_database) as made:
        yield made


async def kept(console: Console) -> int:
    found: int = await console.portal.own.registers.pool.fetchval(  # type: ignore[union-attr]
        "SELECT count(*) FROM registers.evidence"
    )
    return found


async def handed_in(
    visitor: Visitor, field: str, *files: tuple[str, bytes]
) -> tuple[str, dict[str, str], Seen]:
    """The place, the form and the page after looking it over with these files."""
    place = await place_of(visitor, field)
    form = {**form_of(visitor, await visitor.get(place)), **WORDS}
    seen = await visitor.post(place, with_files({**form, "stap": "nakijken"}, *files))
    return place, form, seen


async def test_a_file_that_is_refused_loses_no_word_and_says_which_and_why(
    console: Console,
) -> None:
    visitor = await resident(console)
    files = (("brief.docx", b"PK\3\4"), ("foto.jpg", JPEG), ("bijlage.pdf", pdf("file")))
    place, form, seen = await handed_in(visitor, "straat", *files)
    assert seen.status == 400
    assert 'value="14"' in seen.text
    assert WORDS["uitleg"] in seen.text
    assert "brief.docx is geen PDF, JPG of PNG." in seen.text
    assert "bijlage.pdf doet zelf iets, of er zitten andere bestanden in." in seen.text
    assert "foto.jpg is" not in seen.text
    assert re.search(r"<span>foto\.jpg</span>", seen.text)
    # A file that is far too large comes back with all that was typed.
    large = await visitor.post(place, with_files(form, ("groot.png", PNG + bytes(6_000_000))))
    assert (large.status, 'value="14"' in large.text) == (400, True)
    assert "groot.png is te groot. Een bestand mag 5 MB zijn." in large.text
    # The same again is the same; a fourth does not fit.
    more = [("a.png", PNG), ("b.pdf", pdf()), ("foto.jpg", JPEG), ("c.jpg", JPEG + b"\0")]
    full = await visitor.post(place, with_files(form, *more))
    assert "c.jpg past er niet bij. U mag 3 bestanden meesturen." in full.text
    assert full.text.count("Haal weg") == 3
    away = re.findall(r'name="weg" value="([^"]+)"', full.text)
    one_less = await visitor.post(place, with_files({**form, "weg": away[0]}))
    assert (one_less.status, one_less.text.count("Haal weg")) == (200, 2)
    assert WORDS["uitleg"] in one_less.text
    many = [(f"{each}\u202e.exe", b"MZ") for each in range(9)]
    told = await visitor.post(place, with_files(form, *many))
    assert told.text.count("past er niet bij") == 2 * 3
    assert "\u202e" not in told.text
    # Nothing was sent, and nobody else sees or takes out what is there.
    other = await resident(console, "burger-2")
    theirs = {**form, "token": other.token(await other.get("/gegevens")), "weg": away[1]}
    assert (await other.post(place, with_files(theirs))).status == 404
    assert await kept(console) == 2
    await forget_files(console.portal.own.registers.pool, datetime.now(UTC) + PENDING)  # type: ignore[union-attr]
    assert await kept(console) == 0


async def test_what_is_handed_in_is_read_by_the_person_and_who_decides_alone(
    console: Console,
) -> None:
    assert console.portal.own is not None
    pool = console.portal.own.registers.pool
    visitor = await resident(console)
    body = pdf()
    place, form, seen = await handed_in(visitor, "huisnummer", ("Huur contract.pdf", body))
    assert (seen.status, "Huur contract.pdf" in seen.text) == (200, True)
    sent = await visitor.post(place, {**form, "stap": "verstuur"})
    page = await visitor.get(sent.location)
    (address,) = re.findall(r'href="(/meldingen/[^"]+/bewijs/[^"]+)"', page.text)
    assert await visitor.download(address) == body
    told = (await visitor._ask("GET", f"{console.address}{address}", None, "replace")).headers
    assert told["content-disposition"].startswith('attachment; filename="Huur contract.pdf"')
    assert told["x-content-type-options"] == "nosniff"
    assert told["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert (told["content-type"], told["cache-control"]) == ("application/pdf", "no-store")
    row = await pool.fetchrow("SELECT about, sealed FROM registers.evidence")
    assert b"Huur" not in row["about"]
    assert b"PDF" not in row["sealed"]
    assert len(seal_keys(console.portal.settings, "evidence")) == 1
    # Another person, another report, nobody.
    other = await resident(console, "burger-2")
    assert (await other.get(address)).status == 404
    assert (await visitor.get(f"{sent.location}/bewijs/{UUID(int=1)}")).status == 404
    assert (await Visitor(portal=console.address).get(address)).status == 303
    # The officer who may decide; who may only look sees that it is there.
    officer = await console.visit("burgerzaken", BURGERZAKEN)
    path = await waiting(officer, "Huisnummer")
    shown = await officer.get(path)
    (theirs,) = re.findall(r'href="(/console/terugmeldingen/[^"]+/bewijs/[^"]+)"', shown.text)
    before = len(await records_of(console, SUZANNE))
    assert await officer.download(theirs) == body
    lines = await records_of(console, SUZANNE)
    assert len(lines) == before + 1
    assert "bewijsstuk ophalen" in str(lines)
    assert (await visitor.get(theirs)).status == 303
    letter = f"{sent.location}/brief.pdf"
    assert (await visitor.download(letter)).startswith(b"%PDF-")
    assert (await other.get(letter)).status == 404
    # What is destroyed takes it along, whoever destroys.
    owner = await console.database.administrator()
    trial = owner.transaction()
    await trial.start()
    await owner.execute("UPDATE registers.report SET explanation = ''")
    assert await owner.fetchval("SELECT count(*) FROM registers.evidence") == 0
    await trial.rollback()
    await owner.close()
    # Decided, it is kept a year; then it is gone, for both.
    await decide(officer, path, gegrond="nee", reden="Het klopt wel.")
    now = datetime.now(UTC)
    assert await forget_files(pool, now + KEPT - timedelta(days=1)) == 0
    assert await visitor.download(address) == body
    assert await forget_files(pool, now + KEPT + timedelta(days=1)) == 1
    assert (await visitor.get(address)).status == 404
    assert (await officer.get(theirs)).status == 404


async def test_files_wait_with_the_words_when_the_session_was_over_and_go_when_taken_back(
    console: Console,
) -> None:
    assert console.portal.own is not None
    visitor = await resident(console)
    place = await place_of(visitor, "woonplaats")
    form = {**form_of(visitor, await visitor.get(place)), **WORDS, "stap": "nakijken"}
    await console.portal.portal_pool.execute(
        "UPDATE portal.session SET begun_at = now() - interval '9 hours',"
        " seen_at = now() - interval '9 hours'"
    )
    before = await kept(console)
    over = await visitor.post(place, with_files(form, ("foto.jpg", JPEG)))
    assert "/sessie-voorbij" in over.location
    await visitor.post(place, with_files({**form, "token": "x"}, ("a.png", PNG)))
    assert await kept(console) == before + 1
    await visitor.log_in("burger-1")
    back = await visitor.get(place)
    assert "foto.jpg" in back.text
    again = {**form_of(visitor, back), **WORDS, "stap": "verstuur"}
    assert hidden(back, "melding") == form["melding"]
    sent = await visitor.post(place, with_files(again))
    page = await visitor.get(sent.location)
    assert "foto.jpg" in page.text
    await visitor.post(sent.location, {"token": visitor.token(page)})
    assert "foto.jpg" not in (await visitor.get(sent.location)).text
    assert await kept(console) == before


async def test_the_pages_with_files_have_no_fault_that_a_program_can_find(
    console: Console, browser: Browser, tmp_path: Path
) -> None:
    """As a person meets them: a file refused, a file taken, the report, and a holder elsewhere."""
    (tmp_path / "brief.docx").write_bytes(b"PK\3\4")
    (tmp_path / "huur.pdf").write_bytes(pdf())
    faults: dict[str, list[str]] = {}
    visitor = await resident(console, "burger-2")
    async with opened(browser) as context:
        page = await context.new_page()
        await context.add_cookies(cookies_of(visitor, console.address))

        async def look(name: str) -> None:
            if found := await faults_at(page, LOOKS, f"bewijs-{name}"):
                faults[name] = found

        await page.goto(console.address + await place_of(visitor, "postcode"))
        await page.get_by_label("Wat moet er staan?").fill("1381 XX")
        await page.get_by_label("Hoe weet u dat?").fill(WORDS["uitleg"])
        files = [tmp_path / "brief.docx", tmp_path / "huur.pdf"]
        await page.get_by_label("Heeft u bewijs?").set_input_files(files)
        # Enter in a field goes on: it takes no file away.
        await page.get_by_label("Wat moet er staan?").press("Enter")
        await page.wait_for_load_state()
        assert "brief.docx is geen PDF" in await page.locator("main").inner_text()
        assert await page.get_by_label("Hoe weet u dat?").input_value() == WORDS["uitleg"]
        await look("geweigerd")
        await page.get_by_label("Wat moet er staan?").press("Enter")
        await page.wait_for_load_state()
        assert "huur.pdf" in await page.locator("main").inner_text()
        await look("nakijken")
        await page.get_by_role("button", name="Verstuur melding").click()
        await page.wait_for_url("**/meldingen/*")
        await look("melding")
        async with page.expect_download() as download:
            await page.get_by_role("link", name="huur.pdf").click()
        saved = await (await download.value).path()
        assert saved.read_bytes() == pdf()
        own = console.portal.own
        assert own is not None
        registers: Any = own.registers.registers.by_name
        elsewhere = SourceHolder(oin="00000099000000009999", name="RDW", address="Postbus 30.000")
        before = registers["postadressen"]
        registers["postadressen"] = replace(before, source=elsewhere)
        try:
            await page.goto(console.address + await place_of(visitor, "straat"))
            await look("elders")
        finally:
            registers["postadressen"] = before
    assert faults == {}
