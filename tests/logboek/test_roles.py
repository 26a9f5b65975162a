# SPDX-License-Identifier: EUPL-1.2
"""Nobody's role can change what was written; the keeper can drop a month and nothing else."""

from __future__ import annotations

from typing import Any

import asyncpg
import msgspec
import pytest
from tests.logboek.log_rig import permitted

from landschap.logboek.store import LogWriter
from landschap.vocabulary.ijson import JsonValue

FORBIDDEN = [
    "UPDATE logboek.record SET payload = ''",
    "DELETE FROM logboek.record",
    "TRUNCATE logboek.record",
    "UPDATE logboek.batch SET head = ''",
    "DELETE FROM logboek.batch",
    "UPDATE logboek.anchor SET jws = ''",
    "DELETE FROM logboek.anchor",
    "DELETE FROM logboek.dropped_month",
    "INSERT INTO logboek.dropped_month VALUES ('2020-01-01', now(), 1)",
    "UPDATE logboek.retention SET keep = '0'",
    "ALTER TABLE logboek.record DISABLE TRIGGER ALL",
    "DROP TABLE logboek.record",
    "SELECT logboek.make_month('2019-01-01')",
    "UPDATE logboek.form SET text = ''",
    "DELETE FROM logboek.form",
    "TRUNCATE logboek.form",
    "DELETE FROM logboek.used_declaration",
    "TRUNCATE logboek.used_declaration",
    "UPDATE logboek.used_declaration SET span = ''",
]


@pytest.mark.parametrize("role", ["landschap_logboek", "landschap_log_reader", "landschap_keeper"])
async def test_no_role_changes_or_removes_what_was_written(
    database: Any, writer: LogWriter, role: str
) -> None:
    await writer.append([permitted()])
    pool = await database.pool("logboek", role=role)
    partitions = await (await database.administrator()).fetch(
        "SELECT inhrelid::regclass::text AS name FROM pg_inherits "
        "WHERE inhparent = 'logboek.record'::regclass"
    )
    directly = [f"DELETE FROM {row['name']}" for row in partitions]
    assert directly
    for statement in (*FORBIDDEN, *directly):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute(statement)


async def test_only_the_keeper_drops_months_and_only_the_writer_makes_them(database: Any) -> None:
    for role, statement in (
        ("landschap_logboek", "SELECT logboek.drop_month('2019-01-01')"),
        ("landschap_log_reader", "SELECT logboek.drop_month('2019-01-01')"),
        ("landschap_log_reader", "SELECT logboek.ensure_months(2)"),
        ("landschap_keeper", "SELECT logboek.ensure_months(2)"),
        ("landschap_keeper", "SELECT payload FROM logboek.record"),
        ("landschap_keeper", "SELECT logboek.forget_declarations(1)"),
        ("landschap_log_reader", "SELECT logboek.forget_declarations(1)"),
        ("landschap_log_reader", "SELECT 1 FROM logboek.used_declaration"),
    ):
        pool = await database.pool("logboek", role=role)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute(statement)


async def test_another_room_cannot_touch_the_log(database: Any) -> None:
    for room in ("fsc", "purposes", "registers"):
        pool = await database.pool(room)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.fetch("SELECT 1 FROM logboek.record")


async def test_a_question_by_identifier_looks_in_one_month(database: Any) -> None:
    owner = await database.administrator()
    for month in range(1, 13):
        await owner.execute(f"SELECT logboek.make_month('2020-{month:02}-01')")
    plan = await owner.fetch(
        "EXPLAIN SELECT 1 FROM logboek.record WHERE lane = 'a-0' AND record_id = "
        "logboek.floor_of('2020-05-01')"
    )
    await owner.close()
    text = "\n".join(row[0] for row in plan)
    assert "record_2020_05" in text
    assert text.count("record_20") <= 2


async def test_months_are_made_ahead_and_asking_again_makes_none(database: Any) -> None:
    pool = await database.pool("logboek")
    assert await pool.fetchval("SELECT logboek.ensure_months(4)") == 2
    assert await pool.fetchval("SELECT logboek.ensure_months(4)") == 0
    with pytest.raises(asyncpg.RaiseError):
        await pool.fetchval("SELECT logboek.ensure_months(99)")


async def test_a_record_of_the_usual_size_is_stored_as_it_is(database: Any) -> None:
    """In the months that were there and in those made later: compressing costs half the writing."""
    owner = await database.administrator()
    await owner.execute("SELECT logboek.make_month('2020-05-01')")
    options = await owner.fetch(
        "SELECT reloptions FROM pg_class JOIN pg_inherits ON inhrelid = pg_class.oid "
        "WHERE inhparent = 'logboek.record'::regclass"
    )
    assert len(options) >= 4
    assert {tuple(row[0] or ()) for row in options} == {("toast_tuple_target=8160",)}
    writer = LogWriter(database.settings, "wide-0")
    await writer.start()
    reason: JsonValue = {"decision": True, "visible": ["uitkering.soort"] * 90}
    draft = permitted()
    body = {"adl.core.response": reason}
    payload = {**draft.payload, "adl": {**dict(draft.payload["adl"]), "body": body}}  # type: ignore[arg-type]  # the draft has it
    [made] = await writer.append([msgspec.structs.replace(draft, payload=payload)])
    await writer.close()
    row = await owner.fetchrow(
        "SELECT octet_length(payload), pg_column_size(payload) FROM logboek.record "
        "WHERE record_id = $1",
        made,
    )
    await owner.close()
    assert row[0] > 2000
    assert row[1] == row[0] + 4
