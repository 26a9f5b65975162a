# SPDX-License-Identifier: EUPL-1.2
"""Who a provider says has logged in: a resident by number, an employee by roles.

A resident needs the level that is asked for. An employee needs a second factor: shown by that
level, or by a method the provider names (``amr``), and a role that may enter; without one only
emergency access is left, where that exists.
Source: OpenID Connect Core 1.0, section 2 (``acr``, ``amr``); RFC 8176; BIO2, 8.5.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from landschap.platform.desk_settings import DeskSettings
from landschap.platform.oidc import Claims, LoginFailed, Reason, Tokens
from landschap.platform.oidc_settings import ConsoleOidcSettings, PortalOidcSettings
from landschap.platform.oidc_words import is_enough, level_of
from landschap.vocabulary.companies import Company, CompanyClaims, read_company
from landschap.vocabulary.identifiers import Bsn, InvalidValue
from landschap.vocabulary.mandates import Mandate, read_mandates

_MAX_NAME = 200
_MAX_SUBJECT = 255
_MAX_ROLES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Resident:
    """Who logged in, how sure the provider is, the token to log out with, for whom they may act.

    Of a ``company`` there is no number of a person. ``subject`` is the name by which the provider
    knows them, ``session_id`` what it calls this session, empty when it does not.
    """

    bsn: Bsn | None
    name: str
    level: str
    authenticated_at: int
    id_token: str = field(repr=False)
    mandates: tuple[Mandate, ...] = ()
    company: Company | None = None
    subject: str = ""
    session_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Employee:
    """Who logged in; ``subject`` is the name by which the provider and our log know them.

    ``session_id`` is what the provider calls this session, empty when it does not.
    ``access_token`` is for services that know the same provider, such as the own Outway.
    ``number`` is the employee's own number as a person, empty when the provider does not tell it.
    """

    subject: str
    name: str
    roles: tuple[str, ...]
    level: str
    authenticated_at: int
    session_id: str = ""
    id_token: str = field(repr=False)
    access_token: str = field(default="", repr=False)
    number: str = field(default="", repr=False)


def resident(settings: PortalOidcSettings) -> Callable[[Claims, Tokens], Resident]:
    """How a resident is read. Raises LoginFailed: level too low, no number, no mandate.

    Who acts for a company is nobody else in that session: a person's number is left aside.
    """
    names = CompanyClaims(
        kvk=settings.kvk_claim,
        rsin=settings.rsin_claim,
        acting=settings.acting_claim,
        services=settings.services_claim,
    )

    def identify(claims: Claims, tokens: Tokens) -> Resident:
        level = level_of(settings, claims.get(settings.acr_claim))
        _require_level(level, settings.minimum_level)
        if settings.acting_claim in claims or settings.kvk_claim in claims:
            company = read_company(claims, names, settings.issuer)
            if company is None or not company.covers(settings.company_services, datetime.now(UTC)):
                raise LoginFailed(Reason.NO_MANDATE, "the provider told no mandate for a company")
            return Resident(
                bsn=None,
                name="",
                level=level,
                authenticated_at=_when(claims),
                id_token=tokens.identity,
                company=company,
                subject=_text(claims.get("sub")),
                session_id=_text(claims.get("sid")),
            )
        try:
            bsn = Bsn.parse(str(claims.get(settings.bsn_claim, "")))
        except InvalidValue:
            raise LoginFailed(Reason.NO_NUMBER, "the provider told no person's number") from None
        return Resident(
            bsn=bsn,
            name=str(claims.get(settings.name_claim, ""))[:_MAX_NAME],
            subject=_text(claims.get("sub")),
            session_id=_text(claims.get("sid")),
            level=level,
            authenticated_at=_when(claims),
            id_token=tokens.identity,
            mandates=read_mandates(
                claims.get(settings.represents_claim),
                bsn_claim=settings.bsn_claim,
                issuer=settings.issuer,
            ),
        )

    return identify


def employee(
    settings: ConsoleOidcSettings, desk: DeskSettings | None = None
) -> Callable[[Claims, Tokens], Employee]:
    """How an employee is read. Raises LoginFailed: no second factor, no name, no fitting role."""
    allowed = settings.allowed_roles | (frozenset(desk.roles) if desk else frozenset())

    def identify(claims: Claims, tokens: Tokens) -> Employee:
        level = level_of(settings, claims.get(settings.acr_claim))
        methods = _texts(claims.get(settings.amr_claim))
        if settings.second_factors.isdisjoint(methods):
            _require_level(level, settings.minimum_level)
        subject = claims.get("sub")
        if not isinstance(subject, str) or not 0 < len(subject) <= _MAX_SUBJECT:
            raise LoginFailed(Reason.REFUSED, "the provider told no subject")
        roles = _texts(claims.get(settings.roles_claim))[:_MAX_ROLES]
        enters = not allowed.isdisjoint(roles)
        if not enters and not settings.may_take_emergency(roles):
            raise LoginFailed(Reason.NO_ROLE, "none of the roles may enter the console")
        return Employee(
            subject=subject,
            name=str(claims.get(settings.name_claim, "") or subject)[:_MAX_NAME],
            roles=tuple(roles),
            level=level,
            authenticated_at=_when(claims),
            session_id=_text(claims.get("sid")),
            id_token=tokens.identity,
            access_token=tokens.access,
            number=_number(claims.get(desk.number_claim)) if desk else "",
        )

    return identify


def _require_level(level: str, minimum: str) -> None:
    if not is_enough(level, minimum):
        raise LoginFailed(Reason.LEVEL_TOO_LOW, f"level {level[:80]!r} is not enough")


def _number(claim: object) -> str:
    try:
        return Bsn.parse(str(claim)).value
    except InvalidValue:
        return ""


def _when(claims: Claims) -> int:
    return int(claims.get("auth_time", claims["iat"]))


def _text(claim: object) -> str:
    return claim if isinstance(claim, str) and len(claim) <= _MAX_SUBJECT else ""


def _texts(claim: object) -> list[str]:
    """A claim that is a list of texts, or texts with spaces between them."""
    if isinstance(claim, str):
        return claim.split()
    if isinstance(claim, Sequence):
        return [each for each in claim if isinstance(each, str)]
    return []
