# SPDX-License-Identifier: EUPL-1.2
"""Finding the peer that is to be tried, and what we have with it."""

from __future__ import annotations

from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from urllib.parse import urlsplit

import asyncpg
import click

from landschap.cli.conform.trial import Trial
from landschap.fsc import store
from landschap.fsc.addresses import read_address
from landschap.fsc.certificates import read_der
from landschap.fsc.client import ManagerClient, PeerUnreachable, own_peer
from landschap.fsc.client.asking import Asker
from landschap.fsc.client.seeing import seen, unverifying
from landschap.fsc.connections import ConnectionGrant
from landschap.fsc.own import OwnPeer
from landschap.fsc.worker import WorkerDeps, address_of, ask_directory
from landschap.platform import postgres
from landschap.platform.credentials import read_credentials
from landschap.platform.settings import Settings
from landschap.vocabulary.identifiers import InvalidValue, PeerId


class _Unreachable(click.ClickException):
    exit_code = 5


class _NotFound(click.ClickException):
    exit_code = 3


async def open_trial(
    settings: Settings, stack: AsyncExitStack, peer: str, *, grant: str | None, inway: str
) -> Trial:
    """Everything the checks need; closed with the stack. Raises ClickException."""
    await stack.enter_async_context(postgres.database(settings))
    pools = []
    for room in ("fsc", "logboek"):
        pools.append(await postgres.pool(settings, room, size=1))
        stack.push_async_callback(pools[-1].close)
    fsc, log_pool = pools
    own = own_peer(settings)
    expected, address = await _where(settings, fsc, own, peer)
    credentials = read_credentials(settings, datetime.now(UTC))
    asker = await stack.enter_async_context(Asker(settings=settings, expected=expected))
    host, port = urlsplit(address).hostname or "", urlsplit(address).port or 443
    try:
        places = await asker.hosts.resolve(host, port)
    except OSError as error:
        raise _unreachable(peer, address, str(error)) from None
    looked = await seen(places[0]["host"], port, host, unverifying(credentials))
    if looked.why:
        raise _unreachable(peer, address, looked.why)
    try:
        certificate = read_der(looked.der)
    except InvalidValue as error:
        raise _unreachable(peer, address, str(error)) from None
    now = datetime.now(UTC)
    found = [
        each
        for each in await store.contracts(fsc)
        if certificate.peer_id in each.contract.participants
    ]
    return Trial(
        settings=settings,
        own=own,
        credentials=credentials,
        asker=asker,
        log_pool=log_pool,
        peer_id=expected or certificate.peer_id,
        address=address,
        certificate=certificate,
        seen=looked,
        contracts=found,
        grant=None if grant is None else await _grant(fsc, grant, certificate.peer_id, now),
        inway=_address(inway) if inway else "",
    )


async def _where(
    settings: Settings, pool: asyncpg.Pool, own: OwnPeer, peer: str
) -> tuple[PeerId | None, str]:
    if "://" in peer:
        return None, _address(peer)
    try:
        peer_id = PeerId.parse(peer)
    except InvalidValue as error:
        raise click.BadParameter(str(error)) from None
    async with ManagerClient(settings, own) as client:
        deps = WorkerDeps(settings=settings, pool=pool, own=own, client=client)
        with suppress(PeerUnreachable):
            found = await address_of(deps, peer_id) or await ask_directory(deps, peer_id)
            if found is not None:
                return peer_id, found.address
    raise _NotFound(
        f"the Manager of peer {peer_id} is not known; give its address (https://host:port)"
    )


async def _grant(pool: asyncpg.Pool, text: str, provider: PeerId, now: datetime) -> ConnectionGrant:
    """The connection that was named. Raises ClickException when it can not be used."""
    found = [
        each
        for each in await store.connection_grants(pool, now)
        if each.grant_hash.value.startswith(text.strip())
    ]
    if len(found) != 1:
        raise _NotFound(
            f"{len(found)} connections have the grant hash {text}; `landschap contract show` "
            "prints it. A hash holds $ signs: put it between single quotes."
        )
    grant = found[0]
    if grant.service_peer_id != provider:
        raise click.BadParameter(f"that connection is with peer {grant.service_peer_id}")
    if not grant.valid:
        raise click.BadParameter(f"that connection is {grant.state}, not in force")
    return grant


def _address(text: str) -> str:
    try:
        return read_address(text)
    except InvalidValue as error:
        raise click.BadParameter(f"{text}: {error}") from None


def _unreachable(peer: str, address: str, why: str) -> _Unreachable:
    return _Unreachable(
        f"{address} can not be tried: {why}\n  `landschap doctor {peer}` says what to do"
    )
