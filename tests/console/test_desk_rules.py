# SPDX-License-Identifier: EUPL-1.2
"""The desk without a database: what its forms say, and what its letters tell."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from landschap.console.desk import (
    Checked,
    Sought,
    Whom,
    is_called,
    read_checked,
    read_sought,
    the_one,
)
from landschap.console.pages import desk_letter as letters
from landschap.gateway.saying.store.requests import Asked, Event, Request, State
from landschap.platform.desk_settings import DeskSettings
from landschap.platform.identities import employee
from landschap.platform.oidc import Tokens
from landschap.platform.oidc_settings import ConsoleOidcSettings
from landschap.purposes.rights import Right
from landschap.registers.reports import Decided, Report
from landschap.vocabulary.desk import AtDesk, author_at_desk, employee_of
from landschap.vocabulary.mandates import is_code, read_mandates

NUMBER = UUID("01a22df4-8393-7262-985e-e949c974fa71")
ASKED_AT = datetime(2026, 1, 31, 9, tzinfo=UTC)
SENDER = letters.Sender(name="Gemeente Weesp", address="Postbus 1, Weesp", telephone="14 0294")
WHOM = Whom(bsn="999990196", name="Anna Wesseling", address="Hoogstraat 1\n1381 AB Weesp")
CHECK = {"document": "rijbewijs", "tekens": "ab1", "adres": "Hoogstraat 1, Weesp", "gezien": "ja"}


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"bsn": "999990196"}, Sought(number="999990196")),
        ({"bsn": " 9999 90 196 "}, Sought(number="999990196")),
        ({"bsn": "999990197"}, {"bsn": "number"}),
        ({"bsn": "999990196", "naam": "Wesseling"}, {"bsn": "one"}),
        ({}, {"bsn": "one"}),
        (
            {"naam": " de  Man ", "geboren": "1-2-1980"},
            Sought(name="de Man", born_on=date(1980, 2, 1)),
        ),
        (
            {"naam": "Man", "geboren": "1980-02-01"},
            Sought(name="Man", born_on=date(1980, 2, 1)),
        ),
        ({"naam": "Man"}, {"geboren": "day"}),
        ({"naam": "Man", "geboren": "31-2-1980"}, {"geboren": "day"}),
        ({"geboren": "1-2-1980"}, {"naam": "name"}),
        ({"naam": "x" * 201, "geboren": "1-2-1980"}, {"naam": "name"}),
    ],
)
def test_a_person_is_sought_by_one_exact_thing(form: dict[str, str], expected: object) -> None:
    assert read_sought(form) == expected


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([], ""),
        (["999990196"], "999990196"),
        (["999990196", "999990196"], "999990196"),
        (["999990196", "999990822"], ""),
        (["999990196", None], ""),
        ([None], ""),
        ([None, None], ""),
    ],
)
def test_only_who_is_certain_is_found(numbers: list[str | None], expected: str) -> None:
    assert the_one(numbers) == expected


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, Checked(document="rijbewijs", characters="AB1", address="Hoogstraat 1, Weesp")),
        ({"tekens": ""}, Checked(document="rijbewijs", characters="", address=CHECK["adres"])),
        ({"tekens": "ABC12"}, {"tekens": "characters"}),
        ({"tekens": "A-1"}, {"tekens": "characters"}),
        ({"document": "bibliotheekpas"}, {"document": "document"}),
        ({"adres": "W"}, {"adres": "address"}),
        ({"adres": "W" * 301}, {"adres": "address"}),
        ({"gezien": ""}, {"gezien": "seen"}),
    ],
)
def test_a_check_names_a_document_and_four_characters_at_most(
    changed: dict[str, str], expected: object
) -> None:
    assert read_checked({**CHECK, **changed}) == expected


def test_a_surname_is_the_whole_of_it() -> None:
    assert is_called("de Man", "DE  MAN")
    assert not is_called("Wesseling", "Wessel")
    assert not is_called("Wesseling", "")


def request(*events: tuple[State, str], right: Right = Right.ERASURE) -> Request:
    asked = Asked(
        right=right, subject=bytes(16), key_id=1, about="", activities=(), at_once=False, via="1",
        said_at=ASKED_AT, sealed=b"", author=author_at_desk("balie"),
    )  # fmt: skip
    told = [(State.RECEIVED, ""), *events]
    return Request(
        number=NUMBER, asked=asked, received_at=ASKED_AT,
        events=tuple(
            Event(state=state, at=ASKED_AT, author="fg", reason=reason) for state, reason in told
        ),
    )  # fmt: skip


def test_letters_about_a_request_tell_term_reason_and_how_to_object() -> None:
    made = letters.of_request(
        request((State.EXTENDED, "veel werk"), (State.REFUSED, "de wet wil het")), "", SENDER
    )
    assert [each.letter for each in made] == ["ontvangst", "verlenging", "besluit"]
    received, longer, decided = made
    assert "aan de balie" in received.paragraphs[0]
    # A month after the last of January is the last of February.
    assert "28 februari 2026" in " ".join(received.paragraphs)
    assert "30 april 2026" in " ".join(longer.paragraphs)
    assert "Waarom: de wet wil het" in decided.paragraphs
    # Six weeks after 31 January is a Saturday: the Monday after it.
    assert "16 maart 2026" in decided.objection[0]
    assert "Postbus 1, Weesp" in decided.objection[0]
    granted = letters.of_request(request((State.GRANTED, "ja"), right=Right.ACCESS), "", SENDER)[-1]
    assert granted.objection == ()
    assert "Een kopie van uw gegevens zit bij deze brief." in granted.paragraphs
    at_home = request()
    at_home = replace(at_home, asked=replace(at_home.asked, author="inwoner"))
    assert "balie" not in letters.of_request(at_home, "", SENDER)[0].paragraphs[0]


def test_letters_about_a_report_and_a_consent() -> None:
    report = Report(
        report_id=NUMBER, type_key="a.b", object_id="1", paths=("huisnummer",),
        since=date(2020, 1, 1), explanation="zie contract", peer="1", reported_at=ASKED_AT,
        proposed="14", decide_by=date(2026, 2, 27), author=author_at_desk("balie"),
    )  # fmt: skip
    (received,) = letters.of_report(report, "Huisnummer", SENDER)
    assert "27 februari 2026" in " ".join(received.paragraphs)
    assert "Volgens u moet er staan: 14." in received.paragraphs
    decided = Decided(upheld=False, reason="het klopt", document="akte 7")
    refused = letters.of_report(
        replace(report, decided=decided, decided_at=ASKED_AT), "Huisnummer", SENDER
    )[-1]
    assert "Waarom: het klopt" in refused.paragraphs
    assert refused.objection
    given = letters.of_consent(NUMBER, ASKED_AT, "bijstand", "Doesburg", "https://x/1", holds=True)
    taken = letters.of_consent(NUMBER, ASKED_AT, "bijstand", "Doesburg", "https://x/1", holds=False)
    assert (given.letter, taken.letter) == ("bewijs", "bewijs")
    assert given.subject != taken.subject


def test_a_letter_as_a_document_says_to_whom_and_that_it_is_invented() -> None:
    (letter,) = letters.of_request(request(), "", replace(SENDER, is_fictitious=True))
    made = letters.document_of(letter, WHOM, replace(SENDER, is_fictitious=True), date(2026, 2, 1))
    assert made.lines[:4] == (
        "Verzonnen gegevens, verzonnen organisatie.", "Anna Wesseling", "Hoogstraat 1",
        "1381 AB Weesp",
    )  # fmt: skip
    nobody = letters.document_of(letter, None, SENDER, date(2026, 2, 1))
    assert "Beste heer of mevrouw," in nobody.lines


def test_no_login_can_tell_a_mandate_that_looks_like_the_desk() -> None:
    claim = {"bsn": "999990196", "jti": "M-1", "services": ["logboek-inzage"]}
    assert read_mandates({**claim, "iss": "https://x.example"}, bsn_claim="bsn", issuer="y")
    assert read_mandates({**claim, "iss": "balie"}, bsn_claim="bsn", issuer="y") == ()


def test_a_visit_and_its_author_may_stand_in_the_log() -> None:
    visit = AtDesk(
        visit=UUID(int=123456789), employee="a", employee_name="A", login="", since=0, until=0
    )
    assert is_code(visit.reference)
    assert not any(each.isdigit() for each in visit.reference)
    assert employee_of(author_at_desk("m.jansen")) == "m.jansen"
    assert employee_of("inwoner") == ""


@pytest.mark.parametrize(
    ("claim", "number"), [("999990196", "999990196"), ("geen", ""), (None, ""), ({}, "")]
)
def test_the_employees_own_number_is_a_number_or_nothing(claim: object, number: str) -> None:
    console = ConsoleOidcSettings(issuer="https://x.example", client_id="c", roles=("r",))
    desk = DeskSettings(roles=("balie",), purpose="https://x.example/d", persons="a.b")
    claims = {
        "sub": "s", "roles": ["balie"], "amr": ["mfa"], "auth_time": 1, "iat": 1,
        **({} if claim is None else {"bsn": claim}),
    }  # fmt: skip
    identify = employee(console, desk)
    assert identify(claims, Tokens(identity="t", access="")).number == number
