# SPDX-License-Identifier: EUPL-1.2
"""Verify the log when an officer asked for it, and say meanwhile how far it is.

A worker that ends in the middle leaves the verification open; another begins it anew after a minute
without a sign of life.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import structlog

from landschap.console.verifying.store import end, take, tell
from landschap.platform.loops import forever, pause
from landschap.vocabulary.ijson import JsonValue

LOOK_SECONDS = 2.0
_TELL_SECONDS = 1.0
_MOST_SECONDS = 1800.0

log = structlog.get_logger(__name__)

Advance = Callable[[int], None]
Verify = Callable[[Advance], Awaitable[Mapping[str, JsonValue]]]
"""Verifies the whole log, tells how many records are done, and gives what the page tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyDeps:
    """A pool of the console, and how the log is verified; ``most_seconds`` is for all of it."""

    pool: asyncpg.Pool
    verify: Verify
    most_seconds: float = _MOST_SECONDS


async def keep_verifying(deps: VerifyDeps, stop: asyncio.Event) -> None:
    """Carry out what is asked until ``stop``."""

    async def look() -> None:
        while not stop.is_set():
            taken = await take(deps.pool)
            if taken is not None:
                await _carry_out(deps, taken)
            await pause(stop, LOOK_SECONDS)

    work = asyncio.create_task(forever(look, stop, "verifying"))
    await stop.wait()
    # Half a verification says nothing: it is begun anew by the next worker.
    work.cancel()
    with suppress(asyncio.CancelledError):
        await work


async def _carry_out(deps: VerifyDeps, taken: UUID) -> None:
    done = 0

    def advance(number: int) -> None:
        nonlocal done
        done = number

    async def telling() -> None:
        while True:
            await asyncio.sleep(_TELL_SECONDS)
            await tell(deps.pool, taken, done)

    outcome: Mapping[str, JsonValue] | None = None
    teller = asyncio.create_task(telling())
    try:
        async with asyncio.timeout(deps.most_seconds):
            outcome = await deps.verify(advance)
    except Exception as error:  # whatever it is, the officer is told that it did not succeed
        log.exception("the log could not be verified", exc_info=error)
    finally:
        teller.cancel()
        await asyncio.gather(teller, return_exceptions=True)
    await end(deps.pool, taken, outcome)
