# SPDX-License-Identifier: EUPL-1.2
"""Ports of loopback outside the range that the kernel deals out to connections."""

from __future__ import annotations

import random
import socket

# Linux deals from 32768: a port from there may be taken before the one it is for listens.
_BELOW_THE_DEALT = range(15_000, 32_000)


def free_port() -> int:
    """A port that nobody listens on now."""
    for port in random.sample(_BELOW_THE_DEALT, 200):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise RuntimeError("no free port between 15000 and 32000")
