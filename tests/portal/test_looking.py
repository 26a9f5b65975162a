# SPDX-License-Identifier: EUPL-1.2
"""Looking: each look is recorded, nothing is shown of others, each state has its words."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from tests.fsc import fsc_rig
from tests.portal.portal_rig import (
    ANOTHER,
    DOESBURG,
    SUPPLY,
    SUZANNE,
    UNKNOWN_PEER,
    Deed,
    Portal,
    draft_of,
)
from tests.portal.visiting import Visitor
from tests.portal.visits import as_person, logged_in, looks_of, moved, served_elsewhere, without
from tests.throwaway import Database

from landschap.fsc.hashes import Profile
from landschap.fsc.store.contract_rows import Arrival, save_contract
from landschap.logboek.drafts import permitted_draft
from landschap.logboek.payloads import AdlEntry, FscEntry, Outcome
from landschap.platform.ids import new_span_id, new_trace_id

GRANT = "$1$3$" + "A" * 86


@pytest.mark.case("S-20")
async def test_a_use_is_told_as_who_what_why_and_when(portal: Portal) -> None:
    use = await portal.write(Deed(case="Z-2026-00777"))
    visitor = await logged_in(portal)
    listed = await visitor.get("/gebruik")
    for words in (
        "Gemeente Doesburg",
        "Uw adres en uw uitkering",
        "Die gemeente kijkt daarmee of u recht heeft op bijstand.",
        "Uw zaak Z-2026-00777 bij Gemeente Doesburg",
        f'href="/gebruik/{use}"',
    ):
        assert words in listed.text
    page = await visitor.get(f"/gebruik/{use}")
    assert page.title == "Gemeente Doesburg vroeg uw adres en uw uitkering op"
    assert "Wij moeten dit doen van de wet: Participatiewet, artikel 64." in page.text
    assert "Versie 1, zoals die op die dag gold" in page.text


@pytest.mark.case("S-20")
async def test_the_fields_of_a_use_come_from_the_decision_on_that_question(
    portal: Portal,
) -> None:
    transaction, trace, span = uuid4(), new_trace_id(), new_span_id()
    now = datetime.now(UTC)
    context = {"visible": ["adres.straat"], "withheld": ["woning.oppervlakte"], "policy": "geheim"}
    fsc = FscEntry(
        transaction_id=transaction,
        direction="incoming",
        grant_hash=GRANT,
        outway_peer_id=DOESBURG,
        service_peer_id=portal.deps.settings.organisation.oin.value,
        service_name="woon-en-uitkeringssituatie",
        created_at=now,
    )
    adl = AdlEntry(
        trace_id=trace,
        span_id=span,
        at=now,
        transaction_id=transaction,
        body={"adl.core.response": {"decision": True, "context": context}},
    )
    await portal.deps.writer.append([permitted_draft(fsc, adl)])
    use = await portal.write(Deed(transaction_id=transaction, outcome=Outcome.PARTIAL))
    page = await (await logged_in(portal)).get(f"/gebruik/{use}")
    facts = re.sub(r"<[^>]+>|\s+", " ", page.text)
    assert re.search(r"Uw adres +straat +Deels gegeven", facts)
    assert re.search(r"Uw woning +oppervlakte +Niet gegeven", facts)
    assert "geheim" not in page.text


async def test_the_contract_of_a_use_is_told_as_an_agreement(portal: Portal) -> None:
    authority = fsc_rig.Authority()
    doesburg = fsc_rig.own_peer(authority, fsc_rig.DOESBURG)
    grant = fsc_rig.connection_grant(
        DOESBURG,
        portal.deps.settings.organisation.oin.value,
        doesburg.certificate.key_thumbprint,
    )
    until = int(datetime(2027, 1, 31, 22, 30, tzinfo=UTC).timestamp())
    since = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
    validity = {"not_before": since, "not_after": until}
    contract = fsc_rig.contract(fsc_rig.content(grant, validity=validity))
    arrival = Arrival(profile=Profile.FSC_2, own=False, at=datetime.now(UTC))
    async with portal.deps.fsc_pool.acquire() as connection, connection.transaction():
        await save_contract(connection, contract, arrival)
    use = await portal.write(Deed(grant_hash=contract.connections[0][0].value))
    page = await (await logged_in(portal)).get(f"/gebruik/{use}")
    text = re.sub(r"<[^>]+>", "", page.text)
    assert (
        "Gemeente Doesburg en Gemeente Proefdorp spraken dit af. "
        "De afspraak geldt van 1 januari 2026 tot en met 31 januari 2027." in text
    )
    unknown = await portal.write(Deed(grant_hash=GRANT))
    assert "Afspraak" not in (await (await logged_in(portal)).get(f"/gebruik/{unknown}")).text


async def test_each_look_is_recorded_before_it_is_shown_and_is_in_the_list(
    portal: Portal,
) -> None:
    visitor = await logged_in(portal)
    use = await portal.write(Deed())
    for path in ("/gebruik", "/gebruik.csv", "/gebruik.json", f"/gebruik/{use}"):
        before = await looks_of(portal, SUZANNE)
        assert (await visitor.get(path)).status == 200
        assert await looks_of(portal, SUZANNE) == before + 1
    body = json.loads((await visitor.get("/gebruik.json")).text)
    assert body["gebruik"][0]["doorUzelf"] is True


async def test_public_pages_write_no_line(portal: Portal) -> None:
    visitor = await logged_in(portal)
    before = await looks_of(portal, SUZANNE)
    for path in ("/", "/privacy", "/toegankelijkheid", "/veiligheid"):
        assert (await visitor.get(path)).status == 200
    assert await looks_of(portal, SUZANNE) == before


async def test_when_a_look_can_not_be_recorded_nothing_is_shown(portal: Portal) -> None:
    use = await portal.write(Deed(case="Z-GEHEIM"))
    visitor = await logged_in(portal)
    async with without(portal, "logboek", "INSERT", "logboek.record"):
        for path in ("/gebruik", "/gebruik.csv", f"/gebruik/{use}"):
            page = await visitor.get(path)
            assert (page.status, page.title) == (503, "Dit lukt nu niet")
            assert page.headers["retry-after"] == "60"
            assert "Z-GEHEIM" not in page.text
        program = await visitor.get("/gebruik.json")
        assert program.status == 503
        assert program.headers["content-type"] == "application/problem+json"
        assert json.loads(program.text)["code"] == "log_unavailable"
    assert (await visitor.get("/gebruik")).status == 200


async def test_a_log_that_can_not_be_read_is_named_and_never_counts_as_empty(
    portal: Portal,
) -> None:
    use = await portal.write(Deed())
    visitor = await logged_in(portal)
    broken = replace(portal.deps, log_pool=portal.deps.portal_pool)
    async with served_elsewhere(portal, broken) as address:
        elsewhere = Visitor(portal=address, cookies=moved(visitor, portal.address, address))
        for path in ("/gebruik", f"/gebruik/{use}", "/gebruik.csv"):
            page = await elsewhere.get(path)
            assert page.status == 200
            assert "Wij kunnen nu niet alles laten zien." in page.text
            assert "het logboek van Gemeente Proefdorp" in page.text
            assert "keer gebruikt" not in page.text
        body = json.loads((await elsewhere.get("/gebruik.json")).text)
        assert body["nietGelukt"] == ["log"]


async def test_without_the_register_no_use_is_told_for_one_may_be_held_back(
    portal: Portal,
) -> None:
    use = await portal.write(Deed())
    visitor = await logged_in(portal)
    async with without(portal, "purposes", "SELECT", "purposes.activity_state"):
        page = await visitor.get("/gebruik")
        one = await visitor.get(f"/gebruik/{use}")
        body = json.loads((await visitor.get("/gebruik.json")).text)
    assert page.status == 200
    for each in (page, one):
        assert "het register van Gemeente Proefdorp" in each.text
        assert "<strong>Gemeente Doesburg</strong>" not in each.text
    assert body["gebruik"] == []
    assert body["nietGelukt"] == ["log", "register"]


async def test_names_that_can_not_be_read_become_numbers(portal: Portal) -> None:
    await portal.write(Deed())
    visitor = await logged_in(portal)
    async with without(portal, "fsc", "SELECT", "fsc.peer"):
        page = await visitor.get("/gebruik")
    assert "Dit ontbreekt: de namen van andere organisaties." in page.text
    assert f"Organisatie {DOESBURG}" in page.text


async def test_sessions_that_can_not_be_read_give_a_page_with_a_code(portal: Portal) -> None:
    visitor = await logged_in(portal)
    async with without(portal, "portal", "UPDATE", "portal.session"):
        page = await visitor.get("/gebruik")
    assert (page.status, page.title) == (500, "Er ging iets mis bij ons")
    assert re.search(r"Code: [0-9a-f]{32}", page.text)


@pytest.mark.parametrize("suffix", ["", ".json"])
async def test_a_use_of_someone_else_is_as_absent_as_one_that_never_was(
    portal: Portal, suffix: str
) -> None:
    use = await portal.write(Deed(bsn=ANOTHER, case="Z-VAN-EEN-ANDER"))
    visitor = await logged_in(portal)
    other = await visitor.get(f"/gebruik/{use}{suffix}")
    never = await visitor.get(f"/gebruik/{UUID(int=5)}{suffix}")
    assert (other.status, never.status) == (404, 404)
    assert _without(other.text, str(use)) == _without(never.text, str(UUID(int=5)))
    assert "Z-VAN-EEN-ANDER" not in (await visitor.get("/gebruik")).text
    theirs = await (await logged_in(portal, "burger-2")).get("/gebruik")
    assert "Z-VAN-EEN-ANDER" in theirs.text


def _without(page: str, number: str) -> str:
    """The page without its own number and the minute at which it was made."""
    return re.sub(r"<time.*?</time>", "", page.replace(number, ""))


@pytest.mark.case("L32")
async def test_uses_under_an_older_key_are_found_too(portal: Portal) -> None:
    visitor = await logged_in(portal)
    await portal.deps.writer.append([draft_of(portal.deps, Deed(case="Z-OUD"), key=b"o" * 32)])
    await portal.write(Deed(case="Z-NIEUW"))
    newest = portal.deps.pseudonym_keys[1]
    both = replace(portal.deps, pseudonym_keys={1: b"o" * 32, 2: newest})
    async with served_elsewhere(portal, both) as address:
        elsewhere = Visitor(portal=address, cookies=moved(visitor, portal.address, address))
        page = await elsewhere.get("/gebruik")
    assert "Z-OUD" in page.text
    assert "Z-NIEUW" in page.text
    assert "Z-OUD" not in (await visitor.get("/gebruik")).text


async def test_refused_partial_and_empty_answers_have_their_words(portal: Portal) -> None:
    for outcome in Outcome:
        await portal.write(Deed(outcome=outcome, case=f"Z-{outcome.value.replace('_', '-')}"))
    page = await (await logged_in(portal)).get("/gebruik")
    for words in (
        "Deels gegeven",
        "Geweigerd: niets gegeven",
        "Niets gevonden",
        "Mislukt: niets gegeven",
        "Gestopt: niets gegeven",
        "1 keer geweigerd",
        "Gevraagd: uw adres en uw uitkering",
    ):
        assert words in page.text
    counts = r"\d+ keer gebruikt, \d+ keer geweigerd, \d+ keer niets gegeven, \d+ keer zelf bekeken"
    assert re.search(counts, page.text)


async def test_an_unknown_organisation_is_shown_by_its_number(portal: Portal) -> None:
    use = await portal.write(Deed(peer=UNKNOWN_PEER, delegator=DOESBURG))
    visitor = await logged_in(portal)
    page = await visitor.get(f"/gebruik/{use}")
    assert page.title.startswith(f"Organisatie {UNKNOWN_PEER} vroeg")
    assert "Gaf de opdracht. Is verantwoordelijk." in page.text
    assert "namens Gemeente Doesburg" in (await visitor.get("/gebruik")).text


async def test_a_use_before_the_register_knew_the_activity_says_so(portal: Portal) -> None:
    use = await portal.write(Deed(activity="https://register.weesp.example/activiteiten/onbekend"))
    page = await (await logged_in(portal)).get(f"/gebruik/{use}")
    assert "Dit konden wij nu niet opzoeken." in page.text
    assert "Woon- en uitkeringssituatie opvragen" in page.text


async def test_the_page_always_says_that_not_everything_may_be_here(portal: Portal) -> None:
    visitor = await logged_in(portal, "burger-2")
    for path in ("/gebruik", "/gebruik?van=1-1-2020&tot=2-1-2020"):
        assert "Misschien staat hier niet alles." in (await visitor.get(path)).text
    body = json.loads((await visitor.get("/gebruik.json")).text)
    assert body["misschienNietAlles"] is True


async def test_nothing_in_a_period_is_told_as_nothing_recorded(portal: Portal) -> None:
    page = await (await logged_in(portal)).get("/gebruik?van=1-1-2020&tot=2-1-2020")
    assert "Wij hebben geen gebruik van uw gegevens opgeschreven" in page.text
    assert "0 keer gebruikt" in page.text


async def test_filters_narrow_the_list_and_its_twins_alike(portal: Portal) -> None:
    await portal.write(Deed(peer=UNKNOWN_PEER, case="Z-FILTER"))
    visitor = await logged_in(portal)
    query = f"organisatie={UNKNOWN_PEER}&waarvoor={SUPPLY}"
    page = await visitor.get(f"/gebruik?{query}")
    body = json.loads((await visitor.get(f"/gebruik.json?{query}")).text)
    table = (await visitor.get(f"/gebruik.csv?{query}")).text
    assert {use["organisatie"]["oin"] for use in body["gebruik"]} == {UNKNOWN_PEER}
    assert len(table.strip().split("\r\n")) == len(body["gebruik"]) + 1
    assert page.text.count('class="ls-use"') == len(body["gebruik"])
    assert f'<option value="{UNKNOWN_PEER}" selected>' in page.text


async def test_a_filter_that_can_not_be_read_keeps_what_was_typed(portal: Portal) -> None:
    visitor = await logged_in(portal)
    before = await looks_of(portal, SUZANNE)
    page = await visitor.get("/gebruik?van=gisteren&tot=24-11-2026")
    assert page.status == 400
    assert "<title>Fout: " in page.text
    assert 'value="gisteren" aria-invalid="true" aria-describedby="van-fout"' in page.text
    assert 'href="#van"' in page.text
    assert await looks_of(portal, SUZANNE) == before


async def test_what_is_typed_is_shown_as_text(portal: Portal) -> None:
    page = await (await logged_in(portal)).get("/gebruik?van=%22%3E%3Cscript%3E")
    assert "<script>" not in page.text
    assert "&#34;&gt;&lt;script&gt;" in page.text


async def test_a_long_list_goes_on_from_page_to_page_without_gap_or_repeat(
    module_database: Database, portal: Portal
) -> None:
    deeds = [
        Deed(bsn="999990019", case=f"Z-{number}", ago=timedelta(minutes=1)) for number in range(120)
    ]
    await portal.deps.writer.append([draft_of(portal.deps, deed) for deed in deeds])
    found: list[str] = []
    visitor = await as_person(portal, "999990019")
    path = "/gebruik"
    while path:
        page = await visitor.get(path)
        found += re.findall(r"Uw zaak (Z-[0-9]+) bij", page.text)
        more = re.search(r'href="(/gebruik\?[^"]*na=[^"]*)"', page.text)
        path = more[1].replace("&amp;", "&") if more else ""
    assert found == [f"Z-{number}" for number in range(119, -1, -1)]
