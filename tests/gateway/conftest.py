# SPDX-License-Identifier: EUPL-1.2
"""Certificates and one running carrier for the tests of the door."""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import pytest
from tests.gateway.gateway_rig import (
    NGINX_VERSION,
    Anchor,
    Caller,
    Carrier,
    Doors,
    Leaf,
    client_context,
    http_answer,
    start_party,
)
from tests.gateway.pair_rig import Pair, running_pair
from tests.ports import free_port
from tests.throwaway import Cluster

from landschap.gateway.plan import (
    CarrierPlan,
    InwayDoor,
    Listen,
    OutwayDoor,
    PeerUpstream,
    ServiceUpstream,
)

_numbers = count(1)
WEESP = "00000099000000001000"
DOESBURG = "00000099000000002000"


@pytest.fixture(scope="session")
def gateway_folder() -> Iterator[Path]:
    """A folder with a short path: a unix socket's path holds about a hundred bytes."""
    with tempfile.TemporaryDirectory(prefix="lgw-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="session")
def group_anchor(gateway_folder: Path) -> Anchor:
    return Anchor(gateway_folder / "pki", "anchor")


@pytest.fixture(scope="session")
def stranger_anchor(gateway_folder: Path) -> Anchor:
    return Anchor(gateway_folder / "foreign", "foreign")


@pytest.fixture(scope="session")
def weesp(group_anchor: Anchor) -> Leaf:
    return group_anchor.leaf("weesp", WEESP, "Gemeente Weesp", "door.test", "inway.weesp.test")


@pytest.fixture(scope="session")
def doesburg(group_anchor: Anchor) -> Leaf:
    return group_anchor.leaf("doesburg", DOESBURG, "Gemeente Doesburg", "outway.doesburg.test")


@pytest.fixture(scope="session")
def running_doors(
    gateway_folder: Path, group_anchor: Anchor, weesp: Leaf, doesburg: Leaf
) -> Iterator[Doors]:
    folder = gateway_folder / "c"
    folder.mkdir()
    decider = start_party(folder / "decide.sock")
    service = start_party()
    other = start_party(folder / "other.sock")
    server_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_tls.load_cert_chain(weesp.certificate_file, weesp.key_file)
    server_tls.load_verify_locations(group_anchor.file)
    server_tls.verify_mode = ssl.CERT_REQUIRED
    peer = start_party(tls=server_tls)
    peer_port = int(peer.address.rsplit(":", 1)[1])
    inway, outway = free_port(), free_port()
    services = (
        ServiceUpstream(service="demo", server=service.address),
        ServiceUpstream(service="other", server=other.address, headers=("Accept-Crs",)),
        ServiceUpstream(service="dead", server=f"127.0.0.1:{free_port()}"),
    )
    peers = (
        PeerUpstream(host="inway.weesp.test", port=peer_port, address="127.0.0.1"),
        PeerUpstream(host="other.weesp.test", port=peer_port, address="127.0.0.1"),
        PeerUpstream(host="gone.weesp.test", port=free_port(), address="127.0.0.1"),
    )
    plan = CarrierPlan(
        run=folder / "run",
        logs=folder / "log",
        decide_socket=folder / "decide.sock",
        tls=group_anchor.tls(weesp),
        nginx_version=NGINX_VERSION,
        worker_user="root" if os.geteuid() == 0 else None,
        inway=InwayDoor(listen=Listen(host="127.0.0.1", port=inway), services=services),
        outway=OutwayDoor(
            listen=Listen(host="127.0.0.1", port=outway), peers=peers, headers=("Accept-Crs",)
        ),
        header_timeout_seconds=2,
    )
    carrier = Carrier(plan)
    yield Doors(
        carrier,
        decider,
        service,
        other,
        peer,
        Caller("127.0.0.1", inway, client_context(group_anchor, doesburg)),
        Caller("127.0.0.1", outway),
        group_anchor,
        folder,
    )
    carrier.stop()
    for party in (decider, service, other, peer):
        party.stop()


@pytest.fixture
def doors(running_doors: Doors) -> Doors:
    """The running doors, with empty notebooks and a permitting decider."""
    for party in (
        running_doors.decider,
        running_doors.service,
        running_doors.other_service,
        running_doors.peer,
    ):
        party.heard.clear()
        party.answer_with(http_answer(200, body=b"ok"))
    running_doors.permit()
    return running_doors


@pytest.fixture(scope="module")
async def whole_pair(
    cluster: Cluster, gateway_folder: Path, group_anchor: Anchor, weesp: Leaf, doesburg: Leaf
) -> AsyncIterator[Pair]:
    """Two organisations that run, for the tests of one module together."""
    folder = gateway_folder / f"p{next(_numbers)}"
    leaves = {
        "weesp": group_anchor.leaf(
            "pair-weesp",
            WEESP,
            "Gemeente Weesp",
            "manager.weesp.test",
            "inway.weesp.test",
            "inway-b.weesp.test",
            "door.test",
        ),
        "doesburg": doesburg,
    }
    async with running_pair(cluster, folder, group_anchor, leaves) as pair:
        yield pair


@pytest.fixture
def pair(whole_pair: Pair) -> Pair:
    """Both organisations, with an empty notebook at the service."""
    whole_pair.service.heard.clear()
    whole_pair.service.answer_with(http_answer(200, body=b"data"))
    return whole_pair
