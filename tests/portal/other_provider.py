# SPDX-License-Identifier: EUPL-1.2
"""A second provider of OpenID Connect, that does what the first can not: a broker, as many run one.

It lives under a path of its own, has several keys and changes them, signs with PS256, RS256 or
Ed25519, wants an application to prove who it is by a signed assertion or by Basic, tells who
somebody is at userinfo (signed or not) in words of its own, promises ``iss`` in each answer, knows
sessions, and tells of a logout over its back channel. It shares no code with the first one.
Source: OpenID Connect Core 1.0; Back-Channel Logout 1.0; NL GOV Assurance profile; RFC 7523; RFC
9207.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import KeyParameters, KeySet, OKPKey, RSAKey

BASE = "/broker/realms/burger"
PLACES = {
    "authorization_endpoint": "/inloggen", "token_endpoint": "/geef", "userinfo_endpoint": "/wie",
    "jwks_uri": "/sleutels", "end_session_endpoint": "/einde",
}  # fmt: skip
Twist = Callable[[dict[str, Any], dict[str, Any]], None]
"""Changes the header and the claims of the next identity token."""


@dataclass(frozen=True, kw_only=True)
class Login:
    """What one login asked, and for whom it was."""

    asked: Mapping[str, str]
    claims: Mapping[str, Any]
    sid: str


@dataclass(kw_only=True)
class Broker:
    """Its people by name, its applications' keys or secrets, and what it does differently.

    ``secret`` or ``public`` is how the application proves itself; ``alg`` how it signs;
    ``signs_userinfo`` says that userinfo comes as a signed token.
    """

    host: str
    people: Mapping[str, Mapping[str, Any]]
    alg: str = "PS256"
    secret: str = ""
    public: Any = None
    signs_userinfo: bool = False
    tells_at_userinfo: bool = True
    twist: Twist | None = None
    keys: list[RSAKey | OKPKey] = field(default_factory=list)
    open: dict[str, Login] = field(default_factory=dict)
    access: dict[str, Login] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    ended: list[str] = field(default_factory=list)

    @property
    def issuer(self) -> str:
        """Its name, with a path."""
        return self.host + BASE

    def __post_init__(self) -> None:
        """Begin with a key that is not used any more and one that is."""
        self.turn_key()
        self.turn_key()

    def turn_key(self) -> None:
        """Sign with a new key from now on; the one before stays published."""
        told: KeyParameters = {"use": "sig", "kid": secrets.token_hex(4)}
        ed = self.alg == "Ed25519"
        made = OKPKey.generate_key("Ed25519", told) if ed else RSAKey.generate_key(2048, told)
        self.keys = [*self.keys[-1:], made]

    def app(self) -> web.Application:
        """All it answers."""
        app = web.Application(client_max_size=16_384)
        app.router.add_get(f"{BASE}/.well-known/openid-configuration", self._metadata)
        app.router.add_get(f"{BASE}/sleutels", self._keys)
        app.router.add_post(f"{BASE}/inloggen", self._choose)
        app.router.add_post(f"{BASE}/geef", self._give)
        app.router.add_get(f"{BASE}/wie", self._who)
        app.router.add_get(f"{BASE}/einde", self._end)
        return app

    async def _metadata(self, _request: web.Request) -> web.Response:
        return web.json_response({
            "issuer": self.issuer,
            **{name: f"{self.issuer}{place}?realm=burger" for name, place in PLACES.items()},
            "authorization_response_iss_parameter_supported": True,
            "backchannel_logout_supported": True,
            "backchannel_logout_session_supported": True,
            "response_types_supported": ["code"],
            "id_token_signing_alg_values_supported": [self.alg],
        })  # fmt: skip

    async def _keys(self, _request: web.Request) -> web.Response:
        return web.json_response({"keys": [each.as_dict(private=False) for each in self.keys]})

    async def _choose(self, request: web.Request) -> web.Response:
        """What the page with the choice sends."""
        form = {name: str(value) for name, value in (await request.post()).items()}
        raise web.HTTPSeeOther(self.answer(form, form.get("sub", "")))

    def answer(self, asked: Mapping[str, str], sub: str) -> str:
        """Where the browser is sent when this person is chosen; without one the login is left."""
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        told = {"state": asked["state"], "iss": self.issuer}
        if sub not in self.people:
            return f"{asked['redirect_uri']}?{urlencode({**told, 'error': 'access_denied'})}"
        code = secrets.token_urlsafe(16)
        claims = {"sub": sub, **self.people[sub]}
        self.open[code] = Login(asked=dict(asked), claims=claims, sid=secrets.token_hex(8))
        return f"{asked['redirect_uri']}?{urlencode({**told, 'code': code})}"

    async def _give(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        if not self._proves(request.headers.get("Authorization", ""), form):
            return web.json_response({"error": "invalid_client"}, status=401)
        login = self.open.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if login is None or challenge != login.asked["code_challenge"]:
            return web.json_response({"error": "invalid_grant"}, status=400)
        token = secrets.token_urlsafe(16)
        self.access[token] = login
        identity = self._identity(login)
        return web.json_response(
            {"token_type": "Bearer", "access_token": token, "id_token": identity}
        )

    def _proves(self, basic: str, form: Mapping[str, str]) -> bool:
        if self.secret:
            wanted = base64.b64encode(f"mijn-gegevens:{self.secret}".encode()).decode()
            return secrets.compare_digest(basic, f"Basic {wanted}") and "client_secret" not in form
        read = jwt.decode(
            form.get("client_assertion", ""), self.public, algorithms=["ES256", "PS256"]
        )
        claims, now = read.claims, time.time()
        is_new = claims["jti"] not in self.used
        self.used.add(claims["jti"])
        ours = claims["iss"] == claims["sub"] == "mijn-gegevens" == form.get("client_id")
        audience = claims["aud"].partition("?")[0] == f"{self.issuer}/geef"
        return is_new and ours and audience and now - 5 < claims["iat"] <= now < claims["exp"]

    def _identity(self, login: Login) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer, "sub": login.claims["sub"], "aud": ["mijn-gegevens"],
            "nonce": login.asked["nonce"], "iat": now, "exp": now + 60, "auth_time": now,
            "sid": login.sid,
        }  # fmt: skip
        if not self.tells_at_userinfo:
            claims |= login.claims
        header: dict[str, Any] = {"alg": self.alg, "kid": self.keys[-1].kid}
        if self.twist is not None:
            self.twist(header, claims)
        if header["alg"] == "none":
            return b".".join((_b64(header), _b64(claims), b"")).decode()
        return jwt.encode(header, claims, self.keys[-1], algorithms=[header["alg"]])

    async def _who(self, request: web.Request) -> web.Response:
        login = self.access.get(request.headers.get("Authorization", "").removeprefix("Bearer "))
        if login is None:
            return web.json_response({"error": "invalid_token"}, status=401)
        if not self.signs_userinfo:
            return web.json_response(dict(login.claims))
        claims = {**login.claims, "iss": self.issuer, "aud": "mijn-gegevens"}
        header = {"alg": self.alg, "kid": self.keys[-1].kid}
        text = jwt.encode(header, claims, self.keys[-1], algorithms=[self.alg])
        return web.Response(text=text, content_type="application/jwt")

    async def _end(self, request: web.Request) -> web.Response:
        hint = request.query["id_token_hint"]
        claims = jwt.decode(hint, KeySet(list(self.keys)), algorithms=[self.alg]).claims
        self.ended.append(claims["sid"])
        raise web.HTTPSeeOther(request.query["post_logout_redirect_uri"])

    def told_logout(self, sub: str, sid: str = "", **changed: Any) -> str:
        """The token by which it tells that somebody logged out."""
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.issuer, "aud": "mijn-gegevens", "iat": now, "exp": now + 60,
            "jti": secrets.token_hex(8), "sub": sub, **({"sid": sid} if sid else {}),
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}}, **changed,
        }  # fmt: skip
        header = {"alg": self.alg, "kid": self.keys[-1].kid, "typ": "logout+jwt"}
        return jwt.encode(header, claims, self.keys[-1], algorithms=[self.alg])


def _b64(value: Mapping[str, Any]) -> bytes:
    import json

    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")
