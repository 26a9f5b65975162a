# SPDX-License-Identifier: EUPL-1.2
"""Bulk files: when they are made, and what their manifest tells.

    REGISTER/COLLECTIE/VERSIE/COLLECTIE.jsonl, .csv, .geojson, .parquet, manifest.json
    REGISTER/COLLECTIE/huidig -> VERSIE

A version is of one day and one state of knowledge, the same as an answer of the API with
``historie=true``; it is written as any delivery of a collection is (`bulk_forms`). Its files appear
all at once, when ``huidig`` is changed.
Source: NL GOV REST API Design Rules, transfer of large files (draft).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

import msgspec

from landschap.registers.answering import Shape, body_of
from landschap.registers.bulk import Form
from landschap.registers.models import ObjectType
from landschap.registers.questions import AsOf, Found
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import AMSTERDAM

CURRENT = "huidig"
MANIFEST = "manifest.json"
# Between midnight and this hour the work of the day before may still be coming in.
_NIGHT_HOUR = 2
# What the EU authority table of file types calls them; it has none for lines of JSON.
FILE_TYPES: Mapping[Form, str] = {
    Form.LINES: "JSON",
    Form.CSV: "CSV",
    Form.GEOJSON: "GEOJSON",
    Form.PARQUET: "PARQUET",
}


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


def forms_of(kind: ObjectType) -> tuple[Form, ...]:
    """The forms a collection is offered in; GeoJSON where objects have a place."""
    return tuple(form for form in Form if form is not Form.GEOJSON or kind.geometry is not None)


def form_named(name: str) -> Form | None:
    """The form of a file by its name."""
    return next((form for form in Form if name.endswith(f".{form.value}")), None)


def is_due(
    last: Manifest | None, kind: ObjectType, number: int, now: datetime, *, minutes: int
) -> bool:
    """True when a version must be made: none, another model, a change, or another day.

    ``number`` is the last one of the register. What holds can change by the day alone.
    """
    if last is None or last.model != kind.version:
        return True
    if number != last.volgnummer:
        # What was empty has just been loaded: nobody is served by keeping it empty.
        return not last.aantal or now - last.tijdstip_gemaakt >= timedelta(minutes=minutes)
    local = now.astimezone(AMSTERDAM)
    return local.date() > last.geldig_op and local.hour >= _NIGHT_HOUR


def may_hold(made: Manifest, number: int, at: datetime) -> bool:
    """True when a version may hold what was destroyed at this moment and number of the register.

    By the number it was not known yet; by the moment too, as a database that was put back from a
    back-up gives numbers anew.
    """
    return made.volgnummer < number or made.tijdstip_gemaakt <= at


def version_name(now: datetime) -> str:
    """A name that sorts by the moment a version was made."""
    return now.strftime("%Y%m%dT%H%M%S%fZ")


def told(found: Found, question: AsOf) -> dict[str, JsonValue]:
    """An object as the API tells it, with its history."""
    shape = Shape(
        leaves=question.type.paths(),
        left_out=frozenset(),
        with_history=True,
        with_corrections=True,
    )
    return body_of(found, question, shape)
