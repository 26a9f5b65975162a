# SPDX-License-Identifier: EUPL-1.2
"""The drawing of two times, and the words of values: pure, so without starting anything."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from tests.registers.rig import kind_of, made_up

from landschap.console.grid import MAX_ROWS, draw, known_then, moments_of
from landschap.console.objects import State, changes, held, state_of, stretches
from landschap.console.times import KNOWN, LATER, NOT_A_DAY, NOT_A_MOMENT, VALID, read_times
from landschap.registers.differing import differences_between
from landschap.registers.occurrences import occurrences
from landschap.registers.periods import OPEN, IncompleteDate, Period
from landschap.registers.telling import detail_of, label_of, seen, values_of
from landschap.registers.timeline import Assertion, Clock, Kind, Known

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
PERSON = kind_of(made_up())
LEAVES = frozenset({"nummer", "naam", "staat"})


def said(
    number: int, begin: date, end: date = OPEN, *, day: int, group: str = "persoon", **content: str
) -> Assertion:
    """Something registered on a day of November; without content it is withdrawn."""
    return Assertion(
        number=number,
        group=group,
        period=Period(begin, end),
        registered_at=datetime(2026, 11, day, 10, tzinfo=UTC),
        kind=Kind.CHANGE,
        content=dict(content) or None,
        source={"document": f"D-{number}", "reden": "aangifte", "organisatie": "Proefdorp"},
    )


FIRST, MARRIED, FOUND_OUT = date(2020, 1, 1), date(2022, 6, 1), date(2021, 3, 1)
GROUPS = {
    "persoon": [
        said(1, FIRST, day=1, naam="Moulin", staat="ongehuwd"),
        said(2, MARRIED, day=2, naam="Moulin", staat="gehuwd"),
        said(3, FOUND_OUT, MARRIED, day=5, naam="Moulin", staat="gehuwd"),
    ]
}
NOW_KNOWN = Known(clock=Clock.OWN, moment=NOW, number=3)


def test_each_row_is_what_was_known_from_that_moment() -> None:
    drawing = draw(PERSON, "1", GROUPS, NOW_KNOWN, (date(2026, 11, 24), NOW))
    rows = {moment.day: y for y, moment in drawing.rows}
    cells = {
        day: [(cell.letter, cell.period.begin, cell.period.end) for cell in drawing.cells if cell.y == y]
        for day, y in rows.items()
    }  # fmt: skip
    assert cells == {
        1: [("A", FIRST, OPEN)],
        2: [("A", FIRST, MARRIED), ("B", MARRIED, OPEN)],
        # What was found out later joins what held already: the same values are one stretch.
        5: [("A", FIRST, FOUND_OUT), ("B", FOUND_OUT, OPEN)],
    }
    assert [day for _, day in drawing.borders] == [FIRST, FOUND_OUT, MARRIED, OPEN]
    assert (drawing.left_out, drawing.is_wide) == (0, False)


def test_the_mark_stands_in_the_row_and_column_that_are_looked_at() -> None:
    then = datetime(2026, 11, 3, tzinfo=UTC)
    drawing = draw(PERSON, "1", GROUPS, NOW_KNOWN, (date(2021, 6, 1), then))
    assert drawing.here is not None
    x, y = drawing.here
    places = {day: place for place, day in drawing.borders}
    assert places[FOUND_OUT] < x < places[MARRIED]
    second = drawing.rows[1][0]
    assert second < y < second + 72
    early = draw(PERSON, "1", GROUPS, NOW_KNOWN, (date(2019, 1, 1), then))
    assert early.here is None


def test_without_history_of_knowledge_there_is_one_row() -> None:
    drawing = draw(PERSON, "1", GROUPS, NOW_KNOWN, (date(2021, 6, 1), NOW), with_corrections=False)
    assert len(drawing.rows) == 1
    assert drawing.left_out == 0


def test_many_states_make_a_wide_drawing_and_the_oldest_are_left_to_the_table() -> None:
    many = {
        "persoon": [
            said(n, FIRST + timedelta(days=30 * n), day=n, naam=f"N{n}", staat="gehuwd")
            for n in range(1, 21)
        ]
    }
    known = Known(clock=Clock.OWN, moment=NOW, number=20)
    drawing = draw(PERSON, "1", many, known, (date(2026, 11, 24), NOW))
    assert (len(drawing.rows), drawing.left_out) == (MAX_ROWS, 20 - MAX_ROWS)
    assert drawing.is_wide
    assert min(cell.width for cell in drawing.cells) > 100
    assert len({cell.letter for cell in drawing.cells}) == 20


def test_on_the_clock_of_a_source_rows_are_the_moments_of_the_source() -> None:
    early = datetime(2010, 11, 15, 13, tzinfo=UTC)
    copied = {
        "persoon": [
            Assertion(
                number=n, group="persoon", period=Period(FIRST), registered_at=NOW,
                source_registered_at=early + timedelta(days=n), kind=Kind.CHANGE,
                content={"naam": f"N{n}"},
            )
            for n in (1, 2)
        ]
    }  # fmt: skip
    known = Known(clock=Clock.SOURCE, moment=NOW, number=2)
    assert [each.year for each in moments_of(copied, known)] == [2010, 2010]
    then = known_then(copied, known, early + timedelta(days=1))
    assert [one.content["naam"] for one in occurrences(PERSON, "1", copied, then)] == ["N1"]


def test_doubt_and_uncertainty_are_told_in_the_cell() -> None:
    doubt = said(4, FIRST, day=6, group="onderzoek:persoon")
    groups = {
        **GROUPS,
        "onderzoek:persoon": [
            Assertion(**{
                **{name: getattr(doubt, name) for name in Assertion.__slots__},
                "content": {"kenmerken": ["staat"]},
            })
        ],
    }  # fmt: skip
    known = Known(clock=Clock.OWN, moment=NOW, number=4)
    drawing = draw(PERSON, "1", groups, known, (date(2026, 11, 24), NOW))
    last = max(cell.y for cell in drawing.cells)
    assert all(cell.in_doubt == (cell.y == last) for cell in drawing.cells)
    # Doubt about a value that may not be seen is not told.
    cut = seen(groups, frozenset({"naam"}))
    drawing = draw(PERSON, "1", cut, known, (date(2026, 11, 24), NOW))
    assert not any(cell.in_doubt for cell in drawing.cells)
    assert all(set(cell.found.content) == {"nummer", "naam"} for cell in drawing.cells)
    # ... and neither is that something hidden changed: what is equal to the eye is one stretch.
    assert {cell.letter for cell in drawing.cells} == {"A"}
    assert [len([c for c in drawing.cells if c.y == y]) for y, _ in drawing.rows] == [1, 1, 1, 1]


def test_a_begin_that_is_partly_unknown_is_not_sure() -> None:
    kind = kind_of(made_up(incomplete=True))
    begin = IncompleteDate.parse("2020-08-00")
    groups = {
        "persoon": [
            Assertion(
                number=1, group="persoon", period=Period(begin.lo), registered_at=NOW,
                kind=Kind.REGISTRATION, content={"naam": "Moulin"}, begin_source=begin,
            )
        ]
    }  # fmt: skip
    known = Known(clock=Clock.OWN, moment=NOW, number=1)
    drawing = draw(kind, "1", groups, known, (date(2020, 8, 10), NOW))
    assert [cell.is_sure for cell in drawing.cells] == [False]


def test_the_state_of_an_object_on_a_day() -> None:
    ended = {"persoon": [said(1, FIRST, MARRIED, day=1, naam="Moulin")]}
    known = Known(clock=Clock.OWN, moment=NOW, number=1)
    every = occurrences(PERSON, "1", ended, known)

    def on(day: date) -> State:
        return state_of(held(PERSON, "1", ended, day, known), every, day)

    assert on(date(2019, 1, 1)) is State.NOT_YET
    assert on(date(2021, 1, 1)) is State.HOLDS
    assert on(MARRIED) is State.ENDED
    before = Known(clock=Clock.OWN, moment=NOW, number=0)
    assert state_of([], occurrences(PERSON, "1", ended, before), FIRST) is State.UNKNOWN_THEN


def test_the_table_holds_ground_and_words_that_tell_states_apart() -> None:
    rows = stretches(PERSON, "1", GROUPS, NOW_KNOWN)
    told = [(row.label, row.document, row.reason, row.organisation) for row in rows]
    assert told == [
        ("gehuwd", "D-2", "aangifte", "Proefdorp"),
        ("gehuwd", "D-3", "aangifte", "Proefdorp"),
        ("ongehuwd", "D-1", "aangifte", "Proefdorp"),
    ]
    every = [row.found for row in rows]
    assert label_of(PERSON, every[:1], every[0]) == "Moulin"
    assert detail_of(PERSON, every, every[0], "nl") == ""


def test_a_difference_is_told_value_by_value() -> None:
    before = known_then(GROUPS, NOW_KNOWN, datetime(2026, 11, 3, tzinfo=UTC))
    found = changes(PERSON, differences_between(PERSON, "1", GROUPS, before, NOW_KNOWN))
    assert [(each.period.begin, each.period.end) for each in found] == [(FOUND_OUT, MARRIED)]
    ((path, old, new),) = found[0].values
    assert (path, old and old.value, new and new.value) == ("staat", "ongehuwd", "gehuwd")


def test_values_have_titles_and_say_what_is_in_doubt() -> None:
    told = values_of(PERSON, {"naam": "Moulin", "staat": None}, ["staat"])
    assert [(each.path, each.value, each.in_doubt) for each in told] == [
        ("naam", "Moulin", False),
        ("staat", None, True),
    ]


def test_a_day_on_which_something_was_known_is_its_end() -> None:
    read = read_times({VALID: "1-3-2021", KNOWN: "25-02-2014"}, NOW)
    assert read.query() == {
        "geldigOp": "2021-03-01",
        "beschikbaarOp": "2014-02-25T22:59:59.999999Z",
    }
    # Today is not over: then it is now.
    assert read_times({KNOWN: "24-11-2026"}, NOW).query() == {}
    assert read_times({KNOWN: "2014-02-25T14:35:00.5Z"}, NOW).query() == {
        "beschikbaarOp": "2014-02-25T14:35:00.500000Z"
    }


def test_times_that_can_not_be_read_are_told_and_left_out() -> None:
    read = read_times({VALID: "31-2-2021", KNOWN: "gisteren", "vergelijk": "1-1-2030"}, NOW)
    assert dict(read.errors) == {VALID: NOT_A_DAY, KNOWN: NOT_A_MOMENT, "vergelijk": LATER}
    assert read.query() == {}
