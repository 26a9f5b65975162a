# SPDX-License-Identifier: EUPL-1.2
"""Asking other Managers.

Every call goes over mutual TLS to one known peer, has a time limit and a size limit, and follows
no redirect. Addresses come from peers, so a private address is refused unless it was configured.
Source: FSC Core, "Manager".
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Self
from urllib.parse import quote

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from landschap.fsc.addresses import check_reachable, host_of, read_address
from landschap.fsc.client.tls import describe, peer_context
from landschap.fsc.contracts import Contract
from landschap.fsc.jwks import find_certificate
from landschap.fsc.own import OwnPeer
from landschap.fsc.signatures import ChainedCertificate
from landschap.fsc.tokens import read_received
from landschap.fsc.wire import PeerListing, submission_body
from landschap.platform.credentials import Credentials, read_credentials
from landschap.platform.settings import Settings
from landschap.vocabulary.identifiers import GrantHash, PeerId
from landschap.vocabulary.ijson import JsonValue, loads
from landschap.vocabulary.problems import InvalidJson, InvalidValue

CALL_SECONDS = 10.0
CONNECT_SECONDS = 3.0
MAX_ANSWER_BYTES = 2_000_000


class PeerUnreachable(Exception):
    """The other Manager gave no usable answer; trying again later may help."""


class PeerRefused(Exception):
    """The other Manager refused; ``permanent`` when trying again can not help."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code}: {message}"[:300])
        self.status = status
        self.code = code
        # 408 and 429 are the two client errors that say: later.
        self.permanent = 400 <= status < 500 and status not in (408, 429)


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedToken:
    """A token as the provider gave it, with what an Outway acts on."""

    token: str
    inway_address: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Whom to ask and where; ``peer_id`` None only for a directory nobody has met."""

    peer_id: PeerId | None
    address: str


def _loopback_of(host: str) -> str | None:
    """Names below ``localhost`` are loopback, also where the system's resolver does not know them.

    Source: RFC 6761, section 6.3.
    """
    return "127.0.0.1" if host == "localhost" or host.endswith(".localhost") else None


class HostMap(AbstractResolver):
    """Host names to addresses: our own map first, then DNS, and never a private surprise."""

    def __init__(self, hosts: Mapping[str, str], *, allow_private: bool) -> None:
        self._hosts = hosts
        self._allow_private = allow_private

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,
    ) -> list[ResolveResult]:
        """The addresses of a host. Raises OSError for a private address nobody configured."""
        mapped = self._hosts.get(host) or _loopback_of(host)
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(mapped or host, port, type=socket.SOCK_STREAM, family=family)
        addresses = [str(entry[4][0]) for entry in found]
        self.check(host, addresses)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=entry[0],
                proto=entry[2],
                flags=socket.AI_NUMERICHOST,
            )
            for entry, address in zip(found, addresses, strict=True)
        ]

    def check(self, host: str, addresses: Sequence[str]) -> None:
        """Refuse a private address of a host that is not in the map. Raises OSError."""
        if self._allow_private:
            return
        try:
            check_reachable(host, addresses, self._hosts)
        except InvalidValue as error:
            raise OSError(str(error)) from None

    def check_literal(self, host: str) -> None:
        """The same for a host that is itself an address: aiohttp does not resolve those."""
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return
        self.check(host, [host])

    async def close(self) -> None:
        """Nothing is kept open."""


def session_over(connector: aiohttp.BaseConnector) -> aiohttp.ClientSession:
    """How peers are asked: with time limits, and nothing kept or taken from surroundings."""
    return aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=CALL_SECONDS, connect=CONNECT_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
    )


@dataclass
class ManagerClient:
    """Our side of the Manager API; use as ``async with``."""

    settings: Settings
    own: OwnPeer
    credentials: Credentials | None = None
    _contexts: dict[PeerId | None, ssl.SSLContext] = field(default_factory=dict)
    _session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        network = self.settings.network
        self._resolver = HostMap(network.hosts, allow_private=network.allow_private)
        connector = aiohttp.TCPConnector(
            resolver=self._resolver, limit=50, limit_per_host=10, use_dns_cache=False
        )
        self._session = session_over(connector)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def take(self, own: OwnPeer, credentials: Credentials) -> None:
        """Go on as this peer: what is under way ends as it began, what begins is new."""
        self.own, self.credentials = own, credentials
        self._contexts = {}

    async def announce(self, to: Destination) -> None:
        """Tell a directory where our Manager is. Raises PeerUnreachable, PeerRefused."""
        await self._call(to, "PUT", "/announce")

    async def name(self, of: Destination) -> str:
        """What a peer calls itself. Raises PeerUnreachable, PeerRefused."""
        tree = await self._json(of, "/peer")
        told = tree.get("peer_name") if isinstance(tree, Mapping) else None
        return str(told or of.peer_id)[:255]

    async def deliver(self, to: Destination, contract: Contract, task: str, jws: str) -> None:
        """Bring a contract and our signature; ``task`` is submit, accept, reject or revoke.

        Raises PeerUnreachable, PeerRefused.
        """
        body = submission_body(contract, jws, self.own.profile)
        if task == "submit":
            await self._call(to, "POST", "/contracts", body)
        else:
            path = f"/contracts/{quote(contract.hash.value, safe='')}/{task}"
            await self._call(to, "PUT", path, body)

    async def certificate(self, of: Destination, thumbprint: str) -> ChainedCertificate | None:
        """The certificate with this thumbprint in a peer's key set, None when it is not there.

        Raises PeerUnreachable, PeerRefused.
        """
        return find_certificate(await self._json(of, "/.well-known/jwks.json"), thumbprint)

    async def peer(self, directory: Destination, peer_id: PeerId) -> PeerListing | None:
        """What a directory knows of a peer, None when it does not know it.

        Raises PeerUnreachable, PeerRefused.
        """
        tree = await self._json(directory, f"/peers?peer_id={quote(peer_id.value)}")
        listed = tree.get("peers") if isinstance(tree, Mapping) else None
        for each in listed if isinstance(listed, Sequence) else ():
            if isinstance(each, Mapping) and each.get("id") == peer_id.value:
                return _listing(peer_id, each)
        return None

    async def service_properties(
        self, directory: Destination, provider: PeerId, service: str
    ) -> Mapping[str, JsonValue] | None:
        """The properties with which a directory lists a service, None when it lists none such.

        Raises PeerUnreachable, PeerRefused.
        """
        path = f"/services?limit=1000&service_name={quote(service)}"
        tree = await self._json(directory, path)
        listed = tree.get("services") if isinstance(tree, Mapping) else None
        for each in listed if isinstance(listed, Sequence) else ():
            data = each.get("data") if isinstance(each, Mapping) else None
            if isinstance(data, Mapping) and _is_service(data, provider, service):
                properties = data.get("properties", {})
                return properties if isinstance(properties, Mapping) else {}
        return None

    async def members(
        self, administrator: Destination, area: str, peers: Sequence[PeerId]
    ) -> frozenset[PeerId]:
        """Those of the peers that a membership administrator names as members of its area.

        Raises PeerUnreachable, PeerRefused. Source: FSC Regulated Area, "Members".
        """
        asked = quote(",".join(each.value for each in peers))
        path = f"/regulated-areas/{quote(area, safe='')}/members?peer_id={asked}"
        tree = await self._json(administrator, path)
        listed = tree.get("members") if isinstance(tree, Mapping) else None
        if not isinstance(listed, Sequence) or isinstance(listed, str):
            raise PeerUnreachable("the answer holds no list of members")
        told = [each.get("peer") for each in listed if isinstance(each, Mapping)]
        named = {each.get("id") for each in told if isinstance(each, Mapping)}
        return frozenset(each for each in peers if each.value in named)

    async def token(self, of: Destination, grant_hash: GrantHash) -> FetchedToken:
        """A token for a grant from the Manager of its provider.

        Raises PeerUnreachable, PeerRefused.
        """
        form = aiohttp.FormData(
            {
                "grant_type": "client_credentials",
                "scope": grant_hash.value,
                "client_id": self.own.peer_id.value,
            }
        )
        tree = _read(await self._call(of, "POST", "/token", form))
        token = tree.get("access_token") if isinstance(tree, Mapping) else None
        if not isinstance(token, str):
            raise PeerUnreachable("the answer of the token endpoint holds no access_token")
        return await self._checked(of, grant_hash, token)

    async def _checked(self, of: Destination, grant_hash: GrantHash, token: str) -> FetchedToken:
        """The token, after the checks an Outway must do, and a look at where it would lead us."""
        try:
            read = read_received(token)
            address = read_address(read.audience)
        except InvalidValue as error:
            raise PeerUnreachable(f"the token can not be used: {error}") from None
        expected = (self.own.group_id, grant_hash.value, of.peer_id.value if of.peer_id else "")
        if (read.group_id, read.grant_hash, read.issuer) != expected:
            raise PeerUnreachable("the token is of another Group, grant or issuer than was asked")
        try:
            await self._resolver.resolve(host_of(address))
        except OSError as error:
            raise PeerUnreachable(f"the Inway {address}: {error}") from None
        return FetchedToken(
            token=token,
            inway_address=address,
            expires_at=datetime.fromtimestamp(min(read.expires_at, 2**33), UTC),
        )

    async def _json(self, to: Destination, path: str) -> JsonValue:
        return _read(await self._call(to, "GET", path))

    async def _call(
        self, to: Destination, method: str, path: str, body: bytes | aiohttp.FormData | None = None
    ) -> bytes:
        if self._session is None:
            raise RuntimeError("use the client as `async with`")
        headers = {"Accept": "application/json"}
        if method in ("POST", "PUT"):
            headers["Fsc-Manager-Address"] = self.own.manager_address
        if isinstance(body, bytes):
            headers["Content-Type"] = "application/json"
        # The path is already encoded; aiohttp would decode the %24 of hashes again.
        url = URL(f"{to.address}/v1{path}", encoded=True)
        try:
            self._resolver.check_literal(host_of(to.address))
            async with self._session.request(
                method,
                url,
                data=body,
                headers=headers,
                ssl=self._context(to.peer_id),
                allow_redirects=False,
            ) as answer:
                content = await _limited(answer)
                if answer.status >= 300:
                    raise _refused(answer.status, content)
                return content
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise PeerUnreachable(f"{to.address}: {describe(error)}") from error

    def _context(self, peer_id: PeerId | None) -> ssl.SSLContext:
        if peer_id not in self._contexts:
            if self.credentials is None:
                self.credentials = read_credentials(self.settings, datetime.now(UTC))
            self._contexts[peer_id] = peer_context(self.credentials, peer_id)
        return self._contexts[peer_id]


async def _limited(answer: aiohttp.ClientResponse) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in answer.content.iter_chunked(65_536):
        size += len(part)
        if size > MAX_ANSWER_BYTES:
            raise PeerUnreachable(f"the answer is larger than {MAX_ANSWER_BYTES} bytes")
        parts.append(part)
    return b"".join(parts)


def _read(body: bytes) -> JsonValue:
    try:
        return loads(body, max_bytes=MAX_ANSWER_BYTES)
    except InvalidJson as error:
        raise PeerUnreachable(f"the answer can not be read: {error}") from None


def _refused(status: int, body: bytes) -> PeerRefused | PeerUnreachable:
    if status >= 500 or status < 400:
        return PeerUnreachable(f"the peer answered {status}")
    try:
        tree = loads(body, max_bytes=MAX_ANSWER_BYTES)
    except InvalidJson:
        tree = None
    told = tree if isinstance(tree, Mapping) else {}
    code = told.get("code") or told.get("error") or "no code"
    message = told.get("message") or told.get("error_description") or ""
    return PeerRefused(status, str(code)[:100], str(message)[:200])


def _is_service(data: Mapping[str, JsonValue], provider: PeerId, service: str) -> bool:
    peer = data.get("peer")
    named = peer.get("id") if isinstance(peer, Mapping) else None
    return named == provider.value and data.get("name") == service


def _listing(peer_id: PeerId, told: Mapping[str, JsonValue]) -> PeerListing | None:
    try:
        address = read_address(str(told.get("manager_address", "")))
    except InvalidValue:
        return None
    return PeerListing(
        peer_id=peer_id, name=str(told.get("name", ""))[:255], manager_address=address
    )
