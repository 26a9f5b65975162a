# SPDX-License-Identifier: EUPL-1.2
"""A double click asks once: who asks the same within a minute gets the same answer.

Only an answer with data stays so long; after a fault the next click asks anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from landschap.forms.fetched import Fetched, Outcome

KEPT_SECONDS = 60.0
_MOST = 200


class Once:
    """The questions of this process that are under way, or were answered just now."""

    def __init__(self) -> None:
        self._asked: dict[str, asyncio.Task[Fetched]] = {}

    async def of(self, name: str, ask: Callable[[], Awaitable[Fetched]]) -> Fetched:
        """The answer to a question of this name; ``ask`` never raises."""
        task = self._asked.get(name)
        if task is None:
            if len(self._asked) >= _MOST:
                return await ask()
            task = asyncio.create_task(_asked(ask))
            self._asked[name] = task
            task.add_done_callback(lambda done: self._keep(name, done))
        # Who leaves while it is under way does not end it for the other click.
        return await asyncio.shield(task)

    def _keep(self, name: str, done: asyncio.Task[Fetched]) -> None:
        if done.cancelled() or done.exception() or done.result().outcome is not Outcome.FETCHED:
            self._asked.pop(name, None)
            return
        asyncio.get_running_loop().call_later(KEPT_SECONDS, self._asked.pop, name, None)


async def _asked(ask: Callable[[], Awaitable[Fetched]]) -> Fetched:
    return await ask()
