# SPDX-License-Identifier: EUPL-1.2
"""Kill -9 under load: what was answered is in both logs, what was refused was not delivered."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import aiohttp

from landschap.cli.demo.application import Answer
from landschap.cli.demo.landscape import Member
from landschap.cli.demo.opening import Opened
from landschap.cli.demo.processes import Processes
from landschap.cli.demo.story import Story
from landschap.cli.demo.verifying import logs_verify
from landschap.logboek import store as logboek
from landschap.logboek.records import Kind
from landschap.platform import postgres
from landschap.platform.settings import load_settings

ASKERS = 6
BETWEEN_KILLS_SECONDS = 3.0
BACK_WITHIN_SECONDS = 40.0
# Refusals of a decision; an answer that got lost under way has another code, or none.
DECIDED = {"TRANSACTION_LOG_WRITE_ERROR"}


def _descendants(pid: int) -> Iterator[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for child in map(int, children):
        yield child
        yield from _descendants(child)


def _process(pid: int, *marks: str) -> int:
    """The first process below ``pid`` whose command line holds all marks."""
    for each in _descendants(pid):
        line = Path(f"/proc/{each}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        if all(mark in line for mark in marks):
            return each
    raise LookupError(f"no process with {marks}")


async def _kill_in_turn(pid: int) -> list[str]:
    killed = []
    for name, marks in (
        ("decider", ("serve", "decider")),
        ("postgresql", ("postgres", "-D")),
        ("nginx", ("nginx: master",)),
    ):
        await asyncio.sleep(BETWEEN_KILLS_SECONDS)
        os.kill(_process(pid, *marks), signal.SIGKILL)
        killed.append(name)
    await asyncio.sleep(BETWEEN_KILLS_SECONDS)
    return killed


async def _ask_on(story: Story, stop: asyncio.Event, answers: list[Answer]) -> None:
    while not stop.is_set():
        try:
            answers.append(await story.ask())
        except (aiohttp.ClientError, TimeoutError, OSError):
            await asyncio.sleep(0.05)


async def _until_answered(story: Story) -> None:
    """Service returns without help, or the test fails on its next question."""
    deadline = time.monotonic() + BACK_WITHIN_SECONDS
    status = 0
    while status != 200 and time.monotonic() < deadline:
        await asyncio.sleep(0.2)
        with suppress(aiohttp.ClientError, TimeoutError, OSError):
            status = (await story.ask()).status


async def _kinds(opened: Opened, member: Member, answers: list[Answer]) -> dict[str, set[int]]:
    settings = load_settings(opened.landscape.settings_file(member), {})
    pool = await postgres.pool(settings, "logboek")
    try:
        return {
            each.transaction_id: {
                record.columns.kind
                for record in await logboek.by_transaction(pool, UUID(each.transaction_id))
            }
            for each in answers
            if each.transaction_id
        }
    finally:
        await pool.close()


async def test_each_part_is_killed_under_load_and_nothing_is_lost_or_leaked(
    running: tuple[Opened, Processes], story: Story
) -> None:
    opened, processes = running
    await story.expected_answer()
    answers: list[Answer] = []
    stop = asyncio.Event()
    askers = [asyncio.create_task(_ask_on(story, stop, answers)) for _ in range(ASKERS)]
    killed = await _kill_in_turn(processes.pid("weesp"))
    await _until_answered(story)
    stop.set()
    await asyncio.gather(*askers)

    assert killed == ["decider", "postgresql", "nginx"]
    assert (await story.ask()).status == 200, Counter((a.status, a.code) for a in answers[-50:])
    answered = [each for each in answers if each.status == 200]
    assert len(answered) > 20
    for member in (opened.landscape.doesburg, opened.landscape.weesp):
        kinds = await _kinds(opened, member, answered)
        lost = [tx for tx, found in kinds.items() if Kind.FSC not in found]
        assert not lost, f"{len(lost)} answered questions are not in the log of {member.name}"
    refused = [each for each in answers if each.code in DECIDED]
    kinds = await _kinds(opened, opened.landscape.weesp, refused)
    leaked = [tx for tx, found in kinds.items() if Kind.LINE in found]
    assert not leaked, f"{len(leaked)} refused questions were delivered"
    await logs_verify(story.opened.landscape)
