# SPDX-License-Identifier: EUPL-1.2
"""How much of the log was written with which key of pseudonyms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import asyncpg

_KEYED = """
SELECT count(*) AS lines, min(at) AS first, max(at) AS last FROM logboek.record WHERE key_id = $1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyed:
    """The lines of one generation of the key, and of when the first and the last of them are."""

    lines: int
    first: datetime | None
    last: datetime | None


async def keyed_with(pool: asyncpg.Pool, number: int) -> Keyed:
    """The lines about a person that were written with this key. Reads the whole log."""
    return Keyed(**await pool.fetchrow(_KEYED, number))
