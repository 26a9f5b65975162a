# SPDX-License-Identifier: EUPL-1.2
"""One lane with what is under way in it: a batch that is written, and the next one, sealed."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Sequence

from landschap.logboek.batches import seal
from landschap.logboek.declarations import DeclarationKey
from landschap.logboek.faults import InvalidRecord
from landschap.logboek.sealing import Close
from landschap.logboek.store.identifiers import RecordIds
from landschap.logboek.store.lane import Lane, in_words
from landschap.logboek.store.waiting import Waiting

# A commit has a price of its own, whatever it holds; for fewer than these it is not paid twice.
WORTH_A_COMMIT = 4


class Course:
    """A lane, who is being written in it, and who is sealed to be written after them."""

    __slots__ = ("ids", "lane", "running", "sealed", "wake")

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self.ids = RecordIds()
        self.running: list[Waiting] = []
        self.sealed: list[Waiting] = []
        self.wake = asyncio.Event()

    async def open(self) -> bool:
        """Open the lane; True when the batch in doubt turns out to be written."""
        written = await self.lane.open()
        self.ids.continue_after(self.lane.end.last)
        return written

    def take(self, queue: deque[Waiting], most: int, close: Close | None) -> list[Waiting]:
        """Up to ``most`` records off the queue, all sealed in one month; an append is never cut.

        A declaration stands in a batch with one span; who comes with another waits for the next.
        So do lines that may come once only, for a batch of their own.
        """
        taken: list[Waiting] = []
        spans: dict[DeclarationKey, bytes] = {}
        count = 0
        while queue:
            first = queue[0]
            size = len(first.ready)
            if taken and count + size > most:
                break
            if taken and bool(taken[0].seen) != bool(first.seen):
                break
            used = first.used
            if used is not None and spans.setdefault(used.key, used.span) != used.span:
                break
            taken.append(queue.popleft())
            count += size
        ids = iter(self.ids.take(count))
        salt = self.ids.salt
        for waiting in taken:
            try:
                waiting.records = [seal(made, next(ids), salt(), close) for made in waiting.ready]
            except (ValueError, TypeError, OverflowError):
                waiting.fail(InvalidRecord("a value of this record has no text to be proved"))
            except Exception as error:  # noqa: BLE001 - off the queue nobody else would tell it
                waiting.fail(in_words(error))
        return taken


class OwnShare:
    """How much of the time this thread works, seen now and then while there is work.

    Over half: it is what is waited for, and it has a processor. On a busy machine it waits for one.
    """

    def __init__(self) -> None:
        self._before: tuple[float, float] | None = None

    def is_over_half(self, now: float) -> bool:
        """Since it was looked at last; False the first time."""
        before, self._before = self._before, (now, time.thread_time())
        return before is not None and self._before[1] - before[1] > (now - before[0]) / 2

    def forget(self) -> None:
        """There is no work: what follows is no part of it."""
        self._before = None


def is_worth_two(courses: Sequence[Course], waiting: int) -> bool:
    """True when so many who wait are worth a commit beside those that run: it is no smaller.

    Beside a lane that was lost while it wrote any are: nobody knows when that one is there again.
    """
    if any(each.running and not each.lane.connected for each in courses):
        return waiting > 0
    return waiting >= max(WORTH_A_COMMIT, *(len(each.running) for each in courses))


def records_in(batch: list[Waiting]) -> int:
    """How many records they wait for."""
    return sum(len(waiting.ready) for waiting in batch)
