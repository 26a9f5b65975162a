# SPDX-License-Identifier: EUPL-1.2
"""What must be delivered to which peer, and how far that is.

A row per (contract, target, task) tells people what is undelivered and why; a job in the queue
carries it out. Both are written in the transaction of the signature itself, so that a signature
without delivery, or the other way round, can not exist.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from landschap.fsc.contracts import Contract
from landschap.fsc.store.rows import Connection, Source
from landschap.vocabulary.identifiers import ContentHash, PeerId

if TYPE_CHECKING:
    import asyncpg
    from pgqueuer.db import Driver
    from pgqueuer.queries import Queries

CHANNEL = "landschap_fsc"
ENTRYPOINT = "deliver"
SUBMIT = "submit"
_LOG_DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """One thing to bring to one peer: ``submit``, ``accept``, ``reject`` or ``revoke``."""

    content_hash: ContentHash
    target: PeerId
    task: str

    def payload(self) -> bytes:
        """The errand as the payload of a job."""
        return json.dumps([self.content_hash.value, self.target.value, self.task]).encode()

    @classmethod
    def of(cls, payload: bytes) -> Errand:
        """The errand in a job's payload."""
        content_hash, target, task = json.loads(payload)
        return cls(content_hash=ContentHash(content_hash), target=PeerId(target), task=task)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How far an errand is: ``waiting``, ``delivered``, ``refused`` for good, or ``ended``.

    ``waiting_since`` is when our signature was ready to go, ``next_attempt_at`` when it is brought
    again, None when it is not.
    """

    errand: Errand
    state: str
    attempts: int
    last_error: str
    waiting_since: datetime
    next_attempt_at: datetime | None
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """How one attempt ended."""

    state: str
    error: str = ""
    next_attempt_at: datetime | None = None


def queries(driver: Driver) -> Queries:
    """The queue of this room; its settings do not come from the environment."""
    # Imported here: deciders read contracts and never queue anything.
    from pgqueuer.adapters.persistence.qb import (
        QueryBuilderEnvironment,
        QueryQueueBuilder,
        QuerySchedulerBuilder,
    )
    from pgqueuer.domain.settings import DBSettings
    from pgqueuer.queries import Queries
    from pgqueuer.types import Channel

    settings = DBSettings(channel=Channel(CHANNEL))
    return Queries(
        driver,
        qbe=QueryBuilderEnvironment(settings),
        qbq=QueryQueueBuilder(settings),
        qbs=QuerySchedulerBuilder(settings),
    )


async def queue_errands(
    connection: Connection, contract: Contract, own: PeerId, task: str, now: datetime, jws: str
) -> None:
    """Bring our signature to every other participant, from the end of this transaction on."""
    errands = [
        Errand(content_hash=contract.hash, target=peer, task=task)
        for peer in contract.participants
        if peer != own
    ]
    for each in errands:
        await _write_row(connection, each, now)
    if errands:
        await _queue(connection, errands, jws)


async def _write_row(connection: Connection, errand: Errand, now: datetime) -> None:
    await connection.execute(
        """
        INSERT INTO delivery
               (content_hash, target, task, state, waiting_since, next_attempt_at, updated_at)
        VALUES ($1, $2, $3, 'waiting', $4, $4, $4)
        ON CONFLICT (content_hash, target, task) DO UPDATE
           SET state = 'waiting', attempts = 0, last_error = '',
               waiting_since = excluded.waiting_since,
               next_attempt_at = excluded.next_attempt_at, updated_at = excluded.updated_at
        """,
        errand.content_hash.value,
        errand.target.value,
        errand.task,
        now,
    )


async def _queue(connection: Connection, errands: Sequence[Errand], jws: str) -> None:
    from pgqueuer.db import AsyncpgDriver

    # The signature is part of the key: a renewed accept must go out although the first one waits.
    keys = [hashlib.sha256(each.payload() + jws.encode()).hexdigest() for each in errands]
    await queries(AsyncpgDriver(connection)).enqueue(
        [ENTRYPOINT] * len(errands),
        [each.payload() for each in errands],
        [0] * len(errands),
        dedupe_key=list(keys),
        on_conflict="skip",
    )


async def requeue_lost(pool: asyncpg.Pool) -> int:
    """Give every delivery that waits without a job a job again; how many there were.

    There should be none; a queue that was emptied by hand, or restored from another moment than
    the contracts, would else leave a peer without our signature for good.
    """
    from pgqueuer.db import AsyncpgPoolDriver

    rows = await pool.fetch(
        "SELECT content_hash, target, task FROM delivery WHERE state = 'waiting'"
    )
    waiting = [
        Errand(
            content_hash=ContentHash(row["content_hash"]),
            target=PeerId(row["target"]),
            task=row["task"],
        ).payload()
        for row in rows
    ]
    jobs = await pool.fetch("SELECT payload FROM pgqueuer WHERE status IN ('queued', 'picked')")
    lost = sorted(set(waiting) - {job["payload"] for job in jobs})
    if lost:
        await queries(AsyncpgPoolDriver(pool)).enqueue(
            [ENTRYPOINT] * len(lost),
            list(lost),
            [0] * len(lost),
            dedupe_key=[hashlib.sha256(each).hexdigest() for each in lost],
            on_conflict="skip",
        )
    return len(lost)


async def note_attempt(source: Source, errand: Errand, attempt: Attempt, now: datetime) -> None:
    """Remember how an attempt ended."""
    await source.execute(
        """
        UPDATE delivery
           SET state = $4, last_error = $5, next_attempt_at = $6, attempts = attempts + 1,
               updated_at = $7
         WHERE content_hash = $1 AND target = $2 AND task = $3
        """,
        errand.content_hash.value,
        errand.target.value,
        errand.task,
        attempt.state,
        attempt.error[:500],
        attempt.next_attempt_at,
        now,
    )


async def deliveries(source: Source, content_hash: ContentHash | None = None) -> Sequence[Delivery]:
    """The deliveries of one contract, or of all."""
    rows = await source.fetch(
        """
        SELECT * FROM delivery WHERE $1::text IS NULL OR content_hash = $1
         ORDER BY updated_at DESC, target, task LIMIT 1000
        """,
        None if content_hash is None else content_hash.value,
    )
    return [_delivery(row) for row in rows]


async def undelivered(source: Source) -> Mapping[ContentHash, Sequence[Delivery]]:
    """Every contract with something that still waits to be brought, who waits longest first."""
    rows = await source.fetch(
        "SELECT * FROM delivery WHERE state = 'waiting' ORDER BY waiting_since, target, task"
    )
    found: dict[ContentHash, list[Delivery]] = {}
    for each in map(_delivery, rows):
        found.setdefault(each.errand.content_hash, []).append(each)
    return found


async def forget_old_jobs(source: Source) -> None:
    """Drop what the queue remembers of jobs of more than a month ago."""
    await source.execute(
        "DELETE FROM pgqueuer_log WHERE created < now() - make_interval(days => $1)", _LOG_DAYS
    )


def _delivery(row: Any) -> Delivery:
    return Delivery(
        errand=Errand(
            content_hash=ContentHash(row["content_hash"]),
            target=PeerId(row["target"]),
            task=row["task"],
        ),
        state=row["state"],
        attempts=row["attempts"],
        last_error=row["last_error"],
        waiting_since=row["waiting_since"],
        next_attempt_at=row["next_attempt_at"],
        updated_at=row["updated_at"],
    )
