# SPDX-License-Identifier: EUPL-1.2
"""What open data is made of: the registers, what they say of themselves, and who publishes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from landschap.platform.sockets import open_files_folder

if TYPE_CHECKING:
    import asyncpg

    from landschap.platform.settings import Settings
    from landschap.registers.describing import About
    from landschap.registers.models import Registers
    from landschap.registers.open.dcat import Publisher
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


def publisher_of(settings: Settings, about: About) -> Publisher:
    """Who publishes our open data: as the settings say, else this organisation."""
    from landschap.registers.open.dcat import Publisher

    own = f"{settings.addresses.open}/id/organisatie/{settings.organisation.oin}"
    return Publisher(
        uri=settings.open.publisher or own,
        name=about.organisation,
        email=about.email,
        url=about.url,
    )
