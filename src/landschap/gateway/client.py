# SPDX-License-Identifier: EUPL-1.2
"""Asking others, while a question waits: the keys of the employees' issuer, a peer's certificate,
a token. Each is asked once at a time, within the time the question has left.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from datetime import datetime

import aiohttp
import asyncpg
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from landschap.fsc import store as fsc_store
from landschap.fsc.certificates import PeerCertificate, check_trusted
from landschap.fsc.client import (
    Destination,
    HostMap,
    ManagerClient,
    PeerRefused,
    PeerUnreachable,
)
from landschap.fsc.connections import HeldToken
from landschap.fsc.own import OwnPeer
from landschap.fsc.signatures import ChainedCertificate
from landschap.fsc.store import token_rows
from landschap.gateway.world import Connection
from landschap.platform.settings import Settings
from landschap.vocabulary.identifiers import PeerId
from landschap.vocabulary.problems import InvalidValue

_MAX_BYTES = 1_000_000
_ASK_SECONDS = 1.4
# An unknown key id must not make us ask the issuer with every question.
_KEYS_AGAIN_SECONDS = 10.0


class UserKeys:
    """The key set of the employees' issuer, found through its discovery document.

    Source: OpenID Connect Discovery, "Provider Metadata"; the issuer named there must be the one
    that was configured.
    """

    def __init__(self, settings: Settings, issuer: str) -> None:
        self._issuer = issuer
        self._hosts = HostMap(settings.network.hosts or {}, allow_private=True)
        self._asked_at = -_KEYS_AGAIN_SECONDS
        self._lock = asyncio.Lock()
        self.held: KeySet | None = None

    async def renew(self, seen: KeySet | None) -> KeySet | None:
        """Newer keys than ``seen``, None when there are none to be had now."""
        async with self._lock:
            if self.held is not seen:
                return self.held
            if time.monotonic() < self._asked_at + _KEYS_AGAIN_SECONDS:
                return None
            self._asked_at = time.monotonic()
            try:
                async with asyncio.timeout(_ASK_SECONDS):
                    self.held = await self._fetch()
            except (aiohttp.ClientError, OSError, TimeoutError, ValueError, JoseError):
                return None
            return self.held

    async def _fetch(self) -> KeySet:
        connector = aiohttp.TCPConnector(resolver=self._hosts, use_dns_cache=False)
        async with aiohttp.ClientSession(connector=connector, trust_env=False) as session:
            address = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
            told = await _json(session, address)
            if told.get("issuer") != self._issuer or not isinstance(told.get("jwks_uri"), str):
                raise ValueError("the discovery document is of another issuer or names no keys")
            jwks = await _json(session, str(told["jwks_uri"]))
        return KeySet.import_key_set(jwks)  # type: ignore[arg-type]  # checked while it is read


async def _json(session: aiohttp.ClientSession, address: str) -> Mapping[str, object]:
    async with session.get(address, allow_redirects=False) as answer:
        answer.raise_for_status()
        value = json.loads(await answer.content.read(_MAX_BYTES))
    if not isinstance(value, dict):
        raise ValueError("not an object")  # noqa: TRY004  # one kind of failure for the caller
    return value


class Peers:
    """Certificates and tokens of other organisations, from our own memory or their Managers."""

    def __init__(
        self, pool: asyncpg.Pool, own: OwnPeer, client: ManagerClient, *, former: bool = False
    ) -> None:
        self._pool = pool
        self._own = own
        self._client = client
        self._former = former

    def as_former(self) -> Peers:
        """The same for a certificate that was replaced: what it fetches is not kept for all."""
        return Peers(self._pool, self._own, self._client, former=True)

    async def certificate(
        self, peer_id: str, thumbprint: str, now: datetime
    ) -> PeerCertificate | None:
        """The peer's certificate of this thumbprint, when it leads to a trust anchor now."""
        try:
            async with asyncio.timeout(_ASK_SECONDS):
                found = await fsc_store.certificate(self._pool, thumbprint)
                place = None if found else await self._manager_of(PeerId(peer_id))
                if place is not None:
                    found = await self._client.certificate(place, thumbprint)
        except (PeerRefused, PeerUnreachable, TimeoutError, OSError, asyncpg.PostgresError):
            return None
        return self._trusted(found, peer_id, now) if found else None

    async def token(self, connection: Connection, now: datetime) -> HeldToken | None:
        """A token for this connection, from the Manager of its provider; it is kept for all."""
        grant = connection.grant
        try:
            async with asyncio.timeout(_ASK_SECONDS):
                place = await self._manager_of(grant.service_peer_id)
                if place is None:
                    return None
                fetched = await self._client.token(place, grant.grant_hash)
                held = HeldToken(
                    grant_hash=grant.grant_hash,
                    token=fetched.token,
                    inway_address=fetched.inway_address,
                    expires_at=fetched.expires_at,
                )
                if self._former:
                    return held
                renew_at = now + (held.expires_at - now) * 2 / 3
                async with self._pool.acquire() as one, one.transaction():
                    await token_rows.save_token(one, held, now, renew_at)
        except (PeerRefused, PeerUnreachable, TimeoutError, OSError, asyncpg.PostgresError):
            return None
        return held

    async def _manager_of(self, peer_id: PeerId) -> Destination | None:
        peer = await fsc_store.peer(self._pool, peer_id)
        if peer is None or peer.manager_address is None:
            return None
        return Destination(peer_id=peer_id, address=peer.manager_address)

    def _trusted(
        self, found: ChainedCertificate, peer_id: str, now: datetime
    ) -> PeerCertificate | None:
        leaf = found.leaf
        try:
            check_trusted(leaf.x509, found.others, self._own.trust(now))
        except InvalidValue:
            return None
        return leaf if leaf.peer_id.value == peer_id else None
