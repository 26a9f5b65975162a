# SPDX-License-Identifier: EUPL-1.2
"""The content of a record, closed to whoever keeps the database.

    stored = 0x00 0x01 | key name (8) | commitment (16) | nonce (12) | AES-256-GCM of the content

Each record has a key of its own, made of the key of the log and the record's identifier, so that
one record can be opened for somebody without opening another. The commitment tells a wrong key from
damage, and that no other key opens it. What stands before the nonce, the identifier and the OIN are
authenticated with it: content that is moved to another record or organisation does not open. The
content is filled up with zeros to a multiple of 256 bytes, so that its size tells little.

A payload in the open begins with "{" or, where it has a form, with a digit: never with zero.
Source: NIST SP 800-38D; RFC 5869 for a key per purpose (one HMAC-SHA-256 is enough here).
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from hashlib import sha256
from typing import Protocol
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from landschap.vocabulary.problems import Fault, ProblemError, Refusal

_MARK = b"\x00\x01"
_NAMED = len(_MARK) + 8
_HEADER = _NAMED + 16
_NONCE_BYTES = 12
_BLOCK = 256
_LABEL = b"landschap log record\x00"
_COMMITS = b"landschap log commits\x00"
_SEEN = b"landschap log seen\x00"

Close = Callable[[UUID, bytes], bytes]
"""What stores the content of the record with this identifier."""


class Keys(Protocol):
    """What opens the records of one organisation."""

    oin: str

    def find(self, key_id: bytes) -> bytes | None:
        """The key that records name so; None when it is not here."""
        ...


class NotOpened(ProblemError):
    """A sealed record that can not be opened here; that it stands in the log is still proved."""

    def __init__(self, record_id: UUID, why: str) -> None:
        super().__init__(
            Refusal(
                code="log_record_closed",
                status=503,
                title="What this record says can not be read",
                detail=f"Record {record_id} {why}. That it stands in the log as it was written, "
                "when, with which party and about which pseudonym, is still proved: "
                "`landschap verify log`.",
                missing="the key that it was sealed with",
                owner="the administrator of this organisation, who keeps the secrets folder",
                fault=Fault.OURS,
            )
        )


def is_sealed(stored: bytes) -> bool:
    """True for content that is closed."""
    return stored.startswith(_MARK)


def key_named_in(stored: bytes) -> bytes:
    """The name of the key of sealed content."""
    return stored[len(_MARK) : _NAMED]


def closer(key: bytes, key_id: bytes, oin: str, nonce_of: Callable[[int], bytes]) -> Close:
    """What seals the records of an organisation with one key of the log, named ``key_id``.

    ``nonce_of`` gives so many random bytes, new each time.
    """
    begin = _MARK + key_id
    keyed = hmac.new(key, _LABEL, "sha256")  # begun once: a third of the price of each

    def close(record_id: UUID, payload: bytes) -> bytes:
        made = keyed.copy()
        made.update(record_id.bytes)
        own = made.digest()
        header = begin + _commitment(own)
        nonce = nonce_of(_NONCE_BYTES)
        filled = payload + bytes(-len(payload) % _BLOCK)
        return header + nonce + AESGCM(own).encrypt(nonce, filled, _bound(header, record_id, oin))

    return close


def opened(stored: bytes, record_id: UUID, keys: Keys | None) -> bytes:
    """The content of a sealed record. Raises NotOpened."""
    own = own_key(record_id, stored, keys)
    if own is None or keys is None:
        name = key_named_in(stored).hex()
        raise NotOpened(record_id, f"was sealed with key {name} of the log, which is not here")
    return opened_alone(stored, record_id, keys.oin, own)


def own_key(record_id: UUID, stored: bytes, keys: Keys | None) -> bytes | None:
    """The key of this record alone; None when the key of the log is not here."""
    key = None if keys is None else keys.find(key_named_in(stored))
    return None if key is None else _own_key(key, record_id)


def opened_alone(stored: bytes, record_id: UUID, oin: str, own: bytes) -> bytes:
    """The content, with the key of this record alone. Raises NotOpened."""
    found = _decrypted(stored, record_id, oin, own)
    if found is None:
        raise NotOpened(
            record_id,
            f"names key {key_named_in(stored).hex()} of the log and does not open with it: it was "
            "changed, or sealed for another record or organisation",
        )
    return found.rstrip(b"\x00")


def seen_key(key: bytes) -> bytes:
    """What a delivered line is hashed with, so that the hash can not be guessed without it."""
    return hmac.digest(key, _SEEN, "sha256")


def _decrypted(stored: bytes, record_id: UUID, oin: str, own: bytes) -> bytes | None:
    header, rest = stored[:_HEADER], stored[_HEADER:]
    if header[_NAMED:] != _commitment(own):
        return None
    nonce, closed = rest[:_NONCE_BYTES], rest[_NONCE_BYTES:]
    try:
        return AESGCM(own).decrypt(nonce, closed, _bound(header, record_id, oin))
    except (InvalidTag, ValueError):
        return None


def _own_key(key: bytes, record_id: UUID) -> bytes:
    return hmac.digest(key, _LABEL + record_id.bytes, "sha256")


def _commitment(own: bytes) -> bytes:
    return sha256(_COMMITS + own).digest()[: _HEADER - _NAMED]


def _bound(header: bytes, record_id: UUID, oin: str) -> bytes:
    return header + record_id.bytes + oin.encode()
