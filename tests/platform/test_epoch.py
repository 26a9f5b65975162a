# SPDX-License-Identifier: EUPL-1.2
"""The epoch: one number that rises with every change that must count at once."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest


async def test_a_room_raises_the_epoch_inside_its_own_transaction(database: Any) -> None:
    pool = await database.pool("platform")
    before = await pool.fetchval("SELECT value FROM platform.epoch")
    async with pool.acquire() as connection:
        change = connection.transaction()
        await change.start()
        await connection.fetchval("SELECT platform.bump_epoch()")
        await change.rollback()
        assert await connection.fetchval("SELECT value FROM platform.epoch") == before
        assert await connection.fetchval("SELECT platform.bump_epoch()") == before + 1


async def test_a_room_cannot_set_the_epoch_by_hand(database: Any) -> None:
    pool = await database.pool("platform")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await pool.execute("UPDATE platform.epoch SET value = 1")


async def test_every_rise_is_told_to_who_listens(database: Any) -> None:
    pool = await database.pool("platform")
    heard: asyncio.Queue[str] = asyncio.Queue()
    async with pool.acquire() as listener:
        await listener.add_listener("landschap_epoch", lambda *told: heard.put_nowait(told[3]))
        risen = await pool.fetchval("SELECT platform.bump_epoch()")
        assert await asyncio.wait_for(heard.get(), timeout=5) == str(risen)
        await listener.reset()
