# SPDX-License-Identifier: EUPL-1.2
"""What is derived for questions about now says what the assertions say, also while others write."""

from __future__ import annotations

import asyncio
import itertools
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.registers.rig import ROOT, kind_of, made_up
from tests.registers.test_store import (
    COPY,
    GROUP,
    OWN,
    SOURCE,
    D,
    act,
    ask,
    draft,
    names,
    now_known,
    written,
)
from tests.throwaway import Database

from landschap.platform.ids import uuid7
from landschap.registers import store
from landschap.registers.models import Register
from landschap.registers.questions import AsOf
from landschap.registers.timeline import answers

MIGRATIONS = ROOT / "src" / "landschap" / "registers" / "migrations"
DAYS = [D("2020-01-01") + timedelta(days=n) for n in range(7)]
ACTS = st.lists(
    st.tuples(
        st.integers(0, 5), st.integers(1, 4), st.sampled_from([None, "A", "B"]), st.integers(1, 9)
    ),
    min_size=1,
    max_size=6,
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(acts=ACTS, copy=st.booleans())
async def test_projection_and_assertions_give_the_answer_of_the_rule(
    weesp: asyncpg.Pool, acts: list[tuple[int, int, str | None, int]], copy: bool
) -> None:
    pool, register = weesp, COPY if copy else OWN
    object_id = f"p{uuid7().hex}"
    for begin, days, name, day in acts:
        end = DAYS[begin] + timedelta(days=days)
        made = draft(
            DAYS[begin].isoformat(), name, end.isoformat(), datetime(2020, 1, day, tzinfo=UTC)
        )
        await written(pool, act(register, object_id, made))
    known = await now_known(pool, register)
    line = (await store.history_of(pool, kind_of(register), object_id))[GROUP]
    past = replace(known, number=line[len(line) // 2].number)
    for state in (known, past):
        for day_asked in DAYS:
            expected = [a.assertion.content for a in answers(line, day_asked, state)]
            found = await ask(pool, [object_id], day_asked.isoformat(), state, register)
            assert [{"naam": one.content["naam"]} for one in found] == expected


async def test_the_projection_can_be_made_anew(database: Database) -> None:
    pool = await database.pool("registers")
    await written(pool, act(OWN, "a1", draft("2020-01-01", "Jansen")))
    owner = await database.administrator()
    await owner.execute("DELETE FROM registers.projection")
    await owner.close()
    assert await store.differences(pool, OWN) == 1
    assert await store.rebuild(pool, OWN) == 1
    assert await store.differences(pool, OWN) == 0


async def test_timelines_of_before_they_were_numbered_are_numbered(database: Database) -> None:
    pool = await database.pool("registers")
    await written(pool, act(COPY, "a1", draft("2020-01-01", "een", source=SOURCE)))
    await written(pool, act(COPY, "a1", draft("2021-01-01", "twee", source=SOURCE)))
    sql = (MIGRATIONS / "0015_numbered.sql").read_text()
    (update,) = re.findall(r"^UPDATE.*?;$", sql, re.MULTILINE | re.DOTALL)
    owner = await database.administrator()
    for column in ("volgnummer", "registered_at"):
        await owner.execute(f"ALTER TABLE registers.projection ALTER COLUMN {column} DROP NOT NULL")
    await owner.execute(
        "UPDATE registers.projection SET volgnummer = NULL, registered_at = NULL, "
        "source_registered_at = NULL"
    )
    assert await store.differences(pool, COPY) == 4
    await owner.execute(update)
    await owner.close()
    assert await store.differences(pool, COPY) == 0


@pytest.mark.parametrize("register", [OWN, COPY], ids=["own", "copy"])
async def test_asking_in_one_question_gives_the_answer_of_the_knowledge_it_names(
    pool: asyncpg.Pool, register: Register
) -> None:
    kind = kind_of(register)
    await written(pool, act(register, "a", draft("2020-01-01", "nul", source=SOURCE)))
    stop = asyncio.Event()

    async def writing(number: int) -> None:
        for step in itertools.count():
            if stop.is_set():
                return
            moment = SOURCE + timedelta(seconds=step * 4 + number)
            one = draft("2020-01-01", f"n{number} {step}", source=moment)
            await written(pool, act(register, "a", one))

    writers = [asyncio.create_task(writing(number)) for number in range(3)]
    told = 0
    for _ in range(200):
        at = store.AtNow(D("2021-01-01"), datetime.now(UTC))
        answer = await store.as_of_now(pool, register, kind, ["a"], at)
        if answer is None:
            continue
        told += 1
        known, found = answer
        question = AsOf(type=kind, wanted=["a"], valid_on=at.valid_on, known=known)
        assert names(await store.as_of(pool, question)) == names(found)
    stop.set()
    await asyncio.gather(*writers)
    assert told > 20


async def test_what_may_be_uncertain_is_asked_in_two(pool: asyncpg.Pool) -> None:
    unsure = made_up(incomplete=True)
    at = store.AtNow(D("2021-01-01"), datetime.now(UTC))
    assert await store.as_of_now(pool, unsure, kind_of(unsure), ["a"], at) is None
