# SPDX-License-Identifier: EUPL-1.2
"""Fields that a permit does not hold are not read from the database, whatever is asked."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import asyncpg
import pytest
from tests.registers.rig import annotated, made_up
from tests.registers.test_api import SUZANNE, Asker, asker_of
from tests.throwaway import Database

from landschap.platform.ids import uuid7
from landschap.registers import store
from landschap.registers.operations import Draft
from landschap.registers.periods import OPEN, Period
from landschap.registers.store import Act, Entry, Written
from landschap.registers.timeline import Kind

BOTH = {"x-mim-tijdlijn-geldigheid": True, "x-mim-tijdlijn-registratie": True}
PEOPLE = made_up(
    naam=annotated(**BOTH, **{"x-zoekbaar": True, "x-persoonsgegeven": "gewoon"}),
    schuld=annotated(**BOTH, **{"x-zoekbaar": True, "x-groep": "financien"}),
    opmerking=annotated(**BOTH, **{"x-groep": "financien"}),
    burgerservicenummer=annotated(**{"x-zoekbaar": True, "x-persoonsgegeven": "identificerend",
                                     "x-onderwerp": "bsn"}),
)  # fmt: skip
STREETS = made_up(
    naam=annotated(**BOTH, **{"x-zoekbaar": True}),
    geheim=annotated(**BOTH),
    ligtAan=annotated(**BOTH, **{"x-verwijst-naar": "persoon"}),
)
SECRET = "schuldbedrag-4711"
NAMES = ("nummer", "naam")


async def add(asker: Asker, object_id: str, contents: dict[str, dict[str, Any]]) -> None:
    kind = next(iter(asker.register.types.values()))
    entries = [
        Entry(
            type=kind, object_id=object_id,
            draft=Draft(period=Period(date(2020, 1, 1), OPEN), kind=Kind.CHANGE,
                        content=content, group=group),
        )
        for group, content in contents.items()
    ]  # fmt: skip
    act = Act(register=asker.register, transaction_id=uuid7(), entries=entries)
    assert isinstance(await store.write(asker.pool, act), Written)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every row that came out of the database, as text."""
    rows: list[str] = []
    fetch = asyncpg.Pool.fetch

    async def listened(pool: asyncpg.Pool, *asked: Any, **more: Any) -> Any:
        found = await fetch(pool, *asked, **more)
        rows.extend(str(dict(row)) for row in found)
        return found

    monkeypatch.setattr(asyncpg.Pool, "fetch", listened)
    return rows


async def test_no_question_about_a_person_reads_what_is_not_permitted(
    database: Database, read: list[str]
) -> None:
    async for asker in asker_of(database, PEOPLE):
        await add(asker, "a1", {
            "persoon": {"naam": "Jansen", "burgerservicenummer": SUZANNE},
            "financien": {"schuld": SECRET, "opmerking": SECRET},
        })  # fmt: skip
        read.clear()
        body = json.dumps({"burgerservicenummer": SUZANNE}).encode()
        batch = json.dumps({"requests": [{"key": "a1"}]}).encode()
        moment = {"beschikbaarOp": "2026-01-01T00:00:00Z"}
        answers = [
            await asker.get("a1", fields=NAMES),
            await asker.get("a1", {"geldigOp": "2021-01-01", "historie": "true"}, fields=NAMES),
            await asker.get("a1", moment, fields=NAMES),
            await asker.get("a1/voorkomens", fields=NAMES),
            await asker.get("a1/registraties", fields=NAMES),
            await asker.search(body, fields=NAMES),
            await asker.send("POST", "/proef/v1/personen/_batch", body=batch, fields=NAMES),
        ]
    assert [each.status_code for each in answers] == [200, 200, 404, 200, 200, 200, 200]
    assert any("Jansen" in row for row in read)
    assert not any(SECRET in row for row in read)
    assert not any(SECRET in each.text for each in answers)


async def test_no_list_and_no_relation_reads_what_is_not_permitted(
    database: Database, read: list[str]
) -> None:
    async for asker in asker_of(database, STREETS):
        await add(asker, "h1", {"persoon": {"naam": "een", "geheim": SECRET, "ligtAan": "h2"}})
        await add(asker, "h2", {"persoon": {"naam": "twee", "geheim": SECRET}})
        read.clear()
        held = ("nummer", "naam", "ligtAan")
        page = await asker.send("GET", "/proef/v1/personen", {"naam": "een"}, fields=held)
        followed = await asker.get("h1", {"expand": "ligtAan"}, fields=held)
        filtered = await asker.send("GET", "/proef/v1/personen", {"sort": "naam"}, fields=held)
    assert [one["naam"] for one in page.json()["items"]] == ["een"]
    assert followed.json()["_uitgebreid"]["ligtAan"]["naam"] == "twee"
    assert len(filtered.json()["items"]) == 2
    assert read
    assert not any(SECRET in row for row in read)


async def test_what_is_permitted_decides_whether_there_is_an_object(database: Database) -> None:
    async for asker in asker_of(database, PEOPLE):
        await add(asker, "a1", {"financien": {"schuld": SECRET}})
        hidden = await asker.get("a1", fields=NAMES)
        shown = await asker.get("a1", fields=("nummer", "schuld"))
    assert (hidden.status_code, hidden.json()["code"]) == (404, "niet-gevonden")
    assert shown.json()["schuld"] == SECRET
