# SPDX-License-Identifier: EUPL-1.2
"""A server that several controllers share: a database for each, and no way from one to another.

Every statement here does nothing when the server is ours alone.
"""

from __future__ import annotations

import re

import asyncpg

from landschap.platform.postgres.roles import on_server
from landschap.platform.settings import Settings
from landschap.platform.trouble import Trouble

# A name that a quote begins with is that of a channel, which is of one database already.
_ROLE = re.compile(r"(?<!['\w])landschap_[a-z_]+")
# Who may do one of these reaches databases of others, whatever those forbid.
_MIGHTY = """
SELECT rolsuper OR rolreplication OR EXISTS (
    SELECT FROM pg_roles AS other
    WHERE other.rolname IN ('pg_read_all_data', 'pg_write_all_data', 'pg_read_server_files',
                            'pg_write_server_files', 'pg_execute_server_program')
      AND pg_has_role(current_user, other.oid, 'MEMBER'))
FROM pg_roles WHERE rolname = current_user
"""
_STRANGERS = """
SELECT DISTINCT coalesce(role.rolname, 'public')::text FROM pg_database AS base,
    aclexplode(coalesce(base.datacl, acldefault('d', base.datdba))) AS may
    LEFT JOIN pg_roles AS role ON role.oid = may.grantee
WHERE base.datname = current_database() AND may.privilege_type = 'CONNECT'
    AND may.grantee <> base.datdba AND coalesce(NOT starts_with(role.rolname, $1), true)
ORDER BY 1
"""


def with_names_of(settings: Settings, sql: str) -> str:
    """A migration with the names that its roles have on the server."""
    if not settings.postgres.shared:
        return sql
    return _ROLE.sub(lambda found: on_server(settings, found[0]), sql)


async def require_apart(connection: asyncpg.Connection, settings: Settings) -> None:
    """Refuse an administrator on a shared server that could read other controllers' databases.

    Raises Trouble.
    """
    if settings.postgres.shared and await connection.fetchval(_MIGHTY):
        who = await connection.fetchval("SELECT current_user::text")
        raise Trouble(
            f"{who} may read the databases of other controllers on this server",
            "name in postgres.dsn a role with CREATEROLE only, that owns our database",
        )


async def close_to_others(connection: asyncpg.Connection, settings: Settings) -> None:
    """Let nobody but our own roles connect to our database on a shared server.

    Raises Trouble when anyone else still may: PostgreSQL only warns about rights it did not take.
    """
    if not settings.postgres.shared:
        return
    database = await connection.fetchval("SELECT quote_ident(current_database())")
    await connection.execute(f"REVOKE CONNECT ON DATABASE {database} FROM PUBLIC")
    strangers = await connection.fetch(_STRANGERS, on_server(settings, ""))
    if strangers:
        names = ", ".join(row[0] for row in strangers)
        raise Trouble(
            f"others may connect to our database on the shared server: {names}",
            f"have its owner REVOKE CONNECT ON DATABASE {database} from them, "
            "and make the role in postgres.dsn its owner",
        )


async def let_in(connection: asyncpg.Connection, settings: Settings, name: str) -> None:
    """Let one of our own roles, as it is named on the server, connect to our database."""
    if settings.postgres.shared:
        database = await connection.fetchval("SELECT quote_ident(current_database())")
        await connection.execute(f"GRANT CONNECT ON DATABASE {database} TO {name}")
