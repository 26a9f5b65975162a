# SPDX-License-Identifier: EUPL-1.2
"""Consents, restrictions, objections, cases and approvals in PostgreSQL, in force at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from tests.conftest import Database
from tests.purposes import registers as r

from landschap.purposes.decide import decide
from landschap.purposes.needs import Approval, Facts, Kind
from landschap.purposes.persons import store as persons
from landschap.purposes.persons.store import Statement, say
from landschap.purposes.snapshot import Snapshot
from landschap.vocabulary.problems import ProblemError

SOMEBODY = b"pseudoniem-van16"
GIVEN = Statement(
    kind=Kind.CONSENT,
    subject=SOMEBODY,
    about=r.ASSISTANCE,
    receiver=r.DOESBURG,
    holds=True,
    author="portaal",
)


@pytest.fixture
async def pool(database: Database) -> asyncpg.Pool:
    return await database.pool("purposes")


async def test_the_last_word_counts_and_each_raises_the_epoch_in_its_own_transaction(
    pool: asyncpg.Pool,
) -> None:
    epoch = await pool.fetchval("SELECT value FROM platform.epoch")
    for place, holds in enumerate((True, False, True, False)):
        receipt = await say(pool, replace(GIVEN, holds=holds))
        assert receipt.epoch == epoch + place + 1
        (standing,) = (await persons.said_of(pool, [SOMEBODY]))[SOMEBODY]
        assert standing.holds is holds
        assert standing.since == receipt.said_at
    assert await pool.fetchval("SELECT count(*) FROM standing") == 4


async def test_what_is_not_kept_raises_no_epoch(pool: asyncpg.Pool) -> None:
    epoch = await pool.fetchval("SELECT value FROM platform.epoch")
    for wrong in (
        replace(GIVEN, receiver=""),
        replace(GIVEN, author=" "),
        replace(GIVEN, about=""),
    ):
        with pytest.raises(ProblemError) as raised:
            await say(pool, wrong)
        assert raised.value.refusal.code == "statement_invalid"
    with pytest.raises(asyncpg.CheckViolationError):
        await say(pool, replace(GIVEN, subject=b"te kort"))
    assert await pool.fetchval("SELECT value FROM platform.epoch") == epoch


async def test_the_next_question_obeys(pool: asyncpg.Pool) -> None:
    """As a door does it: what is marked is read again when the epoch has risen."""

    async def checks() -> tuple[str, ...]:
        facts = Facts(marked=await persons.marked(pool))
        return decide(r.question(facts=facts), Snapshot(r.weesp()), r.NOW).checks

    restriction = replace(GIVEN, kind=Kind.RESTRICTION, about=r.ACTIVITY, receiver="")
    assert await checks() == ()
    await say(pool, restriction)
    assert await checks() == ("beperking",)
    await say(pool, replace(restriction, kind=Kind.OBJECTION))
    assert await checks() == ("beperking", "bezwaar")
    await say(pool, replace(restriction, holds=False))
    assert await checks() == ("bezwaar",)


async def test_cases_are_known_from_the_first_that_is_told(pool: asyncpg.Pool) -> None:
    cases = persons.KnownCases()
    assert await cases.read(pool) is None
    assert await persons.is_open(pool, "Z-1") is None
    await persons.say_case(pool, "Z-1", is_open=True, author="zaaksysteem")
    await persons.say_case(pool, "Z-2", is_open=True, author="zaaksysteem")
    assert await cases.read(pool) == frozenset({"Z-1", "Z-2"})
    await persons.say_case(pool, "Z-1", is_open=False, author="zaaksysteem")
    assert await cases.read(pool) == await cases.read(pool) == frozenset({"Z-2"})
    assert await persons.KnownCases().read(pool) == frozenset({"Z-2"})
    found = [await persons.is_open(pool, number) for number in ("Z-1", "Z-2", "Z-3")]
    assert found == [False, True, False]


async def test_an_approval_is_by_another_person_and_ends(pool: asyncpg.Pool) -> None:
    now = datetime.now(UTC)
    good = Approval(r.ASSISTANCE, "Z-1", "j.devries", "a.bakker", now + timedelta(hours=1))
    for wrong in (
        good._replace(approved_by="J.deVries"),
        good._replace(until=now - timedelta(hours=1)),
    ):
        with pytest.raises(ProblemError):
            await persons.approve(pool, wrong)
    await persons.approve(pool, good)
    assert await persons.approvals(pool, now) == [good]
    assert await persons.approvals(pool, good.until) == []


@pytest.mark.parametrize("table", ["standing", "case_state", "approval"])
async def test_nobody_may_change_or_remove_what_was_said(pool: asyncpg.Pool, table: str) -> None:
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET said_at = now()"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute(statement)
