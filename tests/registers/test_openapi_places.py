# SPDX-License-Identifier: EUPL-1.2
"""What the OpenAPI documents tell of places is what the routes do; without geometry, nothing."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
import requests
from tests.registers import test_openapi as described
from tests.registers.test_places import Places, built, real
from tests.throwaway import Database

from landschap.registers.describing import document_of
from landschap.registers.describing_3_0 import as_3_0
from landschap.registers.describing_writes import writing_document_of
from landschap.registers.models import Registers

BUILT = built()
DOCUMENTS = [
    made
    for document in (
        document_of(BUILT, described.ABOUT),
        writing_document_of(BUILT, described.ABOUT, "proef-bijhouden"),
    )
    for made in (document, as_3_0(document))
]


@pytest.mark.parametrize("document", DOCUMENTS, ids=described._title)
def test_documents_with_places_keep_the_same_rules(document: Any) -> None:
    described.test_every_reference_leads_somewhere_and_every_part_is_used(document)
    described.test_the_documents_keep_the_design_rules(document)
    described.test_only_3_1_uses_what_3_0_does_not_know(document)


def test_places_are_told_of_where_there_are_any() -> None:
    document: Any = document_of(BUILT, described.ABOUT)
    listing = document["paths"]["/panden"]["get"]
    names = {each.get("name") for each in listing["parameters"]}
    assert {"bbox", "bboxCrs", "crs", "Accept-Crs"} <= names
    assert set(listing["responses"]["200"]["content"]) == {
        "application/json", "application/geo+json"
    }  # fmt: skip
    assert "Content-Crs" in listing["responses"]["200"]["headers"]
    search = document["paths"]["/panden/_zoek"]["post"]
    sent = search["requestBody"]["content"]["application/json"]["schema"]["properties"]
    assert set(sent["_geo"]["properties"]) == {"intersects", "within", "contains"}
    outline = document["components"]["schemas"]["Pand"]["properties"]["geometrie"]
    assert outline["properties"]["type"]["enum"] == ["Polygon", "MultiPolygon"]
    plain = json.dumps(document["paths"]["/straten"])
    assert "Crs" not in plain
    assert "bbox" not in plain


async def test_the_routes_are_those_of_the_document(database: Database) -> None:
    await described.test_the_document_tells_of_exactly_the_routes_there_are(database, BUILT)


async def test_questions_about_places_get_an_answer_the_document_tells_of(
    database: Database,
) -> None:
    async with described.served(database, Registers({"proef": BUILT})) as (deps, base):
        asker: Any = type("Asker", (), {"pool": deps.pool, "register": BUILT})
        await Places(asker).write(
            *(
                ("pand", number, "2020-01-01", {"bouwjaar": 1980, "geometrie": outline})
                for number, outline in list(real().items())[:30]
            )
        )
        newest = {"Accept": "application/openapi+json;version=3.1"}
        told = await asyncio.to_thread(
            requests.get, f"{base}/openapi.yaml", headers=newest, timeout=10
        )
        assert "&id" not in told.text
        counted = await asyncio.to_thread(described._explore, base, 2)
    assert counted[200] > 10
    assert counted[400] > 10
