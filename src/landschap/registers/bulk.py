# SPDX-License-Identifier: EUPL-1.2
"""Delivering a whole collection: in which form, which rows, and the seal that says it is whole.

    formaat    jsonl (default), csv, geojson or parquet; or the media type in Accept
    uitvoer    objecten (default): what held on one day; voorkomens: every stretch of days as
               known; registraties: everything that was ever registered and is known

All of a delivery is of one state of knowledge, whatever is written meanwhile. Its seal holds the
number of rows and two digests: one of the file, one of what it says, which is the same in every
form.
Source: NL GOV REST API Design Rules 2.2, "large files" (draft); RFC 9530, "Repr-Digest".
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from itertools import chain
from typing import TypeVar

import msgspec

from landschap.registers.asking import Faults
from landschap.registers.listing import Listed
from landschap.registers.models import ObjectType
from landschap.registers.timeline import Known
from landschap.vocabulary.ijson import MAX_SAFE_INTEGER, JsonValue, canonical
from landschap.vocabulary.times import as_utc_text

BULK_KEYS = ("formaat", "uitvoer")
# A part of a register that says where its deliveries are told of.
DELIVERIES = "leveringen"


class Form(StrEnum):
    """How a delivery is written."""

    LINES = "jsonl"
    CSV = "csv"
    GEOJSON = "geojson"
    PARQUET = "parquet"


MEDIA: Mapping[Form, str] = {
    Form.LINES: "application/x-ndjson",
    Form.CSV: "text/csv",
    Form.GEOJSON: "application/geo+json",
    Form.PARQUET: "application/vnd.apache.parquet",
}
# These mean a delivery; GeoJSON without ``formaat`` is a page.
_BY_ACCEPT = {MEDIA[form]: form for form in (Form.LINES, Form.CSV, Form.PARQUET)}


class Output(StrEnum):
    """Which rows a delivery holds."""

    OBJECTS = "objecten"
    STRETCHES = "voorkomens"
    REGISTRATIONS = "registraties"


def form_of_accept(accept: str) -> Form | None:
    """The form of a delivery that ``Accept`` asks for first; None: a page is asked for."""
    named = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    return _BY_ACCEPT.get(named[0])


@dataclass(frozen=True, slots=True)
class Bulk:
    """What a delivery was asked with, beside times, fields and filters."""

    form: Form
    output: Output


def read_bulk(
    kind: ObjectType, query: Mapping[str, str], accept: str, listed: Listed, wrong: Faults
) -> Bulk:
    """What a delivery is asked with; faults go to ``wrong``."""
    form = _choice(query, "formaat", Form, form_of_accept(accept) or Form.LINES, wrong)
    output = _choice(query, "uitvoer", Output, Output.OBJECTS, wrong)
    for name in ("sort", "cursor", "limit", "telling", "expand"):
        if name in query:
            wrong.add("parameter.niet-ondersteund", name, "does not go with a delivery of all")
    if form is Form.GEOJSON and output is Output.REGISTRATIONS:
        wrong.add("parameter.ongeldig", "formaat", "registraties are no features; ask for jsonl")
    if form is Form.GEOJSON and kind.geometry is None:
        wrong.add("parameter.ongeldig", "formaat", f"{kind.collection} have no geometry")
    if output is not Output.OBJECTS:
        if "geldigOp" in query:
            wrong.add("tijd.combinatie", "geldigOp", f"{output} are of all days")
        for name in (*listed.filters, *(["bbox"] if listed.area is not None else [])):
            wrong.add("parameter.niet-ondersteund", name, f"{output} are delivered of all objects")
    return Bulk(form, output)


_Named = TypeVar("_Named", Form, Output)


def _choice(
    query: Mapping[str, str], name: str, choices: type[_Named], default: _Named, wrong: Faults
) -> _Named:
    text = query.get(name)
    if text is None or text in {each.value for each in choices}:
        return default if text is None else choices(text)
    wrong.add("parameter.ongeldig", name, f"must be one of {', '.join(choices)}")
    return default


# Of what has no fractions and no names beyond ASCII, its bytes are those of `canonical`.
_PLAIN = msgspec.json.Encoder(order="sorted").encode
_PLAIN_KINDS = frozenset({str, bool, type(None)})


def _canonical(bodies: Sequence[Mapping[str, JsonValue]]) -> bytes:
    """The canonical forms one after the other; `canonical` writes every member by itself.

    Most pages hold nothing but texts, which is seen of all at once.
    """
    values = chain.from_iterable(body.values() for body in bodies)
    if "".join(set().union(*bodies)).isascii() and _PLAIN_KINDS.issuperset(map(type, values)):
        return b"".join(map(_PLAIN, bodies))
    return b"".join(
        _PLAIN(body)
        if "".join(body).isascii() and all(map(_is_plain, body.values()))
        else canonical(body)
        for body in bodies
    )


def _is_plain(value: JsonValue) -> bool:
    """True for a value of which the canonical form is that of a plain encoder."""
    kind = type(value)
    if kind in _PLAIN_KINDS:
        return True
    if isinstance(value, int):
        return kind is int and -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER
    return isinstance(value, list) and all(map(_is_plain, value))


class Seal:
    """Counts and digests of a delivery while it is written.

    ``left_out`` counts objects about persons who may not be used; it is told when
    ``counts_left_out``.
    """

    def __init__(self, *, counts_left_out: bool = False) -> None:
        self.rows = self.size = self.left_out = 0
        self.counts_left_out = counts_left_out
        self._file, self._content = hashlib.sha256(), hashlib.sha256()

    def add_rows(self, bodies: Iterable[Mapping[str, JsonValue]]) -> None:
        """Rows as they are delivered."""
        rows = [*bodies]
        self._content.update(_canonical(rows))
        self.rows += len(rows)

    def add_bytes(self, data: bytes) -> bytes:
        """The same bytes, counted."""
        self._file.update(data)
        self.size += len(data)
        return data

    @property
    def file_digest(self) -> str:
        """SHA-256 of the bytes so far, in hexadecimal."""
        return self._file.hexdigest()

    @property
    def content_digest(self) -> str:
        """SHA-256 of the canonical form of the rows so far, one after the other."""
        return self._content.hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a delivery is: of what, as known when, for what, and how to see that it is whole."""

    register: str
    collection: str
    model_version: str
    bulk: Bulk
    valid_on: date
    known: Known
    fields: Sequence[str]
    purpose: str

    def as_json(self, seal: Seal) -> dict[str, JsonValue]:
        """The manifest of a delivery that was written to its end."""
        is_of_a_day = self.bulk.output is Output.OBJECTS
        return {
            "register": self.register,
            "collectie": self.collection,
            "modelversie": self.model_version,
            "formaat": self.bulk.form.value,
            "uitvoer": self.bulk.output.value,
            "geldigOp": self.valid_on.isoformat() if is_of_a_day else None,
            "beschikbaarOp": as_utc_text(self.known.moment),
            "klok": self.known.clock.value,
            "volgnummer": self.known.number,
            "velden": sorted(self.fields),
            "doel": self.purpose or None,
            "aantal": seal.rows,
            "bytes": seal.size,
            "sha256": seal.file_digest,
            "inhoudSha256": seal.content_digest,
            **({"weggelaten": seal.left_out} if seal.counts_left_out else {}),
        }


def file_name(kind: ObjectType, moment: datetime, form: Form) -> str:
    """How a delivery is called when it is kept."""
    return f"{kind.register}-{kind.collection}-{moment.date().isoformat()}.{form.value}"
