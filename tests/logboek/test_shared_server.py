# SPDX-License-Identifier: EUPL-1.2
"""Two controllers on one server: each has its own log, and neither gets at the other's."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import asyncpg
import pytest
from tests.logboek.log_rig import permitted
from tests.throwaway import Cluster, organisation

from landschap.logboek import verify as proof
from landschap.logboek.store import LogWriter, snapshot
from landschap.platform import postgres
from landschap.platform.postgres.copies import dump
from landschap.platform.postgres.roles import on_server
from landschap.platform.postgres.together import together
from landschap.platform.settings import PostgresSettings, Settings
from landschap.platform.trouble import Trouble

_OINS = {"een": "00000099000000071000", "twee": "00000099000000072000"}


@dataclass(frozen=True, kw_only=True)
class Controller:
    """One of those that share the server: its settings, its database and who made that its own."""

    settings: Settings
    database: str
    administrator: str

    def roles(self) -> list[str]:
        """The roles it has a password of, by their short names."""
        folder = self.settings.paths.secrets / "postgres"
        return sorted(path.name for path in folder.iterdir())

    async def as_role(self, role: str, database: str) -> asyncpg.Connection:
        """Log in to any database of the server with what this controller knows."""
        password = (self.settings.paths.secrets / "postgres" / role).read_text().strip()
        return await asyncpg.connect(
            self.settings.postgres.dsn,
            user=on_server(self.settings, role),
            password=password,
            database=database,
        )


async def _founded(cluster: Cluster, folder: Path, word: str) -> Controller:
    """What the operator of the server does for a controller, and nothing more."""
    administrator, database = f"beheer_{word}", f"gedeeld_{word}"
    password = secrets.token_hex(16)
    await cluster.run(f"CREATE ROLE {administrator} LOGIN CREATEROLE PASSWORD '{password}'")
    await cluster.run(f"CREATE DATABASE {database} OWNER {administrator}")
    address = cluster.dsn(database).partition("@")[2]
    given = PostgresSettings(dsn=f"postgresql://{administrator}:{password}@{address}", shared=True)
    settings = organisation(folder / word, cluster.anchor, oin=_OINS[word], name=f"Gemeente {word}")
    return Controller(
        settings=replace(settings, postgres=given), database=database, administrator=administrator
    )


async def _gone(cluster: Cluster, word: str) -> None:
    await cluster.run(f"DROP DATABASE IF EXISTS gedeeld_{word} WITH (FORCE)")
    await cluster.run(
        "DO $$ DECLARE name text; BEGIN FOR name IN SELECT rolname FROM pg_roles WHERE "
        f"starts_with(rolname, 'landschap_{_OINS[word]}_') OR rolname = 'beheer_{word}' LOOP "
        "EXECUTE 'DROP OWNED BY ' || quote_ident(name) || ' CASCADE'; "
        "EXECUTE 'DROP ROLE ' || quote_ident(name); END LOOP; END $$"
    )


@pytest.fixture(scope="module")
async def two(
    cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Controller, Controller]]:
    """Two controllers, each with everything it needs in its own database."""
    folder = tmp_path_factory.mktemp("gedeeld")
    try:
        made = [await _founded(cluster, folder, word) for word in _OINS]
        for each in made:
            await postgres.apply_migrations(each.settings)
        yield made[0], made[1]
    finally:
        for word in _OINS:
            await _gone(cluster, word)


async def _write(controller: Controller, number: int) -> None:
    writer = LogWriter(controller.settings, "gedeeld-0")
    await writer.start()
    for _ in range(number):
        await writer.append([permitted()])
    await writer.close()


async def _records(controller: Controller) -> int:
    pool = await postgres.pool(controller.settings, "logboek")
    async with snapshot(pool) as log:
        report = await proof.verify(log)
    await pool.close()
    assert report.intact, [finding.sentence() for finding in report.findings]
    return report.records


async def test_each_writes_and_verifies_its_own_log(two: tuple[Controller, Controller]) -> None:
    one, other = two
    before = await _records(one), await _records(other)
    await _write(one, 3)
    await _write(other, 1)
    assert (await _records(one), await _records(other)) == (before[0] + 3, before[1] + 1)


async def test_no_role_of_one_gets_into_the_database_of_the_other(
    two: tuple[Controller, Controller],
) -> None:
    one, other = two
    assert len(one.roles()) >= 10
    for role in one.roles():
        inside = await one.as_role(role, one.database)  # the password is right
        await inside.close()
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="denied for database"):
            await one.as_role(role, other.database)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="denied for database"):
        await asyncpg.connect(one.settings.postgres.dsn, database=other.database)


async def test_the_administrator_of_one_can_not_become_or_change_a_role_of_the_other(
    two: tuple[Controller, Controller],
) -> None:
    one, other = two
    connection = await postgres.administrator(one.settings)
    theirs = on_server(other.settings, "landschap_logboek")
    for forbidden in (
        f"SET ROLE {theirs}",
        f"GRANT {theirs} TO CURRENT_USER",
        f"ALTER ROLE {theirs} PASSWORD 'anders'",
        f"ALTER ROLE {other.administrator} PASSWORD 'anders'",
        f"DROP ROLE {theirs}",
        "GRANT pg_read_all_data TO CURRENT_USER",
        f"ALTER DATABASE {other.database} OWNER TO CURRENT_USER",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(forbidden)
    # This one is only warned of, and gives nothing.
    await connection.execute(f"GRANT CONNECT ON DATABASE {other.database} TO CURRENT_USER")
    asked = "SELECT has_database_privilege($1, 'CONNECT')"
    assert not await connection.fetchval(asked, other.database)
    assert await connection.fetchval(asked, one.database)
    await connection.close()


async def test_only_roles_of_the_controller_have_rights_in_its_database(
    two: tuple[Controller, Controller], cluster: Cluster
) -> None:
    """The roles without an OIN are on this server too, so a migration could name them."""
    for each in two:
        connection = await asyncpg.connect(cluster.dsn(each.database))
        named = await connection.fetch(
            "SELECT DISTINCT pg_get_userbyid(refobjid) FROM pg_shdepend WHERE refclassid = "
            "'pg_authid'::regclass AND dbid = (SELECT oid FROM pg_database "
            "WHERE datname = current_database())"
        )
        await connection.close()
        names = {row[0] for row in named} - {each.administrator, "pg_database_owner"}
        own = on_server(each.settings, "")
        assert len(names) > 10
        assert {name for name in names if not name.startswith(own)} == set()


async def test_the_same_roles_do_work_of_several_rooms_and_the_back_up(
    two: tuple[Controller, Controller], tmp_path: Path
) -> None:
    one, _ = two
    async with together(one.settings) as both:
        pool = await both.room("gateway")
        found = await pool.fetchval("SELECT current_user::text")
    assert found == on_server(one.settings, "landschap_gateway")
    await dump(one.settings, tmp_path / "kopie")
    assert (tmp_path / "kopie").stat().st_size > 10_000
    assert await postgres.apply_migrations(one.settings) == []  # again, and nothing changes


async def test_refuses_an_administrator_that_could_read_all_databases(
    two: tuple[Controller, Controller], cluster: Cluster
) -> None:
    one, _ = two
    mighty = replace(
        one.settings, postgres=PostgresSettings(dsn=cluster.dsn(one.database), shared=True)
    )
    with pytest.raises(Trouble, match="may read the databases of other controllers"):
        await postgres.apply_migrations(mighty)
    await cluster.run(f"GRANT pg_read_all_data TO {one.administrator}")
    try:
        with pytest.raises(Trouble, match="may read the databases of other controllers"):
            await postgres.apply_migrations(one.settings)
    finally:
        await cluster.run(f"REVOKE pg_read_all_data FROM {one.administrator}")


async def test_refuses_a_database_that_somebody_else_may_connect_to(
    two: tuple[Controller, Controller], cluster: Cluster
) -> None:
    one, other = two
    theirs = on_server(other.settings, "landschap_logboek")
    await cluster.run(f"GRANT CONNECT ON DATABASE {one.database} TO {theirs}")
    try:
        with pytest.raises(Trouble, match=f"others may connect to our database.*{theirs}"):
            await postgres.apply_migrations(one.settings)
    finally:
        await cluster.run(f"REVOKE CONNECT ON DATABASE {one.database} FROM {theirs}")
    await cluster.run(f"GRANT CONNECT ON DATABASE {one.database} TO PUBLIC")
    await postgres.apply_migrations(one.settings)  # what it may take back itself, it does
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="denied for database"):
        await other.as_role("landschap_logboek", one.database)


async def test_each_has_its_own_term_and_drops_its_own_months(
    two: tuple[Controller, Controller],
) -> None:
    one, other = two
    await _write(one, 1)
    await _write(other, 1)
    kept = await _records(other)
    administrator = await postgres.administrator(one.settings)
    # As if the term of this controller were over, and only of this one.
    await administrator.execute("UPDATE logboek.retention SET keep = '-3 months'")
    month = await administrator.fetchval("SELECT date_trunc('month', now())::date")
    keeper = await postgres.pool(one.settings, "logboek", role="landschap_keeper")
    assert await keeper.fetchval("SELECT logboek.drop_month($1)", month) > 0
    theirs = await postgres.pool(other.settings, "logboek", role="landschap_keeper")
    with pytest.raises(asyncpg.RaiseError, match="within its term"):
        await theirs.fetchval("SELECT logboek.drop_month($1)", month)
    await keeper.close()
    await theirs.close()
    await administrator.close()
    assert await _records(other) == kept
