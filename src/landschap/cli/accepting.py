# SPDX-License-Identifier: EUPL-1.2
"""What accepts rest on: certificates that end before the contract, or that were revoked.

Signing again agrees to nothing new: the same contract, accepted by the same organisation.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import asyncpg
import structlog

from landschap.fsc import store
from landschap.fsc.autosign import Way
from landschap.fsc.renewal import may_accept_again, short_accepts
from landschap.fsc.states import Kind
from landschap.vocabulary.problems import ProblemError

if TYPE_CHECKING:
    from landschap.fsc.own import OwnPeer
    from landschap.fsc.worker import WorkerDeps

log = structlog.get_logger(__name__)

_LOOK_AGAIN_SECONDS = 3_600.0
_TRY_AGAIN_SECONDS = 30.0
_AGAIN = store.Decision(
    way=Way.AUTO, outcome=Kind.ACCEPT.value, decided_by="fsc.accept_again",
    reason="the certificate was renewed",
)  # fmt: skip


async def accept_again(pool: asyncpg.Pool, own: OwnPeer, now: datetime) -> list[str]:
    """Sign again what needs it, and bring it to the other participants; gives content hashes."""
    signed = []
    for stored in await store.contracts(pool):
        short = short_accepts(stored.contract, stored.signatures, now)
        if not any(may_accept_again(each, own) for each in short):
            continue
        try:
            async with pool.acquire() as connection, connection.transaction():
                await store.sign(connection, own, stored, Kind.ACCEPT, now, _AGAIN)
        except ProblemError as error:
            # Revoked or signed by somebody else since we looked: nothing is left to do.
            log.info("not accepted again", contract=stored.contract.hash.value, why=str(error))
            continue
        signed.append(stored.contract.hash.value)
        log.info("accepted again", contract=stored.contract.hash.value)
    return signed


async def note_lists(pool: asyncpg.Pool, own: OwnPeer) -> None:
    """Hold what contracts rest on against the revocation lists as they are now."""
    if own.revocation is None:
        return
    async with pool.acquire() as connection, connection.transaction():
        changed = await store.note_revoked(connection, own.revocation, datetime.now(UTC))
    for thumbprint in changed:
        log.warning("certificate under contracts revoked or restored", certificate=thumbprint)


async def keep_accepted(deps: WorkerDeps, renewed: asyncio.Event, stop: asyncio.Event) -> None:
    """Hold accepts against the lists, and sign again where the setting says so: at the start, when
    certificate or lists were ``renewed``, and every hour.
    """
    automatic = deps.settings.fsc.accept_again == "automatic"
    while not stop.is_set():
        renewed.clear()
        pause = _LOOK_AGAIN_SECONDS
        try:
            await note_lists(deps.pool, deps.own)
            if automatic:
                await accept_again(deps.pool, deps.own, datetime.now(UTC))
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("accepts not looked at", error=type(error).__name__)
            pause = _TRY_AGAIN_SECONDS
        waiting = {asyncio.ensure_future(each.wait()) for each in (renewed, stop)}
        await asyncio.wait(waiting, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
        for each in waiting:
            each.cancel()
