# SPDX-License-Identifier: EUPL-1.2
"""Ports of loopback that stay ours from choosing until another program listens on them.

A port of the range that the kernel deals out may be dealt, after it was found free, to anybody's
next connection; nginx then finds it taken. So ports come from below that range, and each is claimed
by a name that only one process of this machine can hold, until that process ends.
"""

from __future__ import annotations

import itertools
import os
import socket
from pathlib import Path

_LOWEST = 12_000
_claims: list[socket.socket] = []


def free_port(address: str = "127.0.0.1") -> int:
    """A port that nobody listens on and that no other test gets."""
    for port in _candidates:
        if _claimed(port) and _unused(address, port):
            return port
    raise RuntimeError("every port for tests is taken: which programs of an earlier run still go?")


def free_ports(count: int) -> list[int]:
    """As many of them."""
    return [free_port() for _ in range(count)]


def _range() -> range:
    told = Path("/proc/sys/net/ipv4/ip_local_port_range")
    dealt_from = int(told.read_text().split()[0]) if told.exists() else 32_768
    return range(_LOWEST, dealt_from if dealt_from > _LOWEST + 2_000 else 32_768)


def _claimed(port: int) -> bool:
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"\0landschap-test-port-{port}")
    except OSError:
        claim.close()
        return False
    _claims.append(claim)
    return True


def _unused(address: str, port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


def _from_a_place_of_our_own() -> itertools.chain[int]:
    ports = _range()
    start = os.getpid() * 97 % len(ports)
    return itertools.chain(ports[start:], ports[:start])


_candidates = _from_a_place_of_our_own()
