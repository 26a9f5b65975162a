# SPDX-License-Identifier: EUPL-1.2
"""Carrying out an approved list as the keeper: one object, one transaction, one signed statement.

What was done stays done when the program is killed; started again it goes on with what is left.
The database looks itself at approval, exclusion, hold and change (`registers.destroy`), under the
lock of the register: what changes between the look of this program and the deed is refused there.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self
from uuid import UUID

import asyncpg

from landschap.platform.ids import uuid7
from landschap.registers.disposal import (
    Act,
    DisposalList,
    Item,
    changed_since,
    held,
    legal_duty,
    not_approved,
    not_due,
    rule_changed,
    statement,
)
from landschap.registers.models import ObjectType, Register
from landschap.registers.retention import Groups, Rules
from landschap.registers.statements import DESTROYED, Signing, sign_statement
from landschap.registers.store.disposal import holds
from landschap.registers.store.rows import COLUMNS, Connection, Pool, by_object
from landschap.registers.store.writing import lock
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import ProblemError, Refusal
from landschap.vocabulary.times import as_utc_text, parse_moment

# What may be held by the tables that ever had content; cleaned when a list is done.
_TABLES = ("assertion", "projection", "report", "report_decision")

# The pseudonyms of the persons that an object was ever about.
Pseudonyms = Callable[[ObjectType, Groups], Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A signed statement of a destroyed object, with what is needed to destroy it once more."""

    record_id: UUID
    list_id: UUID
    type_key: str
    object_id: str
    jws: str
    certificate: bytes

    def as_json(self) -> dict[str, JsonValue]:
        """As a journal and a package keep it."""
        return {
            "verklaring": str(self.record_id),
            "lijst": str(self.list_id),
            "objecttype": self.type_key,
            "identificatie": self.object_id,
            "jws": self.jws,
            "certificaat": base64.b64encode(self.certificate).decode(),
        }

    @classmethod
    def from_json(cls, given: Mapping[str, str]) -> Self:
        """Read back. Raises KeyError, TypeError and ValueError."""
        return cls(
            record_id=UUID(given["verklaring"]),
            list_id=UUID(given["lijst"]),
            type_key=given["objecttype"],
            object_id=given["identificatie"],
            jws=given["jws"],
            certificate=base64.b64decode(given["certificaat"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one item: a signed record, or why it was not destroyed."""

    item: Item
    record: Record | None = None
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """What carrying out needs beside the list: the rules as they are now, who signs, who does."""

    register: Register
    rules: Rules | None
    signing: Signing
    executor: str
    pseudonyms: Pseudonyms


async def execute(
    pool: Pool, given: DisposalList, keeping: Keeping
) -> AsyncGenerator[Outcome, None]:
    """Destroy what is on an approved list, as the keeper; yields what became of each item.

    Raises ProblemError when the list was not approved.
    """
    refused = not_approved(given)
    if refused is not None:
        raise ProblemError(refused)
    for item in given.open_items:
        changed = _forbidden(given, item, keeping)
        if changed is not None:
            yield Outcome(item=item, refusal=changed)
            continue
        # Given back before the outcome is told: who hears it may fail, and the pool waits for it.
        async with pool.acquire() as connection:
            outcome = await _destroy(connection, given, item, keeping)
        yield outcome


def _forbidden(given: DisposalList, item: Item, keeping: Keeping) -> Refusal | None:
    """What the rules as they are now say against it."""
    if given.act is Act.DESTROY:
        return rule_changed(item, keeping.rules)
    kind = keeping.register.types[item.type_key.partition(".")[2]]
    return legal_duty(keeping.rules.of(kind) if keeping.rules else [], given.authority)


async def clean(pool: Pool) -> bool:
    """Have the space of what was destroyed used again, and statistics made anew without it.

    False where the server is too old for the keeper to do so: then its own cleaning does, later.
    """
    async with pool.acquire() as connection:
        for table in _TABLES:
            may = await connection.fetchval(
                """SELECT current_setting('server_version_num')::int >= 170000
                   AND has_table_privilege('registers.' || $1, 'MAINTAIN')""",
                table,
            )
            if not may:
                return False
            await connection.execute(f"VACUUM (ANALYZE) registers.{table}")
    return True


async def _destroy(connection: Any, given: DisposalList, item: Item, keeping: Keeping) -> Outcome:
    kind = keeping.register.types[item.type_key.partition(".")[2]]
    try:
        async with connection.transaction():
            await lock(connection, keeping.register)
            groups = await _groups(connection, item, kind)
            subjects = keeping.pseudonyms(kind, groups)
            standing = await holds(connection, keeping.register)
            reasons = [
                hold.reason
                for hold in standing
                if hold.covers(item.type_key, item.object_id, item.rule_id, subjects)
            ]
            if reasons:
                return Outcome(item=item, refusal=held(reasons))
            at = datetime.now(UTC)
            record = _signed(given, item, kind, groups, keeping, at)
            await connection.fetchval(
                "SELECT registers.destroy($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                given.list_id, item.type_key, item.object_id, list(subjects),
                kind.holds_personal_data, kind.clock.value, at, record.record_id, record.jws,
                record.certificate,
            )  # fmt: skip
    except asyncpg.PostgresError as error:
        refusal = _REFUSED.get(str(getattr(error, "sqlstate", "")))
        if refusal is None:
            raise
        return Outcome(item=item, refusal=refusal)
    return Outcome(item=item, record=record)


# What `registers.destroy` raises.
_REFUSED: Mapping[str, Refusal] = {
    "LR002": held(()),
    "LR003": changed_since(),
    "LR006": not_due(),
}


async def _groups(connection: Connection, item: Item, kind: ObjectType) -> Groups:
    rows = await connection.fetch(
        f"""SELECT {COLUMNS} FROM registers.assertion
            WHERE object_type = $1 AND object_id = $2""",  # noqa: S608 - constant columns
        item.type_key, item.object_id,
    )  # fmt: skip
    return by_object(rows, kind).get(item.object_id, {})


def _signed(
    given: DisposalList,
    item: Item,
    kind: ObjectType,
    groups: Groups,
    keeping: Keeping,
    at: datetime,
) -> Record:
    numbers = sorted(
        assertion.number
        for group in groups.values()
        for assertion in group
        if item.numbers is None or assertion.number in item.numbers
    )
    record_id = uuid7()
    facts: dict[str, JsonValue] = {
        "organisatie": keeping.signing.oin,
        "uitgevoerdDoor": keeping.executor,
        "tijdstip": as_utc_text(at),
        "aantalBeweringen": len(numbers),
        "eersteVolgnummer": numbers[0] if numbers else None,
        "laatsteVolgnummer": numbers[-1] if numbers else None,
        "persoonsgegevens": kind.holds_personal_data,
        "klok": kind.clock.value,
    }
    told = statement(given, item, record_id, facts)
    return Record(
        record_id=record_id,
        list_id=given.list_id,
        type_key=item.type_key,
        object_id=item.object_id,
        jws=sign_statement(told, DESTROYED, keeping.signing),
        certificate=keeping.signing.der,
    )


async def records(pool: Connection, register: Register) -> list[Record]:
    """All signed statements of a register, in order of their making."""
    rows = await pool.fetch(
        """SELECT record_id, list_id, object_type, object_id, jws, certificate
           FROM registers.disposal_record WHERE object_type = ANY ($1)
           ORDER BY destroyed_at, record_id""",
        [kind.key for kind in register.types.values()],
    )
    return [
        Record(
            record_id=row["record_id"],
            list_id=row["list_id"],
            type_key=row["object_type"],
            object_id=row["object_id"],
            jws=row["jws"],
            certificate=bytes(row["certificate"]),
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remains:
    """What the tables show of a destroyed object: assertions with content, and without a record."""

    with_content: int
    stones: int


async def remains(pool: Connection, record: Record, numbers: Sequence[int] | None) -> Remains:
    """What is left of what a record says was destroyed."""
    row = await pool.fetchrow(
        """SELECT count(*) FILTER (WHERE inhoud IS NOT NULL
                                   OR bron #>> '{gewist,verklaring}' IS NULL) AS with_content,
                  count(*) FILTER (WHERE soort = 'VERNIETIGING') AS stones
           FROM registers.assertion
           WHERE object_type = $1 AND object_id = $2
             AND ($3::bigint[] IS NULL OR volgnummer = ANY ($3) OR soort = 'VERNIETIGING')""",
        record.type_key, record.object_id, None if numbers is None else list(numbers),
    )  # fmt: skip
    return Remains(with_content=row["with_content"], stones=row["stones"])


async def unrecorded(pool: Connection, register: Register) -> list[tuple[str, str]]:
    """Objects with something erased of which no statement is kept."""
    rows = await pool.fetch(
        """SELECT DISTINCT a.object_type, a.object_id FROM registers.assertion a
           WHERE a.object_type = ANY ($1) AND a.bron ? 'gewist' AND NOT EXISTS (
               SELECT FROM registers.disposal_record r
               WHERE r.object_type = a.object_type AND r.object_id = a.object_id
                 AND r.record_id::text = a.bron #>> '{gewist,verklaring}')
           ORDER BY 1, 2""",
        [kind.key for kind in register.types.values()],
    )
    return [(row["object_type"], row["object_id"]) for row in rows]


async def erase_again(
    connection: Connection, record: Record, told: Mapping[str, JsonValue]
) -> bool:
    """Destroy once more what a statement says, in a database put back from before it.

    Only the owner of the tables may; the statement must have been verified. False when it is
    destroyed already.
    """
    there = await connection.fetchval(
        "SELECT 1 FROM registers.disposal_record WHERE object_type = $1 AND record_id = $2",
        record.type_key, record.record_id,
    )  # fmt: skip
    if there:
        return False
    await connection.execute(
        """SELECT registers.erase($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
           FROM (SELECT pg_advisory_xact_lock(registers.lock_of($1))) locked""",
        told["register"], record.list_id, record.type_key, record.object_id, told["volgnummers"],
        told["persoonsgegevens"], told["klok"], told["grond"],
        parse_moment(str(told["tijdstip"])), record.record_id, record.jws, record.certificate,
    )  # fmt: skip
    return True
