# SPDX-License-Identifier: EUPL-1.2
"""Doesburg's portal asks Weesp's log, and that of an organisation that is down; all of it runs.

Between them everything is real: the portal's application, Doesburg's Outway, mutual TLS, Weesp's
Inway, the Permit, the service and both logs. Weesp can be held back, to be slow.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import aiohttp
import httpx
import uvicorn
from tests.gateway.gateway_rig import Anchor
from tests.gateway.gateway_scene import (
    ASSISTANCE,
    DOESBURG,
    SINCE,
    WEESP,
    own_peer_of,
    register,
    text,
)
from tests.gateway.pair_rig import Pair, Side, conclude, contract_content, place, want_tokens
from tests.portal.portal_rig import SUBSTANTIAL
from tests.registers.notice_rig import until

from landschap.fsc import store as fsc_store
from landschap.fsc.certificates import PeerCertificate
from landschap.fsc.contracts import read_contract
from landschap.fsc.hashes import Profile
from landschap.fsc.own import OwnPeer
from landschap.fsc.states import Kind
from landschap.gateway import store
from landschap.gateway.insight.api import InsightDeps, routes
from landschap.gateway.insight.client import Insight
from landschap.gateway.insight.store import Book
from landschap.gateway.services import Service
from landschap.gateway.usage.store import Rooms
from landschap.logboek.drafts import line_draft
from landschap.logboek.ingest import Keys
from landschap.logboek.payloads import LineEntry, Outcome
from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.logboek.records import Record
from landschap.logboek.store import LogWriter, uses_of
from landschap.platform import postgres
from landschap.platform.http import AppShape, make_app
from landschap.platform.ids import new_span_id, new_trace_id
from landschap.platform.keys import secret_key
from landschap.platform.sockets import app_socket, listening
from landschap.platform.web import Site, read_static_files
from landschap.platform.web.sessions import begin_session
from landschap.portal.known import Known
from landschap.portal.pages import PortalDeps, people_shape, portal_shape
from landschap.portal.pages import routes as portal_routes
from landschap.purposes.model import Effect, FieldSet, OfferedService, Policy, Register
from landschap.purposes.store import current_snapshot
from landschap.registers.describing import About
from landschap.vocabulary.identifiers import PeerId
from landschap.vocabulary.mandates import Mandate
from landschap.vocabulary.problems import Refusal

DEAD = "00000099000000007000"
SUZANNE = "999993653"
ANOTHER = "999990196"
LOOK = {WEESP: "https://weesp.example/a/inzage", DOESBURG: "https://doesburg.example/a/inzage"}
WORK = {WEESP: "https://weesp.example/a/werk", DOESBURG: "https://doesburg.example/a/werk"}
SECRET = "https://weesp.example/a/geheim"
_SPACE = "https://proefdorp.test/register/pseudoniem"
INSIGHT = Service(
    name="logboek-inzage",
    upstream="landschap",
    recording="self",
    declaration="signed",
    methods={"POST": "raadplegen"},
)


def agreed(owner: str) -> Register:
    """The register of either: Weesp offers its log to the portal of Doesburg."""
    made = register(owner)
    model = made.activities[0]
    ours = [replace(model, uri=uri, name=text(uri)) for uri in (LOOK[owner], WORK[owner])]
    secret = [replace(model, uri=SECRET, confidential=True)] if owner == WEESP else []
    place_of: Any = {"provider": WEESP, "service": INSIGHT.name}
    number = ("burgerservicenummer",)
    fields: Any = {"fields": (*number, "gebruik"), "searchable": number}
    dead: Any = {**place_of, "provider": DEAD}
    sets = [FieldSet(id="inzage", version=1, **fields, **place_of)]
    if owner == DOESBURG:
        sets.append(FieldSet(id="inzage-dood", version=1, **fields, **dead))
    given: Any = {
        "version": 1, "effect": Effect.PERMIT, "purpose": ASSISTANCE, "actions": ("raadplegen",),
        "valid": SINCE, "explanation": text("waarom"), "legal_bases": made.policies[0].legal_bases,
        "activity": LOOK[owner], "organisations": ("*own",) if owner == DOESBURG else (DOESBURG,),
    }  # fmt: skip
    return dataclasses.replace(
        made,
        activities=(*made.activities, *ours, *secret),
        services=(
            *made.services,
            *(
                OfferedService(provider=each.provider, name=INSIGHT.name, personal=True, **fields)
                for each in sets
            ),
        ),
        field_sets=(*made.field_sets, *sets),
        policies=(
            *(replace(each, roles=()) for each in made.policies),
            *(
                Policy(
                    id=f"POL-{each.id}",
                    provider=each.provider,
                    service=INSIGHT.name,
                    field_set=each.key,
                    **given,
                )
                for each in sets
            ),
        ),
    )


@dataclass(kw_only=True)
class Gate:
    """Holds questions to Weesp back: all of them while it is not free, or the next one for ever."""

    free: asyncio.Event = field(default_factory=asyncio.Event)
    holds_next: bool = False
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    async def passed(self) -> None:
        """Returns when a question may go on."""
        if self.holds_next:
            self.holds_next = False
            await self.closing.wait()
        await self.free.wait()


@dataclass(kw_only=True)
class Asking:
    """What runs: Doesburg's portal, Weesp's service, both logs."""

    pair: Pair
    deps: PortalDeps
    portal: httpx.AsyncClient
    service: InsightDeps
    outway: str
    writers: dict[str, LogWriter]
    pools: dict[str, Any]
    gate: Gate

    @property
    def free(self) -> asyncio.Event:
        """Weesp answers while this is set."""
        return self.gate.free

    @property
    def insight(self) -> Insight:
        """Doesburg's voice to the others."""
        assert self.deps.insight is not None
        return self.deps.insight

    async def session(
        self, bsn: str = SUZANNE, mandates: tuple[Mandate, ...] = (), acting_for: str = ""
    ) -> dict[str, str]:
        """The cookie of a person who just logged in."""
        known = Known(
            bsn=bsn, name="Suzanne Moulin" if bsn == SUZANNE else "Iemand", level=SUBSTANTIAL,
            authenticated_at=int(datetime.now(UTC).timestamp()) - 60, id_token="",
            mandates=mandates, acting_for=acting_for,
        )  # fmt: skip
        token = await begin_session(self.deps.portal_pool, self.deps.session_key, known)
        return {"Cookie": f"__Host-sessie={token}"}

    async def write(self, owner: str, bsn: str = SUZANNE, **changes: Any) -> UUID:
        """One line in the log of either."""
        side = self.side(owner)
        key = secret_key(side.settings, "pseudonym")
        at = datetime.now(UTC) - changes.pop("ago", timedelta(minutes=5))
        entry = LineEntry(
            **{
                "trace_id": new_trace_id(), "span_id": new_span_id(), "name": "Adres bekeken",
                "started_at": at, "ended_at": at, "controller": owner,
                "outcome": Outcome.DELIVERED, "system": "zaaksysteem", "activity": WORK[owner],
                "subject": subject_pseudonym(key, side.settings.organisation.oin, "bsn", bsn),
                "subject_type": f"{_SPACE}/bsn/1", "key_id": 1, "data_groups": ("Adres",),
                **changes,
            }
        )  # fmt: skip
        return (await self.writers[owner].append([line_draft(entry, now=datetime.now(UTC))]))[0]

    async def lines(self, owner: str, bsn: str = SUZANNE, activity: str = "") -> list[Record]:
        """The lines about somebody in the log of either, of its looking, newest first."""
        side = self.side(owner)
        key = secret_key(side.settings, "pseudonym")
        subject = subject_pseudonym(key, side.settings.organisation.oin, "bsn", bsn)
        now, day = datetime.now(UTC), timedelta(days=1)
        found = await uses_of(self.pools[owner], [subject], now - day, now + day, 1000)
        return [each for each in found if each.columns.activity == (activity or LOOK[owner])]

    def side(self, owner: str) -> Side:
        return self.pair.weesp if owner == WEESP else self.pair.doesburg


@asynccontextmanager
async def asking(pair: Pair, anchor: Anchor) -> AsyncIterator[Asking]:
    """Everything agreed, Weesp's service behind its Inway, Doesburg's portal in this process."""
    now = datetime.now(UTC)
    for side, owner in ((pair.weesp, WEESP), (pair.doesburg, DOESBURG)):
        await side.change_register(agreed(owner))
    await store.apply_services(pair.weesp.pools.gateway, [INSIGHT], now)
    await conclude(pair, INSIGHT.name)
    await _with_the_dead(pair, anchor)
    await want_tokens(pair)
    gate = Gate()
    gate.free.set()
    writers = {each: LogWriter(_side(pair, each).settings, "web") for each in (WEESP, DOESBURG)}
    pools = {each: await postgres.pool(_side(pair, each).settings, "logboek") for each in writers}
    for writer in writers.values():
        await writer.start()
    service = await _service(pair, writers[WEESP], pools[WEESP])
    async with _served(pair.weesp, service, gate), aiohttp.ClientSession() as session:
        await pair.weesp.take_effect()
        await pair.doesburg.take_effect()
        deps = await _portal(pair, writers[DOESBURG], pools[DOESBURG], session)
        app = make_app(portal_routes(deps), people_shape(deps))
        transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]  # two names of one ASGI
        async with httpx.AsyncClient(transport=transport, base_url="http://doesburg.test") as web:
            yield Asking(
                pair=pair, deps=deps, portal=web, service=service, writers=writers, pools=pools,
                outway=f"http://{pair.outway.host}:{pair.outway.port}", gate=gate,
            )  # fmt: skip
        for pool in (deps.portal_pool, deps.purposes_pool, deps.fsc_pool):
            await pool.close()
    for writer in writers.values():
        await writer.close()
    for pool in (*pools.values(), service.book.rooms.purposes, service.book.rooms.fsc):
        await pool.close()


def _side(pair: Pair, owner: str) -> Side:
    return pair.weesp if owner == WEESP else pair.doesburg


async def _with_the_dead(pair: Pair, anchor: Anchor) -> None:
    """A contract in force with an organisation whose Manager and Inway nobody finds any more."""
    leaf = anchor.leaf("pair-dood", DEAD, "Gemeente Verdwenen", "manager.dood.test")
    gone = own_peer_of(leaf, anchor, "https://inway.dood.test:8443")
    content = contract_content(pair, INSIGHT.name)
    content["grants"][0]["data"]["service"]["peer_id"] = DEAD
    contract = read_contract(content, Profile.FSC_2)
    assert not isinstance(contract, Refusal), contract
    pair.grants["dood"] = contract.connections[0][0].value
    for signer in (gone, pair.doesburg.own):
        await place(pair.doesburg, contract, signer, Kind.ACCEPT)
    peer = fsc_store.Peer(
        peer_id=PeerId(DEAD), name="Gemeente Verdwenen",
        manager_address="https://manager.dood.test:8443", announced_at=None,
        seen_at=datetime.now(UTC),
    )  # fmt: skip
    await fsc_store.save_peer(pair.doesburg.pools.fsc, peer)


async def _service(pair: Pair, writer: LogWriter, log: Any) -> InsightDeps:
    side = pair.weesp
    oin = side.settings.organisation.oin
    known: dict[str, OwnPeer] = {
        each.own.certificate.thumbprint: each.own for each in (pair.weesp, pair.doesburg)
    }

    async def certificate(peer: str, thumbprint: str, _: datetime) -> PeerCertificate | None:
        own = known.get(thumbprint)
        return own.certificate if own and own.peer_id.value == peer else None

    snapshot, _ = await current_snapshot(side.pools.purposes)
    return InsightDeps(
        book=Book(
            rooms=Rooms(
                log=log,
                purposes=await postgres.pool(side.settings, "purposes"),
                fsc=await postgres.pool(side.settings, "fsc"),
            ),
            own=oin,
            own_name="Gemeente Weesp",
            look_activity=LOOK[WEESP],
        ),
        log=writer,
        keys=Keys(oin.value, _SPACE, {1: secret_key(side.settings, "pseudonym")}),
        certificate=certificate,
        about=About(version="1.0.0", organisation="Gemeente Weesp", address="", email="", url=""),
        minimum_level=SUBSTANTIAL,
        mandate_services=("logboek-inzage",),
        permit_key=secret_key(side.settings, "permit"),
        field_sets=lambda: snapshot.field_sets,
    )


@asynccontextmanager
async def _served(side: Side, deps: InsightDeps, gate: Gate) -> AsyncIterator[None]:
    app = make_app(routes(deps), AppShape(title="services", version="1.0.0"))

    async def held(scope: Any, receive: Callable[[], Awaitable[Any]], send: Any) -> None:
        await gate.passed()
        await app(scope, receive, send)

    config = uvicorn.Config(
        held, loop="none", log_config=None, timeout_graceful_shutdown=10, ws="none", lifespan="off"
    )
    server = uvicorn.Server(config)
    socket = app_socket(side.settings, "services")
    task = asyncio.create_task(server._serve(sockets=[listening(socket)]))
    socket.chmod(0o666)
    await until(lambda: bool(server.started))
    try:
        yield
    finally:
        gate.free.set()
        gate.closing.set()
        server.should_exit = True
        await task


async def _portal(
    pair: Pair, writer: LogWriter, log: Any, session: aiohttp.ClientSession
) -> PortalDeps:
    side = pair.doesburg
    settings = replace(
        side.settings, addresses=replace(side.settings.addresses, web="http://doesburg.test")
    )
    static, fsc = read_static_files(), await postgres.pool(settings, "fsc")
    return PortalDeps(
        settings=settings,
        site=Site(settings, static, portal_shape(settings, "0.1.0")),
        static=static,
        version="0.1.0",
        portal_pool=await postgres.pool(settings, "portal"),
        log_pool=log,
        purposes_pool=await postgres.pool(settings, "purposes"),
        fsc_pool=fsc,
        writer=writer,
        session_key=secret_key(settings, "session"),
        pseudonym_keys={1: secret_key(settings, "pseudonym")},
        look_activity=LOOK[DOESBURG],
        oidc=None,
        insight=Insight(
            pool=fsc,
            session=session,
            outway=f"http://{pair.outway.host}:{pair.outway.port}",
            own=lambda: side.own,
            key=lambda: pair.key,
        ),
    )
