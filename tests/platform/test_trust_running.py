# SPDX-License-Identifier: EUPL-1.2
"""Trust while it runs: lists, anchors and certificates are replaced under a real `landschap serve`.

An authority of the test serves its list over http; a peer of the test knocks at the Manager over
mutual TLS, each time with a new connection.
"""

from __future__ import annotations

import http.client
import http.server
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from tests.platform.serving import Serving, landschap, listening_organisation, until

from landschap.platform.identity import (
    Issued,
    Validity,
    issue_organisation,
    make_anchor,
)
from landschap.vocabulary.identifiers import Oin

pytestmark = pytest.mark.long

BEGIN = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=10)
_numbers = count(1)
REFUSED = "ERROR_CODE_PEER_CERTIFICATE_VERIFICATION_FAILED"


class Listed:
    """An authority's list on a web server."""

    def __init__(self) -> None:
        self.content = b""
        listed = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(listed.content)

            def log_message(self, *_: object) -> None:
                """Nothing on the screen of a test."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}/latest.crl"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@dataclass(kw_only=True)
class Peer:
    """Another organisation, which knocks."""

    folder: Path
    issued: Issued
    port: int
    trusted: Path
    seen: list[x509.Certificate] = field(default_factory=list)

    def knock(self) -> tuple[int, str]:
        """Ask the Manager who it is; gives status and body. Remembers the certificate it showed."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self.trusted)
        context.load_cert_chain(self.folder / "peer.crt", self.folder / "peer.key")
        asked = http.client.HTTPSConnection(
            "manager.proefdorp.test", self.port, context=context, timeout=10
        )
        asked._create_connection = lambda *_args, **_more: _to(self.port)  # type: ignore[attr-defined]  # no DNS here
        try:
            asked.request("GET", "/v1/peer")
            tls = asked.sock
            assert isinstance(tls, ssl.SSLSocket)
            self.seen.append(x509.load_der_x509_certificate(tls.getpeercert(True) or b""))
            answer = asked.getresponse()
            return answer.status, answer.read().decode()
        finally:
            asked.close()

    def until_status(self, status: int, seconds: float = 40) -> str:
        """Knock until the answer has this status; gives its body."""
        deadline = time.monotonic() + seconds
        while True:
            got, body = self.knock()
            if got == status:
                return body
            assert time.monotonic() < deadline, f"still {got}: {body}"
            time.sleep(0.1)


def _to(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), 10)


def a_list(authority: Issued, *revoked: Issued, seconds: float = 1_728_000) -> bytes:
    """A list that is later than every one made before, and ends so many seconds from now."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(BEGIN + timedelta(seconds=next(_numbers)))
        .next_update(datetime.now(UTC) + timedelta(seconds=seconds))
    )
    for each in revoked:
        entry = x509.RevokedCertificateBuilder(each.certificate.serial_number, BEGIN)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(authority.key, hashes.SHA256()).public_bytes(Encoding.PEM)


def issued(anchor: Issued, oin: str, *hosts: str, days: int = 60) -> Issued:
    return issue_organisation(
        anchor,
        oin=Oin.parse(oin),
        name="Gemeente Proefdorp",
        hosts=list(hosts),
        validity=Validity.of_days(datetime.now(UTC), days),
    )


@dataclass(kw_only=True)
class Scene:
    serving: Serving
    anchor: Issued
    second: Issued
    listed: Listed
    folder: Path

    def peer(self, oin: str, anchor: Issued | None = None) -> Peer:
        """A peer with a certificate of its own."""
        made = issued(anchor or self.anchor, oin, "peer.test")
        folder = self.folder / oin
        folder.mkdir(exist_ok=True)
        (folder / "peer.crt").write_bytes(made.certificate_pem)
        (folder / "peer.key").write_bytes(made.key_pem)
        trusted = self.folder / "trusted.pem"
        trusted.write_bytes(self.anchor.certificate_pem + self.second.certificate_pem)
        address = self.serving.settings.listen.manager or ""
        return Peer(
            folder=folder, issued=made, port=int(address.rpartition(":")[2]), trusted=trusted
        )

    def publish(self, *revoked: Peer) -> None:
        """The first anchor's next list; it names these."""
        self.listed.content = a_list(self.anchor, *(peer.issued for peer in revoked))

    def list_second(self, content: bytes) -> None:
        """Put a list of the second anchor in its place."""
        fresh = self.folder / "second.new"
        fresh.write_bytes(content)
        fresh.rename(self.folder / "second.crl")

    def told(self, words: str) -> bool:
        return words in self.serving.log.read_text(encoding="utf-8")

    def replace(self, certificate: bytes, key: bytes) -> None:
        """Put a pair in place the way certificate tools do: new files, renamed."""
        identity = self.serving.settings.identity
        for path, content in ((identity.certificate, certificate), (identity.key, key)):
            fresh = path.with_suffix(".fresh")
            fresh.write_bytes(content)
            fresh.chmod(0o600)
            fresh.rename(path)


@pytest.fixture(scope="module")
def scene(short_folder: Path, anchor: Issued) -> Iterator[Scene]:
    """An organisation that runs with two anchors and a list for each."""
    folder = short_folder / "trust"
    second = make_anchor("Tweede anker", Validity.of_days(datetime.now(UTC), 300))
    listed = Listed()
    more = f'\n[revocation]\nlists = ["{listed.address}", "second.crl"]\n'
    settings = listening_organisation(folder, anchor, more)
    text = settings.path.read_text()
    anchors = 'trust_anchors = ["anchor.crt", "second.crt"]'
    settings.path.write_text(text.replace('trust_anchors = ["anchor.crt"]', anchors))
    (folder / "second.crt").write_bytes(second.certificate_pem)
    (folder / "second.crl").write_bytes(a_list(second))
    listed.content = a_list(anchor)
    serving = Serving.start(settings)
    try:
        serving.until_ready()
        yield Scene(serving=serving, anchor=anchor, second=second, listed=listed, folder=folder)
        assert serving.terminate() == 0
    finally:
        serving.kill()
        listed.server.shutdown()
        listed.server.server_close()


def test_peers_of_each_anchor_are_let_in_and_of_no_other(scene: Scene) -> None:
    assert scene.peer("00000099000000003000").knock()[0] == 200
    assert scene.peer("00000099000000004000", scene.second).knock()[0] == 200
    stranger = make_anchor("Tweede anker", Validity.of_days(datetime.now(UTC), 300))
    status, body = scene.peer("00000099000000005000", stranger).knock()
    assert (status, REFUSED in body) == (400, True)


def test_a_revoked_peer_is_refused_as_soon_as_the_list_is_there(scene: Scene) -> None:
    """The second anchor's list is a file; it is looked at every two seconds."""
    leaving = scene.peer("00000099000000006000", scene.second)
    staying = scene.peer("00000099000000007000", scene.second)
    assert leaving.knock()[0] == 200
    scene.list_second(a_list(scene.second, leaving.issued))
    assert REFUSED in leaving.until_status(400)
    assert staying.knock()[0] == 200


def test_a_list_by_address_is_fetched_again_and_kept(scene: Scene) -> None:
    leaving = scene.peer("00000099000000008000")
    assert leaving.knock()[0] == 200
    scene.publish(leaving)
    # The worker would within the hour; who hears of a lost key need not wait.
    path = str(scene.serving.settings.path)
    shown = landschap("identity", "lists", "--fetch", "--json", "--config", path)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert [each["revoked"] for each in json.loads(shown.stdout)] == [1, 1]
    assert REFUSED in leaving.until_status(400)
    kept = list((scene.serving.settings.paths.data / "revocation").glob("*.crl"))
    assert len(kept) == 2


def test_an_ended_list_refuses_all_of_its_authority_until_there_is_a_new_one(scene: Scene) -> None:
    one, other = (
        scene.peer("00000099000000009000"),
        scene.peer("00000099000000013000", scene.second),
    )
    scene.list_second(a_list(scene.second, seconds=8))
    assert other.knock()[0] == 200
    assert REFUSED in other.until_status(400, seconds=25)
    assert one.knock()[0] == 200
    doctor = landschap("doctor", "--json", "--config", str(scene.serving.settings.path))
    assert "with it every peer is refused" in doctor.stdout
    scene.list_second(a_list(scene.second))
    other.until_status(200)


def test_an_older_and_a_forged_list_change_nothing(scene: Scene) -> None:
    """What was revoked stays so, whatever the address says next."""
    leaving = scene.peer("00000099000000011000", scene.second)
    older = a_list(scene.second)
    # What an earlier list left behind, an end that passed, is no revocation.
    scene.list_second(older)
    leaving.until_status(200)
    gone = scene.peer("00000099000000015000", scene.second)
    held = a_list(scene.second, gone.issued)
    scene.list_second(held)
    gone.until_status(400)
    forger = make_anchor("Tweede anker", Validity.of_days(datetime.now(UTC), 300))
    scene.list_second(a_list(forger, leaving.issued))
    until(lambda: scene.told("not signed by an authority"), 40, scene.serving.explain)
    assert leaving.knock()[0] == 200
    scene.list_second(older)
    until(lambda: scene.told("older than the one held"), 40, scene.serving.explain)
    scene.list_second(held)


def test_a_replaced_certificate_is_shown_without_a_restart(scene: Scene) -> None:
    peer = scene.peer("00000099000000003000")
    parts = scene.serving.remember()
    hosts = ("manager.proefdorp.test", "inway.proefdorp.test")
    made = issued(scene.anchor, "00000099000000001000", *hosts)
    scene.replace(made.certificate_pem, made.key_pem)
    until(lambda: _shown(peer) == made.certificate, 40, scene.serving.explain)
    assert scene.serving.process.pid in parts
    assert scene.serving.health()["status"] == "ready"
    assert all(part["restarts"] == 0 for part in scene.serving.health()["parts"].values())


def test_a_wrong_pair_changes_nothing_and_is_told(scene: Scene) -> None:
    peer = scene.peer("00000099000000003000")
    identity = scene.serving.settings.identity
    right = identity.certificate.read_bytes(), identity.key.read_bytes()
    held = x509.load_pem_x509_certificate(right[0])
    # A worker of the settings before these may take one more connection before it closes.
    until(lambda: _shown(peer) == held, 40, scene.serving.explain)
    hosts = ("manager.proefdorp.test", "inway.proefdorp.test")
    other = issued(scene.anchor, "00000099000000001000", *hosts)
    strange = issued(scene.anchor, "00000099000000002000", *hosts)
    try:
        scene.replace(other.certificate_pem, right[1])
        until(lambda: scene.told("does not belong to the certificate"), 40, scene.serving.explain)
        scene.replace(strange.certificate_pem, strange.key_pem)
        until(lambda: scene.told("is of OIN 00000099000000002000"), 40, scene.serving.explain)
        for _ in range(5):
            assert _shown(peer) not in (other.certificate, strange.certificate)
        until(lambda: _shown(peer) == held, 40, scene.serving.explain)
    finally:
        scene.replace(*right)


def test_a_new_anchor_counts_without_a_restart(scene: Scene) -> None:
    """Its list must come with it: with lists, an authority without one is not believed."""
    third = make_anchor("Derde anker", Validity.of_days(datetime.now(UTC), 300))
    late = scene.peer("00000099000000012000", third)
    assert late.knock()[0] == 400
    both = scene.second.certificate_pem + third.certificate_pem
    (scene.folder / "second.crt").write_bytes(both)
    scene.list_second(a_list(third))
    late.until_status(200)
    # A worker of the former settings may take one more connection before it closes.
    assert REFUSED in scene.peer("00000099000000014000", scene.second).until_status(400)


def _shown(peer: Peer) -> x509.Certificate:
    assert peer.knock()[0] == 200
    return peer.seen[-1]
