# SPDX-License-Identifier: EUPL-1.2
"""Geometry as other forms write it, and as we keep it: the geometry object of GeoJSON.

Source: OGC 06-103r4 (WKT, WKB); RFC 7946, section 3.1.
"""

from __future__ import annotations

import json

import shapely
from shapely.errors import ShapelyError  # type: ignore[attr-defined]  # not in its __all__
from shapely.geometry.base import BaseGeometry

from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.ijson import JsonValue


def geometry_of_wkt(text: str) -> JsonValue:
    """A geometry from WKT; a mark ``SRID=28992;`` before it is passed over. Raises InvalidValue."""
    try:
        return _of_shape(shapely.from_wkt(text.rpartition(";")[2]))
    except ShapelyError:
        raise InvalidValue("is no geometry: write WKT, or GeoJSON") from None


def geometry_of_wkb(data: bytes) -> JsonValue:
    """A geometry from WKB. Raises InvalidValue."""
    try:
        return _of_shape(shapely.from_wkb(data))
    except ShapelyError:
        raise InvalidValue("is no geometry that can be read") from None


def wkb_of(geometry: JsonValue) -> bytes | None:
    """The geometry as WKB; None when it is none."""
    if geometry is None:
        return None
    try:
        return bytes(shapely.to_wkb(shapely.from_geojson(json.dumps(geometry))))
    except ShapelyError:
        return None


def _of_shape(shape: BaseGeometry) -> JsonValue:
    made: JsonValue = json.loads(shapely.to_geojson(shape))
    return made
