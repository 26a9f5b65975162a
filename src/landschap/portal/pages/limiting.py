# SPDX-License-Identifier: EUPL-1.2
"""The pages keep to the limits: each handler counts first, and who must wait reads how long.

Leaving, logging out and reading how to reach us are never refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any

from litestar import Response
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler

from landschap.platform.http import problem_response
from landschap.platform.portal_settings import PortalLimitSettings
from landschap.platform.web import N_, Link, Page, split_path
from landschap.platform.web.door import AnyRequest
from landschap.platform.web.sealed import session_hash
from landschap.portal.pages.bearers import is_api
from landschap.portal.pages.context import EXIT, LOGIN_COOKIE, NEUTRAL, PortalDeps, door_of
from landschap.portal.pages.leaving import SAFETY
from landschap.portal.pages.limits import RETURN, TOO_OFTEN, WAIT, Connection, is_numbered
from landschap.vocabulary.problems import Refusal

# These end something, or tell where help is. The provider proves itself.
_FREE = (EXIT, NEUTRAL, SAFETY, "/uitloggen", "/uitloggen/bericht")
_TITLE = N_("U vraagt te veel pagina’s achter elkaar")
_PARAGRAPHS = (
    N_("Wacht %(seconds)s seconden. Ververs daarna deze pagina."),
    N_("Er is niets gedaan met wat u net vroeg. Bent u ingelogd? Dan blijft u dat."),
)


def limited(deps: PortalDeps, handlers: Iterable[Any]) -> list[Any]:
    """The same handlers, each counting before it does anything."""

    async def guard(connection: Connection, _: BaseRouteHandler) -> None:
        deps.limits.take(_settings(deps), connection, _begun(deps, connection))

    every = list(handlers)
    for each in every:
        if isinstance(each, HTTPRouteHandler) and not _is_free(each.paths):
            each.guards = (*(each.guards or ()), guard)
    return every


def _settings(deps: PortalDeps) -> PortalLimitSettings:
    return deps.settings.portal.limits or PortalLimitSettings()


def _begun(deps: PortalDeps, connection: Connection) -> bytes:
    """What stands for a log-in that this browser began and comes back from; empty for another."""
    if connection.url.path != RETURN:
        return b""
    kept = connection.cookies.get(LOGIN_COOKIE, "")
    return session_hash(kept) if door_of(deps).pending_of(kept) else b""


def _is_free(paths: Iterable[str]) -> bool:
    """Also what programs ask, which is counted per person, and what the law wants found."""
    dutch = {split_path(path)[1] for path in paths}
    return any(
        path in _FREE or path.startswith(("/static/", "/.well-known/")) or is_api(path)
        for path in dutch
    )


def counting(
    deps: PortalDeps, render: Callable[[Refusal, AnyRequest], Response[Any]]
) -> Callable[[Refusal, AnyRequest], Response[Any]]:
    """Renders refusals as ``render`` does; counts what is not there, and tells who must wait."""

    def rendered(refusal: Refusal, request: AnyRequest) -> Response[Any]:
        if refusal.status == HTTPStatus.NOT_FOUND and is_numbered(request):
            deps.limits.missed(_settings(deps), request)
        if refusal.code == TOO_OFTEN and not is_api(request.url.path):
            return _wait_page(deps, refusal, request)
        return render(refusal, request)

    return rendered


def _wait_page(deps: PortalDeps, refusal: Refusal, request: AnyRequest) -> Response[Any]:
    seconds = str(refusal.extra[WAIT])
    headers: Mapping[str, str] = {"Retry-After": seconds}
    if request.url.path.endswith(".json"):
        return problem_response(refusal, instance=request.url.path, headers=headers)
    language, path = split_path(request.url.path)
    say = deps.site.say
    values = {
        "paragraphs": [say(language, each) % {"seconds": seconds} for each in _PARAGRAPHS],
        "reference": "",
        "actions": (Link(path="/", label=N_("Naar het begin")),),
    }
    page = Page(
        template="web/message.html",
        title=say(language, _TITLE),
        path=path,
        language=language,
        values=values,
        status=refusal.status,
        has_twin=False,
        headers=headers,
    )
    return deps.site.show(page)
