# SPDX-License-Identifier: EUPL-1.2
"""Bulk files: when they are made, what they are called, how an object stands in them.

    REGISTER/COLLECTIE/VERSIE/COLLECTIE.jsonl, .csv, .geojson, .parquet, manifest.json
    REGISTER/COLLECTIE/huidig -> VERSIE

A version is of one day and one state of knowledge, the same as an answer of the API with
``historie=true``. Its files appear all at once, when ``huidig`` is changed.
Source: RFC 4180; RFC 7946; NL GOV REST API Design Rules, transfer of large files (draft).
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

import msgspec

from landschap.registers.answering import Shape, body_of
from landschap.registers.geometry_crs import CRS84, crs_kept, project
from landschap.registers.models import ObjectType
from landschap.registers.questions import AsOf, Found
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import AMSTERDAM

CURRENT = "huidig"
MANIFEST = "manifest.json"
HISTORY = ("beginGeldigheid", "eindGeldigheid", "tijdstipRegistratie")
# Between midnight and this hour the work of the day before may still be coming in.
_NIGHT_HOUR = 2


class File(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """One file of a version; ``sha256`` is of its bytes, in hexadecimal."""

    naam: str
    media_type: str
    bytes: int
    sha256: str


class Manifest(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """What a version holds: of which day and which knowledge, made when, how many objects."""

    register: str
    collectie: str
    versie: str
    model: str
    geldig_op: date
    beschikbaar_op: datetime
    volgnummer: int
    tijdstip_gemaakt: datetime
    aantal: int
    bestanden: list[File]


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One form of file. ``file_type`` names it in the EU authority table."""

    ending: str
    media_type: str
    file_type: str


JSON_LINES = Form(ending="jsonl", media_type="application/x-ndjson", file_type="JSON")
CSV = Form(ending="csv", media_type="text/csv", file_type="CSV")
GEOJSON = Form(ending="geojson", media_type="application/geo+json", file_type="GEOJSON")
PARQUET = Form(ending="parquet", media_type="application/vnd.apache.parquet", file_type="PARQUET")
FORMS = (JSON_LINES, CSV, GEOJSON, PARQUET)


def forms_of(kind: ObjectType) -> tuple[Form, ...]:
    """The forms a collection is offered in; GeoJSON where objects have a place."""
    return tuple(form for form in FORMS if form is not GEOJSON or kind.geometry is not None)


def form_named(name: str) -> Form | None:
    """The form of a file by its name."""
    return next((form for form in FORMS if name.endswith(f".{form.ending}")), None)


def is_due(
    last: Manifest | None, kind: ObjectType, number: int, now: datetime, *, minutes: int
) -> bool:
    """True when a version must be made: none, another model, a change, or another day.

    ``number`` is the last one of the register. What holds can change by the day alone.
    """
    if last is None or last.model != kind.version:
        return True
    if number != last.volgnummer:
        return now - last.tijdstip_gemaakt >= timedelta(minutes=minutes)
    local = now.astimezone(AMSTERDAM)
    return local.date() > last.geldig_op and local.hour >= _NIGHT_HOUR


def version_name(now: datetime) -> str:
    """A name that sorts by the moment a version was made."""
    return now.strftime("%Y%m%dT%H%M%S%fZ")


def columns(kind: ObjectType) -> tuple[str, ...]:
    """The columns of a table of objects: a path each, and the days of its history."""
    return (*kind.properties, *HISTORY)


def told(found: Found, question: AsOf) -> dict[str, JsonValue]:
    """An object as the API tells it, with its history."""
    shape = Shape(
        leaves=question.type.paths(),
        left_out=frozenset(),
        with_history=True,
        with_corrections=True,
    )
    return body_of(found, question, shape)


def row_of(kind: ObjectType, body: Mapping[str, JsonValue]) -> list[JsonValue]:
    """An object as a row: what is no single value stands there as JSON."""
    history = body["historie"]
    assert isinstance(history, Mapping)  # noqa: S101  # `told` put it there
    values = [body.get(name) for name in kind.properties]
    values += [history.get(name) for name in HISTORY]
    return [_cell(value) for value in values]


def _cell(value: JsonValue) -> JsonValue:
    if isinstance(value, Mapping | list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return value


def feature_of(kind: ObjectType, body: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """An object as a feature, in longitude and latitude. Source: RFC 7946, sections 3.2 and 4."""
    place = kind.geometry
    assert place is not None  # noqa: S101  # asked for types with a place only
    geometry = body.get(place.name)
    return {
        "type": "Feature",
        "id": body[kind.identification],
        "geometry": (
            project(geometry, crs_kept(place.crs), CRS84) if isinstance(geometry, Mapping) else None
        ),
        "properties": {name: value for name, value in body.items() if name != place.name},
    }


class Text(Protocol):
    """How the objects of a collection become the text of a file, piece by piece."""

    def begin(self) -> str:
        """What stands before the first object."""

    def add(self, bodies: Sequence[Mapping[str, JsonValue]]) -> str:
        """Some more objects."""

    def end(self) -> str:
        """What stands after the last one."""


class JsonLines:
    """An object a line."""

    def begin(self) -> str:
        """Nothing stands before."""
        return ""

    def add(self, bodies: Sequence[Mapping[str, JsonValue]]) -> str:
        """A line each."""
        return "".join(f"{msgspec.json.encode(body).decode()}\n" for body in bodies)

    def end(self) -> str:
        """Nothing stands after."""
        return ""


class _Gathered:
    """What the writer of CSV writes to."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    def write(self, text: str) -> int:
        """Keep a piece."""
        self.parts.append(text)
        return len(text)

    def taken(self) -> str:
        """All pieces since the last time."""
        parts, self.parts = self.parts, []
        return "".join(parts)


class Csv:
    """A row per object, with a head; commas, quotes where needed. Source: RFC 4180."""

    def __init__(self, kind: ObjectType) -> None:
        self._kind = kind
        self._gathered = _Gathered()
        self._writer = csv.writer(self._gathered)

    def begin(self) -> str:
        """The names of the columns."""
        self._writer.writerow(columns(self._kind))
        return self._gathered.taken()

    def add(self, bodies: Sequence[Mapping[str, JsonValue]]) -> str:
        """A row each; true and false as JSON writes them."""
        for body in bodies:
            row = row_of(self._kind, body)
            self._writer.writerow(
                str(value).lower() if isinstance(value, bool) else value for value in row
            )
        return self._gathered.taken()

    def end(self) -> str:
        """Nothing stands after."""
        return ""


class GeoJson:
    """One collection of features."""

    def __init__(self, kind: ObjectType) -> None:
        self._kind = kind
        self._is_first = True

    def begin(self) -> str:
        """The head of the collection."""
        return '{"type":"FeatureCollection","features":[\n'

    def add(self, bodies: Sequence[Mapping[str, JsonValue]]) -> str:
        """A feature a line."""
        return "".join(self._lines(bodies))

    def end(self) -> str:
        """The end of the collection."""
        return "\n]}\n"

    def _lines(self, bodies: Sequence[Mapping[str, JsonValue]]) -> Iterator[str]:
        for body in bodies:
            before = "" if self._is_first else ",\n"
            self._is_first = False
            yield before + msgspec.json.encode(feature_of(self._kind, body)).decode()


def text_of(form: Form, kind: ObjectType) -> Text | None:
    """How a form is written as text; None for one that is no text."""
    if form is JSON_LINES:
        return JsonLines()
    if form is CSV:
        return Csv(kind)
    return GeoJson(kind) if form is GEOJSON else None
