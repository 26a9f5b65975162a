# SPDX-License-Identifier: EUPL-1.2
"""The fields of the form, what is wrong with what was typed, and what is registered of it."""

from __future__ import annotations

import json
import re
from datetime import date
from uuid import UUID

import pytest

from landschap.cli.demo.landscape import DATA
from landschap.forms.application import (
    LONGEST,
    Fault,
    Typed,
    idempotency_key,
    number_of,
    read_day,
    registration,
    typed_of,
)
from landschap.forms.fetched import Fetched, Outcome, Value, fetched_of
from landschap.registers.changing import Change, read_change
from landschap.registers.client import read_models
from landschap.vocabulary.ijson import JsonValue

TODAY = date(2026, 11, 30)
FORM = UUID("01a22dcc-4b12-7025-819a-c1b32ce711bb")
ANNA = "999990196"
WHOLE = {
    "naam": "Anna Maria Petra Wesseling", "straat": "Vincent van Goghstraat", "huisnummer": "37",
    "huisletter": "", "postcode": "1382ve", "woonplaats": "Weesp", "oppervlakte": "67",
    "soortWerk": "dakkapel", "omschrijving": "Een dakkapel\naan de achterkant",
    "begintOp": "1-3-2027",
}  # fmt: skip


def test_a_whole_form_has_no_faults_and_fits_the_model_of_the_register() -> None:
    typed = typed_of(WHOLE)
    assert typed.faults(TODAY) == {}
    number = number_of(b"k" * 32, ANNA, FORM)
    body = registration(typed, number, ANNA, TODAY, ["naam", "straat"])
    kind = read_models(DATA / "weesp" / "registers").type("omgevingsvergunningen", "aanvraag")
    read = read_change(kind, number, "_registreer", json.dumps(body).encode())
    assert isinstance(read, Change), read
    assert read.content is not None
    assert read.content["adres"] == {
        "straat": "Vincent van Goghstraat", "huisnummer": 37, "postcode": "1382 VE",
        "woonplaats": "Weesp",
    }  # fmt: skip
    assert (read.content["begintOp"], read.content["oppervlakte"]) == ("2027-03-01", 67)
    assert number in read.document


@pytest.mark.parametrize(
    ("field", "text", "fault"),
    [
        ("naam", "", Fault.EMPTY),
        ("naam", "x" * 201, Fault.LONG),
        ("straat", " \u200b ", Fault.EMPTY),
        ("huisnummer", "0", Fault.NO_NUMBER),
        ("huisnummer", "٣", Fault.NO_NUMBER),
        ("huisnummer", "100000", Fault.LONG),
        ("huisletter", "1", Fault.NO_LETTER),
        ("huisletter", "é", Fault.NO_LETTER),
        ("postcode", "0382VE", Fault.NO_POSTCODE),
        ("oppervlakte", "-1", Fault.NO_NUMBER),
        ("soortWerk", "", Fault.NO_KIND),
        ("soortWerk", "kasteel", Fault.NO_KIND),
        ("omschrijving", "", Fault.EMPTY),
        ("begintOp", "31-2-2027", Fault.NO_DAY),
        ("begintOp", "morgen", Fault.NO_DAY),
        ("begintOp", "29-11-2026", Fault.PAST),
        ("begintOp", "1-1-2040", Fault.FAR),
    ],
)
def test_what_can_not_be_sent_is_told_per_field(field: str, text: str, fault: Fault) -> None:
    assert typed_of({**WHOLE, field: text}).faults(TODAY) == {field: fault}


def test_what_may_be_empty_may_be_empty() -> None:
    typed = typed_of({**WHOLE, "oppervlakte": "", "huisletter": ""})
    assert typed.faults(TODAY) == {}
    body = registration(typed, "OV-0", ANNA, TODAY, [])
    assert "oppervlakte" not in str(body["inhoud"])


def test_an_empty_form_names_every_field_in_the_order_of_the_form() -> None:
    told = list(typed_of({}).faults(TODAY))
    assert told == [name for name in LONGEST if name not in {"huisletter", "oppervlakte"}]


def test_days_are_read_as_people_write_them() -> None:
    for text in ("1-3-2027", "01-03-2027", "1/3/2027", "1.3.2027", "2027-03-01"):
        assert read_day(text) == date(2027, 3, 1), text
    assert read_day("2027-13-01") is None


def test_the_same_form_of_the_same_person_is_the_same_application() -> None:
    number = number_of(b"k" * 32, ANNA, FORM)
    assert number == number_of(b"k" * 32, ANNA, FORM)
    assert re.fullmatch(r"OV-[0-9A-F]{16}", number)
    assert ANNA not in number
    others = {
        number_of(b"k" * 32, "999993653", FORM),
        number_of(b"k" * 32, ANNA, UUID(int=FORM.int + 1)),
        number_of(b"l" * 32, ANNA, FORM),
    }
    assert number not in others
    assert len(others) == 3
    assert 8 <= len(idempotency_key(number)) <= 200


ANSWER: JsonValue = {
    "resultaten": [
        {
            "naam": {"voornamen": "Paul", "voorvoegsel": "de", "geslachtsnaam": "Man"},
            "adres": {"straat": "Breedstraat", "huisnummer": 7, "huisletter": None,
                      "postcode": "1382VE", "woonplaats": "Weesp"},
            "woning": {},
        }
    ],
    "herkomst": {
        "/0/naam/geslachtsnaam": {"bron": "inwoners", "bronhouder": "Gemeente Weesp",
                                  "beginGeldigheid": "2017-03-23"},
        "/0/adres/straat": {"bron": "straten", "bronhouder": "Gemeente Weesp"},
    },
    "ontbreekt": [{"bron": "woningen", "reden": "onbereikbaar"}],
}  # fmt: skip


def test_each_fetched_value_says_from_which_source_it_is() -> None:
    found = fetched_of(ANSWER, "2026-11-30T12:00:00+00:00", "tx")
    assert found.outcome is Outcome.FETCHED
    assert found.values["naam"] == Value("Paul de Man", "inwoners", "Gemeente Weesp", "2017-03-23")
    assert found.values["straat"].source == "straten"
    assert found.values["huisnummer"].text == "7"
    assert "oppervlakte" not in found.values
    assert found.missing == ("woningen",)
    assert found.typed()["oppervlakte"] == ""


def test_what_was_changed_is_not_told_as_fetched() -> None:
    found = fetched_of(ANSWER, "")
    typed = Typed({**found.typed().values, "huisnummer": "9"})
    assert "huisnummer" not in found.unchanged(typed)
    assert {"naam", "straat", "postcode", "woonplaats"} == set(found.unchanged(typed))


@pytest.mark.parametrize(
    "answer",
    [None, [], "x", {}, {"resultaten": []}, {"resultaten": "x"}, {"resultaten": [7]},
     {"resultaten": [{"naam": [], "adres": {"straat": {"x": 1}, "huisnummer": True}}],
      "herkomst": []}],
)  # fmt: skip
def test_an_answer_of_another_shape_fills_in_nothing(answer: JsonValue) -> None:
    assert fetched_of(answer, "") == Fetched(outcome=Outcome.NOBODY)


def test_a_value_that_does_not_fit_is_never_cut() -> None:
    wide: JsonValue = {
        "resultaten": [
            {
                "naam": {"geslachtsnaam": "n" * 201},
                "adres": {"straat": "s" * 81, "huisnummer": 3},
            }
        ]
    }
    assert set(fetched_of(wide, "").values) == {"huisnummer"}
