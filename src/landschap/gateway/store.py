# SPDX-License-Identifier: EUPL-1.2
"""Our memory of services and applications (schema ``gateway``), and what is built from all rooms.

A change of either raises ``platform.epoch`` and tells the carrier, in its own transaction. Other
rooms are asked through their own functions, with a pool of their own role.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import msgspec

from landschap.fsc import store as fsc_store
from landschap.fsc.addresses import check_reachable
from landschap.fsc.own import OwnPeer
from landschap.gateway.plan import (
    CarrierPlan,
    InwayDoor,
    Listen,
    ManagerDoor,
    OutwayDoor,
    PeerUpstream,
    ServiceUpstream,
    Tls,
    WebDoor,
)
from landschap.gateway.services import LANDSCHAP, Service
from landschap.gateway.users import Employees
from landschap.gateway.world import Application, Found, World, build_world
from landschap.platform.settings import Settings
from landschap.platform.sockets import app_socket, decide_socket
from landschap.purposes import store as purposes_store
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.problems import ProblemError, Refusal

CARRIER_CHANNEL = "landschap_carrier"
_KEY_BYTES = 32
_HTTPS_PORT = 443
# What an application of ours may say about form; none of these names a person or an application.
OUTGOING_HEADERS = (
    "Accept-Crs",
    "Accept-Language",
    "Content-Crs",
    "If-Match",
    "If-None-Match",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pools:
    """One pool per room that is asked, each of that room's own role."""

    gateway: asyncpg.Pool
    fsc: asyncpg.Pool
    purposes: asyncpg.Pool


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What applying services changed, by name."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedApplication:
    """An application as an operator sees it; ``proof`` is ``key`` or ``certificate``."""

    name: str
    proof: str
    added_at: datetime
    revoked_at: datetime | None


async def apply_services(
    pool: asyncpg.Pool, wanted: Sequence[Service], now: datetime, *, prune: bool = False
) -> Difference:
    """Put these services in force; with ``prune`` no others stay. One transaction.

    Raises ProblemError ``service_name_taken`` when two names differ by case alone.
    """
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("LOCK TABLE service IN SHARE ROW EXCLUSIVE MODE")
        before = {row["name"]: row["body"] for row in await _rows(connection)}
        bodies = {each.name: _body(each) for each in wanted}
        _refuse_twins({*bodies, *(() if prune else before)})
        removed = tuple(sorted(before.keys() - bodies.keys())) if prune else ()
        changes = {name: body for name, body in bodies.items() if before.get(name) != body}
        await connection.execute("DELETE FROM service WHERE name = ANY($1)", list(removed))
        await connection.executemany(
            """
            INSERT INTO service (name, body, applied_at) VALUES ($1, $2, $3)
            ON CONFLICT (name) DO UPDATE SET body = excluded.body, applied_at = excluded.applied_at
            """,
            [(name, body, now) for name, body in changes.items()],
        )
        if changes or removed:
            await _tell(connection)
    return Difference(
        added=tuple(sorted(changes.keys() - before.keys())),
        changed=tuple(sorted(changes.keys() & before.keys())),
        removed=removed,
        unchanged=tuple(sorted(bodies.keys() - changes.keys())),
    )


async def services(pool: asyncpg.Pool) -> list[Service]:
    """The services in force, by name."""
    return [msgspec.json.decode(row["body"], type=Service) for row in await _rows(pool)]


async def offered_services(pool: asyncpg.Pool) -> frozenset[str]:
    """The names of the services that an Inway of ours offers."""
    return frozenset(row["name"] for row in await _rows(pool))


async def add_application(
    pool: asyncpg.Pool, name: str, now: datetime, *, certificate_thumbprint: str | None = None
) -> str:
    """Register an application. Returns its new key, which is shown once and kept nowhere.

    With a certificate's thumbprint there is no key, and the result is empty. Raises ProblemError
    ``application_known`` when the name or certificate is taken, also by a revoked one.
    """
    key = "" if certificate_thumbprint else secrets.token_urlsafe(_KEY_BYTES)
    digest = hashlib.sha256(key.encode()).digest() if key else None
    async with pool.acquire() as connection, connection.transaction():
        try:
            await connection.execute(
                "INSERT INTO application (name, key_digest, certificate_thumbprint, added_at)"
                " VALUES ($1, $2, $3, $4)",
                name,
                digest,
                certificate_thumbprint,
                now,
            )
        except asyncpg.UniqueViolationError:
            raise ProblemError(_known(name)) from None
        await connection.execute("SELECT platform.bump_epoch()")
    return key


async def revoke_application(pool: asyncpg.Pool, name: str, now: datetime) -> bool:
    """End an application's use of the Outway, at once; False when there is none in use."""
    async with pool.acquire() as connection, connection.transaction():
        revoked = await connection.fetchval(
            "UPDATE application SET revoked_at = $2 WHERE name = $1 AND revoked_at IS NULL"
            " RETURNING name",
            name,
            now,
        )
        if revoked is not None:
            await connection.execute("SELECT platform.bump_epoch()")
    return revoked is not None


async def listed_applications(pool: asyncpg.Pool) -> list[ListedApplication]:
    """All applications, revoked ones too, by name."""
    rows = await pool.fetch(
        "SELECT name, key_digest IS NULL AS by_certificate, added_at, revoked_at"
        " FROM application ORDER BY name"
    )
    return [
        ListedApplication(
            name=row["name"],
            proof="certificate" if row["by_certificate"] else "key",
            added_at=row["added_at"],
            revoked_at=row["revoked_at"],
        )
        for row in rows
    ]


async def load_world(
    pools: Pools, own: OwnPeer, employees: Employees | None, now: datetime
) -> World:
    """Everything a decision rests on, at least as new as the epoch it names."""
    # First the epoch: what is read after it can only be newer, and is then read again.
    snapshot, epoch = await purposes_store.current_snapshot(pools.purposes, owner=own.peer_id.value)
    return build_world(
        Found(
            epoch=epoch,
            own=own,
            snapshot=snapshot,
            services=tuple(await services(pools.gateway)),
            grants=tuple(await fsc_store.connection_grants(pools.fsc, now)),
            tokens=tuple(await fsc_store.tokens(pools.fsc)),
            applications=tuple(await _applications(pools.gateway)),
            employees=employees,
        )
    )


async def carrier_plan(
    settings: Settings,
    pools: Pools,
    *,
    nginx_version: tuple[int, int, int],
    worker_user: str | None = None,
) -> CarrierPlan:
    """What nginx must carry now. Raises InvalidValue for settings that can not be carried.

    A host name that does not resolve is left out, so that one peer can not stop every reload;
    whoever is sent there gets 502.
    """
    listen, run = settings.listen, settings.paths.run
    return CarrierPlan(
        run=run,
        logs=settings.paths.data / "logs",
        decide_socket=decide_socket(settings),
        tls=_tls(settings),
        nginx_version=nginx_version,
        workers=settings.nginx.workers or (await asyncio.to_thread(_cores)),
        worker_user=worker_user,
        manager=(
            ManagerDoor(listen=_listen(listen.manager), socket=app_socket(settings, "manager"))
            if listen.manager
            else None
        ),
        inway=await _inway_door(settings, pools) if listen.inway else None,
        outway=await _outway_door(settings, pools) if listen.outway else None,
        web=_web_door(settings) if listen.web else None,
    )


async def _inway_door(settings: Settings, pools: Pools) -> InwayDoor:
    offered = await services(pools.gateway)
    limits = settings.limits
    places = [(each, await _place(settings, each)) for each in offered]
    unlimited = any(each.body_bytes == 0 for each in offered)
    return InwayDoor(
        listen=_listen(settings.listen.inway),
        services=tuple(
            ServiceUpstream(service=each.name, server=place, headers=each.headers)
            for each, place in places
            if place
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


def _tls(settings: Settings) -> Tls:
    identity = settings.identity
    return Tls(
        certificate=identity.certificate,
        key=identity.key,
        trust_anchors=_one_file(identity.trust_anchors, settings.paths.run),
        crl=identity.crl,
    )


def _one_file(anchors: Sequence[Path], run: Path) -> Path:
    """Nginx reads trust anchors from one file; several are put together in one named by content."""
    if len(anchors) == 1:
        return anchors[0]
    content = b"\n".join(path.read_bytes() for path in anchors)
    file = run / f"trust-anchors-{hashlib.sha256(content).hexdigest()[:12]}.pem"
    if not file.exists():
        fresh = file.with_suffix(".new")
        fresh.write_bytes(content)
        fresh.replace(file)
    return file


def _cores() -> int:
    import os

    return max(1, len(os.sched_getaffinity(0)))


def _listen(address: str | None) -> Listen:
    host, _, port = (address or "").rpartition(":")
    return Listen(host=host, port=int(port))


async def _applications(pool: asyncpg.Pool) -> list[Application]:
    rows = await pool.fetch(
        "SELECT name, key_digest, certificate_thumbprint FROM application WHERE revoked_at IS NULL"
    )
    return [Application(**row) for row in rows]


async def _rows(source: Any) -> Sequence[Mapping[str, str]]:
    rows: Sequence[Mapping[str, str]] = await source.fetch(
        "SELECT name, body FROM service ORDER BY name"
    )
    return rows


async def _tell(connection: Any) -> None:
    await connection.execute("SELECT platform.bump_epoch()")
    await connection.execute("SELECT pg_notify($1, 'service')", CARRIER_CHANNEL)


def _body(service: Service) -> str:
    return msgspec.json.encode(service, order="sorted").decode()


def _refuse_twins(names: Iterable[str]) -> None:
    seen: dict[str, str] = {}
    for name in sorted(names):
        twin = seen.setdefault(name.lower(), name)
        if twin != name:
            raise ProblemError(
                Refusal(
                    code="service_name_taken",
                    status=409,
                    title="The name is taken",
                    detail=f"{name} and {twin} differ by case alone.",
                    missing="another name",
                    owner="the operators of this organisation",
                )
            )


def _known(name: str) -> Refusal:
    return Refusal(
        code="application_known",
        status=409,
        title="The application is known",
        detail=f"The name {name} or its certificate was registered before.",
        missing="a new name, or a new certificate",
        owner="the operators of this organisation",
    )
