# SPDX-License-Identifier: EUPL-1.2
"""What is held back, in the log's own interface for reading: absent, general, and for the auditor."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.gateway.gateway_scene import ACTIVITY
from tests.logboek.log_rig import PEER
from tests.logboek.reading_rig import NEXT, OLD, PERSON, Reading, reading_log, spans
from tests.throwaway import Database

from landschap.logboek.disclosure import GENERIC_NAME, PostLift
from landschap.logboek.ingest import ACTIVITY as ACTIVITY_NAME
from landschap.logboek.ingest import SUBJECT, SUBJECT_TYPE
from landschap.logboek.read_profile import NEXT_NAMES
from landschap.logboek.store.holds import lift_hold, put_hold
from landschap.vocabulary.times import amsterdam_day


@pytest.fixture(scope="module")
async def reading(module_database: Database) -> AsyncIterator[Reading]:
    async with reading_log(module_database) as made:
        yield made


async def _held(reading: Reading, activity: str) -> UUID:
    made = await put_hold(
        reading.officers,
        activity, "h", ("Anna", "Bert"), "toezicht",
        amsterdam_day(datetime.now(UTC)) + timedelta(days=100), PostLift.SHOW_GENERIC,
    )  # fmt: skip
    assert made is not None
    return made


@pytest.mark.parametrize("path", [NEXT, OLD])
async def test_a_held_line_ends_the_chain_without_a_word(reading: Reading, path: str) -> None:
    activity = f"{ACTIVITY}-onderzoek-{'a' if path == NEXT else 'b'}"
    hold = await _held(reading, activity)
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
    assert await lift_hold(reading.officers, hold, ("Anna", "Bert"), "afgerond")
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
