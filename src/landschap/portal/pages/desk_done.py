# SPDX-License-Identifier: EUPL-1.2
"""The end of a visit at the desk: what was done in it, and that it is over.

/balie/klaar
"""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect

from landschap.platform.web import N_
from landschap.platform.web.door import AnyRequest, gone
from landschap.platform.web.sessions import end_session
from landschap.portal.pages.at_desk import DESK_PATH, DONE, SESSION_COOKIE
from landschap.portal.pages.context import PortalDeps, asked_of, door_of, show
from landschap.vocabulary.desk import CONSENT, PASSED_ON, REPORT, REQUEST, TAKEN_BACK
from landschap.vocabulary.problems import Fault, ProblemError, Refusal

_FOREIGN = Refusal(
    code="form_foreign",
    status=403,
    title="This form did not come from this site",
    detail="The visit goes on. Open the page again and choose there.",
    owner="the employee at the desk",
    fault=Fault.INPUT,
)
_KINDS = {
    REPORT: N_("Fout doorgegeven"),
    REQUEST: N_("Verzoek gedaan"),
    CONSENT: N_("Toestemming gegeven of ingetrokken"),
    TAKEN_BACK: N_("Verzoek of melding ingetrokken"),
    PASSED_ON: N_("Doorgegeven aan andere organisaties"),
}


def desk_routes(deps: PortalDeps) -> list[HTTPRouteHandler]:
    """The routes of the end of a visit; none where there is no desk."""
    desk = deps.desk
    if desk is None:
        return []
    paths = [DONE.path, f"/en{DONE.path}"]

    @get(paths)
    async def done(request: AnyRequest) -> Response[Any]:
        asked = await asked_of(deps, request)
        session = asked.session
        at = session.known.at_desk if session else None
        if session is None or at is None:
            return Redirect(asked.at(DESK_PATH), status_code=303)
        say = deps.site.say
        values = {
            "person": session.known.name,
            "done": await desk.done(at),
            "kinds": {kind: say(asked.language, words) for kind, words in _KINDS.items()},
        }
        return show(
            deps, asked, "portal/desk_done.html", say(asked.language, DONE.label), values=values
        )

    @post(paths, status_code=303)
    async def end(request: AnyRequest) -> Response[Any]:
        asked = await asked_of(deps, request)
        session = asked.session
        at = session.known.at_desk if session else None
        answer = Redirect(asked.at(DESK_PATH), status_code=303)
        if session is None or at is None:
            return answer
        if not door_of(deps).is_own_form(await request.form(), session):
            raise ProblemError(_FOREIGN)
        await desk.end(at)
        await end_session(deps.portal_pool, session.hash)
        answer.set_cookie(gone(SESSION_COOKIE))
        return answer

    return [done, end]
