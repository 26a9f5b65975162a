# SPDX-License-Identifier: EUPL-1.2
"""What nginx must carry now, from the settings, the services and the tokens that are held."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Literal, TypeVar
from urllib.parse import urlsplit

from landschap.fsc import store as fsc_store
from landschap.fsc.addresses import check_reachable
from landschap.fsc.thumbprints import thumbprint_of
from landschap.gateway.plan import (
    HTTP2_UPSTREAM,
    CarrierPlan,
    DecisionsDoor,
    InwayDoor,
    Listen,
    LogDoor,
    ManagerDoor,
    OpenDoor,
    OutwayDoor,
    OwnDoor,
    PeerUpstream,
    ServiceUpstream,
    Tls,
    WebDoor,
)
from landschap.gateway.services import LANDSCHAP, Service
from landschap.gateway.store.declared import services
from landschap.gateway.store.worlds import Pools
from landschap.platform.credentials import Credentials, files_of, read_credentials
from landschap.platform.settings import Settings
from landschap.platform.sockets import app_socket, decide_socket, open_files_folder
from landschap.vocabulary.identifiers import InvalidValue

_HTTPS_PORT = 443
# What an application of ours may say about form; none of these names a person or an application.
OUTGOING_HEADERS = (
    "Accept-Crs",
    "Accept-Language",
    "Content-Crs",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "WebHook-Request-Origin",
)


OwnDoorT = TypeVar("OwnDoorT", bound=OwnDoor)


async def carrier_plan(
    settings: Settings,
    pools: Pools,
    *,
    nginx_version: tuple[int, int, int],
    worker_user: str | None = None,
    credentials: Credentials | None = None,
) -> CarrierPlan:
    """What nginx must carry now. Raises InvalidValue for settings that can not be carried.

    A host name that does not resolve is left out, so that one peer can not stop every reload, and
    so is a service of which this nginx lacks the protocol; whoever is sent there gets 502.
    ``credentials`` are those in force; without them those in the files as they are now.
    """
    listen, run = settings.listen, settings.paths.run
    return CarrierPlan(
        run=run,
        logs=settings.paths.data / "logs",
        decide_socket=decide_socket(settings),
        tls=_tls(settings, credentials),
        nginx_version=nginx_version,
        workers=settings.nginx.workers or (await asyncio.to_thread(_half_of_the_cores)),
        worker_user=worker_user,
        manager=(
            ManagerDoor(listen=_listen(listen.manager), socket=app_socket(settings, "manager"))
            if listen.manager
            else None
        ),
        inway=await _inway_door(settings, pools, nginx_version) if listen.inway else None,
        outway=await _outway_door(settings, pools) if listen.outway else None,
        web=_web_door(settings) if listen.web else None,
        open=open_door(settings) if listen.open else None,
        decisions=_own_door(settings, "decisions", DecisionsDoor) if listen.decisions else None,
        logboek=_own_door(settings, "logboek", LogDoor) if listen.logboek else None,
    )


async def _inway_door(
    settings: Settings, pools: Pools, nginx_version: tuple[int, int, int]
) -> InwayDoor:
    every = await services(pools.gateway)
    offered = [each for each in every if each.offered_at(settings.addresses.inway)]
    limits = settings.limits
    places = [(each, await _place(settings, each)) for each in offered]
    unlimited = any(each.body_bytes == 0 for each in offered)
    return InwayDoor(
        listen=_listen(settings.listen.inway),
        services=tuple(
            ServiceUpstream(
                service=each.name,
                server=place,
                headers=each.headers,
                http2=each.protocol == "http/2",
                websocket=each.websocket,
                notices=tuple(each.lifecycle.headers().items()) if each.lifecycle else (),
            )
            for each, place in places
            if place and (each.protocol != "http/2" or nginx_version >= HTTP2_UPSTREAM)
        ),
        peer_requests_per_second=limits.peer_requests_per_second,
        peer_burst=limits.peer_burst,
        max_body_bytes=0 if unlimited else max((each.body_bytes for each in offered), default=1),
        answer_seconds=limits.answer_seconds,
    )


async def _outway_door(settings: Settings, pools: Pools) -> OutwayDoor:
    listen = _listen(settings.listen.outway)
    client_ca = settings.identity.internal_ca
    loopback = listen.host.startswith(("127.", "[::1]"))
    held = await fsc_store.tokens(pools.fsc)
    return OutwayDoor(
        listen=listen,
        peers=await _peers(settings, {token.inway_address for token in held}),
        tls=client_ca is not None or not loopback,
        client_ca=client_ca,
        headers=OUTGOING_HEADERS,
        answer_seconds=settings.limits.answer_seconds,
    )


def _own_door(
    settings: Settings, name: Literal["decisions", "logboek"], kind: type[OwnDoorT]
) -> OwnDoorT:
    listen = _listen(getattr(settings.listen, name))
    test = settings.organisation.environment == "test"
    if getattr(settings.addresses, name).startswith("http:") and not test:
        raise InvalidValue(f"addresses.{name} is http; outside a test it needs https")
    client_ca = settings.identity.internal_ca
    loopback = listen.host.startswith(("127.", "[::1]"))
    return kind(
        listen=listen,
        socket=app_socket(settings, name),
        tls=client_ca is not None or not loopback,
        client_ca=client_ca,
    )


def _web_door(settings: Settings) -> WebDoor:
    parts = urlsplit(settings.addresses.web)
    test = settings.organisation.environment == "test"
    if parts.scheme == "http" and not test:
        raise InvalidValue("addresses.web is http; outside a test pages need https")
    return WebDoor(
        listen=_listen(settings.listen.web),
        server_name=parts.hostname or "",
        socket=app_socket(settings, "people"),
        tls=parts.scheme == "https",
    )


def open_door(settings: Settings) -> OpenDoor:
    """The door of open data by these settings. Raises InvalidValue where it has to have TLS."""
    parts, limits = urlsplit(settings.addresses.open), settings.open
    test = settings.organisation.environment == "test"
    if parts.scheme == "http" and not test:
        raise InvalidValue("addresses.open is http; outside a test open data needs https")
    return OpenDoor(
        listen=_listen(settings.listen.open),
        server_name=parts.hostname or "",
        socket=app_socket(settings, "open"),
        files=open_files_folder(settings),
        tls=parts.scheme == "https",
        requests_per_second=limits.requests_per_second,
        key_requests_per_second=limits.key_requests_per_second,
        new_keys_per_minute=limits.new_keys_per_minute,
        burst=limits.burst,
        answer_seconds=settings.limits.answer_seconds,
    )


async def _peers(settings: Settings, addresses: Iterable[str]) -> tuple[PeerUpstream, ...]:
    found: dict[str, PeerUpstream] = {}
    for each in sorted(addresses):
        parts = urlsplit(each)
        host, port = parts.hostname or "", parts.port or _HTTPS_PORT
        address = await _resolved(settings, host, port, own=False)
        with contextlib.suppress(InvalidValue):
            if address:
                peer = PeerUpstream(host=host, port=port, address=address)
                found[peer.name] = peer
    return tuple(found.values())


async def _place(settings: Settings, service: Service) -> str:
    """Where a service listens, as nginx wants it; empty when its host name does not resolve."""
    if service.hold is not None:
        # Its answers are cut and recorded first.
        return f"unix:{app_socket(settings, 'hold')}"
    if service.upstream == LANDSCHAP:
        return f"unix:{app_socket(settings, 'services')}"
    if service.upstream.startswith("unix:"):
        return f"unix:{settings.path.parent / service.upstream.removeprefix('unix:')}"
    parts = urlsplit(service.upstream)
    port = parts.port or 0
    address = await _resolved(settings, parts.hostname or "", port, own=True)
    return f"{address}:{port}" if address else ""


async def _resolved(settings: Settings, host: str, port: int, *, own: bool) -> str:
    """The address of a host: by the settings, else by DNS; of a peer never a private surprise."""
    hosts: Mapping[str, str] = settings.network.hosts or {}
    loop = asyncio.get_running_loop()
    try:
        entries = await loop.getaddrinfo(hosts.get(host, host), port)
        addresses = [str(entry[4][0]) for entry in entries]
        if not own and not settings.network.allow_private:
            check_reachable(host, addresses, hosts)
    except (OSError, UnicodeError, InvalidValue):
        return ""
    address = addresses[0]
    return f"[{address}]" if ":" in address else address


def _tls(settings: Settings, credentials: Credentials | None) -> Tls:
    """Files of their own for each version: replacing ours then changes nothing until it counts."""
    now = datetime.now(UTC)
    read = credentials or read_credentials(settings, now)
    files = files_of(read, settings.paths.run, now)
    return Tls(
        certificate=files.certificate,
        key=files.key,
        trust_anchors=files.anchors,
        crl=files.lists,
        thumbprint=thumbprint_of(read.chain[0]),
    )


def _half_of_the_cores() -> int:
    """The decider and PostgreSQL do the other half of a question.

    One worker that is kept busy answers a third more questions on two cores than two that are
    woken in turn for a few each (`docs/adr/0010-what-a-question-costs.md`).
    """
    return max(1, len(os.sched_getaffinity(0)) // 2)


def _listen(address: str | None) -> Listen:
    host, _, port = (address or "").rpartition(":")
    return Listen(host=host, port=int(port))
