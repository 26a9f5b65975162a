# SPDX-License-Identifier: EUPL-1.2
"""The memory on a real PostgreSQL: order, promises about knowledge, rights, the projection."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest
from tests.registers.rig import annotated, kind_of, made_up
from tests.throwaway import Database

from landschap.platform.ids import uuid7
from landschap.registers import store
from landschap.registers.models import Register
from landschap.registers.operations import Draft
from landschap.registers.periods import OPEN, Certainty, IncompleteDate, Period
from landschap.registers.questions import AsOf, Found, Match
from landschap.registers.store import Act, Entry, Written
from landschap.registers.timeline import Clock, Kind, Known
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import ProblemError, Refusal

D = date.fromisoformat
OWN = made_up()
COPY = made_up(clock="bron")
GROUP = "persoon"
SOURCE = datetime(2020, 1, 1, tzinfo=UTC)


def draft(
    begin: str, name: str | None, end: str | None = None, source: datetime | None = None
) -> Draft:
    """One assertion about a name."""
    return Draft(
        period=Period(D(begin), D(end) if end else OPEN),
        kind=Kind.CHANGE,
        content=None if name is None else {"naam": name},
        group=GROUP,
        source_registered_at=source,
    )


def act(register: Register, object_id: str, *drafts: Draft, expected: int | None = None) -> Act:
    kind = kind_of(register)
    return Act(
        register=register,
        transaction_id=uuid7(),
        entries=[Entry(type=kind, object_id=object_id, draft=one) for one in drafts],
        expected={} if expected is None else {(kind.key, object_id): expected},
    )


async def written(pool: asyncpg.Pool, one: Act) -> Written:
    done = await store.write(pool, one)
    assert isinstance(done, Written), done
    return done


async def now_known(pool: asyncpg.Pool, register: Register = OWN) -> Known:
    return await store.known_at(pool, register, datetime.now(UTC))


async def ask(
    pool: asyncpg.Pool, wanted: Sequence[str] | Match, day: str, known: Known, register: Register = OWN
) -> list[Found]:  # fmt: skip
    question = AsOf(type=kind_of(register), wanted=wanted, valid_on=D(day), known=known)
    return await store.as_of(pool, question)


def names(found: Sequence[Found]) -> list[JsonValue]:
    return [one.content["naam"] for one in found]


async def test_what_is_written_is_found_with_both_times(pool: asyncpg.Pool) -> None:
    await written(pool, act(OWN, "a1", draft("2020-01-01", "Jansen")))
    done = await written(pool, act(OWN, "a1", draft("2021-01-01", "de Vries")))
    known = await now_known(pool)
    (found,) = await ask(pool, ["a1"], "2020-06-01", known)
    assert found.content == {"nummer": "a1", "naam": "Jansen"}
    assert found.history.period == Period(D("2020-01-01"), D("2021-01-01"))
    (later,) = await ask(pool, ["a1"], "2021-06-01", known)
    assert later.history.registered_at == done.registered_at
    assert (later.history.number, later.history.clock) == (2, Clock.OWN)
    assert later.history.period == Period(D("2021-01-01"))


async def test_an_answer_as_known_earlier_stays_what_it_was(pool: asyncpg.Pool) -> None:
    await written(pool, act(OWN, "a1", draft("2020-01-01", "Jansen")))
    known = await now_known(pool)
    before = await ask(pool, ["a1"], "2020-06-01", known)
    for name in ("de Vries", "Bakker"):
        await written(pool, act(OWN, "a1", draft("2020-01-01", name)))
    assert await ask(pool, ["a1"], "2020-06-01", known) == before
    again = await store.known_at(pool, OWN, datetime.now(UTC), known.moment)
    assert again.number == known.number
    assert await ask(pool, ["a1"], "2020-06-01", again) == before
    assert names(await ask(pool, ["a1"], "2020-06-01", await now_known(pool))) == ["Bakker"]


async def test_searching_by_a_path_finds_who_had_that_value_then(pool: asyncpg.Pool) -> None:
    await store.prepare(pool, OWN)
    await written(pool, act(OWN, "a1", draft("2020-01-01", "Jansen")))
    await written(pool, act(OWN, "a2", draft("2020-01-01", "Jansen")))
    early = await now_known(pool)
    await written(pool, act(OWN, "a1", draft("2021-01-01", "de Vries")))
    await written(pool, act(OWN, "a2", draft("2020-01-01", "Bakker")))
    known = await now_known(pool)

    async def ids(name: str, day: str, at: Known) -> list[str]:
        return [one.object_id for one in await ask(pool, Match("naam", [name]), day, at)]

    assert await ids("Jansen", "2020-06-01", early) == ["a1", "a2"]
    assert await ids("Jansen", "2020-06-01", known) == ["a1"]
    assert await ids("Jansen", "2021-06-01", known) == []
    assert await ids("Jansen", "2021-06-01", early) == ["a1", "a2"]
    assert await ids("Bakker", "2021-06-01", known) == ["a2"]


async def test_refuses_a_path_that_is_not_searchable_and_too_many_objects(
    pool: asyncpg.Pool,
) -> None:
    known = await now_known(pool)
    with pytest.raises(ProblemError) as unsearchable:
        await ask(pool, Match("staat", ["gehuwd"]), "2020-01-01", known)
    assert unsearchable.value.refusal.code == "zoek.pad"
    with pytest.raises(ProblemError) as broad:
        await ask(pool, [f"a{n}" for n in range(1001)], "2020-01-01", known)
    assert broad.value.refusal.code == "zoek.te-breed"


@pytest.mark.case("history-23")
async def test_of_two_writers_that_saw_the_same_number_one_is_refused(pool: asyncpg.Pool) -> None:
    await written(pool, act(OWN, "a1", draft("2020-01-01", "Jansen")))
    first = act(OWN, "a1", draft("2021-01-01", "de Vries"), expected=1)
    second = act(OWN, "a1", draft("2021-01-01", "Bakker"), expected=1)
    outcomes = await asyncio.gather(store.write(pool, first), store.write(pool, second))
    refused = [done for done in outcomes if isinstance(done, Refusal)]
    assert [(one.status, one.code) for one in refused] == [(412, "geschiedenis.gewijzigd")]
    done = next(one for one in outcomes if isinstance(one, Written))
    winner = first if outcomes[0] is done else second
    assert await store.write(pool, winner) == done
    groups = await store.history_of(pool, kind_of(OWN), "a1")
    assert len(groups[GROUP]) == 2


async def test_sixteen_writers_of_one_object_leave_gapless_numbers_and_rising_moments(
    pool: asyncpg.Pool,
) -> None:
    async def writer(number: int) -> None:
        for turn in range(10):
            await written(pool, act(OWN, "a1", draft("2020-01-01", f"w{number}-{turn}")))

    await asyncio.gather(*(writer(number) for number in range(16)))
    rows = await pool.fetch(
        """SELECT seq, volgnummer, registered_at FROM registers.assertion ORDER BY volgnummer"""
    )
    assert [row["seq"] for row in rows] == list(range(1, 161))
    assert [row["volgnummer"] for row in rows] == list(range(1, 161))
    moments = [row["registered_at"] for row in rows]
    assert all(a < b for a, b in itertools.pairwise(moments))
    assert await store.differences(pool, OWN) == 0


async def test_answers_while_writing_never_change_afterwards(database: Database) -> None:
    pool = await database.pool("registers")
    seen: list[tuple[Known, list[Found]]] = []
    done = asyncio.Event()

    async def reader() -> None:
        while not done.is_set():
            known = await now_known(pool)
            seen.append((known, await ask(pool, ["a1"], "2020-06-01", known)))
            moment = datetime.now(UTC)
            explicit = await store.known_at(pool, OWN, datetime.now(UTC), moment)
            seen.append((explicit, await ask(pool, ["a1"], "2020-06-01", explicit)))

    async def writer(number: int) -> None:
        for turn in range(25):
            await written(pool, act(OWN, "a1", draft("2020-01-01", f"w{number}-{turn}")))

    reading = asyncio.create_task(reader())
    await asyncio.gather(*(writer(number) for number in range(2)))
    done.set()
    await reading
    assert len(seen) > 20
    for known, found in seen:
        again = await store.known_at(pool, OWN, datetime.now(UTC), known.moment)
        assert again.number == known.number
        assert await ask(pool, ["a1"], "2020-06-01", again) == found


async def test_while_a_writer_is_busy_now_is_the_last_commit_and_a_past_moment_is_waited_for(
    database: Database,
) -> None:
    pool = await database.pool("registers")
    done = await written(pool, act(OWN, "a1", draft("2020-01-01", "Jansen")))
    busy = await pool.acquire()
    transaction = busy.transaction()
    await transaction.start()
    await busy.execute("SELECT pg_advisory_xact_lock(registers.lock_of('proef'))")
    known = await now_known(pool)
    assert (known.moment, known.number) == (done.registered_at, 1)
    moment = datetime.now(UTC)
    waiting = asyncio.create_task(store.known_at(pool, OWN, datetime.now(UTC), moment))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    await transaction.rollback()
    await pool.release(busy)
    settled = await waiting
    assert (settled.number, settled.moment) == (1, moment)


@pytest.mark.case("history-14")
async def test_assertions_can_not_be_changed_or_removed_by_the_registers_role(
    pool: asyncpg.Pool,
) -> None:
    await written(pool, act(OWN, "a1", draft("2020-01-01", "Jansen")))
    for statement in (
        "UPDATE registers.assertion SET inhoud = NULL",
        "DELETE FROM registers.assertion",
        "TRUNCATE registers.assertion",
        "UPDATE registers.act SET registered_at = now()",
        "DELETE FROM registers.projection",
        "INSERT INTO registers.projection SELECT * FROM registers.projection",
        "CREATE TABLE registers.mine (x int)",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute(statement)


async def test_an_index_is_only_made_for_names_of_a_model(pool: asyncpg.Pool) -> None:
    for key, path in (("proef.persoon", "a'; DROP TABLE x"), ("proef", "naam"), ("A.b", "naam")):
        with pytest.raises(asyncpg.RaiseError):
            await pool.execute("SELECT registers.index_path($1, $2)", key, path)


async def test_content_outside_the_model_is_refused_with_all_its_faults(pool: asyncpg.Pool) -> None:
    wrong = act(OWN, "A!", draft("2020-01-01", "Jansen"))
    content: Mapping[str, JsonValue] = {"staat": "verliefd", "leeftijd": 12}
    bad = replace(draft("2020-01-01", "x"), content=content)
    both = replace(wrong, entries=[*wrong.entries, *act(OWN, "a2", bad).entries])
    refused = await store.write(pool, both)
    assert isinstance(refused, Refusal)
    assert (refused.status, refused.code) == (400, "inhoud.ongeldig")
    errors = refused.extra["errors"]
    assert isinstance(errors, list)
    details = [str(error["detail"]) for error in errors if isinstance(error, dict)]
    assert len(details) == 4
    assert any("does not match" in text for text in details)
    assert any("lacks naam" in text for text in details)
    assert any("leeftijd" in text for text in details)
    assert any("ongehuwd, gehuwd" in text for text in details)
    assert await pool.fetchval("SELECT count(*) FROM registers.assertion") == 0


async def test_a_copy_needs_the_moment_of_the_source_and_it_can_not_lie_ahead(
    pool: asyncpg.Pool,
) -> None:
    refused = await store.write(pool, act(COPY, "a1", draft("2020-01-01", "Jansen")))
    assert isinstance(refused, Refusal)
    ahead = datetime.now(UTC) + timedelta(hours=1)
    with pytest.raises(asyncpg.CheckViolationError):
        await store.write(pool, act(COPY, "a1", draft("2020-01-01", "Jansen", source=ahead)))


async def test_a_late_delivery_counts_by_the_moment_of_the_source(pool: asyncpg.Pool) -> None:
    early, late = datetime(2020, 2, 1, tzinfo=UTC), datetime(2020, 3, 1, tzinfo=UTC)
    await written(pool, act(COPY, "a1", draft("2020-01-01", "second", source=late)))
    before = await now_known(pool, COPY)
    await written(pool, act(COPY, "a1", draft("2020-01-01", "first", source=early)))
    known = await now_known(pool, COPY)
    assert names(await ask(pool, ["a1"], "2020-06-01", known, COPY)) == ["second"]
    then = await store.known_at(pool, COPY, datetime.now(UTC), early)
    assert names(await ask(pool, ["a1"], "2020-06-01", then, COPY)) == ["first"]
    # With our own number beside the moment, the answer of before is repeated exactly.
    repeated = replace(then, number=before.number)
    assert await ask(pool, ["a1"], "2020-06-01", repeated, COPY) == []
    ours = await store.known_at(pool, COPY, datetime.now(UTC), clock=Clock.OWN)
    assert names(await ask(pool, ["a1"], "2020-06-01", ours, COPY)) == ["first"]
    assert await store.differences(pool, COPY) == 0


async def test_uncertain_begins_give_all_possible_answers(pool: asyncpg.Pool) -> None:
    register = made_up(incomplete=True)
    source = IncompleteDate.parse("2010-05-00")
    unsure = replace(draft("2010-05-01", "de Vries"), begin_source=source)
    await written(pool, act(register, "a1", draft("2008-01-01", "Jansen"), unsure))
    known = await now_known(pool, register)
    found = await ask(pool, ["a1"], "2010-05-10", known, register)
    assert names(found) == ["de Vries", "Jansen"]
    assert {one.history.certainty for one in found} == {Certainty.POSSIBLE}
    (sure,) = await ask(pool, ["a1"], "2010-06-01", known, register)
    assert (sure.content["naam"], sure.history.certainty) == ("de Vries", Certainty.CERTAIN)
    refused = await store.write(pool, act(OWN, "a2", unsure))
    assert isinstance(refused, Refusal)


async def test_groups_change_apart_and_an_answer_merges_them(pool: asyncpg.Pool) -> None:
    register = made_up(
        naam=annotated(**{"x-zoekbaar": True}), adres=annotated(**{"x-groep": "verblijf"})
    )
    home = replace(draft("2021-01-01", "x"), group="verblijf", content={"adres": "Dorp 1"})
    await written(pool, act(register, "a1", draft("2020-01-01", "Jansen")))
    await written(pool, act(register, "a1", home))
    known = await now_known(pool, register)
    (before,) = await ask(pool, ["a1"], "2020-06-01", known, register)
    assert before.content == {"nummer": "a1", "naam": "Jansen"}
    (after,) = await ask(pool, ["a1"], "2021-06-01", known, register)
    assert after.content == {"nummer": "a1", "naam": "Jansen", "adres": "Dorp 1"}
    assert after.history.period == Period(D("2021-01-01"))
    (by_name,) = await ask(pool, Match("naam", ["Jansen"]), "2021-06-01", known, register)
    assert by_name == after


async def test_doubt_is_delivered_with_the_value_while_it_runs(pool: asyncpg.Pool) -> None:
    await written(pool, act(OWN, "a1", draft("2020-01-01", "Jansen")))
    line = await store.line_of(pool, kind_of(OWN), "a1", GROUP, await now_known(pool))
    begun = line.doubt(D("2020-01-01"), ["naam"])
    ended = line.doubt(D("2020-01-01"), [])
    assert isinstance(begun, list)
    assert isinstance(ended, list)
    await written(pool, act(OWN, "a1", *begun))
    during = await now_known(pool)
    await written(pool, act(OWN, "a1", *ended))
    (found,) = await ask(pool, ["a1"], "2020-06-01", during)
    assert (found.content["naam"], found.history.doubts) == ("Jansen", ("naam",))
    (after,) = await ask(pool, ["a1"], "2020-06-01", await now_known(pool))
    assert after.history.doubts == ()
