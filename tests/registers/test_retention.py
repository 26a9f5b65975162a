# SPDX-License-Identifier: EUPL-1.2
"""The rules of retention: terms, from which day they count, and which rule wins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.registers.rig import annotated, made_up, up_to

from landschap.registers.models import ObjectType, Registers
from landschap.registers.periods import OPEN, IncompleteDate, Period
from landschap.registers.retention import Due, Rules, digest_of_rule, judge, read_rules
from landschap.registers.terms import after, before
from landschap.registers.timeline import Assertion, Kind
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.mistakes import MistakesError

D = date.fromisoformat
REGISTER = made_up(
    naam=annotated(**{"x-persoonsgegeven": "gewoon"}),
    status=annotated(),
    besluit=annotated(),
    overleden=annotated(**{"x-persoonsgegeven": "gewoon"}),
    ouder=annotated(**{"x-verwijst-naar": "persoon"}),
)
REGISTERS = Registers({"proef": REGISTER})
KIND = REGISTER.types["persoon"]
Groups = Mapping[str, Sequence[Assertion]]


def rules(*texts: str) -> Rules:
    tables = "".join(
        f'[[regel]]\nid = "r{place}"\nobjecttype = "persoon"\ncategorie = "8.1"\n{text}\n'
        for place, text in enumerate(texts)
    )
    return read_rules(tables, "bewaartermijnen.toml", REGISTER, REGISTERS)


def asserted(number: int, begin: str, end: str | None = None, **content: str) -> Assertion:
    return Assertion(
        number=number,
        group="persoon",
        period=Period(D(begin), D(end) if end else OPEN),
        registered_at=datetime(2020, 5, number, tzinfo=UTC),
        kind=Kind.CHANGE,
        content={"naam": "x", **content} if "niets" not in content else None,
    )


def judged(made: Rules, *assertions: Assertion, others: Groups | None = None) -> Due | None:
    def at_other_end(kind: ObjectType, object_id: str) -> Groups:
        assert (kind.key, object_id) == ("proef.persoon", "p1")
        return others or {}

    return judge(made.rules, {"persoon": assertions}, up_to(99), at_other_end)


END = 'waardering = "vernietigen"\ntermijn = "P1Y"\nbegint = "einde"'


@pytest.mark.parametrize(
    ("day", "term", "expected"),
    [
        ("2020-02-29", "P1Y", "2021-02-28"),
        ("2020-02-29", "P4Y", "2024-02-29"),
        ("2021-01-31", "P1M", "2021-02-28"),
        ("2021-01-31", "P1M1D", "2021-03-01"),
        ("2021-12-31", "P2W", "2022-01-14"),
        ("2021-06-15", "P10Y6M", "2031-12-15"),
        ("2021-06-15", "P9999Y", OPEN.isoformat()),
    ],
)
def test_a_term_ends_on_the_same_day_or_the_last_of_its_month(
    day: str, term: str, expected: str
) -> None:
    assert after(D(day), term) == D(expected)


@pytest.mark.parametrize("term", ["P", "10Y", "PT5H", "P-1Y", "P1Y ", ""])
def test_what_is_no_term_is_refused(term: str) -> None:
    with pytest.raises(InvalidValue):
        after(D("2020-01-01"), term)


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.integers(0, 60), st.integers(0, 24))
def test_a_longer_term_never_ends_earlier(day: date, years: int, months: int) -> None:
    assert after(day, f"P{years}Y{months}M") <= after(day, f"P{years}Y{months + 1}M")
    assert after(day, f"P{years}Y{months}M") >= day
    assert before(day, f"P{years}Y{months}M") <= day


def test_a_term_counts_from_the_first_day_on_which_nothing_holds_any_more() -> None:
    due = judged(rules(END), asserted(1, "2010-01-01"), asserted(2, "2015-06-01", niets=""))
    assert due is not None
    assert (due.since, due.due_on) == (D("2015-06-01"), D("2016-06-01"))
    assert judged(rules(END), asserted(1, "2010-01-01")) is None


def test_a_withdrawal_counts_from_the_day_it_was_registered() -> None:
    made = rules(END.replace("einde", "intrekking"))
    due = judged(made, asserted(1, "2010-01-01"), asserted(2, "2010-01-01", niets=""))
    assert due is not None
    assert due.since == D("2020-05-02")
    assert judged(made, asserted(1, "2010-01-01"), asserted(2, "2011-01-01", niets="")) is None


@pytest.mark.parametrize(
    ("value", "since"),
    [
        ("2010-04-05", "2010-04-05"),
        ("2010-04-00", "2010-04-30"),
        ("2010-00-00", "2010-12-31"),
        ("2010-04-05T12:00:00Z", "2010-04-05"),
        ("0000-00-00", None),
        ("vorig jaar", None),
    ],
)
def test_a_date_counts_by_its_last_possible_day(value: str, since: str | None) -> None:
    made = rules('waardering = "vernietigen"\ntermijn = "P1Y"\nbegint = "veld"\nveld = "besluit"')
    due = judged(made, asserted(1, "2000-01-01", besluit=value))
    assert (due.since if due else None) == (D(since) if since else None)


def test_a_value_counts_from_the_day_it_was_reached_and_stayed() -> None:
    made = rules(
        'waardering = "vernietigen"\ntermijn = "P1Y"\nbegint = "waarde"\nveld = "status"\n'
        'waarden = ["weg", "vervallen"]'
    )
    line = [
        asserted(1, "2010-01-01", status="weg"),
        asserted(2, "2011-01-01", status="terug"),
        asserted(3, "2012-01-01", status="weg"),
        asserted(4, "2013-01-01", status="vervallen"),
    ]
    due = judged(made, *line)
    assert due is not None
    assert due.since == D("2012-01-01")
    assert judged(made, *line, asserted(5, "2014-01-01", status="terug")) is None


def test_a_death_is_looked_up_at_the_person_that_is_named() -> None:
    made = rules(
        'waardering = "vernietigen"\ntermijn = "P5Y"\nbegint = "overlijden"\nvia = "ouder"\n'
        'veld = "overleden"'
    )
    parent = {"persoon": [asserted(1, "1930-01-01", overleden="2001-02-03")]}
    due = judged(made, asserted(1, "1960-01-01", ouder="p1"), others=parent)
    assert due is not None
    assert due.due_on == D("2006-02-03")
    assert judged(made, asserted(1, "1960-01-01", ouder="p1"), others={}) is None
    assert judged(made, asserted(1, "1960-01-01")) is None


def test_keeping_wins_then_the_longest_term_and_a_term_that_does_not_run_keeps() -> None:
    ended = [asserted(1, "2010-01-01", status="b"), asserted(2, "2015-06-01", niets="")]
    longer = END.replace("P1Y", "P7Y")
    due = judged(rules(END, longer), *ended)
    assert due is not None
    assert due.rule.id == "r1"
    kept = END.replace("vernietigen", "blijvend bewaren")
    due = judged(rules(longer, kept), *ended)
    assert due is not None
    assert due.rule.id == "r1"
    waiting = END.replace("einde", "veld") + '\nveld = "besluit"'
    assert judged(rules(END, waiting), *ended) is None
    elsewhere = waiting + '\nwaar = {status = "a"}'
    assert judged(rules(END, elsewhere), *ended) is not None


def test_an_uncertain_begin_of_a_value_counts_by_its_last_possible_day() -> None:
    made = rules(
        'waardering = "vernietigen"\ntermijn = "P1Y"\nbegint = "waarde"\nveld = "status"\n'
        'waarden = ["weg"]'
    )
    unsure = Assertion(
        number=1, group="persoon", period=Period(D("2010-01-01")),
        registered_at=datetime(2020, 5, 1, tzinfo=UTC), kind=Kind.CHANGE,
        content={"status": "weg"}, begin_source=IncompleteDate.parse("2010-00-00"),
    )  # fmt: skip
    due = judged(made, unsure)
    assert due is not None
    assert due.since == D("2010-12-31")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (END.replace("einde", "veld") + '\nveld = "besluid"', "did you mean besluit?"),
        (END + '\nveld = "besluit"', "einde does not look at a property"),
        (END.replace("einde", "waarde") + '\nveld = "status"', "at least one value"),
        (END.replace("P1Y", "1 jaar"), "termijn"),
        (END.replace("einde", "eind"), "did you mean einde?"),
        (END + '\nwaar = {statis = "a"}', "did you mean status?"),
        (END + '\nvia = "oudr"', "did you mean ouder?"),
        (END + "\ntermyn = 1", "did you mean termijn?"),
        (END.replace('waardering = "vernietigen"\n', ""), "waardering: is missing"),
    ],
)
def test_a_mistake_is_told_with_what_was_meant(text: str, told: str) -> None:
    with pytest.raises(MistakesError) as wrong:
        rules(text)
    assert told in str(wrong.value)
    assert "bewaartermijnen.toml:" in str(wrong.value)


def test_a_rule_has_another_digest_when_it_says_something_else() -> None:
    first, second = rules(END).rules[0], rules(END.replace("P1Y", "P2Y")).rules[0]
    again = rules("# uitleg\n" + END).rules[0]
    assert digest_of_rule(first.as_json()) == digest_of_rule(again.as_json())
    assert digest_of_rule(first.as_json()) != digest_of_rule(second.as_json())
