# SPDX-License-Identifier: EUPL-1.2
"""Places that are written over HTTP: in which system, and what is no place."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.registers.rig import as_shape
from tests.registers.test_api import asker_of
from tests.registers.test_places import Places, built, square
from tests.throwaway import Database

from landschap.registers import store
from landschap.registers.geometry_crs import CRS84, ETRS89, RD, project

WRITING = {"If-None-Match": "*", "Content-Crs": RD.uri}


@pytest.fixture
async def places(database: Database) -> AsyncIterator[Places]:
    async for asker in asker_of(database, built()):
        await store.prepare(asker.pool, asker.register)
        yield Places(asker)


async def test_what_is_written_is_kept_in_rd_whatever_it_was_written_in(places: Places) -> None:
    outline = square(155000, 463000)
    for object_id, crs, headers in (
        ("a", RD, WRITING),
        ("b", CRS84, {"If-None-Match": "*"}),
        ("c", ETRS89, {**WRITING, "Content-Crs": "EPSG:4258"}),
    ):
        sent = {"geometrie": project(outline, RD, crs)}
        done = await places.change(object_id, sent, **headers)
        assert done.status_code == 201, done.text
        kept = await places.get(f"panden/{object_id}", {"crs": RD.uri})
        assert as_shape(kept.json()["geometrie"]).hausdorff_distance(as_shape(outline)) < 0.002


async def test_numbers_of_rd_without_saying_so_are_not_taken_for_degrees(places: Places) -> None:
    sent = {"geometrie": square(155000, 463000)}
    refused = await places.change("a", sent, **{"If-None-Match": "*"})
    assert (refused.status_code, refused.json()["code"]) == (400, "inhoud.ongeldig")
    (fault, *_) = refused.json()["errors"]
    assert fault["location"]["pointer"] == "/inhoud/geometrie/coordinates/0/0"
    assert "Content-Crs" in fault["detail"]
    assert (await places.get("panden/a")).status_code == 404


async def test_a_geometry_that_crosses_itself_is_not_written(places: Places) -> None:
    bow = [[155000, 463000], [155010, 463010], [155010, 463000], [155000, 463010], [155000, 463000]]
    sent = {"geometrie": {"type": "Polygon", "coordinates": [bow]}, "bouwjaar": "oud"}
    refused = await places.change("a", sent, **WRITING)
    assert refused.status_code == 400
    told = {each["location"]["pointer"]: each["detail"] for each in refused.json()["errors"]}
    assert "self-intersection" in told["/inhoud/geometrie/coordinates"]
    assert "/inhoud/bouwjaar" in told
