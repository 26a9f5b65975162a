# SPDX-License-Identifier: EUPL-1.2
"""Asking other Managers, and reading our own certificate and key."""

from landschap.fsc.client.following import Identity
from landschap.fsc.client.manager import (
    Destination,
    FetchedToken,
    HostMap,
    ManagerClient,
    PeerRefused,
    PeerUnreachable,
)
from landschap.fsc.client.membership import Memberships, MembershipUnknown
from landschap.fsc.client.own import own_peer

__all__ = [
    "Destination",
    "FetchedToken",
    "HostMap",
    "Identity",
    "ManagerClient",
    "MembershipUnknown",
    "Memberships",
    "PeerRefused",
    "PeerUnreachable",
    "own_peer",
]
