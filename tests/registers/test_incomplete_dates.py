# SPDX-License-Identifier: EUPL-1.2
"""Dates of which a part is unknown: what holds possibly, certainly, or not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from tests.registers.rig import asserted, up_to

from landschap.registers.periods import BEGINNING, Certainty, IncompleteDate
from landschap.registers.timeline import Assertion, Uncertainty, answers
from landschap.vocabulary.identifiers import InvalidValue

D = date.fromisoformat

POSSIBLE = [
    # begin as registered, day, answer
    ("2010-08-00", "2010-07-31", None),
    ("2010-08-00", "2010-08-01", "mogelijk"),
    ("2010-08-00", "2010-08-31", "mogelijk"),
    ("2010-08-00", "2010-09-01", "zeker"),
    ("2010-00-00", "2009-12-31", None),
    ("2010-00-00", "2010-01-01", "mogelijk"),
    ("2010-00-00", "2010-12-31", "mogelijk"),
    ("2010-00-00", "2011-01-01", "zeker"),
    ("0000-00-00", "1950-01-01", "mogelijk"),
    ("0000-00-00", "2026-01-01", "mogelijk"),
]


def uncertain(number: int, begin: str, value: str | None) -> Assertion:
    source = IncompleteDate.parse(begin)
    made = asserted(number, source.lo, value=value, source=None if source.complete else source)
    return replace(made, group="g")


@pytest.mark.case("history-34", "history-C37", "history-C38", "history-C39")
@pytest.mark.parametrize(("begin", "day", "expected"), POSSIBLE)
def test_a_partly_unknown_begin_is_possible_until_its_last_possible_day(
    begin: str, day: str, expected: str | None
) -> None:
    found = answers([uncertain(1, begin, "A1")], D(day), up_to(1))
    assert [one.certainty.value for one in found] == ([expected] if expected else [])


ENDS = [
    ("history-C40", "2010-08-00", "2010-08-21", "2010-08-20", "mogelijk"),
    ("history-C40", "2010-08-00", "2010-08-21", "2010-08-21", None),
    ("history-C41", "2010-01-01", "2016-05-00", "2016-04-30", "zeker"),
    ("history-C41", "2010-01-01", "2016-05-00", "2016-05-01", "mogelijk"),
    ("history-C41", "2010-01-01", "2016-05-00", "2016-05-31", "mogelijk"),
    ("history-C41", "2010-01-01", "2016-05-00", "2016-06-01", None),
    ("history-C42", "2010-08-00", "2010-10-00", "2010-08-20", "mogelijk"),
    ("history-C42", "2010-08-00", "2010-10-00", "2010-09-01", "zeker"),
    ("history-C42", "2010-08-00", "2010-10-00", "2010-10-10", "mogelijk"),
    ("history-C42", "2010-08-00", "2010-10-00", "2010-11-01", None),
]


@pytest.mark.case("history-C40", "history-C41", "history-C42")
@pytest.mark.parametrize(("case", "begin", "end", "day", "expected"), ENDS)
def test_a_partly_unknown_end_leaves_the_value_possible(
    case: str, begin: str, end: str, day: str, expected: str | None
) -> None:
    line = [uncertain(1, begin, "A1"), uncertain(2, end, None)]
    found = answers(line, D(day), up_to(2))
    assert [one.certainty.value for one in found] == ([expected] if expected else [])


def test_two_uncertain_borders_leave_both_values_possible() -> None:
    line = [uncertain(1, "2008-08-18", "A1"), uncertain(2, "2010-05-00", "A2")]
    found = answers(line, D("2010-05-10"), up_to(2))
    assert [a.assertion.content for a in found] == [{"waarde": "A2"}, {"waarde": "A1"}]
    assert {a.certainty for a in found} == {Certainty.POSSIBLE}
    certain = answers(line, D("2010-05-10"), up_to(2), Uncertainty.ONLY_CERTAIN)
    assert certain == []
    (earliest,) = answers(line, D("2010-05-10"), up_to(2), Uncertainty.EARLIEST)
    assert earliest.assertion.content == {"waarde": "A2"}


@pytest.mark.case("history-C47", "history-C48")
@pytest.mark.parametrize(
    ("begin", "day", "holds"),
    [
        ("2001-00-00", "2000-12-31", False),
        ("2001-00-00", "2001-01-01", True),
        ("2014-06-00", "2014-05-31", False),
        ("2014-06-00", "2014-06-01", True),
    ],
)
def test_counting_the_first_possible_day_makes_a_nationality_begin(
    begin: str, day: str, holds: bool
) -> None:
    found = answers([uncertain(1, begin, "A1")], D(day), up_to(1), Uncertainty.EARLIEST)
    assert bool(found) is holds


@pytest.mark.parametrize("text", ["2021-02-29", "2020-13-00", "2020-00-05", "0000-05-00", "x", ""])
def test_refuses_a_date_that_can_not_exist(text: str) -> None:
    with pytest.raises(InvalidValue):
        IncompleteDate.parse(text)


def test_an_incomplete_date_knows_its_first_and_last_day() -> None:
    assert IncompleteDate.parse("20200200").hi == D("2020-02-29")
    assert IncompleteDate.parse("2020-00-00").lo == D("2020-01-01")
    assert IncompleteDate.parse("00000000").lo == BEGINNING
    assert str(IncompleteDate.parse("20200200")) == "2020-02-00"


STAYS = [
    ("history-C1", "2010-08-17", None),
    ("history-C2", "2010-08-18", "A1"),
    ("history-C3", "2016-05-25", "A1"),
    ("history-C4", "2016-05-26", "A2"),
]


@pytest.mark.case("history-C1", "history-C2", "history-C3", "history-C4")
@pytest.mark.parametrize(("case", "day", "stay"), STAYS)
def test_a_stay_holds_from_its_first_day_until_the_next_begins(
    case: str, day: str, stay: str | None
) -> None:
    line = [uncertain(1, "2010-08-18", "A1"), uncertain(2, "2016-05-26", "A2")]
    found = answers(line, D(day), up_to(2))
    assert [a.assertion.content for a in found] == ([{"waarde": stay}] if stay else [])


@pytest.mark.case("history-C5")
def test_a_stay_abroad_takes_over_on_its_first_day() -> None:
    begins = [("2004-10-14", "A1"), ("2010-08-18", "abroad"), ("2016-05-26", "A2")]
    line = [uncertain(n, begin, value) for n, (begin, value) in enumerate(begins, start=1)]
    found = [answers(line, D(f"2010-08-{day}"), up_to(3)) for day in (17, 18)]
    assert [a.assertion.content for (a,) in found] == [{"waarde": "A1"}, {"waarde": "abroad"}]
