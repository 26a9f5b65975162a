# SPDX-License-Identifier: EUPL-1.2
"""Entrepreneurs: a company sees its own data and use by whoever may act for it, and nobody else."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page
from tests.browsing import FOCUS, LOOKS, faults_at, opened
from tests.portal.portal_rig import (
    ANOTHER,
    COMPANY,
    LOOK,
    SUZANNE,
    Portal,
    served_portal,
)
from tests.portal.visiting import Visitor
from tests.portal.visits import as_person, logged_in
from tests.registers.test_models_ready import PROFILES
from tests.throwaway import Database
from tests.validating import faults_in

from landschap.logboek.drafts import line_draft
from landschap.logboek.payloads import LineEntry, Outcome
from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.logboek.records import Record
from landschap.logboek.store import uses_of
from landschap.platform.ids import new_span_id, new_trace_id, uuid7
from landschap.platform.web.sessions import begin_session
from landschap.portal.known import Known
from landschap.portal.own import own_types
from landschap.registers import client, store
from landschap.registers.client.models import READY, read_models
from landschap.registers.models import Registers
from landschap.registers.operations import Draft
from landschap.registers.periods import Period
from landschap.registers.store import Act, Entry, Written
from landschap.registers.timeline import Kind
from landschap.vocabulary.companies import Company

ACTING = "2f8a1c0d9e7b4a63@eherkenning.example"
OTHER = "90000749"
ALL = read_models(READY)
SHOWN = Registers({name: ALL.by_name[name] for name in ("hr", "vergunningen")})
_FIELDS = {
    "hr": ["kvkNummer", "naam", "rechtsvorm", "handelsnamen", "vestigingsnummer", "onderneming",
           "eersteHandelsnaam", "hoofdvestiging", "bezoekadres"],
    "vergunningen": ["zaaknummer", "aanvragerKvk", "status", "activiteiten", "datumAanvraag"],
}  # fmt: skip
_SEARCH = {"hr": ["onderneming"], "vergunningen": ["aanvragerKvk"]}
_RULE = """
[[dienst]]
naam = "{name}"
persoonsgegevens = true
velden = {fields}
zoekvelden = {search}

[[veldenset]]
id = "{name}-zelf"
versie = 1
dienst = "{name}"
velden = {fields}
zoekvelden = {search}

[[beleidsregel]]
id = "onderneming-ziet-zichzelf-{name}"
versie = 1
werking = "toestaan"
doel = "https://doelen.landschap.example/id/inzage-geven"
organisaties = ["*own"]
rollen = ["onderneming"]
dienst = "{name}"
handelingen = ["raadplegen"]
veldenset = "{name}-zelf@1"
grondslagen = ["eu-gdpr:A6-1-c"]
activiteit = "https://register.weesp.example/activiteiten/inzage-in-gebruik"
geldig_vanaf = 2026-01-01
uitleg = {{ nl = "Een onderneming ziet zichzelf.", en = "A company sees itself." }}
"""
RULES = "".join(
    _RULE.format(name=name, fields=_FIELDS[name], search=_SEARCH[name]).replace("'", '"')
    for name in _FIELDS
)


@pytest.fixture(scope="module")
async def portal(module_database: Database) -> AsyncIterator[Portal]:
    """A portal with the trade register and permits of two companies of KVK's test data."""
    if not PROFILES.is_dir():
        pytest.skip(f"the profiles are not here ({PROFILES.name})")
    async with served_portal(module_database, {"onderneming.toml": RULES}, SHOWN) as made:
        assert made.deps.own is not None
        pool, hr = made.deps.own.registers.pool, SHOWN.by_name["hr"]
        await store.prepare(pool, hr)
        async for _ in store.load(pool, hr, client.read_extract(hr, PROFILES)):
            pass
        kind = SHOWN.by_name["vergunningen"].types["omgevingsvergunning"]
        entries = [
            Entry(type=kind, object_id=number, draft=_permit(company))
            for number, company in (("OMG-2026-0001", COMPANY), ("OMG-2026-0002", OTHER))
        ]
        act = Act(register=SHOWN.by_name["vergunningen"], transaction_id=uuid7(), entries=entries)
        assert isinstance(await store.write(pool, act), Written)
        yield made


def _permit(company: str) -> Draft:
    return Draft(
        period=Period(date(2026, 1, 10)),
        kind=Kind.REGISTRATION,
        group="omgevingsvergunning",
        content={
            "aanvragerKvk": company, "status": "ingediend", "activiteiten": ["bouwactiviteit"],
            "datumAanvraag": "2026-01-10",
        },
    )  # fmt: skip


async def lines(portal: Portal, kind: str, number: str) -> list[Record]:
    deps = portal.deps
    who = subject_pseudonym(deps.pseudonym_keys[1], deps.settings.organisation.oin, kind, number)
    now, day = datetime.now(UTC), timedelta(days=1)
    return list(await uses_of(deps.log_pool, [who], now - day, now + day, 500))


async def use_of(portal: Portal, number: str) -> str:
    """A use of a company's data, in the log; gives its identifier."""
    deps, now = portal.deps, datetime.now(UTC)
    oin = deps.settings.organisation.oin
    entry = LineEntry(
        trace_id=new_trace_id(), span_id=new_span_id(), name="Bedrijf opgevraagd", started_at=now,
        ended_at=now, controller=oin.value, outcome=Outcome.DELIVERED, system="zaaksysteem",
        activity="https://register.weesp.example/activiteiten/gegevens-verstrekken-voor-bijstand",
        subject=subject_pseudonym(deps.pseudonym_keys[1], oin, "kvk", number),
        subject_type=f"{deps.pseudonym_space}/kvk/1", key_id=1, data_groups=("onderneming",),
    )  # fmt: skip
    return str((await deps.writer.append([line_draft(entry, now=now)]))[0])


@pytest.mark.case("S-23")
async def test_a_company_sees_its_own_data_and_use_and_that_of_no_other(portal: Portal) -> None:
    own, other = await use_of(portal, COMPANY), await use_of(portal, OTHER)
    visitor = await logged_in(portal, "onderneming")
    page = await visitor.get("/gegevens")
    assert page.status == 200, page.text
    for told in ("Test EMZ Dagobert", "Abebe Bikilalaan", "Eenmanszaak", "bouwactiviteit"):
        assert told in page.text, told
    assert "U bekijkt gegevens van Test EMZ Dagobert" in page.text
    document = (await visitor.get("/gegevens.json")).text
    assert COMPANY in document
    assert OTHER not in document
    uses = (await visitor.get("/gebruik.json")).text
    assert own in uses
    assert other not in uses
    for path in (f"/gebruik/{other}", f"/gebruik/{uuid7()}"):
        assert (await visitor.get(path)).status == 404
    assert (await visitor.get(f"/gebruik/{own}")).status == 200


@pytest.mark.case("S-23")
@pytest.mark.parametrize("sub", ["zonder-machtiging", "voorbij", "alleen-handelende"])
async def test_who_has_no_mandate_for_a_company_gets_in_nowhere(portal: Portal, sub: str) -> None:
    before = len(await lines(portal, "kvk", COMPANY))
    visitor = Visitor(portal=portal.address)
    refused = await visitor.log_in(sub)
    assert refused.status == 403
    assert "U mag dit niet voor dit bedrijf" in refused.text
    assert (await visitor.get("/gegevens")).status == 303
    assert len(await lines(portal, "kvk", COMPANY)) == before


async def test_a_weak_login_is_asked_for_a_stronger_one(portal: Portal) -> None:
    refused = await Visitor(portal=portal.address).log_in("zwak-bedrijf")
    assert (refused.status, refused.title) == (403, "Log in op een sterkere manier")


async def test_every_line_names_who_acted_by_a_pseudonym_and_nobody_by_number(
    portal: Portal,
) -> None:
    visitor = await logged_in(portal, "onderneming")
    before = len(await lines(portal, "kvk", COMPANY))
    for path in ("/gegevens", "/gebruik", "/meldingen"):
        assert (await visitor.get(path)).status == 200, path
    found = (await lines(portal, "kvk", COMPANY))[: -before or None]
    assert len(found) >= 5
    deps = portal.deps
    acting = subject_pseudonym(
        deps.pseudonym_keys[1], deps.settings.organisation.oin, "eherkenning", ACTING
    )
    shown = base64.urlsafe_b64encode(acting).rstrip(b"=").decode()
    for each in found:
        own: Any = each.content()["landschap"]
        assert own["mandate"]["acting"] == shown
        assert own["mandate"]["reference"] == "EH-2026-4"
        assert ACTING.encode() not in each.payload
        assert COMPANY.encode() not in each.payload
    # The same person as a resident has no line of it: a number of a person is not used.
    assert not [each for each in await lines(portal, "bsn", SUZANNE) if _looked(each)]


def _looked(record: Record) -> bool:
    return record.columns.activity == LOOK


async def test_a_mandate_that_ends_during_the_session_closes_it_and_the_attempt_is_a_line(
    portal: Portal,
) -> None:
    company = Company(
        kvk=COMPANY, rsin="", name="Test EMZ Dagobert", acting=ACTING, source="https://eh.example",
        reference="EH-1", services=("mijn-gegevens",), until=datetime.now(UTC) - timedelta(seconds=1),
    )  # fmt: skip
    known = Known(bsn="", name="", level="", authenticated_at=1, id_token="", company=company)
    token = await begin_session(portal.deps.portal_pool, portal.deps.session_key, known)
    host = portal.address.removeprefix("http://")
    visitor = Visitor(portal=portal.address, cookies={host: {"__Host-sessie": token}})
    before = len(await lines(portal, "kvk", COMPANY))
    for path in ("/gegevens", "/gegevens.json", "/gebruik", "/meldingen", "/rechten"):
        page = await visitor.get(path)
        assert page.status == 403, path
        assert "bouwactiviteit" not in page.text
    assert len(await lines(portal, "kvk", COMPANY)) == before + 5


async def test_what_is_of_people_is_closed_to_a_company_and_says_why(portal: Portal) -> None:
    visitor = await logged_in(portal, "onderneming")
    page = await visitor.get("/rechten")
    assert "Dit recht is er voor mensen, niet voor bedrijven" in page.text
    assert "Handelsregisterwet 2007 artikel 19" in page.text
    assert 'href="/toestemmingen"' not in page.text
    for path in ("/toestemmingen", "/rechten/inzage", "/rechten/verzoek/x", "/namens/x"):
        assert (await visitor.get(path)).status in (403, 404), path


@pytest.mark.long
@pytest.mark.parametrize("language", ["nl", "en"])
async def test_no_page_of_a_company_has_a_fault_that_a_program_can_find(
    portal: Portal, browser: Browser, tmp_path: Path, language: str
) -> None:
    use, own = await use_of(portal, COMPANY), "/en" if language == "en" else ""
    visitor = await logged_in(portal, "onderneming")
    data = await visitor.get("/gegevens")
    wrong = re.search(r'href="(/gegevens/[^"]+/fout)"', data.text)
    assert wrong is not None
    paths = ["/", "/gegevens", wrong[1], "/meldingen", "/gebruik", f"/gebruik/{use}", "/rechten",
             "/toestemmingen", "/privacy", "/toegankelijkheid"]  # fmt: skip
    problems, pages = {}, {}
    async with opened(browser) as context:
        held = visitor.cookies[portal.address.removeprefix("http://")]
        url = portal.address.replace("http://", "https://")
        await context.add_cookies([
            {"name": name, "value": value, "url": url, "secure": True}
            for name, value in held.items()
        ])  # fmt: skip
        page = await context.new_page()
        for path in paths:
            address = (own + path).rstrip("/") or "/"
            await page.goto(portal.address + address)
            told = await page.locator("header").first.inner_text()
            assert "Test EMZ Dagobert" in told, path
            name = f"bedrijf{path.replace('/', '-')[:40]}-{language}"
            if found := await faults_at(page, LOOKS, name):
                problems[path] = found
            pages[path] = (await visitor.get(address)).text
        await page.goto(portal.address + own + "/gegevens")
        stops = await stops_of(page)
    assert problems == {}
    faults = await faults_in(pages, tmp_path)
    assert faults == [], "\n".join(faults)
    # By keyboard: past the header and the menu to what can be done with the data, and out again.
    assert stops[0] == ("Ga naar de inhoud" if language == "nl" else "Go to the content")
    assert len(stops) == len(await focusable(visitor, f"{own}/gegevens"))


async def stops_of(page: Page) -> list[str]:
    """Where Tab leads, until it has been everywhere; each stop can be seen."""
    stops: list[str] = []
    for _ in range(400):
        await page.keyboard.press("Tab")
        found = await page.evaluate(FOCUS)
        if not found["words"]:
            break
        assert found["visible"], found
        stops.append(found["words"])
    return stops


async def focusable(visitor: Visitor, path: str) -> list[str]:
    """What on a page takes the focus, in its order."""
    text = (await visitor.get(path)).text
    return re.findall(
        r'<(?:a [^>]*href=|button|select|summary|textarea|input (?!type="hidden"))', text
    )


async def test_people_see_nothing_of_a_company(portal: Portal) -> None:
    use = await use_of(portal, COMPANY)
    for visitor in (await as_person(portal, ANOTHER), Visitor(portal=portal.address)):
        for path in (f"/gebruik/{use}", "/gegevens"):
            page = await visitor.get(path)
            assert "Dagobert" not in page.text
            assert use not in page.text
    assert own_types(SHOWN.by_name)[0].type.name == "omgevingsvergunning"
    assert [(each.type.name, each.by) for each in own_types(SHOWN.by_name, "kvk")] == [
        ("onderneming", ""), ("vestiging", "onderneming"),
        ("omgevingsvergunning", "aanvragerKvk"),
    ]  # fmt: skip
