# SPDX-License-Identifier: EUPL-1.2
"""Gathering on a schedule: the catalogues of peers through our Outway, and addresses again.

A peer is asked when we have a contract for its service ``catalogus``; it shows us what it offers to
us. What comes is kept as any description is, for our own employees until somebody says to whom
else. What can not be read any more is noted with why, and stops none of the others.
Source: house decision: visibility per Group or list of peers; no request leaves but by the door.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import asyncpg
import structlog

from landschap.catalogue import store
from landschap.catalogue.client import NotFetched, fetch, fetch_for
from landschap.catalogue.describing_api import SERVICE
from landschap.catalogue.documents import MAX_BYTES, UnreadableDocument
from landschap.catalogue.worker import take
from landschap.client import AsyncLandschap, LandschapError
from landschap.fsc.client import HostMap
from landschap.fsc.connections import ConnectionGrant
from landschap.fsc.store import KnownGrants
from landschap.platform.loops import pause
from landschap.purposes.bound import Bound, read_bound
from landschap.vocabulary.problems import InvalidValue

log = structlog.get_logger(__name__)

MOST_PEERS, MOST_APIS = 200, 2_000
_SECONDS = 60.0
_AT_ONCE, _PEER_SECONDS = 4, 900.0
"""So many peers beside each other, each so long: one that is slow holds up none of the others."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,199}")
_GONE = "the provider does not offer it to us any more"
_AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)


@dataclass(frozen=True, slots=True, kw_only=True)
class GatherDeps:
    """With what is gathered.

    ``outway`` is the address of our Outway, empty when peers are not asked; ``key`` that of our
    application there; it raises OSError. ``me`` is our own Peer ID, ``hosts`` where an address that
    somebody typed on a page may lead.
    """

    pool: asyncpg.Pool
    agreed: asyncpg.Pool
    me: str
    outway: str
    key: Callable[[], str]
    hosts: HostMap


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What came of one source; ``why`` is empty unless it could not be read."""

    source: str
    outcome: str
    why: str = ""


async def keep_gathering(deps: GatherDeps, stop: asyncio.Event, hours: int) -> None:
    """Gather every so many hours, until ``stop``; what fails as a whole is tried the next time."""
    while not stop.is_set():
        for gather in (gather_peers, gather_addresses):
            try:
                found = await gather(deps)
            except _AWAY as error:
                log.warning("catalogues not gathered", error=type(error).__name__)
                continue
            failed = [each.source for each in found if each.why]
            log.info("catalogues gathered", sources=len(found), unreadable=len(failed))
        if await pause(stop, hours * 3_600.0):
            return


async def gather_peers(deps: GatherDeps) -> list[Gathered]:
    """Read the catalogue of each peer once. Raises what a database raises that is away."""
    if not deps.outway:
        return []
    grants = await KnownGrants().read(deps.agreed, datetime.now(UTC))
    ours = _one_for_each(grants, deps.me)
    if not ours:
        return []
    async with AsyncLandschap(
        deps.outway, key=deps.key(), timeout=_SECONDS, max_bytes=MAX_BYTES
    ) as line:
        return await told_by(deps, line, ours)


async def gather_addresses(deps: GatherDeps) -> list[Gathered]:
    """Read each address that was gathered before once more.

    One that was typed on a page leads no further now than it did then. Raises what a database
    raises that is away.
    """
    found, pool = [], deps.pool
    for source in await _sources(pool, "https://"):
        is_typed = await store.last_published(pool, source) is not None
        reading = fetch_for(source, deps.hosts, MAX_BYTES) if is_typed else fetch(source)
        try:
            found.append(await _taken(pool, source, await reading))
        except NotFetched as error:
            found.append(await _unread(pool, source, str(error)))
    return found


async def told_by(
    deps: GatherDeps, line: AsyncLandschap, grants: Sequence[ConnectionGrant]
) -> list[Gathered]:
    """What each of them shows us, in their order. Raises what a database raises that is away."""
    room = asyncio.Semaphore(_AT_ONCE)
    peers = (_within(room, _Peer(deps, line, each)) for each in grants)
    told = await asyncio.gather(*peers, return_exceptions=True)
    return [found for each in told for found in _or_raised(each)]


async def _within(room: asyncio.Semaphore, peer: _Peer) -> list[Gathered]:
    """What a peer shows us, or that it took too long; what was read by then is kept."""
    async with room:
        limit = asyncio.timeout(_PEER_SECONDS)
        try:
            async with limit:
                return await peer.gathered()
        except TimeoutError:
            if not limit.expired():
                raise  # it is the database that does not answer
            return [await peer.too_slow()]


def _or_raised(told: list[Gathered] | BaseException) -> list[Gathered]:
    if isinstance(told, BaseException):
        raise told
    return told


class _Peer:
    def __init__(self, deps: GatherDeps, line: AsyncLandschap, grant: ConnectionGrant) -> None:
        self._pool = deps.pool
        self._line = line
        self._grant = grant
        bound = read_bound(grant.properties)
        self._purpose = bound.purposes[0] if isinstance(bound, Bound) else ""
        self._action = bound.actions[0] if isinstance(bound, Bound) else ""
        self._place = f"fsc://{grant.service_peer_id.value}/{SERVICE}/"

    async def gathered(self) -> list[Gathered]:
        """What its catalogue holds for us; what it held before and no longer does is noted."""
        try:
            names = await self._names()
        except (LandschapError, InvalidValue, ValueError, RecursionError) as error:
            return [await _unread(self._pool, self._place, str(error))]
        await store.note(self._pool, self._place, "same")
        found = [await self._one(each) for each in names]
        here = {each.source for each in found}
        before = [each for each in await _sources(self._pool, self._place) if each not in here]
        return [*found, *[await _unread(self._pool, each, _GONE) for each in before]]

    async def too_slow(self) -> Gathered:
        """Note that it did not tell all in time."""
        why = f"it did not tell all it offers within {_PEER_SECONDS / 60:g} minutes"
        return await _unread(self._pool, self._place, why)

    async def _names(self) -> list[str]:
        """The names of all that it offers to us. Raises ValueError for a list that is none."""
        names: dict[str, None] = {}
        for number in range(1, MOST_APIS):
            told = (await self._asked(f"/apis?blad={number}")).decode()
            page = [str(each["name"]) for each in _listed(told)]
            fresh = [each for each in page if each not in names]
            names.update(dict.fromkeys(fresh))
            if not fresh or len(names) >= MOST_APIS:
                break
        return list(names)[:MOST_APIS]

    async def _one(self, name: str) -> Gathered:
        source = f"{self._place}{quote(name, safe='')}"
        try:
            raw = await self._asked(f"/apis/{quote(name, safe='')}/openapi")
        except (LandschapError, InvalidValue) as error:
            return await _unread(self._pool, source, str(error))
        return await _taken(self._pool, source, raw)

    async def _asked(self, path: str) -> bytes:
        answer = await self._line.ask(
            self._grant.grant_hash.value,
            f"/{SERVICE}/v1{path}",
            purpose=self._purpose,
            action=self._action,
            headers={"Accept": "*/*"},
        )
        return answer.content


def _listed(text: str) -> Sequence[dict[str, Any]]:
    told = json.loads(text)
    results = told.get("results") if isinstance(told, dict) else None
    if not isinstance(results, list) or not all(
        isinstance(each, dict) and _NAME.fullmatch(str(each.get("name"))) for each in results
    ):
        raise ValueError("what it answers is no list of APIs")
    return results


def _one_for_each(grants: Sequence[ConnectionGrant], me: str) -> list[ConnectionGrant]:
    """One contract in force per peer: our own, for its catalogue, that lasts longest."""
    now = datetime.now(UTC)
    found: dict[str, ConnectionGrant] = {}
    for each in grants:
        is_ours = each.outway_peer_id.value == me and each.delegator_peer_id is None
        peer = each.service_peer_id.value
        if each.service_name != SERVICE or not is_ours or peer == me or not each.valid_at(now):
            continue
        if peer not in found or found[peer].not_after < each.not_after:
            found[peer] = each
    return [found[peer] for peer in sorted(found)][:MOST_PEERS]


async def _taken(pool: asyncpg.Pool, source: str, raw: bytes) -> Gathered:
    try:
        return Gathered(source=source, outcome=(await take(pool, source, raw)).outcome)
    except UnreadableDocument as error:
        return await _unread(pool, source, f"{error.code}: {error}")


async def _unread(pool: asyncpg.Pool, source: str, why: str) -> Gathered:
    # Another may have written why: PostgreSQL takes no null character and no half of a pair.
    why = why.replace("\0", "").encode(errors="replace").decode()
    await store.note(pool, source, "unreadable", why)
    return Gathered(source=source, outcome="unreadable", why=why)


async def _sources(pool: asyncpg.Pool, begin: str) -> list[str]:
    return [each.source for each in await store.apis(pool) if each.source.startswith(begin)]
