# SPDX-License-Identifier: EUPL-1.2
"""Derived fields of a logical source: from joined sources, with the rule in their provenance."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import jsonschema_rs
import pytest
import yaml
from tests.integration.small import ADDRESS, MOMENT, TEXT, found, row, small
from tests.integration.source_rig import DECLARATION, SUZANNE, WEESP, lines_of
from tests.integration.test_declaration import mistakes_of

from landschap.integration.access import RegisterAccess
from landschap.integration.answer import release
from landschap.integration.connectors.register import RegisterConnector
from landschap.integration.conversions import Conversion, Untranslatable, convert
from landschap.integration.declaration import parse_declaration
from landschap.integration.deriving import with_derived
from landschap.integration.description import describe
from landschap.integration.drawing import draw
from landschap.integration.merge import merge
from landschap.integration.permitted_rows import within
from landschap.integration.plan import make_plan
from landschap.integration.rows import Batch, Failure, Question, Reason, batch_of
from landschap.integration.schema import schema
from landschap.purposes.duties import Confidentiality
from landschap.purposes.rows import RowCondition
from landschap.registers.describing import About
from landschap.registers.models import Registers, parse_register

THEN = "geldigOp=2021-03-01"
BORN = "1985-12-01"
DERIVED_TEXT = (
    TEXT.replace(
        "      naam: {uit: [personen.naam]}\n",
        """\
      naam: {uit: [personen.naam]}
      geboortedatum: {uit: [personen.geboren], zet_om: [onvolledige_datum]}
      meerderjarig: {afgeleid: {regel: leeftijd-vanaf, uit: geboortedatum, jaren: 18}}
""",
    )
    + """\
  aantalBewoners: {afgeleid: {regel: aantal, uit: bewoners}}
  woning.klasse: {afgeleid: {regel: klasse, uit: woning.oppervlakte, grenzen: [50, 100],
                             namen: [klein, gewoon, groot]}}
  drukte: {afgeleid: {regel: klasse, uit: aantalBewoners, grenzen: [2], namen: [rustig, druk]}}
"""
)
SOURCE = small(DERIVED_TEXT)
PEOPLE = batch_of(
    [
        row("2", adres="a1", naam="Bakker", bsn="999990019", geboren="19800100"),
        row("1", adres="a1", naam="Aalbers", bsn="999993653", geboren="2008-06-00"),
    ],
    "adres",
)
JUNE = replace(MOMENT, valid_on=date(2026, 6, 15))


def answered(*fields: str, **changes: Batch | Failure | Reason) -> dict[str, Any]:
    """The body that leaves, on 15 June 2026."""
    plan = make_plan(SOURCE, fields)
    merged = merge(plan, found(**{"personen": PEOPLE, **changes}))
    whole = within(with_derived(plan, merged, JUNE.valid_on), (), plan.paths)
    released = release(whole, JUNE, plan.paths)
    assert not released.stopped
    return dict(released.body)


def test_a_count_over_a_joined_source_reads_no_more_than_its_key() -> None:
    body = answered("aantalBewoners")
    assert body["resultaten"] == [{"aantalBewoners": 2}]
    assert body["herkomst"] == {
        "/0/aantalBewoners": {
            "regel": "aantal uit bewoners", "bronnen": [{"bron": "personen", "bronhouder": "A"}],
            "geldigOp": "2026-06-15", "beschikbaarOp": body["beschikbaarOp"],
        }
    }  # fmt: skip
    (ask,) = (one for one in make_plan(SOURCE, ["aantalBewoners"]).asks if one.link)
    assert dict(ask.columns) == {"adres": ("koppeling", "aantalBewoners"), "bsn": ("logregel",)}
    assert answered("aantalBewoners", personen=Batch({}))["resultaten"] == [{"aantalBewoners": 0}]


def test_one_of_a_list_is_derived_item_by_item_and_its_input_stays_behind() -> None:
    body = answered("bewoners.meerderjarig")
    assert body["resultaten"] == [{"bewoners": [{"meerderjarig": None}, {"meerderjarig": True}]}]
    assert "1980" not in str(body)
    both = answered("bewoners.naam", "bewoners.meerderjarig")
    assert both["resultaten"][0]["bewoners"][1] == {"naam": "Bakker", "meerderjarig": True}
    assert both["herkomst"]["/0/bewoners/0/meerderjarig"]["regel"] == (
        "leeftijd-vanaf 18 uit bewoners.geboortedatum"
    )


def test_one_may_follow_from_another_and_both_may_be_given() -> None:
    assert answered("drukte", "woning.klasse")["resultaten"] == [
        {"woning": {"klasse": "gewoon"}, "drukte": "druk"}
    ]
    body = answered("drukte", "aantalBewoners")
    assert body["resultaten"] == [{"aantalBewoners": 2, "drukte": "druk"}]
    assert body["herkomst"]["/0/drukte"]["bronnen"] == [{"bron": "personen", "bronhouder": "A"}]


def test_a_source_that_is_gone_leaves_a_gap_with_its_reason_and_no_guess() -> None:
    body = answered("aantalBewoners", "drukte", "postcode", personen=Reason.TOO_LATE)
    assert body["resultaten"] == [{"postcode": "1381AB"}]
    assert body["ontbreekt"] == [
        {"bron": "personen", "reden": "te_laat", "velden": ["aantalBewoners", "drukte"],
         "resultaten": [0]},
    ]  # fmt: skip
    unread = batch_of([row("1", adres="a1", naam="A", bsn="1", geboren="gisteren")], "adres")
    body = answered("bewoners.meerderjarig", personen=unread)
    assert body["resultaten"] == [{"bewoners": [{}]}]
    (gap,) = body["ontbreekt"]
    assert (gap["reden"], gap["velden"]) == ("niet_om_te_zetten", ["bewoners.meerderjarig"])
    root = answered("aantalBewoners", adressen=Reason.BROKEN)
    assert (root["resultaten"], root["ontbreekt"][0]["velden"]) == ([], ["aantalBewoners"])


def test_doubt_and_replacement_are_told_of_what_follows_too() -> None:
    doubted = replace(row("v1", adres="a1", pand="p1", oppervlakte="80"), doubts=("oppervlakte",))
    dwelling = batch_of([replace(doubted, certain=False)], "adres")
    (told,) = answered("woning.klasse", verblijf=dwelling)["herkomst"].values()
    assert (told["inOnderzoek"], told["zekerheid"]) == (True, "mogelijk")
    assert "beginGeldigheid" not in told


def test_an_empty_value_is_unknown_and_no_record_is_no_answer() -> None:
    nothing = batch_of([row("v1", adres="a1", pand="p1", oppervlakte=None)], "adres")
    assert answered("woning.klasse", verblijf=nothing)["resultaten"] == [
        {"woning": {"klasse": None}}
    ]
    assert answered("aantalBewoners", adressen=batch_of([], "id"))["resultaten"] == []
    two = batch_of([ADDRESS, replace(ADDRESS, id="a2")], "id")
    counted = answered("aantalBewoners", adressen=two)
    assert [each["aantalBewoners"] for each in counted["resultaten"]] == [2, 2]


@pytest.mark.parametrize(
    ("old", "new", "key", "message", "nearest"),
    [
        ("uit: geboortedatum,", "uit: geboortedatun,", "velden.bewoners.velden.meerderjarig.afgeleid.uit",
         "names bewoners.geboortedatun, which is no field here; did you mean bewoners.geboortedatum",
         ""),
        ("uit: bewoners}", "uit: bewonrs}", "velden.aantalBewoners.afgeleid.uit",
         "did you mean bewoners", ""),
        ("regel: aantal", "regel: aantl", "velden.aantalBewoners.afgeleid.regel",
         "did you mean aantal", ""),
        ("jaren: 18", "jaar: 18", "velden.bewoners.velden.meerderjarig.afgeleid.jaar",
         "did you mean jaren", ""),
        ("zet_om: [onvolledige_datum]", "zet_om: [tekst]",
         "velden.bewoners.velden.meerderjarig.afgeleid.uit", "takes datum", ""),
        (", zet_om: [onvolledige_datum]", "", "velden.bewoners.velden.meerderjarig.afgeleid.uit",
         "of which it is not said what it is", ""),
        ("uit: bewoners}", "uit: drukte}", "velden.aantalBewoners.afgeleid.uit",
         "goes round: aantalBewoners -> drukte -> aantalBewoners", ""),
        ("uit: woning.oppervlakte", "uit: bewoners.naam", "velden.woning.klasse.afgeleid.uit",
         "which is no field here", ""),
        ("uit: bewoners}}", "uit: bewoners}, zet_om: [tekst]}", "velden.aantalBewoners.zet_om",
         "does not go with afgeleid", ""),
        ("uit: bewoners}}", "uit: bewoners}, gevolg: 1}", "velden.aantalBewoners.gevolg",
         "does not exist", ""),
    ],
)  # fmt: skip
def test_a_slip_is_told_with_its_line_and_what_was_meant(
    old: str, new: str, key: str, message: str, nearest: str
) -> None:
    assert old in DERIVED_TEXT
    text = DERIVED_TEXT.replace(old, new, 1)
    told = [one for one in mistakes_of(text) if one.key == key]
    assert any(message in one.message for one in told), mistakes_of(text)
    assert all(text.splitlines()[one.line - 1].strip() for one in told)


def test_the_editor_and_the_description_know_it() -> None:
    jsonschema_rs.validator_for(schema()).validate(yaml.safe_load(DERIVED_TEXT))
    document: Any = describe(SOURCE, About(version="1", organisation="A", address="http://a"))
    schemas = document["components"]["schemas"]
    result = schemas["Resultaat"]["properties"]
    assert result["aantalBewoners"]["type"] == ["integer", "null"]
    assert "aantal uit bewoners" in result["aantalBewoners"]["description"]
    assert result["drukte"]["enum"] == ["rustig", "druk", None]
    answer = {**schemas["Antwoord"], "components": {"schemas": schemas}}
    jsonschema_rs.validator_for(answer).validate(answered("drukte", "postcode"))
    assert "geboren  bewoners.meerderjarig" in draw(make_plan(SOURCE, ["bewoners.meerderjarig"]))


@pytest.mark.parametrize(
    ("given", "expected"),
    [("19800100", "1980-01-00"), ("2008-06-30", "2008-06-30"), ("", None), ("0000-00-00",) * 2],
)
def test_an_incomplete_day_is_a_value(given: str, expected: str | None) -> None:
    assert convert(given, (Conversion(name="onvolledige_datum"),)) == expected


@pytest.mark.parametrize("given", ["1980-00-12", "1980-13-01", "gisteren"])
def test_what_is_no_day_is_not_made_one(given: str) -> None:
    with pytest.raises(Untranslatable):
        convert(given, (Conversion(name="onvolledige_datum"),))


async def test_the_door_gives_what_follows_and_reads_what_it_follows_from(world: Any) -> None:
    text = (
        DECLARATION.read_text()
        + """\
  aantalUitkeringen: {afgeleid: {regel: aantal, uit: uitkering}}
"""
    )
    asker = world.asker(parse_declaration(text, "bron.yaml"))
    fields = ("meerderjarig", "aantalUitkeringen")
    body = {"burgerservicenummer": SUZANNE}
    answer = await asker.ask(body, query=THEN, permitted=fields)
    assert answer.json()["resultaten"] == [{"meerderjarig": True, "aantalUitkeringen": 1}]
    assert BORN not in answer.text
    assert {p: told["regel"] for p, told in answer.json()["herkomst"].items()} == {
        "/0/meerderjarig": "leeftijd-vanaf 18 uit geboortedatum",
        "/0/aantalUitkeringen": "aantal uit uitkering",
    }
    (line,) = await lines_of(world, asker)
    assert line["landschap"]["data_groups"] == [
        "Burgerservicenummer", "Meerderjarig (leeftijd-vanaf 18 uit geboortedatum)",
        "aantalUitkeringen (aantal uit uitkering)",
    ]  # fmt: skip
    closed = await asker.ask(body, query="fields=geboortedatum", permitted=fields)
    assert (closed.status_code, BORN in closed.text) == (403, False)


async def test_a_guarded_or_limited_field_holds_for_what_follows_from_it(world: Any) -> None:
    text = (
        DECLARATION.read_text()
        + """\
  heeftWoonplaats: {afgeleid: {regel: gevuld, uit: adres.woonplaats}}
  aantalUitkeringen: {afgeleid: {regel: aantal, uit: uitkering}}
"""
    )
    asker = world.asker(parse_declaration(text, "bron.yaml"))
    fields = ("heeftWoonplaats", "aantalUitkeringen")
    body = {"burgerservicenummer": SUZANNE}
    asker.beside = {
        "mark": Confidentiality(path="adres.straat", guarded=("adres",)), "third_party": True
    }  # fmt: skip
    (told,) = (await asker.ask(body, query=THEN, permitted=fields)).json()["resultaten"]
    assert told == {
        "aantalUitkeringen": 1, "_afgeschermd": "geheimhouding", "_verplichtingen": ["geheimhouding"]
    }  # fmt: skip
    for number, times in (("1", 1), ("7", 0)):
        row_condition = RowCondition(path="aantalUitkeringen", op="eq", values=(number,))
        asker.beside = {"rows": (row_condition,)}
        answer = await asker.ask(body, query=THEN, permitted=("heeftWoonplaats",))
        assert answer.json()["resultaten"] == [{"heeftWoonplaats": True}] * times


async def test_a_column_may_be_derived_in_the_register_itself(world: Any) -> None:
    model: Any = json.loads((WEESP / "registers/inwoners/inwoner.schema.json").read_text())
    model["properties"]["volwassen"] = {
        "title": "Volwassen", "x-titel-en": "Adult", "type": ["boolean", "null"],
        "x-persoonsgegeven": "gewoon",
        "x-afgeleid": {"regel": "leeftijd-vanaf", "uit": "geboortedatum", "jaren": 18},
    }  # fmt: skip
    register = parse_register({"naam": "inwoners", "klok": "eigen"}, {"inwoner": model}, "inwoners")
    access = RegisterAccess(register="inwoners", object_type="inwoner")
    pool = await world.database.pool("registers")
    door = RegisterConnector(access, Registers({"inwoners": register}), pool)
    question = Question(
        by="burgerservicenummer", keys=[SUZANNE], columns=["volwassen"],
        moment=replace(MOMENT, valid_on=date(2021, 3, 1)),
    )  # fmt: skip
    (told,) = await door.rows(question)
    assert told.values == {"volwassen": True}
