# SPDX-License-Identifier: EUPL-1.2
"""Pages for everyone: start, accessibility, privacy, reporting a leak; and refusals as pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler

from landschap.platform.http import problem_response
from landschap.platform.web import N_, Link, Page, split_path
from landschap.platform.web.drafts import kept_token
from landschap.portal.mandates import CHOICE
from landschap.portal.pages.at_desk import DESK_OVER, DESK_PATH
from landschap.portal.pages.bearers import api_problem, is_api
from landschap.portal.pages.context import AnyRequest, PortalDeps, asked_of, door_of, show
from landschap.portal.pages.drafts import draft_cookie
from landschap.vocabulary.problems import Refusal

_START = Link(path="/", label=N_("Begin"))
_SECURITY_DAYS = 180


def about_routes(deps: PortalDeps) -> list[HTTPRouteHandler]:
    """The routes of the public pages."""

    @get(["/", "/en"])
    async def start(request: AnyRequest) -> Response[str]:
        asked = await asked_of(deps, request)
        title = deps.site.say(asked.language, N_("Mijn gegevens"))
        values = {
            "can_log_in": deps.oidc is not None,
            "shows_own": deps.own is not None,
            "has_catalogue": deps.has_catalogue,
        }
        return show(deps, asked, "portal/start.html", title, values=values)

    @get(["/toegankelijkheid", "/en/toegankelijkheid"])
    async def accessibility(request: AnyRequest) -> Response[str]:
        return await _plain(deps, request, "accessibility", N_("Toegankelijkheid"))

    @get(["/privacy", "/en/privacy"])
    async def privacy(request: AnyRequest) -> Response[str]:
        return await _plain(deps, request, "privacy", N_("Privacy"))

    @get(["/veiligheid", "/en/veiligheid"])
    async def security(request: AnyRequest) -> Response[str]:
        return await _plain(deps, request, "security", N_("Lek gevonden? Meld het"))

    @get("/.well-known/security.txt")
    async def security_txt() -> Response[str]:
        return Response(_security_txt(deps), media_type="text/plain; charset=utf-8")

    return [start, accessibility, privacy, security, security_txt]


async def _plain(deps: PortalDeps, request: AnyRequest, name: str, title: str) -> Response[str]:
    asked = await asked_of(deps, request)
    words = deps.site.say(asked.language, title)
    return show(deps, asked, f"portal/{name}.html", words, crumbs=(_START,))


def _security_txt(deps: PortalDeps) -> str:
    """Where to report a leak. Source: RFC 9116. Raises NotFoundException without any contact."""
    contact = deps.settings.organisation.contact or {}
    ways = {"email": "mailto:", "telephone": "tel:", "url": ""}
    lines = [
        f"Contact: {scheme}{contact[way].replace(' ', '')}"
        for way, scheme in ways.items()
        if contact.get(way)
    ]
    if not lines:
        raise NotFoundException
    until = (datetime.now(UTC) + timedelta(days=_SECURITY_DAYS)).replace(microsecond=0)
    lines.append(f"Expires: {until.isoformat().replace('+00:00', 'Z')}")
    lines.append("Preferred-Languages: nl, en")
    web = deps.settings.addresses.web
    if web.startswith("https://"):
        lines.append(f"Canonical: {web}/.well-known/security.txt")
    return "\n".join(lines) + "\n"


# What a refusal means for a person: title and paragraphs. Others are told as a fault of ours.
_REFUSALS: dict[int, tuple[str, tuple[str, ...]]] = {
    400: (
        N_("Dit adres klopt niet"),
        (N_("Misschien is het adres veranderd of half overgenomen. Begin bij het begin."),),
    ),
    403: (
        N_("Dit mogen wij u hier niet laten zien"),
        (N_("Ga terug naar het begin en probeer het daar."),),
    ),
    404: (
        N_("Deze pagina bestaat niet (meer)"),
        (N_("Misschien is het adres veranderd. Begin bij het begin, of bel ons."),),
    ),
    405: (N_("Dit kan hier niet"), (N_("Ga terug naar het begin en probeer het daar."),)),
    503: (
        N_("Dit lukt nu niet"),
        (
            N_("Er ging iets mis bij ons. Daarom laten wij nu geen gegevens zien."),
            N_("Probeer het over een paar minuten opnieuw."),
        ),
    ),
}
# The same by code, where there is more to say than its status does.
_BY_CODE: dict[str, tuple[str, tuple[str, ...]]] = {
    "mandate_lacks_service": (
        N_("Dit mogen wij u hier niet laten zien"),
        (
            N_("U kijkt namens iemand anders. Uw machtiging is voorbij, of geldt hier niet."),
            N_("Vraag om een machtiging voor deze pagina, of ga verder namens uzelf."),
            N_("Wij schreven op dat u dit probeerde. Degene namens wie u kijkt, kan dat zien."),
        ),
    ),
    DESK_OVER: (
        N_("Het bezoek aan de balie is voorbij"),
        (
            N_("Er is niets getoond en niets gedaan."),
            N_("Begin opnieuw bij de balie als de persoon er nog is."),
        ),
    ),
}
_OUR_FAULT = (
    N_("Er ging iets mis bij ons"),
    (N_("Probeer het later opnieuw. Blijft het misgaan? Bel ons en noem de code."),),
)
_ACTIONS = {
    "mandate_lacks_service": (
        Link(path=CHOICE, label=N_("Kies namens wie u kijkt")),
        Link(path="/", label=N_("Naar het begin")),
    ),
    DESK_OVER: (Link(path=DESK_PATH, label=N_("Naar de balie")),),
}
_KEPT = N_("Wat u typte, is bewaard. Er is niets verstuurd.")
_KEPT_AT_DESK = N_("Is de persoon er nog? Begin dan opnieuw en open het formulier weer.")
_RETRY_SECONDS = "60"


def refusal_page(deps: PortalDeps, refusal: Refusal, request: AnyRequest) -> Response[Any]:
    """A refusal as a page for people; a program that asked for a file gets problem details."""
    headers = {"Retry-After": _RETRY_SECONDS} if refusal.status == 503 else {}
    if is_api(request.url.path):
        return api_problem(refusal, request)
    if request.url.path.endswith(".json"):
        return problem_response(refusal, instance=request.url.path, headers=headers)
    language, path = split_path(request.url.path)
    say = deps.site.say
    by_status = _REFUSALS.get(refusal.status, _OUR_FAULT)
    title, paragraphs = _BY_CODE.get(refusal.code, by_status)
    door = door_of(deps)
    session = door.asked_before(request).session
    if refusal.code == DESK_OVER:
        session = None  # nothing of the person stays on the screen
    actions = _ACTIONS.get(refusal.code, (Link(path="/", label=N_("Naar het begin")),))
    kept = kept_token(request)
    if kept and refusal.code == DESK_OVER:
        paragraphs = (paragraphs[0], _KEPT, _KEPT_AT_DESK)
    elif kept:
        paragraphs = (_KEPT, N_("Probeer het over een paar minuten opnieuw."))
        actions = (Link(path=path, label=N_("Terug naar het formulier")), *actions)
    values = {
        "paragraphs": [say(language, each) for each in paragraphs],
        "reference": refusal.extra.get("reference", ""),
        "actions": actions,
    }
    page = Page(
        template="web/message.html",
        title=say(language, title),
        path=path,
        language=language,
        visitor=door.visitor(session, door.token(session)) if session else None,
        values=values,
        status=refusal.status,
        has_twin=False,
        is_bare=door.asked_before(request).is_framed,
        headers=headers,
    )
    answer = deps.site.show(page)
    if kept:
        answer.set_cookie(draft_cookie(kept))
    return answer
