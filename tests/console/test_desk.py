# SPDX-License-Identifier: EUPL-1.2
"""The desk: a person without a log-in is served, by who may, after a check, on record everywhere."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape

from tests.console.acts import records_of
from tests.console.console_rig import CHARLES, INSIGHT, Console
from tests.portal.portal_rig import ANOTHER
from tests.portal.visiting import Seen, Visitor

from landschap.console.desk.store import Look, note_look, waiting_visits, wipe_visits
from landschap.logboek.pseudonyms import as_subject_id, subject_pseudonym
from landschap.platform.ids import uuid7

HERE = "/console/balie"
UNKNOWN = "999995315"
WHY = "wil weten wie gegevens gebruikte"
SEEN = {
    "document": "paspoort", "tekens": "a12b", "gezien": "ja",
    "adres": "Hoogstraat 1\n1381 AB Weesp",
}  # fmt: skip


async def look_up(visitor: Visitor, **form: str) -> Seen:
    page = await visitor.get(HERE)
    return await visitor.post(HERE, {"token": visitor.token(page), "reden": WHY, **form})


async def check(visitor: Visitor, page: Seen, **form: str) -> Seen:
    found = re.search(r'name="wie" value="([^"]+)"', page.text)
    assert found is not None, page.text
    sent = {"token": visitor.token(page), "wie": found[1], **SEEN, **form}
    return await visitor.post(f"{HERE}/controle", sent)


async def end(visitor: Visitor) -> None:
    page = await visitor.get("/balie/klaar")
    ended = await visitor.post("/balie/klaar", {"token": visitor.token(page)})
    assert ended.status == 303


async def served(console: Console, **form: str) -> Visitor:
    """Anna stands at the desk, and was let in."""
    visitor = await console.visit("balie")
    begun = await check(visitor, await look_up(visitor, **(form or {"bsn": ANOTHER})))
    assert begun.status == 303, begun.text
    return visitor


async def ask_for(visitor: Visitor) -> str:
    """Ask for the data of one purpose; not for all, as other tests do for the same person."""
    page = await visitor.get("/rechten/inzage")
    (*_, last) = re.findall(r'name="waarvoor" id="waarvoor[^"]*" value="([^"]+)"', page.text)
    form = {"token": visitor.token(page), "waarvoor": unescape(last), "stap": "verstuur"}
    sent = await visitor.post("/rechten/inzage", form)
    assert sent.status == 303, sent.text
    return sent.location.rpartition("/")[2]


async def test_a_person_at_the_desk_sees_and_asks_what_they_would_in_the_portal(
    console: Console,
) -> None:
    visitor = await served(console)
    page = await visitor.get("/gegevens")
    assert page.status == 200, page.text
    assert "U helpt Anna Maria Petra Wesseling" in page.text
    assert "B. Alie" in page.text
    number = await ask_for(visitor)
    assert "gezegd aan de balie" in (await visitor.get(f"/rechten/verzoek/{number}")).text
    assert number in (await visitor.get("/balie/klaar")).text
    token = visitor.cookies[console.address.removeprefix("http://")]["__Host-sessie"]
    await end(visitor)
    assert (await visitor.get("/gegevens")).status == 303
    # The same session again, from another browser: the visit is over, not only the cookie.
    other = Visitor(portal=console.address)
    other.cookies[console.address.removeprefix("http://")] = {"__Host-sessie": token}
    assert (await other.get("/gegevens")).status == 303
    # Later the person logs in, and sees what was said and done at the desk.
    anna = Visitor(portal=console.address)
    await anna.log_in("burger-2")
    assert "gezegd aan de balie" in (await anna.get(f"/rechten/verzoek/{number}")).text
    uses = json.loads((await anna.get("/gebruik.json")).text)["gebruik"]
    assert any(each["aanDeBalie"] for each in uses)
    assert "Een medewerker aan de balie" in (await anna.get("/gebruik")).text
    assert "B. Alie" not in (await anna.get("/gebruik")).text
    # Who decides sees who wrote it down.
    officer = await console.visit("fg")
    decided = await officer.get(f"/console/verzoeken/{number}")
    assert "aan de balie, door balie" in decided.text
    form = {
        "token": officer.token(decided), "besluit": "afwijzen", "reden": "u kreeg dit vorige week al",
    }  # fmt: skip
    assert (await officer.post(f"/console/verzoeken/{number}", form)).status == 303
    await letters_are_sent(console, visitor, number)


async def letters_are_sent(console: Console, visitor: Visitor, number: str) -> None:
    """The receipt and the decision wait as letters, are printed, and are told to be sent."""
    listed = (await visitor.get(f"{HERE}/brieven")).text
    assert listed.count(number) >= 2
    assert "Wesseling" not in listed
    looks = len(await records_of(console, ANOTHER))
    letter = await visitor.get(f"{HERE}/brieven/{number}/besluit")
    assert len(await records_of(console, ANOTHER)) == looks + 1
    for words in ("Hoogstraat 1", "1381 AB Weesp", "u kreeg dit vorige week al", "bezwaar maken"):
        assert words in letter.text, words
    pdf = await visitor.download(f"{HERE}/brieven/{number}/besluit/pdf")
    assert pdf.startswith(b"%PDF")
    assert b"/StructTreeRoot" in pdf
    form = {"token": visitor.token(letter)}
    assert (await visitor.post(f"{HERE}/brieven/{number}/besluit", form)).status == 303
    assert "Verstuurd op" in (await visitor.get(f"{HERE}/brieven/{number}/besluit")).text
    assert (await visitor.get(f"{HERE}/brieven/{number}/verlenging")).status == 404
    outsider = await console.visit("burgerzaken")
    assert (await outsider.get(f"{HERE}/brieven")).status == 403
    assert (await outsider.get(f"{HERE}/brieven/{number}/besluit")).status == 403


async def test_nobody_is_shown_without_role_reason_exact_name_and_document(
    console: Console,
) -> None:
    outsider = await console.visit("burgerzaken")
    assert (await outsider.get(HERE)).status == 403
    visitor = await console.visit("balie")
    born = "18-04-1945"
    for wrong in (
        {"bsn": ANOTHER, "reden": "kort"}, {"bsn": ANOTHER, "reden": f"voor {ANOTHER} gezocht"},
        {"bsn": "123456789"}, {}, {"naam": "Wesseling"}, {"naam": "Wessel", "geboren": born},
        {"naam": "Wesseling", "geboren": "19-04-1945"}, {"bsn": UNKNOWN},
    ):  # fmt: skip
        page = await look_up(visitor, **wrong)
        assert page.status == 400, wrong
        assert "Anna" not in page.text
    found = await look_up(visitor, naam="wesseling", geboren=born)
    assert (found.status, found.title) == (200, "Controleer wie het is")
    assert "Anna Maria Petra Wesseling" in found.text
    assert ANOTHER not in found.text
    for wrong in ({"document": "zwempas"}, {"tekens": "AB123"}, {"gezien": ""}, {"adres": ""}):
        assert (await check(visitor, found, **wrong)).status == 400, wrong
    # Found by one session is nothing in another, and nothing twice.
    colleague = await console.visit("balie2")
    other = await colleague.get(HERE)
    taken = re.search(r'name="wie" value="([^"]+)"', found.text)
    assert taken is not None
    stolen = {"token": colleague.token(other), "wie": taken[1], **SEEN}
    assert (await colleague.post(f"{HERE}/controle", stolen)).status == 409
    assert (await check(visitor, found)).status == 303
    await end(visitor)
    assert (await check(visitor, found)).status == 409


async def test_what_the_role_opens_at_the_desk_it_opens_nowhere_else(console: Console) -> None:
    """Else the registers would list who was born on a day, with their numbers, without a limit."""
    visitor = await console.visit("balie")
    refused = await console.choose(visitor, INSIGHT)
    assert refused.status == 400
    assert INSIGHT not in refused.text
    assert (await visitor.get("/console/register/inwoners/inwoners")).status == 303
    assert (await look_up(visitor, bsn=ANOTHER)).title == "Controleer wie het is"


async def test_nobody_serves_themselves_and_looking_up_has_a_limit(console: Console) -> None:
    visitor = await console.visit("balie")
    refused = await look_up(visitor, bsn=CHARLES)
    assert refused.status == 403
    assert "Kierkegaard" not in refused.text
    officer = await console.visit("fg")
    who = as_subject_id(person_of(console, CHARLES))
    assert who in (await officer.get(f"{HERE}/verantwoording")).text
    deps = console.deps
    look = Look(look_id=uuid7(), subject="balie9", name="B. Negen", sought="nummer", reason=WHY)
    for _ in range(3):
        assert await note_look(deps.pool, replace(look, look_id=uuid7()), 3)
    assert not await note_look(deps.pool, look, 3)


async def test_who_answers_for_the_log_sees_who_looked_up_whom_and_why(console: Console) -> None:
    visitor = await served(console, naam="Wesseling", geboren="18-04-1945")
    await end(visitor)
    officer = await console.visit("fg")
    page = await officer.get(f"{HERE}/verantwoording")
    who = as_subject_id(person_of(console, ANOTHER))
    for words in ("B. Alie", WHY, who, "paspoort", "A12B"):
        assert words in page.text, words
    assert ANOTHER not in page.text
    assert "verantwoording van de balie bekijken" in (await officer.get("/console/meekijkers")).text
    assert (await visitor.get(f"{HERE}/verantwoording")).status == 403


async def test_document_and_address_are_wiped_after_their_term(console: Console) -> None:
    visitor = await served(console)
    number = await ask_for(visitor)
    await end(visitor)
    assert not await wipe_visits(console.deps.pool, datetime.now(UTC) - timedelta(days=1))
    kept = f"{HERE}/brieven/{number}/ontvangst"
    assert "Hoogstraat 1" in (await visitor.get(kept)).text
    # So many at a time, until none is left.
    later = datetime.now(UTC) + timedelta(seconds=1)
    assert await wipe_visits(console.deps.pool, later, 1)
    assert not await wipe_visits(console.deps.pool, later)
    looks = len(await records_of(console, ANOTHER))
    wiped = (await visitor.get(kept)).text
    assert len(await records_of(console, ANOTHER)) == looks + 1
    assert "Hoogstraat 1" not in wiped
    assert "Wesseling" not in wiped
    assert "Het adres is gewist" in wiped
    rows = await console.deps.pool.fetch("SELECT document, characters, sealed FROM desk_visit")
    assert {tuple(row) for row in rows} == {(None, None, None)}


def person_of(console: Console, bsn: str) -> bytes:
    key, oin = console.deps.registers.pseudonym_key, console.deps.settings.organisation.oin
    return subject_pseudonym(key, oin, "bsn", bsn)


async def test_a_colleague_sees_the_person_where_the_login_does_not_tell_who_serves(
    console: Console,
) -> None:
    visitor = await console.visit("balie2")
    assert (await check(visitor, await look_up(visitor, bsn=ANOTHER))).status == 303
    mine = await visitor.get(HERE)
    assert "Een collega moet dit eerst zien" in mine.text
    form = {"token": visitor.token(mine)}
    assert (await visitor.post(f"{HERE}/verder", form)).status == 409
    (visit,) = await waiting_visits(console.deps.pool, "balie3", datetime.now(UTC))
    own = {**form, "bezoek": str(visit.visit_id)}
    assert (await visitor.post(f"{HERE}/gezien", own)).status == 409
    colleague = await console.visit("balie3")
    page = await colleague.get(HERE)
    assert "L. Oket" in page.text
    seen = {"token": colleague.token(page), "bezoek": str(visit.visit_id)}
    assert (await colleague.post(f"{HERE}/gezien", seen)).status == 303
    assert (await visitor.post(f"{HERE}/verder", form)).status == 303
    assert (await visitor.get("/gegevens")).status == 200
    # One person at a time.
    assert (await look_up(visitor, bsn=ANOTHER)).status == 409
    await end(visitor)


async def test_a_visit_ends_at_its_time_and_with_its_employee(console: Console) -> None:
    visitor = await served(console)
    administrator = await console.database.administrator()
    await administrator.execute(
        "UPDATE console.desk_visit SET begun_at = begun_at - interval '1 day',"
        " until = now() WHERE ended_at IS NULL"
    )
    await administrator.close()
    late = await visitor.get("/gegevens")
    assert (late.status, late.title) == (403, "Het bezoek aan de balie is voorbij")
    assert "Wesseling" not in late.text
    visitor = await served(console)
    assert (await visitor.get("/gegevens")).status == 200
    page = await visitor.get(HERE)
    await visitor.post("/console/uitloggen", {"token": visitor.token(page)})
    assert (await visitor.get("/gegevens")).status == 403
