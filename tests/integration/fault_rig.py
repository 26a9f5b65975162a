# SPDX-License-Identifier: EUPL-1.2
"""Sources that can be made to fail in every way, and to be well again: one per kind of connector."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.ports import free_port

LIMIT_SECONDS = 60.0
GIGABYTE = 1_000_000_000
CHUNK = b"x" * 65_536


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def _written(folder: Path, name: str, certificate: x509.Certificate, key: Any) -> None:
    (folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def write_certificates(folder: Path) -> None:
    """``ca.pem``, and by it: ``well``, ``expired`` and ``ours`` (of a client), each with its key."""
    now, keys = datetime.now(UTC), [ec.generate_private_key(ec.SECP256R1()) for _ in range(4)]
    ca = (
        x509.CertificateBuilder().subject_name(_name("proef-ca")).issuer_name(_name("proef-ca"))
        .public_key(keys[0].public_key()).serial_number(1)
        .not_valid_before(now - timedelta(days=30)).not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(keys[0], hashes.SHA256())
    )  # fmt: skip
    _written(folder, "ca", ca, keys[0])
    for place, (name, until) in enumerate([("well", 30), ("expired", -1), ("ours", 30)], start=1):
        names = [x509.DNSName("bron.test"), x509.IPAddress(ip_address("127.0.0.1"))]
        leaf = (
            x509.CertificateBuilder().subject_name(_name(name)).issuer_name(_name("proef-ca"))
            .public_key(keys[place].public_key()).serial_number(place + 1)
            .not_valid_before(now - timedelta(days=20)).not_valid_after(now + timedelta(days=until))
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .sign(keys[0], hashes.SHA256())
        )  # fmt: skip
        _written(folder, name, leaf, keys[place])


def server_context(folder: Path, name: str, *, client: bool = False) -> ssl.SSLContext:
    """TLS as a server that shows this certificate; ``client`` asks one of who comes."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    if client:
        made.verify_mode = ssl.CERT_REQUIRED
        made.load_verify_locations(folder / "ca.pem")
    return made


@dataclass
class Service:
    """A service that answers as it is told: well, or in one way not."""

    well: Callable[[web.Request], web.Response]
    port: int = field(default_factory=free_port)
    way: str = "well"
    wait: str = "0"
    asked: int = 0
    sent: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    released: asyncio.Event = field(default_factory=asyncio.Event)
    tls: ssl.SSLContext | None = None
    _runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen."""
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=self.tls).start()

    async def stop(self) -> None:
        """Listen no longer, and end what is going on."""
        self.released.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self.asked += 1
        self.headers = dict(request.headers)
        await request.read()
        match self.way:
            case "well":
                return self.well(request)
            case "slow":
                await asyncio.wait_for(self.released.wait(), LIMIT_SECONDS)
                return self.well(request)
            case "half":
                return await self._half(request)
            case "429":
                return web.Response(status=429, headers={"Retry-After": self.wait})
            case "1 GB":
                return await self._endless(request)
        return web.Response(body=self.body, content_type="application/json")

    async def _half(self, request: web.Request) -> web.StreamResponse:
        whole = self.well(request).body
        assert isinstance(whole, bytes)
        answer = web.StreamResponse(headers={"Content-Length": str(len(whole))})
        await answer.prepare(request)
        await answer.write(whole[: len(whole) // 2])
        assert request.transport is not None
        request.transport.close()
        return answer

    async def _endless(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        while self.sent < GIGABYTE:
            await answer.write(CHUNK)
            self.sent += len(CHUNK)
        return answer


@dataclass
class Wire:
    """The way to a PostgreSQL server, that can be cut, ended halfway, or speak TLS."""

    upstream: Path
    port: int = field(default_factory=free_port)
    way: str = "well"
    tls: ssl.SSLContext | None = None
    _server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)

    async def stop(self) -> None:
        """Listen no longer, and cut what is open."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            if self.tls is not None:
                await reader.readexactly(8)  # SSLRequest
                writer.write(b"S")
                await writer.start_tls(self.tls)
            there, back = await asyncio.open_unix_connection(self.upstream)
            pumps = {
                asyncio.create_task(self._pump(reader, back, cut=False)),
                asyncio.create_task(self._pump(there, writer, cut=True)),
            }
            try:
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            except asyncio.CancelledError:
                pass  # it is cut; the callback of the server would tell it as an error
            finally:
                for pump in pumps:
                    pump.cancel()
                back.close()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            self._tasks.discard(task)

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, cut: bool
    ) -> None:
        while data := await reader.read(65_536):
            if cut and self.way == "half":
                writer.write(data[: len(data) // 2])
                return
            writer.write(data)
            await writer.drain()


@asynccontextmanager
async def listening(*parts: Service | Wire) -> AsyncIterator[None]:
    """All of these listen, and end."""
    try:
        for part in parts:
            await part.start()
        yield
    finally:
        for part in parts:
            await part.stop()


def peak_reset() -> None:
    """From now on the peak of our own memory is counted anew."""
    Path("/proc/self/clear_refs").write_text("5")


def peak_bytes() -> int:
    """The most memory that was held since then."""
    (line,) = [x for x in Path("/proc/self/status").read_text().splitlines() if x[:6] == "VmHWM:"]
    return int(line.split()[1]) * 1024
