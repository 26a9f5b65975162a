# SPDX-License-Identifier: EUPL-1.2
"""Holds as they are kept: two people, half a year at most, nothing changed, and what they hide."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from tests.logboek.log_rig import ACTIVITY, GRANT, PEER, line, pseudonym

from landschap.logboek.disclosure import (
    GENERIC_NAME,
    Hold,
    Level,
    Matter,
    PostLift,
    disclosure_of,
    is_generic,
    undecided,
)
from landschap.logboek.records import Record, columns_of, encode
from landschap.logboek.store.holds import disclosure, holds, lift_hold, put_hold, review_hold
from landschap.platform.ids import uuid7
from landschap.vocabulary.times import amsterdam_day

OTHER = f"{ACTIVITY}-anders"
TWO = ("Anna de Wit", "Bert Jansen")
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
MONTH = timedelta(days=30)
OFFICERS = "landschap_disclosure"


def hold(
    lifted: datetime | None = None,
    post_lift: PostLift = PostLift.NEVER,
    person: frozenset[bytes] | None = None,
    case: str = "",
) -> Hold:
    return Hold(
        hold_id=uuid7(), activity="" if case else ACTIVITY, case=case, ground="d", reason="onderzoek", decided_by=TWO[0],
        approved_by=TWO[1], decided_at=NOW - MONTH, review_at=amsterdam_day(NOW),
        post_lift=post_lift, lifted_at=lifted, subjects=person,
    )  # fmt: skip


def record(**changes: object) -> Record:
    draft = line(**changes)
    return Record(columns_of(draft, uuid7()), "proef-0", 1, 0, b"s" * 16, b"l" * 32, encode(draft))


@pytest.mark.parametrize(
    ("made", "level", "is_told"),
    [
        ([hold()], Level.HELD, False),
        ([hold(NOW, PostLift.NEVER)], Level.LIFTED, False),
        ([hold(NOW, PostLift.SHOW)], Level.LIFTED, True),
        ([hold(NOW, PostLift.SHOW), hold()], Level.HELD, False),
        ([hold(NOW, PostLift.SHOW), hold(NOW - MONTH, PostLift.NEVER)], Level.LIFTED, True),
        ([hold(NOW - MONTH, PostLift.SHOW), hold(NOW, PostLift.NEVER)], Level.LIFTED, False),
    ],
)
@pytest.mark.parametrize("confidential", [(), (ACTIVITY,)])
def test_what_stands_counts_and_else_the_last_lift(
    made: list[Hold], level: Level, is_told: bool, confidential: tuple[str, ...]
) -> None:
    for order in (made, made[::-1]):
        found = disclosure_of(confidential, order, None)
        assert found.level_of(ACTIVITY) is level
        secret, plain = record(), record(activity=OTHER)
        assert found.told(secret) == (secret if is_told else None)
        assert found.told(plain) == plain
        assert found.level_of(OTHER) is Level.NORMAL


ONE, OTHER_ONE = frozenset({b"1" * 16, b"one!" * 4}), frozenset({b"2" * 16})
LATER_KEY = (b"next" * 4, b"1" * 16)


@pytest.mark.parametrize(
    ("made", "who", "expected"),
    [
        # Who reads for that person is known by any pseudonym, also beside that of a later key.
        ([hold(person=ONE)], LATER_KEY, "absent"),
        ([hold(person=ONE)], OTHER_ONE, "told"),
        ([hold(person=ONE)], (), "told"),
        ([hold(person=ONE)], None, "absent"),
        ([hold(NOW, PostLift.SHOW, ONE)], ONE, "told"),
        ([hold(NOW, PostLift.SHOW_GENERIC, ONE)], ONE, "generic"),
        ([hold(NOW, PostLift.NEVER, ONE)], ONE, "absent"),
        ([hold(NOW, PostLift.NEVER, ONE)], OTHER_ONE, "told"),
        # For nobody in particular the strictest of all persons, for one the last of that one.
        ([hold(NOW - MONTH, PostLift.NEVER, ONE), hold(NOW, PostLift.SHOW, OTHER_ONE)], None, "absent"),
        ([hold(NOW - MONTH, PostLift.NEVER, ONE), hold(NOW, PostLift.SHOW, ONE)], ONE, "told"),
        ([hold(NOW - MONTH, PostLift.NEVER, ONE), hold(person=OTHER_ONE)], OTHER_ONE, "absent"),
        # What is decided on one opens nothing that is held for all, and the other way round.
        ([hold(), hold(NOW, PostLift.SHOW, ONE)], ONE, "absent"),
        ([hold(NOW, PostLift.SHOW), hold(person=ONE)], ONE, "absent"),
        ([hold(NOW, PostLift.SHOW), hold(person=ONE)], OTHER_ONE, "told"),
        ([hold(NOW, PostLift.SHOW_GENERIC), hold(NOW, PostLift.SHOW, ONE)], ONE, "generic"),
    ],
)  # fmt: skip
def test_a_hold_on_one_person_counts_for_that_one(
    made: list[Hold], who: Collection[bytes] | None, expected: str
) -> None:
    for order in (made, made[::-1]):
        told = disclosure_of((), order, who).told(record())
        became = "absent" if told is None else "generic" if is_generic(told) else "told"
        assert became == expected
    standing = any(each.stands for each in made) and expected == "absent"
    if standing:
        assert disclosure_of((), made, who).level_of(ACTIVITY) is Level.HELD


CASE = "Z-2026-0017"


@pytest.mark.parametrize(
    ("made", "expected", "level"),
    [
        ([hold(case=CASE)], "absent", Level.HELD),
        ([hold(case=" z-2026-0017")], "absent", Level.HELD),
        ([hold(case="Z-2026-001")], "told", Level.NORMAL),
        ([hold(NOW, PostLift.SHOW, case=CASE)], "told", Level.LIFTED),
        ([hold(NOW, PostLift.SHOW_GENERIC, case=CASE)], "generic", Level.LIFTED),
        ([hold(NOW, PostLift.NEVER, case=CASE)], "absent", Level.LIFTED),
        ([hold(NOW, PostLift.SHOW, case=CASE), hold(case=CASE)], "absent", Level.HELD),
        ([hold(NOW - MONTH, PostLift.NEVER, case=CASE), hold(NOW, PostLift.SHOW, case=CASE)],
         "told", Level.LIFTED),
        # A case opens no activity, and an activity no case.
        ([hold(), hold(NOW, PostLift.SHOW, case=CASE)], "absent", Level.HELD),
        ([hold(NOW, PostLift.SHOW), hold(case=CASE)], "absent", Level.HELD),
        ([hold(NOW, PostLift.SHOW), hold(NOW, PostLift.SHOW_GENERIC, case=CASE)], "generic",
         Level.LIFTED),
    ],
)  # fmt: skip
@pytest.mark.parametrize("who", [None, (), ONE])
def test_a_hold_on_a_case_counts_for_everybody_under_every_activity(
    made: list[Hold], expected: str, level: Level, who: Collection[bytes] | None
) -> None:
    for order in (made, made[::-1]):
        found = disclosure_of((), order, who)
        secret = record(processing_id=CASE)
        told = found.told(secret)
        became = "absent" if told is None else "generic" if is_generic(told) else "told"
        assert became == expected
        assert found.level_of(ACTIVITY, CASE) is level
        assert found.keeps(ACTIVITY, CASE) is (expected == "absent")
        # Whoever finds a line by its trace or activity gets nothing of it when it may not be told.
        by_act = found.withheld(by_act=True)
        is_read = ACTIVITY not in by_act.activities and not by_act.covers(secret)
        assert is_read is (expected == "told")
        other = record(activity=OTHER, processing_id="Z-2026-0018")
        assert found.told(other) == other
        assert not by_act.covers(record(activity=OTHER))
    assert undecided({ACTIVITY}, [hold(case=CASE)]) == [ACTIVITY]


async def test_a_case_is_held_once_and_never_with_an_activity_or_a_person(database: Any) -> None:
    pool = await database.pool("logboek", role=OFFICERS)
    first = await _put(pool, what=Matter(case=f" {CASE} "))
    assert first is not None
    assert await _put(pool, what=Matter(case=CASE.lower())) is None
    assert await _put(pool) is not None
    for wrong in (
        Matter(),
        Matter(ACTIVITY, None, "Z-1"),
        Matter("", ONE, "Z-1"),
        Matter(case="z" * 201),
    ):
        with pytest.raises(asyncpg.CheckViolationError):
            await _put(pool, what=wrong)
    assert [(each.activity, each.case) for each in await holds(pool)] == [
        ("", CASE),
        (ACTIVITY, ""),
    ]
    assert await lift_hold(pool, first, TWO, "afgerond") is not None
    assert await _put(pool, what=Matter(case=CASE)) is not None


def test_a_confidential_activity_is_opened_by_no_decision_on_one_person() -> None:
    lifted = hold(NOW, PostLift.SHOW, ONE)
    assert disclosure_of({ACTIVITY}, [lifted], ONE).told(record()) is None
    assert undecided({ACTIVITY}, [lifted]) == [ACTIVITY]


async def test_one_person_and_everybody_are_held_apart(database: Any) -> None:
    pool = await database.pool("logboek", role=OFFICERS)
    of_one = Matter(ACTIVITY, ONE)
    first = await _put(pool, what=of_one)
    assert first is not None
    assert await _put(pool, what=Matter(ACTIVITY, LATER_KEY)) is None, "the same person"
    assert await _put(pool, what=Matter(ACTIVITY, OTHER_ONE)) is not None
    assert await _put(pool) is not None
    assert [each.subjects for each in await holds(pool)] == [ONE, OTHER_ONE, None]
    assert await lift_hold(pool, first, TWO, "afgerond") is not None
    assert await _put(pool, what=of_one) is not None


def test_a_confidential_activity_that_nobody_decided_on_is_held() -> None:
    found = disclosure_of({ACTIVITY}, [], None)
    assert found.told(record()) is None
    assert found.level_of(ACTIVITY) is Level.HELD
    assert undecided({ACTIVITY, OTHER}, [hold(NOW)]) == [OTHER]
    assert undecided({ACTIVITY}, []) == [ACTIVITY]


def test_a_generic_line_tells_when_and_nothing_else() -> None:
    found = disclosure_of({ACTIVITY}, [hold(NOW, PostLift.SHOW_GENERIC)], ())
    secret = record(
        parent_span_id=b"p" * 8, processing_id="Z-GEHEIM-1", delegator="00000099000000003000",
        processor_url=f"urn:nld:oin:{PEER}", next_logbook="https://elders.example/logboek",
        grant_hash=GRANT, purpose="https://doelen.example/geheim", transaction_id=uuid7(),
    )  # fmt: skip
    told = found.told(secret)
    assert told is not None
    assert is_generic(told)
    assert not is_generic(secret)
    content: Any = told.content()
    line_told = content["ldv"]
    assert line_told["name"] == GENERIC_NAME
    assert line_told["start_time"] == int(secret.columns.at.timestamp() * 1000)
    assert set(line_told["attributes"]) == {
        "dpl.core.data_subject_id", "dpl.core.data_subject_id_type",
    }  # fmt: skip
    assert told.columns.subject == pseudonym()
    assert told.record_id == secret.record_id
    kept = json.dumps([content, str(told.columns)])
    own: Any = secret.content()["landschap"]
    for each in (PEER, ACTIVITY, "Z-GEHEIM-1", GRANT, "elders", "geheim", "uitkering", "landschap/",
                 secret.columns.trace_id.hex(), own["fsc_transaction_id"]):  # fmt: skip
        assert each not in kept
    assert found.told(secret) == told


@pytest.mark.parametrize("days", [-1, 0, 1])
def test_the_day_of_review_is_in_time(days: int) -> None:
    today = amsterdam_day(NOW) + timedelta(days=days)
    assert hold().is_overdue(today) is (days > 0)
    assert not hold(NOW).is_overdue(today)
    assert disclosure_of((), [hold()], ()).told(record()) is None


async def _put(pool: asyncpg.Pool, **changes: Any) -> UUID | None:
    given = {
        "what": Matter(ACTIVITY), "ground": "d", "people": TWO, "reason": "onderzoek 2026-17",
        "review_at": amsterdam_day(datetime.now(UTC)) + 5 * MONTH, "post_lift": PostLift.NEVER,
        **changes,
    }  # fmt: skip
    return await put_hold(pool, **given)


async def test_a_hold_is_put_reviewed_and_lifted_by_two_people(database: Any) -> None:
    pool = await database.pool("logboek", role=OFFICERS)
    reader = await database.pool("logboek")
    day = amsterdam_day(datetime.now(UTC))
    for wrong in (
        {"people": ("Anna", " anna ")},
        {"people": ("Anna", "")},
        {"review_at": day + timedelta(days=185)},
        {"review_at": day},
        {"ground": "k"},
        {"reason": " "},
    ):
        with pytest.raises(asyncpg.CheckViolationError):
            await _put(pool, **wrong)
    assert await holds(reader) == []
    made = await _put(pool)
    assert made is not None
    assert await _put(pool) is None
    assert ACTIVITY in (await disclosure(reader, (), ())).absent
    later = day + 6 * timedelta(days=30)
    with pytest.raises(asyncpg.CheckViolationError):
        await review_hold(pool, made, ("Anna", "ANNA"), "loopt nog", later)
    assert await review_hold(pool, made, TWO, "loopt nog", later)
    assert [each.review_at for each in await holds(reader)] == [later]
    with pytest.raises(asyncpg.CheckViolationError):
        await lift_hold(pool, made, ("Anna", "Anna"), "afgerond")
    lifted = await lift_hold(pool, made, TWO, "afgerond", PostLift.SHOW)
    assert lifted is not None
    assert (lifted.stands, lifted.post_lift) == (False, PostLift.SHOW)
    assert await lift_hold(pool, made, TWO, "nog eens") is None
    assert not await review_hold(pool, made, TWO, "nog eens", later)
    assert not await review_hold(pool, uuid7(), TWO, "onbekend", later)
    assert (await disclosure(reader, {ACTIVITY}, None)).told(record()) is not None
    again = await _put(pool, post_lift=PostLift.SHOW_GENERIC)
    assert again is not None
    assert ACTIVITY in (await disclosure(reader, (), ())).absent
    ended = await lift_hold(pool, again, TWO, "afgerond")
    assert ended is not None
    assert ended.post_lift is PostLift.SHOW_GENERIC


@pytest.mark.parametrize(
    "role", ["landschap_logboek", "landschap_log_reader", "landschap_keeper", OFFICERS]
)
async def test_nobody_changes_a_hold_and_only_its_officers_put_one(
    database: Any, role: str
) -> None:
    made = await _put(await database.pool("logboek", role=OFFICERS))
    pool = await database.pool("logboek", role=role)
    forbidden = [
        f"{deed} logboek.{table}{rest}"
        for table in ("disclosure_hold", "disclosure_review", "disclosure_lift")
        for deed, rest in (("UPDATE", " SET reason = 'x'"), ("DELETE FROM", ""), ("TRUNCATE", ""))
    ]
    backdated = (
        "INSERT INTO logboek.disclosure_lift"
        " (hold_id, reason, decided_by, approved_by, post_lift, lifted_at)"
        f" VALUES ('{made}', 'x', 'A', 'B', 'show', '2020-01-01')"
    )
    forbidden.append(backdated)
    if role != OFFICERS:
        forbidden.append(backdated.replace(", lifted_at", "").replace(", '2020-01-01'", ""))
    else:
        forbidden.append("SELECT 1 FROM logboek.record")
    for statement in forbidden:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute(statement)
