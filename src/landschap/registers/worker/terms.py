# SPDX-License-Identifier: EUPL-1.2
"""Keeps the terms of reports: who decides is reminded, and files go when their term is over."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import structlog

from landschap.platform.loops import forever, pause
from landschap.registers.store.evidence import forget_files
from landschap.registers.store.reminding import remind
from landschap.registers.store.rows import Pool
from landschap.vocabulary.times import amsterdam_day

_ROUND_SECONDS = 900.0
log = structlog.get_logger(__name__)


async def keep_terms(pool: Pool, stop: asyncio.Event) -> None:
    """Look every quarter of an hour until ``stop``; a round that fails is begun again."""

    async def rounds() -> None:
        while not stop.is_set():
            await one_round(pool, datetime.now(UTC))
            await pause(stop, _ROUND_SECONDS)

    await forever(rounds, stop, "terms of reports")


async def one_round(pool: Pool, now: datetime) -> None:
    """Remind, and destroy what is due."""
    today = amsterdam_day(now)
    for each in await remind(pool, today):
        told = "a report is late" if each.is_late(today) else "a report is to be decided on soon"
        log.warning(told, report=str(each.report_id), decide_by=str(each.decide_by))
    gone = await forget_files(pool, now)
    if gone:
        log.info("files of reports destroyed", count=gone)
