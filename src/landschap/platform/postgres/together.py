# SPDX-License-Identifier: EUPL-1.2
"""The work of several rooms in one transaction: all of it is done, or none.

Each room keeps its own rights: while its work is done, the connection is that room's role and has
that room's schema as search path.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from landschap.platform.postgres.connections import administrator
from landschap.platform.postgres.roles import on_server, role_of
from landschap.platform.settings import Settings


class Lent:
    """What a room's functions take for their pool: always the one connection of the transaction."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self.fetch = connection.fetch
        self.fetchrow = connection.fetchrow
        self.fetchval = connection.fetchval
        self.execute = connection.execute

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[asyncpg.Connection]:
        """The connection itself; a transaction on it is a savepoint."""
        yield self._connection


class Together:
    """One transaction, in which one room after the other works."""

    def __init__(self, connection: asyncpg.Connection, settings: Settings) -> None:
        self._connection = connection
        self._settings = settings
        self._lent = Lent(connection)

    async def room(self, room: str) -> Any:
        """The pool for a room's functions, until another room is asked for."""
        role = on_server(
            self._settings, role_of(room)
        )  # names of rooms are those of our own packages
        await self._connection.execute("SET LOCAL ROLE NONE")
        await self._become(role)
        await self._connection.execute(f"SET LOCAL ROLE {role}; SET LOCAL search_path = {room}")
        return self._lent

    async def _become(self, role: str) -> None:
        """An administrator that is no superuser made the role, and is not yet a member of it."""
        may = await self._connection.fetchval("SELECT pg_has_role($1, 'SET')", role)
        if not may:
            await self._connection.execute(f"GRANT {role} TO CURRENT_USER WITH INHERIT FALSE")


@asynccontextmanager
async def together(settings: Settings) -> AsyncIterator[Together]:
    """One transaction that is committed when the block ends and undone when it raises.

    Raises Trouble when the database can not be reached.
    """
    connection = await administrator(settings)
    try:
        async with connection.transaction():
            yield Together(connection, settings)
    finally:
        await connection.close()
