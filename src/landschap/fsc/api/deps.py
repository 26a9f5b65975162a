# SPDX-License-Identifier: EUPL-1.2
"""What the Manager needs from the outside, and who is asking it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

import asyncpg
from litestar import Request

from landschap.fsc.addresses import read_address
from landschap.fsc.certificates import PeerCertificate, read_pem
from landschap.fsc.client import ManagerClient, Memberships
from landschap.fsc.codes import Code, refused
from landschap.fsc.grants import GrantType
from landschap.fsc.own import OwnPeer
from landschap.vocabulary.identifiers import PeerId
from landschap.vocabulary.problems import InvalidValue, ProblemError, Refusal

CERTIFICATE_HEADER = "x-peer-cert"
ADDRESS_HEADER = "fsc-manager-address"


@dataclass(slots=True, kw_only=True)
class ManagerDeps:
    """The Manager's surroundings; ``own`` changes when our certificate is replaced.

    ``pool`` is of role ``landschap_fsc``, ``log_pool`` of a role that may read the log;
    ``offered`` gives the names of the services that our Inways offer now, ``inway_of`` the address
    of one Inway that offers a service; without it there is one Inway. ``witnesses`` are the peers
    with which the ends of logs are exchanged; ``memberships`` knows who is in a Regulated Area.
    """

    pool: asyncpg.Pool
    log_pool: asyncpg.Pool
    own: OwnPeer
    client: ManagerClient
    offered: Callable[[], Awaitable[frozenset[str]]]
    auto_sign: frozenset[GrantType]
    token_ttl: timedelta
    inway_of: Callable[[str], Awaitable[str]] | None = None
    witnesses: frozenset[PeerId] = frozenset()
    memberships: Memberships = field(init=False)

    def __post_init__(self) -> None:
        self.memberships = Memberships(pool=self.pool, client=self.client, own=lambda: self.own)


def caller(request: Request[Any, Any, Any]) -> PeerCertificate:
    """The peer at the other end of the TLS connection.

    The carrier verified the chain and passes the certificate in ``X-Peer-Cert``, which it
    overwrites on every request; nothing but the carrier reaches this socket.
    Raises ProblemError for a certificate that chains to an anchor but can not be used.
    """
    found = _read(request.headers.get(CERTIFICATE_HEADER, ""))
    if isinstance(found, Refusal):
        raise ProblemError(found)
    return found


def manager_address(request: Request[Any, Any, Any]) -> str:
    """The address of the caller's Manager. Raises ProblemError."""
    try:
        return read_address(request.headers.get(ADDRESS_HEADER, ""))
    except InvalidValue as error:
        raise ProblemError(
            refused(
                Code.MANAGER_ADDRESS, f"Fsc-Manager-Address: {error}", missing="Fsc-Manager-Address"
            )
        ) from None


@lru_cache(maxsize=512)
def _read(escaped: str) -> PeerCertificate | Refusal:
    if not escaped:
        return refused(Code.CERTIFICATE, "there is no client certificate")
    try:
        return read_pem(unquote(escaped).encode("ascii", "replace"))
    except InvalidValue as error:
        return refused(Code.CERTIFICATE, str(error))
