# SPDX-License-Identifier: EUPL-1.2
"""The held services in force: looked at with every question, read again when anything changed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import asyncpg
import structlog

from landschap.gateway import store
from landschap.gateway.holding.api.upstream import Surroundings, Upstream
from landschap.gateway.holding.model import Hold
from landschap.gateway.holding.places import (
    InvalidPlace,
    Node,
    Shape,
    answer_shapes,
    question_shape,
)
from landschap.gateway.services import Service

log = structlog.get_logger(__name__)
# Longer than any question that still uses it.
_LINGERS_SECONDS = 60.0
# What can not be used is not read with every question.
_AGAIN_SECONDS = 1.0


@dataclass(slots=True)
class Served:
    """One held service: what was declared, and what follows from it. ``busy`` are questions."""

    service: Service
    hold: Hold
    upstream: Upstream
    shapes: Sequence[Shape]
    question: Node
    busy: int = 0


@dataclass(slots=True)
class ServedServices:
    """All of them by name."""

    pool: asyncpg.Pool
    around: Surroundings
    _epoch: int = -1
    _known: Mapping[str, Served] = field(default_factory=dict)
    _unusable: dict[str, tuple[Service, float]] = field(default_factory=dict)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def of(self, name: str) -> Served | None:
        """The held service of this name as it is declared now."""
        # The epoch first: what is read after it can only be newer.
        epoch = await self.pool.fetchval("SELECT value FROM platform.epoch")
        if epoch != self._epoch:
            async with self._lock:
                if epoch > self._epoch:
                    await self._read(epoch)
        found = self._known.get(name)
        if found is not None and _is_outdated(found):
            async with self._lock:
                if self._known.get(name) is found:
                    self._renew(found)
        elif name in self._unusable:
            self._try_again(name)
        return self._known.get(name)

    def _try_again(self, name: str) -> None:
        """What was missing, a key file for instance, may have come since."""
        service, not_before = self._unusable[name]
        if time.monotonic() < not_before or service.hold is None:
            return
        made = self._made(service, service.hold)
        if made is not None:
            self._known = {**self._known, name: made}

    def _renew(self, known: Served) -> None:
        """Another way to the same service; the old one stays when the new can not be used."""
        made = self._made(known.service, known.hold)
        if made is not None:
            self._known = {**self._known, known.service.name: made}
            asyncio.get_running_loop().call_later(_LINGERS_SECONDS, _close, known)

    async def close(self) -> None:
        """Close the ways to all services."""
        for each in self._known.values():
            await each.upstream.close()

    async def _read(self, epoch: int) -> None:
        before = self._known
        self._unusable.clear()
        found: dict[str, Served] = {}
        for service in await store.services(self.pool):
            known = before.get(service.name)
            if known is not None and known.service == service:
                found[service.name] = known
            elif service.hold is not None:
                made = self._made(service, service.hold)
                if made is not None:
                    found[service.name] = made
        self._known, self._epoch = found, epoch
        for name, known in before.items():
            if found.get(name) is not known:
                asyncio.get_running_loop().call_later(_LINGERS_SECONDS, _close, known)

    def _made(self, service: Service, hold: Hold) -> Served | None:
        try:
            made = Served(
                service,
                hold,
                Upstream(service, self.around),
                answer_shapes(hold),
                question_shape(hold),
            )
        except (OSError, ValueError, InvalidPlace) as error:
            # Asked for, it is refused as misconfigured; the others go on.
            log.warning("held service not usable", service=service.name, error=str(error))
            self._unusable[service.name] = (service, time.monotonic() + _AGAIN_SECONDS)
            return None
        self._unusable.pop(service.name, None)
        return made


def _is_outdated(known: Served) -> bool:
    try:
        return known.upstream.is_outdated()
    except OSError:
        return False  # half-way of being replaced: what is held still works


_closing: set[asyncio.Task[None]] = set()


def _close(known: Served) -> None:
    task = asyncio.ensure_future(known.upstream.close())
    _closing.add(task)
    task.add_done_callback(_closing.discard)
