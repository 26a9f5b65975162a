# SPDX-License-Identifier: EUPL-1.2
"""The client talks to the peer it means, within limits, and goes nowhere it should not."""

from __future__ import annotations

import socket
from dataclasses import replace

import pytest
from tests.fsc import fsc_rig as rig
from tests.fsc.manager_rig import Group, Manager, serve, write_identity

from landschap.fsc import store
from landschap.fsc.client import Destination, HostMap, PeerRefused, PeerUnreachable
from landschap.vocabulary.identifiers import PeerId


@pytest.fixture
def asker(group: Group) -> Manager:
    return group.managers[rig.DOESBURG]


async def test_the_client_talks_to_the_peer_it_means_and_to_no_other(
    group: Group, weesp: Manager, asker: Manager
) -> None:
    right = Destination(peer_id=PeerId(rig.WEESP), address=weesp.address)
    assert await asker.client.name(right) == "Gemeente Weesp"
    wrong = Destination(peer_id=PeerId(rig.PROVINCE), address=weesp.address)
    with pytest.raises(PeerUnreachable, match=rig.WEESP):
        await asker.client.announce(wrong)
    assert await store.peer(weesp.pool, PeerId(rig.DOESBURG)) is None


async def test_the_client_refuses_a_server_of_another_group(
    group: Group, weesp: Manager, asker: Manager
) -> None:
    stranger = rig.own_peer(rig.Authority(name="Ander anker"), rig.WEESP)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    identity = write_identity(group.folder / "vreemd", stranger)
    other = Manager(
        own=stranger,
        settings=replace(weesp.settings, identity=identity),
        folder=group.folder / "vreemd",
        pool=weesp.pool,
        log_pool=weesp.log_pool,
    )
    other.client = weesp.client
    async with serve(other, listener):
        to = Destination(peer_id=PeerId(rig.WEESP), address=f"https://weesp.test:{port}")
        with pytest.raises(PeerUnreachable, match=r"(?i)certificate") as caught:
            await asker.client.name(to)
        assert "object at" not in str(caught.value)


async def test_a_peer_that_does_not_answer_is_told_of_in_words(asker: Manager) -> None:
    with socket.socket() as bound:  # bound and not listening: nobody else can take it
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        to = Destination(peer_id=PeerId(rig.WEESP), address=f"https://weesp.test:{port}")
        with pytest.raises(
            PeerUnreachable, match=rf"cannot connect to weesp\.test:{port}: "
        ) as caught:
            await asker.client.name(to)
    assert "object at" not in str(caught.value)


async def test_a_refusal_of_a_peer_carries_its_code(
    group: Group, weesp: Manager, asker: Manager
) -> None:
    to = Destination(peer_id=PeerId(rig.WEESP), address=weesp.address)
    tree = rig.content(rig.connection_grant(rig.DOESBURG, rig.PROVINCE, "a" * 64))
    with pytest.raises(PeerRefused, match="RECEIVING_PEER") as caught:
        await asker.client.deliver(to, rig.contract(tree), "submit", "x.y.z")
    assert caught.value.permanent
    with pytest.raises(PeerRefused, match="invalid_grant"):
        await asker.client.token(to, rig.contract(tree).grants[0].hash)


@pytest.mark.parametrize(
    ("addresses", "allowed"),
    [
        (["127.0.0.1"], False),
        (["10.1.2.3"], False),
        (["::1"], False),
        (["fd00::1"], False),
        (["169.254.169.254"], False),
        (["93.184.216.34", "192.168.1.1"], False),
        ([], False),
        (["93.184.216.34"], True),
    ],
)
def test_a_private_address_is_reached_only_when_it_was_configured(
    addresses: list[str], allowed: bool
) -> None:
    strict = HostMap({"bekend.test": "127.0.0.1"}, allow_private=False)
    strict.check("bekend.test", addresses)
    HostMap({}, allow_private=True).check("vreemd.test", addresses)
    if allowed:
        strict.check("vreemd.test", addresses)
    else:
        with pytest.raises(OSError, match="public address"):
            strict.check("vreemd.test", addresses)
