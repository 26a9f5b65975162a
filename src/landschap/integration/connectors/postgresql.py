# SPDX-License-Identifier: EUPL-1.2
"""The short way to a table in PostgreSQL: past the layer over the driver, and together.

Questions for the same columns that are asked at the same time are one statement, written once and
kept by the driver; each gets its own rows of it. Connections are those of the engine, borrowed. For
whatever is out of the ordinary (a kind of column that must be converted, many rows, a failure) the
answer is None, and the question is asked the long way, which alone refuses.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Table, types
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from landschap.integration.access import DatabaseAccess
from landschap.integration.model import Source
from landschap.integration.rows import Question, Row
from landschap.integration.sql import (
    KEYS,
    Shape,
    UnknownColumn,
    days,
    gathered_statement,
    keys_in,
    row_of,
    size_of,
)
from landschap.platform.gathering import Gathering

log = structlog.get_logger(__name__)
# Kinds of columns of which the driver gives what the layer over it would give too.
_AS_IT_IS = (
    types.TEXT, types.VARCHAR, types.CHAR, types.BOOLEAN, types.SMALLINT, types.INTEGER,
    types.BIGINT, types.NUMERIC, types.REAL, types.DOUBLE_PRECISION, types.DATE, types.UUID,
    TIMESTAMP,
)  # fmt: skip
_SHAPES_KEPT = 200
# Rows of one statement, and questions in it: fewer when these find many rows each.
_MOST_ROWS = 100
_MOST_QUESTIONS = 50
_KEYS_APIECE = 50


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question with its keys as the column has them."""

    question: Question
    keys: Sequence[object]


_Found = Sequence[Row] | None


@dataclass(frozen=True, slots=True)
class _Way:
    """One shape of question: its statement with what is bound in it, and who asks it now."""

    table: Table
    text: str
    bound: dict[str, object]
    gathering: Gathering[date, _Asked, _Found]


class ShortWay:
    """Questions to one table. ``turn`` bounds the statements that run at the same time."""

    def __init__(
        self, source: Source, access: DatabaseAccess, engine: AsyncEngine, turn: asyncio.Semaphore
    ) -> None:
        self._access = access
        self._axes = source.axes
        # Whoever waits for a statement has waited as long as it takes: then nobody is left.
        self._seconds = source.timeout_ms / 1000
        self._engine = engine
        self._turn = turn
        self._ways: dict[tuple[str, tuple[str, ...]], _Way | None] = {}
        self._idle: list[AsyncConnection] = []
        self._is_closed = False

    async def rows(self, table: Table, question: Question) -> Sequence[Row] | None:
        """The rows of all keys; None: ask the long way."""
        try:
            way = self._way(table, question)
            # Two texts may be one key there, as a UUID in capitals: its rows are there once.
            keys = list(dict.fromkeys(keys_in(table, question)))
        except UnknownColumn:
            return None
        if way is None or len(keys) > _KEYS_APIECE:
            return None
        if not keys:
            return []
        return await way.gathering.ask(question.moment.valid_on, _Asked(question, keys))

    async def give_back(self) -> None:
        """One connection that is kept goes back to the engine, for who asks the long way."""
        if self._idle:
            await self._idle.pop().close()

    def forget(self) -> None:
        """The table may have other columns by now."""
        self._ways.clear()

    async def close(self) -> None:
        """Give back all connections."""
        self._is_closed = True
        while self._idle:
            await self._idle.pop().close()

    def _way(self, table: Table, question: Question) -> _Way | None:
        alike = (question.by, tuple(question.columns))
        if alike not in self._ways:
            if len(self._ways) >= _SHAPES_KEPT:
                self._ways.clear()
            self._ways[alike] = self._made(table, Shape.of(question, _MOST_ROWS + 1))
        return self._ways[alike]

    def _made(self, table: Table, shape: Shape) -> _Way | None:
        made = gathered_statement(table, shape, self._access.period, self._axes)
        if made is None or any(type(each.type) not in _AS_IT_IS for each in made.selected_columns):
            return None
        compiled = made.compile(dialect=self._engine.dialect)
        places = compiled.positiontup or ()
        bound = {name: compiled.params[name] for name in places}
        gathering: Gathering[date, _Asked, _Found] = Gathering(
            partial(self._together, shape),
            most=_MOST_QUESTIONS,
            most_lanes=self._access.connections,
        )
        return _Way(table, str(compiled), bound, gathering)

    async def _together(self, shape: Shape, day: date, asked: Sequence[_Asked]) -> Sequence[_Found]:
        way = self._ways.get((shape.by, shape.columns))
        if way is None:
            return [None] * len(asked)
        wanted: dict[object, list[int]] = {}
        for place, each in enumerate(asked):
            for key in each.keys:
                wanted.setdefault(key, []).append(place)
        given = {KEYS: list(wanted), **days(way.table, day, self._access.period, self._axes)}
        records = await self._fetched(way.text, [*(way.bound | given).values()])
        if records is None:
            return [None] * len(asked)
        _adapt(way.gathering, len(records), len(asked))
        if len(records) > _MOST_ROWS:
            return [None] * len(asked)
        return self._parted(records, shape.by, wanted, asked)

    def _parted(
        self,
        records: Sequence[Mapping[str, Any]],
        by: str,
        wanted: Mapping[object, Sequence[int]],
        asked: Sequence[_Asked],
    ) -> Sequence[_Found]:
        """Each question its own rows. One row that can not be read or placed: all the long way."""
        found: list[list[Row]] = [[] for _ in asked]
        question, period, clock = asked[0].question, self._access.period, self._access.clock
        try:
            for record in records:
                size_of(record)
                row = row_of(record, question, period, clock)
                for place in wanted[record[by]]:
                    found[place].append(row)
        except (ArithmeticError, LookupError, TypeError, ValueError):
            return [None] * len(asked)
        return found

    async def _fetched(
        self, text: str, bound: Sequence[object]
    ) -> Sequence[Mapping[str, Any]] | None:
        """The records; None when they can not be had this way."""
        async with self._turn:
            connection = None
            try:
                async with asyncio.timeout(self._seconds):
                    connection = self._idle.pop() if self._idle else await self._engine.connect()
                    raw: Any = (await connection.get_raw_connection()).driver_connection
                    records: Sequence[Mapping[str, Any]] = await raw.fetch(text, *bound)
            except BaseException as error:  # also of who is ended: what it was doing is unknown
                if connection is not None:
                    await _ended(connection)
                if not isinstance(error, Exception):
                    raise
                log.info("asked_the_long_way", error=type(error).__name__)
                return None
            if self._is_closed:
                await connection.close()
            else:
                self._idle.append(connection)
            return records


def _adapt(gathering: Gathering[date, _Asked, _Found], rows: int, questions: int) -> None:
    """Fewer questions at a time while they find many rows, and slowly more again."""
    if rows > _MOST_ROWS:
        gathering.most = max(1, questions // 2)
    elif gathering.most < _MOST_QUESTIONS and 2 * rows < _MOST_ROWS:
        gathering.most += 1


async def _ended(connection: AsyncConnection) -> None:
    """A connection that may be in the middle of something is used no more."""
    await connection.invalidate()
    await connection.close()
