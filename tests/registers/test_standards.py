# SPDX-License-Identifier: EUPL-1.2
"""Which duty holds on which day, what goes before what, and what a wrong file is told."""

from __future__ import annotations

from datetime import date
from importlib.resources import files
from typing import Any

import pytest

from landschap.purposes.model import Text
from landschap.registers.open.api.standards import bars
from landschap.registers.standards.model import (
    Basis,
    Duty,
    DutyFrom,
    Measured,
    Point,
    Standard,
    State,
    by_month,
    standing_of,
)
from landschap.registers.standards.reading import Standards, WrongStandards, read_standards

PACKAGED = (files("landschap.registers.standards") / "standards.toml").read_text(encoding="utf-8")
DAY = date(2026, 12, 31)
OWN = """
[[plicht]]
standaard = "logboek-dataverwerkingen"
plicht = "verplicht"
vanaf = 2027-07-01
bron = "besluit van het college"

[[verklaring]]
standaard = "fsc"
dienst = "*"
staat = "wijkt-af"
vanaf = 2026-01-01
uitleg = { nl = "nog niet", en = "not yet" }

[[verklaring]]
standaard = "fsc"
dienst = "zaken"
staat = "nvt"
vanaf = 2026-02-01
uitleg = { nl = "is er niet voor", en = "is not for it" }
"""
FELT = """
[[standaard]]
id = "a"
naam = "a"
versie = "1"
beheerder = "b"
waarvoor = { nl = "a", en = "a" }
meting = "gevoel"
"""
EVIDENCE = Text(nl="gemeten", en="measured")


def standards() -> Standards:
    return read_standards(PACKAGED, OWN)


def named(name: str) -> Standard:
    return next(each for each in standards().standards if each.id == name)


def standing(standard: str, service: str, measured: State | None = None, day: date = DAY) -> Any:
    found = Measured(state=measured, evidence=EVIDENCE) if measured else None
    return standing_of(named(standard), service, found, standards().declared, day)


def test_a_standard_goes_from_recommended_to_binding_on_its_day() -> None:
    fsc = named("fsc")
    days = {date(2024, 1, 1): None, date(2026, 12, 31): Duty.RECOMMENDED,
            date(2027, 1, 1): Duty.BINDING}  # fmt: skip
    for day, duty in days.items():
        found = fsc.duty_on(day)
        assert (found.duty if found else None) is duty, day
    assert [each.duty for each in fsc.ahead_of(date(2026, 12, 31))] == [Duty.BINDING]
    assert named("api-design-rules").duty_on(DAY).duty is Duty.COMPLY_OR_EXPLAIN  # type: ignore[union-attr]
    # What the organisation decided itself stands among them, in order of day.
    added = named("logboek-dataverwerkingen").duties
    assert [(each.duty, each.from_day.year) for each in added] == [
        (Duty.RECOMMENDED, 2026), (Duty.BINDING, 2027),
    ]  # fmt: skip
    assert named("authzen-nlgov").duty_on(DAY) is None


def test_what_was_measured_goes_before_what_was_declared() -> None:
    one = standing("fsc", "bag", State.CONFORMS)
    assert (one.state, one.basis, one.explanation.nl) == (
        State.CONFORMS, Basis.MEASURED, "nog niet",
    )  # fmt: skip
    unmeasured = standing("fsc", "bag", State.UNKNOWN)
    assert (unmeasured.state, unmeasured.basis) == (State.DIFFERS, Basis.DECLARED)
    # That it does not apply is for the organisation to say, for one service before all.
    assert standing("fsc", "zaken", State.DIFFERS).state is State.NOT_APPLICABLE
    assert standing("fsc", "zaken", day=date(2026, 1, 15)).state is State.DIFFERS
    nothing = standing("zgw", "bag")
    assert (nothing.state, nothing.basis, nothing.duty) == (
        State.UNKNOWN, Basis.NOTHING, Duty.NONE,
    )  # fmt: skip


def test_who_must_explain_is_who_does_not_conform_under_a_duty_and_says_nothing() -> None:
    assert standing("api-design-rules", "bag", State.DIFFERS).must_explain
    assert standing("api-design-rules", "bag").must_explain
    assert not standing("api-design-rules", "bag", State.CONFORMS).must_explain
    assert not standing("fsc", "bag", day=date(2027, 2, 1)).must_explain  # it is explained
    assert not standing("dcat-ap-nl", "bag", State.DIFFERS).must_explain  # recommended only


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x", "Expected"),
        ("[[plicht]]\nstandaard = 'fcs'\nplicht = 'verplicht'\nvanaf = 2027-01-01\nbron = ''",
         "did you mean fsc"),
        ("[[plicht]]\nstandaard = 'fsc'\nplicht = 'moet'\nvanaf = 2027-01-01\nbron = ''", "moet"),
        (OWN.replace('"nog niet"', '""'), "verklaring 1: uitleg.nl"),
        (OWN.replace('"nvt"', '"onbekend"'), "verklaring 2: declare what is so"),
        (OWN.replace('"zaken"', '" "'), "dienst is empty"),
        (OWN.replace("staat =", "stand ="), "stand"),
        (FELT, "gevoel"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_told_with_its_place(text: str, told: str) -> None:
    with pytest.raises(WrongStandards, match=told):
        read_standards(PACKAGED, text)


def test_of_two_duties_on_one_day_the_one_added_holds() -> None:
    own = OWN.replace("2027-07-01", "2026-04-09")
    found = next(
        e for e in read_standards(PACKAGED, own).standards if e.id == "logboek-dataverwerkingen"
    )
    assert found.duty_on(DAY) == DutyFrom(
        duty=Duty.BINDING, from_day=date(2026, 4, 9), source="besluit van het college"
    )


def test_a_trend_has_the_last_point_of_each_month() -> None:
    def point(day: date, conforming: int) -> Point:
        return Point(
            day=day,
            states={State.CONFORMS: conforming, State.DIFFERS: 1, State.NOT_APPLICABLE: 5},
        )

    days = [(date(2026, 9, 2), 0), (date(2026, 10, 1), 1), (date(2026, 10, 31), 3)]
    found = by_month([point(day, count) for day, count in reversed(days)], 12)
    assert [(each.day, each.conforming, each.applicable) for each in found] == [
        (date(2026, 9, 2), 0, 1), (date(2026, 10, 31), 3, 4),
    ]  # fmt: skip
    assert by_month([point(day, count) for day, count in days], 1)[0].day == date(2026, 10, 31)
    assert bars(found) == [0, 75]
