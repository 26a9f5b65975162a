# SPDX-License-Identifier: EUPL-1.2
"""How every source of another system is asked: so many at a time, and not while it fails."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from landschap.integration.breaker import Breaker
from landschap.integration.rows import Reason, SourceFailed

T = TypeVar("T")


class Guard:
    """The turns and the circuit breaker of one source."""

    def __init__(self, concurrency: int) -> None:
        self.turn = asyncio.Semaphore(concurrency)
        self._breaker = Breaker()

    async def run(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask in turn. Raises SourceFailed; a refusal is no failure of the source."""

        async def in_turn() -> T:
            async with self.turn:
                return await ask()

        return await self.watch(in_turn)

    async def watch(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask what takes its turns itself. Raises SourceFailed as `run`."""
        loop = asyncio.get_running_loop()
        if not self._breaker.may_ask(loop.time()):
            raise SourceFailed(Reason.SUSPENDED)
        self._breaker = self._breaker.asking(loop.time())
        try:
            found = await ask()
        except SourceFailed as failed:
            if failed.reason is Reason.SUSPENDED:
                self._breaker = self._breaker.paused(loop.time(), failed.pause_seconds)
            elif failed.reason is not Reason.REFUSED:
                self._breaker = self._breaker.failed(loop.time())
            raise
        except asyncio.CancelledError:  # nobody waits any longer: it took more than its time
            self._breaker = self._breaker.failed(loop.time())
            raise
        self._breaker = self._breaker.succeeded()
        return found


async def all_of(tasks: list[asyncio.Task[T]]) -> list[T]:
    """The outcomes of all; when one fails the others are not waited for, but stopped."""
    try:
        return await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
