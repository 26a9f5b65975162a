# SPDX-License-Identifier: EUPL-1.2
"""Doubt about a value: reported by who reads it, marked at once, decided by the holder."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import httpx
import pytest
from tests.registers.test_api import Asker, asker_of
from tests.registers.test_changing import FIELDS, WHY, Writer
from tests.registers.test_collections import places
from tests.throwaway import Database

from landschap.platform.ids import uuid7
from landschap.registers import store
from landschap.registers.models import Registers
from landschap.registers.reports import Decided, Report
from landschap.registers.terms import due
from landschap.vocabulary.times import amsterdam_day

OTHER = "00000099000000003000"
WHY_NOT = "Op de gevel staat een ander nummer"


class Reader:
    """Reads and doubts one house."""

    def __init__(self, asker: Asker) -> None:
        self.asker = asker

    async def doubt(self, *paths: str, to: str = "h1", **permit: Any) -> httpx.Response:
        body = json.dumps({"kenmerken": list(paths), "toelichting": WHY_NOT}).encode()
        return await self.asker.send(
            "POST",
            f"/proef/v1/huizen/{to}/_terugmelding",
            body=body,
            **{"fields": FIELDS, **permit},
        )

    async def report(self, report_id: str, **permit: Any) -> httpx.Response:
        return await self.asker.send("GET", f"/proef/v1/terugmeldingen/{report_id}", **permit)

    async def decide(self, report_id: str, *, upheld: bool) -> httpx.Response:
        body = {"gegrond": upheld, "reden": "Ter plaatse gezien", "document": "zaak 2026-002"}
        return await self.asker.send(
            "POST",
            f"/proef-bijhouden/v1/terugmeldingen/{report_id}/_besluit",
            body=json.dumps(body).encode(),
            service="proef-bijhouden",
            fields=FIELDS,
        )

    async def waiting(self) -> list[Any]:
        answer = await self.asker.send(
            "GET", "/proef-bijhouden/v1/terugmeldingen", service="proef-bijhouden", fields=FIELDS
        )
        assert answer.status_code == 200, answer.text
        found: list[Any] = answer.json()["items"]
        return found

    async def marked(self) -> list[str]:
        answer = await self.asker.send(
            "GET", "/proef/v1/huizen/h1", {"historie": "true"}, fields=FIELDS
        )
        found: list[str] = answer.json()["historie"]["inOnderzoek"]
        return found


@pytest.fixture
async def reader(database: Database) -> AsyncIterator[Reader]:
    async for asker in asker_of(database, places()):
        content = {"naam": "een", "soort": "a"}
        body = {**WHY, "geldigVan": "2020-01-01", "inhoud": content}
        assert (await Writer(asker).do("_registreer", body, seen=0)).status_code == 201
        yield Reader(asker)


async def test_doubt_is_marked_at_once_and_the_decision_goes_back(reader: Reader) -> None:
    made = await reader.doubt("naam")
    assert made.status_code == 201, made.text
    report_id = made.json()["terugmelding"]
    assert made.headers["Location"] == f"/proef/v1/terugmeldingen/{report_id}"
    assert await reader.marked() == ["naam"]
    assert (await reader.report(report_id)).json()["status"] == "in behandeling"
    (waits,) = await reader.waiting()
    assert (waits["terugmelding"], waits["toelichting"]) == (report_id, WHY_NOT)
    today = amsterdam_day(datetime.now(UTC))
    assert waits["besluitUiterlijk"] == due(today, "P1M").isoformat()
    decided = await reader.decide(report_id, upheld=False)
    assert decided.status_code == 200, decided.text
    assert await reader.marked() == []
    told = (await reader.report(report_id)).json()
    assert (told["status"], told["reden"]) == ("ongegrond", "Ter plaatse gezien")
    assert await reader.waiting() == []
    again = await reader.decide(report_id, upheld=False)
    assert again.json() == decided.json()
    other = await reader.decide(report_id, upheld=True)
    assert (other.status_code, other.json()["code"]) == (409, "geschiedenis.gewijzigd")


async def test_two_reports_at_once_both_stay_until_both_are_decided(reader: Reader) -> None:
    first, second = await asyncio.gather(
        reader.doubt("naam"), reader.doubt("soort", "naam", peer=OTHER)
    )
    assert sorted(await reader.marked()) == ["naam", "soort"]
    await reader.decide(second.json()["terugmelding"], upheld=True)
    assert await reader.marked() == ["naam"]
    await reader.decide(first.json()["terugmelding"], upheld=True)
    assert await reader.marked() == []


async def test_a_report_is_for_its_reporter_and_the_holder(reader: Reader) -> None:
    report_id = (await reader.doubt("naam")).json()["terugmelding"]
    for answer in (
        await reader.report(report_id, peer=OTHER),
        await reader.report("x"),
        await reader.report("0194e0a0-0000-7000-8000-000000000000"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "niet-gevonden")
    reading = await reader.asker.send("GET", "/proef-bijhouden/v1/terugmeldingen")
    assert (reading.status_code, reading.json()["code"]) == (403, "permit_mismatch")


async def test_what_one_may_not_read_one_can_not_doubt(reader: Reader) -> None:
    closed = await reader.doubt("soort", fields=("naam",))
    assert (closed.status_code, closed.json()["code"]) == (403, "fields_excess")
    unknown = await reader.doubt("nam", "soort")
    assert unknown.status_code == 400
    assert "did you mean naam" in unknown.text
    nothing = await reader.doubt()
    assert nothing.status_code == 400
    absent = await reader.doubt("naam", to="h9")
    assert (absent.status_code, absent.json()["code"]) == (404, "niet-gevonden")
    assert await reader.waiting() == []


async def test_no_role_of_the_program_changes_a_report_or_decision(reader: Reader) -> None:
    await reader.doubt("naam")
    for statement in (
        "UPDATE registers.report SET explanation = ''",
        "DELETE FROM registers.report",
        "UPDATE registers.report_decision SET upheld = true",
    ):
        with pytest.raises(Exception, match="permission denied"):
            await reader.asker.pool.execute(statement)


async def test_doubt_about_a_copy_is_reported_again_and_decided(
    pool: asyncpg.Pool, demo_registers: Registers
) -> None:
    """A copy orders knowledge by the source's moments, of which a report has none."""
    register = demo_registers.by_name["bag"]
    kind = register.types["pand"]
    await store.prepare(pool, register)
    since = date(2011, 2, 9)
    made = [
        Report(
            report_id=uuid7(), type_key=kind.key, object_id="0424100000002206", paths=(path,),
            since=since, explanation=WHY_NOT, peer=OTHER, reported_at=datetime.now(UTC),
        )
        for path in ("status", "oorspronkelijkBouwjaar")
    ]  # fmt: skip
    for report in made:
        await store.report(pool, register, kind, report, uuid7())
    assert await store.differences(pool, register) == 0
    decided = Decided(upheld=False, reason="Het bouwdossier zegt dit ook", document="BR-1")
    for report in made:
        await store.decide(pool, register, kind, report, decided, OTHER)
    assert await store.differences(pool, register) == 0
    rows = await pool.fetch("SELECT inhoud FROM registers.projection")
    assert rows == []
