# SPDX-License-Identifier: EUPL-1.2
"""Brings again what could not be brought to another organisation, until thirty days have passed.

Forgets what was passed on of reports that are destroyed.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from time import monotonic

import asyncpg

from landschap.gateway.saying.client import Voice
from landschap.gateway.saying.client.reports import Courier, bring_due_reports
from landschap.gateway.saying.store.passed import forget_reports
from landschap.gateway.saying.store.sent import forget_places, take_due
from landschap.platform.loops import forever, pause

_ROUND_SECONDS = 5.0
_SECONDS_EACH = 20.0
_FORGETTING_SECONDS = 3600.0


async def keep_bringing(voice: Voice, stop: asyncio.Event) -> None:
    """Bring what is due until ``stop``; a round that fails is begun again."""

    async def rounds() -> None:
        forgetting = monotonic()
        while not stop.is_set():
            await bring_due(voice)
            if monotonic() >= forgetting:
                await forget(voice)
                forgetting = monotonic() + _FORGETTING_SECONDS
            await pause(stop, _ROUND_SECONDS)

    await forever(rounds, stop, "statements to others")


async def keep_bringing_reports(courier: Courier, stop: asyncio.Event) -> None:
    """Bring reports to who holds the register, and ask after them, until ``stop``."""

    async def rounds() -> None:
        while not stop.is_set():
            await bring_due_reports(courier, _SECONDS_EACH)
            await pause(stop, _ROUND_SECONDS)

    await forever(rounds, stop, "reports to others")


async def keep_forgetting_reports(
    gateway: asyncpg.Pool, registers: asyncpg.Pool, stop: asyncio.Event
) -> None:
    """Forget each hour which reports were passed on that are destroyed, until ``stop``."""

    async def rounds() -> None:
        while not stop.is_set():
            await forget_reports(gateway, registers, datetime.now(UTC))
            await pause(stop, _FORGETTING_SECONDS)

    await forever(rounds, stop, "reports that are destroyed")


async def bring_due(voice: Voice) -> int:
    """One round: how many were tried."""
    due = await take_due(voice.pool, datetime.now(UTC))
    if due:
        await voice.bring(due, _SECONDS_EACH)
    return len(due)


async def forget(voice: Voice) -> None:
    """What was told by those we no longer have a contract with."""
    known = [each.service_peer_id.value for each in await voice.others()]
    await forget_places(voice.pool, known, datetime.now(UTC))
