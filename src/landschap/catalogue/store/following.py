# SPDX-License-Identifier: EUPL-1.2
"""Who is told of changes of an API, and what is still to be told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta

import asyncpg

from landschap.catalogue.notices import Notice

_FOR = timedelta(days=3)
"""So long a notice is tried again."""
_MOST = 1_000


async def follow(
    pool: asyncpg.Pool, name: str, address: str, *, is_on: bool = True, why: str = ""
) -> bool:
    """Tell an address of changes from now on, or no longer; False without such an API."""
    done = await pool.execute(
        "INSERT INTO follower (api, address, is_on, why)"
        " SELECT number, $2, $3, $4 FROM api WHERE name = $1",
        name, address, is_on, why[:500],
    )  # fmt: skip
    return bool(done == "INSERT 0 1")


async def followers(pool: asyncpg.Pool, name: str) -> Sequence[str]:
    """The addresses that are told of changes of an API."""
    rows = await pool.fetch(
        "SELECT f.address FROM following f JOIN api a ON a.number = f.api WHERE a.name = $1"
        " ORDER BY f.address",
        name,
    )
    return [row["address"] for row in rows]


async def waiting(pool: asyncpg.Pool) -> Sequence[Notice]:
    """Notices that nobody took yet, the oldest first; after three days they are given up."""
    rows = await pool.fetch(
        """
        SELECT n.api, a.name, n.number, n.address, n.at, d.title, d.version, d.changes
          FROM notice n
          JOIN following f ON (f.api, f.address) = (n.api, n.address)
          JOIN description d ON (d.api, d.number) = (n.api, n.number)
          JOIN api a ON a.number = n.api
         WHERE n.at > clock_timestamp() - $1::interval AND NOT EXISTS (
               SELECT FROM telling t WHERE t.is_told
                  AND (t.api, t.number, t.address) = (n.api, n.number, n.address))
         ORDER BY n.at, n.api, n.number, n.address LIMIT $2
        """,
        _FOR, _MOST,
    )  # fmt: skip
    return [Notice(**{**row, "changes": json.loads(row["changes"])}) for row in rows]


async def told(pool: asyncpg.Pool, notice: Notice, why: str = "") -> None:
    """Note that a follower took a notice; with ``why`` that it did not."""
    await pool.execute(
        "INSERT INTO telling (api, number, address, is_told, why) VALUES ($1, $2, $3, $4, $5)",
        notice.api, notice.number, notice.address, not why, why[:500],
    )  # fmt: skip
