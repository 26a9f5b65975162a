# SPDX-License-Identifier: EUPL-1.2
"""What waits for the watch: noting, reading in order, and how far each receiver is.

Events are numbered without gaps, in the order in which their transactions ended. They are read and
noted with the role `landschap_platform`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from landschap.platform.siem.ocsf import Event, without_numbers
from landschap.platform.siem_settings import SiemSettings

# Any number will do, as long as every worker takes the same one.
_ONE_WORKER = 6_215_902_118
_ONE_READER = 6_215_902_119


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far one receiver is: ``waiting`` events it has not confirmed, the oldest of ``since``."""

    name: str
    confirmed: int
    waiting: int
    since: datetime | None


async def note(
    connection: Any,
    kind: str,
    facts: Mapping[str, Any],
    *,
    at: datetime | None = None,
    event_id: UUID | None = None,
    comes_again: bool = False,
) -> str:
    """Note an event; tells ``noted``, ``known``, ``off``, ``lost`` or, with comes_again, ``full``.

    A number of a person in a text is left out: who operates the database reads it. With an
    ``event_id`` an event that was noted before is not noted again.
    """
    told: str = await connection.fetchval(
        "SELECT platform.note_security_event($1, $2::jsonb, coalesce($3, clock_timestamp()),"
        " coalesce($4, uuidv7()), $5)",
        kind,
        msgspec.json.encode(without_numbers(facts)).decode(),
        at,
        event_id,
        comes_again,
    )
    return told


async def set_receivers(pool: asyncpg.Pool, siem: SiemSettings) -> None:
    """Have events kept for these receivers and no others; a new one begins at what comes next."""
    names = list(siem.receivers())
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("UPDATE platform.siem_state SET capacity = $1", siem.buffer_events)
        await connection.execute(
            "DELETE FROM platform.siem_receiver WHERE name <> ALL($1::text[])", names
        )
        await connection.execute(
            "INSERT INTO platform.siem_receiver (name, confirmed_seq)"
            " SELECT one, last_seq FROM unnest($1::text[]) AS one, platform.siem_state"
            " ON CONFLICT DO NOTHING",
            names,
        )


async def take_turn(connection: Any) -> bool:
    """True when this connection's worker is the one that delivers, for as long as it lasts."""
    is_mine: bool = await connection.fetchval("SELECT pg_try_advisory_lock($1)", _ONE_WORKER)
    return is_mine


async def confirmed_by(pool: asyncpg.Pool, name: str) -> int:
    """The number up to which a receiver has everything."""
    found = await pool.fetchval(
        "SELECT confirmed_seq FROM platform.siem_receiver WHERE name = $1", name
    )
    return int(found or 0)


async def confirm(pool: asyncpg.Pool, name: str, before: int, seq: int) -> bool:
    """A receiver has everything up to ``seq``; False when a replay was asked meanwhile."""
    if seq == before:
        return await confirmed_by(pool, name) == before
    done = await pool.execute(
        "UPDATE platform.siem_receiver SET confirmed_seq = $3, at = clock_timestamp()"
        " WHERE name = $1 AND confirmed_seq = $2",
        name,
        before,
        seq,
    )
    return str(done).endswith(" 1")


async def after(pool: asyncpg.Pool, seq: int, limit: int) -> list[Event]:
    """The next events, in order."""
    rows = await pool.fetch(
        "SELECT seq, event_id, at, noted_at, kind, facts FROM platform.siem_event"
        " WHERE seq > $1 ORDER BY seq LIMIT $2",
        seq,
        limit,
    )
    return [Event(**{**dict(row), "facts": msgspec.json.decode(row["facts"])}) for row in rows]


async def replay(pool: asyncpg.Pool, since: datetime) -> Sequence[tuple[str, int]]:
    """Have every receiver get again what happened since; how many events for each."""
    rows = await pool.fetch(
        """
        WITH first AS (SELECT min(seq) - 1 AS seq FROM platform.siem_event WHERE at >= $1)
        UPDATE platform.siem_receiver AS r
        SET confirmed_seq = least(r.confirmed_seq, first.seq), at = clock_timestamp()
        FROM first, platform.siem_state AS s WHERE first.seq IS NOT NULL
        RETURNING r.name, s.last_seq - r.confirmed_seq AS events
        """,
        since,
    )
    return sorted((row["name"], row["events"]) for row in rows)


async def standings(pool: asyncpg.Pool) -> list[Standing]:
    """How far each receiver is."""
    rows = await pool.fetch(
        """
        SELECT r.name, r.confirmed_seq AS confirmed, s.last_seq - r.confirmed_seq AS waiting,
               (SELECT at FROM platform.siem_event WHERE seq > r.confirmed_seq
                ORDER BY seq LIMIT 1) AS since
        FROM platform.siem_receiver AS r, platform.siem_state AS s ORDER BY r.name
        """
    )
    return [Standing(**dict(row)) for row in rows]


async def lost(pool: asyncpg.Pool) -> int:
    """How many events did not fit since the beginning."""
    found: int = await pool.fetchval("SELECT lost FROM platform.siem_state")
    return found


async def forget(pool: asyncpg.Pool, keep: timedelta, at_once: int = 10_000) -> int:
    """Forget what every receiver has had for longer than ``keep``; how many went."""
    done = await pool.execute(
        """
        DELETE FROM platform.siem_event WHERE seq IN (
            SELECT seq FROM platform.siem_event
            WHERE seq <= coalesce((SELECT min(confirmed_seq) FROM platform.siem_receiver),
                                  9223372036854775807)
              AND noted_at < clock_timestamp() - $1::interval
            ORDER BY seq LIMIT $2)
        """,
        keep,
        at_once,
    )
    return int(done.rpartition(" ")[2])


async def wait_for_turn_to_read(connection: Any) -> None:
    """Wait until no other worker reads the log; the turn ends with the transaction."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _ONE_READER)


async def cursors(connection: Any) -> dict[str, UUID]:
    """How far each lane of the log was read."""
    rows = await connection.fetch("SELECT lane, record_id FROM platform.siem_cursor")
    return {row["lane"]: UUID(str(row["record_id"])) for row in rows}


async def keep_cursors(connection: Any, read: Mapping[str, UUID]) -> None:
    """Keep how far each lane was read, in the transaction that notes what was found."""
    await connection.executemany(
        "INSERT INTO platform.siem_cursor VALUES ($1, $2) ON CONFLICT (lane)"
        " DO UPDATE SET record_id = excluded.record_id",
        sorted(read.items()),
    )
