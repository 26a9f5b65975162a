# SPDX-License-Identifier: EUPL-1.2
"""Sending notices: at least once, and for one subscriber in order per object.

One worker serves a subscription at a time (`Locks`); of each object only the first notice that
waits is sent, so a later one can not pass it, and an object that fails holds up no other. A place
of delivery that does not answer is left alone for a while and holds up no other subscription.
The right to be told is looked at each time before anything is sent.
Source: NL GOV profile for CloudEvents 1.1; CloudEvents HTTP webhook 1.0.2.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import structlog
from prometheus_client import CollectorRegistry

from landschap.platform.loops import backoff_seconds, forever, pause
from landschap.registers.delivering import (
    Attempt,
    Health,
    Verdict,
    attempt_of,
    back_off,
    health_after,
    is_dead,
)
from landschap.registers.models import Registers
from landschap.registers.notices import BATCH, EVENT, Notice, Reader, event_of, source_of
from landschap.registers.store import notices, subscriptions
from landschap.registers.store.notices import Failed, Waiting
from landschap.registers.subscriptions import State, Subscription
from landschap.registers.worker.doors import SECONDS, Answer, Doors, Letter, Unreached
from landschap.registers.worker.figures import Figures, keep_counted
from landschap.registers.worker.locks import Locks
from landschap.vocabulary.ijson import JsonValue

log = structlog.get_logger(__name__)
PARALLEL = 8
BUNDLE = 100
_AT_ONCE = 32
_LOOK_SECONDS = 1.0
# Then another subscription gets the place; a busy one comes back at once.
_SLICE_SECONDS = 10.0
_ASKED_FOR = timedelta(days=1)
_WITHOUT_RIGHT = timedelta(days=30)
_LOOK_AT_RIGHT = timedelta(minutes=1)
_MOST_TROUBLE_SECONDS = 60.0


async def _everybody(_: Subscription) -> str:
    return ""


async def _everything(_to: Subscription, _notices: Sequence[Notice]) -> frozenset[int]:
    return frozenset()


@dataclass(slots=True, kw_only=True)
class NoticeDeps:
    """What sending needs.

    ``connect`` opens the connection on which locks are held. ``why_not`` says why a subscriber may
    not be told now, empty when it may; ``untold`` gives the numbers of notices that may not be
    told to it. ``origin`` is the host name by which we present ourselves.
    """

    pool: asyncpg.Pool
    connect: Callable[[], Awaitable[asyncpg.Connection]]
    registers: Registers
    oin: str
    origin: str
    doors: Doors
    why_not: Callable[[Subscription], Awaitable[str]] = _everybody
    untold: Callable[[Subscription, Sequence[Notice]], Awaitable[frozenset[int]]] = _everything
    figures: Figures = field(default_factory=lambda: Figures(CollectorRegistry()))


async def run_notices(deps: NoticeDeps, stop: asyncio.Event) -> None:
    """Send and count until ``stop`` is set; what was begun is finished."""
    async with asyncio.TaskGroup() as group:
        group.create_task(forever(lambda: deliver_notices(deps, stop), stop, "notices"))
        group.create_task(
            forever(lambda: keep_counted(deps.pool, deps.figures, stop), stop, "figures")
        )


async def deliver_notices(deps: NoticeDeps, stop: asyncio.Event) -> None:
    """Serve every subscription with something to do, until ``stop``.

    Raises ConnectionError when the connection with the locks is gone.
    """
    connection = await deps.connect()
    crew = _Crew(deps, Locks(connection), stop)
    try:
        while not stop.is_set():
            if not crew.locks.hold:
                raise ConnectionError("the connection that holds the locks is gone")
            await crew.begin()
            await crew.wait()
    finally:
        await crew.end()
        await connection.close()


class _Crew:
    """The subscriptions that this process serves now."""

    def __init__(self, deps: NoticeDeps, locks: Locks, stop: asyncio.Event) -> None:
        self.locks = locks
        self._deps = deps
        self._stop = stop
        self._tasks: dict[UUID, asyncio.Task[bool]] = {}
        self._trouble: dict[UUID, tuple[int, datetime]] = {}

    async def begin(self) -> None:
        """Begin with what is due, as long as there is room."""
        now = datetime.now(UTC)
        for each in await notices.busy(self._deps.pool, now, 10 * _AT_ONCE):
            _, not_before = self._trouble.get(each, (0, now))
            if len(self._tasks) < _AT_ONCE and each not in self._tasks and not_before <= now:
                service = _Service(self._deps, self.locks, self._stop)
                self._tasks[each] = asyncio.create_task(service.serve(each))

    async def wait(self) -> None:
        """Wait until one is ready, at most a second."""
        stopping = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait(
                {stopping, *self._tasks.values()},
                timeout=_LOOK_SECONDS,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            stopping.cancel()
        did_something = False
        for each, task in list(self._tasks.items()):
            if task.done():
                del self._tasks[each]
                did_something |= self._well(each, task)
        if not did_something:
            await pause(self._stop, 0.0 if self._tasks else _LOOK_SECONDS / 4)

    def _well(self, subscription_id: UUID, task: asyncio.Task[bool]) -> bool:
        """What came of it; trouble of our own makes only this subscription wait."""
        error = None if task.cancelled() else task.exception()
        if error is None:
            self._trouble.pop(subscription_id, None)
            return not task.cancelled() and task.result()
        times, _ = self._trouble.get(subscription_id, (0, None))
        seconds = backoff_seconds(times, _MOST_TROUBLE_SECONDS)
        self._trouble[subscription_id] = times + 1, datetime.now(UTC) + timedelta(seconds=seconds)
        log.error("notices not sent", subscription=str(subscription_id), exc_info=error)
        return False

    async def end(self) -> None:
        """Let what was begun be finished: an answer that nobody hears is sent again."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks.values(), timeout=SECONDS + 1)
            for each in late:
                each.cancel()
            await asyncio.gather(*late, return_exceptions=True)


@dataclass(slots=True)
class _Service:
    """One turn of one subscription."""

    deps: NoticeDeps
    locks: Locks
    stop: asyncio.Event

    async def serve(self, subscription_id: UUID) -> bool:
        """Do what is to be done for it; False when somebody else does so, or nothing was."""
        if not await self.locks.take(subscription_id):
            return False
        try:
            return await self._serve(subscription_id)
        finally:
            await self.locks.free(subscription_id)

    async def _serve(self, subscription_id: UUID) -> bool:
        until = asyncio.get_running_loop().time() + _SLICE_SECONDS
        did_something = False
        while not self.stop.is_set() and asyncio.get_running_loop().time() < until:
            now = datetime.now(UTC)
            found = await subscriptions.subscription(self.deps.pool, subscription_id)
            if found is None or found.next_try_at > now or not self.locks.hold:
                break
            if not await self._may_be_told(found, now):
                break
            if found.state is State.ASKED:
                await self._handshake(found, now)
            elif found.state is not State.ACTIVE or not await self._round(found, now):
                break
            did_something = True
        return did_something

    async def _may_be_told(self, found: Subscription, now: datetime) -> bool:
        why = await self.deps.why_not(found)
        if not why:
            if found.reason and found.state is State.ACTIVE:
                await subscriptions.put_off(self.deps.pool, found.subscription_id, "", now)
            return True
        await subscriptions.put_off(
            self.deps.pool, found.subscription_id, why, now + _LOOK_AT_RIGHT
        )
        if found.failing_since is not None and now - found.failing_since > _WITHOUT_RIGHT:
            await self._end(found, State.ENDED, why)
        log.info("subscriber may not be told", subscription=str(found.subscription_id), why=why)
        return False

    async def _handshake(self, found: Subscription, now: datetime) -> None:
        """Ask whether it wants to be told. Source: CloudEvents HTTP webhook, "Validation"."""
        letter = Letter(method="OPTIONS", headers={"WebHook-Request-Origin": self.deps.origin})
        try:
            answer = await self.deps.doors.carry(found, letter)
        except Unreached as error:
            why = str(error)
        else:
            why = consent_refused(answer, self.deps.origin)
        if not why:
            rate = _rate_of(answer)
            await subscriptions.accept(self.deps.pool, found.subscription_id, rate)
            log.info("subscription in force", subscription=str(found.subscription_id))
            return
        if found.failing_since is not None and now - found.failing_since > _ASKED_FOR:
            await self._end(found, State.ENDED, f"no consent of its place of delivery: {why}")
            return
        later = now + back_off(found.failures + 1, _chance())
        await subscriptions.put_off(self.deps.pool, found.subscription_id, why, later, failed=True)

    async def _round(self, found: Subscription, now: datetime) -> bool:
        """Send what may be sent now, a few at a time; False when there is nothing more to do."""
        added = await notices.take(self.deps.pool, found, now)
        limit = BUNDLE if found.wanted.bundled else PARALLEL
        if found.failures:
            limit = 1  # only to see whether it answers again
        heads = await notices.heads(self.deps.pool, found.subscription_id, now, limit)
        told = await self._told(found, heads)
        if not told:
            return added > 0 or bool(heads)
        ended = await self._send(found, told)
        await self._keep(found, ended, datetime.now(UTC))
        return True

    async def _told(self, found: Subscription, heads: Sequence[Waiting]) -> Sequence[Waiting]:
        """What may be told; the rest is passed over for good."""
        untold = await self.deps.untold(found, [each.notice for each in heads]) if heads else None
        if not untold:
            return heads
        await notices.delivered(self.deps.pool, found.subscription_id, sorted(untold))
        log.info(
            "notices not told: their persons may not be used",
            subscription=str(found.subscription_id), count=len(untold),
        )  # fmt: skip
        return [each for each in heads if each.notice.number not in untold]

    async def _send(
        self, found: Subscription, heads: Sequence[Waiting]
    ) -> list[tuple[Waiting, Attempt]]:
        """Send each notice, or all in one bundle; what is refused in a bundle is sent alone."""
        if found.wanted.bundled:
            attempt = await self._carry(found, heads, BATCH)
            if attempt.verdict is not Verdict.REFUSED or len(heads) == 1:
                return [(each, attempt) for each in heads]
        kind = BATCH if found.wanted.bundled else EVENT
        gate = asyncio.Semaphore(PARALLEL)

        async def alone(head: Waiting) -> Attempt:
            async with gate:
                return await self._carry(found, [head], kind)

        attempts = await asyncio.gather(*(alone(each) for each in heads))
        return list(zip(heads, attempts, strict=True))

    async def _carry(self, found: Subscription, heads: Sequence[Waiting], kind: str) -> Attempt:
        events: list[JsonValue] = [self._event(found, each) for each in heads]
        letter = Letter(
            method="POST",
            headers={"Content-Type": kind, "Accept": "application/json"},
            body=json.dumps(events if kind == BATCH else events[0], ensure_ascii=False).encode(),
        )
        try:
            answer = await self.deps.doors.carry(found, letter)
        except Unreached as error:
            attempt = Attempt(verdict=Verdict.UNREACHED, words=str(error))
        else:
            retry_after = answer.headers.get("retry-after", "")
            attempt = attempt_of(answer.status, retry_after, datetime.now(UTC), answer.code)
        self.deps.figures.attempted(attempt.verdict, len(heads))
        return attempt

    def _event(self, found: Subscription, head: Waiting) -> JsonValue:
        register, _, name = head.notice.type_key.partition(".")
        reader = Reader(subscription_id=found.subscription_id, reference=found.wanted.reference)
        source = source_of(self.deps.oin, register)
        return event_of(head.notice, self.deps.registers.type(register, name), source, reader)

    async def _keep(
        self, found: Subscription, ended: Sequence[tuple[Waiting, Attempt]], now: datetime
    ) -> None:
        """Remember how each attempt ended, and how the place of delivery fares."""
        pool, own = self.deps.pool, found.subscription_id
        taken = [each.notice.number for each, how in ended if how.verdict is Verdict.TAKEN]
        if taken:
            await notices.delivered(pool, own, taken)
        answered = now if taken else found.last_success_at
        for each, how in ended:
            if how.verdict is not Verdict.TAKEN:
                await notices.note_failed(pool, own, failed_of(each, how, answered, now), now)
        whole = together([how for _, how in ended])
        health = Health(failures=found.failures, failing_since=found.failing_since)
        health = health_after(health, whole, now, _chance())
        if health.next_try_at is None and found.rate:
            requests = 1 if found.wanted.bundled else len(ended)
            paced = now + timedelta(seconds=60 * requests / found.rate)
            health = Health(health.failures, health.failing_since, paced, health.given_up)
        await subscriptions.keep_health(pool, own, health, now, taken=bool(taken))
        if whole.verdict is Verdict.GONE:
            await self._end(found, State.ENDED, "its place of delivery answered 410: it is gone")
        elif health.given_up:
            await self._end(found, State.PAUSED, f"its place of delivery is silent: {whole.words}")
        elif whole.verdict is not Verdict.TAKEN:
            log.info("notices not taken", subscription=str(own), why=whole.words)

    async def _end(self, found: Subscription, state: State, why: str) -> None:
        await subscriptions.set_state(self.deps.pool, found.subscription_id, state, why)
        log.warning(
            "subscription stopped",
            subscription=str(found.subscription_id), state=state.value, why=why,
        )  # fmt: skip


def consent_refused(answer: Answer, origin: str) -> str:
    """Why an answer to the handshake is no consent; empty when it is."""
    if not 200 <= answer.status < 300:
        return f"the handshake was answered {answer.status}" + (
            f" {answer.code}" if answer.code else ""
        )
    allowed = answer.headers.get("webhook-allowed-origin", "").strip()
    if allowed not in ("*", origin):
        return "the handshake was answered without WebHook-Allowed-Origin for us"
    return ""


def _rate_of(answer: Answer) -> int | None:
    """Requests a minute; None when it takes any number."""
    text = answer.headers.get("webhook-allowed-rate", "").strip()
    return int(text) if text.isascii() and text.isdigit() and 0 < int(text[:9]) < 10**6 else None


def together(attempts: Sequence[Attempt]) -> Attempt:
    """Attempts of one moment as one: gone counts first, then that it answered at all."""
    order = (Verdict.GONE, Verdict.TAKEN, Verdict.REFUSED, Verdict.UNREACHED)
    best = min(attempts, key=lambda each: order.index(each.verdict))
    waits = [each.wait for each in attempts if each.wait and each.verdict is Verdict.UNREACHED]
    if waits and best.verdict is not Verdict.GONE:
        # It answered, and asked for patience: that is for all of its notices.
        words = next(each.words for each in attempts if each.wait)
        return Attempt(verdict=Verdict.UNREACHED, words=words, wait=max(waits))
    return best


def failed_of(
    head: Waiting, attempt: Attempt, answered_at: datetime | None, now: datetime
) -> Failed:
    """What becomes of a notice that was not taken: when it is tried again, or never."""
    refused = attempt.verdict is Verdict.REFUSED
    attempts, first_at = head.attempts + refused, head.first_at or now
    if is_dead(attempts, first_at, answered_at, now):
        later = None
    elif refused:
        later = now + (attempt.wait or back_off(attempts, _chance()))
    else:
        # As long again as it waited already, which doubles each time.
        later = now + min(max(now - first_at, back_off(1, _chance())), back_off(30, _chance()))
    return Failed(
        number=head.notice.number, refused=refused, words=attempt.words, next_try_at=later
    )


def _chance() -> float:
    return random.random()  # noqa: S311  # spread, no secret
