# SPDX-License-Identifier: EUPL-1.2
"""A cursor goes on with its own question, and until a day after the first page of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest
from tests.registers.test_api import asker_of
from tests.registers.test_collections import Houses, ids, places
from tests.throwaway import Database

from landschap.registers import cursors
from landschap.registers.listing import bound_to
from landschap.registers.timeline import Clock, Known

D = date.fromisoformat


@pytest.fixture
async def houses(database: Database) -> AsyncIterator[Houses]:
    async for asker in asker_of(database, places()):
        yield Houses(asker)


async def test_a_cursor_opens_only_its_own_question(houses: Houses) -> None:
    await houses.fill(4)
    first = await houses.get("huizen", {"limit": "1"})
    url = httpx.URL(first.headers["Link"].partition(";")[0].strip("<>"))
    cursor = url.params["cursor"]
    for query in (
        {"cursor": cursor, "soort": "a"},
        {"cursor": cursor, "beschikbaarOp": "2020-01-01T00:00:00Z"},
        {"cursor": cursor[:-2] + "AA"},
        {"cursor": "é"},
        {"cursor": "A" * 3000},
    ):
        refused = await houses.get("huizen", query)
        assert (refused.status_code, refused.json()["code"]) == (400, "cursor_ongeldig"), query
    assert ids(await houses.get("huizen", {"cursor": cursor, "limit": "2"})) == ["h00001", "h00002"]


async def test_pages_are_read_on_until_a_day_after_the_first(houses: Houses) -> None:
    await houses.fill(4)
    asked = {"limit": "1", "soort": "a"}
    kind = houses.asker.register.types["huis"]
    bound = cursors.question_digest([bound_to(kind, asked), ""])
    known = Known(clock=Clock.OWN, moment=datetime.now(UTC), number=4)

    async def after(age: timedelta) -> httpx.Response:
        made = cursors.cursor_at(
            cursors.Place("h00000"), D("2026-01-01"), known, datetime.now(UTC) - age
        )
        sealed = cursors.seal(made, bound, houses.asker.permit_key)
        return await houses.get("huizen", {**asked, "cursor": sealed})

    assert ids(await after(timedelta(hours=23, minutes=59))) == ["h00002"]
    for age in (timedelta(hours=24), timedelta(days=400), -timedelta(minutes=1)):
        refused = await after(age)
        assert (refused.status_code, refused.json()["code"]) == (400, "cursor_verlopen")
        assert "begin anew" in refused.json()["detail"]
        assert refused.json()["errors"][0]["location"] == {"name": "cursor"}


async def test_a_later_page_does_not_make_the_answer_live_longer(houses: Houses) -> None:
    await houses.fill(4)
    kind = houses.asker.register.types["huis"]
    bound = cursors.question_digest([bound_to(kind, {}), ""])
    key, begun = houses.asker.permit_key, datetime.now(UTC) - timedelta(hours=20)
    known = Known(clock=Clock.OWN, moment=begun, number=4)
    made = cursors.cursor_at(cursors.Place("h00000"), D("2026-01-01"), known, begun)
    page = await houses.get("huizen", {"limit": "1", "cursor": cursors.seal(made, bound, key)})
    onward = httpx.URL(page.headers["Link"].partition(";")[0].strip("<>")).params["cursor"]
    read = cursors.opened(onward, bound, key, datetime.now(UTC))
    assert isinstance(read, cursors.Cursor)
    assert read.begun == begun
