# SPDX-License-Identifier: EUPL-1.2
"""The decider's process: its connections, its world, and its end.

PostgreSQL tells of changes; that only warms. What makes a change count at once is that the log
refuses a record decided in an older world.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import asyncpg
import structlog

from landschap.fsc.client import Identity, ManagerClient
from landschap.gateway.api.desk import Desk, Sources
from landschap.gateway.api.engines import engines_of
from landschap.gateway.api.keeper import Keeper
from landschap.gateway.api.protocol import DoorProtocol
from landschap.gateway.api.voices import Voices
from landschap.gateway.client import Peers, UserKeys
from landschap.gateway.doors import (
    Holdings,
    Secrets,
)
from landschap.gateway.memory import Memory
from landschap.gateway.outway import Signing
from landschap.gateway.store import Pools, load_world
from landschap.gateway.users import Employees
from landschap.logboek.store import LogWriter
from landschap.platform import postgres
from landschap.platform.keys import secret_key
from landschap.platform.part_figures import part_registry, telling
from landschap.platform.settings import Settings
from landschap.platform.sockets import decide_socket, listening
from landschap.platform.trouble import Trouble
from landschap.purposes.declaration import key_algorithm

log = structlog.get_logger(__name__)

# nginx waits two seconds for a decision; the log must have said no by then.
LOG_WAIT_SECONDS = 1.5
_LOOK_AGAIN_SECONDS = 5.0
_TRY_AGAIN_SECONDS = 1.0
_FINISH_SECONDS = 3.0
_POOL_SIZE = 2


async def run_decider(settings: Settings, listen_fd: int | None, lane: str) -> None:
    """Answer nginx until SIGTERM or SIGINT; then finish what was asked.

    ``listen_fd`` is the listening socket that the supervisor shares among deciders; without one
    our own is made. Raises Trouble, LogUnavailable and InvalidValue when it can not start.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        desk, keeper = await open_desk(settings, lane, stack)
        follow = (watch(settings, keeper), keeper.identity.follow(), keeper.follow_permit_key())
        for work in follow:
            stack.callback(asyncio.create_task(work).cancel)
        server = await loop.create_unix_server(
            lambda: DoorProtocol(desk), sock=_socket(settings, listen_fd)
        )
        told = telling(settings, lane, part_registry(), desk.figures)
        await stack.enter_async_context(told)
        log.info("decider ready", lane=lane, epoch=desk.holdings.world.epoch)
        await stop.wait()
        server.close()
        await _finish(desk)


async def open_desk(settings: Settings, lane: str, stack: AsyncExitStack) -> tuple[Desk, Keeper]:
    """A desk with its connections, which close with ``stack``."""
    identity = Identity(settings)
    own = identity.own
    key_algorithm(own.signer.key)
    pools = Pools(
        gateway=await _pool(settings, "gateway", stack),
        fsc=await _pool(settings, "fsc", stack),
        purposes=await _pool(settings, "purposes", stack),
    )
    client = await ManagerClient(settings, own, identity.credentials).__aenter__()
    employees = _employees(settings)
    keeper = Keeper(
        settings=settings,
        pools=pools,
        identity=identity,
        own=own,
        client=client,
        peers=Peers(pools.fsc, own, client),
        user_keys=UserKeys(settings, employees.issuer) if employees else None,
        employees=employees,
        aliases=settings.outway.aliases or {},
        engines=engines_of(settings),
    )
    stack.push_async_callback(keeper.close)
    identity.take = keeper.take
    writer = LogWriter(
        settings,
        lane,
        wait_seconds=LOG_WAIT_SECONDS,
        records_waiting=settings.limits.log_queue,
        lanes=2,
    )
    await writer.start()
    stack.push_async_callback(writer.close)
    signing = Signing(
        key=own.signer.key,
        thumbprint=own.signer.certificate.thumbprint,
        case_key=secret_key(settings, "pseudonym"),
    )
    holdings = Holdings(
        world=await load_world(
            pools, own, employees, datetime.now(UTC), keeper.aliases, keeper.engines
        ),
        memory=Memory(),
        secrets=Secrets(permit=secret_key(settings, "permit"), signing=signing),
    )
    voices = await stack.enter_async_context(Voices(settings))
    keeper.desk = Desk(holdings, writer, Sources(keeper.newer, keeper.obtain, voices.hear))
    # What lives for the whole process need not be walked by every collection.
    gc.freeze()
    return keeper.desk, keeper


async def watch(settings: Settings, keeper: Keeper) -> None:
    """Reload when the epoch rises, read tokens now and then; never give up."""
    risen = asyncio.Event()
    while True:
        try:
            connection = await postgres.connect(settings, "gateway")
            try:
                await connection.add_listener("landschap_epoch", lambda *_: risen.set())
                risen.set()  # what rose before we listened
                while not connection.is_closed():
                    await _warm(keeper, risen)
            finally:
                connection.terminate()
        except (OSError, Trouble, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("no word of changes; decisions stay right, but slower", error=str(error))
        await asyncio.sleep(_TRY_AGAIN_SECONDS)


async def _warm(keeper: Keeper, risen: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(_LOOK_AGAIN_SECONDS):
            await risen.wait()
    except TimeoutError:
        await keeper.read_tokens()
        await keeper.forget_formers()
        return
    risen.clear()
    await keeper.reload()


async def _finish(desk: Desk) -> None:
    """Let questions that were asked be answered, then close the connections of nginx."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _FINISH_SECONDS
    for connection in [each for each in desk.connections if not each.busy]:
        connection.close()
    while desk.waiting and loop.time() < deadline:  # noqa: ASYNC110  # ends with a deadline
        await asyncio.sleep(0.02)
    for connection in list(desk.connections):
        connection.close()


async def _pool(settings: Settings, room: str, stack: AsyncExitStack) -> asyncpg.Pool:
    made = await postgres.pool(settings, room, size=_POOL_SIZE)
    stack.push_async_callback(made.close)
    return made


def _employees(settings: Settings) -> Employees | None:
    given = settings.oidc.employees
    if given is None:
        return None
    return Employees(
        issuer=given.issuer,
        audience=given.audience,
        roles_claim=given.roles_claim,
        level_claim=given.level_claim,
    )


def _socket(settings: Settings, listen_fd: int | None) -> socket.socket:
    if listen_fd is None:
        return listening(decide_socket(settings))
    return socket.socket(fileno=listen_fd)
