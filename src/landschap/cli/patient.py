# SPDX-License-Identifier: EUPL-1.2
"""A peer that the doctor looks at."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

import asyncpg

from landschap.fsc.certificates import PeerCertificate
from landschap.fsc.own import OwnPeer
from landschap.platform.credentials import Credentials
from landschap.platform.settings import Settings
from landschap.vocabulary.identifiers import PeerId


@dataclass(slots=True, kw_only=True)
class Patient:
    """The peer that is looked at, and what was found out so far.

    ``listed`` is the address the directory has; ``trusted``: its certificate is as it should be;
    ``lost``: nothing more can be seen.
    """

    settings: Settings
    own: OwnPeer
    credentials: Credentials
    pool: asyncpg.Pool
    peer_id: PeerId | None
    address: str = ""
    listed: str | None = None
    trusted: bool = False
    lost: bool = False
    certificate: PeerCertificate | None = None
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def host(self) -> str:
        """The host name of its Manager."""
        return urlsplit(self.address).hostname or ""

    @property
    def port(self) -> int:
        """The port of its Manager."""
        return urlsplit(self.address).port or 443

    @property
    def who(self) -> str:
        """How to name it to a person."""
        return f"peer {self.peer_id}" if self.peer_id else self.address
