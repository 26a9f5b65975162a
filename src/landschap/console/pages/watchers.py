# SPDX-License-Identifier: EUPL-1.2
"""The log on the log: what an officer can do with it, and who looked at it, and why.

    /console/logboek        what is off these days, and where each question is answered
    /console/meekijkers     every look, newest first, with its reason

Who watches is watched by all who may look: the list itself needs no reason.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from landschap.console.known import Known
from landschap.console.links.worker import MOST
from landschap.console.officers.overview import PEAK, Overview, overview_of
from landschap.console.officers.store import log_looks
from landschap.console.pages.broken_links import links_of
from landschap.console.pages.context import (
    LOG,
    START,
    WATCHERS,
    AnyRequest,
    Asked,
    ConsoleDeps,
    both,
    door_of,
    refuse,
    words_of,
)
from landschap.console.pages.held import held_in
from landschap.console.pages.officer import Officer
from landschap.console.pages.terms import past_terms
from landschap.console.pages.trace_view import LOOKS
from landschap.fsc.states import State
from landschap.fsc.store import contracts
from landschap.logboek.records import Kind, Record
from landschap.logboek.store import latest
from landschap.platform.web import N_

_ROWS = 50
PERIOD, SOON = timedelta(days=7), timedelta(days=60)
_PAGE, _MOST = 1000, 5000
_BEFORE = "voor"


def watcher_routes(deps: ConsoleDeps) -> list[HTTPRouteHandler]:
    """The routes of these pages; none where nobody may look in the log."""
    console = deps.settings.oidc.console
    if console is None or not console.log_officers:
        return []
    door, officer = door_of(deps), Officer(deps)

    @get(both("/logboek"))
    async def hub(request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        if asked.session is None:
            return door.to_login(asked)
        officer.require(asked)
        title = words_of(deps, asked).say(N_("Logboek"))
        values = {
            "has_persons": bool(console.access_activity),
            "has_places": deps.places is not None,
            "has_desk": deps.settings.desk is not None and deps.opens is not None,
            "overview": await _overview(deps),
            "held": await held_in(deps.usage) if deps.usage else None,
            "past": await past_terms(deps),
            "days": PERIOD.days,
            "peak": PEAK,
            "links": await links_of(deps, PERIOD),
            "most_compared": MOST,
            "ending": await _ending(deps),
            "soon": SOON.days,
        }
        return door.show(
            asked, "console/log.html", title, values=values, part=LOG.path, crumbs=(START,)
        )

    @get(both("/meekijkers"), opt={"query": (_BEFORE,)})
    async def watchers(request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        return await _watchers(deps, officer, asked) if asked.session else door.to_login(asked)

    return [hub, watchers]


async def _overview(deps: ConsoleDeps) -> Overview | None:
    """The refusals of these days, the newest five thousand; None where no log is read."""
    if deps.usage is None:
        return None
    records: list[Record] = []
    since, last = datetime.now(UTC) - PERIOD, None
    while len(records) < _MOST:
        found = await latest(
            deps.usage.log, since=since, limit=_PAGE, before_record=last, kind=Kind.ADL
        )
        records += found
        if len(found) < _PAGE:
            break
        last = found[-1].record_id
    return overview_of(records)


async def _ending(deps: ConsoleDeps) -> list[tuple[str, datetime]]:
    """The valid contracts that end within sixty days, and our own certificate; the first on top.

    A contract is named by its hash, the certificate by nothing.
    """
    if deps.contracts is None:
        return []
    now = datetime.now(UTC)
    found = [
        (each.contract.hash.value, each.contract.not_after)
        for each in await contracts(deps.contracts.pool)
        if each.state(now) is State.VALID
    ]
    found.append(("", deps.contracts.own().certificate.not_after))
    return sorted((each for each in found if each[1] < now + SOON), key=lambda each: each[1])


async def _watchers(deps: ConsoleDeps, officer: Officer, asked: Asked[Known]) -> Response[str]:
    officer.require(asked)
    before = asked.query.get(_BEFORE)
    try:
        last = UUID(before) if before else None
    except ValueError:
        raise refuse(404, "not_found", "There is no such page") from None
    found = list(await log_looks(deps.pool, before=last, limit=_ROWS + 1))
    shown = found[:_ROWS]
    values = {
        "looks": shown,
        "kinds": LOOKS,
        "next": f"{WATCHERS.path}?{_BEFORE}={shown[-1].look_id}" if len(found) > _ROWS else "",
        "first": last is None,
    }
    title = words_of(deps, asked).say(WATCHERS.label)
    return door_of(deps).show(
        asked, "console/watchers.html", title, values=values, part=LOG.path, crumbs=(START, LOG)
    )
