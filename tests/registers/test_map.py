# SPDX-License-Identifier: EUPL-1.2
"""The map of register objects: what is drawn where, in words too, and nothing from elsewhere."""

from __future__ import annotations

import json
import re
from typing import Any
from xml.etree.ElementTree import XML, Element

import pytest
from tests.registers.rig import GEO

from landschap.registers.mapping_svg import (
    MAX_FEATURES,
    Feature,
    Size,
    Words,
    map_svg,
    view_around,
)

SVG = "{http://www.w3.org/2000/svg}"
WORDS = Words(
    title="Pand 1 & omgeving", description='Een pand van 10 bij 10 <m>, en "1" erbij.',
    attribution="Bron: BAG",
)  # fmt: skip
TEN = {"type": "Polygon", "coordinates": [[[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]]}
POINT = {"type": "Point", "coordinates": [5, 5]}


def feature(name: str, geometry: Any, href: str = "") -> Feature:
    return Feature(id=name, name=f"Pand {name}", geometry=geometry, href=href)


def drawn(*features: Feature, focus: str = "1", **more: Any) -> Element:
    return XML(map_svg(features, {focus}, Size(600, 300), WORDS, **more))


def test_a_map_says_in_words_what_it_shows() -> None:
    found = drawn(feature("1", TEN))
    told = {each.get("id"): each.text for each in found if each.get("id")}
    assert told == {"map-title": WORDS.title, "map-desc": WORDS.description}
    assert found.get("role") == "img"
    assert found.get("aria-labelledby") == "map-title map-desc"
    texts = [each.text for each in found.iter(f"{SVG}text")]
    assert texts == ["10 m", "N", "Bron: BAG"]


def test_north_is_up_and_one_metre_is_as_long_both_ways() -> None:
    found = drawn(feature("1", TEN), view=(-10.0, -5.0, 50.0, 25.0))
    (path,) = (each.get("d", "") for each in found.iter(f"{SVG}path") if "Z" in each.get("d", ""))
    # 600 pixels for 60 metres; y counts down from the north.
    assert path == "M100.0 250.0L200.0 250.0L200.0 150.0L100.0 150.0L100.0 250.0Z"


def test_what_it_is_about_is_drawn_last_and_told_by_its_line() -> None:
    found = drawn(feature("1", TEN, "/1"), feature("2", POINT, "/2?a=1&b=<2>"))
    objects = [each for each in found.iter(f"{SVG}g") if "map-object" in each.get("class", "")]
    assert [each.get("stroke-width") for each in objects] == ["1", "3"]
    assert [each.get("href") for each in found.iter(f"{SVG}a")] == ["/2?a=1&b=<2>"]
    assert found.get("role") == "group"
    assert objects[0].find(f"{SVG}circle") is not None


def test_the_bar_is_a_round_length_of_at_most_a_quarter() -> None:
    for across, told in ((60, "10 m"), (90, "20 m"), (4000, "1 km"), (30, "5 m"), (9000, "2 km")):
        text = drawn(feature("1", TEN), view=(0.0, 0.0, float(across), across / 2)).iter(
            f"{SVG}text"
        )
        assert next(text).text == told


def test_a_view_has_the_form_of_the_picture_and_room_around() -> None:
    west, south, east, north = view_around(TEN, Size(600, 300))  # type: ignore[arg-type]  # JSON
    assert (east - west, north - south) == (60.0, 30.0)
    assert ((west + east) / 2, (south + north) / 2) == (5, 5)


def test_holes_and_lines_are_drawn_as_such() -> None:
    hole = [[2, 2], [2, 4], [4, 4], [2, 2]]
    line = {"type": "LineString", "coordinates": [[0, 0], [5, 5]]}
    several = {"type": "MultiPoint", "coordinates": [[0, 0], [5, 5]]}
    ring = {"type": "Polygon", "coordinates": [TEN["coordinates"][0], hole]}
    text = map_svg(
        [feature("1", ring), feature("2", line), feature("3", several)], {"1"}, Size(), WORDS
    )
    assert re.search(r'd="M[^"]*ZM[^"]*Z"', text)
    assert re.search(r'd="M[^"Z]*L[^"Z]*" fill="none"', text)
    assert text.count("<circle") == 2


def test_a_map_of_nothing_needs_a_view() -> None:
    with pytest.raises(ValueError, match="needs an object"):
        map_svg([], set(), Size(), WORDS)
    assert "<svg" in map_svg([], set(), Size(), WORDS, (0.0, 0.0, 64.0, 42.0))


def test_real_buildings_without_script_and_without_anything_from_elsewhere() -> None:
    rows = [json.loads(line) for line in (GEO / "weesp-panden.jsonl").read_text().splitlines()]
    features = [feature(row["identificatie"], row["geometrie"]) for row in rows]
    chosen = features[150]
    view = view_around(chosen.geometry, Size())
    text = map_svg(features * 10, {chosen.id}, Size(), WORDS, view)
    assert text.count('class="map-object') == MAX_FEATURES
    assert re.findall(r"https?://[^\"]*", text) == ["http://www.w3.org/2000/svg"]
    assert "<script" not in text
    assert " style=" not in text
