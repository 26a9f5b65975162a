# SPDX-License-Identifier: EUPL-1.2
"""Group commit: many wait, one writes, all are released when it is durable.

There is no timer that gathers a batch: the commit that is running is the time in which the next
batch gathers. Where this process is what is waited for, half of many is taken and the rest sealed
while PostgreSQL writes. A writer with a second lane begins another batch beside it as soon as that
one is worth a commit: PostgreSQL then works while this process seals. While PostgreSQL is away
appends wait up to a limit and are then refused; when it is back the lanes go on by themselves.
Nothing is ever written twice or half.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections import deque
from collections.abc import Sequence
from uuid import UUID

from landschap.logboek.batches import ready
from landschap.logboek.declarations import UsedDeclaration
from landschap.logboek.faults import (
    AlreadySeen,
    InvalidRecord,
    LaneTaken,
    LogUnavailable,
    QueueFull,
)
from landschap.logboek.forms import Ready
from landschap.logboek.records import Draft
from landschap.logboek.seen import SeenLine
from landschap.logboek.store.closing import closing_of
from landschap.logboek.store.course import Course, OwnShare, is_worth_two, records_in
from landschap.logboek.store.lane import (
    ConnectionLost,
    Lane,
    Withheld,
    further_name,
    in_words,
    is_data_fault,
    lacks_month,
    was_seen,
)
from landschap.logboek.store.outage import Outage
from landschap.logboek.store.waiting import Called, Done, Promised, Waiting, judge
from landschap.platform.postgres import connect
from landschap.platform.settings import Settings

RECORDS_PER_BATCH = 1000
RECORDS_PER_APPEND = 20_000
RECORDS_WAITING = 50_000
WAIT_SECONDS = 2.0
# From so many on two commits take less time than one, when the second is sealed while PostgreSQL
# writes the first: where this process is what is waited for, and has a processor of its own.
WORTH_TWO = 32
_NEVER = sys.maxsize
_LOOK_SECONDS = 0.1
_BACK_OFF_SECONDS = (0.02, 0.05, 0.1, 0.2, 0.5)


class LogWriter:
    """Writes records under one lane, or two.

    In a sealed log what records say is closed here, with the key there is at the start.
    ``lane`` with a number (`decider-0`) is that lane and no other; without one (`decider`) the
    first free number is taken. ``wait_seconds`` is how long an append may wait for PostgreSQL.
    With ``lanes=2`` two batches can be under way; the second lane of `decider-0` is `decider-0-2`.
    """

    def __init__(
        self,
        settings: Settings,
        lane: str,
        *,
        wait_seconds: float = WAIT_SECONDS,
        records_waiting: int = RECORDS_WAITING,
        lanes: int = 1,
    ) -> None:
        names = [lane, *(further_name(lane, number) for number in range(2, lanes + 1))]
        self._courses = [Course(Lane(lambda: connect(settings, "logboek"), n)) for n in names]
        self.closing = closing_of(settings)
        self._wait_seconds = wait_seconds
        self._limit = records_waiting
        self._queue: deque[Waiting] = deque()
        self._waiting_records = 0
        self._awake = 0
        self._ahead, self._ahead_at = False, _NEVER
        self._share = OwnShare()
        self._tasks: list[asyncio.Task[None]] = []
        self._looker: asyncio.TimerHandle | None = None
        self._closing = False
        self._outage = Outage()
        self._loop: asyncio.AbstractEventLoop

    @property
    def lane(self) -> str:
        """The lane that is written first; known after `start`."""
        return self._courses[0].lane.name

    @property
    def healthy(self) -> bool:
        """True when a lane can be written now, as far as we know."""
        if not self._tasks or self._closing:
            return False
        return any(course.lane.connected for course in self._courses)

    async def start(self) -> None:
        """Claim the lanes. Raises LaneTaken, and LogUnavailable when PostgreSQL is not there."""
        try:
            for course in self._courses:
                await course.open()
        except Exception as error:
            for course in self._courses:
                await course.lane.close()
            if isinstance(error, ConnectionLost):
                raise LogUnavailable(f"the log can not be opened: {error}") from error
            raise
        self._loop = asyncio.get_running_loop()
        self._tasks = [
            asyncio.create_task(self._run(course), name=f"log lane {course.lane.name}")
            for course in self._courses
        ]

    async def append(
        self,
        drafts: Sequence[Draft | Ready],
        *,
        decided_epoch: int | None = None,
        seen: Sequence[SeenLine] = (),
        used: UsedDeclaration | None = None,
    ) -> list[UUID]:
        """Write all of these, or none; returns their identifiers when they are durable.

        ``seen`` are those that may be delivered once only; AlreadySeen when one was. ``used`` is
        what the question rests on; Replayed when another question has it.
        Raises InvalidRecord, LogUnavailable, QueueFull, and StaleDecision when the world is newer
        than ``decided_epoch``.
        """
        return await self.submit(drafts, decided_epoch=decided_epoch, seen=seen, used=used)

    def submit(
        self,
        drafts: Sequence[Draft | Ready],
        *,
        decided_epoch: int | None = None,
        seen: Sequence[SeenLine] = (),
        used: UsedDeclaration | None = None,
    ) -> asyncio.Future[list[UUID]]:
        """As `append`, for who can not wait here: the future ends as `append` would.

        Raises at once what is known at once: InvalidRecord, QueueFull, LogUnavailable.
        """
        made = self._made(drafts)
        noted = self.closing.noted(seen) if seen else seen
        future: asyncio.Future[list[UUID]] = self._loop.create_future()
        self._hand_in(Promised(made, (decided_epoch, used), self._deadline(), noted, future))
        return future

    def hand_in(
        self,
        draft: Draft | Ready,
        decided_epoch: int,
        done: Done,
        used: UsedDeclaration | None = None,
    ) -> None:
        """As `submit` for one record, without a future: ``done`` is called when it is durable.

        ``used`` is the declaration it rests on, claimed in the same statement; when another
        question has it, ``done`` gets Replayed.
        Raises at once what is known at once: InvalidRecord, QueueFull, LogUnavailable; then
        ``done`` is not called.
        """
        made = self._made((draft,))
        self._hand_in(Called(made, (decided_epoch, used), self._deadline(), done))

    def _made(self, drafts: Sequence[Draft | Ready]) -> Sequence[Ready]:
        """These as they can be sealed. Raises InvalidRecord, QueueFull, LogUnavailable."""
        if not self._tasks or self._closing:
            raise LogUnavailable("this log writer is not running")
        if not 0 < len(drafts) <= RECORDS_PER_APPEND:
            raise InvalidRecord(f"an append holds 1 to {RECORDS_PER_APPEND} records")
        if self._waiting_records + len(drafts) > self._limit:
            raise QueueFull(f"{self._waiting_records} records wait before the log")
        return [draft if isinstance(draft, Ready) else ready(draft) for draft in drafts]

    def _deadline(self) -> float:
        return self._loop.time() + self._wait_seconds

    def _hand_in(self, waiting: Waiting) -> None:
        self._queue.append(waiting)
        self._waiting_records += len(waiting.ready)
        if self._awake < len(self._courses):
            self._call()
        else:
            self._look_ahead()
        if self._looker is None:
            self._look_later()

    def _call(self) -> None:
        """Wake one lane that sleeps, when what waits is worth it."""
        if self._awake == 0 or is_worth_two(self._courses, len(self._queue)):
            self._wake(next(each for each in self._courses if not each.wake.is_set()))

    def _wake(self, course: Course) -> None:
        if not course.wake.is_set():
            course.wake.set()
            self._awake += 1

    def _is_worth(self, course: Course) -> bool:
        """True when this lane should take what waits: no other does, or it is enough for two."""
        if course.sealed or is_worth_two(self._courses, len(self._queue)):
            return True
        return bool(self._queue) and not any(
            other.running for other in self._courses if other is not course
        )

    def _is_alone(self, course: Course) -> bool:
        """True when no other lane can be written now, as far as we know."""
        return not any(other.lane.connected for other in self._courses if other is not course)

    async def close(self) -> None:
        """Write what waits, then give up the lanes."""
        self._closing = True
        if self._tasks:
            for course in self._courses:
                self._wake(course)
            _, late = await asyncio.wait(self._tasks, timeout=self._wait_seconds)
            for task in late:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        for waiting in (*self._running(), *self._queue):
            waiting.fail(LogUnavailable("the log writer is closing"))
        if self._looker is not None:
            self._looker.cancel()
        for course in self._courses:
            await course.lane.close()

    async def _run(self, course: Course) -> None:
        while True:
            if not self._is_worth(course):
                if self._closing:
                    return
                if course.wake.is_set():
                    course.wake.clear()
                    self._awake -= 1
                await course.wake.wait()
                continue
            if not course.lane.connected:
                self._give_back(course)
            if not course.lane.connected and not self._is_alone(course):
                # What waits is for the lane that can; this one is opened for what comes after.
                with contextlib.suppress(ConnectionLost, LaneTaken):
                    await course.open()
                await asyncio.sleep(_BACK_OFF_SECONDS[0])
                continue
            course.running = self._take(course)
            self._ahead_at = _NEVER
            if self._ahead:
                self._ahead_at = max(WORTH_TWO // 2, records_in(course.running))
                self._look_ahead()
            try:
                await self._write(course, course.running)
            except Exception as error:  # noqa: BLE001 - one batch fails, the lane lives on
                why = in_words(error)
                self._outage.failed(course.lane.name, why.refusal.detail, self._loop.time())
                for waiting in course.running:
                    waiting.fail(why)
            course.running = []

    def _running(self) -> list[Waiting]:
        """What is being written, or sealed to be."""
        return [
            waiting
            for course in self._courses
            for batch in (course.running, course.sealed)
            for waiting in batch
        ]

    def _take(self, course: Course) -> list[Waiting]:
        """Who is written next: all who wait, or half of them to seal the others meanwhile."""
        if course.sealed:
            taken, course.sealed = course.sealed, []
            return taken
        half = self._ahead and self._waiting_records >= WORTH_TWO
        return self._seal(course, self._waiting_records // 2 if half else RECORDS_PER_BATCH)

    def _seal(self, course: Course, most: int = RECORDS_PER_BATCH) -> list[Waiting]:
        taken = course.take(self._queue, min(most, RECORDS_PER_BATCH), self.closing.close)
        self._waiting_records -= records_in(taken)
        if course.ids.ahead:
            self._outage.clock(self.lane, course.ids.ahead, self._loop.time())
        return taken

    def _look_ahead(self) -> None:
        """Have the next batch sealed while this one is written, once it would be no smaller."""
        if self._waiting_records >= self._ahead_at:
            self._ahead_at = _NEVER
            self._loop.call_soon(self._seal_ahead, self._courses[0])

    def _seal_ahead(self, course: Course) -> None:
        if course.running and course.lane.connected and not course.sealed:
            course.sealed = self._seal(course)

    def _give_back(self, course: Course) -> None:
        """What was sealed for a lane that is lost gets other identifiers."""
        self._queue.extendleft(reversed(course.sealed))
        self._waiting_records += records_in(course.sealed)
        course.sealed = []

    async def _write(self, course: Course, batch: list[Waiting]) -> None:
        while batch := [waiting for waiting in batch if waiting.open]:
            try:
                withheld = await self._commit(course.lane, batch)
            except ConnectionLost:
                if await self._reconnect(course):
                    withheld = None
                else:
                    continue
            except Exception as error:
                if not is_data_fault(error):
                    raise
                await self._isolate(course, batch, error)
                return
            if self._outage.began is not None:
                self._outage.over(course.lane.name, self._loop.time())
            if withheld is None:
                for waiting in batch:
                    waiting.release()
                return
            for waiting in batch:
                judge(waiting, withheld)

    async def _commit(self, lane: Lane, batch: list[Waiting]) -> Withheld | None:
        records = [record for waiting in batch for record in waiting.records]
        used = [waiting.used for waiting in batch if waiting.used is not None]
        seen = [line for waiting in batch for line in waiting.seen]
        epochs = [waiting.epoch for waiting in batch if waiting.epoch is not None]
        decided = min(epochs) if epochs else None
        try:
            return await lane.commit(records, decided, used, seen)
        except Exception as error:
            if not lacks_month(error):
                raise
        await lane.make_months()
        return await lane.commit(records, decided, used, seen)

    async def _isolate(self, course: Course, batch: list[Waiting], error: Exception) -> None:
        """One of these can not be stored: halve until it stands alone, write the others."""
        if len(batch) == 1:
            unfit = InvalidRecord("the database can not hold a value of this record")
            batch[0].fail(AlreadySeen() if was_seen(error) else unfit)
            return
        middle = len(batch) // 2
        await self._write(course, batch[:middle])
        await self._write(course, batch[middle:])

    async def _reconnect(self, course: Course) -> bool:
        """Connect until it succeeds; True when the batch in doubt was written after all."""
        self._give_back(course)
        if self._awake < len(self._courses):
            self._call()
        attempt = 0
        while True:
            with contextlib.suppress(ConnectionLost, LaneTaken):
                return await course.open()
            if self._closing:
                raise LogUnavailable("the log writer is closing")
            await asyncio.sleep(_BACK_OFF_SECONDS[min(attempt, len(_BACK_OFF_SECONDS) - 1)])
            attempt += 1

    def _look_later(self) -> None:
        self._looker = self._loop.call_later(_LOOK_SECONDS, self._look)

    def _look(self) -> None:
        """Refuse who has waited too long: one timer for all, not one per question."""
        now = self._loop.time()
        busy = self._share.is_over_half(now)
        self._ahead = busy and len(self._courses) == 1
        late = LogUnavailable(f"the log did not answer within {self._wait_seconds:g} s")
        if any(each.open and each.deadline <= now for each in (*self._running(), *self._queue)):
            self._outage.failed(self.lane, late.refusal.detail, now)
        for waiting in self._running():
            if waiting.deadline <= now:
                waiting.fail(late)
        while self._queue and self._queue[0].deadline <= now:
            waiting = self._queue.popleft()
            self._waiting_records -= len(waiting.ready)
            waiting.fail(late)
        self._looker = None
        if self._queue or self._running():
            self._look_later()
        else:
            self._share.forget()
