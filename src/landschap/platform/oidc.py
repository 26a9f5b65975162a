# SPDX-License-Identifier: EUPL-1.2
"""Logging in through OpenID Connect: authorization code with PKCE, and the level that is needed.

The browser goes to the provider with a question that only it can finish: `state` ties the answer to
this browser, `nonce` ties the identity token to this question, the code verifier keeps a stolen
code worthless. What comes back is who it is, read from the claims as `identities` does for each
audience, or `LoginFailed` with one of a few reasons, each of which has a page that says what to do.

Claims stand in the identity token, or are asked with the access token (userinfo), as the settings
say. Left out: mutual TLS to the provider, pairwise subjects, encrypted tokens.
Source: OpenID Connect Core 1.0; OAuth 2.0 NL GOV profile; RFC 7636; RFC 9207.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
import warnings
from collections.abc import Callable, Mapping
from typing import Any, Generic
from urllib.parse import urlencode, urlsplit

import structlog
from joserfc import jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import KeySet

from landschap.platform.oidc_asking import HostResolver, ask, check_client, proof_of
from landschap.platform.oidc_words import (
    LEVELS,
    USERINFO,
    Claims,
    ClientSettings,
    LoggedOut,
    LoginFailed,
    Pending,
    Reason,
    Tokens,
    Who,
    is_enough,
    words_for,
)
from landschap.platform.trouble import Trouble

__all__ = [
    "LEVELS", "LOGIN_SECONDS", "Claims", "ClientSettings", "HostResolver", "LoggedOut",
    "LoginFailed", "OidcClient", "Pending", "Reason", "Tokens", "Who",
]  # fmt: skip

log = structlog.get_logger(__name__)

ALGORITHMS = ["ES256", "PS256", "RS256", "Ed25519", "EdDSA"]
LOGIN_SECONDS = 600
_METADATA_SECONDS = 600
_LEEWAY_SECONDS = 60
_PATIENT_SECONDS = 10
_MAX_TOKEN = 8_192
_MAX_NAME = 255
# What the identity token says of this login stays, whatever else tells it too.
_OF_THE_TOKEN = ("iss", "aud", "iat", "exp", "nonce", "auth_time", "sid")
_LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"


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
        _check_levels(settings)
        check_client(settings)
        self.settings = settings
        self._redirect_uri = redirect_uri
        self._hosts = dict(hosts)
        self._identify = identify
        self._metadata: dict[str, Any] = {}
        self._metadata_until = 0.0
        self._keys: KeySet | None = None
        self._keys_until = 0.0
        self._keys_asked = 0.0

    async def begin(self, return_to: str, level: str = "") -> tuple[str, Pending]:
        """The provider's address to send the browser to, and what it must keep. LoginFailed.

        ``level`` is what the page one wants needs, when that is more than the lowest.
        """
        level = level if level and not is_enough(self.settings.minimum_level, level) else ""
        metadata = await self._discover()
        pending = Pending(
            state=secrets.token_urlsafe(24),
            nonce=secrets.token_urlsafe(24),
            verifier=secrets.token_urlsafe(48),
            return_to=return_to,
            begun_at=int(time.time()),
            level=level,
        )
        digest = hashlib.sha256(pending.verifier.encode()).digest()
        query = urlencode({
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": self._redirect_uri,
            "scope": " ".join(self.settings.scopes),
            "state": pending.state,
            "nonce": pending.nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            "acr_values": words_for(self.settings, level or self.settings.minimum_level),
        })  # fmt: skip
        return _with_query(metadata["authorization_endpoint"], query), pending

    async def finish(self, pending: Pending | None, answer: Mapping[str, str]) -> Who:
        """Who came back from the provider. Raises LoginFailed."""
        if pending is None or time.time() > pending.begun_at + LOGIN_SECONDS:
            raise LoginFailed(Reason.EXPIRED, "no login was begun in this browser, or too long ago")
        if not secrets.compare_digest(pending.state.encode(), answer.get("state", "").encode()):
            raise LoginFailed(Reason.EXPIRED, "state differs: another login was begun since")
        metadata = await self._discover()
        # Source: RFC 9207, 2.4: where it is promised, an answer without it may be another's.
        promised = metadata.get("authorization_response_iss_parameter_supported") is True
        if answer.get("iss", "" if promised else self.settings.issuer) != self.settings.issuer:
            raise LoginFailed(Reason.REFUSED, "the answer came from another issuer")
        if error := answer.get("error"):
            cancelled = error in {"access_denied", "user_cancelled"}
            reason = Reason.CANCELLED if cancelled else Reason.REFUSED
            raise LoginFailed(reason, f"the provider answered {error[:80]}")
        tokens = await self._redeem(answer.get("code", ""), pending.verifier)
        claims = await self._claims(tokens.identity, pending.nonce)
        if self.settings.claims_from == USERINFO:
            claims = await self._with_userinfo(claims, tokens.access)
        found = self._identify(claims, tokens)
        if pending.level and not is_enough(found.level, pending.level):
            raise LoginFailed(Reason.LEVEL_TOO_LOW, f"level {found.level[:80]!r} is not enough")
        return found

    async def bearer(self, token: str, audience: str, scope: str) -> tuple[Who, int]:
        """Whose access token this is, and when it ends (seconds since 1970). Raises LoginFailed.

        It must be an access token (``at+jwt``) of this provider, for this audience, with this
        scope. Source: RFC 9068, section 4.
        """
        if len(token) > _MAX_TOKEN:
            raise LoginFailed(Reason.REFUSED, "the token is larger than any we accept")
        wanted = {**self._ours(), "aud": {"essential": True, "value": audience}}
        try:
            claims, kind = await self._read(token, patient=True)
            jwt.JWTClaimsRegistry(leeway=_LEEWAY_SECONDS, **wanted).validate(claims)
        except (JoseError, ValueError) as error:
            raise LoginFailed(Reason.REFUSED, f"access token refused: {error}") from None
        if kind.lower().removeprefix("application/") != "at+jwt":
            raise LoginFailed(Reason.REFUSED, "this is no access token")
        if scope not in str(claims.get("scope", "")).split():
            raise LoginFailed(Reason.NO_SCOPE, "the token lacks the scope that is needed")
        told: Claims = claims
        if self.settings.claims_from == USERINFO:
            told = await self._with_userinfo(claims, token)
        return self._identify(told, Tokens("", token)), int(claims["exp"])

    async def logged_out(self, token: str) -> LoggedOut:
        """Who the provider says has logged out, by its logout token. Raises LoginFailed.

        Source: OpenID Connect Back-Channel Logout 1.0, 2.4 and 2.6.
        """
        if len(token) > _MAX_TOKEN:
            raise LoginFailed(Reason.REFUSED, "the logout token is larger than any we accept")
        try:
            claims, _ = await self._read(token, patient=True)
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

    async def _with_userinfo(self, claims: Claims, access: str) -> dict[str, Any]:
        """What is told of who logged in, besides the token. Raises LoginFailed.

        Source: OpenID Connect Core 1.0, 5.3.2: it must be the same subject; what the token says of
        the login itself, it keeps.
        """
        endpoint = (await self._discover()).get("userinfo_endpoint")
        _check_endpoint("userinfo_endpoint", endpoint, self.settings.issuer)
        if not access:
            raise LoginFailed(Reason.REFUSED, "the provider gave no access token")
        answer = await ask(
            self._hosts, "GET", str(endpoint), headers={"Authorization": f"Bearer {access}"}
        )
        told = answer.body
        if answer.signed:
            told = await self._signed_userinfo(answer.signed)
        if not claims.get("sub") or told.get("sub") != claims.get("sub"):
            raise LoginFailed(Reason.REFUSED, "userinfo is of another subject than the token")
        kept = {name: claims[name] for name in _OF_THE_TOKEN if name in claims}
        return {**claims, **told, **kept}

    async def _signed_userinfo(self, token: str) -> dict[str, Any]:
        """Source: OpenID Connect Core 1.0, 5.3.2: signed, it names its issuer and is for us."""
        ours = {name: rule for name, rule in self._ours().items() if name in ("iss", "aud")}
        try:
            told = await self._decoded(token)
            jwt.JWTClaimsRegistry(leeway=_LEEWAY_SECONDS, **ours).validate(told)
        except (JoseError, ValueError) as error:
            raise LoginFailed(Reason.REFUSED, f"userinfo refused: {error}") from None
        return told

    async def _discover(self) -> dict[str, Any]:
        if time.monotonic() < self._metadata_until:
            return self._metadata
        address = f"{self.settings.issuer}/.well-known/openid-configuration"
        found, _ = await ask(self._hosts, "GET", address)
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
            "code_verifier": verifier,
        }
        endpoint = (await self._discover())["token_endpoint"]
        fields, headers = proof_of(self.settings, endpoint)
        answer, _ = await ask(self._hosts, "POST", endpoint, {**form, **fields}, headers)
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
        """The claims, the signature checked."""
        return (await self._read(token))[0]

    async def _read(self, token: str, *, patient: bool = False) -> tuple[dict[str, Any], str]:
        """Claims and type, the signature checked; keys are fetched once more for an unknown one.

        A key that the provider no longer publishes counts no longer than its metadata would.
        ``patient``: anybody may send such a token, so the provider is not asked for each of them.
        """
        if self._keys is not None and time.monotonic() < self._keys_until:
            try:
                return _claims_of(token, self._keys)
            except (JoseError, ValueError):
                if patient and time.monotonic() < self._keys_asked + _PATIENT_SECONDS:
                    raise
        metadata = await self._discover()
        self._keys_asked = time.monotonic()
        raw, _ = await ask(self._hosts, "GET", metadata["jwks_uri"])
        try:
            self._keys = KeySet.import_key_set(raw)  # type: ignore[arg-type]  # checked here
        except (JoseError, LookupError, TypeError, ValueError) as error:
            why = f"the provider publishes no keys: {type(error).__name__}"
            raise LoginFailed(Reason.UNREACHABLE, why) from None
        self._keys_until = time.monotonic() + _METADATA_SECONDS
        return _claims_of(token, self._keys)


def _claims_of(token: str, keys: KeySet) -> tuple[dict[str, Any], str]:
    with warnings.catch_warnings():
        # "EdDSA" is the older name of Ed25519; most providers still write it (RFC 9864).
        warnings.simplefilter("ignore", SecurityWarning)
        read = jwt.decode(token, keys, algorithms=ALGORITHMS)
    return read.claims, str(read.header.get("typ", ""))


def _check_levels(settings: ClientSettings) -> None:
    """Raises Trouble for a level that nobody knows."""
    told = {"minimum_level": settings.minimum_level, **(settings.levels or {})}
    for name, level in told.items():
        if level not in LEVELS:
            raise Trouble(
                f"{name} under [oidc] is {level!r}, which is not a known level",
                "use one of: " + ", ".join(LEVELS),
            )


def _name(claim: object) -> str:
    return claim if isinstance(claim, str) and len(claim) <= _MAX_NAME else ""


def _check_endpoint(name: str, address: object, issuer: str) -> None:
    scheme = urlsplit(address).scheme if isinstance(address, str) else ""
    if scheme == "https" or (scheme == "http" and issuer.startswith("http://")):
        return
    raise LoginFailed(Reason.UNREACHABLE, f"the provider's {name} is absent or not https")


def _with_query(address: str, query: str) -> str:
    return f"{address}{'&' if '?' in address else '?'}{query}"
