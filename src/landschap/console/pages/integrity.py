# SPDX-License-Identifier: EUPL-1.2
"""Can the log be trusted: what is signed, who keeps it beside us, and verifying it now.

    /console/integriteit    lanes, anchors, witnesses, clock; and the last verification

The worker verifies; here it is asked for, and told how far it is and what came out. One
verification runs at a time, for everybody. The command is shown too: whoever does not trust this
screen has another way.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

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
from landschap.console.verifying.store import ask, newest
from landschap.fsc.store import peer_names
from landschap.fsc.witnesses.store import Keeping, keepings
from landschap.gateway.usage.store import Rooms
from landschap.logboek import store
from landschap.logboek.anchors import Anchor, InvalidAnchor, read_anchor
from landschap.platform.ids import uuid7
from landschap.platform.web import N_

KIND = "controle"
_SKEW_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What is known without verifying: how far each lane is, what was signed, who keeps what.

    ``signed`` is the last batch of each lane that the newest anchor speaks of. ``skew_seconds`` is
    how far our clock is ahead of that of the database.
    """

    records: int
    lanes: list[tuple[str, int, bytes]]
    signed: dict[str, int]
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

    @get(both("/integriteit"))
    async def page(request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        if asked.session is None:
            return door.to_login(asked)
        officer.require(asked)
        return await _page(deps, rooms, asked)

    @post(both("/integriteit"), status_code=303)
    async def begin(request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        if asked.session is None:
            return door.to_login(asked)
        form = await officer.form(asked, request)
        errors = reason_fault(form)
        if errors:
            return await _page(deps, rooms, asked, form, errors)
        await officer.note(asked, KIND, "", form["reden"])
        total = await store.count_records(rooms.log)
        await ask(deps.pool, uuid7(), datetime.now(UTC), total)
        return Redirect(asked.at(INTEGRITY.path), status_code=303)

    return [page, begin]


async def _page(  # the form comes back with what was typed
    deps: ConsoleDeps,
    rooms: Rooms,
    asked: Asked[Known],
    typed: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
) -> Response[str]:
    words, wrong = words_of(deps, asked), errors or {}
    names = await peer_names(rooms.fsc)
    values = {
        "state": await _state(rooms),
        "verification": await newest(deps.pool),
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
        signed=_signed(anchor),
        anchored_at=anchor.at if anchor else None,
        months=await store.dropped_months(rooms.log),
        keeping=await keepings(rooms.fsc),
        skew_seconds=(middle - theirs).total_seconds(),
    )


def _signed(anchor: Anchor | None) -> dict[str, int]:
    if anchor is None:
        return {}
    try:
        return {each.lane: each.no for each in read_anchor(anchor).lanes}
    except InvalidAnchor:  # verifying names it
        return {}
