# SPDX-License-Identifier: EUPL-1.2
"""What a resident may see of a line, and how uses are put together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from landschap.gateway.insight.told import Fields, fields_decided
from landschap.logboek.payloads import Outcome
from landschap.logboek.records import Columns, Kind, Record
from landschap.portal.filters import Filter, only, read_filter
from landschap.portal.twins import UseWords, as_csv, as_json
from landschap.portal.uses import (
    SELF,
    Lookups,
    Use,
    Who,
    field_groups,
    first_page,
    grouped,
    tally,
    use_of,
)
from landschap.portal.words import field_words, group_words
from landschap.vocabulary.identifiers import Oin

OWN = Oin.parse("00000099000000002000")
DOESBURG = "00000099000000003000"
LOOK = "https://register.weesp.example/activiteiten/inzage-in-gebruik"
SUPPLY = "https://register.weesp.example/activiteiten/gegevens-verstrekken-voor-bijstand"
NOW = datetime(2026, 11, 24, 13, 5, tzinfo=UTC)
LOOKUPS = Lookups(
    group_words=group_words,
    own=OWN,
    own_name="Gemeente Weesp",
    look_activity=LOOK,
    names={DOESBURG: "Gemeente Doesburg"},
)


def record(
    number: int = 1,
    *,
    at: datetime = NOW,
    activity: str = SUPPLY,
    payload: dict[str, Any] | None = None,
    **own: Any,
) -> Record:
    given: dict[str, Any] = {
        "peer_oin": DOESBURG, "direction": "incoming", "outcome": "delivered", **own
    }  # fmt: skip
    line = {
        "name": "Woon- en uitkeringssituatie opvragen",
        "resource": {"attributes": {"service.name": "geheim-systeem/1"}},
        "attributes": {"user": "medewerker-17"},
    }
    columns = Columns(
        UUID(int=number), int(Kind.LINE), at, b"t" * 16, b"s" * 8, None, b"p" * 16, 1,
        DOESBURG, None, None, "brontabel", None, activity,
    )  # fmt: skip
    body = payload or {"ldv": line, "landschap": {k: v for k, v in given.items() if v is not None}}
    return Record(columns, "web-0", 1, 0, b"", b"", msgspec.json.encode(body))


def use(number: int = 1, **given: Any) -> Use:
    return use_of(record(number, **given), LOOKUPS)


def test_a_question_of_a_peer_has_an_asker_and_a_holder() -> None:
    found = use(delegator_oin="00000099000000004000", processing_id="Z-1")
    assert found.who is Who.THEY_ASKED_US
    assert found.actor.name == "Gemeente Doesburg"
    assert found.holder is not None
    assert found.holder.name == "Gemeente Weesp"
    assert found.delegator is not None
    assert (found.delegator.number, found.delegator.name) == ("00000099000000004000", "")
    assert found.case == "Z-1"


def test_our_own_question_to_a_peer_turns_the_chain_around() -> None:
    found = use(direction="outgoing")
    assert found.who is Who.WE_ASKED_THEM
    assert found.actor.name == "Gemeente Weesp"
    assert found.holder is not None
    assert found.holder.name == "Gemeente Doesburg"


def test_our_own_use_has_no_chain() -> None:
    found = use(direction="own", peer_oin=None)
    assert (found.who, found.holder) == (Who.US, None)


def test_a_persons_own_look_is_told_apart_by_its_activity() -> None:
    found = use(activity=LOOK, direction="own", peer_oin=None)
    assert (found.who, found.actor_key) == (Who.SELF, SELF)


def test_employee_system_and_source_table_do_not_leave_the_line() -> None:
    shown = repr(use())
    for hidden in ("medewerker-17", "geheim-systeem", "brontabel"):
        assert hidden not in shown


@pytest.mark.parametrize("said", [None, "something new", 7])
def test_a_line_without_a_known_outcome_counts_as_given(said: Any) -> None:
    assert use(outcome=said).outcome is Outcome.DELIVERED


def test_groups_are_said_in_words_once() -> None:
    assert use(data_groups=["Adres", "adres.straat", "Iets nieuws"]).groups == (
        "uw adres",
        "Iets nieuws",
    )


def test_an_unknown_field_is_its_name_taken_apart() -> None:
    assert field_words("woning.aantalKamers") == "aantal kamers"
    assert field_words("adres.straat") == "straat"
    assert group_words("Uitkering") == "uw uitkering"


def test_fields_come_from_the_decision_and_nothing_else_does() -> None:
    decision = {
        "visible": ["adres.straat", "adres.huisnummer", "burgerservicenummer"],
        "withheld": ["woning.oppervlakte"],
        "policy": "beleid-7",
    }
    body = {"adl.core.response": {"context": decision}}
    fields = fields_decided([record(), record(payload={"fsc": {}, "adl": {"body": body}})])
    found = field_groups(fields.visible, fields.withheld)
    assert [(g.group, g.fields, g.is_withheld) for g in found] == [
        ("uw adres", ("straat", "huisnummer"), False),
        ("uw burgerservicenummer", (), False),
        ("uw woning", ("oppervlakte",), True),
    ]
    assert fields_decided([record()]) == Fields()


def test_cases_come_with_the_newest_first_and_without_case_last() -> None:
    uses = [
        use(9, processing_id="B"),
        use(8),
        use(7, processing_id="A"),
        use(6, processing_id="B"),
    ]
    groups = grouped(uses, fold=True)
    assert [(g.case, [u.id.int for u in g.uses]) for g in groups] == [
        ("B", [9, 6]),
        ("A", [7]),
        ("", [8]),
    ]


def test_three_alike_on_one_day_share_a_row_and_two_do_not() -> None:
    three = [use(n, at=NOW - timedelta(minutes=9 - n)) for n in (9, 8, 7)]
    other = [use(6, at=NOW - timedelta(days=2)), use(5, at=NOW - timedelta(days=2))]
    refused = [use(4, outcome="refused")]
    (group,) = grouped([*three, *other, *refused], fold=True)
    assert [[u.id.int for u in row.uses] for row in group.rows] == [[9, 8, 7], [6], [5], [4]]
    (unfolded,) = grouped([*three, *other, *refused], fold=False)
    assert all(len(row.uses) == 1 for row in unfolded.rows)
    chosen, errors = read_filter(dict(_pairs(only(group.rows[0]))), NOW.date())
    assert not errors
    assert chosen.unfold
    assert all(chosen.admits(each) for each in group.rows[0].uses)


def _pairs(query: str) -> list[tuple[str, str]]:
    from urllib.parse import parse_qsl

    return parse_qsl(query)


def test_own_looks_do_not_push_the_uses_of_others_off_the_first_page() -> None:
    looks = [use(500 - n, activity=LOOK, direction="own", peer_oin=None) for n in range(120)]
    others = [use(300 - n, processing_id=f"Z-{n}") for n in range(120)]
    shown = first_page([*looks, *others], fold=True, rows=50)
    assert set(looks) < set(shown)
    assert len(shown) - len(looks) >= 30
    assert len(first_page([*looks, *others], fold=False, rows=50)) == 50
    assert first_page(others[:7], fold=True, rows=50) == others[:7]


def test_refused_and_empty_answers_are_counted_apart() -> None:
    outcomes = ["delivered", "partial", "refused", "nothing_found", "failed", "cancelled"]
    uses = [use(n, outcome=outcome) for n, outcome in enumerate(outcomes)]
    found = tally([*uses, use(7, activity=LOOK, direction="own", peer_oin=None)])
    assert (found.given, found.refused, found.nothing, found.own) == (2, 1, 3, 1)


WORDS = UseWords(
    who="=Gemeente", on_behalf_of="", what='Uw "adres"; postcode', why="-1", allowed_because="",
    outcome="Gegeven", written_by="Gemeente Weesp",
)  # fmt: skip


def test_the_table_opens_in_a_spreadsheet_and_calculates_nothing() -> None:
    text = as_csv(["Tijdstip", "Wie"], [(use(), WORDS)])
    first, second, rest = text.split("\r\n")
    assert (first, rest) == ("\ufeffTijdstip;Wie", "")
    assert second == (
        '2026-11-24T13:05:00Z;\'=Gemeente;;"Uw ""adres""; postcode";\'-1;;;Gegeven;Gemeente Weesp'
    )


def test_json_names_organisations_by_number_and_never_the_person() -> None:
    found = as_json(use(data_groups=["Adres"]), WORDS)
    assert found["organisatie"] == {"oin": DOESBURG, "naam": "Gemeente Doesburg"}
    assert found["tijdstip"] == "2026-11-24T13:05:00Z"
    assert found["uitkomst"] == "delivered"
    own = as_json(use(activity=LOOK, direction="own", peer_oin=None), WORDS)
    assert (own["organisatie"], own["doorUzelf"]) == (None, True)


TODAY = NOW.date()


def test_without_a_period_it_is_the_last_year() -> None:
    chosen, errors = read_filter({}, TODAY)
    assert errors == {}
    assert (TODAY - chosen.since).days == 365
    assert chosen.until == TODAY
    since, until = chosen.moments()
    assert since.isoformat() == "2025-11-23T23:00:00+00:00"
    assert until.isoformat() == "2026-11-24T23:00:00+00:00"


@pytest.mark.parametrize("text", ["3-1-2026", "03-01-2026", "2026-01-03", "3/1/2026", "3 1 2026"])
def test_a_day_is_read_as_people_write_it(text: str) -> None:
    chosen, errors = read_filter({"van": text}, TODAY)
    assert errors == {}
    assert chosen.since.isoformat() == "2026-01-03"


@pytest.mark.parametrize("text", ["31-02-2026", "gisteren", "1-1-26", "24-11-9999", "٣-١-٢٠٢٦"])
def test_a_day_that_can_not_be_read_is_told_at_its_field(text: str) -> None:
    _, errors = read_filter({"tot": text}, TODAY)
    assert list(errors) == ["tot"]


def test_a_period_that_is_turned_around_is_told() -> None:
    _, errors = read_filter({"van": "02-01-2026", "tot": "01-01-2026"}, TODAY)
    assert list(errors) == ["tot"]


def test_the_filter_admits_by_who_acted_and_by_activity() -> None:
    def admits(found: Use, *, organisation: str = "", activity: str = "") -> bool:
        chosen = Filter(since=TODAY, until=TODAY, organisation=organisation, activity=activity)
        return chosen.admits(found)

    assert admits(use(), organisation=DOESBURG, activity=SUPPLY)
    assert not admits(use(), organisation=OWN.value)
    assert not admits(use(), activity=LOOK)
    assert not admits(use(), organisation=SELF)
