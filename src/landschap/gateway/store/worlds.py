# SPDX-License-Identifier: EUPL-1.2
"""The world a decision rests on, gathered from the rooms that hold it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

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
    world = build_world(
        Found(
            epoch=epoch,
            own=own,
            snapshot=snapshot,
            services=tuple(await services(pools.gateway)),
            grants=tuple(await remembered.grants.read(pools.fsc, now)),
            known=remembered.connections,
            tokens=tuple(await fsc_store.tokens(pools.fsc)),
            applications=tuple(await applications(pools.gateway)),
            employees=employees,
            aliases=aliases or {},
            engines=engines or Engines(),
            marked=await persons.marked(pools.purposes),
            cases=await remembered.cases.read(pools.purposes),
            approvals=await persons.approvals(pools.purposes, now),
            departed=await departed(pools.gateway, employees.issuer) if employees else {},
        )
    )
    remembered.connections = {**world.outgoing, **world.incoming}
    return world
