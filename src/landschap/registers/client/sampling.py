# SPDX-License-Identifier: EUPL-1.2
"""A look at the begin of a file, for a first draft of a mapping: columns, separator, encoding."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from landschap.registers.client.gathering import rows_of
from landschap.registers.client.limits import MIB
from landschap.registers.client.rows import Table, csv_rows
from landschap.registers.mapping import ENCODINGS
from landschap.registers.mapping_draft import Sample
from landschap.registers.sources import SourceRow

_LOOKED_AT = 200
_SEPARATORS = ",;\t|"


def sample_of(path: Path) -> Sample:
    """Columns and some rows of a file. Raises UnreadableSource."""
    if path.suffix.lower() not in (".csv", ".txt") or not path.is_file():
        rows = _first(rows_of(path))
        columns = dict.fromkeys(name for row in rows for name in row.cells)
        return Sample(columns=[*columns], rows=[row.cells for row in rows])
    with path.open("rb") as raw:
        begin = raw.read(MIB)
    encoding = _encoding(begin)
    text = begin.decode(ENCODINGS[encoding], errors="replace")
    line = text.splitlines()[:1]
    separator = max(_SEPARATORS, key=lambda mark: _cells(line, mark))
    table = Table(
        name=path.name,
        opened=lambda: path.open("rb"),
        separator=separator,
        encoding=ENCODINGS[encoding],
    )
    rows = _first(csv_rows(table))
    return Sample(
        columns=next(csv.reader(line, delimiter=separator), []),
        rows=[row.cells for row in rows],
        separator=separator,
        encoding=encoding,
    )


def _first(rows: Iterator[object]) -> list[SourceRow]:
    return [row for row in islice(rows, _LOOKED_AT) if isinstance(row, SourceRow)]


def _cells(line: list[str], mark: str) -> int:
    return len(next(csv.reader(line, delimiter=mark), []))


def _encoding(begin: bytes) -> str:
    """The encoding that fits; for a draft that a person reads a guess is good enough."""
    if begin[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    try:
        # A character may be cut in two at the end of what was read.
        begin[: -4 if len(begin) == MIB else None].decode("utf-8")
    except UnicodeDecodeError:
        return "windows-1252"
    return "utf-8"
