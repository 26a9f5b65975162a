# SPDX-License-Identifier: EUPL-1.2
"""Questions of one kind that are asked at the same time, answered by one piece of work.

There is no timer that gathers: the work that is running is the time in which the next ones gather,
as in the log. Work only begins with questions that were asked before it, so an answer is never
older than its question.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, NamedTuple, TypeVar

LANES = 2
MOST = 100
# After so long one piece of work more may begin, so that slow ones do not hold up all others.
_PATIENCE_SECONDS = 0.01

Group = TypeVar("Group", bound=Hashable)
Item = TypeVar("Item")
Told = TypeVar("Told")


class _Waiting(NamedTuple, Generic[Group, Item, Told]):
    group: Group
    item: Item
    told: asyncio.Future[Told]


class Gathering(Generic[Group, Item, Told]):
    """Gathers by group. ``work`` gets a group and its items, and gives an outcome per item.

    At most ``lanes`` pieces of work run at the same time, or ``most_lanes`` while those take long;
    each of at most ``most`` items. Who no longer waits is left out; what work raises is told to
    each who waits for it.
    """

    def __init__(
        self,
        work: Callable[[Group, Sequence[Item]], Awaitable[Sequence[Told]]],
        *,
        lanes: int = LANES,
        most_lanes: int = LANES,
        most: int = MOST,
    ) -> None:
        self.most = most
        self._work = work
        self._lanes = lanes
        self._most_lanes = max(lanes, most_lanes)
        self._queue: deque[_Waiting[Group, Item, Told]] = deque()
        self._running: set[asyncio.Task[None]] = set()
        self._is_called = False
        self._patience: asyncio.TimerHandle | None = None

    def ask(self, group: Group, item: Item) -> asyncio.Future[Told]:
        """What is told about one item."""
        loop = asyncio.get_running_loop()
        told: asyncio.Future[Told] = loop.create_future()
        self._queue.append(_Waiting(group, item, told))
        if len(self._running) < self._lanes:
            if not self._is_called:
                # Who asks in the same turn of the loop comes along.
                self._is_called = True
                loop.call_soon(self._begin)
        else:
            self._be_patient()
        return told

    def _begin(self) -> None:
        self._is_called = False
        while self._queue and len(self._running) < self._lanes:
            self._start()
        self._be_patient()

    def _be_patient(self) -> None:
        """Who waits now begins in a while at the latest, when a lane of the slow is free."""
        if self._queue and self._patience is None and len(self._running) < self._most_lanes:
            loop = asyncio.get_running_loop()
            self._patience = loop.call_later(_PATIENCE_SECONDS, self._one_more)

    def _one_more(self) -> None:
        self._patience = None
        if self._queue and len(self._running) < self._most_lanes:
            self._start()
        self._be_patient()

    def _start(self) -> None:
        group = self._queue[0].group
        taken: list[_Waiting[Group, Item, Told]] = []
        while self._queue and len(taken) < self.most and self._queue[0].group == group:
            one = self._queue.popleft()
            if not one.told.done():
                taken.append(one)
        if taken:
            task = asyncio.get_running_loop().create_task(self._run(group, taken))
            self._running.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._begin()

    async def _run(self, group: Group, taken: Sequence[_Waiting[Group, Item, Told]]) -> None:
        try:
            outcomes = await self._work(group, [each.item for each in taken])
            told = list(zip(taken, outcomes, strict=True))
        except BaseException as error:  # whoever waits is told, also when we are cancelled
            for each in taken:
                if not each.told.done():
                    each.told.set_exception(_as_exception(error))
            if not isinstance(error, Exception):
                raise
            return
        for each, outcome in told:
            if not each.told.done():
                each.told.set_result(outcome)


def _as_exception(error: BaseException) -> Exception:
    """What can be raised by each who waits; a future takes no StopIteration."""
    is_plain = isinstance(error, Exception) and not isinstance(error, StopIteration)
    return error if is_plain else ConnectionError("the work was ended")  # type: ignore[return-value]
