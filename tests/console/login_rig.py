# SPDX-License-Identifier: EUPL-1.2
"""The demo's login provider, that can be made to tell what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import ECKey

from landschap.cli.demo.identity_provider import Provider


@dataclass
class TwistedProvider(Provider):
    """``told`` changes the claims of identity tokens; ``published`` stands for its keys."""

    told: Callable[[dict[str, Any]], dict[str, Any]] = dict
    published: dict[str, Any] | None = None

    def signed(self, claims: dict[str, Any], kind: str, key: ECKey | None = None) -> str:
        """A token of this provider, or of whose key is given."""
        header = {"alg": "ES256", "kid": self.key.kid, "typ": kind}
        return jwt.encode(header, claims, key or self.key)

    def _signed(self, claims: dict[str, Any], kind: str) -> str:
        return super()._signed(self.told(claims) if kind == "JWT" else claims, kind)

    async def _jwks(self, request: web.Request) -> web.Response:
        if self.published is not None:
            return web.json_response(self.published)
        return await super()._jwks(request)
