# SPDX-License-Identifier: EUPL-1.2
"""How notices leave this organisation: by which contract, for whom still, and through which door.

A subscriber is told as long as it has a contract for the register and the policy of its
subscription is in force. It is told through our own Outway, by a contract of ours for its service;
so the other organisation said, with its signature, that it wants to be told.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp

from landschap.fsc.client import HostMap
from landschap.fsc.store import KnownGrants
from landschap.gateway.correcting.store import INBOX
from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.platform import postgres
from landschap.platform.keys import secret_key
from landschap.platform.loops import forever
from landschap.platform.trouble import Trouble
from landschap.purposes.bound import Bound, read_bound
from landschap.purposes.needs import CHECKS, Facts, checks_of
from landschap.purposes.persons import store as persons
from landschap.purposes.snapshot import Rule, Snapshot
from landschap.purposes.store import current_snapshot
from landschap.registers.client import MODELS_FOLDER, read_models
from landschap.registers.subscribing import check_address
from landschap.registers.subscriptions import Subscription
from landschap.registers.worker import (
    AddressDoor,
    Checked,
    Doors,
    Figures,
    NoticeDeps,
    OutwayDoor,
    Unreached,
    Untold,
    Way,
    handle_received,
    run_notices,
    tell_log,
)

if TYPE_CHECKING:
    import asyncpg

    from landschap.cli.composition import Composition
    from landschap.fsc.connections import ConnectionGrant
    from landschap.platform.settings import Settings
    from landschap.registers.models import Registers

_CONNECTIONS = 64


@dataclass(slots=True, kw_only=True)
class Rights:
    """What contracts and policies say at this moment; read again when they changed."""

    me: str
    fsc: asyncpg.Pool
    purposes: asyncpg.Pool
    purpose: str = ""
    key: str = ""
    _grants: KnownGrants = field(default_factory=KnownGrants)
    _held: tuple[Snapshot, int] | None = None
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def why_not(self, to: Subscription) -> str:
        """Why a subscriber may not be told; empty when it may.

        Who must be told needs no right to the register: it may have lost that since.
        """
        if to.duty:
            return ""
        now = datetime.now(UTC)
        grants = [
            each
            for each in await self._valid(now)
            if each.service_peer_id.value == self.me
            and each.outway_peer_id.value == to.peer
            and each.service_name == to.register
        ]
        if not grants:
            return f"peer {to.peer} has no contract in force for {to.register}"
        if not await self._in_force(to, now):
            name = to.policy.partition("@")[0]
            return f"policy {name or '(none)'} of this subscription is not in force"
        return ""

    async def checked(self, to: Subscription) -> Checked:
        """What is looked up about a person before a subscriber is told, as a door would say.

        Nothing for a duty: also of a person whose data may not be used it is told that what was
        received is wrong. Source: AVG art. 19.
        """
        if to.duty:
            return Checked(checks=[], activity="")
        rules = await self._in_force(to, datetime.now(UTC))
        facts = Facts(marked=await persons.marked(self.purposes))
        # Of rules in turn any may be the one under which was subscribed: what any asks is done.
        asked = {
            check
            for each in rules
            for check in checks_of(
                each.policy.needs, each.policy.despite, each.policy.activity, facts
            )
        }
        return Checked(
            checks=[each for each in CHECKS if each in asked],
            activity=rules[0].policy.activity if rules else "",
        )

    async def _in_force(self, to: Subscription, now: datetime) -> list[Rule]:
        name = to.policy.partition("@")[0]
        rules = _rules(await self._snapshot())
        fits = (each for each in rules if each.policy.id == name and each.concerns(to.peer))
        return [each for each in fits if each.in_force(now)]

    async def way(self, peer: str, service: str) -> Way:
        """By which contract of ours a service of a peer is asked. Raises Unreached."""
        now = datetime.now(UTC)
        grants = [
            each
            for each in await self._valid(now)
            if each.outway_peer_id.value == self.me
            and each.service_peer_id.value == peer
            and each.service_name == service
            and each.delegator_peer_id is None
        ]
        if not grants:
            raise Unreached(f"no contract in force with which we may ask {service} of peer {peer}")
        grant = max(grants, key=lambda each: each.not_after)
        return Way(headers=self._headers(grant))

    def _headers(self, grant: ConnectionGrant) -> dict[str, str]:
        read = read_bound(grant.properties)
        bound = read if isinstance(read, Bound) else None
        purpose = self.purpose or (bound.purposes[0] if bound else "")
        headers = {"Fsc-Grant-Hash": grant.grant_hash.value, "X-Api-Key": self.key}
        if purpose:
            headers["Doelbinding"] = purpose
        if bound and len(bound.actions) > 1:
            headers["Handeling"] = bound.actions[0]
        return headers

    async def _valid(self, now: datetime) -> list[ConnectionGrant]:
        async with self._turn:
            every = await self._grants.read(self.fsc, now)
        return [each for each in every if each.valid_at(now)]

    async def _snapshot(self) -> Snapshot:
        async with self._turn:
            epoch = await self.purposes.fetchval("SELECT value FROM platform.epoch")
            if self._held is None or self._held[1] != epoch:
                self._held = await current_snapshot(self.purposes)
            return self._held[0]


async def reaches_inbox(rights: Rights, peer: str) -> bool:
    """Whether a contract in force of ours is for the inbox of an organisation."""
    try:
        await rights.way(peer, INBOX)
    except Unreached:
        return False
    return True


def _rules(snapshot: Snapshot) -> list[Rule]:
    return [
        rule
        for by_purpose in snapshot.permits.values()
        for rules in by_purpose.values()
        for rule in rules
    ]


async def notice_work(
    made: Composition, stop: asyncio.Event
) -> tuple[Callable[[], Coroutine[Any, Any, None]], ...]:
    """What the worker does about notices: bring ours, and act on those of others."""
    settings = made.settings
    pool = await made.pool("registers")
    rights = Rights(
        me=settings.organisation.oin.value,
        fsc=await made.pool("fsc"),
        purposes=await made.pool("purposes"),
        purpose=settings.notifications.purpose,
        key=_key(settings),
    )

    async def connect() -> asyncpg.Connection:
        return await postgres.connect(settings, "registers")

    registers = read_models(settings.path.parent / MODELS_FOLDER)
    untold = _untold(settings, rights, pool, registers)

    async def why_not(to: Subscription) -> str:
        return await rights.why_not(to) or await untold.why_not(to)

    deps = NoticeDeps(
        pool=pool,
        connect=connect,
        registers=registers,
        oin=rights.me,
        origin=urlsplit(settings.addresses.manager).hostname or "",
        doors=await open_doors(made, rights),
        why_not=why_not,
        untold=untold.untold,
        figures=Figures(made.metrics),
    )
    return (
        lambda: run_notices(deps, stop),
        lambda: forever(lambda: handle_received(pool, connect, tell_log, stop), stop, "inbox"),
    )


def _untold(settings: Settings, rights: Rights, pool: asyncpg.Pool, registers: Registers) -> Untold:
    key, controller = secret_key(settings, "pseudonym"), settings.organisation.oin
    return Untold(
        pool=pool,
        registers=registers,
        checked=rights.checked,
        persons=partial(persons.said_of, rights.purposes),
        pseudonym=partial(subject_pseudonym, key, controller),
    )


async def open_doors(made: Composition, rights: Rights) -> Doors:
    """Both ways out: our own Outway, and the hosts of our own network that were configured."""
    settings = made.settings
    told = settings.notifications
    hosts = {**{each: each for each in told.hosts}, **(settings.network.hosts or {})}
    resolver = HostMap(hosts, allow_private=settings.network.allow_private)
    inside = aiohttp.TCPConnector(limit=_CONNECTIONS)
    outside = aiohttp.TCPConnector(limit=_CONNECTIONS, resolver=resolver, use_dns_cache=False)
    plain = await made.enter(_session(inside))
    return Doors(
        outway=OutwayDoor(
            session=plain, outway=f"http://{settings.listen.outway or '127.0.0.1:0'}",
            way=rights.way,
        ),
        address=AddressDoor(
            session=await made.enter(_session(outside)),
            context=ssl.create_default_context(cafile=told.authority),
            check=lambda address: check_address(address, told.hosts),
        ),
    )  # fmt: skip


def outside_session() -> aiohttp.ClientSession:
    """A session for questions through our own Outway."""
    return _session(aiohttp.TCPConnector(limit=0))


def _session(connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
    """Without cookies, proxies of the environment, or an answer that unpacks to gigabytes."""
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),  # the door has a limit of its own
        auto_decompress=False,
        headers={"User-Agent": "landschap"},
        skip_auto_headers=("Accept-Encoding",),
        trust_env=False,
    )


def _key(settings: Settings) -> str:
    """The key of the application that brings notices; empty when none is configured."""
    path = settings.notifications.application_key
    if path is None:
        return ""
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        raise Trouble(
            f"the key of notifications.application_key can not be read: {why} ({path})",
            "make it with `landschap application add meldingen`",
        ) from None
