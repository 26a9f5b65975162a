# SPDX-License-Identifier: EUPL-1.2
"""Doubt the person concerned reports: once, found by its reporter alone, due on a working day."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest
from tests.registers.rig import kind_of, made_up
from tests.throwaway import Database

from landschap.cli.checkup import State, look
from landschap.cli.decision_terms import decision_terms
from landschap.gateway.saying.report import Reported
from landschap.gateway.saying.store.passed import (
    Passed,
    decided_elsewhere,
    forget_reports,
    keep_passed,
    keep_report,
    settle,
)
from landschap.gateway.saying.store.passed import State as SentState
from landschap.platform.ids import uuid7
from landschap.registers import store
from landschap.registers.models import InvalidModel
from landschap.registers.reports import Decided, Report
from landschap.registers.store.duties import Telling
from landschap.registers.store.receivers import OldValue, note_receivers, told_of
from landschap.registers.store.reminding import due_counts
from landschap.registers.terms import due, is_day_off
from landschap.vocabulary.times import amsterdam_day

REGISTER = made_up()
KIND = kind_of(REGISTER)
PERSON, ANOTHER = b"p" * 32, b"q" * 32
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def report(path: str = "naam", reporter: bytes = PERSON, **other: object) -> Report:
    made = Report(
        report_id=uuid7(), type_key=KIND.key, object_id="p1", paths=(path,),
        since=date(2020, 1, 1), explanation="Verkeerd gespeld", peer="00000099000000001000",
        reported_at=NOW, proposed="Moulin", reporter=reporter, decide_by=date(2026, 12, 22),
    )  # fmt: skip
    return replace(made, **other)  # type: ignore[arg-type]  # fields of the same


@pytest.mark.parametrize(
    ("day", "term", "last"),
    [
        ("2026-11-24", "P4W", "2026-12-22"),
        ("2026-11-25", "P1M", "2026-12-28"),  # Christmas on Friday and Saturday, then Sunday
        ("2026-01-31", "P1M", "2026-03-02"),  # 28 February is a Saturday
        ("2027-02-26", "P1M", "2027-03-30"),  # from Good Friday to after Easter Monday
        ("2027-03-25", "P6W", "2027-05-07"),  # Ascension Day
        ("2027-04-05", "P6W", "2027-05-18"),  # Whit Monday
        ("2025-03-26", "P1M", "2025-04-28"),  # the King's day on Saturday the 26th
        ("2028-03-27", "P1M", "2028-04-28"),
    ],
)
def test_a_term_ends_on_no_day_off(day: str, term: str, last: str) -> None:
    assert due(date.fromisoformat(day), term) == date.fromisoformat(last)


def test_easter_is_where_calendars_have_it() -> None:
    mondays = [date(2024, 4, 1), date(2025, 4, 21), date(2026, 4, 6), date(2038, 4, 26)]
    assert all(is_day_off(each) for each in mondays)
    assert not is_day_off(date(2026, 4, 7))


def test_a_term_that_is_none_is_told() -> None:
    with pytest.raises(InvalidModel, match="besluittermijn"):
        made_up(clock="eigen", dialect="standaard", besluittermijn="vier weken")
    assert made_up(besluittermijn="P4W").decision_term == "P4W"
    assert REGISTER.decision_term == "P1M"


async def test_the_same_is_reported_once_until_it_is_decided(pool: asyncpg.Pool) -> None:
    await store.prepare(pool, REGISTER)
    name = uuid7()
    first = await store.report(pool, REGISTER, KIND, report(), name)
    assert await store.report(pool, REGISTER, KIND, report(), name) == first
    # Another window, another transaction: while the first waits it is the first.
    assert await store.report(pool, REGISTER, KIND, report(), uuid7()) == first
    other = await store.report(pool, REGISTER, KIND, report("staat"), uuid7())
    theirs = await store.report(pool, REGISTER, KIND, report(reporter=ANOTHER), uuid7())
    found = await store.reports_by(pool, REGISTER, [PERSON], 10)
    assert {each.report_id for each in found} == {first.report_id, other.report_id}
    assert theirs.report_id not in {each.report_id for each in found}
    decided = Decided(upheld=False, reason="Zo staat het in de akte", document="akte 7")
    await store.decide(pool, REGISTER, KIND, first, decided, "m")
    again = await store.report(pool, REGISTER, KIND, report(), uuid7())
    assert again.report_id != first.report_id


def test_it_is_late_after_its_last_day_until_it_is_decided() -> None:
    made = report()
    assert not made.is_late(date(2026, 12, 22))
    assert made.is_late(date(2026, 12, 23))
    decided = Decided(upheld=True, reason="Ja", document="akte")
    assert not replace(made, decided=decided).is_late(date(2026, 12, 23))
    assert not replace(made, decide_by=None).is_late(date(2026, 12, 23))


async def test_that_nobody_received_it_is_not_that_nobody_looked(pool: asyncpg.Pool) -> None:
    await store.prepare(pool, REGISTER)
    made = await store.report(pool, REGISTER, KIND, report(), uuid7())
    assert await told_of(pool, REGISTER, made.report_id) is None
    await note_receivers(pool, made.report_id, 3, [])
    assert await told_of(pool, REGISTER, made.report_id) == []
    away = OldValue(peer="00000099000000003000", since=NOW, number=3, reachable=False,
                    certain=False)  # fmt: skip
    await note_receivers(pool, made.report_id, 3, [away])
    await note_receivers(pool, made.report_id, 3, [replace(away, reachable=True)])
    (told,) = await told_of(pool, REGISTER, made.report_id) or []
    assert (told.receiver.reachable, told.receiver.certain) == (True, False)
    assert (told.state, told.at) == (Telling.UNTOLD, None)


async def test_a_term_that_passed_is_told_by_the_doctor_the_log_and_a_figure(
    database: Database,
) -> None:
    pool, today = await database.pool("registers"), amsterdam_day(datetime.now(UTC))
    await store.prepare(pool, REGISTER)
    days = {"naam": -1, "staat": 5}
    made = [
        await store.report(
            pool, REGISTER, KIND, report(path, decide_by=today + timedelta(days=ahead)), uuid7()
        )
        for path, ahead in days.items()
    ]
    late, soon = made
    told = [each async for each in look(database.settings) if each.subject == "reports"]
    assert [each.state for each in told] == [State.WRONG, State.SOON]
    assert late.number in told[0].what
    assert soon.number in told[1].what
    found = await decision_terms(database.settings)
    assert found is not None
    assert found.figures(today) == {"waiting": 2, "late": 1}
    now = datetime.now(UTC)
    assert [each.days_left(now) < 0 for each in found.endings(today)] == [True, False]
    assert [each.step(now) for each in found.endings(today)] == [7, 7]
    words = " ".join(each.what + each.remedy for each in told)
    assert "p1" not in words
    # Passed on to who holds the source, it is late there, and no alarm of ours.
    gateway = await database.pool("gateway")
    passed = Passed(
        report=late.report_id, register=REGISTER.name, peer="00000099000000003000",
        subject=bytes(16), key_id=1, said_at=now, trace_id=bytes(16), sealed=b"x",
    )  # fmt: skip
    await keep_passed(gateway, passed)
    assert await due_counts(pool, today) == (1, 1)
    assert await due_counts(pool, today, await decided_elsewhere(gateway)) == (0, 1)
    told = [each async for each in look(database.settings) if each.subject == "reports"]
    assert [each.state for each in told] == [State.SOON, State.SOON]
    assert (soon.number in told[0].what, late.number in told[1].what) == (True, True)
    found = await decision_terms(database.settings)
    assert found is not None
    assert found.figures(today) == {"waiting": 1, "late": 0}
    # What can not be brought there is for us to see to.
    await settle(gateway, passed, SentState.REFUSED, "statement_level")
    assert await due_counts(pool, today, await decided_elsewhere(gateway)) == (1, 1)
    decided = Decided(upheld=False, reason="Zo staat het in de akte", document="akte 7")
    for each in made:
        await store.decide(pool, REGISTER, KIND, each, decided, "m")
    told = [each async for each in look(database.settings) if each.subject == "reports"]
    assert [(each.state, each.what[:9]) for each in told] == [(State.WELL, "0 reports")]


async def test_what_is_destroyed_leaves_nothing_that_says_whose_it_was(database: Database) -> None:
    pool, gateway = await database.pool("registers"), await database.pool("gateway")
    await store.prepare(pool, REGISTER)
    now, peer = datetime.now(UTC), "00000099000000003000"
    over = now + timedelta(days=31)
    made, still = [
        await store.report(pool, REGISTER, KIND, report(path), uuid7())
        for path in ("naam", "staat")
    ]
    for each, is_settled in (
        (made, True),
        (still, True),
        (replace(made, report_id=uuid7()), False),
    ):
        passed = Passed(
            report=each.report_id, register=REGISTER.name, peer=peer, subject=bytes(16), key_id=1,
            said_at=now, trace_id=bytes(16),
        )  # fmt: skip
        await keep_passed(gateway, passed)
        if is_settled:
            await settle(gateway, passed, SentState.DECIDED)
    for kept in (made.report_id, still.report_id, None):
        said = Reported(
            issuer=peer, audience=peer, subject="999993653", level="hoog", authenticated_at=now,
            said_at=now, jti=uuid7(), report=uuid7(), doubt=None,
        )  # fmt: skip
        await keep_report(gateway, said, bytes(32), (1, bytes(16)), kept)
    # What was taken back before it came is kept as long as it can come.
    assert await forget_reports(gateway, pool, now) == 0
    assert await forget_reports(gateway, pool, over) == 1
    owner = await database.administrator()
    await owner.execute(
        "UPDATE registers.report SET explanation = '' WHERE report_id = $1", made.report_id
    )
    await owner.close()
    assert await forget_reports(gateway, pool, now) == 0
    assert await forget_reports(gateway, pool, over) == 2
    sent = await gateway.fetch("SELECT report, state FROM report_sent")
    assert {row["report"]: row["state"] for row in sent}[still.report_id] == "besloten"
    assert sorted(row["state"] for row in sent) == ["besloten", "onderweg"]
    heard = await gateway.fetch("SELECT kept FROM report_heard")
    assert [row["kept"] for row in heard] == [still.report_id]
