# SPDX-License-Identifier: EUPL-1.2
"""Lines that other applications deliver: lawful, once, and durable before they are confirmed."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
from tests.gateway.gateway_scene import ACTIVITY
from tests.logboek.book_rig import (
    ENDED,
    LINES,
    PERSON,
    SPACE,
    Account,
    account_on,
    line,
    pools_of,
)
from tests.logboek.log_rig import KEY, OWN, pseudonym
from tests.throwaway import Database

from landschap.catalogue.client import structures
from landschap.catalogue.design_rules import check as check_document
from landschap.catalogue.documents import read_document
from landschap.catalogue.findings import Mode
from landschap.logboek.api.ingesting import LinesConflict
from landschap.logboek.given import read_given
from landschap.logboek.ingest import ACTIVITY as ACTIVITY_NAME
from landschap.logboek.ingest import SUBJECT, SUBJECT_TYPE, Keys
from landschap.logboek.pseudonyms import as_subject_id
from landschap.logboek.worker import forget_seen
from landschap.platform.ids import new_span_id, uuid7


@pytest.fixture(scope="module")
async def account(module_database: Database) -> AsyncIterator[Account]:
    async with account_on(module_database.settings, await pools_of(module_database)) as made:
        yield made


def rules(answer: Any) -> list[str]:
    return [each["rule"] for each in answer.json()["errors"]]


async def test_a_line_is_kept_with_a_pseudonym_in_the_place_of_the_number(account: Account) -> None:
    given = line(attributes={"nl.landschap.processing_id": "Z-2026-17"})
    answer = await account.deliver(given)
    assert answer.status_code == 201
    [told] = answer.json()["lines"]
    assert told == {
        "trace_id": given["trace_id"], "span_id": given["span_id"], "result": "created",
    }  # fmt: skip
    [record] = await account.kept(given["trace_id"])
    assert record.columns.subject == pseudonym()
    kept: Any = record.content()
    attributes = kept["ldv"]["attributes"]
    assert attributes[SUBJECT] == as_subject_id(pseudonym())
    assert attributes[SUBJECT_TYPE] == f"{SPACE}/bsn/1"
    assert kept["landschap"]["processing_id"] == "Z-2026-17"
    assert kept["landschap"]["application"] == "zaaksysteem"
    assert kept["landschap"]["activity_version"] == 1
    assert kept["ldv"]["resource"]["attributes"]["service.version"] == "4.2"
    assert PERSON.encode() not in record.payload


async def test_a_pseudonym_of_ours_is_taken_as_it_is(account: Account) -> None:
    ours = {SUBJECT: as_subject_id(pseudonym()), SUBJECT_TYPE: f"{SPACE}/bsn/1"}
    given = line(attributes=ours)
    assert (await account.deliver(given)).status_code == 201
    [record] = await account.kept(given["trace_id"])
    assert record.columns.subject == pseudonym()
    wrong = line(attributes=ours | {SUBJECT_TYPE: f"{SPACE}/bsn/9"})
    assert rules(await account.deliver(wrong)) == ["subject_type"]


async def test_one_object_and_json_lines_are_read_too_and_packed_bodies(account: Account) -> None:
    one = line()
    assert (await account.client.post(LINES, json=one)).status_code == 201
    two = [line(), line()]
    body = "\n".join(json.dumps(each) for each in two).encode()
    headers = {"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"}
    answer = await account.client.post(LINES, content=gzip.compress(body), headers=headers)
    assert answer.status_code == 201
    assert [each["span_id"] for each in answer.json()["lines"]] == [e["span_id"] for e in two]
    bomb = gzip.compress(b" " * 20_000_000)
    refused = await account.client.post(LINES, content=bomb, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (413, "body_too_large")
    for broken in (b"none", gzip.compress(body)[:-4]):
        refused = await account.client.post(LINES, content=broken, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (415, "media_type")


async def test_nobody_we_do_not_know_delivers(account: Account) -> None:
    answer = await account.deliver(line(), **{"X-Api-Key": "geraden"})
    assert (answer.status_code, answer.json()["code"]) == (401, "application_unknown")


@pytest.mark.case("L18")
async def test_the_same_line_again_is_confirmed_and_counts_once(account: Account) -> None:
    given = line()
    assert (await account.deliver(given)).status_code == 201
    again = await account.deliver(given)
    assert (again.status_code, again.json()["lines"][0]["result"]) == (200, "duplicate")
    assert len(await account.kept(given["trace_id"])) == 1
    with_new = await account.deliver(given, other := line(), other)
    assert with_new.status_code == 201
    results = [each["result"] for each in with_new.json()["lines"]]
    assert results == ["duplicate", "created", "duplicate"]
    assert len(await account.kept(other["trace_id"])) == 1


async def test_the_same_line_from_many_at_once_counts_once(account: Account) -> None:
    given = line()
    answers = await asyncio.gather(*(account.deliver(given, line()) for _ in range(20)))
    assert {each.status_code for each in answers} == {201}
    results = [each.json()["lines"][0]["result"] for each in answers]
    assert sorted(results) == ["created"] + ["duplicate"] * 19
    assert len(await account.kept(given["trace_id"])) == 1


@pytest.mark.case("L19")
async def test_another_line_under_the_same_ids_is_refused_and_an_alarm(account: Account) -> None:
    given = line()
    await account.deliver(given)
    before = account.figure("landschap_log_line_conflicts_total")
    answer = await account.deliver(new := line(), given | {"name": "Iets anders"})
    assert (answer.status_code, answer.json()["code"]) == (409, "log_lines_conflict")
    [error] = answer.json()["errors"]
    assert (error["line"], error["span_id"]) == (1, given["span_id"])
    assert account.figure("landschap_log_line_conflicts_total") == before + 1
    [kept] = await account.kept(given["trace_id"])
    assert b"Iets anders" not in kept.payload
    assert await account.kept(new["trace_id"]) == []
    twice = await account.deliver(new, new | {"name": "Iets anders"})
    assert rules(twice) == ["line_twice"]


@pytest.mark.case("L23")
async def test_an_activity_that_ended_yesterday_covers_no_line_of_today(account: Account) -> None:
    given = line(attributes={ACTIVITY_NAME: ENDED})
    answer = await account.deliver(line(), given)
    assert (answer.status_code, rules(answer)) == (422, ["activity_unknown"])
    assert answer.json()["errors"][0]["line"] == 1
    assert await account.kept(given["trace_id"]) == []


async def test_a_line_taken_in_under_an_earlier_key_is_the_same_line(account: Account) -> None:
    given = line()
    assert (await account.deliver(given)).status_code == 201
    keys = Keys(OWN, SPACE, {1: KEY, 2: b"n" * 32})
    later = replace(account.book, keys=keys)
    now = datetime.now(UTC)
    (told,) = await later.account("zaaksysteem", [read_given(given)], now)
    assert told.result == "duplicate"
    with pytest.raises(LinesConflict):
        await later.account("zaaksysteem", [read_given(given | {"name": "Anders"})], now)
    new = line()
    await later.account("zaaksysteem", [read_given(new)], now)
    (record,) = await account.kept(new["trace_id"])
    assert (record.columns.key_id, record.columns.subject) == (2, pseudonym(key=b"n" * 32))


async def test_what_was_seen_is_forgotten_when_its_month_has_gone(
    account: Account, module_database: Database
) -> None:
    given = line()
    await account.deliver(given)
    owner: asyncpg.Connection = await module_database.administrator()
    gone = "INSERT INTO logboek.seen VALUES ($1, $2, $3, '2001-01-01')"
    await owner.execute(gone, b"t" * 16, b"s" * 8, b"d" * 32)
    await owner.close()
    assert await forget_seen(account.book.pool) == 1
    assert await forget_seen(account.book.pool) == 0
    again = await account.deliver(given)
    assert again.json()["lines"][0]["result"] == "duplicate"


WRONG: dict[str, dict[str, Any]] = {
    "activity_missing": {"attributes": {ACTIVITY_NAME: None}},
    "one_subject": {"attributes": {SUBJECT: [PERSON, "999990342"]}},
    "subject": {"attributes": {SUBJECT: "123456789"}},
    "subject_type": {"attributes": {SUBJECT_TYPE: "klantnummer"}},
    "identifier": {"trace_id": "0" * 32},
    "status_unknown": {"status": "error"},
    "moment": {"start_time": "2026-01-01T00:00:00Z"},
    "member_unknown": {"gebruiker": "jdv"},
    "attribute_unknown": {"attributes": {"dpl.nen7513.user": "jdv"}},
    "attribute_count": {"attributes": {f"a{number}": 1 for number in range(40)}},
    "attribute_size": {"attributes": {"a": "x" * 9000}},
    "not_an_address": {"attributes": {"nl.landschap.purpose": "bijstand"}},
    "transaction_unknown": {"attributes": {"nl.landschap.fsc_transaction_id": str(uuid7())}},
    "transaction": {"attributes": {"nl.landschap.fsc_transaction_id": "X"}},
    "too_old": {"start_time": 0, "end_time": 1},
}


@pytest.mark.parametrize("rule", WRONG)
async def test_an_unlawful_line_is_refused_by_its_place_and_rule(
    account: Account, rule: str
) -> None:
    given = line(**WRONG[rule])
    answer = await account.deliver(good := line(), given)
    assert (answer.status_code, answer.json()["code"]) == (422, "log_lines_invalid")
    assert rules(answer) == [rule]
    assert answer.json()["errors"][0]["line"] == 1
    assert PERSON not in answer.text
    assert await account.kept(good["trace_id"]) == []


@pytest.mark.parametrize(
    "place",
    [
        {"name": "Gegevens van 123456782"},
        {"attributes": {"a": {"b": ["123456782"]}}},
        {"attributes": {"a": 123456782}},
        {"attributes": {"exception.message": "geen 123456782 gevonden"}},
        {"resource": {"attributes": {"host.name": "123456782"}}},
    ],
)
@pytest.mark.case("L29")
async def test_a_number_of_a_person_anywhere_else_is_refused(account: Account, place: Any) -> None:
    answer = await account.deliver(line(**place))
    assert (answer.status_code, rules(answer)) == (422, ["person_number"])
    assert "123456782" not in answer.text


@pytest.mark.case("L27")
async def test_moments_out_of_order_or_ahead_are_refused(account: Account) -> None:
    given = line()
    turned = given | {"end_time": given["start_time"] - 1}
    ahead = given | {"end_time": given["end_time"] + 70_000}
    for wrong in (turned, ahead):
        answer = await account.deliver(wrong)
        assert (answer.status_code, rules(answer)) == (422, ["line"])


async def test_the_names_of_earlier_forms_of_a_line_mean_the_same(account: Account) -> None:
    given = line()
    old = {
        **{k: v for k, v in given.items() if k not in {"span_id", "status"}},
        "operation_id": given["span_id"],
        "parent_operation_id": new_span_id().hex(),
        "status_code": 0,
    }
    assert (await account.deliver(old)).status_code == 201
    [record] = await account.kept(given["trace_id"])
    kept: Any = record.content()
    assert kept["ldv"]["status"] == "Unset"
    assert kept["ldv"]["parent_span_id"] == old["parent_operation_id"]
    assert record.columns.span_id.hex() == given["span_id"]


async def test_a_full_request_is_written_in_its_order(account: Account) -> None:
    trace = line()["trace_id"]
    given = [line(trace_id=trace) for _ in range(1000)]
    assert (await account.deliver(*given)).status_code == 201
    rows = await account.book.pool.fetch(
        "SELECT span_id FROM logboek.record WHERE trace_id = $1 ORDER BY record_id",
        bytes.fromhex(trace),
    )
    assert [row["span_id"].hex() for row in rows] == [each["span_id"] for each in given]


async def test_no_more_than_a_thousand_lines_and_no_body_that_is_none(account: Account) -> None:
    for body in ([], [line()] * 1001):
        answer = await account.client.post(LINES, json=body)
        assert (answer.status_code, rules(answer)) == (400, ["line_count"])
    for raw in (b"{", b'{"a":1,"a":2}', b"[" * 100):
        headers = {"Content-Type": "application/json"}
        answer = await account.client.post(LINES, content=raw, headers=headers)
        assert (answer.status_code, rules(answer)) == (400, ["not_json"])
    answer = await account.client.post(LINES, content=b"x", headers={"Content-Type": "text/xml"})
    assert answer.status_code == 415


async def test_when_nothing_can_be_made_durable_the_line_is_not_confirmed(
    account: Account, module_database: Database
) -> None:
    owner: asyncpg.Connection = await module_database.administrator()
    await owner.execute("REVOKE INSERT ON logboek.record FROM landschap_logboek")
    given = line()
    answer = await account.deliver(given)
    assert (answer.status_code, answer.json()["code"]) == (503, "log_unavailable")
    assert answer.headers["retry-after"] == "5"
    await owner.execute("GRANT INSERT ON logboek.record TO landschap_logboek")
    await owner.close()
    assert (await account.deliver(given)).status_code == 201, "a refused line is not a seen one"


async def test_the_interface_is_described_by_the_rules_for_apis(account: Account) -> None:
    answer = await account.client.get("/logboek/v1/openapi.json")
    assert check_document(read_document(answer.content), Mode.STRICT, structures()) == []
    line_schema = answer.json()["components"]["schemas"]["Regel"]
    assert set(line_schema["required"]) <= set(line())
    assert ACTIVITY.startswith("https://")
