# SPDX-License-Identifier: EUPL-1.2
"""Many live contracts at one Inway, and what it takes until a change of one counts.

They are signed for real by both and written by the functions that the Manager calls, but straight
into the provider's database: bringing ten thousand over one by one would take longer than what is
measured. No errand is queued, so that nothing is brought to anybody while is measured.
"""

from __future__ import annotations

import asyncio
import http.client
import ssl
import struct
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agreed import TOKEN_LIFE, Agreed, contract_between, register_of
from landschap.cli.demo.landscape import PURPOSE
from landschap.fsc import tokens
from landschap.fsc.contracts import Contract
from landschap.fsc.own import OwnPeer
from landschap.fsc.states import Kind
from landschap.fsc.store import contract_rows, signing
from landschap.platform import postgres
from landschap.platform.ids import new_span_id, new_trace_id, uuid7
from landschap.purposes.model import Register
from questions import TARGET

_AT_ONCE = 100
_COUNT = 16_000
MANAGER = "manager.weesp.test"
INWAY = "inway.weesp.test"


@dataclass(kw_only=True)
class Live:
    """The contracts that are valid at Weesp's Inway beside the first one, oldest first."""

    agreed: Agreed
    pool: Any
    register: Register
    contracts: list[Contract] = field(default_factory=list)

    @classmethod
    async def open(cls, agreed: Agreed) -> Live:
        """With a connection to Weesp's database; `close` ends it."""
        pool = await postgres.pool(agreed.weesp, "fsc", size=1)
        return cls(agreed=agreed, pool=pool, register=register_of(agreed.landscape.weesp))

    async def close(self) -> None:
        """End the connection."""
        await self.pool.close()

    async def fill(self, count: int) -> None:
        """Write contracts until so many are live; one stands there since both agreed."""
        missing = count - 1 - len(self.contracts)
        while missing > 0:
            made = [self._signed() for _ in range(min(missing, _AT_ONCE))]
            async with self.pool.acquire() as connection, connection.transaction():
                for contract in made:
                    await _write(connection, self.agreed, contract)
            self.contracts += made
            missing -= len(made)

    async def change_one(self) -> float:
        """Write one contract more; gives the seconds until a question under it is answered."""
        contract = self._signed()
        request = self._request(self._token(contract), contract.grants[0].hash.value)
        async with self.pool.acquire() as connection, connection.transaction():
            await _write(connection, self.agreed, contract)
        self.contracts.append(contract)
        began = time.perf_counter()
        await asyncio.to_thread(self._ask_until_answered, request)
        return time.perf_counter() - began

    def requests_under_one(self, file: Path) -> Path:
        """Questions that all come under the contract that was agreed first."""
        return self._requests(file, [(self.agreed.token, self.agreed.grant_hash)])

    def requests_under_all(self, file: Path) -> Path:
        """Questions that come under every live contract in turn, each with its own token."""
        pairs = [(self._token(each), each.grants[0].hash.value) for each in self.contracts]
        return self._requests(file, [(self.agreed.token, self.agreed.grant_hash), *pairs])

    def token_requests(self, file: Path) -> Path:
        """Requests for a token, as the worker of Doesburg makes them."""
        scope = self.agreed.grant_hash.replace("$", "%24")
        body = (
            f"grant_type=client_credentials&client_id={self.agreed.asker.peer_id.value}"
            f"&scope={scope}"
        )
        lines = (
            f"POST /token HTTP/1.1\r\nHost: {MANAGER}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        )
        request = lines.encode()
        file.write_bytes(struct.pack(">I", len(request)) + request)
        return file

    def _signed(self) -> Contract:
        return contract_between(self.agreed.asker, self.agreed.provider, self.register)

    def _token(self, contract: Contract) -> str:
        agreed, now = self.agreed, datetime.now(UTC)
        grant, certificate = contract.grants[0], agreed.asker.certificate
        return tokens.issue(agreed.provider, grant, certificate, now, TOKEN_LIFE)

    def _requests(self, file: Path, pairs: list[tuple[str, str]]) -> Path:
        with file.open("wb") as out:
            for number in range(_COUNT):
                request = self._request(*pairs[number % len(pairs)]).encode()
                out.write(struct.pack(">I", len(request)) + request)
        return file

    def _request(self, token: str, grant_hash: str) -> str:
        trace = f"00-{new_trace_id().hex()}-{new_span_id().hex()}-01"
        return (
            f"GET {TARGET} HTTP/1.1\r\nHost: {INWAY}\r\nFsc-Authorization: Bearer {token}\r\n"
            f"Fsc-Transaction-Id: {uuid7()}\r\nFsc-Grant-Hash: {grant_hash}\r\n"
            f"traceparent: {trace}\r\nDoelbinding: {PURPOSE}\r\nAccept: application/json\r\n\r\n"
        )

    def _ask_until_answered(self, request: str, seconds: float = 60) -> None:
        head, _, rest = request.partition("\r\n")
        headers = dict(line.split(": ", 1) for line in rest.strip().splitlines())
        connection = self._connection()
        deadline = time.monotonic() + seconds
        while True:
            connection.request("GET", head.split()[1], headers=headers)
            answer = connection.getresponse()
            body = answer.read()
            if answer.status == http.client.OK:
                break
            assert time.monotonic() < deadline, body.decode()
            headers["Fsc-Transaction-Id"] = str(uuid7())
        connection.close()

    def _connection(self) -> http.client.HTTPSConnection:
        """Connected already, so that no handshake is measured."""
        identity = self.agreed.doesburg.identity
        context = ssl.create_default_context(cafile=str(identity.trust_anchors[0]))
        context.load_cert_chain(identity.certificate, identity.key)
        host, _, port = self.agreed.landscape.weesp.inway.rpartition(":")
        connection = _Named(host, int(port), context=context)
        connection.connect()
        return connection


class _Named(http.client.HTTPSConnection):
    """Connects to an address by the name in its certificate."""

    def connect(self) -> None:
        """With the Inway's name in the handshake."""
        http.client.HTTPConnection.connect(self)
        context: ssl.SSLContext = self._context  # type: ignore[attr-defined]
        self.sock = context.wrap_socket(self.sock, server_hostname=INWAY)


async def _write(connection: Any, agreed: Agreed, contract: Contract) -> None:
    """A contract that both accepted, at the provider."""
    now = datetime.now(UTC)
    arrival = contract_rows.Arrival(profile=agreed.provider.profile, own=False, at=now)
    await contract_rows.save_contract(connection, contract, arrival)
    for peer in (agreed.asker, agreed.provider):
        await _accept(connection, peer, contract, now)


async def _accept(connection: Any, peer: OwnPeer, contract: Contract, now: datetime) -> None:
    signature = peer.sign(contract, Kind.ACCEPT, now)
    await contract_rows.save_signature(connection, contract.hash, signature, now)


async def propose(agreed: Agreed, register: Register, count: int) -> tuple[list[str], float]:
    """Have Doesburg propose so many contracts; gives their hashes and the seconds until all hold.

    Weesp signs by itself. They are valid when both have both signatures: the last thing to come is
    Weesp's accept, brought back to Doesburg.
    """
    asker = agreed.asker
    made = [contract_between(asker, agreed.provider, register) for _ in range(count)]
    hashes = [each.hash.value for each in made]
    pools = [await postgres.pool(each, "fsc", size=2) for each in (agreed.doesburg, agreed.weesp)]
    began = time.perf_counter()
    for contract in made:
        async with pools[0].acquire() as connection, connection.transaction():
            await signing.propose(connection, asker, contract, datetime.now(UTC))
    for pool in pools:
        await _until_signed(pool, hashes)
    seconds = time.perf_counter() - began
    now = datetime.now(UTC)
    for pool in pools:
        stored = [await contract_rows.contract(pool, each) for each in hashes]
        assert all(each is not None and each.state(now) == "valid" for each in stored)
        await pool.close()
    return hashes, seconds


async def _until_signed(pool: Any, hashes: list[str], seconds: float = 120) -> None:
    async with asyncio.timeout(seconds):
        while True:
            found = await pool.fetchval(
                "SELECT count(*) FROM signature WHERE kind = 'accept' AND content_hash = ANY($1)",
                hashes,
            )
            if found == 2 * len(hashes):
                return
            await asyncio.sleep(0.05)
