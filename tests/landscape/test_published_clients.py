# SPDX-License-Identifier: EUPL-1.2
"""Two clients that were not designed for: a form engine and a small screen, of published documents.

What stands in ``published/`` knows the OpenAPI documents and needs that the catalogue publishes, the
discovery document of the login provider, and the address of an Outway with a key. Nothing else.
"""

from __future__ import annotations

import ast
import asyncio
import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from playwright.async_api import Browser
from tests.browsing import opened
from tests.landscape.published import mobile
from tests.landscape.published.engine import Answer, Form, Login, Outway, Published, http
from tests.portal.conftest import browser

from landschap.cli.demo.applying import FETCH_SERVICE, REGISTER_SERVICE, open_form
from landschap.cli.demo.commands import landschap
from landschap.cli.demo.keys import key_of
from landschap.cli.demo.landscape import (
    ANNA,
    CASE_CLIENT,
    CASE_REDIRECT,
    FORM_CLIENT,
    FORM_PURPOSE,
    PURPOSE,
    SERVICE,
    SUZANNE,
    Landscape,
)
from landschap.cli.demo.observing import expected
from landschap.cli.demo.story import CASE_WORKER, VALID_ON, Story
from landschap.integration.connectors.opening import read_declarations
from landschap.integration.description import describe
from landschap.registers.client import read_models
from landschap.registers.describing import About
from landschap.registers.describing_writes import writing_document_of

__all__ = ["browser"]

FOLDER = Path(__file__).parent / "published"
ENGINE, PHONE = "formuliermotor", "telefoon"
TYPED = {
    "naam": "A.M.P. Wesseling", "soortWerk": "zonnepanelen",
    "omschrijving": "Zes panelen op het dak aan de zuidkant",
}  # fmt: skip


def test_the_clients_import_nothing_of_this_program() -> None:
    files = sorted(FOLDER.glob("*.py"))
    assert len(files) >= 2
    for file in files:
        imported = {
            name
            for node in ast.walk(ast.parse(file.read_text()))
            for name in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
        }
        ours = {name for name in imported if name.startswith("landschap")}
        assert not ours, (file.name, ours)
        # Of these tests they use each other only.
        of_tests = {name for name in imported if name.startswith("tests")}
        assert of_tests <= {"tests.landscape.published.engine"}, (file.name, of_tests)


@dataclass(frozen=True, kw_only=True)
class Known:
    """What a supplier is told: addresses, names in the catalogue, keys."""

    landscape: Landscape
    catalogue: str
    names: dict[str, str]
    keys: dict[str, str]

    def outway(self, member: str, client: str, token: str = "") -> Outway:
        """The door of an organisation."""
        address = getattr(self.landscape, member).outway
        return Outway(f"http://{address}", self.keys[client], token)


@pytest.fixture(scope="module")
async def known(story: Story) -> Known:
    """Weesp's officers publish three services of theirs; both organisations admit a client."""
    scene = story.opened.landscape
    await open_form(scene)
    names = {service: await published(scene, service, each) for service, each in described(scene)}
    keys = {
        ENGINE: await key_of(scene, scene.weesp, ENGINE),
        PHONE: await key_of(scene, scene.doesburg, PHONE),
    }
    return Known(landscape=scene, catalogue=scene.weesp.web_address, names=names, keys=keys)


def described(scene: Landscape) -> list[tuple[str, Any]]:
    """The descriptions that Weesp's services give of themselves."""
    own = scene.folder / scene.weesp.key
    models = read_models(own / "registers")
    sources = read_declarations(own / "bronnen", models)
    about = About(version="1.0.0", organisation=scene.weesp.name, address=scene.weesp.inway_address)
    register = models.by_name["omgevingsvergunningen"]
    return [
        (FETCH_SERVICE, describe(sources[FETCH_SERVICE], about)),
        (SERVICE, describe(sources[SERVICE], about)),
        (REGISTER_SERVICE, writing_document_of(register, about, REGISTER_SERVICE)),
    ]


async def published(scene: Landscape, service: str, document: Any) -> str:
    """An officer publishes a description; gives its name in the catalogue."""
    document["info"]["contact"] = {
        "name": scene.weesp.name, "email": "api@weesp.example", "url": "https://weesp.example",
    }  # fmt: skip
    path = scene.folder / f"{service}.json"
    path.write_text(json.dumps(document))
    config = scene.settings_file(scene.weesp)
    [told] = (await landschap(config, "catalogue", "gather", str(path))).answer
    await landschap(
        config, "catalogue", "publish", told["name"], "--service", service, "--theme", "GOVE",
        "--licence", "https://creativecommons.org/publicdomain/zero/1.0/deed.nl",
    )  # fmt: skip
    return str(told["name"])


def of_the_engine(known: Known) -> tuple[Form, Answer, Any]:
    """The engine's work: log in, make the form, ask for what is known, fill it in."""
    scene = known.landscape
    back = f"{scene.weesp.web_address}/formulier/inloggen/terug"
    who = Login(scene.login_address, FORM_CLIENT, back).tokens("burger-3")["claims"]
    form = Form.of(Published.of(known.catalogue, known.names[REGISTER_SERVICE]))
    source = Published.of(known.catalogue, known.names[FETCH_SERVICE])
    path, operation = source.post("/_zoek")
    [key] = source.body_of(operation)["required"]
    found = known.outway("weesp", ENGINE).ask(source, path, {key: who["bsn"]}, Zaak="Z-MOTOR-1")
    if found.status == 200:
        form.fill_in(found.json)
    return form, found, who


@pytest.mark.long
@pytest.mark.case("S-49")
async def test_a_form_engine_and_a_small_screen_work_with_published_documents_only(
    known: Known, browser: Browser
) -> None:
    await _the_form_engine(known, browser)
    await _the_small_screen(known, browser)


async def _the_form_engine(known: Known, browser: Browser) -> None:
    form, found, who = await asyncio.to_thread(of_the_engine, known)
    assert found.status == 200, found.content
    assert who["bsn"] == ANNA
    assert form.api.purposes == [FORM_PURPOSE]
    filled = {each.name: (each.value, each.source) for each in form.fields if each.source}
    assert filled["adres.straat"] == ("Vincent van Goghstraat", "straten, Gemeente Weesp")
    assert filled["oppervlakte"] == (67, "woningen, Gemeente Weesp")
    begins = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    async with opened(browser, viewport={"width": 320, "height": 640}) as context:
        window = await context.new_page()
        await window.set_content(form.as_html())
        assert await window.get_by_label("Straat").input_value() == "Vincent van Goghstraat"
        await window.get_by_label("Burgerservicenummer").fill(who["bsn"])
        await window.get_by_label("Naam").fill(TYPED["naam"])
        await window.get_by_label("Soort werk").select_option(TYPED["soortWerk"])
        await window.get_by_label("Omschrijving").fill(TYPED["omschrijving"])
        await window.get_by_label("Begin van het werk").fill(begins)
        given = await window.evaluate("Object.fromEntries(new FormData(document.forms[0]))")
    today = datetime.now(UTC).date().isoformat()
    rest = {"geldigVan": today, "reden": "Aanvraag", "document": "formulier van een ander"}
    with pytest.raises(jsonschema_rs.ValidationError):
        form.body({**given, "soortWerk": ""}, **rest)
    body, number = form.body(given, **rest), form.identification()
    key, outway = secrets.token_hex(16), known.outway("weesp", ENGINE)
    sent = [await asyncio.to_thread(form.send, outway, number, body, key) for _ in range(2)]
    assert [each.status for each in sent] == [201, 201], sent[0].content
    assert sent[0].json == sent[1].json
    other = {**body, "reden": "Iets anders"}
    assert (await asyncio.to_thread(form.send, outway, number, other, key)).status == 409


def of_the_phone(known: Known) -> tuple[Published, list[str], Answer, Answer]:
    """The small screen's work: log in as a public client, read what can be asked, ask."""
    scene = known.landscape
    tokens = Login(scene.login_address, CASE_CLIENT, CASE_REDIRECT).tokens(CASE_WORKER)
    api = Published.of(known.catalogue, known.names[SERVICE])
    fields = [each for each in mobile.fields_of(api) if not each.startswith(("geboorte", "woning"))]
    wanted = [each for each in fields if each != "pand.status"]
    outway = known.outway("doesburg", PHONE, tokens["access_token"])
    answer = mobile.ask(api, outway, SUZANNE, wanted, "Z-TELEFOON-1", VALID_ON)
    nobody = mobile.ask(
        api, known.outway("doesburg", PHONE), SUZANNE, wanted, "Z-TELEFOON-2", VALID_ON
    )
    return api, wanted, answer, nobody


async def _the_small_screen(known: Known, browser: Browser) -> None:
    api, wanted, answer, nobody = await asyncio.to_thread(of_the_phone, known)
    assert PURPOSE in api.purposes
    assert {"adres.straat", "uitkering.soort", "pand.bouwjaar"} <= set(wanted)
    assert answer.status == 200, answer.content
    # Without the token of its user it is refused, with a reason that a program can read.
    assert nobody.status == 403, nobody.content
    assert nobody.json["code"]
    async with opened(browser, viewport={"width": 320, "height": 640}) as context:
        window = await context.new_page()
        await window.set_content(mobile.screen(api, answer.json))
        text = await window.locator("main").inner_text()
        wide = await window.evaluate("document.documentElement.scrollWidth")
    computed = expected(SUZANNE, VALID_ON, None)
    for each in ("adres.woonplaats", "adres.straat", "uitkering.soort"):
        assert str(computed[each]) in text
    assert wide <= 320


@pytest.mark.long
async def test_what_is_not_published_to_be_had_is_refused_in_words_a_program_reads(
    known: Known,
) -> None:
    api = Published.of(known.catalogue, known.names[FETCH_SERVICE])
    path, _ = api.post("/_zoek")
    stranger = Outway(f"http://{known.landscape.weesp.outway}", "geen-sleutel")
    refused = await asyncio.to_thread(stranger.ask, api, path, {"burgerservicenummer": ANNA})
    assert refused.status == 401
    outway = known.outway("weesp", ENGINE)
    wrong = await asyncio.to_thread(outway.ask, api, path, {"burgerservicenummer": "geen"})
    assert wrong.status == 400
    assert "problem+json" in wrong.headers["Content-Type"]
    seen = http("GET", f"{known.catalogue}/catalogus/{known.names[FETCH_SERVICE]}.json").json
    assert seen["criteria"]["fsc"]["service"] == FETCH_SERVICE
