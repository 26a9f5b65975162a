# SPDX-License-Identifier: EUPL-1.2
"""Acting on notices of others: in order per object, again until it succeeds.

What is to be done is for who composes the process: a handler gets the notice, and raises when it
could not do its work. A notice that fails holds up the later ones of its object, and no others.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import asyncpg
import structlog

from landschap.platform.loops import pause
from landschap.registers.delivering import back_off
from landschap.registers.inbox import Received
from landschap.registers.store import inbox

Handler = Callable[[Received], Awaitable[None]]
log = structlog.get_logger(__name__)
_AT_ONCE = 50
_LOOK_SECONDS = 1.0
_FORGET_SECONDS = 3_600.0
# Any number will do: one worker per database acts on notices, the others stand by.
_LOCK = 6_215_902_305


async def tell_log(received: Received) -> None:
    """The least one can do: say in the technical log that something changed, and not of whom."""
    log.info("notice", source=received.source, type=received.type, sequence=received.sequence)


async def handle_received(
    pool: asyncpg.Pool,
    connect: Callable[[], Awaitable[asyncpg.Connection]],
    handler: Handler,
    stop: asyncio.Event,
) -> None:
    """Hand notices to ``handler`` until ``stop``; one worker does so at a time."""
    connection = await connect()
    try:
        while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):
            if await pause(stop, _LOOK_SECONDS):
                return
        forget_at = 0.0
        while not stop.is_set():
            if connection.is_closed():
                raise ConnectionError("the connection that holds the lock is gone")
            if asyncio.get_running_loop().time() > forget_at:
                forget_at = asyncio.get_running_loop().time() + _FORGET_SECONDS
                await inbox.forget(pool, datetime.now(UTC))
            if not await handle_round(pool, handler):
                await pause(stop, _LOOK_SECONDS)
    finally:
        await connection.close()


async def handle_round(pool: asyncpg.Pool, handler: Handler) -> int:
    """The first notice of each object that waits; how many were handled."""
    done = 0
    for each in await inbox.waiting(pool, datetime.now(UTC), _AT_ONCE):
        try:
            await handler(each.received)
        except Exception as error:  # noqa: BLE001  # whatever a handler does, none is lost
            later = datetime.now(UTC) + back_off(each.attempts + 1, random.random())  # noqa: S311
            await inbox.not_handled(pool, each, type(error).__name__, later)
            log.warning("notice not handled", place=each.place, error=type(error).__name__)
        else:
            await inbox.handled(pool, each, datetime.now(UTC))
            done += 1
    return done
