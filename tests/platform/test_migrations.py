# SPDX-License-Identifier: EUPL-1.2
"""Migrations: once, in order, whole or not at all, never changed afterwards."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from landschap.platform import postgres
from landschap.platform.postgres import discover
from landschap.platform.postgres.migrations import Migration, Room, pending_migrations
from landschap.platform.postgres.roles import Role
from landschap.platform.trouble import Trouble

TABLE = (
    "CREATE TABLE thing (id int PRIMARY KEY);\n"
    "GRANT SELECT ON thing TO landschap_probe;\n"
    "CREATE FUNCTION hidden() RETURNS int LANGUAGE sql AS 'SELECT 1';"
)


def room(*sql: str, first: int = 1) -> Room:
    return Room(
        name="probe",
        roles=[
            Role(name="landschap_probe", room="probe"),
            Role(name="landschap_probe_extra", room="probe", extra=True),
        ],
        migrations=[
            Migration(room="probe", number=number, name="step", sql=text)
            for number, text in enumerate(sql, start=first)
        ],
    )


async def apply(database: Any, *rooms: Room) -> list[int]:
    done = await postgres.apply_migrations(database.settings, [*discover(), *rooms])
    return [migration.number for migration in done]


async def test_every_room_s_files_are_found_and_applied_once(database: Any) -> None:
    rooms = discover()
    assert rooms[0].name == "platform"
    assert {"platform", "logboek", "fsc", "registers"} <= {each.name for each in rooms}
    assert await postgres.apply_migrations(database.settings) == []
    assert await pending_migrations(database.settings) == []


async def test_a_room_gets_a_schema_and_a_role_with_only_what_it_is_granted(database: Any) -> None:
    assert await apply(database, room(TABLE)) == [1]
    pool = await database.pool("probe")
    assert await pool.fetch("SELECT * FROM thing") == []  # found by the search path
    for forbidden in (
        "INSERT INTO thing VALUES (1)",
        "CREATE TABLE probe.other (n int)",
        "SELECT hidden()",
        "SELECT * FROM platform.migration",
        "SET ROLE landschap_owner",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute(forbidden)
    assert await pool.fetchval("SELECT value FROM platform.epoch") > 0
    extra = await database.pool("probe", role="landschap_probe_extra")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await extra.fetch("SELECT * FROM thing")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await extra.fetchval("SELECT platform.bump_epoch()")


async def test_a_failing_file_leaves_nothing_and_names_itself(database: Any) -> None:
    wrong = "CREATE TABLE half (n int);\nSELECT no_such_column;"
    with pytest.raises(Trouble, match=r"migration probe/0002_step\.sql failed.*no_such_column"):
        await apply(database, room(TABLE, wrong))
    pool = await database.pool("probe")
    assert await pool.fetchval("SELECT to_regclass('half') IS NULL")
    assert await apply(database, room(TABLE, "CREATE TABLE whole (n int);")) == [2]


async def test_refuses_a_file_that_was_changed_after_it_was_applied(database: Any) -> None:
    await apply(database, room(TABLE))
    with pytest.raises(Trouble, match=r"probe/0001_step\.sql was changed after it was applied"):
        await apply(database, room(TABLE + " "))


async def test_refuses_a_database_that_is_newer_than_the_program(database: Any) -> None:
    await apply(database, room(TABLE, "SELECT 1"))
    with pytest.raises(Trouble, match="newer than this program: it has migration 2 of probe"):
        await apply(database, room(TABLE))
    with pytest.raises(Trouble, match="newer than this program"):
        await apply(database)


async def test_refuses_a_file_that_was_put_before_an_applied_one(database: Any) -> None:
    second = room("SELECT 2", first=2)
    await apply(database, second)
    both = replace(second, migrations=[*room(TABLE).migrations, *second.migrations])
    with pytest.raises(Trouble, match="put before number 2"):
        await apply(database, both)


async def test_a_file_may_ask_to_run_outside_a_transaction(database: Any) -> None:
    index = "-- landschap: no transaction\nCREATE INDEX CONCURRENTLY thing_id ON thing (id);"
    assert await apply(database, room(TABLE, index)) == [1, 2]


async def test_two_programs_at_once_apply_each_file_once(database: Any) -> None:
    wanted = room(TABLE, "SELECT 1", "SELECT 2")
    done = await asyncio.gather(*(apply(database, wanted) for _ in range(4)))
    assert sorted(number for each in done for number in each) == [1, 2, 3]
