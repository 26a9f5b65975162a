# SPDX-License-Identifier: EUPL-1.2
"""Asking and writing a register that another organisation holds, over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from tests.registers.test_api import PEOPLE, Asker, asker_of
from tests.throwaway import Database

from landschap.registers import store
from landschap.registers.holders import Closure
from landschap.registers.transfer import Holder, holder_on
from landschap.vocabulary.times import amsterdam_day

AMSTERDAM = Holder("00000099000000002000", "Amsterdam")
CLOSURE = Closure(
    register="proef",
    day=date(2022, 3, 24),
    successor=AMSTERDAM,
    address="https://registers.amsterdam.example/proef/v1",
    reason="herindeling",
    closed_by="Anna",
)


@pytest.fixture
async def asker(database: Database) -> AsyncIterator[Asker]:
    async for one in asker_of(database, PEOPLE):
        yield one


async def test_it_is_read_with_a_pointer_and_written_no_more(asker: Asker) -> None:
    await asker.write("a1", "2020-01-01", "Jansen")
    assert await store.close(asker.pool, CLOSURE)
    answer = await asker.get("a1")
    assert answer.status_code == 200
    assert answer.headers["Link"] == f'<{CLOSURE.address}>; rel="successor-version"'
    refused = await asker.send(
        "POST",
        "/proef-bijhouden/v1/personen/a2/_registreer",
        body=b'{"reden": "reden", "document": "zaak 1", "geldigVan": "2023-01-01", '
        b'"inhoud": {"naam": "x", "burgerservicenummer": "123456782"}}',
        headers={"If-None-Match": "*"},
        service="proef-bijhouden",
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "register.gesloten")
    assert refused.json()["bronhouder"]["oin"] == AMSTERDAM.oin
    assert refused.json()["bronhouder"]["adres"] == CLOSURE.address
    assert await asker.pool.fetchval("SELECT count(*) FROM registers.assertion") == 1


async def test_until_the_day_comes_it_is_written_and_points_nowhere(asker: Asker) -> None:
    tomorrow = amsterdam_day(datetime.now(UTC)) + timedelta(days=1)
    await store.close(asker.pool, replace(CLOSURE, day=tomorrow))
    await asker.write("a1", "2020-01-01", "Jansen")
    answer = await asker.get("a1")
    assert (answer.status_code, "Link" in answer.headers) == (200, False)


def test_who_held_it_on_a_day_follows_every_taking_over() -> None:
    def over(before: str, after: str, day: str) -> dict[str, object]:
        return {"bronhouder": {"oin": before}, "door": {"oin": after}, "vanaf": day}

    overs = [over("weesp", "amsterdam", "2022-03-24"), over("amsterdam", "rand", "2030-01-01")]
    source = {"overnames": overs}
    for day, holder in (
        ("2022-03-23", "weesp"),
        ("2022-03-24", "amsterdam"),
        ("2029-12-31", "amsterdam"),
        ("2030-01-01", "rand"),
    ):
        assert holder_on(source, date.fromisoformat(day)) == {"oin": holder}  # type: ignore[arg-type]  # plain JSON
    assert holder_on({}, date(2022, 1, 1)) is None
