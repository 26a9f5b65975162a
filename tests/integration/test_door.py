# SPDX-License-Identifier: EUPL-1.2
"""The whole way: permit, plan, four sources of which one foreign, merge, log, answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from prometheus_client import CollectorRegistry
from tests.integration.source_rig import (
    ACTIVITY,
    ALL_FIELDS,
    DATA,
    DECLARATION,
    PEER,
    SERVICE,
    SUZANNE,
    TRACE,
    lines_of,
    patient,
    records_of,
)

from landschap.integration.connectors.comparing import Shadow, Side
from landschap.integration.connectors.opening import read_declaration
from landschap.integration.declaration import parse_declaration
from landschap.integration.rows import Question, Row
from landschap.logboek.pseudonyms import as_subject_id, subject_pseudonym
from landschap.logboek.records import Kind
from landschap.platform.keys import secret_key

THEN = "geldigOp=2021-03-01"
BODY = {"burgerservicenummer": SUZANNE}
EXPECTED = json.loads((DATA / "expected.json").read_text())["vragen"]


def flat(result: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """A result as dotted fields; of a list its only item."""
    found: dict[str, Any] = {}
    for name, value in result.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            assert len(value) == 1
            found |= flat(value[0], f"{prefix}{name}.")
        elif isinstance(value, dict):
            found |= flat(value, f"{prefix}{name}.")
        elif value != [] or name not in {"uitkering", "pand"}:
            found[f"{prefix}{name}"] = value
    return found


@pytest.mark.parametrize("question", EXPECTED, ids=lambda q: f"{q['geldigOp']}-{EXPECTED.index(q)}")
async def test_every_question_gets_the_answer_that_was_computed_apart(
    world: Any, question: dict[str, Any]
) -> None:
    query = f"geldigOp={question['geldigOp']}"
    if question["beschikbaarOp"]:
        query += f"&beschikbaarOp={question['beschikbaarOp'].replace('+', '%2B')}"
    body = {"burgerservicenummer": question["burgerservicenummer"]}
    answer = await world.asker(patient(read_declaration(DECLARATION))).ask(body, query=query)
    assert answer.status_code == 200, answer.text
    got = answer.json()
    assert got["ontbreekt"] == []
    # An answer that repeats the number and nothing more is: nobody by that number lived here.
    expected = [question["antwoord"]] if len(question["antwoord"]) > 1 else []
    assert [flat(result) for result in got["resultaten"]] == expected


@pytest.mark.case("S-39")
async def test_each_field_tells_its_source_and_since_when_it_holds(world: Any) -> None:
    answer = (await world.asker().ask(BODY, query=THEN)).json()
    provenance = answer["herkomst"]
    assert {entry["bron"] for entry in provenance.values()} == {
        "inwoners", "uitkeringen", "adressen", "straten", "woonplaatsen", "woningen", "panden",
    }  # fmt: skip
    assert provenance["/0/pand/0/bouwjaar"] == {
        "bron": "panden",
        "bronhouder": "Leverancier van het gebouwenbeheer",
        "geldigOp": "2021-03-01",
        "beschikbaarOp": answer["beschikbaarOp"],
        "beginGeldigheid": "2011-02-09",
        "eindGeldigheid": None,
        "tijdstipRegistratie": "2011-02-09T16:08:21Z",
        "klok": "bron",
    }
    assert provenance["/0/uitkering/0/bedragPerMaand"]["eindGeldigheid"] == "2021-09-01"


@pytest.mark.case("L6", "L2")
async def test_one_person_read_is_one_line_with_one_subject_and_no_values(world: Any) -> None:
    asker = world.asker()
    parent = f"00-{TRACE}-b7ad6b7169203331-00"
    query = f"{THEN}&fields=uitkering.soort,pand.bouwjaar"
    await asker.ask(BODY, query=query, headers={"traceparent": parent})
    (line,) = await lines_of(world, asker)
    settings = world.database.settings
    pseudonym = subject_pseudonym(
        secret_key(settings, "pseudonym"), settings.organisation.oin, "bsn", SUZANNE
    )
    assert line["ldv"]["attributes"] == {
        "dpl.core.processing_activity_id": ACTIVITY,
        "dpl.core.data_subject_id": as_subject_id(pseudonym),
        "dpl.core.data_subject_id_type": "https://landschap.example/register/pseudoniem/bsn/1",
        "dpl.core.foreign_operation.processor": f"urn:nld:oin:{PEER}",
    }
    assert line["ldv"]["trace_id"] == TRACE
    assert line["ldv"]["parent_span_id"] == "b7ad6b7169203331"
    assert line["ldv"]["status"] == "Unset"
    own = line["landschap"]
    assert own["data_groups"] == ["Burgerservicenummer", "Uitkering", "Gebouw"]
    assert (own["outcome"], own["peer_oin"]) == ("delivered", PEER)
    assert "delegator_oin" not in own
    assert own["fsc_transaction_id"] == str(asker.permits[-1].transaction_id)
    text = json.dumps(line)
    assert SUZANNE not in text
    assert "Bijstand" not in text
    assert "1920" not in text


@pytest.mark.case("L36")
async def test_without_a_traceparent_the_transaction_is_the_trace(world: Any) -> None:
    asker = world.asker()
    await asker.ask(BODY, query=THEN)
    (line,) = await lines_of(world, asker)
    assert line["ldv"]["trace_id"] == asker.permits[-1].transaction_id.hex
    assert line["landschap"]["trace_origin"] == "fsc"


async def test_the_line_of_a_question_for_another_names_both(world: Any) -> None:
    asker = world.asker()
    asker.delegator = "00000099000000005000"
    await asker.ask(BODY, query=THEN)
    (line,) = await lines_of(world, asker)
    assert (line["landschap"]["peer_oin"], line["landschap"]["delegator_oin"]) == (
        PEER, asker.delegator,
    )  # fmt: skip


async def test_an_unknown_person_and_one_who_is_not_there_get_the_same_answer(world: Any) -> None:
    nobody = await world.asker().ask({"burgerservicenummer": "999990019"}, query=THEN)
    gone = await world.asker().ask(BODY, query="geldigOp=2022-01-01")
    assert (nobody.status_code, gone.status_code) == (200, 200)
    for answer in (nobody.json(), gone.json()):
        assert (answer["resultaten"], answer["herkomst"], answer["ontbreekt"]) == ([], {}, [])


@pytest.mark.case("L8")
async def test_a_question_that_finds_nothing_is_still_one_line_about_that_person(
    world: Any,
) -> None:
    asker = world.asker()
    await asker.ask({"burgerservicenummer": "999990019"}, query=THEN)
    (line,) = await lines_of(world, asker)
    assert line["landschap"]["outcome"] == "nothing_found"
    assert line["ldv"]["status"] == "Unset"
    assert "dpl.core.data_subject_id" in line["ldv"]["attributes"]


async def test_a_field_outside_the_permit_is_never_asked_from_the_source(world: Any) -> None:
    permitted = ["burgerservicenummer", "pand.status"]
    answer = await world.asker().ask(BODY, query=THEN, permitted=permitted)
    assert answer.json()["resultaten"] == [
        {"burgerservicenummer": SUZANNE, "pand": [{"status": "Pand in gebruik"}]}
    ]
    asked = parse_qs(urlsplit(world.supplier.health()["last"]).query)
    assert set(asked["fields"][0].split(",")) == {
        "identificatie", "status", "beginGeldigheid", "eindGeldigheid", "tijdstipRegistratie",
    }  # fmt: skip


async def test_a_source_no_permitted_field_needs_is_not_asked_at_all(world: Any) -> None:
    before = world.supplier.health()["asked"]
    await world.asker().ask(BODY, query=THEN, permitted=["adres.postcode"])
    assert world.supplier.health()["asked"] == before


async def test_the_source_gets_both_times_the_trace_and_nothing_of_the_asker(world: Any) -> None:
    query = f"{THEN}&beschikbaarOp=2021-04-01T00:00:00Z"
    headers = {
        "traceparent": f"00-{TRACE}-b7ad6b7169203331-01",
        "Authorization": "Bearer gebruiker",
        "Fsc-Transaction-Id": "x",
        "Cookie": "sessie=1",
    }
    await world.asker().ask(BODY, query=query, headers=headers)
    told = world.supplier.health()
    asked = parse_qs(urlsplit(told["last"]).query)
    assert asked["geldigOp"] == ["2021-03-01"]
    assert asked["beschikbaarOp"] == ["2021-04-01T00:00:00Z"]
    assert told["last_headers"]["traceparent"].startswith(f"00-{TRACE}-")
    assert told["last_headers"]["traceparent"] != headers["traceparent"]
    assert set(told["last_headers"]) == {"host", "accept", "user-agent", "traceparent"}
    assert SUZANNE not in json.dumps(told)


@pytest.mark.case("S-38")
async def test_a_source_that_moved_gives_the_same_answer(world: Any) -> None:
    """From the supplier's REST service to a register of our own: askers see no difference."""
    text = DECLARATION.read_text()
    start, end = text.index("  panden:\n    soort: rest"), text.index("\nwortel:")
    moved = (
        text[:start] + "  panden: {soort: register, register: bag, objecttype: pand, "
        "sleutels: [identificatie], bronhouder: Leverancier van het gebouwenbeheer}\n" + text[end:]
    )
    here, there = world.asker(parse_declaration(moved, "verhuisd.yaml")), world.asker()
    before = world.supplier.health()["asked"]
    for moment in ("2021-04-01T00:00:00Z", "2020-08-01T00:00:00Z"):
        query = f"{THEN}&beschikbaarOp={moment}"
        first, second = await here.ask(BODY, query=query), await there.ask(BODY, query=query)
        assert first.json()["resultaten"][0]["pand"]
        assert first.content == second.content
    assert world.supplier.health()["asked"] == before + 2


async def test_a_copy_is_compared_in_shadow_on_the_permitted_fields_only(world: Any) -> None:
    text = DECLARATION.read_text()
    source = patient(parse_declaration(text + "schaduw: kopie\n", "bron.yaml"))
    copy = parse_declaration(
        text.replace("logische_bron: woon-en", "logische_bron: x-en"), "x.yaml"
    )
    asked = Recording()
    metrics = CollectorRegistry()
    side = Side(declaration=copy, doors=dict.fromkeys(copy.sources, asked))
    shadow = Shadow({"kopie": side}, metrics)
    answer = (
        await replace(world, shadow=shadow)
        .asker(source)
        .ask(BODY, query=THEN, permitted=["adres.postcode"])
    )
    assert answer.json()["resultaten"] == [{"adres": {"postcode": "1384CA"}}]
    async with asyncio.timeout(40):
        await shadow.settled()
    assert asked.columns == {"burgerservicenummer", "nummeraanduiding"}
    name = {"source": SERVICE, "field": "adres.postcode"}
    total = "landschap_integration_shadow_total"
    assert metrics.get_sample_value(total, {**name, "outcome": "source_only"}) == 1
    assert metrics.get_sample_value(total, {**name, "outcome": "equal"}) is None


class Recording:
    """A door to a copy that holds nothing, and remembers which columns it was asked."""

    def __init__(self) -> None:
        self.columns: set[str] = set()

    async def rows(self, question: Question) -> list[Row]:
        """Nothing."""
        self.columns |= set(question.columns)
        return []


async def test_a_field_that_is_not_permitted_refuses_the_question(world: Any) -> None:
    asker = world.asker()
    refused = await asker.ask(BODY, query="fields=adres.postcode", permitted=["pand.status"])
    assert refused.status_code == 403
    assert refused.json()["code"] == "fields_excess"
    assert refused.json()["allowed_fields"] == ["pand.status"]
    lenient = await asker.ask(
        BODY, query=f"{THEN}&fields=adres.postcode,pand.status", permitted=["pand.status"],
        headers={"Prefer": "handling=lenient"},
    )  # fmt: skip
    assert lenient.headers["Preference-Applied"] == "handling=lenient"
    assert lenient.json()["_weggelaten"] == ["adres.postcode"]
    assert lenient.json()["resultaten"] == [{"pand": [{"status": "Pand in gebruik"}]}]


async def test_a_key_the_permit_does_not_open_is_refused_and_recorded(world: Any) -> None:
    asker = world.asker()
    refused = await asker.ask(BODY, query=THEN, searchable=[])
    assert (refused.status_code, refused.json()["code"]) == (403, "search_not_permitted")
    decision, line = await records_of(world, asker)
    assert decision.columns.kind == Kind.ADL
    assert decision.content()["adl"]["body"]["adl.core.response"] == {  # type: ignore[call-overload,index]  # JSON
        "decision": False,
        "context": {"code": "search_not_permitted"},
    }
    assert line.content()["landschap"]["outcome"] == "refused"  # type: ignore[call-overload,index]  # JSON


async def test_without_a_permit_for_this_very_question_nothing_is_answered(world: Any) -> None:
    asker = world.asker()
    sealed = asker.seal("/woon-en-uitkeringssituatie/v1/_zoek", ALL_FIELDS, ["burgerservicenummer"])
    for permit, query, code in (
        ("", THEN, "permit_missing"),
        ("v1.e30.AAAA", THEN, "permit_invalid"),
        (sealed, THEN, "permit_mismatch"),
    ):
        answer = await asker.ask(BODY, query=query, permit=permit)
        assert (answer.status_code, answer.json()["code"]) == (403, code)


async def test_strict_about_query_body_type_and_name(world: Any) -> None:
    asker = world.asker()
    unknown = await asker.ask(BODY, query="geldigop=2021-03-01")
    assert (unknown.status_code, unknown.json()["code"]) == (400, "query_unknown")
    number = await asker.ask({"burgerservicenummer": 1})
    assert (number.status_code, number.json()["code"]) == (400, "key_invalid")
    text = await asker.ask(BODY, headers={"Content-Type": "text/plain"})
    assert text.status_code == 415
    asker.service = "bestaat-niet"
    assert (await asker.ask(BODY)).status_code == 404


async def test_the_description_is_open_and_names_every_field(world: Any) -> None:
    asker = world.asker()
    answer = await asker.client.get("/woon-en-uitkeringssituatie/v1/openapi.json")
    document = answer.json()
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert document["info"]["version"] == read_declaration(DECLARATION).version
    found: set[str] = set()

    def walk(schema: Mapping[str, Any], prefix: str) -> None:
        for name, inner in schema.get("properties", {}).items():
            items = inner.get("items", inner)
            if "properties" in items:
                walk(items, f"{prefix}{name}.")
            else:
                found.add(f"{prefix}{name}")

    walk(document["components"]["schemas"]["Resultaat"], "")
    assert found == {*ALL_FIELDS, "geboortedatum", "meerderjarig"}
