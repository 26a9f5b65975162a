# SPDX-License-Identifier: EUPL-1.2
"""What a session of the portal knows of the person in it."""

from __future__ import annotations

import msgspec


class Known(msgspec.Struct, frozen=True):
    """The person, the name to greet with, how they logged in."""

    bsn: str
    name: str
    level: str
    authenticated_at: int
    id_token: str

    def __repr__(self) -> str:
        return f"Known(level={self.level!r})"
