# SPDX-License-Identifier: EUPL-1.2
"""A derived field is given alone: what it follows from is read, and goes no further."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest
from tests.registers.rig import annotated, made_up
from tests.registers.test_api import SUZANNE, Asker, asker_of
from tests.throwaway import Database

from landschap.platform.ids import uuid7
from landschap.purposes.duties import Confidentiality, Obligation
from landschap.purposes.rows import RowCondition
from landschap.registers import store
from landschap.registers.operations import Draft
from landschap.registers.periods import OPEN, Period
from landschap.registers.quick_answers import Plan
from landschap.registers.store import Act, Entry, Written
from landschap.registers.timeline import Kind
from landschap.registers.views import narrowed

IN_TIME = {"x-mim-tijdlijn-geldigheid": True, "x-mim-tijdlijn-registratie": True}
PERSONAL = {**IN_TIME, "x-persoonsgegeven": "gewoon"}


def derived(gives: str, **rule: Any) -> dict[str, object]:
    return annotated(**{"type": [gives, "null"], "x-persoonsgegeven": "gewoon", "x-afgeleid": rule})


PEOPLE = made_up(
    naam=annotated(**PERSONAL),
    geboortedatum=annotated(
        **PERSONAL, type=["string", "null"], pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
    ),
    gemeente=annotated(**PERSONAL, **{"x-groep": "verblijf", "x-zoekbaar": True}),
    inkomen=annotated(**PERSONAL, type=["integer", "null"]),
    kinderen=annotated(**PERSONAL, type=["array", "null"], items={"type": "string"}),
    partner=annotated(**PERSONAL, **{"x-verwijst-naar": "persoon"}),
    burgerservicenummer=annotated(
        **{"x-zoekbaar": True, "x-persoonsgegeven": "identificerend", "x-onderwerp": "bsn"}
    ),
    meerderjarig=derived("boolean", regel="leeftijd-vanaf", uit="geboortedatum", jaren=18),
    woontInWeesp=derived("boolean", regel="is-een-van", uit="gemeente", waarden=["0457"]),
    aantalKinderen=derived("integer", regel="aantal", uit="kinderen"),
    inkomensklasse=derived(
        "string", regel="klasse", uit="inkomen", grenzen=[20000, 40000],
        namen=["laag", "midden", "hoog"],
    ),
    kanStemmen=derived("boolean", regel="alle", uit=["meerderjarig", "woontInWeesp"]),
)  # fmt: skip
TYPE = PEOPLE.types["persoon"]
DERIVED = ("meerderjarig", "woontInWeesp", "aantalKinderen", "inkomensklasse", "kanStemmen")
SECRETS = ("Jansen", "2004-05-17", '"0457"', "31415", "Pietje")


@pytest.fixture
async def asker(database: Database) -> AsyncIterator[Asker]:
    async for one in asker_of(database, PEOPLE):
        yield one


async def add(
    asker: Asker, object_id: str, begin: date, group: str = "persoon", **content: Any
) -> None:
    draft = Draft(period=Period(begin, OPEN), kind=Kind.CHANGE, content=content, group=group)
    act = Act(
        register=asker.register, transaction_id=uuid7(),
        entries=[Entry(type=TYPE, object_id=object_id, draft=draft)],
    )  # fmt: skip
    assert isinstance(await store.write(asker.pool, act), Written)


async def suzanne(asker: Asker, born: str = "2004-05-17") -> None:
    await add(
        asker, "a1", date(2004, 6, 1), naam="Jansen", geboortedatum=born, inkomen=31415,
        kinderen=["Pietje", "Truus"], burgerservicenummer=SUZANNE,
    )  # fmt: skip
    await add(asker, "a1", date(2004, 6, 1), "verblijf", gemeente="0457")


async def test_a_derived_field_is_given_without_what_it_follows_from(asker: Asker) -> None:
    await suzanne(asker)
    answer = await asker.get("a1", fields=DERIVED)
    assert answer.json() == {
        "meerderjarig": True, "woontInWeesp": True, "aantalKinderen": 2,
        "inkomensklasse": "midden", "kanStemmen": True,
    }  # fmt: skip
    assert not any(secret in answer.text for secret in SECRETS)


async def test_every_way_that_gives_objects_gives_it_and_no_more(asker: Asker) -> None:
    await suzanne(asker)
    fields = ("nummer", "meerderjarig")
    body = json.dumps({"burgerservicenummer": SUZANNE}).encode()
    found = await asker.search(body, fields=fields)
    assert found.json()["items"] == [{"nummer": "a1", "meerderjarig": True}]
    batch = json.dumps({"requests": [{"key": "a1"}]}).encode()
    told = await asker.send("POST", "/proef/v1/personen/_batch", body=batch, fields=fields)
    assert told.json()["results"] == [{"nummer": "a1", "meerderjarig": True}]
    parts = await asker.send("GET", "/proef/v1/personen/a1/registraties", fields=fields)
    whole = await asker.send(
        "GET", "/proef-bulk/v1/personen", {"formaat": "jsonl"}, service="proef-bulk", fields=fields
    )
    assert json.loads(whole.text.splitlines()[0]) == {"nummer": "a1", "meerderjarig": True}
    assert not any(s in each.text for s in SECRETS for each in (found, told, parts, whole))


async def test_one_is_asked_by_name_and_a_misspelt_name_is_told_the_nearest(asker: Asker) -> None:
    await suzanne(asker)
    answer = await asker.get("a1", {"fields": "meerderjarig"}, fields=DERIVED)
    assert answer.json() == {"meerderjarig": True}
    wrong = await asker.get("a1", {"fields": "meerderjarg"}, fields=DERIVED)
    assert (wrong.status_code, "did you mean meerderjarig" in wrong.text) == (400, True)
    closed = await asker.get("a1", {"fields": "geboortedatum"}, fields=DERIVED)
    assert (closed.status_code, "2004" in closed.text) == (403, False)


async def test_at_the_other_end_of_a_relation_it_is_given_without_its_input_too(
    asker: Asker,
) -> None:
    await suzanne(asker)
    await add(asker, "b2", date(2004, 6, 1), naam="Bakker", partner="a1")
    fields = ("partner", "meerderjarig")
    answer = await asker.get("b2", {"expand": "partner"}, fields=fields)
    assert answer.json() == {
        "meerderjarig": None, "partner": "a1", "_uitgebreid": {"partner": {"meerderjarig": True}},
    }  # fmt: skip
    assert not any(secret in answer.text for secret in SECRETS)


def test_the_short_way_leaves_it_to_the_long_one() -> None:
    view = narrowed(TYPE, ["naam", "meerderjarig"])
    assert set(view.properties) == {"nummer", "naam", "meerderjarig", "geboortedatum"}
    for leaves, short in (({"naam"}, True), ({"naam", "meerderjarig"}, False)):
        plan = Plan(kind=view, leaves=frozenset(leaves), with_corrections=False)
        assert plan.can_answer is short


async def test_who_sees_only_what_follows_is_not_told_what_changed(asker: Asker) -> None:
    await suzanne(asker)
    told = await asker.send("GET", "/proef/v1/wijzigingen", fields=("meerderjarig",))
    assert told.json() == {"items": []}
    told = await asker.send("GET", "/proef/v1/wijzigingen", fields=("gemeente", "meerderjarig"))
    assert [item["groep"] for item in told.json()["items"]] == ["verblijf"]


async def test_doubt_is_reported_about_what_was_written(asker: Asker) -> None:
    await suzanne(asker)
    body = json.dumps({"kenmerken": ["meerderjarig"], "toelichting": "klopt niet"}).encode()
    path = "/proef/v1/personen/a1/_terugmelding"
    answer = await asker.send("POST", path, body=body, fields=DERIVED)
    assert answer.status_code == 400
    assert "meerderjarig is derived: name what it follows from (geboortedatum)" in answer.text


@pytest.mark.parametrize(
    ("born", "day", "expected"),
    [
        ("2004-05-17", "2022-05-16", False),
        ("2004-05-17", "2022-05-17", True),
        ("2004-05-00", "2022-04-30", False),
        ("2004-05-00", "2022-05-15", None),  # the first of May, or the last
        ("2004-05-00", "2022-05-31", True),
        ("2004-00-00", "2021-12-31", False),
        ("2004-00-00", "2022-06-15", None),
        ("2004-00-00", "2022-12-31", True),
        ("0000-00-00", "2026-01-01", None),
        ("2004-02-29", "2022-02-28", False),
        ("2004-02-29", "2022-03-01", True),
    ],
)
async def test_age_is_that_of_the_day_asked_and_unknown_where_a_date_leaves_it_open(
    asker: Asker, born: str, day: str, expected: bool | None
) -> None:
    await add(asker, "a1", date(2004, 1, 1), naam="J", geboortedatum=born)
    answer = await asker.get("a1", {"geldigOp": day}, fields=("meerderjarig",))
    assert answer.json()["meerderjarig"] is expected


async def test_history_gives_what_followed_from_the_values_as_they_were(asker: Asker) -> None:
    await suzanne(asker)
    await add(asker, "a1", date(2025, 1, 1), "verblijf", gemeente="0363")
    fields = ("woontInWeesp",)
    for day, expected in (("2024-12-31", True), ("2025-01-01", False)):
        answer = await asker.get("a1", {"geldigOp": day}, fields=fields)
        assert answer.json()["woontInWeesp"] is expected
    now = await asker.get("a1", fields=fields)
    before = now.headers["Content-Location"].partition("beschikbaarOp=")[2].partition("&")[0]
    await add(asker, "a1", date(2025, 1, 1), "verblijf", gemeente="0457")
    moment = before.replace("%3A", ":")
    for query, expected in (({}, True), ({"beschikbaarOp": moment}, False)):
        answer = await asker.get("a1", query, fields=fields)
        assert answer.json()["woontInWeesp"] is expected


async def test_of_a_stretch_it_is_told_only_when_it_holds_on_all_its_days(asker: Asker) -> None:
    await suzanne(asker)
    await add(asker, "a1", date(2022, 5, 17), naam="Pietersen", geboortedatum="2004-05-17",
              burgerservicenummer=SUZANNE)  # fmt: skip
    await add(asker, "a1", date(2020, 1, 1), naam="Bakker", geboortedatum="2004-05-17",
              burgerservicenummer=SUZANNE)  # fmt: skip
    answer = await asker.send("GET", "/proef/v1/personen/a1/voorkomens", fields=("meerderjarig",))
    told = [(e["historie"]["beginGeldigheid"], e["meerderjarig"]) for e in answer.json()["items"]]
    # From 2020 on for ever: not yet, and then it is.
    assert told == [("2020-01-01", None), ("2004-06-01", False)]


async def moves(asker: Asker) -> None:
    """Born in Weesp, moved inside it, and then away; of another name since 2022."""
    await suzanne(asker)
    await add(asker, "a1", date(2010, 1, 1), "verblijf", gemeente="0457")
    await add(asker, "a1", date(2015, 1, 1), "verblijf", gemeente="0363")
    await add(asker, "a1", date(2022, 1, 1), naam="Pietersen", geboortedatum="2004-05-17",
              burgerservicenummer=SUZANNE)  # fmt: skip


async def test_when_a_hidden_value_changed_is_not_told(asker: Asker) -> None:
    await moves(asker)
    alone = await asker.get("a1", {"historie": "true"}, fields=("woontInWeesp",))
    told = alone.json()["historie"]
    assert told.keys() == {
        "geldigOp", "beschikbaarOp", "klok", "zekerheid", "inOnderzoek", "corrigeert",
    }  # fmt: skip
    assert told["corrigeert"] is None
    assert "Last-Modified" not in alone.headers
    beside = await asker.get("a1", {"historie": "true"}, fields=("naam", "woontInWeesp"))
    assert beside.json()["historie"]["beginGeldigheid"] == "2022-01-01"
    both = await asker.get("a1", {"historie": "true"}, fields=("gemeente", "woontInWeesp"))
    assert both.json()["historie"]["beginGeldigheid"] == "2015-01-01"


async def test_stretches_are_those_of_what_is_told(asker: Asker) -> None:
    await moves(asker)

    async def told(*fields: str) -> list[tuple[Any, ...]]:
        answer = await asker.send("GET", "/proef/v1/personen/a1/voorkomens", fields=fields)
        return [
            (e["historie"]["beginGeldigheid"], e["historie"]["eindGeldigheid"], e["woontInWeesp"])
            for e in answer.json()["items"]
        ]

    assert await told("woontInWeesp") == [
        ("2015-01-01", None, False), ("2004-06-01", "2015-01-01", True),
    ]  # fmt: skip
    assert await told("naam", "woontInWeesp") == [
        ("2022-01-01", None, False), ("2015-01-01", "2022-01-01", False),
        ("2004-06-01", "2015-01-01", True),
    ]  # fmt: skip
    assert len(await told("gemeente", "woontInWeesp")) == 3
    bulk = await asker.send(
        "GET", "/proef-bulk/v1/personen", {"formaat": "jsonl", "uitvoer": "voorkomens"},
        service="proef-bulk", fields=("woontInWeesp",),
    )  # fmt: skip
    rows = [json.loads(line) for line in bulk.text.splitlines()]
    assert [row["historie"]["beginGeldigheid"] for row in rows if "woontInWeesp" in row] == [
        "2004-06-01", "2015-01-01",
    ]  # fmt: skip


async def test_registrations_are_those_of_what_is_told(asker: Asker) -> None:
    await moves(asker)
    path = "/proef/v1/personen/a1/registraties"
    for fields, groups in (
        (("woontInWeesp",), []),
        (("naam", "woontInWeesp"), ["persoon", "persoon"]),
        (("gemeente", "woontInWeesp"), ["verblijf"] * 3),
    ):
        answer = await asker.send("GET", path, fields=fields)
        assert [item["groep"] for item in answer.json()["items"]] == groups
    bulk = await asker.send(
        "GET", "/proef-bulk/v1/personen", {"formaat": "jsonl", "uitvoer": "registraties"},
        service="proef-bulk", fields=("woontInWeesp",),
    )  # fmt: skip
    assert not any('"groep"' in line for line in bulk.text.splitlines())


async def test_the_line_of_the_person_names_the_rule(asker: Asker) -> None:
    await suzanne(asker)
    await asker.get("a1", fields=("meerderjarig", "naam"))
    (line,) = await asker.lines()
    assert line["landschap"]["data_groups"] == [
        "meerderjarig (leeftijd-vanaf 18 uit geboortedatum)", "naam",
    ]  # fmt: skip


async def test_nothing_is_searched_filtered_or_limited_by_it(asker: Asker) -> None:
    await suzanne(asker)
    body = json.dumps({"meerderjarig": "true"}).encode()
    searched = await asker.search(body, fields=DERIVED, searchable=("meerderjarig",))
    assert (searched.status_code, searched.json()["code"]) == (400, "zoek.sleutel")
    bulk = ("GET", "/proef-bulk/v1/personen")
    for query in ({"meerderjarig": "true"}, {"sort": "meerderjarig", "formaat": "jsonl"}):
        filtered = await asker.send(*bulk, query, service="proef-bulk", fields=DERIVED)
        assert filtered.status_code == 400
    rows = (RowCondition(path="meerderjarig", op="eq", values=("True",)),)
    assert (await asker.get("a1", fields=DERIVED, rows=rows)).status_code == 404


async def test_a_guarded_field_guards_what_follows_from_it(asker: Asker) -> None:
    await suzanne(asker)
    mark = Confidentiality(path="geheim", guarded=("gemeente",))
    for third_party, given in ((True, False), (False, True)):
        answer = await asker.get("a1", fields=DERIVED, mark=mark, third_party=third_party)
        assert ("woontInWeesp" in answer.json(), "kanStemmen" in answer.json()) == (given, given)
        assert answer.json()["meerderjarig"] is True


async def test_an_obligation_is_met_by_a_derived_value_too(asker: Asker) -> None:
    await suzanne(asker)
    rounded = (Obligation(kind="afronden", path="aantalKinderen", value="5"),)
    answer = await asker.get("a1", fields=DERIVED, obligations=rounded)
    assert answer.json()["aantalKinderen"] == 0


async def test_doubt_about_a_value_is_doubt_about_what_follows_from_it(asker: Asker) -> None:
    await suzanne(asker)
    doubt = Draft(
        period=Period(date(2020, 1, 1), OPEN), kind=Kind.CHANGE,
        content={"kenmerken": ["geboortedatum"]}, group="onderzoek:persoon",
    )  # fmt: skip
    entry = Entry(type=TYPE, object_id="a1", draft=doubt)
    act = Act(register=asker.register, transaction_id=uuid7(), entries=[entry])
    assert isinstance(await store.write(asker.pool, act), Written)
    answer = await asker.get("a1", {"historie": "true"}, fields=DERIVED)
    assert answer.json()["historie"]["inOnderzoek"] == ["kanStemmen", "meerderjarig"]


async def test_the_description_tells_the_rule_and_the_bands(asker: Asker) -> None:
    old, new = [
        (
            await asker.client.get(
                "/proef/v1/openapi.json",
                headers={"Accept": f"application/openapi+json;version={version}"},
            )
        ).json()["components"]["schemas"]["Persoon"]["properties"]
        for version in ("3.0", "3.1")
    ]
    assert new["meerderjarig"]["type"] == ["boolean", "null"]
    assert (old["meerderjarig"]["type"], old["meerderjarig"]["nullable"]) == ("boolean", True)
    members = new
    assert "leeftijd-vanaf 18 uit geboortedatum" in members["meerderjarig"]["description"]
    assert members["inkomensklasse"]["enum"] == ["laag", "midden", "hoog", None]
    assert "x-afgeleid" not in members["meerderjarig"]


async def test_nobody_writes_it(asker: Asker) -> None:
    draft = Draft(
        period=Period(date(2020, 1, 1), OPEN), kind=Kind.CHANGE, group="persoon",
        content={"naam": "Jansen", "burgerservicenummer": SUZANNE, "meerderjarig": True},
    )  # fmt: skip
    entry = Entry(type=TYPE, object_id="a1", draft=draft)
    done = await store.write(
        asker.pool, Act(register=asker.register, transaction_id=uuid7(), entries=[entry])
    )
    assert not isinstance(done, Written)
