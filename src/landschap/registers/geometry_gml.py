# SPDX-License-Identifier: EUPL-1.2
"""Geometry of GML 3.2 as GeoJSON, as far as base registers deliver it.

Points, polygons with holes, and several of either; positions in two or three dimensions, of which
the height is left out. Rings are turned as GeoJSON has them: outer ones to the left.
Source: GML 3.2.1 (ISO 19136), "pos", "posList", "srsDimension"; RFC 7946, section 3.1.6.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from xml.etree.ElementTree import Element

from landschap.vocabulary.ijson import JsonValue

_SURFACES = ("MultiSurface", "MultiPolygon", "MultiGeometry")
_RD = "28992"


class UnreadableGml(ValueError):
    """A geometry that can not be read; the message says what is wrong with it."""


def geometry_of(element: Element) -> dict[str, JsonValue] | None:
    """The geometry at or below an element, in RD; None when there is none. Raises UnreadableGml."""
    found = next((each for each in element.iter() if _local(each) in _READERS), None)
    if found is None:
        return None
    system = found.get("srsName", _RD)
    if not system.endswith(_RD):
        raise UnreadableGml(f"is in {system[:80]}, and not in RD (EPSG 28992)")
    size = _dimension(found, 2)
    return _READERS[_local(found)](found, size)


def _point(element: Element, size: int) -> dict[str, JsonValue]:
    return {"type": "Point", "coordinates": next(_positions(_only(element, "pos"), size))}


def _polygon(element: Element, size: int) -> dict[str, JsonValue]:
    return {"type": "Polygon", "coordinates": _rings(element, size)}


def _surfaces(element: Element, size: int) -> dict[str, JsonValue]:
    parts: list[JsonValue] = [
        _rings(each, _dimension(each, size))
        for each in element.iter()
        if _local(each) in ("Polygon", "PolygonPatch")
    ]
    if not parts:
        raise UnreadableGml(f"{_local(element)} holds no polygon")
    return {"type": "MultiPolygon", "coordinates": parts}


def _line(element: Element, size: int) -> dict[str, JsonValue]:
    return {"type": "LineString", "coordinates": list(_positions(_only(element, "posList"), size))}


_READERS = {
    "Point": _point,
    "Polygon": _polygon,
    "LineString": _line,
    **dict.fromkeys(_SURFACES, _surfaces),
}


def _rings(polygon: Element, size: int) -> list[JsonValue]:
    outer = [each for each in polygon if _local(each) == "exterior"]
    holes = [each for each in polygon if _local(each) == "interior"]
    if len(outer) != 1:
        raise UnreadableGml("a polygon has one exterior")
    rings: list[JsonValue] = [_ring(outer[0], size, outward=True)]
    return [*rings, *(_ring(each, size, outward=False) for each in holes)]


def _ring(boundary: Element, size: int, *, outward: bool) -> list[JsonValue]:
    points = list(_positions(_only(boundary, "posList"), size))
    turns_left = sum((b[0] - a[0]) * (b[1] + a[1]) for a, b in pairwise(points)) < 0
    ordered = points if turns_left is outward else points[::-1]
    return list(ordered)


def _positions(element: Element, size: int) -> Iterator[list[float]]:
    size = _dimension(element, size)
    text = (element.text or "").split()
    if not text or len(text) % size:
        raise UnreadableGml(f"{_local(element)} does not hold positions of {size} numbers")
    try:
        numbers = [float(part) for part in text]
    except ValueError:
        raise UnreadableGml(f"{_local(element)} holds something that is no number") from None
    told = element.get("count")
    if told is not None and told != str(len(numbers) // size):
        raise UnreadableGml(f"{_local(element)} does not hold the {told[:20]} positions it says")
    for start in range(0, len(numbers), size):
        yield numbers[start : start + 2]


def _dimension(element: Element, default: int) -> int:
    told = element.get("srsDimension")
    if told is None:
        return default
    if told not in ("2", "3"):
        raise UnreadableGml(f"srsDimension {told[:20]} is neither 2 nor 3")
    return int(told)


def _only(element: Element, name: str) -> Element:
    found = next((each for each in element.iter() if _local(each) == name), None)
    if found is None:
        raise UnreadableGml(f"{_local(element)} has no {name}")
    return found


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]
