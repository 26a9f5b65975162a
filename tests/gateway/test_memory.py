# SPDX-License-Identifier: EUPL-1.2
"""What a decider remembers is bounded, and a declaration counts once."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.gateway.gateway_rig import Leaf
from tests.gateway.gateway_scene import escaped

from landschap.fsc.certificates import PeerCertificate, peer_certificate
from landschap.gateway.memory import Bounded, Memory, Replays


@given(st.lists(st.integers(0, 30), max_size=200))
def test_bounded_never_holds_more_than_its_limit_and_always_the_last(keys: list[int]) -> None:
    held: Bounded[int, int] = Bounded(8)
    for key in keys:
        assert held.keep(key, key) == key
        assert held.get(key) == key
        assert len(held) <= 8


def key(number: int, span: bytes = b"a") -> tuple[str, UUID, bytes]:
    return "00000099000000002000", UUID(int=number), span


@pytest.mark.case("A6")
def test_declaration_with_another_span_is_a_replay_and_with_the_same_a_retry() -> None:
    replays = Replays()
    assert not replays.is_replay(key(1), 100, 0)
    assert not replays.is_replay(key(1), 100, 1)
    assert replays.is_replay(key(1, b"b"), 100, 99)


def test_declaration_is_forgotten_when_it_has_expired_and_not_before() -> None:
    replays = Replays()
    assert not replays.is_replay(key(1), 100, 0)
    assert not replays.is_replay(key(2), 200, 99)
    assert len(replays) == 2
    assert not replays.is_replay(key(3), 300, 100)
    assert len(replays) == 2
    assert replays.is_replay(key(2, b"b"), 200, 150)


def test_same_number_of_another_organisation_is_another_declaration() -> None:
    replays = Replays()
    assert not replays.is_replay(key(1), 100, 0)
    other = ("00000099000000003000", UUID(int=1), b"b")
    assert not replays.is_replay(other, 100, 0)


def test_replays_stay_within_their_limit() -> None:
    replays = Replays(limit=10)
    for number in range(100):
        assert not replays.is_replay(key(number), 1000, 0)
        assert len(replays) <= 10
    assert replays.is_replay(key(99, b"b"), 1000, 0)


def test_certificate_is_read_once_and_an_unusable_one_is_remembered_too(doesburg: Leaf) -> None:
    memory = Memory()
    header = escaped(peer_certificate(doesburg.certificate))
    first = memory.certificate(header)
    assert isinstance(first, PeerCertificate)
    assert memory.certificate(header) is first
    wrong = memory.certificate("rubbish")
    assert isinstance(wrong, str)
    assert memory.certificate("rubbish") is wrong


def test_certificate_of_an_application_needs_no_oin(doesburg: Leaf) -> None:
    memory = Memory()
    header = escaped(peer_certificate(doesburg.certificate))
    assert memory.client_certificate(header) == peer_certificate(doesburg.certificate).thumbprint
    assert memory.client_certificate("rubbish") == ""
