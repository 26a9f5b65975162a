# SPDX-License-Identifier: EUPL-1.2
"""How far the access log was read, and what it said: totals, days and security events.

What is counted is kept in the transaction that moves the position: a line counts once, also when
the reader is killed between two of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import asyncpg
import msgspec

from landschap.gateway.access import Counted, Event, Line, Total, counted, event_of
from landschap.gateway.measured import cells_of
from landschap.gateway.security.kinds import kind_of_access
from landschap.gateway.store.measured import add_measured, forget_measured
from landschap.platform.siem.outbox import note
from landschap.vocabulary.times import amsterdam_day

_FORGET_FILE = timedelta(days=90)
_FORGET_EVENT = timedelta(days=400)


class SecurityEvent(msgspec.Struct, frozen=True, kw_only=True):
    """The same thing within one minute, and how often."""

    minute: datetime
    kind: str
    door: str
    reason: str
    serial: str
    times: int
    first_at: datetime
    last_at: datetime


async def read_position(pool: asyncpg.Pool, file_key: str) -> int:
    """How many bytes of this file were read; 0 for a new one."""
    found = await pool.fetchval("SELECT read_bytes FROM access_file WHERE file_key = $1", file_key)
    return int(found or 0)


async def keep_read(
    pool: asyncpg.Pool, file_key: str, read_bytes: int, lines: Sequence[Line], now: datetime
) -> None:
    """Keep what these lines said, and that they were read. One transaction."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(
            """
            INSERT INTO access_file VALUES ($1, $2, $3) ON CONFLICT (file_key)
            DO UPDATE SET read_bytes = excluded.read_bytes, read_at = excluded.read_at
            """,
            file_key,
            read_bytes,
            now,
        )
        await connection.executemany(
            """
            INSERT INTO access_total AS t VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (door, upstream, status) DO UPDATE
            SET answers = t.answers + excluded.answers,
                bytes_sent = t.bytes_sent + excluded.bytes_sent,
                seconds = t.seconds + excluded.seconds
            """,
            # In one order, so that two readers never wait for each other.
            [(*key, *total) for key, total in sorted(counted(lines).items())],
        )
        await connection.executemany(
            """
            INSERT INTO security_event AS e VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            ON CONFLICT (minute, kind, door, reason, serial) DO UPDATE
            SET times = e.times + excluded.times,
                first_at = least(e.first_at, excluded.first_at),
                last_at = greatest(e.last_at, excluded.last_at)
            """,
            _event_rows(lines),
        )
        await add_measured(connection, cells_of(lines))
        for (_, event), moments in sorted(_moments(lines).items()):
            facts = {
                "door": event.door, "reason": event.reason, "serial": event.serial,
                "code": event.kind, "times": len(moments),
            }  # fmt: skip
            await note(connection, kind_of_access(event), facts, at=min(moments))


def events_in(lines: Sequence[Line]) -> Mapping[Event, int]:
    """The security events in these lines, and how often each."""
    return Counter(event for line in lines if (event := event_of(line)) is not None)


async def security_events(
    pool: asyncpg.Pool, since: datetime, *, limit: int = 1000
) -> list[SecurityEvent]:
    """What happened since, the newest first."""
    rows = await pool.fetch(
        "SELECT * FROM security_event WHERE minute >= $1 ORDER BY last_at DESC LIMIT $2",
        since,
        limit,
    )
    return [SecurityEvent(**dict(row)) for row in rows]


async def access_totals(pool: asyncpg.Pool) -> dict[Counted, Total]:
    """What was carried since the beginning."""
    rows = await pool.fetch("SELECT * FROM access_total ORDER BY door, upstream, status")
    return {
        Counted(row["door"], row["upstream"], row["status"]): Total(
            row["answers"], row["bytes_sent"], row["seconds"]
        )
        for row in rows
    }


async def swept_until(pool: asyncpg.Pool) -> datetime | None:
    """Until when every intent has its outcome; None before the first time."""
    found: datetime | None = await pool.fetchval("SELECT until FROM access_swept")
    return found


async def keep_swept(pool: asyncpg.Pool, until: datetime) -> None:
    """Every intent until then has its outcome."""
    await pool.execute(
        """
        INSERT INTO access_swept (until) VALUES ($1)
        ON CONFLICT (only_row) DO UPDATE SET until = greatest(access_swept.until, excluded.until)
        """,
        until,
    )


async def forget_old(pool: asyncpg.Pool, now: datetime) -> None:
    """Drop positions of files that are long gone, and events and days past their term."""
    await pool.execute("DELETE FROM access_file WHERE read_at < $1", now - _FORGET_FILE)
    await pool.execute("DELETE FROM security_event WHERE minute < $1", now - _FORGET_EVENT)
    await forget_measured(pool, amsterdam_day(now))


def _event_rows(lines: Sequence[Line]) -> list[tuple[object, ...]]:
    return [
        (minute, *event, len(moments), min(moments), max(moments))
        for (minute, event), moments in sorted(_moments(lines).items())
    ]


def _moments(lines: Sequence[Line]) -> Mapping[tuple[datetime, Event], list[datetime]]:
    """When each event happened, by the minute."""
    found: dict[tuple[datetime, Event], list[datetime]] = {}
    for line in lines:
        event = event_of(line)
        if event is not None:
            minute = line.at.replace(second=0, microsecond=0)
            found.setdefault((minute, event), []).append(line.at)
    return found
