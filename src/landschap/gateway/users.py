# SPDX-License-Identifier: EUPL-1.2
"""Who of the own organisation is asking: an application, and the person behind it.

The person proves itself by a token of the organisation's own issuer. It stays inside: it stands
in our own log, and outside there is only the organisation.
Source: OpenID Connect Core, "ID Token Validation"; RFC 8725; house decision: own side of the
Outway.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from landschap.purposes.model import level_rank
from landschap.vocabulary.problems import Refusal

LEEWAY_SECONDS = 5
MAX_TOKEN_CHARACTERS = 8192
ALGORITHMS = ["RS256", "PS256", "ES256", "RS384", "PS384", "ES384", "RS512", "PS512", "ES512"]
_EIDAS = {"low": "loa2", "substantial": "loa3", "high": "loa4"}
_EIDAS_LEVEL = re.compile(r"https?://eidas\.europa\.eu/LoA/(low|substantial|high)")
_ETD = "urn:etoegang:core:assurance-class:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Employees:
    """Whose tokens we believe, and in which claims roles and level stand."""

    issuer: str
    audience: str
    roles_claim: str
    level_claim: str


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person behind a question. ``level`` is an assurance class of eToegang, or empty.

    ``since`` is when the token was given (seconds since 1970, 0 when it does not say);
    ``session_id`` is what the issuer calls the session.
    """

    subject: str
    roles: tuple[str, ...]
    level: str
    expires_at: float
    since: float = 0.0
    session_id: str = ""

    def has_departed(self, departed: Mapping[str, float]) -> bool:
        """True for who left, or logged out since the token was given.

        ``departed`` tells per account (``sub:`` or ``sid:``) up to when a token is void.
        """
        if not departed:
            return False
        moments = (departed.get(f"sub:{self.subject}"), departed.get(f"sid:{self.session_id}"))
        return any(moment is not None and self.since <= moment for moment in moments)


def verify_user(
    token: str, employees: Employees, keys: KeySet, now: datetime
) -> User | Refusal | None:
    """The user a bearer token names, or the refusal; None when its key is not among ``keys``.

    Checked: signature with a key of the issuer, ``iss``, ``aud``, ``exp``, ``nbf`` and ``sub``.
    """
    if len(token) > MAX_TOKEN_CHARACTERS:
        return _refuse("the token is larger than any we accept")
    try:
        read = jwt.decode(token, keys, algorithms=ALGORITHMS)
    except InvalidKeyIdError:
        # The issuer may have a new key.
        return None
    except (JoseError, ValueError) as error:
        return _refuse(f"the token does not verify ({type(error).__name__})")
    return _user(read.claims, employees, now)


def _user(claims: Mapping[str, object], employees: Employees, now: datetime) -> User | Refusal:
    seconds = now.timestamp()
    expires_at, not_before = claims.get("exp"), claims.get("nbf", 0)
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    subject = claims.get("sub")
    issued_at, session_id = claims.get("iat"), claims.get("sid")
    if claims.get("iss") != employees.issuer:
        return _refuse("the token is of another issuer than that of our employees")
    if employees.audience not in audiences:
        return _refuse("the token is meant for another audience")
    if not isinstance(expires_at, int | float) or seconds >= expires_at + LEEWAY_SECONDS:
        return _refuse("the token has expired; log in again")
    if not isinstance(not_before, int | float) or seconds + LEEWAY_SECONDS < not_before:
        return _refuse("the token is not valid yet")
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        return _refuse("the token names no user")
    return User(
        subject=subject,
        roles=_roles(claims.get(employees.roles_claim)),
        level=level_of(claims.get(employees.level_claim)),
        expires_at=float(expires_at),
        since=float(issued_at) if isinstance(issued_at, int | float) else 0.0,
        session_id=session_id if isinstance(session_id, str) else "",
    )


def level_of(claim: object) -> str:
    """The assurance class for a claim: an eToegang class or an eIDAS level; else nothing is known.

    Source: eIDAS art. 8; eToegang, "Assurance classes": low is loa2, substantial loa3, high loa4.
    """
    if not isinstance(claim, str):
        return ""
    if match := _EIDAS_LEVEL.fullmatch(claim):
        return _ETD + _EIDAS[match[1]]
    return claim if level_rank(claim) is not None else ""


def _roles(claim: object) -> tuple[str, ...]:
    if isinstance(claim, str):
        return tuple(claim.split())
    if isinstance(claim, Sequence):
        return tuple(str(each) for each in claim if isinstance(each, str))
    return ()


def _refuse(why: str) -> Refusal:
    return user_refused(f"The user's token can not be used: {why}.")


def user_refused(detail: str) -> Refusal:
    """The refusal of a user at the own Outway."""
    return Refusal(
        code="user_invalid",
        status=401,
        title="The user is not known here",
        detail=detail,
        missing="a valid token of the employees' issuer, or no Authorization header for a machine",
        owner="the user, by logging in, or the application that asks",
    )
