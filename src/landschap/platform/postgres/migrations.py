# SPDX-License-Identifier: EUPL-1.2
"""Numbered plain SQL, per room, applied once, in order, each file in its own transaction.

A room is a package of landschap with a folder ``migrations``; that folder holds ``0001_name.sql``
and so on, and optionally ``roles.toml`` with extra roles:

    [landschap_log_reader]      # a role beside the room's own landschap_<room>
    login = true                # the default; false for a group

Before a room's first file its schema (owned by `landschap_owner`) and its role exist; extra roles
may use the schema and get nothing else until a migration grants it. Files run as
`landschap_owner` with the room's schema as search path. Functions are not executable by PUBLIC:
grant what a role needs. A file that opens with ``-- landschap: no transaction`` runs outside one.

What was applied is remembered with its SHA-256. A changed file is refused, and so is a database
with a migration that this program does not have: it was made by a newer one.
"""

from __future__ import annotations

import hashlib
import importlib.resources
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources.abc import Traversable

import asyncpg

from landschap.platform.postgres.connections import administrator
from landschap.platform.postgres.roles import (
    OWNER,
    ROOMS,
    Role,
    make_password,
    on_server,
    role_of,
)
from landschap.platform.postgres.sharing import (
    close_to_others,
    let_in,
    require_apart,
    with_names_of,
)
from landschap.platform.settings import Settings
from landschap.platform.trouble import Trouble

# Any number will do, as long as every program takes the same one.
_LOCK = 6_215_902_117
_NAME = re.compile(r"([0-9]{4})_([a-z0-9_]+)\.sql")
_ROLE_NAME = re.compile(r"landschap_[a-z_]{1,40}")
_NO_TRANSACTION = "-- landschap: no transaction"
_FIRST = "platform"
_MEMORY = """
CREATE TABLE IF NOT EXISTS platform.migration (
    room text NOT NULL,
    number int NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (room, number)
);
COMMENT ON TABLE platform.migration IS 'reference: what was applied, once per node';
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One file: the room it belongs to, its number, and what it does."""

    room: str
    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """The hash that proves that the file was not changed since it was applied."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What one room needs in the database."""

    name: str
    roles: Sequence[Role]
    migrations: Sequence[Migration]


def discover(package: str = "landschap") -> Sequence[Room]:
    """The rooms of a package that have migrations; `platform` first, the others by name."""
    folders = importlib.resources.files(package).iterdir()
    rooms = [
        _room(folder.name, folder / "migrations")
        for folder in folders
        if folder.is_dir() and (folder / "migrations").is_dir()
    ]
    return sorted(rooms, key=lambda room: (room.name != _FIRST, room.name))


async def pending_migrations(settings: Settings) -> Sequence[Migration]:
    """What `apply_migrations` would apply. Raises Trouble."""
    connection = await administrator(settings)
    try:
        made = await connection.fetchval("SELECT to_regclass('platform.migration') IS NOT NULL")
        known = await _applied(connection) if made else {}
    finally:
        await connection.close()
    rooms = discover()
    _refuse_unknown(known, rooms)
    return [migration for room in rooms for migration in _pending(room, known)]


async def apply_migrations(
    settings: Settings, rooms: Sequence[Room] | None = None
) -> Sequence[Migration]:
    """Bring the database to what this program needs; gives the migrations applied now.

    One advisory lock keeps two programs from doing so at once. Raises Trouble.
    """
    needed = discover() if rooms is None else rooms
    connection = await administrator(settings)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
        await require_apart(connection, settings)
        await _prepare(connection, settings)
        known = await _applied(connection)
        _refuse_unknown(known, needed)
        applied: list[Migration] = []
        for room in needed:
            await _make_room(connection, settings, room)
            for migration in _pending(room, known):
                await _apply(connection, settings, migration)
                applied.append(migration)
        return applied
    finally:
        await connection.close()


def _room(name: str, folder: Traversable) -> Room:
    return Room(
        name=name,
        roles=[Role(name=role_of(name), room=name), *_extra_roles(name, folder)],
        migrations=sorted(_files(name, folder), key=lambda migration: migration.number),
    )


def _files(room: str, folder: Traversable) -> Iterator[Migration]:
    seen: set[int] = set()
    for file in folder.iterdir():
        if not file.name.endswith(".sql"):
            continue
        match = _NAME.fullmatch(file.name)
        if match is None or int(match[1]) in seen:
            raise Trouble(
                f"migration {room}/{file.name} has no number of its own",
                "name it 0001_what_it_does.sql, with a number no other file of the room has",
            )
        seen.add(int(match[1]))
        yield Migration(
            room=room, number=int(match[1]), name=match[2], sql=file.read_text(encoding="utf-8")
        )


def _extra_roles(room: str, folder: Traversable) -> Iterator[Role]:
    file = folder / "roles.toml"
    if not file.is_file():
        return
    for name, described in tomllib.loads(file.read_text(encoding="utf-8")).items():
        if not _ROLE_NAME.fullmatch(name):
            raise Trouble(
                f"{room}/migrations/roles.toml: {name!r} is no role name",
                "name it landschap_ followed by small letters and underscores",
            )
        yield Role(name=name, room=room, login=bool(described.get("login", True)), extra=True)


async def make_roles(settings: Settings) -> None:
    """Make the roles that a restored database refers to. Raises Trouble."""
    connection = await administrator(settings)
    try:
        await require_apart(connection, settings)
        await _prepare_roles(connection, settings)
        for room in discover():
            for role in room.roles:
                await _make_role(connection, settings, role)
    finally:
        await connection.close()


async def _prepare_roles(connection: asyncpg.Connection, settings: Settings) -> None:
    """The roles that stand above all rooms."""
    owner, rooms = on_server(settings, OWNER), on_server(settings, ROOMS)
    for role in (owner, rooms):
        if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
            await connection.execute(f"CREATE ROLE {role} NOLOGIN")
    # An administrator that is no superuser may only act as the owner when it is a member.
    await connection.execute(f"GRANT {owner} TO CURRENT_USER")
    await close_to_others(connection, settings)


async def _prepare(connection: asyncpg.Connection, settings: Settings) -> None:
    """What stands above all rooms, and the memory of what was applied."""
    await _prepare_roles(connection, settings)
    owner = on_server(settings, OWNER)
    database = await connection.fetchval("SELECT quote_ident(current_database())")
    await connection.execute(f"GRANT CREATE ON DATABASE {database} TO {owner}")
    await connection.execute(f"CREATE SCHEMA IF NOT EXISTS platform AUTHORIZATION {owner}")
    await connection.execute(
        f"ALTER DEFAULT PRIVILEGES FOR ROLE {owner} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC"
    )
    async with connection.transaction():
        await connection.execute(f"SET LOCAL ROLE {owner}")
        await connection.execute(_MEMORY)


async def _applied(connection: asyncpg.Connection) -> Mapping[tuple[str, int], str]:
    rows = await connection.fetch("SELECT room, number, sha256 FROM platform.migration")
    return {(row["room"], row["number"]): row["sha256"] for row in rows}


def _refuse_unknown(known: Mapping[tuple[str, int], str], rooms: Sequence[Room]) -> None:
    ours = {(m.room, m.number): m for room in rooms for m in room.migrations}
    for (room, number), sha256 in sorted(known.items()):
        mine = ours.get((room, number))
        if mine is None:
            raise Trouble(
                f"the database is newer than this program: it has migration {number} of {room}",
                "install the landschap that made it, or restore a back-up from before",
            )
        if mine.sha256 != sha256:
            raise Trouble(
                f"migration {room}/{number:04}_{mine.name}.sql was changed after it was applied",
                "put the file back as it was, and write a new migration for the change",
            )


def _pending(room: Room, known: Mapping[tuple[str, int], str]) -> Iterator[Migration]:
    highest = max((number for name, number in known if name == room.name), default=0)
    for migration in room.migrations:
        if (room.name, migration.number) in known:
            continue
        if migration.number < highest:
            raise Trouble(
                f"migration {migration.number} of {room.name} was put before number {highest}, "
                "which is already applied",
                "give it a number above the last one",
            )
        yield migration


async def _make_room(connection: asyncpg.Connection, settings: Settings, room: Room) -> None:
    """The room's schema and roles; nothing changes when they are there."""
    owner = on_server(settings, OWNER)
    await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {room.name} AUTHORIZATION {owner}")
    for role in room.roles:
        await _make_role(connection, settings, role)
        name = on_server(settings, role.name)
        await connection.execute(f"GRANT USAGE ON SCHEMA {room.name} TO {name}")


async def _make_role(connection: asyncpg.Connection, settings: Settings, role: Role) -> None:
    name = on_server(settings, role.name)
    exists = await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", name)
    if not exists:
        await connection.execute(f"CREATE ROLE {name} {'LOGIN' if role.login else ''}")
    if role.login:
        await let_in(connection, settings, name)
        password, fresh = make_password(settings, role.name)
        if fresh or not exists:
            # token_urlsafe has no quote; DDL takes no parameters.
            await connection.execute(f"ALTER ROLE {name} PASSWORD '{password}'")
    if not role.extra:
        await connection.execute(f"GRANT {on_server(settings, ROOMS)} TO {name}")


async def _apply(connection: asyncpg.Connection, settings: Settings, migration: Migration) -> None:
    sql = with_names_of(settings, migration.sql)
    try:
        await connection.execute(f"SET ROLE {on_server(settings, OWNER)}")
        await connection.execute(f"SET search_path = {migration.room}, public")
        if migration.sql.lstrip().startswith(_NO_TRANSACTION):
            await connection.execute(sql)
            await _remember(connection, migration)
        else:
            async with connection.transaction():
                await connection.execute(sql)
                await _remember(connection, migration)
    except asyncpg.PostgresError as error:
        file = f"{migration.room}/{migration.number:04}_{migration.name}.sql"
        raise Trouble(
            f"migration {file} failed: {error}",
            "nothing of this file was applied; report it with the message above",
        ) from error
    finally:
        if not connection.is_closed():
            await connection.execute("RESET ROLE; RESET search_path")


async def _remember(connection: asyncpg.Connection, migration: Migration) -> None:
    await connection.execute(
        "INSERT INTO platform.migration (room, number, name, sha256) VALUES ($1, $2, $3, $4)",
        migration.room,
        migration.number,
        migration.name,
        migration.sha256,
    )
