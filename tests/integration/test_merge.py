# SPDX-License-Identifier: EUPL-1.2
"""Merging: null is a fact, absent has a name, replaced says so."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.integration.small import ADDRESS, BUILDING, DWELLING, MOMENT, PEOPLE, found, row, small

from landschap.integration.answer import gaps_body, release
from landschap.integration.merge import Gap, Merged, Provenance, merge
from landschap.integration.plan import make_plan
from landschap.integration.rows import Batch, Failure, Reason, batch_of

SMALL = small()
FIELDS = sorted(SMALL.fields)


def merged(*fields: str, **changes: Batch | Failure | Reason) -> Merged:
    return merge(make_plan(SMALL, fields or FIELDS), found(**changes))


def origin(answer: Merged, pointer: str) -> Provenance:
    told = answer.provenance[pointer]
    assert isinstance(told, Provenance)
    return told


def test_one_record_holds_the_fields_of_all_sources() -> None:
    answer = merged("postcode", "woning.oppervlakte", "bewoners.naam", "bewoners.bouwjaar")
    assert answer.records == [
        {
            "postcode": "1381AB",
            "woning": {"oppervlakte": 80},
            "bewoners": [
                {"naam": "Aalbers", "bouwjaar": 1990},
                {"naam": "Bakker", "bouwjaar": 1990},
            ],
        }
    ]
    assert answer.gaps == []
    assert origin(answer, "/0/bewoners/1/naam").source.name == "personen"
    assert origin(answer, "/0/bewoners/1/naam").row is PEOPLE[0]


@pytest.mark.case("S-39")
def test_a_source_that_is_down_leaves_a_named_gap_and_the_rest_stands() -> None:
    answer = merged("postcode", "bewoners.bouwjaar", "bewoners.naam", panden=Reason.TOO_LATE)
    assert answer.records == [
        {"postcode": "1381AB", "bewoners": [{"naam": "Aalbers"}, {"naam": "Bakker"}]}
    ]
    assert gaps_body(answer.gaps, frozenset(FIELDS)) == [
        {"bron": "panden", "reden": "te_laat", "velden": ["bewoners.bouwjaar"], "resultaten": [0]}
    ]


@pytest.mark.case("history-38")
def test_a_value_that_is_derived_is_in_doubt_when_what_it_is_derived_from_is() -> None:
    doubted = batch_of([replace(DWELLING, doubts=("oppervlakte",))], "adres")
    fields = frozenset({"woning.oppervlakte", "woning.toestand"})
    answer = release(merged(*fields, verblijf=doubted), MOMENT, fields)
    assert answer.body["resultaten"] == [{"woning": {"oppervlakte": 80, "toestand": "in p"}}]
    provenance: Any = answer.body["herkomst"]
    assert provenance["/0/woning/oppervlakte"]["inOnderzoek"] is True
    assert "inOnderzoek" not in provenance["/0/woning/toestand"]


def test_the_first_filled_source_wins() -> None:
    assert merged("woning.toestand").records == [{"woning": {"toestand": "in p"}}]


def test_a_winner_that_is_empty_gives_way_unmarked() -> None:
    empty = batch_of([row("p1", id="p1", status="")], "id")
    answer = merged("woning.toestand", panden=empty)
    assert answer.records == [{"woning": {"toestand": "in v"}}]
    assert not answer.provenance["/0/woning/toestand"].replaced
    assert answer.gaps == []


def test_a_winner_that_is_absent_is_not_a_winner_that_is_empty() -> None:
    answer = merged("woning.toestand", panden=Reason.UNREACHABLE)
    assert answer.records == [{"woning": {"toestand": "in v"}}]
    assert answer.provenance["/0/woning/toestand"].replaced
    assert gaps_body(answer.gaps, frozenset(FIELDS)) == [
        {
            "bron": "panden",
            "reden": "onbereikbaar",
            "velden": [],
            "vervangen": ["woning.toestand"],
            "resultaten": [0],
        }
    ]


def test_a_strict_field_is_withheld_when_its_winner_is_absent() -> None:
    answer = merged("woning.strikt", panden=Reason.UNREACHABLE)
    assert answer.records == [{}]
    assert answer.gaps == [Gap("panden", Reason.UNREACHABLE, "woning.strikt", 0)]


def test_the_newest_row_wins_where_the_declaration_says_so() -> None:
    assert merged("woning.nieuwste").records == [{"woning": {"nieuwste": "in p"}}]
    later = batch_of([row("v1", begin="2020-01-01", adres="a1", pand="p1", status="in v")], "adres")
    answer = merged("woning.nieuwste", verblijf=later)
    assert answer.records == [{"woning": {"nieuwste": "in v"}}]


def test_sources_that_must_agree_and_do_not_give_no_value_but_a_report() -> None:
    answer = merged("woning.zeker")
    assert answer.records == [{}]
    assert answer.gaps == [Gap("panden", Reason.DISAGREE, "woning.zeker", 0)]
    same = batch_of([row("p1", id="p1", status="in v")], "id")
    assert merged("woning.zeker", panden=same).records == [{"woning": {"zeker": "in v"}}]


def test_a_mandatory_partner_that_is_not_there_is_a_gap_and_the_record_stays() -> None:
    answer = merged("postcode", "bewoners.bouwjaar", panden=Batch({}))
    assert answer.records == [{"postcode": "1381AB", "bewoners": [{}, {}]}]
    assert {gap.reason for gap in answer.gaps} == {Reason.NO_PARTNER}


def test_a_partner_that_may_be_missing_makes_empty_values() -> None:
    answer = merged("postcode", "woning.oppervlakte", verblijf=Batch({}))
    assert answer.records == [{"postcode": "1381AB", "woning": {"oppervlakte": None}}]
    assert answer.gaps == []
    assert origin(answer, "/0/woning/oppervlakte").row is None


def test_an_empty_list_is_a_fact_with_a_source() -> None:
    answer = merged("bewoners.naam", personen=Batch({}))
    assert answer.records == [{"bewoners": []}]
    assert origin(answer, "/0/bewoners").source.name == "personen"


def test_two_partners_where_one_is_declared_are_not_chosen_between() -> None:
    two = batch_of([DWELLING, row("v2", adres="a1", pand="p1", oppervlakte="9")], "adres")
    answer = merged("woning.oppervlakte", verblijf=two)
    assert answer.records == [{}]
    assert answer.gaps == [Gap("verblijf", Reason.MORE_THAN_ONE, "woning.oppervlakte", 0)]


def test_what_hangs_on_an_absent_source_names_itself_and_the_reason() -> None:
    answer = merged("bewoners.bouwjaar", verblijf=Reason.TOO_LATE)
    assert {(gap.source, gap.reason) for gap in answer.gaps} == {("panden", Reason.DEPENDS)}


def test_an_untranslatable_value_is_reported_and_not_guessed() -> None:
    odd = batch_of([row("v1", adres="a1", pand="p1", oppervlakte="groot")], "adres")
    answer = merged("woning.oppervlakte", verblijf=odd)
    assert answer.records == [{}]
    assert answer.gaps == [Gap("verblijf", Reason.UNTRANSLATABLE, "woning.oppervlakte", 0)]


def test_a_root_that_failed_gives_no_records_and_every_field_as_gap() -> None:
    answer = merged("postcode", "woning.oppervlakte", adressen=Reason.UNREACHABLE)
    assert answer.records == []
    assert {gap.path for gap in answer.gaps} == {"postcode", "woning.oppervlakte"}


def test_two_rows_of_the_root_are_two_records() -> None:
    two = batch_of([ADDRESS, row("a0", id="a1", postcode="1381AA")], "id")
    assert [r["postcode"] for r in merged("postcode", adressen=two).records] == ["1381AA", "1381AB"]


_states = st.sampled_from(["rows", "empty", "down", "late"])


def _state(name: str, rows: Any, by: str) -> Batch | Reason:
    match name:
        case "rows":
            return batch_of(rows, by)
        case "empty":
            return Batch({})
        case "down":
            return Reason.UNREACHABLE
    return Reason.TOO_LATE


@given(st.sets(st.sampled_from(FIELDS), min_size=1), _states, _states, _states)
def test_each_field_is_there_with_provenance_or_named_as_gap(
    chosen: set[str], dwelling: str, building: str, people: str
) -> None:
    """In every state of the sources: never silent, never both, never a field not asked for."""
    answer = merged(
        *chosen,
        verblijf=_state(dwelling, [DWELLING], "adres"),
        panden=_state(building, [BUILDING], "id"),
        personen=_state(people, PEOPLE, "adres"),
    )
    pointers = {_path(pointer) for pointer in answer.provenance}
    absent = {gap.path for gap in answer.gaps if not gap.replaced}
    for path in chosen:
        there = path in pointers or (path.startswith("bewoners.") and "bewoners" in pointers)
        assert there != (path in absent), path
    assert pointers <= chosen | {"bewoners"}
    body = release(answer, MOMENT, frozenset(chosen))
    assert not body.stopped


@given(st.permutations(PEOPLE), st.permutations([DWELLING]))
def test_order_of_arrival_changes_nothing(people: list[Any], dwellings: list[Any]) -> None:
    answer = merged(personen=batch_of(people, "adres"), verblijf=batch_of(dwellings, "adres"))
    assert answer == merged()


@given(st.sets(st.sampled_from(FIELDS)), st.sets(st.sampled_from(FIELDS), min_size=1))
def test_what_is_not_permitted_never_leaves_even_when_it_was_merged(
    permitted: set[str], asked: set[str]
) -> None:
    released = release(merged(*asked), MOMENT, frozenset(permitted))
    text = repr(released.body["resultaten"]) + repr(released.body["herkomst"])
    if not permitted & {"bewoners.naam"}:
        assert "Aalbers" not in text
    if "postcode" not in permitted:
        assert "1381AB" not in text
        assert "/0/postcode" not in text
    assert bool(released.stopped) == bool(asked - permitted - _parts_of(permitted, asked))


def _parts_of(permitted: set[str], asked: set[str]) -> set[str]:
    """A gap of an asked field is no value, so there is nothing to stop."""
    return {gap.path for gap in merged(*asked).gaps} - permitted


def _path(pointer: str) -> str:
    return ".".join(part for part in pointer.split("/") if part and not part.isdigit())
