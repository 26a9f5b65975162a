# SPDX-License-Identifier: EUPL-1.2
"""What somebody had typed when their session was over: kept sealed until they are back.

A room whose forms are kept has a table ``draft`` in its own schema and hands its own pool; what a
draft holds is a struct of that room. It is kept for a day at most, and given back once.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import asyncpg
import msgspec

from landschap.platform.web.sealed import NONCE_BYTES, seal, session_hash, unseal

KEPT = timedelta(days=1)
_FORGOTTEN_AT_ONCE = 200
_LABEL = b"landschap.draft\x1f"

D = TypeVar("D", bound=msgspec.Struct)

_KEEP = """
WITH forgotten AS (
    DELETE FROM draft WHERE draft_hash IN (
        SELECT draft_hash FROM draft WHERE kept_at < $3::timestamptz - $4::interval LIMIT $5))
INSERT INTO draft (draft_hash, sealed, kept_at) VALUES ($1, $2, $3)
"""
_TAKE = """
DELETE FROM draft WHERE draft_hash = $1 AND kept_at > $2::timestamptz - $3::interval
RETURNING sealed
"""


async def keep(pool: asyncpg.Pool, key: bytes, draft: msgspec.Struct) -> str:
    """Keep a draft; returns the token for the cookie."""
    token = secrets.token_urlsafe(32)
    hashed = session_hash(token)
    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed = seal(msgspec.json.encode(draft), key, _LABEL + hashed, nonce)
    await pool.execute(_KEEP, hashed, sealed, datetime.now(UTC), KEPT, _FORGOTTEN_AT_ONCE)
    return token


async def take(pool: asyncpg.Pool, key: bytes, token: str, kind: type[D]) -> D | None:
    """The draft of a cookie, which is forgotten with it; None when there is none any more."""
    hashed = session_hash(token)
    sealed = await pool.fetchval(_TAKE, hashed, datetime.now(UTC), KEPT)
    value = None if sealed is None else unseal(sealed, key, _LABEL + hashed)
    return None if value is None else msgspec.json.decode(value, type=kind)
