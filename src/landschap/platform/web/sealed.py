# SPDX-License-Identifier: EUPL-1.2
"""Values that only this organisation can read: what a session knows, what a login has begun.

AES-256-GCM; the label says what the value is for, so that one can not be put in another's place.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12


def seal(value: bytes, key: bytes, label: bytes, nonce: bytes) -> bytes:
    """The value, sealed. ``nonce`` is twelve random bytes, never used twice with this key."""
    return nonce + AESGCM(key).encrypt(nonce, value, label)


def unseal(sealed: bytes, key: bytes, label: bytes) -> bytes | None:
    """The value; None when it was changed, is for something else or made with another key."""
    nonce, rest = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    try:
        return AESGCM(key).decrypt(nonce, rest, label)
    except (InvalidTag, ValueError):
        return None


def unseal_any(sealed: bytes, keys: Iterable[bytes], label: bytes) -> bytes | None:
    """The value, by the first of these keys that opens it; None when none does."""
    opened = (unseal(sealed, key, label) for key in keys)
    return next((each for each in opened if each is not None), None)


def session_hash(token: str) -> bytes:
    """What the database knows a session by."""
    return hashlib.sha256(token.encode()).digest()


def form_token(key: bytes, session: bytes) -> str:
    """Proves that a form came from our own page in this session."""
    digest = hmac.digest(key, b"landschap.form\x1f" + session, "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def is_form_token(given: str, key: bytes, session: bytes) -> bool:
    """True when the form came from our own page in this session."""
    return hmac.compare_digest(given.encode(), form_token(key, session).encode())
