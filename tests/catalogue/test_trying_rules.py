# SPDX-License-Identifier: EUPL-1.2
"""What may be tried, by whom, and what a form becomes: without anything that runs."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.browsing import ROOT
from tests.gateway.conftest import doesburg, gateway_folder, group_anchor, weesp
from tests.gateway.gateway_rig import Anchor, Leaf
from tests.gateway.gateway_scene import (
    ASSISTANCE,
    DOESBURG,
    PARKING,
    WEESP,
    Scene,
    register,
    scene_of,
)

from landschap.catalogue.criteria import NOTHING_SAID, Criteria
from landschap.catalogue.pages.persons import PERSONS
from landschap.catalogue.pages.trying_words import REFUSED
from landschap.catalogue.reading import read_operation
from landschap.catalogue.reading.operations import Operation
from landschap.catalogue.trying.filled import (
    MOST_BODY,
    Fault,
    Filled,
    field_paths,
    keyed_parameters,
    numbers_sent,
    persons_in,
    question_of,
    takes_person,
)
from landschap.catalogue.trying.told import MOST_SHOWN, answer_text, pretty, sent_text
from landschap.catalogue.trying.ways import (
    Chosen,
    Employee,
    Way,
    covering,
    is_production,
    purposes_by_field,
    stopped,
    ways_of,
)
from landschap.client import Answer, Question
from landschap.client.asking import sent_of
from landschap.purposes.model import Register
from landschap.purposes.snapshot import Snapshot
from landschap.vocabulary.identifiers import Bsn

__all__ = ["doesburg", "gateway_folder", "group_anchor", "weesp"]
CRITERIA = replace(NOTHING_SAID, provider=WEESP, service="uitkeringen")
LEVEL = "urn:etoegang:core:assurance-class:loa3"


@pytest.fixture
def scene(group_anchor: Anchor, weesp: Leaf, doesburg: Leaf) -> Scene:
    return scene_of(group_anchor, weesp, doesburg)


def way(scene: Scene, given: Register, *roles: str, **chosen: Any) -> Way:
    who = Employee(oin=DOESBURG, roles=roles, level=LEVEL)
    found = ways_of(who, CRITERIA, scene.grants(), Snapshot(given), Chosen(**chosen), scene.now)
    return next(each for each in found if each.purpose == ASSISTANCE)


def test_a_way_says_what_the_own_register_would_say(scene: Scene) -> None:
    own = register(DOESBURG)
    assert way(scene, own, "consulent").decision.allow
    assert way(scene, own, "balie").decision.code == "role_not_allowed"
    assert way(scene, own, "consulent", fields=("adres.straat",)).decision.code == "fields_excess"
    others = ways_of(
        Employee(oin=WEESP, roles=("consulent",), level=LEVEL), CRITERIA, scene.grants(),
        Snapshot(own), Chosen(), scene.now,
    )  # fmt: skip
    assert others == []


def test_what_stands_only_under_confidential_activities_is_no_way_and_no_purpose(
    scene: Scene,
) -> None:
    own = register(DOESBURG)
    secret = tuple(replace(each, confidential=True) for each in own.activities)
    hidden = Snapshot(replace(own, activities=secret))
    who = Employee(oin=DOESBURG, roles=("consulent",), level=LEVEL)
    found = ways_of(who, CRITERIA, scene.grants(), hidden, Chosen(), scene.now)
    assert [each for each in found if each.purpose == ASSISTANCE] == []
    service = (WEESP, "uitkeringen")
    assert purposes_by_field(hidden, service, ["bsn"], ["raadplegen"]) == {"bsn": ()}


def test_real_data_need_a_purpose_a_role_and_a_person(scene: Scene) -> None:
    named = way(scene, register(DOESBURG), "consulent")
    free = register(DOESBURG)
    free = replace(free, policies=tuple(replace(each, roles=()) for each in free.policies))
    anybody = way(scene, free, "balie")
    refused = way(scene, register(DOESBURG), "balie")
    assert anybody.decision.allow
    real: Any = {"production": True, "personal": True, "persons": 1}
    assert stopped(named, **real) is None
    for each, code in (
        (None, "tryout_not_permitted"),
        (anybody, "tryout_not_permitted"),
        (refused, "role_not_allowed"),
    ):
        found = stopped(each, **real)
        assert found is not None
        assert found.code == code
        assert stopped(each, **{**real, "production": False}) is None
    nobody = stopped(named, **{**real, "persons": 0})
    assert nobody is not None
    assert "names no person" in nobody.detail
    assert stopped(named, **{**real, "persons": 0, "personal": False}) is None


@pytest.mark.parametrize(
    ("environment", "oin", "changes", "real"),
    [
        ("test", DOESBURG, {}, False),
        ("production", DOESBURG, {}, True),
        ("test", "00000001003214345000", {}, True),
        ("test", DOESBURG, {"provider": "00000001003214345000"}, True),
        ("test", DOESBURG, {"provider": ""}, True),
        ("test", DOESBURG, {"texts": {"omgeving": "productie"}}, True),
        ("test", DOESBURG, {"texts": {"omgeving": "iets"}}, True),
    ],
)
def test_data_are_real_unless_it_is_known_that_they_are_made_up(
    environment: str, oin: str, changes: dict[str, Any], real: bool
) -> None:
    said: Criteria = replace(CRITERIA, **changes)
    assert is_production(environment, oin, said) is real


def test_each_field_tells_its_purposes_and_a_choice_those_that_open_all() -> None:
    service = (WEESP, "uitkeringen")
    found = purposes_by_field(
        Snapshot(register(DOESBURG)), service, ["bsn", "adres.straat"], ["raadplegen"]
    )
    assert found == {"bsn": (ASSISTANCE,), "adres.straat": ()}
    assert covering(found, ["bsn"]) == (ASSISTANCE,)
    assert covering(found, ["bsn", "adres.straat"]) == ()
    assert covering({"a": (ASSISTANCE, PARKING), "b": (PARKING,)}, ["a", "b"]) == (PARKING,)
    assert covering(found, []) == ()


def operation(**changes: Any) -> Operation:
    told = {
        "operationId": "zoek",
        "parameters": [
            {"name": "fields", "in": "query", "schema": {"type": "string"}},
            {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}},
            {"name": "soort", "in": "query", "schema": {"type": "string"}},
            {"name": "Accept-Crs", "in": "header", "schema": {"type": "string"}},
            {"name": "koekje", "in": "cookie", "schema": {"type": "string"}},
        ],
        "requestBody": {"required": True, "content": {"application/json": {
            "example": {"zoek": {"burgerservicenummer": ["000000000"]}},
        }}},
        "responses": {"200": {"description": "", "content": {"application/hal+json": {"schema": {
            "type": "object", "properties": {"lijst": {"type": "array", "items": {
                "type": "object", "properties": {"naam": {"type": "string", "description": "Naam."}},
            }}},
        }}}}},
        **changes,
    }  # fmt: skip
    found = read_operation({"paths": {"/dingen/{id}": {"post": told}}}, "zoek")
    assert found is not None
    return found


BODY = '{"zoek": {"burgerservicenummer": ["000000000"]}, "bsn": "x"}'


def test_a_form_becomes_a_question() -> None:
    made = operation()
    assert [each.name for each in keyed_parameters(made).values()] == ["id", "soort", "Accept-Crs"]
    assert takes_person(made)
    filled = Filled(
        fields=("naam",), values={"p1": "a/b", "p2": "één", "p3": "epsg:28992"}, body=BODY,
        person="999993653", case="Z-1",
    )  # fmt: skip
    question = question_of(made, "https://api.example/v1/", "x/dingen", filled, None)
    assert isinstance(question, Question)
    assert question.service == "x/dingen"
    assert (question.purpose, question.case) == ("", "Z-1")
    assert question.headers == {"Accept-Crs": "epsg:28992"}
    assert question.json == {"zoek": {"burgerservicenummer": ["999993653"]}, "bsn": "999993653"}
    assert persons_in(question.json) == ["999993653", "999993653"]
    sent = sent_of(question, key="geheim", token="ook geheim")
    assert sent.target == "/v1/dingen/a%2Fb?soort=%C3%A9%C3%A9n&fields=naam"
    told = sent_text(sent, "127.0.0.1:1")
    assert "geheim" not in told
    assert told.startswith("POST /v1/dingen/a%2Fb")


@pytest.mark.parametrize(
    ("body", "persons"),
    [
        ({"bsn": None, "naam": "Jansen"}, []),
        ({"bsn": "", "BSN": "999993654", "burgerservicenummer": ["x"]}, []),
        ({"bsn": 999993653}, ["999993653"]),
        ({"bsn": {"waarde": "999993653"}}, ["999993653"]),
        ({"een": "999993653"}, []),
    ],
)
def test_only_what_can_be_the_number_of_a_person_names_one(
    body: dict[str, Any], persons: list[str]
) -> None:
    # Against real data a question that names nobody is not sent: a key alone names nobody.
    assert persons_in(body) == persons


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ({"persoonsnummer": "999993653"}, {}),
        ({"zoek": [{"kenmerk": 999993653}]}, {}),
        ({"tekst": "het gaat om 999993653."}, {}),
        (["999993653", {"bsn": "999993653"}], {}),
        (None, {"X-Persoon": "999993653"}),
        ({"a": "999993654", "b": "1999993653", "c": True}, {"X-Kenmerk": "nr=999993653"}),
    ],
)
def test_whose_number_goes_out_is_found_under_whatever_name(
    body: Any, headers: dict[str, str]
) -> None:
    question = Question(service="s", path="/", json=body, headers=headers)
    assert numbers_sent(question) == ["999993653"]


def test_a_person_is_found_however_deep() -> None:
    body: Any = {"bsn": "999993653"}
    for _ in range(2_000):
        body = [{"in": body}]
    assert persons_in(body) == ["999993653"]


@pytest.mark.parametrize(
    ("changes", "filled", "fault"),
    [
        ({}, {}, Fault("p1", "needed")),
        ({}, {"body": ""}, Fault("vraag", "needed")),
        ({}, {"body": "{"}, Fault("vraag", "no_json")),
        ({}, {"body": "[" * 5_000}, Fault("vraag", "no_json")),
        ({}, {"body": '"' + "a" * MOST_BODY + '"'}, Fault("vraag", "too_long")),
        ({}, {"body": "{}", "person": "999993653"}, Fault("persoon", "no_place")),
        ({"requestBody": {}}, {"person": "999993653"}, Fault("persoon", "no_place")),
    ],
)
def test_what_can_not_be_asked_names_its_place(
    changes: dict[str, Any], filled: dict[str, Any], fault: Fault
) -> None:
    values = {"p1": "a"} if filled else {}
    typed: dict[str, Any] = {"body": BODY, **filled}
    given = Filled(values=values, **typed)
    assert question_of(operation(**changes), "", "s", given, None) == fault


def test_fields_are_those_of_the_service_or_else_of_the_answer() -> None:
    made = operation()
    assert field_paths(made, ()) == {"lijst": "", "lijst.naam": "Naam."}
    known = ("lijst", "naam", "bsn")
    assert field_paths(made, known) == {"lijst": "", "naam": "Naam.", "bsn": ""}
    # Who may not read our register sees nothing of it that the description does not show.
    assert field_paths(made, known, is_told=True) == {"lijst": "", "naam": "Naam."}


def test_answers_are_shown_with_lines_and_cut() -> None:
    headers = {"content-type": "application/json", "set-cookie": "geheim", "sunset": "morgen"}
    text = answer_text(Answer(status=200, headers=headers, content=b'{"a":1}'))
    assert text == 'HTTP/1.1 200\nContent-Type: application/json\nSunset: morgen\n\n{\n  "a": 1\n}'
    assert pretty(b"\xff<b>") == "\ufffd<b>"
    assert len(pretty(json.dumps("x" * 90_000).encode())) < MOST_SHOWN + 30


def test_persons_to_try_with_are_official_ones_that_do_not_exist() -> None:
    assert len({each.bsn for each in PERSONS}) == len(PERSONS)
    for each in PERSONS:
        assert Bsn.parse(each.bsn)
        assert each.bsn.startswith("9999")


def test_a_refusal_in_words_is_one_that_the_manual_has() -> None:
    manual = (ROOT / "docs" / "reference" / "errors.md").read_text(encoding="utf-8")
    assert [code for code in REFUSED if f"`{code}`" not in manual] == []
