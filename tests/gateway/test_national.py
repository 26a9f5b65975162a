# SPDX-License-Identifier: EUPL-1.2
"""A person of elsewhere: not from another municipality without the ground that this needs, but from
the national provision, by the authorisation decree that is in force for who asks.

Source: Wet BRP art. 3.2 (supply by authorisation decree); AVG art. 6; Regeling BRP, categories.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.gateway.gateway_rig import Anchor
from tests.gateway.gateway_scene import DOESBURG, WEESP
from tests.gateway.national_rig import BOUND, DUTY, TASK, Country, decree, national, running_country
from tests.throwaway import Cluster

from landschap.logboek.records import Kind
from landschap.purposes.replay import replay
from landschap.purposes.steps import Step
from landschap.purposes.store import snapshot_by_version

SIEBRAND, SUNNY = "999990688", "999990299"
PERSON = {"naam": {"geslachtsnaam": "Zaal"}, "geboortedatum": "1985-03-17"}
ADDRESS = "0457200000206518"


@pytest.fixture(scope="module")
async def country(
    cluster: Cluster, gateway_folder: Path, group_anchor: Anchor
) -> AsyncIterator[Country]:
    async with running_country(cluster, gateway_folder / "n", group_anchor) as made:
        yield made


async def test_another_municipality_refuses_and_names_the_ground_that_is_missing(
    country: Country,
) -> None:
    answer = await country.ask("weesp", SIEBRAND)
    assert (answer.status, answer.code) == (403, "basis_not_accepted")
    assert TASK in answer.body["detail"]
    assert answer.body["missing"] == f"one of the legal bases {DUTY}"
    assert answer.body["accepted_legal_bases"] == [DUTY]
    assert DOESBURG in answer.body["owner"]
    assert "Zaal" not in json.dumps(answer.body)
    # Refused at the door: the register was not asked, so nobody has a line.
    (record,) = await country.log_of("weesp", answer)
    assert record.columns.kind == Kind.ADL


async def test_the_national_provision_supplies_by_the_decree_in_force(country: Country) -> None:
    answer = await country.ask("landelijk", SIEBRAND)
    assert (answer.status, answer.body) == (200, {"items": [PERSON]})
    records = await country.log_of("landelijk", answer)
    assert {each.columns.kind for each in records} == {Kind.FSC, Kind.LINE}
    told = json.dumps([each.content() for each in records])
    assert "Zaal" not in told
    assert SIEBRAND not in told
    asked = await country.log_of("doesburg", answer)
    assert {each.columns.kind for each in asked} == {Kind.FSC}
    # From the record it can be told by which decree.
    adl = next(each.content() for each in records if each.columns.kind == Kind.FSC)["adl"]
    assert ("R9", "bijstand-gemeenten", "ok", "2026-0000123456") in await steps_of(country, adl)


async def steps_of(country: Country, adl: Any) -> tuple[Step, ...]:
    """The steps of a recorded decision of the national provision, taken again on its snapshot."""
    pool = country.sides["landelijk"].pools.purposes
    version = adl["attributes"]["adl.core.policies"]["landschap"]
    snapshot = await snapshot_by_version(pool, version)
    assert snapshot is not None
    found = replay(
        adl["body"]["adl.core.request"], adl["body"]["adl.core.response"], bound=BOUND,
        snapshot=snapshot, at=datetime.fromtimestamp(adl["timestamp"] / 1000, UTC),
    )  # fmt: skip
    assert found is not None
    assert found.differences == ()
    return found.decision.steps


async def test_a_person_outside_the_category_of_the_decree_is_as_nobody(country: Country) -> None:
    answer = await country.ask("landelijk", SUNNY)
    nobody = await country.ask("landelijk", "999993653")
    assert (answer.status, answer.body) == (200, {"items": []})
    assert (nobody.status, nobody.body) == (answer.status, answer.body)
    told = json.dumps([each.content() for each in await country.log_of("landelijk", answer)])
    assert "row_mismatch" in told


async def test_a_search_path_that_the_decree_does_not_grant_is_closed(country: Country) -> None:
    answer = await country.ask("landelijk", ADDRESS, by="nummeraanduiding")
    assert (answer.status, answer.code) == (403, "search_not_permitted")


@pytest.mark.parametrize(
    "other", [decree(WEESP), decree(DOESBURG, until="2026-02-01")], ids=["of another", "ended"]
)
async def test_without_a_decree_in_force_for_the_receiver_it_is_named_as_missing(
    country: Country, other: str
) -> None:
    await country.decide_by("landelijk", national(other))
    answer = await country.ask("landelijk", SIEBRAND)
    assert (answer.status, answer.code) == (403, "decree_missing")
    assert answer.body["missing"] == (
        f"an authorisation decree (autorisatiebesluit) for {DOESBURG}"
    )
    (record,) = await country.log_of("landelijk", answer)
    content: Any = record.content()
    assert content["adl"]["body"]["adl.core.response"]["decision"] is False
    # The very next question is answered under the decree that is in force again.
    await country.decide_by("landelijk", national(decree(DOESBURG)))
    assert (await country.ask("landelijk", SIEBRAND)).body == {"items": [PERSON]}
