# SPDX-License-Identifier: EUPL-1.2
"""A file of rows as an indexed snapshot: an SQLite file that is made whole and then never changes.

The name of a snapshot holds what it was made of, so that the same file is not read twice and a
half-made one is never used.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from landschap.integration.access import FileAccess
from landschap.integration.connectors.file_rows import Cells, UnreadableFile, cells_of
from landschap.integration.connectors.places import Place, Stamp
from landschap.integration.rows import at_path, key_text
from landschap.vocabulary.ijson import JsonValue

# CROSS JOIN keeps the order: for each key that is wanted the index is used. With another order all
# keys of the file would be gone through for each question.
FIND = (
    "SELECT inhoud FROM rij WHERE nummer IN ("
    "SELECT rij FROM json_each(?) AS gevraagd CROSS JOIN sleutel"
    " ON sleutel.soort = ? AND sleutel.waarde = gevraagd.value) ORDER BY nummer"
)
_AT_ONCE = 1_000
_SUFFIX = ".momentopname"
_LONGEST_READING_SECONDS = 6 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One snapshot on disk: where it is, what it was made of, how many rows, which columns."""

    path: Path
    stamp: Stamp
    rows: int
    columns: tuple[str, ...]


def take(access: FileAccess, keys: Sequence[str], place: Place, folder: Path) -> Snapshot:
    """The snapshot of a file as it is now, made when it is not there yet.

    Raises UnreadableFile, and OSError when the snapshot can not be written.
    """
    stamp = place.stamp()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = folder / f"{_name(access, keys, place)}-{stamp.written_ns}-{_mark(stamp)}{_SUFFIX}"
    if not made.exists():
        try:
            with place.opened(stamp, folder) as file:
                _make(access, keys, file, made)
        except UnreadableFile:
            made.unlink(missing_ok=True)  # it was of two states of the file
            raise
        _remove_former(made)
    with closing(sqlite3.connect(f"file:{made}?mode=ro", uri=True)) as opened:
        (count,) = opened.execute("SELECT count(*) FROM rij").fetchone()
        first = opened.execute("SELECT inhoud FROM rij LIMIT 1").fetchone()
    columns = tuple(json.loads(first[0])) if first else ()
    return Snapshot(path=made, stamp=stamp, rows=count, columns=columns)


def find(snapshot: sqlite3.Connection, key: int, wanted: Sequence[str]) -> Iterator[Cells]:
    """The rows whose key of this number is one of those that are wanted."""
    for (text,) in snapshot.execute(FIND, (json.dumps(list(wanted)), key)):
        yield json.loads(text)


def every(snapshot: sqlite3.Connection, key: int, most: int) -> Iterator[str]:
    """The different values of the key of this number, in their order."""
    statement = "SELECT DISTINCT waarde FROM sleutel WHERE soort = ? ORDER BY waarde LIMIT ?"
    for (text,) in snapshot.execute(statement, (key, most)):
        yield text


def _name(access: FileAccess, keys: Sequence[str], place: Place) -> str:
    # Another separator or another key makes another snapshot of the same file.
    made_of = json.dumps([place.identity, repr(access), list(keys)])
    return f"{place.stem}-{hashlib.sha256(made_of.encode()).hexdigest()[:16]}"


def _mark(stamp: Stamp) -> str:
    """Size and entity tag, without a hyphen."""
    tag = hashlib.sha256(stamp.tag.encode()).hexdigest()[:16] if stamp.tag else ""
    return f"{stamp.size}{tag and 'x'}{tag}"


def _make(access: FileAccess, keys: Sequence[str], file: Path, made: Path) -> None:
    handle, name = tempfile.mkstemp(dir=made.parent, prefix=f".{_stem(made)}-", suffix=_SUFFIX)
    os.close(handle)
    begun = Path(name)
    try:
        with closing(sqlite3.connect(begun)) as target:
            # It is thrown away when anything goes wrong, so no journal is needed meanwhile.
            target.executescript(
                "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
                "CREATE TABLE rij (nummer INTEGER PRIMARY KEY, inhoud TEXT NOT NULL);"
                "CREATE TABLE sleutel (soort INTEGER, waarde TEXT, rij INTEGER)"
            )
            _fill(target, cells_of(access, file), keys)
            target.execute("CREATE INDEX op_waarde ON sleutel (soort, waarde, rij)")
            target.commit()
        begun.rename(made)
    finally:
        begun.unlink(missing_ok=True)


def _fill(target: sqlite3.Connection, cells: Iterator[Cells], keys: Sequence[str]) -> None:
    rows: list[tuple[int, str]] = []
    found: list[tuple[int, str, int]] = []

    def write() -> None:
        target.executemany("INSERT INTO rij VALUES (?, ?)", rows)
        target.executemany("INSERT INTO sleutel VALUES (?, ?, ?)", found)
        rows.clear()
        found.clear()

    for number, row in enumerate(cells):
        if number == 0:
            _check_keys(row, keys)
        rows.append((number, json.dumps(row, ensure_ascii=False)))
        for place, key in enumerate(keys):
            if text := key_text(value_at(row, key)):
                found.append((place, text, number))
        if len(rows) >= _AT_ONCE:
            write()
    write()


def _check_keys(row: Cells, keys: Sequence[str]) -> None:
    for key in keys:
        if key not in row and at_path(row, key) is None and key.partition(".")[0] not in row:
            columns = ", ".join(sorted(row))
            raise UnreadableFile(f"there is no column {key!r}; there are {columns}")


def value_at(row: Cells, column: str) -> JsonValue:
    """A column by its name, or by a dotted path into what a column holds."""
    return row[column] if column in row else at_path(row, column)


def _remove_former(made: Path) -> None:
    """Snapshots of former states of the same file; who still reads one keeps it until then.

    And what a process left that was killed while it made one: no file is read for so long.
    """
    stem, oldest = _stem(made), made.stat().st_mtime - _LONGEST_READING_SECONDS
    for each in made.parent.glob(f"{stem}-*{_SUFFIX}"):
        if each != made:
            each.unlink(missing_ok=True)
    for each in made.parent.glob(f".{stem}-*{_SUFFIX}"):
        with suppress(FileNotFoundError):  # who made it may end meanwhile
            if each.stat().st_mtime < oldest:
                each.unlink()


def _stem(made: Path) -> str:
    """What all snapshots of one file have in common."""
    return made.name.rsplit("-", 2)[0]
