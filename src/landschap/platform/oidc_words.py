# SPDX-License-Identifier: EUPL-1.2
"""What logging in is told with: levels, reasons, a login that has begun, who we are there.

Source: OpenID Connect Core 1.0; OAuth 2.0 NL GOV profile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

_EIDAS = "http://eidas.europa.eu/LoA/"
_ETD = "urn:etoegang:core:assurance-class:"
_SAML = "urn:oasis:names:tc:SAML:2.0:ac:classes:"
LEVELS: Mapping[str, int] = {
    f"{_EIDAS}low": 1,
    f"{_ETD}loa2": 1,
    f"{_SAML}PasswordProtectedTransport": 1,
    f"{_ETD}loa2plus": 2,
    f"{_SAML}MobileTwoFactorContract": 2,
    f"{_EIDAS}substantial": 3,
    f"{_ETD}loa3": 3,
    f"{_SAML}Smartcard": 3,
    f"{_EIDAS}high": 4,
    f"{_ETD}loa4": 4,
    f"{_SAML}SmartcardPKI": 4,
}
"""How sure the provider is, lowest first: eIDAS, eHerkenning, DigiD. An unknown word is none."""

SECRET_POST, SECRET_BASIC = "client_secret_post", "client_secret_basic"
PRIVATE_KEY = "private_key_jwt"
AUTHENTICATIONS = (SECRET_POST, SECRET_BASIC, PRIVATE_KEY)
"""How an application may prove who it is. Source: OpenID Connect Core 1.0, section 9."""

IDENTITY, USERINFO = "identity", "userinfo"


def is_enough(level: str, needed: str) -> bool:
    """True when a login of this level may see what needs that one; an unknown level is none."""
    return LEVELS.get(level, 0) >= LEVELS[needed]


class Reason(StrEnum):
    """Why nobody is logged in."""

    CANCELLED = "cancelled"
    UNREACHABLE = "unreachable"
    LEVEL_TOO_LOW = "level_too_low"
    EXPIRED = "expired"
    NO_NUMBER = "no_number"
    NO_MANDATE = "no_mandate"
    NO_ROLE = "no_role"
    DEPARTED = "departed"
    NO_SCOPE = "no_scope"
    REFUSED = "refused"


class LoginFailed(Exception):
    """Nobody is logged in; ``reason`` chooses the page, the message is for the technical log."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A login that has begun, to be kept by the browser that began it until it comes back.

    ``level`` is what the page one wants needs, empty when that is no more than always.
    """

    state: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    return_to: str
    begun_at: int
    level: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedOut:
    """Whose session the provider says is over: all of ``subject``, or the one ``session_id``."""

    subject: str
    session_id: str
    at: int


class ClientSettings(Protocol):
    """How we are known at a provider, how it is asked, and how sure it must be."""

    @property
    def issuer(self) -> str:
        """The provider."""

    @property
    def client_id(self) -> str:
        """Our name there."""

    @property
    def client_authentication(self) -> str:
        """How we prove who we are, one of `AUTHENTICATIONS`."""

    @property
    def client_secret(self) -> Path | None:
        """The file that holds our secret there, None without one."""

    @property
    def client_key(self) -> Path | None:
        """The file that holds the key we sign with, None without one."""

    @property
    def scopes(self) -> Sequence[str]:
        """What we ask for."""

    @property
    def claims_from(self) -> str:
        """Where it tells who somebody is: `IDENTITY` or `USERINFO`."""

    @property
    def levels(self) -> Mapping[str, str] | None:
        """Its own words for a level, and which of `LEVELS` each is."""

    @property
    def minimum_level(self) -> str:
        """The lowest level that may log in, one of `LEVELS`."""


class Leveled(Protocol):
    """Who logged in, with how sure the provider was."""

    @property
    def level(self) -> str:
        """One of `LEVELS`, or a word that is none."""


Claims = Mapping[str, Any]


class Tokens(NamedTuple):
    """What the provider gave: the identity token, and the access token or an empty text."""

    identity: str
    access: str


Who = TypeVar("Who", bound=Leveled)


def level_of(settings: ClientSettings, said: object) -> str:
    """The level a provider means by what it said; its own words come first."""
    word = said if isinstance(said, str) else ""
    return (settings.levels or {}).get(word, word)


def words_for(settings: ClientSettings, needed: str) -> str:
    """How a provider is asked for at least this level: its own words, the lowest first."""
    own = settings.levels or {}
    enough = [word for word, level in own.items() if is_enough(level, needed)]
    return " ".join(sorted(enough, key=lambda word: LEVELS[own[word]])) or needed
