# SPDX-License-Identifier: EUPL-1.2
"""How much of the log was written with which key: of pseudonyms, or of what records say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from landschap.vocabulary.times import as_utc_text

_KEYED = """
SELECT count(*) AS lines, min(at) AS first, max(at) AS last FROM logboek.record WHERE key_id = $1
"""
# What is sealed begins with a mark of two bytes, then the name of the key (`logboek.sealing`).
_SEALED = """
SELECT count(*) AS lines, min(at) AS first, max(at) AS last FROM logboek.record
WHERE substr(payload, 1, 10) = '\\x0001'::bytea || $1::bytea
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyed:
    """The records of one key, and of when the first and the last of them are."""

    lines: int
    first: datetime | None
    last: datetime | None

    def span(self) -> str:
        """From when up to when they are, for behind a sentence; empty when there is none."""
        if self.first is None or self.last is None:
            return ""
        return f", of {as_utc_text(self.first)} up to {as_utc_text(self.last)}"


async def keyed_with(pool: asyncpg.Pool, number: int) -> Keyed:
    """The lines about a person that were written with this key. Reads the whole log."""
    return Keyed(**await pool.fetchrow(_KEYED, number))


async def sealed_with(pool: asyncpg.Pool, key_id: bytes) -> Keyed:
    """The records that were sealed with the key of this name. Reads the whole log."""
    return Keyed(**await pool.fetchrow(_SEALED, key_id))
