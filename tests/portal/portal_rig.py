# SPDX-License-Identifier: EUPL-1.2
"""The portal as people meet it: served on loopback, real log, real register, real login provider."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any, Literal
from uuid import UUID

import uvicorn
from aiohttp import web
from tests.gateway.gateway_rig import Anchor
from tests.gateway.gateway_scene import own_peer_of
from tests.throwaway import Database

from landschap.cli.demo.identity_provider import Client, People, Person, Provider
from landschap.fsc.store import Peer, save_peer
from landschap.gateway.saying.proof import Controller
from landschap.gateway.saying.store import Rooms
from landschap.logboek.drafts import line_draft
from landschap.logboek.payloads import LineEntry, Outcome
from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.logboek.records import Draft
from landschap.logboek.store import LogWriter
from landschap.platform.http import make_app
from landschap.platform.identities import resident
from landschap.platform.ids import new_span_id, new_trace_id
from landschap.platform.keys import secret_key
from landschap.platform.oidc import OidcClient
from landschap.platform.oidc_settings import OidcSettings, PortalOidcSettings
from landschap.platform.seal_keys import SealKeys
from landschap.platform.settings import Settings
from landschap.platform.web import Site, read_static_files
from landschap.portal.pages import Control, OwnData, PortalDeps, people_shape, portal_shape, routes
from landschap.purposes.files import parse_register
from landschap.purposes.store import Signers, following, save_register
from landschap.registers.api import Deps as RegisterDeps
from landschap.registers.models import Registers
from landschap.vocabulary.identifiers import PeerId

SUZANNE = "999993653"
ANOTHER = "999990196"
PARENT = "999991905"
COMPANY = "69599084"
DOESBURG = "00000099000000003000"
UNKNOWN_PEER = "00000099000000007000"
SUPPLY = "https://register.weesp.example/activiteiten/gegevens-verstrekken-voor-bijstand"
LOOK = "https://register.weesp.example/activiteiten/inzage-in-gebruik"
PURPOSE = "https://doelen.landschap.example/id/recht-op-bijstand-vaststellen"
SUBSTANTIAL = "http://eidas.europa.eu/LoA/substantial"
MANDATES = [
    {
        "bsn": ANOTHER, "name": "Anna Maria Petra Wesseling", "jti": "M-2026-17",
        "iss": "https://machtigen.example", "services": ["logboek-inzage"], "exp": 4_102_444_800,
    },
    {
        "bsn": SUZANNE, "name": "Suzanne Moulin", "jti": "M-2026-18",
        "iss": "https://machtigen.example", "services": ["vergunningen"],
    },
    {
        "bsn": SUZANNE, "name": "Suzanne Moulin", "jti": "M-2025-3",
        "iss": "https://machtigen.example", "services": ["logboek-inzage"], "exp": 1_600_000_000,
    },
]  # fmt: skip
"""Whom the parent may act for: one who is covered, one for another service, one that has ended."""


@dataclass(frozen=True, kw_only=True)
class Deed:
    """One use to be written: what differs between the lines of the tests."""

    ago: timedelta = timedelta(minutes=5)
    outcome: Outcome = Outcome.DELIVERED
    peer: str | None = DOESBURG
    delegator: str | None = None
    direction: Literal["own", "incoming", "outgoing"] = "incoming"
    case: str | None = "Z-2026-00412"
    activity: str = SUPPLY
    groups: tuple[str, ...] = ("Adres", "Uitkering")
    bsn: str = SUZANNE
    grant_hash: str | None = None
    transaction_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class Portal:
    """A portal that is being served."""

    address: str
    deps: PortalDeps
    database: Database

    async def write(self, deed: Deed) -> UUID:
        """Write one line of the log as a service of ours does; returns its identifier."""
        return (await self.deps.writer.append([draft_of(self.deps, deed)]))[0]


def draft_of(deps: PortalDeps, deed: Deed, *, key: bytes | None = None) -> Draft:
    """The line of a deed."""
    now = datetime.now(UTC)
    at = now - deed.ago
    oin = deps.settings.organisation.oin
    entry = LineEntry(
        trace_id=new_trace_id(),
        span_id=new_span_id(),
        name="Woon- en uitkeringssituatie opvragen",
        started_at=at,
        ended_at=at,
        controller=oin.value,
        outcome=deed.outcome,
        system="woon-en-uitkeringssituatie/1.0.0",
        activity=deed.activity,
        subject=subject_pseudonym(key or deps.pseudonym_keys[1], oin, "bsn", deed.bsn),
        subject_type=f"{deps.pseudonym_space}/bsn/1",
        key_id=1,
        direction=deed.direction,
        peer=deed.peer,
        delegator=deed.delegator,
        purpose=PURPOSE,
        processing_id=deed.case,
        data_groups=deed.groups,
        grant_hash=deed.grant_hash,
        transaction_id=deed.transaction_id,
    )
    return line_draft(entry, now=now)


def free_socket() -> socket.socket:
    """A listening socket on a free port of loopback."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("127.0.0.1", 0))
    made.listen(64)
    return made


def people(portal: str) -> People:
    """Who the login provider knows: two residents, one with a weak login, one without a number."""
    return People(
        clients={
            "mijn-gegevens": Client(redirect_uris=(f"{portal}/inloggen/terug",), kind="resident")
        },
        persons=(
            _person("burger-1", "Suzanne Moulin", bsn=SUZANNE),
            _person("burger-2", "Anna Maria Petra Wesseling", bsn=ANOTHER),
            _person("zwak", "Iemand met alleen een wachtwoord", bsn=ANOTHER, acr="low"),
            _person("zonder-nummer", "Iemand zonder nummer"),
            _person("gemachtigde", "Ouder van Anna", bsn=PARENT, represents=MANDATES),
            _company("onderneming"),
            _company("zonder-machtiging", services=["belastingen"]),
            _company("voorbij", mandate_until=1_600_000_000),
            _company("zwak-bedrijf", acr="urn:etoegang:core:assurance-class:loa2"),
            _company("alleen-handelende", kvk=None),
        ),
    )


def _person(sub: str, name: str, *, bsn: str = "", acr: str = "substantial", **more: Any) -> Person:
    claims = {"acr": f"http://eidas.europa.eu/LoA/{acr}", **({"bsn": bsn} if bsn else {}), **more}
    return Person(sub=sub, name=name, kind="resident", claims=claims)


def _company(sub: str, **changed: Any) -> Person:
    """Who acts for a company of the trade register's test data, as eHerkenning tells it."""
    told = {
        "acr": "urn:etoegang:core:assurance-class:loa3", "kvk": COMPANY,
        "acting_subject": "2f8a1c0d9e7b4a63@eherkenning.example",
        "company_name": "Test EMZ Dagobert", "services": ["mijn-gegevens"], "mandate": "EH-2026-4",
        "bsn": SUZANNE, **changed,
    }  # fmt: skip
    claims = {name: value for name, value in told.items() if value is not None}
    return Person(sub=sub, name="Handelende persoon", kind="resident", claims=claims)


class Server(uvicorn.Server):
    """A server that leaves signals to the test run."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


@asynccontextmanager
async def served_portal(
    database: Database, more: Mapping[str, str] | None = None, registers: Registers | None = None
) -> AsyncIterator[Portal]:
    """A portal that is served until the block ends.

    ``more`` are further files of the register of purposes; with ``registers`` people see their own.
    """
    own, login = free_socket(), free_socket()
    address = f"http://weesp.localhost:{own.getsockname()[1]}"
    issuer = f"http://login.localhost:{login.getsockname()[1]}"
    provider = web.AppRunner(Provider(issuer=issuer, people=people(address)).app())
    await provider.setup()
    await web.SockSite(provider, login).start()
    settings = settings_with(database.settings, address, issuer)
    await fill_rooms(database, more)
    writer = LogWriter(settings, "web", wait_seconds=40)
    await writer.start()
    deps = await deps_of(database, settings, writer)
    if registers is not None:
        deps = replace(deps, own=await _own(database, settings, writer, registers))
    app = make_app(routes(deps), people_shape(deps))
    config = uvicorn.Config(
        app, ws="none", log_config=None, timeout_graceful_shutdown=10, access_log=False
    )
    server = Server(config)
    task = asyncio.create_task(server.serve(sockets=[own]))
    try:
        yield Portal(address=address, deps=deps, database=database)
    finally:
        server.should_exit = True
        await task
        await writer.close()
        await provider.cleanup()


async def _own(
    database: Database, settings: Settings, writer: LogWriter, registers: Registers
) -> OwnData:
    purposes = await database.pool("purposes")
    return OwnData(
        registers=RegisterDeps(
            registers=registers,
            pool=await database.pool("registers"),
            log=writer,
            controller=settings.organisation.oin,
            permit_key=secret_key(settings, "permit"),
            pseudonym_key=secret_key(settings, "pseudonym"),
        ),
        snapshot=await following(purposes),
        purpose="https://doelen.landschap.example/id/inzage-geven",
    )


def settings_with(settings: Settings, address: str, issuer: str) -> Settings:
    """The throw-away organisation with pages and a login provider."""
    portal = PortalOidcSettings(issuer=issuer, client_id="mijn-gegevens", client_secret=None)
    return replace(
        settings,
        addresses=replace(settings.addresses, web=address),
        oidc=OidcSettings(portal=portal, employees=None),
        organisation=replace(
            settings.organisation,
            contact={"telephone": "14 0294", "email": "privacy@proefdorp.example"},
        ),
    )


async def deps_of(database: Database, settings: Settings, writer: LogWriter) -> PortalDeps:
    """What the portal needs, of this database."""
    static = read_static_files()
    assert settings.oidc.portal is not None
    return PortalDeps(
        settings=settings,
        site=Site(settings, static, portal_shape(settings, "0.1.0")),
        static=static,
        version="0.1.0",
        portal_pool=await database.pool("portal"),
        log_pool=await database.pool("logboek"),
        purposes_pool=await database.pool("purposes"),
        fsc_pool=await database.pool("fsc"),
        writer=writer,
        session_key=secret_key(settings, "session"),
        pseudonym_keys={1: secret_key(settings, "pseudonym")},
        look_activity=LOOK,
        control=await control_of(database, settings),
        oidc=OidcClient(
            settings.oidc.portal,
            redirect_uri=f"{settings.addresses.web}/inloggen/terug",
            hosts={},
            identify=resident(settings.oidc.portal),
        ),
    )


async def control_of(database: Database, settings: Settings) -> Control:
    """What hearing a person needs, with a certificate of this organisation; no others."""
    oin = settings.organisation.oin.value
    anchor = Anchor(settings.paths.secrets / "anker", "anker")
    leaf = anchor.leaf("portaal", oin, "Gemeente Proefdorp", "manager.proefdorp.test")
    own = own_peer_of(leaf, anchor, "https://inway.proefdorp.test:8443")
    return Control(
        rooms=Rooms(
            gateway=await database.pool("gateway"), purposes=await database.pool("purposes")
        ),
        own=lambda: own,
        by=Controller(number=oin, name="Gemeente Proefdorp", address=settings.addresses.web),
        seal_keys=SealKeys(settings, "request"),
    )


async def fill_rooms(database: Database, more: Mapping[str, str] | None = None) -> None:
    """The demo's register of processing activities, in force for a year; a peer with a name.

    ``more`` are further files of that register.
    """
    folder = files("landschap.cli.demo") / "data" / "weesp" / "doelbinding"
    sources = {
        each.name: each.read_text() for each in folder.iterdir() if each.name.endswith(".toml")
    } | dict(more or {})
    register = parse_register(sources, database.settings.organisation.oin.value)
    signers = Signers(author="Anna", approver="Bert")
    await save_register(await database.pool("purposes"), register, signers, based_on="")
    connection = await database.administrator()
    # The register is older than the uses of a test, as registers are.
    await connection.execute(
        "UPDATE purposes.activity_state SET since = since - interval '400 days'"
    )
    await connection.close()
    doesburg = Peer(
        peer_id=PeerId.parse(DOESBURG),
        name="Gemeente Doesburg",
        manager_address=None,
        announced_at=None,
        seen_at=datetime.now(UTC),
    )
    await save_peer(await database.pool("fsc"), doesburg)
