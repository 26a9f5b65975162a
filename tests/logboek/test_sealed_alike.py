# SPDX-License-Identifier: EUPL-1.2
"""The same questions on the same records get equal answers, whether the log is sealed or open."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.logboek.log_rig import (
    ACTIVITY,
    GRANT,
    OTHER,
    PEER,
    line,
    permitted,
    pseudonym,
    refused,
)
from tests.logboek.sealed_rig import sealed, written_by
from tests.logboek.test_counting import draft_of, moment_now, other_draft, request_of, response_of
from tests.logboek.test_counting import said as question
from tests.throwaway import Database

from landschap.logboek import store
from landschap.logboek.disclosure import Withheld
from landschap.logboek.forms import Moment, Ready, form_of
from landschap.logboek.payloads import Outcome
from landschap.logboek.read_profile import LogQuestion
from landschap.logboek.records import Draft, Record
from landschap.logboek.store.reached import reached_between
from landschap.logboek.store.refused import decisions_after
from landschap.logboek.store.selected import lines_asked
from landschap.logboek.store.vng import groups_above, line_at
from landschap.vocabulary.ijson import JsonValue

PERSONS = ("999993653", "999990019", "999991929", "999992570")
USER = "j.devries"
_FIRST = UUID(int=0)
_STANDARD = "https://standaarden.overheid.nl/ftv/def/subject"
Given = Draft | Ready


def _asked(chance: random.Random) -> list[Given]:
    """A question at the door, in the form of a decider or whole, with the lines it led to."""
    told, moment = question(chance), moment_now()
    made: Given = draft_of(told, moment)
    if chance.random() < 0.5:

        def draft(each: Moment) -> Draft:
            return draft_of(told, each)

        form = form_of(draft, has_parent=False, has_declaration=False)
        made = form.fill(moment) or made
    lines = [
        line(
            transaction_id=moment.transaction_id,
            trace_id=moment.trace_id,
            subject=pseudonym(each),
            peer=told["peer"],
            key_id=chance.choice((1, 2)),
            outcome=chance.choice((Outcome.DELIVERED, Outcome.PARTIAL, Outcome.NOTHING_FOUND)),
            direction=chance.choice(("incoming", "outgoing", "own")),
            purpose=told["purpose"],
            delegator=told["delegator"] or None,
            data_groups=tuple(chance.sample(("adres", "uitkering", "éénoudergezin"), 2)),
        )
        for each in chance.sample(PERSONS, chance.randrange(3))
    ]
    return [made, *lines]


def _of_our_own(chance: random.Random) -> list[Given]:
    """Decisions of the other doors, in all the forms that they write."""
    told = question(chance) | {"delegator": ""}
    subjects: list[JsonValue] = [
        {"type": "employee", "id": USER, "properties": {"roles": ["consulent", "toezicht"]}},
        {"type": "application", "id": "zaaksysteem", "properties": {"user": USER, "role": "x"}},
        {"type": f"{_STANDARD}/user", "id": USER, "properties": {"roles": None}},
        {"type": f"{_STANDARD}/fsc-peer", "id": PEER, "properties": {"role": ""}},
        {"type": f"{_STANDARD}/doelbinding", "id": "7", "properties": {"roles": [1, {"b": 2}]}},
        {"id": "niemand"},
    ]
    made: list[Given] = []
    for subject in subjects:
        request = request_of(told, subject=subject)
        made.append(
            other_draft({"adl.core.request": request, "adl.core.response": response_of(told)})
        )
    several: dict[str, JsonValue] = {
        "adl.core.request": {
            **request_of(told),
            "evaluations": [{}, "none", {"action": {"name": 1}}],
        },
        "adl.core.response": {
            "evaluations": [response_of(told), response_of(told, allowed=False), response_of(told)]
        },
    }
    made.append(other_draft(several, "adl.access_evaluations"))
    with_null: JsonValue = request_of(told, action={"name": "raad\x00plegen"})
    made.append(
        other_draft({"adl.core.request": with_null, "adl.core.response": response_of(told)})
    )
    made.append(other_draft({"adl.core.request": request_of(told)}))
    explained: Any = other_draft({"adl.core.response": response_of(told)})
    explained.payload["adl"]["attributes"] = {"landschap.explain": True}
    return [*made, explained, refused(), *_by_a_user(told)]


def _by_a_user(told: dict[str, Any]) -> list[Given]:
    """Answers that one of our own people got, through an application and in the console."""
    subjects: list[JsonValue] = [
        {"type": "application", "id": "z", "properties": {"user": USER}},
        {"type": "employee", "id": USER},
        {"type": "employee", "id": "iemand.anders"},
    ]
    made: list[Given] = []
    for subject in subjects:
        draft: Any = permitted()
        draft.payload["adl"]["body"] = {
            "adl.core.request": request_of(told, subject=subject),
            "adl.core.response": response_of(told),
        }
        made += [draft, line(transaction_id=draft.transaction_id)]
    return made


CASE = str(UUID(int=7))


def _drafts() -> list[list[Given]]:
    chance = random.Random(20_301)
    asked = [_asked(chance) for _ in range(40)]
    whole = line(subject=None, subject_type=None)
    part = line(
        trace_id=whole.trace_id, parent_span_id=whole.span_id, started_at=whole.at,
        processing_id=CASE,
    )  # fmt: skip
    return [*asked, *([each] for each in _of_our_own(chance)), [whole, part]]


def _told(records: Sequence[Record]) -> Sequence[object]:
    """What records tell, without the identifiers that the log gives them."""
    return sorted(
        (repr((each.columns.kind, each.columns.at, each.columns.subject)), repr(each.content()))
        for each in records
    )


async def _answers(database: Database, drafts: Sequence[Sequence[Given]]) -> dict[str, Any]:
    """Every question that reads what records say, and its answer."""
    pool = await database.pool("logboek")
    now = datetime.now(UTC)
    since, until = now - timedelta(days=2), now + timedelta(minutes=1)
    names = await store.lanes(pool)
    columns = [each.columns if isinstance(each, Ready) else each for d in drafts for each in d]
    persons = [pseudonym(each) for each in PERSONS]
    whole, part = drafts[-1]
    assert isinstance(whole, Draft)
    assert isinstance(part, Draft)
    without_case = Withheld(cases={CASE})
    found: dict[str, Any] = {
        "person": _told(await store.uses_of(pool, persons, since, until, 500)),
        "trace": [_told(await store.by_trace(pool, each.trace_id)) for each in columns],
        "transactions": [
            _told(each)
            for _, each in sorted(
                (
                    await store.by_transactions(
                        pool, [c.transaction_id for c in columns if c.transaction_id]
                    )
                ).items()
            )
        ],
        "uses": sorted(map(repr, await store.uses_between(pool, names, since, until))),
        "deliveries": sorted(map(repr, await store.deliveries_between(pool, names, since, until))),
        "reached": await reached_between(pool, since, until),
        "decisions": _told(
            [r async for page in store.decisions_between(pool, since, until) for r in page]
        ),
        "latest": _told(await store.latest(pool, since=since, limit=500)),
        "fsc": [
            _told((await store.fsc_records(pool, each, store.LogFilters(limit=500))).records)
            for each in (PEER, OTHER)
        ],
        "ldv": _told(
            await lines_asked(pool, LogQuestion(activity=ACTIVITY), None, Withheld(), 500)
        ),
        "not of this case": _told(
            await lines_asked(pool, LogQuestion(activity=ACTIVITY), None, without_case, 500)
        ),
        "lines": _told(
            [
                each
                for act in (whole, part)
                if (each := await line_at(pool, act.trace_id, act.span_id)) is not None
            ]
        ),
        "security": [_told((await decisions_after(pool, each, _FIRST, 500))[0]) for each in names],
    }
    parts = await store.by_trace(pool, part.trace_id)
    found["vng"] = _told(list((await groups_above(pool, parts)).values()))
    for name, chosen in (
        ("all", {}),
        ("grant", {"grants": [GRANT], "peers": [PEER]}),
        ("none", {"grants": []}),
        ("user", {"user": USER}),
    ):
        scope = await store.incident_scope(pool, since, until, **chosen)
        found[f"incident {name}"] = (list(scope.table()), scope.body())
    return found


@pytest.fixture
async def drafts() -> list[list[Given]]:
    return _drafts()


async def test_every_question_has_the_same_answer(
    database: Database, drafts: list[list[Given]]
) -> None:
    async with written_by(database) as writer:
        for each in drafts:
            await writer.append(each)
    in_the_open = await _answers(database, drafts)
    owner = await database.administrator()
    await owner.execute("TRUNCATE logboek.record, logboek.batch, logboek.form")
    closed = sealed(database)
    async with written_by(closed) as writer:
        for each in drafts:
            await writer.append(each)
    assert await owner.fetchval("SELECT count(*) FROM logboek.form") == 0
    starts = "SELECT bool_and(substr(payload, 1, 2) = '\\x0001') FROM logboek.record"
    assert await owner.fetchval(starts)
    await owner.close()
    answers = await _answers(closed, drafts)
    for name, answer in in_the_open.items():
        assert answers[name] == answer, name
    assert len(in_the_open["person"]) > 20
    assert len(in_the_open["uses"]) > 20
    assert len(in_the_open["reached"]) > 2
    assert in_the_open["incident user"][1]["questions"] == 2
    assert in_the_open["incident all"][1]["persons"] > 3
    assert in_the_open["vng"]
    assert len(in_the_open["lines"]) == 2
    assert len(in_the_open["ldv"]) == len(in_the_open["not of this case"]) + 1
    closed.close()


async def test_a_log_that_is_sealed_later_is_read_as_one(
    database: Database, drafts: list[list[Given]]
) -> None:
    async with written_by(database) as writer:
        for each in drafts:
            await writer.append(each)
    in_the_open = await _answers(database, drafts)
    owner = await database.administrator()
    await owner.execute("TRUNCATE logboek.record, logboek.batch, logboek.form")
    await owner.close()
    half = len(drafts) // 2
    async with written_by(database) as writer:
        for each in drafts[:half]:
            await writer.append(each)
    closed = sealed(database)
    async with written_by(closed) as writer:
        for each in drafts[half:]:
            await writer.append(each)
    assert await _answers(closed, drafts) == in_the_open
    closed.close()
