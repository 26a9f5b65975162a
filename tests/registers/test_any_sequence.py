# SPDX-License-Identifier: EUPL-1.2
"""Any sequence of operations against a naive model: the same answers, and earlier ones stay.

The model is a row of days. Each operation paints days; the row as it was after each operation is
kept. What is asked of the store, by its projection and by all that was asserted, is a look at the
row of that moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.registers.rig import kind_of
from tests.registers.test_store import GROUP, OWN, act, ask, now_known, written
from tests.throwaway import Database

from landschap.platform.ids import uuid7
from landschap.registers import store
from landschap.registers.operations import Draft, Later, Line
from landschap.registers.periods import Period
from landschap.registers.timeline import Known
from landschap.vocabulary.problems import Refusal

LAST = 9  # the last of the days stands for all that come after it
FIRST = date(2020, 1, 1)
DAYS = [FIRST + timedelta(days=n) for n in range(LAST + 1)]


class Step(NamedTuple):
    """One operation, with more than it needs: days from and to, a value, what becomes of later."""

    operation: str
    begin: int
    end: int
    value: str
    later: Later | None


OPERATIONS = (
    "register", "change", "end", "correct", "move_begin", "insert", "withdraw"
)  # fmt: skip
STEPS = st.builds(
    Step,
    st.sampled_from(OPERATIONS),
    st.integers(0, LAST - 1),
    st.integers(1, LAST),
    st.sampled_from("ABCD"),
    st.sampled_from([None, *Later]),
)
PAIRS = st.lists(st.tuples(st.integers(0, LAST), st.integers(0, 100)), min_size=20, max_size=20)


class Cell(NamedTuple):
    """What was last said of a day: by which operation, and which value; None: nothing holds."""

    by: int
    value: str | None


@dataclass
class Naive:
    """A row of days, and what it was after each operation."""

    row: list[Cell | None] = field(default_factory=lambda: [None] * (LAST + 1))
    kept: list[list[str | None]] = field(default_factory=list)

    def do(self, step: Step, number: int) -> bool:
        """Paint the days of one operation; False when it can not be done, and nothing was."""
        found = self._days(step)
        if found is None:
            return False
        begin, end, value = found
        self.row[begin:end] = [Cell(number, value)] * (end - begin)
        return True

    def keep(self) -> None:
        self.kept.append([cell.value if cell else None for cell in self.row])

    def _days(self, step: Step) -> tuple[int, int, str | None] | None:
        begin, value = step.begin, step.value
        if step.operation == "register":
            return None if any(self.row) else (begin, LAST + 1, value)
        if step.operation in ("change", "end"):
            following = [day for day in range(begin + 1, LAST + 1) if self._begins(day)]
            if following and step.later is None:
                return None
            end = following[0] if following and step.later is Later.KEEP else LAST + 1
            return begin, end, value if step.operation == "change" else None
        if step.operation == "insert":
            return (begin, step.end, value) if begin < step.end else None
        cell = self.row[begin]
        if cell is None:
            return None
        first, after = self._stretch(begin)
        if step.operation == "correct":
            return first, after, value
        before = self.row[first - 1] if first else None
        was = before.value if before else None
        if step.operation == "withdraw":
            return first, after, was
        if step.end < first:
            return step.end, first, cell.value
        return (first, step.end, was) if first < step.end < after else None

    def _begins(self, day: int) -> bool:
        return self.row[day] is not None and self.row[day] != self.row[day - 1]

    def _stretch(self, day: int) -> tuple[int, int]:
        first, after = day, day + 1
        while first and self.row[first - 1] == self.row[day]:
            first -= 1
        while after <= LAST and self.row[after] == self.row[day]:
            after += 1
        return first, after


def drafts(step: Step, line: Line) -> list[Draft] | Refusal | None:
    """What the real operation adds; None for a period that can not be written at all."""
    day, content = DAYS[step.begin], {"naam": step.value}
    if step.operation == "insert":
        if step.end <= step.begin:
            return None
        return line.insert(Period(day, DAYS[step.end]), content)
    if step.operation == "move_begin":
        return line.move_begin(day, DAYS[step.end])
    if step.operation == "end":
        return line.end(day, step.later)
    if step.operation == "change":
        return line.change(day, content, step.later)
    if step.operation == "withdraw":
        return line.withdraw(day)
    return (
        line.register(day, content) if step.operation == "register" else line.correct(day, content)
    )


async def told(pool: asyncpg.Pool, object_id: str, day: int, known: Known) -> str | None:
    """What the store answers; never more than one."""
    found = await ask(pool, [object_id], DAYS[day].isoformat(), known)
    assert len(found) <= 1
    return str(found[0].content["naam"]) if found else None


async def told_now(pool: asyncpg.Pool, object_id: str, day: int) -> str | None:
    """The same by the one question that is asked most."""
    at = store.AtNow(DAYS[day], datetime.now(UTC))
    answer = await store.as_of_now(pool, OWN, kind_of(OWN), [object_id], at)
    assert answer is not None
    return str(answer[1][0].content["naam"]) if answer[1] else None


async def hold(pool: asyncpg.Pool, steps: Sequence[Step], pairs: Sequence[tuple[int, int]]) -> None:
    naive, object_id, knowledge = Naive(), f"p{uuid7().hex}", []
    for number, step in enumerate(steps):
        known = await now_known(pool)
        line = await store.line_of(pool, kind_of(OWN), object_id, GROUP, known)
        made = drafts(step, line)
        done = naive.do(step, number)
        assert done == isinstance(made, list), (step, made)
        if not isinstance(made, list):
            continue
        await written(pool, act(OWN, object_id, *made))
        naive.keep()
        knowledge.append(await now_known(pool))
        day = pairs[number % len(pairs)][0]
        assert await told_now(pool, object_id, day) == naive.kept[-1][day]
        assert await told(pool, object_id, day, knowledge[-1]) == naive.kept[-1][day]
    if not knowledge:
        return
    # Later knowledge was added to every earlier state: what was answered then is answered now.
    for day, choice in pairs:
        at = choice % len(knowledge)
        known = knowledge[at]
        assert await told(pool, object_id, day, known) == naive.kept[at][day], (steps, day, at)
        between = replace(known, number=knowledge[-1].number)
        assert await told(pool, object_id, day, between) == naive.kept[-1][day]
    assert await told_now(pool, object_id, LAST) == naive.kept[-1][LAST]


@pytest.fixture(scope="module")
async def pool(module_database: Database) -> asyncpg.Pool:
    return await module_database.pool("registers")


@settings(max_examples=20, deadline=None, derandomize=True)
@given(steps=st.lists(STEPS, min_size=3, max_size=12), pairs=PAIRS)
async def test_any_sequence_answers_as_the_naive_model(
    pool: asyncpg.Pool, steps: list[Step], pairs: list[tuple[int, int]]
) -> None:
    await hold(pool, steps, pairs)


@pytest.mark.long
@settings(max_examples=600, deadline=None)
@given(steps=st.lists(STEPS, min_size=5, max_size=40), pairs=PAIRS)
async def test_any_long_sequence_answers_as_the_naive_model(
    pool: asyncpg.Pool, steps: list[Step], pairs: list[tuple[int, int]]
) -> None:
    await hold(pool, steps, pairs)


async def test_the_projection_is_what_all_those_sequences_assert(pool: asyncpg.Pool) -> None:
    assert await pool.fetchval("SELECT count(*) FROM registers.assertion") > 0
    assert await store.differences(pool, OWN) == 0
