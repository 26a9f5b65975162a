# SPDX-License-Identifier: EUPL-1.2
"""Objects, lists and finding in the console, over HTTP."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.console.acts import (
    PAND,
    SIEBRAND,
    placed,
    search,
    siebrand,
)
from tests.console.console_rig import (
    BURGERZAKEN,
    Console,
)

from landschap.platform.ids import uuid7
from landschap.registers import store
from landschap.registers.operations import Draft
from landschap.registers.periods import Period
from landschap.registers.store import Act, Entry
from landschap.registers.timeline import Kind


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
