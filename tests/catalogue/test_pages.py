# SPDX-License-Identifier: EUPL-1.2
"""The catalogue's pages: what one sees, what one does not, what one needs, and what strangers wrote."""

from __future__ import annotations

import json
import re

import pytest
from tests.catalogue.pages_rig import Catalogue, described, offered, page
from tests.portal.portal_rig import DOESBURG

from landschap.catalogue import store

HIDDEN = "Geheime lijst van Bronckhorst"


@pytest.fixture(scope="module")
async def filled(catalogue: Catalogue) -> Catalogue:
    """One API for everybody, one for a peer."""
    await offered(
        catalogue, described("Bomen", info={"x-gebruik": {"toegang": "open"}}), "everyone"
    )
    await offered(catalogue, described(HIDDEN), DOESBURG)
    return catalogue


async def test_who_is_not_logged_in_finds_no_trace_of_what_is_for_others(
    filled: Catalogue,
) -> None:
    visitor = filled.visitor()
    paths = ["/catalogus", "/catalogus?q=vergunning", "/catalogus.json", "/en/catalogus?q=Geheime",
             "/catalogus?q=Bronckhorts"]  # fmt: skip
    for path in paths:
        found = await page(visitor, path)
        assert "bronckhorst" not in found.lower().replace("q=geheime", ""), path
    everything = json.loads(await page(visitor, "/catalogus.json"))
    assert everything["total"] == 1
    assert {count["count"] for counts in everything["facets"].values() for count in counts} == {1}
    hidden = "/catalogus/geheime-lijst-van-bronckhorst"
    for path in (hidden, f"{hidden}.json", f"{hidden}/naslag", f"{hidden}/regels",
                 f"{hidden}/openapi", f"{hidden}/schema?naam=Vergunning",
                 f"{hidden}/naslag/x", f"/en{hidden}"):  # fmt: skip
        # What one may not see is answered as what is not there.
        assert await page(visitor, path, 404), path


async def test_an_employee_sees_what_the_organisation_may_see_and_who_else_does(
    filled: Catalogue,
) -> None:
    visitor = await filled.employee()
    assert json.loads(await page(visitor, "/catalogus.json"))["total"] == 2
    shown = await page(visitor, "/catalogus/geheime-lijst-van-bronckhorst")
    assert "Wie dit ziet" in shown
    assert "Gemeente Doesburg" in shown
    # Who is known and has no role that may enter looks as anybody does.
    gardener = await filled.employee("hovenier")
    assert json.loads(await page(gardener, "/catalogus.json"))["total"] == 1


async def test_facets_count_and_choose_and_keep_each_other(filled: Catalogue) -> None:
    visitor = await filled.employee()
    found = json.loads(await page(visitor, "/catalogus.json?toegang=open&toegang=contract"))
    assert [each["name"] for each in found["results"]] == ["bomen"]
    by_access = {each["value"]: each["count"] for each in found["facets"]["toegang"]}
    # A facet counts what one would get with another value of its own.
    assert by_access == {"open": 1, "onbekend": 1, "contract": 0}
    assert {each["value"]: each["count"] for each in found["facets"]["fase"]} == {"actief": 1}
    html = await page(visitor, "/catalogus?q=vergunning&toegang=open&toegang=contract")
    twin = re.search(r'href="([^"]+)" lang="en"', html)
    assert twin is not None
    assert twin[1].count("toegang=") == 2
    assert (await visitor.get("/catalogus?kleur=rood")).status == 400


async def test_a_search_says_why_and_names_what_was_meant(filled: Catalogue) -> None:
    visitor = filled.visitor()
    assert "Gevonden in:" in await page(visitor, "/catalogus?q=vergunningen")
    assert "Bedoelde u: bomen?" in await page(visitor, "/catalogus?q=bommen")
    some = await page(visitor, "/catalogus?q=bomen+walvis")
    assert "Geen API heeft al deze woorden" in some
    assert ">Bomen</a>" in some


async def test_what_could_not_be_read_is_told_with_why_to_own_employees_alone(
    filled: Catalogue,
) -> None:
    pool = await filled.database.pool("catalogue")
    await store.note(pool, "fsc://0000/catalogus/stuk", "unreadable", "not_text: <b>byte 0</b>")
    page_of = await page(await filled.employee(), "/catalogus")
    assert "1 beschrijving kon niet worden gelezen" in page_of
    assert "not_text: &lt;b&gt;byte 0" in page_of
    assert "1 description could not be read" in await page(await filled.employee(), "/en/catalogus")
    assert "kon niet worden gelezen" not in await page(filled.visitor(), "/catalogus")
    await store.note(pool, "fsc://0000/catalogus/stuk", "same")
    assert "kon niet worden gelezen" not in await page(await filled.employee(), "/catalogus")
