# SPDX-License-Identifier: EUPL-1.2
"""What our organisation has, looked up now: certificate, contracts, activities, level of log-in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import asyncpg

from landschap.catalogue.needs import Own
from landschap.catalogue.own_service import OwnServices
from landschap.fsc.client import own_peer
from landschap.fsc.store import KnownGrants
from landschap.gateway.store import services
from landschap.gateway.users import level_of
from landschap.platform.settings import Settings
from landschap.platform.trouble import Trouble
from landschap.purposes.model import Validity
from landschap.purposes.snapshot import Snapshot
from landschap.vocabulary.identifiers import InvalidValue


class Surroundings:
    """Our own side of the catalogue, read from the rooms below."""

    def __init__(
        self,
        settings: Settings,
        snapshot: Callable[[], Snapshot],
        agreed: asyncpg.Pool,
        gateway: asyncpg.Pool,
    ) -> None:
        self._settings = settings
        self._snapshot = snapshot
        self._agreed = agreed
        self._gateway = gateway
        self._grants = KnownGrants()

    async def services(self) -> OwnServices:
        """The services of ours in force."""
        every = await services(self._gateway)
        return OwnServices({each.name: each for each in every}, self._snapshot())

    async def own(self) -> Own:
        """What our organisation has at this moment."""
        now = datetime.now(UTC)
        employees = self._settings.oidc.employees
        return Own(
            oin=self._settings.organisation.oin.value,
            certificate_until=await asyncio.to_thread(self._certificate_until, now),
            grants=await self._grants.read(self._agreed, now),
            purposes=_active_purposes(self._snapshot(), now),
            level=level_of(employees.highest_level) if employees else "",
        )

    def _certificate_until(self, now: datetime) -> datetime | None:
        """Until when our certificate holds; None when it does not."""
        try:
            certificate = own_peer(self._settings).certificate
        except (Trouble, InvalidValue, OSError):
            return None
        holds = certificate.not_before <= now < certificate.not_after
        return certificate.not_after if holds else None


def _active_purposes(snapshot: Snapshot, now: datetime) -> frozenset[str]:
    """Purposes for which our register has an activity in force, under each of their names."""
    own = {
        each.purpose
        for each in snapshot.activities.values()
        if each.valid is None or _holds(each.valid, now)
    }
    others = {uri for uri, ours in snapshot.equivalents.items() if ours in own}
    return frozenset(own | others)


def _holds(valid: Validity, now: datetime) -> bool:
    since, until = valid.moments()
    return since <= now and (until is None or now < until)
