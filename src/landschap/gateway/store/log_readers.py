# SPDX-License-Identifier: EUPL-1.2
"""Who asks to read the log: an auditor, or an application of ours for a resident."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import asyncpg
from joserfc.jwk import KeySet

from landschap.gateway.log_readers import (
    TokenRules,
    auditor_of,
    reader_refused,
    resident_of,
    verify_token,
)
from landschap.gateway.store.applications import application_named
from landschap.gateway.users import Employees, User, user_refused
from landschap.logboek.ingest import Keys
from landschap.logboek.readers import Auditor, Reader, Resident
from landschap.platform.departures import by_session, by_subject, has_departed
from landschap.platform.oidc_settings import OidcSettings
from landschap.vocabulary.problems import ProblemError, granted

_BEARER = "bearer "


class IssuerKeys(Protocol):
    """The keys of an issuer, asked again when a token is signed with an unknown one."""

    held: KeySet | None

    async def renew(self, seen: KeySet | None) -> KeySet | None:
        """Newer keys than ``seen``, None when there are none to be had now."""
        ...


def auditor_rules(oidc: OidcSettings) -> TokenRules | None:
    """Whose tokens make an auditor; None where nobody is one.

    Roles are those of the console's issuer: from another issuer the same word may mean another.
    """
    employees, console = oidc.employees, oidc.console
    if employees is None or console is None or not console.log_officers:
        return None
    if employees.issuer != console.issuer:
        return None
    tokens = Employees(
        issuer=employees.issuer,
        audience=employees.audience,
        roles_claim=employees.roles_claim,
        level_claim=employees.level_claim,
    )
    return TokenRules(
        tokens=tokens, level=console.minimum_level, roles=frozenset(console.log_officers)
    )


def resident_rules(oidc: OidcSettings) -> TokenRules | None:
    """Whose tokens make a resident: those of the portal's issuer, for the portal's client.

    The number of the person stands where an employee has roles.
    """
    portal = oidc.portal
    if portal is None:
        return None
    tokens = Employees(
        issuer=portal.issuer,
        audience=portal.client_id,
        roles_claim=portal.bsn_claim,
        level_claim=portal.acr_claim,
    )
    return TokenRules(tokens=tokens, level=portal.minimum_level)


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers:
    """Tells who asks. Rules and keys are None where nobody reads in that way."""

    pool: asyncpg.Pool
    pseudonyms: Keys
    auditors: TokenRules | None = None
    auditor_keys: IssuerKeys | None = None
    residents: TokenRules | None = None
    resident_keys: IssuerKeys | None = None

    async def reader(self, headers: Mapping[str, str]) -> Reader:
        """Who asks, by these headers. Raises ProblemError for nobody who may read.

        With the credentials of an application it is for a resident, without for an auditor.
        """
        given = headers.get("authorization", "")
        if given[: len(_BEARER)].lower() != _BEARER:
            raise ProblemError(reader_refused("No bearer token is given."))
        token = given[len(_BEARER) :].strip()
        key, certificate = headers.get("x-api-key", ""), headers.get("x-client-cert", "")
        if key or certificate:
            return await self._resident(await application_named(self.pool, key, certificate), token)
        return await self._auditor(token)

    async def _resident(self, application: str, token: str) -> Resident:
        user = await _user(token, self.residents, self.resident_keys)
        return granted(resident_of(user, application, self.pseudonyms))

    async def _auditor(self, token: str) -> Auditor:
        rules = self.auditors
        user = await _user(token, rules, self.auditor_keys)
        assert rules is not None  # noqa: S101 - without rules nobody was known
        accounts = [by_subject(user.subject)]
        if user.session_id:
            accounts.append(by_session(user.session_id))
        if await has_departed(self.pool, rules.tokens.issuer, accounts, user.since):
            raise ProblemError(user_refused("The employee has left or logged out; log in again."))
        return granted(auditor_of(user, rules))


async def _user(token: str, rules: TokenRules | None, keys: IssuerKeys | None) -> User:
    if rules is None or keys is None:
        raise ProblemError(reader_refused("Nobody reads the log in this way here."))
    seen = keys.held
    found = None if seen is None else verify_token(token, rules, seen, datetime.now(UTC))
    if found is None:
        newer = await keys.renew(seen)
        found = verify_token(token, rules, newer, datetime.now(UTC)) if newer else None
    if found is None:
        raise ProblemError(reader_refused("The issuer publishes no key for this token."))
    return granted(found)
