# SPDX-License-Identifier: EUPL-1.2
"""What was read of a delivery, on disk instead of in memory, until all of it was checked.

The file has no name: SQLite unlinks it when it is opened, so that a process that is killed leaves
no copy of anybody's data behind.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, MutableMapping
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from types import TracebackType
from typing import Any, Self

import msgspec

from landschap.platform.trouble import Trouble
from landschap.registers.client.limits import MAX_FAULTS
from landschap.registers.models import Register
from landschap.registers.operations import Draft
from landschap.registers.periods import IncompleteDate, Period
from landschap.registers.sources import (
    Reading,
    Refused,
    RowFault,
    Sourced,
    SourceRow,
    UnreadableSource,
)
from landschap.registers.timeline import Kind

_TABLES = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA temp_store = FILE;
PRAGMA cache_size = -8000;
CREATE TABLE row (pos INTEGER PRIMARY KEY, part TEXT, object TEXT, file TEXT, line INT, cells BLOB);
CREATE TABLE reading (pos INTEGER PRIMARY KEY, moment INT, tie INT, type TEXT, object TEXT,
                      only_once TEXT, file TEXT, line INT, data BLOB);
CREATE TABLE fault (type TEXT, object TEXT, file TEXT, line INT, data BLOB);
CREATE TABLE mark (file TEXT, mark TEXT, digest BLOB, PRIMARY KEY (file, mark)) WITHOUT ROWID;
"""
_AT_ONCE = 1000
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder().decode
_Packed = tuple[
    date, date, str, dict[str, Any] | None, str, str | None, datetime | None, dict[str, Any],
    bytes, bytes | None,
]  # fmt: skip


class Spool:
    """Rows, readings and faults of one delivery; Trouble leaves it when its disk is full."""

    def __init__(self, register: Register) -> None:
        self._types = {kind.key: kind for kind in register.types.values()}
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.executescript(_TABLES + "BEGIN;")
        self._waiting: dict[str, list[tuple[Any, ...]]] = {}
        self.faults = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._db.close()
        if isinstance(error, sqlite3.OperationalError):
            raise Trouble(
                f"there is no room for what was read: {error}",
                "make room, or name a folder with more of it in SQLITE_TMPDIR, and start again: "
                "what was loaded stands",
            ) from error

    def keep_row(self, part: str, object_id: str, file: str, row: SourceRow) -> None:
        """A row that has to be read together with the others of its object."""
        self._add("row", (None, part, object_id, file, row.line, _pack(row.cells)))

    def keep(self, told: Iterable[Sourced | Refused]) -> None:
        """Readings and faults, in the order in which they come."""
        for each in told:
            if isinstance(each, Sourced):
                self._keep_reading(each)
            else:
                self._keep_faults(each)

    def objects(self, part: str) -> Iterator[tuple[str, str, list[SourceRow]]]:
        """The rows of one part: the object, the file of its first row, all its rows."""
        self._flush()
        rows = self._db.execute(
            "SELECT object, file, line, cells FROM row WHERE part = ? ORDER BY object, pos", (part,)
        )
        for object_id, group in groupby(rows, key=lambda row: row[0]):
            mine = list(group)
            yield (
                object_id,
                mine[0][1],
                [SourceRow(line=line, cells=_unpack(cells)) for _, _, line, cells in mine],
            )

    def parts(self) -> list[str]:
        """The parts there are rows of, in order of their first one."""
        self._flush()
        found = self._db.execute("SELECT part FROM row GROUP BY part ORDER BY min(pos)")
        return [part for (part,) in found]

    def marks(self, file: str) -> MutableMapping[str, bytes]:
        """The names of the lines of a file, each with the digest of its row."""
        return _Marks(self._db, file)

    def finish(self) -> None:
        """Find what stands twice; call it when all was read."""
        self._flush()
        again = self._db.execute(
            """SELECT b.type, b.object, b.only_once, b.file, b.line, a.file, a.line
               FROM (SELECT min(pos) AS pos, type, object, only_once FROM reading
                     WHERE only_once <> '' GROUP BY type, object, only_once
                     HAVING count(*) > 1) first
               JOIN reading a ON a.pos = first.pos
               JOIN reading b ON b.type = first.type AND b.object = first.object
                             AND b.only_once = first.only_once AND b.pos > first.pos
                             AND (b.file, b.line) <> (a.file, a.line)"""
        ).fetchall()
        for type_key, object_id, only, file, line, first_file, first in again:
            there = f"line {first}" if file == first_file else f"{first_file}, line {first}"
            fault = RowFault(
                file=file, line=line, column="", rule="dubbel",
                message=f"stands in {there} too: the same object with the same {only}",
                remedy="Remove one of them.",
            )  # fmt: skip
            self._keep_faults(Refused(faults=[fault], type_key=type_key, object_id=object_id))
        self._flush()

    @property
    def is_certain(self) -> bool:
        """False when of a wrong row it can not be told which object it is about."""
        self._flush()
        (unknown,) = self._db.execute("SELECT count(*) FROM fault WHERE object = ''").fetchone()
        return int(unknown) == 0

    def count(self) -> tuple[int, int]:
        """How many readings can be loaded, and how many objects have to stay out."""
        self._flush()
        (good,) = self._db.execute(
            """SELECT count(*) FROM reading
               WHERE (type, object) NOT IN (SELECT type, object FROM fault)"""
        ).fetchone()
        (out,) = self._db.execute(
            "SELECT count(*) FROM (SELECT DISTINCT type, object FROM fault WHERE object <> '')"
        ).fetchone()
        return good, out

    def readings(self) -> Iterator[Reading]:
        """The readings of objects without a fault, in order of registration at the source.

        An object with a wrong row stays out whole.
        """
        self._flush()
        found = self._db.execute(
            """SELECT type, object, data FROM reading
               WHERE (type, object) NOT IN (SELECT type, object FROM fault)
               ORDER BY moment, tie, pos"""
        )
        return (self._reading(*row) for row in found)

    def told(self) -> Iterator[RowFault]:
        """Every fault, by file and line."""
        self._flush()
        found = self._db.execute("SELECT data FROM fault ORDER BY file, line, rowid")
        return (msgspec.convert(_unpack(data), RowFault) for (data,) in found)

    def _keep_reading(self, each: Sourced) -> None:
        reading = each.reading
        draft, moment = reading.draft, reading.draft.source_registered_at
        data = _pack(
            (
                draft.period.begin, draft.period.end, draft.kind.value, draft.content, draft.group,
                str(draft.begin_source) if draft.begin_source else None, moment, draft.source,
                reading.digest, reading.corrects_digest,
            )
        )  # fmt: skip
        order = (moment - _EPOCH) // _MICROSECOND if moment else 0
        place = (reading.type.key, reading.object_id, each.only, each.file, each.line)
        self._add("reading", (None, order, each.tie, *place, data))

    def _keep_faults(self, refused: Refused) -> None:
        for fault in refused.faults:
            self.faults += 1
            if self.faults > MAX_FAULTS:
                raise UnreadableSource([*self.told()])
            row = (refused.type_key, refused.object_id, fault.file, fault.line)
            self._add("fault", (*row, _pack(fault)))

    def _reading(self, type_key: str, object_id: str, data: bytes) -> Reading:
        begin, end, kind, content, group, begin_source, moment, source, digest, corrects = (
            msgspec.msgpack.decode(data, type=_Packed)
        )
        return Reading(
            type=self._types[type_key],
            object_id=object_id,
            draft=Draft(
                period=Period(begin, end),
                kind=Kind(kind),
                content=content,
                group=group,
                begin_source=IncompleteDate.parse(begin_source) if begin_source else None,
                source_registered_at=moment,
                source=source,
            ),
            digest=digest,
            corrects_digest=corrects,
        )

    def _add(self, table: str, row: tuple[Any, ...]) -> None:
        waiting = self._waiting.setdefault(table, [])
        waiting.append(row)
        if len(waiting) >= _AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        for table, rows in self._waiting.items():
            if rows:
                holes = ", ".join("?" * len(rows[0]))
                self._db.executemany(f"INSERT INTO {table} VALUES ({holes})", rows)  # noqa: S608 - our own names
                rows.clear()


class _Marks(MutableMapping[str, bytes]):
    """A dictionary on disk, for names that are looked up while a file is read."""

    def __init__(self, db: sqlite3.Connection, file: str) -> None:
        self._db, self._file = db, file

    def __getitem__(self, mark: str) -> bytes:
        found = self._db.execute(
            "SELECT digest FROM mark WHERE file = ? AND mark = ?", (self._file, mark)
        ).fetchone()
        if found is None:
            raise KeyError(mark)
        return bytes(found[0])

    def __setitem__(self, mark: str, digest: bytes) -> None:
        self._db.execute("INSERT OR REPLACE INTO mark VALUES (?, ?, ?)", (self._file, mark, digest))

    def __delitem__(self, mark: str) -> None:
        self._db.execute("DELETE FROM mark WHERE file = ? AND mark = ?", (self._file, mark))

    def __iter__(self) -> Iterator[str]:
        found = self._db.execute("SELECT mark FROM mark WHERE file = ?", (self._file,))
        return (mark for (mark,) in found)

    def __len__(self) -> int:
        (count,) = self._db.execute(
            "SELECT count(*) FROM mark WHERE file = ?", (self._file,)
        ).fetchone()
        return int(count)
