# SPDX-License-Identifier: EUPL-1.2
"""The older municipal standard as a second door: what comes in, what is changed, what is told."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from tests.gateway.gateway_scene import ACTIVITY
from tests.logboek.hold_rig import TWO, held
from tests.logboek.log_rig import PEER, permitted
from tests.logboek.reading_rig import PERSON, SECRET, SOMEBODY, reading_log
from tests.logboek.vng_rig import (
    ACTIONS,
    BASE,
    EMPLOYEE,
    OBJECTS,
    SOURCE,
    Municipal,
    action,
    municipal_log,
    person,
)
from tests.throwaway import Database

from landschap.catalogue.client import structures
from landschap.catalogue.design_rules import check as check_document
from landschap.catalogue.documents import read_document
from landschap.catalogue.findings import Mode
from landschap.logboek.api import vng_reading, vng_writing
from landschap.logboek.disclosure import GENERIC_NAME, PostLift
from landschap.logboek.pseudonyms import as_subject_id
from landschap.logboek.store import snapshot
from landschap.logboek.store.holds import lift_hold
from landschap.logboek.verify import verify
from landschap.logboek.worker import forget_actions, forget_seen
from landschap.platform.ids import new_trace_id, uuid7
from landschap.purposes.public import id_of

FORBIDDEN = ("systeem", "gebruiker", "gegevensbron")


@pytest.fixture(scope="module")
async def log(module_database: Database) -> AsyncIterator[Municipal]:
    async with municipal_log(module_database) as made:
        yield made


def code(answer: Any) -> tuple[int, str]:
    assert answer.headers["content-type"].startswith("application/problem+json")
    return answer.status_code, answer.json()["code"]


def rules(answer: Any) -> dict[str, str]:
    assert code(answer) == (400, "request_invalid")
    told = answer.json()
    found = {each["location"]["name"]: each["rule"] for each in told["errors"]}
    assert {each["name"]: each["code"] for each in told["invalidParams"]} == found
    return found


# What applications write.


@pytest.mark.case("L48")
async def test_the_employee_is_neither_kept_nor_told(log: Municipal) -> None:
    answer = await log.post(action(gebruiker=EMPLOYEE))
    assert answer.status_code == 201
    assert EMPLOYEE not in answer.text
    assert "gebruiker" not in answer.json()
    for record in await log.kept(answer.json()["actieId"]):
        assert EMPLOYEE.encode() not in record.payload
    for table in ("logboek.record", "logboek.vng_action", "logboek.vng_term", "logboek.form"):
        assert EMPLOYEE not in await log.rows(table)
    for where in (OBJECTS, ACTIONS):
        assert EMPLOYEE not in json.dumps(await log.told(log.asked(), where))
    # A number of an employee that could be one of a person is thrown away, not refused.
    assert (await log.post(action(gebruiker=SOMEBODY))).status_code == 201


async def test_an_action_becomes_a_line_with_a_pseudonym(log: Municipal) -> None:
    processing = str(uuid4())
    answer = await log.post(
        action(
            verwerkingId=processing, soortAfnemerId="OIN", afnemerId=PEER,
            verwerkingIdAfnemer=processing, bewaartermijn="P10Y",
        ),
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )  # fmt: skip
    told = answer.json()
    assert answer.headers["location"] == told["url"]
    assert told["url"].endswith(f"{ACTIONS}/{told['actieId']}")
    [record] = await log.kept(told["actieId"])
    kept: Any = record.content()
    assert record.columns.trace_id.hex() == "0af7651916cd43dd8448eb211c80319c"
    assert kept["ldv"]["parent_span_id"] == "b7ad6b7169203331"
    assert record.columns.subject == log.reading.pseudonym()
    assert PERSON.encode() not in record.payload
    assert kept["ldv"]["name"] == told["actieNaam"] == "Zoeken personen"
    own = kept["landschap"]
    assert (own["processing_id"], own["peer_oin"], own["direction"]) == (
        processing, PEER, "incoming",
    )  # fmt: skip
    assert own["data_groups"] == ["adres", "naam"]
    assert own["application"] == "zaaksysteem"
    assert (told["afnemerId"], told["bewaartermijn"]) == (PEER, "P10Y")
    assert (told["vertrouwelijkheid"], told["verwerkingIdAfnemer"]) == ("normaal", processing)
    assert told["tijdstipRegistratie"] >= told["tijdstip"][:19]
    assert told["verwerkteObjecten"][0]["objectId"] == PERSON
    assert SOURCE not in answer.text


async def test_several_persons_become_a_line_and_a_child_for_each(log: Municipal) -> None:
    told = await log.created(verwerkteObjecten=[person(), person(SOMEBODY)])
    whole, *parts = await log.kept(told["actieId"])
    assert whole.columns.subject is None
    assert {each.columns.subject for each in parts} == {
        log.reading.pseudonym(), log.reading.pseudonym(SOMEBODY),
    }  # fmt: skip
    contents: list[Any] = [each.content() for each in parts]
    assert {each["ldv"]["parent_span_id"] for each in contents} == {whole.columns.span_id.hex()}


async def test_the_same_action_under_one_key_counts_once(log: Municipal) -> None:
    body = action(bewaartermijn="P10Y", verwerkteObjecten=[person(), person(SOMEBODY)])
    key = {"Idempotency-Key": f"poging-{uuid4()}"}
    answers = await asyncio.gather(*(log.post(body, **key) for _ in range(4)))
    assert sorted(each.status_code for each in answers) == [200, 200, 200, 201]
    [told] = {json.dumps(each.json()) for each in answers}
    action_id = json.loads(told)["actieId"]
    assert len(await log.kept(action_id)) == 3
    terms = "SELECT count(*) FROM logboek.vng_term WHERE action_id = $1"
    assert await (await log.pool()).fetchval(terms, UUID(action_id)) == 1
    answer = await log.post(body | {"actieNaam": "Iets anders"}, **key)
    assert code(answer) == (409, "idempotency_key_reused")
    # Of another application it is another key; and what was refused may be mended under it.
    assert (await log.post(body, "recherche", **key)).json()["actieId"] != action_id
    key = {"Idempotency-Key": f"poging-{uuid4()}"}
    assert (await log.post(body | {"tijdstip": "x"}, **key)).status_code == 400
    assert (await log.post(body | {"actieNaam": f"Over {PERSON}"}, **key)).status_code == 400
    assert (await log.post(body, **key)).status_code == 201
    assert rules(await log.post(body, **{"Idempotency-Key": "kort"})) == {"Idempotency-Key": "key"}


@pytest.mark.case("L49")
async def test_lifted_is_never_new_and_confidential_needs_its_right(log: Municipal) -> None:
    before = await log.rows("logboek.record")
    for word in ("opgeheven", "Opgeheven"):
        for by in ("zaaksysteem", "recherche"):
            answer = await log.post(action(vertrouwelijkheid=word), by)
            assert code(answer) == (403, "level_never_new")
    for activity in (ACTIVITY, SECRET):
        answer = await log.post(
            action(vertrouwelijkheid="vertrouwelijk", verwerkingsactiviteitUrl=activity)
        )
        assert code(answer) == (403, "scope_missing")
    assert await log.rows("logboek.record") == before


async def test_confidential_is_what_falls_under_a_confidential_activity(log: Municipal) -> None:
    secret = {"vertrouwelijkheid": "vertrouwelijk", "verwerkingsactiviteitUrl": SECRET}
    answer = await log.post(action(vertrouwelijkheid="vertrouwelijk"), "recherche")
    assert code(answer) == (403, "confidential_variant_missing")
    told = await log.created("recherche", **secret)
    assert told["vertrouwelijkheid"] == "vertrouwelijk"
    # What is called normal under it is confidential all the same.
    assert code(await log.post(action(verwerkingsactiviteitUrl=SECRET))) == (403, "scope_missing")
    named = await log.created("recherche", verwerkingsactiviteitUrl=SECRET)
    assert named["vertrouwelijkheid"] == "vertrouwelijk"
    everything = json.dumps(await log.told(log.asked()))
    assert told["actieId"] not in everything
    assert named["actieId"] not in everything
    answer = await log.client.get(told["url"], headers=log.reading.resident())
    assert code(answer) == (404, "not_found")


async def test_a_case_that_is_held_is_confidential_whatever_it_falls_under(log: Municipal) -> None:
    told = await log.created()
    case = told["verwerkingId"]
    hold = await held(log.reading.officers, "", PostLift.SHOW, case=case.upper())
    assert told["actieId"] not in json.dumps(await log.told(log.asked()))
    answer = await log.client.get(told["url"], headers=log.reading.resident())
    assert code(answer) == (404, "not_found")
    assert code(await log.post(action(verwerkingId=case))) == (403, "scope_missing")
    also = await log.created("recherche", verwerkingId=case)
    assert also["vertrouwelijkheid"] == "vertrouwelijk"
    body = {"bewaartermijn": "P10Y"}
    assert code(await log.patch(case, body)) == (403, "scope_missing")
    assert await lift_hold(log.reading.officers, hold, TWO, "afgerond")
    found = json.dumps(await log.told(log.asked()))
    assert told["actieId"] in found
    assert also["actieId"] in found
    one = (await log.client.get(told["url"], headers=log.reading.resident())).json()
    assert one["vertrouwelijkheid"] == "opgeheven"
    assert (await log.patch(case, body)).status_code == 204


async def test_an_activity_may_be_named_by_its_number(log: Municipal) -> None:
    number = str(id_of(ACTIVITY))
    told = await log.created(verwerkingsactiviteitUrl=None, verwerkingsactiviteitId=number)
    assert (told["verwerkingsactiviteitId"], told["verwerkingsactiviteitUrl"]) == (number, ACTIVITY)
    for wrong in (
        {"verwerkingsactiviteitUrl": None, "verwerkingsactiviteitId": str(uuid4())},
        {"verwerkingsactiviteitUrl": SECRET, "verwerkingsactiviteitId": number},
    ):
        assert "verwerkingsactiviteitId" in rules(await log.post(action(**wrong)))


@pytest.mark.parametrize(
    ("wrong", "place", "rule"),
    [
        ({"actieNaam": f"Gezocht op {PERSON}"}, "body", "person_number"),
        ({"gegevensbron": PERSON}, "body", "person_number"),
        ({"verwerkteObjecten": [person(betrokkenheid=f"kind van {PERSON}")]}, "body",
         "person_number"),
        ({"verwerkteObjecten": [person("123456789")]}, "verwerkteObjecten[0].objectId", "subject"),
        ({"verwerkteObjecten": [person(), person("12")]}, "verwerkteObjecten[1].objectId",
         "subject"),
        ({"verwerkteObjecten": [person(soortObjectId="PASPOORT")]},
         "verwerkteObjecten[0].soortObjectId", "subject_type"),
        ({"verwerkingsactiviteitUrl": f"{ACTIVITY}-anders"}, "verwerkingsactiviteitUrl",
         "activity_unknown"),
        ({"tijdstip": "2001-01-01T00:00:00Z"}, "tijdstip", "too_old"),
        ({"tijdstip": (datetime.now(UTC) + timedelta(days=1)).isoformat()}, "body", "line"),
    ],
)  # fmt: skip
async def test_what_may_not_stand_in_the_log_is_refused_by_its_place(
    log: Municipal, wrong: dict[str, Any], place: str, rule: str
) -> None:
    before = await log.rows("logboek.record")
    answer = await log.post(action(**wrong))
    assert code(answer) == (400, "request_invalid")
    [told] = answer.json()["invalidParams"]
    assert (told["name"], told["code"]) == (place, rule)
    assert PERSON not in answer.text
    assert await log.rows("logboek.record") == before


async def test_who_is_not_known_or_sends_no_json_writes_nothing(log: Municipal) -> None:
    answer = await log.client.post(ACTIONS, json=action(), headers={"X-Api-Key": "onbekend"})
    assert code(answer) == (401, "application_unknown")
    assert code(await log.post(action(), "stil")) == (403, "scope_missing")
    headers = {"X-Api-Key": log.keys["zaaksysteem"], "Content-Type": "text/plain"}
    answer = await log.client.post(ACTIONS, content=b"{}", headers=headers)
    assert code(answer) == (415, "media_type")
    headers["Content-Type"] = "application/json"
    answer = await log.client.post(ACTIONS, content=b" " * 1_000_001, headers=headers)
    assert code(answer) == (413, "body_too_large")
    for body in (b"", b"[]", b"{"):
        answer = await log.client.post(ACTIONS, content=body, headers=headers)
        assert code(answer) == (400, "request_invalid")


# What is changed.


@pytest.mark.case("L51")
async def test_another_term_is_a_row_and_touches_no_line_and_no_chain(
    log: Municipal, module_database: Database
) -> None:
    told = await log.created(verwerkteObjecten=[person(), person(SOMEBODY)])
    action_id = UUID(told["actieId"])
    before = await log.kept(told["actieId"]), await log.rows("logboek.batch")
    answer = await log.patch(told["verwerkingId"], {"bewaartermijn": "P20Y"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await log.kept(told["actieId"]), await log.rows("logboek.batch")) == before
    pool = await log.pool()
    [row] = await pool.fetch("SELECT * FROM logboek.vng_term WHERE action_id = $1", action_id)
    assert (row["term"], row["application"]) == ("P20Y", "regie")
    assert row["keep_until"].year == datetime.now(UTC).year + 20
    who = log.reading.resident()
    assert (await log.client.get(told["url"], headers=who)).json()["bewaartermijn"] == "P20Y"
    # A next change is a next row, and the last one counts.
    await log.patch(told["verwerkingId"], {"bewaartermijn": "P12Y"})
    assert (await log.client.get(told["url"], headers=who)).json()["bewaartermijn"] == "P12Y"
    rows = await pool.fetch("SELECT term FROM logboek.vng_term WHERE action_id = $1", action_id)
    assert [each["term"] for each in rows] == ["P20Y", "P12Y"]
    reader = await module_database.pool("logboek", role="landschap_log_reader")
    async with snapshot(reader) as whole:
        report = await verify(whole)
    assert report.intact
    assert report.records > 0


async def test_a_month_stays_as_long_as_one_line_in_it_has_to(
    module_database: Database, log: Municipal
) -> None:
    owner = await module_database.administrator()
    try:
        await owner.execute(
            "SET ROLE landschap_owner; SELECT logboek.make_month('2019-03-01'); RESET ROLE"
        )
        told = await log.created()
        action_id = UUID(told["actieId"])
        # As if it had been done and recorded then.
        for table in ("seen", "vng_action"):
            await owner.execute(
                f"UPDATE logboek.{table} AS held SET month = '2019-03-01'"
                " FROM logboek.vng_action AS a WHERE a.action_id = $1"
                " AND held.trace_id = a.trace_id", action_id,
            )  # fmt: skip
        await owner.execute(
            "UPDATE logboek.vng_action SET at = '2019-03-05' WHERE action_id = $1", action_id
        )
        keeper = await module_database.pool("logboek", role="landschap_keeper")
        await log.patch(told["verwerkingId"], {"bewaartermijn": "P30Y"})
        with pytest.raises(asyncpg.RaiseError, match="longer term"):
            await keeper.fetchval("SELECT logboek.drop_month('2019-03-01')")
        await log.patch(told["verwerkingId"], {"bewaartermijn": "P6Y"})
        assert await keeper.fetchval("SELECT logboek.drop_month('2019-03-01')") == 0
    finally:
        await owner.close()
    # With the line goes what is kept beside it.
    pool = await log.pool()
    assert await forget_actions(pool) == 0
    await forget_seen(pool)
    assert await forget_actions(pool) == 1
    left = "SELECT count(*) FROM logboek.vng_term WHERE action_id = $1"
    assert await pool.fetchval(left, action_id) == 0


async def test_what_is_confidential_people_decide(log: Municipal) -> None:
    told = await log.created()
    for word in ("vertrouwelijk", "opgeheven", "normaal"):
        body = {"vertrouwelijkheid": word}
        assert code(await log.patch(told["verwerkingId"], body)) == (403, "scope_missing")
        answer = await log.patch(told["verwerkingId"], body, "recherche")
        assert code(answer) == (403, "confidentiality_by_decision")
    secret = await log.created("recherche", verwerkingsactiviteitUrl=SECRET)
    body = {"bewaartermijn": "P10Y"}
    assert code(await log.patch(secret["verwerkingId"], body)) == (403, "scope_missing")
    assert (await log.patch(secret["verwerkingId"], body, "recherche")).status_code == 204


async def test_a_change_that_fits_nothing_changes_nothing(log: Municipal) -> None:
    told = await log.created()
    before = await log.rows("logboek.vng_term")
    body = {"bewaartermijn": "P10Y"}
    assert code(await log.patch(str(uuid4()), body)) == (400, "processing_unknown")
    assert code(await log.patch(told["verwerkingId"], body, "zaaksysteem")) == (
        403, "scope_missing",
    )  # fmt: skip
    for wrong in ({}, {"bewaartermijn": "P31Y"}, {"bewaartermijn": "10 jaar"}, {"systeem": "x"}):
        assert rules(await log.patch(told["verwerkingId"], wrong))
    assert "verwerkingId" in rules(await log.patch("", body))
    # Refused when it came in: there is no line, so there is nothing to keep longer.
    gone = str(uuid4())
    await log.post(action(verwerkingId=gone, actieNaam=f"Over {PERSON}"))
    assert code(await log.patch(gone, body)) == (400, "processing_unknown")
    assert await log.rows("logboek.vng_term") == before


async def test_an_action_is_not_replaced_and_not_taken_away(log: Municipal) -> None:
    told = await log.created()
    for method in ("PUT", "DELETE", "PATCH"):
        answer = await log.client.request(
            method, told["url"], json=action(), headers={"X-Api-Key": log.keys["recherche"]}
        )
        assert code(answer) == (405, "method_not_allowed")
        assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


# What the person concerned is told.


@pytest.mark.case("L50")
async def test_the_person_is_told_the_own_part_and_no_system_employee_or_source(
    log: Municipal,
) -> None:
    told = await log.created(
        verwerkteObjecten=[person(), person(SOMEBODY, verwerkteSoortenGegevens=[])]
    )
    other = as_subject_id(log.reading.pseudonym(SOMEBODY))
    for where in (OBJECTS, ACTIONS):
        results = await log.told(log.asked(), where)
        everything = json.dumps(results)
        for word in (*FORBIDDEN, "FooBarApp", EMPLOYEE, SOURCE, SOMEBODY, other):
            assert word not in everything
    [entry] = [each for each in await log.told(log.asked())
               if each["verwerkingsactie"]["actieId"] == told["actieId"]]  # fmt: skip
    assert (entry["objecttype"], entry["soortObjectId"], entry["objectId"]) == (
        "persoon", "BSN", PERSON,
    )  # fmt: skip
    assert entry["verwerkteSoortenGegevens"] == [
        {"soortGegeven": "adres"},
        {"soortGegeven": "naam"},
    ]
    act = entry["verwerkingsactie"]
    assert (act["actieNaam"], act["verwerkingNaam"]) == ("Zoeken personen", "verstrekken")
    assert (act["verwerkingId"], act["vertrouwelijkheid"]) == (told["verwerkingId"], "normaal")
    assert (act["verwerkingsactiviteitUrl"], act["bewaartermijn"]) == (ACTIVITY, "P5Y")
    [mine] = [each for each in await log.told(log.asked(), ACTIONS)
              if each["actieId"] == told["actieId"]]  # fmt: skip
    assert [each["objectId"] for each in mine["verwerkteObjecten"]] == [PERSON]
    # The other person finds the same action, with the other part.
    [theirs] = [each for each in await log.told(log.asked(SOMEBODY), ACTIONS, SOMEBODY)
                if each["actieId"] == told["actieId"]]  # fmt: skip
    assert [each["objectId"] for each in theirs["verwerkteObjecten"]] == [SOMEBODY]
    one = await log.client.get(told["url"], headers=log.reading.resident())
    assert one.status_code == 200
    assert len(one.json()["verwerkteObjecten"]) == 1
    assert not any(word in one.text for word in (*FORBIDDEN, EMPLOYEE, SOMEBODY))


async def test_lines_of_other_doors_are_told_too(log: Municipal) -> None:
    trace = await log.reading.write(name="Adres bekeken", peer=PEER, direction="incoming")
    entry = next(each["verwerkingsactie"] for each in await log.told(log.asked())
                 if each["verwerkingsactie"]["actieNaam"] == "Adres bekeken")  # fmt: skip
    assert entry["verwerkingId"] == str(UUID(bytes=trace))
    assert (entry["soortAfnemerId"], entry["afnemerId"]) == ("OIN", PEER)
    assert "url" not in entry


async def test_what_a_peer_said_at_the_door_is_told_with_the_line(log: Municipal) -> None:
    transaction, trace, number = uuid7(), new_trace_id(), str(uuid4())
    passed: Any = permitted(transaction_id=transaction, trace_id=trace)
    said = {"processing": number, "activity": "https://afnemer.example/1", "activity_id": number}
    passed.payload["adl"]["body"]["adl.core.request"] = {"context": {"consumer": said}}
    # Of another trace: of somebody else's question.
    other: Any = permitted(transaction_id=transaction)
    await log.reading.log.append([other, passed])
    await log.reading.write(
        trace_id=trace, transaction_id=transaction, name="Geleverd", peer=PEER,
        direction="incoming",
    )  # fmt: skip
    act = next(each["verwerkingsactie"] for each in await log.told(log.asked())
               if each["verwerkingsactie"]["actieNaam"] == "Geleverd")  # fmt: skip
    assert act["verwerkingIdAfnemer"] == act["verwerkingsactiviteitIdAfnemer"] == number
    assert act["verwerkingsactiviteitUrlAfnemer"] == "https://afnemer.example/1"


async def test_somebody_else_is_nobody(log: Municipal) -> None:
    told = await log.created(verwerkteObjecten=[person(SOMEBODY)])
    assert await log.told(log.asked(SOMEBODY)) == []
    answer = await log.client.get(told["url"], headers=log.reading.resident())
    unknown = await log.client.get(f"{ACTIONS}/{uuid4()}", headers=log.reading.resident())
    assert code(answer) == code(unknown) == (404, "not_found")


async def test_a_question_may_stand_in_the_body(log: Municipal) -> None:
    await log.created()
    asked, who = log.asked(), log.reading.resident()
    answer = await log.client.post(f"{OBJECTS}/_zoek", json=asked, headers=who)
    assert answer.status_code == 200
    assert answer.json()["results"] == await log.told(asked)
    answer = await log.client.post(f"{OBJECTS}/_zoek", json={**asked, "bsn": PERSON}, headers=who)
    assert code(answer) == (400, "request_invalid")
    assert PERSON not in answer.text


async def test_activity_and_period_narrow(log: Municipal) -> None:
    lifted = log.asked(vertrouwelijkheid="opgeheven")
    before = await log.told(lifted)
    await log.created()
    of_activity = log.asked(verwerkingsactiviteitId=str(id_of(ACTIVITY)))
    assert await log.told(of_activity)
    assert await log.told(log.asked(verwerkingsactiviteitId=str(uuid4()))) == []
    assert await log.told(log.asked(beginDatum="2020-01-01", eindDatum="2020-02-01")) == []
    assert await log.told(lifted) == before
    assert await log.told(log.asked(vertrouwelijkheid="Normaal,opgeheven", beperkteSet="true"))


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"objectId": ""}, "objectId"),
        ({"objectId": "123456789"}, "objectId"),
        ({"objecttype": "pand"}, "objecttype"),
        ({"beginDatum": "gisteren"}, "beginDatum"),
        ({"eindDatum": "2020-01-01"}, "eindDatum"),
        ({"verwerkingsactiviteitId": "7"}, "verwerkingsactiviteitId"),
        ({"vertrouwelijkheid": "geheim"}, "vertrouwelijkheid"),
    ],
)
async def test_a_question_that_can_not_be_read_is_refused_by_its_place(
    log: Municipal, changes: dict[str, str], place: str
) -> None:
    who = log.reading.resident()
    answer = await log.client.get(OBJECTS, params=log.asked(**changes), headers=who)
    assert list(rules(answer)) == [place]
    assert PERSON not in answer.text


async def test_what_is_given_twice_is_refused(log: Municipal) -> None:
    asked: list[Any] = [*log.asked().items(), ("objectId", SOMEBODY)]
    answer = await log.client.get(
        OBJECTS, params=httpx.QueryParams(asked), headers=log.reading.resident()
    )
    assert rules(answer) == {"objectId": "twice"}


async def test_who_reads_for_nobody_reads_nothing(log: Municipal) -> None:
    asked = log.asked()
    for who, expected in (
        ({}, (401, "user_invalid")),
        ({"X-Api-Key": log.keys["zaaksysteem"]}, (401, "user_invalid")),
        (log.reading.auditor(), (403, "person_by_number")),
        ({**log.reading.resident(), "X-Api-Key": log.keys["stil"]}, (403, "scope_missing")),
    ):
        for where in (OBJECTS, ACTIONS):
            assert code(await log.client.get(where, params=asked, headers=who)) == expected
    for wanted in ({"beperkteSet": "false"}, {"vertrouwelijkheid": "vertrouwelijk"}):
        answer = await log.client.get(
            OBJECTS, params=asked | wanted, headers=log.reading.resident()
        )
        assert code(answer) == (403, "scope_missing")


async def test_what_is_held_back_is_not_there_and_comes_as_was_decided(log: Municipal) -> None:
    activity = f"{ACTIVITY}-vng"
    hold = await held(log.reading.officers, activity, PostLift.SHOW_GENERIC)
    before = await log.told(log.asked())
    await log.reading.write(activity=activity, name="Huisbezoek", peer=PEER)
    assert await log.told(log.asked()) == before
    assert await lift_hold(log.reading.officers, hold, TWO, "afgerond")
    after = await log.told(log.asked())
    [more] = [each for each in after if each not in before]
    act = more["verwerkingsactie"]
    assert (act["actieNaam"], act["vertrouwelijkheid"]) == (GENERIC_NAME, "opgeheven")
    everything = json.dumps(more)
    for word in ("Huisbezoek", activity, PEER, "verwerkingId"):
        assert word not in everything


async def test_too_many_are_refused_and_what_can_not_be_kept_is_not_confirmed(
    database: Database,
) -> None:
    async with reading_log(database) as reading:
        log = Municipal(reading, {"portaal": reading.key})
        # Nothing is said of rights here: what is normal may be created and read.
        told = await log.created("portaal")
        answer = await log.client.get(told["url"], headers=reading.resident())
        assert answer.status_code == 200
        assert code(await log.patch(told["verwerkingId"], {"bewaartermijn": "P10Y"}, "portaal")) == (
            403, "scope_missing",
        )  # fmt: skip
        trace = await reading.write()
        for _ in range(500):
            await reading.write(trace_id=trace)
        answer = await log.client.get(OBJECTS, params=log.asked(), headers=reading.resident())
        assert code(answer) == (400, "result_too_large")
        await reading.log.close()
        answer = await log.post(action(), "portaal")
        assert code(answer) == (503, "log_unavailable")
        assert answer.headers["retry-after"] == "5"
        assert await (await log.pool()).fetchval("SELECT count(*) FROM logboek.record") == 502


async def test_the_action_of_the_manual_is_taken(log: Municipal) -> None:
    page = (Path(__file__).parents[2] / "docs/how-to/municipal-logging.md").read_text("utf-8")
    [example] = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    now = {"verwerkingsactiviteitUrl": ACTIVITY, "tijdstip": datetime.now(UTC).isoformat()}
    answer = await log.post(json.loads(example) | now)
    assert answer.status_code == 201, answer.text
    assert (answer.json()["bewaartermijn"], answer.json()["systeem"]) == ("P10Y", "FooBarApp v2.1")
    assert "jansen01" not in answer.text


async def test_the_interface_is_described_by_the_rules_for_apis(log: Municipal) -> None:
    answer = await log.client.get(f"{BASE}/openapi.json")
    assert check_document(read_document(answer.content), Mode.STRICT, structures()) == []
    told = answer.json()
    described = {
        (method.upper(), f"{BASE}{path}")
        for path, methods in told["paths"].items()
        for method in methods
    }
    routes = {
        (method, re.sub(r"{(\w+):\w+}", r"{\1}", path))
        for path, method in _routes()
        if not path.endswith("openapi.json")
    }
    assert described == routes
    assert set(action()) <= set(
        told["components"]["schemas"]["NieuweVerwerkingsactie"]["properties"]
    )


def _routes() -> Iterator[tuple[str, str]]:
    """Path and method of each route, as the modules have them."""
    for module in (vng_writing, vng_reading):
        words = Path(module.__file__ or "").read_text(encoding="utf-8")
        for method, path in re.findall(r'@(get|post|patch)\(f"{BASE}([^"]*)"', words):
            yield f"{BASE}{path.replace('{{', '{').replace('}}', '}')}", method.upper()
