# SPDX-License-Identifier: EUPL-1.2
"""A delivery of all persons leaves out who may not be used, counts them, and says not who."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import asyncpg
import pytest
from tests.registers.rig import annotated, kind_of, made_up
from tests.registers.test_api import FIELDS, PEOPLE, Asker, asker_of
from tests.registers.test_exporting import rows_of
from tests.registers.test_permitted_rows import codes
from tests.registers.test_persons_left_out import (
    CHECKS,
    NUMBERS,
    fed,
    pseudonym,
    stands_against,
    write,
)
from tests.throwaway import Database

from landschap.logboek.records import Kind as Recorded
from landschap.platform.ids import uuid7
from landschap.purposes.needs import Kind
from landschap.purposes.persons.store import say
from landschap.registers import store
from landschap.registers.operations import Draft
from landschap.registers.periods import Period
from landschap.registers.timeline import Kind as Act

BULK = "/proef-bulk/v1/personen"


@pytest.fixture
async def asker(database: Database) -> AsyncIterator[Asker]:
    async for one in asker_of(database, PEOPLE):
        for object_id, number in NUMBERS.items():
            await write(one.pool, PEOPLE, object_id, number)
        yield one


@pytest.fixture
async def purposes(database: Database) -> asyncpg.Pool:
    return await database.pool("purposes")


async def delivered(asker: Asker, form: str = "jsonl", **query: str) -> tuple[list[str], Any]:
    """The objects of a delivery of all persons, and its manifest."""
    answer = await asker.send(
        "GET",
        BULK,
        {"formaat": form, **query},
        service="proef-bulk",
        checks=CHECKS,
        fields=(*FIELDS, *query) if "uitvoer" not in query else FIELDS,
    )
    assert answer.status_code == 200, answer.text
    lines = rows_of(answer)
    place = answer.headers["Link"].partition(">")[0].strip("<")
    told = await asker.send("GET", place, service="proef-bulk", checks=CHECKS)
    assert (told.status_code, told.json()["status"]) == (200, "volledig"), told.text
    assert told.json()["aantal"] == len(lines)
    return [each["nummer"] for each in lines], told.json()


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
@pytest.mark.parametrize("rows", ["objecten", "voorkomens", "registraties"])
async def test_a_delivery_leaves_out_who_may_not_be_used_and_counts_them(
    asker: Asker, purposes: asyncpg.Pool, database: Database, form: str, rows: str
) -> None:
    await say(purposes, stands_against(database, "p2"))
    await say(purposes, stands_against(database, "p3", Kind.OBJECTION))
    found, manifest = await delivered(asker, form, uitvoer=rows)
    assert (found, manifest["weggelaten"]) == (["p1"], 2)
    assert not any(number in str(manifest) for number in NUMBERS.values())
    await say(purposes, stands_against(database, "p2", holds=False))
    found, manifest = await delivered(asker, form, uitvoer=rows)
    assert (found, manifest["weggelaten"]) == (["p1", "p2"], 1)


async def test_who_is_left_out_reads_that_it_was_asked_for_and_refused(
    asker: Asker, purposes: asyncpg.Pool, database: Database
) -> None:
    await say(purposes, stands_against(database, "p2"))
    answer = await asker.send("GET", BULK, service="proef-bulk", checks=CHECKS)
    assert NUMBERS["p2"] not in answer.text
    assert await codes(asker) == ["processing_restricted"]
    lines = await asker.log_pool.fetch(
        "SELECT subject FROM logboek.record WHERE transaction_id = $1 AND kind = $2"
        " AND subject IS NOT NULL",
        asker.transaction, int(Recorded.LINE),
    )  # fmt: skip
    assert {line["subject"] for line in lines} == {
        pseudonym(database, "bsn", number) for number in NUMBERS.values()
    }


async def test_an_earlier_delivery_is_not_the_same_when_somebody_may_be_used_again(
    asker: Asker, purposes: asyncpg.Pool, database: Database
) -> None:
    permit: dict[str, Any] = {"service": "proef-bulk", "checks": CHECKS}
    first = await asker.send("GET", BULK, **permit)
    tag = {"If-None-Match": first.headers["ETag"]}
    assert (await asker.send("GET", BULK, headers=tag, **permit)).status_code == 200


async def test_where_nobody_can_be_looked_up_there_is_no_delivery(database: Database) -> None:
    nameless = made_up(naam=annotated(**{"x-persoonsgegeven": "gewoon"}))
    async for asker in asker_of(database, nameless):
        answer = await asker.send(
            "GET", BULK, service="proef-bulk", checks=CHECKS, fields=("naam",)
        )
        assert (answer.status_code, answer.json()["code"]) == (403, "obligation_unsupported")


async def test_of_a_part_that_was_asked_for_it_is_not_told_how_many_are_left_out(
    database: Database, purposes: asyncpg.Pool
) -> None:
    both = {"x-mim-tijdlijn-geldigheid": True, "x-mim-tijdlijn-registratie": True}
    districts = made_up(
        naam=annotated(**both, **{"x-persoonsgegeven": "gewoon"}),
        burgerservicenummer=annotated(
            **both, **{"x-persoonsgegeven": "identificerend", "x-onderwerp": "bsn"}
        ),
        wijk=annotated(**both, **{"x-zoekbaar": True}),
    )
    await say(purposes, stands_against(database, "p1"))
    async for asker in asker_of(database, districts):
        for object_id, number in NUMBERS.items():
            await write(asker.pool, districts, object_id, number, wijk="a")
        found, manifest = await delivered(asker, wijk="a")
        assert found == ["p2", "p3"]
        assert "weggelaten" not in manifest
        found, manifest = await delivered(asker)
        assert (found, manifest["weggelaten"]) == (["p2", "p3"], 1)


async def test_of_whom_it_is_not_known_who_it_is_nothing_is_told_either(asker: Asker) -> None:
    """Nothing can be looked up about nobody; without checks there is nothing to look up."""
    draft = Draft(
        period=Period(date(2020, 1, 1)), kind=Act.CHANGE, group="persoon", content={"naam": "x"}
    )
    entry = store.Entry(type=kind_of(PEOPLE), object_id="p9", draft=draft)
    act = store.Act(register=PEOPLE, transaction_id=uuid7(), entries=[entry])
    assert isinstance(await store.write(asker.pool, act), store.Written)
    for rows in ("objecten", "voorkomens", "registraties"):
        found, manifest = await delivered(asker, uitvoer=rows)
        assert (found, manifest["weggelaten"]) == (["p1", "p2", "p3"], 1)
    assert await fed(asker, checks=CHECKS) == ["p1", "p2", "p3"]
    assert await fed(asker) == ["p1", "p2", "p3", "p9"]
