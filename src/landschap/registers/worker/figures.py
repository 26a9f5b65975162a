# SPDX-License-Identifier: EUPL-1.2
"""Figures of notices: what waits, since when, what died, and how attempts ended."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Counter, Gauge

from landschap.platform.loops import pause
from landschap.registers.delivering import Verdict
from landschap.registers.store import inbox, notices, subscriptions
from landschap.registers.store.rows import Pool
from landschap.registers.subscriptions import State

_SECONDS = 15.0


class Figures:
    """The figures of one process; what waits is counted in the database, so it is of all."""

    def __init__(self, registry: CollectorRegistry) -> None:
        labels = ["register"]
        self._waiting = Gauge(
            "landschap_notices_waiting",
            "Notices that wait to be sent, and assertions that subscriptions did not read yet.",
            labels, registry=registry,
        )  # fmt: skip
        self._oldest = Gauge(
            "landschap_notices_oldest_seconds",
            "How long ago the first change was registered of which somebody is still to be told.",
            labels, registry=registry,
        )  # fmt: skip
        self._dead = Gauge(
            "landschap_notices_dead", "Notices that are not tried again.",
            labels, registry=registry,
        )  # fmt: skip
        self._subscriptions = Gauge(
            "landschap_notices_subscriptions", "Subscriptions by state.",
            [*labels, "state"], registry=registry,
        )  # fmt: skip
        self._attempts = Counter(
            "landschap_notices_attempts", "Attempts to send notices, by how they ended.",
            ["verdict"], registry=registry,
        )  # fmt: skip
        self._inbox = Gauge(
            "landschap_inbox_waiting", "Notices of others that were not acted upon yet.",
            registry=registry,
        )  # fmt: skip
        self._inbox_oldest = Gauge(
            "landschap_inbox_oldest_seconds", "How long ago the first of these came.",
            registry=registry,
        )  # fmt: skip
        for verdict in Verdict:
            self._attempts.labels(verdict.value)

    def attempted(self, verdict: Verdict, count: int = 1) -> None:
        """Count attempts."""
        self._attempts.labels(verdict.value).inc(count)

    async def look(self, pool: Pool, now: datetime) -> None:
        """Count what waits now."""
        count, since = await inbox.backlog(pool)
        self._inbox.set(count)
        self._inbox_oldest.set(max((now - (since or now)).total_seconds(), 0.0))
        behind = await notices.backlogs(pool)
        every = await subscriptions.subscriptions(pool, with_ended=False)
        for register in {each.register for each in every}:
            of = [each for each in every if each.register == register]
            logs = [behind[each.subscription_id] for each in of if each.subscription_id in behind]
            oldest = min((each.oldest_at for each in logs if each.oldest_at), default=now)
            self._waiting.labels(register).set(sum(each.unread + each.waiting for each in logs))
            self._oldest.labels(register).set(max((now - oldest).total_seconds(), 0.0))
            self._dead.labels(register).set(sum(each.dead for each in logs))
            for state in State:
                count = sum(each.state is state for each in of)
                self._subscriptions.labels(register, state.value).set(count)


async def keep_counted(pool: Pool, figures: Figures, stop: asyncio.Event) -> None:
    """Count every fifteen seconds until ``stop``, and forget dead letters of long ago."""
    while not stop.is_set():
        now = datetime.now(UTC)
        await figures.look(pool, now)
        await notices.forget_dead(pool, now)
        await pause(stop, _SECONDS)
