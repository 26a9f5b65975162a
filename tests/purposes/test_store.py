# SPDX-License-Identifier: EUPL-1.2
"""The register in PostgreSQL: append only, two people, in force at once."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from tests.conftest import Database
from tests.purposes.registers import DOESBURG, NOW, WEESP, weesp

from landschap.purposes.decide import decide
from landschap.purposes.decision import Question
from landschap.purposes.model import Register, Text
from landschap.purposes.snapshot import Snapshot
from landschap.purposes.store import (
    Saved,
    Signers,
    activity_at,
    activity_version,
    adoptions,
    current_snapshot,
    save_register,
    snapshot_by_version,
)
from landschap.vocabulary.problems import ProblemError

TWO = Signers(author="J. de Vries", approver="A. Bakker", reason="eerste register")


@pytest.fixture
async def pool(database: Database) -> asyncpg.Pool:
    return await database.pool("purposes")


async def saved(pool: asyncpg.Pool, register: Register, based_on: str = "") -> Saved:
    return await save_register(pool, register, TWO, based_on=based_on)


def code(raised: pytest.ExceptionInfo[ProblemError]) -> str:
    return raised.value.refusal.code


def changed_activity(register: Register, words: str, version: int) -> Register:
    first = replace(register.activities[0], what=Text(nl=words, en=words), version=version)
    return replace(register, activities=(first, *register.activities[1:]))


async def test_without_a_register_everything_is_denied(pool: asyncpg.Pool) -> None:
    snapshot, epoch = await current_snapshot(pool, owner=WEESP)
    question = Question(purpose="https://x.example/p", organisation=DOESBURG, service="s")
    assert not decide(question, snapshot, NOW).allow
    assert epoch >= 1


async def test_what_is_saved_comes_back_as_the_same_snapshot(pool: asyncpg.Pool) -> None:
    done = await saved(pool, weesp())
    snapshot, epoch = await current_snapshot(pool)
    assert snapshot.register == Snapshot.from_document(Snapshot(weesp()).document()).register
    assert (snapshot.version, epoch) == (done.version, done.epoch)
    assert (await snapshot_by_version(pool, done.version)) is not None
    assert (await snapshot_by_version(pool, "sha256-unknown")) is None


async def test_a_snapshot_that_is_still_in_force_is_not_read_again(pool: asyncpg.Pool) -> None:
    await saved(pool, weesp())
    held, epoch = await current_snapshot(pool)
    await pool.execute("SELECT platform.bump_epoch()")
    again, risen = await current_snapshot(pool, known=held)
    assert again is held
    assert risen == epoch + 1
    await saved(pool, changed_activity(weesp(), "Anders gezegd.", 2), based_on=held.version)
    newer, _ = await current_snapshot(pool, known=held)
    assert newer.version == (await current_snapshot(pool))[0].version != held.version


def test_a_document_says_its_own_version_whatever_is_said_of_it() -> None:
    made = Snapshot(weesp())
    for told in ("", made.version, "sha256-" + "A" * 43):
        assert Snapshot.from_document(made.document(), version=told).version == made.version


async def test_a_change_raises_the_epoch_and_tells_who_made_it_and_why(pool: asyncpg.Pool) -> None:
    first = await saved(pool, weesp())
    second = await saved(
        pool, changed_activity(weesp(), "Anders gezegd.", 2), based_on=first.version
    )
    assert first.epoch is not None
    assert second.epoch == first.epoch + 1
    told = await adoptions(pool)
    assert [(a.number, a.version) for a in told] == [(2, second.version), (1, first.version)]
    assert (told[0].author, told[0].approver, told[0].reason) == (
        "J. de Vries",
        "A. Bakker",
        "eerste register",
    )


async def test_saving_the_same_again_changes_nothing(pool: asyncpg.Pool) -> None:
    first = await saved(pool, weesp())
    again = await saved(pool, weesp())
    assert again == Saved(version=first.version, changes=(), epoch=None)
    assert len(await adoptions(pool)) == 1


@pytest.mark.case("A60")
@pytest.mark.parametrize(("author", "approver"), [("J. de Vries", "j. de vries "), ("X", "")])
async def test_the_author_can_not_approve(pool: asyncpg.Pool, author: str, approver: str) -> None:
    with pytest.raises(ProblemError) as raised:
        await save_register(pool, weesp(), Signers(author=author, approver=approver), based_on="")
    assert code(raised) == "register_one_person"
    assert await adoptions(pool) == []


@pytest.mark.case("A60")
async def test_the_database_itself_refuses_one_person(pool: asyncpg.Pool) -> None:
    await saved(pool, weesp())
    with pytest.raises(asyncpg.CheckViolationError):
        await pool.execute(
            "INSERT INTO adoption SELECT number + 1, version, adopted_at, 'x', 'X', ''"
            " FROM adoption"
        )


async def test_refuses_a_change_that_was_written_on_an_older_version(pool: asyncpg.Pool) -> None:
    first = await saved(pool, weesp())
    await saved(pool, changed_activity(weesp(), "Anders.", 2), based_on=first.version)
    with pytest.raises(ProblemError) as raised:
        await saved(pool, changed_activity(weesp(), "Nog anders.", 3), based_on=first.version)
    assert code(raised) == "register_newer"


async def test_of_two_changes_at_once_on_the_same_version_one_is_refused(
    pool: asyncpg.Pool,
) -> None:
    first = await saved(pool, weesp())
    outcomes = await asyncio.gather(
        *(
            saved(pool, changed_activity(weesp(), f"Woord {n}.", 2), based_on=first.version)
            for n in range(4)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, Saved) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, ProblemError) for outcome in outcomes) == 3


async def test_an_adopted_version_keeps_its_content(pool: asyncpg.Pool) -> None:
    first = await saved(pool, weesp())
    with pytest.raises(ProblemError) as raised:
        await saved(pool, changed_activity(weesp(), "Anders.", 1), based_on=first.version)
    assert code(raised) == "register_version_reused"


async def test_refuses_a_register_that_is_not_coherent(pool: asyncpg.Pool) -> None:
    with pytest.raises(ProblemError) as raised:
        await saved(pool, replace(weesp(), legal_bases=()))
    assert code(raised) == "register_invalid"


@pytest.mark.case("L24")
async def test_a_use_shows_the_words_that_held_at_its_moment(pool: asyncpg.Pool) -> None:
    uri = weesp().activities[0].uri
    begun = await saved(pool, weesp())
    between = datetime.now(UTC)
    changed = await saved(pool, changed_activity(weesp(), "Anders.", 2), based_on=begun.version)
    after = datetime.now(UTC)
    without = replace(weesp(), activities=(), policies=())
    await saved(pool, without, based_on=changed.version)

    told = [await activity_at(pool, uri, moment) for moment in (between, after)]
    assert [a and (a.version, a.what.nl) for a in told] == [
        (1, weesp().activities[0].what.nl),
        (2, "Anders."),
    ]
    assert await activity_at(pool, uri, between - timedelta(days=1)) is None
    assert await activity_at(pool, uri, datetime.now(UTC)) is None
    kept = await activity_version(pool, uri, 1)
    assert kept == weesp().activities[0]


async def test_nobody_may_change_or_remove_what_was_adopted(pool: asyncpg.Pool) -> None:
    await saved(pool, weesp())
    for statement in (
        "UPDATE adoption SET author = 'x'",
        "DELETE FROM document",
        "DELETE FROM activity_state",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute(statement)
