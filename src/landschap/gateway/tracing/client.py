# SPDX-License-Identifier: EUPL-1.2
"""Asking the other party of a transaction for its half, at its Manager.

The standard lets a peer read the transactions in which it is named, so nothing is asked that may
not be told. No answer is no half: it is said why.
Source: FSC Logging, "GET /logs".
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from landschap.fsc.client import ManagerClient, PeerUnreachable
from landschap.fsc.client.asking import Asker
from landschap.fsc.own import OwnPeer
from landschap.fsc.witnesses.client import NotAsked
from landschap.fsc.witnesses.worker import where_is
from landschap.fsc.worker import WorkerDeps
from landschap.gateway.tracing.halves import Crossing, Half, Word, compared
from landschap.gateway.usage.store import Rooms
from landschap.platform.settings import Settings
from landschap.vocabulary.identifiers import InvalidValue, PeerId

SECONDS = 5.0
MOST = 20
"""A trace of more transactions is asked about the first ones; the others say so."""
_AT_ONCE = 50


async def other_halves(
    settings: Settings, rooms: Rooms, own: OwnPeer, crossings: Sequence[Crossing]
) -> list[Half]:
    """The other half of each transaction, in their order; never raises for a peer."""
    async with ManagerClient(settings, own) as client:
        deps = WorkerDeps(settings=settings, pool=rooms.fsc, own=own, client=client)
        found = await asyncio.gather(*(_half(deps, each) for each in crossings[:MOST]))
    why = f"only the first {MOST} transactions of a trace are asked about"
    return [*found, *(_unasked(each, why) for each in crossings[MOST:])]


async def halves_at(deps: WorkerDeps, peer: str, crossings: Sequence[Crossing]) -> list[Half]:
    """The other half of transactions with one peer, in their order; never raises for the peer."""
    found: list[Half] = []
    try:
        wanted = PeerId.parse(peer)
        async with asyncio.timeout(SECONDS):
            address = await where_is(deps, wanted)
        for begin in range(0, len(crossings), _AT_ONCE):
            part = crossings[begin : begin + _AT_ONCE]
            asked = ",".join(str(each.transaction_id) for each in part)
            async with (
                asyncio.timeout(SECONDS),
                Asker(settings=deps.settings, expected=wanted) as asker,
            ):
                listed = asker.listed(address, "/logs", "records", transaction_ids=asked)
                told = [each async for each in listed]
            found += [compared(each, told) for each in part]
    except (InvalidValue, NotAsked, PeerUnreachable, TimeoutError, OSError) as error:
        why = str(error) or "no answer in time"
        found += [_unasked(each, why) for each in crossings[len(found) :]]
    return found


async def _half(deps: WorkerDeps, ours: Crossing) -> Half:
    if ours.peer == deps.own.peer_id.value:
        return _unasked(ours, "we asked ourselves")
    try:
        async with asyncio.timeout(SECONDS):
            peer = PeerId.parse(ours.peer)
            address = await where_is(deps, peer)
            async with Asker(settings=deps.settings, expected=peer) as asker:
                asked = str(ours.transaction_id)
                listed = asker.listed(address, "/logs", "records", transaction_ids=asked)
                return compared(ours, [each async for each in listed])
    except (InvalidValue, NotAsked, PeerUnreachable, TimeoutError, OSError) as error:
        return _unasked(ours, str(error) or "no answer in time")


def _unasked(ours: Crossing, why: str) -> Half:
    return Half(peer=ours.peer, word=Word.NOT_ASKED, why=why)
