# SPDX-License-Identifier: EUPL-1.2
"""Reading where a question is about: the system of the answer, a box, a geometry in a body.

    crs, Accept-Crs          the system of coordinates in the answer; CRS84 when nothing is said
    Content-Crs              that of coordinates in a body; CRS84 when nothing is said
    bbox, bbox-crs           only what touches this box; bboxCrs is taken too
    {"_geo": {"within": G}}  in the body of _zoek: only what lies within, touches or contains G

A system that is not offered is refused: 400 as a parameter, 406 and 415 in a header.
Source: NL GOV REST API Design Rules, geospatial module 1.0; DSO API strategy, "geo".
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from landschap.registers.annotations import GeometryKind
from landschap.registers.asking import Faults
from landschap.registers.geometry import Area, Lying, faults_of
from landschap.registers.geometry_crs import (
    CRS84,
    SUPPORTED,
    Box,
    Crs,
    Geometry,
    OutsideError,
    box_as_area,
    crs_kept,
    crs_named,
    project,
)
from landschap.registers.models import ObjectType, Property
from landschap.registers.refusals import invalid_body
from landschap.vocabulary.ijson import InvalidJson, JsonValue, loads
from landschap.vocabulary.problems import Refusal

BOX_KEYS = ("bbox", "bbox-crs", "bboxCrs")
GEO_MEMBER = "_geo"
# A geometry to search with is tested against every object near it.
MAX_BODY = 400_000
MAX_SEARCH_POSITIONS = 5_000
_MAX_TEXT = 200
_NAMES = ", ".join(crs.uri for crs in SUPPORTED)


@dataclass(frozen=True, slots=True)
class CrsHeaders:
    """What a question says of systems in its headers; empty where it says nothing."""

    accept: str = ""
    content: str = ""


def crs_keys(kind: ObjectType) -> tuple[str, ...]:
    """The query keys of a type whose answers can hold geometry: its own, or of a relation."""
    has = kind.geometry is not None or any(p.points_at for p in kind.properties.values())
    return ("crs",) if has else ()


def box_keys(kind: ObjectType) -> tuple[str, ...]:
    """The query keys by which a list can be limited to a place."""
    return BOX_KEYS if kind.geometry is not None else ()


def read_crs(query: Mapping[str, str], headers: CrsHeaders, wrong: Faults) -> Crs | Refusal:
    """The system the answer is wanted in. Refused: a header with one that is not offered."""
    asked = _named(query, "crs", wrong)
    if not headers.accept:
        return asked or CRS84
    accepted = crs_named(headers.accept)
    if accepted is None:
        return Refusal(
            code="crsNotAcceptable",
            status=HTTPStatus.NOT_ACCEPTABLE,
            title="This coordinate reference system is not offered",
            detail=f"Accept-Crs is one of {_NAMES}, or the code of one of the last three.",
        )
    if asked is not None and asked != accepted:
        wrong.add("parameter.ongeldig", "crs", "is another system than Accept-Crs asks for")
    return accepted


def read_content_crs(headers: CrsHeaders) -> Crs | Refusal:
    """The system of the coordinates in a body."""
    if not headers.content:
        return CRS84
    return crs_named(headers.content) or Refusal(
        code="crsNotSupported",
        status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        title="This coordinate reference system is not read here",
        detail=f"Content-Crs is one of {_NAMES}, or the code of one of the last three.",
    )


def read_box(kind: ObjectType, query: Mapping[str, str], wrong: Faults) -> Area | None:
    """The place a list is limited to; faults go to ``wrong``."""
    name = "bboxCrs" if "bboxCrs" in query else "bbox-crs"
    if "bboxCrs" in query and "bbox-crs" in query:
        wrong.add("parameter.ongeldig", "bboxCrs", "is bbox-crs by another name; give one")
    crs = _named(query, name, wrong) or CRS84
    if name in query and "bbox" not in query:
        wrong.add("parameter.ongeldig", name, "says how bbox is written, and there is none")
    place = kind.geometry
    if "bbox" not in query or place is None:
        return None
    box = _box(query["bbox"][:_MAX_TEXT], crs, wrong)
    if box is None:
        return None
    there = box_as_area(box, crs, crs_kept(place.crs))
    return Area(place.name, Lying.INTERSECTS, there or _NOWHERE)


# An area in which nothing lies: a box that is in its own system, and outside that of the register.
_NOWHERE: Geometry = {
    "type": "Polygon",
    "coordinates": [[[-1e9, -1e9], [-1e9 + 1, -1e9], [-1e9, -1e9 + 1], [-1e9, -1e9]]],
}


def _box(text: str, crs: Crs, wrong: Faults) -> Box | None:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != 4 or not all(map(math.isfinite, numbers)):
        wrong.add("parameter.ongeldig", "bbox", "must be four numbers: minx,miny,maxx,maxy")
        return None
    if crs.swapped:
        south, west, north, east = numbers
    else:
        west, south, east, north = numbers
    limit = crs.bounds
    if west > east or south > north:
        wrong.add("parameter.ongeldig", "bbox", "must have its least corner first")
        return None
    if west < limit[0] or south < limit[1] or east > limit[2] or north > limit[3]:
        wrong.add("parameter.ongeldig", "bbox", f"lies outside {crs.code}; say which with bbox-crs")
        return None
    return (west, south, east, north)


def can_search_places(kind: ObjectType) -> bool:
    """True for types that can be searched by place: nobody is found by walking over a map."""
    return kind.geometry is not None and not kind.holds_personal_data


def read_body(body: bytes) -> JsonValue:
    """A body as JSON; None when it is none, which another reader then tells of."""
    try:
        return loads(body, max_bytes=MAX_BODY, storable=True)
    except InvalidJson:
        return None


def is_place(given: JsonValue) -> bool:
    """True for the body of a search by place."""
    return isinstance(given, Mapping) and GEO_MEMBER in given


def read_place(kind: ObjectType, given: JsonValue, crs: Crs) -> Area | Refusal:
    """The place in the body of a search, written in this system."""
    place = kind.geometry
    if place is None or not isinstance(given, Mapping):
        return _fault("", f"{kind.collection} have no geometry to search by")
    asked = given.get(GEO_MEMBER)
    if len(given) != 1:
        return _fault("", f"write {GEO_MEMBER} alone")
    names = ", ".join(Lying)
    if not isinstance(asked, Mapping) or len(asked) != 1 or not set(asked) <= set(Lying):
        return _fault(f"/{GEO_MEMBER}", f"must be an object with one of {names}")
    ((lying, geometry),) = asked.items()
    where = f"/{GEO_MEMBER}/{lying}"
    return _area(place, Lying(lying), geometry, crs, where)


def _area(
    place: Property, lying: Lying, geometry: JsonValue, crs: Crs, where: str
) -> Area | Refusal:
    if not isinstance(geometry, Mapping):
        return _fault(where, "must be a GeoJSON geometry")
    found = list(faults_of(geometry, GeometryKind.ANY, crs, where, most=MAX_SEARCH_POSITIONS))
    if found:
        return _faults([(fault.pointer, fault.message) for fault in found])
    try:
        return Area(place.name, lying, project(geometry, crs, crs_kept(place.crs)))
    except OutsideError as error:
        return _fault(f"{where}/coordinates", str(error))


def placed(
    kind: ObjectType, content: JsonValue, crs: Crs, pointer: str
) -> tuple[JsonValue, list[tuple[str, str]]]:
    """A content with its geometry as the model keeps it, and what is wrong with the geometry."""
    place = kind.geometry
    value = content.get(place.name) if place and isinstance(content, Mapping) else None
    if place is None or place.geometry is None or not isinstance(value, Mapping):
        return content, []
    where = f"{pointer}/{place.name}"
    found = list(faults_of(value, place.geometry, crs, where))
    if found:
        return content, [(fault.pointer, fault.message) for fault in found]
    try:
        moved = project(value, crs, crs_kept(place.crs))
    except OutsideError as error:
        return content, [(f"{where}/coordinates", str(error))]
    assert isinstance(content, Mapping)  # noqa: S101  # seen above; for the type checker
    return {**content, place.name: moved}, []


def _named(query: Mapping[str, str], name: str, wrong: Faults) -> Crs | None:
    if name not in query:
        return None
    crs = crs_named(query[name])
    if crs is None:
        wrong.add("parameter.ongeldig", name, f"must be one of {_NAMES}")
    return crs


def _fault(pointer: str, words: str) -> Refusal:
    return _faults([(pointer, words)])


def _faults(wrong: list[tuple[str, str]]) -> Refusal:
    return invalid_body(wrong, code="zoek.sleutel", title="The place is not valid", told="")
