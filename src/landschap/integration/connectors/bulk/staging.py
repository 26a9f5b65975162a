# SPDX-License-Identifier: EUPL-1.2
"""The rows of one source as a Parquet file that every engine reads alike.

A cell is a text and a mark of what it was (`bulk.values`); the keys that a column leads to are
worked out here, by the function that also works them out for one object. Memory holds one group of
rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow.parquet as pq
from pyarrow import lib as pa

from landschap.integration.bulk.relational import Column, Table
from landschap.integration.bulk.values import TEXT, WHOLE, YES_NO, marked
from landschap.integration.rows import Row, key_text, keys_of

_GROUP = 20_000
# Kinds of a Parquet column that are read as they stand.
_NATIVE = {
    **dict.fromkeys(("string", "large_string"), TEXT),
    **dict.fromkeys(("int8", "int16", "int32", "int64"), WHOLE),
    "bool": YES_NO,
}


class Stage:
    """Takes the rows of one source. ``leads``: the columns with links, and by what they split."""

    def __init__(
        self, file: Path, source: str, *, by: str, columns: Sequence[str], leads: Mapping[str, str]
    ) -> None:
        self.file, self.source, self.by = file, source, by
        self.columns = tuple(columns)
        self.leads = leads
        self.rows = 0
        self._marks: list[set[str]] = [set() for _ in self.columns]
        self._several: set[str] = set()
        self._waiting: list[Row] = []
        self._schema = pa.schema(
            [("n", pa.int64()), ("key", pa.string()), ("id", pa.string()), ("b", pa.string())]
            + [
                (f"{letter}{place}", pa.string())
                for place in range(len(columns))
                for letter in "ck"
            ]
            + [(f"o{self.columns.index(name)}", pa.list_(pa.string())) for name in leads]
        )
        self._writer = pq.ParquetWriter(file, self._schema, compression="lz4")  # type: ignore[no-untyped-call]  # pyarrow

    def __enter__(self) -> Self:
        """The file is open."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """What waits is written, and the file is closed."""
        if kind is None:
            self._write()
        self._writer.close()  # type: ignore[no-untyped-call]  # pyarrow

    def add(self, rows: Sequence[Row]) -> None:
        """Take some rows."""
        self._waiting += rows
        if len(self._waiting) >= _GROUP:
            self._write()

    def table(self, name: str) -> Table:
        """What was staged."""
        return Table(
            source=self.source,
            name=name,
            columns={
                column: Column(
                    place=place,
                    marks=frozenset(self._marks[place]),
                    leads=column in self.leads,
                    single=column not in self._several,
                )
                for place, column in enumerate(self.columns)
            },
            rows=self.rows,
        )

    def _write(self) -> None:
        rows, self._waiting = self._waiting, []
        if not rows:
            return
        arrays: dict[str, Any] = {
            "n": range(self.rows, self.rows + len(rows)),
            "key": [key_text(row.values.get(self.by)) for row in rows],
            "id": [row.id for row in rows],
            "b": [row.begin for row in rows],
        }
        for place, column in enumerate(self.columns):
            cells = [marked(row.values.get(column)) for row in rows]
            arrays[f"k{place}"] = [mark for mark, _ in cells]
            arrays[f"c{place}"] = [text for _, text in cells]
            self._marks[place].update(mark for mark, _ in cells if mark is not None)
        for column, splits in self.leads.items():
            keys = [keys_of(row.values.get(column), splits) for row in rows]
            if any(len(each) > 1 for each in keys):
                self._several.add(column)
            arrays[f"o{self.columns.index(column)}"] = keys
        made = [pa.array(list(arrays[each.name]), each.type) for each in self._schema]
        self._writer.write_table(pa.table(made, schema=self._schema))  # type: ignore[no-untyped-call]  # pyarrow
        self.rows += len(rows)


def view_of(file: Path) -> str:
    """A staged file as a relation of DuckDB."""
    return f"SELECT * FROM read_parquet('{_quoted(file)}')"  # noqa: S608  # a file of our own


def _quoted(file: Path) -> str:
    return str(file).replace("'", "''")


def direct(
    file: Path, source: str, *, by: str, columns: Sequence[str], name: str
) -> tuple[Table, str] | None:
    """A Parquet file of texts, whole numbers and yes or no that is read as it stands; else None.

    Gives the table and the relation of DuckDB. Raises OSError and ArrowInvalid.
    """
    schema = pq.read_schema(file)  # type: ignore[no-untyped-call]  # pyarrow
    if (schema.metadata or {}).get(b"geo") is not None:
        return None
    marks = {each.name: _NATIVE.get(str(each.type)) for each in schema if each.name in columns}
    if any(marks.get(column) is None for column in columns) or marks[by] == YES_NO:
        return None
    rows = pq.read_metadata(file).num_rows  # type: ignore[no-untyped-call]  # pyarrow
    # A key that is not there is like none: it leads nowhere, and is no record of the root.
    key = _name(by) if marks[by] == TEXT else f"CAST({_name(by)} AS VARCHAR)"
    select = [
        "file_row_number AS n",
        f"{key} AS key",
        f"coalesce({key}, '') AS id",
        "CAST(NULL AS VARCHAR) AS b",
        *(f"{_name(column)} AS c{place}" for place, column in enumerate(columns)),
    ]
    made = {
        column: Column(place=place, marks=frozenset(marks[column] or ""), native=True)
        for place, column in enumerate(columns)
    }
    read = f"read_parquet('{_quoted(file)}', file_row_number = true)"
    table = Table(source=source, name=name, columns=made, rows=rows)
    return table, f"SELECT {', '.join(select)} FROM {read}"  # noqa: S608  # names are quoted


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'
