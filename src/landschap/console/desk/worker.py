# SPDX-License-Identifier: EUPL-1.2
"""Forget in time by which document somebody was known at the desk, and where letters go."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import asyncpg

from landschap.console.desk.store import kept_since, wipe_visits
from landschap.platform.loops import forever, pause

_PAUSE_SECONDS = 3600.0


async def keep_wiping(pool: asyncpg.Pool, days: int, stop: asyncio.Event) -> None:
    """Wipe what is past its term, each hour, until ``stop``."""

    async def wipe() -> None:
        while not stop.is_set():
            more = await wipe_visits(pool, kept_since(datetime.now(UTC), days))
            if not more:
                await pause(stop, _PAUSE_SECONDS)

    await forever(wipe, stop, "wiping visits at the desk")
