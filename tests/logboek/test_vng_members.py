# SPDX-License-Identifier: EUPL-1.2
"""What an application says by the municipal standard is read strictly, and every mistake is told."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
from tests.logboek.log_rig import OWN, PEER, PERSON
from tests.logboek.vng_rig import EMPLOYEE, action, person

from landschap.logboek.disclosure import Level
from landschap.logboek.ingest import SUBJECT
from landschap.logboek.vng_action import Spans, lines_of
from landschap.logboek.vng_members import (
    MAX_OBJECTS,
    InvalidAction,
    read_action,
    read_change,
    read_term,
)
from landschap.logboek.vng_question import VngQuestion, read_asked, read_question


def read(**changes: Any) -> Any:
    return read_action(json.dumps(action(**changes)).encode(), OWN)


def mistakes(**changes: Any) -> dict[str, str]:
    with pytest.raises(InvalidAction) as caught:
        read(**changes)
    return {each.place: each.rule for each in caught.value.mistakes}


@pytest.mark.parametrize(
    ("changes", "place", "rule"),
    [
        ({"kleur": "rood"}, "kleur", "member_unknown"),
        ({"actieId": str(uuid4())}, "actieId", "read_only"),
        ({"actieNaam": "x" * 243}, "actieNaam", "not_a_text"),
        ({"actieNaam": 7}, "actieNaam", "not_a_text"),
        ({"handelingNaam": ["x"]}, "handelingNaam", "not_a_text"),
        ({"gebruiker": "x" * 41}, "gebruiker", "not_a_text"),
        ({"verwerkingId": "Z-2026-17"}, "verwerkingId", "not_a_uuid"),
        ({"verwerkingsactiviteitUrl": "bijstand"}, "verwerkingsactiviteitUrl", "not_an_address"),
        ({"verwerkingsactiviteitUrl": None}, "verwerkingsactiviteitUrl", "activity_missing"),
        ({"vertrouwelijkheid": "geheim"}, "vertrouwelijkheid", "level"),
        ({"bewaartermijn": "10 jaar"}, "bewaartermijn", "term"),
        ({"uitvoerder": "1234"}, "uitvoerder", "oin"),
        ({"uitvoerder": PEER}, "uitvoerder", "executor"),
        ({"soortAfnemerId": "BSN", "afnemerId": PERSON}, "soortAfnemerId", "consumer"),
        ({"afnemerId": OWN}, "soortAfnemerId", "consumer"),
        ({"soortAfnemerId": "OIN", "afnemerId": "12"}, "afnemerId", "oin"),
        ({"verwerkingIdAfnemer": "7"}, "verwerkingIdAfnemer", "not_a_uuid"),
        ({"tijdstip": None}, "tijdstip", "moment"),
        ({"tijdstip": "gisteren"}, "tijdstip", "moment"),
        ({"verwerkteObjecten": None}, "verwerkteObjecten", "objects"),
        ({"verwerkteObjecten": {}}, "verwerkteObjecten", "objects"),
        ({"verwerkteObjecten": [person()] * (MAX_OBJECTS + 1)}, "verwerkteObjecten", "objects"),
        ({"verwerkteObjecten": ["x"]}, "verwerkteObjecten[0]", "not_an_object"),
        ({"verwerkteObjecten": [person(bsn="1")]}, "verwerkteObjecten[0].bsn", "member_unknown"),
        ({"verwerkteObjecten": [person(), person(objecttype="pand")]},
         "verwerkteObjecten[1].objecttype", "object_type"),
        ({"verwerkteObjecten": [person(objectId=None)]}, "verwerkteObjecten[0].objectId",
         "object_id"),
        ({"verwerkteObjecten": [person(objectId=999993653)]}, "verwerkteObjecten[0].objectId",
         "not_a_text"),
        ({"verwerkteObjecten": [person(verwerkteSoortenGegevens=[{"waarde": "x"}])]},
         "verwerkteObjecten[0].verwerkteSoortenGegevens", "data_groups"),
        ({"verwerkteObjecten": [person(verwerkteSoortenGegevens=[7])]},
         "verwerkteObjecten[0].verwerkteSoortenGegevens", "data_groups"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_by_its_place_and_rule(
    changes: dict[str, Any], place: str, rule: str
) -> None:
    assert mistakes(**changes) == {place: rule}


def test_all_mistakes_are_told_at_once_and_nothing_that_was_given() -> None:
    with pytest.raises(InvalidAction) as caught:
        read(uitvoerder=PERSON, verwerkingId=PERSON, tijdstip=PERSON)
    assert len(caught.value.mistakes) == 3
    assert PERSON not in "".join(each.detail for each in caught.value.mistakes)


@pytest.mark.parametrize("word", ["Normaal", "NORMAAL", "normaal", "", None])
def test_words_are_read_in_any_case_and_normal_is_the_default(word: str | None) -> None:
    assert read(vertrouwelijkheid=word).level is Level.NORMAL
    assert read(vertrouwelijkheid="Vertrouwelijk").level is Level.HELD


def test_no_one_and_nothing_of_an_employee_is_in_what_is_read() -> None:
    found = read()
    assert EMPLOYEE not in repr(found)
    assert PERSON not in repr(found.rest)
    # Nanoseconds are no number of a person.
    assert PERSON not in repr(read(tijdstip=f"2026-11-24T12:00:00.{PERSON}+01:00").rest)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("P10Y", True), ("P6M", True), ("P2W", True), ("P1D", True), ("P1Y6M", True),
        ("P30Y", True), ("P31Y", False), ("P0Y", False), ("P", False), ("PT1H", False),
        ("P-1Y", False), ("P9999Y", False), ("10Y", False), ("P1.5Y", False), ("P1M1Y", False),
    ],
)  # fmt: skip
def test_a_term_is_a_duration_of_a_day_to_thirty_years(text: str, holds: bool) -> None:
    assert (read_term(text) == text) is holds


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_several_persons_are_a_line_and_its_children(count: int) -> None:
    spans = iter(bytes([number]) * 8 for number in range(1, 9))
    found = read(verwerkteObjecten=[person() for _ in range(count)])
    lines = lines_of(found, "https://x.example/a", Spans(b"t" * 16, b"p" * 8, lambda: next(spans)))
    assert len(lines) == (1 if count < 2 else count + 1)
    assert lines[0].parent == b"p" * 8
    assert (SUBJECT in lines[0].attributes) is (count == 1)
    for child in lines[1:]:
        assert child.parent == lines[0].span_id
        assert SUBJECT in child.attributes
    assert len({each.span_id for each in lines}) == len(lines)


def test_a_change_names_a_processing_and_what_is_changed() -> None:
    number = uuid4()
    told = read_change({"verwerkingId": str(number)}, b'{"bewaartermijn": "P10Y"}')
    assert (told[0], told[1].term, told[1].level) == (number, "P10Y", None)
    for query, body in (
        ({}, b'{"bewaartermijn": "P10Y"}'),
        ({"verwerkingId": "7"}, b'{"bewaartermijn": "P10Y"}'),
        ({"verwerkingId": str(number)}, b"{}"),
        ({"verwerkingId": str(number)}, b'{"bewaartermijn": "P10Y", "gebruiker": "x"}'),
        ({"verwerkingId": str(number)}, b"[]"),
    ):
        with pytest.raises(InvalidAction):
            read_change(query, body)


def question(**changes: str) -> VngQuestion:
    asked = {
        "objecttype": "Persoon", "soortObjectId": "BSN", "objectId": PERSON,
        "beginDatum": "2026-07-01", "eindDatum": "2026-12-01", **changes,
    }  # fmt: skip
    return read_question(read_asked(json.dumps(asked).encode()))


def test_a_period_is_of_dutch_days() -> None:
    found = question()
    assert found.since.isoformat() == "2026-06-30T22:00:00+00:00"
    assert found.until.isoformat() == "2026-11-30T23:00:00+00:00"
    assert not found.full
    assert question(beperkteSet="false").full
    assert question(vertrouwelijkheid="Normaal, opgeheven").levels == {Level.NORMAL, Level.LIFTED}
