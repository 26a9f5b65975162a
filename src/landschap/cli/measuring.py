# SPDX-License-Identifier: EUPL-1.2
"""The rooms in which use is measured, for a command."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from landschap.cli.verify import LOG_READER
from landschap.gateway.usage.store import Rooms
from landschap.platform import postgres
from landschap.platform.settings import Settings


@asynccontextmanager
async def rooms_of(settings: Settings) -> AsyncIterator[Rooms]:
    """The rooms, with a connection each."""
    async with postgres.database(settings):
        log = await postgres.pool(settings, "logboek", size=1, role=LOG_READER)
        purposes = await postgres.pool(settings, "purposes", size=1)
        fsc = await postgres.pool(settings, "fsc", size=1)
        try:
            yield Rooms(log=log, purposes=purposes, fsc=fsc)
        finally:
            for pool in (log, purposes, fsc):
                await pool.close()
