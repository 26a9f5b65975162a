# SPDX-License-Identifier: EUPL-1.2
"""Managers of several peers, really served over mutual TLS on loopback, each with its database.

In the product the carrier ends TLS and passes the client's certificate in a header; here a few
lines in front of the application do the same.
"""

from __future__ import annotations

import asyncio
import io
import json
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import asyncpg
import uvicorn
from cryptography.hazmat.primitives.serialization import Encoding
from tests.fsc import fsc_rig as rig
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from yarl import URL

from landschap.fsc import store
from landschap.fsc.api import ManagerDeps, manager_app
from landschap.fsc.autosign import grant_types
from landschap.fsc.client import ManagerClient
from landschap.fsc.own import OwnPeer
from landschap.fsc.states import Kind
from landschap.fsc.worker import WorkerDeps, run_worker
from landschap.platform.logboek_settings import WitnessSettings
from landschap.platform.settings import (
    AddressSettings,
    DirectorySettings,
    IdentitySettings,
    NetworkSettings,
    RoleSettings,
    Settings,
)
from landschap.vocabulary.identifiers import PeerId

_certificates: dict[tuple[str, int], bytes] = {}


class _SeesCertificate(HttpToolsProtocol):
    """Remembers the certificate of each connection by the client's address."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        der = transport.get_extra_info("ssl_object").getpeercert(True)
        pem = ssl.DER_cert_to_PEM_cert(der)
        _certificates[tuple(transport.get_extra_info("peername")[:2])] = quote(pem).encode()


def _with_certificate(app: Any) -> Any:
    """The application with ``X-Peer-Cert`` of the connection, whatever the client sent."""

    async def carried(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            kept = [pair for pair in scope["headers"] if pair[0] != b"x-peer-cert"]
            scope["headers"] = [*kept, (b"x-peer-cert", _certificates[tuple(scope["client"])])]
        await app(scope, receive, send)

    return carried


@dataclass(kw_only=True)
class Manager:
    """One peer with a served Manager; `offered` and `auto_sign` may be changed while it runs."""

    own: OwnPeer
    settings: Settings
    folder: Path
    pool: asyncpg.Pool
    log_pool: asyncpg.Pool
    port: int = 0
    offered: set[str] = field(default_factory=lambda: {"bijstand"})
    client: ManagerClient = field(init=False)
    served: list[ManagerDeps] = field(default_factory=list)

    @property
    def address(self) -> str:
        """What peers call it by."""
        return self.own.manager_address

    async def offers(self) -> frozenset[str]:
        """The services its Inway would offer."""
        return frozenset(self.offered)

    def deps(self, *words: str, ttl_seconds: int = 300) -> ManagerDeps:
        """The surroundings of its application."""
        made = ManagerDeps(
            pool=self.pool,
            log_pool=self.log_pool,
            own=self.own,
            client=self.client,
            offered=self.offers,
            auto_sign=grant_types(words, is_directory=self.own.is_directory),
            token_ttl=timedelta(seconds=ttl_seconds),
            witnesses=frozenset(self.settings.witness.peers),
        )
        self.served.append(made)
        return made

    def worker_deps(self) -> WorkerDeps:
        """The surroundings of its worker."""
        return WorkerDeps(settings=self.settings, pool=self.pool, own=self.own, client=self.client)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Its worker runs while the block does."""
        stop = asyncio.Event()
        task = asyncio.create_task(run_worker(self.worker_deps(), stop))
        try:
            yield
        finally:
            stop.set()
            await task


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The FSC code, the same in header and body."""
        code = self.json["code"]
        assert self.headers["Fsc-Error-Code"] == code
        assert self.json["domain"] == "ERROR_DOMAIN_MANAGER"
        return str(code)


def write_identity(folder: Path, own: OwnPeer) -> IdentitySettings:
    """The files of a peer: certificate with chain, key, anchor."""
    folder.mkdir(parents=True, exist_ok=True)
    chain = [own.certificate.x509, *own.chain]
    (folder / "peer.crt").write_bytes(b"".join(c.public_bytes(Encoding.PEM) for c in chain))
    (folder / "peer.key").write_bytes(rig.pem_key(own.key))
    (folder / "group.crt").write_bytes(own.anchors[0].public_bytes(Encoding.PEM))
    return IdentitySettings(
        certificate=folder / "peer.crt",
        key=folder / "peer.key",
        trust_anchors=(folder / "group.crt",),
    )


def free_socket() -> socket.socket:
    """A listening place on loopback."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("127.0.0.1", 0))
    return made


@dataclass(kw_only=True)
class Group:
    """Several Managers of one Group."""

    authority: rig.Authority
    folder: Path
    fresh: Callable[[Path], Awaitable[Any]]
    stack: AsyncExitStack
    managers: dict[str, Manager] = field(default_factory=dict)
    directory_address: str = "https://gids.test:8443"

    async def add(self, peer_id: str, *words: str, **changes: Any) -> Manager:
        """A served peer; ``words`` are the grant types it signs without a person."""
        listener = free_socket()
        port = listener.getsockname()[1]
        address = f"https://{rig.HOSTS[peer_id]}:{port}"
        authority = changes.pop("authority", self.authority)
        witnesses = tuple(PeerId(each) for each in changes.pop("witnesses", ()))
        own = rig.own_peer(authority, peer_id, manager_address=address, **changes)
        if own.is_directory:
            self.directory_address = address
        folder = self.folder / peer_id
        database = await self.fresh(folder / "database")
        settings = replace(
            database.settings,
            identity=write_identity(folder, own),
            addresses=AddressSettings(manager=address, inway=own.inway_address, web=""),
            network=NetworkSettings(
                hosts=dict.fromkeys(rig.HOSTS.values(), "127.0.0.1"), allow_private=False
            ),
            directory=DirectorySettings(
                peer_id=PeerId(rig.DIRECTORY), manager_address=self.directory_address
            ),
            roles=RoleSettings(directory=own.is_directory),
            witness=WitnessSettings(peers=witnesses, seconds_between=1),
        )
        manager = Manager(
            own=own,
            settings=settings,
            folder=folder,
            pool=await database.pool("fsc"),
            log_pool=await database.pool("logboek"),
            port=port,
        )
        manager.client = await self.stack.enter_async_context(ManagerClient(settings, own))
        await self.stack.enter_async_context(serve(manager, listener, *words))
        self.managers[peer_id] = manager
        return manager


@asynccontextmanager
async def serve(
    manager: Manager, listener: socket.socket, *words: str, **deps: Any
) -> AsyncIterator[None]:
    """The Manager answers on this socket while the block runs."""
    identity = manager.settings.identity
    config = uvicorn.Config(
        _with_certificate(manager_app(manager.deps(*words, **deps))),
        http=_SeesCertificate,
        lifespan="off",
        log_config=None,
        timeout_graceful_shutdown=10,
        ssl_certfile=str(identity.certificate),
        ssl_keyfile=str(identity.key),
        ssl_ca_certs=str(identity.trust_anchors[0]),
        ssl_cert_reqs=ssl.CERT_REQUIRED,
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve([listener]))

    async def started() -> bool:
        return server.started

    await until(started)
    try:
        yield
    finally:
        server.should_exit = True
        await task


async def ask(manager: Manager, peer: OwnPeer, method: str, path: str, **request: Any) -> Answer:
    """A raw request of a peer, with its certificate.

    ``body`` is sent as JSON (bytes as they are), ``form`` as a form; ``headers`` are added.
    """
    folder = manager.folder / f"as-{peer.certificate.thumbprint}"
    if not folder.exists():
        write_identity(folder, peer)
    context = ssl.create_default_context(cafile=manager.settings.identity.trust_anchors[0])
    context.load_cert_chain(folder / "peer.crt", folder / "peer.key")
    context.check_hostname = False
    headers = {"Fsc-Manager-Address": peer.manager_address}
    if request.get("body") is not None:
        headers["Content-Type"] = "application/json"
    headers |= request.get("headers", {})
    body = request.get("body")
    if body is not None and not isinstance(body, bytes | io.BytesIO):
        body = json.dumps(body).encode()
    if request.get("form") is not None:
        body = aiohttp.FormData(request["form"])
    url = URL(f"https://127.0.0.1:{manager.port}{path}", encoded=True)
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url, data=body, headers=headers, ssl=context) as answer,
    ):
        return Answer(status=answer.status, headers=answer.headers, body=await answer.read())


async def until(condition: Callable[[], Awaitable[Any]], *, seconds: float = 60) -> Any:
    """Wait until a condition gives something; fail when it does not in time."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while loop.time() < end:
        found = await condition()
        if found:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError("it did not happen in time")


def asking(doesburg: OwnPeer, **changes: Any) -> dict[str, Any]:
    """Doesburg asks to call a service of Weesp, with the key of its certificate."""
    thumbprint = doesburg.certificate.key_thumbprint
    return rig.content(rig.connection_grant(rig.DOESBURG, rig.WEESP, thumbprint, **changes))


async def submit(
    manager: Manager, peer: OwnPeer, tree: Any, signature: str | None = None, **request: Any
) -> Answer:
    text = rig.accept(peer, tree) if signature is None else signature
    body = {"content": tree, "signature": text}
    return await ask(manager, peer, "POST", "/v1/contracts", body=body, **request)


async def place(manager: Manager, peer: OwnPeer, tree: Any, kind: Kind, **changes: Any) -> Answer:
    """A signature of this kind at its own endpoint; ``signature`` and ``path_hash`` may differ."""
    signature = changes.get("signature") or rig.accept(peer, tree, kind)
    path_hash = changes.get("path_hash") or rig.contract(tree).hash.value
    body = {changes.get("key", "content"): tree, "signature": signature}
    path = f"/v1/contracts/{path_hash}/{kind}"
    return await ask(manager, peer, "PUT", path, body=body)


async def stored(manager: Manager, tree: Any) -> store.StoredContract:
    found = await store.contract(manager.pool, rig.contract(tree).hash.value)
    assert found is not None
    return found


async def sign_here(manager: Manager, tree: Any, kind: Kind = Kind.ACCEPT) -> None:
    """The Manager's own organisation signs, as its command would."""
    async with manager.pool.acquire() as connection, connection.transaction():
        found = await stored(manager, tree)
        await store.sign(connection, manager.own, found, kind, datetime.now(UTC))


def publishing(provider: str = rig.DOESBURG, **changes: Any) -> dict[str, Any]:
    return rig.content(rig.publication_grant(provider, rig.DIRECTORY, **changes))
