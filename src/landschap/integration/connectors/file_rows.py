# SPDX-License-Identifier: EUPL-1.2
"""The rows of a file of any form, one at a time; the first fault ends the reading.

What is half read would be half an answer: a file is taken as a whole or not at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from itertools import chain, repeat
from pathlib import Path
from typing import IO
from zipfile import BadZipFile

from openpyxl.reader.excel import load_workbook

from landschap.integration.access import FileAccess, FileForm
from landschap.integration.rows import Reason, at_path
from landschap.registers.client.rows import Table, csv_rows, features, json_rows, parquet_rows
from landschap.registers.sources import RowFault, UnreadableSource
from landschap.vocabulary.ijson import InvalidJson, JsonValue, loads

Cells = Mapping[str, JsonValue]
MAX_JSON_BYTES = 100_000_000
_READERS = {
    FileForm.CSV: csv_rows,
    FileForm.JSON_LINES: json_rows,
    FileForm.GEOJSON: features,
    FileForm.PARQUET: parquet_rows,
}


class UnreadableFile(Exception):
    """A file of which no snapshot can be made; the message says where and why, without values."""

    def __init__(self, message: str, reason: Reason = Reason.UNREADABLE) -> None:
        super().__init__(message)
        self.reason = reason


def cells_of(access: FileAccess, path: Path) -> Iterator[Cells]:
    """The rows of the file by column. Raises UnreadableFile, also halfway."""
    try:
        if access.form is FileForm.EXCEL:
            yield from _excel(access, path)
        elif access.form is FileForm.JSON:
            yield from _json(access, path)
        else:
            yield from _table(access, path)
    except OSError as error:
        raise UnreadableFile(f"{path.name}: can not be read: {error.strerror}") from None
    except UnreadableSource as error:
        raise UnreadableFile("; ".join(str(fault) for fault in error.faults[:3])) from None


def _table(access: FileAccess, path: Path) -> Iterator[Cells]:
    def opened() -> IO[bytes]:
        return path.open("rb")

    table = Table(name=path.name, opened=opened)
    if access.form is FileForm.CSV:
        table = Table(
            name=path.name,
            opened=opened,
            separator=access.separator,
            encoding=access.encoding,
            quote=access.quote,
        )
    for row in _READERS[access.form](table):
        if isinstance(row, RowFault):
            raise UnreadableFile(str(row))
        yield row.cells


def _json(access: FileAccess, path: Path) -> Iterator[Cells]:
    if path.stat().st_size > MAX_JSON_BYTES:
        message = f"is over {MAX_JSON_BYTES} bytes; write JSON lines instead (vorm: jsonl)"
        raise UnreadableFile(f"{path.name}: {message}")
    try:
        found = at_path(loads(path.read_bytes(), max_bytes=MAX_JSON_BYTES), access.records)
    except InvalidJson as error:
        raise UnreadableFile(f"{path.name}: is no JSON: {error}") from None
    if not isinstance(found, list) or not all(isinstance(each, Mapping) for each in found):
        place = access.records or "its top"
        raise UnreadableFile(f"{path.name}: holds no list of objects at {place}")
    yield from (each for each in found if isinstance(each, Mapping))


def _excel(access: FileAccess, path: Path) -> Iterator[Cells]:
    """The rows under the first row, which names the columns."""
    with path.open("rb") as raw:
        yield from _of_book(access, path, raw)


def _of_book(access: FileAccess, path: Path, raw: IO[bytes]) -> Iterator[Cells]:
    try:
        book = load_workbook(raw, read_only=True, data_only=True)  # type: ignore[no-untyped-call]  # openpyxl
    except (BadZipFile, KeyError, ValueError) as error:
        raise UnreadableFile(f"{path.name}: is no Excel file: {error}") from None
    try:
        if access.sheet and access.sheet not in book.sheetnames:
            there = ", ".join(book.sheetnames)
            raise UnreadableFile(f"{path.name}: has no sheet {access.sheet!r}; it has {there}")
        sheet = book[access.sheet] if access.sheet else book.worksheets[0]
        rows = sheet.iter_rows(values_only=True)
        header = [str(cell) for cell in next(rows, ()) if cell is not None]
        if not header or len(set(header)) < len(header):
            raise UnreadableFile(f"{path.name}: its first row must name each column once")
        for cells in rows:
            if any(cell is not None for cell in cells):
                given = chain(cells, repeat(None))  # empty cells at the end are left out
                yield {name: _cell(cell) for name, cell in zip(header, given, strict=False)}
    finally:
        book.close()


def _cell(value: object) -> JsonValue:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, datetime) and not value.time():
        return value.date().isoformat()
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)
