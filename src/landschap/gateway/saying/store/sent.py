# SPDX-License-Identifier: EUPL-1.2
"""Statements on their way to other organisations: kept sealed until brought, then only the receipt.

Also what the others told one can say something about there, so that a statement is made for who is
away at that moment. Nothing of a person stands in that.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import msgspec

from landschap.gateway.saying.question import Standing, ToldChoice, ToldUse
from landschap.gateway.saying.statement import LIFETIME
from landschap.platform.loops import backoff_seconds

ON_THE_WAY, REFUSED, EXPIRED = "onderweg", "geweigerd", "verlopen"
_LONGEST_PAUSE = 300.0
# Between taking it and the answer; then another process may try.
_HELD = timedelta(seconds=60)
_AT_ONCE = 50
_FORGOTTEN = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A statement to one organisation, and what came of it.

    ``sealed`` is None once it was brought; ``outcome`` is then what it did there.
    """

    statement: UUID
    peer: str
    subject: bytes
    key_id: int
    kind: str
    about: str
    receiver: str
    holds: bool
    said_at: datetime
    trace_id: bytes
    sealed: bytes | None = field(default=None, repr=False)
    attempts: int = 0
    outcome: str = ON_THE_WAY
    code: str = ""
    proof: str = ""
    settled_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What one can say something about at an organisation, as it told last."""

    peer: str
    choices: tuple[ToldChoice, ...]
    uses: tuple[ToldUse, ...]


_COLUMNS = (
    "statement, peer, subject, key_id, kind, about, receiver, holds, said_at, trace_id, sealed,"
    " attempts, outcome, code, proof, settled_at"
)


async def keep_sent(pool: asyncpg.Pool, every: Sequence[Sent]) -> None:
    """Keep these until they are brought. They are tried at once; by the worker a moment later."""
    await pool.executemany(
        "INSERT INTO statement_sent (statement, peer, subject, key_id, kind, about, receiver,"
        " holds, said_at, trace_id, sealed, next_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, now() + interval '20 seconds')",
        [
            (
                *(each.statement, each.peer, each.subject, each.key_id, each.kind, each.about),
                *(each.receiver, each.holds, each.said_at, each.trace_id, each.sealed),
            )
            for each in every
        ],
    )


async def take_due(pool: asyncpg.Pool, now: datetime) -> list[Sent]:
    """The next that must be brought, held for a minute so that no other process brings them too."""
    rows = await pool.fetch(
        "UPDATE statement_sent"  # noqa: S608 - names of columns
        " SET next_at = $1::timestamptz + $2::interval WHERE (statement, peer)"
        " IN (SELECT statement, peer FROM statement_sent WHERE settled_at IS NULL AND next_at <= $1"
        f" ORDER BY said_at LIMIT {_AT_ONCE} FOR UPDATE SKIP LOCKED) RETURNING {_COLUMNS}",
        *(now, _HELD),
    )
    return sorted((Sent(**dict(row)) for row in rows), key=lambda each: each.said_at)


async def settle(pool: asyncpg.Pool, sent: Sent, outcome: str, code: str, proof: str) -> None:
    """It was brought, or never will be: what it did is kept, the statement itself is not."""
    await pool.execute(
        "UPDATE statement_sent SET sealed = NULL, attempts = attempts + 1, outcome = $3, code = $4,"
        " proof = $5, settled_at = clock_timestamp()"
        " WHERE statement = $1 AND peer = $2 AND settled_at IS NULL",
        *(sent.statement, sent.peer, outcome, code, proof),
    )


async def put_off(pool: asyncpg.Pool, sent: Sent, code: str, now: datetime) -> None:
    """It could not be brought now: again later, with a growing pause, for thirty days."""
    if now - sent.said_at > LIFETIME:
        await settle(pool, sent, EXPIRED, code, "")
        return
    pause = timedelta(seconds=backoff_seconds(sent.attempts, _LONGEST_PAUSE))
    await pool.execute(
        "UPDATE statement_sent SET attempts = attempts + 1, code = $3, next_at = $4"
        " WHERE statement = $1 AND peer = $2 AND settled_at IS NULL",
        *(sent.statement, sent.peer, code, now + pause),
    )


async def sent_by(pool: asyncpg.Pool, subject: bytes) -> list[Sent]:
    """What one person said to others through us, newest first."""
    rows = await pool.fetch(
        f"SELECT {_COLUMNS} FROM statement_sent WHERE subject = $1"  # noqa: S608 - names of columns
        " ORDER BY said_at DESC LIMIT 1000",
        subject,
    )
    return [Sent(**dict(row)) for row in rows]


async def keep_places(pool: asyncpg.Pool, peer: str, told: Standing) -> None:
    """Keep about what one can say something there, and nothing that it no longer tells.

    What was said by whom is left out.
    """
    rows = [
        (peer, "toestemming", each.doel, each.ontvanger, _text(each)) for each in told.keuzes
    ] + [(peer, "gebruik", each.doel, "", _text(each)) for each in told.gebruik]
    async with pool.acquire() as connection, connection.transaction():
        # Two who ask the same organisation at once would wait for each other's rows.
        await connection.execute("SELECT pg_advisory_xact_lock(hashtext('place' || $1))", peer)
        await connection.executemany(
            "INSERT INTO statement_place (peer, kind, about, receiver, told)"
            " VALUES ($1, $2, $3, $4, $5::jsonb) ON CONFLICT (peer, kind, about, receiver)"
            " DO UPDATE SET told = excluded.told, seen_at = clock_timestamp()"
            " WHERE statement_place.told <> excluded.told"
            " OR statement_place.seen_at < clock_timestamp() - interval '1 day'",
            rows,
        )
        await connection.execute(
            "DELETE FROM statement_place WHERE peer = $1 AND NOT (kind, about, receiver) = ANY ("
            " SELECT * FROM unnest($2::text[], $3::text[], $4::text[]))",
            *(peer, *([row[place] for row in rows] for place in (1, 2, 3))),
        )


async def forget_places(pool: asyncpg.Pool, known: Iterable[str], now: datetime) -> None:
    """What an organisation told long ago that we have no contract with any more, is forgotten.

    ``known`` are the numbers of those we have a contract with.
    """
    await pool.execute(
        "DELETE FROM statement_place WHERE seen_at < $1 AND NOT peer = ANY ($2::text[])",
        *(now - _FORGOTTEN, list(known)),
    )


async def places(pool: asyncpg.Pool) -> dict[str, Place]:
    """What every organisation told, by its number."""
    rows = await pool.fetch("SELECT peer, kind, told::text AS told FROM statement_place")
    choices: dict[str, list[ToldChoice]] = {}
    uses: dict[str, list[ToldUse]] = {}
    for row in rows:
        if row["kind"] == "gebruik":
            uses.setdefault(row["peer"], []).append(msgspec.json.decode(row["told"], type=ToldUse))
        else:
            found = msgspec.json.decode(row["told"], type=ToldChoice)
            choices.setdefault(row["peer"], []).append(found)
    return {
        peer: Place(peer=peer, choices=tuple(choices.get(peer, ())), uses=tuple(uses.get(peer, ())))
        for peer in {*choices, *uses}
    }


def _text(told: ToldChoice | ToldUse) -> str:
    if isinstance(told, ToldChoice):
        told = msgspec.structs.replace(told, geldt=None, sinds=None)
    return json.dumps(msgspec.to_builtins(told))
