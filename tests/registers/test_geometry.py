# SPDX-License-Identifier: EUPL-1.2
"""Geometry: what is refused and where, GML as GeoJSON, one system to another."""

from __future__ import annotations

import csv
import io
import json
import math
import zipfile
from functools import cache
from typing import Any
from xml.etree.ElementTree import XML, iterparse

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry
from tests.registers.rig import FULL, GEO, as_shape

from landschap.registers.annotations import GeometryKind
from landschap.registers.geometry import (
    MAX_POSITIONS,
    Area,
    Lying,
    envelope,
    faults_of,
)
from landschap.registers.geometry_crs import (
    CRS84,
    ETRF2000,
    ETRS89,
    RD,
    OutsideError,
    box_as_area,
    crs_named,
    project,
)
from landschap.registers.geometry_gml import UnreadableGml, geometry_of

ZIP = FULL / "BAGGEM0457L-15102021.zip"
MILLIMETRE = 0.001
# The same in degrees, rounded up.
MARGIN = 2e-8
SQUARE = [[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]


@cache
def buildings() -> list[dict[str, Any]]:
    lines = (GEO / "weesp-panden.jsonl").read_text().splitlines()
    return [json.loads(line)["geometrie"] for line in lines]


def point(first: float, second: float) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [first, second]}


def polygon(*rings: object) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings)}


def gml(text: str) -> dict[str, Any] | None:
    """What is read of GML that stands in a geometry element."""
    return geometry_of(XML(GML.format(text)))


def in_rd(ring: object) -> object:
    """A ring around the tower of Amersfoort."""
    return [[155000 + x, 463000 + y] for x, y in ring]  # type: ignore[attr-defined]  # pairs


AREA, ANY, POINT, LINE = (
    GeometryKind.AREA, GeometryKind.ANY, GeometryKind.POINT, GeometryKind.LINE,
)  # fmt: skip
WRONG: list[tuple[GeometryKind, object, str, str]] = [
    (AREA, polygon(in_rd(SQUARE[:-1])), "/coordinates/0", "not closed"),
    (AREA, polygon(in_rd([[0, 0], [1, 1], [0, 0]])), "/coordinates/0", "too few positions"),
    (AREA, polygon(in_rd([[0, 0], [10, 10], [10, 0], [0, 10], [0, 0]])), "/coordinates",
     "self-intersection"),
    (AREA, polygon(in_rd(SQUARE), in_rd([[20, 20], [21, 20], [21, 21], [20, 20]])),
     "/coordinates", "hole lies outside shell"),
    (AREA, polygon(), "/coordinates", "is empty"),
    (AREA, {"type": "Polygon", "coordinates": in_rd(SQUARE)}, "/coordinates/0/0",
     "two numbers"),
    (AREA, {"type": "Polygon", "coordinates": [155000, 463000]}, "/coordinates/0",
     "nested 2 deep"),
    (AREA, {"type": "Polygon"}, "", "lacks coordinates"),
    (AREA, {"type": "Point", "coordinates": [155000, 463000]}, "/type", "Polygon or MultiPolygon"),
    (ANY, {"type": "GeometryCollection", "geometries": []}, "/type", "must be Point or"),
    (ANY, {"type": "polygon", "coordinates": []}, "/type", "must be Point or"),
    (POINT, {"type": "Point", "coordinates": [math.nan, 463000]}, "/coordinates", "finite"),
    (POINT, {"type": "Point", "coordinates": [math.inf, 463000]}, "/coordinates", "finite"),
    (POINT, {"type": "Point", "coordinates": ["155000", "463000"]}, "/coordinates",
     "two numbers"),
    (POINT, {"type": "Point", "coordinates": [True, 463000]}, "/coordinates", "two numbers"),
    (POINT, {"type": "Point", "coordinates": [155000, 463000, 3]}, "/coordinates", "heights"),
    (POINT, {"type": "Point", "coordinates": [155000]}, "/coordinates", "two numbers"),
    (POINT, {"type": "Point", "coordinates": [5.38, 52.15]}, "/coordinates", "Content-Crs"),
    (POINT, {"type": "Point", "coordinates": [155000, 463000], "crs": {}}, "/crs", "Content-Crs"),
    (LINE, {"type": "LineString", "coordinates": [[155000, 463000]]}, "/coordinates",
     "at least two"),
    (ANY, {"type": "MultiPoint", "coordinates": [[155000, 463000]] * (MAX_POSITIONS + 1)},
     "/coordinates", f"more than {MAX_POSITIONS}"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "value", "pointer", "rule"), WRONG)
def test_a_malformed_geometry_is_told_with_place_and_rule(
    kind: GeometryKind, value: Any, pointer: str, rule: str
) -> None:
    found = list(faults_of(value, kind, RD, "/geometrie"))
    assert found[0].pointer == f"/geometrie{pointer}"
    assert rule in found[0].message


def test_several_faults_come_together() -> None:
    value = polygon(in_rd(SQUARE[:-1]), [[1, 1], ["a", 2], [3, 3, 3]])
    pointers = [fault.pointer for fault in faults_of(value, AREA, RD)]
    assert pointers == ["/coordinates/0", *(f"/coordinates/1/{n}" for n in range(3))]


def test_what_nests_without_end_is_refused_and_does_not_recurse() -> None:
    value: Any = []
    for _ in range(5_000):
        value = [value]
    (fault,) = faults_of({"type": "Polygon", "coordinates": value}, AREA, RD)
    assert "two numbers" in fault.message


def test_real_buildings_have_no_faults() -> None:
    assert len(buildings()) > 200
    assert [fault for each in buildings() for fault in faults_of(each, AREA, RD)] == []


GML = """<o:geometrie xmlns:o="o" xmlns:gml="http://www.opengis.net/gml/3.2">{}</o:geometrie>"""
POLYGON = """<gml:Polygon srsName="urn:ogc:def:crs:EPSG::28992" srsDimension="3">
 <gml:exterior><gml:LinearRing><gml:posList count="5">
  0 0 7 0 10 7 10 10 7 10 0 7 0 0 7</gml:posList></gml:LinearRing></gml:exterior>
 <gml:interior><gml:LinearRing><gml:posList count="4">1 1 7 2 1 7 2 2 7 1 1 7</gml:posList>
 </gml:LinearRing></gml:interior></gml:Polygon>"""


def test_gml_is_read_without_height_and_with_rings_turned() -> None:
    found = gml(POLYGON)
    assert found == {
        "type": "Polygon",
        "coordinates": [
            [[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]],
            [[1, 1], [2, 2], [2, 1], [1, 1]],
        ],
    }
    pos = '<gml:Point srsDimension="3"><gml:pos>131009.0 482405.0 0.0</gml:pos></gml:Point>'
    assert gml(pos) == {
        "type": "Point", "coordinates": [131009.0, 482405.0]
    }  # fmt: skip
    member = "<gml:surfaceMember>{}</gml:surfaceMember>"
    several = f"<gml:MultiSurface>{member.format(POLYGON) * 2}</gml:MultiSurface>"
    parts = gml(several)
    assert parts == {"type": "MultiPolygon", "coordinates": [found["coordinates"]] * 2}
    assert gml("") is None


@pytest.mark.parametrize(
    ("was", "becomes", "told"),
    [
        ("28992", "4326", "not in RD"),
        ('count="5"', 'count="6"', "does not hold the 6 positions"),
        ("0 0 7 0 10", "0 0 7 0", "positions of 3 numbers"),
        ("0 0 7 0 10", "0 0 7 0 tien", "no number"),
        ('srsDimension="3"', 'srsDimension="4"', "neither 2 nor 3"),
        ("gml:exterior", "gml:outside", "one exterior"),
        ("gml:posList", "gml:coordinates", "has no posList"),
    ],
)
def test_gml_that_is_wrong_says_what(was: str, becomes: str, told: str) -> None:
    text = POLYGON.replace(was, becomes)
    assert text != POLYGON
    with pytest.raises(UnreadableGml, match=told):
        gml(text)


def test_rd_to_etrs89_is_that_of_rdnaptrans() -> None:
    """Within a millimetre of the certified computation, in all corners of the country."""
    with (GEO / "rdnaptrans2018.csv").open(newline="") as text:
        rows = [[float(cell) for cell in row.values()] for row in csv.DictReader(text)]
    assert len(rows) == 24
    for x, y, lat, lon in rows:
        there: Any = project(point(x, y), RD, ETRS89)["coordinates"]
        # A degree is about 111 km north and at most 72 km east here.
        assert abs(there[0] - lat) * 111_000 < MILLIMETRE
        assert abs(there[1] - lon) * 72_000 < MILLIMETRE
        back: Any = project(point(lat, lon), ETRS89, RD)["coordinates"]
        assert math.dist(back, (x, y)) < MILLIMETRE


def test_each_system_has_its_own_order_of_axes() -> None:
    tower = point(155000.0, 463000.0)
    lon, lat = 5.38720365, 52.15517289
    assert project(tower, RD, CRS84)["coordinates"] == [lon, lat]
    for crs in (ETRS89, ETRF2000):
        assert project(tower, RD, crs)["coordinates"] == [lat, lon]
        swapped = point(lat, lon)
        assert project(swapped, crs, CRS84)["coordinates"] == [lon, lat]
        assert project(swapped, crs, RD)["coordinates"] == [155000.0, 463000.0]


def test_the_tower_of_amersfoort_lies_within_20_cm_of_the_old_formula() -> None:
    """What approximating formulas give for RD 155000, 463000 differs by their own error."""
    there: Any = project(point(155000, 463000), RD, CRS84)["coordinates"]
    east, north = (there[0] - 5.38720621) * 68_000, (there[1] - 52.15517440) * 111_000
    assert 0.1 < math.hypot(east, north) < 0.3


def test_where_rd_is_not_is_refused() -> None:
    with pytest.raises(OutsideError, match="28992"):
        project(point(-74.0, 40.7), CRS84, RD)


@pytest.mark.parametrize("text", [RD.uri, "EPSG:28992", f"<{RD.uri}>", RD.uri.replace("p:", "ps:")])
def test_a_system_has_more_than_one_name(text: str) -> None:
    assert crs_named(text) is RD


@pytest.mark.parametrize("text", ["", "EPSG:3857", "28992", "RD", RD.uri + "/"])
def test_another_system_is_not_offered(text: str) -> None:
    assert crs_named(text) is None


def test_there_and_back_stays_within_two_millimetres() -> None:
    for each in buildings():
        for crs in (CRS84, ETRS89):
            back = project(project(each, RD, crs), crs, RD)
            assert as_shape(back).hausdorff_distance(as_shape(each)) < 2 * MILLIMETRE


def test_a_box_larger_than_the_country_is_cut_to_it() -> None:
    whole = box_as_area((-180, -90, 180, 90), CRS84, RD)
    assert whole is not None
    assert all(as_shape(whole).contains(as_shape(each)) for each in buildings())
    assert box_as_area((-80, 30, -70, 45), CRS84, RD) is None


WEST, SOUTH, EAST, NORTH = 130600.0, 480400.0, 130800.0, 480600.0


@settings(max_examples=60, deadline=None)
@given(
    x=st.floats(WEST, EAST), y=st.floats(SOUTH, NORTH),
    wide=st.floats(0, 150), high=st.floats(0, 150),
)  # fmt: skip
def test_a_box_holds_what_it_holds_in_the_system_it_was_written_in(
    x: float, y: float, wide: float, high: float
) -> None:
    """A box in RD by brute force; one in CRS84 by taking every building to CRS84 first."""
    asked = (x, y, x + wide, y + high)
    rectangle = box_as_area(asked, RD, RD)
    assert rectangle is not None
    by_area = Area("g", Lying.INTERSECTS, rectangle).holds()
    plain = shapely.box(*asked)
    assert [each for each in buildings() if by_area(each)] == [
        each for each in buildings() if as_shape(each).intersects(plain)
    ]
    bounds = envelope(project(rectangle, RD, CRS84))
    there = box_as_area(bounds, CRS84, RD)
    assert there is not None
    by_area, plain = Area("g", Lying.INTERSECTS, there).holds(), shapely.box(*bounds)
    for each, seen in zip(buildings(), in_degrees(), strict=True):
        # Coordinates were rounded to a millimetre: on the very edge both answers are right.
        if seen.intersects(plain.buffer(-MARGIN)) == seen.intersects(plain.buffer(MARGIN)):
            assert by_area(each) is seen.intersects(plain)


@cache
def in_degrees() -> list[BaseGeometry]:
    return [as_shape(project(each, RD, CRS84)) for each in buildings()]


def test_lying_within_containing_and_nowhere() -> None:
    outer, inner = polygon(in_rd(SQUARE)), polygon(in_rd([[1, 1], [2, 1], [2, 2], [1, 1]]))
    assert Area("g", Lying.WITHIN, outer).holds()(inner)
    assert not Area("g", Lying.WITHIN, inner).holds()(outer)
    assert Area("g", Lying.CONTAINS, inner).holds()(outer)
    assert not Area("g", Lying.CONTAINS, outer).holds()(inner)
    assert not Area("g", Lying.INTERSECTS, outer).holds()(None)


@pytest.mark.long
def test_every_geometry_of_weesp_is_read_is_valid_and_comes_back() -> None:
    if not ZIP.is_file():
        pytest.skip(f"the public BAG extract is not here ({ZIP.name})")
    counted: dict[str, int] = {}
    with zipfile.ZipFile(ZIP) as outer:
        whole = zipfile.ZipFile(io.BytesIO(outer.read("0457GEM15102021.zip")))
    for name in ("PND", "VBO", "WPL", "LIG", "STA"):
        part = zipfile.ZipFile(io.BytesIO(whole.read(f"0457{name}15102021.zip")))
        for file in part.namelist():
            for _, element in iterparse(part.open(file)):  # noqa: S314  # a public file
                if not element.tag.endswith("}geometrie"):
                    continue
                found = geometry_of(element)
                assert found is not None
                assert not list(faults_of(found, ANY, RD))
                back = project(project(found, RD, CRS84), CRS84, RD)
                assert as_shape(back).hausdorff_distance(as_shape(found)) < 0.01
                counted[f"{name} {found['type']}"] = counted.get(f"{name} {found['type']}", 0) + 1
                element.clear()
    assert counted == {
        "PND Polygon": 23_091, "VBO Point": 26_084, "VBO Polygon": 1, "WPL Polygon": 3,
        "LIG Polygon": 167, "STA Polygon": 21,
    }  # fmt: skip
