# SPDX-License-Identifier: EUPL-1.2
"""Who we are, followed: replaced files count without a restart, in every process of ours.

The files are looked at every second. A process that signs waits a little with a new certificate,
so that those that verify know it first; revocation lists and trust anchors count at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import structlog

from landschap.fsc.client.own import own_peer_of
from landschap.fsc.own import OwnPeer
from landschap.platform.credentials import LOOK_SECONDS, Credentials, Watched
from landschap.platform.settings import Settings
from landschap.platform.trouble import Trouble
from landschap.vocabulary.problems import InvalidValue

log = structlog.get_logger(__name__)

Take = Callable[[OwnPeer, Credentials], Awaitable[None]]


class Identity:
    """Our own peer as of the last look; ``take`` is told when it becomes another.

    ``wait_seconds`` is how long a new certificate waits before it is taken. Raises Trouble and
    InvalidValue when there is nothing to begin with.
    """

    def __init__(self, settings: Settings, *, wait_seconds: float = 0.0) -> None:
        self._settings = settings
        self._wait_seconds = wait_seconds
        self._watched = Watched(settings, datetime.now(UTC))
        self._lock = asyncio.Lock()
        self.credentials = self._watched.held
        self.own = own_peer_of(settings, self.credentials)
        self.take: Take | None = None

    async def look(self) -> bool:
        """Look at the files now; True when they made us another. Who looks meanwhile waits."""
        async with self._lock:
            fresh = await asyncio.to_thread(self._watched.look, datetime.now(UTC))
            if fresh is None:
                return False
            try:
                own = own_peer_of(self._settings, fresh)
            except (InvalidValue, Trouble) as error:
                log.warning("replaced certificate can not be used", why=str(error))
                return False
            renewed = own.proof != self.own.proof
            if renewed and self._wait_seconds:
                await asyncio.sleep(self._wait_seconds)
            self.own, self.credentials = own, fresh
            if self.take is not None:
                await self.take(own, fresh)
            log.info("identity taken over", certificate=own.certificate.thumbprint, new=renewed)
            return True

    async def follow(self) -> None:
        """Look every second, for ever; an accident in taking over ends nothing."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.look()
            except Exception as error:
                log.exception("identity not taken over", exc_info=error)
