# SPDX-License-Identifier: EUPL-1.2
"""What is held back from residents, for who watches over it: since when, and until which review.

    /console/achtergehouden

Decided is on the command line, by two people. Here stand the decisions and never a line, so no
reason is asked. A review that is late, or a decision that is missing, is said on top.
Source: UAVG art. 41; AVG art. 23.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from landschap.console.known import Known
from landschap.console.pages.context import (
    BASE,
    LOG,
    START,
    AnyRequest,
    Asked,
    ConsoleDeps,
    both,
    door_of,
    words_of,
)
from landschap.console.pages.officer import Officer
from landschap.gateway.usage.store import Rooms
from landschap.logboek.disclosure import GROUNDS, Hold, PostLift, undecided
from landschap.logboek.store.holds import holds
from landschap.platform.web import N_, Link
from landschap.purposes.model import Text
from landschap.purposes.store import activity_versions, confidential_activities
from landschap.vocabulary.times import amsterdam_day

HELD = Link(path=f"{BASE}/achtergehouden", label=N_("Achtergehouden gebruik"))
AFTER = {
    PostLift.SHOW: N_("alles wordt verteld"),
    PostLift.SHOW_GENERIC: N_("alleen dat er gebruik was"),
    PostLift.NEVER: N_("niets wordt verteld"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The holds, those in force first, and the activities nobody decided on; with their names."""

    standing: tuple[Hold, ...]
    lifted: tuple[Hold, ...]
    undecided: tuple[str, ...]
    names: Mapping[str, Text]
    today: date

    @property
    def late(self) -> int:
        """How many had to be looked at before today."""
        return sum(each.is_overdue(self.today) for each in self.standing)


async def held_in(rooms: Rooms) -> Held:
    """What is held back now."""
    found = await holds(rooms.log)
    missing = undecided(await confidential_activities(rooms.purposes), found)
    names = {}
    for uri in {*missing, *(each.activity for each in found if each.activity)}:
        versions = await activity_versions(rooms.purposes, uri)
        if versions:
            names[uri] = versions[0].name
    return Held(
        standing=tuple(each for each in found if each.stands),
        lifted=tuple(each for each in reversed(found) if not each.stands),
        undecided=tuple(missing),
        names=names,
        today=amsterdam_day(datetime.now(UTC)),
    )


def held_routes(deps: ConsoleDeps) -> list[HTTPRouteHandler]:
    """The route of this page; none where nobody may look in the log, or no log is read."""
    console, rooms = deps.settings.oidc.console, deps.usage
    if console is None or not console.log_officers or rooms is None:
        return []
    officer = Officer(deps)

    @get(both("/achtergehouden"))
    async def page(request: AnyRequest) -> Response[Any]:
        asked = await door_of(deps).asked(request)
        if asked.session is None:
            return door_of(deps).to_login(asked)
        officer.require(asked)
        return _page(deps, asked, await held_in(rooms))

    return [page]


def _page(deps: ConsoleDeps, asked: Asked[Known], held: Held) -> Response[str]:
    words = words_of(deps, asked)
    values = {"held": held, "words": words, "grounds": GROUNDS, "after": AFTER}
    return door_of(deps).show(
        asked, "console/held.html", words.say(HELD.label), values=values, part=LOG.path,
        crumbs=(START, LOG),
    )  # fmt: skip
