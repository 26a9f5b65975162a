# SPDX-License-Identifier: EUPL-1.2
"""Objects outside the row conditions of a permit: not read, not told of, and recorded."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import asyncpg
import pytest
from tests.registers.rig import annotated, kind_of, made_up
from tests.registers.test_api import SUZANNE, Asker, asker_of
from tests.registers.test_changing import WHY
from tests.throwaway import Database

from landschap.logboek.store import by_transaction
from landschap.platform.ids import uuid7
from landschap.purposes.rows import RowCondition
from landschap.registers import store
from landschap.registers.operations import Draft
from landschap.registers.periods import OPEN, Period
from landschap.registers.store import Act, Entry, Written
from landschap.registers.timeline import Kind

BOTH = {"x-mim-tijdlijn-geldigheid": True, "x-mim-tijdlijn-registratie": True}
PEOPLE = made_up(
    naam=annotated(**BOTH, **{"x-zoekbaar": True, "x-persoonsgegeven": "gewoon"}),
    gemeente=annotated(**BOTH),
    burgerservicenummer=annotated(**{"x-zoekbaar": True, "x-persoonsgegeven": "identificerend",
                                     "x-onderwerp": "bsn"}),
)  # fmt: skip
OTHER = "999993653"  # an official test number
OWN = (RowCondition(path="gemeente", op="eq", values=("0457",)),)
SEEN: dict[str, Any] = {"fields": ("nummer", "naam"), "rows": OWN}


@pytest.fixture
async def asker(database: Database) -> AsyncIterator[Asker]:
    async for one in asker_of(database, PEOPLE):
        await add(one, "a1", "2020-01-01", "Jansen", "0457", SUZANNE)
        await add(one, "b2", "2020-01-01", "Verhulst", "0221", OTHER)
        yield one


async def add(
    asker: Asker, object_id: str, begin: str, name: str, municipality: str, number: str
) -> None:
    content = {"naam": name, "gemeente": municipality, "burgerservicenummer": number}
    draft = Draft(
        period=Period(date.fromisoformat(begin), OPEN), kind=Kind.CHANGE, content=content,
        group="persoon",
    )  # fmt: skip
    entry = Entry(type=kind_of(asker.register), object_id=object_id, draft=draft)
    done = await store.write(
        asker.pool, Act(register=asker.register, transaction_id=uuid7(), entries=[entry])
    )
    assert isinstance(done, Written)


async def codes(asker: Asker) -> list[str]:
    """The codes of the decisions in the log of the last question."""
    records: list[Any] = [
        one.content() for one in await by_transaction(asker.log_pool, asker.transaction)
    ]
    told = [each["adl"]["body"]["adl.core.response"] for each in records if "adl" in each]
    return [each["context"]["code"] for each in told]


@pytest.mark.case("A36")
async def test_an_object_outside_answers_as_one_that_does_not_exist_and_is_recorded(
    asker: Asker,
) -> None:
    assert (await asker.get("a1", **SEEN)).json() == {"nummer": "a1", "naam": "Jansen"}
    assert await codes(asker) == []
    outside = await asker.get("b2", **SEEN)
    assert await codes(asker) == ["row_mismatch"]
    unknown = await asker.get("zz", **SEEN)
    assert (outside.status_code, unknown.status_code) == (404, 404)
    told, other = outside.json(), unknown.json()
    assert {k: v for k, v in told.items() if k != "instance"} == {
        k: v for k, v in other.items() if k != "instance"
    }


@pytest.mark.parametrize("path", ["b2/voorkomens", "b2/registraties"])
async def test_the_history_of_an_object_outside_is_not_there_either(
    asker: Asker, path: str
) -> None:
    assert (await asker.get(path, **SEEN)).json()["code"] == "niet-gevonden"
    assert (await asker.get(path.replace("b2", "a1"), **SEEN)).status_code == 200


async def test_a_search_for_somebody_outside_finds_nothing_and_still_concerns_them(
    asker: Asker,
) -> None:
    body = json.dumps({"burgerservicenummer": [SUZANNE, OTHER]}).encode()
    answer = await asker.search(body, **SEEN)
    assert answer.json() == {"items": [{"nummer": "a1", "naam": "Jansen"}]}
    assert await codes(asker) == ["row_mismatch"]
    subjects = [
        each["ldv"]["attributes"].get("dpl.core.data_subject_id")
        for each in await asker.lines()
        if "ldv" in each
    ]
    assert len([each for each in subjects if each]) == 2


@pytest.mark.case("api-40")
async def test_a_batch_tells_no_difference_between_unknown_and_forbidden(asker: Asker) -> None:
    async def batch(keys: list[str]) -> Any:
        body = json.dumps({"requests": [{"key": key} for key in keys]}).encode()
        return await asker.send("POST", "/proef/v1/personen/_batch", body=body, **SEEN)

    keys = ["zz", "a1", "b2", *(f"x{number}" for number in range(96)), "a1"]
    answer = await batch(keys)
    seen = {"nummer": "a1", "naam": "Jansen"}
    assert answer.json()["results"] == [None, seen, None, *([None] * 96), seen]
    too_many = await batch([*keys, "b2"])
    assert (too_many.status_code, too_many.json()["code"]) == (400, "request-limit-exceeded")


async def test_what_is_permitted_moves_with_the_day_that_is_asked_about(asker: Asker) -> None:
    await add(asker, "b2", "2022-01-01", "Verhulst", "0457", OTHER)
    assert (await asker.get("b2", **SEEN)).json()["naam"] == "Verhulst"
    before = await asker.get("b2", {"geldigOp": "2021-06-01"}, **SEEN)
    assert before.json()["code"] == "niet-gevonden"


async def test_nothing_of_an_object_outside_leaves_the_database(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    fetch = asyncpg.Pool.fetch

    async def listened(pool: asyncpg.Pool, *asked: Any, **more: Any) -> Any:
        rows = await fetch(pool, *asked, **more)
        read.extend(str(dict(row)) for row in rows)
        return rows

    async for one in asker_of(database, PEOPLE):
        await add(one, "b2", "2020-01-01", "Verhulst", "0221", OTHER)
        monkeypatch.setattr(asyncpg.Pool, "fetch", listened)
        for path in ("b2", "b2/voorkomens", "b2/registraties"):
            await one.get(path, **SEEN)
        assert any("0221" in row for row in read)
        assert not any("Verhulst" in row or OTHER in row for row in read)


async def test_what_tells_of_all_objects_is_refused_to_who_may_see_some(asker: Asker) -> None:
    feed = await asker.send("GET", "/proef/v1/wijzigingen", **SEEN)
    assert (feed.status_code, feed.json()["code"]) == (403, "rows_not_obeyed")
    waiting = await asker.send(
        "GET", "/proef-bijhouden/v1/terugmeldingen", service="proef-bijhouden", **SEEN
    )
    assert (waiting.status_code, waiting.json()["code"]) == (403, "rows_not_obeyed")


async def test_an_object_outside_can_not_be_written(asker: Asker) -> None:
    async def write(object_id: str, municipality: str, seen: dict[str, str]) -> Any:
        content = {"naam": "Nieuw", "gemeente": municipality, "burgerservicenummer": OTHER}
        body = {**WHY, "geldigVan": "2023-01-01", "inhoud": content}
        operation = "_registreer" if "If-None-Match" in seen else "_wijzig"
        return await asker.send(
            "POST", f"/proef-bijhouden/v1/personen/{object_id}/{operation}",
            body=json.dumps(body).encode(), headers=seen, service="proef-bijhouden",
            fields=("nummer", "naam", "gemeente", "burgerservicenummer"), rows=OWN,
        )  # fmt: skip

    assert (await write("b2", "0457", {"If-Match": '"2"'})).json()["code"] == "niet-gevonden"
    assert (await write("c3", "0221", {"If-None-Match": "*"})).json()["code"] == "niet-gevonden"
    assert (await write("c3", "0457", {"If-None-Match": "*"})).status_code == 201
    assert (await write("a1", "0457", {"If-Match": '"1"'})).status_code == 201
