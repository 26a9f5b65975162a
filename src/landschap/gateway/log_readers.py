# SPDX-License-Identifier: EUPL-1.2
"""Who may read the log through its interface, by the token that is brought.

    an employee with a role that may look in the log          reads as auditor
    a resident who logged in, with an application of ours     reads the own lines

Both are as sure as at the page where they would look: the level of the console, of the portal.
Source: OpenID Connect Core, "ID Token Validation"; eIDAS art. 8; AVG art. 15.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from joserfc.jwk import KeySet

from landschap.gateway.users import Employees, User, level_of, verify_user
from landschap.logboek.ingest import Keys
from landschap.logboek.readers import Auditor, Resident, pseudonyms_of
from landschap.purposes.model import level_rank
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.problems import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRules:
    """Whose tokens count, from which level, and with which roles (none: every person)."""

    tokens: Employees
    level: str
    roles: frozenset[str] = frozenset()


def verify_token(
    token: str, rules: TokenRules, keys: KeySet, now: datetime
) -> User | Refusal | None:
    """The person of a token that is sure enough; None when its key is not among ``keys``."""
    found = verify_user(token, rules.tokens, keys, now)
    if isinstance(found, Refusal):
        return replace(found, missing="a valid token of the issuer that people log in with here")
    if found is None or _is_sure(found.level, rules.level):
        return found
    return reader_refused("The token does not show that the person logged in surely enough.")


def auditor_of(user: User, rules: TokenRules) -> Auditor | Refusal:
    """An employee as auditor, or that no role allows it."""
    if rules.roles.isdisjoint(user.roles):
        return Refusal(
            code="role_not_allowed",
            status=403,
            title="This role does not look in the log",
            detail="Only who has a role of the log officers reads the log.",
            missing="a role of oidc.console.log_officers",
            owner="the privacy officers of this organisation",
        )
    return Auditor(subject=user.subject, roles=user.roles, level=user.level)


def resident_of(user: User, application: str, keys: Keys) -> Resident | Refusal:
    """A resident by the number in the token; it becomes pseudonyms and is not kept."""
    try:
        [number] = user.roles
        return Resident(pseudonyms=pseudonyms_of(keys, "bsn", number), application=application)
    except (ValueError, InvalidValue):
        return reader_refused("The token does not name one person.")


def reader_refused(detail: str) -> Refusal:
    """The refusal of somebody who would read."""
    return Refusal(
        code="user_invalid",
        status=401,
        title="The reader is not known here",
        detail=detail,
        missing="a bearer token of an auditor; or of a resident, with the key of an application",
        owner="the one who asks, by logging in, or the application",
    )


def _is_sure(level: str, minimum: str) -> bool:
    """An unknown level, asked or shown, is never enough."""
    shown, asked = level_rank(level_of(level)), level_rank(level_of(minimum))
    return bool(shown and asked and shown >= asked)
