# SPDX-License-Identifier: EUPL-1.2
"""Conversions, the circuit breaker, and what of a question is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.integration.small import MOMENT, NOW, small
from tests.integration.source_rig import DECLARATION, SUZANNE

from landschap.integration.asking import Asked, Fields, choose_fields, read_question
from landschap.integration.breaker import FAILURES, MAX_PAUSE_SECONDS, PAUSE_SECONDS, Breaker
from landschap.integration.connectors.opening import read_declaration
from landschap.integration.conversions import SIMPLE, Conversion, Untranslatable, convert
from landschap.integration.model import Axes
from landschap.integration.rows import Moment
from landschap.vocabulary.problems import Refusal

WEESP = read_declaration(DECLARATION)
BODY = f'{{"burgerservicenummer": "{SUZANNE}"}}'.encode()


def step(name: str, **more: Any) -> tuple[Conversion, ...]:
    return (Conversion(name=name, **more),)


@pytest.mark.parametrize(
    ("steps", "given_value", "expected"),
    [
        (step("geheel_getal"), "0080", 80),
        (step("geheel_getal"), " ", None),
        (step("getal"), "1078.70", 1078.7),
        (step("getal"), 5, 5),
        (step("tekst"), 12, "12"),
        (step("leeg_is_niets"), "  ", None),
        (step("datum"), "20210301", "2021-03-01"),
        (step("jaar"), "1965-09-17", 1965),
        (step("ja_nee"), "N", False),
        (step("deel", bounds=(1, 4)), "1384CA", "1384"),
        (step("code", codes={"V": "vrouw"}, otherwise="onbekend"), "X", "onbekend"),
        (step("niets_bij", texts=("9999",)), 9999, None),
        (step("splits", texts=("|",)), "a|b", ["a", "b"]),
        ((Conversion(name="niets_bij", texts=("9999",)), *step("jaar")), "9999", None),
    ],
)
def test_a_conversion_does_what_the_list_says(
    steps: tuple[Conversion, ...], given_value: Any, expected: Any
) -> None:
    assert convert(given_value, steps) == expected


@pytest.mark.parametrize(
    ("steps", "value"),
    [
        (step("geheel_getal"), "12a"),
        (step("getal"), "1.234,50"),
        (step("datum"), "2021-02-29"),
        (step("datum"), "2021-00-00"),
        (step("jaar"), "0000"),
        (step("ja_nee"), "misschien"),
        (step("code", codes={"V": "vrouw"}), "X"),
        (step("tekst"), ["a"]),
    ],
)
def test_an_untranslatable_value_is_told_without_the_value(
    steps: tuple[Conversion, ...], value: Any
) -> None:
    with pytest.raises(Untranslatable) as caught:
        convert(value, steps)
    assert str(value) not in str(caught.value)


@given(st.sampled_from(SIMPLE), st.none() | st.text() | st.integers() | st.booleans() | st.floats())
def test_a_conversion_translates_or_says_it_can_not(name: str, value: Any) -> None:
    try:
        convert(value, step(name))
    except Untranslatable:
        return


def test_a_failing_source_is_left_alone_and_tried_again() -> None:
    breaker = Breaker()
    for _ in range(FAILURES - 1):
        breaker = breaker.failed(100.0)
        assert breaker.may_ask(100.0)
    breaker = breaker.failed(100.0)
    assert not breaker.may_ask(100.0 + PAUSE_SECONDS - 0.01)
    later = 100.0 + PAUSE_SECONDS
    assert breaker.may_ask(later)
    trial = breaker.asking(later)
    assert not trial.may_ask(later + 0.01)  # one trial at a time
    assert trial.succeeded() == Breaker()


@given(st.integers(FAILURES, 60))
def test_the_pause_grows_and_ends_at_a_minute(count: int) -> None:
    breaker = Breaker()
    for _ in range(count):
        breaker = breaker.failed(0.0)
    assert breaker.open_until is not None
    assert PAUSE_SECONDS <= breaker.open_until <= MAX_PAUSE_SECONDS


def read(query: dict[str, list[str]], body: bytes = BODY) -> Asked | Refusal:
    return read_question(WEESP, query, body, NOW)


def refused(query: dict[str, list[str]], body: bytes = BODY) -> Refusal:
    found = read(query, body)
    assert isinstance(found, Refusal)
    return found


def test_times_default_to_today_and_now() -> None:
    asked = read({})
    assert isinstance(asked, Asked)
    assert asked.moment == MOMENT
    assert asked.fields is None
    assert asked.partial


def test_times_are_read_as_days_and_moments_of_the_netherlands() -> None:
    asked = read({"geldigOp": ["2021-03-01"], "beschikbaarOp": ["2021-04-01T00:00"]})
    assert isinstance(asked, Asked)
    assert asked.moment == Moment(
        valid_on=date(2021, 3, 1),
        known_at=datetime(2021, 3, 31, 22, tzinfo=UTC),
        today=False,
        now=False,
    )


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"geldigOp": ["2021-02-29"]}, "tijd.datum-ongeldig"),
        ({"beschikbaarOp": ["gisteren"]}, "tijd.tijdstip-ongeldig"),
        ({"beschikbaarOp": ["2026-11-24T13:00:01+01:00"]}, "tijd.toekomst"),
        ({"fields": ["adres.postkode"]}, "fields_unknown"),
        ({"partial": ["yes"]}, "query_value"),
        ({"geldigOp": ["2021-03-01", "2021-03-02"]}, "query_twice"),
    ],
)
def test_a_question_that_is_not_understood_is_refused(query: Any, code: str) -> None:
    refusal = refused(query)
    assert (refusal.status, refusal.code) == (400, code)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"burgerservicenummer": 999993653}',
        b'{"burgerservicenummer": "999993654"}',
        b'{"burgerservicenummer": "999993653", "naam": "x"}',
        b'{"burgerservicenummer": "999993653", "burgerservicenummer": "999993653"}',
        b'{"bsn": "999993653"}',
    ],
)
def test_a_body_holds_the_declared_key_and_nothing_else(body: bytes) -> None:
    refusal = refused({}, body)
    assert refusal.status == 400
    assert "99999365" not in repr(refusal.body())


def test_all_mistakes_of_a_question_come_at_once() -> None:
    refusal = refused({"geldigOp": ["x"], "fields": ["y"], "partial": ["z"]}, b"{}")
    errors = refusal.extra["errors"]
    assert isinstance(errors, list)
    assert {(e["in"], e["code"]) for e in errors} == {
        ("query", "tijd.datum-ongeldig"),
        ("query", "fields_unknown"),
        ("query", "query_value"),
        ("body", "key_invalid"),
    }


def test_a_group_name_stands_for_its_fields() -> None:
    asked = read({"fields": ["pand,adres.postcode"]})
    assert isinstance(asked, Asked)
    assert set(asked.fields or ()) == {
        "pand.identificatie", "pand.bouwjaar", "pand.status", "adres.postcode",
    }  # fmt: skip


def asked_for(*fields: str) -> Asked:
    return Asked(key="x", fields=frozenset(fields) or None, moment=MOMENT, partial=True)


def test_without_fields_all_permitted_ones_are_given() -> None:
    chosen = choose_fields(small(), asked_for(), ["postcode", "naam-van-elders"], lenient=False)
    assert chosen == Fields(chosen=frozenset({"postcode"}))


def test_one_field_too_many_refuses_all_unless_lenient() -> None:
    asked = asked_for("postcode", "bewoners.naam")
    refusal = choose_fields(small(), asked, ["postcode"], lenient=False)
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.status) == ("fields_excess", 403)
    assert refusal.extra["allowed_fields"] == ["postcode"]
    lenient = choose_fields(small(), asked, ["postcode"], lenient=True)
    assert lenient == Fields(chosen=frozenset({"postcode"}), left_out=("bewoners.naam",))


def test_lenient_with_nothing_left_is_a_refusal() -> None:
    found = choose_fields(small(), asked_for("bewoners.naam"), ["postcode"], lenient=True)
    assert isinstance(found, Refusal)


@pytest.mark.parametrize(
    ("axes", "today", "now", "beyond"),
    [
        (Axes.BOTH, False, False, False),
        (Axes.VALID, False, True, False),
        (Axes.VALID, True, False, True),
        (Axes.NONE, True, True, False),
        (Axes.NONE, False, True, True),
    ],
)
def test_a_source_without_an_axis_is_not_asked_about_it(
    axes: Axes, today: bool, now: bool, beyond: bool
) -> None:
    moment = Moment(valid_on=date(2021, 1, 1), known_at=NOW, today=today, now=now)
    assert moment.beyond(axes) is beyond
