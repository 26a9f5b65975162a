# SPDX-License-Identifier: EUPL-1.2
"""Refusals as pages of the catalogue; a program that asked for JSON gets problem details."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from litestar import Response

from landschap.catalogue.pages.context import BASE, CatalogueDeps
from landschap.platform.http import problem_response
from landschap.platform.web import N_, Link, split_path
from landschap.platform.web.door import AnyRequest
from landschap.vocabulary.problems import Refusal

_RETRY_SECONDS = "60"
_SAID: Mapping[int, tuple[str, str]] = {
    400: (N_("Dit adres klopt niet"), N_("Misschien is het half overgenomen. Zoek opnieuw.")),
    404: (
        N_("Dit staat niet in de catalogus"),
        N_("Misschien is het adres veranderd, of is dit niet voor u te zien. Zoek opnieuw."),
    ),
    405: (N_("Dit kan hier niet"), N_("Ga terug naar de catalogus en probeer het daar.")),
}
_OUR_FAULT = (
    N_("Dit lukt nu niet"),
    N_("Er ging iets mis bij ons. Probeer het later opnieuw. Blijft het misgaan? Meld de code."),
)


def is_catalogue(path: str) -> bool:
    """True for an address of the catalogue, in either language."""
    _, plain = split_path(path)
    return plain in {BASE, f"{BASE}.json"} or plain.startswith(f"{BASE}/")


def refusal_page(deps: CatalogueDeps, refusal: Refusal, request: AnyRequest) -> Response[Any]:
    """A refusal, in the language of the address."""
    headers = {"Retry-After": _RETRY_SECONDS} if refusal.status == 503 else {}
    if request.url.path.endswith(".json"):
        return problem_response(refusal, instance=request.url.path, headers=headers)
    asked = deps.door.asked_before(request)
    title, words = _SAID.get(refusal.status, _OUR_FAULT)
    say = deps.site.say
    values = {
        "paragraphs": [say(asked.language, words)],
        "reference": refusal.extra.get("reference", ""),
        "actions": (Link(path=BASE, label=N_("Naar de catalogus")),),
    }
    return deps.door.show(
        replace(asked, query={}),
        "web/message.html",
        say(asked.language, title),
        values=values,
        status=refusal.status,
        has_twin=False,
        headers=headers,
    )
