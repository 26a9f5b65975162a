# SPDX-License-Identifier: EUPL-1.2
"""Checks of a model: what is wrong, where, and the name that was meant; ways round are refused."""

from __future__ import annotations

from collections.abc import Mapping

import jsonschema_rs
import pytest
from tests.registers.rig import annotated

from landschap.registers.client.models import READY
from landschap.registers.model_schema import model_schema
from landschap.registers.models import InvalidModel, Register, parse_register
from landschap.registers.schemas import DIALECT, MAX_FAULTS, faults
from landschap.vocabulary.ijson import JsonValue, loads

HEAD: Mapping[str, JsonValue] = {"naam": "proef", "klok": "eigen"}


def typed(collection: object = "dingen", **more: object) -> dict[str, object]:
    """An object type with the property ``naam``, and what is given."""
    members = more.pop("properties", {"naam": annotated()})
    return {
        "$schema": DIALECT, "title": "Ding", "x-titel-en": "Thing", "type": "object",
        "additionalProperties": False, "x-collectie": collection, "x-identificatie": "nummer",
        "x-versie": "1.0.0", "properties": {"nummer": annotated(), **members}, **more,  # type: ignore[dict-item]  # a table
    }  # fmt: skip


def parsed(lists: Mapping[str, object] | None = None, **types: object) -> Register:
    return parse_register(HEAD, types, "proef", code_lists=lists)  # type: ignore[arg-type]  # plain JSON


def told(lists: Mapping[str, object] | None = None, **types: object) -> list[str]:
    """What is wrong, as ``file pointer: message``."""
    with pytest.raises(InvalidModel) as refused:
        parsed(lists, **types)
    return [
        f"{file.removeprefix('proef/')} {fault.pointer}: {fault.message}"
        for file, fault in refused.value.findings
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"x-persoongegeven": "geen"},
         "/x-persoongegeven: is no annotation here; did you mean x-persoonsgegeven"),
        ({"maxLenght": 3}, "/maxLenght: is not a keyword we can check; did you mean maxLength"),
        ({"type": "strin"}, "array, object; did you mean string"),
        ({"format": "datum"}, "did you mean date"),
        ({"pattern": "("}, "/pattern: is no pattern that can be read"),
        ({"type": "array", "items": {"type": "string"}, "x-zoekbaar": True},
         "/x-zoekbaar: only a text, a whole number or a yes or no can be searched by"),
        ({"type": "number", "x-zoekbaar": True}, "/x-zoekbaar: only a text"),
        ({"x-eenheid": "m2"}, "/x-eenheid: only a number has a unit"),
        ({"x-geometrie": "vlak", "type": "object"}, "lacks x-crs"),
        ({"x-geometrie": "vlak", "x-crs": 28992}, "/type: a geometry is an object"),
        ({"x-crs": 28992}, "/x-crs: is for a geometry"),
        ({"x-open": True}, "/x-open: does nothing in a closed type"),
        ({"x-onderwerp": "bsn"}, "/x-persoonsgegeven: must be identificerend"),
        ({"x-relatie": "deel-van"}, "/x-relatie: is for a relation"),
        ({"enum": ["a", "b"], "x-waarden": {"a": {"nl": "A", "en": "A"}}},
         "/x-waarden: lacks the code b"),
        ({"type": "object", "properties": {"in": {"type": "string", "x-zoekbaar": True}}},
         "/properties/in/x-zoekbaar: is no annotation here"),
        ({"$ref": "#/$defs/adres"}, "/$ref: #/$defs/adres leads nowhere in this file"),
        ({"x-waardelijst": "soort"},
         "/x-waardelijst: there is no soort.waardelijst.json; did you mean soorten"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_property_is_told_with_its_place(
    value: Mapping[str, object], expected: str
) -> None:
    found = told({"soorten": CODES}, ding=typed(properties={"naam": annotated(**value)}))
    assert any("/properties/naam" in each and expected in each for each in found), found


CODES = {"titel": "Soorten", "title": "Kinds", "waarden": [
    {"code": "A", "titel": "Appel", "title": "Apple"},
    {"code": "B", "titel": "Bes", "title": "Berry"},
]}  # fmt: skip


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"x-identificatie": "numer"}, "is not one of the properties; did you mean nummer"),
        ({"required": ["naan"]}, "names naan, which is not one of the properties; did you mean naam"),
        ({"x-colectie": "x"}, "/x-colectie: is no annotation here; did you mean x-collectie"),
        ({"x-open": True}, "/properties/nummer/x-open: must be true"),
        ({"x-hvd-categorie": "geospatial"}, "/x-hvd-categorie: is for open data"),
        ({"x-versie": "1.0"}, "/x-versie: does not match"),
        ({"$defs": {"adres": {"type": "string"}}}, "/$defs/adres: is used nowhere"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_type_is_told_with_its_place(
    more: Mapping[str, object], expected: str
) -> None:
    found = told(ding=typed(**more))
    assert any(expected in each for each in found), found


def test_personal_data_is_never_open() -> None:
    naam = annotated(**{"x-open": True, "x-persoonsgegeven": "gewoon"})
    number = annotated(**{"x-open": True})
    found = told(ding=typed(properties={"nummer": number, "naam": naam}, **{"x-open": True}))
    assert found == ["ding.schema.json /properties/naam/x-open: personal data is never open"]


def test_all_files_are_told_at_once() -> None:
    found = told(
        {"soorten": {"titel": "x", "title": "x", "waarden": []}},
        een=typed("enen", **{"x-versie": "een"}),
        twee=typed("tweeen", required=["weg"]),
    )
    assert [each.split()[0] for each in found] == [
        "soorten.waardelijst.json", "een.schema.json", "twee.schema.json",
    ]  # fmt: skip


def test_two_types_with_one_collection_are_refused() -> None:
    assert told(een=typed(), twee=typed()) == [
        "twee.schema.json /x-collectie: is the collection of een already"
    ]


def test_a_way_round_through_parts_is_spelled_out() -> None:
    part = {"type": "object", "properties": {"in": {"$ref": "#/$defs/b"}}}
    defs = {"a": part, "b": {"type": "object", "properties": {"uit": {"$ref": "#/$defs/a"}}}}
    value = {"$ref": "#/$defs/a", "title": "T", "x-titel-en": "T", "x-persoonsgegeven": "geen"}
    (found,) = told(ding=typed(properties={"naam": value}, **{"$defs": defs}))
    assert found.endswith("/$ref: goes round: #/$defs/a -> #/$defs/b -> #/$defs/a")


def test_a_way_round_through_specialisation_is_spelled_out() -> None:
    found = told(
        een=typed("enen", **{"x-specialisatie-van": "twee"}),
        twee=typed("tweeen", **{"x-specialisatie-van": "een"}),
    )
    assert found[0] == ("een.schema.json /x-specialisatie-van: goes round: een -> twee -> een")


def test_a_way_round_through_what_something_is_part_of_is_spelled_out() -> None:
    def part_of(other: str) -> dict[str, object]:
        return {"deel": annotated(**{"x-verwijst-naar": other, "x-relatie": "deel-van"})}

    found = told(
        een=typed("enen", properties=part_of("twee")),
        twee=typed("tweeen", properties=part_of("een")),
    )
    assert found[0] == (
        "een.schema.json /properties/deel/x-verwijst-naar: is part of itself: een -> twee -> een"
    )


def test_parts_codes_and_general_types_are_put_together() -> None:
    adres = {"type": "object", "required": ["straat"], "additionalProperties": False,
             "properties": {"straat": {"type": "string"}}}  # fmt: skip
    whole = parsed(
        {"soorten": CODES},
        zaak=typed("zaken", required=["naam"], **{"x-abstract": True}),
        vergunning=typed(
            "vergunningen",
            required=["soort"],
            properties={
                "soort": annotated(**{"x-waardelijst": "soorten", "type": ["string", "null"]}),
                "adres": {"$ref": "#/$defs/adres", "title": "Adres", "x-titel-en": "Address",
                          "x-persoonsgegeven": "gewoon"},
            },
            **{"x-specialisatie-van": "zaak", "$defs": {"adres": adres}},
        ) | {"properties": {
                "soort": annotated(**{"x-waardelijst": "soorten", "type": ["string", "null"]}),
                "adres": {"$ref": "#/$defs/adres", "title": "Adres", "x-titel-en": "Address",
                          "x-persoonsgegeven": "gewoon"},
        }},
    )  # fmt: skip
    assert list(whole.types) == ["vergunning"]
    kind = whole.types["vergunning"]
    assert list(kind.properties) == ["nummer", "naam", "soort", "adres"]
    assert kind.schema["required"] == ["naam", "soort"]
    assert "adres.straat" in kind.paths()
    assert kind.properties["soort"].schema["enum"] == ["A", "B", None]
    wrong = kind.faults_in("1", "vergunning", {"naam": "x", "soort": "C", "adres": {}})
    assert [(fault.pointer, fault.message) for fault in wrong] == [
        ("/soort", "must be one of A, B, None"),
        ("/adres", "lacks straat"),
    ]


def test_faults_of_a_value_name_the_rule_and_never_the_value() -> None:
    schema: Mapping[str, JsonValue] = {
        "type": "object", "required": ["a", "b"], "additionalProperties": False,
        "properties": {
            "a": {"type": ["string", "null"]}, "d": {"type": "string", "format": "date"},
            "o": {"type": "string", "format": "onvolledige-datum"},
            "n": {"type": "integer", "exclusiveMinimum": 0}, "c": {"const": 3},
            "l": {"type": "array", "uniqueItems": True, "items": {"type": "string"}},
        },
    }  # fmt: skip
    value: JsonValue = {"a": 987654321, "d": "2020-02-30", "o": "2020-00-31", "n": 0, "c": 4,
                        "l": ["x", "x"], "geheim": 1}  # fmt: skip
    found = {fault.pointer: fault.message for fault in faults(value, schema)}
    assert found.pop("") in ("lacks b", "has unknown members geheim")
    assert found == {
        "/a": "must be string or null", "/d": "is not a date", "/o": "is not a onvolledige-datum",
        "/n": "must be more than 0", "/c": "must be 3", "/l": "holds the same item twice",
    }  # fmt: skip
    assert not list(
        faults({"a": None, "b": 1, "o": "2020-07-00"}, {**schema, "additionalProperties": True})
    )


def test_a_hostile_value_costs_no_more_than_an_honest_one() -> None:
    schema: Mapping[str, JsonValue] = {"type": "array", "items": {"type": "string"}}
    assert len(list(faults(list(range(1000)), schema))) == MAX_FAULTS
    large = list(range(100_000))
    assert [fault.message for fault in faults(large, schema)] == ["must be string"]


def test_the_schema_for_editors_takes_the_ready_models_and_no_misspelling() -> None:
    validator = jsonschema_rs.Draft202012Validator(model_schema())
    files = sorted(READY.glob("*/*.schema.json"))
    assert len(files) > 10
    for file in files:
        given = loads(file.read_bytes())
        assert [error.message for error in validator.iter_errors(given)] == [], file.name
        assert isinstance(given, dict)
        assert not validator.is_valid({**given, "x-colectie": "dingen"})
