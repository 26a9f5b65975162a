# SPDX-License-Identifier: EUPL-1.2
"""One logical source over a file, a database, a SOAP service, a REST service and a register."""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from lxml import etree
from tests.integration.source_rig import API_KEY, SUZANNE, lines_of
from tests.integration.stuf_rig import BG, QUESTION, SOURCE, STUF, Broker, running_broker
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

BUILDING = "0424100000002206"
PERMITS = "nummer;bsn;pand;besluit\nOV-1;999993653;0424100000002206;verleend\n"
DECISIONS = """
CREATE SCHEMA zaak;
CREATE TABLE zaak.besluiten (nummer text PRIMARY KEY, datum date, leges numeric(9, 2));
INSERT INTO zaak.besluiten VALUES ('OV-1', '2021-02-01', 310.50);
"""
DECLARED = f"""\
logische_bron: vergunning-met-aanvrager
versie: 1.0.0
titel: Vergunning met aanvrager en pand
sleutel: nummer
betrokkene: {{uit: vergunningen.bsn, soort: bsn}}
bronnen:
  vergunningen:
    soort: bestand
    pad: vergunningen.csv
    vorm: csv
    csv: {{scheiding: ";", aanhaling: '"', codering: utf-8}}
    sleutels: [nummer]
    bronhouder: Gemeente Weesp
  besluiten:
    soort: database
    verbinding: zaken.dsn
    tabel: zaak.besluiten
    sleutels: [nummer]
    bronhouder: Gemeente Weesp
  aanvragers:
{SOURCE}    sleutels: [bsn]
    bronhouder: Basisregistratie personen
  panden:
    soort: rest
    url: http://gebouwen.leverancier.test/panden?identificatie={{identificatie}}
    sleutels: [identificatie]
    records: panden
    velden_parameter: fields
    geheim: {{kop: X-Api-Key, bestand: leverancier.key}}
    bronhouder: Leverancier
  uitkeringen:
    soort: register
    register: uitkeringen
    objecttype: uitkering
    sleutels: [burgerservicenummer]
    bronhouder: Gemeente Weesp
wortel: {{bron: vergunningen, op: nummer}}
koppelingen:
  - {{naam: besluiten, van: vergunningen.nummer, naar: besluiten.nummer, aantal: een, verplicht: true}}
  - {{naam: aanvragers, van: vergunningen.bsn, naar: aanvragers.bsn, aantal: een, verplicht: true}}
  - {{naam: panden, van: vergunningen.pand, naar: panden.identificatie, aantal: een}}
  - {{naam: uitkeringen, van: vergunningen.bsn, naar: uitkeringen.burgerservicenummer, aantal: veel}}
velden:
  nummer: {{uit: [vergunningen.nummer]}}
  besluit: {{uit: [vergunningen.besluit], zet_om: [{{code: {{verleend: toegekend}}}}]}}
  datum: {{uit: [besluiten.datum]}}
  leges: {{uit: [besluiten.leges]}}
  aanvrager.naam: {{uit: [aanvragers.naam]}}
  aanvrager.geboren: {{uit: [aanvragers.geboren], zet_om: [onvolledige_datum]}}
  pand.bouwjaar: {{uit: [panden.oorspronkelijkBouwjaar], zet_om: [geheel_getal]}}
  uitkeringen:
    lijst: uitkeringen
    velden:
      soort: {{uit: [uitkeringen.soort]}}
"""
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
    (folder / "vergunningen.csv").write_text(PERMITS)
    (folder / "npsLv01.xml").write_text(QUESTION)
    (folder / "leverancier.key").write_text(API_KEY)
    (folder / "vergunning.yaml").write_text(DECLARED)
    owner = await world.database.administrator()
    await owner.execute(DECISIONS)
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
        declaration = read_declaration(folder / "vergunning.yaml")
        yield Place(folder, declaration, around, broker)
        await session.close()
    await owner.execute("DROP SCHEMA zaak CASCADE")
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
    assert seen["vergunningen"][1].startswith("1 rows, written 20")
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
