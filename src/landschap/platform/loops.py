# SPDX-License-Identifier: EUPL-1.2
"""Loops of a worker that never give up: started again after an error, with a growing pause."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

LOOK_AGAIN_SECONDS = 30.0
log = structlog.get_logger(__name__)


def backoff_seconds(attempts: int, cap_seconds: float) -> float:
    """1, 2, 4 ... seconds up to the cap, half of it by chance: peers must not march in step."""
    full = min(cap_seconds, 2.0 ** min(attempts, 30))
    return full * (0.5 + random.random() / 2)  # noqa: S311  # spread, no secret


async def forever(loop: Callable[[], Awaitable[None]], stop: asyncio.Event, name: str) -> None:
    """Start a loop again after an error, with a growing pause; a crash of one ends no other."""
    failures = 0
    while not stop.is_set():
        try:
            await loop()
        except Exception as error:  # the next attempt may find a restarted database
            seconds = backoff_seconds(failures, LOOK_AGAIN_SECONDS)
            failures += 1
            log.exception("worker loop failed", loop=name, exc_info=error)
            await pause(stop, seconds)


async def pause(stop: asyncio.Event, seconds: float) -> bool:
    """Wait, at most until ``stop``; True when it was set."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
    return stop.is_set()
