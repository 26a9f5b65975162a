# SPDX-License-Identifier: EUPL-1.2
"""The catalogue in real Chromium: accessible, narrow, in both languages, without script."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import cast
from urllib.parse import urlsplit

import pytest
from aiohttp import ClientSession, ClientTimeout
from litestar.handlers import HTTPRouteHandler
from playwright.async_api import Browser, Page, expect
from tests.browsing import DARK_AND_NARROW, LIGHT_AND_WIDE, LOOKS, Look, faults_at, opened
from tests.catalogue.pages_rig import Catalogue, described, offered, served_catalogue
from tests.catalogue.test_access import contract_at, officer, sent, signed
from tests.catalogue.test_api_page import ASKED, days
from tests.catalogue.test_publish_page import WHOLE, bare, shaped, uploaded
from tests.catalogue.test_publish_page import filled as fill_in
from tests.throwaway import Database

from landschap.catalogue import store
from landschap.catalogue.changes import Change, Weight
from landschap.catalogue.describing import described as words_of
from landschap.catalogue.documents import read_document
from landschap.catalogue.pages import Trying, routes
from landschap.catalogue.particulars import particulars_of
from landschap.fsc.states import Kind

PAGES = {
    "zoeken": "/catalogus",
    "gevonden": "/catalogus?q=vergunningen&toegang=contract",
    "deels": "/catalogus?q=vergunningen+walvis",
    "niets": "/catalogus?q=xyzzy",
    "api": "/catalogus/uitkeringen",
    "api-stopt": "/catalogus/parkeren",
    "regels": "/catalogus/parkeren/regels",
    "naslag": "/catalogus/uitkeringen/naslag",
    "bewerking": "/catalogus/uitkeringen/naslag/{operation}",
    "schema": "/catalogus/uitkeringen/schema?naam=Vergunning",
    "bestaat-niet": "/catalogus/bestaat-niet",
    "toegang": "/catalogus/uitkeringen/toegang",
    "aanvragen": "/catalogus/aanvragen",
    "toegang-fout": "/catalogus/uitkeringen/toegang?gekozen=ja&tot=31-02-2028",
    "aanvraag": "/catalogus/aanvragen/{request}",
    "aanvraag-fout": "/catalogus/aanvragen/{request}",
    "toegang-verleend": "/catalogus/aanvragen/{granted}",
}
# What only who publishes comes to; a press of a button makes a form say what it lacks.
PUBLISHING = {
    "publiceren": "/catalogus/publiceren",
    "publiceren-fout": "/catalogus/publiceren",
    "ontwerp": "/catalogus/publiceren/{draft}",
    "ontwerp-fout": "/catalogus/publiceren/{bare}",
}
PRESSED = {
    "aanvraag-fout": "button[value=intrekken]",
    "publiceren-fout": "main form[enctype] button",
    "ontwerp-fout": "button[value=publiceer]",
}
# What differs each time: a clock, and the numbers of a contract that nobody signed.
OWN_OF_A_MOMENT = re.compile(
    r"<time .*?</time>|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\$1\$[0-9]\$[\w-]+|\b[0-9]{10}\b"
    r'|value="[^"]{32,}"'
)
# Looked at with what it needs, in test_trying.
TRYING = "/catalogus/uitkeringen/proef/{operation}"
FOR_PROGRAMS = {
    "/catalogus.json", "/catalogus.atom", "/catalogus/dcat.ttl", "/catalogus/dcat.jsonld",
    "/catalogus/{name:str}/openapi", "/catalogus/{name:str}/postman", "/catalogus/{name:str}/bruno",
    "/catalogus/{name:str}/wijzigingen.atom",
}  # fmt: skip
# Pages that are made of the same parts as another, for the long run.
ALIKE = {"aanvragen", "toegang-fout", "aanvraag", "aanvraag-fout"}
QUICK = [name for name in PAGES if name not in ALIKE]
# Half of the pages each way, and in the long run all of them every way.
SETTINGS = [
    ("nl", [LIGHT_AND_WIDE], QUICK[::2]),
    ("en", [DARK_AND_NARROW], QUICK[1::2]),
    pytest.param("nl", LOOKS, list(PAGES), marks=pytest.mark.long),
    pytest.param("en", LOOKS, list(PAGES), marks=pytest.mark.long),
]


@pytest.fixture(scope="module")
async def catalogue(module_database: Database) -> AsyncIterator[Catalogue]:
    """An empty catalogue in which an API can be published."""
    async with served_catalogue(module_database, shaped) as made:
        yield made


@pytest.fixture(scope="module")
async def filled(catalogue: Catalogue) -> Catalogue:
    """An API with criteria, one that ends and changed, one for a peer."""
    await offered(catalogue, described("Uitkeringen", info={"x-gebruik": ASKED}), "everyone")
    ends = days(deprecated=-10, sunset=100)
    first = described("Parkeren", "2.0.0", {**ends, "description": "Een **lijst**:\n\n* a\n* b"})
    del first["servers"]
    name = await offered(catalogue, first, "everyone")
    await offered(catalogue, described("Parkeren", "3.0.0"), "everyone")
    await offered(catalogue, described("Geheim"))
    pool = await catalogue.database.pool("catalogue")
    held = await store.held(pool, "/Parkeren-2.0.0.yaml")
    assert held is not None
    raw = held.document + b"\n# anders\n"
    changed = Change(place=("paths", "/vergunningen"), weight=Weight.BREAKING, message="path gone")
    said = words_of(read_document(raw))
    await store.keep(pool, "/Parkeren-2.0.0.yaml", raw, said, (88, 2), [changed], "changed")
    await store.keep_particulars(pool, "/Parkeren-2.0.0.yaml", particulars_of(read_document(raw)))
    assert name == "parkeren"
    signer = await officer(catalogue)
    await sent(signer, veld="bedrag")
    agreed = await sent(signer, veld="bedrag")
    await signed(catalogue, await contract_at(catalogue, agreed), Kind.ACCEPT)
    return catalogue


async def requested(catalogue: Catalogue) -> dict[str, str]:
    """The numbers of what was asked: what waits, and what both signed."""
    granted, waiting = await store.requests(await catalogue.database.pool("catalogue"))
    return {"request": str(waiting.id), "granted": str(granted.id)}


async def operation(catalogue: Catalogue) -> str:
    text = (await catalogue.visitor().get("/catalogus/uitkeringen/naslag")).text
    return text.split("/naslag/")[1].split('"')[0]


@pytest.mark.parametrize(("language", "looks", "names"), SETTINGS)
async def test_no_page_has_a_fault_that_a_program_can_find(
    filled: Catalogue,
    browser: Browser,
    language: str,
    looks: Sequence[Look],
    names: Sequence[str],
) -> None:
    places = {"operation": await operation(filled), **await requested(filled)}
    paths = {name: PAGES[name].format(**places) for name in names}
    assert await faults_of(filled, browser, "C. Tract", (language, looks), paths) == {}


async def faults_of(
    filled: Catalogue,
    browser: Browser,
    who: str,
    how: tuple[str, Sequence[Look]],
    paths: Mapping[str, str],
) -> dict[str, list[str]]:
    """What is wrong with pages, as one employee sees them in a language and under looks."""
    (language, looks), problems = how, {}
    async with opened(browser) as context:
        window = await logged_in(await context.new_page(), filled, who)
        own = "/en" if language == "en" else ""
        # Who has script gets the same pages as who has not: all ways of looking are of both.
        state = await context.storage_state()
        async with opened(browser, java_script_enabled=False, storage_state=state) as without:
            other = await without.new_page()
            for name, path in paths.items():
                address, pressed = filled.address + own + path, PRESSED.get(name)
                seen = await told_at(window, address, pressed)
                assert await window.locator("html").get_attribute("lang") == language
                found = await faults_at(window, looks, f"catalogus-{name}-{language}")
                if len(looks) > 1 and await told_at(other, address, pressed) != seen:
                    found.append("another page without script")
                if found:
                    problems[name] = found
    return problems


async def logged_in(window: Page, filled: Catalogue, who: str) -> Page:
    """The catalogue as an employee sees it."""
    await window.goto(f"{filled.address}/catalogus")
    await window.get_by_role("link", name="Log in", exact=True).click()
    await window.get_by_role("button", name=who).click()
    # Logging in ends where it began, and the pages say for whom one looks.
    await window.wait_for_url(f"{filled.address}/catalogus")
    assert await window.get_by_text("U ziet wat uw organisatie mag zien").is_visible()
    return window


async def told_at(window: Page, address: str, pressed: str | None) -> str:
    """What stands under an address, or after a press of a button there."""
    await window.goto(address)
    if pressed:
        await window.locator(pressed).click()
        await expect(window).to_have_title(re.compile("^(Fout|Error): "), timeout=40_000)
    return OWN_OF_A_MOMENT.sub("", await window.content())


async def test_no_page_of_the_list_of_routes_is_forgotten(filled: Catalogue) -> None:
    """Each address that gives a page is looked at by a test here; the others are for programs."""
    trying = cast("Trying", object())  # for its addresses; nobody asks them
    made = routes(replace(filled.deps, trying=trying))
    every = {
        path
        for each in made
        if isinstance(each, HTTPRouteHandler) and "GET" in each.http_methods
        for path in each.paths
        if not path.startswith("/en/")
    }
    looked = {
        route_of(urlsplit(path).path, every)
        for path in [*PAGES.values(), *PUBLISHING.values(), TRYING]
    }
    assert every - looked == FOR_PROGRAMS
    host = urlsplit(filled.address).netloc
    async with ClientSession(headers={"Host": host}) as asking:
        for path in FOR_PROGRAMS:
            own = path.replace("{name:str}", "uitkeringen")
            address = f"http://127.0.0.1:{host.partition(':')[2]}{own}"
            async with asking.get(address, timeout=ClientTimeout(40)) as seen:
                assert seen.status == 200, path
                assert seen.content_type != "text/html", path


def route_of(path: str, every: Iterable[str]) -> str:
    """The address that answers a path: of those that fit, the one with the fewest blanks."""
    fitting = [each for each in every if re.fullmatch(re.sub(r"\{[^}]*\}", "[^/]+", each), path)]
    return min(fitting, key=lambda each: each.count("{"))


async def test_everything_works_with_script_switched_off(
    filled: Catalogue, browser: Browser
) -> None:
    said: list[str] = []
    async with opened(browser, java_script_enabled=False, bypass_csp=False) as context:
        window = await context.new_page()
        window.on("console", lambda message: said.append(message.text))
        await window.goto(f"{filled.address}/catalogus")
        await window.get_by_label("Zoekwoorden").fill("vergunningen")
        await window.get_by_role("button", name="Zoek", exact=True).click()
        assert await window.locator("h2#res").inner_text() == "3 resultaten"
        await window.get_by_label("Met een contract").check()
        await window.get_by_role("button", name="Pas toe").click()
        assert await window.locator("h2#res").inner_text() == "1 resultaat"
        await window.get_by_role("link", name="Uitkeringen", exact=True).click()
        await window.get_by_role("link", name="Naslag lezen").click()
        await window.get_by_role("link", name="English").click()
        assert await window.locator("h1").inner_text() == "Reference: Uitkeringen"
        async with window.expect_download() as loading:
            await window.goto(f"{filled.address}/catalogus/uitkeringen")
            await window.get_by_role("link", name="Beschrijving (OpenAPI)").click()
        assert (await loading.value).suggested_filename == "uitkeringen.yaml"
    assert said == []


async def test_the_reference_prints_without_menu_and_with_all_code(
    filled: Catalogue, browser: Browser
) -> None:
    slug = await operation(filled)
    async with opened(browser) as context:
        window = await context.new_page()
        await window.goto(f"{filled.address}/catalogus/uitkeringen/naslag/{slug}")
        await window.emulate_media(media="print")
        for hidden in (".ls-nav", ".ls-crumbs", ".utrecht-skip-link"):
            assert not await window.locator(hidden).is_visible(), hidden
        code = window.locator("pre").first
        # On paper nothing scrolls: a long line is broken.
        assert await code.evaluate("each => getComputedStyle(each).whiteSpace") == "pre-wrap"


@pytest.mark.parametrize(
    ("language", "looks"),
    [
        pytest.param("nl", LOOKS, marks=pytest.mark.long),
        pytest.param("en", LOOKS, marks=pytest.mark.long),
    ],
)
async def test_no_page_of_publishing_has_a_fault_that_a_program_can_find(
    filled: Catalogue, browser: Browser, language: str, looks: Sequence[Look]
) -> None:
    publisher = await filled.employee("beheerder")
    first = (await uploaded(publisher, bare(f"Putten {language}{len(looks)}"))).location
    assert (await fill_in(publisher, first, "publiceer", WHOLE)).status == 303
    name = f"putten-{language}{len(looks)}"
    fewer = {"/anders": {"get": {"responses": {"200": {"description": "x"}}}}}
    draft = (await uploaded(publisher, bare("Putten", "1.1.0", fewer), vervangt=name)).location
    lacks = (await uploaded(publisher, bare(f"Leeg {language}{len(looks)}"))).location
    places = {"draft": draft.rpartition("/")[2], "bare": lacks.rpartition("/")[2]}
    paths = {each: path.format(**places) for each, path in PUBLISHING.items()}
    assert await faults_of(filled, browser, "J. van Dijk", (language, looks), paths) == {}
