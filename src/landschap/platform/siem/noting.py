# SPDX-License-Identifier: EUPL-1.2
"""Security events of the web process: refused logins and peers, visitors who ask too often.

Where `security_event` writes its line, nobody waits for the database: the event is kept in memory
for the moment until a task has noted it. Only a process that is killed loses what it had not noted
yet; what does not fit is counted.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import structlog

from landschap.platform import telemetry
from landschap.platform.ids import uuid7
from landschap.platform.siem import outbox

log = structlog.get_logger(__name__)

_MOST = 10_000
_AGAIN_SECONDS = 5.0
_AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
# Emergency access notes itself, in its own transaction.
_ELSEWHERE = frozenset({"emergency_access"})
_KINDS: Mapping[str, str] = {
    "login_rejected": "login_rejected",
    "too_many_requests": "visitor_limited",
}


class Notes:
    """What waits to be noted by this process."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool
        self._waiting: deque[tuple[UUID, datetime, str, dict[str, str]]] = deque()
        self._some = asyncio.Event()
        self._lost = 0

    def hear(self, door: str, peer: str, code: str, reason: str) -> None:
        """Take an event. Never raises and never waits."""
        if code in _ELSEWHERE:
            return
        if len(self._waiting) >= _MOST:
            self._lost += 1
            return
        facts = {"door": door, "peer": peer, "code": code, "reason": reason}
        kind = _KINDS.get(code, "peer_refused")
        self._waiting.append((uuid7(), datetime.now(UTC), kind, facts))
        self._some.set()

    async def run(self) -> None:
        """Note what waits, in order, until cancelled."""
        while True:
            await self._some.wait()
            self._some.clear()
            try:
                await self.flush()
            except _AWAY as error:
                log.warning("security events not noted", error=type(error).__name__)
                await asyncio.sleep(_AGAIN_SECONDS)
                self._some.set()

    async def flush(self) -> None:
        """Note all that waits now."""
        while self._waiting:
            event_id, at, kind, facts = self._waiting[0]
            await outbox.note(self.pool, kind, facts, at=at, event_id=event_id)
            self._waiting.popleft()
        if self._lost:
            times, self._lost = self._lost, 0
            log.error("security events lost: too many waited in this process", lost=times)
            await outbox.note(self.pool, "events_lost", {"times": times})


@asynccontextmanager
async def noting(pool: asyncpg.Pool) -> AsyncIterator[Notes]:
    """Note security events of this process while the block runs, and what is left at its end."""
    notes = Notes(pool)
    task = asyncio.create_task(notes.run(), name="security events")
    telemetry.listen_to_security(notes.hear)
    try:
        yield notes
    finally:
        telemetry.listen_to_security(None)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        with contextlib.suppress(*_AWAY):
            await notes.flush()
