# SPDX-License-Identifier: EUPL-1.2
"""Adding assertions: numbered and stamped under one short lock per register, until commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from uuid import UUID

from landschap.registers.migrating import names_before
from landschap.registers.models import ObjectType, Register
from landschap.registers.operations import Draft
from landschap.registers.periods import BEGINNING
from landschap.registers.refusals import invalid_body
from landschap.registers.schemas import Fault
from landschap.registers.store.adopting import adopt
from landschap.registers.store.closing import destroyed_of, refusal_to_write
from landschap.registers.store.rows import Connection, Pool, as_json
from landschap.registers.timeline import Clock
from landschap.vocabulary.problems import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One assertion to add to one object.

    ``source_digest`` names the row of a source; an entry whose digest is there already is passed
    over. ``corrects_digest`` names the row it corrects when its number is not known yet.
    """

    type: ObjectType
    object_id: str
    draft: Draft
    source_digest: bytes | None = None
    corrects_digest: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Assertions that are added together or not at all.

    ``expected`` holds, per object type key and object id, the last number the writer saw; when
    somebody added since, nothing is written. Repeating a transaction id writes nothing again.
    """

    register: Register
    transaction_id: UUID
    entries: Sequence[Entry]
    expected: Mapping[tuple[str, str], int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What an act added: how many, under which numbers, at which moment of ours."""

    added: int
    passed_over: int = 0
    first_number: int = 0
    last_number: int = 0
    registered_at: datetime | None = None


async def write(pool: Pool, act: Act) -> Written | Refusal:
    """Add the assertions of an act and derive the timelines of its objects anew.

    Refused with everything that is wrong when contents do not fit the model (400
    ``inhoud.ongeldig``), and with 412 ``geschiedenis.gewijzigd`` on a lost update.
    """
    wrong = faults_of(act)
    if wrong:
        return wrong
    async with pool.acquire() as connection, connection.transaction():
        await lock(connection, act.register)
        earlier = await _earlier(connection, act)
        if earlier is not None:
            return earlier
        stale = await _gone(connection, act) or await _stale(connection, act)
        if stale is not None:
            return stale
        return await append(connection, act)


async def lock(connection: Connection, register: Register) -> None:
    """Let no other write to this register until the end of the transaction."""
    await connection.execute("SELECT pg_advisory_xact_lock(registers.lock_of($1))", register.name)


async def written_before(pool: Pool, act: Act) -> Written | None:
    """What this act added when it was done before; None when it was not."""
    return await _earlier(pool, act)


async def refusal_of(pool: Pool, act: Act) -> Refusal | None:
    """Why this act would be refused at this moment; None when it would not."""
    return faults_of(act) or await _gone(pool, act) or await _stale(pool, act)


async def request_of(pool: Pool, act: Act) -> str:
    """The digest of the request that an act was written for; empty when it says none."""
    found = await pool.fetchval(
        """SELECT a.bron ->> 'verzoek' FROM registers.assertion a
           JOIN registers.act t ON t.register = $1 AND t.transaction_id = $2
           WHERE a.object_type = ANY ($3) AND a.volgnummer = t.last_number""",
        act.register.name, act.transaction_id, [kind.key for kind in act.register.types.values()],
    )  # fmt: skip
    return str(found or "")


def faults_of(act: Act) -> Refusal | None:
    """The refusal of an act whose contents do not fit the models, with all faults at once."""
    found = [
        (position, fault)
        for position, entry in enumerate(act.entries)
        for fault in _faults_of_entry(entry, act.register)
    ]
    if not found:
        return None
    return invalid_body(
        [(f"/{position}{fault.pointer}", fault.message) for position, fault in found],
        title="The content does not fit the information model",
    )


def _faults_of_entry(entry: Entry, register: Register) -> list[Fault]:
    draft = entry.draft
    found = entry.type.faults_in(entry.object_id, draft.group, draft.content)
    if register.types.get(entry.type.name) != entry.type:
        found.append(Fault("", f"{entry.type.key} is no type of register {register.name}"))
    if register.clock is Clock.SOURCE and draft.source_registered_at is None:
        found.append(Fault("", "a copy needs the moment of registration at the source"))
    source = draft.begin_source
    if source is not None and not (source.complete or entry.type.incomplete_dates):
        found.append(Fault("", f"{entry.type.key} takes no incomplete dates"))
    if source is not None and draft.period.begin not in (source.lo, BEGINNING):
        found.append(Fault("", "the period does not begin on the first possible day"))
    return found


async def _earlier(connection: Connection, act: Act) -> Written | None:
    row = await connection.fetchrow(
        """SELECT first_number, last_number, registered_at FROM registers.act
           WHERE register = $1 AND transaction_id = $2""",
        act.register.name, act.transaction_id,
    )  # fmt: skip
    if row is None:
        return None
    added = row["last_number"] - row["first_number"] + 1
    return Written(added=added, **row)


async def _stale(connection: Connection, act: Act) -> Refusal | None:
    for (key, object_id), number in act.expected.items():
        last = await connection.fetchval(
            """SELECT coalesce(max(volgnummer), 0) FROM registers.assertion
               WHERE object_type = $1 AND object_id = $2""",
            key, object_id,
        )  # fmt: skip
        if last != number:
            return Refusal(
                code="geschiedenis.gewijzigd",
                status=HTTPStatus.PRECONDITION_FAILED,
                title="Somebody registered something in between",
                detail=f"Nothing was written: the object stands at {last}, you saw {number}. "
                "Read it again and decide again.",
                extra={"volgnummer": last},
            )
    return None


async def _gone(connection: Connection, act: Act) -> Refusal | None:
    """What may not be written here at all; a row of a source about it is passed over instead."""
    named = [(e.type.key, e.object_id) for e in act.entries if not e.source_digest]
    return await refusal_to_write(connection, act.register, [*act.expected, *named])


async def append(connection: Connection, act: Act) -> Written:
    """Add the assertions of an act that was checked, under the lock of its register."""
    entries = await _new_entries(connection, act.entries)
    passed_over = len(act.entries) - len(entries)
    if not entries:
        return Written(added=0, passed_over=passed_over)
    row = await connection.fetchrow(
        """INSERT INTO registers.act
               (register, last_number, first_number, registered_at, transaction_id)
           SELECT $1, coalesce(max(last_number), 0) + $2, coalesce(max(last_number), 0) + 1,
                  greatest(clock_timestamp(), max(registered_at) + interval '1 microsecond'), $3
           FROM registers.act WHERE register = $1
           RETURNING first_number, last_number, registered_at""",
        act.register.name, len(entries), act.transaction_id,
    )  # fmt: skip
    written = Written(added=len(entries), passed_over=passed_over, **row)
    corrected = await _corrected(connection, entries, written.first_number)
    await _insert(connection, act, entries, written, corrected)
    await _project(connection, entries)
    return written


async def _new_entries(connection: Connection, entries: Sequence[Entry]) -> list[Entry]:
    """The entries that are not there yet; twice the same row in one file counts once."""
    named = [entry for entry in entries if entry.source_digest is not None]
    rows = await connection.fetch(
        """SELECT a.object_type, a.object_id, a.source_digest
           FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[]) AS n (t, o, g, d)
           JOIN registers.assertion a ON (a.object_type, a.object_id, a.groep, a.source_digest)
                                       = (n.t, n.o, n.g, n.d)""",
        [entry.type.key for entry in named],
        [entry.object_id for entry in named],
        [entry.draft.group for entry in named],
        [entry.source_digest for entry in named],
    )
    seen = {(row[0], row[1], bytes(row[2])) for row in rows}
    gone = await destroyed_of(connection, [(e.type.key, e.object_id) for e in named])
    kept = []
    for entry in entries:
        if entry.source_digest is not None and (entry.type.key, entry.object_id) in gone:
            continue
        name = (entry.type.key, entry.object_id, entry.source_digest or b"")
        if entry.source_digest is None or name not in seen:
            kept.append(entry)
            seen.add(name)
    return kept


async def _corrected(
    connection: Connection, entries: Sequence[Entry], first_number: int
) -> list[int | None]:
    """The number each entry corrects; a digest is looked up in this act, then in earlier ones."""
    here = {
        (entry.object_id, entry.source_digest): first_number + position
        for position, entry in enumerate(entries)
        if entry.source_digest is not None
    }
    numbers: list[int | None] = []
    for entry in entries:
        digest = entry.corrects_digest
        number = here.get((entry.object_id, digest)) if digest else entry.draft.corrects
        if digest and number is None:
            number = await connection.fetchval(
                """SELECT volgnummer FROM registers.assertion
                   WHERE object_type = $1 AND object_id = $2 AND groep = $3
                     AND source_digest = $4""",
                entry.type.key, entry.object_id, entry.draft.group, digest,
            )  # fmt: skip
        numbers.append(number)
    return numbers


_INSERT = """
INSERT INTO registers.assertion
    (object_type, object_id, groep, seq, volgnummer, valid_from, valid_to, valid_from_source,
     registered_at, source_registered_at, soort, inhoud, corrigeert, bron, model_version,
     transaction_id, source_digest)
SELECT n.object_type, n.object_id, n.groep,
       coalesce(old.seq, 0) + row_number() OVER (
           PARTITION BY n.object_type, n.object_id, n.groep ORDER BY n.ord),
       $1 + n.ord - 1, n.valid_from, n.valid_to, n.valid_from_source,
       $2, n.source_registered_at, n.soort, n.inhoud, n.corrigeert, n.bron, n.model_version,
       $3, n.source_digest
FROM unnest($4::text[], $5::text[], $6::text[], $7::date[], $8::date[], $9::text[],
            $10::timestamptz[], $11::text[], $12::jsonb[], $13::bigint[], $14::jsonb[],
            $15::text[], $16::bytea[]) WITH ORDINALITY
     AS n (object_type, object_id, groep, valid_from, valid_to, valid_from_source,
           source_registered_at, soort, inhoud, corrigeert, bron, model_version, source_digest, ord)
LEFT JOIN LATERAL (
    SELECT max(a.seq) AS seq FROM registers.assertion a
    WHERE a.object_type = n.object_type AND a.object_id = n.object_id AND a.groep = n.groep
) old ON true
"""


async def _insert(
    connection: Connection,
    act: Act,
    entries: Sequence[Entry],
    written: Written,
    corrected: Sequence[int | None],
) -> None:
    drafts = [entry.draft for entry in entries]
    await connection.execute(
        _INSERT,
        written.first_number,
        written.registered_at,
        act.transaction_id,
        [entry.type.key for entry in entries],
        [entry.object_id for entry in entries],
        [draft.group for draft in drafts],
        [draft.period.begin for draft in drafts],
        [draft.period.end for draft in drafts],
        [str(draft.begin_source) if draft.begin_source else None for draft in drafts],
        [draft.source_registered_at for draft in drafts],
        [draft.kind.value for draft in drafts],
        [None if draft.content is None else as_json(draft.content) for draft in drafts],
        corrected,
        [as_json(draft.source) for draft in drafts],
        [entry.type.version for entry in entries],
        [entry.source_digest for entry in entries],
    )


async def _project(connection: Connection, entries: Sequence[Entry]) -> None:
    objects: dict[ObjectType | str, tuple[ObjectType, set[str]]] = {}
    for entry in entries:
        objects.setdefault(entry.type.key, (entry.type, set()))[1].add(entry.object_id)
    for kind, ids in objects.values():
        await connection.execute(
            "SELECT registers.project($1, $2, $3)", kind.key, kind.clock.value, sorted(ids)
        )


async def prepare(pool: Pool, register: Register) -> None:
    """Put the models of a register in force, and index searchable paths and places.

    What is there is left alone. Raises ProblemError ``model.onverenigbaar``, see `adopt`.
    """
    await adopt(pool, register)
    for kind in register.types.values():
        for path in kind.searchable_paths():
            for name in names_before(path, kind.migrations):
                await pool.execute("SELECT registers.index_path($1, $2)", kind.key, name)
        if kind.geometry is not None:
            await pool.execute(
                "SELECT registers.index_geometry($1, $2)", kind.key, kind.geometry.name
            )


async def rebuild(pool: Pool, register: Register) -> int:
    """Derive all timelines of a register anew; returns how many objects were done."""
    done = 0
    for kind in register.types.values():
        rows = await pool.fetch(
            "SELECT DISTINCT object_id FROM registers.assertion WHERE object_type = $1", kind.key
        )
        ids = [row["object_id"] for row in rows]
        for start in range(0, len(ids), 10_000):
            async with pool.acquire() as connection, connection.transaction():
                await connection.execute(
                    "SELECT pg_advisory_xact_lock(registers.lock_of($1))", register.name
                )
                await connection.execute(
                    "SELECT registers.project($1, $2, $3)",
                    kind.key, kind.clock.value, ids[start : start + 10_000],
                )  # fmt: skip
        done += len(ids)
    return done


async def differences(pool: Pool, register: Register) -> int:
    """How many stretches of the projection differ from what the assertions say; 0 is right."""
    total = 0
    for kind in register.types.values():
        total += await pool.fetchval(
            """WITH ids AS (
                   SELECT array_agg(DISTINCT object_id) AS all_ids
                   FROM registers.assertion WHERE object_type = $1),
               derived AS (
                   SELECT d.* FROM ids, registers.derived($1, $2, coalesce(all_ids, '{}')) d),
               kept AS (
                   SELECT object_id, groep, valid_from, valid_to, seq, inhoud, volgnummer,
                          registered_at, source_registered_at
                   FROM registers.projection WHERE object_type = $1)
               SELECT count(*) FROM (
                   (SELECT * FROM derived EXCEPT SELECT * FROM kept)
                   UNION ALL (SELECT * FROM kept EXCEPT SELECT * FROM derived)) AS difference""",
            kind.key, kind.clock.value,
        )  # fmt: skip
    return total
