# SPDX-License-Identifier: EUPL-1.2
"""A small municipality for extracts: files, a service of a supplier, a register of purposes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from aiohttp import web
from pyarrow import lib as pa
from tests.ports import free_port

from landschap.cli.composition_extracts import Room, extract_room
from landschap.purposes.files import parse_register
from landschap.purposes.store import Signers, save_register

NAME = "bewoning"
MONITOR = "https://doelen.landschap.example/id/woonmonitor"
CHECK = "https://doelen.landschap.example/id/adrescontrole"
PEOPLE = ("999990019", "999993653", "999994669")
DECLARATION = """\
logische_bron: bewoning
versie: 1.0.0
titel: Wie waar woont
sleutel: adres
betrokkene: {{uit: mensen.bsn, soort: bsn}}
bronnen:
  adressen:
    soort: bestand
    pad: adressen.csv
    vorm: csv
    csv: {{scheiding: ";", aanhaling: '"', codering: windows-1252}}
    sleutels: [id]
    bronhouder: Proefdorp
  mensen: {{soort: bestand, pad: mensen.jsonl, vorm: jsonl, sleutels: [adres], bronhouder: Proefdorp}}
  straten: {{soort: bestand, pad: straten.parquet, vorm: parquet, sleutels: [id], bronhouder: Proefdorp}}
  panden:
    soort: rest
    url: http://{address}/panden?id={{id}}
    sleutels: [id]
    stapel: 7
    tijd: geldig
    records: panden
    velden_parameter: fields
    timeout_ms: 5000
    bronhouder: Leverancier
wortel: {{bron: adressen, op: id}}
koppelingen:
  - {{naam: straten, van: adressen.straat, naar: straten.id, aantal: een, verplicht: true}}
  - {{naam: panden, van: adressen.pand, naar: panden.id, aantal: een}}
  - {{naam: mensen, van: adressen.id, naar: mensen.adres, aantal: veel}}
velden:
  adres: {{uit: [adressen.id]}}
  straat: {{uit: [straten.naam]}}
  postcode: {{uit: [adressen.postcode], zet_om: [leeg_is_niets]}}
  soort: {{uit: [adressen.soort], zet_om: [{{code: {{W: woning, K: "café"}}}}]}}
  vlak: {{uit: [panden.vlak]}}
  bouwjaar: {{uit: [panden.bouwjaar], zet_om: [geheel_getal]}}
  geheim: {{uit: [adressen.geheim]}}
  bewoners:
    lijst: mensen
    volgorde: bsn
    velden:
      persoon: {{uit: [mensen.bsn]}}
      geboren: {{uit: [mensen.geboren], zet_om: [datum]}}
  aantal: {{afgeleid: {{regel: aantal, uit: bewoners}}}}
"""
REGISTER = """\
[[doel]]
uri = "https://doelen.landschap.example/id/{purpose}"
stelsel = "https://doelen.landschap.example/id/stelsel/landelijk"
versie = 1
naam = {{ nl = "Proef", en = "Trial" }}
omschrijving = {{ nl = "Een proef.", en = "A trial." }}
status = "actief"
geldig_vanaf = 2026-01-01

[[activiteit]]
uri = "https://proefdorp.example/activiteiten/{purpose}"
versie = 1
naam = {{ nl = "Proef", en = "Trial" }}
wat = {{ nl = "Wij tellen.", en = "We count." }}
waarvoor = {{ nl = "Om te weten.", en = "To know." }}
waarom_mag_dit = {{ nl = "Dit is onze taak.", en = "This is our task." }}
doel = "https://doelen.landschap.example/id/{purpose}"
grondslagen = ["taak"]
betrokkenen = ["inwoners"]
ontvangers = ["wijzelf"]
bewaartermijn = "P1Y"
bewaartermijn_logboek = "P5Y"

[[veldenset]]
id = "{purpose}"
versie = 1
dienst = "bewoning-bulk"
velden = {fields}
zoekvelden = []

[[beleidsregel]]
id = "{purpose}"
versie = 1
werking = "toestaan"
doel = "https://doelen.landschap.example/id/{purpose}"
organisaties = ["{owner}"]
dienst = "bewoning-bulk"
handelingen = ["verstrekken"]
veldenset = "{purpose}@1"
grondslagen = ["eu-gdpr:A6-1-e"]
activiteit = "https://proefdorp.example/activiteiten/{purpose}"
geldig_vanaf = 2026-01-01
uitleg = {{ nl = "Een proef.", en = "A trial." }}
{more}
"""
TOP = """\
[[stelsel]]
uri = "https://doelen.landschap.example/id/stelsel/landelijk"
titel = { nl = "Lijst", en = "List" }
uitgever = "00000099000000001000"
rang = 1

[[grondslag]]
id = "taak"
code = "eu-gdpr:A6-1-e"
wet = "BWBR0005416"
wet_naam = "Gemeentewet"
artikel = "108"
tekst = { nl = "De gemeente regelt haar huishouding.", en = "The municipality runs its household." }

[[dienst]]
naam = "bewoning-bulk"
persoonsgegevens = true
velden = ["adres", "straat", "postcode", "soort", "vlak", "bouwjaar", "geheim", "bewoners.persoon",
  "bewoners.geboren", "aantal"]
zoekvelden = []
"""
DUTIES = """
[[beleidsregel.verplichtingen]]
doe = "pseudonimiseren"
veld = "bewoners.persoon"

[[beleidsregel.verplichtingen]]
doe = "geboortejaar"
veld = "bewoners.geboren"

[[beleidsregel.verplichtingen]]
doe = "kleine-aantallen"
veld = "aantal"
waarde = "2"

[[beleidsregel.verplichtingen]]
doe = "pc4"
veld = "postcode"
"""
BOTH = {
    "woonmonitor": (
        [
            "postcode",
            "soort",
            "straat",
            "bouwjaar",
            "bewoners.persoon",
            "bewoners.geboren",
            "aantal",
        ],
        DUTIES,
    ),
    "adrescontrole": (["adres", "straat", "postcode", "soort", "vlak"], ""),
}


@dataclass
class Supplier:
    """A service with buildings, that keeps what it was asked and fails when told to.

    ``asked_then`` is what it was asked for one extract that several tests look at.
    """

    address: str
    asked: list[dict[str, str]] = field(default_factory=list)
    failing: bool = False
    asked_then: list[dict[str, str]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        """Some buildings."""
        self.asked.append(dict(request.query))
        if self.failing:
            return web.Response(status=503)
        found = [
            {
                "id": key,
                "bouwjaar": str(1900 + int(key[1:])),
                "vlak": {"type": "Point", "coordinates": [132_000.0 + int(key[1:]), 479_000.0]},
                "geheim": "niet gevraagd",
            }
            for key in request.query["id"].split(",")
            if key != "p3"
        ]
        wanted = {*request.query["fields"].split(","), "id"}
        return web.json_response(
            {"panden": [{k: v for k, v in one.items() if k in wanted} for one in found]}
        )


def write_files(folder: Path, address: str, objects: int = 40) -> None:
    """The sources and the declaration."""
    folder.mkdir(exist_ok=True)
    lines = ["id;straat;postcode;soort;pand;geheim"]
    people = []
    for n in range(objects):
        street = "weg" if n == 5 else f"s{n % 4}"
        kind = "X" if n == 7 else "WK"[n % 2]
        building = "" if n % 9 == 8 else f"p{n % 11}"
        lines.append(f"a{n};{street};13{n % 100:02}AB;{kind};{building};stil{n}")
        people += [
            {"adres": f"a{n}", "bsn": PEOPLE[k], "geboren": f"19{50 + n}-02-03"}
            for k in range(n % 4)
        ]
    (folder / "adressen.csv").write_text("\r\n".join(lines) + "\r\n", encoding="windows-1252")
    (folder / "mensen.jsonl").write_text("".join(json.dumps(each) + "\n" for each in people))
    streets = {"id": [f"s{n}" for n in range(4)], "naam": [f"Straat {n}" for n in range(4)]}
    pq.write_table(pa.table(streets), folder / "straten.parquet")  # type: ignore[no-untyped-call]  # pyarrow
    (folder / f"{NAME}.yaml").write_text(DECLARATION.format(address=address))


@dataclass
class Village:
    """All of it, with the room where extracts are made."""

    database: Any
    room: Room
    supplier: Supplier
    folder: Path

    def permitted(self, **given: Any) -> Room:
        """The room with another part of its office."""
        return replace(self.room, office=replace(self.room.office, **given))


async def adopt(database: Any) -> None:
    """Put the register of purposes in force."""
    owner = database.settings.organisation.oin.value
    text = TOP + "".join(
        REGISTER.format(purpose=name, owner=owner, fields=json.dumps(fields), more=more)
        for name, (fields, more) in BOTH.items()
    )
    register = parse_register({"doelen.toml": text}, owner)
    pool = await database.pool("purposes")
    signers = Signers(author="A. de Wit", approver="B. Jansen")
    await save_register(pool, register, signers, based_on="")


@asynccontextmanager
async def opened_village(database: Any) -> AsyncIterator[Village]:
    """The municipality, with its supplier running."""
    await adopt(database)
    supplier = Supplier(f"127.0.0.1:{free_port()}")
    app = web.Application()
    app.router.add_get("/panden", supplier.answer)
    runner = web.AppRunner(app, shutdown_timeout=1.0)
    await runner.setup()
    host, port = supplier.address.split(":")
    await web.TCPSite(runner, host, int(port)).start()
    folder = database.settings.path.parent / "bronnen"
    write_files(folder, supplier.address)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(runner.cleanup)
        room = await extract_room(database.settings, stack, "extract")
        yield Village(database, room, supplier, folder)
