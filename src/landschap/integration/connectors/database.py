# SPDX-License-Identifier: EUPL-1.2
"""A table or view of a relational database as a source, by way of SQLAlchemy.

Read only, with a time limit in the database too; what it is called and how it is logged in to
stands in a secret file. Which columns there are is asked once, and again after a failure.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import structlog
from sqlalchemy import MetaData, Table, exc
from sqlalchemy.engine import URL, RowMapping, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from landschap.integration.access import DatabaseAccess
from landschap.integration.connectors.guarding import Guard
from landschap.integration.connectors.postgresql import ShortWay
from landschap.integration.model import Source
from landschap.integration.rows import Question, Reason, Row, SourceFailed, key_text
from landschap.integration.sql import (
    MAX_BYTES,
    MAX_ROWS,
    Shape,
    TooLarge,
    UnknownColumn,
    UnreadableValue,
    all_keys,
    as_json,
    row_of,
    size_of,
    split_name,
    statement,
    values,
)

log = structlog.get_logger(__name__)
# What people write before ://, and by which driver we ask. Others need a package of their own.
DRIVERS: Mapping[str, str] = {
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
    "mariadb": "mariadb+aiomysql",
    "mysql": "mysql+aiomysql",
    "sqlite": "sqlite+aiosqlite",
    "mssql": "mssql+aioodbc",
    "oracle": "oracle+oracledb",
}
_CONNECT_SECONDS = 5
_AT_ONCE = 100
_STATEMENTS_KEPT = 1_000


class InvalidAddress(ValueError):
    """The address of a database that can not be used; the message holds no password."""


class _Cut(SourceFailed):
    """A connection that was there ended."""


class DatabaseConnector:
    """Asks one table, some questions at a time."""

    def __init__(self, source: Source, access: DatabaseAccess, engine: AsyncEngine) -> None:
        self._source = source
        self._access = access
        # Each question is one statement that only reads: to begin and end a transaction for it
        # would cost two more ways to the database and back.
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._guard = Guard(access.connections)
        self._table: Table | None = None
        self._statements: dict[Shape, Any] = {}
        self._short: ShortWay | None = None
        if engine.dialect.name == "postgresql":
            self._short = ShortWay(source, access, self._engine, self._guard.turn)

    async def rows(self, question: Question) -> Sequence[Row]:
        """The rows of all keys. Raises SourceFailed."""
        return await self._guard.watch(partial(self._ask, question))

    async def close(self) -> None:
        """Close the connections."""
        if self._short is not None:
            await self._short.close()
        await self._engine.dispose()

    async def every_key(self, by: str, most: int) -> list[str]:
        """At most so many different keys, in their order. Raises SourceFailed."""
        async with self._connected() as connection:
            asked = all_keys(await self._known(connection), by, most)
            found = (await connection.execute(asked)).scalars().all()
        return [text for each in found if (text := key_text(as_json(each)))]

    async def columns(self) -> dict[str, str]:
        """The columns of the table and their kinds, asked anew. Raises SourceFailed."""
        self._forget()
        async with self._connected(told=False) as connection:
            table = await self._known(connection)
        return {column.name: str(column.type) for column in table.columns}

    @asynccontextmanager
    async def _connected(self, *, told: bool = True) -> AsyncIterator[AsyncConnection]:
        """A connection of which every failure becomes a reason, without text of the database."""
        connected = False
        try:
            if self._short is not None:
                await self._short.give_back()
            async with self._engine.connect() as connection:
                connected = True
                yield connection
        except TooLarge:
            raise SourceFailed(Reason.TOO_LARGE) from None
        except (exc.SQLAlchemyError, OSError, UnknownColumn, UnreadableValue) as error:
            # Who is not let in finds nothing to read, and drivers tell that in many ways. Who is
            # in and loses the connection is out again; all else is about what was asked.
            cut = isinstance(error, OSError) or getattr(error, "connection_invalidated", False)
            away = not connected or cut or isinstance(error, exc.TimeoutError)
            reason = Reason.UNREACHABLE if away else Reason.UNREADABLE
            failed = self._failed(reason, error, told=told)
            raise (_Cut(reason) if cut and connected else failed) from None

    def _forget(self) -> None:
        self._table = None
        self._statements.clear()
        if self._short is not None:
            self._short.forget()

    def _failed(self, reason: Reason, error: Exception, *, told: bool) -> SourceFailed:
        self._forget()  # it may have other columns by now
        if told:
            # The class only, as the text of a failure may hold values of the question.
            name, kind = self._source.name, type(error).__name__
            log.warning("database_source_failed", source=name, error=kind)
        return SourceFailed(reason)

    async def _ask(self, question: Question) -> Sequence[Row]:
        table, short = self._table, self._short
        found = None
        if short is not None and table is not None:
            found = await short.rows(table, question)
        if found is not None:
            return found
        async with self._guard.turn:
            return await self._again(question)

    async def _again(self, question: Question) -> list[Row]:
        try:
            return await self._asked(question)
        except _Cut:
            # A connection that was kept and had ended meanwhile is only seen when it is used.
            return await self._asked(question)

    async def _asked(self, question: Question) -> list[Row]:
        period = self._access.period
        async with self._connected() as connection:
            table, axes = await self._known(connection), self._source.axes
            bound = values(table, question, period, axes)
            if bound is None:
                return []
            asked = self._statement(table, Shape.of(question, _AT_ONCE + 1))
            got = (await connection.execute(asked, bound)).mappings().fetchall()
            found = [_record(one) for one in got]
            if len(found) > _AT_ONCE:
                # Seldom so many: then in parts, so that no more is held than may be given.
                found = await _in_parts(
                    connection, self._statement(table, Shape.of(question)), bound
                )
            return [row_of(one, question, period, self._access.clock) for one in found]

    def _statement(self, table: Table, shape: Shape) -> Any:
        made = self._statements.get(shape)
        if made is None:
            if len(self._statements) >= _STATEMENTS_KEPT:
                self._statements.clear()
            made = statement(table, shape, self._access.period, self._source.axes)
            self._statements[shape] = made
        return made

    async def _known(self, connection: AsyncConnection) -> Table:
        if self._table is None:
            schema, name = split_name(self._access.table)
            self._table = await connection.run_sync(
                lambda plain: Table(
                    name, MetaData(), schema=schema, autoload_with=plain, resolve_fks=False
                )
            )
        return self._table


def _record(mapping: RowMapping) -> dict[str, object]:
    """A row by the names of its columns. Raises TooLarge for a cell that is."""
    record = {str(name): value for name, value in mapping.items()}
    size_of(record)
    return record


async def _in_parts(
    connection: AsyncConnection, asked: Any, bound: Mapping[str, object]
) -> list[dict[str, object]]:
    """All rows of a question, with an end to how many and how large. Raises TooLarge."""
    found: list[dict[str, object]] = []
    size = 0
    if connection.dialect.name == "postgresql":
        # A cursor there needs a transaction.
        await connection.rollback()
        connection = await connection.execution_options(isolation_level="READ COMMITTED")
    parts = asked.execution_options(yield_per=_AT_ONCE)
    async with connection.stream(parts, dict(bound)) as streamed:
        async for one in streamed.mappings():
            found.append(_record(one))
            size += size_of(found[-1])
            if len(found) > MAX_ROWS or size > MAX_BYTES:
                raise TooLarge
    return found


def address_of(text: str) -> URL:
    """An address as we use it. Raises InvalidAddress."""
    try:
        url = make_url(text.strip())
    except exc.ArgumentError:
        raise InvalidAddress("is no address such as postgresql://name:password@host/db") from None
    driver = DRIVERS.get(url.drivername)
    if driver is None:
        raise InvalidAddress(f"begins with none of {', '.join(f'{name}://' for name in DRIVERS)}")
    return url.set(drivername=driver)


def open_engine(url: URL, connections: int, timeout_ms: int) -> AsyncEngine:
    """The connections to one database; made when they are needed. Raises InvalidAddress."""
    options: dict[str, Any] = {"hide_parameters": True}
    kind = url.get_backend_name()
    if kind == "sqlite":
        url = url.set(database=f"file:{url.database}", query={"mode": "ro", "uri": "true"})
    else:
        options |= {"pool_size": connections, "max_overflow": 0, "pool_timeout": _CONNECT_SECONDS}
    if kind == "postgresql":
        server = {
            "default_transaction_read_only": "on",
            "statement_timeout": str(timeout_ms),
            "application_name": "landschap",
        }
        options["connect_args"] = {"timeout": _CONNECT_SECONDS, "server_settings": server}
    elif kind in ("mariadb", "mysql"):
        options["connect_args"] = {
            "connect_timeout": _CONNECT_SECONDS,
            "init_command": "SET SESSION TRANSACTION READ ONLY",
        }
    try:
        return create_async_engine(url, **options)
    except (ModuleNotFoundError, exc.NoSuchModuleError) as error:
        package = url.get_driver_name()
        raise InvalidAddress(f"needs the package {package}, which is not installed") from error
