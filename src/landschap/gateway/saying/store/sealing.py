# SPDX-License-Identifier: EUPL-1.2
"""Who asked and why, sealed so that this organisation alone can read it: for who decides."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import msgspec

from landschap.platform.web.sealed import seal, unseal_any

_LABEL = b"landschap.request"
_COPY = b"landschap.copy\x1f"
_SENT = b"landschap.statement\x1f"


class Person(msgspec.Struct, frozen=True):
    """The person of a request, and their words. ``contact`` is where a letter goes."""

    bsn: str
    name: str
    reason: str
    contact: str = ""

    def __repr__(self) -> str:
        return "Person()"


def seal_person(person: Person, key: bytes, nonce: bytes) -> bytes:
    """The sealed form. ``nonce`` is twelve random bytes."""
    return seal(msgspec.json.encode(person), key, _LABEL, nonce)


def unseal_person(sealed: bytes, keys: Iterable[bytes]) -> Person | None:
    """The person; None when none of the keys opens it."""
    value = unseal_any(sealed, keys, _LABEL)
    return None if value is None else msgspec.json.decode(value, type=Person)


def seal_copy(archive: bytes, request: UUID, key: bytes, nonce: bytes) -> bytes:
    """The copy of their data for one person, until they fetched it."""
    return seal(archive, key, _COPY + request.bytes, nonce)


def unseal_copy(sealed: bytes, request: UUID, keys: Iterable[bytes]) -> bytes | None:
    """The archive; None when no key opens it, or it is of another request."""
    return unseal_any(sealed, keys, _COPY + request.bytes)


def seal_statement(compact: str, peer: str, key: bytes, nonce: bytes) -> bytes:
    """A signed statement while it is on its way to one organisation."""
    return seal(compact.encode(), key, _SENT + peer.encode(), nonce)


def unseal_statement(sealed: bytes, peer: str, keys: Iterable[bytes]) -> str | None:
    """The statement; None when no key opens it, or it is for another organisation."""
    value = unseal_any(sealed, keys, _SENT + peer.encode())
    return None if value is None else value.decode()
