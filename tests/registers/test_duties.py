# SPDX-License-Identifier: EUPL-1.2
"""Corrections that must be told: each once, tried again when given up, and asked for by nobody."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from tests.registers.notice_rig import READER, Telling, party, until
from tests.registers.test_collections import places
from tests.throwaway import Database

from landschap.registers.notices import Notice
from landschap.registers.store import notices
from landschap.registers.store import subscriptions as kept
from landschap.registers.store.duties import Duty, how_far, queue
from landschap.registers.store.duties import Telling as Far
from landschap.registers.store.notices import Failed
from landschap.registers.subscriptions import State, Subscription
from landschap.registers.timeline import Kind


@pytest.fixture
async def telling(database: Database) -> AsyncIterator[Telling]:
    pool = await database.pool("registers")
    async with aiohttp.ClientSession() as session:
        yield Telling(database=database, pool=pool, register=places(), session=session)


@pytest.fixture
async def duty(telling: Telling) -> Duty:
    """Of two changes, the second is a correction that the reader must be told."""
    await telling.change("h1")
    written = await telling.change("h1", act=Kind.CORRECTION)
    assert written.registered_at is not None
    notice = Notice(
        number=2, type_key="proef.huis", object_id="h1", kind="CORRECTIE",
        registered_at=written.registered_at,
    )  # fmt: skip
    return Duty(register=telling.register, peer=READER, sink="fsc:meldingen", notice=notice)


async def _queued(telling: Telling, duty: Duty) -> Far:
    return await queue(telling.pool, duty, datetime.now(UTC))


async def _own(telling: Telling) -> Subscription:
    (found,) = await kept.subscriptions(telling.pool)
    return found


async def test_only_the_correction_is_told_and_once(telling: Telling, duty: Duty) -> None:
    assert await how_far(telling.pool, duty) is Far.UNTOLD
    assert [await _queued(telling, duty) for _ in range(2)] == [Far.QUEUED, Far.WAITING]

    async def received() -> bool:
        return await how_far(telling.pool, duty) is Far.RECEIVED

    async with party() as reader, telling.workers(telling.deps(reader)):
        await until(received)
        assert await _queued(telling, duty) is Far.RECEIVED
        later = replace(duty, notice=replace(duty.notice, number=3))
        await telling.change("h1", act=Kind.CORRECTION)
        assert await _queued(telling, later) is Far.QUEUED
        await until(lambda: len(reader.taken) == 2)
    assert [each["sequence"] for each in reader.taken] == ["2", "3"]
    assert {each["type"] for each in reader.taken} == {"nl.proef.huis-gecorrigeerd"}


async def test_what_was_given_up_or_ended_is_told_when_asked_again(
    telling: Telling, duty: Duty
) -> None:
    await _queued(telling, duty)
    own = (await _own(telling)).subscription_id
    failed = Failed(number=2, refused=True, words="answered 422", next_try_at=None)
    now = datetime.now(UTC)
    await notices.note_failed(telling.pool, own, failed, now)
    assert await how_far(telling.pool, duty) is Far.GIVEN_UP
    assert await _queued(telling, duty) is Far.QUEUED
    assert not await notices.dead_letters(telling.pool, own)
    await notices.note_failed(telling.pool, own, failed, now - timedelta(days=100))
    await notices.forget_dead(telling.pool, now)
    await kept.set_state(telling.pool, own, State.ENDED, "its place of delivery is gone")
    assert await how_far(telling.pool, duty) is Far.GIVEN_UP
    assert await _queued(telling, duty) is Far.QUEUED
    again = await _own(telling)
    assert (again.subscription_id, again.state) == (own, State.ASKED)


async def test_a_duty_is_no_subscription_of_a_reader(telling: Telling, duty: Duty) -> None:
    await _queued(telling, duty)
    own = await _own(telling)
    assert own.duty
    assert not await kept.subscriptions(telling.pool, "proef", READER)
    assert await kept.subscription(telling.pool, own.subscription_id, "proef") is None
    assert not await notices.replay(telling.pool, own.subscription_id, 0)
    await kept.accept(telling.pool, own.subscription_id, None)
    assert await notices.take(telling.pool, await _own(telling), datetime.now(UTC)) == 0
    behind = (await notices.backlogs(telling.pool))[own.subscription_id]
    assert (behind.unread, behind.waiting) == (0, 1)
