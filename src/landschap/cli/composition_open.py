# SPDX-License-Identifier: EUPL-1.2
"""What open data is made of: the registers, what they say of themselves, and who publishes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING

from landschap.platform.sockets import open_files_folder

if TYPE_CHECKING:
    import asyncpg

    from landschap.gateway.services import Service
    from landschap.platform.settings import Settings
    from landschap.purposes.snapshot import Snapshot
    from landschap.registers.models import Registers
    from landschap.registers.open.api.sharing import SharingDesk
    from landschap.registers.open.api.standards import StandardsDesk
    from landschap.registers.open.sharing import Offer, World
    from landschap.registers.open.terms import Terms
    from landschap.registers.open.worker import BulkDeps


def read_open(settings: Settings) -> tuple[Registers, Mapping[str, Terms]]:
    """The registers as a whole, and what they say of themselves as open data."""
    from landschap.registers.client import MODELS_FOLDER, read_models
    from landschap.registers.open.client import terms_below

    folder = settings.path.parent / MODELS_FOLDER
    registers = read_models(folder)
    return registers, terms_below(folder, registers)


def bulk_deps(settings: Settings, pool: asyncpg.Pool) -> BulkDeps:
    """What bulk files are made of, and where they are put."""
    from landschap.registers.open.view import open_view
    from landschap.registers.open.worker import BulkDeps

    return BulkDeps(
        pool=pool,
        registers=open_view(read_open(settings)[0]),
        folder=open_files_folder(settings),
        minutes=settings.open.bulk_minutes,
        versions=settings.open.bulk_versions,
    )


def sharing_of(
    settings: Settings,
    snapshot: Callable[[], Snapshot],
    gateway: asyncpg.Pool,
    agreed: asyncpg.Pool,
) -> SharingDesk:
    """What is shared, from the services in force, the register and the contracts."""
    from landschap.fsc.store import KnownGrants, peer_names
    from landschap.gateway.store import services
    from landschap.registers.open.api.sharing import SharingDesk
    from landschap.registers.open.sharing import World

    known = KnownGrants()

    async def world() -> World:
        now = datetime.now(UTC)
        return World(
            snapshot=snapshot(),
            offers=[offer_of(each, now) for each in await services(gateway)],
            grants=await known.read(agreed, now),
            names=await peer_names(agreed),
        )

    return SharingDesk(world=world, version=version("landschap"), source=settings.open.source_code)


def standards_desk(settings: Settings, pool: asyncpg.Pool, shared: SharingDesk) -> StandardsDesk:
    """How services stand to standards; the list is read again each time, for it may be changed."""
    from functools import partial

    from landschap.registers.open.api.standards import StandardsDesk
    from landschap.registers.standards.client import standards_of

    return StandardsDesk(
        standards=partial(standards_of, settings.path.parent), pool=pool, shared=shared
    )


def offer_of(service: Service, now: datetime) -> Offer:
    """What everybody may know of a declared service: not where it runs or how it is built."""
    from landschap.gateway.lifecycle import Phase
    from landschap.registers.open.sharing import Offer

    ending = service.lifecycle
    if ending is None:
        return Offer(name=service.name, phase=Phase.ACTIVE.value)
    return Offer(
        name=service.name,
        phase=ending.phase(now).value,
        deprecated=ending.deprecated,
        sunset=ending.sunset,
        successor=ending.successor,
    )
