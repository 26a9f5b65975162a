# SPDX-License-Identifier: EUPL-1.2
"""Models ready for use: complete in two languages, and real data of each loads and is read back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import asyncpg
import pytest
from tests.registers.rig import FULL, WEESP

from landschap.registers import client, store
from landschap.registers.annotations import HVD_CATEGORIES, PersonalData
from landschap.registers.client.models import READY, read_models
from landschap.registers.models import ObjectType, Registers, parse_object_type
from landschap.registers.questions import AsOf
from landschap.registers.schemas import Schema, inner_schemas
from landschap.registers.sources import UnreadableSource
from landschap.registers.timeline import Clock
from landschap.vocabulary.problems import ProblemError

PROFILES = FULL.parent / "kvk-test"
ALL = read_models(READY)
TYPES = [kind for register in ALL.by_name.values() for kind in register.types.values()]
PERMIT = {
    "zaaknummer": "OMG-2024-00012", "status": "verleend", "activiteiten": "bouwactiviteit|slopen",
    "datumAanvraag": "2024-01-10", "datumBesluit": "2024-03-01", "aanvragerKvk": "69599084",
    "panden": "0457100000054057", "adres": "", "leges": "1250,50",
}  # fmt: skip
MAPPING = """
collectie = "omgevingsvergunningen"
identificatie = "zaaknummer"
geldigVan = "datumAanvraag"
[velden]
status = "status"
activiteiten = { kolom = "activiteiten", lijst = "|" }
datumAanvraag = "datumAanvraag"
datumBesluit = "datumBesluit"
aanvragerKvk = "aanvragerKvk"
panden = { kolom = "panden", lijst = "|" }
adres = "adres"
leges = "leges"
"""


def values(schema: Schema, where: str) -> Iterator[tuple[str, Schema]]:
    """A schema, its members and theirs; an item of a list has no words of its own."""
    yield where, schema
    for path, inner in inner_schemas(schema, where):
        named = not path.endswith("/items")
        yield from values(inner, path) if named else inner_values(inner, path)


def inner_values(schema: Schema, where: str) -> Iterator[tuple[str, Schema]]:
    for path, inner in inner_schemas(schema, where):
        yield from values(inner, path)


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.key)
def test_every_type_and_property_has_words_in_two_languages(kind: ObjectType) -> None:
    asked = ("title", "x-titel-en", "description", "x-definitie-en")
    lacking = [
        f"{where or '/'} lacks {name}"
        for where, schema in values(kind.schema, "")
        for name in asked
        if not schema.get(name)
    ]
    assert not lacking


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.key)
def test_every_property_says_how_it_lives_on_both_axes(kind: ObjectType) -> None:
    flags = ("x-mim-tijdlijn-geldigheid", "x-mim-tijdlijn-registratie", "x-persoonsgegeven")
    assert [p.name for p in kind.properties.values() if not set(flags) <= set(p.schema)] == []


def test_the_bag_is_open_high_value_geodata_and_nothing_else_is() -> None:
    for kind in TYPES:
        bag = kind.register == "bag"
        assert kind.open is bag
        assert (kind.hvd_category == "geospatial") is bag
        assert {p.open for p in kind.properties.values()} == {bag}
        if bag:
            assert all(p.personal_data is PersonalData.NONE for p in kind.properties.values())
    assert "geospatial" in HVD_CATEGORIES


def test_the_demo_uses_the_ready_bag() -> None:
    for file in sorted((READY / "bag").glob("*.schema.json")):
        assert (WEESP / "registers" / "bag" / file.name).read_text() == file.read_text(), file.name


@pytest.mark.case("S-42")
async def test_answers_fit_their_model_and_a_version_that_breaks_them_is_refused(
    weesp: asyncpg.Pool, demo_registers: Registers
) -> None:
    bag = demo_registers.by_name["bag"]
    known, seen = await store.known_at(weesp, bag, datetime.now(UTC)), 0
    for kind in bag.types.values():
        ids = await weesp.fetch(
            "SELECT DISTINCT object_id FROM registers.projection WHERE object_type = $1", kind.key
        )
        wanted = [row["object_id"] for row in ids]
        question = AsOf(type=kind, wanted=wanted, valid_on=date(2021, 10, 14), known=known)
        for one in await store.as_of(weesp, question):
            content = {k: v for k, v in one.content.items() if k != kind.identification}
            assert kind.faults_in(one.object_id, kind.groups[0], content) == []
            seen += 1
    assert seen > 50
    for version, told in (("1.1.0", "has to be 2.0.0"), ("2.0.0", "declare a step")):
        schema = json.loads(json.dumps(bag.types["pand"].schema))
        schema["x-versie"] = version
        del schema["properties"]["oorspronkelijkBouwjaar"]
        schema["required"].remove("oorspronkelijkBouwjaar")
        broken = parse_object_type(schema, register="bag", name="pand", clock=Clock.SOURCE)
        after = replace(bag, types={**bag.types, "pand": broken})
        with pytest.raises(ProblemError, match=told):
            await store.prepare(weesp, after)


async def test_profiles_of_the_trade_register_load_and_read_back(pool: asyncpg.Pool) -> None:
    if not PROFILES.is_dir():
        pytest.skip(f"the profiles are not here ({PROFILES.name})")
    hr = ALL.by_name["hr"]
    await store.prepare(pool, hr)
    found = client.read_extract(hr, PROFILES)
    assert len(found) == 3
    async for _ in store.load(pool, hr, found):
        pass
    now = datetime.now(UTC)
    known = await store.known_at(pool, hr, now)

    async def on(type_name: str, number: str, day: date) -> list[object]:
        question = AsOf(type=hr.types[type_name], wanted=[number], valid_on=day, known=known)
        return [one.content for one in await store.as_of(pool, question)]

    (company,) = await on("onderneming", "69599084", date(2020, 1, 1))
    profile = json.loads((PROFILES / "basisprofiel-69599084.json").read_text())
    assert isinstance(company, dict)
    assert company["handelsnamen"] == [each["naam"] for each in profile["handelsnamen"]]
    assert [each["sbiCode"] for each in company["activiteiten"]] == ["1011", "1012", "1013"]
    assert (company["rechtsvorm"], company["datumAanvang"]) == ("Eenmanszaak", "2017-01-08")
    assert await on("onderneming", "69599084", date(2017, 1, 7)) == []
    (place,) = await on("vestiging", "000038509504", date(2020, 1, 1))
    assert isinstance(place, dict)
    assert place["bezoekadres"]["straatnaam"] == "Abebe Bikilalaan"
    (owner,) = await on("onderneming", "90000749", date(2020, 1, 1))
    assert isinstance(owner, dict)
    assert (owner["rsin"], owner["adresEigenaar"]["plaats"]) == ("992340594", "Dordrecht")


def test_what_a_profile_holds_and_the_model_does_not_is_told(tmp_path: Path) -> None:
    profile = {"kvkNummer": "00000001", "naam": "Proef (fictief)", "faxnummer": "1",
               "formeleRegistratiedatum": "20200101"}  # fmt: skip
    (tmp_path / "basisprofiel-00000001.json").write_text(json.dumps(profile))
    with pytest.raises(UnreadableSource, match="holds faxnummer, which the model has no place for"):
        client.read_extract(ALL.by_name["hr"], tmp_path)


async def test_a_permit_loads_by_a_mapping_and_leads_to_its_building(
    pool: asyncpg.Pool, tmp_path: Path
) -> None:
    permits = ALL.by_name["vergunningen"]
    await store.prepare(pool, permits)
    (tmp_path / "m.toml").write_text(MAPPING)
    (tmp_path / "v.csv").write_text(
        ",".join(PERMIT) + "\n" + ",".join(f'"{value}"' for value in PERMIT.values()) + "\n"
    )
    found = client.read_mapped(permits, tmp_path / "m.toml", tmp_path / "v.csv")
    async for _ in store.load(pool, permits, found):
        pass
    kind = permits.types["omgevingsvergunning"]
    known = await store.known_at(pool, permits, datetime.now(UTC))
    question = AsOf(type=kind, wanted=["OMG-2024-00012"], valid_on=date(2024, 6, 1), known=known)
    (one,) = await store.as_of(pool, question)
    assert one.content["activiteiten"] == ["bouwactiviteit", "slopen"]
    assert one.content["leges"] == 1250.5
    assert one.content["panden"] == ["0457100000054057"]
    assert kind.properties["panden"].points_at == "bag.pand"
    assert kind.subject is not None
