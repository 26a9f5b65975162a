# SPDX-License-Identifier: EUPL-1.2
"""Granted against used over a period: counted in the log, and laid beside the registers of it.

Nothing is written. Whoever asks is told how far it is, for a large log takes minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg
import msgspec

from landschap.fsc.store import connection_grants, peer_names
from landschap.gateway.usage.report import ContractUse, Report
from landschap.logboek import store as log_store
from landschap.purposes.model import Register
from landschap.purposes.past import store as past
from landschap.purposes.store import current_snapshot, snapshot_by_version
from landschap.purposes.used.granted import granted_since
from landschap.purposes.used.measured import Count, Tally, Total, by_receiver, measure

Advance = Callable[[int], None]
"""Is told how many stretches (`logboek.store.stretches`) are done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rooms:
    """A pool of each room that is asked, each in a role that only reads what it is asked for."""

    log: asyncpg.Pool
    purposes: asyncpg.Pool
    fsc: asyncpg.Pool


async def tally_of(log: asyncpg.Pool, since: datetime, until: datetime, advance: Advance) -> Tally:
    """The uses of a period; ``advance`` is told how many stretches are done."""
    tally = Tally()
    keys = await log_store.lanes(log)
    for done, (begin, end) in enumerate(log_store.stretches(since, until), start=1):
        found = await log_store.uses_between(log, keys, begin, end)
        tally.add(Count(**msgspec.structs.asdict(each)) for each in found)
        advance(done)
    return tally


async def deliveries_of(
    log: asyncpg.Pool, since: datetime, until: datetime, advance: Advance
) -> dict[tuple[str, str, str], int]:
    """Lines that tell of something delivered, by purpose, service and receiver."""
    found: dict[tuple[str, str, str], int] = {}
    keys = await log_store.lanes(log)
    every = log_store.stretches(since, until)
    for done, (begin, end) in enumerate(every, start=len(every) + 1):
        for each in await log_store.deliveries_between(log, keys, begin, end):
            place = each.purpose, each.service, each.who
            found[place] = found.get(place, 0) + each.lines
        advance(done)
    return found


async def measured(
    rooms: Rooms, since: datetime, until: datetime, at_least: timedelta, advance: Advance
) -> Report:
    """Granted against used, of every permission in force."""
    tally = await tally_of(rooms.log, since, until, advance)
    snapshot, _ = await current_snapshot(rooms.purposes)
    registers = await _registers(rooms.purposes, since, until)
    granted = granted_since(registers, until)
    policies = measure(snapshot.register, granted, tally, now=until, at_least=at_least)
    return Report(
        since=since,
        until=until,
        begin=await log_store.first_recorded(rooms.log),
        at_least=at_least,
        snapshot=snapshot,
        policies=policies,
        receivers=tuple(each for use in policies for each in by_receiver(use, tally)),
        contracts=await _contracts(rooms.fsc, tally, until, at_least),
        names=await peer_names(rooms.fsc),
    )


async def _registers(
    pool: asyncpg.Pool, since: datetime, until: datetime
) -> Sequence[tuple[datetime, Register]]:
    """The registers that held in the period, each with the moment from which it did."""
    found = []
    for adopted in await past.adopted_between(pool, since, until):
        snapshot = await snapshot_by_version(pool, adopted.version)
        if snapshot is not None:
            found.append((adopted.adopted_at, snapshot.register))
    return found


async def _contracts(
    pool: asyncpg.Pool, tally: Tally, now: datetime, at_least: timedelta
) -> tuple[ContractUse, ...]:
    found = []
    for grant in await connection_grants(pool, now):
        if not grant.valid_at(now):
            continue
        total = tally.by_contract.get(grant.grant_hash.value, Total())
        is_unused = not total.asked and grant.not_before <= now - at_least
        found.append(ContractUse(grant=grant, total=total, is_unused=is_unused))
    return tuple(
        sorted(found, key=lambda each: (each.grant.service_name, each.grant.outway_peer_id.value))
    )
