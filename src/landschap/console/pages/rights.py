# SPDX-License-Identifier: EUPL-1.2
"""Who may what by contract: on a day, and what is different from another day.

/console/rechten?op=DAY&met=DAY    organisation by service by purpose
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from landschap.console.known import Known
from landschap.console.officers.matrix import compare, rights_at
from landschap.console.pages.context import (
    LOG,
    START,
    AnyRequest,
    Asked,
    ConsoleDeps,
    Contracts,
    both,
    door_of,
    words_of,
)
from landschap.console.pages.officer import Officer
from landschap.fsc.store import contracts, peer_names
from landschap.platform.web import N_
from landschap.purposes.model import midnight
from landschap.vocabulary.times import amsterdam_day, read_typed_day, typed_day

_NOT_A_DAY = N_("Schrijf een bestaande datum als 24-11-2026")
_MONTH = timedelta(days=30)
_MOST = 500


def rights_routes(deps: ConsoleDeps) -> list[HTTPRouteHandler]:
    """The route of this page; none where nobody may look in the log."""
    console, kept = deps.settings.oidc.console, deps.contracts
    if kept is None or not (console and console.log_officers):
        return []
    door, officer = door_of(deps), Officer(deps)

    @get(both("/rechten"), opt={"query": ("op", "met")})
    async def rights(request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        if asked.session is None:
            return door.to_login(asked)
        officer.require(asked)
        return await _page(deps, kept, asked)

    return [rights]


async def _page(deps: ConsoleDeps, kept: Contracts, asked: Asked[Known]) -> Response[str]:
    words, today = words_of(deps, asked), amsterdam_day(datetime.now(UTC))
    typed = {
        "op": asked.query.get("op") or typed_day(today),
        "met": asked.query.get("met") or typed_day(today - _MONTH),
    }
    days = {name: read_typed_day(text) for name, text in typed.items()}
    errors = {name: words.say(_NOT_A_DAY) for name, day in days.items() if day is None}
    stored = [(each.contract, each.signatures) for each in await contracts(kept.pool)]
    on, beside = (rights_at(stored, _end_of(days[name] or today)) for name in ("op", "met"))
    known = deps.snapshot().purposes
    names = {
        **await peer_names(kept.pool),
        deps.settings.organisation.oin.value: deps.settings.organisation.name,
    }
    compared = compare(on, beside)
    values = {
        "compared": compared,
        "rows": compared.rows[:_MOST],
        "more": max(0, len(compared.rows) - _MOST),
        "names": names,
        "purposes": {uri: words.text(each.purpose.label) for uri, each in known.items()},
        "given": typed,
        "errors": errors,
        "labels": {"op": words.say(N_("Op")), "met": words.say(N_("Vergelijk met"))},
    }
    title = words.say(N_("Wie mag wat, volgens contracten"))
    return door_of(deps).show(
        asked, "console/rights.html", title, values=values, part=LOG.path, crumbs=(START, LOG),
        status=400 if errors else 200, is_wrong=bool(errors),
    )  # fmt: skip


def _end_of(day: date) -> datetime:
    """The end of that day in the Netherlands, and never later than now."""
    return min(midnight(day + timedelta(days=1)), datetime.now(UTC))
