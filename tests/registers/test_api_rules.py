# SPDX-License-Identifier: EUPL-1.2
"""What every address of a register does: names of parameters, moments, fields, no numbers in it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from tests.registers.test_api import PEOPLE, Asker, asker_of
from tests.throwaway import Database

from landschap.vocabulary.times import as_utc_text


@pytest.fixture
async def asker(database: Database) -> AsyncIterator[Asker]:
    async for one in asker_of(database, PEOPLE):
        await one.write("a1", "2020-01-01", "Jansen")
        yield one


@pytest.mark.case("api-18")
@pytest.mark.parametrize(
    "path", ["personen/a1", "personen", "personen/a1/voorkomens", "wijzigingen", "openapi.json"]
)
async def test_a_parameter_that_is_not_known_is_refused_and_named(asker: Asker, path: str) -> None:
    answer = await asker.send("GET", f"/proef/v1/{path}", {"geldigop": "2020-01-01", "x": "1"})
    told = answer.json()
    assert (answer.status_code, told["code"]) == (400, "query_unknown")
    assert {each["in"] for each in told["errors"]} == {"query"}
    assert [each["location"]["name"] for each in told["errors"]] == ["geldigop", "x"]


async def test_the_parameter_that_was_meant_is_named(asker: Asker) -> None:
    answer = await asker.get("a1", {"geldigop": "2020-01-01"})
    assert "Did you mean geldigOp?" in answer.json()["errors"][0]["detail"]


@pytest.mark.case("api-22")
async def test_any_offset_is_read_utc_is_shown_and_an_unknown_offset_refused(asker: Asker) -> None:
    moment = datetime.now(UTC)
    in_summer_time = moment.astimezone(timezone(timedelta(hours=2))).isoformat()
    answer = await asker.get("a1", {"historie": "true", "beschikbaarOp": in_summer_time})
    history = answer.json()["historie"]
    assert history["beschikbaarOp"] == as_utc_text(moment)
    assert history["tijdstipRegistratie"].endswith("Z")
    unknown = await asker.get("a1", {"beschikbaarOp": "2026-07-01T12:00:00-00:00"})
    assert (unknown.status_code, unknown.json()["code"]) == (400, "tijd.tijdstip-ongeldig")


@pytest.mark.case("api-26")
async def test_fields_name_what_there_is_and_never_more_than_is_permitted(asker: Asker) -> None:
    unknown = await asker.get("a1", {"fields": "onbekend"})
    assert unknown.status_code == 400
    assert unknown.json()["errors"][0]["location"]["name"] == "fields"
    for asked in ("naam", "naam,nummer", "burgerservicenummer"):
        hidden = await asker.get("a1", {"fields": asked}, fields=("nummer",))
        assert hidden.status_code == 403
        assert "Jansen" not in hidden.text
        lenient = await asker.get(
            "a1", {"fields": f"nummer,{asked}"}, fields=("nummer",),
            headers={"Prefer": "handling=lenient"},
        )  # fmt: skip
        assert set(lenient.json()) <= {"nummer", "_weggelaten"}
