# SPDX-License-Identifier: EUPL-1.2
"""Keeps what a decider decides with up to date: the world, tokens, keys, and who we are.

A replaced certificate is taken over while questions go on. nginx changes a moment later, and its
old workers finish what they began; until then the former certificate serves beside the new one,
with the tokens that are bound to it.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
import structlog

from landschap.fsc import store as fsc_store
from landschap.fsc.certificates import check_trusted
from landschap.fsc.client import Identity, ManagerClient
from landschap.fsc.own import OwnPeer
from landschap.gateway.api.desk import Desk
from landschap.gateway.client import Peers, UserKeys
from landschap.gateway.doors import KeyWanted, TokenWanted, UserKeysWanted, Wanted
from landschap.gateway.memory import Bounded
from landschap.gateway.outway import TOKEN_MARGIN
from landschap.gateway.store import Pools, load_world
from landschap.gateway.users import Employees
from landschap.gateway.world import Engines, World, held_tokens
from landschap.platform.credentials import LOOK_SECONDS, SIGNERS_WAIT_SECONDS, Credentials
from landschap.platform.keys import PermitKeys
from landschap.platform.settings import Settings
from landschap.vocabulary.problems import InvalidValue

log = structlog.get_logger(__name__)

# How much longer than the life of a token a replaced certificate is remembered.
_FORMER_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Former:
    """What we were until a moment ago, and until when it still serves."""

    own: OwnPeer
    peers: Peers
    client: ManagerClient
    until: float


@dataclass(slots=True, kw_only=True)
class Keeper:
    """Keeps the desk's world up to date, and fetches what a question lacks."""

    settings: Settings
    pools: Pools
    identity: Identity
    own: OwnPeer
    client: ManagerClient
    peers: Peers
    user_keys: UserKeys | None
    employees: Employees | None
    aliases: Mapping[str, str]
    engines: Engines = dataclasses.field(default_factory=Engines)
    desk: Desk | None = None
    formers: tuple[Former, ...] = ()
    _loading: asyncio.Task[None] | None = None
    _tokens: dict[tuple[str, str], asyncio.Task[bool]] | None = None

    async def newer(self, epoch: int) -> None:
        """See to it that the desk's world is at least of this epoch; loads once for all."""
        while self.desk is not None and self.desk.holdings.world.epoch < epoch:
            await self.reload()

    async def reload(self) -> None:
        """Load the world; who comes while it loads waits for the same load."""
        if self._loading is None or self._loading.done():
            self._loading = asyncio.create_task(self._load())
        await asyncio.shield(self._loading)

    async def _load(self) -> None:
        now = datetime.now(UTC)
        world = await load_world(
            self.pools, self.own, self.employees, now, self.aliases, self.engines
        )
        if self.desk is not None and world.epoch >= self.desk.holdings.world.epoch:
            self._hold(world=world)

    async def obtain(self, wanted: Wanted) -> bool:
        """Fetch what a walk wanted; False when it is not to be had now."""
        if isinstance(wanted, TokenWanted):
            return await self._token_once(wanted)
        if isinstance(wanted, UserKeysWanted):
            keys = self.user_keys and await self.user_keys.renew(wanted.key_set)
            if keys:
                self._hold(user_keys=keys)
            return keys is not None
        return isinstance(wanted, KeyWanted) and await self._certificate(wanted)

    async def _certificate(self, wanted: KeyWanted) -> bool:
        now = datetime.now(UTC)
        found = await self.peers.certificate(wanted.peer_id, wanted.thumbprint, now)
        if found is None or self.desk is None:
            return False
        memory = self.desk.holdings.memory
        memory.peer_certificates.keep((wanted.peer_id, wanted.thumbprint), found)
        return True

    async def _token_once(self, wanted: TokenWanted) -> bool:
        """One fetch per grant and certificate, however many questions wait for it."""
        running = self._tokens = self._tokens if self._tokens is not None else {}
        key = (wanted.grant_hash, wanted.certificate)
        task = running.get(key)
        if task is None:
            task = running[key] = asyncio.create_task(self._token(key))
            task.add_done_callback(lambda _: running.pop(key, None))
        return await asyncio.shield(task)

    async def _token(self, key: tuple[str, str]) -> bool:
        if self.desk is None:
            return False
        await self.read_tokens()
        now = datetime.now(UTC)
        world = self.desk.holdings.world
        token = world.tokens.get(key)
        if token is not None and token.expires_at > now + TOKEN_MARGIN:
            return True
        connection = world.outgoing.get(key[0])
        peers = await self._peers_of(key[1])
        held = connection and peers and await peers.token(connection, now)
        if not held:
            return False
        # Read again: another task may have replaced the world while the Manager was asked.
        world = self.desk.holdings.world
        fresh = {**world.tokens, **held_tokens([held])}
        self._hold(world=msgspec.structs.replace(world, tokens=fresh))
        return True

    async def _peers_of(self, certificate: str) -> Peers | None:
        """Who asks for tokens with this certificate of ours; None when it is none of ours."""
        if certificate != self.own.certificate.thumbprint:
            former = self._former(certificate)
            if former is not None:
                return former.peers
            # The carrier is ahead of us: look at once.
            await self.identity.look()
        return self.peers if certificate == self.own.certificate.thumbprint else None

    async def read_tokens(self) -> None:
        """Take over the tokens that the worker renewed."""
        found = held_tokens(await fsc_store.tokens(self.pools.fsc))
        if self.desk is not None:
            world = self.desk.holdings.world
            self._hold(world=msgspec.structs.replace(world, tokens=found))

    async def take(self, own: OwnPeer, credentials: Credentials) -> None:
        """Go on as this peer. What the carrier still does as the former one ends as it began."""
        if own.proof == self.own.proof:
            self.client.take(own, credentials)
            former = list(self.formers)
        else:
            until = asyncio.get_running_loop().time() + self._former_seconds
            gone = Former(
                own=self.own, peers=self.peers.as_former(), client=self.client, until=until
            )
            former = [*self.formers, gone]
            self.client = await ManagerClient(self.settings, own, credentials).__aenter__()
        await self._be(own, tuple(former))

    async def forget_formers(self) -> None:
        """Let go of certificates that were replaced long enough ago."""
        now = asyncio.get_running_loop().time()
        left = tuple(each for each in self.formers if each.until > now)
        gone = [each for each in self.formers if each.until <= now]
        if gone:
            await self._be(self.own, left)
            for each in gone:
                await each.client.__aexit__(None, None, None)

    async def follow_permit_key(self) -> None:
        """Seal with the key as it is now; a new one waits until our services have looked."""
        keys = PermitKeys(self.settings)
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if self.desk is None or keys()[0] == self.desk.holdings.secrets.permit:
                continue
            # Opened at once, because another decider may be ahead of us.
            self._hold(
                secrets=msgspec.structs.replace(self.desk.holdings.secrets, permits=tuple(keys()))
            )
            await asyncio.sleep(SIGNERS_WAIT_SECONDS)
            secrets = msgspec.structs.replace(self.desk.holdings.secrets, permit=keys()[0])
            self._hold(secrets=secrets)
            log.info("permit key taken over")

    async def close(self) -> None:
        """Close what asks other Managers."""
        for client in (self.client, *(each.client for each in self.formers)):
            await client.__aexit__(None, None, None)

    async def _be(self, own: OwnPeer, formers: tuple[Former, ...]) -> None:
        """Signing, trust and the world, all of this peer from the next question on."""
        self.formers = formers
        # One that is revoked, or whose anchor is gone, serves no longer; it is closed in time.
        serving = [each for each in formers if _counts(each, own)]
        known = tuple(c for f in serving for c in (f.own.certificate, f.own.signer.certificate))
        self.own = dataclasses.replace(own, former=known)
        self.peers = Peers(self.pools.fsc, self.own, self.client)
        if self.desk is None:
            return
        secrets = self.desk.holdings.secrets
        signing = msgspec.structs.replace(
            secrets.signing,
            key=own.signer.key,
            thumbprint=own.signer.certificate.thumbprint,
            former={
                each.own.proof[0]: (each.own.signer.key, each.own.proof[1])
                for each in serving
                if each.own.proof[0] != own.proof[0]
            },
        )
        # What was believed of others was believed under the lists and anchors of before.
        memory = dataclasses.replace(
            self.desk.holdings.memory, peer_certificates=Bounded(4096), tokens=Bounded(8192)
        )
        self._hold(secrets=msgspec.structs.replace(secrets, signing=signing), memory=memory)
        # A load that runs may have begun as the former peer.
        if self._loading is not None and not self._loading.done():
            await asyncio.wait([self._loading])
        await self.reload()

    def _former(self, certificate: str) -> Former | None:
        found = (f for f in self.formers if f.own.certificate.thumbprint == certificate)
        return next(found, None)

    @property
    def _former_seconds(self) -> float:
        return self.settings.fsc.token_ttl_seconds + _FORMER_SECONDS

    def _hold(self, **changed: object) -> None:
        """Replace what is held; tokens bound to a former certificate stay while it serves."""
        if self.desk is None:
            return
        world = changed.get("world")
        if isinstance(world, World) and self.formers:
            before = self.desk.holdings.world.tokens
            kept = {key: token for key, token in before.items() if self._former(key[1])}
            changed["world"] = msgspec.structs.replace(world, tokens={**kept, **world.tokens})
        self.desk.holdings = msgspec.structs.replace(self.desk.holdings, **changed)


def _counts(former: Former, own: OwnPeer) -> bool:
    try:
        check_trusted(former.own.certificate.x509, former.own.chain, own.trust(datetime.now(UTC)))
    except InvalidValue:
        return False
    return True
