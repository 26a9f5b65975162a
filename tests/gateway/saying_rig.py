# SPDX-License-Identifier: EUPL-1.2
"""Doesburg's portal tells Weesp what a person said; Weesp's register is asked through the door.

Between them everything is real: the portal's application, Doesburg's Outway, mutual TLS, Weesp's
Inway, the Permit, the service `zeggenschap`, the register with its look at persons, and both logs.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from html import unescape
from typing import Any

import aiohttp
import asyncpg
import httpx
from tests.gateway.freshness_rig import SHOWING, with_persons
from tests.gateway.gateway_scene import ASSISTANCE, DOESBURG, WEESP, register
from tests.gateway.pair_rig import Pair, Side, conclude, want_tokens
from tests.gateway.serving_rig import registers_of, serve_routes
from tests.portal.portal_rig import SUBSTANTIAL
from tests.registers.rig import kind_of
from tests.registers.test_api import FIELDS, PEOPLE

from landschap.fsc.certificates import PeerCertificate
from landschap.gateway import store
from landschap.gateway.insight.client import Insight
from landschap.gateway.saying.api import SayingDeps, routes
from landschap.gateway.saying.api.reports import ReportDeps, report_routes
from landschap.gateway.saying.client import Certificate, Voice
from landschap.gateway.saying.proof import Controller
from landschap.gateway.saying.question import FIELD, NUMBER, SERVICE
from landschap.gateway.saying.store import Rooms
from landschap.gateway.services import Service
from landschap.logboek.ingest import Keys
from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.logboek.records import Record
from landschap.logboek.store import LogWriter, uses_of
from landschap.platform import postgres
from landschap.platform.http import make_app
from landschap.platform.ids import uuid7
from landschap.platform.keys import secret_key
from landschap.platform.seal_keys import SealKeys
from landschap.platform.sockets import app_socket
from landschap.platform.web import Site, read_static_files
from landschap.platform.web.sessions import begin_session
from landschap.portal.known import Known
from landschap.portal.pages import Control, PortalDeps, people_shape, portal_shape
from landschap.portal.pages import routes as portal_routes
from landschap.purposes.model import Effect, FieldSet, OfferedService, Policy, Register
from landschap.purposes.persons.store import said_of
from landschap.purposes.store import current_snapshot
from landschap.registers import store as registers
from landschap.registers.api import Deps
from landschap.registers.api import routes as register_routes
from landschap.registers.describing import About
from landschap.registers.models import Registers
from landschap.registers.operations import Draft
from landschap.registers.periods import Period
from landschap.registers.store import Act, Entry, Written
from landschap.registers.timeline import Kind as Happened

SUZANNE = "999993653"
HEARING = "https://example.nl/activiteiten/zeggenschap"
SPACE = "https://proefdorp.test/register/pseudoniem"
ACTIONS = ("raadplegen", "bijwerken-of-wijzigen")
SAYING = Service(
    name=SERVICE,
    upstream="landschap",
    recording="self",
    declaration="signed",
    methods={"POST": "raadplegen", "PUT": "bijwerken-of-wijzigen"},
    body_bytes=8_000_000,
)
PEOPLE_SERVICE = Service(name="proef", upstream="landschap", methods={"POST": "raadplegen"})


def agreed(owner: str, *needs: str) -> Register:
    """The register of either: Doesburg asks Weesp for persons, and tells it what they say."""
    made = with_persons(register(owner))
    own = ("*own",) if owner == DOESBURG else (DOESBURG,)
    sets = FieldSet(
        id="zeggenschap", version=1, provider=WEESP, service=SERVICE,
        fields=(NUMBER, FIELD), searchable=(NUMBER,),
    )  # fmt: skip
    offered = OfferedService(
        provider=WEESP, name=SERVICE, fields=sets.fields, searchable=(NUMBER,), personal=True
    )
    hearing = replace(made.activities[0], uri=HEARING)
    policy = Policy(
        id="POL-ZEGGENSCHAP", version=1, effect=Effect.PERMIT, purpose=ASSISTANCE,
        organisations=own, provider=WEESP, service=SERVICE, actions=ACTIONS,
        valid=made.policies[0].valid, explanation=made.policies[0].explanation,
        field_set=sets.key, legal_bases=made.policies[0].legal_bases, activity=HEARING,
    )  # fmt: skip
    policies = tuple(
        replace(each, roles=(), needs=needs if each.service == "proef" and owner == WEESP else ())
        for each in made.policies
    )
    return replace(
        made,
        activities=(*made.activities, hearing),
        services=(*made.services, offered),
        field_sets=(*made.field_sets, sets),
        policies=(*policies, policy),
    )


@dataclass(kw_only=True)
class Saying:
    """What runs: Doesburg's portal, Weesp's services, both logs."""

    pair: Pair
    portal: httpx.AsyncClient
    deps: PortalDeps
    voice: Voice
    pools: dict[str, Any]

    async def session(self, bsn: str = SUZANNE) -> dict[str, str]:
        """The cookie of a person who just logged in."""
        known = Known(
            bsn=bsn, name="Suzanne Moulin", level=SUBSTANTIAL,
            authenticated_at=int(datetime.now(UTC).timestamp()) - 60, id_token="",
        )  # fmt: skip
        token = await begin_session(self.deps.portal_pool, self.deps.session_key, known)
        return {"Cookie": f"__Host-sessie={token}"}

    async def page(self, session: dict[str, str], path: str = "/toestemmingen") -> str:
        """A page as it is served."""
        answer = await self.portal.get(path, headers=session)
        assert answer.status_code == 200, answer.text
        return answer.text

    async def choose(self, session: dict[str, str], deed: str) -> None:
        """Press the button of the card that is there."""
        page = await self.page(session)
        form = {**fields_in(page), "keuze": deed}
        answer = await self.portal.post("/toestemmingen", data=form, headers=session)
        assert answer.status_code == 303, answer.text

    async def call(self, bsn: str = SUZANNE) -> tuple[int, str]:
        """Doesburg asks Weesp's register about this person: the status, and the code or a name."""
        headers = {
            "X-Api-Key": self.pair.key, "Fsc-Grant-Hash": self.pair.grants["proef"],
            "Doelbinding": ASSISTANCE, "Content-Type": "application/json",
        }  # fmt: skip
        status, _, body = await asyncio.to_thread(
            self.pair.outway.ask, "/proef/v1/personen/_zoek?fields=naam", method="POST",
            headers=headers, body=json.dumps({NUMBER: bsn}).encode(),
        )  # fmt: skip
        told = json.loads(body)
        return status, told["items"][0]["naam"] if status == 200 else told["code"]

    async def need(self, *needs: str) -> None:
        """Two people at Weesp put in force what seeing persons needs."""
        before, _ = await current_snapshot(self.pair.weesp.pools.purposes)
        version = max(each.version for each in before.register.policies) + 1
        made = agreed(WEESP, *needs)
        changed = tuple(
            replace(each, version=version) if each.service == "proef" else each
            for each in made.policies
        )
        await self.pair.weesp.change_register(replace(made, policies=changed))

    async def lines(self, owner: str, bsn: str = SUZANNE) -> list[dict[str, Any]]:
        """The lines of either log about what this person said or asked, newest first."""
        found = await uses_of(self.pools[owner], [self.subject(owner, bsn)], *_days(), 1000)
        return [_own(each) for each in found if FIELD in _own(each).get("data_groups", ())]

    def subject(self, owner: str, bsn: str = SUZANNE) -> bytes:
        """The pseudonym of a person at either."""
        side = self.pair.weesp if owner == WEESP else self.pair.doesburg
        key = secret_key(side.settings, "pseudonym")
        return subject_pseudonym(key, side.settings.organisation.oin, "bsn", bsn)


def fields_in(page: str) -> dict[str, str]:
    """The hidden fields of the first form with a choice."""
    found = re.findall(r'name="(token|waarvoor)" value="([^"]*)"', page.partition("<main")[2])
    assert found, page
    return {name: unescape(value) for name, value in reversed(found)}


def _days() -> tuple[datetime, datetime]:
    now, day = datetime.now(UTC), timedelta(days=1)
    return now - day, now + day


def _own(record: Record) -> dict[str, Any]:
    found = record.content()["landschap"]
    assert isinstance(found, dict)
    told: Any = record.content()["ldv"]
    return {**found, "name": told["name"]}


@asynccontextmanager
async def saying(pair: Pair) -> AsyncIterator[Saying]:
    """Everything agreed and served; Weesp knows nothing of anybody yet."""
    async with AsyncExitStack() as stack:
        weesp, doesburg = pair.weesp, pair.doesburg
        await weesp.change_register(agreed(WEESP, "toestemming"))
        await doesburg.change_register(agreed(DOESBURG))
        await store.apply_services(weesp.pools.gateway, [SAYING, PEOPLE_SERVICE], datetime.now(UTC))
        await conclude(pair, SERVICE, actions=ACTIONS)
        await conclude(pair, "proef")
        await want_tokens(pair)
        pools = {}
        for owner, side in ((WEESP, weesp), (DOESBURG, doesburg)):
            pools[owner] = await postgres.pool(side.settings, "logboek")
            stack.push_async_callback(pools[owner].close)
        await _serve(stack, pair)
        await weesp.take_effect()
        await doesburg.take_effect()
        deps, voice = await _portal(stack, pair, pools[DOESBURG])
        app: Any = make_app(portal_routes(deps), people_shape(deps))
        web = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://doesburg.test"
        )
        await stack.enter_async_context(web)
        yield Saying(pair=pair, portal=web, deps=deps, voice=voice, pools=pools)


async def _serve(stack: AsyncExitStack, pair: Pair) -> None:
    """Weesp's register of one person, and its `zeggenschap`, behind its Inway."""
    side = pair.weesp
    settings, oin = side.settings, side.settings.organisation.oin
    pool = await registers_of(stack, side)
    content = {"naam": "Suzanne", NUMBER: SUZANNE}
    await keep_person(pool, content)
    log = await _writer(stack, settings)
    purposes = await postgres.pool(settings, "purposes")
    gateway = await postgres.pool(settings, "gateway")
    for each in (purposes, gateway):
        stack.push_async_callback(each.close)
    given: Any = {"permit_key": secret_key(settings, "permit")}
    persons = Deps(
        registers=Registers({PEOPLE.name: PEOPLE}), pool=pool, log=log, controller=oin,
        pseudonym_key=secret_key(settings, "pseudonym"), persons=partial(said_of, purposes),
        **given,
    )  # fmt: skip

    async def snapshot() -> Any:
        return (await current_snapshot(purposes))[0]

    sets = {each.key: each for each in agreed(WEESP).field_sets}
    hearing = SayingDeps(
        rooms=Rooms(gateway=gateway, purposes=purposes), log=log,
        keys=Keys(oin.value, SPACE, {1: secret_key(settings, "pseudonym")}),
        person_key=secret_key(settings, "pseudonym"), certificate=certificates(pair), own=lambda: side.own,
        by=Controller(number=WEESP, name="Gemeente Weesp", address="http://weesp.test"),
        about=About(version="1.0.0", organisation="Gemeente Weesp"), snapshot=snapshot,
        minimum_level=SUBSTANTIAL, seal_keys=SealKeys(settings, "request"),
        field_sets=lambda: sets, **given,
    )  # fmt: skip
    reports = ReportDeps(
        saying=hearing, registers=persons.registers, pool=pool,
        evidence_keys=SealKeys(settings, "evidence"),
    )  # fmt: skip
    served = [*register_routes(persons), *routes(hearing), *report_routes(reports)]
    await serve_routes(stack, served, [app_socket(settings, "services")])


async def keep_person(pool: asyncpg.Pool, content: dict[str, Any]) -> None:
    """One person in a register, known since 2020."""
    draft = Draft(
        period=Period(date(2020, 1, 1)), kind=Happened.CHANGE, content=content, group="persoon"
    )
    entry = Entry(type=kind_of(PEOPLE), object_id="p1", draft=draft)
    act = Act(register=PEOPLE, transaction_id=uuid7(), entries=[entry])
    assert isinstance(await registers.write(pool, act), Written)


def certificates(pair: Pair) -> Certificate:
    """The certificates of both, as each finds those of the other."""
    known = {each.own.certificate.thumbprint: each.own for each in (pair.weesp, pair.doesburg)}

    async def certificate(peer: str, thumbprint: str, _: datetime) -> PeerCertificate | None:
        own = known.get(thumbprint)
        return own.certificate if own and own.peer_id.value == peer else None

    return certificate


async def _writer(stack: AsyncExitStack, settings: Any) -> LogWriter:
    log = LogWriter(settings, "web")
    await log.start()
    stack.push_async_callback(log.close)
    return log


async def _portal(stack: AsyncExitStack, pair: Pair, log: Any) -> tuple[PortalDeps, Voice]:
    side: Side = pair.doesburg
    settings = replace(
        side.settings, addresses=replace(side.settings.addresses, web="http://doesburg.test")
    )
    pools = {}
    for room in ("portal", "purposes", "fsc", "gateway"):
        pools[room] = await postgres.pool(settings, room)
        stack.push_async_callback(pools[room].close)
    writer, static = await _writer(stack, settings), read_static_files()
    insight = Insight(
        pool=pools["fsc"], session=await stack.enter_async_context(aiohttp.ClientSession()),
        outway=f"http://{pair.outway.host}:{pair.outway.port}", own=lambda: side.own,
        key=lambda: pair.key,
    )  # fmt: skip
    voice = Voice(
        insight=insight, pool=pools["gateway"], writer=writer, controller=DOESBURG,
        activity=HEARING, space=SPACE,
        seal_keys=SealKeys(settings, "request"), certificate=certificates(pair),
    )  # fmt: skip
    control = Control(
        rooms=Rooms(gateway=pools["gateway"], purposes=pools["purposes"]), own=lambda: side.own,
        by=Controller(number=DOESBURG, name="Gemeente Doesburg", address="http://doesburg.test"),
        voice=voice, seal_keys=SealKeys(settings, "request"),
    )  # fmt: skip
    deps = PortalDeps(
        settings=settings, site=Site(settings, static, portal_shape(settings, "0.1.0")),
        static=static, version="0.1.0", portal_pool=pools["portal"], log_pool=log,
        purposes_pool=pools["purposes"], fsc_pool=pools["fsc"], writer=writer,
        session_key=secret_key(settings, "session"),
        pseudonym_keys={1: secret_key(settings, "pseudonym")},
        look_activity=HEARING, oidc=None, insight=insight, control=control,
    )  # fmt: skip
    return deps, voice


__all__ = ["FIELDS", "SHOWING", "SUZANNE", "Saying", "agreed", "fields_in", "saying"]
