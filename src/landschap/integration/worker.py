# SPDX-License-Identifier: EUPL-1.2
"""Scheduled extracts: looked at every minute, made one after the other.

One that fails is tried again, later each time; the log says why, and nothing is left behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from landschap.integration.bulk.schedule import InvalidSchedule, Schedule, parse_schedule
from landschap.platform.loops import forever, pause

log = structlog.get_logger(__name__)
SCHEDULES_FOLDER = "extracten"
MADE_FOLDER = "extracten"
LOOK_SECONDS = 60.0
_FIRST_WAIT = timedelta(minutes=5)
_LONGEST_WAIT = timedelta(hours=6)

Make = Callable[[Schedule, Path, str], Awaitable[object]]
"""Makes the extract of a schedule in a folder, under a name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractDeps:
    """Where schedules stand, where extracts are put, and what makes them."""

    schedules: Path
    made: Path
    make: Make


@dataclass(slots=True)
class _Waiting:
    """When one that failed is tried again, and how long is waited the next time."""

    until: datetime
    wait: timedelta = field(default=_FIRST_WAIT)


def read_schedules(folder: Path) -> tuple[dict[str, Schedule], dict[str, str]]:
    """The schedules of a folder by name, and what is wrong with the others."""
    found: dict[str, Schedule] = {}
    wrong: dict[str, str] = {}
    for path in sorted(folder.glob("*.toml")):
        try:
            found[path.stem] = parse_schedule(path.stem, path.read_text("utf-8"))
        except (InvalidSchedule, OSError, UnicodeDecodeError) as error:
            wrong[path.stem] = str(error)
    return found, wrong


async def keep_extracting(deps: ExtractDeps, stop: asyncio.Event) -> None:
    """Make what is due, until asked to stop: then what is being made is given up, and made anew
    by who starts next.
    """
    keeper = Keeper(deps)

    async def follow() -> None:
        while not stop.is_set():
            await keeper.look(datetime.now(UTC))
            await pause(stop, LOOK_SECONDS)

    following = asyncio.create_task(forever(follow, stop, "extracts"))
    try:
        await stop.wait()
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following


class Keeper:
    """Follows the schedules."""

    def __init__(self, deps: ExtractDeps) -> None:
        self._deps = deps
        self._waiting: dict[str, _Waiting] = {}
        self._told: dict[str, str] = {}

    async def look(self, now: datetime) -> None:
        """Make what is due at this moment."""
        schedules, wrong = await asyncio.to_thread(read_schedules, self._deps.schedules)
        for name, why in wrong.items():
            if self._told.get(name) != why:
                log.error("schedule_not_followed", schedule=name, why=why)
        self._told = wrong
        for schedule in schedules.values():
            waits = self._waiting.get(schedule.name)
            if waits is not None and now < waits.until:
                continue
            if schedule.is_due(now, await asyncio.to_thread(self._there)):
                await self._make(schedule, now)

    def _there(self) -> set[str]:
        folder = self._deps.made
        return {path.name for path in folder.iterdir()} if folder.is_dir() else set()

    async def _make(self, schedule: Schedule, now: datetime) -> None:
        name = schedule.file(schedule.slot(now))
        try:
            await self._deps.make(schedule, self._deps.made, name)
        except Exception as error:  # one extract must not stop the others, nor the worker
            waits = self._waiting.get(schedule.name)
            wait = min(waits.wait * 2, _LONGEST_WAIT) if waits else _FIRST_WAIT
            self._waiting[schedule.name] = _Waiting(now + wait, wait)
            log.exception("extract_failed", schedule=schedule.name, error=type(error).__name__)
            return
        self._waiting.pop(schedule.name, None)
        log.info("extract_made", schedule=schedule.name, file=name)
        try:
            await asyncio.to_thread(self._remove, schedule)
        except OSError as error:  # what is too old stays, the next one is made all the same
            log.exception("extract_not_removed", schedule=schedule.name, why=error.strerror)

    def _remove(self, schedule: Schedule) -> None:
        for name in schedule.outdated(self._there()):
            (self._deps.made / name).unlink(missing_ok=True)
