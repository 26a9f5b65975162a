# SPDX-License-Identifier: EUPL-1.2
"""Connections to the organisation's database, each as the role that its room may be."""

from __future__ import annotations

from typing import Any

import asyncpg

from landschap.platform.log_keys import log_keys
from landschap.platform.postgres.roles import ADMINISTRATOR, on_server, password_of, role_of
from landschap.platform.postgres.server import PORT, socket_folder
from landschap.platform.settings import Settings
from landschap.platform.trouble import Trouble

DATABASE = "landschap"
_CONNECT_SECONDS = 10
_COMMAND_SECONDS = 60


# Rooms that set, lock and listen within transactions only, and ask the same few statements with
# other values: planning one costs more than answering it.
_ASKS_ALIKE = frozenset({"registers"})


async def pool(
    settings: Settings, room: str, *, size: int = 4, role: str | None = None
) -> asyncpg.Pool:
    """A pool of at most ``size`` connections as the room's role, its schema as search path.

    ``role`` names an extra role of the room instead. A statement may take 60 s unless the call
    gives its own ``timeout``. The caller closes the pool. Raises Trouble.
    """
    name = role or role_of(room)
    try:
        made: asyncpg.Pool = await asyncpg.create_pool(
            **_arguments(settings, name),
            min_size=1,
            max_size=size,
            command_timeout=_COMMAND_SECONDS,
            **_manner(room),
            **(_rows_that_open(settings) if room == "logboek" else {}),
        )
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise _unreachable(settings, name, error) from error
    return made


def _manner(room: str) -> dict[str, Any]:
    """How the connections of a room's pool are kept."""
    told = {"search_path": room, "application_name": f"landschap {room}"}
    if room not in _ASKS_ALIKE:
        return {"server_settings": told}
    return {
        "server_settings": {**told, "plan_cache_mode": "force_generic_plan"},
        "reset": _nothing,
    }


def _rows_that_open(settings: Settings) -> dict[str, Any]:
    """With a sealed log, rows that know what opens them: who reads them asks for no key."""
    keys = log_keys(settings)
    if keys is None:
        return {}
    return {"record_class": type("SealedRow", (asyncpg.Record,), {"log_keys": keys})}


async def _nothing(_: asyncpg.Connection) -> None:
    """There is nothing to reset, so it need not be asked: a round trip less per question."""


async def connect(settings: Settings, room: str, *, role: str | None = None) -> asyncpg.Connection:
    """One connection as the room's role, for LISTEN or a long copy. Raises Trouble."""
    name = role or role_of(room)
    try:
        return await asyncpg.connect(
            **_arguments(settings, name),
            timeout=_CONNECT_SECONDS,
            server_settings={"search_path": room, "application_name": f"landschap {room}"},
        )
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise _unreachable(settings, name, error) from error


async def administrator(settings: Settings) -> asyncpg.Connection:
    """A connection that may make roles and schemas; our own database is made when absent."""
    if settings.postgres.dsn is not None:
        try:
            return await asyncpg.connect(settings.postgres.dsn, timeout=_CONNECT_SECONDS)
        except ValueError as error:
            raise Trouble(
                f"postgres.dsn cannot be read: {error}",
                "write it as postgresql://user@host:5432/database",
            ) from None
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise _unreachable(settings, "administrator", error) from error
    try:
        return await _own_administrator(settings, DATABASE)
    except asyncpg.InvalidCatalogNameError:
        first = await _own_administrator(settings, "postgres")
        await first.execute(f"CREATE DATABASE {DATABASE}")
        await first.close()
        return await _own_administrator(settings, DATABASE)


async def _own_administrator(settings: Settings, database: str) -> asyncpg.Connection:
    arguments = {**_arguments(settings, ADMINISTRATOR), "database": database}
    try:
        return await asyncpg.connect(**arguments, timeout=_CONNECT_SECONDS)
    except asyncpg.InvalidCatalogNameError:
        raise
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise _unreachable(settings, ADMINISTRATOR, error) from error


def _arguments(settings: Settings, role: str) -> dict[str, Any]:
    """What asyncpg.connect needs: a DSN with another user in it, or our own server's socket."""
    password = password_of(settings, role)
    if settings.postgres.dsn is not None:
        user = on_server(settings, role)
        return {"dsn": settings.postgres.dsn, "user": user, "password": password}
    return {
        "host": str(socket_folder(settings)),
        "port": PORT,
        "user": role,
        "password": password,
        "database": DATABASE,
    }


def _unreachable(settings: Settings, role: str, error: Exception) -> Trouble:
    words = str(error) or type(error).__name__
    if isinstance(error, asyncpg.InvalidPasswordError):
        remedy = (
            f"the password in {settings.paths.secrets} is not that of this database; restore it"
        )
    elif settings.postgres.dsn is not None:
        remedy = "check postgres.dsn, and that the server accepts us from this machine"
    else:
        remedy = "start it with `landschap serve`"
    return Trouble(f"the database cannot be reached as {role}: {words}", remedy)
