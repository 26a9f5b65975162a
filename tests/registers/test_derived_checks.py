# SPDX-License-Identifier: EUPL-1.2
"""Derived fields are checked where they are declared: name, rule, kind, circle, sensitivity."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.registers.rig import annotated
from tests.registers.test_models_checking import parsed, told, typed

from landschap.registers.deriving import RULES, parse_derivation
from landschap.registers.deriving_checks import DERIVATION, form_faults
from landschap.registers.model_diff import Effect, changes_between
from landschap.registers.model_schema import model_schema
from landschap.registers.schemas import faults
from landschap.vocabulary.ijson import JsonValue

TO_DERIVE_FROM: dict[str, dict[str, object]] = {
    "geboortedatum": annotated(format="onvolledige-datum", **{"x-persoonsgegeven": "gewoon"}),
    "soort": annotated(enum=["A", "B"]),
    "inkomen": annotated(type="number"),
    "kinderen": annotated(type="array", items={"type": "string"}),
    "geloof": annotated(type=["string", "null"], **{"x-persoonsgegeven": "bijzonder"}),
    "gehuwd": annotated(type=["boolean", "null"]),
    "adres": annotated(
        type="object", additionalProperties=False, properties={"plaats": {"type": "string"}}
    ),
}
ADULT: dict[str, JsonValue] = {"regel": "leeftijd-vanaf", "uit": "geboortedatum", "jaren": 18}
BAND = {"regel": "klasse", "uit": "inkomen", "grenzen": [20000], "namen": ["laag", "hoog"]}


def model(rule: object, gives: object = "boolean", **more: object) -> dict[str, object]:
    """A type with one derived property, ``afgeleid``."""
    kind = [gives, "null"] if isinstance(gives, str) else gives
    made = annotated(**{"type": kind, "x-persoonsgegeven": "gewoon", "x-afgeleid": rule, **more})
    return typed(properties={**TO_DERIVE_FROM, "afgeleid": made})


@pytest.mark.parametrize(
    ("rule", "gives"),
    [
        (ADULT, "boolean"),
        ({"regel": "leeftijdsklasse", "uit": "geboortedatum", "grenzen": [18, 67],
          "namen": ["jong", "midden", "oud"]}, "string"),
        ({"regel": "is-een-van", "uit": "soort", "waarden": ["A"]}, "boolean"),
        ({"regel": "begint-met", "uit": "adres.plaats", "waarden": ["W"]}, "boolean"),
        ({"regel": "gevuld", "uit": "adres"}, "boolean"),
        ({"regel": "vanaf", "uit": "inkomen", "waarde": 1.5}, "boolean"),
        (BAND, "string"),
        ({"regel": "aantal", "uit": "kinderen"}, "integer"),
        ({"regel": "alle", "uit": ["gehuwd"]}, "boolean"),
        ({"regel": "minstens-een", "uit": ["gehuwd", "gehuwd"]}, "boolean"),
    ],
)  # fmt: skip
def test_each_rule_can_be_declared(rule: dict[str, JsonValue], gives: str) -> None:
    kind = parsed(a=model(rule, gives)).types["a"]
    assert kind.derived["afgeleid"] == parse_derivation(rule)
    assert "afgeleid" not in {prop.name for prop in kind.content_properties()}
    assert not list(faults(model(rule, gives), model_schema()))  # type: ignore[arg-type]  # JSON


def test_every_rule_is_in_the_test_above() -> None:
    marks = test_each_rule_can_be_declared.pytestmark  # type: ignore[attr-defined]  # of pytest
    assert {rule["regel"] for rule, _ in marks[0].args[1]} == RULES.keys()


@pytest.mark.parametrize(
    ("rule", "gives", "more", "expected"),
    [
        ({**ADULT, "uit": "geboortedatun"}, "boolean", {},
         "/x-afgeleid/uit: names geboortedatun, which is no field here; did you mean geboortedatum"),
        ({**ADULT, "uit": "adres.plats"}, "boolean", {}, "did you mean adres.plaats"),
        ({**ADULT, "regel": "leeftijd-vanf"}, "boolean", {}, "did you mean leeftijd-vanaf"),
        ({**ADULT, "jaar": 18}, "boolean", {}, "takes; did you mean jaren"),
        ({"regel": "leeftijd-vanaf", "uit": "geboortedatum"}, "boolean", {}, "lacks jaren"),
        ({**ADULT, "jaren": "18"}, "boolean", {}, "/x-afgeleid/jaren: must be integer"),
        ({**ADULT, "uit": "soort"}, "boolean", {},
         "names soort, which is tekst; leeftijd-vanaf takes datum"),
        ({**BAND, "uit": "geboortedatum"}, "string", {}, "klasse takes getal"),
        ({"regel": "aantal", "uit": "soort"}, "integer", {}, "aantal takes lijst"),
        ({"regel": "alle", "uit": ["inkomen"]}, "boolean", {}, "alle takes ja-nee"),
        ({**ADULT, "uit": ["geboortedatum", "soort"]}, "boolean", {}, "leeftijd-vanaf takes one"),
        ({"regel": "is-een-van", "uit": "soort", "waarden": ["C"]}, "boolean", {},
         "C is no value of soort"),
        ({**BAND, "grenzen": [4, 2], "namen": ["a", "b", "c"]}, "string", {}, "must go up"),
        ({**BAND, "namen": ["a", "b", "c"]}, "string", {}, "1 bounds make 2 bands"),
        (BAND, "string", {"enum": ["laag", "hoog"]}, "does not take null"),
        (BAND, "string", {"enum": ["laag", "hoog", "hoogst", None]}, "holds hoogst, which is no band"),
        (ADULT, "string", {}, '/type: must be ["boolean", "null"]'),
        (ADULT, ["boolean"], {}, '/type: must be ["boolean", "null"]'),
        (ADULT, "boolean", {"x-zoekbaar": True}, "/x-zoekbaar: is for a value that is kept"),
        (ADULT, "boolean", {"x-groep": "leeftijd"}, "/x-groep: is for a value that is kept"),
        (ADULT, "boolean", {"x-persoonsgegeven": "geen"}, "must be at least gewoon"),
        ({"regel": "gevuld", "uit": "geloof"}, "boolean", {}, "must be at least bijzonder"),
        ({"regel": "alle", "uit": ["afgeleid"]}, "boolean", {},
         "/x-afgeleid/uit: goes round: afgeleid -> afgeleid"),
        ("leeftijd", "boolean", {}, "/x-afgeleid: must be"),
    ],
)  # fmt: skip
def test_a_slip_in_a_rule_is_told_with_what_was_meant(
    rule: object, gives: object, more: dict[str, object], expected: str
) -> None:
    wrong = told(a=model(rule, gives, **more))
    assert any(expected in each and "/properties/afgeleid" in each for each in wrong), wrong


def test_a_circle_over_two_fields_is_refused_and_a_chain_is_not() -> None:
    def yes_no(uit: str) -> dict[str, object]:
        rule = {"regel": "alle", "uit": [uit]}
        return annotated(**{"type": ["boolean", "null"], "x-afgeleid": rule})

    chain = {"gehuwd": TO_DERIVE_FROM["gehuwd"], "een": yes_no("twee"), "twee": yes_no("gehuwd")}
    kind = parsed(a=typed(properties=chain)).types["a"]
    assert list(kind.derived) == ["twee", "een"]
    wrong = told(a=typed(properties={**chain, "twee": yes_no("een")}))
    assert any("goes round: een -> twee -> een" in each for each in wrong)


def test_the_name_and_what_must_be_there_are_kept() -> None:
    made = model(ADULT)
    assert any("nobody writes it" in each for each in told(a={**made, "required": ["afgeleid"]}))
    members: Any = made["properties"]
    number = {**members["nummer"], "x-afgeleid": {"regel": "gevuld", "uit": "soort"}}
    wrong = told(a={**made, "properties": {**members, "nummer": number}})
    assert any("an identification is kept" in each for each in wrong)


def test_open_data_holds_nothing_derived() -> None:
    rule = {"regel": "vanaf", "uit": "inkomen", "waarde": 1}
    made = model(rule, **{"x-open": True, "x-persoonsgegeven": "geen"})
    assert any("open data holds no derived" in each for each in told(a={**made, "x-open": True}))


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        (ADULT, {**ADULT, "jaren": 21}, "rule-changed"),
        (ADULT, None, "made-kept"),
        (None, ADULT, "made-derived"),
    ],
)
def test_another_rule_is_a_major_change_and_moves_nothing(
    old: object, new: object, name: str
) -> None:
    def of(rule: object) -> dict[str, Any]:
        made: Any = model(rule)
        if rule is None:
            del made["properties"]["afgeleid"]["x-afgeleid"]
        return made  # type: ignore[no-any-return]  # JSON

    (change,) = changes_between(of(old), of(new))
    assert (change.name, change.path, change.effect) == (name, "afgeleid", Effect.MAJOR)


def test_a_derived_field_that_goes_away_moves_nothing() -> None:
    (change,) = changes_between(model(ADULT), typed(properties=TO_DERIVE_FROM))  # type: ignore[arg-type]  # JSON
    assert (change.name, change.effect) == ("property-removed", Effect.MAJOR)


_DAYS = st.dates(date(1900, 1, 1), date(2100, 12, 31))


@given(born=_DAYS, day=_DAYS, years=st.integers(1, 120), known=st.sampled_from((0, 4, 7)))
def test_what_is_told_of_part_of_a_date_holds_for_every_day_it_can_be(
    born: date, day: date, years: int, known: int
) -> None:
    rule = parse_derivation({"regel": "leeftijd-vanaf", "uit": "d", "jaren": years})
    part = born.isoformat()[:known] + "0000-00-00"[known:]
    told_of_all = rule.value([born.isoformat()], day, day)
    assert isinstance(told_of_all, bool)
    assert rule.value([part], day, day) in (told_of_all, None)


@pytest.mark.parametrize(
    ("rule", "value", "expected"),
    [
        ({"regel": "klasse", "grenzen": [10, 20], "namen": ["a", "b", "c"]}, 10, "b"),
        ({"regel": "klasse", "grenzen": [10, 20], "namen": ["a", "b", "c"]}, 9.99, "a"),
        ({"regel": "klasse", "grenzen": [10, 20], "namen": ["a", "b", "c"]}, None, None),
        ({"regel": "klasse", "grenzen": [10, 20], "namen": ["a", "b", "c"]}, True, None),
        ({"regel": "vanaf", "waarde": 3}, 3, True),
        ({"regel": "vanaf", "waarde": 3}, "3", None),
        ({"regel": "is-een-van", "waarden": [1]}, True, False),
        ({"regel": "is-een-van", "waarden": ["x"]}, None, None),
        ({"regel": "begint-met", "waarden": ["0457"]}, "0457200000000001", True),
        ({"regel": "gevuld"}, "", False),
        ({"regel": "gevuld"}, 0, True),
        ({"regel": "aantal"}, [], 0),
        ({"regel": "aantal"}, None, None),
        ({"regel": "leeftijdsklasse", "grenzen": [18], "namen": ["a", "b"]}, "2008-06-00", None),
        ({"regel": "leeftijdsklasse", "grenzen": [18], "namen": ["a", "b"]}, "2026-12-01", None),
        ({"regel": "leeftijdsklasse", "grenzen": [18], "namen": ["a", "b"]}, "1990-00-00", "b"),
        ({"regel": "leeftijd-vanaf", "jaren": 18}, "geen dag", None),
    ],
)
def test_each_rule_answers_or_says_nothing(
    rule: dict[str, JsonValue], value: JsonValue, expected: JsonValue
) -> None:
    made = parse_derivation({**rule, "uit": "x"})
    found = made.value([value], date(2026, 6, 15), date(2026, 6, 15))
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("name", "given_values", "expected"),
    [
        ("alle", [True, True], True), ("alle", [True, None], None), ("alle", [None, False], False),
        ("minstens-een", [None, True], True), ("minstens-een", [False, None], None),
        ("minstens-een", [False, False], False),
    ],
)  # fmt: skip
def test_one_answer_can_be_enough(
    name: str, given_values: list[JsonValue], expected: object
) -> None:
    made = parse_derivation({"regel": name, "uit": ["a", "b"]})
    assert made.value(given_values, date.min, date.min) is expected


def test_an_editor_takes_what_the_check_takes() -> None:
    assert not list(faults(ADULT, DERIVATION))
    assert list(faults({**ADULT, "jaar": 3}, DERIVATION))
    assert list(form_faults({**ADULT, "jaar": 3}, ""))
