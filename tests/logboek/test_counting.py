# SPDX-License-Identifier: EUPL-1.2
"""Uses are counted by the database alike whether a record has a form or stands whole."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from tests.conftest import Database
from tests.logboek.log_rig import GRANT, OTHER, OWN, PEER, SERVICE, line, pseudonym

from landschap.logboek import store
from landschap.logboek.drafts import permitted_draft, refused_draft
from landschap.logboek.forms import Moment, form_of
from landschap.logboek.payloads import AdlEntry, FscEntry
from landschap.logboek.records import Draft
from landschap.logboek.store import LogWriter, counting
from landschap.platform.ids import new_span_id, new_trace_id, uuid7
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import ProblemError

FIELDS = ("bsn", "adres.straat", "uitkering.soort")
READER = "landschap_log_reader"
Said = dict[str, Any]


def moment_now() -> Moment:
    return Moment(
        at=datetime.now(UTC),
        trace_id=new_trace_id(),
        span_id=new_span_id(),
        parent_span_id=None,
        transaction_id=uuid7(),
    )


def said(chance: random.Random) -> Said:
    """One question at an Inway and what was answered, as a door records it."""
    fields = chance.choice((None, ["bsn"], ["uitkering"], ["bsn", "adres.straat"]))
    visible = [f for f in FIELDS if fields is None or f in fields or f.partition(".")[0] in fields]
    return {
        "peer": chance.choice((PEER, OTHER)),
        "policy": chance.choice(("a@1", "a@2", "b@1")),
        "purpose": chance.choice(("https://doelen.example/id/x", "https://doelen.example/id/y")),
        "role": chance.choice(("", "consulent")),
        "delegator": chance.choice(("", OTHER)),
        "fields": fields,
        "visible": visible,
    }


def request_of(told: Said, **changes: JsonValue) -> dict[str, JsonValue]:
    properties: dict[str, JsonValue] = {} if told["fields"] is None else {"fields": told["fields"]}
    context: dict[str, JsonValue] = {"purpose": told["purpose"], "grant_hash": GRANT}
    if told["delegator"]:
        context["delegator"] = told["delegator"]
    return {
        "subject": {"type": "fsc-peer", "id": told["peer"], "properties": {"role": told["role"]}},
        "action": {"name": "raadplegen"},
        "resource": {"type": "service", "id": SERVICE, "properties": properties},
        "context": context,
        **changes,
    }


def response_of(told: Said, *, allowed: bool = True) -> dict[str, JsonValue]:
    context: dict[str, JsonValue] = {"policy": told["policy"], "visible": told["visible"]}
    return {"decision": allowed, "context": {**context, "purpose": told["purpose"]}}


def draft_of(told: Said, moment: Moment) -> Draft:
    fsc = FscEntry(
        transaction_id=moment.transaction_id,
        direction="incoming",
        grant_hash=GRANT,
        outway_peer_id=told["peer"],
        service_peer_id=OWN,
        service_name=SERVICE,
        created_at=moment.at,
    )
    body: dict[str, JsonValue] = {
        "adl.core.request": request_of(told),
        "adl.core.response": response_of(told),
    }
    adl = AdlEntry(
        trace_id=moment.trace_id,
        span_id=moment.span_id,
        at=moment.at,
        transaction_id=moment.transaction_id,
        body=body,
    )
    return permitted_draft(fsc, adl)


def other_draft(body: Mapping[str, JsonValue], event: str = "adl.access_evaluation") -> Draft:
    """A decision without transaction: of the console, the decision point, or a refusal."""
    entry = AdlEntry(
        trace_id=new_trace_id(),
        span_id=new_span_id(),
        at=datetime.now(UTC),
        event_name=event,
        body=body,
    )
    return refused_draft(entry, service=SERVICE)


async def counted(database: Database) -> list[store.UseCount]:
    pool = await database.pool("logboek", role=READER)
    now = datetime.now(UTC)
    keys = await store.lanes(pool)
    found = []
    for begin, end in store.stretches(now - timedelta(days=1), now + timedelta(days=1)):
        found += await store.uses_between(pool, keys, begin, end)
    return found


def total(counts: list[store.UseCount], what: str, **wanted: str) -> tuple[int, int]:
    chosen = [
        each
        for each in counts
        if each.what == what and all(getattr(each, k) == v for k, v in wanted.items())
    ]
    return sum(each.asked for each in chosen), sum(each.given for each in chosen)


async def test_counts_are_those_of_reading_every_record(
    database: Database, writer: LogWriter
) -> None:
    chance = random.Random(457)
    kinds = [said(chance) for _ in range(12)]
    forms = [
        form_of(lambda moment, each=each: draft_of(each, moment), has_parent=False,  # type: ignore[misc]  # bound now
                has_declaration=False)
        for each in kinds
    ]  # fmt: skip
    asked: list[Said] = []
    for _ in range(120):
        kind = chance.randrange(len(kinds))
        asked.append(kinds[kind])
        made = forms[kind].fill(moment_now()) if chance.random() < 0.7 else None
        await writer.append([made or draft_of(kinds[kind], moment_now())])
    counts = await counted(database)
    expected: Counter[tuple[str, ...]] = Counter()
    for each in asked:
        who = each["delegator"] or each["peer"]
        place = (each["policy"], each["purpose"], who)
        expected["question", "", *place] += 1
        if each["role"]:
            expected["role", each["role"], *place] += 1
        for path in each["visible"]:
            way = "given" if each["fields"] is None else "asked"
            expected[way, path, *place] += 1
    found: Counter[tuple[str, ...]] = Counter()
    for use in counts:
        place = use.policy, use.purpose, use.who
        if use.what in ("question", "role"):
            found[use.what, use.name, *place] += use.asked
        if use.what == "field":
            found["asked", use.name, *place] += use.asked
            found["given", use.name, *place] += use.given
    assert +found == expected
    assert {each.door for each in counts} == {"Inway"}
    assert total(counts, "action", name="raadplegen") == (120, 0)
    assert {each.grant for each in counts if each.what == "question"} == {GRANT}
    assert all(each.last <= datetime.now(UTC) for each in counts)


async def test_console_outway_and_decision_point_are_counted_and_nobody_is_named(
    database: Database, writer: LogWriter
) -> None:
    told = said(random.Random(1)) | {"fields": ["bsn"], "visible": ["bsn"], "policy": "a@1"}
    base = "https://standaarden.overheid.nl/ftv/def/subject"
    subjects: list[JsonValue] = [
        {"type": "employee", "id": "j.devries", "properties": {"roles": ["consulent"]}},
        {"type": "application", "id": "zaaksysteem", "properties": {"user": "j.devries"}},
        {"type": f"{base}/user", "id": "j.devries"},
        {"type": f"{base}/fsc-peer", "id": PEER},
    ]
    for subject in subjects:
        request = request_of(told | {"delegator": ""}, subject=subject)
        body: dict[str, JsonValue] = {
            "adl.core.request": request, "adl.core.response": response_of(told)
        }  # fmt: skip
        await writer.append([other_draft(body)])
    several: dict[str, JsonValue] = {
        "adl.core.request": {
            **request_of(told, subject=subjects[3]),
            "evaluations": [{}, "none", {"resource": {"type": "service", "id": "andere-dienst"}}],
        },
        "adl.core.response": {
            "evaluations": [
                response_of(told), response_of(told, allowed=False),
                response_of(told | {"policy": "c@1"}),
            ]
        },
    }  # fmt: skip
    await writer.append([other_draft(several, "adl.access_evaluations")])
    counts = await counted(database)
    assert "j.devries" not in str(counts)
    doors = Counter((each.door, each.who) for each in counts if each.what == "question")
    assert doors == {
        ("console", "employees"): 1,
        ("Outway", "zaaksysteem"): 1,
        ("decision point", "own"): 1,
        ("decision point", PEER): 2,
    }
    assert total(counts, "question", policy="a@1") == (5, 0)
    assert total(counts, "question", service="andere-dienst") == (1, 0)
    assert total(counts, "role", name="consulent", door="console") == (1, 0)


async def test_refusals_and_what_needs_no_purpose_count_for_nothing(
    database: Database, writer: LogWriter
) -> None:
    told = said(random.Random(2))
    by_contract: JsonValue = {"decision": True, "context": {"by": "contract"}}
    for response in (response_of(told, allowed=False), by_contract, {"decision": True}, None):
        body = {"adl.core.request": request_of(told), "adl.core.response": response}
        await writer.append([other_draft(body)])
    await writer.append([other_draft({})])
    whole = {"adl.core.request": request_of(told), "adl.core.response": response_of(told)}
    explained = other_draft(whole)
    adl: Any = explained.payload["adl"]
    marked: dict[str, JsonValue] = {**adl, "attributes": {"landschap.explain": True}}
    await writer.append([msgspec.structs.replace(explained, payload={"adl": marked})])
    assert await counted(database) == []


async def test_a_null_that_somebody_sent_stops_no_counting(
    database: Database, writer: LogWriter
) -> None:
    told = said(random.Random(3)) | {"policy": "a@1"}
    good = {"adl.core.request": request_of(told), "adl.core.response": response_of(told)}
    odd = {
        "adl.core.request": request_of(told, extra="\x00"), "adl.core.response": response_of(told)
    }  # fmt: skip
    await writer.append([other_draft(good), other_draft(odd)])
    assert total(await counted(database), "question") == (1, 0)


async def test_persons_delivered_are_counted_by_purpose_service_and_receiver(
    database: Database, writer: LogWriter
) -> None:
    from landschap.logboek.payloads import Outcome

    purpose = "https://doelen.example/id/x"
    for changes in (
        {}, {"subject": pseudonym("999995935")}, {"outcome": Outcome.REFUSED},
        {"delegator": OTHER}, {"direction": "own", "peer": None},
    ):  # fmt: skip
        await writer.append([line(purpose=purpose, **changes)])
    pool = await database.pool("logboek", role=READER)
    now = datetime.now(UTC)
    found = await store.deliveries_between(
        pool, await store.lanes(pool), now - timedelta(days=1), now + timedelta(days=1)
    )
    assert {(e.purpose, e.service, e.who): e.lines for e in found} == {
        (purpose, SERVICE, PEER): 2,
        (purpose, SERVICE, OTHER): 1,
        (purpose, SERVICE, "employees"): 1,
    }


async def test_more_different_uses_than_can_be_told_are_refused(
    database: Database, writer: LogWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = said(random.Random(4)) | {"fields": None, "visible": list(FIELDS)}
    await writer.append([draft_of(told, moment_now())])
    monkeypatch.setattr(counting, "MAX_COUNTS", 2)
    with pytest.raises(ProblemError, match="too_many_counts"):
        await counted(database)


async def test_where_the_log_begins(database: Database, writer: LogWriter) -> None:
    pool = await database.pool("logboek", role=READER)
    assert await store.first_recorded(pool) is None
    before = datetime.now(UTC)
    await writer.append([draft_of(said(random.Random(5)), moment_now())])
    first = await store.first_recorded(pool)
    assert first is not None
    assert before - timedelta(seconds=1) < first <= datetime.now(UTC)


def test_a_period_is_cut_into_stretches_without_a_gap() -> None:
    now = datetime(2026, 11, 30, tzinfo=UTC)
    for days in (1, 30, 90, 3660):
        found = store.stretches(now - timedelta(days=days), now)
        assert len(found) <= 61
        assert (found[0][0], found[-1][1]) == (now - timedelta(days=days), now)
        assert all(one[1] == other[0] for one, other in pairwise(found))
