# SPDX-License-Identifier: EUPL-1.2
"""Logging in and out. Each way it can fail has a page that says what to do."""

from __future__ import annotations

from typing import Any

import structlog
from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect

from landschap.platform.oidc import LOGIN_SECONDS, LoginFailed, Reason
from landschap.platform.web import N_, Link, in_language, split_path
from landschap.portal.pages.context import (
    LOGIN_COOKIE,
    SESSION_COOKIE,
    AnyRequest,
    Asked,
    PortalDeps,
    asked_of,
    cookie,
    gone,
    pending_cookie,
    pending_of,
    safe_return,
    show,
)
from landschap.portal.sealed import is_form_token
from landschap.portal.store import Known, begin_session, end_session

log = structlog.get_logger(__name__)

_ANSWER_KEYS = ("code", "state", "iss", "session_state", "error", "error_description", "error_uri")

# Title, paragraphs, status. The words of the standard sentence on failure follow DigiD's own.
_FAILURES: dict[Reason, tuple[str, tuple[str, ...], int]] = {
    Reason.CANCELLED: (
        N_("U bent niet ingelogd"),
        (N_("U stopte met inloggen. Er is niets gebeurd met uw gegevens."),),
        200,
    ),
    Reason.UNREACHABLE: (
        N_("Inloggen lukt nu niet"),
        (
            N_("De dienst waarmee u inlogt, geeft geen antwoord."),
            N_("Probeer het over een paar minuten opnieuw. Lukt het dan nog niet? Bel ons."),
        ),
        503,
    ),
    Reason.LEVEL_TOO_LOW: (
        N_("Log in op een sterkere manier"),
        (
            N_("Hier staan persoonlijke gegevens. Daarom moeten wij zeker weten wie u bent."),
            N_("Log opnieuw in. Kies een manier met extra controle, zoals een app met ID-check."),
        ),
        403,
    ),
    Reason.EXPIRED: (
        N_("Het inloggen duurde te lang"),
        (N_("Of u begon twee keer met inloggen. Begin opnieuw."),),
        400,
    ),
    Reason.NO_NUMBER: (
        N_("Wij kunnen niet zien wie u bent"),
        (N_("De dienst waarmee u inlogde, gaf geen burgerservicenummer. Bel ons."),),
        403,
    ),
    Reason.REFUSED: (
        N_("Inloggen is mislukt"),
        (
            N_("Er ging iets mis bij de dienst waarmee u inlogt."),
            N_("Probeer het later opnieuw. Lukt het dan nog niet? Bel ons."),
        ),
        502,
    ),
}


def login_routes(deps: PortalDeps) -> list[HTTPRouteHandler]:
    """The routes of logging in and out."""

    @get(["/inloggen", "/en/inloggen"], opt={"query": ("terug",)})
    async def begin(request: AnyRequest) -> Response[Any]:
        language, _ = split_path(request.url.path)
        default = in_language(language, "/gebruik")
        return_to = safe_return(request.query_params.get("terug", default))
        if deps.oidc is None:
            return await _no_login(deps, request)
        try:
            address, pending = await deps.oidc.begin(return_to)
        except LoginFailed as failed:
            return await _failed(deps, request, failed, return_to)
        answer = Redirect(address, status_code=303)
        value = pending_cookie(deps.session_key, pending)
        answer.set_cookie(cookie(LOGIN_COOKIE, value, LOGIN_SECONDS))
        return answer

    @get("/inloggen/terug", opt={"query": _ANSWER_KEYS})
    async def finish(request: AnyRequest) -> Response[Any]:
        if deps.oidc is None:
            return await _no_login(deps, request)
        pending = pending_of(deps.session_key, request.cookies.get(LOGIN_COOKIE, ""))
        try:
            found = await deps.oidc.finish(pending, dict(request.query_params))
        except LoginFailed as failed:
            return_to = pending.return_to if pending else "/gebruik"
            answer: Response[Any] = await _failed(deps, request, failed, return_to)
            answer.set_cookie(gone(LOGIN_COOKIE))
            return answer
        before = await asked_of(deps, request)
        if before.session is not None:
            await end_session(deps.portal_pool, before.session.hash)
        known = Known(
            bsn=found.bsn.value,
            name=found.name,
            level=found.level,
            authenticated_at=found.authenticated_at,
            id_token=found.id_token,
        )
        token = await begin_session(deps.portal_pool, deps.session_key, known)
        answer = Redirect(pending.return_to if pending else "/gebruik", status_code=303)
        answer.set_cookie(cookie(SESSION_COOKIE, token))
        answer.set_cookie(gone(LOGIN_COOKIE))
        return answer

    return [begin, finish, *_ending_routes(deps)]


def _ending_routes(deps: PortalDeps) -> list[HTTPRouteHandler]:
    @post(["/uitloggen", "/en/uitloggen"], status_code=303)
    async def end(request: AnyRequest) -> Response[Any]:
        asked = await asked_of(deps, request)
        session = asked.session
        form = await request.form()
        if session is None:
            return _ended(asked.at("/uitgelogd"))
        if not is_form_token(str(form.get("token", "")), deps.session_key, session.hash):
            return _message(
                deps,
                asked,
                N_("U bent nog ingelogd"),
                (N_("Dit formulier kwam niet van deze site. Klik zelf op Uitloggen."),),
                status=403,
                actions=(Link(path="/", label=N_("Naar het begin")),),
            )
        await end_session(deps.portal_pool, session.hash)
        target = asked.at("/uitgelogd")
        if deps.oidc is not None:
            back = deps.settings.addresses.web + target
            target = await deps.oidc.end_address(session.known.id_token, back)
        return _ended(target)

    @get(["/uitgelogd", "/en/uitgelogd"], opt={"query": ("state",)})
    async def ended(request: AnyRequest) -> Response[Any]:
        asked = await asked_of(deps, request)
        return _message(
            deps,
            asked,
            N_("U bent uitgelogd"),
            (N_("Op een computer van een ander? Sluit dan ook het venster."),),
            actions=(Link(path="/", label=N_("Naar het begin")),),
        )

    @get(["/sessie-voorbij", "/en/sessie-voorbij"], opt={"query": ("terug",)})
    async def over(request: AnyRequest) -> Response[Any]:
        asked = await asked_of(deps, request)
        return_to = safe_return(asked.query.get("terug", ""))
        return _message(
            deps,
            asked,
            N_("U bent uitgelogd"),
            (
                N_("U deed een kwartier niets. Daarom stopte het, dat is veiliger."),
                N_("Log opnieuw in. U komt terug waar u was."),
            ),
            actions=(_again(return_to),),
        )

    return [end, ended, over]


def _ended(target: str) -> Redirect:
    answer = Redirect(target, status_code=303)
    answer.set_cookie(gone(SESSION_COOKIE))
    return answer


def _again(return_to: str) -> Link:
    from urllib.parse import quote

    return Link(path=f"/inloggen?terug={quote(return_to, safe='')}", label=N_("Log opnieuw in"))


async def _failed(
    deps: PortalDeps, request: AnyRequest, failed: LoginFailed, return_to: str
) -> Response[str]:
    log.warning("login failed", reason=failed.reason.value, detail=str(failed))
    title, paragraphs, status = _FAILURES[failed.reason]
    asked = await asked_of(deps, request)
    # The provider comes back to the Dutch address; the language is that of the page one wanted.
    language, _ = split_path(return_to)
    here = Asked(
        language=language, path="/inloggen", query={}, session=asked.session, had_cookie=False
    )
    start = Link(path="/", label=N_("Naar het begin"))
    return _message(
        deps, here, title, paragraphs, status=status, actions=(_again(return_to), start)
    )


async def _no_login(deps: PortalDeps, request: AnyRequest) -> Response[str]:
    asked = await asked_of(deps, request)
    words = (N_("Deze organisatie heeft inloggen nog niet ingesteld."),)
    return _message(deps, asked, N_("Inloggen kan hier nog niet"), words, status=503)


def _message(
    deps: PortalDeps,
    asked: Asked,
    title: str,
    paragraphs: tuple[str, ...],
    *,
    status: int = 200,
    actions: tuple[Link, ...] = (),
) -> Response[str]:
    say = deps.site.say
    values = {
        "paragraphs": [say(asked.language, each) for each in paragraphs],
        "reference": "",
        "actions": actions,
    }
    return show(
        deps, asked, "web/message.html", say(asked.language, title), status=status, values=values
    )
