# SPDX-License-Identifier: EUPL-1.2
"""Telling of changes: what a notice holds, its order, and what befalls who does not take it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from uuid import UUID

import aiohttp
import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from tests.registers.notice_rig import ORIGIN, Party, Telling, party, problem, until
from tests.registers.test_collections import places
from tests.throwaway import Database

from landschap.platform.ids import uuid7
from landschap.registers import delivering
from landschap.registers.notices import Notice, event_of
from landschap.registers.operations import Draft
from landschap.registers.periods import Period
from landschap.registers.store import Act, Entry, notices, writing
from landschap.registers.store import subscriptions as kept
from landschap.registers.subscriptions import Filters, State
from landschap.registers.timeline import Kind
from landschap.registers.worker import Figures


@pytest.fixture
async def telling(database: Database) -> AsyncIterator[Telling]:
    pool = await database.pool("registers")
    async with aiohttp.ClientSession() as session:
        yield Telling(database=database, pool=pool, register=places(), session=session)


@pytest.fixture
async def reader() -> AsyncIterator[Party]:
    async with party() as made:
        yield made


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure is tried again after hundredths of a second."""
    monkeypatch.setattr(delivering, "FIRST_SECONDS", 0.01)
    monkeypatch.setattr(delivering, "CAP_SECONDS", 0.05)


async def nothing_left(telling: Telling, of: UUID) -> bool:
    """True when it is told of everything."""
    behind = (await notices.backlogs(telling.pool))[of]
    return behind.unread == behind.waiting == 0


async def test_a_notice_says_where_to_ask_and_nothing_more(telling: Telling, reader: Party) -> None:
    await telling.subscribe(reference="zaaksysteem")
    written = await telling.change("h1", naam="geheim")
    async with telling.workers(telling.deps(reader)):
        await until(lambda: len(reader.taken) == 1)
    (event,) = reader.taken
    told = {name: value for name, value in event.items() if name not in ("id", "time")}
    subscription = told.pop("subscription")
    assert UUID(subscription)
    assert told == {
        "specversion": "1.0",
        "source": "urn:nld:oin:00000099000000001000:systeem:proef",
        "type": "nl.proef.huis-gewijzigd",
        "subject": "huizen/h1",
        "dataref": "/proef/v1/huizen/h1",
        "sequence": "1",
        "sequencetype": "Integer",
        "subscriberreference": "zaaksysteem",
    }
    assert UUID(event["id"]).version == 5
    assert datetime.fromisoformat(event["time"]) == written.registered_at


async def test_a_change_in_a_transaction_that_fails_is_told_to_nobody(
    telling: Telling, reader: Party
) -> None:
    await telling.subscribe()
    kind = telling.register.types["huis"]
    draft = Draft(
        period=Period(date(2020, 1, 1)), kind=Kind.CHANGE, content={"naam": "x"}, group="huis"
    )
    act = Act(
        register=telling.register,
        transaction_id=uuid7(),
        entries=[Entry(type=kind, object_id="h1", draft=draft)],
    )
    async with telling.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await writing.append(connection, act)
        await transaction.rollback()
    await telling.change("h2")
    async with telling.workers(telling.deps(reader)):
        await until(lambda: bool(reader.taken))
    assert [each["subject"] for each in reader.taken] == ["huizen/h2"]


async def test_only_what_the_filters_leave_is_told(telling: Telling, reader: Party) -> None:
    await telling.subscribe(
        filters=Filters(
            type_keys=("proef.huis",), acts=("proef.huis/CORRECTIE",), objects=("h1", "h2")
        )
    )
    own = await telling.subscribe(
        filters=Filters(type_keys=("proef.huis",), groups=("proef.huis/anders",))
    )
    await telling.change("h1")
    await telling.change("h1", "h3", act=Kind.CORRECTION)
    await telling.change("h2", act=Kind.CORRECTION)
    async with telling.workers(telling.deps(reader)):
        await until(lambda: len(reader.taken) == 2)
        await until(lambda: nothing_left(telling, own))
    assert [(each["subject"], each["type"]) for each in reader.taken] == [
        ("huizen/h1", "nl.proef.huis-gecorrigeerd"),
        ("huizen/h2", "nl.proef.huis-gecorrigeerd"),
    ]


async def test_nothing_is_sent_before_consent(telling: Telling, reader: Party, quick: None) -> None:
    reader.allowed = ""
    own = await telling.subscribe(agreed=False)
    await telling.change("h1")
    async with telling.workers(telling.deps(reader)):
        await until(lambda: len(reader.handshakes) > 2)
        assert (await telling.subscription(own)).state is State.ASKED
        assert "WebHook-Allowed-Origin" in (await telling.subscription(own)).reason
        assert reader.tried == []
        reader.allowed = ORIGIN
        await until(lambda: len(reader.taken) == 1)
    assert set(reader.handshakes) == {ORIGIN}
    assert (await telling.subscription(own)).reason == ""


async def test_who_consents_to_nobody_is_not_asked_for_ever(
    telling: Telling, reader: Party
) -> None:
    reader.allowed = "iemand.anders.test"
    own = await telling.subscribe(agreed=False)
    await telling.pool.execute(
        "UPDATE registers.subscription SET failing_since = now() - interval '2 days'"
    )
    async with telling.workers(telling.deps(reader)):
        await until(lambda: _is(telling, own, State.ENDED))


async def _is(telling: Telling, own: UUID, state: State) -> bool:
    return (await telling.subscription(own)).state is state


@pytest.mark.parametrize("seed", range(3))
async def test_order_per_object_holds_whatever_fails_with_two_workers(
    telling: Telling, reader: Party, quick: None, seed: int
) -> None:
    """Any mixture of refusals, silence and lost answers, two workers, two subscriptions."""
    chance = random.Random(seed)
    troubles = [200, 200, 200, 400, 500, 503, 429, 0, -1]

    answered: set[tuple[object, object]] = set()
    double = []

    async def whatever(event: dict[str, object]) -> web.Response:
        name = (event["subscription"], event["sequence"])
        if name in answered:
            double.append(name)
        await asyncio.sleep(chance.random() / 200)
        trouble = chance.choice(troubles)
        if trouble == 200:
            answered.add(name)
        if trouble == -1:  # taken, but the answer is lost
            reader.taken.append(event)
        return problem(500) if trouble < 1 else web.Response(status=trouble)

    reader.answer = whatever
    every = [await telling.subscribe(), await telling.subscribe(peer="00000099000000003000")]
    ids = [f"h{number}" for number in range(5)]
    async with telling.workers(telling.deps(reader), telling.deps(reader)):
        for _ in range(8):
            await telling.change(*chance.sample(ids, 3))
            await asyncio.sleep(chance.random() / 50)
        for own in every:
            await until(partial(nothing_left, telling, own), 40)
    assert not double, "two workers sent the same"
    for own in every:
        mine = [each for each in reader.taken if each["subscription"] == str(own)]
        assert {int(each["sequence"]) for each in mine} == set(range(1, 25))
        for subject in {each["subject"] for each in mine}:
            told = [int(each["sequence"]) for each in mine if each["subject"] == subject]
            # The same again may come; one that was passed by never does.
            assert told == sorted(told), (subject, told)
        ids_of = {each["sequence"]: each["id"] for each in mine}
        assert all(each["id"] == ids_of[each["sequence"]] for each in mine)


async def test_what_fails_holds_up_its_own_object_only(telling: Telling, reader: Party) -> None:
    own = await telling.subscribe()
    reader.answer = lambda event: problem(422) if event["sequence"] == "1" else web.Response()
    await telling.change("h1", "h2", "h1", "h3")
    async with telling.workers(telling.deps(reader)):
        await until(lambda: reader.numbers() == [2, 4])
    (waits,) = await notices.heads(telling.pool, own, datetime.now(UTC) + timedelta(hours=1), 10)
    assert (waits.notice.number, waits.last_error) == (1, "answered 422")


async def test_a_dead_letter_lets_the_later_ones_pass_and_can_be_sent_again(
    telling: Telling, reader: Party, quick: None
) -> None:
    own = await telling.subscribe()
    reader.answer = lambda event: (
        problem(422, "te-moeilijk") if event["sequence"] == "1" else web.Response()
    )
    await telling.change("h1", "h1")
    async with telling.workers(telling.deps(reader)):
        await until(lambda: reader.numbers() == [2])
        (dead,) = await notices.dead_letters(telling.pool, own)
        assert (dead.notice.number, dead.attempts) == (1, delivering.MAX_ATTEMPTS)
        assert dead.last_error == "answered 422 te-moeilijk"
        assert (await notices.backlogs(telling.pool))[own].dead == 1
        reader.answer = lambda _: web.Response()
        assert await notices.revive(telling.pool, own, datetime.now(UTC)) == 1
        await until(lambda: reader.numbers() == [2, 1])
        assert await notices.replay(telling.pool, own, 0)
        await until(lambda: reader.numbers() == [2, 1, 1, 2])
        assert not await notices.replay(telling.pool, own, 99)


async def test_410_ends_a_subscription(telling: Telling, reader: Party) -> None:
    own = await telling.subscribe()
    reader.answer = lambda _: web.Response(status=410)
    await telling.change("h1")
    async with telling.workers(telling.deps(reader)):
        await until(lambda: _is(telling, own, State.ENDED))
        await telling.change("h1")
        await asyncio.sleep(0.1)
    assert len(reader.tried) == 1
    assert "410" in (await telling.subscription(own)).reason
    assert not await kept.set_state(telling.pool, own, State.ACTIVE, "")


async def test_a_slow_reader_holds_up_no_other(telling: Telling, reader: Party) -> None:
    slow, quick = await telling.subscribe(), await telling.subscribe(peer="00000099000000003000")
    release = asyncio.Event()

    async def slowly(event: dict[str, object]) -> web.Response:
        if event["subscription"] == str(slow):
            await release.wait()
        return web.Response()

    reader.answer = slowly
    async with telling.workers(telling.deps(reader)):
        for _ in range(5):
            await telling.change("h1", "h2")
        await until(lambda: nothing_left(telling, quick))
        assert {each["subscription"] for each in reader.taken} == {str(quick)}
        release.set()
        await until(lambda: nothing_left(telling, slow))
    assert len(reader.taken) == 20


async def test_who_is_not_there_is_left_alone_for_longer_and_longer(
    telling: Telling, reader: Party, quick: None
) -> None:
    own = await telling.subscribe()
    reader.answer = lambda _: problem(503)
    await telling.change(*(f"h{number}" for number in range(40)))
    async with telling.workers(telling.deps(reader)):

        async def failing() -> bool:
            return (await telling.subscription(own)).failures >= 6

        await until(failing)
        # Eight at the first try, then one at a time: forty would be a flood.
        assert len(reader.tried) < 25
        reader.answer = lambda _: web.Response()
        await until(lambda: nothing_left(telling, own))
    assert sorted(reader.numbers()) == list(range(1, 41))
    found = await telling.subscription(own)
    assert (found.failures, found.failing_since) == (0, None)


async def test_one_that_is_silent_for_days_is_paused_and_loses_nothing(
    telling: Telling, reader: Party
) -> None:
    own = await telling.subscribe()
    reader.answer = lambda _: problem(502)
    await telling.change("h1")
    await telling.pool.execute(
        """UPDATE registers.subscription SET failures = 5,
               failing_since = now() - interval '4 days'"""
    )
    async with telling.workers(telling.deps(reader)):
        await until(lambda: _is(telling, own, State.PAUSED))
        assert "silent" in (await telling.subscription(own)).reason
        reader.answer = lambda _: web.Response()
        assert await kept.set_state(telling.pool, own, State.ACTIVE, "")
        await until(lambda: reader.numbers() == [1])


async def test_retry_after_is_obeyed(telling: Telling, reader: Party) -> None:
    own = await telling.subscribe()
    reader.answer = lambda _: problem(429, Retry_After="120")
    await telling.change("h1")
    async with telling.workers(telling.deps(reader)):
        await until(lambda: bool(reader.tried))

        async def waits() -> bool:
            found = await telling.subscription(own)
            return found.next_try_at > datetime.now(UTC) + timedelta(seconds=100)

        await until(waits)
    assert len(reader.tried) == 1


async def test_who_lost_the_right_is_told_nothing_until_it_is_back(
    telling: Telling, reader: Party
) -> None:
    own = await telling.subscribe()
    right = {"why": "het contract is beëindigd"}

    async def why_not(_: object) -> str:
        return right["why"]

    await telling.change("h1")
    async with telling.workers(telling.deps(reader, why_not=why_not)):

        async def held() -> bool:
            return (await telling.subscription(own)).reason == right["why"]

        await until(held)
        assert reader.tried == []
        right["why"] = ""
        await telling.pool.execute("UPDATE registers.subscription SET next_try_at = now()")
        await until(lambda: reader.numbers() == [1])
    assert (await telling.subscription(own)).reason == ""


async def test_a_bundle_holds_one_notice_per_object_and_falls_apart_when_refused(
    telling: Telling, reader: Party, quick: None
) -> None:
    own = await telling.subscribe(bundled=True)
    reader.answer = lambda event: (
        problem(400) if event["subject"] == "huizen/h3" else web.Response()
    )
    await telling.change("h1", "h2", "h1")
    async with telling.workers(telling.deps(reader)):
        await until(lambda: nothing_left(telling, own))
        assert reader.batches == [2, 1]
        await telling.change("h2", "h3")
        await until(lambda: 4 in reader.numbers())
    assert reader.numbers() == [1, 2, 3, 4]


async def test_what_waits_is_counted(telling: Telling, reader: Party) -> None:
    own = await telling.subscribe()
    await telling.change("h1", "h2")
    registry = CollectorRegistry()
    figures = Figures(registry)
    await figures.look(telling.pool, datetime.now(UTC) + timedelta(seconds=30))
    text = generate_latest(registry).decode()
    assert "landschap_inbox_waiting 0.0" in text
    assert 'landschap_notices_waiting{register="proef"} 2.0' in text
    assert 'landschap_notices_subscriptions{register="proef",state="actief"} 1.0' in text
    oldest = registry.get_sample_value("landschap_notices_oldest_seconds", {"register": "proef"})
    assert oldest is not None
    assert 29 < oldest < 60
    async with telling.workers(telling.deps(reader, figures=figures)):
        await until(lambda: nothing_left(telling, own))
    await figures.look(telling.pool, datetime.now(UTC))
    assert registry.get_sample_value("landschap_notices_waiting", {"register": "proef"}) == 0
    taken = registry.get_sample_value("landschap_notices_attempts_total", {"verdict": "taken"})
    assert taken == 2


def test_a_number_that_is_given_anew_is_another_notice() -> None:
    """After a back-up was put back: another change must not be taken for one that was told."""
    kind = places().types["huis"]
    first = Notice(
        number=2**31, type_key=kind.key, object_id="h1", kind="WIJZIGING",
        registered_at=datetime(2026, 11, 24, 12, tzinfo=UTC),
    )  # fmt: skip
    other = replace(first, registered_at=first.registered_at + timedelta(microseconds=1))
    told = [event_of(each, kind, "urn:nld:oin:1:systeem:proef") for each in (first, first, other)]
    assert told[0] == told[1]
    assert told[0]["id"] != told[2]["id"]
    # A sequence of 32 bits begins anew at 1.
    assert told[0]["sequence"] == "1"
