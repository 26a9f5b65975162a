# SPDX-License-Identifier: EUPL-1.2
"""All rows of one source, some at a time, with the needed columns and as of one moment.

Registers, databases and files are read from end to end. A REST or SOAP service is asked for the
keys that the rows before it lead to, page by page, by the connector that also asks for one object.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import MetaData, exc
from sqlalchemy import Table as SqlTable
from sqlalchemy.engine import RowMapping

from landschap.integration.access import DatabaseAccess, FileAccess, RegisterAccess
from landschap.integration.connectors.database import address_of, open_engine
from landschap.integration.connectors.file_rows import Cells, UnreadableFile, cells_of
from landschap.integration.connectors.opening import Surroundings, place_of
from landschap.integration.connectors.register import row_of_found
from landschap.integration.connectors.snapshot import value_at
from landschap.integration.model import Axes, Source
from landschap.integration.rows import (
    Connector,
    Moment,
    Question,
    Reason,
    Row,
    SourceFailed,
    key_text,
)
from landschap.integration.sql import (
    UnknownColumn,
    UnreadableValue,
    row_of,
    split_name,
    whole_statement,
)
from landschap.registers import store
from landschap.registers.listing import Order
from landschap.registers.store import Wanted
from landschap.registers.views import narrowed
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import ProblemError

_AT_ONCE = 5_000
# Tried again as often: one page of thousands that fails must not cost the whole extract.
_TRIES = 3
PAUSE_SECONDS = 1.0
# All rows of a database take long; a database that gives none for so long gives no more.
SILENT_SECONDS = 600.0


class GaveUp(Exception):
    """Who read a file stopped before its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What is read of one source: its rows by ``by``, with these columns, as of a moment."""

    source: Source
    by: str
    columns: tuple[str, ...]
    moment: Moment

    @property
    def question(self) -> Question:
        """The same as a question about one object, without keys."""
        return Question(by=self.by, keys=(), columns=self.columns, moment=self.moment)


def reads_whole(source: Source) -> bool:
    """True for a source that is read from end to end, without keys."""
    return isinstance(source.access, RegisterAccess | DatabaseAccess | FileAccess)


async def scanned(
    scan: Scan, around: Surroundings, states: dict[str, Any]
) -> AsyncIterator[Sequence[Row]]:
    """Every row of a source that is read whole. Raises SourceFailed.

    ``states`` keeps the state of knowledge of each register, so that one extract has one.
    """
    access = scan.source.access
    if isinstance(access, FileAccess):
        found = _of_file(scan, access, around)
    elif isinstance(access, DatabaseAccess):
        found = _of_database(scan, access, around)
    else:
        assert isinstance(access, RegisterAccess)  # noqa: S101  # `reads_whole` was asked
        found = _of_register(scan, access, around, states)
    async for rows in found:
        yield rows


async def asked(scan: Scan, door: Connector, keys: Sequence[str]) -> Sequence[Row]:
    """The rows of some keys. Raises SourceFailed."""
    question = replace(scan.question, keys=keys)
    limit = scan.source.timeout_ms / 1_000 * max(1, len(keys))
    for left in reversed(range(_TRIES)):
        try:
            async with asyncio.timeout(limit):
                return await door.rows(question)
        except TimeoutError:
            reason = Reason.TOO_LATE
        except SourceFailed as failed:
            reason = failed.reason
        if not left or reason is Reason.REFUSED:
            break
        await asyncio.sleep(PAUSE_SECONDS * 2 ** (_TRIES - left))
    raise SourceFailed(reason)


async def _of_file(
    scan: Scan, access: FileAccess, around: Surroundings
) -> AsyncIterator[Sequence[Row]]:
    opened: AbstractContextManager[Path] | None = None
    try:
        place = place_of(access, around)
        stamp = await asyncio.to_thread(place.stamp)
        opened = place.opened(stamp, around.snapshots or Path())
        rows = _file_rows(scan, access, await asyncio.to_thread(opened.__enter__))
        while part := await asyncio.to_thread(_some, rows):
            yield part
        ending, opened = opened, None
        # Here it is refused when it changed meanwhile: of two states of a file nothing is told.
        await asyncio.to_thread(ending.__exit__, None, None, None)
    except UnreadableFile as error:
        raise SourceFailed(error.reason) from None
    except (OSError, ValueError):
        raise SourceFailed(Reason.UNREADABLE) from None
    finally:
        if opened is not None:
            _give_up(opened)


def _give_up(opened: AbstractContextManager[Path]) -> None:
    """Close a file that was not read to its end."""
    # One that is still being fetched is a ValueError; it goes away when that ends.
    with suppress(UnreadableFile, GaveUp, ValueError):
        opened.__exit__(GaveUp, GaveUp(), None)


def _some(rows: Iterator[Row]) -> list[Row]:
    return [row for _, row in zip(range(_AT_ONCE), rows, strict=False)]


def _file_rows(scan: Scan, access: FileAccess, file: Path) -> Iterator[Row]:
    day, period = scan.moment.valid_on.isoformat(), access.period
    for number, cells in enumerate(cells_of(access, file)):
        if number == 0:
            _check_columns(cells, (scan.by, *scan.columns))
        row = Row(
            id=key_text(value_at(cells, scan.by)),
            values={column: value_at(cells, column) for column in scan.columns},
            begin=_text(cells, period.begin),
            end=_text(cells, period.end),
        )
        holds = (row.begin or "")[:10] <= day and (row.end is None or day < row.end[:10])
        if scan.source.axes is Axes.NONE or holds:
            yield row


def _check_columns(cells: Cells, columns: Sequence[str]) -> None:
    if scan_key := next((c for c in columns[:1] if c.partition(".")[0] not in cells), None):
        raise UnreadableFile(f"there is no column {scan_key!r}")


def _text(cells: Cells, column: str) -> str | None:
    value: JsonValue = value_at(cells, column) if column else None
    return value if isinstance(value, str) and value else None


async def _of_database(
    scan: Scan, access: DatabaseAccess, around: Surroundings
) -> AsyncIterator[Sequence[Row]]:
    secret = around.secrets / access.secret_file if around.secrets else Path(access.secret_file)
    connected = False
    try:
        address = address_of(secret.read_text(encoding="utf-8"))
        # No limit per statement: all rows take longer than one.
        engine = open_engine(address, 1, 0)
    except (OSError, ValueError):
        raise SourceFailed(Reason.UNREACHABLE) from None
    try:
        async with engine.connect() as connection:
            connected = True
            schema, name = split_name(access.table)
            table = await connection.run_sync(
                lambda plain: SqlTable(
                    name, MetaData(), schema=schema, autoload_with=plain, resolve_fks=False
                )
            )
            wanted = whole_statement(table, scan.question, access.period, scan.source.axes)
            async with asyncio.timeout(SILENT_SECONDS):
                result = await connection.stream(wanted, execution_options={"yield_per": _AT_ONCE})
            parts = result.mappings().partitions(_AT_ONCE)
            while part := await _next(parts):
                yield [
                    row_of(
                        {str(n): v for n, v in one.items()},
                        scan.question,
                        access.period,
                        access.clock,
                    )
                    for one in part
                ]
    except TimeoutError:
        raise SourceFailed(Reason.TOO_LATE if connected else Reason.UNREACHABLE) from None
    except (exc.SQLAlchemyError, OSError, UnknownColumn, UnreadableValue) as error:
        cut = isinstance(error, OSError) or getattr(error, "connection_invalidated", False)
        raise SourceFailed(
            Reason.UNREACHABLE if not connected or cut else Reason.UNREADABLE
        ) from None
    finally:
        await engine.dispose()


async def _next(parts: AsyncIterator[Sequence[RowMapping]]) -> Sequence[RowMapping]:
    """The next rows; none when there are no more. Raises TimeoutError."""
    async with asyncio.timeout(SILENT_SECONDS):
        async for part in parts:
            return part
    return ()


async def _of_register(
    scan: Scan, access: RegisterAccess, around: Surroundings, states: dict[str, Any]
) -> AsyncIterator[Sequence[Row]]:
    if around.pool is None:
        raise SourceFailed(Reason.UNREACHABLE)
    register = around.registers.by_name[access.register]
    kind = around.registers.type(access.register, access.object_type)
    names = frozenset(name.partition(".")[0] for name in (*scan.columns, scan.by))
    try:
        async with states.setdefault("turn", asyncio.Lock()):
            if access.register not in states:
                moment = None if scan.moment.now else scan.moment.known_at
                now = datetime.now(UTC)
                states[access.register] = await store.known_at(around.pool, register, now, moment)
        wanted = Wanted(
            type=narrowed(kind, names), filters={}, order=Order(), limit=store.PAGE,
            valid_on=scan.moment.valid_on, known=states[access.register],
        )  # fmt: skip
        async for found in store.found_pages(around.pool, wanted):
            yield [row_of_found(one, scan.columns, scan.moment.valid_on) for one in found]
    except ProblemError:
        raise SourceFailed(Reason.TOO_LARGE) from None
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        raise SourceFailed(Reason.UNREACHABLE) from None
