# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: S608 - only names of columns are put into statements
"""Processes that look at sections of the log for a verification, each with a connection of its own.

All of them see the log at the moment of the verification, by the snapshot that it exports. What a
helper can not read it says nothing about, and the verification reads it itself: a helper that falls
away costs time and never an outcome.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from landschap.logboek.forms import Kept
from landschap.logboek.merkle import BatchHead
from landschap.logboek.sections import AFTER, COVERED, MOST_RECORDS, Section, whole_batches
from landschap.logboek.store.rows import between
from landschap.platform import postgres
from landschap.platform.settings import Settings
from landschap.platform.trouble import Trouble

WORTH_IT = 20_000
"""Records from which helpers save more time than starting them takes."""
_MOST_HELPERS = 16
_REMEMBERED = 4096
_SECONDS = 300
_COLUMNS = ", ".join((*COVERED, *AFTER))
_FORMS = "SELECT no, text FROM logboek.form WHERE lane = $1 AND no = ANY($2::bigint[])"


class Helping:
    """The helpers of one verification."""

    def __init__(self, executor: ProcessPoolExecutor, number: int) -> None:
        self._executor = executor
        self.number = number

    def look(self, section: Section) -> Awaitable[bytes | None]:
        """What `whole_batches` says of a section; it is looked at from now on."""
        if not section.plain or section.size > 10 * MOST_RECORDS:
            return _answer(None)
        heads = [batch.made for batch in section.batches]
        try:
            future = self._executor.submit(_look, section.after, section.until, heads)
        except BrokenProcessPool:
            return _answer(None)
        return _answer(future)


@asynccontextmanager
async def helpers(
    settings: Settings, role: str, exported: str, number: int | None = None
) -> AsyncIterator[Helping]:
    """A helper for each core, to the end of the verification, with the snapshot ``exported``."""
    wanted = min(number or os.cpu_count() or 1, _MOST_HELPERS)
    executor = ProcessPoolExecutor(
        wanted,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_begin,
        initargs=(settings, role, exported),
    )
    try:
        yield Helping(executor, wanted)
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


async def _answer(future: Future[bytes | None] | None) -> bytes | None:
    if future is None:
        return None
    try:
        return await asyncio.wrap_future(future)
    except BrokenProcessPool:
        return None


class Helper:
    """What a process has: its connection in the snapshot, and the forms that it has seen."""

    def __init__(self, settings: Settings, role: str, exported: str) -> None:
        self._runner = asyncio.Runner()
        self._settings, self._role, self._exported = settings, role, exported
        self._connection: asyncpg.Connection | None = None
        self._forms: dict[tuple[str, int], Kept] = {}

    def look(self, after: Any, until: Any, heads: Sequence[BatchHead]) -> bytes | None:
        """Read a section and say what is whole in it; None when it can not be read."""
        try:
            return self._runner.run(self.read(after, until, heads))
        except (OSError, TimeoutError, Trouble, asyncpg.PostgresError, asyncpg.InterfaceError):
            return None

    async def read(self, after: Any, until: Any, heads: Sequence[BatchHead]) -> bytes | None:
        """The same for who has a loop already. Raises what PostgreSQL raises."""
        connection = self._connection or await self._connect()
        where, values = between(after, until)
        most = sum(head.size for head in heads) + 1
        sql = (
            f"SELECT {_COLUMNS} FROM logboek.record WHERE {where} ORDER BY lane, record_id "
            f"LIMIT {most}"
        )
        rows = await connection.fetch(sql, *values, timeout=_SECONDS)
        await self._see_forms(connection, rows)
        return whole_batches(heads, rows, self._form)

    async def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            await self._connection.close()

    def _form(self, lane: str, number: int) -> Kept | None:
        return self._forms.get((lane, number))

    async def _connect(self) -> asyncpg.Connection:
        connection = await postgres.connect(self._settings, "logboek", role=self._role)
        await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        # A literal: this statement takes no parameters. The server made the name.
        name = self._exported.replace("'", "''")
        await connection.execute(f"SET TRANSACTION SNAPSHOT '{name}'")
        # A section is a piece of the primary key: read in its order, never sorted.
        for other in ("enable_sort", "enable_bitmapscan", "enable_seqscan", "jit"):
            await connection.execute(f"SET LOCAL {other} = off")
        self._connection = connection
        return connection

    async def _see_forms(self, connection: asyncpg.Connection, rows: Sequence[Any]) -> None:
        named = {(row["lane"], row["form"]) for row in rows if row["form"] is not None}
        if len(self._forms) > _REMEMBERED:
            self._forms.clear()
        new = named - self._forms.keys()
        for lane in {lane for lane, _ in new}:
            wanted = [number for own, number in new if own == lane]
            for number, text in await connection.fetch(_FORMS, lane, wanted):
                self._forms[lane, number] = Kept(text)


# One per process: what is handed over is a function of this module and plain values.
_look_here: list[Callable[..., bytes | None]] = []


def _begin(settings: Settings, role: str, exported: str) -> None:
    _look_here[:] = [Helper(settings, role, exported).look]


def _look(after: Any, until: Any, heads: Sequence[BatchHead]) -> bytes | None:
    return _look_here[0](after, until, heads)
