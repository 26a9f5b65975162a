# SPDX-License-Identifier: EUPL-1.2
"""Test peers: certificates of the Group's anchor, and plain HTTP over mutual TLS."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from tests.fsc import fsc_rig as rig
from tests.fsc.manager_rig import Answer, write_identity
from yarl import URL

from landschap.fsc import jws
from landschap.fsc.client import HostMap
from landschap.fsc.own import OwnPeer
from landschap.fsc.states import Kind
from landschap.platform.identity import Issued

_SECONDS = 20.0


@dataclass(kw_only=True)
class Authority(rig.Authority):
    """The Group's anchor, as the rig's authority: it issues certificates to test peers."""

    issued: Issued

    def __post_init__(self) -> None:
        self.key = self.issued.key
        self.certificate = self.issued.certificate


@dataclass(frozen=True, kw_only=True)
class Client:
    """Who asks over TLS with a client certificate; None shows none."""

    hosts: Mapping[str, str]
    anchor: Path
    certificate: Path | None = None
    key: Path | None = None
    manager_address: str = ""
    context: ssl.SSLContext = field(init=False)

    def __post_init__(self) -> None:
        context = ssl.create_default_context(cafile=self.anchor)
        if self.certificate is not None:
            context.load_cert_chain(self.certificate, self.key)
        object.__setattr__(self, "context", context)

    async def ask(self, method: str, address: str, **request: Any) -> Answer:
        """One request. ``body`` is sent as JSON (bytes as they are), ``form`` as a form."""
        headers = {"Fsc-Manager-Address": self.manager_address} if self.manager_address else {}
        headers |= request.get("headers", {})
        body = request.get("body")
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        if request.get("form") is not None:
            body = aiohttp.FormData(request["form"])
        connector = aiohttp.TCPConnector(
            resolver=HostMap(self.hosts, allow_private=True), ssl=self.context
        )
        timeout = aiohttp.ClientTimeout(total=_SECONDS)
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout) as session,
            session.request(
                method, URL(address, encoded=True), data=body, headers=headers
            ) as answer,
        ):
            return Answer(status=answer.status, headers=answer.headers, body=await answer.read())


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A peer that the tests play: what it signs with, and its voice."""

    own: OwnPeer
    client: Client

    @property
    def peer_id(self) -> str:
        """Its Peer ID."""
        return self.own.peer_id.value

    async def get(self, manager: str, path: str) -> Answer:
        """Read something of a Manager."""
        return await self.client.ask("GET", f"{manager}{path}")

    async def submit(self, manager: str, tree: Any, signature: str | None = None) -> Answer:
        """Submit a contract with our accept."""
        text = rig.accept(self.own, tree) if signature is None else signature
        body = {"content": tree, "signature": text}
        return await self.client.ask("POST", f"{manager}/v1/contracts", body=body)

    async def place(self, manager: str, tree: Any, kind: Kind, **changes: str) -> Answer:
        """Our signature of a kind, at its own address; ``signature``, ``path_hash`` may differ."""
        signature = changes.get("signature") or rig.accept(self.own, tree, kind)
        path_hash = changes.get("path_hash") or rig.contract(tree).hash.value
        body = {"content": tree, "signature": signature}
        return await self.client.ask("PUT", f"{manager}/v1/contracts/{path_hash}/{kind}", body=body)

    async def want(self, manager: str, grant_hash: str, **changes: str | None) -> Answer:
        """Ask for a token; a change to None leaves a field out."""
        form: dict[str, str | None] = {
            "grant_type": "client_credentials",
            "scope": grant_hash,
            "client_id": self.peer_id,
        }
        told = {key: value for key, value in (form | changes).items() if value is not None}
        return await self.client.ask("POST", f"{manager}/v1/token", form=told)

    async def token(self, manager: str, grant_hash: str) -> str:
        """A token that must be given."""
        answer = await self.want(manager, grant_hash)
        assert answer.status == 200, answer.body
        return str(answer.json["access_token"])

    async def claims(self, manager: str, grant_hash: str) -> dict[str, Any]:
        """What stands in a token that must be given."""
        return dict(jws.parse(await self.token(manager, grant_hash)).payload)

    async def contract(self, manager: str, tree: Any) -> dict[str, Any] | None:
        """A contract as the Manager lists it to us; None when it does not."""
        grant_hash = rig.contract(tree).grants[0].hash.value
        answer = await self.get(manager, f"/v1/contracts?grant_hash={grant_hash}")
        assert answer.status == 200, answer.body
        found: list[dict[str, Any]] = answer.json["contracts"]
        return found[0] if found else None

    async def signatures(self, manager: str, tree: Any, kind: Kind) -> dict[str, str]:
        """Who placed a signature of this kind, as the Manager tells us: Peer ID to JWS."""
        found = await self.contract(manager, tree)
        return {} if found is None else dict(found["signatures"][kind])

    async def records(self, manager: str, transaction_id: str) -> list[dict[str, Any]]:
        """The records of one transaction that a Manager shows us."""
        answer = await self.get(manager, f"/v1/logs?transaction_ids={transaction_id}")
        assert answer.status == 200, answer.body
        found: list[dict[str, Any]] = answer.json["records"]
        return found


def make_peer(
    folder: Path, authority: rig.Authority, hosts: Mapping[str, str], peer_id: str, **changes: Any
) -> Peer:
    """A peer with a fresh certificate of this authority; see `fsc_rig.own_peer` for changes."""
    own = rig.own_peer(authority, peer_id, hosts=["peer.test"], **changes)
    files = write_identity(folder / own.certificate.thumbprint, own)
    client = Client(
        hosts=hosts,
        anchor=folder / "anchor.crt",
        certificate=files.certificate,
        key=files.key,
        manager_address=own.manager_address,
    )
    return Peer(own=own, client=client)
