# SPDX-License-Identifier: EUPL-1.2
"""Workers that die in the middle of a delivery: nothing is lost, and nothing passes another."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from tests.registers.notice_rig import Party, Telling, party, until
from tests.registers.test_collections import places
from tests.throwaway import Database

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
async def telling(database: Database) -> AsyncIterator[Telling]:
    async with aiohttp.ClientSession() as session:
        yield Telling(
            database=database,
            pool=await database.pool("registers"),
            register=places(),
            session=session,
        )


async def start(telling: Telling, reader: Party) -> asyncio.subprocess.Process:
    settings = telling.database.settings
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.registers.notice_worker", str(settings.path), reader.outway,
        cwd=ROOT,
        env=os.environ | {"LANDSCHAP__POSTGRES__DSN": settings.postgres.dsn or ""},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip


async def test_a_worker_killed_in_the_middle_costs_no_notice(telling: Telling) -> None:
    """Two workers; one is killed while it delivers, then the other; a third finishes."""
    async with party() as reader:
        own = await telling.subscribe()
        held = asyncio.Event()

        async def slowly(_: dict[str, object]) -> web.Response:
            await asyncio.sleep(0.005)
            if len(reader.tried) > 20 and not held.is_set():
                await asyncio.sleep(0.5)  # killed while it waits for this answer
            return web.Response()

        reader.answer = slowly
        for _ in range(20):
            await telling.change("h1", "h2", "h3", "h4")
        first, second = await asyncio.gather(start(telling, reader), start(telling, reader))
        await until(lambda: len(reader.tried) > 20, 30)
        for each in (first, second):
            each.send_signal(signal.SIGKILL)
            await each.wait()
        held.set()
        assert len(set(reader.numbers())) < 80
        third = await start(telling, reader)
        await until(lambda: set(reader.numbers()) == set(range(1, 81)), 30)
        third.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(third.wait(), 15) == 0
        found = await telling.subscription(own)
    assert found.position == 80
    for house in ("h1", "h2", "h3", "h4"):
        told = reader.numbers(f"huizen/{house}")
        assert told == sorted(told)
        assert len(told) - len(set(told)) <= 2, "only what was under way comes twice"
