# SPDX-License-Identifier: EUPL-1.2
"""The world a decision rests on, gathered from the rooms that hold it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg

from landschap.fsc import store as fsc_store
from landschap.fsc.own import OwnPeer
from landschap.gateway.store.declared import applications, services
from landschap.gateway.users import Employees
from landschap.gateway.world import Connection, Engines, Found, World, build_world
from landschap.platform.departures import departed
from landschap.purposes import store as purposes_store
from landschap.purposes.persons import store as persons
from landschap.purposes.snapshot import Snapshot


@dataclass(slots=True)
class Remembered:
    """The register, connections and open cases as last seen: only what came since is read anew."""

    snapshot: Snapshot | None = None

    grants: fsc_store.KnownGrants = field(default_factory=fsc_store.KnownGrants)
    connections: Mapping[str, Connection] = field(default_factory=dict)
    cases: persons.KnownCases = field(default_factory=persons.KnownCases)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pools:
    """One pool per room that is asked, each of that room's own role; and what they told before."""

    gateway: asyncpg.Pool
    fsc: asyncpg.Pool
    purposes: asyncpg.Pool
    remembered: Remembered = field(default_factory=Remembered)


async def load_world(
    pools: Pools,
    own: OwnPeer,
    employees: Employees | None,
    now: datetime,
    aliases: Mapping[str, str] | None = None,
    engines: Engines | None = None,
) -> World:
    """Everything a decision rests on, at least as new as the epoch it names.

    ``aliases`` are the names that the settings give to connections of our Outway, ``engines`` who
    else must agree there.
    """
    # First the epoch: what is read after it can only be newer, and is then read again.
    remembered = pools.remembered
    snapshot, epoch = await purposes_store.current_snapshot(
        pools.purposes, owner=own.peer_id.value, known=remembered.snapshot
    )
    remembered.snapshot = snapshot
    declared, agreed, said = await _together(
        _declared(pools.gateway, employees),
        _agreed(pools, now),
        _said(pools, now),
    )
    world = build_world(
        Found(
            epoch=epoch,
            own=own,
            snapshot=snapshot,
            known=remembered.connections,
            employees=employees,
            aliases=aliases or {},
            engines=engines or Engines(),
            **declared,
            **agreed,
            **said,
        )
    )
    remembered.connections = {**world.outgoing, **world.incoming}
    return world


Part = dict[str, Any]
"""Some of what `Found` holds, by its names."""


async def _declared(pool: asyncpg.Pool, employees: Employees | None) -> Part:
    async with pool.acquire() as connection:
        return {
            "services": tuple(await services(connection)),
            "applications": tuple(await applications(connection)),
            "departed": await departed(connection, employees.issuer) if employees else {},
        }


async def _agreed(pools: Pools, now: datetime) -> Part:
    async with pools.fsc.acquire() as connection:
        return {
            "grants": tuple(await pools.remembered.grants.read(connection, now)),
            "tokens": tuple(await fsc_store.tokens(connection)),
        }


async def _said(pools: Pools, now: datetime) -> Part:
    async with pools.purposes.acquire() as connection:
        return {
            "marked": await persons.marked(connection),
            "cases": await pools.remembered.cases.read(connection),
            "approvals": await persons.approvals(connection, now),
        }


async def _together(*parts: Coroutine[Any, Any, Part]) -> list[Part]:
    """All parts, each room at the same time as the others; when one fails none goes on."""
    tasks = [asyncio.create_task(each) for each in parts]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
