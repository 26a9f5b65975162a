# SPDX-License-Identifier: EUPL-1.2
"""What every handler of the portal shares: its dependencies, who asks, and how one answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg
from litestar import Response
from litestar.response import Redirect

from landschap.gateway.insight.client import Insight
from landschap.gateway.saying.client.reports import Courier
from landschap.logboek.store import LogWriter
from landschap.platform.identities import Resident
from landschap.platform.oidc import OidcClient, Reason
from landschap.platform.settings import Settings
from landschap.platform.web import N_, Link, Site, SiteShape, StaticFiles, Visitor
from landschap.platform.web.door import AnyRequest, Asked, Door, Failure
from landschap.platform.web.login import FAILURES
from landschap.platform.web.sessions import Session
from landschap.portal.known import Known
from landschap.portal.mandates import CHOICE
from landschap.portal.pages.acting import accounts_of, departing, needs_of, still_of
from landschap.portal.pages.at_desk import SESSION_COOKIE, still_at_desk
from landschap.portal.pages.at_desk import visitor_of as desk_visitor
from landschap.portal.pages.control import Control
from landschap.portal.pages.limits import Limits
from landschap.purposes.store import Following
from landschap.registers.api import Deps as RegisterDeps
from landschap.vocabulary.desk import Desk

__all__ = [
    "AnyRequest", "Asked", "Control", "OwnData", "PortalDeps", "asked_of", "door_of",
    "portal_shape", "show", "to_login",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnData:
    """What is needed to show people what our registers say of them.

    ``registers`` is what the registers' own API stands on; ``snapshot`` holds the register of
    purposes in force; ``purpose`` is the one under which people see their own data. Files are
    sealed with the first of ``evidence_keys`` and opened with any; without these none are taken.
    ``courier`` brings reports to other organisations.
    """

    registers: RegisterDeps
    snapshot: Following
    purpose: str
    evidence_keys: Callable[[], Sequence[bytes]] | None = field(default=None, repr=False)
    courier: Courier | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalDeps:
    """What the portal needs, made once per process.

    A pool per room whose functions are called, each with that room's own role. The keys are those
    named ``session`` and ``pseudonym``; ``pseudonym_keys`` holds one per living generation, the
    newest last, and ``pseudonym_space`` begins the URI of their kind. ``look_activity`` is the
    entry of the register that covers looking here. Without ``oidc`` nobody can log in, and the
    pages say so; without ``own`` there are no pages with the data themselves; without ``insight``
    no other organisation is asked. ``control`` is what hearing a person needs; without it there is
    nothing to say. ``desk`` keeps visits at the desk; without it there are none.
    ``has_catalogue``: beside it stands a catalogue of APIs. ``limits`` counts who asks how often.
    """

    settings: Settings
    site: Site
    static: StaticFiles
    version: str
    portal_pool: asyncpg.Pool
    log_pool: asyncpg.Pool
    purposes_pool: asyncpg.Pool
    fsc_pool: asyncpg.Pool
    writer: LogWriter
    session_key: bytes = field(repr=False)
    pseudonym_keys: Mapping[int, bytes] = field(repr=False)
    pseudonym_space: str = "https://landschap.example/register/pseudoniem"
    look_activity: str
    oidc: OidcClient[Resident] | None
    own: OwnData | None = None
    insight: Insight | None = None
    control: Control | None = None
    desk: Desk | None = None
    has_catalogue: bool = False
    limits: Limits = field(default_factory=Limits)


OWN = Link(path="/gegevens", label=N_("Mijn gegevens"))
REPORTS = Link(path="/meldingen", label=N_("Mijn meldingen"))
CONSENTS = Link(path="/toestemmingen", label=N_("Toestemmingen"))
RIGHTS = Link(path="/rechten", label=N_("Mijn rechten"))
USES = Link(path="/gebruik", label=N_("Wie gebruikte mijn gegevens"))
_OWN_MENU = (OWN, REPORTS)
_COMPANY_MENU = (Link(path="/", label=N_("Begin")), OWN, REPORTS, USES, RIGHTS)
_ACTING = "eHerkenning"
LOGIN_COOKIE = "__Host-inloggen"
EXIT = "/snel-weg"
NEUTRAL = "/contact"
"""Where one comes who leaves at once; its address and words do not tell from where."""


def portal_shape(settings: Settings, version: str) -> SiteShape:
    """The portal's site: its name, its menu, where a form may end."""
    portal = settings.oidc.portal
    return SiteShape(
        name=N_("Mijn gegevens"),
        version=version,
        rooms=("portal",),
        public_menu=(Link(path="/", label=N_("Begin")),),
        personal_menu=(
            Link(path="/", label=N_("Begin")),
            *(_OWN_MENU if settings.portal.own_purpose else ()),
            USES,
            CONSENTS,
            RIGHTS,
        ),
        visitor_line=N_("U bekijkt uw eigen gegevens"),
        # A browser also holds to this where a form is led on to.
        form_targets=tuple(
            each for each in (portal.issuer if portal else "", settings.portal.leave_to) if each
        ),
        shown_by=settings.portal.shown_by,
        exit_path=EXIT,
        exit_to=settings.portal.leave_to or NEUTRAL,
    )


def door_of(deps: PortalDeps) -> Door[Resident, Known]:
    """The door of residents."""
    return Door(
        site=deps.site,
        pool=deps.portal_pool,
        key=deps.session_key,
        oidc=deps.oidc,
        knows=Known,
        remember=_remember,
        visitor=_visitor,
        failures=_FAILURES,
        session_cookie=SESSION_COOKIE,
        login_cookie=LOGIN_COOKIE,
        base="",
        home="/gebruik",
        start="/",
        address=deps.settings.addresses.web,
        still=still_at_desk(deps, still_of(deps)),
        depart=departing(deps),
        accounts=accounts_of(deps),
        needs=needs_of(deps),
    )


def _remember(found: Resident) -> Known:
    return Known(
        bsn=found.bsn.value if found.bsn else "",
        name=found.name,
        level=found.level,
        authenticated_at=found.authenticated_at,
        id_token=found.id_token,
        mandates=found.mandates,
        company=found.company,
    )


def _visitor(session: Session[Known], token: str) -> Visitor:
    known = session.known
    if known.at_desk is not None:
        return desk_visitor(session, known.at_desk, token)
    return Visitor(
        name=known.name or (_ACTING if known.company else ""),
        until=session.until,
        token=token,
        represents=known.represents,
        menu=_COMPANY_MENU if known.company else (),
        links=(Link(path=CHOICE, label=N_("Namens wie kijkt u?")),) if known.mandates else (),
    )


async def asked_of(deps: PortalDeps, request: AnyRequest) -> Asked[Known]:
    """Read the request; a session that is alive is extended by it."""
    asked = await door_of(deps).asked(request)
    if asked.session is not None:
        deps.limits.alive(asked.session.hash)
    return asked


def show(
    deps: PortalDeps, asked: Asked[Known], template: str, title: str, **rest: Any
) -> Response[str]:
    """A page of the portal; ``rest`` are fields of `Page`."""
    return door_of(deps).show(asked, template, title, **rest)


def to_login(deps: PortalDeps, asked: Asked[Known]) -> Redirect:
    """Away to log in, and afterwards back here with everything that was asked."""
    return door_of(deps).to_login(asked)


# The words of the standard sentence on failure follow DigiD's own.
_FAILURES = {
    **FAILURES,
    Reason.CANCELLED: Failure(
        N_("U bent niet ingelogd"),
        (N_("U stopte met inloggen. Er is niets gebeurd met uw gegevens."),),
        200,
    ),
    Reason.LEVEL_TOO_LOW: Failure(
        N_("Log in op een sterkere manier"),
        (
            N_("Hier staan persoonlijke gegevens. Daarom moeten wij zeker weten wie u bent."),
            N_("Log opnieuw in. Kies een manier met extra controle, zoals een app met ID-check."),
        ),
        403,
    ),
    Reason.NO_MANDATE: Failure(
        N_("U mag dit niet voor dit bedrijf"),
        (
            N_("U logde in voor een bedrijf. U heeft daarvoor geen machtiging voor deze site."),
            N_("Vraag de beheerder van uw eHerkenning om een machtiging."),
        ),
        403,
    ),
    Reason.NO_NUMBER: Failure(
        N_("Wij kunnen niet zien wie u bent"),
        (N_("De dienst waarmee u inlogde, gaf geen burgerservicenummer. Bel ons."),),
        403,
    ),
}
