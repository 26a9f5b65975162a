# SPDX-License-Identifier: EUPL-1.2
"""Trying an API out from its page: through the Outway, by a contract, and into both logs."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser
from tests.browsing import LOOKS, faults_at, opened
from tests.catalogue.trying_rig import SUZANNE, Scene, policies, running_scene
from tests.gateway.conftest import doesburg, gateway_folder, group_anchor, weesp
from tests.gateway.gateway_rig import Anchor, Leaf
from tests.gateway.gateway_scene import WEESP
from tests.portal.visiting import Seen, Visitor
from tests.throwaway import Cluster

from landschap.catalogue.pages.sending import tried
from landschap.client import Question
from landschap.logboek.records import Kind
from landschap.vocabulary.problems import ProblemError

pytestmark = pytest.mark.long
__all__ = ["doesburg", "gateway_folder", "group_anchor", "weesp"]
FIELD = "uitkering.soort"
NAMED = f'{{"burgerservicenummer": "{SUZANNE}"}}'


@pytest.fixture(scope="module")
async def whole_scene(
    cluster: Cluster, gateway_folder: Path, group_anchor: Anchor, doesburg: Leaf
) -> AsyncIterator[Scene]:
    """Everything that runs, for the tests of this module together."""
    names = ("manager.weesp.test", "inway.weesp.test", "inway-b.weesp.test", "door.test")
    leaves = {
        "weesp": group_anchor.leaf("try-weesp", WEESP, "Gemeente Weesp", *names),
        "doesburg": doesburg,
    }
    async with running_scene(cluster, gateway_folder / "t", group_anchor, leaves) as scene:
        yield scene


@pytest.fixture
def scene(whole_scene: Scene) -> Scene:
    """The same, with an empty notebook at the service."""
    whole_scene.pair.service.heard.clear()
    return whole_scene


async def form(visitor: Visitor, scene: Scene, query: str = "") -> Seen:
    page = await visitor.get(scene.path + query)
    assert page.status == 200, page.text
    return page


def ways(page: Seen) -> list[str]:
    found = re.findall(r'name="manier" id="manier-[1-9]\d*" value="([^"]+)"', page.text)
    return [html.unescape(each) for each in found]


async def sent(visitor: Visitor, scene: Scene, **typed: str) -> Seen:
    """Fill in the form and send it; what is not typed is as the page offers it."""
    page = await form(visitor, scene)
    given = {
        "token": visitor.token(page), "veld": FIELD, "manier": ways(page)[0], "persoon": SUZANNE,
        "vraag": '{"burgerservicenummer": "000000000"}', **typed,
    }  # fmt: skip
    return await visitor.post(scene.path, {key: each for key, each in given.items() if each})


async def transaction(page: Seen) -> str:
    found = re.search(r"Fsc-Transaction-Id: ([0-9a-f-]{36})", page.text)
    assert found, page.text
    return found[1]


@pytest.mark.case("api-39", "S-18")
async def test_a_try_goes_through_outway_contract_and_log_and_without_purpose_it_is_refused(
    scene: Scene,
) -> None:
    visitor = await scene.employee()
    page = await sent(visitor, scene)
    assert page.status == 200, page.text
    text = html.unescape(page.text)
    assert "200 Gelukt in" in text
    assert '"soort": "bijstand"' in text
    assert f"POST /v1/_zoek?fields={FIELD} HTTP/1.1" in text
    assert "X-Api-Key: (...)" in text
    assert "Authorization: (...)" in text
    # It arrived at the service, by the contract, for the person that was chosen.
    (heard,) = scene.pair.service.heard
    assert SUZANNE.encode() in heard.body
    number = await transaction(page)
    ours = await scene.pair.doesburg.records(number)
    (theirs,) = await scene.pair.weesp.records(number)
    (record,) = (each for each in ours if each.columns.kind == Kind.FSC)
    assert record.columns.grant_hash == theirs.columns.grant_hash
    assert record.columns.grant_hash == scene.pair.grants["uitkeringen"]
    request = record.content()["adl"]
    assert "consulent" in str(request)
    assert "catalogus" in str(request)
    # Both records side by side, and each step of the decision.
    assert text.count("gelijk") >= 5
    for step in ("R2 Doel", "R3 Contract", "R12 Velden"):
        assert step in text
    # Whose number left has a line, under our own activity.
    (line,) = (each for each in ours if each.columns.kind == Kind.LINE)
    assert line.columns.subject is not None
    # Without a purpose the Outway refuses it, and the page tells what lacks and who can add it.
    page = await sent(visitor, scene, manier="")
    text = html.unescape(page.text)
    assert "Dit is geweigerd" in text
    assert "purpose_missing" in text
    assert "U vroeg zonder doel. Kies een doel en verstuur de vraag opnieuw." in text
    assert "Wat ontbreekt:" in text
    assert "Wie dit kan oplossen:" in text
    assert "De vraag ging uw organisatie niet uit" in text
    assert len(scene.pair.service.heard) == 1
    (refused,) = await scene.pair.doesburg.records(await transaction(page))
    assert refused.columns.kind == Kind.ADL
    assert not await scene.pair.weesp.records(await transaction(page))


async def test_the_picker_tells_which_purpose_each_field_needs(scene: Scene) -> None:
    visitor = await scene.employee()
    page = await form(visitor, scene, f"?veld={FIELD}&veld=uitkering.norm&gekozen=ja")
    text = html.unescape(page.text)
    assert "fields=uitkering.soort,uitkering.norm" in text
    assert "Dit mag voor elk van deze doelen:" in text
    assert "Welke uitkering het is." in text
    assert "Suzanne Moulin (999993653)" in text
    over = html.unescape((await form(visitor, scene, "?veld=adres.straat")).text)
    assert "Geen enkel doel in uw register opent al deze velden" in over
    assert "mag niet" in over


async def test_asking_too_much_is_refused_with_what_would_be_given(scene: Scene) -> None:
    page = await sent(await scene.employee(), scene, veld="adres.straat")
    text = html.unescape(page.text)
    assert "fields_excess" in text
    assert not scene.pair.service.heard


async def test_who_lacks_the_role_is_refused_by_the_outway(scene: Scene) -> None:
    page = await sent(await scene.employee("balie"), scene)
    assert "Dit is geweigerd" in page.text
    assert "role_not_allowed" in page.text
    assert not scene.pair.service.heard


@pytest.fixture
def real(scene: Scene) -> Scene:
    """The same service, of which its provider says that it holds real data."""
    return replace(scene, name=scene.marked)


@pytest.mark.parametrize(
    ("sub", "typed", "why"),
    [
        ("balie", {}, "role_not_allowed"),
        ("consulent", {"manier": ""}, "tryout_not_permitted"),
        ("consulent", {"vraag": "{}", "persoon": ""}, "tryout_not_permitted"),
        ("consulent", {"vraag": '{"burgerservicenummer": ""}'}, "tryout_not_permitted"),
    ],
)
async def test_real_data_are_not_asked_without_a_right(
    real: Scene, sub: str, typed: dict[str, str], why: str
) -> None:
    page = await sent(await real.employee(sub), real, **{"vraag": NAMED, **typed})
    assert page.status == 403
    assert "Er is niets verstuurd" in page.text
    assert why in page.text
    assert not real.pair.service.heard


async def test_real_data_need_a_policy_that_names_a_role(real: Scene) -> None:
    visitor = await real.employee("balie")
    await real.pair.doesburg.change_register(policies(5))
    try:
        page = await sent(visitor, real, vraag=NAMED)
    finally:
        await real.pair.doesburg.change_register(policies(6, "consulent"))
    assert (page.status, "names no role of yours" in page.text) == (403, True)
    assert not real.pair.service.heard


async def test_real_data_are_asked_by_who_has_the_right_and_no_test_person_is_offered(
    real: Scene,
) -> None:
    visitor = await real.employee()
    assert "Suzanne Moulin" not in (await form(visitor, real)).text
    page = await sent(visitor, real, vraag=NAMED)
    assert (page.status, "200 Gelukt" in page.text) == (200, True)
    assert len(real.pair.service.heard) == 1


async def test_what_came_back_is_not_shown_when_the_line_can_not_be_written(scene: Scene) -> None:
    visitor = await scene.employee()
    page = await form(visitor, scene)
    own = visitor.cookies[scene.address.partition("//")[2]]
    given = {"token": visitor.token(page), "manier": ways(page)[0], "veld": FIELD, "vraag": NAMED}
    transport = httpx.ASGITransport(app=scene.unlogged)
    async with httpx.AsyncClient(
        transport=transport, base_url=scene.address, cookies=own
    ) as client:
        told = await client.post(scene.path, data=given)
    assert len(scene.pair.service.heard) == 1
    assert told.status_code == 503
    assert "log_unavailable" in told.text
    assert "HTTP/1.1" not in told.text


async def test_an_answer_to_a_question_that_our_log_does_not_know_is_not_shown(
    scene: Scene,
) -> None:
    """Whoever answers at the address of the Outway: without a record nobody can be told of it."""
    past = replace(scene.trying, outway=f"http://{scene.pair.service.address}")
    named = Question(service="uitkeringen", path="/v1/_zoek", json={"bsn": SUZANNE})
    with pytest.raises(ProblemError) as told:
        await tried(past, named, "")
    assert told.value.refusal.code == "log_unavailable"
    assert len(scene.pair.service.heard) == 1
    nobody = await tried(past, replace(named, json={}), "")
    assert nobody.answer is not None


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ({"vraag": "{"}, "Dit is geen JSON"),
        ({"vraag": ""}, "Vul dit in"),
        ({"vraag": "{}"}, "geen plaats voor een persoon"),
        ({"p1": SUZANNE}, "Zet een nummer van een persoon in de inhoud"),
    ],
)
async def test_what_can_not_be_sent_is_told_at_its_place(
    scene: Scene, typed: dict[str, str], why: str
) -> None:
    page = await sent(await scene.employee(), scene, **typed)
    assert (page.status, why in page.text) == (400, True), page.text
    assert not scene.pair.service.heard


async def test_strangers_and_forms_of_others_send_nothing(scene: Scene) -> None:
    stranger = Visitor(portal=scene.address)
    assert (await stranger.get(scene.path)).status == 303
    visitor = await scene.employee()
    page = await visitor.post(
        scene.path, {"token": "x", "manier": ways(await form(visitor, scene))[0]}
    )
    assert page.status == 403
    assert not scene.pair.service.heard


@pytest.mark.parametrize("language", ["nl", "en"])
async def test_the_pages_have_no_fault_that_a_program_can_find(
    scene: Scene, browser: Browser, language: str
) -> None:
    """Walked as somebody does: log in, choose fields, send, and be refused."""
    own = "/en" if language == "en" else ""
    found: list[str] = []
    async with opened(browser, bypass_csp=True) as context:
        window = await context.new_page()
        await window.goto(f"{scene.address}/console/inloggen")
        await window.get_by_role("button", name="Consulent").click()
        await window.wait_for_url(f"{scene.address}/**")
        await window.goto(f"{scene.address}{own}{scene.path}")
        await window.get_by_label(FIELD, exact=True).check()
        await window.locator("button[name=stap][value=bekijk]").click()
        found += await faults_at(window, LOOKS, f"proef-kies-{language}")
        await window.get_by_label("Suzanne Moulin").check()
        await window.locator("form[method=post] button").last.click()
        await window.get_by_text('"soort": "bijstand"').wait_for()
        found += await faults_at(window, LOOKS, f"proef-gelukt-{language}")
        await window.go_back()
        await window.locator("#manier-0").check()
        await window.locator("form[method=post] button").last.click()
        await window.get_by_text("purpose_missing").first.wait_for()
        found += await faults_at(window, LOOKS, f"proef-geweigerd-{language}")
    assert found == []
