# SPDX-License-Identifier: EUPL-1.2
"""One logical source over a file, a database, a SOAP service, a REST service and a register."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from lxml import etree
from tests.integration.source_rig import API_KEY, DATA, SUZANNE, WEESP, lines_of, patient
from tests.integration.stuf_rig import (
    BG,
    STUF,
    Broker,
    establishment,
    person,
    running_broker,
    trade_name,
)
from tests.throwaway import organisation as make_organisation

from landschap.cli.demo.commands import landschap
from landschap.integration.access import SoapAccess
from landschap.integration.connectors.opening import (
    Surroundings,
    client_session,
    close_doors,
    open_doors,
    read_declaration,
)
from landschap.integration.model import Declaration
from landschap.integration.soap import read_template
from landschap.platform.identity import Issued

ELSEWHERE = WEESP / "bronnen-elders"
NAME = "vergunning-met-aanvrager"
UP = "landschap_integration_source_up"
PARTS = ("vergunningen", "besluiten", "aanvragers", "panden")
ALL = (
    "nummer", "besluit", "datum", "leges", "aanvrager.naam", "aanvrager.geboren", "pand.bouwjaar",
)  # fmt: skip


@dataclass
class Place:
    """Where the declaration stands, and what its sources are made of."""

    folder: Path
    declaration: Declaration
    around: Surroundings
    broker: Broker


@pytest.fixture(scope="module")
async def place(world: Any, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    """All five sources, running."""
    folder = tmp_path_factory.mktemp("bronnen")
    for name in ("vergunningen.csv", "npsLv01.xml"):
        shutil.copy(ELSEWHERE / name, folder)
    shutil.copy(ELSEWHERE / f"{NAME}.yaml", folder / "vergunning.yaml")
    (folder / "leverancier.key").write_text(API_KEY)
    owner = await world.database.administrator()
    await owner.execute((ELSEWHERE / "zaken.sql").read_text())
    (folder / "zaken.dsn").write_text(world.database.settings.postgres.dsn)
    async with running_broker() as broker:
        hosts = {
            "makelaar.test": f"127.0.0.1:{broker.port}",
            "gebouwen.leverancier.test": world.supplier.address,
        }
        session = client_session(hosts)
        around = replace(
            world.surroundings, session=session, hosts=hosts, secrets=folder, folder=folder,
            snapshots=folder / "momentopnamen",
        )  # fmt: skip
        declaration = patient(read_declaration(folder / "vergunning.yaml"))
        yield Place(folder, declaration, around, broker)
        await session.close()
    await owner.execute("DROP SCHEMA zaak, handel CASCADE")
    await owner.close()


@pytest.fixture
async def asker(world: Any, place: Place) -> AsyncIterator[Any]:
    """The door to the logical source."""
    doors = open_doors(place.declaration, place.around)
    made = world.asker(place.declaration, **doors)
    made.service = place.declaration.name
    yield made
    await close_doors(doors)


async def ask(asker: Any, *fields: str) -> dict[str, Any]:
    query = f"fields={','.join(fields)}"
    answer = await asker.ask(
        {"nummer": "OV-1"}, query=query, permitted=fields, searchable=["nummer"]
    )
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


@pytest.mark.case("S-37")
async def test_five_kinds_of_source_give_one_answer_with_where_each_field_comes_from(
    world: Any, asker: Any, place: Place
) -> None:
    body = await ask(asker, *ALL)
    assert body["resultaten"] == [
        {
            "nummer": "OV-1",
            "besluit": "toegekend",
            "datum": "2021-02-01",
            "leges": 310.5,
            "aanvrager": {"naam": "Moulin & Zn", "geboren": "1985-12-00"},
            "pand": {"bouwjaar": 1920},
        }
    ]
    assert body["ontbreekt"] == []
    told = {pointer: facts["bron"] for pointer, facts in body["herkomst"].items()}
    assert set(told.values()) == {"vergunningen", "besluiten", "aanvragers", "panden"}
    (line,) = await lines_of(world, asker)
    assert SUZANNE not in str(line)


@pytest.mark.case("S-27")
async def test_what_is_asked_by_soap_and_what_is_asked_as_json_say_the_same(
    asker: Any, place: Place
) -> None:
    """The service speaks StUF alone; who asks us never sees an envelope."""
    facts = {"sleutel": SUZANNE, "dag": "20261130", "moment": "20261130120000", "referentie": "1"}
    access = place.declaration.sources["aanvragers"].access
    assert isinstance(access, SoapAccess)
    template = read_template((place.folder / access.template).read_bytes(), access)
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            f"http://127.0.0.1:{place.broker.port}/stuf",
            data=template.message(access.columns, facts),
        ) as answer,
    ):
        root = etree.fromstring(await answer.read())
    (person,) = root.iter(f"{{{BG}}}object")
    born = person.find(f"{{{BG}}}geboortedatum")
    assert (born.text, born.get(f"{{{STUF}}}indOnvolledigeDatum")) == ("19851201", "D")
    (result,) = (await ask(asker, "aanvrager.naam", "aanvrager.geboren"))["resultaten"]
    assert result["aanvrager"] == {
        "naam": person.findtext(f"{{{BG}}}geslachtsnaam"),
        "geboren": "1985-12-00",
    }


async def test_only_the_sources_of_the_asked_fields_are_asked(asker: Any, place: Place) -> None:
    before = len(place.broker.heard)
    (result,) = (await ask(asker, "nummer", "leges"))["resultaten"]
    assert result == {"nummer": "OV-1", "leges": 310.5}
    # The line in the log is about a person, whose number the file itself tells.
    assert len(place.broker.heard) == before
    await ask(asker, "nummer", "aanvrager.naam")
    assert place.broker.scope() == {"inp.bsn", "geslachtsnaam"}


async def test_a_source_that_fails_is_a_named_gap_and_the_others_answer(
    world: Any, asker: Any, place: Place
) -> None:
    place.broker.answer = 503, b""
    try:
        body = await ask(asker, *ALL)
    finally:
        place.broker.answer = None
    (result,) = body["resultaten"]
    assert (result["leges"], result["pand"]) == (310.5, {"bouwjaar": 1920})
    up = {
        part: world.metrics.get_sample_value(UP, {"source": NAME, "part": part}) for part in PARTS
    }
    assert up == dict.fromkeys(PARTS, 1.0) | {"aanvragers": 0.0}
    gaps = {gap["bron"]: gap["reden"] for gap in body["ontbreekt"]}
    assert gaps == {"aanvragers": "onbereikbaar"}


def without_register(text: str) -> str:
    """The declaration as a command can look at it without a database of our own."""
    kept = re.sub(r"  uitkeringen:\n    soort: register\n(?:    .*\n)+", "", text)
    kept = re.sub(r"  - \{naam: uitkeringen.*\n", "", kept)
    return re.sub(r"  uitkeringen:\n    lijst(?:.*\n)+", "", kept)


@pytest.fixture
def organisation(place: Place, anchor: Issued, tmp_path: Path) -> Path:
    """The settings of an organisation that has the declaration."""
    hosts = "".join(f'"{name}" = "{at}"\n' for name, at in place.around.hosts.items())
    made = make_organisation(tmp_path, anchor, more=f"[network.hosts]\n{hosts}")
    shutil.copytree(place.folder, tmp_path / "bronnen")
    file = tmp_path / "bronnen" / "vergunning.yaml"
    file.write_text(without_register(file.read_text()))
    made.paths.secrets.mkdir(exist_ok=True)
    for name in ("leverancier.key", "zaken.dsn"):
        shutil.copy(place.folder / name, made.paths.secrets)
    return made.path


async def status_of(organisation: Path) -> tuple[int, dict[str, tuple[bool, str]]]:
    """What ``landschap source status`` says, by source."""
    done = await landschap(organisation, "source", "status", may_fail=True)
    (parts,) = done.answer.values()
    return done.code, {each["source"]: (each["well"], each["detail"]) for each in parts}


@pytest.mark.case("S-37")
async def test_the_state_of_every_source_is_told_without_asking_about_anybody(
    organisation: Path, place: Place
) -> None:
    before = len(place.broker.heard)
    code, seen = await status_of(organisation)
    assert (code, {name: well for name, (well, _) in seen.items()}) == (
        0,
        dict.fromkeys(("vergunningen", "besluiten", "aanvragers", "panden"), True),
    )
    assert seen["besluiten"][1] == "3 columns, 3 of them used"
    assert seen["vergunningen"][1].startswith("12 rows, written 20")
    assert re.fullmatch(r"answers at makelaar\.test:\d+ \(HTTP 404\)", seen["aanvragers"][1])
    assert len(place.broker.heard) == before


async def test_what_is_wrong_with_a_source_is_told_with_what_to_do(organisation: Path) -> None:
    folder = organisation.parent
    file = folder / "bronnen" / "vergunning.yaml"
    text = file.read_text().replace("besluiten.leges]", "besluiten.legens]")
    file.write_text(text.replace("gebouwen.leverancier.test/", "127.0.0.1:1/"))
    (folder / "bronnen" / "vergunningen.csv").write_text("nummer;bsn;pand\nOV-1;x\n")
    (folder / "bronnen" / "npsLv01.xml").unlink()
    code, seen = await status_of(organisation)
    assert code == 1
    assert seen["besluiten"] == (False, "has no column legens; did you mean leges?")
    assert "nothing answers at 127.0.0.1:1" in seen["panden"][1]
    assert "more or fewer cells than the header" in seen["vergunningen"][1]
    assert seen["aanvragers"][1].endswith("npsLv01.xml: No such file or directory")
    (folder / "secrets" / "zaken.dsn").write_text("postgresql://a:geheim@127.0.0.1:1/x")
    _, seen = await status_of(organisation)
    assert seen["besluiten"][1] == "can not be reached with the address in zaken.dsn"


# --- the declarations of the demo that ask other systems, over all of its data -----------------

DAY = "2021-03-01"
KEYS = {
    "bewoning": "nummeraanduiding",
    "vestigingen-op-pand": "identificatie",
    "vergunning-met-aanvrager": "nummer",
}


def table(file: Path, separator: str = ",") -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened, delimiter=separator))


def on_day(name: str, key: str = "identificatie") -> dict[str, dict[str, str]]:
    """The rows of a BAG file that held on the day, by key: plain reading."""
    return {
        row[key]: row
        for row in table(DATA / "bag" / f"{name}.csv")
        if row["beginGeldigheid"] <= DAY and not "" < row["eindGeldigheid"] <= DAY
    }


def residents() -> dict[str, dict[str, Any]]:
    """The fictitious persons by number, as the last line in the extract has them."""
    lines = [json.loads(line) for line in (DATA / "inwoners.jsonl").read_text().splitlines()]
    told = [line["inhoud"] for line in lines if line["inhoud"]]
    return {one["burgerservicenummer"]: one for one in told}


async def every_answer(
    world: Any, place: Place, name: str, keys: Iterable[str], query: str
) -> dict[str, list[dict[str, Any]]]:
    """What the door answers about each key, all fields asked and nothing missing."""
    declaration = patient(read_declaration(ELSEWHERE / f"{name}.yaml"))
    doors = open_doors(declaration, replace(place.around, folder=ELSEWHERE))
    asker = world.asker(declaration, **doors)
    found = {}
    try:
        for key in keys:
            answer = await asker.ask(
                {KEYS[name]: key}, query=query,
                permitted=tuple(declaration.fields), searchable=[KEYS[name]],
            )  # fmt: skip
            assert (answer.status_code, answer.json()["ontbreekt"]) == (200, []), answer.text
            found[key] = answer.json()["resultaten"]
    finally:
        await close_doors(doors)
    return found


def establishments() -> list[list[str]]:
    """The rows of the table of establishments: number, building, dwelling, from, until."""
    text = (ELSEWHERE / "zaken.sql").read_text().partition("INTO handel.vestigingen")[2]
    return [re.findall(r"'([^']*)'", line) for line in text.splitlines()[1:]]


async def test_the_establishments_in_every_building_come_from_five_kinds_of_source(
    world: Any, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [row for row in establishments() if len(row) == 4 or row[4] > DAY]
    known = {row[0]: establishment(row[0]) for row in establishments()}
    monkeypatch.setattr(place.broker, "known", known)
    buildings, dwellings = on_day("panden"), on_day("verblijfsobjecten")
    addresses, streets = on_day("nummeraanduidingen"), on_day("openbare-ruimten")

    def told(row: list[str]) -> dict[str, Any]:
        dwelling = dwellings[row[2]]
        address = addresses[dwelling["heeftAlsHoofdadres"]]
        return {
            "vestigingsnummer": row[0],
            "handelsnaam": trade_name(row[0]),
            "oppervlakte": int(dwelling["oppervlakte"]),
            "straat": streets[address["ligtAan"]]["naam"],
            "huisnummer": int(address["huisnummer"]),
            "postcode": address["postcode"] or None,
        }

    expected: dict[str, list[dict[str, Any]]] = {
        key: [
            {
                "identificatie": key,
                "bouwjaar": None if (year := int(one["oorspronkelijkBouwjaar"])) == 9999 else year,
                "status": one["status"],
                "vestigingen": [told(row) for row in sorted(rows) if row[1] == key],
            }
        ]
        for key, one in buildings.items()
    }
    assert len(expected) == 60
    assert sum(len(one["vestigingen"]) for (one,) in expected.values()) == 12
    query = f"geldigOp={DAY}"
    found = await every_answer(world, place, "vestigingen-op-pand", expected, query)
    assert found == expected


async def test_every_permit_comes_with_its_applicant_and_building(
    world: Any, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    permits = table(ELSEWHERE / "vergunningen.csv", ";")
    people, buildings = residents(), on_day("panden")
    known = {
        number: person(one["naam"]["geslachtsnaam"], one["geboortedatum"])
        for number, one in people.items()
    }
    monkeypatch.setattr(place.broker, "known", known)
    sql = (ELSEWHERE / "zaken.sql").read_text()
    decided = {n: (d, float(f)) for n, d, f in re.findall(r"'(OV-\d+)', '(.*?)', (.*?)\)", sql)}
    keys = [row["nummer"] for row in permits]
    found = await every_answer(world, place, "vergunning-met-aanvrager", keys, "")
    assert len(permits) == len(found) == 12
    for row in permits:
        (one,) = found[row["nummer"]]
        applicant = people[row["bsn"]]
        assert (one["datum"], one["leges"]) == decided[row["nummer"]]
        assert one["besluit"] == {"verleend": "toegekend", "geweigerd": "afgewezen"}[row["besluit"]]
        assert one["aanvrager"] == {
            "naam": applicant["naam"]["geslachtsnaam"].strip(), "geboren": applicant["geboortedatum"],
        }  # fmt: skip
        assert one["pand"]["bouwjaar"] == int(buildings[row["pand"]]["oorspronkelijkBouwjaar"])


async def test_who_lives_at_every_address_is_told_with_the_street(world: Any, place: Place) -> None:
    expected = [one["antwoord"] for one in json.loads((DATA / "expected.json").read_text())["vragen"]
                if (one["geldigOp"], one["beschikbaarOp"]) == (DAY, None) and one["antwoord"]]  # fmt: skip
    by_number = {one["burgerservicenummer"]: one for one in expected}
    homes = {one["nummeraanduiding"] for one in residents().values()}
    found = await every_answer(world, place, "bewoning", sorted(homes), f"geldigOp={DAY}")
    told = {one["burgerservicenummer"]: one for each in found.values() for one in each}
    assert told.keys() == by_number.keys()
    assert len(told) > 50
    for number, one in told.items():
        assert one["meerderjarig"] is True
        for name in ("straat", "huisnummer", "postcode"):
            assert one["adres"][name] == by_number[number][f"adres.{name}"]
