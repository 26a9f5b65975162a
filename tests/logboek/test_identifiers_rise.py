# SPDX-License-Identifier: EUPL-1.2
"""Identifiers of one lane rise, also within a millisecond and when the clock goes back."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from uuid import UUID

import pytest

from landschap.logboek.store.identifiers import RecordIds


def test_identifiers_are_uuid_7_of_now_and_rise_over_many_in_one_millisecond() -> None:
    before = time.time_ns() // 1_000_000
    ids = RecordIds()
    made = [one for _ in range(50) for one in ids.take(500)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert {one.version for one in made} == {7}
    assert {one.variant for one in made} == {"specified in RFC 4122"}
    assert before <= made[0].int >> 80 <= time.time_ns() // 1_000_000


@pytest.mark.case("L58")
def test_identifiers_go_on_after_the_last_one_when_the_clock_went_back() -> None:
    ahead = time.time_ns() // 1_000_000 + 5000
    last = UUID(int=ahead << 80 | 7 << 76 | 2 << 62)
    ids = RecordIds()
    ids.continue_after(last)
    made = ids.take(3)
    assert last < made[0] < made[1] < made[2]


def test_identifiers_of_one_batch_stand_in_one_month(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when the month ends between two of them: then all are of the next one."""
    ids = RecordIds()
    end = int(datetime(2027, 1, 1, tzinfo=UTC).timestamp() * 1000)
    monkeypatch.setattr(time, "time_ns", lambda: (end - 1) * 1_000_000)
    made = ids.take(5000)
    assert {one.int >> 80 >= end for one in made} == {True}
    assert made == sorted(made)
    again = ids.take(1)
    assert again[0] > made[-1]
