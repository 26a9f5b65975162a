# SPDX-License-Identifier: EUPL-1.2
"""Who reads which lines through the log's own interface, in both forms."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.gateway.gateway_scene import ACTIVITY, ASSISTANCE
from tests.logboek.log_rig import line
from tests.logboek.reading_rig import (
    NEXT,
    OLD,
    PERSON,
    REASON,
    SECRET,
    SOMEBODY,
    Reading,
    by_trace,
    last_look,
    reading_log,
    spans,
)
from tests.throwaway import Database

from landschap.cli.composition import pseudonym_space
from landschap.console.officers.store import log_looks
from landschap.logboek.pseudonyms import as_subject_id
from landschap.logboek.records import Kind
from landschap.logboek.store import latest
from landschap.platform.departures import LEFT, by_subject, note_departure
from landschap.platform.ids import new_trace_id


@pytest.fixture(scope="module")
async def reading(module_database: Database) -> AsyncIterator[Reading]:
    async with reading_log(module_database) as made:
        yield made


@pytest.mark.case("L40")
@pytest.mark.parametrize("path", [NEXT, OLD])
async def test_a_question_without_selector_is_refused(reading: Reading, path: str) -> None:
    narrowed = (
        {"startTime": "2026-11-01T00:00:00Z", "attributes": {"nl.landschap.reason": REASON}}
        if path == NEXT
        else {"startTime": 0, "nl.landschap.reason": REASON}
    )
    for who in (reading.auditor(), reading.resident()):
        for body in ({}, narrowed):
            refused = await reading.ask(who, body, path, 400)
            assert (refused["code"], refused["status"]) == ("selector_missing", 400)


@pytest.mark.case("L41")
@pytest.mark.parametrize("path", [NEXT, OLD])
async def test_a_resident_finds_nothing_in_the_trace_of_somebody_else(
    reading: Reading, path: str
) -> None:
    trace = await reading.write(SOMEBODY)
    name = "dataProcessingOperations" if path == NEXT else "processingActivities"
    for body in ({"traceId": trace.hex()}, {"traceId": new_trace_id().hex()}):
        assert (await reading.ask(reading.resident(), body, path))[name] == []
    assert len((await reading.ask(reading.resident(SOMEBODY), body | {"traceId": trace.hex()},
                                  path))[name]) == 1  # fmt: skip
    # Of a trace that is about both only the own line.
    await reading.write(PERSON, trace_id=trace)
    await reading.write(SOMEBODY, trace_id=trace, subject=None, subject_type=None, key_id=None)
    [shown] = (await reading.ask(reading.resident(), {"traceId": trace.hex()}, path))[name]
    subject = shown["attributes"][
        "dpl.core.dataSubjectId" if path == NEXT else "dpl.core.data_subject_id"
    ]
    assert subject == as_subject_id(reading.pseudonym())
    assert "resource" not in shown
    assert len(spans(await reading.ask(reading.auditor(), by_trace(trace)))) == 3


@pytest.mark.case("L42")
async def test_more_lines_than_an_answer_holds_are_refused(reading: Reading) -> None:
    trace, begin = new_trace_id(), datetime.now(UTC) - timedelta(hours=3)
    space = f"{pseudonym_space(reading.parts.settings)}/bsn/1"
    given: dict[str, Any] = {
        "trace_id": trace, "subject": reading.pseudonym(), "subject_type": space,
        "activity": ACTIVITY, "started_at": begin,
    }  # fmt: skip
    await reading.log.append([line(**given) for _ in range(1000)])
    for who in (reading.auditor(), reading.resident()):
        assert len(spans(await reading.ask(who, by_trace(trace)))) == 1000
    await reading.write(trace_id=trace, started_at=begin + timedelta(hours=1))
    old = {"traceId": trace.hex(), "nl.landschap.reason": REASON}
    for who in (reading.auditor(), reading.resident()):
        for path, body in ((NEXT, by_trace(trace)), (OLD, old)):
            refused = await reading.ask(who, body, path, 400)
            assert refused["code"] == "result_too_large"
            assert "shorter period" in refused["detail"]
    until = (begin + timedelta(minutes=1)).isoformat()
    narrowed = by_trace(trace) | {"endTime": until}
    assert len(spans(await reading.ask(reading.resident(), narrowed))) == 1000


@pytest.mark.case("L43")
async def test_both_forms_give_the_same_lines(reading: Reading) -> None:
    moment = datetime.now(UTC).replace(microsecond=250_000) - timedelta(minutes=1)
    parent = b"\x07" * 8
    trace = await reading.write(
        started_at=moment, parent_span_id=parent, next_logbook="https://elders.example/lezen"
    )
    await reading.write(trace_id=trace, started_at=moment + timedelta(seconds=5))
    milliseconds = int(moment.timestamp()) * 1000 + 250
    window = {"startTime": milliseconds, "endTime": milliseconds + 1}
    kind, subject = f"{pseudonym_space(reading.parts.settings)}/bsn/1", reading.pseudonym()
    old = {
        "traceId": trace.hex(), **window, "dpl.core.processing_activity_id": ACTIVITY,
        "dpl.core.data_subject_id": as_subject_id(subject), "dpl.core.data_subject_id_type": kind,
        "nl.landschap.reason": REASON,
    }  # fmt: skip
    hyphened = str(UUID(bytes=trace))
    begin = moment.isoformat()
    new = {
        "traceId": hyphened, "startTime": begin,
        "endTime": (moment + timedelta(milliseconds=1)).isoformat(),
        "attributes": {
            "dpl.core.processingActivityId": ACTIVITY, "dpl.core.dataSubjectIdType": kind,
            "dpl.core.dataSubjectId": as_subject_id(subject), "nl.landschap.reason": REASON,
        },
    }  # fmt: skip
    for who in (reading.auditor(), reading.resident()):
        told, newest = await reading.ask(who, old, OLD), await reading.ask(who, new)
        assert set(told) == {"processingActivities"}
        assert set(newest) == {"metadata", "dataProcessingOperations"}
        assert newest["metadata"]["organizationName"] == "Gemeente Proefdorp"
        assert newest["metadata"]["logbookId"].endswith("/logboek/v1")
        [first], [second] = told["processingActivities"], newest["dataProcessingOperations"]
        assert first["startTime"] == milliseconds
        assert datetime.fromisoformat(second["startTime"]) == moment
        assert isinstance(first["endTime"], int)
        assert second["endTime"].endswith("Z")
        assert first["attributes"] == {
            "dpl.core.processing_activity_id": ACTIVITY,
            "dpl.core.data_subject_id": as_subject_id(subject),
            "dpl.core.data_subject_id_type": kind,
            "dpl.read.nextLogbookId": "https://elders.example/lezen",
        }
        assert second["attributes"] == {
            "dpl.core.processingActivityId": ACTIVITY,
            "dpl.core.dataSubjectId": as_subject_id(subject),
            "dpl.core.dataSubjectIdType": kind,
            "dpl.read.nextLogbookId": "https://elders.example/lezen",
        }
        shared = ("traceId", "spanId", "parentSpanId", "status", "name")
        assert [first[each] for each in shared] == [second[each] for each in shared]
        assert (first["traceId"], first["parentSpanId"]) == (hyphened, parent.hex())
        assert ("resource" in first) == ("resource" in second) == ("X-Api-Key" not in who)
    every = {name: value for name, value in old.items() if name not in window}
    assert len(spans(await reading.ask(reading.auditor(), every, OLD))) == 2


async def test_a_confidential_use_is_there_for_the_auditor_alone(reading: Reading) -> None:
    trace = await reading.write(activity=SECRET)
    assert spans(await reading.ask(reading.resident(), by_trace(trace))) == []
    by_activity = {"attributes": {"dpl.core.processingActivityId": SECRET}}
    assert spans(await reading.ask(reading.resident(), by_activity)) == []
    assert spans(await reading.ask(reading.auditor(), by_trace(trace))) == []
    audited = by_trace(trace, **{"nl.landschap.held_for": ASSISTANCE})
    assert len(spans(await reading.ask(reading.auditor(sub="e.audit"), audited))) == 1
    assert (await last_look(reading))["held_for"] == ASSISTANCE
    for who, purpose in (
        (reading.auditor(), f"{ASSISTANCE}-onbekend"),
        (reading.resident(), ASSISTANCE),
    ):
        asked = by_trace(trace, **{"nl.landschap.held_for": purpose})
        assert (await reading.ask(who, asked, status=400))["code"] == "request_invalid"


async def test_a_look_of_an_auditor_is_recorded_with_its_reason(reading: Reading) -> None:
    trace = await reading.write()
    told = await reading.ask(reading.auditor(sub="c.bakker"), by_trace(trace))
    assert len(spans(told)) == 1
    [record] = await latest(
        await reading.parts.pool("logboek"), since=datetime.now(UTC) - timedelta(minutes=5), limit=1,
        kind=Kind.ADL,
    )  # fmt: skip
    content: Any = record.content()
    request = content["adl"]["body"]["adl.core.request"]
    assert request["subject"]["id"] == "c.bakker"
    assert request["context"]["trace_id"] == trace.hex()
    assert request["context"]["reason"] == REASON
    [look, *_] = await log_looks(await reading.parts.pool("console"))
    assert (look.subject, look.kind, look.reason) == ("c.bakker", "lezen", REASON)
    for reason in ("", "kort", f"Melding over {PERSON}"):
        body = {"traceId": trace.hex(), "attributes": {"nl.landschap.reason": reason or "-"}}
        refused = await reading.ask(reading.auditor(), body, status=400)
        assert refused["code"] == "reason_missing"


async def test_the_log_writes_no_line_of_a_look_at_a_person(reading: Reading) -> None:
    await reading.write()
    pool, since = await reading.parts.pool("logboek"), datetime.now(UTC) - timedelta(minutes=5)
    space = f"{pseudonym_space(reading.parts.settings)}/bsn/1"
    asked = {"attributes": {
        "dpl.core.dataSubjectId": as_subject_id(reading.pseudonym()),
        "dpl.core.dataSubjectIdType": space, "nl.landschap.reason": REASON,
    }}  # fmt: skip
    window = asked | {"startTime": since.isoformat()}
    [before, *_] = await latest(pool, since=since, limit=1, kind=Kind.LINE)
    for who in (reading.auditor(), reading.resident()):
        assert spans(await reading.ask(who, window))
    [after, *_] = await latest(pool, since=since, limit=1, kind=Kind.LINE)
    assert after.record_id == before.record_id


async def test_a_person_is_found_by_number_only_by_that_person(reading: Reading) -> None:
    await reading.write(SOMEBODY)
    asked = {"attributes": {"dpl.core.dataSubjectId": SOMEBODY, "dpl.core.dataSubjectIdType": "BSN",
                            "nl.landschap.reason": REASON}}  # fmt: skip
    own = await reading.ask(reading.resident(SOMEBODY), asked)
    assert spans(own)
    assert spans(await reading.ask(reading.resident(), asked)) == []
    refused = await reading.ask(reading.auditor(), asked, status=403)
    assert refused["code"] == "person_by_number"


async def test_a_purpose_narrows(reading: Reading) -> None:
    trace = await reading.write(purpose=ASSISTANCE)
    await reading.write(trace_id=trace, purpose=f"{ASSISTANCE}-anders")
    asked = by_trace(trace, **{"nl.landschap.purpose": ASSISTANCE})
    assert len(spans(await reading.ask(reading.auditor(), asked))) == 1
    assert len(spans(await reading.ask(reading.auditor(), by_trace(trace)))) == 2


async def test_who_may_not_read_gets_nothing(reading: Reading) -> None:
    body = by_trace(await reading.write())
    low = "http://eidas.europa.eu/LoA/low"
    past = int(datetime.now(UTC).timestamp()) - 60
    refused: list[tuple[dict[str, str], int]] = [
        ({}, 401),
        ({"X-Api-Key": reading.key}, 401),
        ({**reading.resident(), "X-Api-Key": "een-andere-sleutel"}, 401),
        (reading.resident(aud="landschap"), 401),
        (reading.resident(acr=low), 401),
        (reading.resident(bsn=""), 401),
        (reading.resident(exp=past), 401),
        ({"Authorization": f"Bearer {reading.token(aud='portaal', bsn=PERSON)}"}, 401),
        (reading.auditor(acr=low), 401),
        (reading.auditor(acr="onbekend"), 401),
        (reading.auditor(iss="https://elders.example"), 401),
        ({**reading.auditor(), "X-Api-Key": reading.key}, 401),
        ({"Authorization": f"Bearer {reading.token(roles=['consulent'])}"}, 403),
    ]
    for who, status in refused:
        told = await reading.ask(who, body, status=status)
        assert told["code"] != "request_invalid"
    await note_departure(
        await reading.parts.pool("console"), reading.issuer, by_subject("d.weg"),
        datetime.now(UTC), LEFT, "proef",
    )  # fmt: skip
    assert await reading.ask(reading.auditor(), body)
    await reading.ask(reading.auditor(sub="d.weg"), body, status=401)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (NEXT, []),
        (NEXT, {"traceId": "geen"}),
        (NEXT, {"traceid": "0af7651916cd43dd8448eb211c80319c"}),
        (NEXT, {"dpl.core.processingActivityId": ACTIVITY}),
        (NEXT, {"attributes": {"dpl.core.processingActivity": ACTIVITY}}),
        (NEXT, {"attributes": {"dpl.core.dataSubjectId": PERSON}}),
        (NEXT, {"startTime": 1}),
        (NEXT, {"startTime": "2026-11-02T00:00:00Z", "endTime": "2026-11-01T00:00:00Z"}),
        (OLD, {"startTime": "2026-11-02T00:00:00Z"}),
        (OLD, {"startTime": 9_007_199_254_740_991}),
        (OLD, {"attributes": {"dpl.core.processing_activity_id": ACTIVITY}}),
        (OLD, {"dpl.core.data_subject_id": PERSON, "dpl.core.data_subject_id_type": "PASPOORT"}),
    ],
)
async def test_what_can_not_be_read_is_refused_by_its_place(
    reading: Reading, path: str, body: Any
) -> None:
    told = await reading.ask(reading.resident(), body, path, 400)
    assert told["code"] == "request_invalid"
    assert PERSON not in json.dumps(told)
