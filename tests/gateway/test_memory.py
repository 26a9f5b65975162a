# SPDX-License-Identifier: EUPL-1.2
"""What a decider remembers is bounded, and a declaration counts once."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.gateway.gateway_rig import Leaf
from tests.gateway.gateway_scene import escaped

from landschap.fsc.certificates import PeerCertificate, peer_certificate
from landschap.gateway.memory import Bounded, Memory, Replays
from landschap.logboek.declarations import UsedDeclaration

ASKER = "00000099000000002000"


@given(st.lists(st.integers(0, 30), max_size=200))
def test_bounded_never_holds_more_than_its_limit_and_always_the_last(keys: list[int]) -> None:
    held: Bounded[int, int] = Bounded(8)
    for key in keys:
        assert held.keep(key, key) == key
        assert held.get(key) == key
        assert len(held) <= 8


def used(number: int, span: bytes = b"a", *, until: int = 100, by: str = ASKER) -> UsedDeclaration:
    return UsedDeclaration(by, UUID(int=number), span, datetime.fromtimestamp(until, UTC))


@pytest.mark.case("A6")
def test_declaration_with_another_span_is_a_replay_and_with_the_same_a_retry() -> None:
    replays = Replays()
    assert not replays.is_replay(used(1), 0)
    assert not replays.is_replay(used(1), 1)
    assert replays.is_replay(used(1, b"b"), 99)


def test_declaration_is_forgotten_when_it_has_expired_and_not_before() -> None:
    replays = Replays()
    assert not replays.is_replay(used(1), 0)
    assert not replays.is_replay(used(2, until=200), 99)
    assert len(replays) == 2
    assert not replays.is_replay(used(3, until=300), 100)
    assert len(replays) == 2
    assert replays.is_replay(used(2, b"b", until=200), 150)


def test_declaration_that_is_signed_anew_is_known_until_the_new_one_expires() -> None:
    replays = Replays()
    assert not replays.is_replay(used(1), 0)
    assert not replays.is_replay(used(1, until=200), 50)
    assert replays.is_replay(used(1, b"b", until=200), 150)


def test_what_the_log_says_of_a_declaration_counts_over_what_was_seen() -> None:
    replays = Replays()
    mine = used(1, b"mine")
    assert not replays.is_replay(mine, 0)
    replays.learn(mine, b"theirs")
    assert replays.is_replay(mine, 1)
    assert not replays.is_replay(used(1, b"theirs"), 1)


def test_same_number_of_another_organisation_is_another_declaration() -> None:
    replays = Replays()
    assert not replays.is_replay(used(1), 0)
    assert not replays.is_replay(used(1, b"b", by="00000099000000003000"), 0)


def test_replays_stay_within_their_limit() -> None:
    replays = Replays(limit=10)
    for number in range(100):
        assert not replays.is_replay(used(number, until=1000), 0)
        assert len(replays) <= 10
    assert replays.is_replay(used(99, b"b", until=1000), 0)


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
