# SPDX-License-Identifier: EUPL-1.2
"""The demo's collective form: a service centre keeps one database server for all organisations.

Each organisation has a database of its own on it, and does what is left by itself
(``postgres.shared``); deciders, nginx, keys and settings are its own as in the other form. Its log
is sealed, so that the service centre can not read it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import asyncpg

from landschap.cli.demo.report import Seen, demand
from landschap.platform import postgres
from landschap.platform.postgres.roles import ADMINISTRATOR, on_server, password_of
from landschap.platform.postgres.server import PORT
from landschap.platform.settings import PostgresSettings, Settings, load_settings
from landschap.platform.trouble import Trouble

if TYPE_CHECKING:
    from landschap.cli.demo.landscape import Landscape, Member

_READERS = ("landschap_logboek", "landschap_log_reader", "landschap_registers", "landschap_fsc")


@asynccontextmanager
async def service_centre(landscape: Landscape) -> AsyncIterator[None]:
    """The shared server runs while the block does; nothing when each has a server of its own.

    Raises Trouble.
    """
    if not landscape.collective:
        yield
        return
    from landschap.cli.demo.landscape_files import write_service_centre

    write_service_centre(landscape, datetime.now(UTC))
    settings = _own(landscape)
    async with postgres.running(settings):
        await _found(landscape)
        yield


def require_same_shape(landscape: Landscape) -> None:
    """A landscape that was made in one form is not there in the other. Raises Trouble."""
    made = landscape.settings_file(landscape.directory).exists()
    was_collective = landscape.settings_file(landscape.centre).exists()
    if made and was_collective != landscape.collective:
        other = "collective" if was_collective else "own"
        raise Trouble(
            f"the landscape in {landscape.folder} was made with --shape {other}",
            "start it so, or name another folder with --dir",
        )


async def kept_apart(landscape: Landscape) -> Seen:
    """With all that Weesp knows of the server nothing of Doesburg can be reached, and reversed."""
    tried, refused = 0, 0
    for own, other in (
        (landscape.weesp, landscape.doesburg),
        (landscape.doesburg, landscape.weesp),
    ):
        settings = load_settings(landscape.settings_file(own), {})
        for who in (None, *_READERS):
            inside = await _reached(settings, who, own)
            demand(inside, f"{own.name} can not reach its own database", {"role": who or "owner"})
            tried += 1
            refused += not await _reached(settings, who, other)
    seen: Seen = {"tried": tried, "refused": refused}
    demand(tried == refused, "one reached the database of the other", seen)
    return seen


async def _reached(settings: Settings, role: str | None, whose: Member) -> bool:
    """True when a role of these settings gets into a database; None is the administrator."""
    who = {}
    if role is not None:
        who = {"user": on_server(settings, role), "password": password_of(settings, role)}
    try:
        connection = await asyncpg.connect(settings.postgres.dsn, database=whose.key, **who)
    except asyncpg.InsufficientPrivilegeError:
        return False
    await connection.close()
    return True


def address_of(landscape: Landscape, member: Member, password: str) -> str:
    """Where a member's database is, and as whom it makes its roles."""
    sockets = postgres.socket_folder(_own(landscape))
    return f"postgresql://beheer_{member.key}:{password}@/{member.key}?host={sockets}&port={PORT}"


def _own(landscape: Landscape) -> Settings:
    """The service centre's settings; whatever the surroundings say, its server is its own."""
    settings = load_settings(landscape.settings_file(landscape.centre), {})
    return replace(settings, postgres=PostgresSettings())


async def as_operator(landscape: Landscape, database: str) -> asyncpg.Connection:
    """As the superuser of the shared server in one of its databases; the caller closes it."""
    settings = _own(landscape)
    return await asyncpg.connect(
        host=str(postgres.socket_folder(settings)),
        port=PORT,
        user=ADMINISTRATOR,
        password=password_of(settings, ADMINISTRATOR),
        database=database,
    )


async def _found(landscape: Landscape) -> None:
    """What the operator of the server does for each organisation, and nothing more."""
    connection = await as_operator(landscape, "postgres")
    try:
        for key, password in _passwords(landscape).items():
            name = f"beheer_{key}"
            if await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", key):
                continue
            # token_urlsafe has no quote; DDL takes no parameters.
            await connection.execute(f"CREATE ROLE {name} LOGIN CREATEROLE PASSWORD '{password}'")
            await connection.execute(f"CREATE DATABASE {key} OWNER {name}")
    finally:
        await connection.close()


def _passwords(landscape: Landscape) -> Mapping[str, str]:
    return {
        each.key: landscape.database_password_file(each).read_text().strip()
        for each in (*landscape.members, landscape.heidedorp)
    }
