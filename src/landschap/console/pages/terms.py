# SPDX-License-Identifier: EUPL-1.2
"""Do we keep our terms: what waits, until when, and who must act now.

    /console/termijnen    ageing list, what is past its term on top

No person stands in it, so that no reason is asked; what is behind a row asks its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from landschap.console.council.store.waiting import waiting_now
from landschap.console.council.terms import Level, Matter, Waiting
from landschap.console.known import Known
from landschap.console.pages.context import (
    LOG,
    START,
    AnyRequest,
    Asked,
    ConsoleDeps,
    Words,
    both,
    door_of,
    words_of,
)
from landschap.console.pages.officer import Officer
from landschap.gateway.usage.store import Rooms
from landschap.platform.web import N_, Link

TERMS = Link(path="/console/termijnen", label=N_("Termijnen"))
_MOST = 200
_MATTERS: Mapping[Matter, str] = {
    Matter.CORRECTION: N_("Melding dat een gegeven niet klopt"),
    Matter.ACCESS: N_("Verzoek om inzage"),
    Matter.INCIDENT: N_("Datalek: melden of afsluiten"),
    Matter.EMERGENCY: N_("Noodtoegang beoordelen"),
    Matter.UNTOLD: N_("Achtergehouden gebruik herzien"),
}
_TERMS: Mapping[Matter, str] = {
    Matter.CORRECTION: N_("een maand (AVG 12 lid 3)"),
    Matter.ACCESS: N_("een maand (AVG 12 lid 3)"),
    Matter.INCIDENT: N_("72 uur (AVG 33 lid 1)"),
    Matter.EMERGENCY: N_("een week (eigen norm)"),
    Matter.UNTOLD: N_("zes maanden (eigen norm)"),
}
_LEVELS: Mapping[Level, tuple[str, str, str]] = {
    Level.RUNS: ("neutral", N_("Loopt"), N_("wie het behandelt")),
    Level.NEAR: ("warning", N_("Bijna voorbij"), N_("de leidinggevende")),
    Level.PAST: ("danger", N_("Te laat"), N_("de functionaris gegevensbescherming")),
    Level.BOARD: ("danger", N_("Meer dan een maand te laat"), N_("het college")),
}


def term_routes(deps: ConsoleDeps) -> list[HTTPRouteHandler]:
    """The route of this page; none where nobody may look in the log."""
    console, rooms = deps.settings.oidc.console, deps.usage
    if rooms is None or not (console and console.log_officers):
        return []
    door, officer = door_of(deps), Officer(deps)

    @get(both("/termijnen"))
    async def terms(request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        if asked.session is None:
            return door.to_login(asked)
        officer.require(asked)
        return await _page(deps, rooms, asked)

    return [terms]


async def past_terms(deps: ConsoleDeps) -> int | None:
    """How many terms have passed; None where there is no page of terms."""
    if deps.usage is None:
        return None
    now = datetime.now(UTC)
    waiting = await waiting_now(deps.pool, deps.registers.pool, deps.usage.log, now)
    return sum(each.level(now).is_past for each in waiting)


async def _page(deps: ConsoleDeps, rooms: Rooms, asked: Asked[Known]) -> Response[str]:
    words, now = words_of(deps, asked), datetime.now(UTC)
    waiting = await waiting_now(deps.pool, deps.registers.pool, rooms.log, now)
    counts = Counter((each.matter, each.level(now)) for each in waiting)
    values = {
        "rows": [_row(words, each, now) for each in waiting[:_MOST]],
        "more": max(0, len(waiting) - _MOST),
        "past": sum(each.level(now).is_past for each in waiting),
        "levels": [words.say(title) for _, title, _ in _LEVELS.values()],
        "matters": [
            (words.say(title), words.say(_TERMS[each]), [counts[each, level] for level in _LEVELS])
            for each, title in _MATTERS.items()
        ],
    }
    return door_of(deps).show(
        asked, "console/terms.html", words.say(TERMS.label), values=values, part=LOG.path,
        crumbs=(START, LOG),
    )  # fmt: skip


def _row(words: Words, one: Waiting, now: datetime) -> dict[str, Any]:
    kind, title, turn = _LEVELS[one.level(now)]
    left = one.days_left(now)
    return {
        "what": words.say(_MATTERS[one.matter]),
        "path": one.path,
        "since": one.since,
        "until": one.until,
        "left": left,
        "past": -left if left < 0 else 0,
        "kind": kind,
        "level": words.say(title),
        "turn": words.say(turn),
    }
