# SPDX-License-Identifier: EUPL-1.2
"""The console as employees meet it: real registers, log, purposes and login provider."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import uvicorn
from aiohttp import web
from tests.console import confidential_rig
from tests.console.login_rig import TwistedProvider
from tests.portal.portal_rig import ANOTHER, LOOK, SUZANNE, Server, deps_of, fill_rooms, free_socket
from tests.portal.visiting import Visitor
from tests.registers.rig import WEESP, made_up
from tests.throwaway import Database

from landschap.cli.demo.identity_provider import Client, People, Person
from landschap.cli.where import in_dutch, read_places
from landschap.console.desk.store.book import Book
from landschap.console.pages import (
    ConsoleDeps,
    console_shape,
    is_console,
    refusal_page,
)
from landschap.console.pages import routes as console_routes
from landschap.console.pages.context import Contracts, Opens, Pseudonyms
from landschap.console.places import Places
from landschap.fsc.client import own_peer
from landschap.gateway.saying.store import Rooms as SayingRooms
from landschap.gateway.usage.store import Rooms as UsageRooms
from landschap.integration.connectors.opening import SOURCES_FOLDER, Surroundings
from landschap.logboek.store import LogWriter
from landschap.platform.desk_settings import DeskSettings
from landschap.platform.http import AppShape, make_app
from landschap.platform.identities import employee
from landschap.platform.keys import secret_key
from landschap.platform.oidc import OidcClient
from landschap.platform.oidc_settings import (
    ConsoleOidcSettings,
    EmergencySettings,
    OidcSettings,
    PortalOidcSettings,
)
from landschap.platform.portal_settings import (
    PortalApiSettings,
    PortalLimitSettings,
    PortalSettings,
)
from landschap.platform.seal_keys import SealKeys
from landschap.platform.settings import Settings
from landschap.platform.web import Site, read_static_files
from landschap.portal.pages import OwnData, PortalDeps, people_shape, routes
from landschap.portal.pages.at_desk import opener
from landschap.purposes.persons.store import said_of
from landschap.purposes.store import following
from landschap.registers import client, store
from landschap.registers.api import Deps as RegisterDeps
from landschap.registers.models import Registers

API = "https://weesp.example/mijn-gegevens/v1"
INSIGHT = "https://doelen.landschap.example/id/inzage-geven"
BURGERZAKEN = "https://doelen.landschap.example/id/gegevens-van-inwoners-bijhouden"
BIJSTAND = "https://doelen.landschap.example/id/recht-op-bijstand-vaststellen"
BUILDINGS = "https://doelen.landschap.example/id/adressen-en-gebouwen-bijhouden"
CASE = "Z-2026-00412"
CHARLES = "999990822"
SUBSTANTIAL = "http://eidas.europa.eu/LoA/substantial"
ROLES = ("medewerker-burgerzaken", "inkomensconsulent", "gegevensbeheerder", "groenbeheer")


HIDDEN_ACTIVITY = "https://register.weesp.example/activiteiten/onderzoek-naar-misbruik"

# A register of our own beside the copies of the demo, and who may change it.
MORE = f"""
[[dienst]]
naam = "proef-bijhouden"
persoonsgegevens = false
velden = ["naam", "staat"]

[[veldenset]]
id = "proef-bijhouden"
versie = 1
dienst = "proef-bijhouden"
velden = ["naam", "staat"]

[[beleidsregel]]
id = "proef-bijhouden"
versie = 1
werking = "toestaan"
doel = "{BUILDINGS}"
organisaties = ["*own"]
rollen = ["gegevensbeheerder"]
dienst = "proef-bijhouden"
handelingen = ["bijwerken-of-wijzigen"]
veldenset = "proef-bijhouden@1"
grondslagen = ["eu-gdpr:A6-1-c"]
activiteit = "https://register.weesp.example/activiteiten/adressen-en-gebouwen-bijhouden"
geldig_vanaf = 2026-01-01
uitleg = {{ nl = "Wie beheert, verbetert.", en = "Who manages, corrects." }}

[[beleidsregel]]
id = "bronbeheerder-proeft-bron"
versie = 1
werking = "toestaan"
doel = "{BIJSTAND}"
organisaties = ["*own"]
rollen = ["bronbeheerder"]
dienst = "woon-en-uitkeringssituatie"
handelingen = ["raadplegen"]
veldenset = "bijstand-bij-verhuizing@1"
historie = ["materieel"]
grondslagen = ["eu-gdpr:A6-1-e"]
activiteit = "https://register.weesp.example/activiteiten/gegevens-verstrekken-voor-bijstand"
geldig_vanaf = 2026-01-01
uitleg = {{ nl = "Wie een bron maakt, proeft haar.", en = "Who makes a source, tries it." }}

[[activiteit]]
uri = "{HIDDEN_ACTIVITY}"
versie = 1
vertrouwelijk = true
naam = {{ nl = "Onderzoek naar misbruik", en = "Investigating abuse" }}
wat = {{ nl = "geheim onderzoek", en = "secret investigation" }}
waarvoor = {{ nl = "geheim onderzoek", en = "secret investigation" }}
waarom_mag_dit = {{ nl = "geheim onderzoek", en = "secret investigation" }}
doel = "{BIJSTAND}"
grondslagen = ["participatiewet-53a"]
betrokkenen = ["inwoners"]
bewaartermijn = "P10Y"
bewaartermijn_logboek = "P5Y"
"""

_ACTIVITIES = "https://register.weesp.example/activiteiten"
CIRCLE = confidential_rig.policies({
    "medewerker-burgerzaken": (
        BURGERZAKEN,
        f"{_ACTIVITIES}/gegevens-van-inwoners-bijhouden",
        'soort_ontvanger = "overheidsorgaan"',
    ),
    "inkomensconsulent": (
        BIJSTAND,
        f"{_ACTIVITIES}/aanvraag-bijstand-behandelen",
        """soort_ontvanger = "overheidsorgaan"
verplichtingen = [
  { doe = "pseudonimiseren", veld = "bsn" },
  { doe = "geboortejaar", veld = "geboren" },
  { doe = "pc4", veld = "postcode" },
  { doe = "afronden", veld = "inkomen", waarde = "1000" },
  { doe = "maskeren", veld = "naam" },
  { doe = "melden" },
]""",
    ),
    "gegevensbeheerder": (
        BUILDINGS,
        f"{_ACTIVITIES}/adressen-en-gebouwen-bijhouden",
        'soort_ontvanger = "derde"',
    ),
})  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Console:
    """A console that is being served, beside a portal."""

    address: str
    deps: ConsoleDeps
    portal: PortalDeps
    database: Database
    provider: TwistedProvider

    async def visit(self, sub: str = "burgerzaken", purpose: str = "", case: str = CASE) -> Visitor:
        """An employee who has logged in, and chosen a purpose when one is given."""
        visitor = Visitor(portal=self.address)
        await visitor.log_in(sub, "/console/inloggen")
        if purpose:
            await self.choose(visitor, purpose, case)
        return visitor

    async def choose(self, visitor: Visitor, purpose: str, case: str = CASE) -> Any:
        """Choose a purpose and a case by form; gives the answer."""
        page = await visitor.get("/console/doel")
        form = {"token": visitor.token(page), "doel": purpose, "zaak": case}
        return await visitor.post("/console/doel", form)


def employees(address: str) -> People:
    """Who the municipality's own provider knows."""
    return People(
        clients={
            "console": Client(
                redirect_uris=(f"{address}/console/inloggen/terug",), kind="employee"
            ),
            "mijn-gegevens": Client(redirect_uris=(f"{address}/inloggen/terug",), kind="resident"),
        },
        persons=(
            _person("burgerzaken", "M. de Wit", "medewerker-burgerzaken", acr=SUBSTANTIAL),
            _person("consulent", "K. Vermeer", "inkomensconsulent", acr=SUBSTANTIAL),
            _person("beheerder", "J. van Dijk", "gegevensbeheerder", acr=SUBSTANTIAL),
            _person("groen", "P. Bos", "groenbeheer", acr=SUBSTANTIAL),
            _person("bronnen", "S. Roos", "bronbeheerder", acr=SUBSTANTIAL),
            _person("app", "A. App", "medewerker-burgerzaken", amr=["pwd", "mfa"]),
            _person("wachtwoord", "W. Woord", "medewerker-burgerzaken", amr=["pwd"]),
            _person("hovenier", "H. Venier", "hovenier", acr=SUBSTANTIAL),
            _person("piket", "P. Iket", "piketdienst", acr=SUBSTANTIAL),
            _person("contract", "C. Tract", "contractbeheerder", acr=SUBSTANTIAL),
            _person(
                "uitgever",
                "U. Gever",
                "gegevensbeheerder",
                roles=["gegevensbeheerder", "contractbeheerder"],
                acr=SUBSTANTIAL,
            ),
            _person("fg", "F. Groen", "privacy-officer", acr=SUBSTANTIAL),
            _person("fg2", "G. Rood", "privacy-officer", acr=SUBSTANTIAL),
            _person("balie", "B. Alie", "baliemedewerker", acr=SUBSTANTIAL, bsn=CHARLES),
            _person("balie2", "L. Oket", "baliemedewerker", acr=SUBSTANTIAL),
            _person("balie3", "T. Oonbank", "baliemedewerker", acr=SUBSTANTIAL),
            _resident("burger-1", "Suzanne Moulin", SUZANNE),
            _resident("burger-2", "Anna Maria Petra Wesseling", ANOTHER),
        ),
    )


def _person(sub: str, name: str, role: str, **claims: Any) -> Person:
    return Person(sub=sub, name=name, kind="employee", claims={"roles": [role], **claims})


def _resident(sub: str, name: str, bsn: str) -> Person:
    return Person(sub=sub, name=name, kind="resident", claims={"acr": SUBSTANTIAL, "bsn": bsn})


@asynccontextmanager
async def served_console(
    database: Database, *, bare: bool = False, registers: Registers | None = None,
    reaches: Callable[[str], Awaitable[bool]] | None = None,
) -> AsyncIterator[Console]:  # fmt: skip
    """A console that is served until the block ends, with the demo's registers.

    ``bare``: on what the database holds already, with ``registers`` or none. ``reaches`` says who
    can be told of a correction.
    """
    own, login = free_socket(), free_socket()
    address = f"http://weesp.localhost:{own.getsockname()[1]}"
    issuer = f"http://login.localhost:{login.getsockname()[1]}"
    known = TwistedProvider(issuer=issuer, people=employees(address))
    provider = web.AppRunner(known.app())
    await provider.setup()
    await web.SockSite(provider, login).start()
    settings = settings_with(database.settings, address, issuer)
    if bare:
        # A desk finds persons in a register of the demo.
        settings = replace(settings, desk=None)
    else:
        await fill_rooms(database, {"proef.toml": MORE, "kring.toml": CIRCLE})
    writer = LogWriter(settings, "web", wait_seconds=40)
    await writer.start()
    deps = await console_deps(database, settings, writer, bare=bare)
    if registers is not None:
        deps = replace(deps, registers=replace(deps.registers, registers=registers))
    deps = replace(deps, reaches=reaches)
    mine = OwnData(
        registers=deps.registers,
        snapshot=deps.snapshot,
        purpose=INSIGHT,
        evidence_keys=deps.evidence_keys,
    )
    book = Book(await database.pool("console"), issuer)
    portal = replace(await deps_of(database, settings, writer), own=mine, desk=book)
    server = Server(
        uvicorn.Config(
            app_of(portal, deps),
            ws="none",
            log_config=None,
            timeout_graceful_shutdown=10,
            access_log=False,
        )
    )
    task = asyncio.create_task(server.serve(sockets=[own]))
    try:
        yield Console(address=address, deps=deps, portal=portal, database=database, provider=known)
    finally:
        server.should_exit = True
        await task
        await writer.close()
        await provider.cleanup()


def app_of(portal: PortalDeps, deps: ConsoleDeps) -> Any:
    """The application for people, as the process composes it."""
    shape = people_shape(portal)

    def render(refusal: Any, request: Any) -> Any:
        if is_console(request.url.path):
            return refusal_page(deps, refusal, request)
        return shape.render(refusal, request)

    made: AppShape = replace(shape, render=render)
    return make_app([*routes(portal), *console_routes(deps)], made)


def settings_with(settings: Settings, address: str, issuer: str) -> Settings:
    """The throw-away organisation with a console, a portal and a provider for both."""
    return replace(
        settings,
        addresses=replace(settings.addresses, web=address),
        oidc=OidcSettings(
            portal=PortalOidcSettings(issuer=issuer, client_id="mijn-gegevens"),
            employees=None,
            console=ConsoleOidcSettings(
                issuer=issuer,
                client_id="console",
                roles=ROLES,
                register_officers=("privacy-officer",),
                contract_officers=("contractbeheerder",),
                log_officers=("privacy-officer",),
                api_officers=("gegevensbeheerder",),
                source_officers=("gegevensbeheerder", "bronbeheerder"),
                access_activity="https://register.weesp.example/activiteiten/inzageverzoeken-beantwoorden",
                emergency=EmergencySettings(
                    roles=("inkomensconsulent", "medewerker-burgerzaken"),
                    officers=("privacy-officer",),
                    who=("piketdienst", "gegevensbeheerder", "privacy-officer"),
                ),
            ),
        ),
        organisation=replace(settings.organisation, contact={"telephone": "14 0294"}),
        portal=PortalSettings(
            look_activity=LOOK,
            own_purpose=INSIGHT,
            api=PortalApiSettings(audience=API),
            # A walk over all addresses asks for more numbers that are not there than a person.
            limits=PortalLimitSettings(session_per_minute=100_000, numbers_per_minute=100_000),
        ),
        desk=DeskSettings(roles=("baliemedewerker",), purpose=INSIGHT, persons="inwoners.inwoner"),
    )


async def _registers(database: Database) -> Registers:
    """The demo's registers, filled."""
    models = client.read_models(WEESP / "registers")
    own = made_up()
    circle = confidential_rig.circle()
    registers = Registers({**models.by_name, own.name: own, circle.name: circle})
    await store.prepare(await database.pool("registers"), own)
    pool = await database.pool("registers")
    for name, path in (
        ("bag", WEESP / "gegevens" / "bag"),
        ("inwoners", WEESP / "gegevens" / "inwoners.jsonl"),
        ("uitkeringen", WEESP / "gegevens" / "uitkeringen.jsonl"),
        ("postadressen", WEESP / "gegevens" / "postadressen.jsonl"),
    ):
        register = registers.by_name[name]
        await store.prepare(pool, register)
        async for _ in store.load(pool, register, client.read_extract(register, path)):
            pass
    await confidential_rig.fill(pool, circle)
    return registers


async def console_deps(
    database: Database, settings: Settings, writer: LogWriter, *, bare: bool = False
) -> ConsoleDeps:
    """What the console needs, of this database; its registers are filled."""
    registers = Registers({}) if bare else await _registers(database)
    static = read_static_files()
    assert settings.oidc.console is not None
    return ConsoleDeps(
        settings=settings,
        site=Site(settings, static, console_shape(settings, "0.1.0")),
        pool=await database.pool("console"),
        purposes=await database.pool("purposes"),
        registers=RegisterDeps(
            registers=registers,
            pool=await database.pool("registers"),
            log=writer,
            controller=settings.organisation.oin,
            permit_key=secret_key(settings, "permit"),
            pseudonym_key=secret_key(settings, "pseudonym"),
            persons=partial(said_of, await database.pool("purposes")),
        ),
        places=Places(every=read_places(), dutch=in_dutch()),
        hearing=SayingRooms(
            gateway=await database.pool("gateway"), purposes=await database.pool("purposes")
        ),
        request_keys=SealKeys(settings, "request"),
        evidence_keys=SealKeys(settings, "evidence"),
        sources=await _sources(database, registers),
        snapshot=await following(await database.pool("purposes")),
        usage=UsageRooms(
            log=await database.pool("logboek"),
            purposes=await database.pool("purposes"),
            fsc=await database.pool("fsc"),
        ),
        session_key=secret_key(settings, "session"),
        pseudonyms=Pseudonyms(
            keys={1: secret_key(settings, "pseudonym")},
            space="https://weesp.example/register/pseudoniem",
            version="0.1.0",
        ),
        contracts=Contracts(
            pool=await database.pool("fsc"), own=partial(own_peer, database.settings)
        ),
        opens=None if bare else await opens_at_desk(database, settings),
        oidc=OidcClient(
            settings.oidc.console,
            redirect_uri=f"{address_of(settings)}/console/inloggen/terug",
            hosts={},
            identify=employee(settings.oidc.console, settings.desk),
        ),
    )


async def opens_at_desk(database: Database, settings: Settings) -> Opens | None:
    """How a session of the portal begins for the person of a visit; None without a desk."""
    if settings.desk is None:
        return None
    pool = await database.pool("portal")
    begin = opener(pool, secret_key(settings, "session"), settings.desk.level)
    return lambda at, whom, since: begin(at, whom.bsn, whom.name, since)


async def _sources(database: Database, registers: Registers) -> Surroundings:
    """A folder of declarations of its own, for tests to write in."""
    folder = database.settings.path.parent / SOURCES_FOLDER
    folder.mkdir(exist_ok=True)
    for file in (WEESP / SOURCES_FOLDER).glob("*.yaml"):
        (folder / file.name).write_text(file.read_text())
    return Surroundings(
        pool=await database.pool("registers"),
        registers=registers,
        folder=folder,
        snapshots=folder / "momentopnamen",
    )


def address_of(settings: Settings) -> str:
    """The site's own address."""
    return settings.addresses.web
