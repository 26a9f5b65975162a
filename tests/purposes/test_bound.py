# SPDX-License-Identifier: EUPL-1.2
"""The purpose bound in a contract: read whole or not at all."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.purposes.registers import BIJSTAND, BOUND

from landschap.purposes.bound import PROPERTY, Bound, read_bound
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import Refusal


def test_what_is_written_is_read_back_the_same() -> None:
    assert read_bound({PROPERTY: BOUND.as_property(), "other": 1}) == BOUND
    without = Bound.of(purposes=("https://x.example/p",), legal_bases=("eu-gdpr:A6-1-e",))
    assert read_bound({PROPERTY: without.as_property()}) == without


def test_the_property_has_the_agreed_form() -> None:
    assert BOUND.as_property() == {
        "v": 1,
        "purposes": ["https://doelen.example/id/bijstand"],
        "legal_bases": ["eu-gdpr:A6-1-e", "eu-gdpr:A6-1-c"],
        "actions": ["raadplegen"],
        "field_set": {"id": "bijstand", "version": "1", "digest": BIJSTAND.digest},
        "onward": False,
    }


def test_no_property_is_no_bound() -> None:
    assert read_bound({}) is None


def test_whether_it_may_go_onward_is_read_back_and_is_no_unless_it_was_written() -> None:
    assert read_bound({PROPERTY: replace(BOUND, onward=True).as_property()}) == replace(
        BOUND, onward=True
    )
    without = {key: value for key, value in BOUND.as_property().items() if key != "onward"}
    assert read_bound({PROPERTY: without}) == BOUND
    assert not BOUND.onward


@pytest.mark.parametrize(
    "changes",
    [
        {"v": 2},
        {"v": None},
        {"v": True},
        {"onward": None},
        {"onward": 1},
        {"onward": "no"},
        {"activity": "x"},
        {"purposes": []},
        {"purposes": "x"},
        {"purposes": [1]},
        {"legal_bases": ["eu-gdpr:A6-1-z"]},
        {"actions": ["gluren"]},
        {"field_set": "bijstand@1"},
        {"field_set": {"id": "bijstand", "version": "1"}},
        {"field_set": {"id": "bijstand", "version": 1, "digest": "x"}},
        {"purposes": [f"https://doelen.example/{n:060}" for n in range(40)]},
    ],
)
def test_refuses_what_it_does_not_understand(changes: dict[str, JsonValue]) -> None:
    outcome = read_bound({PROPERTY: {**BOUND.as_property(), **changes}})
    assert isinstance(outcome, Refusal)
    assert (outcome.code, outcome.status) == ("contract_bound_invalid", 403)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(list(BOUND.as_property())), _json))
def test_any_property_is_refused_or_read_and_never_an_accident(value: dict[str, JsonValue]) -> None:
    assert isinstance(read_bound({PROPERTY: value}), Refusal | Bound)


def test_a_set_with_other_fields_has_another_digest() -> None:
    from dataclasses import replace

    assert replace(BIJSTAND, fields=BIJSTAND.fields[1:]).digest != BIJSTAND.digest
    assert replace(BIJSTAND, fields=BIJSTAND.fields[::-1]).digest == BIJSTAND.digest
    assert replace(BIJSTAND, version=2).digest == BIJSTAND.digest
