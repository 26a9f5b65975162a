# SPDX-License-Identifier: EUPL-1.2
"""A resident sees the own data, says what is wrong, once, and follows it to the decision."""

from __future__ import annotations

import asyncio
import copy
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from playwright.async_api import Browser
from tests.browsing import DARK_AND_NARROW, LOOKS, faults_at, opened
from tests.console.acts import records_of
from tests.console.console_rig import BURGERZAKEN, Console, served_console
from tests.portal.portal_rig import SUZANNE
from tests.portal.visiting import Seen, Visitor
from tests.portal.visits import without
from tests.throwaway import Database

from landschap.gateway.saying.store.passed import Passed, State, keep_passed, settle
from landschap.portal.own import last_day_to_object
from landschap.registers.store.reminding import remind
from landschap.registers.worker.terms import one_round
from landschap.vocabulary.times import amsterdam_day

PROPOSED, WHY = "14", "Mijn huurcontract zegt 14."


@pytest.fixture(scope="module")
async def console(module_database: Database) -> AsyncIterator[Console]:
    """Portal and console over the demo's registers, served on loopback."""
    async with served_console(module_database) as made:
        yield made


async def resident(console: Console, sub: str = "burger-1") -> Visitor:
    visitor = Visitor(portal=console.address)
    await visitor.log_in(sub)
    return visitor


async def place_of(visitor: Visitor, field: str) -> str:
    """Where the person says that a value of the postal address is wrong."""
    page = await visitor.get("/gegevens")
    found = re.search(rf'href="(/gegevens/postadressen/[^"]+/{field}/fout)"', page.text)
    assert found is not None, page.text
    return found[1]


def hidden(page: Seen, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found is not None
    return found[1]


def form_of(visitor: Visitor, page: Seen, **more: str) -> dict[str, str]:
    kept = {name: hidden(page, name) for name in ("melding", "voor")}
    return {"token": visitor.token(page), **kept, "voorstel": PROPOSED, "uitleg": WHY, **more}


async def report(visitor: Visitor, field: str, proposed: str) -> str:
    """Report a value as wrong; gives the address of the report."""
    place = await place_of(visitor, field)
    page = await visitor.get(place)
    sent = await visitor.post(place, form_of(visitor, page, stap="verstuur", voorstel=proposed))
    assert sent.status == 303, sent.text
    return sent.location


async def waiting(officer: Visitor, field: str, thing: str = "P00001") -> str:
    """The page of the report about a field, of Suzanne's address when no other is named."""
    listed = await officer.get("/console/terugmeldingen")
    row = re.search(
        rf'href="([^"]+)">Bekijk en beslis<span[^>]*>[^<]*{thing}, {field}<', listed.text
    )
    assert row is not None, listed.text
    return row[1]


async def decide(officer: Visitor, path: str, **given: str) -> Seen:
    """Decide by the form, as it stands."""
    page = await officer.get(path)
    form = {"token": officer.token(page), "document": "zaak 7", "gezien": hidden(page, "gezien")}
    form |= dict(re.findall(r'name="(waarde\.[^"]+)"[^>]*value="([^"]*)"', page.text))
    return await officer.post(path, {**form, **given})


def cookies_of(visitor: Visitor, address: str) -> list[Any]:
    """The cookies of a visitor without a browser, for a browser."""
    own = visitor.cookies[address.removeprefix("http://")]
    # A browser keeps such cookies for this host, but takes them by hand for a secure address only.
    url = address.replace("http://", "https://")
    return [
        {"name": name, "value": value, "url": url, "secure": True} for name, value in own.items()
    ]


async def test_the_own_data_stand_there_with_source_and_moment_and_each_look_is_a_line(
    console: Console,
) -> None:
    visitor = await resident(console)
    before = len(await records_of(console, SUZANNE))
    page = await visitor.get("/gegevens")
    assert (page.status, page.title) == (200, "Mijn gegevens")
    for words in ("Achtergracht", "41", "Suzanne", "Bron: Postadressen", "1 maart 2026"):
        assert words in page.text
    assert "P00001" not in page.text
    assert "Nieuwstraat" not in page.text
    document = json.loads((await visitor.get("/gegevens.json")).text)
    (address,) = [each for each in document["gegevens"] if each["register"] == "postadressen"]
    assert (address["waarden"]["huisnummer"], address["geldigSinds"]) == (41, "2026-03-01")
    assert "P00001" not in json.dumps(document)
    assert "Bekijk uw gegevens" in (await visitor.get("/")).text
    lines = (await records_of(console, SUZANNE))[: len(await records_of(console, SUZANNE)) - before]
    said = [each["ldv"]["name"] for each in lines]
    assert "postadressen: eigen gegevens bekijken" in said
    assert len(said) == 6  # both looks, at each register
    used = await visitor.get("/gebruik")
    assert used.text.count("Om de eigen gegevens te zien") > 0
    one = re.search(r'href="(/gebruik/[^"]+)">Bekijk', used.text[used.text.index("uw naam") :])
    assert one is not None
    assert (await visitor.get(one[1])).title.startswith("U zelf bekeek")


async def test_nothing_is_sent_before_it_was_looked_over_and_nothing_typed_is_lost(
    console: Console,
) -> None:
    visitor = await resident(console)
    place = await place_of(visitor, "woonplaats")
    page = await visitor.get(place)
    assert (page.status, page.title) == (200, "Klopt uw gegeven niet?")
    typed = form_of(visitor, page, voorstel="", uitleg="Ik weet het <zeker>")
    wrong = await visitor.post(place, typed)
    assert wrong.status == 400
    assert "Vul in wat er volgens u moet staan" in wrong.text
    assert "Ik weet het &lt;zeker&gt;" in wrong.text
    check = await visitor.post(place, {**typed, "voorstel": "Muiden", "stap": "nakijken"})
    assert (check.status, check.title) == (200, "Klopt uw melding?")
    back = await visitor.post(place, {**typed, "voorstel": "Muiden", "stap": "wijzig"})
    assert 'value="Muiden"' in back.text
    assert hidden(back, "melding") == hidden(page, "melding")
    assert (await visitor.get("/meldingen")).text.count("M-2") == 0
    foreign = await visitor.post(place, {**typed, "token": "x", "voorstel": "Muiden"})
    assert foreign.status == 403


async def test_a_report_is_sent_once_whatever_is_clicked(console: Console) -> None:
    visitor = await resident(console, "burger-2")
    place = await place_of(visitor, "huisnummer")
    page = await visitor.get(place)
    form = form_of(visitor, page, stap="verstuur", voorstel="9")
    # A double click is two requests at once.
    first, second = await asyncio.gather(visitor.post(place, form), visitor.post(place, form))
    assert first.status == second.status == 303
    assert first.location == second.location
    # The back button, other words typed: it was sent already.
    again = await visitor.post(place, {**form, "voorstel": "11"})
    assert again.location == first.location
    # A window that was open before.
    other = await visitor.post(place, {**form, "melding": str(uuid4()), "voorstel": "11"})
    assert other.location == first.location
    assert (await visitor.get(place)).location == first.location
    told = await visitor.get(first.location)
    assert "Uw melding is ontvangen" in told.text
    assert "In onderzoek" in told.text
    listed = await visitor.get("/meldingen")
    assert len(re.findall(r"M-20[0-9]{2}-[0-9A-F]{8}", listed.text)) == 1
    marked = await visitor.get("/gegevens")
    assert marked.text.count("In onderzoek") == 1
    # Nobody else sees it, also not with the address or the form.
    suzanne = await resident(console)
    assert (await suzanne.get(first.location)).status == 404
    assert (await suzanne.get(place)).status == 404
    assert (await suzanne.post(place, {**form, "token": "x"})).status == 403
    own = {**form, "token": suzanne.token(await suzanne.get("/gegevens"))}
    assert (await suzanne.post(place, own)).status == 404


async def test_what_was_typed_when_the_session_was_over_is_there_after_logging_in(
    console: Console,
) -> None:
    visitor = await resident(console)
    place = await place_of(visitor, "straat")
    page = await visitor.get(place)
    form = form_of(visitor, page, stap="verstuur", voorstel="Bovengracht", uitleg="Zo heet het.")
    pool = console.portal.portal_pool
    await pool.execute(
        "UPDATE portal.session SET begun_at = now() - interval '9 hours',"
        " seen_at = now() - interval '9 hours'"
    )
    cookies = copy.deepcopy(visitor.cookies)
    # A form from elsewhere keeps nothing.
    await visitor.post(place, {**form, "token": "x"})
    assert await pool.fetchval("SELECT count(*) FROM portal.draft") == 0
    visitor.cookies = cookies
    gone = await visitor.post(place, form)
    assert gone.status == 303
    assert "/sessie-voorbij?terug=" in gone.location
    kept = await pool.fetchval("SELECT sealed FROM portal.draft")
    assert b"Bovengracht" not in kept
    await visitor.log_in("burger-1")
    back = await visitor.get(place)
    assert 'value="Bovengracht"' in back.text
    assert "Zo heet het." in back.text
    assert "Wat u typte, is bewaard." in back.text
    assert await pool.fetchval("SELECT count(*) FROM portal.draft") == 0
    # Another person at the same computer finds nothing of it.
    form = form_of(visitor, back, stap="verstuur", voorstel="Bovengracht")
    await pool.execute("DELETE FROM portal.session")
    await visitor.post(place, form)
    await visitor.log_in("burger-2")
    theirs = await visitor.get(await place_of(visitor, "straat"))
    assert "Bovengracht" not in theirs.text


async def test_a_report_is_taken_back_by_its_person_alone_and_the_mark_goes(
    console: Console,
) -> None:
    visitor = await resident(console)
    address = await report(visitor, "woonplaats", "Muiden")
    assert "In onderzoek" in (await visitor.get("/gegevens")).text
    page = await visitor.get(address)
    form = {"token": visitor.token(page)}
    other = await resident(console, "burger-2")
    token = other.token(await other.get("/gebruik"))
    assert (await other.post(address, {"token": token})).status == 404
    assert (await visitor.post(address, {"token": "x"})).status == 403
    assert (await Visitor(portal=console.address).post(address, form)).status == 303
    assert "Trek uw melding in" in (await visitor.get(address)).text
    for _ in range(2):
        assert (await visitor.post(address, form)).status == 303
    page = await visitor.get(address)
    assert "U trok uw melding in" in page.text
    assert "bezwaar maken" not in page.text
    data = json.loads((await visitor.get("/gegevens.json")).text)
    doubted = [each["inOnderzoek"] for each in data["gegevens"]]
    assert not any("woonplaats" in each for each in doubted), doubted


async def test_the_holder_decides_and_the_person_reads_why_and_until_when_to_object(
    console: Console,
) -> None:
    visitor = await resident(console)
    sent = await report(visitor, "postcode", "1381 XX")
    officer = await console.visit("burgerzaken", BURGERZAKEN)
    path = await waiting(officer, "Postcode")
    page = await officer.get(path)
    for words in (WHY, "1381 XX", "de inwoner zelf", "Besluit uiterlijk op"):
        assert words in page.text
    done = await decide(officer, path, gegrond="nee", reden="Op de akte staat 1381 BL.")
    assert done.status == 303
    told = await visitor.get(sent)
    assert "Op de akte staat 1381 BL." in told.text
    assert "Wij veranderen het gegeven niet." in told.text
    assert "bezwaar maken, tot en met" in told.text
    assert str(last_day_to_object(amsterdam_day(datetime.now(UTC)))) in told.text
    assert "1381 BL" in (await visitor.get("/gegevens")).text
    english = await visitor.get("/en" + sent.removeprefix(console.address))
    assert "Do you disagree with the decision?" in english.text


async def test_an_upheld_report_is_corrected_on_both_axes_with_what_the_person_proposed(
    console: Console,
) -> None:
    visitor = await resident(console)
    sent = await report(visitor, "huisnummer", "14")
    assert "In onderzoek" in (await visitor.get("/gegevens")).text
    officer = await console.visit("burgerzaken", BURGERZAKEN)
    path = await waiting(officer, "Huisnummer")
    page = await officer.get(path)
    assert 'id="waarde.huisnummer"' in page.text
    assert 'value="14"' in page.text
    done = await decide(officer, path, gegrond="ja", reden="Zo staat het in het huurcontract.")
    assert done.status == 303, done.text
    told = await visitor.get(sent)
    assert "U heeft gelijk: het gegeven klopte niet." in told.text
    own = await visitor.get("/gegevens")
    assert re.search(r"<dt>Huisnummer</dt><dd>\s*14\s*</dd>", own.text), own.text
    found = await officer.get("/console/register/postadressen/postadressen/P00001/json")
    document = json.loads(found.text)
    last = [each for each in document["registraties"] if each["soort"] == "CORRECTIE"][-1]
    assert last["bron"]["reden"] == "Zo staat het in het huurcontract."
    assert document["items"][0]["historie"]["inOnderzoek"] == []


async def test_a_term_that_passed_is_told_to_both(console: Console) -> None:
    visitor = await resident(console)
    sent = await report(visitor, "woonplaats", "Muiden")
    administrator = await console.database.administrator()
    await administrator.execute(
        "UPDATE registers.report SET decide_by = decide_by - 60 WHERE paths = '{woonplaats}'"
    )
    await administrator.close()
    told = await visitor.get(sent)
    assert "Wij zijn te laat met beslissen." in told.text
    assert "Wij zijn te laat met beslissen." in (await visitor.get("/meldingen")).text
    officer = await console.visit("burgerzaken", BURGERZAKEN)
    listed = await officer.get("/console/terugmeldingen")
    rows = listed.text.split("<tr ")[2:]
    assert ["Te laat" in row for row in rows] == [True, *[False] * (len(rows) - 1)]
    # Whoever looks first reminds; the same week nobody does again.
    pool, now = console.deps.registers.pool, datetime.now(UTC)
    for _ in range(2):
        await one_round(pool, now)
    assert "Wij herinnerden wie beslist eraan" in (await visitor.get(sent)).text
    path = await waiting(officer, "Woonplaats")
    page = await officer.get(path)
    assert re.search(r"Herinnerd op</dt><dd>(?:(?!;|</dd>).)*</dd>", page.text, re.DOTALL)
    assert "1 terugmelding is te laat" in (await officer.get("/console")).text
    assert console.deps.hearing is not None
    gateway = console.deps.hearing.gateway
    passed = Passed(
        report=UUID(sent.rpartition("/")[2]), register="postadressen", peer="00000099000000003000",
        subject=bytes(16), key_id=1, said_at=now, trace_id=bytes(16),
    )  # fmt: skip
    await keep_passed(gateway, passed)
    assert "1 terugmelding is te laat" not in (await officer.get("/console")).text
    await settle(gateway, passed, State.REFUSED, "statement_level")
    later = await remind(pool, amsterdam_day(now) + timedelta(days=7))
    assert [each.report_id for each in later].count(UUID(sent.rpartition("/")[2])) == 1


async def test_a_register_that_does_not_answer_is_named(console: Console) -> None:
    visitor = await resident(console)
    async with without(console, "registers", "SELECT", "registers.projection"):
        page = await visitor.get("/gegevens")
        assert page.status == 200
        assert "Wij kunnen nu niet alles laten zien." in page.text
        assert "Postadres" in page.text
        assert "Achtergracht" not in page.text
        assert "Dit hebben wij niet van u" not in page.text
        document = json.loads((await visitor.get("/gegevens.json")).text)
        assert "postadressen.postadres" in document["nietGelukt"]
    assert "Achtergracht" in (await visitor.get("/gegevens")).text


async def test_without_a_line_nothing_is_shown(
    console: Console,
) -> None:
    visitor = await resident(console)
    place = await place_of(visitor, "straat")
    async with without(console, "logboek", "INSERT", "logboek.record"):
        page = await visitor.get("/gegevens")
        assert page.status == 503
        assert "Achtergracht" not in page.text
        assert (await visitor.get(place)).status == 503


@pytest.mark.parametrize("whole", [False, pytest.param(True, marks=pytest.mark.long)])
async def test_the_whole_way_in_a_browser_has_no_fault_that_a_program_can_find(
    console: Console, browser: Browser, whole: bool
) -> None:
    """No page has script, so what works here works without. ``whole``: each look, each language."""
    looks = LOOKS if whole else (DARK_AND_NARROW,)
    field, proposed = ("Straat", "Oudestraat") if whole else ("Woonplaats", "Muiden")
    faults: dict[str, list[str]] = {}
    async with opened(browser) as context:
        page = await context.new_page()

        async def look(name: str) -> None:
            for language in ("nl", "en") if whole else ("nl",):
                if language == "en":
                    if name in ("fout", "nakijken"):
                        continue  # the answer to a form; its twin begins anew
                    await page.goto(page.url.replace(console.address, f"{console.address}/en"))
                if found := await faults_at(page, looks, f"melding-{name}-{language}"):
                    faults[f"{name} {language}"] = found
                if language == "en":
                    await page.go_back()

        await page.goto(console.address)
        await page.get_by_role("link", name="Log in", exact=True).click()
        await page.get_by_role("button", name="Anna Maria Petra Wesseling").click()
        await page.get_by_role("link", name="Mijn gegevens", exact=True).click()
        await look("gegevens")
        await page.get_by_role("link", name=f"Klopt dit niet? {field}").click()
        await look("formulier")
        await page.get_by_role("button", name="Verder").click()
        assert "Fout: " in await page.title()
        await look("fout")
        await page.get_by_label("Wat moet er staan?").fill(proposed)
        await page.get_by_label("Hoe weet u dat?").fill("Het staat zo op mijn huurcontract.")
        await page.get_by_role("button", name="Verder").click()
        await look("nakijken")
        await page.get_by_role("button", name="Verstuur melding").click()
        await page.wait_for_url("**/meldingen/*")
        assert "In onderzoek" in await page.locator("main").inner_text()
        sent = page.url
        await look("melding")
        await page.get_by_role("link", name="Mijn meldingen").first.click()
        await look("meldingen")
        officer = await console.visit("burgerzaken", BURGERZAKEN)
        path = await waiting(officer, field, "P00002")
        await context.add_cookies(cookies_of(officer, console.address))
        await page.goto(console.address + path)
        await look("terugmelding")
        assert (await decide(officer, path, gegrond="ja", reden="Wij zagen het na.")).status == 303
        await page.reload()
        await look("besloten")
        await page.goto(sent)
        assert "Wij zagen het na." in await page.locator("main").inner_text()
        await look("besluit")
    assert faults == {}
