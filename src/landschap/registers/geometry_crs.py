# SPDX-License-Identifier: EUPL-1.2
"""Coordinate reference systems, and taking geometry from one to another.

    CRS84      longitude, latitude on WGS 84: what is spoken when nothing is said
    RD         metres east and north (EPSG 28992): how the registers keep geometry
    ETRS89     latitude, longitude (EPSG 4258), and its realisation ETRF2000 (EPSG 9067)

RD to ETRS89 goes by RDNAPTRANS2018 with its grid, never by a transformation of seven parameters.
ETRS89 and WGS 84 are taken to be the same, as is the rule in the Netherlands for geometry without
a moment of measuring: they drift apart by some 2.5 cm a year, 0.9 m by now.
Source: NL GOV API geospatial module 1.0, "/geo/crs"; RDNAPTRANS2018; Handreiking CRS (Geonovum).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import PurePath

from pyproj import Transformer

from landschap.vocabulary.ijson import JsonValue

Geometry = Mapping[str, JsonValue]
Box = tuple[float, float, float, float]

_GRID = PurePath(__file__).parent / "grids" / "nl_nsgi_rdtrans2018.gsb"
# RD to longitude and latitude in ETRS89: unproject, add the grid, to degrees.
_PIPELINE = (
    "+proj=pipeline +step +inv +proj=sterea +lat_0=52.1561605555556 +lon_0=5.38763888888889 "
    "+k=0.9999079 +x_0=155000 +y_0=463000 +ellps=bessel "
    f'+step +proj=hgridshift +grids="{_GRID}" +step +proj=unitconvert +xy_in=rad +xy_out=deg'
)
# Where the grid is; a box around the Netherlands and its sea.
GRID_AREA: Box = (2.0, 50.0, 8.0, 56.0)
# Points on an edge of a box, so that it stays the same line in another system.
_PER_EDGE = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Crs:
    """One system: its URI, short code, where its coordinates can lie (x, y), how it is written.

    ``swapped`` when the first coordinate is the one to the north; inside we keep x before y.
    """

    uri: str
    code: str
    bounds: Box
    decimals: int
    is_rd: bool = False
    swapped: bool = False


_WORLD: Box = (-180.0, -90.0, 180.0, 90.0)
_EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
# Three decimals of a metre, eight of a degree: a millimetre both. RD bounds: RDNAPTRANS2018.
CRS84 = Crs(
    uri="http://www.opengis.net/def/crs/OGC/1.3/CRS84", code="CRS84", bounds=_WORLD, decimals=8
)
RD = Crs(
    uri=f"{_EPSG}28992",
    code="EPSG:28992",
    bounds=(-7000.0, 289000.0, 300000.0, 629000.0),
    decimals=3,
    is_rd=True,
)
ETRS89 = Crs(uri=f"{_EPSG}4258", code="EPSG:4258", bounds=_WORLD, decimals=8, swapped=True)
ETRF2000 = Crs(uri=f"{_EPSG}9067", code="EPSG:9067", bounds=_WORLD, decimals=8, swapped=True)
# In the order in which they are told of; whoever offers an ensemble offers its member.
SUPPORTED = (CRS84, RD, ETRS89, ETRF2000)
# How a model names the system in which it keeps coordinates, always x before y.
_KEPT = {28992: RD, 4326: CRS84, 4258: CRS84}


class OutsideError(ValueError):
    """Coordinates that can not be expressed in the other system."""


def crs_named(text: str) -> Crs | None:
    """The system with this URI (also between < and >) or code (EPSG:28992); None: not offered."""
    name = text.strip().removeprefix("<").removesuffix(">").replace("https://", "http://")
    return next((crs for crs in SUPPORTED if name in (crs.uri, crs.code)), None)


def crs_kept(epsg: int) -> Crs:
    """The system in which a model with this ``x-crs`` keeps its coordinates."""
    return _KEPT[epsg]


def project(geometry: Geometry, source: Crs, target: Crs) -> dict[str, JsonValue]:
    """A geometry as written in ``source``, written in ``target``. Raises OutsideError."""
    if source == target:
        return dict(geometry)
    xs: list[float] = []
    ys: list[float] = []
    _gather(geometry["coordinates"], xs, ys)
    if source.swapped:
        xs, ys = ys, xs
    xs, ys = _converted(xs, ys, source, target)
    if not all(map(math.isfinite, xs)) or not all(map(math.isfinite, ys)):
        raise OutsideError(f"lies outside the area that {RD.code} is for")
    if target.swapped:
        xs, ys = ys, xs
    places = target.decimals
    pairs: list[JsonValue] = [
        [round(x, places), round(y, places)] for x, y in zip(xs, ys, strict=True)
    ]
    return {**geometry, "coordinates": _rebuilt(geometry["coordinates"], iter(pairs).__next__)}


def box_as_area(box: Box, source: Crs, target: Crs) -> dict[str, JsonValue] | None:
    """A box (least x, least y, most x, most y) of ``source`` as the area it is in ``target``.

    The part of it where both systems are; None when that is nothing. Never written the other way
    round: x before y on both sides.
    """
    limit = source.bounds if source.is_rd or not target.is_rd else GRID_AREA
    west, south = max(box[0], limit[0]), max(box[1], limit[1])
    east, north = min(box[2], limit[2]), min(box[3], limit[3])
    if west > east or south > north:
        return None
    edge = [step / _PER_EDGE for step in range(_PER_EDGE)]
    corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    ring = [
        (x0 + (x1 - x0) * part, y0 + (y1 - y0) * part)
        for (x0, y0), (x1, y1) in pairwise(corners)
        for part in edge
    ]
    xs, ys = _converted([x for x, _ in ring], [y for _, y in ring], source, target)
    points: list[JsonValue] = [[x, y] for x, y in zip(xs, ys, strict=True)]
    return {"type": "Polygon", "coordinates": [[*points, points[0]]]}


def _converted(
    xs: Sequence[float], ys: Sequence[float], source: Crs, target: Crs
) -> tuple[list[float], list[float]]:
    if source.is_rd == target.is_rd:
        return list(xs), list(ys)
    direction = "FORWARD" if source.is_rd else "INVERSE"
    found = _transformer().transform(list(xs), list(ys), direction=direction)
    return list(found[0]), list(found[1])


@cache
def _transformer() -> Transformer:
    return Transformer.from_pipeline(_PIPELINE)


def _gather(node: JsonValue, xs: list[float], ys: list[float]) -> None:
    assert isinstance(node, list)  # noqa: S101  # checked when it came in; for the type checker
    if node and not isinstance(node[0], list):
        xs.append(node[0])
        ys.append(node[1])
        return
    for inner in node:
        _gather(inner, xs, ys)


def _rebuilt(node: JsonValue, following: Callable[[], JsonValue]) -> JsonValue:
    assert isinstance(node, list)  # noqa: S101  # as above
    if node and not isinstance(node[0], list):
        return following()
    return [_rebuilt(inner, following) for inner in node]
