# SPDX-License-Identifier: EUPL-1.2
"""Delivering whole collections over HTTP: forms, one state of knowledge, seals, lines, limits."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from datetime import date
from hashlib import sha256
from typing import Any

import asyncpg
import httpx
import pyarrow.parquet as pq
import pytest
from tests.registers.test_api import FIELDS as PERSON_FIELDS
from tests.registers.test_api import PEOPLE, Asker, asker_of
from tests.registers.test_collections import FIELDS, Houses, places
from tests.throwaway import Database

from landschap.logboek.faults import LogUnavailable
from landschap.logboek.records import Kind as Recorded
from landschap.platform.ids import uuid7
from landschap.registers import store
from landschap.registers.api.exporting import Slots
from landschap.registers.operations import Draft
from landschap.registers.periods import OPEN, Period
from landschap.registers.timeline import Kind


@pytest.fixture
async def houses(database: Database) -> AsyncIterator[Houses]:
    async for asker in asker_of(database, places()):
        yield Houses(asker)


def rows_of(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    kind = answer.headers["Content-Type"].partition(";")[0]
    if kind == "application/x-ndjson":
        return [json.loads(line) for line in answer.text.splitlines()][:-1]
    if kind == "text/csv":
        return [*csv.DictReader(io.StringIO(answer.text))]
    found: list[dict[str, Any]] = pq.read_table(io.BytesIO(answer.content)).to_pylist()  # type: ignore[no-untyped-call]
    return found


async def manifest_of(houses: Houses, answer: httpx.Response, **permit: Any) -> dict[str, Any]:
    link = answer.headers["Link"].partition(">")[0].strip("<")
    told = await houses.asker.send("GET", link, fields=FIELDS, **permit)
    assert told.status_code == 200, told.text
    found: dict[str, Any] = told.json()
    return found


async def test_three_forms_hold_the_same_rows_and_a_manifest_that_fits(houses: Houses) -> None:
    await houses.fill(603)
    digests = set()
    for form in ("jsonl", "csv", "parquet"):
        answer = await houses.get("huizen", {"formaat": form, "fields": "nummer,naam,soort"})
        rows = rows_of(answer)
        assert [row["nummer"] for row in rows] == [f"h{n:05}" for n in range(603)]
        assert {row["soort"] for row in rows} == {"a", "b"}
        told = await manifest_of(houses, answer)
        assert (told["status"], told["aantal"]) == ("volledig", 603)
        assert told["sha256"] == sha256(answer.content).hexdigest()
        assert told["bytes"] == len(answer.content)
        assert told["doel"] == "https://doelen.example/a"
        digests.add(told["inhoudSha256"])
        assert "huizen-" in answer.headers["Content-Disposition"]
    assert len(digests) == 1


async def test_the_seal_is_the_last_line(houses: Houses) -> None:
    await houses.fill(3)
    answer = await houses.asker.send(
        "GET", "/proef/v1/huizen", fields=FIELDS, headers={"Accept": "application/x-ndjson"}
    )
    *lines, seal = answer.content.splitlines(keepends=True)
    digest = sha256(b"".join(lines)).hexdigest()
    assert json.loads(seal) == {"_slot": {"aantal": 3, "sha256": digest}}


async def test_all_of_it_is_of_one_state_of_knowledge(
    houses: Houses, monkeypatch: pytest.MonkeyPatch
) -> None:
    await houses.fill(1500)
    read = store.pages

    async def pages(pool: asyncpg.Pool, wanted: store.Wanted) -> Any:
        async for page in read(pool, wanted):
            yield page
            await houses.write(
                ("huis", "a0", "2020-01-01", {"naam": "nieuw"}),
                ("huis", "h01400", "2020-01-01", {"naam": "anders"}),
                ("huis", "h01499", "2020-01-01", None),
            )

    monkeypatch.setattr(store, "pages", pages)
    answer = await houses.get("huizen", {"formaat": "jsonl"})
    rows = {row["nummer"]: row for row in rows_of(answer)}
    assert len(rows) == 1500
    assert rows["h01400"]["naam"] == "n0"
    told = await manifest_of(houses, answer)
    query = dict(httpx.URL(answer.headers["Content-Location"]).params)
    assert query["beschikbaarOp"] == told["beschikbaarOp"]
    monkeypatch.undo()
    again = await houses.asker.send(
        "GET", "/proef/v1/huizen", query, fields=FIELDS, history=("formeel",)
    )
    assert again.status_code == 200, again.text
    asked_again = {row["nummer"]: row["naam"] for row in rows_of(again)}
    assert asked_again == {number: row["naam"] for number, row in rows.items()}


async def test_an_answer_that_is_there_already_is_not_made(houses: Houses) -> None:
    await houses.fill(3)
    query = {"formaat": "csv", "beschikbaarOp": "2026-01-01T00:00"}
    permit: dict[str, Any] = {"fields": FIELDS, "history": ("formeel", "materieel")}
    first = await houses.asker.send("GET", "/proef/v1/huizen", query, **permit)
    given = {"If-None-Match": first.headers["ETag"]}
    again = await houses.asker.send("GET", "/proef/v1/huizen", query, headers=given, **permit)
    assert (again.status_code, again.content) == (304, b"")
    query["formaat"] = "jsonl"
    other = await houses.asker.send("GET", "/proef/v1/huizen", query, headers=given, **permit)
    assert other.status_code == 200


async def test_history_is_delivered_as_stretches_or_registrations(houses: Houses) -> None:
    await houses.write(("huis", "h1", "2020-01-01", {"naam": "eerst"}))
    await houses.write(("huis", "h1", "2022-01-01", {"naam": "later"}))
    await houses.write(("huis", "h2", "2020-01-01", {"naam": "weg"}))
    await houses.write(("huis", "h2", "2020-01-01", None))
    closed = await houses.asker.send(
        "GET", "/proef/v1/huizen", {"uitvoer": "voorkomens"}, fields=FIELDS, history=()
    )
    assert (closed.status_code, closed.json()["code"]) == (403, "geschiedenis.niet-toegestaan")
    permit: dict[str, Any] = {"fields": FIELDS, "history": ("formeel", "materieel")}
    for form in ("jsonl", "csv", "parquet"):
        query = {"uitvoer": "voorkomens", "formaat": form}
        rows = rows_of(await houses.asker.send("GET", "/proef/v1/huizen", query, **permit))
        found = [
            (row["nummer"], row["naam"], str((row.get("historie") or row)["beginGeldigheid"]))
            for row in rows
        ]
        assert found == [("h1", "eerst", "2020-01-01"), ("h1", "later", "2022-01-01")]
    query = {"uitvoer": "registraties"}
    rows = rows_of(await houses.asker.send("GET", "/proef/v1/huizen", query, **permit))
    assert [(row["nummer"], row["volgnummer"], row["ingetrokken"]) for row in rows] == [
        ("h1", 1, False), ("h1", 2, False), ("h2", 3, False), ("h2", 4, True),
    ]  # fmt: skip
    query["formaat"] = "csv"
    rows = rows_of(await houses.asker.send("GET", "/proef/v1/huizen", query, **permit))
    assert [row["naam"] for row in rows] == ["eerst", "later", "weg", ""]


WRONG = [
    ({"formaat": "xml"}, "parameter.ongeldig"),
    ({"uitvoer": "alles"}, "parameter.ongeldig"),
    ({"formaat": "csv", "limit": "5"}, "parameter.niet-ondersteund"),
    ({"formaat": "csv", "sort": "naam"}, "parameter.niet-ondersteund"),
    ({"formaat": "csv", "cursor": "x"}, "parameter.niet-ondersteund"),
    ({"formaat": "geojson"}, "parameter.ongeldig"),
    ({"uitvoer": "voorkomens", "geldigOp": "2020-01-01"}, "tijd.combinatie"),
    ({"uitvoer": "voorkomens", "soort": "a"}, "parameter.niet-ondersteund"),
    ({"formaat": "csv", "fields": "onbekend"}, "parameter.ongeldig"),
    ({"formaat": "csv", "formaten": "x"}, "query_unknown"),
]


async def test_what_is_asked_wrongly_is_refused_before_anything_is_read(houses: Houses) -> None:
    for query, code in WRONG:
        refused = await houses.get("huizen", query)
        assert (refused.status_code, refused.json()["code"]) == (400, code), query
    assert await houses.asker.pool.fetchval("SELECT count(*) FROM registers.delivery") == 0


async def test_fields_and_rows_that_are_not_permitted_are_not_delivered(houses: Houses) -> None:
    await houses.fill(4)
    answer = await houses.asker.send(
        "GET", "/proef/v1/huizen", {"formaat": "jsonl"}, fields=("nummer", "soort")
    )
    assert rows_of(answer)[0] == {"nummer": "h00000", "soort": "a"}
    closed = await houses.asker.send(
        "GET", "/proef/v1/huizen", {"formaat": "csv", "fields": "naam"}, fields=("nummer", "soort")
    )
    assert closed.status_code == 403


async def test_nobody_else_hears_of_a_delivery(houses: Houses) -> None:
    await houses.fill(1)
    answer = await houses.get("huizen", {"formaat": "csv"})
    link = answer.headers["Link"].partition(">")[0].strip("<")
    other = await houses.asker.send("GET", link, fields=FIELDS, peer="00000099000000003000")
    assert other.status_code == 404
    for wrong in ("/proef/v1/leveringen/x", f"{link}0"):
        assert (await houses.asker.send("GET", wrong, fields=FIELDS)).status_code == 404


async def test_head_makes_nothing(houses: Houses) -> None:
    await houses.fill(1)
    target = "/proef/v1/huizen?formaat=csv"
    got = await houses.get("huizen", {"formaat": "csv"})
    head = await houses.asker.client.head(target, headers=got.request.headers)
    assert (head.status_code, head.content) == (200, b"")
    pool = houses.asker.pool
    assert await pool.fetchval("SELECT count(*) FROM registers.delivery") == 1


class People:
    """Two thousand and a few persons, and a permit for the service that delivers all."""

    def __init__(self, asker: Asker) -> None:
        self.asker = asker

    async def fill(self, count: int) -> None:
        kind = self.asker.register.types["persoon"]
        numbers = bsns(count)
        drafts = [
            drafted({"naam": f"n{n}", "burgerservicenummer": number})
            for n, number in enumerate(numbers)
        ]
        entries = [
            store.Entry(type=kind, object_id=f"p{n:05}", draft=draft)
            for n, draft in enumerate(drafts)
        ]
        act = store.Act(register=self.asker.register, transaction_id=uuid7(), entries=entries)
        assert isinstance(await store.write(self.asker.pool, act), store.Written)

    async def all(self, **query: str) -> httpx.Response:
        return await self.asker.send(
            "GET", "/proef-bulk/v1/personen", query, service="proef-bulk", fields=PERSON_FIELDS
        )


def bsns(count: int) -> list[str]:
    """Numbers that pass the eleven-test, from the range that is never given out."""
    found: list[str] = []
    number = 999_900_000
    while len(found) < count:
        digits = [int(each) for each in f"{number:09}"]
        total = sum(weight * digit for weight, digit in zip(range(9, 1, -1), digits, strict=False))
        if (total - digits[8]) % 11 == 0:
            found.append(f"{number:09}")
        number -= 1
    return found


def drafted(content: dict[str, Any]) -> Draft:
    return Draft(
        period=Period(date(2020, 1, 1), OPEN), kind=Kind.CHANGE, content=content, group="persoon"
    )


@pytest.fixture
async def people(database: Database) -> AsyncIterator[People]:
    async for asker in asker_of(database, PEOPLE):
        yield People(asker)


async def test_persons_are_delivered_by_a_service_of_their_own_with_a_line_each(
    people: People,
) -> None:
    await people.fill(1100)
    refused = await people.asker.send("GET", "/proef/v1/personen", {"formaat": "csv"})
    assert (refused.status_code, refused.json()["code"]) == (403, "lijst_van_personen")
    assert "/proef-bulk/v1/personen" in refused.json()["detail"]
    other = await people.asker.send("GET", "/proef-bulk/v1/personen", {"formaat": "csv"})
    assert (other.status_code, other.json()["code"]) == (403, "permit_mismatch")
    answer = await people.all(formaat="csv")
    assert len(rows_of(answer)) == 1100
    counted = await people.asker.log_pool.fetchrow(
        """SELECT count(*) AS lines, count(DISTINCT subject) AS persons FROM logboek.record
           WHERE transaction_id = $1 AND kind = $2""",
        people.asker.transaction,
        int(Recorded.LINE),
    )
    # Beside a line per person one per piece, of which the lines of its persons are children.
    assert (counted["persons"], counted["lines"]) == (1100, 1100 + 3)


async def test_without_a_log_no_first_byte_and_no_next_piece(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    await people.fill(1100)
    append, calls = people.asker.log.append, 0

    async def failing(*given: Any, **more: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise LogUnavailable("the log can not be written")
        return await append(*given, **more)

    monkeypatch.setattr(people.asker.log, "append", failing)
    with pytest.raises(AssertionError):
        # The connection ends before the answer does; the transport of the test says so.
        await people.all(formaat="jsonl")
    ended = await people.asker.pool.fetchrow("SELECT whole, manifest FROM registers.delivery_end")
    assert (ended["whole"], json.loads(ended["manifest"])["aantal"]) == (False, 500)
    calls = 1
    refused = await people.all(formaat="jsonl")
    assert (refused.status_code, refused.json()["code"]) == (503, "log_unavailable")
    monkeypatch.undo()
    assert len(rows_of(await people.all(formaat="jsonl"))) == 1100


def test_places_are_limited_and_given_back() -> None:
    slots = Slots(2)
    assert slots.take("a") is None
    again = slots.take("a")
    assert again is not None
    assert again.status == 429
    assert slots.take("b") is None
    full = slots.take("c")
    assert full is not None
    assert full.status == 503
    slots.give("a")
    assert slots.take("c") is None
