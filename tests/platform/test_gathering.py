# SPDX-License-Identifier: EUPL-1.2
"""Questions that come at the same time, answered by one piece of work."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from landschap.platform.gathering import Gathering


class _Work:
    """Doubles numbers, as soon as it may; keeps what it was given at once."""

    def __init__(self) -> None:
        self.batches: list[tuple[str, list[int]]] = []
        self.may = asyncio.Event()
        self.second = asyncio.Event()
        self.fails = False

    async def __call__(self, group: str, items: Sequence[int]) -> list[int]:
        self.batches.append((group, list(items)))
        if len(self.batches) > 1:
            self.second.set()
        async with asyncio.timeout(40):
            await self.may.wait()
        if self.fails:
            raise StopIteration
        return [2 * each for each in items]


async def test_what_comes_meanwhile_goes_together_by_group() -> None:
    work = _Work()
    gathering = Gathering(work, lanes=1, most=3)
    first = [gathering.ask("a", 1)]
    await asyncio.sleep(0)
    later = [gathering.ask(*each) for each in (("a", 2), ("a", 3), ("b", 4), ("b", 5), ("b", 6))]
    later += [gathering.ask("b", 7), gathering.ask("b", 8)]
    work.may.set()
    assert await asyncio.gather(*first, *later) == [2, 4, 6, 8, 10, 12, 14, 16]
    assert work.batches == [("a", [1]), ("a", [2, 3]), ("b", [4, 5, 6]), ("b", [7, 8])]


async def test_who_no_longer_waits_is_left_out() -> None:
    work = _Work()
    gathering = Gathering(work, lanes=1)
    first = gathering.ask("a", 1)
    await asyncio.sleep(0)
    gone, stays = gathering.ask("a", 2), gathering.ask("a", 3)
    gone.cancel()
    work.may.set()
    assert [await first, await stays] == [2, 6]
    assert work.batches == [("a", [1]), ("a", [3])]


async def test_what_goes_wrong_is_told_to_each_who_waits_and_ends_there() -> None:
    work = _Work()
    gathering = Gathering(work, lanes=1)
    work.fails = True
    work.may.set()
    told = await asyncio.gather(*(gathering.ask("a", n) for n in (1, 2)), return_exceptions=True)
    assert [type(each) for each in told] == [RuntimeError, RuntimeError]
    work.fails = False
    assert await gathering.ask("a", 3) == 6


async def test_slow_work_does_not_hold_up_the_others_for_long() -> None:
    work = _Work()
    gathering = Gathering(work, lanes=1, most_lanes=2)
    waiting = [gathering.ask("a", 1)]
    await asyncio.sleep(0)
    waiting.append(gathering.ask("a", 2))
    async with asyncio.timeout(40):
        await work.second.wait()
    waiting.append(gathering.ask("a", 3))
    await asyncio.sleep(0.05)  # long enough for a third, if there could be one
    assert work.batches == [("a", [1]), ("a", [2])]
    work.may.set()
    assert await asyncio.gather(*waiting) == [2, 4, 6]


async def test_who_waits_begins_as_soon_as_one_of_the_slow_ends() -> None:
    begins, ends = [[asyncio.Event() for _ in range(5)] for _ in range(2)]

    async def work(_: str, items: Sequence[int]) -> Sequence[int]:
        begins[items[0]].set()
        async with asyncio.timeout(40):
            await ends[items[0]].wait()
        return items

    gathering = Gathering(work, lanes=1, most_lanes=3, most=1)
    waiting = [gathering.ask("a", n) for n in range(5)]
    async with asyncio.timeout(40):
        for last in (2, 3, 4):
            await begins[last].wait()
            ends[last - 2].set()  # one of three: the next begins beside two that go on
    for each in ends:
        each.set()
    assert await asyncio.gather(*waiting) == [0, 1, 2, 3, 4]


async def test_work_that_forgets_somebody_leaves_nobody_waiting() -> None:
    async def work(_: str, items: Sequence[int]) -> Sequence[int]:
        return items[1:]

    gathering = Gathering(work)
    told = [gathering.ask("a", n) for n in range(2)]
    async with asyncio.timeout(40):
        found = await asyncio.gather(*told, return_exceptions=True)
    assert [type(each) for each in found] == [ValueError, ValueError]


async def test_work_that_is_ended_leaves_nobody_waiting() -> None:
    work = _Work()
    gathering = Gathering(work, lanes=1)
    told = gathering.ask("a", 1)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    (running,) = gathering._running
    running.cancel()
    with pytest.raises(ConnectionError):
        await told
