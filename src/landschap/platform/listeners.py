# SPDX-License-Identifier: EUPL-1.2
"""Whether the addresses we want to listen on can be had, told before anything is started."""

from __future__ import annotations

import dataclasses
import errno
import socket

from landschap.platform.settings import ListenSettings
from landschap.platform.trouble import Trouble

_WORDS = {
    errno.EADDRINUSE: (
        "is already in use",
        "stop what listens there (ss -ltnp shows it), or change {key}",
    ),
    errno.EADDRNOTAVAIL: (
        "is no address of this machine",
        "change {key} to one of its addresses (ip address shows them)",
    ),
    errno.EACCES: (
        "needs more rights: ports below 1024 are for root",
        "choose a port from 1024 up in {key}, or grant CAP_NET_BIND_SERVICE",
    ),
}


def require_free(listen: ListenSettings) -> None:
    """Try each configured address. Raises Trouble that names all that cannot be had."""
    wrong = [
        found
        for each in dataclasses.fields(listen)
        if (address := getattr(listen, each.name)) is not None
        and (found := _attempt(f"listen.{each.name}", address)) is not None
    ]
    if wrong:
        raise Trouble(
            "; ".join(found.what for found in wrong),
            "; ".join(dict.fromkeys(found.remedy for found in wrong)),
        )


def is_free(address: str) -> bool:
    """True when this user can listen on ``host:port`` now."""
    return _attempt("", address) is None


def _attempt(key: str, address: str) -> Trouble | None:
    host, _, port = address.rpartition(":")
    family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # Connections of an earlier run that linger do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), int(port)))
            probe.listen(1)
        except OSError as error:
            number = error.errno or 0
            what, remedy = _WORDS.get(number, (f"cannot be used: {error.strerror}", "change {key}"))
            return Trouble(f"{key} {address} {what}", remedy.format(key=key))
    return None
