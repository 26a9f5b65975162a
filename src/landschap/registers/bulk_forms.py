# SPDX-License-Identifier: EUPL-1.2
"""Writing rows as JSON lines, CSV, GeoJSON or Parquet, piece by piece.

A writer is given bodies as they are delivered and gives bytes; it holds no more than one row group.
JSON lines end with a line that holds the seal; GeoJSON and Parquet can not be read when their end
is missing; a CSV has no place for a seal, its manifest tells.
Source: RFC 7464 and RFC 4180; RFC 7946; GeoParquet 1.1.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

import msgspec
import pyarrow.parquet as pq
import pyproj
from pyarrow import lib as arrow

from landschap.registers.bulk import Form, Output, Seal
from landschap.registers.cells import cell_of
from landschap.registers.geojson import feature_of
from landschap.registers.geometry_crs import CRS84, Crs
from landschap.registers.models import ObjectType
from landschap.registers.shapes import wkb_of
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import parse_moment

Body = Mapping[str, JsonValue]
_GROUP = 10_000
_encode = msgspec.json.Encoder().encode
_encode_lines = msgspec.json.Encoder().encode_lines
# What an answer tells of both axes, as columns.
_HISTORY = {
    "beginGeldigheid": "date", "eindGeldigheid": "date", "tijdstipRegistratie": "date-time",
    "volgnummer": "integer", "soort": "text", "zekerheid": "text", "inOnderzoek": "texts",
    "corrigeert": "integer",
}  # fmt: skip
_REGISTRATION = {
    "volgnummer": "integer", "groep": "text", "soort": "text", "beginGeldigheid": "date",
    "beginGeldigheidBron": "text", "eindGeldigheid": "date", "tijdstipRegistratie": "date-time",
    "tijdstipBron": "date-time", "corrigeert": "integer", "ingetrokken": "boolean", "bron": "json",
}  # fmt: skip
_INNER = ("historie", "inhoud")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The columns of a delivery: name and what stands in it. ``crs`` is that of the geometry."""

    type: ObjectType
    columns: Mapping[str, str]
    crs: Crs = CRS84

    def cells(self, body: Body) -> dict[str, JsonValue]:
        """A body laid flat; what is inside ``historie`` or ``inhoud`` gets columns of its own."""
        if not any(name in body for name in _INNER):
            return {name: body.get(name) for name in self.columns}
        flat: dict[str, JsonValue] = {}
        for name, value in body.items():
            if name in _INNER and isinstance(value, Mapping):
                flat.update({own: each for own, each in value.items() if own not in flat})
            else:
                flat[name] = value
        return {name: flat.get(name) for name in self.columns}


def sheet_of(
    kind: ObjectType, leaves: frozenset[str], output: Output, *, history: bool, crs: Crs = CRS84
) -> Sheet:
    """The columns of a delivery: the fields asked for, in the order of the model, then times."""
    told = {leaf.partition(".")[0] for leaf in leaves}
    columns = {
        prop.name: "geometry" if prop.geometry is not None else _kind(prop.schema)
        for prop in kind.properties.values()
        # A registration holds what was written; what follows from it is told of an object.
        if prop.name in told and not (prop.derived and output is Output.REGISTRATIONS)
    }
    if output is Output.REGISTRATIONS:
        own = {kind.identification: "text", **_REGISTRATION}
        columns = {**own, **{name: what for name, what in columns.items() if name not in own}}
    elif history or output is Output.STRETCHES:
        columns |= {name: what for name, what in _HISTORY.items() if name not in columns}
    return Sheet(type=kind, columns=columns, crs=crs)


def _kind(schema: Mapping[str, JsonValue]) -> str:
    kinds = schema.get("type")
    wanted = {str(each) for each in (kinds if isinstance(kinds, list) else [kinds])} - {"null"}
    items = schema.get("items")
    if wanted == {"string"}:
        form = schema.get("format")
        return str(form) if form in ("date", "date-time") else "text"
    if wanted == {"array"} and isinstance(items, Mapping) and items.get("type") == "string":
        return "texts"
    (only,) = wanted if len(wanted) == 1 else ("json",)
    return only if only in ("integer", "number", "boolean") else "json"


class Writer(Protocol):
    """Gives the bytes of a delivery in order: begin, rows as often as there are, end."""

    def begin(self) -> bytes:
        """What stands before the first row."""
        ...

    def rows(self, bodies: Sequence[Body]) -> bytes:
        """Some rows; may be empty when they are kept for a later piece."""
        ...

    def end(self, seal: Seal) -> bytes:
        """What stands after the last row; ``seal`` has counted all before it."""
        ...


def writer_of(form: Form, sheet: Sheet) -> Writer:
    """The writer of a form."""
    made: Mapping[Form, type[_Lines | _Csv | _Features | _Parquet]] = {
        Form.LINES: _Lines,
        Form.CSV: _Csv,
        Form.GEOJSON: _Features,
        Form.PARQUET: _Parquet,
    }
    return made[form](sheet)


class _Lines:
    def __init__(self, _: Sheet) -> None:
        """Nothing is needed: a line holds its own names."""

    def begin(self) -> bytes:
        return b""

    def rows(self, bodies: Sequence[Body]) -> bytes:
        return _encode_lines(bodies)

    def end(self, seal: Seal) -> bytes:
        return _encode({"_slot": {"aantal": seal.rows, "sha256": seal.file_digest}}) + b"\n"


class _Csv:
    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet

    def begin(self) -> bytes:
        return self._written([list(self._sheet.columns)])

    def rows(self, bodies: Sequence[Body]) -> bytes:
        cells = (self._sheet.cells(body).values() for body in bodies)
        return self._written([[cell_of(each) for each in row] for row in cells])

    def end(self, _: Seal) -> bytes:
        return b""

    def _written(self, rows: Sequence[Sequence[str]]) -> bytes:
        lines: list[str] = []
        csv.writer(_Lined(lines.append)).writerows(rows)
        return "".join(lines).encode()


@dataclass(frozen=True, slots=True)
class _Lined:
    """What the writer of the library wants of a file."""

    write: Callable[[str], object]


class _Features:
    def __init__(self, sheet: Sheet) -> None:
        self._sheet, self._is_first = sheet, True

    def begin(self) -> bytes:
        return b'{"type":"FeatureCollection","features":[\n'

    def rows(self, bodies: Sequence[Body]) -> bytes:
        text = b",\n".join(_encode(feature_of(self._sheet.type, body)) for body in bodies)
        before = b"" if self._is_first or not text else b",\n"
        self._is_first = self._is_first and not text
        return before + text

    def end(self, seal: Seal) -> bytes:
        return b'\n],"numberReturned":%d}\n' % seal.rows


class _Parquet:
    """A row group of ten thousand rows at a time."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet, self._sink = sheet, _Sink()
        self._waiting: list[dict[str, Any]] = []
        self._schema = _schema_of(sheet)
        file = arrow.PythonFile(self._sink, mode="w")
        self._writer = pq.ParquetWriter(file, self._schema, compression="zstd")  # type: ignore[no-untyped-call]  # pyarrow

    def begin(self) -> bytes:
        return self._sink.taken()

    def rows(self, bodies: Sequence[Body]) -> bytes:
        for body in bodies:
            cells = self._sheet.cells(body)
            self._waiting.append(
                {name: _typed(cells[name], what) for name, what in self._sheet.columns.items()}
            )
        if len(self._waiting) >= _GROUP:
            self._group()
        return self._sink.taken()

    def end(self, _: Seal) -> bytes:
        self._group()
        self._writer.close()  # type: ignore[no-untyped-call]  # pyarrow
        return self._sink.taken()

    def _group(self) -> None:
        if self._waiting:
            table = arrow.Table.from_pylist(self._waiting, schema=self._schema)
            self._writer.write_table(table)  # type: ignore[no-untyped-call]  # pyarrow
            self._waiting = []


class _Sink:
    """A file, to who writes it; of which the begin is taken away while the end is written."""

    closed = False

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._at = 0

    def write(self, data: Any) -> int:
        """Keep some bytes."""
        self._parts.append(bytes(data))
        self._at += len(self._parts[-1])
        return len(self._parts[-1])

    def tell(self) -> int:
        """How many bytes were written, taken ones included."""
        return self._at

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Nothing has to be given up."""

    def taken(self) -> bytes:
        """What was written since it was last taken."""
        found, self._parts = b"".join(self._parts), []
        return found


_ARROW: Mapping[str, Any] = {
    "text": arrow.string(),
    "integer": arrow.int64(),
    "number": arrow.float64(),
    "boolean": arrow.bool_(),
    "date": arrow.date32(),
    "date-time": arrow.timestamp("us", tz="UTC"),
    "texts": arrow.list_(arrow.string()),
    "geometry": arrow.binary(),
    "json": arrow.string(),
}


def _schema_of(sheet: Sheet) -> Any:
    fields = [arrow.field(name, _ARROW[what]) for name, what in sheet.columns.items()]
    shapes = [name for name, what in sheet.columns.items() if what == "geometry"]
    if not shapes:
        return arrow.schema(fields)
    system = pyproj.CRS.from_user_input("OGC:CRS84" if sheet.crs == CRS84 else sheet.crs.code)
    column = {"encoding": "WKB", "geometry_types": [], "crs": system.to_json_dict()}
    geo = {
        "version": "1.1.0",
        "primary_column": shapes[0],
        "columns": dict.fromkeys(shapes, column),
    }
    return arrow.schema(fields, metadata={"geo": json.dumps(geo)})


def _typed(value: JsonValue, what: str) -> Any:
    if value is None:
        return None
    if what == "geometry":
        return wkb_of(value)
    if what == "json":
        return json.dumps(value, ensure_ascii=False)
    if what == "date":
        return date.fromisoformat(str(value))
    if what == "date-time":
        return parse_moment(str(value))
    return value
