# SPDX-License-Identifier: EUPL-1.2
"""Granted against used, for who keeps the register of purposes.

    /console/verwerkingen/gebruik    per purpose, service and receiver; and what nobody used

Counting a large log takes minutes, so a page waits two seconds at most: then it tells how far it
is, and asking again shows what came of it. One count serves everybody for a quarter of an hour.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import structlog
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from landschap.console.known import Known
from landschap.console.pages.context import (
    PROCESSING,
    START,
    AnyRequest,
    Asked,
    ConsoleDeps,
    both,
    door_of,
    is_register_officer,
    refuse,
    session_of,
    words_of,
)
from landschap.console.pages.processing import hidden_in
from landschap.console.usage import shown_of
from landschap.gateway.usage.report import Report
from landschap.gateway.usage.store import Rooms, measured
from landschap.logboek.store import stretches
from landschap.platform.web import N_
from landschap.vocabulary.problems import ProblemError

log = structlog.get_logger(__name__)

PERIOD = timedelta(days=90)
_TITLE = N_("Verleend en gebruikt")
_FRESH = timedelta(minutes=15)
_PATIENCE_SECONDS = 2.0
_SHOWN = 500


@dataclass(slots=True)
class Counting:
    """One count at a time, of which the result is kept."""

    rooms: Rooms
    report: Report | None = None
    done: int = 0
    total: int = 0
    failed: bool = False
    _task: asyncio.Task[None] | None = field(default=None, repr=False)

    async def recent(self, now: datetime) -> Report | None:
        """What was counted within a quarter of an hour; None while it is being counted."""
        if self.report is not None and now - self.report.until < _FRESH:
            return self.report
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._count(now))
        await asyncio.wait({self._task}, timeout=_PATIENCE_SECONDS)
        is_fresh = self.report is not None and now - self.report.until < _FRESH
        return self.report if is_fresh else None

    async def _count(self, now: datetime) -> None:
        self.done, self.total, self.failed = 0, len(stretches(now - PERIOD, now)), False
        try:
            self.report = await measured(self.rooms, now - PERIOD, now, PERIOD, self._advance)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ProblemError) as error:
            self.failed = True
            log.warning("use could not be counted", error=str(error))

    def _advance(self, done: int) -> None:
        self.done = done


def minimising_routes(deps: ConsoleDeps) -> list[HTTPRouteHandler]:
    """The route of this page; none where the console can not read the log."""
    if deps.usage is None:
        return []
    door, counting = door_of(deps), Counting(deps.usage)

    @get(both("/verwerkingen/gebruik"))
    async def used(request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        if asked.session is None:
            return door.to_login(asked)
        if not is_register_officer(deps, session_of(asked).known):
            raise refuse(
                403, "role_not_allowed", "This page is for who keeps the register of purposes"
            )
        return await _page(deps, asked, counting)

    return [used]


async def _page(deps: ConsoleDeps, asked: Asked[Known], counting: Counting) -> Response[str]:
    report = await counting.recent(datetime.now(UTC))
    words, snapshot = words_of(deps, asked), await deps.snapshot.newest()
    values: dict[str, Any] = {
        "days": PERIOD.days,
        "failed": counting.failed,
        "done": counting.done,
        "total": counting.total,
    }
    if report is not None:
        shown = shown_of(report, hidden_in(snapshot, report.snapshot))
        purposes = {uri: words.text(k.purpose.label) for uri, k in snapshot.purposes.items()}
        values |= {
            "shown": shown,
            "rows": shown.rows[:_SHOWN],
            "more": max(0, len(shown.rows) - _SHOWN),
            "purposes": purposes,
            "begins_late": report.begin is not None and report.begin > report.since,
        }
    return door_of(deps).show(
        asked,
        "console/minimising.html",
        words.say(_TITLE),
        values=values,
        part=PROCESSING.path,
        crumbs=(START, PROCESSING),
    )
