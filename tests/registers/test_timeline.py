# SPDX-License-Identifier: EUPL-1.2
"""The answer rule and the operations, without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.registers.rig import NOW, asserted, up_to

from landschap.registers.operations import Draft, Later, Line
from landschap.registers.periods import (
    BEGINNING,
    OPEN,
    Period,
    shown,
    without,
)
from landschap.registers.timeline import (
    Assertion,
    Clock,
    Kind,
    Known,
    answers,
    segment_on,
    segments,
)
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import Refusal

GROUP = "persoon"
D = date.fromisoformat


class Story:
    """One person's timeline, written act by act as a register would."""

    def __init__(self) -> None:
        self.assertions: list[Assertion] = []

    def known(self, on: str) -> Known:
        moment = datetime.fromisoformat(f"{on}T00:00:00").replace(tzinfo=UTC)
        last = max((a.number for a in self.assertions if a.registered_at <= moment), default=0)
        return Known(clock=Clock.OWN, moment=moment, number=last)

    @property
    def line(self) -> Line:
        return Line(group=GROUP, segments=segments(self.assertions, up_to(10**6)))

    def write(self, on: str, done: list[Draft] | Refusal) -> None:
        assert not isinstance(done, Refusal), done
        moment = datetime.fromisoformat(f"{on}T00:00:00").replace(tzinfo=UTC)
        for draft in done:
            self.assertions.append(
                Assertion(
                    number=len(self.assertions) + 1,
                    group=draft.group,
                    period=draft.period,
                    registered_at=moment,
                    kind=draft.kind,
                    content=draft.content,
                    corrects=draft.corrects,
                )
            )

    def answer(self, valid: str, known: str) -> dict[str, JsonValue] | None:
        found = answers(self.assertions, D(valid), self.known(known))
        assert len(found) <= 1
        return dict(found[0].assertion.content or {}) if found else None


def person(name: str, state: str = "ongehuwd") -> dict[str, JsonValue]:
    return {"naam": name, "staat": state}


def stuf_person() -> Story:
    """The example person of StUF 03.01, by the operations of a register."""
    story = Story()
    story.write("1977-08-15", story.line.register(D("1977-08-07"), person("Poepenstaart")))
    story.write("2001-09-10", story.line.change(D("2001-09-05"), person("van der Berg")))
    story.write("2001-11-02", story.line.correct(D("2001-09-05"), person("van den Berg")))
    story.write("2001-12-06", story.line.correct(D("2001-09-05"), person("van den Bergh")))
    story.write("2002-10-07", story.line.move_begin(D("2001-09-05"), D("2001-09-03")))
    story.write("2005-04-25", story.line.change(D("2005-04-23"), person("van den Bergh", "gehuwd")))
    story.write("2008-03-07", story.line.change(D("2008-03-01"), person("van den Broek", "gehuwd")))
    inserted = story.line.insert(
        Period(D("2007-03-01"), D("2008-03-01")), person("van den Werff", "gehuwd")
    )
    story.write("2008-06-13", inserted)
    return story


STUF = [
    # valid on, known at, name, state
    ("2001-09-04", "2001-09-20", "Poepenstaart", "ongehuwd"),
    ("2001-09-04", "2002-10-07", "van den Bergh", "ongehuwd"),
    ("2001-09-05", "2001-09-09", "Poepenstaart", "ongehuwd"),
    ("2001-09-05", "2001-09-10", "van der Berg", "ongehuwd"),
    ("2001-10-01", "2001-11-02", "van den Berg", "ongehuwd"),
    ("2001-10-01", "2001-12-31", "van den Bergh", "ongehuwd"),
    ("2007-06-01", "2008-06-12", "van den Bergh", "gehuwd"),
    ("2007-06-01", "2008-06-13", "van den Werff", "gehuwd"),
    ("2008-03-01", "2008-03-06", "van den Bergh", "gehuwd"),
    ("2008-03-01", "2008-06-13", "van den Broek", "gehuwd"),
    ("1977-08-06", "2020-01-01", None, None),
    ("1990-01-01", "1977-08-14", None, None),
]


@pytest.mark.case("history-10")
@pytest.mark.parametrize(("valid", "known", "name", "state"), STUF)
def test_answers_the_questions_about_the_example_person_of_stuf(
    valid: str, known: str, name: str | None, state: str | None
) -> None:
    expected = person(name, str(state)) if name else None
    assert stuf_person().answer(valid, known) == expected


def two_values() -> Story:
    """A until 2010-05-01, then B; both registered in 2010."""
    story = Story()
    story.write("2010-01-02", story.line.register(D("2010-01-01"), person("A")))
    story.write("2010-05-02", story.line.change(D("2010-05-01"), person("B")))
    return story


@pytest.mark.case("history-15")
def test_the_first_day_has_the_new_value_and_the_day_before_the_old_one() -> None:
    story = two_values()
    assert story.answer("2010-04-30", "2020-01-01") == person("A")
    assert story.answer("2010-05-01", "2020-01-01") == person("B")


@pytest.mark.case("history-16")
def test_a_begin_moved_earlier_shows_the_new_value_between_and_older_knowledge_the_old() -> None:
    story = two_values()
    story.write("2011-01-01", story.line.move_begin(D("2010-06-01"), D("2010-04-01")))
    assert story.answer("2010-04-15", "2011-01-01") == person("B")
    assert story.answer("2010-04-15", "2010-12-31") == person("A")
    assert story.answer("2010-03-31", "2011-01-01") == person("A")


@pytest.mark.case("history-17")
def test_a_begin_moved_later_shows_the_previous_value_between_or_nothing() -> None:
    story = two_values()
    story.write("2011-01-01", story.line.move_begin(D("2010-06-01"), D("2010-06-01")))
    assert story.answer("2010-05-15", "2011-01-01") == person("A")
    story.write("2011-01-02", story.line.move_begin(D("2010-02-01"), D("2010-01-10")))
    assert story.answer("2010-01-05", "2011-01-02") is None
    assert story.answer("2010-01-05", "2011-01-01") == person("A")


@pytest.mark.case("history-18")
def test_an_insertion_leaves_its_neighbours_as_they_are_outside_its_period() -> None:
    story = two_values()
    inserted = story.line.insert(Period(D("2010-04-01"), D("2010-06-01")), person("C"))
    story.write("2011-01-01", inserted)
    days = ["2010-03-31", "2010-04-01", "2010-05-31", "2010-06-01"]
    found = [story.answer(day, "2011-01-01") for day in days]
    assert found == [person("A"), person("C"), person("C"), person("B")]


@pytest.mark.case("history-19")
def test_a_future_version_that_is_withdrawn_is_only_an_answer_to_knowledge_in_between() -> None:
    story = two_values()
    story.write("2011-01-01", story.line.change(D("2012-01-01"), person("C")))
    story.write("2011-06-01", story.line.withdraw(D("2012-01-01")))
    assert story.answer("2012-02-01", "2011-03-01") == person("C")
    assert story.answer("2012-02-01", "2011-06-01") == person("B")
    assert story.assertions[-1].kind is Kind.WITHDRAWAL


@pytest.mark.case("history-20")
def test_the_only_version_withdrawn_leaves_nothing_and_stays_known_as_it_was() -> None:
    story = Story()
    story.write("2010-01-02", story.line.register(D("2010-01-01"), person("A")))
    story.write("2011-01-01", story.line.withdraw(D("2010-01-01")))
    assert story.answer("2010-06-01", "2011-01-01") is None
    assert story.answer("2010-06-01", "2010-12-31") == person("A")


@pytest.mark.case("history-21")
def test_two_corrections_on_one_day_follow_each_other_and_both_stay() -> None:
    story = Story()
    story.write("2010-01-01", story.line.register(D("2010-01-01"), person("A")))
    story.write("2010-01-01", story.line.correct(D("2010-01-01"), person("B")))
    first = Known(clock=Clock.OWN, moment=NOW, number=1)
    (between,) = answers(story.assertions, D("2010-01-01"), first)
    assert between.assertion.content == person("A")
    assert story.answer("2010-01-01", "2010-01-01") == person("B")
    assert [a.content for a in story.assertions] == [person("A"), person("B")]
    assert story.assertions[1].corrects == 1


@pytest.mark.case("history-22")
def test_a_change_before_later_segments_needs_a_decision_about_them() -> None:
    story = two_values()
    refused = story.line.change(D("2010-03-01"), person("C"))
    assert isinstance(refused, Refusal)
    assert (refused.status, refused.code) == (409, "geschiedenis.overlap")
    kept = two_values()
    kept.write("2011-01-01", kept.line.change(D("2010-03-01"), person("C"), Later.KEEP))
    assert kept.answer("2010-04-01", "2011-01-01") == person("C")
    assert kept.answer("2010-06-01", "2011-01-01") == person("B")
    story.write("2011-01-01", story.line.change(D("2010-03-01"), person("C"), Later.REPLACE))
    assert story.answer("2010-06-01", "2011-01-01") == person("C")


def test_an_end_is_the_first_day_on_which_nothing_holds() -> None:
    story = two_values()
    story.write("2011-01-01", story.line.end(D("2011-01-01")))
    assert story.answer("2010-12-31", "2011-01-01") == person("B")
    assert story.answer("2011-01-01", "2011-01-01") is None
    assert story.answer("2011-01-01", "2010-12-31") == person("B")


def test_what_is_not_there_can_not_be_corrected_withdrawn_or_registered_twice() -> None:
    story = two_values()
    for refused in (
        story.line.correct(D("2009-01-01"), person("C")),
        story.line.withdraw(D("2009-01-01")),
        story.line.move_begin(D("2009-01-01"), D("2009-02-01")),
        story.line.move_begin(D("2010-02-01"), D("2010-05-01")),
        story.line.register(D("2009-01-01"), person("C")),
    ):
        assert isinstance(refused, Refusal)
        assert "Nothing was written" in refused.detail


def test_doubt_is_a_timeline_beside_the_one_it_is_about() -> None:
    story = two_values()
    story.write("2011-01-01", story.line.doubt(D("2010-01-01"), ["naam"]))
    story.write("2011-06-01", story.line.doubt(D("2010-01-01"), []))
    assert {a.group for a in story.assertions} == {GROUP, f"onderzoek:{GROUP}"}
    assert story.assertions[-2].content == {"kenmerken": ["naam"]}
    assert story.assertions[-1].content is None


def test_the_clock_of_the_source_orders_late_deliveries_by_their_own_moment() -> None:
    early, late = NOW - timedelta(days=10), NOW - timedelta(days=5)
    first = asserted(1, D("2020-01-01"), value="late", known=late)
    second = asserted(2, D("2020-01-01"), value="early", known=early)
    by_source = answers([first, second], D("2020-02-01"), up_to(2, Clock.SOURCE))
    by_us = answers([first, second], D("2020-02-01"), up_to(2))
    assert by_source[0].assertion.content == {"waarde": "late"}
    assert by_us[0].assertion.content == {"waarde": "early"}
    then = up_to(2, Clock.SOURCE, moment=early)
    assert answers([first, second], D("2020-02-01"), then)[0].assertion is second


# Properties over random timelines on a small grid.

DAYS = [D("2020-01-01") + timedelta(days=n) for n in range(8)]


@st.composite
def timelines(draw: st.DrawFn) -> list[Assertion]:
    made = []
    for number in range(1, draw(st.integers(1, 8)) + 1):
        begin = draw(st.integers(0, 6))
        end = draw(st.integers(begin + 1, 8))
        value = draw(st.sampled_from([None, "A", "B", "C"]))
        moment = NOW - timedelta(days=draw(st.integers(0, 5)))
        until = OPEN if end == 8 else DAYS[end]
        made.append(asserted(number, DAYS[begin], until, value=value, known=moment))
    return made


def knowledge(line: list[Assertion]) -> list[Known]:
    by_number = [up_to(n) for n in range(len(line) + 1)]
    moments = [NOW - timedelta(days=n) for n in range(7)]
    return by_number + [up_to(len(line), Clock.SOURCE, moment) for moment in moments]


@pytest.mark.case("history-13")
@given(timelines())
def test_there_is_never_more_than_one_answer_and_segments_agree(line: list[Assertion]) -> None:
    for known in knowledge(line):
        painted = segments(line, known)
        for day in DAYS:
            found = answers(line, day, known)
            assert len(found) <= 1
            segment = segment_on(painted, day)
            assert sum(s.period.covers(day) for s in painted) <= 1
            holds = segment is not None and segment.assertion.content is not None
            assert bool(found) == holds
            if found and segment:
                assert found[0].assertion is segment.assertion


@pytest.mark.case("history-12")
@given(timelines(), timelines())
def test_adding_never_changes_an_answer_about_earlier_knowledge(
    line: list[Assertion], more: list[Assertion]
) -> None:
    longer = line + [replace(a, number=a.number + len(line)) for a in more]
    for number in range(len(line) + 1):
        for day in DAYS:
            assert answers(line, day, up_to(number)) == answers(longer, day, up_to(number))


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(1, 3)), max_size=5))
def test_taking_periods_out_leaves_exactly_the_days_outside_them(
    cuts: list[tuple[int, int]],
) -> None:
    whole = Period(DAYS[0], DAYS[7])
    others = [Period(DAYS[b], DAYS[b] + timedelta(days=n)) for b, n in cuts]
    left = without(whole, others)
    for day in DAYS[:7]:
        outside = not any(other.covers(day) for other in others)
        assert any(part.covers(day) for part in left) == outside


def test_a_period_is_half_open_and_never_empty() -> None:
    with pytest.raises(InvalidValue):
        Period(DAYS[1], DAYS[1])
    assert not Period(DAYS[0], DAYS[1]).overlaps(Period(DAYS[1], DAYS[2]))
    assert Period(DAYS[0], DAYS[2]).within(Period(DAYS[1], OPEN)) == Period(DAYS[1], DAYS[2])
    assert Period(DAYS[0], DAYS[1]).within(Period(DAYS[1], OPEN)) is None
    assert (shown(BEGINNING), shown(OPEN), shown(DAYS[0])) == (None, None, "2020-01-01")
