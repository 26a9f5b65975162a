# SPDX-License-Identifier: EUPL-1.2
"""Several rooms in one transaction: each with its own rights, and all of it or nothing."""

from __future__ import annotations

import secrets
from dataclasses import replace

import asyncpg
import pytest
from tests.throwaway import Cluster, Database

from landschap.platform.postgres.together import together
from landschap.platform.settings import PostgresSettings

_ONE = "INSERT INTO service (name, body, applied_at) VALUES ($1, '{}', now())"


async def _count(database: Database) -> int:
    pool = await database.pool("gateway")
    found: int = await pool.fetchval("SELECT count(*) FROM service")
    return found


async def test_each_room_works_as_itself_and_nothing_else(database: Database) -> None:
    async with together(database.settings) as both:
        for room in ("purposes", "gateway", "registers"):
            pool = await both.room(room)
            assert await pool.fetchval("SELECT current_user::text") == f"landschap_{room}"
            assert await pool.fetchval("SELECT current_schema()::text") == room
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with together(database.settings) as both:
            await (await both.room("purposes")).execute("SELECT * FROM gateway.service")


async def test_what_one_room_did_is_undone_when_another_fails(database: Database) -> None:
    async def two_rooms() -> None:
        async with together(database.settings) as both:
            await (await both.room("gateway")).execute(_ONE, "een")
            await (await both.room("purposes")).execute("SELECT * FROM geen")

    with pytest.raises(asyncpg.UndefinedTableError):
        await two_rooms()
    assert await _count(database) == 0
    async with together(database.settings) as both:
        pool = await both.room("gateway")
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(_ONE, "twee")
    assert await _count(database) == 1


async def test_an_administrator_that_is_no_superuser_can_do_it_too(
    database: Database, cluster: Cluster
) -> None:
    """As one is that made the roles itself: it may give them, and is not yet a member."""
    name, password = f"beheer_{database.name}", secrets.token_hex(16)
    await cluster.run(f"CREATE ROLE {name} LOGIN CREATEROLE PASSWORD '{password}'")
    try:
        for room in ("gateway", "purposes"):
            await cluster.run(
                f"GRANT landschap_{room} TO {name} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE"
            )
        dsn = cluster.dsn(database.name)
        scheme, _, rest = dsn.partition("://")
        own = f"{scheme}://{name}:{password}@{rest.partition('@')[2]}"
        settings = replace(database.settings, postgres=PostgresSettings(dsn=own))
        async with together(settings) as both:
            await (await both.room("gateway")).execute(_ONE, "een")
        assert await _count(database) == 1
    finally:
        for room in ("gateway", "purposes"):
            await cluster.run(f"REVOKE landschap_{room} FROM {name} CASCADE")
        await cluster.run(f"DROP ROLE {name}")
