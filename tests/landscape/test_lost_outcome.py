# SPDX-License-Identifier: EUPL-1.2
"""A process is killed after the door recorded a question, before its line: that too is told."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from tests.landscape.test_kill import _process, _until_answered

from landschap.cli.demo.application import Answer, Question
from landschap.cli.demo.landscape import PURPOSE, SUZANNE
from landschap.cli.demo.opening import Opened
from landschap.cli.demo.processes import Processes
from landschap.cli.demo.story import ASKED, CASE_WORKER, VALID_ON, Story
from landschap.gateway.store.unfinished import unfinished_before
from landschap.gateway.worker import AccessDeps, sweep
from landschap.logboek.records import Kind, Record
from landschap.logboek.store import LogWriter, by_transaction, latest
from landschap.platform import postgres
from landschap.platform.settings import Settings, load_settings

WITHIN_SECONDS = 40.0


@asynccontextmanager
async def sweeping(settings: Settings) -> AsyncIterator[AccessDeps]:
    """The sweeper of the organisation, which in its worker waits fifteen minutes."""
    pools = {room: await postgres.pool(settings, room) for room in ("gateway", "fsc", "logboek")}
    writer = LogWriter(settings, "worker")
    await writer.start()
    yield AccessDeps(
        folder=settings.paths.data / "none",
        gateway=pools["gateway"],
        fsc=pools["fsc"],
        logboek=pools["logboek"],
        writer=writer,
        controller=settings.organisation.oin.value,
    )
    await writer.close()
    for each in pools.values():
        await each.close()


async def _door_record(deps: AccessDeps, since: datetime) -> Record:
    """The record of the door, as soon as it is durable."""
    deadline = time.monotonic() + WITHIN_SECONDS
    while time.monotonic() < deadline:
        if found := await latest(deps.logboek, since=since, limit=1, kind=Kind.FSC):
            return found[0]
        await asyncio.sleep(0.05)
    raise TimeoutError("the door recorded nothing")


async def _told_of(deps: AccessDeps, transaction: UUID) -> None:
    """Until the worker read that nginx saw no whole answer."""
    deadline = time.monotonic() + WITHIN_SECONDS
    later = datetime.now(UTC) + timedelta(hours=1)
    while transaction not in await unfinished_before(deps.gateway, later, 100):
        if time.monotonic() > deadline:
            raise TimeoutError("the worker did not see that the answer was not whole")
        await asyncio.sleep(0.1)


async def _lines(deps: AccessDeps, transaction: UUID) -> list[Record]:
    found = await by_transaction(deps.logboek, transaction)
    return [each for each in found if each.columns.kind == Kind.LINE]


@pytest.mark.case("L16")
async def test_a_service_killed_before_its_line_leaves_a_lost_outcome_once(
    running: tuple[Opened, Processes], story: Story
) -> None:
    opened, processes = running
    await story.expected_answer()
    settings = load_settings(opened.landscape.settings_file(opened.landscape.weesp), {})
    token = await opened.application.log_in(CASE_WORKER)
    question = Question(bsn=SUZANNE, fields=ASKED, purpose=PURPOSE, valid_on=VALID_ON)
    web = _process(processes.pid("weesp"), "serve", "web")
    async with sweeping(settings) as deps:
        # It stands still: what the door passes on is taken by nobody.
        os.kill(web, signal.SIGSTOP)
        began = datetime.now(UTC)
        asking = asyncio.create_task(
            opened.application.ask(question, grant_hash=opened.grant_hash, user_token=token)
        )
        door = await _door_record(deps, began + timedelta(minutes=1))
        os.kill(web, signal.SIGKILL)
        answer: Answer = await asking
        assert answer.status >= 500
        transaction = door.columns.transaction_id
        assert transaction is not None
        assert await _lines(deps, transaction) == []
        await _told_of(deps, transaction)
        now = datetime.now(UTC)
        assert await sweep(deps, now) == 0, "within its time nothing is called lost"
        later = now + timedelta(seconds=2)
        assert await sweep(deps, later, patience=timedelta(0)) >= 1
        assert await sweep(deps, later, patience=timedelta(0)) == 0
        (line,) = await _lines(deps, transaction)
        content = line.content()
        ldv, told = content["ldv"], content["landschap"]
        assert isinstance(ldv, dict)
        assert isinstance(told, dict)
        assert (ldv["status"], told["outcome"]) == ("Error", "failed")
        assert ldv["attributes"] == {"exception.type": "LostOutcome"}
        assert ldv["parent_span_id"] == door.columns.span_id.hex()
    await _until_answered(story)
    assert (await story.ask()).status == 200
