# SPDX-License-Identifier: EUPL-1.2
"""The console over HTTP: logging in, choosing purpose and case, looking; and refusals."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.console.acts import (
    PAND,
    RESIDENT,
    SIEBRAND,
    records_of,
    search,
    siebrand,
)
from tests.console.console_rig import (
    BIJSTAND,
    BURGERZAKEN,
    CASE,
    Console,
)
from tests.portal.visiting import Visitor

from landschap.logboek.store import by_transaction
from landschap.platform.web.sealed import session_hash


@pytest.mark.parametrize(
    ("sub", "status", "title"),
    [
        ("burgerzaken", 303, ""),
        ("app", 303, ""),
        ("wachtwoord", 403, "Log in met een tweede stap"),
        ("hovenier", 403, "Uw rol geeft geen toegang tot de console"),
        ("", 200, "U bent niet ingelogd"),
    ],
)
async def test_an_employee_enters_with_a_second_step_and_a_role(
    console: Console, sub: str, status: int, title: str
) -> None:
    visitor = Visitor(portal=console.address)
    landed = await visitor.log_in(sub, "/console/inloggen")
    assert (landed.status, landed.title) == (status, title)
    page = await visitor.get("/console/register")
    assert page.status == (200 if status == 303 else 303)


async def test_without_a_session_every_page_leads_to_logging_in_and_back(console: Console) -> None:
    visitor = Visitor(portal=console.address)
    for path in ("/console/register", PAND, f"{PAND}/json", "/console/doel",
                 "/console/terugmeldingen", f"{RESIDENT}/gevonden/abc"):  # fmt: skip
        page = await visitor.get(path)
        assert (page.status, page.text) == (303, "")
        assert page.location.startswith(f"{console.address}/console/inloggen?terug=%2Fconsole")
    landed = await visitor.log_in("burgerzaken", f"/console/inloggen?terug={PAND}")
    assert landed.location == console.address + PAND
    assert (await Visitor(portal=console.address).get("/console")).status == 200


async def test_the_two_doors_do_not_know_each_other(console: Console) -> None:
    visitor = await console.visit()
    own = visitor.cookies[console.address.removeprefix("http://")]
    assert set(own) == {"__Host-console"}
    # At the portal this employee is a stranger, also with the token as the portal's cookie.
    assert (await visitor.get("/gebruik")).location.startswith(f"{console.address}/inloggen")
    own["__Host-sessie"] = own["__Host-console"]
    assert (await visitor.get("/gebruik")).location.startswith(f"{console.address}/sessie-voorbij")


async def test_a_session_ends_by_idleness_and_by_logging_out(console: Console) -> None:
    visitor = await console.visit()
    page = await visitor.get("/console")
    forged = await visitor.post("/console/uitloggen", {"token": "made up"})
    assert (forged.status, forged.title) == (403, "U bent nog ingelogd")
    kept = {host: dict(own) for host, own in visitor.cookies.items()}
    out = await visitor.post("/console/uitloggen", {"token": visitor.token(page)})
    assert "id_token_hint=" in out.location
    assert (await visitor.get(out.location)).location == f"{console.address}/console/uitgelogd"
    assert (await visitor.get("/console/uitgelogd")).title == "U bent uitgelogd"
    stolen = await Visitor(portal=console.address, cookies=kept).get("/console/register")
    assert urlsplit(stolen.location).path == "/console/sessie-voorbij"

    visitor = await console.visit()
    token = visitor.cookies[console.address.removeprefix("http://")]["__Host-console"]
    connection = await console.database.administrator()
    await connection.execute(
        "UPDATE console.session SET begun_at = begun_at - interval '15 minutes',"
        " seen_at = seen_at - interval '15 minutes' WHERE session_hash = $1",
        session_hash(token),
    )
    await connection.close()
    over = await visitor.get("/console/register")
    assert urlsplit(over.location).path == "/console/sessie-voorbij"
    assert (await visitor.get(over.location)).title == "U bent uitgelogd"


async def test_personal_data_needs_a_purpose_and_a_case_first(console: Console) -> None:
    address = await siebrand(console)
    visitor = await console.visit("burgerzaken")
    before = len(await records_of(console, SIEBRAND))
    for path in (RESIDENT, address, f"{address}/json"):
        page = await visitor.get(path)
        assert (page.status, urlsplit(page.location).path) == (303, "/console/doel"), path
    # Buildings are nobody's data: they need none.
    assert (await visitor.get(PAND)).status == 200
    assert len(await records_of(console, SIEBRAND)) == before


async def test_one_chooses_among_the_purposes_of_ones_own_role(console: Console) -> None:
    page = await (await console.visit("consulent")).get("/console/doel")
    assert BIJSTAND in page.text
    assert BURGERZAKEN not in page.text
    assert "Participatiewet, artikel 53a" in page.text
    none = await (await console.visit("groen")).get("/console/doel")
    assert "Er is geen doel dat u mag gebruiken" in none.text


@pytest.mark.parametrize(
    ("purpose", "case", "message"),
    [
        (BIJSTAND, CASE, "Kies waarvoor u kijkt"),
        ("", CASE, "Kies waarvoor u kijkt"),
        (BURGERZAKEN, "", "Vul het nummer van de zaak in"),
        (BURGERZAKEN, "<script>", "Vul het nummer van de zaak in"),
        (BURGERZAKEN, f"zaak {SIEBRAND}", "Dit is het nummer van een persoon"),
    ],
)
async def test_a_choice_that_can_not_be_is_told_at_its_field(
    console: Console, purpose: str, case: str, message: str
) -> None:
    visitor = await console.visit("burgerzaken")
    answer = await console.choose(visitor, purpose, case)
    assert answer.status == 400
    assert message in answer.text
    assert "<title>Fout: " in answer.text
    assert (await visitor.get(RESIDENT)).status == 303


async def test_a_form_from_elsewhere_does_nothing(console: Console) -> None:
    visitor = await console.visit("burgerzaken")
    for path in ("/console/doel", f"{RESIDENT}/zoek"):
        answer = await visitor.post(path, {"token": "x", "doel": BURGERZAKEN, "zaak": CASE})
        assert (answer.status, answer.title) == (403, "Dit formulier kwam niet van deze site")
    assert (await visitor.get(RESIDENT)).status == 303


async def test_a_person_is_found_by_number_that_stands_in_no_address(console: Console) -> None:
    visitor = await console.visit("burgerzaken", BURGERZAKEN)
    sent = await search(visitor, RESIDENT, SIEBRAND)
    assert sent.status == 303
    assert SIEBRAND not in sent.location
    found = await visitor.get(sent.location)
    assert (found.status, found.title) == (200, "Gevonden")
    assert "Zaal" in found.text
    assert SIEBRAND not in "".join(re.findall(r'(?:href|action)="([^"]*)"', found.text))
    # The address opens in this session only.
    other = await console.visit("burgerzaken", BURGERZAKEN)
    path = sent.location.removeprefix(console.address)
    assert (await other.get(path)).status == 404
    assert (await visitor.get(f"{path}x")).status == 404


async def test_persons_are_not_listed_and_not_counted_for_who_may_not_see_them(
    console: Console,
) -> None:
    visitor = await console.visit("burgerzaken", BURGERZAKEN)
    page = await visitor.get(RESIDENT)
    assert "Hier staat geen lijst" in page.text
    assert not re.search(r"W[0-9]{5}", page.text)
    overview = await visitor.get("/console/register")
    assert re.search(r"60 objecten", overview.text)
    assert "Doel nodig" in overview.text


async def test_each_look_at_a_person_is_a_line_with_purpose_and_case_before_the_page(
    console: Console,
) -> None:
    address = await siebrand(console)
    visitor = await console.visit("burgerzaken", BURGERZAKEN, "Z-2026-7")
    before = len(await records_of(console, SIEBRAND))
    page = await visitor.get(address)
    assert page.status == 200
    assert "Zaal" in page.text
    assert SIEBRAND in page.text
    records = await records_of(console, SIEBRAND)
    assert len(records) == before + 1
    own = records[0]["landschap"]
    assert (own["purpose_uri"], own["processing_id"]) == (BURGERZAKEN, "Z-2026-7")
    assert (own["direction"], own["outcome"]) == ("own", "delivered")
    assert "peer_oin" not in own
    assert SIEBRAND not in json.dumps(records[0])
    # Beside it the decision, with who it was: that stays inside.
    pool = await console.database.pool("logboek")
    together = await by_transaction(pool, own["fsc_transaction_id"])
    told: list[dict[str, Any]] = [dict(each.content()) for each in together]
    (adl,) = [each["adl"] for each in told if "adl" in each]
    request = adl["body"]["adl.core.request"]
    assert request["subject"]["id"] == "burgerzaken"
    assert request["context"] == {"type": "inwoners.inwoner", "purpose": BURGERZAKEN, "case": "Z-2026-7"}  # fmt: skip
    assert adl["body"]["adl.core.response"]["context"]["policy"] == "burgerzaken-houdt-bij@1"


async def test_the_resident_sees_the_look_in_the_portal(console: Console) -> None:
    from landschap.platform.web.sessions import begin_session
    from landschap.portal.known import Known

    await (await console.visit("burgerzaken", BURGERZAKEN, "Z-2026-8")).get(await siebrand(console))
    known = Known(bsn=SIEBRAND, name="Siebrand", level="", authenticated_at=1, id_token="")
    token = await begin_session(console.portal.portal_pool, console.portal.session_key, known)
    host = console.address.removeprefix("http://")
    resident = Visitor(portal=console.address, cookies={host: {"__Host-sessie": token}})
    page = await resident.get("/gebruik")
    assert "Z-2026-8" in page.text
    assert "Gegevens van inwoners bijhouden" in page.text
    assert "M. de Wit" not in page.text


async def test_no_line_no_page(console: Console) -> None:
    address = await siebrand(console)
    visitor = await console.visit("burgerzaken", BURGERZAKEN)
    connection = await console.database.administrator()
    await connection.execute("REVOKE INSERT ON logboek.record FROM landschap_logboek")
    try:
        for path in (address, PAND, f"{address}/json"):
            page = await visitor.get(path)
            assert page.status == 503
            assert "Zaal" not in page.text
            assert "Pand in gebruik" not in page.text
        assert (await visitor.get(address)).title == "Dit lukt nu niet"
    finally:
        await connection.execute("GRANT INSERT ON logboek.record TO landschap_logboek")
        await connection.close()


async def test_what_the_purpose_does_not_open_is_not_on_the_page(console: Console) -> None:
    address = await siebrand(console)
    visitor = await console.visit("consulent", BIJSTAND)
    page = await visitor.get(address)
    assert page.status == 200
    assert "Zaal" in page.text
    assert "Geboortedatum" not in page.text
    assert "1985" not in page.text
    # What follows from it is: the day of birth is read, and goes no further.
    assert "Meerderjarig" in page.text
    # This purpose is about today: no drawing, no table of earlier days, and no asking for them.
    assert "Geschiedenis hoort niet bij dit doel" in page.text
    assert '<svg class="ls-grid' not in page.text
    back = await visitor.get(f"{address}?geldigOp=2018-01-01")
    assert (back.status, back.title) == (403, "Dit hoort niet bij het doel dat u koos")
    then = await visitor.get(f"{address}?beschikbaarOp=2018-01-01")
    assert then.status == 403
    # The other search key is not offered, and not taken.
    assert 'value="nummeraanduiding"' not in (await visitor.get(RESIDENT)).text
    assert (await search(visitor, RESIDENT, "0457200000206518", "nummeraanduiding")).status == 400
    document = json.loads((await visitor.get(f"{address}/json")).text)
    assert "geboortedatum" not in json.dumps(document)
    assert set(document) == {"inwonernummer", "items"}
    assert [item["meerderjarig"] for item in document["items"]] == [True]


async def test_a_role_without_a_policy_gets_a_page_that_says_so_and_a_record(
    console: Console,
) -> None:
    visitor = await console.visit("burgerzaken", BURGERZAKEN)
    page = await visitor.get("/console/register/uitkeringen/uitkeringen")
    assert (page.status, page.title) == (403, "Voor dit doel mag dit register niet worden gebruikt")
    assert "Code: policy_none" in page.text
    assert 'href="/console/doel"' in page.text
    assert "M. de Wit" in page.text
    connection = await console.database.administrator()
    payloads = await connection.fetch(
        "SELECT payload FROM logboek.record ORDER BY record_id DESC LIMIT 1"
    )
    await connection.close()
    assert b"policy_none" in payloads[0]["payload"]
