# SPDX-License-Identifier: EUPL-1.2
"""On behalf of: for whom one may act, and changing to them and back.

The mandates are those that the login told; they are kept in the session and nowhere else.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect

from landschap.platform.web import N_, Link
from landschap.platform.web.sessions import change_session
from landschap.portal.mandates import CHOICE, USES
from landschap.portal.pages.context import (
    AnyRequest,
    PortalDeps,
    asked_of,
    door_of,
    show,
    to_login,
)
from landschap.vocabulary.mandates import Mandate
from landschap.vocabulary.problems import Fault, ProblemError, Refusal

TITLE = N_("Namens wie kijkt u?")
_FOREIGN = Refusal(
    code="form_foreign",
    status=403,
    title="This form did not come from this site",
    detail="Open the page again and choose there.",
    owner="the person",
    fault=Fault.INPUT,
)
_START = Link(path="/", label=N_("Begin"))
_ROUTES = [CHOICE, f"/en{CHOICE}"]


def mandate_routes(deps: PortalDeps) -> list[HTTPRouteHandler]:
    """The page with the choice, and choosing."""

    @get(_ROUTES)
    async def choice(request: AnyRequest) -> Response[Any]:
        asked = await asked_of(deps, request)
        if asked.session is None:
            return to_login(deps, asked)
        known, now = asked.session.known, datetime.now(UTC)
        values = {
            "known": known,
            "usable": {each.reference: _is_usable(deps, each, now) for each in known.mandates},
            "ended": {each.reference: each.has_ended(now) for each in known.mandates},
            "token": door_of(deps).token(asked.session),
        }
        title = deps.site.say(asked.language, TITLE)
        return show(deps, asked, "portal/mandates.html", title, crumbs=(_START,), values=values)

    @post(_ROUTES)
    async def choose(request: AnyRequest) -> Response[Any]:
        asked = await asked_of(deps, request)
        if asked.session is None:
            return to_login(deps, asked)
        form = await request.form()
        if not door_of(deps).is_own_form(form, asked.session):
            raise ProblemError(_FOREIGN)
        known, wanted = asked.session.known, str(form.get("mandaat", ""))
        # A mandate that the login did not tell is none; then one goes on as oneself.
        changed = msgspec.structs.replace(known, acting_for=wanted)
        if changed.mandate is None:
            changed = msgspec.structs.replace(known, acting_for="")
        await change_session(deps.portal_pool, deps.session_key, asked.session.hash, changed)
        return Redirect(asked.at(USES), status_code=303)

    return [choice, choose]


def _is_usable(deps: PortalDeps, mandate: Mandate, now: datetime) -> bool:
    return mandate.covers(deps.settings.portal.mandate_services) and not mandate.has_ended(now)
