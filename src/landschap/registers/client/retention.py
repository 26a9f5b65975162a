# SPDX-License-Identifier: EUPL-1.2
"""Files of retention: rules beside a model, a selection list, a journal of destruction.

The journal holds every signed statement once more, outside the database: whoever puts a back-up
back from before a destruction can do that destruction again.
"""

from __future__ import annotations

import csv
import json
import os
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from openpyxl.reader.excel import load_workbook

from landschap.registers.models import Register, Registers
from landschap.registers.retention import FILE, Rules, read_rules
from landschap.registers.selection_list import MAX_ROWS, Entry, Unread, as_rows, read_list
from landschap.registers.store.destroying import Record
from landschap.vocabulary.problems import Fault, ProblemError, Refusal, granted

LIST_FILE = "selectielijst.csv"
JOURNAL = "vernietigd.jsonl"
_MAX_FILE = 20_000_000
# A statement is at most 16 kB, its certificate less than that.
_MAX_LINE = 65_536


def read_retention(folder: Path, register: Register, registers: Registers) -> Rules | None:
    """The rules of one register from the folder of its models; None when it has none.

    Raises MistakesError for a file with mistakes, OSError for one that can not be read.
    """
    path = folder / register.name / FILE
    if not path.exists():
        return None
    return read_rules(path.read_text(encoding="utf-8"), str(path), register, registers)


def read_selection_list(path: Path) -> tuple[list[Entry], list[Unread]]:
    """A selection list from CSV (comma or semicolon) or Excel. Raises ProblemError and OSError."""
    rows = _excel(path) if path.suffix.lower() in (".xlsx", ".xlsm") else _csv(path)
    first = next(rows, [])
    found: tuple[list[Entry], list[Unread]] = granted(read_list(first, rows))
    return found


def write_selection_list(folder: Path, entries: Sequence[Entry]) -> Path:
    """Keep a list beside the models in its plain form; it is there whole or not at all."""
    target, draft = folder / LIST_FILE, folder / f".{LIST_FILE}.{os.getpid()}"
    with draft.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(as_rows(entries))
    draft.replace(target)
    return target


def _csv(path: Path) -> Iterator[list[str]]:
    if path.stat().st_size > _MAX_FILE:
        raise OSError(f"{path} is larger than {_MAX_FILE} bytes")
    text = path.read_text(encoding="utf-8-sig")
    separator = ";" if text.partition("\n")[0].count(";") else ","
    yield from csv.reader(text.splitlines(), delimiter=separator)


def _excel(path: Path) -> Iterator[list[str]]:
    if path.stat().st_size > _MAX_FILE:
        raise OSError(f"{path} is larger than {_MAX_FILE} bytes")
    try:
        book = load_workbook(path, read_only=True, data_only=True)  # type: ignore[no-untyped-call]
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise OSError(f"{path} is no Excel workbook: {error}") from None
    try:
        sheet = book.worksheets[0]
        for row in sheet.iter_rows(max_row=MAX_ROWS + 2, values_only=True):
            yield ["" if cell is None else str(cell) for cell in row]
    finally:
        book.close()


def note(folder: Path, records: Iterable[Record]) -> None:
    """Add statements to the journal, on the disk before this returns. Raises OSError."""
    lines = "".join(json.dumps(record.as_json()) + "\n" for record in records)
    if not lines:
        return
    descriptor = os.open(folder / JOURNAL, os.O_RDWR | os.O_CREAT, 0o640)
    try:
        os.lseek(descriptor, _whole_lines(descriptor), os.SEEK_SET)
        os.write(descriptor, lines.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _whole_lines(descriptor: int) -> int:
    """Where the last whole line ends; what was cut off behind it is taken away."""
    size = os.fstat(descriptor).st_size
    tail = os.pread(descriptor, _MAX_LINE, max(size - _MAX_LINE, 0))
    end = size - len(tail) + tail.rfind(b"\n") + 1
    if end < size:
        os.ftruncate(descriptor, end)
    return end


def noted(folder: Path) -> list[Record]:
    """The statements in the journal; a last line that was cut off is passed over.

    Raises ProblemError for a line in the middle that can not be read.
    """
    path = folder / JOURNAL
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    found = []
    for place, line in enumerate(lines, start=1):
        try:
            found.append(Record.from_json(json.loads(line)))
        except (ValueError, KeyError, TypeError):
            if place < len(lines):
                raise ProblemError(_unreadable(place)) from None
    return found


def _unreadable(line: int) -> Refusal:
    return Refusal(
        code="vernietiging.journaal",
        status=500,
        title="The journal of destruction can not be read",
        detail=f"Line {line} of {JOURNAL} is damaged. Put the file back from your back-up.",
        fault=Fault.OURS,
    )
