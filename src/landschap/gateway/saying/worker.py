# SPDX-License-Identifier: EUPL-1.2
"""Brings again what could not be brought to another organisation, until thirty days have passed."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from landschap.gateway.saying.client import Voice
from landschap.gateway.saying.store.sent import take_due
from landschap.platform.loops import forever, pause

_ROUND_SECONDS = 5.0
_SECONDS_EACH = 20.0


async def keep_bringing(voice: Voice, stop: asyncio.Event) -> None:
    """Bring what is due until ``stop``; a round that fails is begun again."""

    async def rounds() -> None:
        while not stop.is_set():
            await bring_due(voice)
            await pause(stop, _ROUND_SECONDS)

    await forever(rounds, stop, "statements to others")


async def bring_due(voice: Voice) -> int:
    """One round: how many were tried."""
    due = await take_due(voice.pool, datetime.now(UTC))
    if due:
        await voice.bring(due, _SECONDS_EACH)
    return len(due)
