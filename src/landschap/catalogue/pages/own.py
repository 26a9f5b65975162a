# SPDX-License-Identifier: EUPL-1.2
"""What our organisation has, looked up now: certificate, contracts, activities, level of log-in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import asyncpg

from landschap.catalogue.needs import Own
from landschap.catalogue.own_service import OwnServices
from landschap.fsc.client import own_peer
from landschap.fsc.store import KnownGrants
from landschap.gateway.measured import Measured, by_day, together
from landschap.gateway.store import measured, services
from landschap.gateway.users import level_of
from landschap.platform.settings import Settings
from landschap.platform.trouble import Trouble
from landschap.purposes.model import Validity
from landschap.purposes.snapshot import Snapshot
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.times import amsterdam_day

DAYS = 30
"""Over so many days, today with them, is told how a service answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """How a service answered; ``whole`` is None when nothing was asked of it in that time."""

    whole: Measured | None
    days: Sequence[Measured]


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

    async def measured(self, service: str) -> Availability:
        """How well a service of ours answered in the last days, as our door saw it."""
        since = amsterdam_day(datetime.now(UTC)) - timedelta(days=DAYS - 1)
        cells = await measured(self._gateway, service, since)
        return Availability(whole=together(cells), days=by_day(cells))

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
