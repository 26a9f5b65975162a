# SPDX-License-Identifier: EUPL-1.2
"""The database as a part that the supervisor keeps running."""

from __future__ import annotations

import asyncio
import contextlib

import asyncpg

from landschap.platform.postgres.connections import administrator
from landschap.platform.postgres.migrations import apply_migrations
from landschap.platform.postgres.server import Server
from landschap.platform.settings import Settings
from landschap.platform.trouble import Trouble

_POLL_SECONDS = 0.1
# A server that another program started is no child of ours: only a question tells that it ended.
_ADOPTED_POLL_SECONDS = 2.0


class OwnDatabase:
    """Our own server, brought up to date before anyone uses it."""

    name = "postgresql"

    def __init__(self, server: Server) -> None:
        self.server = server

    async def start(self) -> None:
        """Start the server and apply what the program needs. Raises Trouble."""
        await self.server.start()
        await apply_migrations(self.server.settings)

    async def ended(self) -> str:
        """Wait until the server is gone."""
        own = self.server.pid is not None
        while True:
            await asyncio.sleep(_POLL_SECONDS if own else _ADOPTED_POLL_SECONDS)
            if self.server.ended() if own else not await self.server.alive():
                return "its main process ended" if own else "does not answer any more"

    async def healthy(self) -> bool:
        """True when it answers a query."""
        return await self.server.alive()

    async def stop(self) -> None:
        """Stop the server; what was committed is safe."""
        await self.server.stop()


class GivenDatabase:
    """A server that somebody else runs, reached by its address."""

    name = "postgresql"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def start(self) -> None:
        """Apply what the program needs. Raises Trouble."""
        await apply_migrations(self._settings)

    async def ended(self) -> str:
        """Never: others keep it running, and our pools connect again by themselves."""
        await asyncio.Event().wait()
        return ""

    async def healthy(self) -> bool:
        """True when it answers a query."""
        with contextlib.suppress(Trouble, OSError, asyncpg.PostgresError):
            connection = await administrator(self._settings)
            await connection.close()
            return True
        return False

    async def stop(self) -> None:
        """Nothing: it is not ours."""
