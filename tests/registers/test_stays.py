# SPDX-License-Identifier: EUPL-1.2
"""Stays, residents and ties of persons: begins that may be incomplete, ends that follow."""

from __future__ import annotations

from datetime import date

import pytest

from landschap.registers.periods import OPEN, IncompleteDate, Period
from landschap.registers.stays import (
    Composition,
    Investigation,
    Resident,
    Stay,
    Tie,
    compositions,
    delivered,
    in_period,
    newest_first,
    on_day,
)
from landschap.vocabulary.identifiers import InvalidValue

D = date.fromisoformat
I = IncompleteDate.parse  # noqa: E741


def line(*begins: str) -> list[Stay]:
    """Stays A1, A2, ... with these begins; `wrong:` before one that was corrected."""
    stays, name = [], 0
    for number, begin in enumerate(begins, start=1):
        wrong = begin.startswith("wrong:")
        name += not wrong
        stays.append(
            Stay(
                number=number,
                begin=I(begin.removeprefix("wrong:")),
                content={"verblijf": "fout" if wrong else f"A{name}"},
                wrong=wrong,
            )
        )
    return stays


def names(found: list) -> str:  # type: ignore[type-arg]
    """`A2 A1` in the order delivered."""
    return " ".join(each.stay.content["verblijf"] for each in found)


DAYS = [
    ("history-C1", ("20100818", "20160526"), {"2010-08-17": ""}),
    ("history-C2", ("20100818", "20160526"), {"2010-08-18": "A1"}),
    ("history-C3", ("20100818", "20160526"), {"2016-05-25": "A1"}),
    ("history-C4", ("20100818", "20160526"), {"2016-05-26": "A2"}),
    (
        "history-C5",
        ("20041014", "20100818", "20160526"),
        {"2010-08-17": "A1", "2010-08-18": "A2"},
    ),
    ("history-C8", ("20080818", "20100000"), {"2009-12-31": "A1", "2010-01-01": "A2"}),
    ("history-C9", ("20080818", "20100500"), {"2010-04-30": "A1", "2010-05-01": "A2"}),
    ("history-C10", ("20080818", "20120300"), {"2012-02-29": "A1"}),
    ("history-C11", ("20100526", "20100000"), {"2010-05-26": "A1", "2010-05-27": "A2"}),
    ("history-C12", ("20100526", "20100500"), {"2010-05-26": "A1", "2010-05-27": "A2"}),
    (
        "history-C13",
        ("20100526", "00000000"),
        {"2010-05-26": "A1", "2010-05-27": "A2", "2012-01-01": "A2"},
    ),
    (
        "history-C14",
        ("20071014", "20100526", "20100000"),
        {"2010-04-01": "A1", "2010-05-26": "A2", "2010-05-27": "A3"},
    ),
    (
        "history-C15",
        ("20080818", "20100000", "20161014"),
        {"2009-12-31": "A1", "2010-01-01": "A2"},
    ),
    ("history-C16", ("20080818", "00000000", "20161014"), {"2010-05-26": "A2"}),
    (
        "history-C17",
        ("20080918", "20100000", "20100000", "20121014"),
        {"2009-12-31": "A1", "2010-01-01": "A2", "2010-01-02": "A3"},
    ),
    (
        "history-C18",
        ("20020701", "20020628"),
        {"2002-06-28": "A2", "2002-06-30": "A2", "2002-07-01": "A2", "2002-07-03": "A2"},
    ),
    ("history-C19", ("20100818", "20100818"), {"2010-08-18": "A2"}),
    ("history-C20", ("20100516", "00000000", "00000000"), {"1950-01-01": "A3"}),
    (
        "history-C21",
        ("20100516", "20100000", "20100500", "20121014"),
        {"2010-05-15": "A3", "2010-05-16": "A3 A1"},
    ),
    (
        "history-C22",
        ("20100219", "20100000", "20100500", "20121014"),
        {"2010-02-18": "", "2010-02-19": "A1"},
    ),
    (
        "history-C23",
        ("20100219", "20100000", "20100500", "20121014"),
        {"2010-02-20": "A2", "2010-04-30": "A2", "2010-05-01": "A3"},
    ),
    ("history-C25", ("wrong:20160516", "20160601"), {"2016-05-16": "", "2016-05-31": ""}),
    ("history-C26", ("wrong:20160601", "20160516"), {"2016-05-16": "A1"}),
    ("history-C27", ("20100818", "wrong:20160601", "20160516"), {"2016-05-16": "A2"}),
    ("history-C29", ("wrong:20160516", "20160601", "20160000"), {"2016-05-31": ""}),
    ("history-C30", ("wrong:20160601", "20160516", "20160000"), {"2016-05-17": "A2"}),
]


@pytest.mark.case("history-36", *(case for case, _, _ in DAYS))
@pytest.mark.parametrize(("case", "begins", "expected"), DAYS, ids=[row[0] for row in DAYS])
def test_the_stays_of_a_day(case: str, begins: tuple[str, ...], expected: dict[str, str]) -> None:
    stays = line(*begins)
    assert {day: names(on_day(stays, D(day))) for day in expected} == expected


PERIODS = [
    ("history-C6", ("20100818", "20160526"), ("2000-01-01", "2010-08-18"), ""),
    ("history-C6", ("20100818", "20160526"), ("2000-01-01", "2010-08-19"), "A1"),
    ("history-C7", ("20100818", "20160526"), ("2016-05-25", "2030-01-01"), "A2 A1"),
    ("history-C7", ("20100818", "20160526"), ("2016-05-26", "2030-01-01"), "A2"),
    (
        "history-C24",
        ("20100516", "20100000", "20100500"),
        ("2010-05-17", "2011-05-18"),
        "A3 A2",
    ),
    (
        "history-C31",
        ("20220701", "20230516", "20230730", "20230000", "20231014", "20240210"),
        ("2022-12-01", "2023-12-01"),
        "A5 A4 A3 A2 A1",
    ),
    # By date the unknown begin would come last.
    ("history-C32", ("20150101", "00000000", "20200101"), ("2014-01-01", "2021-01-01"), "A3 A2 A1"),
]


@pytest.mark.case("history-36", *sorted({case for case, *_ in PERIODS}))
@pytest.mark.parametrize(("case", "begins", "period", "expected"), PERIODS)
def test_the_stays_of_a_period_come_last_registered_first(
    case: str, begins: tuple[str, ...], period: tuple[str, str], expected: str
) -> None:
    found = in_period(line(*begins), Period(D(period[0]), D(period[1])))
    assert names(found) == expected


@pytest.mark.case("history-C28")
def test_a_begin_corrected_to_a_later_day_lets_the_stay_before_last_until_it() -> None:
    (found,) = on_day(line("20100818", "wrong:20160516", "20160601"), D("2016-05-31"))
    assert names([found]) == "A1"
    assert str(found.until) == "2016-06-01"


@pytest.mark.case("history-36")
def test_nothing_is_delivered_for_no_days_and_the_last_stay_is_open() -> None:
    found = delivered(line("20100818", "20100818"))
    assert names(found) == "A2"
    assert (found[0].end, found[0].until) == (OPEN, None)
    assert len(on_day(line("20100516", "20100000", "20100500", "20121014"), D("2010-05-16"))) == 2
    assert on_day(line("20100219", "20100000", "20100500"), D("2010-02-18")) == []


def doubted(about: str, end: str | None, *, of: int = 1) -> list[Stay]:
    """Two stays, of which one is or was investigated from 2012."""
    investigation = Investigation(about=about, begin=D("2012-01-01"), end=D(end) if end else None)
    return [
        Stay(
            number=number,
            begin=I(begin),
            content={"verblijf": f"A{number}"},
            investigation=investigation if number == of else None,
        )
        for number, begin in ((1, "20100818"), (2, "20160526"))
    ]


@pytest.mark.case("history-C33")
def test_doubt_about_the_next_begin_is_doubt_about_the_end_of_the_stay_before() -> None:
    (second, first) = in_period(doubted("081030", None, of=2), Period(D("2010-01-01")))
    assert (first.in_doubt, first.until_in_doubt, second.in_doubt) == (False, True, True)
    (_, ended) = in_period(doubted("081030", "2013-01-01", of=2), Period(D("2010-01-01")))
    assert not ended.until_in_doubt


@pytest.mark.case("history-C34")
@pytest.mark.parametrize(
    ("end", "since"),
    [
        (None, D("2012-01-01")),
        ("2013-01-01", None),
        ("2016-05-26", D("2012-01-01")),
        ("2017-01-01", D("2012-01-01")),
    ],
)
def test_that_somebody_does_not_live_there_ends_when_they_come_back(
    end: str | None, since: date | None
) -> None:
    (found,) = on_day(doubted("089999", end), D("2012-06-01"))
    assert found.not_there_since == since


def test_an_ended_finding_on_the_present_stay_is_not_told() -> None:
    (present,) = on_day(doubted("089999", "2018-01-01", of=2), D("2020-01-01"))
    assert present.not_there_since is None


@pytest.mark.case("history-C35")
def test_a_period_that_ends_when_it_begins_is_refused() -> None:
    with pytest.raises(InvalidValue, match="ends after it begins"):
        Period(D("2020-01-01"), D("2020-01-01"))


@pytest.mark.case("history-C43", "history-35")
def test_the_residents_of_an_address_are_cut_at_every_change() -> None:
    residents = [
        Resident(person="012", begin=I("20080526")),
        Resident(person="024", begin=I("20100000")),
    ]

    def made(first: str, after: str, certain: tuple[str, ...], possible: tuple[str, ...]) -> object:
        period = Period(D(first), D(after))
        return Composition(period=period, certain=certain, possible=possible)

    assert compositions(residents, Period(D("2009-12-01"), D("2012-03-01"))) == [
        made("2009-12-01", "2010-01-01", ("012",), ()),
        made("2010-01-01", "2011-01-01", ("012",), ("024",)),
        made("2011-01-01", "2012-03-01", ("012", "024"), ()),
    ]


def test_an_empty_address_has_no_composition_and_equal_neighbours_are_one() -> None:
    residents = [
        Resident(person="012", begin=I("20080526"), end=I("20090101")),
        Resident(person="024", begin=I("20090101"), end=I("20090101")),
    ]
    (only,) = compositions(residents, Period(D("2008-01-01"), D("2012-01-01")))
    assert only.period == Period(D("2008-05-26"), D("2009-01-01"))


LEFT = [
    ("20100800", "20100821", "2010-08-20", "mogelijk"),
    ("20100800", "20100821", "2010-08-21", None),
    ("20050101", "20160500", "2016-04-30", "zeker"),
    ("20050101", "20160500", "2016-05-31", "mogelijk"),
    ("20050101", "20160500", "2016-06-01", None),
    ("20100800", "20101000", "2010-09-01", "zeker"),
    ("20100800", "20101000", "2010-10-10", "mogelijk"),
    ("20100800", "20101000", "2010-11-01", None),
]


@pytest.mark.case("history-35")
@pytest.mark.parametrize(("begin", "end", "day", "expected"), LEFT)
def test_somebody_with_an_incomplete_end_possibly_left(
    begin: str, end: str, day: str, expected: str | None
) -> None:
    found = Resident(person="012", begin=I(begin), end=I(end)).there_on(D(day))
    assert (found.value if found else None) == expected


@pytest.mark.case("history-C44", "history-37")
def test_a_partner_from_an_unknown_day_in_a_year_counts_from_its_first_day() -> None:
    tie = Tie(number=1, begin=I("20170000"))
    assert [tie.holds_on(D(day)) for day in ("2016-03-01", "2017-01-01", "2017-03-01")] == [
        False,
        True,
        True,
    ]


@pytest.mark.case("history-C45", "history-37")
@pytest.mark.parametrize("day", ["1950-01-01", "2026-11-29"])
def test_a_partner_with_a_wholly_unknown_begin_or_end_counts_on_any_day(day: str) -> None:
    assert Tie(number=1, begin=I("00000000")).holds_on(D(day))
    assert Tie(number=1, begin=I("00000000"), end=I("00000000")).holds_on(D(day))


@pytest.mark.case("history-C46", "history-37")
def test_a_period_up_to_the_first_possible_day_does_not_hold_the_partner() -> None:
    tie = Tie(number=1, begin=I("20170000"))
    until = [Period(D("2010-01-01"), D(day)) for day in ("2017-01-01", "2017-01-02")]
    assert [tie.holds_within(period) for period in until] == [False, True]


@pytest.mark.case("history-C49")
def test_a_nationality_that_was_wrongly_entered_is_never_delivered() -> None:
    tie = Tie(number=1, begin=I("20010101"), end=I("20050101"), never_was=True)
    assert not tie.holds_on(D("2003-01-01"))
    assert newest_first([tie]) == []


@pytest.mark.case("history-C50", "history-37")
def test_a_list_of_partners_comes_newest_first_and_unknown_last() -> None:
    begins = ["00000000", "20100300", "20100315", "20180000"]
    ties = [Tie(number=number, begin=I(begin)) for number, begin in enumerate(begins)]
    assert [str(tie.begin) for tie in newest_first(ties)] == [
        "2018-00-00",
        "2010-03-15",
        "2010-03-00",
        "0000-00-00",
    ]
