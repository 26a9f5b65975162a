# SPDX-License-Identifier: EUPL-1.2
"""Logging in through OpenID Connect: authorization code with PKCE, and the level that is needed.

The browser goes to the provider with a question that only it can finish: `state` ties the answer to
this browser, `nonce` ties the identity token to this question, the code verifier keeps a stolen
code worthless. What comes back is who it is, read from the claims as `identities` does for each
audience, or `LoginFailed` with one of a few reasons, each of which has a page that says what to do.

Left out: client authentication other than a secret or none, pairwise subjects, the userinfo
endpoint (claims stand in the identity token), encrypted tokens.
Source: OpenID Connect Core 1.0; OAuth 2.0 NL GOV profile; RFC 7636; RFC 9207.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Generic, NamedTuple, Protocol, TypeVar
from urllib.parse import urlencode, urlsplit

import aiohttp
import structlog
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from landschap.platform.trouble import Trouble

log = structlog.get_logger(__name__)

ALGORITHMS = ["ES256", "PS256", "RS256"]
LOGIN_SECONDS = 600
_TIMEOUT = aiohttp.ClientTimeout(total=5)
_METADATA_SECONDS = 600
_LEEWAY_SECONDS = 60
_MAX_ANSWER_BYTES = 200_000
_MAX_TOKEN = 8_192
_MAX_NAME = 255
_LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"

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
    REFUSED = "refused"


class LoginFailed(Exception):
    """Nobody is logged in; ``reason`` chooses the page, the message is for the technical log."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A login that has begun, to be kept by the browser that began it until it comes back."""

    state: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    return_to: str
    begun_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedOut:
    """Whose session the provider says is over: all of ``subject``, or the one ``session_id``."""

    subject: str
    session_id: str
    at: int


class ClientSettings(Protocol):
    """How we are known at a provider, and how sure it must be."""

    @property
    def issuer(self) -> str:
        """The provider."""

    @property
    def client_id(self) -> str:
        """Our name there."""

    @property
    def client_secret(self) -> Path | None:
        """The file that holds our secret there, None without one."""

    @property
    def minimum_level(self) -> str:
        """The lowest level that may log in, one of `LEVELS`."""


Claims = Mapping[str, Any]


class Tokens(NamedTuple):
    """What the provider gave: the identity token, and the access token or an empty text."""

    identity: str
    access: str


Who = TypeVar("Who")


class OidcClient(Generic[Who]):
    """One relying party at one provider; ``identify`` reads who it is from claims and tokens.

    ``identify`` raises LoginFailed for one who may not log in here.
    """

    def __init__(
        self,
        settings: ClientSettings,
        *,
        redirect_uri: str,
        hosts: Mapping[str, str],
        identify: Callable[[Claims, Tokens], Who],
    ) -> None:
        if settings.minimum_level not in LEVELS:
            raise Trouble(
                f"the minimum_level {settings.minimum_level!r} under [oidc] is not a known level",
                "use one of: " + ", ".join(LEVELS),
            )
        self.settings = settings
        self._redirect_uri = redirect_uri
        self._hosts = dict(hosts)
        self._identify = identify
        self._metadata: dict[str, Any] = {}
        self._metadata_until = 0.0
        self._keys: KeySet | None = None

    async def begin(self, return_to: str) -> tuple[str, Pending]:
        """The provider's address to send the browser to, and what it must keep. LoginFailed."""
        metadata = await self._discover()
        pending = Pending(
            state=secrets.token_urlsafe(24),
            nonce=secrets.token_urlsafe(24),
            verifier=secrets.token_urlsafe(48),
            return_to=return_to,
            begun_at=int(time.time()),
        )
        digest = hashlib.sha256(pending.verifier.encode()).digest()
        query = urlencode({
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": self._redirect_uri,
            "scope": "openid profile",
            "state": pending.state,
            "nonce": pending.nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            "acr_values": self.settings.minimum_level,
        })  # fmt: skip
        return _with_query(metadata["authorization_endpoint"], query), pending

    async def finish(self, pending: Pending | None, answer: Mapping[str, str]) -> Who:
        """Who came back from the provider. Raises LoginFailed."""
        if pending is None or time.time() > pending.begun_at + LOGIN_SECONDS:
            raise LoginFailed(Reason.EXPIRED, "no login was begun in this browser, or too long ago")
        if not secrets.compare_digest(pending.state.encode(), answer.get("state", "").encode()):
            raise LoginFailed(Reason.EXPIRED, "state differs: another login was begun since")
        if answer.get("iss", self.settings.issuer) != self.settings.issuer:
            raise LoginFailed(Reason.REFUSED, "the answer came from another issuer")
        if error := answer.get("error"):
            cancelled = error in {"access_denied", "user_cancelled"}
            reason = Reason.CANCELLED if cancelled else Reason.REFUSED
            raise LoginFailed(reason, f"the provider answered {error[:80]}")
        tokens = await self._redeem(answer.get("code", ""), pending.verifier)
        return self._identify(await self._claims(tokens.identity, pending.nonce), tokens)

    async def logged_out(self, token: str) -> LoggedOut:
        """Who the provider says has logged out, by its logout token. Raises LoginFailed.

        Source: OpenID Connect Back-Channel Logout 1.0, 2.4 and 2.6.
        """
        if len(token) > _MAX_TOKEN:
            raise LoginFailed(Reason.REFUSED, "the logout token is larger than any we accept")
        try:
            claims = await self._decoded(token)
            jwt.JWTClaimsRegistry(leeway=_LEEWAY_SECONDS, **self._ours()).validate(claims)
        except (JoseError, ValueError) as error:
            raise LoginFailed(Reason.REFUSED, f"logout token refused: {error}") from None
        events = claims.get("events")
        at = claims.get("iat")
        if not isinstance(events, Mapping) or _LOGOUT_EVENT not in events or "nonce" in claims:
            raise LoginFailed(Reason.REFUSED, "this token tells of no logout")
        found = LoggedOut(
            subject=_name(claims.get("sub")),
            session_id=_name(claims.get("sid")),
            at=at if isinstance(at, int) else 0,
        )
        if not (found.subject or found.session_id) or found.at <= 0:
            raise LoginFailed(Reason.REFUSED, "the logout token names nobody")
        return found

    async def end_address(self, id_token: str, return_to: str) -> str:
        """Where the session at the provider ends; our own page when it has no such place."""
        try:
            endpoint = (await self._discover()).get("end_session_endpoint")
        except LoginFailed:
            endpoint = None
        if not isinstance(endpoint, str):
            return return_to
        query = {"id_token_hint": id_token, "post_logout_redirect_uri": return_to}
        return _with_query(endpoint, urlencode({**query, "client_id": self.settings.client_id}))

    async def _discover(self) -> dict[str, Any]:
        if time.monotonic() < self._metadata_until:
            return self._metadata
        address = f"{self.settings.issuer}/.well-known/openid-configuration"
        found = await self._ask("GET", address)
        if found.get("issuer") != self.settings.issuer:
            raise LoginFailed(Reason.UNREACHABLE, "the provider says it is another issuer")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            _check_endpoint(name, found.get(name), self.settings.issuer)
        self._metadata = found
        self._metadata_until = time.monotonic() + _METADATA_SECONDS
        return found

    async def _redeem(self, code: str, verifier: str) -> Tokens:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "client_id": self.settings.client_id,
            "code_verifier": verifier,
        }
        if self.settings.client_secret is not None:
            form["client_secret"] = self.settings.client_secret.read_text().strip()
        metadata = await self._discover()
        answer = await self._ask("POST", metadata["token_endpoint"], form)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise LoginFailed(Reason.REFUSED, "the provider gave no identity token")
        access = answer.get("access_token")
        is_usable = isinstance(access, str) and len(access) <= _MAX_TOKEN
        return Tokens(token, str(access) if is_usable else "")

    async def _claims(self, token: str, nonce: str) -> dict[str, Any]:
        try:
            decoded = await self._decoded(token)
            jwt.JWTClaimsRegistry(
                leeway=_LEEWAY_SECONDS,
                nonce={"essential": True, "value": nonce},
                **self._ours(),
            ).validate(decoded)
        except (JoseError, ValueError) as error:
            raise LoginFailed(Reason.REFUSED, f"identity token refused: {error}") from None
        audience = decoded.get("aud")
        party = decoded.get("azp", self.settings.client_id)
        if party != self.settings.client_id or (isinstance(audience, list) and len(audience) > 1):
            raise LoginFailed(Reason.REFUSED, "identity token is meant for others too")
        return decoded

    def _ours(self) -> dict[str, Any]:
        """What every token for us must say."""
        return {
            "iss": {"essential": True, "value": self.settings.issuer},
            "aud": {"essential": True, "value": self.settings.client_id},
            "exp": {"essential": True},
            "iat": {"essential": True},
        }

    async def _decoded(self, token: str) -> dict[str, Any]:
        """The claims, the signature checked; keys are fetched again once when one is unknown."""
        if self._keys is not None:
            try:
                return jwt.decode(token, self._keys, algorithms=ALGORITHMS).claims
            except (JoseError, ValueError):
                self._keys = None
        metadata = await self._discover()
        raw = await self._ask("GET", metadata["jwks_uri"])
        self._keys = KeySet.import_key_set(raw)  # type: ignore[arg-type]  # checked while importing
        return jwt.decode(token, self._keys, algorithms=ALGORITHMS).claims

    async def _ask(
        self, method: str, address: str, form: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        connector = aiohttp.TCPConnector(resolver=HostResolver(self._hosts))
        try:
            async with (
                aiohttp.ClientSession(connector=connector, timeout=_TIMEOUT) as session,
                session.request(method, address, data=form, allow_redirects=False) as answer,
            ):
                raw = await answer.content.read(_MAX_ANSWER_BYTES)
                status, body = answer.status, _json_object(raw)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise LoginFailed(Reason.UNREACHABLE, f"{address}: {type(error).__name__}") from None
        if status >= 500 or (status != 200 and form is None):
            raise LoginFailed(Reason.UNREACHABLE, f"{address} answered {status}")
        if status != 200 or body is None:
            words = str((body or {}).get("error", "no JSON"))[:80]
            raise LoginFailed(Reason.REFUSED, f"{address} answered {status}: {words}")
        return body


class HostResolver(AbstractResolver):
    """Configured names first, then names under localhost, then the system."""

    def __init__(self, hosts: Mapping[str, str]) -> None:
        self._hosts = hosts
        self._system = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The address of a host."""
        # Source: RFC 6761, section 6.3; not every system's resolver knows names under localhost.
        known = self._hosts.get(host) or ("127.0.0.1" if host.endswith(".localhost") else "")
        return await self._system.resolve(known or host, port, family)

    async def close(self) -> None:
        """Let go of the system's resolver."""
        await self._system.close()


def _name(claim: object) -> str:
    return claim if isinstance(claim, str) and len(claim) <= _MAX_NAME else ""


def _json_object(raw: bytes) -> dict[str, Any] | None:
    import json

    try:
        body = json.loads(raw)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _check_endpoint(name: str, address: object, issuer: str) -> None:
    scheme = urlsplit(address).scheme if isinstance(address, str) else ""
    if scheme == "https" or (scheme == "http" and issuer.startswith("http://")):
        return
    raise LoginFailed(Reason.UNREACHABLE, f"the provider's {name} is absent or not https")


def _with_query(address: str, query: str) -> str:
    return f"{address}{'&' if '?' in address else '?'}{query}"
