# SPDX-License-Identifier: EUPL-1.2
"""The console over HTTP: logging in, choosing purpose and case, looking, deciding; and refusals."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.console.console_rig import (
    BIJSTAND,
    BUILDINGS,
    BURGERZAKEN,
    CASE,
    Console,
)
from tests.portal.visiting import Seen, Visitor

from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.logboek.store import by_transaction, uses_of
from landschap.platform.ids import uuid7
from landschap.platform.web.sealed import session_hash
from landschap.registers import store
from landschap.registers.operations import Draft
from landschap.registers.periods import Period
from landschap.registers.reports import Report
from landschap.registers.store import Act, Entry
from landschap.registers.timeline import Kind

PAND = "/console/register/bag/panden/0424100000002206"
RESIDENT = "/console/register/inwoners/inwoners"
SIEBRAND = "999990688"


async def records_of(console: Console, bsn: str) -> list[dict[str, Any]]:
    """The lines about a person in the log, newest first."""
    deps = console.deps.registers
    subject = subject_pseudonym(deps.pseudonym_key, deps.controller, "bsn", bsn)
    now = datetime.now(UTC)
    pool = await console.database.pool("logboek")
    found = await uses_of(pool, [subject], now - timedelta(days=1), now + timedelta(days=1), 500)
    return [dict(record.content()) for record in found]


async def siebrand(console: Console) -> str:
    """The address of Siebrand's page."""
    visitor = await console.visit("burgerzaken", BURGERZAKEN)
    found = await visitor.get((await search(visitor, RESIDENT, SIEBRAND)).location)
    match = re.search(rf'href="({RESIDENT}/W[0-9]+)"', found.text)
    assert match is not None, found.text
    return match[1]


async def search(visitor: Visitor, where: str, value: str, by: str = "burgerservicenummer") -> Seen:
    """Send the search form."""
    page = await visitor.get(where)
    form = {"token": visitor.token(page), "waarmee": by, "waarde": value}
    return await visitor.post(f"{where}/zoek", form)


# Logging in.


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


# Purpose and case.


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


# Looking.


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


# Objects.


async def test_an_object_as_it_was_known_then(console: Console) -> None:
    visitor = await console.visit()
    now = await visitor.get(PAND)
    assert (now.status, now.title) == (200, "Pand 0424100000002206")
    facts = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", now.text))
    assert "Oorspronkelijk bouwjaar 1920" in facts
    links = re.findall(r'<a href="(/console[^"]+)" class="ls-', now.text)
    assert len(links) == 3
    first = await visitor.get(links[0].replace("&amp;", "&"))
    assert "geldigOp=2010-08-31" in links[0]
    assert "U kijkt terug" in first.text
    facts = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", first.text))
    assert "Oorspronkelijk bouwjaar 9999" in facts
    assert "B&amp;W-1887" in first.text


async def test_what_changed_in_what_was_known(console: Console) -> None:
    visitor = await console.visit()
    page = await visitor.get(f"{PAND}?geldigOp=29-11-2026&vergelijk=31-12-2010")
    facts = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text))
    assert "Eerst: 31 december 2010, 23.59 uur ." in facts
    assert "vanaf 9 februari 2011 Oorspronkelijk bouwjaar 9999 1920" in facts


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("geldigOp=1-1-2000", "bestond dit nog niet"),
        ("beschikbaarOp=1-1-2000", "wisten wij nog niets van dit object"),
        ("geldigOp=1-1-2011&beschikbaarOp=31-12-2010", "Wij wisten dat pas op"),
    ],
)
async def test_a_day_or_a_moment_without_a_state_is_told_in_words(
    console: Console, query: str, words: str
) -> None:
    page = await (await console.visit()).get(f"{PAND}?{query}")
    assert page.status == 200
    assert words in page.text


async def test_wrong_times_come_back_with_what_was_typed(console: Console) -> None:
    page = await (await console.visit()).get(f"{PAND}?geldigOp=gisteren&beschikbaarOp=1-1-2090")
    assert page.status == 400
    for part in ('value="gisteren"', 'value="1-1-2090"', 'href="#geldigOp"', "<title>Fout: "):
        assert part in page.text
    twice = await (await console.visit()).get(f"{PAND}?geldigOp=2020-01-01&geldigOp=2021-01-01")
    assert twice.status == 400
    unknown = await (await console.visit()).get(f"{PAND}?geldig=2020-01-01")
    assert (unknown.status, unknown.title) == (400, "Dit adres klopt niet")


@pytest.mark.parametrize(
    ("path", "status", "title"),
    [
        ("/console/register/bag/panden/9999", 404, "Dit object kennen wij niet"),
        ("/console/register/bag/kastelen", 404, "Deze pagina bestaat niet (meer)"),
        ("/console/register/niets/panden", 404, "Deze pagina bestaat niet (meer)"),
        ("/console/terugmeldingen/bag/geen-nummer", 404, "Deze pagina bestaat niet (meer)"),
        ("/console/onzin", 404, "Deze pagina bestaat niet (meer)"),
        ("/en/console/register/bag/panden/9999", 404, "We do not know this object"),
        ("/console/register/bag/panden?cursor=abc", 400, "Dit adres klopt niet"),
        ("/console/register/bag/panden?naam=x", 400, "Dit adres klopt niet"),
    ],
)
async def test_what_is_not_there_has_a_page(
    console: Console, path: str, status: int, title: str
) -> None:
    page = await (await console.visit()).get(path)
    assert (page.status, page.title) == (status, title)


async def test_what_was_destroyed_is_gone_and_says_so(console: Console) -> None:
    """A tombstone stands where the assertion was; its page is 410."""
    registers = console.deps.registers
    kind = registers.registers.type("bag", "woonplaats")
    register = registers.registers.by_name["bag"]
    source = {"gewist": {"grond": "Selectielijst 1.1", "tijdstip": "2026-11-01T10:00:00Z"}}
    draft = Draft(
        period=Period(datetime(2020, 1, 1, tzinfo=UTC).date()),
        kind=Kind.REGISTRATION, content=None, group=kind.groups[0], source=source,
        source_registered_at=datetime(2020, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    entry = Entry(type=kind, object_id="9998", draft=draft)
    await store.write(
        registers.pool, Act(register=register, transaction_id=uuid7(), entries=[entry])
    )
    page = await (await console.visit()).get("/console/register/bag/woonplaatsen/9998")
    assert (page.status, page.title) == (410, "Dit is vernietigd")
    twin = await (await console.visit()).get("/console/register/bag/woonplaatsen/9998/json")
    assert (twin.status, json.loads(twin.text)["code"]) == (410, "geschiedenis.gewist")


async def test_a_list_has_pages_that_share_one_knowledge(console: Console) -> None:
    visitor = await console.visit()
    path, seen = "/console/register/bag/panden", list[str]()
    for _ in range(3):
        page = await visitor.get(path)
        seen += re.findall(r'scope="row"><a [^>]*>([0-9]{16})</a>', page.text)
        onward = re.search(r'href="([^"]*cursor=[^"]*)">Volgende', page.text)
        if onward is None:
            break
        path = onward[1].replace("&amp;", "&")
    assert len(seen) == len(set(seen)) > 45
    assert seen == sorted(seen)


async def test_search_by_number_and_by_a_property_that_is_nobodys(console: Console) -> None:
    visitor = await console.visit()
    where = "/console/register/bag/panden"
    found = await search(visitor, where, "0424100000002206", "identificatie")
    assert found.location == console.address + PAND
    empty = await search(visitor, where, "", "identificatie")
    assert (empty.status, "Vul in waarnaar u zoekt" in empty.text) == (400, True)
    where = "/console/register/bag/nummeraanduidingen"
    listed = await search(visitor, where, "1381XA", "postcode")
    assert listed.location == f"{console.address}{where}?postcode=1381XA"
    assert "Postcode: 1381XA." in (await visitor.get(listed.location)).text


async def test_relations_lead_to_the_other_object(console: Console) -> None:
    visitor = await console.visit()
    page = await visitor.get("/console/register/bag/verblijfsobjecten")
    first = re.search(r'href="(/console/register/bag/verblijfsobjecten/[0-9]{16})"', page.text)
    assert first is not None
    page = await visitor.get(first[1])
    leads = set(re.findall(r'href="(/console/register/bag/(?:panden|nummeraanduidingen)/[0-9]{16})"', page.text))  # fmt: skip
    assert leads
    for path in leads:
        assert (await visitor.get(path)).status in (200, 404)


async def test_the_same_for_programs(console: Console) -> None:
    answer = await (await console.visit()).get(f"{PAND}/json?geldigOp=1-1-2011")
    body = json.loads(answer.text)
    assert answer.headers["content-type"] == "application/json"
    assert body["identificatie"] == "0424100000002206"
    assert [len(body[name]) for name in ("items", "voorkomens", "registraties")] == [1, 2, 2]
    assert body["items"][0]["oorspronkelijkBouwjaar"] == 9999


async def test_a_map_is_drawn_of_what_has_a_place(console: Console) -> None:
    await placed(console)
    page = await (await console.visit()).get("/console/register/bag/panden/0457100000000001")
    assert '<svg class="map"' in page.text
    assert "Het midden ligt op x 132010, y 480005 (RD). Het is 20 meter breed en 10 meter hoog." in page.text  # fmt: skip
    assert 'href="/console/register/bag/panden/0457100000000002"' in page.text
    english = await (await console.visit()).get("/en/console/register/bag/panden/0457100000000001")
    assert "Where it lies" in english.text


async def placed(console: Console) -> None:
    """Two buildings beside each other."""
    registers = console.deps.registers
    kind = registers.registers.type("bag", "pand")
    entries = [
        Entry(type=kind, object_id=f"045710000000000{n}", draft=_building(n)) for n in (1, 2)
    ]
    act = Act(register=registers.registers.by_name["bag"], transaction_id=uuid7(), entries=entries)
    await store.write(registers.pool, act)


def _building(number: int) -> Draft:
    west, south = 132_000.0 + 30 * (number - 1), 480_000.0
    ring = [[west, south], [west + 20, south], [west + 20, south + 10], [west, south + 10], [west, south]]  # fmt: skip
    return Draft(
        period=Period(datetime(2020, 1, 1, tzinfo=UTC).date()),
        kind=Kind.REGISTRATION,
        group="pand",
        source={"document": "B-1"},
        source_registered_at=datetime(2020, 1, 2, tzinfo=UTC),
        content={
            "oorspronkelijkBouwjaar": 2000,
            "status": "Pand in gebruik",
            "geconstateerd": False,
            "geometrie": {"type": "Polygon", "coordinates": [ring]},
        },
    )


async def test_an_object_named_by_somebodys_number_has_an_address_that_hides_it(
    console: Console,
) -> None:
    """A type whose identification says who it is: its pages open in this session only."""
    from landschap.console.known import Known
    from landschap.console.pages.addresses import object_id_of, object_path
    from landschap.platform.web import Language
    from landschap.platform.web.door import Asked
    from landschap.platform.web.sessions import Session
    from landschap.registers.annotations import PersonalData
    from landschap.vocabulary.problems import ProblemError

    kind = console.deps.registers.registers.type("inwoners", "inwoner")
    number = kind.properties[kind.identification]
    named = replace(number, personal_data=PersonalData.IDENTIFYING)
    kind = replace(kind, properties={**kind.properties, number.name: named})
    known = Known(subject="a", name="A", roles=(), level="", authenticated_at=1, id_token="")

    def asked(session: bytes) -> Asked[Known]:
        made = Session(hash=session, known=known, until=datetime.now(UTC))
        return Asked(language=Language.NL, path="/console", query={}, session=made, had_cookie=True)

    path = object_path(console.deps, asked(b"one"), kind, SIEBRAND)
    assert SIEBRAND not in path
    name = path.rpartition("/")[2]
    assert object_id_of(console.deps, asked(b"one"), kind, name) == SIEBRAND
    for session, wrong in ((b"two", name), (b"one", SIEBRAND), (b"one", "~é")):
        with pytest.raises(ProblemError):
            object_id_of(console.deps, asked(session), kind, wrong)


# Reports of doubt.


async def reported(console: Console, object_id: str = "0424100000002206") -> str:
    """A report that waits; gives the address of its page."""
    registers = console.deps.registers
    kind = registers.registers.type("bag", "pand")
    report = Report(
        report_id=uuid7(), type_key=kind.key, object_id=object_id,
        paths=("oorspronkelijkBouwjaar",), since=datetime(2011, 2, 9, tzinfo=UTC).date(),
        explanation="Op de gevel staat 1911.", peer="00000099000000003000",
        reported_at=datetime.now(UTC),
    )  # fmt: skip
    register = registers.registers.by_name["bag"]
    await store.report(registers.pool, register, kind, report, uuid7())
    return f"/console/terugmeldingen/bag/{report.report_id}"


async def test_a_report_is_decided_with_reason_and_document_and_the_mark_goes(
    console: Console,
) -> None:
    path = await reported(console)
    visitor = await console.visit("beheerder", BUILDINGS)
    marked = await visitor.get(PAND)
    assert "Oorspronkelijk bouwjaar in onderzoek" in marked.text
    assert "url(#twijfel)" in marked.text
    listed = await visitor.get("/console/terugmeldingen")
    assert path in listed.text
    assert "1911" not in listed.text
    page = await visitor.get(path)
    assert "Op de gevel staat 1911." in page.text
    empty = await visitor.post(path, {"token": visitor.token(page)})
    assert empty.status == 400
    assert "Kies of de melding klopt" in empty.text
    given = {"gegrond": "nee", "reden": "Het bouwdossier zegt 1920.", "document": "BR-2026-1"}
    done = await visitor.post(path, {"token": visitor.token(page), **given})
    assert done.status == 303
    after = await visitor.get(path)
    assert "Ongegrond" in after.text
    assert "Het besluit is vastgelegd" in after.text
    assert path not in (await visitor.get("/console/terugmeldingen")).text
    assert "Oorspronkelijk bouwjaar in onderzoek" not in (await visitor.get(PAND)).text
    again = await visitor.post(path, {"token": visitor.token(page), **given})
    assert (again.status, again.title) == (409, "Iemand was u voor")


async def test_a_report_that_is_upheld_brings_the_right_value_with_it(console: Console) -> None:
    """In a register of our own; the same reason and document, on the state that was seen."""
    registers = console.deps.registers
    kind = registers.registers.type("proef", "persoon")
    register = registers.registers.by_name["proef"]
    draft = Draft(
        period=Period(datetime(2020, 1, 1, tzinfo=UTC).date()), kind=Kind.REGISTRATION,
        group="persoon", source={"document": "D-1"}, content={"naam": "Moulin", "staat": "gehuwd"},
    )  # fmt: skip
    entry = Entry(type=kind, object_id="p1", draft=draft)
    act = Act(register=register, transaction_id=uuid7(), entries=[entry])
    await store.write(registers.pool, act)
    report = Report(
        report_id=uuid7(), type_key=kind.key, object_id="p1", paths=("staat",),
        since=datetime(2020, 1, 1, tzinfo=UTC).date(), explanation="Ongehuwd volgens de akte.",
        peer="00000099000000003000", reported_at=datetime.now(UTC),
    )  # fmt: skip
    await store.report(registers.pool, register, kind, report, uuid7())
    path = f"/console/terugmeldingen/proef/{report.report_id}"
    visitor = await console.visit("beheerder", BUILDINGS)
    page = await visitor.get(path)
    seen = re.search(r'name="gezien" value="([0-9]+)"', page.text)
    assert seen is not None
    given = {
        "token": visitor.token(page), "gegrond": "ja", "reden": "De akte zegt ongehuwd",
        "document": "akte 7", "gezien": seen[1],
    }  # fmt: skip
    # What the model does not know is told at its field, and nothing is decided.
    wrong = await visitor.post(path, {**given, "waarde.staat": "verliefd"})
    assert (wrong.status, 'href="#waarde.staat"' in wrong.text) == (400, True)
    stale = await visitor.post(path, {**given, "waarde.staat": "ongehuwd", "gezien": "1"})
    assert stale.status in (409, 412)
    done = await visitor.post(path, {**given, "waarde.staat": "ongehuwd"})
    assert done.status == 303
    document = json.loads((await visitor.get("/console/register/proef/personen/p1/json")).text)
    assert document["items"][0]["staat"] == "ongehuwd"
    assert document["items"][0]["historie"]["inOnderzoek"] == []
    last = [each for each in document["registraties"] if each["soort"] == "CORRECTIE"][-1]
    assert last["bron"] == {"document": "akte 7", "reden": "De akte zegt ongehuwd"}
    page = await visitor.get("/console/register/proef/personen/p1")
    assert "Gecorrigeerd" in page.text


async def test_who_may_only_look_can_not_decide(console: Console) -> None:
    path = await reported(console, "0457100000054381")
    visitor = await console.visit("burgerzaken", BURGERZAKEN)
    page = await visitor.get(path)
    assert "U mag hierover niet beslissen" in page.text
    form = {"token": visitor.token(page), "gegrond": "ja", "reden": "Daarom", "document": "D-1"}
    answer = await visitor.post(path, form)
    assert (answer.status, "policy_none" in answer.text) == (403, True)
    assert path in (await visitor.get("/console/terugmeldingen")).text


async def test_pages_carry_headers_that_keep_others_out(console: Console) -> None:
    visitor = await console.visit()
    for path in ("/console", PAND, "/console/onzin"):
        headers = (await visitor.get(path)).headers
        policy = headers["content-security-policy"]
        assert "script-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"


async def test_every_link_leads_to_a_page_that_exists(console: Console) -> None:
    visitor = await console.visit("burgerzaken", BURGERZAKEN)
    todo, done = {"/console", "/en/console", PAND, await siebrand(console)}, set[str]()
    while todo and len(done) < 60:
        path = min(todo)
        todo.discard(path)
        done.add(path)
        page = await visitor.get(path.replace("&amp;", "&"))
        assert page.status in (200, 303, 403, 404), (path, page.status)
        assert page.status != 404 or "/bag/" in path, path
        links = set(re.findall(r'href="(/[^"#]*)"', page.text))
        todo |= {link for link in links if "/console" in link} - done
    assert len(done) == 60
