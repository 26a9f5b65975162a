# SPDX-License-Identifier: EUPL-1.2
"""Steps before and after a held service, without anything running; and how they are declared."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landschap.gateway.holding.model import Hold
from landschap.gateway.holding.places import question_shape
from landschap.gateway.holding.questions import Raw, Understood, understand
from landschap.gateway.holding.reshaping import applied_to_body, applied_to_pairs
from landschap.gateway.holding.steps import Step
from landschap.gateway.holding.trimming import Unreadable
from landschap.gateway.services import Service, read_service
from landschap.integration.conversions import Conversion
from landschap.vocabulary.problems import Refusal

CODES = (Conversion(name="code", codes={"PW": "bijstand"}),)


def step(deed: str, *place: str, moment: str = "na", **more: Any) -> Step:
    return Step(name="proef", version="1.0.0", moment=moment, deed=deed, place=place, **more)


def after(value: Any, *steps: Step) -> Any:
    return json.loads(applied_to_body(json.dumps(value).encode(), steps))


@pytest.mark.parametrize(
    ("made", "value", "left"),
    [
        (step("weg", "a", "b"), {"a": {"b": 1, "c": 2}}, {"a": {"c": 2}}),
        (step("weg", "a", "b"), {"a": [{"b": 1}], "b": 1}, {"a": [{"b": 1}], "b": 1}),
        (step("weg", "a", "*", "b"), {"a": [{"b": 1}, {"c": 2}]}, {"a": [{}, {"c": 2}]}),
        (step("toevoegen", "a", "b", value="x"), {"a": {}}, {"a": {"b": "x"}}),
        (step("toevoegen", "a", "b", value="x"), {"a": {"b": None}}, {"a": {"b": None}}),
        (step("toevoegen", "a", "b", value="x"), {}, {}),
        (step("hernoemen", "a", to="z"), {"a": 1, "b": 2}, {"z": 1, "b": 2}),
        (step("maskeren", "a"), {"a": 123, "b": 1}, {"a": "***", "b": 1}),
        (step("maskeren", "a"), {"a": None}, {"a": None}),
        (step("omzetten", "a", conversions=CODES), {"a": "PW"}, {"a": "bijstand"}),
        (step("omzetten", "*", "a", conversions=CODES), [{"a": "PW"}], [{"a": "bijstand"}]),
        (step("omzetten", "a", conversions=CODES), {"a": None}, {"a": None}),
        (step("weg", "a"), 3, 3),
    ],
)
def test_a_step_does_one_thing_where_it_says_and_nothing_elsewhere(
    made: Step, value: Any, left: Any
) -> None:
    assert after(value, made) == left


def test_steps_come_one_after_the_other() -> None:
    steps = (step("hernoemen", "a", to="b"), step("omzetten", "b", conversions=CODES))
    assert after({"a": "PW"}, *steps) == {"b": "bijstand"}
    assert after({"a": "PW"}, *reversed(steps)) == {"b": "PW"}


@pytest.mark.parametrize(
    ("made", "value"),
    [
        (step("omzetten", "a", conversions=CODES), {"a": "XX"}),
        (step("hernoemen", "a", to="b"), {"a": 1, "b": 2}),
    ],
)
def test_what_can_not_be_done_ends_it_and_tells_no_value(made: Step, value: Any) -> None:
    with pytest.raises(Unreadable, match=r"proef@1\.0\.0") as caught:
        after(value, made)
    assert "XX" not in str(caught.value)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab", max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=12,
)
_PLACES = st.lists(st.sampled_from(["a", "b", "*"]), min_size=1, max_size=3).map(tuple)


@given(_JSON, _PLACES)
def test_leaving_out_and_masking_add_nothing_that_was_not_there(value: Any, place: Any) -> None:
    for deed in ("weg", "maskeren"):
        left = after(value, step(deed, *place))
        assert set(_leaves(left)) <= {*_leaves(value), "'***'"}


def _leaves(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [leaf for each in value.values() for leaf in _leaves(each)]
    if isinstance(value, list):
        return [leaf for each in value for leaf in _leaves(each)]
    return [repr(value)]


def test_parameters_of_a_question_are_reshaped() -> None:
    pairs = [("soort", "bijstand"), ("page", "2")]
    steps = (
        step("hernoemen", "?soort", moment="voor", to="type"),
        step("toevoegen", "?actueel", moment="voor", value="true"),
        step("weg", "?page", moment="voor"),
        step("maskeren", "?niets", moment="voor"),
    )
    assert applied_to_pairs(pairs, steps) == [("type", "bijstand"), ("actueel", "true")]


def test_a_parameter_is_written_as_json_has_it_and_nothing_is_left_out() -> None:
    pairs = [("ja", "J"), ("leeg", "  ")]
    steps = (
        step("omzetten", "?ja", moment="voor", conversions=(Conversion(name="ja_nee"),)),
        step("omzetten", "?leeg", moment="voor", conversions=(Conversion(name="leeg_is_niets"),)),
        step("toevoegen", "?alles", moment="voor", value=True),
    )
    assert applied_to_pairs(pairs, steps) == [("ja", "true"), ("alles", "true")]


def test_a_parameter_never_stands_twice() -> None:
    renamed = step("hernoemen", "?soort", moment="voor", to="type")
    with pytest.raises(Unreadable, match="renames to a name that is there already"):
        applied_to_pairs([("soort", "a"), ("type", "b")], [renamed])


HOLD = """
name = "uitkeringen"
upstream = "https://leverancier.example:443/api"
recording = "hold"
[hold]
form = "json"
paths = ["/personen"]
records = ["/personen/*"]
persons = ["bsn"]
free = ["?actueel"]
[velden]
bsn = "/bsn"
[zoeken]
bsn = "?bsn"
"""
STEP = """
[[stap]]
naam = "soort"
versie = "1.0.0"
wanneer = "na"
doe = "hernoemen"
plaats = "/personen/*/soort"
naar = "regeling"
"""
HISTORY = '\n[historie]\ngeldigOp = "?peildatum"\n'


def held(text: str) -> Hold:
    read = read_service(text)
    assert isinstance(read, Service), read
    assert read.hold is not None
    return read.hold


def test_a_step_is_read_as_it_is_written() -> None:
    (found,) = held(HOLD + STEP).steps
    assert (found.label, found.moment, found.deed) == ("soort@1.0.0", "na", "hernoemen")
    assert (found.place, found.to) == (("personen", "*", "soort"), "regeling")
    text = STEP.replace('"hernoemen"', '"omzetten"').replace(
        'naar = "regeling"', 'codes = { A = "b" }'
    )
    (found,) = held(HOLD + text).steps
    assert found.conversions == (Conversion(name="code", codes={"A": "b"}),)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('doe = "hernoemen"', 'doe = "hernoem"', "did you mean hernoemen?"),
        ('wanneer = "na"', 'wanneer = "later"', "one of voor, na"),
        ('versie = "1.0.0"', 'versie = "1"', "three numbers: 1.0.0"),
        ('naam = "soort"', "", "is missing"),
        ('plaats = "/personen/*/soort"', 'plaats = "personen"', "a place such as"),
        ('plaats = "/personen/*/soort"', 'plaats = "/personen/*"', "must end in the name"),
        ('plaats = "/personen/*/soort"', 'plaats = "?soort"', "only a question has parameters"),
        ('naar = "regeling"', "", "is missing"),
        ('naar = "regeling"', 'naar = "regeling"\nextra = 1', "known: naam, versie"),
        ('"hernoemen"', '"omzetten"', "one or more of geheel_getal"),
        ('"hernoemen"', '"toevoegen"', "is missing"),
    ],
)
def test_a_mistake_in_a_step_is_told(old: str, new: str, words: str) -> None:
    assert old in STEP
    assert words in str(read_service(HOLD + STEP.replace(old, new)))


def test_two_steps_with_one_name_are_told() -> None:
    assert "stands there twice" in str(read_service(HOLD + STEP + STEP))


def test_xml_has_no_steps() -> None:
    text = HOLD.replace('"json"', '"xml"').replace("/personen/*", "/personen/persoon")
    assert "steps reshape JSON" in str(read_service(text + STEP))


def asked(hold: Hold, target: str) -> Understood | Refusal:
    return understand(Raw(method="GET", target=target), hold, question_shape(hold))


def test_the_day_goes_on_under_the_name_of_the_service() -> None:
    found = asked(held(HOLD + HISTORY), "/personen?bsn=999993653&geldigOp=2020-01-01")
    assert isinstance(found, Understood)
    assert found.target == "/personen?bsn=999993653&peildatum=2020-01-01"


@pytest.mark.parametrize(
    ("text", "target", "code"),
    [
        (HOLD, "geldigOp=2020-01-01", "geschiedenis.niet-aangeboden"),
        (HOLD + HISTORY, "beschikbaarOp=2020-01-01T00:00:00Z", "geschiedenis.niet-aangeboden"),
        (HOLD + HISTORY, "geldigOp=gisteren", "request_invalid"),
        (HOLD + HISTORY, "peildatum=2020-01-01", "query_unknown"),
    ],
)
def test_another_day_than_the_service_knows_is_refused(text: str, target: str, code: str) -> None:
    found = asked(held(text), f"/personen?bsn=999993653&{target}")
    assert isinstance(found, Refusal)
    assert found.code == code


@pytest.mark.parametrize("line", ['geldigOp = "peildatum"', 'geldigop = "?peildatum"'])
def test_a_mistake_in_the_history_is_told(line: str) -> None:
    told = str(read_service(f"{HOLD}\n[historie]\n{line}\n"))
    assert "historie.geldig" in told
