# SPDX-License-Identifier: EUPL-1.2
"""The rows of a file by its form, one at a time: CSV, JSON lines, GeoJSON, Parquet.

A row that can not be read is a fault, and reading goes on; a file that can not be read any further
raises UnreadableSource. Memory holds a row, or a row group of a Parquet file.
Source: RFC 4180 (CSV); RFC 8259 and RFC 7946 (JSON, GeoJSON); GeoParquet 1.1.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from landschap.registers.client.limits import MAX_LINE, MIB, bounded_lines, refused
from landschap.registers.shapes import geometry_of_wkb
from landschap.registers.sources import RowFault, SourceRow
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.ijson import InvalidJson, JsonValue, loads

Rows = Iterator[SourceRow | RowFault]
# The last line of our own exports: how many lines there were, and the digest of their bytes.
SEAL = "_slot"
_ROWS_AT_ONCE = 1000
_MAX_GROUP = 2 * 1024**3
_DAY_FORMS = {"jjjj-mm-dd": "%Y-%m-%d", "jjjjmmdd": "%Y%m%d", "dd-mm-jjjj": "%d-%m-%Y"}


class Opener(Protocol):
    """Gives the bytes of a file, from the beginning each time."""

    def __call__(self) -> IO[bytes]:
        """The opened file."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A file of rows and how it is written; the defaults are those of our own forms."""

    name: str
    opened: Opener
    separator: str = ","
    encoding: str = "utf-8-sig"
    day_form: str = "jjjj-mm-dd"
    quote: str = '"'


def csv_rows(table: Table) -> Rows:
    """The rows of a CSV under its header."""
    with _text_of(table) as text:
        csv.field_size_limit(MAX_LINE)
        lines = bounded_lines(table.name, text)
        reader = csv.reader(lines, strict=True, delimiter=table.separator, quotechar=table.quote)
        try:
            header = next(reader, [])
            _check_header(table, header)
            line = reader.line_num
            for cells in reader:
                begun, line = line + 1, reader.line_num
                if not cells:
                    continue
                if len(cells) != len(header):
                    yield _ragged(table, begun, len(cells), len(header))
                    continue
                yield SourceRow(line=begun, cells=dict(zip(header, cells, strict=True)))
        except csv.Error as error:
            raise refused(
                table.name, f"is no CSV: {error}", line=reader.line_num, remedy="Correct the row."
            ) from None


def json_rows(table: Table) -> Rows:
    """The objects of JSON lines. A seal at the end must fit what stands before it."""
    digest, count, sealed = hashlib.sha256(), 0, False
    with _text_of(table) as text:
        for number, line in enumerate(bounded_lines(table.name, text), start=1):
            if not line.strip():
                continue
            if sealed:
                raise refused(table.name, "goes on after its seal", line=number)
            cells = _object(table, number, line)
            if isinstance(cells, Mapping) and SEAL in cells:
                _check_seal(table, number, cells[SEAL], count, digest.hexdigest())
                sealed = True
                continue
            digest.update(line.encode())
            count += 1
            if isinstance(cells, RowFault):
                yield cells
            else:
                yield SourceRow(line=number, cells=cells)


def features(table: Table) -> Rows:
    """Features as rows: the properties as columns, and ``id`` and ``geometry``.

    Source: RFC 7946, section 3.3.
    """
    number = 0
    with _text_of(table) as text:
        for piece in _Collection(table, text).features():
            number += 1
            cells = _object(table, number, piece)
            if isinstance(cells, RowFault):
                yield cells
                continue
            properties = cells.get("properties")
            if not isinstance(properties, Mapping):
                yield _row_fault(table, number, "json", "is no feature with properties")
                continue
            own = {"id": cells.get("id"), "geometry": cells.get("geometry")}
            yield SourceRow(line=number, cells={**properties, **own})


def parquet_rows(table: Table) -> Rows:
    """The rows of a Parquet file; a column of geometry (GeoParquet) becomes GeoJSON."""
    with table.opened() as raw:
        try:
            file = pq.ParquetFile(raw, pre_buffer=False)  # type: ignore[no-untyped-call]  # pyarrow
        except (pa.lib.ArrowInvalid, OSError):
            raise refused(table.name, "is no Parquet that can be read to its end") from None
        shapes = _check_parquet(table, file)
        number = 0
        try:
            batches = file.iter_batches(batch_size=_ROWS_AT_ONCE)  # type: ignore[no-untyped-call]  # pyarrow
            for batch in batches:
                for cells in batch.to_pylist():
                    number += 1
                    yield _of_parquet(table, number, cells, shapes)
        except (pa.lib.ArrowInvalid, OSError) as error:
            raise refused(table.name, f"is damaged: {error}", line=number) from None


@contextmanager
def _text_of(table: Table) -> Iterator[io.TextIOWrapper]:
    with (
        table.opened() as raw,
        io.TextIOWrapper(raw, encoding=table.encoding, newline="") as text,
    ):
        try:
            yield text
        except UnicodeError:
            wanted = "UTF-8" if table.encoding == "utf-8-sig" else table.encoding
            raise refused(
                table.name,
                f"is not {wanted}",
                remedy='Say in a mapping what it is (codering = "windows-1252"), or convert it '
                "to UTF-8.",
            ) from None


def _check_header(table: Table, header: list[str]) -> None:
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise refused(table.name, f"has two columns {twice[0]!r}", remedy="Name each once.")
    if len(header) == 1 and any(mark in header[0] for mark in ";\t|"):
        raise refused(
            table.name,
            f"has one column, {header[0][:60]!r}",
            remedy='Say in a mapping what separates its cells: scheiding = ";".',
        )


def _ragged(table: Table, line: int, found: int, wanted: int) -> RowFault:
    return _row_fault(
        table,
        line,
        "kolommen",
        f"has more or fewer cells than the header: {found}, not {wanted}",
        "Correct the row; a text with the separator in it stands in quotes.",
    )


def _object(table: Table, number: int, text: str) -> Mapping[str, JsonValue] | RowFault:
    try:
        value = loads(text, max_bytes=MAX_LINE)
    except InvalidJson as error:
        return _row_fault(table, number, "json", str(error))
    if not isinstance(value, Mapping):
        return _row_fault(table, number, "json", "is not an object")
    return value


def _row_fault(
    table: Table, number: int, rule: str, message: str, remedy: str = "Correct it."
) -> RowFault:
    return RowFault(
        file=table.name, line=number, column="", message=message, remedy=remedy, rule=rule
    )


def _check_seal(table: Table, number: int, seal: JsonValue, count: int, digest: str) -> None:
    if not isinstance(seal, Mapping) or seal.get("aantal") != count:
        message = f"has a seal for another number of lines than {count}"
    elif seal.get("sha256") != digest:
        message = "was changed after it was written: its seal is broken"
    else:
        return
    raise refused(table.name, message, line=number)


@dataclass(slots=True)
class _Collection:
    """Cuts the features out of a FeatureCollection, without holding more than one of them."""

    table: Table
    text: io.TextIOBase
    held: str = ""
    at: int = 0
    ended: bool = False
    decoder: json.JSONDecoder = field(default_factory=json.JSONDecoder)

    def features(self) -> Iterator[str]:
        """The text of each feature, in order. Raises UnreadableSource."""
        self._expect("{")
        found = False
        while self._next() != "}":
            name = self._value()
            self._expect(":")
            if name == '"features"':
                found = True
                yield from self._items()
            else:
                self._value()
            if self._next() != "}":
                self._expect(",")
        if not found:
            raise self._wrong("is no FeatureCollection")

    def _items(self) -> Iterator[str]:
        self._expect("[")
        while self._next() != "]":
            yield self._value()
            if self._next() != "]":
                self._expect(",")
        self._expect("]")

    def _value(self) -> str:
        """One whole JSON value as text; more is read until it is whole."""
        self._next()
        size = MIB // 8
        while True:
            try:
                _, end = self.decoder.raw_decode(self.held, self.at)
            except (json.JSONDecodeError, RecursionError):
                end = 0
            # A number goes on for as long as there are digits, so what follows must be seen.
            if end and (end < len(self.held) or self.ended):
                value, self.at = self.held[self.at : end], end
                return value
            if self.ended or len(self.held) - self.at > MAX_LINE:
                raise self._wrong("is no JSON that can be read to its end")
            self._more(size)
            size *= 2

    def _next(self) -> str:
        """The next character that is no space, not yet taken; empty at the end."""
        while True:
            while self.at < len(self.held):
                if not self.held[self.at].isspace():
                    return self.held[self.at]
                self.at += 1
            if self.ended:
                return ""
            self._more(MIB // 8)

    def _expect(self, mark: str) -> None:
        if self._next() != mark:
            raise self._wrong("is no FeatureCollection that can be read to its end")
        self.at += 1

    def _more(self, size: int) -> None:
        read = self.text.read(size)
        self.ended = not read
        self.held, self.at = self.held[self.at :] + read, 0

    def _wrong(self, message: str) -> Exception:
        return refused(self.table.name, message, remedy="Give GeoJSON with features, whole.")


def _check_parquet(table: Table, file: pq.ParquetFile) -> frozenset[str]:
    """The columns of geometry. Refuses row groups that would not fit in memory."""
    meta = file.metadata
    sizes = [meta.row_group(number).total_byte_size for number in range(meta.num_row_groups)]
    if max(sizes, default=0) > _MAX_GROUP:
        raise refused(table.name, "has a row group of more than 2 GB when unpacked")
    told = (file.schema_arrow.metadata or {}).get(b"geo")
    if told is None:
        return frozenset()
    try:
        geo = loads(told)
    except InvalidJson:
        raise refused(table.name, "has a description of its geometry that is no JSON") from None
    columns = geo.get("columns") if isinstance(geo, Mapping) else None
    return frozenset(columns) if isinstance(columns, Mapping) else frozenset()


def _of_parquet(
    table: Table, number: int, cells: Mapping[str, Any], shapes: frozenset[str]
) -> SourceRow | RowFault:
    try:
        made = {
            name: geometry_of_wkb(value) if name in shapes and isinstance(value, bytes)
            else _plain(table, value)
            for name, value in cells.items()
        }  # fmt: skip
    except InvalidValue as error:
        return _row_fault(table, number, "waarde", str(error))
    return SourceRow(line=number, cells=made)


def _plain(table: Table, value: Any) -> JsonValue:
    """A value of Arrow as JSON has it; what is no number there is no value here."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, date):
        return value.strftime(_DAY_FORMS[table.day_form])
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, list):
        return [_plain(table, each) for each in value]
    if isinstance(value, Mapping):
        return {str(name): _plain(table, each) for name, each in value.items()}
    raise InvalidValue(f"holds a value of the kind {type(value).__name__}, which is not read")
