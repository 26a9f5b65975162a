# SPDX-License-Identifier: EUPL-1.2
"""Destroys files that were handed in with a report once their term is over."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import structlog

from landschap.platform.loops import forever, pause
from landschap.registers.store.evidence import forget_files
from landschap.registers.store.rows import Pool

_ROUND_SECONDS = 900.0
log = structlog.get_logger(__name__)


async def keep_forgetting(pool: Pool, stop: asyncio.Event) -> None:
    """Look every quarter of an hour until ``stop``; a round that fails is begun again."""

    async def rounds() -> None:
        while not stop.is_set():
            gone = await forget_files(pool, datetime.now(UTC))
            if gone:
                log.info("files of reports destroyed", count=gone)
            await pause(stop, _ROUND_SECONDS)

    await forever(rounds, stop, "files of reports")
