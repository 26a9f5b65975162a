# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: RUF009 - option() and section() make dataclass fields
"""The part of the settings about who may log in: residents, employees, and their tokens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from landschap.platform import options as o
from landschap.platform.oidc_words import AUTHENTICATIONS, IDENTITY, SECRET_POST, USERINFO
from landschap.platform.options import option, section


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """How we are known at a login provider, and how it tells who somebody is."""

    issuer: str = option(o.web_address("https", "http"), "Issuer that people log in with.")
    client_id: str = option(o.text, "Our client id at that issuer.")
    client_secret: Path | None = option(o.a_path, "File that holds the secret.", default=None)
    client_authentication: str = option(
        o.choice(*AUTHENTICATIONS),
        "How we prove who we are there; with the first and no secret only by PKCE.",
        default=SECRET_POST,
    )
    client_key: Path | None = option(
        o.a_path,
        "File that holds the private key (PEM) for private_key_jwt; the provider knows its public "
        "key.",
        default=None,
    )
    scopes: tuple[str, ...] = option(
        o.several(o.text), "Scopes that are asked.", default=("openid", "profile")
    )
    claims_from: str = option(
        o.choice(IDENTITY, USERINFO),
        "Where the provider tells who it is: in the identity token, or when userinfo is asked.",
        default=IDENTITY,
    )
    acr_claim: str = option(o.text, "Claim that holds the level of assurance.", default="acr")
    name_claim: str = option(o.text, "Claim that holds the name to greet with.", default="name")
    levels: Mapping[str, str] | None = option(
        o.table_of(o.text),
        "The provider's own words for a level, and which level of eIDAS, eHerkenning or DigiD each "
        "is.",
        default=None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalOidcSettings(ProviderSettings):
    """How residents log in at the portal."""

    bsn_claim: str = option(o.text, "Claim that holds the person's number.", default="bsn")
    represents_claim: str = option(
        o.text, "Claim that holds for whom the person may act.", default="represents"
    )
    minimum_level: str = option(
        o.text,
        "Lowest level that may log in.",
        default="http://eidas.europa.eu/LoA/substantial",
    )
    kvk_claim: str = option(
        o.text, "Claim that holds the trade register number of a company.", default="kvk"
    )
    rsin_claim: str = option(o.text, "Claim that holds the RSIN of a company.", default="rsin")
    acting_claim: str = option(
        o.text,
        "Claim that holds the pseudonym of who acts for a company.",
        default="acting_subject",
    )
    services_claim: str = option(
        o.text, "Claim that holds for which services that person may act.", default="services"
    )
    company_services: tuple[str, ...] = option(
        o.several(o.text),
        "Names under which a mandate is for a company's own pages here.",
        default=("mijn-gegevens",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EmployeesOidcSettings:
    """Tokens of employees that applications bring to the Outway."""

    issuer: str = option(o.web_address("https", "http"), "Issuer of our employees' tokens.")
    audience: str = option(o.text, "Audience those tokens must name.")
    roles_claim: str = option(o.text, "Claim that holds the roles.", default="roles")
    level_claim: str = option(o.text, "Claim that holds the level of assurance.", default="acr")
    highest_level: str = option(
        o.text,
        "Highest level of assurance at which employees can log in, as that claim holds it; the "
        "catalogue holds it against what others ask.",
        default="",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencySettings:
    """Emergency access (noodtoegang): a role for a limited time, with a reason that is told."""

    roles: tuple[str, ...] = option(
        o.several(o.text), "Roles that may be taken in an emergency; policies say what they see."
    )
    officers: tuple[str, ...] = option(
        o.several(o.text), "Roles that are told of every use, and judge it; they may enter too."
    )
    who: tuple[str, ...] = option(
        o.several(o.text),
        "Roles of which one is needed to use it; empty: every employee who can log in.",
        default=(),
    )
    minutes: int = option(o.whole_number(1, 480), "How long it lasts.", default=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleOidcSettings(ProviderSettings):
    """How employees log in at the console; a second factor is always needed."""

    roles: tuple[str, ...] = option(
        o.several(o.text), "Roles that may enter the console; what they see there, policies say."
    )
    roles_claim: str = option(o.text, "Claim that holds the roles.", default="roles")
    amr_claim: str = option(o.text, "Claim that holds the methods of logging in.", default="amr")
    minimum_level: str = option(
        o.text,
        "Level that shows a second factor by itself.",
        default="http://eidas.europa.eu/LoA/substantial",
    )
    second_factor: tuple[str, ...] = option(
        o.several(o.text),
        "Methods (amr) that show a second factor, whatever the level.",
        default=("mfa",),
    )
    register_officers: tuple[str, ...] = option(
        o.several(o.text),
        "Roles that may propose and approve changes of the register of purposes; they may enter.",
        default=(),
    )
    contract_officers: tuple[str, ...] = option(
        o.several(o.text),
        "Roles that decide on contracts that others propose, and ask others for access; they may "
        "enter.",
        default=(),
    )
    api_officers: tuple[str, ...] = option(
        o.several(o.text),
        "Roles that publish APIs in the catalogue, and say when they end; they may enter.",
        default=(),
    )
    log_officers: tuple[str, ...] = option(
        o.several(o.text),
        "Roles that may look in the log of processing, each time with a reason; they may enter.",
        default=(),
    )
    source_officers: tuple[str, ...] = option(
        o.several(o.text),
        "Roles that work on logical sources: see their state, try and propose changes, approve "
        "those of others; they may enter.",
        default=(),
    )
    access_activity: str = option(
        o.text,
        "Address of the processing activity of answering who asks for access (AVG art. 15); empty: "
        "nobody is searched in the log.",
        default="",
    )
    emergency: EmergencySettings | None = section(
        EmergencySettings, "Emergency access for who lacks a role.", optional=True
    )

    @property
    def allowed_roles(self) -> frozenset[str]:
        """Roles of which one is needed to enter."""
        told = self.emergency.officers if self.emergency else ()
        officers = (*self.register_officers, *self.contract_officers, *self.log_officers)
        return frozenset((*self.roles, *officers, *self.source_officers, *self.api_officers, *told))

    def may_take_emergency(self, roles: Iterable[str]) -> bool:
        """True for one who may use emergency access."""
        given = self.emergency
        return given is not None and (not given.who or not set(given.who).isdisjoint(roles))

    @property
    def second_factors(self) -> frozenset[str]:
        """Methods of which one is enough."""
        return frozenset(self.second_factor)


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcSettings:
    """Everybody who may log in."""

    portal: PortalOidcSettings | None = section(
        PortalOidcSettings, "Log-in of residents.", optional=True
    )
    employees: EmployeesOidcSettings | None = section(
        EmployeesOidcSettings, "Tokens of employees at the Outway.", optional=True
    )
    console: ConsoleOidcSettings | None = section(
        ConsoleOidcSettings, "Log-in of employees at the console.", optional=True
    )
