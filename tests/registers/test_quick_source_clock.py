# SPDX-License-Identifier: EUPL-1.2
"""The short way on the clock of the source: late deliveries, earlier moments, both ways alike."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from tests.registers.rig import annotated, kind_of, made_up
from tests.registers.test_api import SUZANNE, Asker, asker_of
from tests.registers.test_quick import AT_LENGTH, BOTH, FIELDS, _lasting, _told
from tests.throwaway import Database

from landschap.platform.ids import uuid7
from landschap.registers import store
from landschap.registers.api import single
from landschap.registers.operations import Draft
from landschap.registers.periods import OPEN, Period
from landschap.registers.store import Act, Entry, Written
from landschap.registers.timeline import Kind

COPY = made_up(
    clock="bron",
    naam=annotated(**{"x-persoonsgegeven": "gewoon", **BOTH}),
    burgerservicenummer=annotated(**{"x-persoonsgegeven": "identificerend", "x-onderwerp": "bsn"}),
    straat=annotated(**{"x-persoonsgegeven": "gewoon", "x-groep": "adres", **BOTH}),
    huisnummer=annotated(**{"x-persoonsgegeven": "gewoon", "x-groep": "adres", **BOTH}),
)  # fmt: skip
FIRST = datetime(2020, 1, 1, 12, tzinfo=UTC)
DAYS = 2000


@pytest.fixture
async def asker(database: Database) -> AsyncIterator[Asker]:
    async for one in asker_of(database, COPY):
        yield one


@pytest.fixture
def at_length(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids that were answered at length."""
    seen: list[str] = []
    real = single.one

    async def one(desk: Any, kind: Any, object_id: str, request: Any) -> Any:
        seen.append(object_id)
        return await real(desk, kind, object_id, request)

    monkeypatch.setattr(single, "one", one)
    return seen


async def deliver(asker: Asker, rng: random.Random, object_id: str, step: int) -> datetime:
    """One assertion, of any moment at the source: what comes later may have been known earlier."""
    group = "persoon" if not step else rng.choice(["persoon", "adres"])
    begin = date(2010, 1, 1) + timedelta(days=rng.randrange(4000))
    content: Any = {"straat": f"Weg {step}", "huisnummer": str(step)}
    if group == "persoon":
        content = {"naam": f"Naam {step}", "burgerservicenummer": SUZANNE}
    if step and rng.random() < 0.2:
        content = None
    moment = FIRST + timedelta(days=rng.randrange(DAYS), microseconds=step)
    draft = Draft(
        period=Period(begin, rng.choice([OPEN, begin + timedelta(days=rng.randrange(1, 2000))])),
        kind=Kind.CHANGE, content=content, group=group, source_registered_at=moment,
    )  # fmt: skip
    entry = Entry(type=kind_of(asker.register), object_id=object_id, draft=draft)
    act = Act(register=asker.register, transaction_id=uuid7(), entries=[entry])
    assert isinstance(await store.write(asker.pool, act), Written)
    return moment


def asked(rng: random.Random, moments: list[datetime]) -> dict[str, str] | None:
    """A question of any kind: about now, or another day and moment, on either clock."""
    if rng.random() < 0.4:
        return None
    day = date(2010, 1, 1) + timedelta(days=rng.randrange(6000))
    moment = rng.choice(moments) + timedelta(microseconds=rng.choice([-1, 0, 1]))
    query = {"geldigOp": day.isoformat(), "beschikbaarOp": moment.isoformat()}
    if rng.random() < 0.3:
        query["klok"] = rng.choice(["bron", "eigen"])
    return query


async def test_random_questions_on_the_clock_of_the_source_are_answered_as_at_length(
    asker: Asker, at_length: list[str]
) -> None:
    rng = random.Random(20261130)
    ids = [f"a{number}" for number in range(6)]
    moments = [await deliver(asker, rng, one, step) for one in ids for step in range(7)]
    short, differing = 0, set[str]()
    for _ in range(120):
        object_id, query = rng.choice(ids), asked(rng, moments)
        fields = rng.choice([FIELDS, FIELDS, ("naam",), ("straat", "nummer")])
        at_length.clear()
        told = []
        for headers in ({}, AT_LENGTH):
            answer = await asker.send(
                "GET", f"/proef/v1/personen/{object_id}", query, headers=headers, fields=fields
            )
            same = query is not None
            told.append((_told(answer, same_moment=same), _lasting(await asker.lines())))
        assert told[0] == told[1], (object_id, query, fields)
        short += len(at_length) == 1
        differing.add(str(told[0][0]))
    # Not all of them went one way, and they were not all the same.
    assert 10 < short < 110
    assert len(differing) > 30


async def test_an_earlier_moment_that_comes_late_changes_nothing_that_was_known_since(
    asker: Asker, at_length: list[str]
) -> None:
    async def told(query: dict[str, str] | None = None) -> str:
        answer = await asker.send("GET", "/proef/v1/personen/a1", query, fields=FIELDS)
        return str(answer.json()["naam"])

    async def write(name: str, days: int) -> None:
        draft = Draft(
            period=Period(date(2020, 1, 1)), kind=Kind.CHANGE, group="persoon",
            content={"naam": name, "burgerservicenummer": SUZANNE},
            source_registered_at=FIRST + timedelta(days=days),
        )  # fmt: skip
        entry = Entry(type=kind_of(asker.register), object_id="a1", draft=draft)
        act = Act(register=asker.register, transaction_id=uuid7(), entries=[entry])
        assert isinstance(await store.write(asker.pool, act), Written)

    await write("laatste", 100)
    assert await told() == "laatste"
    await write("eerdere", 50)
    assert await told() == "laatste"
    then = (FIRST + timedelta(days=60)).isoformat()
    assert await told({"geldigOp": "2020-02-01", "beschikbaarOp": then}) == "eerdere"
    # Only the question about another moment went the long way.
    assert at_length == ["a1"]
