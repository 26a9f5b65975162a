# SPDX-License-Identifier: EUPL-1.2
"""The pages of the form; `routes(deps)` for the application that serves people.

A refusal on one of its addresses (`is_form`) is a page in the frame of the form: `refusal_page`.
"""

from __future__ import annotations

from typing import Any

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from landschap.forms.pages.applying import applying_routes
from landschap.forms.pages.context import (
    APPLY,
    BASE,
    START,
    AnyRequest,
    FormDeps,
    door_of,
    form_shape,
)
from landschap.forms.pages.drafts import draft_cookie
from landschap.platform.web import N_, Link, split_path
from landschap.platform.web.drafts import kept_token
from landschap.platform.web.login import login_routes
from landschap.vocabulary.problems import Refusal

__all__ = ["FormDeps", "form_shape", "is_form", "refusal_page", "routes"]

_REFUSALS: dict[int, tuple[str, str]] = {
    403: (
        N_("Er is niets verstuurd"),
        N_("Dit formulier kwam niet van deze site. Begin opnieuw bij het formulier."),
    ),
    404: (N_("Deze pagina bestaat niet (meer)"), N_("Begin bij het begin, of bel ons.")),
}
_OUR_FAULT = (
    N_("Er ging iets mis bij ons"),
    N_("Probeer het over een paar minuten opnieuw."),
)
_KEPT = N_("Wat u typte, is bewaard. Probeer het over een paar minuten opnieuw.")


def routes(deps: FormDeps) -> list[HTTPRouteHandler]:
    """All pages of the form, in both languages."""

    @get([BASE, f"/en{BASE}"])
    async def start(request: AnyRequest) -> Response[str]:
        door = door_of(deps)
        asked = await door.asked(request)
        title = deps.site.say(asked.language, N_("Omgevingsvergunning aanvragen"))
        return door.show(asked, "forms/start.html", title, values={"apply": APPLY})

    return [start, *login_routes(door_of(deps)), *applying_routes(deps)]


def is_form(path: str) -> bool:
    """True for the addresses of the form."""
    plain = split_path(path)[1]
    return plain == BASE or plain.startswith(f"{BASE}/")


def refusal_page(deps: FormDeps, refusal: Refusal, request: AnyRequest) -> Response[Any]:
    """A refusal as a page."""
    door = door_of(deps)
    asked = door.asked_before(request)
    title, words = _REFUSALS.get(refusal.status, _OUR_FAULT)
    say = deps.site.say
    kept = kept_token(request)
    back = Link(path=APPLY, label=N_("Terug naar uw aanvraag"))
    values = {
        "paragraphs": [say(asked.language, _KEPT if kept else words)],
        "reference": refusal.extra.get("reference", ""),
        "actions": (back,) if kept else (START,),
    }
    answer = door.show(
        asked, "web/message.html", say(asked.language, title), values=values,
        status=refusal.status, has_twin=False,
    )  # fmt: skip
    if kept:
        answer.set_cookie(draft_cookie(kept))
    return answer
