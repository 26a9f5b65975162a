# SPDX-License-Identifier: EUPL-1.2
"""What is corrected is corrected at the source: a new version there, and no other place has it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.registers.test_api import FIELDS, PEOPLE, SUZANNE, Asker, asker_of
from tests.throwaway import Database

WRONG, RIGHT = "Zeldzamehuis-7391", "Zeldzamerhuis-7391"
WHY = {"reden": "Melding van de inwoner", "document": "zaak 2026-001"}


@pytest.fixture
async def asker(database: Database) -> AsyncIterator[Asker]:
    async for one in asker_of(database, PEOPLE):
        yield one


async def change(asker: Asker, operation: str, body: dict[str, Any], seen: int) -> int:
    """One operation at the door for changing; the number it got."""
    answer = await asker.send(
        "POST", f"/proef-bijhouden/v1/personen/p1/{operation}", service="proef-bijhouden",
        body=json.dumps({**WHY, **body}).encode(), headers={"If-Match": f'"{seen}"'},
    )  # fmt: skip
    assert answer.status_code == 201, answer.text
    return int(answer.json()["volgnummer"])


async def name(asker: Asker, **query: str) -> str:
    """The name as a question tells it."""
    answer = await asker.get("p1", query, fields=FIELDS)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["naam"])


async def holding(database: Database, value: str) -> set[str]:
    """Every table of every schema in which a value stands, as text or as bytes."""
    owner = await database.administrator()
    try:
        tables = await owner.fetch(
            """SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c
               JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema')"""
        )
        found = set()
        for table in tables:
            there = await owner.fetchval(
                f"""SELECT EXISTS (SELECT FROM {table["name"]} t WHERE t::text LIKE $1
                                   OR t::text LIKE $2)""",
                f"%{value}%", f"%{value.encode().hex()}%",
            )  # fmt: skip
            if there:
                found.add(str(table["name"]))
    finally:
        await owner.close()
    assert len(tables) > 30
    return found


@pytest.mark.case("S-07")
async def test_a_correction_is_a_new_version_at_the_source_and_stands_nowhere_else(
    asker: Asker, database: Database
) -> None:
    content = {"naam": WRONG, "burgerservicenummer": SUZANNE}
    first = {"geldigVan": "2020-01-01", "inhoud": content}
    number = await change(asker, "_registreer", first, 0)
    assert await name(asker) == WRONG
    before = datetime.now(UTC).isoformat()
    corrected = {"dag": "2020-06-01", "inhoud": {**content, "naam": RIGHT}}
    assert await change(asker, "_corrigeer", corrected, number) > number
    assert await name(asker) == RIGHT
    assert await name(asker, geldigOp="2020-06-01") == RIGHT
    # As it was known before the correction it is found still, on the same day.
    assert await name(asker, geldigOp="2020-06-01", beschikbaarOp=before) == WRONG
    answer = await asker.get("p1/registraties", fields=FIELDS)
    told = [(each["soort"], each["inhoud"]["naam"]) for each in answer.json()["items"]]
    assert told == [("REGISTRATIE", WRONG), ("CORRECTIE", RIGHT)]
    # Who asked, for what and about whom is in the log by now; the value is not.
    lines = await asker.lines()
    assert lines
    assert await holding(database, WRONG) == {"registers.assertion"}
    # What holds now is derived from the assertions, in the source itself.
    assert await holding(database, RIGHT) == {"registers.assertion", "registers.projection"}
