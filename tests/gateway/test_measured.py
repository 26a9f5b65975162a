# SPDX-License-Identifier: EUPL-1.2
"""How well a service answered: what counts for it, what does not, and how long it took."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.gateway.test_access import WRITTEN
from tests.throwaway import Database

from landschap.gateway import store
from landschap.gateway.access import Line, read_line
from landschap.gateway.measured import (
    LAST_STEP,
    Cell,
    Count,
    by_day,
    cells_of,
    end_of,
    step_of,
    together,
)

DAY = date(2026, 11, 29)


def line(**changes: str) -> Line:
    found = read_line(json.dumps({**WRITTEN, **changes}).encode())
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("changes", "count"),
    [
        ({}, Count(1, 0)),
        ({"status": "404", "upstream_status": "404"}, Count(1, 0)),
        ({"status": "500", "upstream_status": "500"}, Count(1, 1)),
        ({"status": "540", "upstream_status": ""}, Count(1, 1)),
        ({"complete": ""}, Count(1, 1)),
        # The door refused it, the asker hung up, or another was asked: nothing of this service.
        ({"status": "403", "upstream_status": "", "upstream": ""}, None),
        ({"status": "499", "upstream_status": ""}, None),
        ({"door": "outway", "upstream": "inway.weesp.test"}, None),
    ],
)
def test_what_counts_for_a_service(changes: dict[str, str], count: Count | None) -> None:
    found = cells_of([line(**changes)])
    assert list(found.values()) == ([count] if count else [])
    assert all(cell.service == "pand-open" for cell in found)


def test_a_day_is_one_of_the_dutch_calendar() -> None:
    late = datetime(2026, 11, 28, 23, 30, tzinfo=UTC).timestamp()
    (cell,) = cells_of([line(at=f"{late:.3f}")])
    assert cell.day == DAY


@given(st.floats(min_value=0, max_value=1e7))
def test_a_step_ends_at_or_after_what_is_in_it(seconds: float) -> None:
    step = step_of(seconds)
    assert 0 <= step <= LAST_STEP
    if step < LAST_STEP:
        assert end_of(step) + 1e-6 >= seconds * 1000
        assert step == 0 or end_of(step - 1) <= seconds * 1000 * 1.25 + 1


def test_of_a_hundred_ninety_five_are_within_the_time_that_is_told() -> None:
    quick, slow = Cell(DAY, "s", step_of(0.010)), Cell(DAY, "s", step_of(2.0))
    found = together({quick: Count(95, 0), slow: Count(5, 5)})
    assert found is not None
    assert (found.answers, found.failed, found.share) == (100, 5, 0.95)
    assert 10 <= found.p95_ms <= 13
    found = together({quick: Count(94, 0), slow: Count(6, 0)})
    assert found is not None
    assert 2_000 <= found.p95_ms <= 2_500
    assert together({}) is None


def test_days_stand_by_themselves_and_a_day_without_answers_is_not_there() -> None:
    before = DAY - timedelta(days=2)
    cells = {Cell(DAY, "s", 3): Count(2, 1), Cell(before, "s", 4): Count(1, 0)}
    assert [(each.since, each.answers) for each in by_day(cells)] == [(DAY, 2), (before, 1)]
    whole = together(cells)
    assert whole is not None
    assert (whole.since, whole.until, whole.answers) == (before, DAY, 3)


async def test_what_was_read_is_kept_once_and_forgotten_in_time(database: Database) -> None:
    pool = await database.pool("gateway")
    lines = [line(), line(status="500", upstream_status="500"), line()]
    now = datetime.now(UTC)
    await store.keep_read(pool, "a" * 32, 10, lines, now)
    await store.keep_read(pool, "a" * 32, 20, lines[:1], now)
    cells = await store.measured(pool, "Pand-Open", DAY)
    assert cells == {Cell(DAY, "pand-open", step_of(0.250)): Count(4, 1)}
    assert await store.measured(pool, "pand-open", DAY + timedelta(days=1)) == {}
    assert await store.measured(pool, "anders", DAY) == {}
    await store.forget_old(pool, datetime(2027, 12, 1, tzinfo=UTC) + timedelta(days=60))
    assert await store.measured(pool, "pand-open", DAY) == {}
