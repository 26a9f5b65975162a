# SPDX-License-Identifier: EUPL-1.2
"""What happens later: deliveries, announcements, and tokens fetched ahead.

Three loops that never give up: each is started again after an error of the database or of our
own, with a growing pause. `run_worker` is the whole of it.

* *Deliveries*: jobs of the queue bring our signatures to the other participants, with back-off and
  jitter until success, a permanent refusal, or the end of the contract.
* *Tokens*: as soon as a connection of ours is valid its token is fetched, and again at two thirds
  of its life, so that the Outway finds one without waiting.
* *Announcement*: the directory is told where our Manager is, at the start and once a day.

Source: FSC Core, "Manager" (retry), "Access token"; house rules for the figures.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import asyncpg
import structlog
from pgqueuer.db import AsyncpgPoolDriver
from pgqueuer.errors import RetryRequested
from pgqueuer.models import Job
from pgqueuer.qm import QueueManager
from pgqueuer.types import Channel

from landschap.fsc import store
from landschap.fsc.client import Destination, ManagerClient, PeerRefused, PeerUnreachable
from landschap.fsc.connections import ConnectionGrant, HeldToken
from landschap.fsc.own import OwnPeer
from landschap.fsc.states import Kind, State
from landschap.fsc.store import errands, token_rows
from landschap.fsc.store.errands import Attempt, Errand
from landschap.fsc.tokens import bound_certificate
from landschap.platform.loops import LOOK_AGAIN_SECONDS, backoff_seconds, forever, pause
from landschap.platform.settings import Settings
from landschap.vocabulary.identifiers import PeerId

_T = TypeVar("_T")
log = structlog.get_logger(__name__)

DELIVERY_CAP_SECONDS = 3_600.0
TOKEN_CAP_SECONDS = 60.0
_ANNOUNCE_AGAIN = timedelta(days=1)
# The queue tells of every job that is new or put back, and when the next one is due it is known;
# only a notice that got lost, or a job of a worker that died, waits for this.
_LOOK_AT_QUEUE = timedelta(seconds=10)
_STAND_BY_SECONDS = 2.0
_PARALLEL_TOKENS = 8
_BATCH = 10
# Any number will do: one worker per database keeps the tokens, the others stand by.
_TOKEN_LOCK = 6_215_902_201


@dataclass(slots=True, kw_only=True)
class WorkerDeps:
    """What the worker needs; ``pool`` is of role ``landschap_fsc`` and has four connections.

    ``own`` changes when our certificate is replaced.
    """

    settings: Settings
    pool: asyncpg.Pool
    own: OwnPeer
    client: ManagerClient
    grants: store.KnownGrants = field(default_factory=store.KnownGrants)


async def run_worker(deps: WorkerDeps, stop: asyncio.Event) -> None:
    """Deliver, keep tokens fresh and announce, until ``stop`` is set."""
    async with asyncio.TaskGroup() as group:
        group.create_task(forever(lambda: deliver_errands(deps, stop), stop, "deliveries"))
        group.create_task(forever(lambda: keep_tokens(deps, stop), stop, "tokens"))
        group.create_task(forever(lambda: keep_announced(deps, stop), stop, "announcement"))


async def deliver_errands(deps: WorkerDeps, stop: asyncio.Event) -> None:
    """Carry out the jobs of the queue until ``stop``."""
    driver = AsyncpgPoolDriver(deps.pool)
    # The queue probes its listener before it listens, and would call itself deaf. Listening first
    # makes the probe true.
    await driver.add_listener(errands.CHANNEL, lambda _: None)
    queue = QueueManager(errands.queries(driver), channel=Channel(errands.CHANNEL))

    @queue.entrypoint(errands.ENTRYPOINT)
    async def carry(job: Job) -> None:
        if job.payload is None:
            return
        errand = Errand.of(job.payload)
        try:
            await deliver(deps, errand, job.attempts)
        except RetryRequested:
            raise
        except Exception as error:
            # A job that ends in an error is gone for the queue; the peer would never hear of us.
            log.exception("delivery failed on our side", target=errand.target.value)
            delay = timedelta(seconds=backoff_seconds(job.attempts, DELIVERY_CAP_SECONDS))
            raise RetryRequested(delay=delay, reason=type(error).__name__) from error

    async def end_with(event: asyncio.Event) -> None:
        await event.wait()
        queue.shutdown.set()

    ending = asyncio.create_task(end_with(stop))
    try:
        await errands.forget_old_jobs(deps.pool)
        lost = await errands.requeue_lost(deps.pool)
        if lost:
            log.warning("deliveries without a job found", number=lost)
        await queue.run(
            dequeue_timeout=_LOOK_AT_QUEUE,
            batch_size=_BATCH,
            max_concurrent_tasks=2 * _BATCH,
            shutdown_on_listener_failure=True,
        )
    finally:
        ending.cancel()


async def deliver(deps: WorkerDeps, errand: Errand, attempts: int) -> None:
    """Carry out one errand and remember how it went. Raises RetryRequested when it must wait."""
    now = datetime.now(UTC)
    stored = await store.contract(deps.pool, errand.content_hash.value)
    kind = Kind.ACCEPT if errand.task == errands.SUBMIT else Kind(errand.task)
    placed = None if stored is None else stored.signature_of(deps.own.peer_id, kind)
    if stored is None or placed is None or stored.state(now) is State.EXPIRED:
        await errands.note_attempt(deps.pool, errand, Attempt(state="ended"), now)
        return
    try:
        await _bring(deps, errand, stored, placed.jws)
    except PeerRefused as error:
        if not error.permanent:
            raise await _later(deps, errand, attempts, str(error)) from None
        log.warning("delivery refused", target=errand.target.value, error=str(error))
        refused = Attempt(state="refused", error=str(error))
        await errands.note_attempt(deps.pool, errand, refused, now)
    except PeerUnreachable as error:
        raise await _later(deps, errand, attempts, str(error)) from None
    else:
        await errands.note_attempt(deps.pool, errand, Attempt(state="delivered"), now)


async def _bring(deps: WorkerDeps, errand: Errand, stored: store.StoredContract, jws: str) -> None:
    async def deliver_at(to: Destination) -> None:
        await deps.client.deliver(to, stored.contract, errand.task, jws)

    await at_manager_of(deps, errand.target, deliver_at)


async def at_manager_of(
    deps: WorkerDeps, peer_id: PeerId, ask: Callable[[Destination], Awaitable[_T]]
) -> _T:
    """Ask a peer at the address we know; if nobody answers there, where the directory knows it.

    A peer that moved told the directory so, and perhaps nobody else. Raises PeerUnreachable with
    what went wrong at the peer itself, and PeerRefused.
    """
    known = await address_of(deps, peer_id)
    trouble: PeerUnreachable | None = None
    if known is not None:
        try:
            return await ask(known)
        except PeerUnreachable as error:
            trouble = error
    try:
        fresh = await ask_directory(deps, peer_id)
    except PeerUnreachable as error:
        raise PeerUnreachable("; ".join(map(str, filter(None, (trouble, error))))) from None
    if fresh is None or fresh == known:
        raise trouble or PeerUnreachable(f"nobody knows where the Manager of peer {peer_id} is")
    return await ask(fresh)


async def _later(deps: WorkerDeps, errand: Errand, attempts: int, error: str) -> RetryRequested:
    delay = timedelta(seconds=backoff_seconds(attempts, DELIVERY_CAP_SECONDS))
    now = datetime.now(UTC)
    attempt = Attempt(state="waiting", error=error, next_attempt_at=now + delay)
    await errands.note_attempt(deps.pool, errand, attempt, now)
    return RetryRequested(delay=delay, reason=error)


async def address_of(deps: WorkerDeps, peer_id: PeerId) -> Destination | None:
    """Where a peer's Manager is, as far as we know."""
    if peer_id == deps.own.peer_id:
        return Destination(peer_id=peer_id, address=deps.own.manager_address)
    directory = deps.settings.directory
    if directory is not None and peer_id == directory.peer_id:
        return Destination(peer_id=peer_id, address=directory.manager_address)
    known = await store.peer(deps.pool, peer_id)
    if known is None or known.manager_address is None:
        return None
    return Destination(peer_id=peer_id, address=known.manager_address)


async def ask_directory(deps: WorkerDeps, peer_id: PeerId) -> Destination | None:
    """What the directory knows of a peer; kept for next time. Raises PeerUnreachable."""
    directory = deps.settings.directory
    if directory is None or directory.peer_id in (peer_id, deps.own.peer_id):
        return None
    asked = Destination(peer_id=directory.peer_id, address=directory.manager_address)
    try:
        found = await deps.client.peer(asked, peer_id)
    except PeerRefused as error:
        raise PeerUnreachable(f"the directory: {error}") from None
    if found is None:
        return None
    await _remember(deps, peer_id, found.name, found.manager_address)
    return Destination(peer_id=peer_id, address=found.manager_address)


async def keep_announced(deps: WorkerDeps, stop: asyncio.Event) -> None:
    """Announce ourselves to the directory, now and once a day, until ``stop``."""
    directory = deps.settings.directory
    if directory is None or directory.peer_id == deps.own.peer_id:
        await stop.wait()
        return
    to = Destination(peer_id=directory.peer_id, address=directory.manager_address)
    failures = 0
    while not stop.is_set():
        try:
            await deps.client.announce(to)
            await _remember(deps, directory.peer_id, await deps.client.name(to), to.address)
            failures, seconds = 0, _ANNOUNCE_AGAIN.total_seconds()
        except (PeerUnreachable, PeerRefused) as error:
            seconds = backoff_seconds(failures, TOKEN_CAP_SECONDS)
            failures += 1
            log.info("not announced yet", directory=to.address, error=str(error))
        await pause(stop, seconds)


async def _remember(deps: WorkerDeps, peer_id: PeerId, name: str, address: str) -> None:
    known = store.Peer(
        peer_id=peer_id,
        name=name,
        manager_address=address,
        announced_at=None,
        seen_at=datetime.now(UTC),
    )
    await store.save_peer(deps.pool, known)


async def keep_tokens(deps: WorkerDeps, stop: asyncio.Event) -> None:
    """Hold a fresh token for every valid connection of our Outway, until ``stop``.

    Looks again when the epoch rises, when a token is due, and at least every half minute.
    """
    async with deps.pool.acquire() as connection:
        while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _TOKEN_LOCK):
            if await pause(stop, _STAND_BY_SECONDS):
                return
        async with _hearing(connection) as word:
            while not stop.is_set():
                word.changed.clear()
                if word.lost:
                    raise ConnectionError("the connection that hears of changes is gone")
                await refresh_tokens(deps)
                await _first_of(stop, word.changed, await _seconds_to_next(deps))


@dataclass(slots=True, kw_only=True)
class _Word:
    """What was heard: something changed, or nothing will be heard any more."""

    changed: asyncio.Event
    lost: bool = False


@asynccontextmanager
async def _hearing(connection: asyncpg.pool.PoolConnectionProxy) -> AsyncIterator[_Word]:
    """Hear of every risen epoch on this connection; its advisory lock ends with the block."""
    word = _Word(changed=asyncio.Event())

    def on_epoch(*_: object) -> None:
        word.changed.set()

    def on_loss(_: object) -> None:
        word.lost = True
        word.changed.set()

    connection.add_termination_listener(on_loss)
    await connection.add_listener("landschap_epoch", on_epoch)
    try:
        yield word
    finally:
        with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            connection.remove_termination_listener(on_loss)
            await connection.remove_listener("landschap_epoch", on_epoch)
            await connection.execute("SELECT pg_advisory_unlock($1)", _TOKEN_LOCK)


async def refresh_tokens(deps: WorkerDeps) -> None:
    """Fetch every token that is due or bound to another certificate than ours, a few at a time."""
    now = datetime.now(UTC)
    own = deps.own.certificate.thumbprint
    others = [
        each.grant_hash.value
        for each in await store.tokens(deps.pool)
        if bound_certificate(each.token) != own
    ]
    if others:
        await token_rows.make_due(deps.pool, others, now)
    ours = [each for each in await deps.grants.read(deps.pool, now) if _is_ours(deps, each)]
    by_hash = {each.grant_hash: each for each in ours}
    await token_rows.want_tokens(deps.pool, [each.value for each in by_hash], now)
    gate = asyncio.Semaphore(_PARALLEL_TOKENS)

    async def refresh(due: token_rows.TokenDue) -> None:
        async with gate:
            await fetch_token(deps, by_hash[due.grant_hash], due)

    due_now = await token_rows.due_tokens(deps.pool, now)
    await asyncio.gather(*(refresh(each) for each in due_now if each.grant_hash in by_hash))


async def fetch_token(
    deps: WorkerDeps, grant: ConnectionGrant, due: token_rows.TokenDue
) -> HeldToken | None:
    """Fetch one token and keep it; None when that failed, and then it is tried again later."""
    try:
        fetched = await at_manager_of(
            deps, grant.service_peer_id, lambda to: deps.client.token(to, grant.grant_hash)
        )
    except (PeerUnreachable, PeerRefused) as error:
        wait = timedelta(seconds=backoff_seconds(due.failures, TOKEN_CAP_SECONDS))
        await token_rows.note_failure(deps.pool, due, str(error), datetime.now(UTC) + wait)
        log.info("no token", grant_hash=grant.grant_hash.value, error=str(error))
        return None
    held = HeldToken(
        grant_hash=grant.grant_hash,
        token=fetched.token,
        inway_address=fetched.inway_address,
        expires_at=fetched.expires_at,
    )
    now = datetime.now(UTC)
    async with deps.pool.acquire() as connection, connection.transaction():
        await token_rows.save_token(connection, held, now, now + (held.expires_at - now) * 2 / 3)
    return held


def _is_ours(deps: WorkerDeps, grant: ConnectionGrant) -> bool:
    """True for a valid connection whose outway carries our certificate."""
    own = deps.own
    if grant.outway_peer_id != own.peer_id or not grant.valid:
        return False
    if grant.outway_thumbprint is not None:
        return grant.outway_thumbprint == own.certificate.key_thumbprint
    return grant.outway_domain in own.certificate.dns_names


async def _seconds_to_next(deps: WorkerDeps) -> float:
    moment = await token_rows.next_attempt(deps.pool)
    if moment is None:
        return LOOK_AGAIN_SECONDS
    seconds = (moment - datetime.now(UTC)).total_seconds()
    return min(LOOK_AGAIN_SECONDS, max(0.05, seconds))


async def _first_of(stop: asyncio.Event, changed: asyncio.Event, seconds: float) -> None:
    waiting = {asyncio.create_task(stop.wait()), asyncio.create_task(changed.wait())}
    try:
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waiting:
            each.cancel()
