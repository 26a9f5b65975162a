# SPDX-License-Identifier: EUPL-1.2
"""A logical source of two sources, of which the second, of any kind, is made to fail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aiohttp import web
from tests.integration import fault_rig as rig
from tests.integration.source_rig import DATA, SUZANNE, WEESP

from landschap.integration.connectors.fanout import Occasion, collect
from landschap.integration.connectors.opening import (
    Surroundings,
    client_session,
    close_doors,
    open_doors,
)
from landschap.integration.declaration import parse_declaration
from landschap.integration.merge import Merged, merge
from landschap.integration.plan import make_plan
from landschap.integration.rows import Connector, Moment
from landschap.platform import postgres
from landschap.platform.settings import PostgresSettings
from landschap.registers.client import read_extract, read_models
from landschap.registers.models import Registers
from landschap.registers.store import load

TEMPLATE = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:p="urn:proef">'
    "<s:Body><p:vraag>{sleutel}</p:vraag></s:Body></s:Envelope>"
)
NAMES = {"naam": "Moulin", "jaar": "1985"}
DAY = date(2021, 3, 1)
SLOW_MS = 150
PATIENT_MS = 40_000


def envelope(inner: str) -> bytes:
    return (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:p="urn:proef"'
        f' xmlns:t="http://www.egem.nl/StUF/StUF0301"><s:Body>{inner}</s:Body></s:Envelope>'
    ).encode()


def in_json(_request: web.Request | None = None, **values: Any) -> web.Response:
    record = {"bsn": SUZANNE, **NAMES, **values}
    return web.json_response({"personen": [{k: v for k, v in record.items() if v is not ...}]})


def in_xml(_request: web.Request | None = None, more: str = "", **values: Any) -> web.Response:
    record = {"bsn": SUZANNE, **NAMES, **values}
    cells = "".join(f"<p:{k}>{v}</p:{k}>" for k, v in record.items() if v is not ...)
    body = envelope(f"<p:antwoord>{more}<p:persoon>{cells}</p:persoon></p:antwoord>")
    return web.Response(body=body, content_type="text/xml")


@dataclass
class Place:
    """What all sources stand on, and the one that fails."""

    folder: Path
    wire: rig.Wire
    owner: Any
    database: Any
    registers: Registers
    service: rig.Service = field(init=False)
    pool: Any = None


REST = """    soort: rest
    url: {scheme}://bron.test/personen?bsn={{bsn}}
    records: personen
    volledig: true
    volgende: volgende
    bladzijden: 5
    tls: {{vertrouwt: ca.pem}}
"""
SOURCES = {
    "REST": REST,
    "FSC service": REST + "    outway: {{contract: woz}}\n",
    "SOAP": """    soort: soap
    url: {scheme}://bron.test/soap
    vraag: vraag.xml
    naamruimten: {{p: "urn:proef"}}
    records: "//p:persoon"
    kolommen: {{bsn: "p:bsn", naam: "p:naam", jaar: "p:jaar"}}
    volledig: true
    tls: {{vertrouwt: ca.pem}}
""",
    "file": """    soort: bestand
    pad: personen.csv
    vorm: csv
    csv: {{scheiding: ";", aanhaling: '"', codering: utf-8}}
""",
    "database": "    soort: database\n    verbinding: bron.dsn\n    tabel: bron.personen\n",
    "own register": "    soort: register\n    register: inwoners\n    objecttype: inwoner\n",
}
DECLARED = """\
logische_bron: proef
versie: 1.0.0
sleutel: id
bronnen:
  adressen:
    soort: bestand
    pad: adressen.csv
    vorm: csv
    csv: {{scheiding: ";", aanhaling: '"', codering: utf-8}}
    sleutels: [id]
    timeout_ms: 40000
    bronhouder: A
  bron:
{source}    sleutels: [{key}]
    timeout_ms: {timeout}
    bronhouder: B
wortel: {{bron: adressen, op: id}}
koppelingen:
  - {{naam: bron, van: adressen.bsn, naar: bron.{key}, aantal: een}}
velden:
  straat: {{uit: [adressen.straat]}}
{fields}tijdbudget_ms: 50000
"""
FIELDS = "  naam: {uit: [bron.naam]}\n  jaar: {uit: [bron.jaar], zet_om: [geheel_getal]}\n"
WHOLE = {"straat": "Hoogstraat", "naam": "Moulin", "jaar": 1985}


@dataclass
class Subject:
    """One logical source whose second source is of one kind, and is made to fail."""

    kind: str
    place: Place
    doors: dict[str, Connector]
    declaration: Any

    async def ask(self) -> Merged:
        """One answer, as a question gets it."""
        plan = make_plan(self.declaration, set(self.declaration.fields))
        moment = Moment(valid_on=DAY, known_at=datetime.now(UTC), today=True, now=True)
        async with asyncio.timeout(rig.LIMIT_SECONDS):
            return merge(plan, await collect(plan, "a1", Occasion(moment=moment), self.doors))

    async def reason(self) -> str:
        """Why the source is absent; the other source must be there whole."""
        got = await self.ask()
        (record,) = got.records
        assert record["straat"] == "Hoogstraat"
        assert not [gap for gap in got.gaps if gap.source != "bron"]
        return "+".join(sorted({gap.reason.value for gap in got.gaps}))

    async def recovered(self) -> None:
        """It answers whole again, within the limit."""
        async with asyncio.timeout(rig.LIMIT_SECONDS):
            while (await self.ask()).gaps:  # noqa: ASYNC110  # nobody tells when it is well
                await asyncio.sleep(0.05)
        (record,) = (await self.ask()).records
        assert record == {name: WHOLE[name] for name in self.declaration.fields}


@asynccontextmanager
async def subject(kind: str, place: Place, fault: str) -> AsyncIterator[Subject]:
    """The logical source with its doors open, and everything behind it running."""
    own = kind == "own register"
    secure = fault == "certificate expired"
    source = SOURCES[kind].format(scheme="https" if secure else "http")
    if kind == "database" and secure:
        source = source.replace("bron.dsn", "tls.dsn")
    declaration = parse_declaration(
        DECLARED.format(
            source=source,
            key="burgerservicenummer" if own else "bsn",
            timeout=SLOW_MS if fault == "slow" else PATIENT_MS,
            fields="  naam: {uit: [bron.naam.geslachtsnaam]}\n" if own else FIELDS,
        ),
        "proef.yaml",
    )
    place.service = rig.Service(in_xml if kind == "SOAP" else in_json)
    place.wire.way, place.wire.tls = "well", None
    if secure:
        place.service.tls = rig.server_context(place.folder, "expired")
        place.wire.tls = rig.server_context(place.folder, "expired")
    hosts = {"bron.test": f"127.0.0.1:{place.service.port}"}
    session = client_session(hosts)
    async with rig.listening(place.service, place.wire):
        if own:
            place.pool = await through(place)
        around = Surroundings(
            pool=place.pool, registers=place.registers, session=session, hosts=hosts,
            secrets=place.folder, folder=place.folder, snapshots=place.folder / "momentopnamen",
        )  # fmt: skip
        doors = open_doors(declaration, around)
        try:
            yield Subject(kind, place, doors, declaration)
        finally:
            await close_doors(doors)
            await session.close()
            if own:
                place.pool.terminate()


async def through(place: Place) -> Any:
    """The pool of our own registers, by way of the wire."""
    dsn = (place.folder / "bron.dsn").read_text()
    settings = replace(place.database.settings, postgres=PostgresSettings(dsn=dsn))
    return await postgres.pool(settings, "registers", size=2)


@asynccontextmanager
async def all_of(database: Any, folder: Path) -> AsyncIterator[Place]:
    """A database behind a wire, one register in it, and certificates."""
    rig.write_certificates(folder)
    (folder / "vraag.xml").write_text(TEMPLATE)
    (folder / "adressen.csv").write_text(f"id;straat;bsn\na1;Hoogstraat;{SUZANNE}\n")
    settings = database.settings
    at = urlsplit(settings.postgres.dsn)
    (socket,) = parse_qs(at.query)["host"]
    wire = rig.Wire(Path(socket) / ".s.PGSQL.5432")
    there = f"{at.username}:{at.password}@127.0.0.1:{wire.port}{at.path}"
    (folder / "bron.dsn").write_text(f"postgresql://{there}")
    (folder / "tls.dsn").write_text(f"postgresql://{there}?ssl=verify-full")
    owner = await database.administrator()
    await owner.execute("CREATE SCHEMA bron")
    registers = read_models(WEESP / "registers")
    pool = await database.pool("registers")
    register = registers.by_name["inwoners"]
    async for _ in load(pool, register, read_extract(register, DATA / "inwoners.jsonl")):
        pass
    yield Place(folder, wire, owner, database, registers)
    await owner.execute("DROP SCHEMA bron CASCADE")
    await owner.close()
