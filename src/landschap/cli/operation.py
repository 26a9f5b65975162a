# SPDX-License-Identifier: EUPL-1.2
"""What the supervisor does beside keeping parts alive: answer operators, warn, renew nginx."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import asyncpg

from landschap.cli.decision_terms import decision_terms
from landschap.cli.ends import Told, agreed_endings, own_endings
from landschap.cli.held_back import held_back
from landschap.platform import admin
from landschap.platform.admin import Answer
from landschap.platform.carrier import Carrier
from landschap.platform.part_figures import PLAIN, figures_of, joined
from landschap.platform.processes import Supervisor
from landschap.platform.revocation import in_alarm
from landschap.platform.rotation import Rotation
from landschap.platform.settings import Settings
from landschap.platform.telemetry import Figures, logger
from landschap.platform.trouble import Trouble
from landschap.vocabulary.times import amsterdam_day

if TYPE_CHECKING:
    from landschap.cli.carrying import Renderer

_EXPIRY_SECONDS = 3_600.0
_LISTS_SECONDS = 10.0
_CARRIER_SECONDS = 2.0
_ROTATION_SECONDS = 60.0


class Operation:
    """The admin listener and the watches, for as long as the block runs."""

    def __init__(
        self, settings: Settings, supervisor: Supervisor, carrier: Carrier, figures: Figures
    ) -> None:
        self._settings = settings
        self._supervisor = supervisor
        self._carrier = carrier
        self._figures = figures
        self._server: asyncio.Server | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._renderer: Renderer | None = None
        self._told = Told()
        self._alarms: dict[str, str] = {}
        self._rotation = Rotation(
            folder=settings.paths.data / "logs",
            largest_bytes=settings.log.access_megabytes * 1_000_000,
            keep=timedelta(days=settings.log.access_days),
        )

    async def __aenter__(self) -> Self:
        if self._settings.listen.admin:
            self._server = await admin.listen(self._settings.listen.admin, self._pages())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def begin(self, renderer: Renderer) -> None:
        """Begin to watch what ends, and what nginx should carry."""
        self._renderer = renderer
        self._tasks = [
            asyncio.create_task(_every(_EXPIRY_SECONDS, self._look_at_ends)),
            asyncio.create_task(_every(_LISTS_SECONDS, self._look_at_lists)),
            asyncio.create_task(self._follow(renderer)),
            asyncio.create_task(_every(_ROTATION_SECONDS, self._rotate)),
        ]

    async def rest(self) -> None:
        """End the watches and their connections: the database is about to stop."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._renderer is not None:
            self._renderer.close()

    async def _follow(self, renderer: Renderer) -> None:
        """Renew nginx's configuration when told, and every two seconds in case nobody told."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(renderer.changed(), _CARRIER_SECONDS)
            try:
                outcome = await self._carrier.refresh()
            except Trouble as trouble:
                logger().warning("nginx's configuration not renewed", why=trouble.what)
                continue
            if outcome:
                self._figures.reloads.labels(outcome=outcome).inc()

    async def _rotate(self) -> None:
        """Rename the log files of nginx that are due, and have it open new ones."""
        try:
            renamed = await asyncio.to_thread(self._rotation.rotate, datetime.now(UTC))
        except OSError as error:
            logger().warning("log files of nginx not rotated", why=error.strerror)
            return
        if renamed:
            self._carrier.reopen()
            logger().info("log files of nginx rotated", files=[each.name for each in renamed])

    async def _look_at_ends(self) -> None:
        now = datetime.now(UTC)
        try:
            ends = own_endings(self._settings, now)
        except Trouble as trouble:
            logger().warning("certificates cannot be read", why=trouble.what, todo=trouble.remedy)
            return
        agreed = await agreed_endings(self._settings, now)
        for each in [*ends, *(one for one in agreed if one.kind != "contract")]:
            self._figures.certificate_days.labels(name=each.name).set(each.days_left(now))
        for grant, end in (await contract_ends(self._settings, now)).items():
            days = (end - now).total_seconds() / 86_400
            self._figures.contract_days.labels(grant=grant).set(days)
        held = await held_back(self._settings)
        if held is not None:
            for state, count in held.figures(amsterdam_day(now)).items():
                self._figures.held_back.labels(state=state).set(count)
        terms, today = await decision_terms(self._settings), amsterdam_day(now)
        if terms is not None:
            for state, count in terms.figures(today).items():
                self._figures.reports.labels(state=state).set(count)
        more = [*(held.endings() if held else ()), *(terms.endings(today) if terms else ())]
        self._told.tell([*ends, *agreed, *more], now)

    async def _look_at_lists(self) -> None:
        """Say which revocation lists are absent, ended or late: when it begins, and every hour."""
        now = datetime.now(UTC)
        try:
            alarms = dict(in_alarm(self._settings, now))
        except Trouble:
            return
        hour = f"{now:%Y-%m-%d %H}"
        for source, why in alarms.items():
            if self._alarms.get(source) != hour:
                logger().error("revocation list in alarm", source=source, why=why)
        self._alarms = dict.fromkeys(alarms, hour)

    def _pages(self) -> Mapping[str, admin.Page]:
        return {
            "/health/live": self._live,
            "/health/ready": self._ready,
            "/health/startup": self._startup,
            "/metrics": self._metrics,
            "/version": self._version,
        }

    async def _live(self) -> Answer:
        return Answer.of({"status": "live"})

    async def _startup(self) -> Answer:
        complete = self._supervisor.complete
        status = "started" if complete else "starting"
        return Answer.of({"status": status}, 200 if complete else 503)

    async def _ready(self) -> Answer:
        health = await self._supervisor.health()
        states = self._supervisor.states
        parts = {
            name: {
                "ready": well,
                "restarts": states[name].restarts,
                **({"lastEnd": states[name].last_end} if states[name].last_end else {}),
            }
            for name, well in health.items()
        }
        ready = self._supervisor.complete and all(health.values())
        status = "ready" if ready else "not ready"
        return Answer.of({"status": status, "parts": parts}, 200 if ready else 503)

    async def _metrics(self) -> Answer:
        health = await self._supervisor.health()
        for name, well in health.items():
            self._figures.part_up.labels(part=name).set(int(well))
            self._figures.set_restarts(name, self._supervisor.states[name].restarts)
        if self._renderer is not None:
            self._figures.set_carried((await self._renderer.carried()).items())
        told = await figures_of(self._settings, health)
        return Answer(200, self._figures.exposition() + joined(told), PLAIN)

    async def _version(self) -> Answer:
        running = self._carrier.running
        return Answer.of(
            {
                "version": version("landschap"),
                "organisation": self._settings.organisation.oin.value,
                "configuration": running.version if running else None,
            }
        )


async def contract_ends(settings: Settings, now: datetime) -> dict[str, datetime]:
    """For each valid connection grant when it ends; empty while the database is away."""
    from landschap.fsc.store import connection_grants
    from landschap.platform import postgres

    try:
        pool = await postgres.pool(settings, "fsc", size=1)
    except Trouble:
        return {}
    try:
        grants = await connection_grants(pool, now)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return {}
    finally:
        pool.terminate()
    return {str(grant.grant_hash): grant.not_after for grant in grants if grant.valid}


async def _every(seconds: float, work: Callable[[], Awaitable[Any]]) -> None:
    while True:
        await work()
        await asyncio.sleep(seconds)
