# SPDX-License-Identifier: EUPL-1.2
"""What every page of the catalogue shares: what it is made of, who looks, what is known of an API.

Everybody may come in. Who is logged in at the console looks for the organisation, and sees what it
may see; anybody else sees what is shown to everyone. What one may not see is not there: not in a
list, not in a number, not under its address.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import asyncpg
from litestar import Response
from litestar.exceptions import NotFoundException

from landschap.catalogue import store
from landschap.catalogue.criteria import CONTRACT, OPEN
from landschap.catalogue.facets import ACCESS, PURPOSE, YES, Facts
from landschap.catalogue.needs import Own
from landschap.catalogue.own_service import OwnServices
from landschap.catalogue.pages.shelf import Shelf
from landschap.catalogue.prose import as_html, as_line
from landschap.catalogue.store import Shown
from landschap.platform.settings import Settings
from landschap.platform.web import N_, Link, Site, SiteShape
from landschap.platform.web.door import AnyRequest, Asked, Door
from landschap.vocabulary.problems import ProblemError

if TYPE_CHECKING:
    from landschap.catalogue.pages.agreeing import Agreeing
    from landschap.catalogue.pages.own import Availability
    from landschap.catalogue.pages.sending import Trying

BASE = "/catalogus"
START = Link(path=BASE, label=N_("Catalogus"))


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueDeps:
    """What the catalogue needs, made once per process.

    ``door`` is where employees log in, showing pages of this site. ``services`` gives our own
    services in force, ``own`` what our organisation has, ``names`` those of peers by OIN. Without
    ``agreeing`` nobody can ask for access here, and without ``trying`` nothing can be tried out.
    ``measured`` tells how a service of ours answered.
    """

    settings: Settings
    site: Site
    pool: asyncpg.Pool
    door: Door[Any, Any]
    services: Callable[[], Awaitable[OwnServices]]
    own: Callable[[], Awaitable[Own]]
    names: Callable[[], Awaitable[Mapping[str, str]]]
    shelf: Shelf
    agreeing: Agreeing | None = None
    trying: Trying | None = None
    measured: Callable[[str], Awaitable[Availability]] | None = None


def catalogue_shape(settings: Settings, version: str, base: str) -> SiteShape:
    """The catalogue's site. ``base`` is where its employees log in and out."""
    oidc = settings.oidc.console
    can_publish = oidc is not None and bool(oidc.api_officers)
    publishing = (Link(path=f"{BASE}/publiceren", label=N_("Publiceren")),) if can_publish else ()
    return SiteShape(
        name=N_("Catalogus"),
        version=version,
        rooms=("catalogue",),
        base=base,
        start=BASE,
        visitor_line=N_("U ziet wat uw organisatie mag zien"),
        public_menu=(Link(path=BASE, label=N_("Zoeken")),),
        personal_menu=(
            Link(path=BASE, label=N_("Zoeken")),
            Link(path=f"{BASE}/aanvragen", label=N_("Aanvragen")),
            *publishing,
        ),
        form_targets=(oidc.issuer,) if oidc else (),
    )


def both(path: str) -> list[str]:
    """An address of the catalogue in both languages."""
    return [f"{BASE}{path}", f"/en{BASE}{path}"]


async def asked_of(deps: CatalogueDeps, request: AnyRequest) -> Asked[Any]:
    """Read the request; who may not enter the console looks as anybody does."""
    try:
        return await deps.door.asked(request)
    except ProblemError:
        return replace(deps.door.asked_before(request), session=None)


def viewer_of(asked: Asked[Any]) -> Sequence[str] | None:
    """As whom one looks: None for our own organisation."""
    return None if asked.session is not None else (store.EVERYONE,)


async def seen(deps: CatalogueDeps, asked: Asked[Any], name: str) -> Shown:
    """The API of this name. Raises NotFoundException when there is none that one may see."""
    found = await store.shown_named(deps.pool, viewer_of(asked), name)
    if found is None:
        raise NotFoundException
    return found


def show(
    deps: CatalogueDeps, asked: Asked[Any], template: str, title: str, **rest: Any
) -> Response[str]:
    """A page of the catalogue; ``rest`` are fields of `Page`."""
    rest["values"] = {**rest.get("values", {}), "prose": as_html, "line": as_line}
    return deps.door.show(asked, f"catalogue/{template}", title, **rest)


def api_link(api: Shown) -> Link:
    """Where an API is, for in the trail of a page."""
    return Link(path=f"{BASE}/{api.name}", label=api.title or api.name, is_translated=True)


def needed_words(facts: Facts, means: Sequence[str]) -> list[str]:
    """What one needs, in words of the catalogue; empty when it is not said."""
    access = facts.values[ACCESS]
    if access == CONTRACT:
        words = [N_("certificaat"), N_("contract")]
        return [*words, N_("doel")] if facts.values[PURPOSE] == YES else words
    if access == OPEN:
        return [N_("niets, open gegevens")]
    return [_MEANS[each] for each in means if each in _MEANS]


_MEANS: Mapping[str, str] = {
    "apiKey": N_("sleutel"),
    "basic": N_("gebruikersnaam en wachtwoord"),
    "bearer": N_("token"),
    "oauth2": N_("token (OAuth 2)"),
    "oidc": N_("login (OpenID Connect)"),
    "mtlsPkioverheid": N_("certificaat"),
    "fscContract": N_("contract"),
}
