# SPDX-License-Identifier: EUPL-1.2
"""Two organisations that really run: Doesburg's register changes, Weesp subscribed and is told.

Doesburg's worker goes through its own Outway, over mutual TLS, through Weesp's Inway into Weesp's
inbox; by a contract in each direction, which both have signed.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import aiohttp
import httpx
import pytest
import uvicorn
from tests.gateway.gateway_scene import ASSISTANCE, DOESBURG, SINCE, WEESP, register, text
from tests.gateway.pair_rig import Pair, Side, conclude, contract_content, place, want_tokens
from tests.registers.notice_rig import Closed, until
from tests.registers.test_collections import FIELDS, places

from landschap.cli.notices import Rights
from landschap.fsc.contracts import Contract, read_contract
from landschap.fsc.hashes import Profile
from landschap.fsc.states import Kind
from landschap.gateway import store
from landschap.gateway.services import Service
from landschap.logboek.store import LogWriter
from landschap.platform import postgres
from landschap.platform.http import AppShape, make_app
from landschap.platform.ids import uuid7
from landschap.platform.keys import secret_key
from landschap.platform.sockets import app_socket, listening
from landschap.purposes.model import Effect, FieldSet, OfferedService, Policy, Register
from landschap.purposes.needs import Kind as Said
from landschap.purposes.permit import HEADER, Permit, seal
from landschap.purposes.persons.store import Statement, say
from landschap.registers import store as registers
from landschap.registers.api import Deps, routes
from landschap.registers.models import Registers
from landschap.registers.operations import Draft
from landschap.registers.periods import Period
from landschap.registers.store import Act, Entry, Written, inbox
from landschap.registers.store import subscriptions as kept
from landschap.registers.subscriptions import Filters, State, Subscription, Wanted
from landschap.registers.timeline import Kind as Act_
from landschap.registers.worker import Checked, Doors, NoticeDeps, OutwayDoor, deliver_notices
from landschap.vocabulary.problems import Refusal

INBOX = Service(
    name="meldingen",
    upstream="landschap",
    recording="intent",
    declaration="none",
    headers=("WebHook-Request-Origin",),
    methods={"POST": "raadplegen", "OPTIONS": "raadplegen"},
)


def agreed(owner: str) -> Register:
    """The register of either, with the inbox of Weesp and the register ``proef`` of Doesburg."""
    made = register(owner)
    given: Any = {
        "version": 1, "effect": Effect.PERMIT, "purpose": ASSISTANCE, "actions": ("raadplegen",),
        "valid": SINCE, "explanation": text("waarom"), "legal_bases": made.policies[0].legal_bases,
        "activity": made.policies[0].activity,
    }  # fmt: skip
    to_inbox: Any = {"provider": WEESP, "service": "meldingen"}
    of_proef: Any = {"provider": DOESBURG, "service": "proef"}
    return dataclasses.replace(
        made,
        services=(
            *made.services,
            OfferedService(
                provider=WEESP, name="meldingen", fields=("melding",), searchable=(),
                personal=False,
            ),
            OfferedService(
                provider=DOESBURG, name="proef", fields=FIELDS, searchable=(), personal=False
            ),
        ),
        field_sets=(
            *made.field_sets,
            FieldSet(id="melding", version=1, fields=("melding",), searchable=(), **to_inbox),
            FieldSet(id="proef", version=1, fields=FIELDS, searchable=(), **of_proef),
        ),
        policies=(
            *(dataclasses.replace(each, roles=()) for each in made.policies),
            Policy(
                id="POL-MELDEN", organisations=("*own",), field_set="melding@1", **to_inbox, **given
            ),
            Policy(
                id="POL-PROEF", organisations=(WEESP,), field_set="proef@1", **of_proef, **given
            ),
        ),
    )  # fmt: skip


async def contract_for_proef(pair: Pair) -> Contract:
    """Weesp may ask Doesburg's register: the other direction than the rig's contracts."""
    content = contract_content(pair, "proef")
    data = content["grants"][0]["data"]
    data["outway"]["peer_id"] = WEESP
    thumbprint = pair.weesp.own.certificate.key_thumbprint
    data["outway"]["identification"]["public_key_thumbprint"] = thumbprint
    data["service"]["peer_id"] = DOESBURG
    contract = read_contract(content, Profile.FSC_2)
    assert not isinstance(contract, Refusal), contract
    for signer in (pair.weesp.own, pair.doesburg.own):
        await place(pair.doesburg, contract, signer, Kind.ACCEPT)
    return contract


@asynccontextmanager
async def services_of(side: Side) -> AsyncIterator[None]:
    """The own services of one side, behind its Inway."""
    settings = side.settings
    log = LogWriter(settings, "web")
    await log.start()
    pool = await postgres.pool(settings, "registers")
    deps = Deps(
        registers=Registers({}), pool=pool, log=log, controller=settings.organisation.oin,
        permit_key=secret_key(settings, "permit"), pseudonym_key=secret_key(settings, "pseudonym"),
    )  # fmt: skip
    app = make_app(routes(deps), AppShape(title="services", version="1.0.0"))
    config = uvicorn.Config(
        app, loop="none", log_config=None, timeout_graceful_shutdown=10, ws="none", lifespan="off"
    )
    server = uvicorn.Server(config)
    socket = app_socket(settings, "services")
    task = asyncio.create_task(server._serve(sockets=[listening(socket)]))
    socket.chmod(0o666)
    await until(lambda: bool(server.started))
    try:
        yield
    finally:
        server.should_exit = True
        await task
        await log.close()
        await pool.close()


async def subscribe_at_doesburg(side: Side, pool: Any) -> UUID:
    """Weesp's application asks, with the Permit that Doesburg's Inway would give it."""
    log = LogWriter(side.settings, "web")
    deps = Deps(
        registers=Registers({"proef": places()}), pool=pool, log=log,
        controller=side.settings.organisation.oin,
        permit_key=secret_key(side.settings, "permit"),
        pseudonym_key=secret_key(side.settings, "pseudonym"),
    )  # fmt: skip
    target = "/proef/v1/abonnementen"
    permit = Permit(
        transaction_id=uuid7(), service="proef", method="POST", target=target, peer=WEESP,
        purpose=ASSISTANCE, policy="POL-PROEF@1", snapshot="s", activity="", activity_version=0,
        fields=FIELDS, searchable=(), expires_at=datetime.now(UTC) + timedelta(seconds=30),
    )  # fmt: skip
    app = make_app(routes(deps), AppShape(title="services", version="1.0.0"))
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]  # two names of one ASGI
    async with httpx.AsyncClient(transport=transport, base_url="http://dienst") as client:
        answer = await client.post(
            target,
            content=json.dumps({"bestemming": {"soort": "fsc", "dienst": "meldingen"}}),
            headers={
                HEADER: seal(permit, deps.permit_key),
                "Content-Type": "application/json",
            },
        )
    assert answer.status_code == 201, answer.text
    return UUID(answer.json()["abonnement"])


async def change(pool: Any, object_id: str) -> None:
    register = places()
    draft = Draft(
        period=Period(date(2020, 1, 1)), kind=Act_.CHANGE, content={"naam": "x"}, group="huis"
    )
    entry = Entry(type=register.types["huis"], object_id=object_id, draft=draft)
    act = Act(register=register, transaction_id=uuid7(), entries=[entry])
    assert isinstance(await registers.write(pool, act), Written)


@dataclasses.dataclass
class Told:
    """Doesburg's register and worker, and Weesp's inbox."""

    doesburg: Any
    weesp: Any
    subscription_id: UUID
    contract: Contract

    async def subscription(self) -> Subscription:
        found = await kept.subscription(self.doesburg, self.subscription_id)
        assert found is not None
        return found

    async def subjects(self) -> list[str]:
        return [each.received.subject for each in await inbox.latest(self.weesp, 10)]


@asynccontextmanager
async def worker_of_doesburg(
    pair: Pair, pool: Any, registers: Registers
) -> AsyncIterator[list[bytes]]:
    """Doesburg's worker brings its notices through its own Outway; the bytes that it sends."""
    rights = Rights(
        me=DOESBURG, fsc=pair.doesburg.pools.fsc, purposes=pair.doesburg.pools.purposes,
        key=pair.key,
    )  # fmt: skip
    sent: list[bytes] = []

    async def overhear(_session: Any, _context: Any, said: Any) -> None:
        sent.append(said.chunk)

    trace = aiohttp.TraceConfig()
    trace.on_request_chunk_sent.append(overhear)
    async with aiohttp.ClientSession(trace_configs=[trace]) as session:
        outway = f"http://{pair.outway.host}:{pair.outway.port}"
        deps = NoticeDeps(
            pool=pool,
            connect=lambda: postgres.connect(pair.doesburg.settings, "registers"),
            registers=registers,
            oin=DOESBURG,
            origin="manager.doesburg.test",
            doors=Doors(
                outway=OutwayDoor(session=session, outway=outway, way=rights.way), address=Closed()
            ),
            why_not=rights.why_not,
        )
        stop = asyncio.Event()
        task = asyncio.create_task(deliver_notices(deps, stop))
        yield sent
        stop.set()
        await task


@pytest.fixture
async def told(pair: Pair) -> AsyncIterator[Told]:
    """Everything agreed, and Doesburg's worker at work."""
    now = datetime.now(UTC)
    async with AsyncExitStack() as stack:
        for side, owner in ((pair.weesp, WEESP), (pair.doesburg, DOESBURG)):
            await side.change_register(agreed(owner))
        await store.apply_services(pair.weesp.pools.gateway, [INBOX], now)
        await conclude(pair, "meldingen")
        contract = await contract_for_proef(pair)
        await want_tokens(pair)
        await stack.enter_async_context(services_of(pair.weesp))
        await pair.weesp.take_effect()
        await pair.doesburg.take_effect()
        pools = [
            await postgres.pool(each.settings, "registers") for each in (pair.doesburg, pair.weesp)
        ]
        for each in pools:
            stack.push_async_callback(each.close)
        own = await subscribe_at_doesburg(pair.doesburg, pools[0])
        registers = Registers({"proef": places()})
        await stack.enter_async_context(worker_of_doesburg(pair, pools[0], registers))
        yield Told(doesburg=pools[0], weesp=pools[1], subscription_id=own, contract=contract)


async def test_a_change_here_is_told_there_until_the_contract_ends(pair: Pair, told: Told) -> None:
    async def agreed_to() -> bool:
        return (await told.subscription()).state is State.ACTIVE

    await until(agreed_to, 30)
    await change(told.doesburg, "h1")
    await change(told.doesburg, "h2")

    async def arrived() -> bool:
        return await told.subjects() == ["huizen/h2", "huizen/h1"]

    await until(arrived)
    (last, _) = await inbox.latest(told.weesp, 10)
    assert last.peer == DOESBURG
    assert last.received.source == f"urn:nld:oin:{DOESBURG}:systeem:proef"
    assert last.received.dataref == "/proef/v1/huizen/h2"
    await place(pair.doesburg, told.contract, pair.weesp.own, Kind.REVOKE)
    await change(told.doesburg, "h3")

    async def held() -> bool:
        return "no contract in force for proef" in (await told.subscription()).reason

    await until(held)
    assert await told.subjects() == ["huizen/h2", "huizen/h1"]


async def test_what_a_door_would_name_is_looked_up_before_a_subscriber_is_told(pair: Pair) -> None:
    made = agreed(DOESBURG)
    await pair.doesburg.change_register(made)
    pools = pair.doesburg.pools
    rights = Rights(me=DOESBURG, fsc=pools.fsc, purposes=pools.purposes)
    now = datetime.now(UTC)
    to = Subscription(
        subscription_id=UUID(int=1), register="proef", peer=WEESP, purpose=ASSISTANCE,
        policy="POL-PROEF@1", wanted=Wanted(sink="fsc:meldingen", filters=Filters(type_keys=())),
        position=0, state=State.ACTIVE, reason="", failures=0, failing_since=None,
        next_try_at=now, last_success_at=None, rate=None, created_at=now,
    )  # fmt: skip
    assert not (await rights.checked(to)).checks
    activity = made.policies[0].activity
    restricted = Statement(
        kind=Said.RESTRICTION, subject=b"s" * 16, about=activity, holds=True, author="portaal"
    )
    await say(pools.purposes, restricted)
    assert await rights.checked(to) == Checked(checks=["beperking"], activity=activity)
    await say(pools.purposes, dataclasses.replace(restricted, holds=False))
    assert not (await rights.checked(to)).checks
    needed = [
        dataclasses.replace(each, version=2, needs=("toestemming",))
        if each.id == "POL-PROEF"
        else each
        for each in made.policies
    ]
    await pair.doesburg.change_register(dataclasses.replace(made, policies=tuple(needed)))
    assert (await rights.checked(to)).checks == ["toestemming"]
