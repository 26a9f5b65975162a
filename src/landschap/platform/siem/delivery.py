# SPDX-License-Identifier: EUPL-1.2
"""Bring events to the watch: in order, each at least once, again and again until it has them.

One worker delivers at a time. A receiver that is away costs nobody anything: events wait in the
database, and come in order when it is back; what may not have arrived before comes again, under
the same identifier (`metadata.uid`).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from importlib.metadata import version
from typing import Any, Protocol
from urllib.parse import urlsplit

import asyncpg
import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

from landschap.platform.loops import backoff_seconds, forever, pause
from landschap.platform.settings import Settings
from landschap.platform.siem import outbox
from landschap.platform.siem.ocsf import Sender, form
from landschap.platform.siem.otlp import OtlpReceiver
from landschap.platform.siem.syslog import SyslogReceiver

log = structlog.get_logger(__name__)

_AT_ONCE = 200
_LOOK_SECONDS = 0.5
_LONGEST_PAUSE = 30.0
_TIDY_SECONDS = 10.0


class Receiver(Protocol):
    """A way to the watch. What was sent is believed received after ``unconfirmed_seconds``."""

    name: str
    unconfirmed_seconds: float

    def is_broken(self) -> bool:
        """True when what is sent now would not arrive."""
        ...

    async def send(self, told: Sequence[Mapping[str, Any]]) -> None:
        """Send events. Raises OSError or TimeoutError when that can not be done."""
        ...

    async def close(self) -> None:
        """End connections."""
        ...


class Figures:
    """What operators see of it."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.sent = Counter(
            "landschap_siem_sent", "Security events sent, again counted again.", ["receiver"],
            registry=registry,
        )  # fmt: skip
        self.failures = Counter(
            "landschap_siem_failures", "Times a receiver could not be reached.", ["receiver"],
            registry=registry,
        )  # fmt: skip
        self.waiting = Gauge(
            "landschap_siem_waiting", "Security events that wait for a receiver.", ["receiver"],
            registry=registry,
        )  # fmt: skip
        self.lost = Gauge(
            "landschap_siem_lost", "Security events that did not fit. Must stay zero.",
            registry=registry,
        )  # fmt: skip


def sender_of(settings: Settings) -> Sender:
    """Whose events these are."""
    organisation = settings.organisation
    return Sender(
        oin=organisation.oin.value, organisation=organisation.name, version=version("landschap")
    )


def receivers_of(settings: Settings) -> list[Receiver]:
    """The receivers that are set."""
    hosts = settings.network.hosts or {}
    found: list[Receiver] = []
    if settings.siem.syslog is not None:
        host = urlsplit(settings.addresses.manager).hostname or ""
        found.append(SyslogReceiver(settings.siem.syslog, host, hosts))
    if settings.siem.otlp is not None:
        found.append(OtlpReceiver(settings.siem.otlp, hosts))
    return found


async def keep_delivering(
    settings: Settings, pool: asyncpg.Pool, registry: CollectorRegistry, stop: asyncio.Event
) -> None:
    """Deliver to all receivers until ``stop``."""
    receivers = receivers_of(settings)
    figures, sender = Figures(registry), sender_of(settings)

    async def in_turn() -> None:
        await outbox.set_receivers(pool, settings.siem)
        async with pool.acquire() as connection:
            while not await outbox.take_turn(connection):
                if await pause(stop, _LONGEST_PAUSE):
                    return
            tasks = [_deliver(pool, each, sender, figures, stop) for each in receivers]
            async with asyncio.TaskGroup() as group:
                for task in (*tasks, _tidy(settings, pool, figures, stop)):
                    group.create_task(task)

    await forever(in_turn, stop, "siem")


async def _deliver(
    pool: asyncpg.Pool, receiver: Receiver, sender: Sender, figures: Figures, stop: asyncio.Event
) -> None:
    """One receiver: try, and when it is away try again, a little later each time."""
    failures = 0

    def went_well() -> None:
        nonlocal failures
        failures = 0

    try:
        while not stop.is_set():
            try:
                await deliver(pool, receiver, sender, figures, stop, went_well)
            except (OSError, TimeoutError) as error:
                figures.failures.labels(receiver.name).inc()
                if failures == 0:
                    log.warning("watch away", receiver=receiver.name, error=str(error)[:200])
                await receiver.close()
                await pause(stop, backoff_seconds(failures, _LONGEST_PAUSE))
                failures += 1
    finally:
        await receiver.close()


async def deliver(
    pool: asyncpg.Pool, receiver: Receiver, sender: Sender, figures: Figures,
    stop: asyncio.Event, went_well: Callable[[], None],
) -> None:  # fmt: skip
    """Send in order, from what is confirmed on. Raises OSError when the receiver is away."""
    loop = asyncio.get_running_loop()
    confirmed = sent = await outbox.confirmed_by(pool, receiver.name)
    unsure: deque[tuple[float, int]] = deque()
    while not stop.is_set():
        if receiver.is_broken():
            raise ConnectionResetError("the receiver closed the connection")
        events = await outbox.after(pool, sent, _AT_ONCE)
        if events:
            await receiver.send([form(each, sender) for each in events])
            sent = events[-1].seq
            unsure.append((loop.time() + receiver.unconfirmed_seconds, sent))
            figures.sent.labels(receiver.name).inc(len(events))
            went_well()
        ripe = confirmed
        while unsure and unsure[0][0] <= loop.time():
            ripe = unsure.popleft()[1]
        if not await outbox.confirm(pool, receiver.name, confirmed, ripe):
            # Somebody asked for what happened before.
            confirmed = sent = await outbox.confirmed_by(pool, receiver.name)
            unsure.clear()
            continue
        confirmed = ripe
        if len(events) < _AT_ONCE:
            await pause(stop, _LOOK_SECONDS)


async def _tidy(
    settings: Settings, pool: asyncpg.Pool, figures: Figures, stop: asyncio.Event
) -> None:
    """Tell the figures, and forget what was received long ago."""
    keep, told = timedelta(hours=settings.siem.keep_hours), 0
    while not stop.is_set():
        for each in await outbox.standings(pool):
            figures.waiting.labels(each.name).set(each.waiting)
        lost = await outbox.lost(pool)
        figures.lost.set(lost)
        if lost > told:
            log.error("security events lost: too many waited", lost=lost)
            told = lost
        await outbox.forget(pool, keep)
        await pause(stop, _TIDY_SECONDS)
