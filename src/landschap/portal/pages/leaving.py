# SPDX-License-Identifier: EUPL-1.2
"""Leaving at once, for who is looked at over the shoulder: the session ends, and one is elsewhere.

    /snel-weg        ends the session and leads away; a form, so that no link does it by itself
    /contact         where it leads when nothing else is set: nothing there tells from where
    /veilig-kijken   what it does, and what it can not take away

Leaving never waits for anything: where the session can not be ended, its cookie is gone all the
same. Who is sent here by another site has no session: the cookie stays behind (``SameSite``), so
this form needs no proof that it is ours, and works when a page is old.
Source: experience, section 3 (session); NEN-EN 301 549 by way of WCAG 2.2, 2.1.4 (Escape is no
character key).
"""

from __future__ import annotations

from typing import Any

import asyncpg
import structlog
from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect

from landschap.platform.web import N_, Link, Page, split_path
from landschap.platform.web.door import gone
from landschap.platform.web.language import in_language
from landschap.platform.web.sealed import session_hash
from landschap.platform.web.sessions import end_session
from landschap.portal.pages.at_desk import SESSION_COOKIE
from landschap.portal.pages.context import (
    EXIT,
    LOGIN_COOKIE,
    NEUTRAL,
    AnyRequest,
    PortalDeps,
    asked_of,
    show,
)
from landschap.portal.pages.drafts import DRAFT_COOKIE

log = structlog.get_logger(__name__)

SAFETY = "/veilig-kijken"
_START = Link(path="/", label=N_("Begin"))
_AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)


def leaving_routes(deps: PortalDeps) -> list[HTTPRouteHandler]:
    """The routes of leaving at once."""

    @post([EXIT, f"/en{EXIT}"], status_code=303)
    async def leave(request: AnyRequest) -> Response[Any]:
        token = request.cookies.get(SESSION_COOKIE, "")
        if token:
            deps.limits.over(session_hash(token))
            try:
                await end_session(deps.portal_pool, session_hash(token))
            except _AWAY as error:
                log.warning("session not ended", error=type(error).__name__)
        language, _ = split_path(request.url.path)
        answer = Redirect(
            deps.settings.portal.leave_to or in_language(language, NEUTRAL), status_code=303
        )
        for name in (SESSION_COOKIE, LOGIN_COOKIE, DRAFT_COOKIE):
            answer.set_cookie(gone(name))
        return answer

    @get([NEUTRAL, f"/en{NEUTRAL}"])
    async def neutral(request: AnyRequest) -> Response[str]:
        language, path = split_path(request.url.path)
        page = Page(
            template="portal/contact.html",
            title=deps.site.say(language, N_("Contact")),
            path=path,
            language=language,
            is_bare=True,
            is_away=True,
        )
        return deps.site.show(page)

    @get([SAFETY, f"/en{SAFETY}"])
    async def safety(request: AnyRequest) -> Response[str]:
        asked = await asked_of(deps, request)
        title = deps.site.say(asked.language, N_("Kijkt er iemand mee?"))
        values = {"leave_to": deps.settings.portal.leave_to}
        return show(deps, asked, "portal/safety.html", title, crumbs=(_START,), values=values)

    return [leave, neutral, safety]
