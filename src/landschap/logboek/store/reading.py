# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: S608 - only names of columns and fixed conditions are put into statements
"""Reading the log: by question, by trace, by subject, and as a peer may.

Every list is bounded and goes by record identifier, which is the order of recording. Who may ask
what is decided above; only the visibility that FSC prescribes is applied here, because it is a
rule about the records themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import msgspec

from landschap.logboek.records import Kind, Record
from landschap.logboek.store.rows import SELECTED, record_of

MAX_RECORDS = 1000
# A deed is recorded after it was done, by another clock; records a minute apart are still found.
_CLOCK_SLACK = timedelta(minutes=1)

_ONE_TRANSACTION = f"""
SELECT {SELECTED} FROM logboek.record WHERE transaction_id = $1 ORDER BY record_id LIMIT $2
"""
_TRANSACTIONS = f"""
SELECT {SELECTED} FROM logboek.record WHERE transaction_id = ANY($1) ORDER BY record_id
"""
_OPEN_INTENTS = f"""
SELECT found.* FROM unnest($1::text[]) AS wanted(lane) CROSS JOIN LATERAL (
    SELECT {SELECTED} FROM logboek.record
    WHERE record.lane = wanted.lane AND record_id >= $3 AND record_id < $4
      AND kind = {int(Kind.FSC)} AND service = ANY($2)
      AND NOT EXISTS (
          SELECT FROM logboek.record AS o
          WHERE o.transaction_id = record.transaction_id AND o.kind = {int(Kind.LINE)}
            AND o.record_id >= $3)
    ORDER BY record_id LIMIT $5
) AS found ORDER BY record_id LIMIT $5
"""
_ONE_TRACE = f"""
SELECT {SELECTED} FROM logboek.record WHERE trace_id = $1 ORDER BY record_id LIMIT $2
"""
_ONE_RECORD = f"""
SELECT {SELECTED} FROM logboek.record WHERE record_id = $1 AND lane = ANY($2)
"""
_LANES = """
WITH RECURSIVE lanes AS (
    (SELECT lane FROM logboek.batch ORDER BY lane LIMIT 1)
    UNION ALL
    SELECT (SELECT lane FROM logboek.batch WHERE lane > lanes.lane ORDER BY lane LIMIT 1)
    FROM lanes WHERE lanes.lane IS NOT NULL
) SELECT lane FROM lanes WHERE lane IS NOT NULL
"""
# One search for each pseudonym, from the newest month backwards and no further than a page: with
# all of them in one condition, every line that there ever was of the person is read and sorted.
_USES = f"""
SELECT found.* FROM unnest($1::bytea[]) AS wanted(pseudonym) CROSS JOIN LATERAL (
    SELECT {SELECTED} FROM logboek.record
    WHERE record.subject = wanted.pseudonym AND kind = {int(Kind.LINE)}
      AND record_id >= $2 AND at >= $3 AND at < $4 AND ($5::uuid IS NULL OR record_id < $5)
      AND (activity IS NULL OR activity <> ALL($7::text[]))
    ORDER BY record_id DESC LIMIT $6
) AS found ORDER BY record_id DESC LIMIT $6
"""
# The key begins with the lane, so the newest of each lane are taken and merged.
_LATEST = f"""
SELECT found.* FROM unnest($1::text[]) AS wanted(lane) CROSS JOIN LATERAL (
    SELECT {SELECTED} FROM logboek.record
    WHERE record.lane = wanted.lane AND record_id >= $2 AND ($3::uuid IS NULL OR record_id < $3)
      AND ($4::smallint IS NULL OR kind = $4) AND ($5::text IS NULL OR peer = $5)
    ORDER BY record_id DESC LIMIT $6
) AS found ORDER BY record_id DESC LIMIT $6
"""
_FILTERED = """
  AND ($2::timestamptz IS NULL OR at >= $2) AND ($3::timestamptz IS NULL OR at < $3)
  AND (cardinality($4::text[]) + cardinality($5::text[]) = 0
       OR grant_hash = ANY($4) OR service = ANY($5))
"""
# One search per role in which the peer may be named: each follows its own index.
_ROLES = ("peer = $1", "source_delegator = $1", "destination_delegator = $1")


class LogFilters(msgspec.Struct, frozen=True, kw_only=True):
    """What `GET /logs` may be narrowed to.

    Grants and services are either-or, the window narrows both; with transaction ids everything
    else is ignored. Source: FSC Logging, "GET /logs".
    """

    limit: int = 25
    cursor: UUID | None = None
    ascending: bool = False
    after: datetime | None = None
    before: datetime | None = None
    grant_hashes: tuple[str, ...] = ()
    service_names: tuple[str, ...] = ()
    transaction_ids: tuple[UUID, ...] = ()


class LogPage(msgspec.Struct, frozen=True):
    """One page and, when there is more, where the next one begins."""

    records: tuple[Record, ...]
    next_cursor: UUID | None


async def by_transaction(pool: asyncpg.Pool, transaction_id: UUID) -> list[Record]:
    """All that was recorded of one FSC transaction, in order of recording; at most 1000."""
    rows = await pool.fetch(_ONE_TRANSACTION, transaction_id, MAX_RECORDS)
    return [record_of(row) for row in rows]


async def by_transactions(
    pool: asyncpg.Pool, transaction_ids: Sequence[UUID]
) -> dict[UUID, list[Record]]:
    """All that was recorded of each of these transactions, in order of recording."""
    found: dict[UUID, list[Record]] = {}
    for row in await pool.fetch(_TRANSACTIONS, list(transaction_ids)):
        found.setdefault(row["transaction_id"], []).append(record_of(row))
    return found


async def open_intents(
    pool: asyncpg.Pool, services: Sequence[str], since: datetime, until: datetime, limit: int
) -> list[Record]:
    """Transactions of these services, recorded in ``[since, until)``, of which no line tells how
    they ended; in order of recording.
    """
    floor, ceiling = floor_id(since), floor_id(until)
    rows = await pool.fetch(
        _OPEN_INTENTS, await lanes(pool), list(services), floor, ceiling, _bounded(limit)
    )
    return [record_of(row) for row in rows]


async def by_trace(pool: asyncpg.Pool, trace_id: bytes) -> list[Record]:
    """All that was recorded under one trace, in order of recording; at most 1000."""
    rows = await pool.fetch(_ONE_TRACE, trace_id, MAX_RECORDS)
    return [record_of(row) for row in rows]


async def by_record(pool: asyncpg.Pool, record_id: UUID) -> Record | None:
    """One record, None when the log does not hold it."""
    row = await pool.fetchrow(_ONE_RECORD, record_id, await lanes(pool))
    return None if row is None else record_of(row)


async def lanes(pool: asyncpg.Pool) -> list[str]:
    """The names of all lanes that were ever written."""
    return [row["lane"] for row in await pool.fetch(_LANES)]


async def uses_of(
    pool: asyncpg.Pool,
    subjects: Sequence[bytes],
    since: datetime,
    until: datetime,
    limit: int,
    before_record: UUID | None = None,
    held_back: Sequence[str] = (),
) -> list[Record]:
    """The lines about one person in ``[since, until)``, newest first.

    ``subjects`` are the person's pseudonyms, one per living key. The next page is asked with the
    last record of this one as ``before_record``. Lines under the activities ``held_back`` are not
    read at all, so that they leave no gap in a page; an officer of the organisation gives none.
    """
    floor = floor_id(since - _CLOCK_SLACK)
    size = _bounded(limit)
    values = (list(subjects), floor, since, until, before_record, size, list(held_back))
    async with pool.acquire() as connection, connection.transaction(readonly=True):
        # Planned once per connection: over hundreds of months planning takes longer than reading.
        await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        rows = await connection.fetch(_USES, *values)
    return [record_of(row) for row in rows]


async def latest(
    pool: asyncpg.Pool,
    *,
    since: datetime,
    limit: int,
    before_record: UUID | None = None,
    kind: Kind | None = None,
    peer: str | None = None,
) -> list[Record]:
    """The newest records, for an officer of the own organisation; never for a peer."""
    number = None if kind is None else int(kind)
    floor = floor_id(since - _CLOCK_SLACK)
    rows = await pool.fetch(
        _LATEST, await lanes(pool), floor, before_record, number, peer, _bounded(limit)
    )
    return [record_of(row) for row in rows]


async def fsc_records(
    pool: asyncpg.Pool, peer_id: str, filters: LogFilters, *, own_peer_id: str | None = None
) -> LogPage:
    """The transactions in which ``peer_id`` is named, as source, destination or delegator.

    ``own_peer_id`` is ours: we are named in each of them. The payload decides, the columns only
    find. Source: FSC Logging, "GET /logs".
    """
    own = own_peer_id is not None and own_peer_id == peer_id
    keys = await lanes(pool) if own else [peer_id]
    conditions = ("lane = $1",) if own else _ROLES
    found: dict[UUID, Record] = {}
    size = MAX_RECORDS if filters.transaction_ids else _bounded(filters.limit)
    for condition in conditions:
        for key in keys:
            rows = await pool.fetch(*_search(condition, key, filters, size + 1))
            found.update((row["record_id"], record_of(row)) for row in rows)
    order = sorted(found, reverse=not filters.ascending)
    page = [found[record_id] for record_id in order[:size]]
    more = len(order) > size and not filters.transaction_ids
    visible = tuple(record for record in page if peer_id in named_peers(record))
    return LogPage(visible, order[size - 1] if more else None)


def _search(condition: str, key: str, filters: LogFilters, size: int) -> tuple[object, ...]:
    base = f"SELECT {SELECTED} FROM logboek.record WHERE kind = {int(Kind.FSC)} AND {condition}"
    order = "ASC" if filters.ascending else "DESC"
    if filters.transaction_ids:
        sql = f"{base} AND transaction_id = ANY($2) ORDER BY record_id {order} LIMIT $3"
        return sql, key, list(filters.transaction_ids), size
    beyond = ">" if filters.ascending else "<"
    sql = (
        f"{base}{_FILTERED} AND ($6::uuid IS NULL OR record_id {beyond} $6) "
        f"ORDER BY record_id {order} LIMIT $7"
    )
    grants, services = list(filters.grant_hashes), list(filters.service_names)
    return sql, key, filters.after, filters.before, grants, services, filters.cursor, size


def floor_id(moment: datetime) -> UUID:
    """The lowest identifier of a moment: what bounds a question to its months."""
    milliseconds = max(0, int(moment.astimezone(UTC).timestamp() * 1000))
    return UUID(int=milliseconds << 80)


def named_peers(record: Record) -> set[str]:
    """The peers that may read a transaction: those it names."""
    fsc = record.content().get("fsc")
    if not isinstance(fsc, dict):
        return set()
    sides = [fsc.get("source"), fsc.get("destination")]
    members = ("outway_peer_id", "service_peer_id", "delegator_peer_id")
    found = {side.get(name) for side in sides if isinstance(side, dict) for name in members}
    return {name for name in found if isinstance(name, str)}


def _bounded(limit: int) -> int:
    return max(1, min(limit, MAX_RECORDS))
