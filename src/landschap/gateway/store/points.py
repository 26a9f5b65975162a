# SPDX-License-Identifier: EUPL-1.2
"""What our decision point decides on: the register, services with their own rules, applications."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import asyncpg

from landschap.gateway.plan import service_upstream_name
from landschap.gateway.services import Service
from landschap.gateway.store.declared import applications, services
from landschap.gateway.world import Application, Offered, veto_of, why_blocked
from landschap.purposes.persons import store as persons
from landschap.purposes.snapshot import Snapshot
from landschap.purposes.store import current_snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class PointWorld:
    """Everything at one epoch; never changed after making.

    ``services`` are ours, by name; ``marked`` are activities against which a restriction or
    objection of somebody stands, ``cases`` those that are open (None: cases are not known here).
    """

    epoch: int
    snapshot: Snapshot
    services: Mapping[str, Offered]
    keys: Mapping[bytes, Application]
    certificates: Mapping[str, Application]
    marked: Mapping[str, frozenset[str]]
    cases: frozenset[str] | None


@dataclass(slots=True)
class PointWorlds:
    """Gives the world of now; each pool is of its own room's role.

    The register and the cases are kept as they were last seen: only what came since is read anew.
    """

    gateway: asyncpg.Pool
    purposes: asyncpg.Pool
    owner: str
    _snapshot: Snapshot | None = None
    _cases: persons.KnownCases = field(default_factory=persons.KnownCases)

    async def load(self) -> PointWorld:
        """The world, at least as new as the epoch it names."""
        # First the epoch: what is read after it can only be newer, and is then read again.
        snapshot, epoch = await current_snapshot(
            self.purposes, owner=self.owner, known=self._snapshot
        )
        self._snapshot = snapshot
        known = await applications(self.gateway)
        every = await services(self.gateway)
        return PointWorld(
            epoch=epoch,
            snapshot=snapshot,
            services={each.name: _offered(each, snapshot) for each in every},
            keys={each.key_digest: each for each in known if each.key_digest},
            certificates={
                each.certificate_thumbprint: each for each in known if each.certificate_thumbprint
            },
            marked=await persons.marked(self.purposes),
            cases=await self._cases.read(self.purposes),
        )


def _offered(service: Service, snapshot: Snapshot) -> Offered:
    veto = veto_of(service, snapshot)
    return Offered(
        service=service,
        upstream=service_upstream_name(service.name),
        blocked=veto if isinstance(veto, str) else why_blocked(service, snapshot),
        veto=None if isinstance(veto, str) else veto,
    )
