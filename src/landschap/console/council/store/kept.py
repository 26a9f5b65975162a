# SPDX-License-Identifier: EUPL-1.2
"""Quarterly reports as they were made, and orders to make one (schema ``console``).

A report is never changed: a new one of the same quarter gets the next version. All functions take a
pool of role ``landschap_console``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from landschap.console.council.figures import (
    QuarterReport,
    content_of,
    digest_of,
    read_content,
)

SILENT_SECONDS = 60
"""After so long without a sign of life another worker begins the report anew."""
_MOST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A report that was made: its number and its digest; who made it is an account."""

    quarter: str
    version: int
    made_at: datetime
    made_by: str
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A report that was asked for; ``version`` is None until it was made, or when it failed."""

    order_id: UUID
    quarter: str
    asked_at: datetime
    seen_at: datetime | None
    ended_at: datetime | None
    version: int | None

    @property
    def is_open(self) -> bool:
        """True while it waits or is carried out."""
        return self.ended_at is None

    @property
    def failed(self) -> bool:
        """True when it could not be made."""
        return self.ended_at is not None and self.version is None


async def keep(pool: asyncpg.Pool, report: QuarterReport, by: str, at: datetime) -> Made:
    """Keep a report under the next version of its quarter."""
    text = content_of(report)
    digest = digest_of(text)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('console.quarter_report', 0))"
        )
        version = await connection.fetchval(
            "INSERT INTO quarter_report (quarter, version, made_at, made_by, content, digest)"
            " SELECT $1, coalesce(max(version), 0) + 1, $2, $3, $4, $5 FROM quarter_report"
            " WHERE quarter = $1 RETURNING version",
            *(report.quarter, at, by, text, digest),
        )
    return Made(quarter=report.quarter, version=version, made_at=at, made_by=by, digest=digest)


async def kept(pool: asyncpg.Pool) -> Sequence[Made]:
    """What was made, the latest quarter first and of each the newest version first."""
    rows = await pool.fetch(
        "SELECT quarter, version, made_at, made_by, digest FROM quarter_report"
        " ORDER BY quarter DESC, version DESC LIMIT $1",
        _MOST,
    )
    return [Made(**row) for row in rows]


async def kept_report(
    pool: asyncpg.Pool, quarter: str, version: int | None = None
) -> tuple[Made, QuarterReport, str] | None:
    """One version, or the newest: with its text, whose digest the database holds it to."""
    row = await pool.fetchrow(
        "SELECT * FROM quarter_report WHERE quarter = $1 AND ($2::integer IS NULL OR version = $2)"
        " ORDER BY version DESC LIMIT 1",
        *(quarter, version),
    )
    if row is None:
        return None
    values = dict(row)
    text: str = values.pop("content")
    return Made(**values), read_content(text), text


async def order(pool: asyncpg.Pool, order_id: UUID, quarter: str, by: str, at: datetime) -> bool:
    """Ask for a report; False when one of that quarter is being made: it stands for both."""
    added = await pool.fetchval(
        "INSERT INTO report_order (order_id, quarter, asked_at, asked_by) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT DO NOTHING RETURNING true",
        *(order_id, quarter, at, by),
    )
    return bool(added)


async def newest_order(pool: asyncpg.Pool) -> Order | None:
    """The one that was asked for last."""
    row = await pool.fetchrow(
        "SELECT order_id, quarter, asked_at, seen_at, ended_at, version FROM report_order"
        " ORDER BY asked_at DESC LIMIT 1"
    )
    return None if row is None else Order(**row)


async def take(pool: asyncpg.Pool) -> tuple[UUID, str, str] | None:
    """Take an open order that no living worker does: its number, its quarter, and who asked."""
    row = await pool.fetchrow(
        "UPDATE report_order SET seen_at = clock_timestamp() WHERE order_id = ("
        " SELECT order_id FROM report_order WHERE ended_at IS NULL AND (seen_at IS NULL"
        "  OR seen_at < clock_timestamp() - make_interval(secs => $1))"
        " ORDER BY asked_at FOR UPDATE SKIP LOCKED LIMIT 1)"
        " RETURNING order_id, quarter, asked_by",
        float(SILENT_SECONDS),
    )
    return None if row is None else (row["order_id"], row["quarter"], row["asked_by"])


async def alive(pool: asyncpg.Pool, order_id: UUID) -> None:
    """Say that the worker of an order lives."""
    await pool.execute(
        "UPDATE report_order SET seen_at = clock_timestamp()"
        " WHERE order_id = $1 AND ended_at IS NULL",
        order_id,
    )


async def end(pool: asyncpg.Pool, order_id: UUID, version: int | None) -> None:
    """End an order, with the version that was made; None for one that failed."""
    await pool.execute(
        "UPDATE report_order SET ended_at = clock_timestamp(), version = $2"
        " WHERE order_id = $1 AND ended_at IS NULL",
        *(order_id, version),
    )
