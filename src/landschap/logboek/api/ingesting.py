# SPDX-License-Identifier: EUPL-1.2
"""Taking lines in: all of a request or none, each of them once.

What a line refers to must be there: its processing activity at the moment of the act, and a month
of the log that is still kept.
Source: Logboek Dataverwerkingen, "Gedrag van het logboek"; house decision: replayed ingest.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import asyncpg
import msgspec

from landschap.logboek.faults import AlreadySeen, LogUnavailable
from landschap.logboek.forms import Ready
from landschap.logboek.given import Given, InvalidLine
from landschap.logboek.ingest import (
    Found,
    Keys,
    activity_of,
    check_given,
    record_of,
    started_at,
    transaction_of,
)
from landschap.logboek.records import Kind, Record
from landschap.logboek.seen import LineKey, SeenLine, seen_of
from landschap.logboek.store import LogWriter, by_transactions
from landschap.logboek.store.seen import seen_before, taken_since

# Another delivery of the same lines may come in between; more often is an accident.
_ATTEMPTS = 5
_LINES_IN_A_ROW = 50
_AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)

VersionAt = Callable[[str, datetime], Awaitable[int | None]]
"""The version of an activity that held at a moment, None when none did."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one line."""

    trace_id: str
    span_id: str
    result: Literal["created", "duplicate"]


class LinesRefused(Exception):
    """Lines that may not stand in the log, with their place in the request from 0."""

    def __init__(self, mistakes: Sequence[tuple[int, InvalidLine]]) -> None:
        super().__init__(f"{len(mistakes)} lines refused")
        self.mistakes = tuple(mistakes)


class LinesConflict(Exception):
    """Lines whose trace and span are kept with another content, with their place from 0."""

    def __init__(self, places: Sequence[tuple[int, SeenLine]]) -> None:
        super().__init__(f"{len(places)} lines in conflict")
        self.places = tuple(places)


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """Where lines go. ``keys`` makes pseudonyms, the newest key for new ones."""

    pool: asyncpg.Pool
    log: LogWriter
    keys: Keys
    version_at: VersionAt

    async def account(
        self, application: str, lines: Sequence[Given | InvalidLine], now: datetime
    ) -> list[Told]:
        """Write these lines, in the order of their request; returns when they are durable.

        Raises LinesRefused, LinesConflict, and LogUnavailable when nothing can be made durable.
        """
        try:
            made = await self._made(application, lines, now)
            return await self._written(made, application, lines, now)
        except _AWAY as error:
            raise LogUnavailable(f"the log can not be read: {type(error).__name__}") from error

    async def _made(
        self, application: str, lines: Sequence[Given | InvalidLine], now: datetime
    ) -> list[Ready]:
        oldest = await taken_since(self.pool)
        versions: dict[tuple[str, datetime], int | None] = {}
        passed = await self._transactions(lines)
        made: list[Ready] = []
        mistakes: list[tuple[int, InvalidLine]] = []
        first: dict[LineKey, SeenLine] = {}
        for place, line in enumerate(lines):
            if place % _LINES_IN_A_ROW == _LINES_IN_A_ROW - 1:
                await asyncio.sleep(0)  # others are served too
            try:
                given = _readable(line)
                check_given(given)
                version = await self._version(given, oldest, versions)
                about = Found(version, _peer_in(given, passed))
                record = record_of(given, about, self.keys, self._newest, application, now)
                _refuse_two(first, seen_of(record))
                made.append(record)
            except InvalidLine as error:
                if isinstance(line, Given) and not error.span:
                    error.span = line.span_id.hex()
                mistakes.append((place, error))
        if mistakes:
            raise LinesRefused(mistakes)
        return made

    async def _transactions(
        self, lines: Sequence[Given | InvalidLine]
    ) -> Mapping[UUID, Sequence[Record]]:
        """What the log holds of the transactions that these lines name."""
        named: set[UUID] = set()
        for line in lines:
            with contextlib.suppress(InvalidLine):  # told when the line itself is looked at
                if isinstance(line, Given) and (transaction := transaction_of(line)):
                    named.add(transaction)
        return await by_transactions(self.pool, list(named)) if named else {}

    @property
    def _newest(self) -> int:
        return max(self.keys.keys)

    async def _version(
        self,
        given: Given,
        oldest: datetime,
        known: dict[tuple[str, datetime], int | None],
    ) -> int | None:
        """The version of the activity that held when the act began. Raises InvalidLine."""
        uri, began = activity_of(given), started_at(given)
        if began < oldest:
            raise InvalidLine(
                "too_old", f"the log takes lines since {oldest:%Y-%m-%d}", "start_time"
            )
        if uri is None:
            return None
        if (uri, began) not in known:
            known[uri, began] = await self.version_at(uri, began)
        version = known[uri, began]
        if version is None:
            raise InvalidLine(
                "activity_unknown",
                "the register holds no such processing activity at the moment of the act",
                "dpl.core.processing_activity_id",
            )
        return version

    async def _written(
        self,
        made: Sequence[Ready],
        application: str,
        lines: Sequence[Given | InvalidLine],
        now: datetime,
    ) -> list[Told]:
        new = {seen_of(each).key: each for each in reversed(made)}
        for _ in range(_ATTEMPTS):
            before = await seen_before(self.pool, new.keys())
            conflicts = [
                (place, kept)
                for place, each in enumerate(made)
                if (kept := before.get(seen_of(each).key)) is not None
                and not self.log.closing.is_same(kept, seen_of(each))
                and not self._is_older(kept, lines[place], each, application, now)
            ]
            if conflicts:
                raise LinesConflict(conflicts)
            # In the order of the request, each once.
            wanted = {seen_of(each).key: each for each in made if seen_of(each).key not in before}
            try:
                if wanted:
                    seen = [seen_of(each) for each in wanted.values()]
                    await self.log.append(list(wanted.values()), seen=seen)
            except AlreadySeen:
                continue
            return _told(made, wanted)
        raise LogUnavailable("these lines are delivered by several at once")

    def _is_older(
        self,
        kept: SeenLine,
        line: Given | InvalidLine,
        made: Ready,
        application: str,
        now: datetime,
    ) -> bool:
        """True when it is the same line, taken in when an earlier key made the pseudonym."""
        payload = msgspec.json.decode(made.payload)
        own = payload["landschap"]
        about = Found(own.get("activity_version"), own.get("peer_oin"))
        return isinstance(line, Given) and any(
            self.log.closing.is_same(
                kept, seen_of(record_of(line, about, self.keys, key_id, application, now))
            )
            for key_id in self.keys.keys
            if key_id != self._newest
        )


def _peer_in(given: Given, passed: Mapping[UUID, Sequence[Record]]) -> str | None:
    """With whom the transaction was that a line names: our door knows. Raises InvalidLine."""
    transaction = transaction_of(given)
    if transaction is None:
        return None
    for record in passed.get(transaction, ()):
        columns = record.columns
        if columns.kind == Kind.FSC and columns.trace_id == given.trace_id:
            return columns.peer
    raise InvalidLine(
        "transaction_unknown",
        "the log holds no transaction of this trace under that number",
        "nl.landschap.fsc_transaction_id",
    )


def _readable(line: Given | InvalidLine) -> Given:
    if isinstance(line, InvalidLine):
        raise line
    return line


def _refuse_two(first: dict[LineKey, SeenLine], found: SeenLine) -> None:
    if first.setdefault(found.key, found).digest != found.digest:
        raise InvalidLine("line_twice", "another line of this request has the same trace and span")


def _told(made: Sequence[Ready], wanted: Mapping[LineKey, Ready]) -> list[Told]:
    written: set[LineKey] = set()
    told = []
    for each in made:
        key = seen_of(each).key
        is_new = key in wanted and key not in written
        written.add(key)
        told.append(
            Told(
                trace_id=key[0].hex(),
                span_id=key[1].hex(),
                result="created" if is_new else "duplicate",
            )
        )
    return told
