# SPDX-License-Identifier: EUPL-1.2
"""A test provider of OpenID Connect: choose a fictitious person, and you are that person.

It does what a client must be able to rely on: discovery, authorization code with PKCE (S256
only), `state` and `nonce`, ID tokens and JWT access tokens signed with ES256, `acr`, end of
session. It asks for no password; that is why it exists only for demo and tests.

    python -m landschap.cli.demo.identity_provider --listen HOST:PORT --issuer URL --data FILE

Source: OpenID Connect Core 1.0; OAuth 2.0 NL GOV profile; RFC 7636 (PKCE); RFC 9068 (JWT access
tokens).
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import html
import secrets
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import click
import msgspec
from aiohttp import web
from joserfc import jwt
from joserfc.jwk import ECKey

from landschap.platform.processes import end_with_parent

CODE_SECONDS = 60
TOKEN_SECONDS = 900
MAX_OPEN_CODES = 1_000


class Client(msgspec.Struct, frozen=True):
    """An application that may ask: where it may be sent back to, and what its tokens are for."""

    redirect_uris: tuple[str, ...]
    kind: str
    audience: str = ""


class Person(msgspec.Struct, frozen=True):
    """A fictitious person or employee, and the claims told about them."""

    sub: str
    name: str
    kind: str
    claims: dict[str, Any]


class People(msgspec.Struct, frozen=True):
    """The data file."""

    clients: dict[str, Client]
    persons: tuple[Person, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An authorization request that passed its checks."""

    client_id: str
    redirect_uri: str
    state: str
    nonce: str
    challenge: str
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """A code that was handed out, once."""

    asked: Asked
    person: Person
    expires: float


class BadRequest(Exception):
    """A request that can not be served; ``error`` is the code of the standard."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error


@dataclass(slots=True)
class Provider:
    """The provider's state: its key, and the codes that are out."""

    issuer: str
    people: People
    key: ECKey = field(
        default_factory=lambda: ECKey.generate_key(
            "P-256", {"use": "sig", "alg": "ES256", "kid": secrets.token_hex(8)}
        )
    )
    codes: dict[str, Granted] = field(default_factory=dict)

    def app(self) -> web.Application:
        """The aiohttp application."""
        app = web.Application(client_max_size=16_384)
        add = app.router
        add.add_get("/.well-known/openid-configuration", self._discovery)
        add.add_get("/jwks.json", self._jwks)
        add.add_get("/authorize", self._choose)
        add.add_post("/authorize", self._chosen)
        add.add_post("/token", self._token)
        add.add_get("/logout", self._logout)
        add.add_get("/health", self._health)
        return app

    async def _health(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _discovery(self, _request: web.Request) -> web.Response:
        return web.json_response({
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks.json",
            "end_session_endpoint": f"{self.issuer}/logout",
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "token_endpoint_auth_methods_supported": ["none"],
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": ["openid", "profile"],
            "acr_values_supported": sorted({p.claims.get("acr", "") for p in self.people.persons}),
        })  # fmt: skip

    async def _jwks(self, _request: web.Request) -> web.Response:
        return web.json_response({"keys": [self.key.as_dict(private=False)]})

    async def _choose(self, request: web.Request) -> web.Response:
        try:
            asked = self._check(request.query)
        except BadRequest as error:
            return _page("Dit lukt niet", f"<p>{html.escape(str(error))}</p>", status=400)
        kind = self.people.clients[asked.client_id].kind
        buttons = "".join(
            f'<li><button name="sub" value="{html.escape(p.sub)}">{html.escape(p.name)}'
            "</button></li>"
            for p in self.people.persons
            if p.kind == kind
        )
        hidden = "".join(
            f'<input type="hidden" name="{html.escape(k)}" value="{html.escape(v)}">'
            for k, v in request.query.items()
        )
        return _page(
            "Wie bent u?",
            "<p>Dit is een testomgeving met verzonnen personen. Kies wie u wilt zijn.</p>"
            f'<form method="post">{hidden}<ul>{buttons}</ul>'
            '<p><button name="sub" value="">Annuleren</button></p></form>',
        )

    async def _chosen(self, request: web.Request) -> web.Response:
        form = {k: v for k, v in (await request.post()).items() if isinstance(v, str)}
        try:
            asked = self._check(form)
        except BadRequest as error:
            return _page("Dit lukt niet", f"<p>{html.escape(str(error))}</p>", status=400)
        person = next((p for p in self.people.persons if p.sub == form.get("sub")), None)
        if person is None:
            answer = {"error": "access_denied", "error_description": "cancelled by the person"}
        else:
            answer = {"code": self._hand_out(asked, person)}
        query = urlencode({**answer, "state": asked.state, "iss": self.issuer})
        raise web.HTTPSeeOther(f"{asked.redirect_uri}?{query}")

    def _check(self, given: Mapping[str, str]) -> Asked:
        client = self.people.clients.get(given.get("client_id", ""))
        if client is None or given.get("redirect_uri") not in client.redirect_uris:
            raise BadRequest("invalid_client", "client_id or redirect_uri is not registered here")
        if given.get("response_type") != "code" or "openid" not in given.get("scope", "").split():
            raise BadRequest("invalid_request", "response_type=code and scope openid are needed")
        if given.get("code_challenge_method") != "S256" or not given.get("code_challenge"):
            raise BadRequest("invalid_request", "PKCE with S256 is needed")
        return Asked(
            client_id=given["client_id"],
            redirect_uri=given["redirect_uri"],
            state=given.get("state", ""),
            nonce=given.get("nonce", ""),
            challenge=given["code_challenge"],
            scope=given["scope"],
        )

    def _hand_out(self, asked: Asked, person: Person) -> str:
        now = time.time()
        self.codes = {c: g for c, g in self.codes.items() if g.expires > now}
        if len(self.codes) >= MAX_OPEN_CODES:
            self.codes.pop(next(iter(self.codes)))
        code = secrets.token_urlsafe(24)
        self.codes[code] = Granted(asked=asked, person=person, expires=now + CODE_SECONDS)
        return code

    async def _token(self, request: web.Request) -> web.Response:
        form = {k: v for k, v in (await request.post()).items() if isinstance(v, str)}
        try:
            granted = self._redeem(form)
        except BadRequest as error:
            body = {"error": error.error, "error_description": str(error)}
            return web.json_response(body, status=400, headers={"Cache-Control": "no-store"})
        return web.json_response(self._tokens(granted), headers={"Cache-Control": "no-store"})

    def _redeem(self, form: Mapping[str, str]) -> Granted:
        if form.get("grant_type") != "authorization_code":
            raise BadRequest("unsupported_grant_type", "only authorization_code")
        granted = self.codes.pop(form.get("code", ""), None)
        if granted is None or granted.expires < time.time():
            raise BadRequest("invalid_grant", "the code is unknown, used or expired")
        if form.get("redirect_uri") != granted.asked.redirect_uri:
            raise BadRequest("invalid_grant", "redirect_uri differs from the one asked with")
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != granted.asked.challenge:
            raise BadRequest("invalid_grant", "code_verifier does not fit the challenge")
        return granted

    def _tokens(self, granted: Granted) -> dict[str, object]:
        now = int(time.time())
        client = self.people.clients[granted.asked.client_id]
        common = {"iss": self.issuer, "sub": granted.person.sub, "iat": now}
        common |= {"exp": now + TOKEN_SECONDS, **granted.person.claims}
        identity = {**common, "aud": granted.asked.client_id, "name": granted.person.name}
        identity |= {"auth_time": now, "nonce": granted.asked.nonce}
        access = {**common, "aud": client.audience or self.issuer, "jti": secrets.token_hex(8)}
        access |= {"client_id": granted.asked.client_id, "scope": granted.asked.scope}
        return {
            "token_type": "Bearer",
            "expires_in": TOKEN_SECONDS,
            "id_token": self._signed(identity, "JWT"),
            "access_token": self._signed(access, "at+jwt"),
        }

    def _signed(self, claims: dict[str, Any], kind: str) -> str:
        header = {"alg": "ES256", "kid": self.key.kid, "typ": kind}
        return jwt.encode(header, claims, self.key)

    async def _logout(self, request: web.Request) -> web.Response:
        target = request.query.get("post_logout_redirect_uri", "")
        known = {uri for c in self.people.clients.values() for uri in c.redirect_uris}
        if any(target.startswith(uri.rsplit("/inloggen", 1)[0] + "/") for uri in known):
            raise web.HTTPSeeOther(target)
        return _page("U bent uitgelogd", "<p>U kunt dit venster sluiten.</p>")


def _page(title: str, body: str, status: int = 200) -> web.Response:
    text = (
        '<!doctype html><html lang="nl"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{html.escape(title)} - Test-inlog</title></head>"
        f"<body><main><h1>{html.escape(title)}</h1>{body}</main></body></html>"
    )
    headers = {
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
        "Cache-Control": "no-store",
    }
    return web.Response(text=text, status=status, content_type="text/html", headers=headers)


async def _tie(_app: web.Application) -> None:
    """End when the demo that started us is gone."""
    end_with_parent(asyncio.get_running_loop())


@click.command()
@click.option("--listen", required=True, metavar="HOST:PORT", help="Where to listen.")
@click.option("--issuer", required=True, metavar="URL", help="The address clients know us by.")
@click.option("--data", required=True, type=click.Path(exists=True, path_type=Path))
def main(listen: str, issuer: str, data: Path) -> None:
    """Serve the test provider with the people and clients of a data file."""
    host, _, port = listen.rpartition(":")
    try:
        people = msgspec.json.decode(data.read_bytes(), type=People)
    except msgspec.DecodeError as error:
        print(f"login provider: {data.name} is not valid: {error}", file=sys.stderr)
        sys.exit(2)
    try:
        app = Provider(issuer=issuer.rstrip("/"), people=people).app()
        app.on_startup.append(_tie)
        web.run_app(app, host=host, port=int(port), print=None, access_log=None)
    except OSError as error:
        print(f"login provider: cannot listen on {listen}: {error.strerror}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
