# SPDX-License-Identifier: EUPL-1.2
"""Beside the lines of actions by the municipal standard: what the log has no place for, and terms.

Only added to, as the log: a change is a row, and the last one counts.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

import asyncpg

from landschap.logboek.records import Kind, Record
from landschap.logboek.store.rows import SELECTED, record_of
from landschap.logboek.vng_answers import NotedAction
from landschap.platform.ids import uuid7

_ADD = """
INSERT INTO logboek.vng_action (action_id, trace_id, span_id, application, at, month, activity,
    processing_id, consumer_activity_id, consumer_activity, consumer_processing)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (action_id) DO NOTHING RETURNING true
"""
# Counted from the deed. The sum is that of the calendar, so PostgreSQL makes it.
_ADD_TERMS = """
INSERT INTO logboek.vng_term (action_id, term_id, term, keep_until, application)
SELECT action.action_id, wanted.term_id, $3::text, action.at + $3::text::interval, $4
FROM unnest($1::uuid[], $2::uuid[]) AS wanted (action_id, term_id)
JOIN logboek.vng_action AS action USING (action_id)
"""
_SELECTED = """
SELECT action.action_id, action.trace_id, action.span_id, action.application, action.at,
    action.activity, action.processing_id, action.consumer_activity_id, action.consumer_activity,
    action.consumer_processing, last.term
FROM logboek.vng_action AS action LEFT JOIN LATERAL (
    SELECT term FROM logboek.vng_term AS term
    WHERE term.action_id = action.action_id ORDER BY term_id DESC LIMIT 1
) AS last ON true
"""
_BY_ID = f"{_SELECTED} WHERE action.action_id = ANY($1::uuid[])"
# Of those whose month has gone there may still be some: they are forgotten in rounds.
_OF_PROCESSING = f"""{_SELECTED} WHERE action.processing_id = $1 AND EXISTS (
    SELECT FROM logboek.seen AS line
    WHERE line.trace_id = action.trace_id AND line.span_id = action.span_id
) ORDER BY action.action_id LIMIT $2"""
_ONE_LINE = f"""
SELECT {SELECTED} FROM logboek.record
WHERE kind = {int(Kind.LINE)} AND trace_id = $1 AND span_id = $2 LIMIT 1
"""  # noqa: S608 - only names of columns are put into the statement
# The same act with several persons: the line of the whole, above those of each of them.
_GROUPS = f"""
SELECT {SELECTED} FROM logboek.record
WHERE kind = {int(Kind.LINE)} AND subject IS NULL AND trace_id = ANY($1::bytea[])
  AND span_id = ANY($2::bytea[])
"""  # noqa: S608 - only names of columns are put into the statement


async def note_action(pool: asyncpg.Pool, action: NotedAction) -> None:
    """Note an action, and its term when it has one, once; when its lines are written."""
    month = datetime.now(UTC).date().replace(day=1)
    async with pool.acquire() as connection, connection.transaction():
        is_new = await connection.fetchval(
            _ADD, action.action_id, action.trace_id, action.span_id, action.application,
            action.at, month, action.activity, action.processing_id,
            action.consumer_activity_id, action.consumer_activity, action.consumer_processing,
        )  # fmt: skip
        if is_new and action.term is not None:
            await _add_terms(connection, [action.action_id], action.term, action.application)


async def change_term(
    pool: asyncpg.Pool, actions: Collection[UUID], term: str, application: str
) -> None:
    """Give all these actions another term. Their lines are not touched."""
    await _add_terms(pool, list(actions), term, application)


async def actions_by_id(
    pool: asyncpg.Pool, actions: Collection[UUID]
) -> Mapping[UUID, NotedAction]:
    """Those of these actions that came in by the municipal standard."""
    rows = await pool.fetch(_BY_ID, list(actions)) if actions else []
    return {row["action_id"]: NotedAction(**row) for row in rows}


async def actions_of(pool: asyncpg.Pool, processing: UUID, limit: int) -> Sequence[NotedAction]:
    """The actions of one processing that have a line, at most ``limit``."""
    return [NotedAction(**row) for row in await pool.fetch(_OF_PROCESSING, processing, limit)]


async def line_at(pool: asyncpg.Pool, trace_id: bytes, span_id: bytes) -> Record | None:
    """The line under this trace and span, None when the log holds none."""
    row = await pool.fetchrow(_ONE_LINE, trace_id, span_id)
    return None if row is None else record_of(row)


async def groups_above(pool: asyncpg.Pool, lines: Sequence[Record]) -> Mapping[UUID, Record]:
    """For each of these lines that is a part of an act with several persons, the line of the whole.

    The parts share moment and name with the whole; a line that merely called them does not.
    """
    parents = {each.columns.record_id: _parent(each) for each in lines}
    wanted = {parent for parent in parents.values() if parent is not None}
    if not wanted:
        return {}
    traces = {each.columns.trace_id for each in lines if parents[each.columns.record_id]}
    rows = await pool.fetch(_GROUPS, list(traces), list(wanted))
    found = {(row["trace_id"], row["span_id"]): record_of(row) for row in rows}
    above: dict[UUID, Record] = {}
    for each in lines:
        whole = found.get((each.columns.trace_id, parents[each.columns.record_id] or b""))
        if whole is not None and _are_one(whole, each):
            above[each.columns.record_id] = whole
    return above


async def _add_terms(
    to: asyncpg.Connection | asyncpg.Pool, actions: Sequence[UUID], term: str, application: str
) -> None:
    await to.execute(_ADD_TERMS, actions, [uuid7() for _ in actions], term, application)


def _parent(record: Record) -> bytes | None:
    line = record.content().get("ldv")
    text = line.get("parent_span_id") if isinstance(line, Mapping) else None
    return bytes.fromhex(text) if isinstance(text, str) else None


def _are_one(whole: Record, part: Record) -> bool:
    lines = [each.content().get("ldv") for each in (whole, part)]
    names = [each.get("name") if isinstance(each, Mapping) else None for each in lines]
    return whole.columns.at == part.columns.at and names[0] == names[1]
