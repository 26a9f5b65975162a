# SPDX-License-Identifier: EUPL-1.2
"""One piece of work on one room's tables, from a command: the database is there while it lasts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg

from landschap.platform import postgres
from landschap.platform.settings import Settings

_Result = TypeVar("_Result")


def run_with_pool(
    settings: Settings,
    room: str,
    work: Callable[[asyncpg.Pool], Awaitable[_Result]],
    *,
    role: str | None = None,
) -> _Result:
    """Do the work with a pool of one connection, as the room's role or the one given."""

    async def at_work() -> _Result:
        async with postgres.database(settings):
            pool = await postgres.pool(settings, room, role=role, size=1)
            try:
                return await work(pool)
            finally:
                await pool.close()

    return asyncio.run(at_work())
