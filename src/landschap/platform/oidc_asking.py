# SPDX-License-Identifier: EUPL-1.2
"""Asking a login provider over HTTP: who we are there, within a time and a size.

Source: OpenID Connect Core 1.0, section 9 (client authentication); RFC 7523, section 3.
"""

from __future__ import annotations

import base64
import json
import socket
import time
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote_plus

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from landschap.platform.ids import uuid7
from landschap.platform.oidc_words import (
    PRIVATE_KEY,
    SECRET_BASIC,
    ClientSettings,
    LoginFailed,
    Reason,
)
from landschap.platform.trouble import Trouble

_TIMEOUT = aiohttp.ClientTimeout(total=5)
_MAX_ANSWER_BYTES = 200_000
_ASSERTION_SECONDS = 60
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_SIGNS: Mapping[type[Key], str] = {RSAKey: "PS256", ECKey: "ES256", OKPKey: "Ed25519"}


class Answer(NamedTuple):
    """A JSON object, or the text of a signed one; the other is empty."""

    body: dict[str, Any]
    signed: str


def check_client(settings: ClientSettings) -> None:
    """Raises Trouble when what we prove ourselves with is not there."""
    wants, how = settings.client_authentication, "client_authentication under [oidc]"
    if wants == PRIVATE_KEY:
        if settings.client_key is None:
            raise Trouble(f"{how} is {wants}, and there is no client_key", "name the file")
        if settings.client_key.exists():
            _key(settings)
    elif wants == SECRET_BASIC and settings.client_secret is None:
        raise Trouble(f"{how} is {wants}, and there is no client_secret", "name the file")


def proof_of(settings: ClientSettings, endpoint: str) -> tuple[dict[str, str], dict[str, str]]:
    """Fields of the form and headers by which we prove who we are; read anew with each question."""
    form = {"client_id": settings.client_id}
    if settings.client_authentication == PRIVATE_KEY:
        assertion = _assertion(settings, endpoint)
        return {**form, "client_assertion_type": _ASSERTION, "client_assertion": assertion}, {}
    if settings.client_secret is None:
        return form, {}
    secret = settings.client_secret.read_text(encoding="utf-8").strip()
    if settings.client_authentication == SECRET_BASIC:
        # Source: RFC 6749, 2.3.1: both are written as in a form before they are put together.
        pair = f"{quote_plus(settings.client_id)}:{quote_plus(secret)}"
        return {}, {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
    return {**form, "client_secret": secret}, {}


def _assertion(settings: ClientSettings, endpoint: str) -> str:
    key, now = _key(settings), int(time.time())
    claims = {
        "iss": settings.client_id, "sub": settings.client_id, "aud": endpoint,
        "jti": str(uuid7()), "iat": now, "exp": now + _ASSERTION_SECONDS,
    }  # fmt: skip
    alg = _SIGNS[type(key)]
    header = {"alg": alg, "kid": key.thumbprint(), "typ": "JWT"}
    return jwt.encode(header, claims, key, algorithms=[alg])


def _key(settings: ClientSettings) -> Key:
    path = settings.client_key
    assert path is not None  # noqa: S101  # checked at the start
    for kind in _SIGNS:
        try:
            key = kind.import_key(path.read_bytes())
        except (JoseError, ValueError):
            continue
        if key.is_private:
            return key
    raise Trouble(
        f"the client_key {path.name} under [oidc] is no private key that signs",
        "make one: openssl ecparam -name prime256v1 -genkey -noout",
    )


async def ask(
    hosts: Mapping[str, str],
    method: str,
    address: str,
    form: Mapping[str, str] | None = None,
    headers: Mapping[str, str] = {},
) -> Answer:
    """What a provider answers. Raises LoginFailed."""
    connector = aiohttp.TCPConnector(resolver=HostResolver(hosts))
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=_TIMEOUT) as session,
            session.request(
                method, address, data=form, headers=headers, allow_redirects=False
            ) as answer,
        ):
            raw = await answer.content.read(_MAX_ANSWER_BYTES)
            status, is_signed = answer.status, answer.content_type == "application/jwt"
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise LoginFailed(Reason.UNREACHABLE, f"{address}: {type(error).__name__}") from None
    if status >= 500 or (status != 200 and form is None and not headers):
        raise LoginFailed(Reason.UNREACHABLE, f"{address} answered {status}")
    if status == 200 and is_signed:
        return Answer({}, raw.decode("ascii", "replace").strip())
    body = _json_object(raw)
    if status != 200 or body is None:
        words = str((body or {}).get("error", "no JSON"))[:80]
        raise LoginFailed(Reason.REFUSED, f"{address} answered {status}: {words}")
    return Answer(body, "")


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


def _json_object(raw: bytes) -> dict[str, Any] | None:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None
