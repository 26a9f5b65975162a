# SPDX-License-Identifier: EUPL-1.2
"""Geometry as GeoJSON: what is wrong with it, the box around it, how two lie to each other.

A geometry has two numbers per position; heights are not kept. What is wrong is told with a pointer
and the rule, all rules of form at once; only a well-formed geometry is looked at as a whole.
Source: RFC 7946, section 3.1; ISO 19107 and OGC Simple Features, "validity".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import shapely
from shapely.geometry import shape

from landschap.registers.annotations import GeometryKind
from landschap.registers.geometry_crs import Box, Crs, Geometry
from landschap.registers.schemas import Fault
from landschap.vocabulary.ijson import JsonValue

# The border of the largest municipality has some ten thousand positions.
MAX_POSITIONS = 50_000
# A file with every place wrong says no more than one with the first of them.
_MAX_FAULTS = 20
_DEPTHS = {
    "Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2,
    "MultiPolygon": 3,
}  # fmt: skip
TYPES: Mapping[GeometryKind, tuple[str, ...]] = {
    GeometryKind.POINT: ("Point",),
    GeometryKind.LINE: ("LineString", "MultiLineString"),
    GeometryKind.AREA: ("Polygon", "MultiPolygon"),
    GeometryKind.ANY: tuple(_DEPTHS),
}


class Lying(StrEnum):
    """How an object lies to a geometry that is asked with. Source: OGC Simple Features, DE-9IM."""

    INTERSECTS = "intersects"
    WITHIN = "within"
    CONTAINS = "contains"


@dataclass(frozen=True, slots=True)
class Area:
    """A geometry to find objects by, in the system in which ``path`` is kept."""

    path: str
    lying: Lying
    geometry: Geometry

    @property
    def box(self) -> Box:
        """The box around it: what lies so to it has a box that touches this one."""
        return envelope(self.geometry)

    def holds(self) -> Callable[[JsonValue], bool]:
        """A test whether a value of ``path`` lies so; no value lies nowhere."""
        asked = shape(self.geometry)
        shapely.prepare(asked)
        # A prepared geometry is quick on the left, so each question is asked from its side.
        tests = {
            Lying.INTERSECTS: asked.intersects,
            Lying.WITHIN: asked.contains,
            Lying.CONTAINS: asked.within,
        }
        test = tests[self.lying]
        return lambda value: isinstance(value, Mapping) and bool(test(shape(value)))


def envelope(geometry: Geometry) -> Box:
    """Least x, least y, most x, most y."""
    west, south, east, north = shape(geometry).bounds
    return (west, south, east, north)


def faults_of(
    value: JsonValue,
    kind: GeometryKind,
    crs: Crs,
    pointer: str = "",
    *,
    most: int = MAX_POSITIONS,
) -> Iterator[Fault]:
    """Everything that is wrong with a geometry of this kind, written in this system.

    ``most`` is how many positions it may have. A value that is no geometry object is not looked
    at: its schema tells of that.
    """
    if not isinstance(value, Mapping):
        return
    found = list(_form(value, kind, crs, pointer, most))
    yield from found[:_MAX_FAULTS]
    if not found:
        reason = shapely.is_valid_reason(shape(value))
        if reason != "Valid Geometry":
            yield Fault(f"{pointer}/coordinates", f"is no valid geometry: {reason.lower()}")


def _form(
    value: Mapping[str, JsonValue], kind: GeometryKind, crs: Crs, pointer: str, most: int
) -> Iterator[Fault]:
    name = value.get("type")
    if name not in TYPES[kind]:
        yield Fault(f"{pointer}/type", f"must be {' or '.join(TYPES[kind])}")
        return
    for other in sorted(set(value) - {"type", "coordinates"}):
        words = "is not taken: say it with Content-Crs" if other == "crs" else "is not taken"
        yield Fault(f"{pointer}/{other}", words)
    where = f"{pointer}/coordinates"
    if "coordinates" not in value:
        yield Fault(pointer, "lacks coordinates")
        return
    if _count(value["coordinates"], most) > most:
        yield Fault(where, f"holds more than {most} positions")
        return
    yield from _nested(value["coordinates"], _DEPTHS[str(name)], str(name), crs, where)


def _nested(node: JsonValue, depth: int, name: str, crs: Crs, pointer: str) -> Iterator[Fault]:
    """A position at depth 0; above it lists, whose lowest are lines or rings."""
    if depth == 0:
        yield from _position(node, crs, pointer)
        return
    if not isinstance(node, list):
        yield Fault(pointer, f"must be a list: {name} is nested {_DEPTHS[name]} deep")
        return
    if not node:
        yield Fault(pointer, "is empty")
        return
    inner = [
        fault
        for number, each in enumerate(node)
        for fault in _nested(each, depth - 1, name, crs, f"{pointer}/{number}")
    ]
    yield from inner
    if depth == 1 and not inner:
        yield from _line(node, name, pointer)


def _line(line: list[JsonValue], name: str, pointer: str) -> Iterator[Fault]:
    if name.endswith("Polygon"):
        if line[0] != line[-1]:
            yield Fault(pointer, "is a ring that is not closed: end where it begins")
        elif len(line) < 4:
            yield Fault(
                pointer, "is a ring of too few positions: at least four, first and last equal"
            )
    elif name.endswith("LineString") and len(line) < 2:
        yield Fault(pointer, "is a line of one position: at least two")


def _position(node: JsonValue, crs: Crs, pointer: str) -> Iterator[Fault]:
    if not isinstance(node, list) or len(node) != 2:
        why = "; heights are not kept" if isinstance(node, list) and len(node) == 3 else ""
        yield Fault(pointer, f"must be two numbers{why}")
        return
    if not all(isinstance(n, int | float) and not isinstance(n, bool) for n in node):
        yield Fault(pointer, "must be two numbers")
        return
    first, second = (float(n) for n in node)  # numbers, seen above
    x, y = (second, first) if crs.swapped else (first, second)
    west, south, east, north = crs.bounds
    if not (math.isfinite(x) and math.isfinite(y)):
        yield Fault(pointer, "must be two finite numbers")
    elif not (west <= x <= east and south <= y <= north):
        yield Fault(pointer, f"lies outside {crs.code}; say with Content-Crs which system it is in")


def _count(node: JsonValue, enough: int) -> int:
    """How many positions a nested list holds; counting stops past ``enough``."""
    found, waiting = 0, [node]
    while waiting and found <= enough:
        one = waiting.pop()
        if isinstance(one, list) and one and isinstance(one[0], list):
            waiting += one
        else:
            found += 1
    return found
