# SPDX-License-Identifier: EUPL-1.2
"""Which objects may be seen: conditions as data, from the policy into the permit."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.purposes import registers as r

from landschap.purposes.checks import check_register
from landschap.purposes.decide import decide
from landschap.purposes.rows import CALLER, TODAY, RowCondition, fault_of, filled_in, hold
from landschap.purposes.snapshot import Snapshot
from landschap.vocabulary.ijson import JsonValue


def row(path: str, op: str, *values: str) -> RowCondition:
    return RowCondition(path=path, op=op, values=values)


@pytest.mark.parametrize(
    ("condition", "value", "seen"),
    [
        (row("gemeente", "eq", "0457"), "0457", True),
        (row("gemeente", "eq", "0457"), "0221", False),
        (row("gemeente", "ne", "0457"), "0221", True),
        (row("gemeente", "ne", "0457"), None, False),
        (row("gemeente", "in", "0457", "0363"), "0363", True),
        (row("gemeente", "in", "0457", "0363"), "0221", False),
        (row("gemeente", "exists"), "", True),
        (row("gemeente", "exists"), None, False),
        (row("geboren", "lt", "2008-01-01"), "2007-12-31", True),
        (row("geboren", "lt", "2008-01-01"), "2007-00-00", False),
        (row("geboren", "gt", "2008-01-01"), "2008-01-01", False),
        (row("oppervlakte", "gt", "90"), 100, True),
        (row("oppervlakte", "lt", "90"), 100, False),
        (row("oppervlakte", "lt", "veel"), 1, False),
        (row("open", "eq", "true"), True, True),
        (row("open", "gt", "0"), True, False),
        (row("gemeente", "ne", "0457"), ["0221"], False),
    ],
)
def test_a_condition_lets_through_only_what_is_established(
    condition: RowCondition, value: JsonValue, seen: bool
) -> None:
    assert hold([condition], {condition.path: value}) is seen


def test_paths_lead_into_nested_objects_and_all_conditions_hold_together() -> None:
    inside: dict[str, JsonValue] = {"adres": {"plaats": "Weesp"}, "soort": "woning"}
    place, kind = row("adres.plaats", "eq", "Weesp"), row("soort", "eq", "winkel")
    assert hold([place], inside)
    assert not hold([place, kind], inside)
    assert not hold([row("adres.plaats.buurt", "exists")], inside)


def test_two_values_are_filled_in_when_a_question_is_decided() -> None:
    (first, second) = filled_in(
        [row("houder", "eq", CALLER), row("tot", "gt", TODAY)],
        caller="00000099000000003000", today=date(2026, 11, 29),
    )  # fmt: skip
    assert (first.values, second.values) == (("00000099000000003000",), ("2026-11-29",))


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        (row("a", "like", "x"), "no comparison"),
        (row("a", "eq"), "one value"),
        (row("a", "eq", "x", "y"), "one value"),
        (row("a", "in"), "at least one"),
        (row("a", "exists", "x"), "no value"),
        (row("a", "eq", "$case.subject"), "can not be filled in"),
    ],
)
def test_a_condition_that_can_not_be_decided_is_named(condition: RowCondition, told: str) -> None:
    assert told in fault_of(condition)


def limited(*rows: RowCondition) -> Snapshot:
    return Snapshot(r.weesp(replace(r.policy("a"), rows=rows)))


def test_a_decision_carries_the_conditions_filled_in_and_explains_them() -> None:
    snapshot = limited(row("adres.plaats", "eq", CALLER))
    decision = decide(r.question(), snapshot, r.NOW)
    assert decision.allow
    assert decision.rows == (row("adres.plaats", "eq", r.question().organisation),)
    assert any(step.rule == "R13" and step.subject == "adres.plaats" for step in decision.steps)


def test_a_condition_on_a_field_that_is_not_there_is_found_with_the_nearest_name() -> None:
    (found,) = check_register(limited(row("adres.plats", "exists")).register)
    assert (found.key, found.nearest) == ("rijen", "adres.plaats")


def test_conditions_bind_only_at_the_provider() -> None:
    policy = replace(r.policy("a"), provider=r.DOESBURG, rows=(row("adres.plaats", "exists"),))
    found = check_register(replace(r.weesp(), policies=(policy,)))
    assert any(each.key == "rijen" and "provider" in each.message for each in found)


def test_a_register_without_conditions_keeps_its_version() -> None:
    assert b"rows" not in Snapshot(r.weesp(r.policy("a"))).document()
    kept = limited(row("adres.plaats", "eq", "Weesp"))
    assert Snapshot.from_document(kept.document()).version == kept.version


CONDITIONS = st.lists(
    st.builds(
        row, st.sampled_from("abc"), st.sampled_from(["eq", "ne", "lt", "gt"]),
        st.sampled_from(["1", "2", "2020-01-01"]),
    )
)  # fmt: skip
CONTENTS = st.dictionaries(
    st.sampled_from("abc"), st.sampled_from(["1", "2", 1, 2, True, None, "2020-00-00"])
)


@given(CONDITIONS, CONDITIONS, CONTENTS)
def test_a_condition_more_never_shows_an_object_more(
    some: list[RowCondition], more: list[RowCondition], content: dict[str, JsonValue]
) -> None:
    assert hold(some, content) or not hold([*some, *more], content)
