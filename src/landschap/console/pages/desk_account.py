# SPDX-License-Identifier: EUPL-1.2
"""Who looked somebody up at the desk, why, and what came of it: for who answers for the log.

    /console/balie/verantwoording

A person stands here by a pseudonym, as in the log. Looking here is a look of the officer.
Source: AVG art. 5 lid 2; BIO2, 8.15.
"""

from __future__ import annotations

from typing import Any

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from landschap.console.desk import store
from landschap.console.pages.context import (
    LOG,
    START,
    AnyRequest,
    ConsoleDeps,
    both,
    door_of,
    words_of,
)
from landschap.console.pages.officer import Officer
from landschap.logboek.pseudonyms import as_subject_id
from landschap.platform.web import N_

_WHY = "verantwoording van de balie bekijken"
_SHOWN = 200


def account_routes(deps: ConsoleDeps) -> list[HTTPRouteHandler]:
    """The route of the account of the desk; none where nobody answers for the log."""
    console = deps.settings.oidc.console
    if console is None or not console.log_officers:
        return []
    door, officer = door_of(deps), Officer(deps)

    @get(both("/balie/verantwoording"))
    async def account(request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        if asked.session is None:
            return door.to_login(asked)
        officer.require(asked)
        await officer.note(asked, "balie", "verantwoording", _WHY)
        values = {
            "rows": await store.account(deps.pool, _SHOWN),
            "person_of": lambda each: as_subject_id(each.person) if each.person else "",
        }
        title = words_of(deps, asked).say(N_("Verantwoording van de balie"))
        return door.show(
            asked, "console/desk_account.html", title, values=values, part=LOG.path,
            crumbs=(START, LOG),
        )  # fmt: skip

    return [account]
