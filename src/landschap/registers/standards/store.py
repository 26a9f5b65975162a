# SPDX-License-Identifier: EUPL-1.2
"""How services stood to standards, per day (schema ``registers``); the last of a day holds.

All functions take a pool of role ``landschap_registers``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import asyncpg

from landschap.purposes.model import Text
from landschap.registers.standards.model import Basis, Duty, Point, Standing, State


async def keep_day(pool: asyncpg.Pool, day: date, standings: Iterable[Standing]) -> None:
    """Keep how everything stands on a day, in place of what was kept of that day."""
    rows = [
        (
            day, each.standard, each.service, each.state.value, each.basis.value, each.duty.value,
            *_both(each.explanation), *_both(each.evidence),
        )
        for each in standings
    ]  # fmt: skip
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("DELETE FROM registers.standard_state WHERE day = $1", day)
        await connection.executemany(
            "INSERT INTO registers.standard_state (day, standard, service, state, basis, duty,"
            " explanation_nl, explanation_en, evidence_nl, evidence_en)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            rows,
        )


async def last_day(pool: asyncpg.Pool, until: date) -> date | None:
    """The last day up to and including this one of which something was kept."""
    found: date | None = await pool.fetchval(
        "SELECT max(day) FROM registers.standard_state WHERE day <= $1", until
    )
    return found


async def standings_on(pool: asyncpg.Pool, day: date) -> Sequence[Standing]:
    """How everything stood on a day that was kept, by standard and service."""
    rows = await pool.fetch(
        "SELECT * FROM registers.standard_state WHERE day = $1 ORDER BY standard, service", day
    )
    return [
        Standing(
            standard=row["standard"],
            service=row["service"],
            state=State(row["state"]),
            basis=Basis(row["basis"]),
            duty=Duty(row["duty"]),
            explanation=_text(row["explanation_nl"], row["explanation_en"]),
            evidence=_text(row["evidence_nl"], row["evidence_en"]),
        )
        for row in rows
    ]


async def trend(
    pool: asyncpg.Pool, since: date, services: Sequence[str]
) -> Mapping[str, Sequence[Point]]:
    """Per standard the counts of each kept day since then, over these services."""
    rows = await pool.fetch(
        "SELECT standard, day, state, count(*) AS times FROM registers.standard_state"
        " WHERE day >= $1 AND service = ANY ($2) GROUP BY 1, 2, 3 ORDER BY 1, 2",
        *(since, list(services)),
    )
    found: dict[str, dict[date, dict[State, int]]] = {}
    for row in rows:
        days = found.setdefault(row["standard"], {})
        days.setdefault(row["day"], {})[State(row["state"])] = row["times"]
    return {
        standard: [Point(day=day, states=states) for day, states in days.items()]
        for standard, days in found.items()
    }


def _both(text: Text | None) -> tuple[str | None, str | None]:
    return (text.nl, text.en) if text else (None, None)


def _text(nl: str | None, en: str | None) -> Text | None:
    return Text(nl=nl, en=en) if nl is not None and en is not None else None
