# SPDX-License-Identifier: EUPL-1.2
"""Keeping lists of what is to be destroyed, who approved them, and what is held from it."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any
from uuid import UUID

from landschap.registers.disposal import (
    Act,
    DisposalList,
    Hold,
    Item,
    Person,
    four_eyes,
)
from landschap.registers.models import ObjectType, Register
from landschap.registers.retention import Groups
from landschap.registers.store.rows import COLUMNS, Connection, Pool, as_json, by_object
from landschap.vocabulary.problems import Refusal

_CHUNK = 500


async def objects(
    pool: Pool, kind: ObjectType, ids: Sequence[str] | None = None
) -> AsyncGenerator[tuple[str, Groups], None]:
    """Every object of a type with all its assertions, in order of id, at flat memory.

    Destroyed objects are passed over. ``ids`` keeps to these.
    """
    after = ""
    while True:
        rows = await pool.fetch(
            f"""SELECT {COLUMNS} FROM registers.assertion
                WHERE object_type = $1 AND object_id IN (
                    SELECT DISTINCT a.object_id FROM registers.assertion a
                    WHERE a.object_type = $1 AND a.object_id > $2
                      AND ($4::text[] IS NULL OR a.object_id = ANY ($4))
                    ORDER BY 1 LIMIT $3)
                ORDER BY object_id, volgnummer""",  # noqa: S608 - constant columns
            kind.key, after, _CHUNK, None if ids is None else list(ids),
        )  # fmt: skip
        if not rows:
            return
        gone = await _destroyed(pool, kind, [row["object_id"] for row in rows])
        for object_id, groups in by_object(rows, kind).items():
            after = object_id
            if object_id not in gone:
                yield object_id, groups


async def _destroyed(pool: Pool, kind: ObjectType, ids: Sequence[str]) -> set[str]:
    rows = await pool.fetch(
        """SELECT object_id FROM registers.disposal_record
           WHERE object_type = $1 AND whole AND object_id = ANY ($2)""",
        kind.key, list(ids),
    )  # fmt: skip
    return {row["object_id"] for row in rows}


async def propose(pool: Pool, given: DisposalList) -> None:
    """Keep a proposal with all its items, or nothing of it."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(
            """INSERT INTO registers.disposal_list
                   (list_id, register, act, ground, authority, proposed_by, proposer_role,
                    known_since)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)""",
            given.list_id, given.register, given.act.value, given.ground, given.authority,
            given.proposer.name, given.proposer.role, given.known_since,
        )  # fmt: skip
        await connection.executemany(
            """INSERT INTO registers.disposal_item (list_id, object_type, object_id, numbers,
                   rule_id, rule, since, due_on, last_number)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)""",
            [
                (
                    given.list_id, item.type_key, item.object_id,
                    None if item.numbers is None else list(item.numbers), item.rule_id,
                    as_json(dict(item.rule)), item.since, item.due_on, item.last_number,
                )
                for item in given.items
            ],
        )  # fmt: skip


async def approve(
    pool: Pool, given: DisposalList, approver: Person, reason: str = ""
) -> Refusal | None:
    """Keep an approval. Refused for the person who proposed; a second approval changes nothing."""
    refused = four_eyes(given.proposer.name, approver.name)
    if refused is not None:
        return refused
    await pool.execute(
        """INSERT INTO registers.disposal_approval
               (list_id, proposed_by, approved_by, approver_role, reason)
           VALUES ($1, $2, $3, $4, $5) ON CONFLICT (list_id) DO NOTHING""",
        given.list_id, given.proposer.name, approver.name, approver.role, reason,
    )  # fmt: skip
    return None


async def exclude(pool: Pool, given: DisposalList, item: Item, reason: str, by: str) -> None:
    """Take one object from a list, with the reason; what is taken off stays off."""
    await pool.execute(
        """INSERT INTO registers.disposal_exclusion
               (list_id, object_type, object_id, reason, excluded_by)
           VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING""",
        given.list_id, item.type_key, item.object_id, reason, by,
    )  # fmt: skip


async def list_of(pool: Pool, list_id: UUID) -> DisposalList | None:
    """One list with everything that became of it."""
    found = await _lists(pool, "l.list_id = $1", list_id)
    if not found:
        return None
    items = await pool.fetch(
        """SELECT object_type, object_id, numbers, rule, since, due_on, last_number
           FROM registers.disposal_item WHERE list_id = $1 ORDER BY object_type, object_id""",
        list_id,
    )
    excluded = await pool.fetch(
        """SELECT object_type, object_id, reason FROM registers.disposal_exclusion
           WHERE list_id = $1""",
        list_id,
    )
    done = await pool.fetch(
        """SELECT i.object_type, i.object_id
           FROM registers.disposal_item i JOIN registers.disposal_record r
             ON r.object_type = i.object_type AND r.object_id = i.object_id
           WHERE i.list_id = $1 AND (r.whole OR r.list_id = $1)""",
        list_id,
    )
    return _list(
        found[0],
        items=[_item(row) for row in items],
        excluded={(row["object_type"], row["object_id"]): row["reason"] for row in excluded},
        done=frozenset((row["object_type"], row["object_id"]) for row in done),
    )


async def lists(pool: Pool, register: Register) -> list[tuple[DisposalList, Mapping[str, int]]]:
    """All lists of a register, the newest first, with counts: items, excluded, done."""
    found = await _lists(pool, "l.register = $1", register.name)
    return [
        (_list(row), {name: row[name] for name in ("items", "excluded", "done")}) for row in found
    ]


async def _lists(pool: Pool, condition: str, value: object) -> list[Any]:
    return await pool.fetch(
        f"""SELECT l.*, a.approved_by, a.approver_role, a.approved_at,
                   (SELECT count(*) FROM registers.disposal_item i
                    WHERE i.list_id = l.list_id) AS items,
                   (SELECT count(*) FROM registers.disposal_exclusion e
                    WHERE e.list_id = l.list_id) AS excluded,
                   (SELECT count(*) FROM registers.disposal_record r
                    WHERE r.list_id = l.list_id) AS done
            FROM registers.disposal_list l LEFT JOIN registers.disposal_approval a USING (list_id)
            WHERE {condition} ORDER BY l.proposed_at DESC""",  # noqa: S608 - constant conditions
        value,
    )


def _list(row: Any, **more: Any) -> DisposalList:
    by = row["approved_by"]
    return DisposalList(
        list_id=row["list_id"],
        register=row["register"],
        act=Act(row["act"]),
        ground=row["ground"],
        authority=row["authority"],
        known_since=row["known_since"],
        proposer=Person(row["proposed_by"], row["proposer_role"]),
        proposed_at=row["proposed_at"],
        approver=None if by is None else Person(by, row["approver_role"]),
        approved_at=row["approved_at"],
        **{"items": [], **more},
    )


def _item(row: Any) -> Item:
    return Item(
        type_key=row["object_type"],
        object_id=row["object_id"],
        numbers=None if row["numbers"] is None else tuple(row["numbers"]),
        rule=json.loads(row["rule"]),
        since=row["since"],
        due_on=row["due_on"],
        last_number=row["last_number"],
    )


async def place_hold(pool: Pool, hold: Hold) -> None:
    """Keep a hold. It waits for a destruction that is going on, and forbids the next."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(
            "SELECT pg_advisory_xact_lock(registers.lock_of($1))", hold.register
        )
        await connection.execute(
            """INSERT INTO registers.hold (hold_id, register, object_type, object_id, subject,
                   rule_id, reason, placed_by)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)""",
            hold.hold_id, hold.register, hold.type_key, hold.object_id, hold.subject,
            hold.rule_id, hold.reason, hold.placed_by,
        )  # fmt: skip


async def lift_hold(pool: Pool, hold_id: UUID, reason: str, by: str) -> bool:
    """End a hold; False when there is none by that id that stands."""
    done = await pool.fetchval(
        """INSERT INTO registers.hold_end (hold_id, reason, lifted_by)
           SELECT hold_id, $2, $3 FROM registers.hold WHERE hold_id = $1
           ON CONFLICT (hold_id) DO NOTHING RETURNING true""",
        hold_id, reason, by,
    )  # fmt: skip
    return bool(done)


async def holds(pool: Connection, register: Register, *, standing: bool = True) -> list[Hold]:
    """The holds of a register, the oldest first; those that were lifted too when asked."""
    rows = await pool.fetch(
        """SELECT h.*, e.lifted_by, e.lifted_at, e.reason AS lifted_reason
           FROM registers.hold h LEFT JOIN registers.hold_end e USING (hold_id)
           WHERE h.register = $1 AND (NOT $2 OR e.hold_id IS NULL) ORDER BY h.placed_at""",
        register.name, standing,
    )  # fmt: skip
    return [
        Hold(
            hold_id=row["hold_id"],
            register=row["register"],
            type_key=row["object_type"],
            object_id=row["object_id"],
            subject=row["subject"],
            rule_id=row["rule_id"],
            reason=row["reason"],
            placed_by=row["placed_by"],
            placed_at=row["placed_at"],
            lifted_by=row["lifted_by"],
            lifted_reason=row["lifted_reason"],
            lifted_at=row["lifted_at"],
        )
        for row in rows
    ]
