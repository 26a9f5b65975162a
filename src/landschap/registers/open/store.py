# SPDX-License-Identifier: EUPL-1.2
"""Keys for open data and their use per day. Of a key only the SHA-256 is kept."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from landschap.registers.open.keys import PREFIX, Key, Wanted
from landschap.registers.store.rows import Pool

_COLUMNS = """k.key_id, k.application, k.purpose, k.requests_per_day, k.created_at, k.revoked_at,
    coalesce(k.revoked_by, '') AS revoked_by"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """A key, and how often it was used on a day."""

    key: Key
    requests: int


async def add_key(pool: Pool, wanted: Wanted, requests_per_day: int, now: datetime) -> str:
    """Make a key. Returns it; it is shown once and kept nowhere."""
    text = PREFIX + secrets.token_urlsafe(32)
    await pool.execute(
        """INSERT INTO registers.open_key
               (key_id, key_digest, application, purpose, requests_per_day, created_at)
           VALUES ($1, $2, $3, $4, $5, $6)""",
        secrets.token_hex(6), digest_of(text), wanted.application, wanted.purpose,
        requests_per_day, now,
    )  # fmt: skip
    return text


async def key_of(pool: Pool, text: str, day: date) -> Used | None:
    """The key of this text and its use on a day; None when it was never given out."""
    row = await pool.fetchrow(
        f"""SELECT {_COLUMNS}, coalesce(u.requests, 0) AS requests
            FROM registers.open_key k
            LEFT JOIN registers.open_use u ON u.key_id = k.key_id AND u.day = $2
            WHERE k.key_digest = $1""",  # noqa: S608 - constant columns
        digest_of(text), day,
    )  # fmt: skip
    return None if row is None else _used(row)


async def keys(pool: Pool, day: date) -> Sequence[Used]:
    """All keys, withdrawn ones too, with their use on a day; the newest first."""
    rows = await pool.fetch(
        f"""SELECT {_COLUMNS}, coalesce(u.requests, 0) AS requests
            FROM registers.open_key k
            LEFT JOIN registers.open_use u ON u.key_id = k.key_id AND u.day = $1
            ORDER BY k.created_at DESC, k.key_id""",  # noqa: S608 - constant columns
        day,
    )
    return [_used(row) for row in rows]


async def revoke_key(pool: Pool, key_id: str, by: str, now: datetime) -> bool:
    """Withdraw a key, at once; False when there is none in use by this id."""
    done = await pool.fetchval(
        """UPDATE registers.open_key SET revoked_at = $2, revoked_by = $3
           WHERE key_id = $1 AND revoked_at IS NULL RETURNING key_id""",
        key_id, now, by,
    )  # fmt: skip
    return done is not None


async def set_quota(pool: Pool, key_id: str, requests_per_day: int) -> bool:
    """Give a key another quota; False when there is none in use by this id."""
    done = await pool.fetchval(
        """UPDATE registers.open_key SET requests_per_day = $2
           WHERE key_id = $1 AND revoked_at IS NULL RETURNING key_id""",
        key_id, requests_per_day,
    )  # fmt: skip
    return done is not None


async def add_uses(pool: Pool, uses: Mapping[tuple[str, date], int]) -> None:
    """Add to what was counted, per key and day."""
    await pool.execute(
        """INSERT INTO registers.open_use AS u (key_id, day, requests)
           SELECT * FROM unnest($1::text[], $2::date[], $3::bigint[])
           ON CONFLICT (key_id, day) DO UPDATE SET requests = u.requests + excluded.requests""",
        [key_id for key_id, _ in uses], [day for _, day in uses], list(uses.values()),
    )  # fmt: skip


def digest_of(text: str) -> bytes:
    """What is kept of a key: it holds 256 random bits, so no slow hash is needed."""
    return hashlib.sha256(text.encode()).digest()


def _used(row: Mapping[str, Any]) -> Used:
    names = Key.__dataclass_fields__
    return Used(key=Key(**{name: row[name] for name in names}), requests=row["requests"])
