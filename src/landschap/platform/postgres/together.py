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
from landschap.platform.postgres.roles import role_of
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

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self._lent = Lent(connection)

    async def room(self, room: str) -> Any:
        """The pool for a room's functions, until another room is asked for."""
        # Names of rooms are those of our own packages.
        await self._connection.execute(
            f"SET LOCAL ROLE {role_of(room)}; SET LOCAL search_path = {room}"
        )
        return self._lent


@asynccontextmanager
async def together(settings: Settings) -> AsyncIterator[Together]:
    """One transaction that is committed when the block ends and undone when it raises.

    Raises Trouble when the database can not be reached.
    """
    connection = await administrator(settings)
    try:
        await _become(connection)
        async with connection.transaction():
            yield Together(connection)
    finally:
        await connection.close()


async def _become(connection: asyncpg.Connection) -> None:
    """An administrator that is no superuser may be the role of a room only when it is a member."""
    if await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
        return
    rows = await connection.fetch(
        "SELECT rolname FROM pg_roles WHERE rolname LIKE 'landschap\\_%' AND rolcanlogin"
        " AND NOT pg_has_role(current_user, oid, 'SET')"
    )
    for row in rows:
        await connection.execute(f"GRANT {row['rolname']} TO CURRENT_USER WITH INHERIT FALSE")
