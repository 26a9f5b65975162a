# SPDX-License-Identifier: EUPL-1.2
"""Bring the newest anchor of our log to our witnesses, again and again.

Each witness on its own: one that is away holds up no other, and hears of it in the next round. An
anchor is chained over all before it, so only the newest needs to arrive.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import structlog

from landschap.fsc.client import PeerUnreachable
from landschap.fsc.client.asking import Asker
from landschap.fsc.witnesses.client import NotAsked, announces, bring
from landschap.fsc.witnesses.wire import Sent
from landschap.fsc.worker import WorkerDeps, address_of, ask_directory
from landschap.logboek.store import last_anchor
from landschap.vocabulary.identifiers import PeerId

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessDeps:
    """What the worker has, and a pool that may read our anchors."""

    worker: WorkerDeps
    log_pool: asyncpg.Pool


async def keep_witnessed(deps: WitnessDeps, stop: asyncio.Event) -> None:
    """Bring each new anchor to each witness until ``stop``; without witnesses nothing is done."""
    settings = deps.worker.settings.witness
    brought: dict[PeerId, UUID] = {}
    while not stop.is_set():
        for peer_id in settings.peers:
            await _bring(deps, peer_id, brought)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), settings.seconds_between)


async def _bring(deps: WitnessDeps, peer_id: PeerId, brought: dict[PeerId, UUID]) -> None:
    try:
        anchor = await last_anchor(deps.log_pool)
        if anchor is None or brought.get(peer_id) == anchor.anchor_id:
            return
        own = deps.worker.own
        # After a renewal the intermediates of the anchor's own certificate are those of ours then.
        chain = own.signer.chain if anchor.certificate == own.signer.certificate.der else ()
        address = await where_is(deps.worker, peer_id)
        async with Asker(settings=deps.worker.settings, expected=peer_id) as asker:
            await announces(asker, address)
            sent = Sent(anchor=anchor, chain=chain)
            await bring(asker, address, own.manager_address, sent)
        brought[peer_id] = anchor.anchor_id
    except NotAsked as error:
        log.info("anchor not with a witness yet", witness=peer_id.value, why=str(error))
    except Exception as error:  # the next round may find a restarted database, a whole certificate
        log.exception("anchor not brought", witness=peer_id.value, exc_info=error)


async def where_is(deps: WorkerDeps, peer_id: PeerId) -> str:
    """The address of a witness's Manager. Raises NotAsked."""
    try:
        found = await address_of(deps, peer_id) or await ask_directory(deps, peer_id)
    except PeerUnreachable as error:
        raise NotAsked(str(error)) from None
    if found is None:
        raise NotAsked("nobody knows where its Manager is")
    return found.address
