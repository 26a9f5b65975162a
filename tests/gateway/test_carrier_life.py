# SPDX-License-Identifier: EUPL-1.2
"""A carrier in the course of time: reload, revocation, limits, and the doors without decision."""

from __future__ import annotations

import dataclasses
import http.client
import json
import os
import ssl
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.gateway.gateway_rig import (
    NGINX,
    NGINX_VERSION,
    Anchor,
    Caller,
    Carrier,
    Leaf,
    Party,
    client_context,
    http_answer,
    start_party,
)
from tests.ports import free_port

from landschap.gateway.carrier import render
from landschap.gateway.plan import (
    CarrierPlan,
    InwayDoor,
    Listen,
    ManagerDoor,
    OutwayDoor,
    ServiceUpstream,
    WebDoor,
)


@dataclasses.dataclass
class Place:
    """A folder with a decider that permits, and a plan to build upon."""

    folder: Path
    decider: Party
    service: Party
    plan: CarrierPlan
    carriers: list[Carrier]

    def start(self, **doors: object) -> Carrier:
        carrier = Carrier(dataclasses.replace(self.plan, **doors))  # type: ignore[arg-type]  # names of doors
        self.carriers.append(carrier)
        return carrier

    def inway(self, **more: object) -> InwayDoor:
        services = (ServiceUpstream(service="demo", server=self.service.address),)
        listen = Listen(host="127.0.0.1", port=free_port())
        return dataclasses.replace(InwayDoor(listen=listen, services=services), **more)  # type: ignore[arg-type]  # names of fields


@pytest.fixture
def place(
    gateway_folder: Path, group_anchor: Anchor, weesp: Leaf, tmp_path: Path
) -> Iterator[Place]:
    folder = gateway_folder / tmp_path.name[-20:]
    folder.mkdir()
    decider, service = start_party(folder / "decide.sock"), start_party()
    decider.answer_with(http_answer(200, {"X-Fsc-Service": "own-demo"}))
    plan = CarrierPlan(
        run=folder / "run",
        logs=folder / "log",
        decide_socket=folder / "decide.sock",
        tls=group_anchor.tls(weesp),
        nginx_version=NGINX_VERSION,
        worker_user="root" if os.geteuid() == 0 else None,
    )
    made = Place(folder, decider, service, plan, [])
    yield made
    for carrier in made.carriers:
        carrier.stop()
    decider.stop()
    service.stop()


def test_reload_shows_a_new_service_and_keeps_the_old_answers(
    place: Place, group_anchor: Anchor, doesburg: Leaf
) -> None:
    door = place.inway(services=())
    carrier = place.start(inway=door)
    caller = Caller("127.0.0.1", door.listen.port, client_context(group_anchor, doesburg))
    assert caller.ask()[0] == 502
    carrier.reload(dataclasses.replace(carrier.plan, inway=place.inway(listen=door.listen)))
    assert caller.ask()[0] == 200


@pytest.mark.case("S-45")
def test_revoked_certificate_is_refused_after_the_next_reload(
    place: Place, group_anchor: Anchor
) -> None:
    leaf = group_anchor.leaf("leaving", "00000099000000003000", "Gemeente Weg", "weg.test")
    door = place.inway()
    tls = dataclasses.replace(place.plan.tls, crl=group_anchor.revocation_list())
    carrier = place.start(inway=door, tls=tls)
    caller = Caller("127.0.0.1", door.listen.port, client_context(group_anchor, leaf))
    assert caller.ask()[0] == 200
    group_anchor.revocation_list(leaf)
    # Another plan, so that the version shows when the reload has happened.
    carrier.reload(dataclasses.replace(carrier.plan, header_timeout_seconds=11))
    status, _, body = caller.ask()
    assert status == 400
    assert json.loads(body)["code"] == "ERROR_CODE_PEER_CERTIFICATE_VERIFICATION_FAILED"


def test_ended_revocation_list_refuses_everyone(
    place: Place, group_anchor: Anchor, doesburg: Leaf
) -> None:
    """Better nobody than somebody revoked; the ends of lists are warned of long before."""
    ended = group_anchor.revocation_list(ended=True)
    door = place.inway()
    place.start(inway=door, tls=dataclasses.replace(place.plan.tls, crl=ended))
    caller = Caller("127.0.0.1", door.listen.port, client_context(group_anchor, doesburg))
    assert caller.ask()[0] == 400
    assert not place.decider.heard


def test_new_certificate_is_shown_after_a_reload(
    place: Place, group_anchor: Anchor, doesburg: Leaf
) -> None:
    door = place.inway()
    carrier = place.start(inway=door)
    caller = Caller("127.0.0.1", door.listen.port, client_context(group_anchor, doesburg))

    def shown() -> bytes | None:
        with caller.connect() as connection:
            assert isinstance(connection, ssl.SSLSocket)
            return connection.getpeercert(binary_form=True)

    before = shown()
    fresh = group_anchor.leaf("renewed", "00000099000000001000", "Gemeente Weesp", "door.test")
    carrier.reload(dataclasses.replace(carrier.plan, tls=group_anchor.tls(fresh)))
    assert before != shown() == fresh.der


def test_reload_under_load_gives_no_wrong_answer(
    place: Place, group_anchor: Anchor, doesburg: Leaf
) -> None:
    """Kept connections: none is closed under a question, where nginx can promise it."""
    door = place.inway()
    carrier = place.start(inway=door)
    context = client_context(group_anchor, doesburg)
    end = time.monotonic() + 4
    answers: Counter[object] = Counter()

    def ask_on() -> None:
        connection = kept(door.listen.port, context)
        while time.monotonic() < end:
            try:
                connection.request("GET", "/x")
                answers[connection.getresponse().read()] += 1
            except (OSError, http.client.HTTPException):
                answers["closed"] += 1
                connection.close()

    askers = [threading.Thread(target=ask_on) for _ in range(6)]
    for each in askers:
        each.start()
    for number in range(4):
        changed = dataclasses.replace(carrier.plan, header_timeout_seconds=11 + number)
        carrier.reload(changed)
    for each in askers:
        each.join()
    closed = answers.pop("closed", 0)
    assert set(answers) == {b"ok"}
    assert answers[b"ok"] > 50
    if carrier.plan.knows((1, 27, 4)):
        assert closed == 0


def kept(port: int, context: ssl.SSLContext) -> http.client.HTTPSConnection:
    """A connection that is kept open between questions."""
    made = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=10)
    context.check_hostname = False
    return made


def test_key_of_another_certificate_is_refused_before_a_reload(
    place: Place, doesburg: Leaf
) -> None:
    carrier = place.start(inway=place.inway())
    wrong = dataclasses.replace(place.plan.tls, key=doesburg.key_file)
    file = place.folder / "wrong.conf"
    file.write_text(render(dataclasses.replace(carrier.plan, tls=wrong)).text)
    done = subprocess.run([NGINX, "-t", "-c", file], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "key values mismatch" in done.stderr


@pytest.mark.parametrize(
    "version", [v for v in ((1, 22, 1), (1, 27, 4), (1, 31, 3)) if v <= NGINX_VERSION]
)
def test_every_supported_version_gets_a_text_that_the_nginx_at_hand_accepts(
    place: Place, version: tuple[int, int, int]
) -> None:
    """The younger nginx still reads the older text; only a word about http2 is said to be old."""
    listen = Listen(host="127.0.0.1", port=free_port())
    carrier = place.start(
        nginx_version=version,
        inway=place.inway(peer_requests_per_second=10),
        outway=OutwayDoor(listen=listen),
    )
    assert "syntax is ok" in carrier.check()


def test_peer_over_its_rate_gets_429_and_no_decision(
    place: Place, group_anchor: Anchor, doesburg: Leaf, weesp: Leaf
) -> None:
    door = place.inway(peer_requests_per_second=1, peer_burst=2)
    place.start(inway=door)
    caller = Caller("127.0.0.1", door.listen.port, client_context(group_anchor, doesburg))
    answers = [caller.ask() for _ in range(6)]
    assert [status for status, _, _ in answers].count(200) in (3, 4)
    status, headers, body = answers[-1]
    assert status == 429
    assert headers["fsc-error-code"] == json.loads(body)["code"] == "ERROR_CODE_RATE_LIMITED"
    assert len(place.decider.heard) in (3, 4)
    other = Caller("127.0.0.1", door.listen.port, client_context(group_anchor, weesp))
    assert other.ask()[0] == 200


def test_body_over_the_largest_any_service_takes_gets_413(
    place: Place, group_anchor: Anchor, doesburg: Leaf
) -> None:
    door = place.inway(max_body_bytes=10)
    place.start(inway=door)
    caller = Caller("127.0.0.1", door.listen.port, client_context(group_anchor, doesburg))
    assert caller.ask(method="POST", body=b"x" * 10)[0] == 200
    status, headers, body = caller.ask(method="POST", body=b"x" * 11)
    assert status == 413
    assert headers["fsc-error-code"] == json.loads(body)["code"] == "ERROR_CODE_BODY_TOO_LARGE"
    assert len(place.service.heard) == 1


def test_manager_learns_the_certificate_from_nginx_only(
    place: Place, group_anchor: Anchor, doesburg: Leaf
) -> None:
    manager = start_party(place.folder / "manager.sock")
    listen = Listen(host="127.0.0.1", port=free_port())
    place.start(manager=ManagerDoor(listen=listen, socket=place.folder / "manager.sock"))
    caller = Caller("127.0.0.1", listen.port, client_context(group_anchor, doesburg))
    forged = {"X-Peer-Cert": "forged", "X_Peer_Cert": "forged", "Permit": "forged"}
    status, _, _ = caller.ask("/v1/peers", headers={**forged, "Fsc-Manager-Address": "https://x"})
    arrived = manager.heard[0].headers
    manager.stop()
    assert status == 200
    assert arrived["x-peer-cert"].startswith("-----BEGIN%20CERTIFICATE-----")
    assert arrived["fsc-manager-address"] == "https://x"
    assert "permit" not in arrived
    assert "x_peer_cert" not in arrived
    assert Caller("127.0.0.1", listen.port, client_context(group_anchor)).ask()[0] == 400


def test_pages_learn_nothing_trusted_from_the_browser_and_answer_to_one_name(place: Place) -> None:
    people = start_party(place.folder / "people.sock")
    listen = Listen(host="127.0.0.1", port=free_port())
    web = WebDoor(
        listen=listen,
        server_name="weesp.localhost",
        socket=place.folder / "people.sock",
        tls=False,
    )
    place.start(web=web)
    caller = Caller("127.0.0.1", listen.port)
    request = (
        f"GET /mijn HTTP/1.1\r\nHost: weesp.localhost:{listen.port}\r\nConnection: close\r\n"
        "Cookie: session=1\r\nPermit: forged\r\nX-Peer-Cert: forged\r\nFsc-Authorization: x\r\n"
        "X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\n\r\n"
    )
    assert caller.raw(request.encode())[0] == 200
    arrived = people.heard[0].headers
    people.stop()
    assert arrived == {
        "host": f"weesp.localhost:{listen.port}",
        "cookie": "session=1",
        "x-forwarded-for": "127.0.0.1",
        "x-forwarded-proto": "http",
    }
    assert caller.ask()[0] == 421


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_only_a_form_with_files_may_be_large(place: Place, prefix: str) -> None:
    people = start_party(place.folder / "people.sock")
    listen = Listen(host="127.0.0.1", port=free_port())
    socket = place.folder / "people.sock"
    place.start(web=WebDoor(listen=listen, server_name="weesp.localhost", socket=socket, tls=False))
    caller, size = Caller("127.0.0.1", listen.port), 6_000_000

    def posted(path: str) -> int:
        head = (
            f"POST {prefix}{path} HTTP/1.1\r\nHost: weesp.localhost:{listen.port}\r\n"
            f"Connection: close\r\nContent-Length: {size}\r\n\r\n"
        )
        return caller.raw(head.encode() + bytes(size))[0]

    assert posted("/gegevens/postadressen/postadres/abc/huisnummer/fout") == 200
    assert len(people.heard[0].body) == size
    people.stop()
    head = f"POST {prefix}/meldingen/1 HTTP/1.1\r\nHost: weesp.localhost:{listen.port}\r\n"
    refused = caller.raw(f"{head}Connection: close\r\nContent-Length: {size}\r\n\r\n".encode())
    assert refused[0] == 413
