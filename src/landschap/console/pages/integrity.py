# SPDX-License-Identifier: EUPL-1.2
"""Can the log be trusted: what is signed, who keeps it beside us, and verifying it now.

    /console/integriteit    lanes, anchors, witnesses, clock; and the last verification

One verification runs at a time, for everybody, and goes on while pages are looked at. A log larger
than a page can take is verified by the command, which is shown anyway: whoever does not trust this
screen has another way.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import asyncpg
import structlog
from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect

from landschap.console.known import Known
from landschap.console.pages.context import (
    INTEGRITY,
    LOG,
    START,
    AnyRequest,
    Asked,
    ConsoleDeps,
    both,
    door_of,
    words_of,
)
from landschap.console.pages.officer import Officer, reason_fault
from landschap.fsc.store import peer_names
from landschap.fsc.witnesses.store import Keeping, keepings
from landschap.gateway.usage.store import Rooms
from landschap.logboek import store
from landschap.logboek.findings import Report
from landschap.logboek.trust import trust_in
from landschap.logboek.verify import Trust, verify
from landschap.platform.identity import read_certificates
from landschap.platform.keys import own_chain
from landschap.platform.settings import Settings
from landschap.platform.web import N_

log = structlog.get_logger(__name__)

KIND = "controle"
MOST = 1_000_000
"""Records that a page verifies; above that only the command does."""
_SECONDS = 300
_PATIENCE_SECONDS = 2.0
_SKEW_SECONDS = 2.0


@dataclass(slots=True)
class Verifying:
    """One verification at a time, of which the outcome is kept until the next."""

    deps: ConsoleDeps
    rooms: Rooms
    report: Report | None = None
    ended: datetime | None = None
    done: int = 0
    total: int = 0
    failed: bool = False
    _task: asyncio.Task[None] | None = field(default=None, repr=False)

    @property
    def runs(self) -> bool:
        """True while one is under way."""
        return self._task is not None and not self._task.done()

    async def begin(self, total: int) -> None:
        """Begin one, unless one runs; waits two seconds at most for it."""
        if not self.runs:
            self.done, self.total, self.failed, self.report = 0, total, False, None
            self._task = asyncio.create_task(self._verify())
        assert self._task is not None  # noqa: S101  # made above
        await asyncio.wait({self._task}, timeout=_PATIENCE_SECONDS)

    async def _verify(self) -> None:
        try:
            async with asyncio.timeout(_SECONDS):
                dropped = await store.dropped_months(self.rooms.log)
                trust = _trust(self.deps.settings)
                async with store.snapshot(self.rooms.log) as snapshot:
                    self.report = await verify(
                        snapshot, dropped=dropped, trust=trust, progress=self._advance
                    )
            self.ended = datetime.now(UTC)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            self.failed = True
            log.warning("the log could not be verified", error=type(error).__name__)

    def _advance(self, done: int) -> None:
        self.done = done


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What is known without verifying: how far each lane is, what was signed, who keeps what.

    ``skew_seconds`` is how far our clock is ahead of that of the database.
    """

    records: int
    lanes: list[tuple[str, int, bytes]]
    anchored_at: datetime | None
    months: list[Any]
    keeping: list[Keeping]
    skew_seconds: float

    @property
    def clocks_differ(self) -> bool:
        """True when the clocks are further apart than a question may take."""
        return abs(self.skew_seconds) > _SKEW_SECONDS


def integrity_routes(deps: ConsoleDeps) -> list[HTTPRouteHandler]:
    """The routes of this page; none where nobody may look in the log."""
    console = deps.settings.oidc.console
    if deps.usage is None or not (console and console.log_officers):
        return []
    door, officer, rooms = door_of(deps), Officer(deps), deps.usage
    verifying = Verifying(deps, rooms)

    @get(both("/integriteit"))
    async def page(request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        if asked.session is None:
            return door.to_login(asked)
        officer.require(asked)
        return await _page(deps, rooms, verifying, asked)

    @post(both("/integriteit"), status_code=303)
    async def begin(request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        if asked.session is None:
            return door.to_login(asked)
        form = await officer.form(asked, request)
        errors = reason_fault(form)
        total = await store.count_records(rooms.log)
        if errors or total > MOST:
            return await _page(deps, rooms, verifying, asked, form, errors)
        await officer.note(asked, KIND, "", form["reden"])
        await verifying.begin(total)
        return Redirect(asked.at(INTEGRITY.path), status_code=303)

    return [page, begin]


async def _page(  # the form comes back with what was typed
    deps: ConsoleDeps,
    rooms: Rooms,
    verifying: Verifying,
    asked: Asked[Known],
    typed: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
) -> Response[str]:
    words, wrong = words_of(deps, asked), errors or {}
    names = await peer_names(rooms.fsc)
    values = {
        "state": await _state(rooms),
        "verifying": verifying,
        "report": verifying.report,
        "most": MOST,
        "witnesses": [names.get(e.value, e.value) for e in deps.settings.witness.peers],
        "names": names,
        "given": {"reden": (typed or {}).get("reden", "")},
        "errors": {name: words.say(text) for name, text in wrong.items()},
        "labels": {"reden": words.say(N_("Waarom rekent u het na?"))},
    }
    return door_of(deps).show(
        asked, "console/integrity.html", words.say(INTEGRITY.label), values=values, part=LOG.path,
        crumbs=(START, LOG), status=400 if wrong else 200, is_wrong=bool(wrong),
    )  # fmt: skip


async def _state(rooms: Rooms) -> State:
    began = datetime.now(UTC)
    theirs = await rooms.log.fetchval("SELECT clock_timestamp()")
    middle = began + (datetime.now(UTC) - began) / 2
    anchor = await store.last_anchor(rooms.log)
    return State(
        records=await store.count_records(rooms.log),
        lanes=await store.lane_ends(rooms.log),
        anchored_at=anchor.at if anchor else None,
        months=await store.dropped_months(rooms.log),
        keeping=await keepings(rooms.fsc),
        skew_seconds=(middle - theirs).total_seconds(),
    )


def _trust(settings: Settings) -> Trust | None:
    anchors = [each for path in settings.identity.trust_anchors for each in read_certificates(path)]
    return trust_in(anchors, own_chain(settings)[1:]) if anchors else None
