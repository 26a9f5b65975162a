# SPDX-License-Identifier: EUPL-1.2
"""Records to a file, some at a time: JSON lines, CSV, GeoJSON, Parquet.

Source: RFC 4180; RFC 7946; Apache Parquet.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec
import pyarrow.parquet as pq
from pyarrow import lib as pa

from landschap.integration.bulk.assembling import gaps_told
from landschap.integration.bulk.extracts import Form, OutColumn
from landschap.integration.bulk.values import Kind
from landschap.integration.rows import at_path
from landschap.registers.cells import cell_of
from landschap.vocabulary.ijson import JsonValue

Record = Mapping[str, JsonValue]
_encode = msgspec.json.Encoder().encode
_encode_lines = msgspec.json.Encoder().encode_lines
_TYPES: Mapping[Kind, pa.DataType] = {
    Kind.TEXT: pa.string(),
    Kind.INTEGER: pa.int64(),
    Kind.NUMBER: pa.float64(),
    Kind.BOOLEAN: pa.bool_(),
    Kind.TEXTS: pa.list_(pa.string()),
    Kind.JSON: pa.string(),
    Kind.MIXED: pa.string(),
}


class Writer(Protocol):
    """Takes records, and ends the file."""

    def write(self, records: Sequence[Record]) -> None:
        """Some records."""
        ...

    def close(self) -> None:
        """There are no more."""
        ...


def writer_of(
    form: Form, file: Path, columns: Sequence[OutColumn], *, geometry: str, key: str
) -> Writer:
    """The writer of a form. ``geometry`` is the field that features get their geometry from."""
    match form:
        case Form.LINES:
            return _Lines(file)
        case Form.CSV:
            return _Csv(file, columns)
        case Form.GEOJSON:
            return _Features(file, geometry, key)
    return ParquetFile(file, columns)


class _Lines:
    def __init__(self, file: Path) -> None:
        self._target = file.open("wb")

    def write(self, records: Sequence[Record]) -> None:
        self._target.write(_encode_lines(records))

    def close(self) -> None:
        self._target.close()


class _Csv:
    """A column per field; lists and what is composed as JSON in one cell."""

    def __init__(self, file: Path, columns: Sequence[OutColumn]) -> None:
        self._target = file.open("w", encoding="utf-8", newline="")
        self._paths = [each.path for each in columns]
        self._writer = csv.writer(self._target)
        self._writer.writerow(self._paths)

    def write(self, records: Sequence[Record]) -> None:
        self._writer.writerows(
            [[cell_of(at_path(record, path)) for path in self._paths] for record in records]
        )

    def close(self) -> None:
        self._target.close()


class _Features:
    """Geometry in longitude and latitude; what is kept in RD is brought there."""

    def __init__(self, file: Path, geometry: str, key: str) -> None:
        self._target = file.open("wb")
        self._geometry, self._key = geometry, key
        self._before = b'{"type":"FeatureCollection","features":[\n'

    def write(self, records: Sequence[Record]) -> None:
        for record in records:
            self._target.write(self._before + _encode(self._feature(record)))
            self._before = b",\n"

    def close(self) -> None:
        begin = self._before if self._before != b",\n" else b""
        self._target.write(begin + b"\n]}\n")
        self._target.close()

    def _feature(self, record: Record) -> dict[str, JsonValue]:
        feature: dict[str, JsonValue] = {"type": "Feature"}
        if (name := at_path(record, self._key)) is not None:
            feature["id"] = name
        place = at_path(record, self._geometry)
        if isinstance(place, Mapping) and _is_rd(place.get("coordinates")):
            # Loaded here: what knows of systems is large, and other forms have no geometry.
            from landschap.registers.geometry_crs import CRS84, RD, project

            place = dict(project(place, RD, CRS84))
        feature["geometry"] = place
        feature["properties"] = _without(record, self._geometry.split("."))
        return feature


def _is_rd(coordinates: JsonValue) -> bool:
    """True for metres: no longitude is over 180."""
    while isinstance(coordinates, list) and coordinates and isinstance(coordinates[0], list):
        coordinates = coordinates[0]
    first = coordinates[0] if isinstance(coordinates, list) and coordinates else 0
    return isinstance(first, int | float) and abs(first) > 180  # degrees


def _without(record: Record, steps: Sequence[str]) -> dict[str, JsonValue]:
    first, *rest = steps
    kept = {name: value for name, value in record.items() if name != first or rest}
    inner = kept.get(first)
    if rest and isinstance(inner, Mapping):
        kept[first] = _without(inner, rest)
    return kept


class ParquetFile:
    """A column per field by its path; a list of objects as a list of structs."""

    def __init__(self, file: Path, columns: Sequence[OutColumn]) -> None:
        self._columns = columns
        self.schema = pa.schema([pa.field(each.path, _type(each)) for each in columns])
        self._writer = pq.ParquetWriter(file, self.schema, compression="zstd")  # type: ignore[no-untyped-call]  # pyarrow

    def write(self, records: Sequence[Record]) -> None:
        """Some records."""
        rows = [
            {each.path: _typed(at_path(record, each.path), each) for each in self._columns}
            for record in records
        ]
        self._writer.write_table(pa.Table.from_pylist(rows, schema=self.schema))  # type: ignore[no-untyped-call]  # pyarrow

    def write_as_it_is(self, batch: Any, names: Sequence[str]) -> None:
        """A batch of the engine, of which these columns are those of the file but the last.

        The last is `_ontbreekt`, made of its column ``gap``.
        """
        columns = [
            batch.column(name).cast(self.schema.field(place).type)
            for place, name in enumerate(names)
        ]
        told = batch.column("gap").to_pylist() if "gap" in batch.schema.names else []
        lines = [gaps_told(text) for text in told] or [None] * batch.num_rows
        columns.append(pa.array([_json(each) for each in lines], pa.string()))
        self._writer.write_batch(pa.record_batch(columns, schema=self.schema))  # type: ignore[no-untyped-call]  # pyarrow

    def close(self) -> None:
        """There are no more."""
        self._writer.close()  # type: ignore[no-untyped-call]  # pyarrow


def _type(column: OutColumn) -> pa.DataType:
    if column.inner:
        return pa.list_(pa.struct([(each.path, _type(each)) for each in column.inner]))
    return _TYPES[column.kind]


def _typed(value: JsonValue, column: OutColumn) -> Any:
    if value is None:
        return None
    if column.inner:
        items = value if isinstance(value, list) else []
        return [
            {each.path: _typed(at_path(item, each.path), each) for each in column.inner}
            for item in items
            if isinstance(item, Mapping)
        ]
    if column.kind in (Kind.JSON, Kind.MIXED):
        return _json(value)
    if column.kind is Kind.TEXT and not isinstance(value, str):
        return _json(value)
    return value


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)
