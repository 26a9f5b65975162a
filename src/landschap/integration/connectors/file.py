# SPDX-License-Identifier: EUPL-1.2
"""A file as a source: asked by key from a snapshot that follows the file.

A file that changed is taken in beside the questions; until that is done, and when it can not be
read, the former state goes on answering, with its own moment in the provenance.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar

import structlog

from landschap.integration.access import FileAccess, FileForm
from landschap.integration.connectors.file_rows import Cells, UnreadableFile
from landschap.integration.connectors.places import Place, Stamp
from landschap.integration.connectors.snapshot import Snapshot, every, find, take, value_at
from landschap.integration.model import Axes, Source
from landschap.integration.rows import Question, Reason, Row, SourceFailed, key_text
from landschap.integration.sql import MAX_ROWS
from landschap.vocabulary.ijson import JsonValue

log = structlog.get_logger(__name__)
_TRY_AGAIN_SECONDS = 30.0
_READING = ThreadPoolExecutor(max_workers=32, thread_name_prefix="bestand")
T = TypeVar("T")
# So many keys, and rows, are read where the question is asked.
_FEW = 50
# In these every row has every column; the others leave out what is empty.
_TABLES = (FileForm.CSV, FileForm.EXCEL, FileForm.PARQUET)
# The state of a file that can not be looked at.
_UNSEEN = Stamp(size=-1, written_ns=-1)


class FileConnector:
    """Asks the snapshot of one file."""

    def __init__(self, source: Source, access: FileAccess, place: Place, folder: Path) -> None:
        self._source = source
        self._access = access
        self._place = place
        self._folder = folder
        self._held: _Held | None = None
        self._taking: asyncio.Task[None] | None = None
        self._looked = float("-inf")
        self._refused: Stamp | None = None
        self._refused_at = 0.0
        self._why = Reason.UNREADABLE

    async def rows(self, question: Question) -> Sequence[Row]:
        """The rows of all keys. Raises SourceFailed when no state of the file was ever read."""
        await self._follow()
        held = self._held
        if held is None:
            raise SourceFailed(self._why)
        if self._lacks(held.snapshot, question):
            raise SourceFailed(Reason.UNREADABLE)
        try:
            few = self._few(held, question)
            return few if few is not None else await asyncio.to_thread(self._rows, held, question)
        except sqlite3.Error:
            # Its snapshot is gone or damaged: it is made anew.
            self._held, self._looked = None, float("-inf")
            raise SourceFailed(Reason.UNREADABLE) from None

    async def every_key(self, by: str, most: int) -> list[str]:
        """At most so many different keys, in their order. Raises SourceFailed."""
        await self._follow()
        if self._held is None or by not in self._source.keys:
            raise SourceFailed(self._why)
        return await asyncio.to_thread(self._keys, self._held, by, most)

    def _keys(self, held: _Held, by: str, most: int) -> list[str]:
        with held.lock:
            return list(every(held.opened, self._source.keys.index(by), most))

    async def look(self) -> Snapshot:
        """Take in what the file is now. Raises UnreadableFile or OSError."""
        return await _aside(take, self._access, self._source.keys, self._place, self._folder)

    async def _follow(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._taking is None and now - self._looked >= self._place.look_again_seconds:
            self._looked = now
            self._taking = asyncio.create_task(self._take())
        if self._held is None and self._taking is not None:
            # Shielded: who has no time for the first reading must not begin it anew for the next.
            await asyncio.shield(self._taking)

    async def _take(self) -> None:
        """Take the file in when it is another one than is held, or was refused."""
        try:
            # By its state before it is read: what is written meanwhile is another state.
            stamp = await _aside(self._place.stamp)
        except UnreadableFile as error:
            self._refuse(_UNSEEN, error, error.reason)
        else:
            # What can not be read is not read again for each question, but now and then it is:
            # a disk that was full may have room.
            waits = stamp == self._refused and self._now() - self._refused_at < _TRY_AGAIN_SECONDS
            if not waits and (self._held is None or stamp != self._held.snapshot.stamp):
                await self._read(stamp)
        finally:
            self._taking = None

    async def _read(self, stamp: Stamp) -> None:
        try:
            self._held = await asyncio.to_thread(_Held, await self.look())
            self._refused = None
        except UnreadableFile as error:
            self._refuse(stamp, error, error.reason)
        except (OSError, sqlite3.Error) as error:
            self._refuse(stamp, error, Reason.UNREADABLE)

    def _refuse(self, stamp: Stamp, error: Exception, why: Reason) -> None:
        """Keep that this state can not be taken in; it is told once in so many seconds."""
        if stamp != self._refused or self._now() - self._refused_at >= _TRY_AGAIN_SECONDS:
            log.warning("file_source_not_taken_in", source=self._source.name, why=str(error))
            self._refused, self._refused_at = stamp, self._now()
        self._why = why
        if why is Reason.REFUSED:
            self._held = None  # who may no longer read it does not answer from what was read

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _lacks(self, held: Snapshot, question: Question) -> bool:
        """True when a table lacks an asked column: that is another file, and no empty field."""
        if self._access.form not in _TABLES or not held.columns:
            return False
        there = set(held.columns)
        return any(
            column not in there and column.partition(".")[0] not in there
            for column in (*question.columns, *self._access.period.named)
        )

    def _few(self, held: _Held, question: Question) -> list[Row] | None:
        """The rows at once when they are few, which takes less than going to a thread and back;
        None when they are many, or somebody is reading many.
        """
        if len(question.keys) > _FEW or not held.lock.acquire(blocking=False):
            return None
        try:
            place = self._source.keys.index(question.by)
            cells = list(islice(find(held.opened, place, question.keys), _FEW + 1))
        finally:
            held.lock.release()
        return None if len(cells) > _FEW else self._held_then(cells, question, held.snapshot)

    def _held_then(
        self, cells: Iterable[Cells], question: Question, snapshot: Snapshot
    ) -> list[Row]:
        """The rows of the day that is asked about, with an end to how many. Raises SourceFailed."""
        found: list[Row] = []
        for each in cells:
            row = self._row(each, question, snapshot)
            if self._source.axes is Axes.NONE or _holds(row, question):
                found.append(row)
            if len(found) > MAX_ROWS:
                raise SourceFailed(Reason.TOO_LARGE)
        return found

    def _rows(self, held: _Held, question: Question) -> list[Row]:
        place = self._source.keys.index(question.by)
        with held.lock:
            cells = find(held.opened, place, question.keys)
            return self._held_then(cells, question, held.snapshot)

    def _row(self, cells: Cells, question: Question, held: Snapshot) -> Row:
        period = self._access.period
        return Row(
            id=key_text(value_at(cells, question.by)),
            values={column: value_at(cells, column) for column in question.columns},
            begin=_text(cells, period.begin),
            end=_text(cells, period.end),
            registered=_text(cells, period.registered) or held.stamp.written,
            clock=self._access.clock,
        )


async def _aside(work: Callable[..., T], *given: object) -> T:
    """Read in a thread of these: a store that is slow keeps no thread from other sources."""
    return await asyncio.get_running_loop().run_in_executor(_READING, partial(work, *given))


class _Held:
    """A snapshot that is open, so that it can be read until the last even when it is replaced."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.lock = threading.Lock()
        self.opened = sqlite3.connect(
            f"file:{snapshot.path}?mode=ro&immutable=1", uri=True, check_same_thread=False
        )

    def __del__(self) -> None:
        """Close it when nobody reads it any longer."""
        self.opened.close()


def _holds(row: Row, question: Question) -> bool:
    day = question.moment.valid_on.isoformat()
    return (row.begin or "")[:10] <= day and (row.end is None or day < row.end[:10])


def _text(cells: Mapping[str, JsonValue], column: str) -> str | None:
    value = value_at(cells, column) if column else None
    return value if isinstance(value, str) and value else None
