# SPDX-License-Identifier: EUPL-1.2
"""Hold our half of recent transactions against the other half, every few minutes.

Each party of a transaction records it, before it answers or gives the answer on. Of what we
recorded since the last round the other party is asked for its half, the newest of each party first.
What is missing or differs is kept for the first page about the log, and looked at again until it is
mended. Of the other half nothing is kept but that: no content.
Source: FSC Logging, "Log record"; "GET /logs".
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import asyncpg
import structlog

from landschap.console.links.store import KEPT, Broken, Counted, begin_of, broken_ones, keep
from landschap.fsc.worker import WorkerDeps
from landschap.gateway.tracing.client import halves_at
from landschap.gateway.tracing.halves import Crossing, Half, Word, crossings_of
from landschap.logboek.store import by_records, crossed_between
from landschap.platform.loops import forever, pause

ROUND_SECONDS = 300.0
SETTLED = timedelta(minutes=2)
"""A transaction is looked at when it is this old: the other party may record it after us."""
MOST = 200
"""Transactions of one party in one round; of the others it is told that they were not compared."""
_LONGEST = timedelta(hours=6)
_BROKEN = {Word.MISSING, Word.DIFFERS}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkDeps:
    """Pools of the console and of the log, and how peers are asked."""

    pool: asyncpg.Pool
    log: asyncpg.Pool
    worker: WorkerDeps


async def keep_comparing(deps: LinkDeps, stop: asyncio.Event) -> None:
    """Compare, round after round, until ``stop``."""

    async def rounds() -> None:
        while not stop.is_set():
            await compare(deps, datetime.now(UTC))
            await pause(stop, ROUND_SECONDS)

    await forever(rounds, stop, "comparing")


async def compare(deps: LinkDeps, now: datetime) -> None:
    """One round. Raises what the database raises; a peer that is away is told, not raised.

    A worker that was away for long begins six hours back: what is older is not looked at.
    """
    before = await begin_of(deps.pool)
    until = now - SETTLED
    since = max(before or until, until - _LONGEST)
    found = await crossed_between(deps.log, since, until, MOST)
    own = deps.worker.own.peer_id.value
    counted, broken = [], []
    for party in found:
        if party.peer == own:
            continue
        count, wrong = await _party(deps, party.peer, crossings_of(party.records))
        counted.append(Counted(peer=party.peer, seen=party.total, **count))
        broken += wrong
    again = await _again(deps, now - KEPT)
    if not await keep(deps.pool, (before, until), now, counted, [*broken, *again]):
        log.info("another worker compared this stretch")


async def _party(
    deps: LinkDeps, peer: str, crossings: Sequence[Crossing]
) -> tuple[dict[str, int], list[Broken]]:
    halves = await halves_at(deps.worker, peer, crossings)
    asked = [each for each in halves if each.word is not Word.NOT_ASKED]
    pairs = zip(crossings, halves, strict=True)
    broken = [_broken(ours, half) for ours, half in pairs if half.word in _BROKEN]
    return {"compared": len(asked), "unasked": len(halves) - len(asked)}, broken


async def _again(deps: LinkDeps, since: datetime) -> list[Broken]:
    """What was broken before, as it is now; who can not be asked leaves it as it was."""
    known = await broken_ones(deps.pool, since, only_open=True)
    if not known:
        return []
    records = await by_records(deps.log, [each.record for each in known])
    now_of: dict[str, list[Crossing]] = {}
    for crossing in crossings_of(records):
        now_of.setdefault(crossing.peer, []).append(crossing)
    found = []
    for peer, crossings in now_of.items():
        halves = await halves_at(deps.worker, peer, crossings)
        pairs = zip(crossings, halves, strict=True)
        found += [_broken(ours, half) for ours, half in pairs if half.word is not Word.NOT_ASKED]
    return found


def _broken(ours: Crossing, half: Half) -> Broken:
    return Broken(
        transaction_id=ours.transaction_id,
        peer=half.peer,
        record=ours.record,
        word=half.word.value,
        differing=half.differing,
        at=ours.at,
    )
