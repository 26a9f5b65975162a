# SPDX-License-Identifier: EUPL-1.2
"""Who received a value that was corrected since: what a line tells, and what it can not tell."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from tests.logboek.log_rig import OTHER, OWN, PEER, entry
from tests.registers.rig import annotated, made_up

from landschap.gateway.correcting.receivers import Corrected, Receipt, Why, receipt_of, receivers_of
from landschap.gateway.correcting.telling import correction_since, first_receipts
from landschap.logboek.drafts import line_draft
from landschap.logboek.payloads import Outcome
from landschap.logboek.records import Record, columns_of, encode
from landschap.platform.ids import uuid7
from landschap.registers.periods import Period
from landschap.registers.timeline import Assertion, Clock, Kind, Known

STREET = {"title": "T", "x-titel-en": "T", "type": "string"}
REGISTER = made_up(
    bsn=annotated(**{"x-onderwerp": "bsn", "x-persoonsgegeven": "identificerend"}),
    naam=annotated(),
    adres={
        **annotated(), "type": "object", "additionalProperties": False,
        "properties": {"straat": STREET, "plaats": STREET},
    },
    voornaam=annotated(**{"x-afgeleid": {"regel": "gevuld", "uit": "naam"}, "type": ["boolean", "null"]}),
)  # fmt: skip
KIND = REGISTER.types["persoon"]
FIRST = datetime(2026, 3, 1, 9, tzinfo=UTC)
CORRECTION = datetime(2026, 5, 1, 9, tzinfo=UTC)
DAY = date(2026, 4, 1)


def said(number: int, at: datetime, begin: date, end: date, naam: str, straat: str) -> Assertion:
    return Assertion(
        number=number, group=KIND.groups[0], period=Period(begin, end), registered_at=at,
        kind=Kind.REGISTRATION if number == 1 else Kind.CORRECTION,
        content={"naam": naam, "adres": {"straat": straat, "plaats": "Weesp"}},
    )  # fmt: skip


# From 10 March to 1 June another name and street turned out to be the right ones.
ASSERTIONS = (
    said(1, FIRST, date(2020, 1, 1), date.max, "Jansen", "Kade"),
    said(2, CORRECTION, date(2026, 3, 10), date(2026, 6, 1), "Janssen", "Gracht"),
)
NOW = Known(clock=Clock.OWN, moment=CORRECTION + timedelta(days=30), number=2)


def corrected(path: str = "naam", **changes: Any) -> Corrected:
    made = Corrected(
        type=KIND, path=path, assertions=ASSERTIONS, known=NOW,
        services=frozenset({"proef", "bag"}),
    )  # fmt: skip
    return dataclasses.replace(made, **changes)


def told(at: datetime, *, service: str = "proef", **changes: object) -> Record:
    """A line of an answer that gave the name, about a day in the corrected period."""
    given: Mapping[str, object] = {
        "started_at": at, "ended_at": at, "data_groups": ("naam",), "valid_on": DAY,
        "known_at": at, "purpose": "https://doelen.test/bijstand", **changes,
    }  # fmt: skip
    draft = line_draft(entry(**given), now=at, service=service)
    return Record(columns_of(draft, uuid7()), "proef", 1, 0, b"", b"", encode(draft))


def receipt(record: Record, of: Corrected | None = None) -> Receipt | None:
    return receipt_of(record, of or corrected(), OWN)


BEFORE, AFTER = CORRECTION - timedelta(days=1), CORRECTION + timedelta(days=1)


def test_who_asked_before_the_correction_received_the_old_value_and_who_asked_after_did_not() -> (
    None
):
    found = receipt(told(BEFORE))
    assert found is not None
    assert (found.organisation, found.through, found.at, found.doubts) == (PEER, "", BEFORE, ())
    assert found.purpose == "https://doelen.test/bijstand"
    assert receipt(told(AFTER)) is None


def test_who_asks_after_the_correction_what_was_known_before_it_receives_the_old_value() -> None:
    found = receipt(told(AFTER, known_at=BEFORE))
    assert found is not None
    assert found.doubts == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"data_groups": ("bsn",)},
        {"outcome": Outcome.REFUSED},
        {"outcome": Outcome.NOTHING_FOUND},
        {"direction": "outgoing"},
        {"service": "bag"},
        {"service": ""},
    ],
    ids=lambda each: next(iter(each)) + str(next(iter(each.values()))),
)
def test_a_line_that_gave_no_value_of_the_field_is_no_receipt(changes: dict[str, Any]) -> None:
    assert receipt(told(BEFORE, **changes)) is None


@pytest.mark.parametrize(
    ("changes", "asked", "why"),
    [
        # Nothing changed of that day; the answer may have held more days.
        ({"valid_on": date(2021, 1, 1)}, corrected(), Why.OTHER_DAY),
        ({"valid_on": None}, corrected(), Why.NO_MOMENT),
        ({"known_at": None}, corrected(), Why.NO_MOMENT),
        ({"service": "samengesteld"}, corrected(), Why.OTHER_SERVICE),
        ({"data_groups": ("voornaam (gevuld uit naam)",)}, corrected(), Why.DERIVED),
        ({"data_groups": ("adres",)}, corrected("adres.straat"), Why.PART),
        ({}, corrected(has_others=True), Why.OTHER_OBJECT),
    ],
)
def test_where_a_line_can_not_tell_it_may_have_been_received_and_why(
    changes: dict[str, Any], asked: Corrected, why: Why
) -> None:
    found = receipt(told(BEFORE, **changes), asked)
    assert found is not None
    assert found.doubts == (why,)


def test_a_part_that_stayed_the_same_was_received_by_nobody() -> None:
    assert receipt(told(BEFORE, data_groups=("adres",)), corrected("adres.plaats")) is None


def test_receipts_are_told_per_organisation_and_purpose_the_certain_ones_first() -> None:
    parking = "https://doelen.test/parkeren"
    lines = [
        told(FIRST + timedelta(days=2), valid_on=date(2021, 1, 1), peer=OTHER),
        told(BEFORE, peer=PEER),
        told(BEFORE - timedelta(days=5), peer=PEER),
        told(BEFORE, peer=PEER, purpose=parking, delegator=OTHER),
        told(BEFORE, peer=None, direction="own"),
    ]
    found = receivers_of(lines, corrected(), OWN)
    assert [(each.organisation, each.through, each.times, each.possible) for each in found] == [
        (PEER, "", 2, 0),
        (OWN, "", 1, 0),
        (OTHER, PEER, 1, 0),
        (OTHER, "", 0, 1),
    ]
    assert found[0].first == BEFORE - timedelta(days=5)
    assert found[2].as_json({OTHER: "Doesburg"}) == {
        "organisation": OTHER, "name": "Doesburg", "through": PEER, "purpose": parking,
        "certain": True, "since": "2026-04-30T09:00:00Z", "last": "2026-04-30T09:00:00Z",
        "times": 1, "possible": 0, "why": [],
    }  # fmt: skip


def test_on_the_clock_of_a_source_what_came_in_later_was_not_known_yet() -> None:
    late = dataclasses.replace(ASSERTIONS[1], source_registered_at=FIRST + timedelta(days=1))
    early = dataclasses.replace(ASSERTIONS[0], source_registered_at=FIRST)
    known = dataclasses.replace(NOW, clock=Clock.SOURCE)
    asked = corrected(assertions=(early, late), known=known)
    found = receipt(told(BEFORE), asked)
    assert found is not None
    assert found.doubts == ()
    assert receipt(told(AFTER), asked) is None


def test_told_is_the_last_act_that_mended_the_field_and_an_ordinary_change_tells_nobody_again() -> (
    None
):
    moved = dataclasses.replace(
        said(3, AFTER, date(2026, 8, 1), date.max, "De Wit", "Gracht"), kind=Kind.CHANGE
    )
    other = said(4, AFTER, date(2026, 3, 10), date(2026, 6, 1), "Janssen", "Singel")
    now = dataclasses.replace(NOW, number=4)
    name = corrected(assertions=(*ASSERTIONS, moved, other), known=now)
    street = dataclasses.replace(name, path="adres.straat")
    assert correction_since(name, BEFORE).number == 2
    assert correction_since(street, BEFORE).number == 4
    late = dataclasses.replace(ASSERTIONS[1], kind=Kind.CHANGE)
    unmarked = corrected(assertions=(ASSERTIONS[0], late, moved), known=now)
    assert correction_since(unmarked, BEFORE).number == 2
    # Somebody who asked later for what was known before.
    assert correction_since(corrected(), AFTER).number == 2


def test_an_organisation_is_told_once_whoever_asked_for_it_and_for_whatever_purposes() -> None:
    lines = [
        told(BEFORE, purpose="https://doelen.test/anders"),
        told(BEFORE - timedelta(days=3)),
        told(BEFORE, delegator=OTHER),
        told(BEFORE, peer=None, direction="own"),
    ]
    found = first_receipts(receivers_of(lines, corrected(), OWN), OWN)
    assert found == {PEER: BEFORE - timedelta(days=3), OTHER: BEFORE}
