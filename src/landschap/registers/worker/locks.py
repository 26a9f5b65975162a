# SPDX-License-Identifier: EUPL-1.2
"""Which worker serves which subscription: one at a time, over all workers of the organisation."""

from __future__ import annotations

import asyncio
from uuid import UUID

import asyncpg

_KEY = "SELECT {}(hashtextextended('landschap.notices.' || $1, 0))"


class Locks:
    """Locks on one connection of their own: when it is gone, so are they, and nobody sends on."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self._turn = asyncio.Lock()
        self._held: set[UUID] = set()

    async def take(self, subscription_id: UUID) -> bool:
        """True when this subscription is ours to serve; False when somebody else serves it."""
        async with self._turn:
            if subscription_id in self._held:  # the same connection would get it twice
                return False
            taken = await self._connection.fetchval(
                _KEY.format("pg_try_advisory_lock"), str(subscription_id)
            )
            if taken:
                self._held.add(subscription_id)
            return bool(taken)

    async def free(self, subscription_id: UUID) -> None:
        """Let others serve it."""
        async with self._turn:
            self._held.discard(subscription_id)
            if self.hold:
                await self._connection.execute(
                    _KEY.format("pg_advisory_unlock"), str(subscription_id)
                )

    @property
    def hold(self) -> bool:
        """False when the connection is gone, and the locks with it."""
        return not self._connection.is_closed()
