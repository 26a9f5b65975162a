# SPDX-License-Identifier: EUPL-1.2
"""Make the quarterly reports that an officer asked for, and note each minute that the log is up.

A worker that ends in the middle leaves the order open; another begins it anew after a minute
without a sign of life.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import structlog

from landschap.console.council.figures import QuarterReport
from landschap.console.council.store.kept import alive, end, keep, take
from landschap.console.council.store.outages import seen
from landschap.platform.loops import forever, pause

LOOK_SECONDS = 2.0
_ALIVE_SECONDS = 10.0
_SEEN_SECONDS = 60.0
_MOST_SECONDS = 3600.0

log = structlog.get_logger(__name__)

Gather = Callable[[str, datetime], Awaitable[QuarterReport]]
"""Counts a quarter as it is at a moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CouncilDeps:
    """A pool of the console, and how a quarter is counted; ``most_seconds`` is for all of it."""

    pool: asyncpg.Pool
    gather: Gather
    most_seconds: float = _MOST_SECONDS


async def keep_reporting(deps: CouncilDeps, stop: asyncio.Event) -> None:
    """Make what is asked, and note that the log is up, until ``stop``."""

    async def make() -> None:
        while not stop.is_set():
            taken = await take(deps.pool)
            if taken is not None:
                await _carry_out(deps, *taken)
            await pause(stop, LOOK_SECONDS)

    async def watch() -> None:
        while not stop.is_set():
            await seen(deps.pool, datetime.now(UTC))
            await pause(stop, _SEEN_SECONDS)

    works = [
        asyncio.create_task(forever(make, stop, "reporting")),
        asyncio.create_task(forever(watch, stop, "noting that the log is up")),
    ]
    await stop.wait()
    # Half a report says nothing: it is begun anew by the next worker.
    for work in works:
        work.cancel()
    for work in works:
        with suppress(asyncio.CancelledError):
            await work


async def _carry_out(deps: CouncilDeps, order_id: UUID, quarter: str, by: str) -> None:
    async def living() -> None:
        while True:
            await asyncio.sleep(_ALIVE_SECONDS)
            await alive(deps.pool, order_id)

    version: int | None = None
    life = asyncio.create_task(living())
    try:
        async with asyncio.timeout(deps.most_seconds):
            now = datetime.now(UTC)
            made = await keep(deps.pool, await deps.gather(quarter, now), by, now)
            version = made.version
    except Exception as error:  # whatever it is, the officer is told that it did not succeed
        log.exception("the quarterly report could not be made", quarter=quarter, exc_info=error)
    finally:
        life.cancel()
        await asyncio.gather(life, return_exceptions=True)
    await end(deps.pool, order_id, version)
