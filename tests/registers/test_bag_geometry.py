# SPDX-License-Identifier: EUPL-1.2
"""The geometry of a BAG extract: read with its version, refused with its row, found by place."""

from __future__ import annotations

import io
import random
import zipfile
from collections import defaultdict
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import shapely
from tests.registers.rig import FULL, ROOT, as_shape
from tests.throwaway import Database

from landschap.registers import client, store
from landschap.registers.geometry import Area, Lying
from landschap.registers.geometry_crs import RD, box_as_area
from landschap.registers.listing import Order
from landschap.registers.models import Register
from landschap.registers.sources import UnreadableSource, as_assertion
from landschap.registers.store import Wanted
from landschap.registers.timeline import segment_on, segments
from landschap.vocabulary.times import parse_moment

ZIP = FULL / "BAGGEM0457L-15102021.zip"
XML = """<?xml version="1.0"?><x:bagStand xmlns:x="urn:x" xmlns:o="urn:o" xmlns:h="urn:h"
 xmlns:s="urn:s" xmlns:gml="http://www.opengis.net/gml/3.2"><s:standBestand><s:stand><x:bagObject>
<o:Pand><o:identificatie>0457100000000001</o:identificatie><o:geometrie>
<gml:Polygon srsName="urn:ogc:def:crs:EPSG::28992" srsDimension="3"><gml:exterior><gml:LinearRing>
<gml:posList count="5">{}</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon></o:geometrie>
<o:oorspronkelijkBouwjaar>1950</o:oorspronkelijkBouwjaar><o:status>Pand in gebruik</o:status>
<o:geconstateerd>N</o:geconstateerd><o:documentdatum>2010-08-31</o:documentdatum>
<o:documentnummer>d</o:documentnummer><o:voorkomen><h:Voorkomen>
<h:voorkomenidentificatie>1</h:voorkomenidentificatie><h:beginGeldigheid>2010-08-31</h:beginGeldigheid>
<h:tijdstipRegistratie>2010-11-15T13:22:03.000</h:tijdstipRegistratie></h:Voorkomen></o:voorkomen>
</o:Pand></x:bagObject></s:stand></s:standBestand></x:bagStand>"""
CORNERS = "130000 480000 0 130000 480010 0 130010 480010 0 130010 480000 0 130000 480000 0"


@pytest.fixture(scope="module")
def bag() -> Register:
    return client.read_register(ROOT / "src" / "landschap" / "registers" / "ready" / "bag")


def delivered(path: Path, text: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("0457PND15102021-000001.xml", text)
    return path


def test_an_outline_is_read_in_rd_without_height(bag: Register, tmp_path: Path) -> None:
    (found,) = client.read_extract(bag, delivered(tmp_path / "x.zip", XML.format(CORNERS)))
    assert found.draft.content is not None
    ring = [[130000, 480000], [130010, 480000], [130010, 480010], [130000, 480010],
            [130000, 480000]]  # fmt: skip
    assert found.draft.content["geometrie"] == {"type": "Polygon", "coordinates": [ring]}


@pytest.mark.parametrize(
    ("corners", "told"),
    [
        (CORNERS.replace("130010", "tien"), "no number"),
        (CORNERS.removesuffix(" 130000 480000 0"), "the 5 positions it says"),
        (CORNERS.replace("130010 480000", "130005 480020"), "self-intersection"),
        (CORNERS.replace("130000 480000 0 130000", "130001 480000 0 130000"), "not closed"),
        (CORNERS.replace("4800", "8800"), "lies outside EPSG:28992"),
    ],
)
def test_an_outline_that_is_wrong_is_told_with_its_row(
    bag: Register, tmp_path: Path, corners: str, told: str
) -> None:
    with pytest.raises(UnreadableSource) as caught:
        client.read_extract(bag, delivered(tmp_path / "x.zip", XML.format(corners)))
    assert told in str(caught.value)
    assert "geometrie" in str(caught.value)


@pytest.mark.long
async def test_places_in_all_of_weesp_are_found_as_by_looking_at_every_building(
    bag: Register, tmp_path: Path, database: Database
) -> None:
    """Any box on any day as known at any moment, against the rule on every outline."""
    if not ZIP.is_file():
        pytest.skip(f"the public BAG extract is not here ({ZIP.name})")
    only = tmp_path / "panden.zip"
    with zipfile.ZipFile(ZIP) as outer:
        inner = zipfile.ZipFile(io.BytesIO(outer.read("0457GEM15102021.zip")))
    with zipfile.ZipFile(only, "w") as made:
        made.writestr("0457PND15102021.zip", inner.read("0457PND15102021.zip"))
    readings = client.read_extract(bag, only)
    assert len(readings) == 23_091
    pool = await database.pool("registers")
    await store.prepare(pool, bag)
    async for _ in store.load(pool, bag, readings):
        pass
    lines = defaultdict(list)
    for each in readings:
        lines[each.object_id].append(each.draft)
    timelines = {
        object_id: [as_assertion(draft, number) for number, draft in enumerate(drafts, start=1)]
        for object_id, drafts in sorted(lines.items())
    }
    chance = random.Random(28992)
    asked = 0
    for _ in range(40):
        day = date(2010 + chance.randrange(12), chance.randrange(1, 13), 1)
        moment = parse_moment(f"{2011 + chance.randrange(11)}-06-01T00:00:00")
        x, y = chance.uniform(129e3, 134e3), chance.uniform(478e3, 482e3)
        side = chance.choice((20, 100, 400))
        box = (x, y, x + side, y + side)
        known = await store.known_at(pool, bag, datetime.now(UTC), moment)
        expected = []
        for object_id, assertions in timelines.items():
            segment = segment_on(segments(assertions, known), day)
            outline = segment and (segment.assertion.content or {}).get("geometrie")
            if isinstance(outline, dict) and as_shape(outline).intersects(shapely.box(*box)):
                expected.append(object_id)
        area = Area("geometrie", Lying.INTERSECTS, box_as_area(box, RD, RD) or {})
        wanted = Wanted(
            type=bag.types["pand"], filters={}, order=Order(), valid_on=day, known=known,
            limit=1000, area=area,
        )  # fmt: skip
        found = [one.object_id async for one in store.export(pool, wanted)]
        assert found == expected, (day, moment, box)
        asked += len(expected)
    assert asked > 500
