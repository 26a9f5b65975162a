# SPDX-License-Identifier: EUPL-1.2
"""Requests of residents, decided in the console: who may, what works, and what the person reads."""

from __future__ import annotations

import io
import json
import re
import zipfile
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from html import unescape
from uuid import UUID

import pytest
from jsonschema_rs import Draft202012Validator
from tests.console.acts import records_of
from tests.console.console_rig import Console
from tests.portal.portal_rig import ANOTHER, SUZANNE
from tests.portal.visiting import Visitor

from landschap.gateway.saying.store.copies import file_of, forget_files
from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.portal.pages import PortalDeps
from landschap.portal.worker import make_due
from landschap.purposes.needs import Kind
from landschap.purposes.persons.store import said_of
from landschap.vocabulary.times import amsterdam_day

HERE = "/console/verzoeken"
WHY = "uw situatie weegt zwaarder dan ons belang"


async def asked(console: Console, right: str = "bezwaar", sub: str = "burger-1") -> str:
    """A resident asks by form in the portal; gives the number of the request."""
    visitor = Visitor(portal=console.address)
    await visitor.log_in(sub)
    page = await visitor.get(f"/rechten/{right}")
    (first, *_) = re.findall(r'name="waarvoor" id="waarvoor[^"]*" value="([^"]+)"', page.text)
    form = {
        "token": visitor.token(page), "waarvoor": unescape(first), "uitleg": "anders dan anderen",
        "meteen": "ja", "stap": "verstuur",
    }  # fmt: skip
    sent = await visitor.post(f"/rechten/{right}", form)
    assert sent.status == 303, sent.text
    return sent.location.rpartition("/")[2]


async def decide(visitor: Visitor, number: str, choice: str, reason: str = WHY) -> int:
    page = await visitor.get(f"{HERE}/{number}")
    form = {"token": visitor.token(page), "besluit": choice, "reden": reason}
    return (await visitor.post(f"{HERE}/{number}", form)).status


async def standing(console: Console, bsn: str = SUZANNE) -> set[tuple[Kind, bool]]:
    deps = console.deps
    key, oin = deps.registers.pseudonym_key, deps.settings.organisation.oin
    who = subject_pseudonym(key, oin, "bsn", bsn)
    found = await said_of(deps.purposes, [who])
    return {(each.kind, each.holds) for each in found.get(who, ())}


async def test_an_objection_is_decided_with_effect_and_its_person_reads_why(
    console: Console,
) -> None:
    number = await asked(console)
    assert (Kind.RESTRICTION, True) in await standing(console)
    officer = await console.visit("fg")
    listed = await officer.get(HERE)
    assert number in listed.text
    assert SUZANNE not in listed.text
    before = len(await records_of(console, SUZANNE))
    page = await officer.get(f"{HERE}/{number}")
    assert "Suzanne Moulin" in page.text
    assert "anders dan anderen" in page.text
    assert len(await records_of(console, SUZANNE)) == before + 1
    assert await decide(officer, number, "toewijzen", "ja") == 400
    assert await decide(officer, number, "", WHY) == 400
    assert await decide(officer, number, "verlengen", "wij zoeken dit uit") == 303
    assert await decide(officer, number, "toewijzen") == 303
    found = await standing(console)
    assert (Kind.OBJECTION, True) in found
    assert (Kind.RESTRICTION, True) not in found
    # Decided is decided, whoever comes later.
    other = await console.visit("fg2")
    token = other.token(await other.get(HERE))
    late = {"token": token, "besluit": "afwijzen", "reden": "toch niet"}
    assert (await other.post(f"{HERE}/{number}", late)).status == 409
    resident = Visitor(portal=console.address)
    await resident.log_in("burger-1")
    told = await resident.get(f"/rechten/verzoek/{number}")
    assert WHY in told.text
    assert "U kreeg gelijk" in told.text


async def test_a_refused_request_lets_the_use_go_on_and_tells_how_to_object(
    console: Console,
) -> None:
    number = await asked(console, "beperking")
    officer = await console.visit("fg")
    assert await decide(officer, number, "afwijzen") == 303
    assert (Kind.RESTRICTION, True) not in await standing(console)
    resident = Visitor(portal=console.address)
    await resident.log_in("burger-1")
    told = await resident.get(f"/rechten/verzoek/{number}")
    assert "binnen zes weken bezwaar maken" in told.text


async def test_who_asks_for_their_data_gets_a_file_that_the_worker_made_and_nobody_else_does(
    console: Console,
) -> None:
    control = console.portal.control
    assert control is not None

    async def deps() -> PortalDeps:
        return console.portal

    number = await asked(console, "inzage")
    assert await make_due(control, deps) is False
    assert await decide(await console.visit("fg"), number, "toewijzen") == 303
    resident = Visitor(portal=console.address)
    await resident.log_in("burger-1")
    page = await resident.get(f"/rechten/verzoek/{number}")
    assert "Wij maken uw kopie: 0 van ?" in page.text
    path = f"/rechten/verzoek/{number}/bestand"
    assert (await resident.get(path)).status == 404
    assert await make_due(control, deps) is True
    made = await file_of(control.rooms.gateway, UUID(number))
    assert made is not None
    assert made.done == made.total > 2
    assert made.sealed is not None
    assert b"PK" not in made.sealed[:200]
    with zipfile.ZipFile(io.BytesIO(await resident.download(path))) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    assert set(files) == {
        "LEESMIJ.txt", "inzage.html", "inzage.pdf", "gegevens.json", "gegevens.schema.json",
        "SHA256SUMS",
    }  # fmt: skip
    for line in files["SHA256SUMS"].decode().splitlines():
        digest, _, name = line.partition("  ")
        assert sha256(files[name]).hexdigest() == digest
    told = json.loads(files["gegevens.json"])
    Draft202012Validator(json.loads(files["gegevens.schema.json"])).validate(told)
    assert told["kenmerk"] == number
    assert [each["register"] for each in told["gegevens"]] == ["postadressen"]
    assert told["nietGetoond"] == ["omgevingsvergunningen.aanvraag", "kring.lid"]
    assert told["doelen"][0]["verwerkingen"][0]["waaromDitMag"]
    assert told["gebruik"]
    street = told["gegevens"][0]["waarden"]["straat"]
    for words in (street, "Wie uw gegevens gebruikte", "Autoriteit Persoonsgegevens"):
        assert words in files["inzage.html"].decode(), words
    assert files["inzage.pdf"].startswith(b"%PDF-")
    other = Visitor(portal=console.address)
    await other.log_in("burger-2")
    assert (await other.get(path)).status == 404
    assert (await Visitor(portal=console.address).get(path)).status == 303
    assert "Download uw gegevens" in (await resident.get(f"/rechten/verzoek/{number}")).text
    await forget_files(control.rooms.gateway, datetime.now(UTC) + timedelta(days=31))
    assert (await resident.get(path)).status == 404
    assert "Vraag hem opnieuw" in (await resident.get(f"/rechten/verzoek/{number}")).text


@pytest.mark.parametrize("sub", ["burgerzaken", "consulent", "beheerder"])
async def test_only_who_may_look_in_the_log_sees_requests(console: Console, sub: str) -> None:
    number = await asked(console, "inzage", "burger-2")
    other = await console.visit(sub)
    for path in (HERE, f"{HERE}/{number}", f"/en{HERE}"):
        assert (await other.get(path)).status == 403, path
    nobody = Visitor(portal=console.address)
    assert (await nobody.get(f"{HERE}/{number}")).status == 303
    officer = await console.visit("fg")
    assert (await officer.get(f"{HERE}/x")).status == 404
    foreign = {"token": "x", "besluit": "afwijzen", "reden": WHY}
    assert (await officer.post(f"{HERE}/{number}", foreign)).status == 403


async def test_what_was_upheld_is_lifted_once_its_person_was_told_and_stays_where_another_keeps_it(
    console: Console,
) -> None:
    officer = await console.visit("fg")
    first, second = await asked(console, "bezwaar", "burger-2"), ""
    assert await decide(officer, first, "toewijzen") == 303
    second = await asked(console, "bezwaar", "burger-2")
    assert await decide(officer, second, "toewijzen") == 303
    today = amsterdam_day(datetime.now(UTC))

    async def lift(number: str, told: str, reason: str = "het gevaar is voorbij") -> int:
        page = await officer.get(f"{HERE}/{number}")
        form = {"token": officer.token(page), "besluit": "opheffen", "reden": reason}
        return (await officer.post(f"{HERE}/{number}", {**form, "verteld": told})).status

    for wrong in ("", "ooit", str(today + timedelta(days=1)), str(today - timedelta(days=400))):
        assert await lift(first, wrong) == 400
    assert await lift(first, str(today), "x") == 400
    assert await lift(first, str(today)) == 303
    # The other request keeps the use stopped.
    assert (Kind.OBJECTION, True) in await standing(console, ANOTHER)
    assert await lift(second, str(today)) == 303
    assert (Kind.OBJECTION, True) not in await standing(console, ANOTHER)
    assert await lift(second, str(today)) == 409
    resident = Visitor(portal=console.address)
    await resident.log_in("burger-2")
    told = await resident.get(f"/rechten/verzoek/{second}")
    assert "Geldt niet meer" in told.text
    assert "het gevaar is voorbij" in told.text
    assert "Geldt niet meer" in (await resident.get("/rechten")).text
    assert "Opgeheven" in (await officer.get(f"{HERE}/{second}")).text
