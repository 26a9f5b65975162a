# SPDX-License-Identifier: EUPL-1.2
"""Asking our witnesses what they keep of our log, and holding the log against it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime

from landschap.fsc import store
from landschap.fsc.client import ManagerClient, own_peer
from landschap.fsc.client.asking import Asker
from landschap.fsc.witnesses import store as kept
from landschap.fsc.witnesses.client import NotAsked, announces, asked_back
from landschap.fsc.witnesses.comparing import (
    OwnLog,
    Place,
    Testimony,
    Word,
    differences,
    places_in,
)
from landschap.fsc.witnesses.store import Keeping
from landschap.fsc.witnesses.worker import where_is
from landschap.fsc.worker import WorkerDeps
from landschap.logboek.anchors import Anchor, Statement, digest_of
from landschap.logboek.verify import Log, Trust
from landschap.platform import postgres
from landschap.platform.settings import Settings
from landschap.vocabulary.identifiers import PeerId


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What one witness gave back, before our log is looked at; ``why`` when it gave nothing."""

    peer_id: PeerId
    name: str
    given: Sequence[tuple[Anchor, Statement]] = field(default=())
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """All our witnesses, and what we keep for others."""

    asked: Sequence[Asked]
    keeping: Sequence[Keeping]


async def ask_witnesses(settings: Settings) -> Hearing:
    """Ask every witness of the settings; one that can not be asked is told, never raised."""
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(postgres.database(settings))
        pool = await postgres.pool(settings, "fsc", size=1)
        stack.push_async_callback(pool.close)
        own = own_peer(settings)
        client = await stack.enter_async_context(ManagerClient(settings, own))
        deps = WorkerDeps(settings=settings, pool=pool, own=own, client=client)
        names = await store.peer_names(pool)
        asked = [
            await _ask(deps, peer_id, names.get(peer_id.value, ""))
            for peer_id in settings.witness.peers
        ]
        return Hearing(asked=asked, keeping=await kept.keepings(pool))


async def _ask(deps: WorkerDeps, peer_id: PeerId, name: str) -> Asked:
    try:
        address = await where_is(deps, peer_id)
        async with Asker(settings=deps.settings, expected=peer_id) as asker:
            name = await announces(asker, address) or name
            given = await asked_back(asker, address)
    except NotAsked as error:
        return Asked(peer_id=peer_id, name=name, why=str(error))
    return Asked(peer_id=peer_id, name=name, given=given)


async def compared(hearing: Hearing, log: Log, trust: Trust | None, own: str) -> list[Testimony]:
    """What each witness says of this log; ``log`` was read after the witnesses were asked."""
    statements = [statement for each in hearing.asked for _, statement in each.given]
    ours = await _own_log(log, places_in(statements))
    return [_testimony(each, ours, trust, own) for each in hearing.asked]


async def _own_log(log: Log, places: set[Place]) -> OwnLog:
    heads = {
        (each.made.lane, each.made.no): each.head
        async for each in log.batches()
        if (each.made.lane, each.made.no) in places
    }
    return OwnLog(heads=heads, anchors=frozenset([digest_of(e) async for e in log.anchors()]))


def _testimony(asked: Asked, ours: OwnLog, trust: Trust | None, own: str) -> Testimony:
    def says(word: Word, why: str = "", found: Sequence[str] = ()) -> Testimony:
        newest: datetime | None = max((s.at for _, s in asked.given), default=None)
        return Testimony(
            peer_id=asked.peer_id.value,
            name=asked.name,
            word=word,
            anchors=len(asked.given),
            newest=newest,
            why=why,
            differences=tuple(found),
        )

    if asked.why:
        return says(Word.NOT_ASKED, asked.why)
    if not asked.given:
        return says(Word.NOTHING, "the worker of `landschap serve` brings the first anchor")
    for anchor, statement in asked.given:
        if statement.organisation != own or (trust and not trust(anchor.certificate, own)):
            why = "it gives back an anchor that this organisation did not sign"
            return says(Word.NOT_ASKED, why)
    found = differences(asked.given, ours)
    return says(Word.DIFFERS if found else Word.AGREES, "", found)
