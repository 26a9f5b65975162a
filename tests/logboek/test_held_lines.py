# SPDX-License-Identifier: EUPL-1.2
"""What is held back, in the log's own interface for reading: absent, general, and for the auditor."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from structlog.testing import capture_logs
from tests.gateway.gateway_scene import ACTIVITY
from tests.logboek.hold_rig import TWO, held, held_long_ago
from tests.logboek.log_rig import PEER
from tests.logboek.reading_rig import (
    NEXT,
    OLD,
    PERSON,
    REASON,
    SECRET,
    SOMEBODY,
    Reading,
    reading_log,
    spans,
)
from tests.throwaway import Database

from landschap.cli.checkup import State, look
from landschap.cli.ends import Told
from landschap.cli.held_back import held_back, words
from landschap.logboek.disclosure import GENERIC_NAME, PostLift
from landschap.logboek.ingest import ACTIVITY as ACTIVITY_NAME
from landschap.logboek.ingest import SUBJECT, SUBJECT_TYPE
from landschap.logboek.read_profile import NEXT_NAMES
from landschap.logboek.store.holds import disclosure, lift_hold, review_hold
from landschap.logboek.store.told import uses_told
from landschap.vocabulary.times import amsterdam_day


@pytest.fixture(scope="module")
async def reading(module_database: Database) -> AsyncIterator[Reading]:
    async with reading_log(module_database) as made:
        yield made


@pytest.mark.parametrize("path", [NEXT, OLD])
async def test_a_held_line_ends_the_chain_without_a_word(reading: Reading, path: str) -> None:
    activity = f"{ACTIVITY}-onderzoek-{'a' if path == NEXT else 'b'}"
    hold = await held(reading.officers, activity, PostLift.SHOW_GENERIC)
    elsewhere = "https://elders.example/logboek"
    trace = await reading.write(next_logbook="https://hier.example/logboek")
    first = await reading.ask(reading.resident(), _asked(path, trace=trace), path)
    await reading.write(
        trace_id=trace, activity=activity, next_logbook=elsewhere, peer=PEER,
        processor_url=f"urn:nld:oin:{PEER}",
    )  # fmt: skip
    assert await reading.ask(reading.resident(), _asked(path, trace=trace), path) == first
    assert len(spans(first)) == 1
    # Lifted: in general, by the person alone; by nothing of the act itself.
    assert await lift_hold(reading.officers, hold, TWO, "afgerond")
    for asked in (_asked(path, trace=trace), _asked(path, activity=activity)):
        told = await reading.ask(reading.resident(), asked, path)
        assert activity not in json.dumps(told)
        assert elsewhere not in json.dumps(told)
        assert GENERIC_NAME not in json.dumps(told)
    mine = await reading.ask(reading.resident(), _asked(path, subject=PERSON), path)
    [items] = [value for name, value in mine.items() if name != "metadata"]
    general = [each for each in items if each["name"] == GENERIC_NAME]
    assert general
    assert {str(UUID(bytes=trace))}.isdisjoint(each["traceId"] for each in general)
    for each in (activity, elsewhere, PEER):
        assert each not in json.dumps(general)


def _asked(
    path: str, trace: bytes | None = None, activity: str = "", subject: str = ""
) -> dict[str, Any]:
    old = path == OLD
    given: dict[str, str] = {}
    if activity:
        given[ACTIVITY_NAME] = activity
    if subject:
        given |= {SUBJECT: subject, SUBJECT_TYPE: "BSN"}
    named = {name if old else NEXT_NAMES[name]: value for name, value in given.items()}
    body: dict[str, Any] = named if old else {"attributes": named}
    return body if trace is None else {"traceId": trace.hex(), **body}


async def test_what_is_held_of_one_person_is_told_to_others(reading: Reading) -> None:
    """To nobody by the act itself, and to that person as it says once it is lifted."""
    activity = f"{ACTIVITY}-dreiging"
    hold = await held(
        reading.officers,
        activity,
        PostLift.SHOW_GENERIC,
        [b"later key 16byte", reading.pseudonym()],
    )
    await reading.write(activity=activity)
    await reading.write(SOMEBODY, activity=activity)

    async def names(who: dict[str, str], about: str) -> list[str]:
        told = await reading.ask(who, _asked(NEXT, subject=about))
        [items] = [value for name, value in told.items() if name != "metadata"]
        return [each["name"] for each in items]

    async def under(who: dict[str, str]) -> int:
        return len(spans(await reading.ask(who, _asked(NEXT, activity=activity))))

    before = await names(reading.resident(), PERSON)
    theirs = await names(reading.resident(SOMEBODY), SOMEBODY)
    assert (await under(reading.resident()), await under(reading.resident(SOMEBODY))) == (0, 1)
    assert await lift_hold(reading.officers, hold, TWO, "afgerond")
    after = await names(reading.resident(), PERSON)
    assert sorted(after) == sorted([*before, GENERIC_NAME])
    assert await names(reading.resident(SOMEBODY), SOMEBODY) == theirs
    assert await under(reading.resident()) == 0
    assert await lift_hold(reading.officers, hold, TWO, "nog eens") is None


async def test_a_held_case_leaves_no_gap_whoever_asks_and_however(reading: Reading) -> None:
    """Pages are as full as before; by the act nobody finds a line of it, lifted or not."""
    activity, case = f"{ACTIVITY}-zaken", "Z-2026-0017"
    pool, subjects = await reading.parts.pool("logboek"), [reading.pseudonym()]
    hold = await held(reading.officers, "", PostLift.SHOW_GENERIC, case=case)
    since, until = datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC) + timedelta(hours=1)
    traces = [await reading.write(activity=activity, processing_id="Z-2026-0018")]
    for number in (case.lower(),) * 5:
        traces.append(await reading.write(activity=activity, processing_id=number))  # noqa: PERF401 - one after the other
    traces.append(await reading.write(activity=activity))

    async def page(size: int, person: list[bytes] | None) -> list[str | None]:
        disclosed = await disclosure(pool, (), person)
        found = await uses_told(pool, subjects, since, until, size, disclosed)
        return [each.columns.activity for each in found]

    async def under(who: dict[str, str], **asked: Any) -> list[Any]:
        body = _asked(NEXT, **asked)
        if who == auditor:
            body = {**body, "attributes": {**body["attributes"], "nl.landschap.reason": REASON}}
        return spans(await reading.ask(who, body))

    auditor = reading.auditor()
    assert (await page(2, subjects)) == [activity, activity]
    assert len(await under(reading.resident(), activity=activity)) == 2
    assert len(await under(auditor, activity=activity)) == 2
    assert [len(await under(reading.resident(), trace=each)) for each in traces[:2]] == [1, 0]
    mine = await reading.ask(reading.resident(), _asked(NEXT, subject=PERSON))
    assert case.lower() not in json.dumps(mine)
    assert await lift_hold(reading.officers, hold, TWO, "afgerond")
    assert (await page(2, subjects)) == [activity, None]
    assert len(await under(reading.resident(), activity=activity)) == 2
    assert await under(reading.resident(), trace=traces[1]) == []
    after = await reading.ask(reading.resident(), _asked(NEXT, subject=PERSON))
    assert json.dumps(after).count(GENERIC_NAME) - json.dumps(mine).count(GENERIC_NAME) == 5
    again = await held(reading.officers, "", PostLift.SHOW, case=case)
    assert await lift_hold(reading.officers, again, TWO, "afgerond")
    assert len(await under(reading.resident(), activity=activity)) == 7


@pytest.mark.case("L46")
async def test_a_hold_that_was_not_reviewed_in_time_gives_an_alarm_and_still_holds(
    reading: Reading, module_database: Database
) -> None:
    activity = f"{ACTIVITY}-te-laat"
    trace = await reading.write(activity=activity)
    assert len(spans(await reading.ask(reading.resident(), _asked(NEXT, trace=trace)))) == 1
    hold = await held_long_ago(await module_database.administrator(), activity)
    settings = reading.parts.settings
    [late] = [each async for each in look(settings) if each.subject == "held back" and
              str(hold) in each.what]  # fmt: skip
    assert late.state is State.WRONG
    assert "had to be looked at again" in late.what
    assert f"landschap log review {hold}" in late.remedy
    kept = await held_back(settings)
    assert kept is not None
    now = datetime.now(UTC)
    assert kept.figures(amsterdam_day(now))["overdue"] == 1
    with capture_logs() as logged:
        Told().tell(kept.endings(), now)
    [told] = [each for each in logged if each["name"] == str(hold)]
    assert (told["log_level"], told["days_left"] < 0) == ("error", True)
    assert activity not in str(logged)
    for path in (NEXT, OLD):
        asked = _asked(path, trace=trace)
        assert spans(await reading.ask(reading.resident(), asked, path)) == []
    # Looked at again: no alarm, and still held.
    day = amsterdam_day(now) + timedelta(days=90)
    assert await review_hold(reading.officers, hold, TWO, "loopt nog", day)
    assert not [each async for each in words(settings) if each.is_alarm]
    assert spans(await reading.ask(reading.resident(), _asked(NEXT, trace=trace))) == []


async def test_the_doctor_says_that_a_decision_is_missing_and_never_of_what(
    reading: Reading,
) -> None:
    told = [each async for each in look(reading.parts.settings) if each.subject == "held back"]
    [missing] = [each for each in told if "without a decision" in each.what]
    assert missing.state is State.SOON
    assert missing.what.startswith("1 confidential")
    assert SECRET not in missing.what + missing.remedy
