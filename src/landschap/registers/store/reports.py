# SPDX-License-Identifier: EUPL-1.2
"""Keeping reports of doubt, and the mark that follows from them, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from landschap.registers.models import ObjectType, Register
from landschap.registers.operations import Draft
from landschap.registers.periods import Period
from landschap.registers.reports import Decided, Report, in_doubt
from landschap.registers.store.rows import Connection, Pool
from landschap.registers.store.writing import Act, Entry, append, lock
from landschap.registers.timeline import DOUBT_PREFIX, Kind
from landschap.vocabulary.ijson import JsonValue

_COLUMNS = """r.report_id, r.object_type, r.object_id, r.paths, r.since, r.explanation, r.peer,
    r.reported_at, r.proposed, r.reporter, r.decide_by, r.author, d.upheld, d.reason, d.document,
    d.decided_at"""
_FROM = "registers.report r LEFT JOIN registers.report_decision d USING (report_id)"


async def report(
    pool: Pool, register: Register, kind: ObjectType, given: Report, transaction_id: UUID
) -> Report:
    """Keep a report and mark what it doubts. The same transaction again tells the first one.

    So does a person's second report of the same values while the first waits for a decision.
    """
    async with pool.acquire() as connection, connection.transaction():
        await lock(connection, register)
        earlier = await connection.fetchrow(
            f"SELECT {_COLUMNS} FROM {_FROM} WHERE r.transaction_id = $1 AND r.object_type = $2",  # noqa: S608 - constants
            transaction_id, kind.key,
        )  # fmt: skip
        if earlier is None and given.reporter:
            earlier = await _asked_before(connection, kind, given)
        if earlier is not None:
            return _report_of(earlier)
        await connection.execute(
            """INSERT INTO registers.report (report_id, object_type, object_id, paths, since,
                   explanation, peer, transaction_id, reported_at, proposed, reporter, decide_by,
                   author)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)""",
            given.report_id, kind.key, given.object_id, list(given.paths), given.since,
            given.explanation, given.peer, transaction_id, given.reported_at,
            given.proposed or None, given.reporter or None, given.decide_by,
            given.author,
        )  # fmt: skip
        await _mark(connection, register, kind, given, set())
    return given


async def decide(
    pool: Pool, register: Register, kind: ObjectType, given: Report, decided: Decided, by: str
) -> Report:
    """Keep a decision and take the mark away. A report is decided once; again tells the first."""
    async with pool.acquire() as connection, connection.transaction():
        await lock(connection, register)
        await connection.execute(
            """INSERT INTO registers.report_decision
                   (report_id, upheld, reason, document, decided_by)
               VALUES ($1, $2, $3, $4, $5) ON CONFLICT (report_id) DO NOTHING""",
            given.report_id, decided.upheld, decided.reason, decided.document, by,
        )  # fmt: skip
        groups = {kind.properties[path.partition(".")[0]].group for path in given.paths}
        await _mark(connection, register, kind, given, groups)
    found = await report_of(pool, register, given.report_id)
    assert found is not None  # noqa: S101  # reports are never removed
    return found


async def report_of(pool: Pool, register: Register, report_id: UUID) -> Report | None:
    """One report of a register."""
    row = await pool.fetchrow(
        f"SELECT {_COLUMNS} FROM {_FROM} WHERE report_id = $1 AND r.object_type = ANY ($2)",  # noqa: S608 - constants
        report_id, [kind.key for kind in register.types.values()],
    )  # fmt: skip
    return None if row is None else _report_of(row)


async def reports_by(
    pool: Pool, register: Register, reporters: Sequence[bytes], limit: int
) -> Sequence[Report]:
    """What a person reported about their own data, under any of their pseudonyms; newest first."""
    rows = await pool.fetch(
        f"""SELECT {_COLUMNS} FROM {_FROM}
            WHERE r.reporter = ANY ($1) AND r.object_type = ANY ($2)
            ORDER BY r.reported_at DESC LIMIT $3""",  # noqa: S608 - constants
        list(reporters), [kind.key for kind in register.types.values()], limit,
    )  # fmt: skip
    return [_report_of(row) for row in rows]


async def open_reports(pool: Pool, register: Register, limit: int) -> Sequence[Report]:
    """What waits for a decision, the oldest first."""
    rows = await pool.fetch(
        f"""SELECT {_COLUMNS} FROM {_FROM}
            WHERE d.report_id IS NULL AND r.object_type = ANY ($1)
            ORDER BY r.reported_at LIMIT $2""",  # noqa: S608 - constants
        [kind.key for kind in register.types.values()], limit,
    )  # fmt: skip
    return [_report_of(row) for row in rows]


async def due_reports(pool: Pool, limit: int) -> Sequence[Report]:
    """What waits for a decision by a day, of all registers; the first that is due first."""
    rows = await pool.fetch(
        f"""SELECT {_COLUMNS} FROM {_FROM}
            WHERE d.report_id IS NULL AND r.decide_by IS NOT NULL
            ORDER BY r.decide_by, r.reported_at LIMIT $1""",  # noqa: S608 - constants
        limit,
    )
    return [_report_of(row) for row in rows]


async def destroyed_of(pool: Pool, reports: Sequence[UUID]) -> list[UUID]:
    """Those of these reports that were destroyed, or are not there."""
    rows = await pool.fetch(
        "SELECT asked FROM unnest($1::uuid[]) asked WHERE NOT EXISTS ("
        " SELECT FROM registers.report r WHERE r.report_id = asked AND r.explanation <> '')",
        list(reports),
    )
    return [row["asked"] for row in rows]


async def _asked_before(connection: Connection, kind: ObjectType, given: Report) -> Any:
    return await connection.fetchrow(
        f"""SELECT {_COLUMNS} FROM {_FROM}
            WHERE d.report_id IS NULL AND r.reporter = $1 AND r.object_type = $2
              AND r.object_id = $3 AND r.paths = $4""",  # noqa: S608 - constants
        given.reporter, kind.key, given.object_id, list(given.paths),
    )  # fmt: skip


async def _mark(
    connection: Connection,
    register: Register,
    kind: ObjectType,
    given: Report,
    cleared: set[str],
) -> None:
    """Assert what is in doubt by the reports that are open now; ``cleared`` groups may be free."""
    rows = await connection.fetch(
        f"""SELECT {_COLUMNS} FROM {_FROM}
            WHERE d.report_id IS NULL AND r.object_type = $1 AND r.object_id = $2
            ORDER BY r.reported_at""",  # noqa: S608 - constants
        kind.key, given.object_id,
    )  # fmt: skip
    doubts = in_doubt(kind, [_report_of(row) for row in rows])
    entries = []
    for group in sorted({*doubts, *cleared}):
        since, paths = doubts.get(group, (given.since, []))
        names: list[JsonValue] = list(paths)
        draft = Draft(
            period=Period(min(since, given.since)),
            kind=Kind.DOUBT,
            content={"kenmerken": names} if names else None,
            group=DOUBT_PREFIX + group,
            source={"terugmelding": str(given.report_id)},
        )
        entries.append(Entry(type=kind, object_id=given.object_id, draft=draft))
    # The act bears an own name: a report and its decision are two acts.
    name = await connection.fetchval("SELECT gen_random_uuid()")
    await append(connection, Act(register=register, transaction_id=name, entries=entries))


def _report_of(row: Any) -> Report:
    decided = None
    if row["upheld"] is not None:
        decided = Decided(upheld=row["upheld"], reason=row["reason"], document=row["document"])
    return Report(
        report_id=row["report_id"],
        type_key=row["object_type"],
        object_id=row["object_id"],
        paths=tuple(row["paths"]),
        since=row["since"],
        explanation=row["explanation"],
        peer=row["peer"],
        reported_at=row["reported_at"],
        decided=decided,
        decided_at=row["decided_at"],
        proposed=row["proposed"] or "",
        author=row["author"],
        reporter=row["reporter"] or b"",
        decide_by=row["decide_by"],
    )
