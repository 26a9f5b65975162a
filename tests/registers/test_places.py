# SPDX-License-Identifier: EUPL-1.2
"""Registers asked by place over HTTP: boxes, geometries in a body, systems of coordinates, forms."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest
import shapely
from tests.registers.rig import GEO, annotated, as_shape
from tests.registers.test_api import Asker, asker_of
from tests.registers.test_collections import BOTH, schema
from tests.throwaway import Cluster, Database

from landschap.platform.ids import uuid7
from landschap.registers import store
from landschap.registers.geo_asking import MAX_SEARCH_POSITIONS
from landschap.registers.geojson import GEOJSON
from landschap.registers.geometry_crs import CRS84, ETRS89, RD, Crs, box_as_area, project
from landschap.registers.models import Register, parse_register
from landschap.registers.operations import Draft
from landschap.registers.periods import OPEN, Period
from landschap.registers.store import Act, Entry, Written, paging
from landschap.registers.timeline import Kind

D = date.fromisoformat
FIELDS = ("nummer", "bouwjaar", "geometrie", "naam", "ligtIn")
BLOCK = (130650.0, 480450.0, 130700.0, 480520.0)


def built() -> Register:
    """A register ``proef`` of buildings, which lie in quarters."""
    place = {"type": ["object", "null"], "x-crs": 28992}
    schemas: Any = {
        "pand": schema(
            "Pand", "panden",
            bouwjaar=annotated(**BOTH, type="integer"),
            geometrie=annotated(**BOTH, **place, **{"x-geometrie": "vlak"}),
            ligtIn=annotated(**BOTH, **{"x-verwijst-naar": "wijk"}),
        ),
        "wijk": schema(
            "Wijk", "wijken",
            naam=annotated(**BOTH, **{"x-zoekbaar": True}),
            geometrie=annotated(**BOTH, **place, **{"x-geometrie": "geometrie"}),
        ),
        "straat": schema("Straat", "straten", naam=annotated(**BOTH)),
    }  # fmt: skip
    return parse_register({"naam": "proef", "klok": "eigen"}, schemas, "proef")


def real() -> dict[str, dict[str, Any]]:
    """Buildings of Weesp: geometry in RD by number."""
    rows = [json.loads(line) for line in (GEO / "weesp-panden.jsonl").read_text().splitlines()]
    return {row["identificatie"]: row["geometrie"] for row in rows}


class Places:
    """Asks about places, and writes them."""

    def __init__(self, asker: Asker) -> None:
        self.asker = asker

    async def get(self, path: str, query: dict[str, str] | None = None, **more: Any) -> Any:
        more.setdefault("fields", FIELDS)
        return await self.asker.send("GET", f"/proef/v1/{path}", query, **more)

    async def search(self, sent: object, query: dict[str, str] | None = None, **more: Any) -> Any:
        more.setdefault("fields", FIELDS)
        body = json.dumps(sent).encode()
        return await self.asker.send("POST", "/proef/v1/panden/_zoek", query, body=body, **more)

    async def change(self, object_id: str, sent: object, **headers: str) -> Any:
        body = {"reden": "test", "document": "d-1", "geldigVan": "2020-01-01", "inhoud": sent}
        return await self.asker.send(
            "POST", f"/proef-bijhouden/v1/panden/{object_id}/_registreer",
            body=json.dumps(body).encode(), service="proef-bijhouden", fields=FIELDS,
            headers=headers,
        )  # fmt: skip

    async def write(self, *entries: tuple[str, str, str, dict[str, Any] | None]) -> None:
        register = self.asker.register
        made = [
            Entry(
                type=register.types[name], object_id=object_id,
                draft=Draft(period=Period(D(begin), OPEN), kind=Kind.CHANGE, content=content,
                            group=name),
            )
            for name, object_id, begin, content in entries
        ]  # fmt: skip
        act = Act(register=register, transaction_id=uuid7(), entries=made)
        done = await store.write(self.asker.pool, act)
        assert isinstance(done, Written), done

    async def all_ids(self, answer: httpx.Response, sent: object = None) -> list[str]:
        """The objects of this page and the pages after it."""
        found = []
        while True:
            assert answer.status_code == 200, answer.text
            found += [item["nummer"] for item in answer.json()["items"]]
            if "Link" not in answer.headers:
                return found
            url = httpx.URL(answer.headers["Link"].partition(">")[0].strip("<"))
            query = dict(url.params)
            answer = await (
                self.search(sent, query) if sent else self.get("panden", query)
            )  # fmt: skip


@pytest.fixture
async def places(database: Database) -> AsyncIterator[Places]:
    async for asker in asker_of(database, built()):
        await store.prepare(asker.pool, asker.register)
        yield Places(asker)


@pytest.fixture(scope="module")
async def weesp_block(
    cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Places]:
    """Real buildings, loaded once; tests only read them."""
    made = await cluster.fresh(tmp_path_factory.mktemp("block"))
    async for asker in asker_of(made, built()):
        await store.prepare(asker.pool, asker.register)
        block = Places(asker)
        await block.write(
            *(
                ("pand", number, "2020-01-01", {"bouwjaar": 1980, "geometrie": outline})
                for number, outline in real().items()
            )
        )
        yield block
    made.close()
    await cluster.run(f"DROP DATABASE {made.name} WITH (FORCE)")


def square(x: float, y: float, size: float = 10) -> dict[str, Any]:
    ring = [[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]
    return {"type": "Polygon", "coordinates": [ring]}


def expected(box: tuple[float, ...], crs: Crs) -> list[str]:
    """Which buildings touch a box, by looking at every one of them in the system of the box."""
    area = shapely.box(*box)
    return [n for n, g in real().items() if as_shape(project(g, RD, crs)).intersects(area)]


def text(box: tuple[float, ...]) -> str:
    return ",".join(repr(number) for number in box)


async def test_a_box_finds_the_same_in_every_system_and_on_every_page(weesp_block: Places) -> None:
    found = expected(BLOCK, RD)
    assert 20 < len(found) < 200
    in_rd = {"bbox": text(BLOCK), "bbox-crs": RD.uri, "fields": "nummer"}
    assert await weesp_block.all_ids(await weesp_block.get("panden", in_rd)) == found
    in_pages = await weesp_block.get("panden", {**in_rd, "limit": "7"})
    assert len(in_pages.json()["items"]) == 7
    assert await weesp_block.all_ids(in_pages) == found
    for crs, name in ((CRS84, ""), (ETRS89, "bbox-crs"), (ETRS89, "bboxCrs")):
        around = as_shape(project(box_as_area(BLOCK, RD, RD) or {}, RD, crs)).bounds
        query = {"bbox": text(around), **({name: crs.uri} if name else {})}
        answer = await weesp_block.get("panden", query)
        assert await weesp_block.all_ids(answer) == expected(around, crs), crs.code


async def test_many_in_a_box_are_found_in_order_of_id(
    weesp_block: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "_FEW_IN_BOX", 0)
    query = {"bbox": text(BLOCK), "bbox-crs": RD.uri, "limit": "9", "telling": "true"}
    answer = await weesp_block.get("panden", query)
    assert answer.json()["totaal"] == len(expected(BLOCK, RD))
    assert await weesp_block.all_ids(answer) == expected(BLOCK, RD)
    turned = await weesp_block.get("panden", {**query, "sort": "-nummer"})
    assert await weesp_block.all_ids(turned) == expected(BLOCK, RD)[::-1]


async def test_the_index_on_boxes_serves(weesp_block: Places) -> None:
    async with weesp_block.asker.pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off")
        await connection.execute("SET LOCAL enable_indexscan = off")
        rows = await connection.fetch(
            """EXPLAIN SELECT 1 FROM registers.assertion WHERE object_type = 'proef.pand'
               AND registers.envelope(inhoud -> 'geometrie') && box(point(0, 0), point(1, 1))"""
        )
    assert any("a_place_" in row[0] for row in rows), rows


async def test_a_box_of_the_whole_world_finds_all_and_one_elsewhere_nothing(
    weesp_block: Places,
) -> None:
    world = {"bbox": "-180,-90,180,90", "limit": "1000"}
    assert len(await weesp_block.all_ids(await weesp_block.get("panden", world))) == len(real())
    paris = {"bbox": "2.2,48.8,2.4,48.9"}
    assert await weesp_block.all_ids(await weesp_block.get("panden", paris)) == []


WRONG_QUERIES: list[tuple[dict[str, str], str, str]] = [
    ({"bbox": "1,2,3"}, "bbox", "four numbers"),
    ({"bbox": "1,2,3,vier"}, "bbox", "four numbers"),
    ({"bbox": "1,2,3,nan"}, "bbox", "four numbers"),
    ({"bbox": "5.1,52.1,5.0,52.2"}, "bbox", "least corner first"),
    ({"bbox": "130000,480000,131000,481000"}, "bbox", "outside CRS84"),
    ({"bbox": "5.0,52.1,5.1,52.2", "bbox-crs": RD.uri}, "bbox", "outside EPSG:28992"),
    ({"bbox": "5.0,52.1,5.1,52.2", "bbox-crs": "EPSG:3857"}, "bbox-crs", "must be one of"),
    ({"bbox-crs": RD.uri}, "bbox-crs", "there is none"),
    ({"bbox": "5,52,6,53", "bbox-crs": RD.uri, "bboxCrs": RD.uri}, "bboxCrs", "another name"),
    ({"crs": "RD"}, "crs", "must be one of"),
    ({"bboxcrs": RD.uri}, "bboxcrs", ""),
]


async def test_a_wrong_place_in_a_query_is_told_by_name(weesp_block: Places) -> None:
    for query, name, told in WRONG_QUERIES:
        answer = await weesp_block.get("panden", query)
        assert answer.status_code == 400, query
        (fault, *_) = answer.json()["errors"]
        assert (fault["in"], fault["location"]["name"]) == ("query", name)
        assert told in fault["detail"]


async def test_coordinates_come_as_asked_and_the_answer_says_how(places: Places) -> None:
    await places.write(("pand", "a", "2020-01-01", {"geometrie": square(155000, 463000)}))
    first = {
        CRS84: [5.38720365, 52.15517289], RD: [155000.0, 463000.0],
        ETRS89: [52.15517289, 5.38720365],
    }  # fmt: skip
    asked: list[tuple[dict[str, str], dict[str, str], Crs]] = [
        ({}, {}, CRS84),
        ({"crs": RD.uri}, {}, RD),
        ({}, {"Accept-Crs": "EPSG:28992"}, RD),
        ({}, {"Accept-Crs": f"<{ETRS89.uri}>"}, ETRS89),
        ({"crs": RD.uri}, {"Accept-Crs": RD.uri}, RD),
    ]
    for query, headers, crs in asked:
        for path in ("panden", "panden/a", "panden/a/voorkomens", "panden/a/registraties"):
            answer = await places.get(path, query, headers=headers)
            assert answer.headers["Content-Crs"] == f"<{crs.uri}>"
            assert "Accept-Crs" in answer.headers["Vary"]
            body = answer.json()
            item = body["items"][0] if "items" in body else body
            shown = item.get("inhoud", item)["geometrie"]["coordinates"][0][0]
            assert shown == first[crs], (path, crs.code)
    # The same answer again by the address it gives for itself.
    one = await places.get("panden/a", {"crs": RD.uri})
    again = httpx.URL(one.headers["Content-Location"])
    assert (await places.get("panden/a", dict(again.params))).json()["geometrie"] == (
        one.json()["geometrie"]
    )


async def test_a_system_that_is_not_offered_is_refused(weesp_block: Places) -> None:
    for headers, query, status, code in (
        ({"Accept-Crs": "EPSG:3857"}, {}, 406, "crsNotAcceptable"),
        ({}, {"crs": "EPSG:3857"}, 400, "parameter.ongeldig"),
        ({"Accept-Crs": RD.uri}, {"crs": ETRS89.uri}, 400, "parameter.ongeldig"),
    ):
        answer = await weesp_block.get("panden", query, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    sent = {"_geo": {"within": square(155000, 463000)}}
    refused = await weesp_block.search(sent, headers={"Content-Crs": "EPSG:3857"})
    assert (refused.status_code, refused.json()["code"]) == (415, "crsNotSupported")
    refused = await weesp_block.change(
        "b", {}, **{"If-None-Match": "*", "Content-Crs": "EPSG:3857"}
    )
    assert (refused.status_code, refused.json()["code"]) == (415, "crsNotSupported")


async def test_where_no_geometry_is_told_no_system_is_either(places: Places) -> None:
    await places.write(("pand", "a", "2020-01-01", {"bouwjaar": 1980}))
    answer = await places.get("panden/a", {"fields": "bouwjaar"})
    assert "Content-Crs" not in answer.headers
    assert (await places.get("straten", {"crs": RD.uri})).status_code == 400


async def test_a_relation_brings_its_geometry_in_the_same_system(places: Places) -> None:
    await places.write(
        ("wijk", "w1", "2020-01-01", {"naam": "Aa", "geometrie": square(155000, 463000, 100)}),
        ("pand", "a", "2020-01-01", {"ligtIn": "w1"}),
    )
    query = {"expand": "ligtIn", "fields": "ligtIn", "crs": RD.uri}
    answer = await places.get("panden/a", query)
    assert answer.headers["Content-Crs"] == f"<{RD.uri}>"
    quarter = answer.json()["_uitgebreid"]["ligtIn"]
    assert quarter["geometrie"] == square(155000, 463000, 100)


async def test_geojson_is_a_collection_of_features(weesp_block: Places) -> None:
    query = {"bbox": text(BLOCK), "bbox-crs": RD.uri, "limit": "5", "telling": "true"}
    answer = await weesp_block.get("panden", query, headers={"Accept": GEOJSON})
    assert answer.headers["Content-Type"].partition(";")[0] == GEOJSON
    assert answer.headers["Content-Crs"] == f"<{CRS84.uri}>"
    told = answer.json()
    assert (told["type"], told["numberReturned"]) == ("FeatureCollection", 5)
    assert told["numberMatched"] == len(expected(BLOCK, RD))
    assert [one["id"] for one in told["features"]] == expected(BLOCK, RD)[:5]
    assert all(set(one) == {"type", "id", "geometry", "properties"} for one in told["features"])
    lon, lat = told["features"][0]["geometry"]["coordinates"][0][0]
    assert (5.0 < lon < 5.1, 52.2 < lat < 52.4) == (True, True)
    (onward,) = told["links"]
    assert f"<{onward['href']}>" in answer.headers["Link"]
    following = await weesp_block.get(
        "panden", dict(httpx.URL(onward["href"]).params), headers={"Accept": GEOJSON}
    )
    assert [one["id"] for one in following.json()["features"]] == expected(BLOCK, RD)[5:10]


FORMS = [
    ("application/geo+json", GEOJSON),
    ("application/geo+json;q=0.5, application/json", "application/json"),
    ("application/json;q=0.5, application/geo+json", GEOJSON),
    ("*/*", "application/json"),
    ("application/json;q=0, */*", GEOJSON),
    ("application/geo+json;q=0", ""),
    ("text/csv", ""),
]


async def test_the_form_that_is_wanted_most(places: Places) -> None:
    await places.write(("pand", "a", "2020-01-01", {"geometrie": square(155000, 463000)}))
    for accept, form in FORMS:
        answer = await places.get("panden/a", headers={"Accept": accept})
        if not form:
            assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")
            continue
        assert answer.headers["Content-Type"].partition(";")[0] == form
        assert (answer.json().get("type") == "Feature") is (form == GEOJSON)


async def test_only_who_may_see_a_geometry_may_search_by_it(weesp_block: Places) -> None:
    fields = ("nummer", "bouwjaar")
    refused = await weesp_block.get("panden", {"bbox": "5,52,6,53"}, fields=fields)
    assert (refused.status_code, refused.json()["code"]) == (403, "fields_excess")
    assert "geometrie" in refused.json()["detail"]
    sent = {"_geo": {"within": square(155000, 463000)}}
    searched = await weesp_block.search(sent, headers={"Content-Crs": RD.uri}, fields=fields)
    assert searched.status_code == 403
    assert (await weesp_block.get("panden", fields=fields)).status_code == 200


async def test_a_geometry_in_a_body_finds_what_lies_so(weesp_block: Places) -> None:
    x, y = BLOCK[:2]
    triangle = [[x, y], [x + 90, y + 5], [x + 30, y + 80], [x, y]]
    polygon: Any = {"type": "Polygon", "coordinates": [triangle]}
    asked = as_shape(polygon)
    outlines = {number: as_shape(each) for number, each in real().items()}
    some = next(each for each in outlines.values() if each.within(asked)).representative_point()
    point = {"type": "Point", "coordinates": [some.x, some.y]}
    for lying, geometry, other in (
        ("intersects", polygon, asked), ("within", polygon, asked), ("contains", point, some),
    ):  # fmt: skip
        sent = {"_geo": {lying: geometry}}
        found = [number for number, one in outlines.items() if getattr(one, lying)(other)]
        assert found
        for query in ({"limit": "1000"}, {"limit": "4"}):
            answer = await weesp_block.search(sent, query, headers={"Content-Crs": RD.uri})
            if query["limit"] == "1000":
                assert await weesp_block.all_ids(answer) == found, lying
            assert [each["nummer"] for each in answer.json()["items"]] == found[
                : int(query["limit"])
            ]
    # In CRS84, when nothing is said.
    lonlat = {"_geo": {"contains": project(point, RD, CRS84)}}
    answer = await weesp_block.search(lonlat)
    assert await weesp_block.all_ids(answer) == found


async def test_a_page_of_a_search_goes_on_with_the_same_body_only(weesp_block: Places) -> None:
    sent = {"_geo": {"intersects": square(BLOCK[0], BLOCK[1], 60)}}
    headers = {"Content-Crs": RD.uri}
    first = await weesp_block.search(sent, {"limit": "3"}, headers=headers)
    url = httpx.URL(first.headers["Link"].partition(">")[0].strip("<"))
    second = await weesp_block.search(sent, dict(url.params), headers=headers)
    both = [each["nummer"] for page in (first, second) for each in page.json()["items"]]
    assert len(set(both)) == 6
    other = {"_geo": {"intersects": square(BLOCK[0], BLOCK[1], 61)}}
    refused = await weesp_block.search(other, dict(url.params), headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (400, "cursor_ongeldig")


CORNER = square(155000, 463000)
WRONG_BODIES: list[tuple[object, str, str]] = [
    ({"_geo": {"near": CORNER}}, "/_geo", "one of intersects, within, contains"),
    ({"_geo": {"within": CORNER, "contains": CORNER}}, "/_geo", "one of"),
    ({"_geo": [CORNER]}, "/_geo", "one of"),
    ({"_geo": {"within": CORNER}, "bouwjaar": "1"}, "", "alone"),
    ({"_geo": {"within": "POINT(1 2)"}}, "/_geo/within", "GeoJSON geometry"),
    ({"_geo": {"within": {"type": "Polygon", "coordinates": [CORNER["coordinates"][0][:-1]]}}},
     "/_geo/within/coordinates/0", "not closed"),
    ({"_geo": {"within": {"type": "Circle", "coordinates": [1, 2]}}}, "/_geo/within/type",
     "must be"),
    ({"_geo": {"within": {"type": "Point", "coordinates": [5.1, 52.1]}}},
     "/_geo/within/coordinates", "outside EPSG:28992"),
    ({"_geo": {"within": {"type": "LineString",
                          "coordinates": [[155000, 463000]] * (MAX_SEARCH_POSITIONS + 1)}}},
     "/_geo/within/coordinates", f"more than {MAX_SEARCH_POSITIONS}"),
    ({"naam": "x"}, "", "search key"),
]  # fmt: skip


async def test_a_wrong_place_in_a_body_is_told_with_a_pointer(weesp_block: Places) -> None:
    for sent, pointer, told in WRONG_BODIES:
        answer = await weesp_block.search(sent, headers={"Content-Crs": RD.uri})
        assert (answer.status_code, answer.json()["code"]) == (400, "zoek.sleutel"), sent
        (fault, *_) = answer.json()["errors"]
        assert fault["location"]["pointer"].startswith(pointer)
        assert told in fault["detail"]


async def test_what_moved_is_found_where_it_was_then_as_known_then(places: Places) -> None:
    here, there = square(155000, 463000), square(156000, 464000)
    await places.write(("pand", "a", "2020-01-01", {"geometrie": here}))
    register = places.asker.register
    before = (await store.known_at(places.asker.pool, register, datetime.now(UTC))).moment
    # Known later: since 2021 it stands somewhere else.
    await places.write(("pand", "a", "2021-01-01", {"geometrie": there}))
    at = {name: {"bbox": text(as_shape(each).bounds), "bbox-crs": RD.uri}
          for name, each in (("here", here), ("there", there))}  # fmt: skip

    async def found(name: str, **times: str) -> list[str]:
        return await places.all_ids(await places.get("panden", {**at[name], **times}))

    assert await found("here") == []
    assert await found("there") == ["a"]
    assert await found("here", geldigOp="2020-06-01") == ["a"]
    assert await found("there", geldigOp="2020-06-01") == []
    then = before.isoformat().replace("+00:00", "Z")
    assert await found("here", beschikbaarOp=then) == ["a"]
    assert await found("there", beschikbaarOp=then) == []
    assert await found("there", geldigOp="2021-06-01", beschikbaarOp=then) == []
