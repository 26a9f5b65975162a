# SPDX-License-Identifier: EUPL-1.2
"""What was measured of services of ours, by the day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import asyncpg

from landschap.gateway.measured import Cell, Count

KEPT = timedelta(days=400)


async def add_measured(connection: asyncpg.Connection, cells: Mapping[Cell, Count]) -> None:
    """Add what was counted, in the caller's transaction."""
    await connection.executemany(
        """
        INSERT INTO measured AS m (day, service, step, answers, failed) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (service, day, step) DO UPDATE
        SET answers = m.answers + excluded.answers, failed = m.failed + excluded.failed
        """,
        # In one order, so that two readers never wait for each other.
        [(*cell, *count) for cell, count in sorted(cells.items())],
    )


async def measured(pool: asyncpg.Pool, service: str, since: date) -> dict[Cell, Count]:
    """What was measured of a service from this day on."""
    rows = await pool.fetch(
        "SELECT day, step, answers, failed FROM measured WHERE service = $1 AND day >= $2",
        service.lower(), since,
    )  # fmt: skip
    return {
        Cell(row["day"], service.lower(), row["step"]): Count(row["answers"], row["failed"])
        for row in rows
    }


async def forget_measured(pool: asyncpg.Pool, today: date) -> None:
    """Drop the days that are past their term."""
    await pool.execute("DELETE FROM measured WHERE day < $1", today - KEPT)
