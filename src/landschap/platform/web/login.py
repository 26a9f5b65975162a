# SPDX-License-Identifier: EUPL-1.2
"""Logging in and out at a door. Each way it can fail has a page that says what to do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Generic
from urllib.parse import quote

import structlog
from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect

from landschap.platform.oidc import LOGIN_SECONDS, LoginFailed, Reason, Who
from landschap.platform.telemetry import security_event
from landschap.platform.web.door import AnyRequest, Asked, Door, Failure, cookie, gone
from landschap.platform.web.frame import N_, Link
from landschap.platform.web.language import in_language, split_path
from landschap.platform.web.sessions import K, begin_session, end_session

log = structlog.get_logger(__name__)

# What happens to people of good will: the watch is not told.
_NO_ATTACK = frozenset({Reason.CANCELLED, Reason.UNREACHABLE, Reason.EXPIRED})
_NO_STORE = {"Cache-Control": "no-store"}
_ANSWER_KEYS = ("code", "state", "iss", "session_state", "error", "error_description", "error_uri")

# What is said at every door; a door adds what only its own visitors can meet.
FAILURES: dict[Reason, Failure] = {
    Reason.UNREACHABLE: Failure(
        N_("Inloggen lukt nu niet"),
        (
            N_("De dienst waarmee u inlogt, geeft geen antwoord."),
            N_("Probeer het over een paar minuten opnieuw. Lukt het dan nog niet? Bel ons."),
        ),
        503,
    ),
    Reason.EXPIRED: Failure(
        N_("Het inloggen duurde te lang"),
        (N_("Of u begon twee keer met inloggen. Begin opnieuw."),),
        400,
    ),
    Reason.REFUSED: Failure(
        N_("Inloggen is mislukt"),
        (
            N_("Er ging iets mis bij de dienst waarmee u inlogt."),
            N_("Probeer het later opnieuw. Lukt het dan nog niet? Bel ons."),
        ),
        502,
    ),
}


@dataclass(frozen=True, slots=True)
class _Handlers(Generic[Who, K]):
    door: Door[Who, K]

    def paths(self, name: str) -> list[str]:
        """An address of this door in both languages."""
        return [f"{self.door.base}/{name}", f"/en{self.door.base}/{name}"]

    async def begin(self, request: AnyRequest) -> Response[Any]:
        door = self.door
        language, _ = split_path(request.url.path)
        default = in_language(language, door.home)
        return_to = door.safe_return(request.query_params.get("terug", default))
        if door.oidc is None:
            return await self.no_login(request)
        if door.is_framed(request):
            # A login provider does not let itself be shown in a frame.
            back = quote(return_to, safe="")
            place = in_language(language, f"{door.base}/inloggen/venster?terug={back}")
            return Redirect(place, status_code=303)
        level = door.needs(None, split_path(return_to)[1]) if door.needs else ""
        try:
            address, pending = await door.oidc.begin(return_to, level)
        except LoginFailed as failed:
            return await self.failed(request, failed, return_to)
        answer = Redirect(address, status_code=303)
        answer.set_cookie(cookie(door.login_cookie, door.pending_cookie(pending), LOGIN_SECONDS))
        return answer

    async def finish(self, request: AnyRequest) -> Response[Any]:
        door = self.door
        if door.oidc is None:
            return await self.no_login(request)
        pending = door.pending_of(request.cookies.get(door.login_cookie, ""))
        try:
            found = await door.oidc.finish(pending, dict(request.query_params))
            if door.admit is not None:
                await door.admit(found)
        except LoginFailed as failed:
            return_to = pending.return_to if pending else door.home
            answer: Response[Any] = await self.failed(request, failed, return_to)
            answer.set_cookie(gone(door.login_cookie))
            return answer
        before = await door.asked(request)
        if before.session is not None:
            await end_session(door.pool, before.session.hash)
        accounts = door.accounts(found) if door.accounts else ()
        token = await begin_session(door.pool, door.key, door.remember(found), accounts)
        answer = Redirect(pending.return_to if pending else door.home, status_code=303)
        answer.set_cookie(cookie(door.session_cookie, token))
        answer.set_cookie(gone(door.login_cookie))
        return answer

    async def end(self, request: AnyRequest) -> Response[Any]:
        door = self.door
        asked = await door.asked(request)
        session = asked.session
        form = await request.form()
        target = asked.at(f"{door.base}/uitgelogd")
        if session is None:
            return self.ended(target)
        if not door.is_own_form(form, session):
            return self.message(
                asked,
                Failure(
                    N_("U bent nog ingelogd"),
                    (N_("Dit formulier kwam niet van deze site. Klik zelf op Uitloggen."),),
                    403,
                ),
                self.to_start(),
            )
        await end_session(door.pool, session.hash)
        if door.oidc is not None:
            # What a session knows always holds the token it came with.
            id_token: str = session.known.id_token  # type: ignore[attr-defined]
            target = await door.oidc.end_address(id_token, door.address + target)
        return self.ended(target)

    async def after(self, request: AnyRequest) -> Response[Any]:
        asked = await self.door.asked(request)
        said = N_("Op een computer van een ander? Sluit dan ook het venster.")
        return self.message(asked, Failure(N_("U bent uitgelogd"), (said,), 200), self.to_start())

    async def over(self, request: AnyRequest) -> Response[Any]:
        asked = await self.door.asked(request)
        said = (
            N_("U deed een kwartier niets, of u logde ergens anders uit."),
            N_("Log opnieuw in. U komt terug waar u was."),
        )
        again = self.again(self.door.safe_return(asked.query.get("terug", "")))
        return self.message(asked, Failure(N_("U bent uitgelogd"), said, 200), again)

    async def stronger(self, request: AnyRequest) -> Response[Any]:
        asked = await self.door.asked(request)
        said = (
            N_("Voor deze pagina moeten wij zekerder weten wie u bent."),
            N_("Log opnieuw in, met extra controle. Daarna komt u op de pagina die u wilde zien."),
        )
        again = self.again(self.door.safe_return(asked.query.get("terug", "")))
        title = N_("Log in op een sterkere manier")
        return self.message(asked, Failure(title, said, 200), again, self.to_start())

    async def window(self, request: AnyRequest) -> Response[Any]:
        asked = await self.door.asked(request)
        said = N_("Dat gaat in een heel venster. Kom daarna hier terug en ververs deze pagina.")
        again = self.again(self.door.safe_return(asked.query.get("terug", "")))
        title = N_("Log in om dit te zien")
        return self.message(asked, Failure(title, (said,), 200), replace(again, leaves_frame=True))

    async def told(self, request: AnyRequest) -> Response[Any]:
        """The provider says that somebody logged out there; only it can, by its signature."""
        door = self.door
        if door.oidc is None or door.depart is None:
            return await self.no_login(request)
        form = await request.form()
        try:
            gone_one = await door.oidc.logged_out(str(form.get("logout_token", "")))
        except LoginFailed as failed:
            log.warning("logout token refused", detail=str(failed))
            # Source: OpenID Connect Back-Channel Logout 1.0, 2.8.
            body: dict[str, str] = {"error": "invalid_request", "error_description": str(failed)}
            return Response(body, status_code=400, headers=_NO_STORE)
        await door.depart(gone_one)
        return Response(b"", status_code=200, headers=_NO_STORE)

    async def failed(
        self, request: AnyRequest, failed: LoginFailed, return_to: str
    ) -> Response[str]:
        log.warning("login failed", reason=failed.reason.value, detail=str(failed))
        if failed.reason not in _NO_ATTACK:
            security_event(
                door=self.door.base.strip("/") or "portal", peer="", code="login_rejected",
                reason=failed.reason.value,
            )  # fmt: skip
        asked = await self.door.asked(request)
        # The provider comes back to the Dutch address; the language is that of the page one wanted.
        language, _ = split_path(return_to)
        here = Asked(
            language=language,
            path=f"{self.door.base}/inloggen",
            query={},
            session=asked.session,
            had_cookie=False,
        )
        said = self.door.failures[failed.reason]
        return self.message(here, said, self.again(return_to), self.to_start())

    async def no_login(self, request: AnyRequest) -> Response[str]:
        asked = await self.door.asked(request)
        words = (N_("Deze organisatie heeft inloggen nog niet ingesteld."),)
        return self.message(asked, Failure(N_("Inloggen kan hier nog niet"), words, 503))

    def message(self, asked: Asked[K], said: Failure, *actions: Link) -> Response[str]:
        say = self.door.site.say
        values = {
            "paragraphs": [say(asked.language, each) for each in said.paragraphs],
            "reference": "",
            "actions": actions,
        }
        title = say(asked.language, said.title)
        return self.door.show(asked, "web/message.html", title, status=said.status, values=values)

    def to_start(self) -> Link:
        return Link(path=self.door.start, label=N_("Naar het begin"))

    def again(self, return_to: str) -> Link:
        path = f"{self.door.base}/inloggen?terug={quote(return_to, safe='')}"
        return Link(path=path, label=N_("Log opnieuw in"))

    def ended(self, target: str) -> Redirect:
        answer = Redirect(target, status_code=303)
        answer.set_cookie(gone(self.door.session_cookie))
        return answer


def login_routes(door: Door[Who, K]) -> list[HTTPRouteHandler]:
    """The routes of logging in and out."""
    at = _Handlers(door)

    @get(at.paths("inloggen"), opt={"query": ("terug",)})
    async def begin(request: AnyRequest) -> Response[Any]:
        return await at.begin(request)

    @get(f"{door.base}/inloggen/terug", opt={"query": _ANSWER_KEYS})
    async def finish(request: AnyRequest) -> Response[Any]:
        return await at.finish(request)

    @post(at.paths("uitloggen"), status_code=303)
    async def end(request: AnyRequest) -> Response[Any]:
        return await at.end(request)

    @get(at.paths("uitgelogd"), opt={"query": ("state",)})
    async def ended(request: AnyRequest) -> Response[Any]:
        return await at.after(request)

    @get(at.paths("sessie-voorbij"), opt={"query": ("terug",)})
    async def over(request: AnyRequest) -> Response[Any]:
        return await at.over(request)

    routes = [begin, finish, end, ended, over]
    if door.site.is_shown_by_others:

        @get(at.paths("inloggen/venster"), opt={"query": ("terug",)})
        async def window(request: AnyRequest) -> Response[Any]:
            return await at.window(request)

        routes.append(window)
    if door.needs is not None:

        @get(at.paths("inloggen/sterker"), opt={"query": ("terug",)})
        async def stronger(request: AnyRequest) -> Response[Any]:
            return await at.stronger(request)

        routes.append(stronger)
    if door.depart is not None:

        @post(f"{door.base}/uitloggen/bericht", status_code=200)
        async def told(request: AnyRequest) -> Response[Any]:
            return await at.told(request)

        routes.append(told)
    return routes
