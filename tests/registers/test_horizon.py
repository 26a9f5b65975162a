# SPDX-License-Identifier: EUPL-1.2
"""The horizon of knowledge: what was replaced goes, and no answer since then changes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.registers.disposal_rig import ANNA, Destroyer
from tests.registers.rig import up_to
from tests.registers.test_api import PEOPLE, Asker, asker_of
from tests.throwaway import Database

from landschap.platform.ids import uuid7
from landschap.registers.disposal import Act, DisposalList
from landschap.registers.forgetting import GROUND, superseded
from landschap.registers.models import Registers
from landschap.registers.periods import IncompleteDate, Period
from landschap.registers.retention import read_rules
from landschap.registers.store import disposal, proposing
from landschap.registers.timeline import Assertion, Clock, Kind, answers
from landschap.vocabulary.times import as_utc_text

START = date(2020, 1, 1)
ACTS = st.lists(
    st.tuples(
        st.integers(0, 6), st.integers(1, 5), st.booleans(), st.booleans(), st.integers(0, 9)
    ),
    min_size=1,
    max_size=9,
)
HISTORY = ("materieel", "formeel")


def assertion(number: int, act: tuple[int, int, bool, bool, int]) -> Assertion:
    begin, days, says, unsure, source = act
    moment = datetime(2021, 1, 1, tzinfo=UTC) + timedelta(days=number)
    first = START + timedelta(days=begin)
    if unsure:
        first = START
    return Assertion(
        number=number, group="g", period=Period(first, first + timedelta(days=days)),
        registered_at=moment, kind=Kind.CHANGE, content={"w": number} if says else None,
        source_registered_at=moment - timedelta(days=source),
        begin_source=IncompleteDate.parse("2020-01-00") if unsure else None,
    )  # fmt: skip


@given(ACTS, st.integers(1, 9), st.sampled_from(list(Clock)))
def test_no_answer_since_the_horizon_changes(
    acts: list[tuple[int, int, bool, bool, int]], at: int, clock: Clock
) -> None:
    line = [assertion(number, act) for number, act in enumerate(acts, start=1)]

    def known(moment: int) -> object:
        when = datetime(2021, 1, 1, tzinfo=UTC) + timedelta(days=moment)
        return up_to(moment if clock is Clock.OWN else 99, clock, when)

    gone = superseded({"g": line}, known(at))  # type: ignore[arg-type]  # Known
    left = [replace(a, content=None) if a.number in gone else a for a in line]
    for moment in range(at, 12):
        for day in (START + timedelta(days=n) for n in range(14)):
            before = [a.assertion.content for a in answers(line, day, known(moment))]  # type: ignore[arg-type]
            after = [a.assertion.content for a in answers(left, day, known(moment))]  # type: ignore[arg-type]
            assert after == before


@pytest.fixture
async def asker(database: Database) -> AsyncIterator[Asker]:
    async for one in asker_of(database, PEOPLE):
        yield one


async def test_knowledge_from_before_the_horizon_is_refused_and_later_stays(
    asker: Asker, database: Database
) -> None:
    await asker.write("a1", "2020-01-01", "Vlinderstrik")
    first = await asker.write("a1", "2021-01-01", "Nachtpauw")
    done = await asker.write("a1", "2020-01-01", "Zeekat")
    assert first.registered_at is not None
    assert done.registered_at is not None
    text = '[[kennis]]\nid = "oud"\nobjecttype = "persoon"\ntermijn = "P5Y"\n'
    rules = read_rules(text, "x", PEOPLE, Registers({"proef": PEOPLE}))
    destroyer = await Destroyer.of(database, PEOPLE, rules)
    rule, now = rules.knowledge[0], datetime.now(UTC)
    items = [
        one async for one in proposing.replaced(asker.pool, PEOPLE, rule, now, done.registered_at)
    ]
    assert [one.numbers for one in items] == [(1, 2)]
    early = [
        one async for one in proposing.replaced(asker.pool, PEOPLE, rule, now, first.registered_at)
    ]
    assert early == []
    made = DisposalList(
        list_id=uuid7(), register="proef", act=Act.DESTROY, ground=GROUND, proposer=ANNA,
        items=items, known_since=done.registered_at,
    )  # fmt: skip
    await disposal.propose(asker.pool, made)
    then = {"beschikbaarOp": first.registered_at.isoformat()}
    assert (await asker.get("a1", then, history=HISTORY)).status_code == 200
    outcomes = await destroyer.execute(await destroyer.approved(made))
    assert [one.refusal for one in outcomes] == [None]

    refused = await asker.get("a1", then, history=HISTORY)
    assert (refused.status_code, refused.json()["code"]) == (400, "geschiedenis.horizon")
    assert refused.json()["horizon"] == as_utc_text(done.registered_at)
    since = {"beschikbaarOp": done.registered_at.isoformat()}
    answer = await asker.get("a1", since, history=HISTORY)
    assert (answer.status_code, answer.json()["naam"]) == (200, "Zeekat")
    lines = await asker.get("a1/registraties", history=HISTORY)
    assert "Vlinderstrik" not in lines.text
    assert [("gewist" in line) for line in lines.json()["items"]] == [True, True, False, True]
    assert await destroyer.left() == 0
    await asker.write("a1", "2022-01-01", "Later")
    assert (await asker.get("a1")).json()["naam"] == "Later"
