# SPDX-License-Identifier: EUPL-1.2
"""Reads the log for refusals, behind the deciders: they do nothing for it, and none is missed.

What was read is kept in the transaction that notes what was found. While the buffer is full the
reading waits: the log keeps what was refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import structlog

from landschap.gateway.security.kinds import seen_in
from landschap.logboek.records import Record
from landschap.logboek.store.reading import floor_id, lanes
from landschap.logboek.store.refused import decisions_after
from landschap.platform.loops import pause
from landschap.platform.siem import outbox

log = structlog.get_logger(__name__)

_AT_ONCE = 1000
_LOOK_SECONDS = 1.0
_AGAIN_SECONDS = 5.0
# Where lanes begin that were not there yet when the watch began.
_BEGIN = ""
_AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)


async def follow_refusals(log_pool: asyncpg.Pool, siem: asyncpg.Pool, stop: asyncio.Event) -> None:
    """Read until ``stop``; what the database refuses now is tried again."""
    while not stop.is_set():
        seconds = _LOOK_SECONDS
        try:
            while await read_refusals(log_pool, siem) and not stop.is_set():
                pass
        except _AWAY as error:
            log.warning("refusals not read", error=type(error).__name__)
            seconds = _AGAIN_SECONDS
        await pause(stop, seconds)


async def read_refusals(log_pool: asyncpg.Pool, siem: asyncpg.Pool) -> bool:
    """One round; True when there may be more. The first one only marks where the watch begins.

    Rounds of several workers wait for each other: none reads what another is reading.
    """
    async with siem.acquire() as connection:
        turn = connection.transaction()
        await turn.start()
        is_noted = is_more = False
        try:
            await outbox.wait_for_turn_to_read(connection)
            records, read, is_more = await _unread(log_pool, await _cursors(connection))
            is_noted = await _note(connection, records)
            if is_noted:
                await outbox.keep_cursors(connection, read)
        finally:
            # With no room for all of it nothing is noted, and it is read again.
            await (turn.commit() if is_noted else turn.rollback())
        return is_noted and is_more


async def _cursors(connection: Any) -> dict[str, UUID]:
    known = await outbox.cursors(connection)
    if _BEGIN not in known:
        known = {_BEGIN: floor_id(datetime.now(UTC))}
        await outbox.keep_cursors(connection, known)
    return known


async def _unread(
    log_pool: asyncpg.Pool, known: Mapping[str, UUID]
) -> tuple[list[Record], dict[str, UUID], bool]:
    """Decisions behind the cursors in order of recording, the new cursors, and if there is more."""
    records: list[Record] = []
    read: dict[str, UUID] = {}
    is_more = False
    for lane in await lanes(log_pool):
        before = known.get(lane, known[_BEGIN])
        found, until = await decisions_after(log_pool, lane, before, _AT_ONCE)
        records += found
        is_more = is_more or len(found) == _AT_ONCE
        if until != before:
            read[lane] = until
    records.sort(key=lambda record: record.record_id)
    return records, read, is_more


async def _note(connection: Any, records: Sequence[Record]) -> bool:
    """Note what was refused; False when there is no room for it."""
    for each in seen_in(records):
        told = await outbox.note(
            connection, each.kind, each.facts, at=each.at, event_id=each.event_id, comes_again=True
        )
        if told == "full":
            return False
    return True
