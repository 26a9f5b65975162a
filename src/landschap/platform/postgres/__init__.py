# SPDX-License-Identifier: EUPL-1.2
"""PostgreSQL remembers: our own server or a given one, its roles, migrations and connections.

    Server                  our own server: start, alive, stop
    apply_migrations        bring the database to what the program needs
    pool, connect           connections of a room, as its own role
    database, running       for a command: it is there while the block runs

Every room role may read ``platform.epoch(value)`` and call ``platform.bump_epoch()``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from landschap.platform.postgres.connections import administrator, connect, pool
from landschap.platform.postgres.migrations import apply_migrations, discover
from landschap.platform.postgres.server import Server, socket_folder
from landschap.platform.settings import Settings
from landschap.platform.watchdog import Watchdog

__all__ = [
    "Server",
    "administrator",
    "apply_migrations",
    "connect",
    "database",
    "discover",
    "pool",
    "running",
    "socket_folder",
]


@asynccontextmanager
async def database(settings: Settings) -> AsyncIterator[None]:
    """The database answers and is up to date while the block runs.

    A command that runs beside `serve` uses its server; without one, ours is started and stopped
    again. Raises Trouble.
    """
    async with running(settings):
        await apply_migrations(settings)
        yield


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[None]:
    """The server answers while the block runs; what is in it is left as it is. Raises Trouble."""
    if settings.postgres.dsn is not None:
        yield
        return
    watchdog = Watchdog()
    try:
        own = Server(settings, watchdog=watchdog)
        await own.start()
        try:
            yield
        finally:
            await own.leave()
    finally:
        watchdog.close()
