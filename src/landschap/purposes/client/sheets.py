# SPDX-License-Identifier: EUPL-1.2
"""A sheet of somebody else, CSV or Excel, as a header and rows of texts.

What a cell shows is taken, never what computes it; a formula without a kept result is told. Dates
become ``2026-01-31``. What can not be read raises UnreadableSheet and says what to do.
Source: RFC 4180; ECMA-376 (Office Open XML).
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from openpyxl.reader.excel import load_workbook

from landschap.purposes.importing.columns import recognised

MAX_BYTES = 50 * 1024**2
MAX_UNPACKED = 500 * 1024**2
MAX_ROWS = 50_000
MAX_COLUMNS = 200
MAX_CELL = 20_000
_HEAD_ROWS = 25
_SEPARATORS = ";,\t|"
_LEAST = 2
ENCODINGS = {
    "utf-8": "utf-8-sig",
    "windows-1252": "cp1252",
    "iso-8859-1": "iso-8859-1",
    "iso-8859-15": "iso-8859-15",
    "utf-16": "utf-16",
}


class UnreadableSheet(ValueError):
    """A file that can not be read as a sheet; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row: its number as a person sees it, its cells by column, what was wrong with them."""

    number: int
    cells: dict[str, str]
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A header and its rows. ``read_as`` says how it was read, for the report."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    read_as: str


_Cells = tuple[str, ...]
_Numbered = tuple[int, _Cells, tuple[str, ...]]


def read_sheet(
    path: Path, *, encoding: str = "", separator: str = "", sheet: str = ""
) -> Sheet:  # fmt: skip
    """Read a file by its content. Raises UnreadableSheet."""
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise UnreadableSheet(f"it is larger than {MAX_BYTES // 1024**2} MB; divide it")
        raw = path.read_bytes()
    except OSError as error:
        raise UnreadableSheet(f"it can not be read: {error.strerror}") from None
    if raw.startswith(b"PK\x03\x04"):
        return _excel(raw, sheet)
    if raw.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnreadableSheet(
            "it is an Excel file of before 2007, or one with a password; save it as .xlsx without"
        )
    return _csv(raw, encoding, separator)


def _csv(raw: bytes, encoding: str, separator: str) -> Sheet:
    encoding = encoding or _encoding_of(raw)
    try:
        text = raw.decode(ENCODINGS[encoding])
    except UnicodeDecodeError as error:
        raise UnreadableSheet(
            f"byte {error.start + 1} is not {encoding}; name the right one with --encoding"
        ) from None
    if "\0" in text:
        raise UnreadableSheet("it holds bytes without meaning (NUL); it is no CSV file")
    separator = separator or _separator_of(text)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)

    def numbered() -> Iterator[_Numbered]:
        try:
            for cells in rows:
                yield rows.line_num, tuple(cells), ()
        except csv.Error as error:
            raise UnreadableSheet(
                f"line {rows.line_num}: {error}; is a quote not closed, or the separator not "
                f"{separator!r}? (--separator)"
            ) from None

    shown = {"\t": "tab"}.get(separator, separator)
    return _sheet(numbered(), f"CSV, {encoding}, cells between {shown}")


def _encoding_of(raw: bytes) -> str:
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return "windows-1252"
    return "utf-8"


def _separator_of(text: str) -> str:
    """The mark under which most columns are recognised, then the one that divides most."""

    def quality(mark: str) -> tuple[int, int]:
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
        try:
            heads = [tuple(row) for row in islice(lines, _HEAD_ROWS)]
        except csv.Error:
            return (0, 0)
        return max(((len(recognised(head)), len(head)) for head in heads), default=(0, 0))

    return max(_SEPARATORS, key=quality)


def _excel(raw: bytes, wanted: str) -> Sheet:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            unpacked = sum(each.file_size for each in packed.infolist())
        opened = _opened(raw) if unpacked <= MAX_UNPACKED else None
    except Exception as error:  # noqa: BLE001  # the library raises whatever its parsers raise
        raise UnreadableSheet(
            f"it is no workbook that can be read ({type(error).__name__}); save it anew as .xlsx"
        ) from None
    if opened is None:
        raise UnreadableSheet("unpacked it is too large; keep only the sheet itself")
    values, formulas = opened
    if wanted and wanted not in values.sheetnames:
        there = ", ".join(values.sheetnames)
        raise UnreadableSheet(f"it has no sheet {wanted!r}; there are: {there}")
    names = [wanted] if wanted else values.sheetnames
    sheets = [name for name in names if hasattr(values[name], "iter_rows")]
    if not sheets:
        raise UnreadableSheet("it has no sheet with cells")
    best = max(sheets, key=lambda name: _head_quality(values[name]))
    rows = _excel_rows(values[best], formulas[best])
    others = [name for name in values.sheetnames if name != best]
    left = f"; not read: {', '.join(others)}" if others else ""
    return _sheet(rows, f"Excel, sheet {best!r}{left}")


def _opened(raw: bytes) -> tuple[Any, Any]:
    """The workbook twice: what its cells show, and what stands in them."""
    shown, typed = (
        load_workbook(io.BytesIO(raw), read_only=True, data_only=only)  # type: ignore[no-untyped-call]
        for only in (True, False)
    )
    return shown, typed


def _head_quality(sheet: Any) -> int:
    heads = sheet.iter_rows(max_row=_HEAD_ROWS, max_col=MAX_COLUMNS, values_only=True)
    return max((len(recognised([_shown(cell) for cell in row])) for row in heads), default=0)


def _excel_rows(values: Any, formulas: Any) -> Iterator[_Numbered]:
    both: Callable[[Any], Iterable[Sequence[Any]]] = lambda each: each.iter_rows(values_only=True)  # noqa: E731
    for number, (shown, typed) in enumerate(zip(both(values), both(formulas), strict=False), 1):
        faults = tuple(
            f"column {place + 1}: the formula {str(was)[:60]} has no kept result; open the file "
            "in a spreadsheet, save it, and import again"
            for place, (cell, was) in enumerate(zip(shown, typed, strict=False))
            if cell is None and isinstance(was, str) and was.startswith("=")
        )
        yield number, tuple(_shown(cell) for cell in shown), faults


def _shown(value: object) -> str:
    """A cell as a person reads it."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == datetime.min.time() else str(value)
    if isinstance(value, bool):
        return "ja" if value else "nee"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.isoformat() if isinstance(value, date) else str(value)


def _sheet(rows: Iterator[_Numbered], read_as: str) -> Sheet:
    """Find the header in the first rows, and put what follows under it."""
    begin = list(islice(rows, _HEAD_ROWS))
    if not any(any(cell.strip() for cell in cells) for _, cells, _ in begin):
        raise UnreadableSheet("it is empty")
    place = max(range(len(begin)), key=lambda at: (len(recognised(begin[at][1])), -at))
    if len(recognised(begin[place][1])) < _LEAST:
        first = next(cells for _, cells, _ in begin if any(cells))
        raise UnreadableSheet(
            f"no header was recognised; the first row with text holds {', '.join(first)[:200]!r}. "
            "Say which column is what with --columns"
        )
    columns = _columns(begin[place][1])
    made = list(_rows(columns, [*begin[place + 1 :]], rows))
    before = f", header in row {begin[place][0]}" if place else ""
    return Sheet(columns=columns, rows=tuple(made), read_as=read_as + before)


def _columns(head: _Cells) -> _Cells:
    """Names of columns: each once, an empty one by its place, none after the last name."""
    last = max(place for place, name in enumerate(head) if name.strip())
    if last >= MAX_COLUMNS:
        raise UnreadableSheet(f"it has more than {MAX_COLUMNS} columns")
    found: list[str] = []
    for place, name in enumerate(head[: last + 1], 1):
        plain = " ".join(name.split()) or f"(column {place})"
        found.append(f"{plain} ({place})" if plain in found else plain)
    return tuple(found)


def _rows(columns: _Cells, begin: list[_Numbered], rest: Iterator[_Numbered]) -> Iterator[Row]:
    count = 0
    for numbered in (begin, rest):
        for number, cells, faults in numbered:
            if not any(cell.strip() for cell in cells) and not faults:
                continue
            count += 1
            if count > MAX_ROWS:
                raise UnreadableSheet(f"it has more than {MAX_ROWS} rows; divide it")
            yield _row(columns, number, cells, faults)


def _row(columns: _Cells, number: int, cells: _Cells, faults: tuple[str, ...]) -> Row:
    held = dict(zip(columns, (cell.strip() for cell in cells), strict=False))
    told = [*faults]
    for place, extra in enumerate(cells[len(columns) :], len(columns) + 1):
        if extra.strip():
            told.append(f"a cell beyond the header, in column {place}")
            held[f"(column {place})"] = extra.strip()
    for name, cell in held.items():
        if len(cell) > MAX_CELL:
            raise UnreadableSheet(f"row {number}, {name}: the cell is longer than {MAX_CELL} signs")
    return Row(number=number, cells={k: v for k, v in held.items() if v}, faults=tuple(told))
