# SPDX-License-Identifier: EUPL-1.2
"""Who a visit is of and where letters go, sealed so that this organisation alone can read it."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import msgspec

from landschap.console.desk import Whom
from landschap.platform.web.sealed import seal, unseal_any

_LABEL = b"landschap.desk.visit\x1f"


def seal_whom(whom: Whom, visit: UUID, key: bytes, nonce: bytes) -> bytes:
    """The sealed form. ``nonce`` is twelve random bytes."""
    return seal(msgspec.json.encode(whom), key, _LABEL + visit.bytes, nonce)


def unseal_whom(sealed: bytes | None, visit: UUID, keys: Iterable[bytes]) -> Whom | None:
    """The person of a visit; None when that was wiped, or no key opens it."""
    value = None if sealed is None else unseal_any(sealed, keys, _LABEL + visit.bytes)
    return None if value is None else msgspec.json.decode(value, type=Whom)
