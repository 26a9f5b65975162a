# SPDX-License-Identifier: EUPL-1.2
"""From permitted fields to what is asked: as little as possible, never more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.integration.small import TEXT, small

from landschap.integration.drawing import draw, plan_body
from landschap.integration.plan import UnknownField, make_plan

WITHOUT_SUBJECT = TEXT.replace("betrokkene: {uit: personen.bsn, soort: bsn}\n", "")
SMALL = small()
FIELDS = sorted(SMALL.fields)


def test_only_sources_that_a_field_needs_are_asked() -> None:
    plan = make_plan(small(WITHOUT_SUBJECT), ["postcode"])
    assert [ask.source.name for ask in plan.asks] == ["adressen"]
    assert dict(plan.root.columns) == {"id": ("koppeling",), "postcode": ("postcode",)}


def test_a_source_in_between_is_asked_for_its_keys_alone() -> None:
    plan = make_plan(small(WITHOUT_SUBJECT), ["bewoners.bouwjaar"])
    by_name = {ask.source.name: ask for ask in plan.asks}
    assert [ask.stage for ask in plan.asks] == [1, 2, 2, 3]
    assert set(by_name["verblijf"].columns) == {"adres", "pand"}
    assert by_name["panden"].columns == {"id": ("koppeling",), "bouwjaar": ("bewoners.bouwjaar",)}


def test_whose_data_it_is_is_asked_for_the_log_and_said_so() -> None:
    plan = make_plan(SMALL, ["postcode"])
    people = {ask.source.name: ask for ask in plan.asks}["personen"]
    assert people.columns == {"adres": ("koppeling",), "bsn": ("logregel",)}


def test_an_unknown_field_makes_no_plan() -> None:
    with pytest.raises(UnknownField, match="postkode"):
        make_plan(SMALL, ["postkode"])


@given(st.sets(st.sampled_from(FIELDS), min_size=1))
def test_every_column_has_a_reason_and_every_reason_was_permitted(chosen: set[str]) -> None:
    plan = make_plan(SMALL, chosen)
    reasons = {why for ask in plan.asks for column in ask.columns.values() for why in column}
    assert reasons - {"koppeling", "logregel", "volgorde"} == chosen
    assert plan.paths == chosen


@given(st.sets(st.sampled_from(FIELDS), min_size=1), st.sampled_from(FIELDS))
def test_one_more_field_never_asks_less(chosen: set[str], more: str) -> None:
    few = {a.source.name: set(a.columns) for a in make_plan(SMALL, chosen).asks}
    many = {a.source.name: set(a.columns) for a in make_plan(SMALL, chosen | {more}).asks}
    assert all(few[name] <= many[name] for name in few)


def test_a_parent_always_stands_before_its_children() -> None:
    asks = make_plan(SMALL, FIELDS).asks
    seen: set[str] = set()
    for ask in asks:
        assert ask.link is None or ask.link.origin.source in seen
        seen.add(ask.source.name)


def test_a_plan_can_be_drawn() -> None:
    assert draw(make_plan(small(WITHOUT_SUBJECT), ["woning.toestand"])) == DRAWING


DRAWING = """\
bewoning 1.0.0: 1 of 8 fields, 3 of 4 sources, 3 stages, 2000 ms
adressen  (stage 1, register bag.adres, by id, 800 ms)
│  id  link
└─ verblijf  (stage 2, register bag.vbo, by adres, 800 ms)
   │  adres   link
   │  pand    link
   │  status  woning.toestand
   └─ panden  (stage 3, REST, 2 keys per request, by id, required, 800 ms)
         id      link
         status  woning.toestand
not asked: personen"""


def test_a_plan_can_be_told_as_json() -> None:
    body = plan_body(make_plan(small(WITHOUT_SUBJECT), ["postcode"]))
    assert body["velden"] == ["postcode"]
    assert body["vragen"] == [
        {
            "bron": "adressen",
            "trap": 1,
            "soort": "register bag.adres",
            "op": "id",
            "van": None,
            "kolommen": {"id": ["koppeling"], "postcode": ["postcode"]},
        }
    ]
