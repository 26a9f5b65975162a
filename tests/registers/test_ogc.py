# SPDX-License-Identifier: EUPL-1.2
"""Open registers as OGC API Features: what a map program asks, without login."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.registers import test_openapi as described
from tests.registers.open_rig import Open, open_of
from tests.registers.rig import annotated
from tests.registers.test_collections import BOTH, schema
from tests.registers.test_places import BLOCK, D, expected, real, square, text
from tests.throwaway import Cluster

from landschap.catalogue.client import structures
from landschap.catalogue.design_rules import check
from landschap.catalogue.documents import read_document
from landschap.catalogue.findings import Mode
from landschap.platform.ids import uuid7
from landschap.registers import store
from landschap.registers.api.ogc import ogc_routes
from landschap.registers.describing_3_0 import as_3_0
from landschap.registers.describing_ogc import ogc_document_of
from landschap.registers.geojson import GEOJSON
from landschap.registers.geometry_crs import CRS84, RD, project
from landschap.registers.models import Register, parse_register
from landschap.registers.operations import Draft
from landschap.registers.periods import OPEN, Period
from landschap.registers.store import Act, Entry
from landschap.registers.timeline import Kind

BASE = "/proef/ogc/v1"
ITEMS = f"{BASE}/collections/panden/items"
FREE = {**BOTH, "x-open": True}
AROUND = {"bbox": "154990,462990,155020,463020", "bbox-crs": RD.uri}


def mapped() -> Register:
    """Buildings with an open outline and a closed owner, bunkers with a closed one, streets."""
    outline = {"type": ["object", "null"], "x-crs": 28992, "x-geometrie": "vlak"}
    nummer = annotated(pattern="^[a-z0-9]+$", **{"x-open": True})
    schemas: Any = {
        "pand": {
            **schema("Pand", "panden", geometrie=annotated(**FREE, **outline),
                     soort=annotated(**FREE, **{"x-zoekbaar": True}), eigenaar=annotated(**BOTH)),
        },
        "bunker": schema("Bunker", "bunkers", geometrie=annotated(**BOTH, **outline)),
        "straat": schema("Straat", "straten", naam=annotated(**FREE)),
    }  # fmt: skip
    for each in schemas.values():
        each["x-open"] = True
        each["properties"]["nummer"] = nummer
    return parse_register({"naam": "proef", "titel": "Proef", "klok": "eigen"}, schemas, "proef")


@pytest.fixture(scope="module")
async def opened(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Open]:
    """Real buildings behind the door of open data; in one place something is built in 2021."""
    made = await cluster.fresh(tmp_path_factory.mktemp("features"))
    async for one in open_of(made, mapped()):
        entries = [
            Entry(
                type=one.register.types["pand"],
                object_id=number,
                draft=Draft(
                    period=Period(D("2020-01-01"), OPEN), kind=Kind.CHANGE, group="pand",
                    content={"geometrie": outline, "soort": "ab"[int(number[-1]) % 2],
                             "eigenaar": "geheim"},
                ),
            )
            for number, outline in real().items()
        ]  # fmt: skip
        act = Act(register=one.register, transaction_id=uuid7(), entries=entries)
        await store.write(one.pool, act)
        await one.write("pand", "nieuw", {"geometrie": square(155000, 463000)}, begin="2021-06-01")
        yield one
    made.close()
    await cluster.run(f"DROP DATABASE {made.name} WITH (FORCE)")


def ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [feature["id"] for feature in answer.json()["features"]]


async def test_from_the_beginning_every_link_leads_somewhere(opened: Open) -> None:
    waiting, seen = [BASE], set()
    while waiting:
        address = waiting.pop()
        answer = await opened.get(address)
        assert answer.status_code == 200, address
        seen.add(address.partition("?")[0])
        told = answer.json()
        links = [*told.get("links", ())]
        for each in told.get("collections", ()):
            links += each["links"]
        for one in links:
            if one["href"].partition("?")[0] not in seen | {w.partition("?")[0] for w in waiting}:
                waiting.append(one["href"])
    assert seen >= {BASE, f"{BASE}/conformance", f"{BASE}/collections", ITEMS}
    assert f"{BASE}/openapi.json" in seen
    collections = (await opened.get(f"{BASE}/collections")).json()
    # What is closed is no collection, and neither is what has no place.
    assert [each["id"] for each in collections["collections"]] == ["panden"]
    assert collections["collections"][0]["storageCrs"] == RD.uri
    assert CRS84.uri in collections["crs"]


async def test_features_come_in_pages_in_the_system_that_is_asked_for(opened: Open) -> None:
    query = {"bbox": text(BLOCK), "bbox-crs": RD.uri, "limit": "20", "crs": RD.uri}
    answer = await opened.get(ITEMS, params=query)
    assert answer.headers["Content-Type"].partition(";")[0] == GEOJSON
    assert answer.headers["Content-Crs"] == f"<{RD.uri}>"
    first = answer.json()
    assert first["features"][0]["geometry"] == real()[first["features"][0]["id"]]
    assert first["numberReturned"] == 20
    assert re.fullmatch(r"[0-9-]+T[0-9:.]+Z", first["timeStamp"])
    found = ids(answer)
    while onward := [one for one in answer.json()["links"] if one["rel"] == "next"]:
        answer = await opened.get(onward[0]["href"])
        found += ids(answer)
    assert found == expected(BLOCK, RD)
    plain = await opened.get(ITEMS, params={"limit": "1"})
    assert plain.headers["Content-Crs"] == f"<{CRS84.uri}>"
    outline = real()[ids(plain)[0]]
    assert plain.json()["features"][0]["geometry"] == project(outline, RD, CRS84)


async def test_what_is_closed_is_in_no_feature_and_can_not_be_asked_for(opened: Open) -> None:
    answer = await opened.get(ITEMS, params={"limit": "1000"})
    assert "geheim" not in answer.text
    assert set(answer.json()["features"][0]["properties"]) == {"nummer", "soort"}
    assert (await opened.get(ITEMS, params={"eigenaar": "geheim"})).status_code in (400, 403)
    assert (await opened.get(f"{BASE}/collections/bunkers/items")).status_code == 404


async def test_one_feature(opened: Open) -> None:
    number = next(iter(real()))
    answer = await opened.get(f"{ITEMS}/{number}", params={"crs": RD.uri})
    told = answer.json()
    assert (told["type"], told["id"], told["geometry"]) == ("Feature", number, real()[number])
    assert {one["rel"] for one in told["links"]} == {"self", "collection"}
    assert (await opened.get(f"{ITEMS}/bestaatniet")).status_code == 404


async def test_the_moment_is_the_day_on_which_it_held(opened: Open) -> None:
    for moment, there in (
        ("2021-05-31", []), ("2021-06-01", ["nieuw"]), ("2021-05-31T21:59:59Z", []),
        ("2021-05-31T22:00:00Z", ["nieuw"]),
    ):  # fmt: skip
        assert ids(await opened.get(ITEMS, params={**AROUND, "datetime": moment})) == there
    # The next page is of the same day.
    answer = await opened.get(ITEMS, params={"datetime": "2020-05-01", "limit": "300"})
    (onward,) = [one["href"] for one in answer.json()["links"] if one["rel"] == "next"]
    assert "datetime=2020-05-01" in onward
    assert len(ids(await opened.get(onward))) == len(real()) - 300


# Of the buildings of `moving`, in order of id: who is in the answer, and of which kind.
PERIODS: list[tuple[str, dict[str, str], list[tuple[str, str]]]] = [
    ("2020-01-01/2020-12-31", {}, [("p1", "a")]),
    # Both ends belong to it.
    ("2020-12-31/2021-01-01", {}, [("p1", "b")]),
    ("2019-01-01/2019-12-31", {}, []),
    ("2019-01-01/2020-01-01", {}, [("p1", "a")]),
    ("2022-01-01/2022-02-01", {}, [("p2", "b")]),
    ("2021-12-31T23:59:59+01:00/..", {}, [("p1", "b"), ("p2", "b")]),
    ("2022-01-01T00:00:00+01:00/..", {}, [("p2", "b")]),
    ("../2020-06-01", {}, [("p1", "a")]),
    ("/2020-06-01", {}, [("p1", "a")]),
    ("2020-01-01/", {}, [("p1", "b"), ("p2", "b")]),
    ("../9999-12-31", {}, [("p1", "b"), ("p2", "b")]),
    # In the last stretch that fits the rest of the question.
    ("2020-01-01/..", {"soort": "a"}, [("p1", "a")]),
    ("2020-01-01/..", AROUND, [("p1", "a"), ("p2", "b")]),
    ("2021-01-01/2021-05-01", AROUND, []),
]


@pytest.fixture(scope="module")
async def moving(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Open]:
    """A building that moved and was pulled down, and one that came where it had been."""
    made = await cluster.fresh(tmp_path_factory.mktemp("periods"))
    async for one in open_of(made, mapped()):
        here, there = square(155000, 463000), square(156000, 463000)
        await one.write("pand", "p1", {"geometrie": here, "soort": "a"}, begin="2020-01-01")
        await one.write("pand", "p1", {"geometrie": there, "soort": "b"}, begin="2021-01-01")
        await one.write("pand", "p1", None, begin="2022-01-01")
        await one.write("pand", "p2", {"geometrie": here, "soort": "b"}, begin="2021-06-01")
        yield one
    made.close()
    await cluster.run(f"DROP DATABASE {made.name} WITH (FORCE)")


@pytest.mark.parametrize(("period", "more", "wanted"), PERIODS)
async def test_a_period_gives_what_held_on_some_day_of_it_once_as_it_was_last(
    moving: Open, period: str, more: dict[str, str], wanted: list[tuple[str, str]]
) -> None:
    answer = await moving.get(ITEMS, params={"datetime": period, **more})
    assert answer.status_code == 200, answer.text
    told = answer.json()["features"]
    assert [(each["id"], each["properties"]["soort"]) for each in told] == wanted


async def test_the_next_page_is_of_the_same_period(moving: Open) -> None:
    answer = await moving.get(ITEMS, params={"datetime": "2020-01-01/..", "limit": "1"})
    (onward,) = [each["href"] for each in answer.json()["links"] if each["rel"] == "next"]
    assert ids(await moving.get(onward)) == ["p2"]
    other = await moving.get(onward.replace("2020-01-01", "2021-01-01"))
    assert other.json()["code"] == "cursor_ongeldig"


async def test_wrong_questions_are_told_by_name(opened: Open) -> None:
    for query, name in (
        ({"datetime": "../.."}, "datetime"),
        ({"datetime": "/"}, "datetime"),
        ({"datetime": "2021-01-01/2020-01-01"}, "datetime"),
        ({"datetime": "2020-01-01/2021-01-01/2022-01-01"}, "datetime"),
        ({"datetime": "2020-01-01/morgen"}, "datetime"),
        ({"datetime": "2020-02-30/.."}, "datetime"),
        ({"datetime": "gisteren"}, "datetime"),
        ({"bbox": "1,2,3"}, "bbox"),
        ({"bbox": "1,2,3,4", "bbox-crs": "EPSG:3857"}, "bbox-crs"),
        ({"crs": "EPSG:3857"}, "crs"),
        ({"limit": "0"}, "limit"),
        ({"f": "json"}, "f"),
    ):
        answer = await opened.get(ITEMS, params=query)
        assert answer.status_code == 400, query
        assert answer.json()["errors"][0]["location"]["name"] == name
    # More than there may be is as many as there may be.
    assert len(ids(await opened.get(ITEMS, params={"limit": "100000"}))) == len(real()) + 1


async def test_the_document_is_that_of_the_routes(opened: Open) -> None:
    told = (await opened.get(f"{BASE}/openapi.json")).json()
    described.test_every_reference_leads_somewhere_and_every_part_is_used(told)
    document: Any = ogc_document_of(opened.register, described.ABOUT)
    described.test_only_3_1_uses_what_3_0_does_not_know(document)
    described.test_only_3_1_uses_what_3_0_does_not_know(as_3_0(document))
    assert json.dumps(told["paths"]).count('"bbox-crs"') == 1
    routes = {
        re.sub(r":str\}", "}", path).removeprefix(BASE)
        for handler in ogc_routes(None, opened.register, described.ABOUT)  # type: ignore[arg-type]  # nothing is asked
        for path in handler.paths  # type: ignore[union-attr]  # only handlers are made
    }
    wanted = set(ogc_document_of(opened.register, described.ABOUT)["paths"])  # type: ignore[arg-type]
    assert routes == wanted | {"", "/openapi.json", "/openapi.yaml"}


def test_the_description_breaks_no_rule() -> None:
    """``bbox-crs``, a name that the geospatial module gives, stands where it is no mistake."""
    register = mapped()
    for document in (made := ogc_document_of(register, described.ABOUT), as_3_0(made)):
        read = read_document(json.dumps(document).encode())
        assert check(read, Mode.STRICT, structures()) == []
        assert check(read, Mode.OFFICIAL, structures()) == []
