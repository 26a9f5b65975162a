# SPDX-License-Identifier: EUPL-1.2
"""What the pages of the form stand on: the site, its own door, what a session knows."""

from __future__ import annotations

from dataclasses import dataclass, field

import asyncpg
import msgspec

from landschap.forms.client import FormClient
from landschap.platform.form_settings import FormSettings
from landschap.platform.identities import Resident
from landschap.platform.oidc import LoginFailed, OidcClient, Reason
from landschap.platform.settings import Settings
from landschap.platform.web import N_, Link, Site, SiteShape, Visitor
from landschap.platform.web.door import AnyRequest, Asked, Door, Failure
from landschap.platform.web.login import FAILURES
from landschap.platform.web.sessions import Session

__all__ = ["AnyRequest", "Asked"]

BASE = "/formulier"
APPLY = f"{BASE}/aanvraag"
START = Link(path=BASE, label=N_("Begin"))


class Known(msgspec.Struct, frozen=True):
    """What a session of the form knows: who applies, and how they logged in."""

    bsn: str
    name: str
    level: str
    id_token: str

    def __repr__(self) -> str:
        return f"Known(level={self.level!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class FormDeps:
    """What the form needs, made once per process; ``key`` is the one named ``session``."""

    settings: Settings
    site: Site
    pool: asyncpg.Pool
    key: bytes = field(repr=False)
    oidc: OidcClient[Resident]
    client: FormClient


def form_shape(form: FormSettings, version: str) -> SiteShape:
    """The site of the form: its name, its menu, where a form may end."""
    menu = (START, Link(path=APPLY, label=N_("Aanvraag")))
    return SiteShape(
        name=N_("Omgevingsvergunning aanvragen"),
        version=version,
        rooms=("forms",),
        base=BASE,
        start=BASE,
        public_menu=(START,),
        personal_menu=menu,
        visitor_line=N_("U vraagt iets aan voor uzelf"),
        form_targets=(form.issuer,),
    )


def door_of(deps: FormDeps) -> Door[Resident, Known]:
    """The form's own door: who is logged in elsewhere on the site is a stranger here."""
    return Door(
        site=deps.site,
        pool=deps.pool,
        key=deps.key,
        oidc=deps.oidc,
        knows=Known,
        remember=_remember,
        visitor=_visitor,
        failures=_FAILURES,
        session_cookie="__Host-formulier",
        login_cookie="__Host-formulier-inloggen",
        base=BASE,
        home=APPLY,
        start=BASE,
        address=deps.settings.addresses.web,
        admit=_admit,
    )


async def _admit(found: Resident) -> None:
    """Only a person can apply here. Raises LoginFailed for who acts for a company."""
    if found.bsn is None:
        raise LoginFailed(Reason.NO_NUMBER, "the form is for persons")


def _remember(found: Resident) -> Known:
    return Known(
        bsn=found.bsn.value if found.bsn else "",
        name=found.name,
        level=found.level,
        id_token=found.id_token,
    )


def _visitor(session: Session[Known], token: str) -> Visitor:
    return Visitor(name=session.known.name, until=session.until, token=token)


_FAILURES = {
    **FAILURES,
    Reason.CANCELLED: Failure(
        N_("U bent niet ingelogd"),
        (N_("U stopte met inloggen. Er is niets opgehaald en niets verstuurd."),),
        200,
    ),
    Reason.LEVEL_TOO_LOW: Failure(
        N_("Log in op een sterkere manier"),
        (
            N_("U vraagt iets aan op uw naam. Daarom moeten wij zeker weten wie u bent."),
            N_("Log opnieuw in. Kies een manier met extra controle, zoals een app met ID-check."),
        ),
        403,
    ),
    Reason.NO_MANDATE: Failure(
        N_("Dit formulier is voor personen"),
        (N_("U logde in voor een bedrijf. Bel ons als u voor een bedrijf wilt aanvragen."),),
        403,
    ),
    Reason.NO_NUMBER: Failure(
        N_("Dit formulier is voor personen"),
        (N_("Wij kregen geen burgerservicenummer. Log in als persoon, of bel ons."),),
        403,
    ),
}
