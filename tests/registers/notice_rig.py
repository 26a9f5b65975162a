# SPDX-License-Identifier: EUPL-1.2
"""What tests of notices share: a party that is told, subscriptions, and workers that tell it."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

import aiohttp
import asyncpg
from aiohttp import web
from tests.throwaway import Database

from landschap.platform import postgres
from landschap.platform.ids import uuid7
from landschap.registers import store
from landschap.registers.models import Register, Registers
from landschap.registers.operations import Draft
from landschap.registers.periods import Period
from landschap.registers.store import Act, Entry, Written
from landschap.registers.store import subscriptions as kept
from landschap.registers.subscriptions import Filters, Subscription, Wanted
from landschap.registers.timeline import Kind
from landschap.registers.worker import (
    Answer,
    Door,
    Doors,
    Letter,
    NoticeDeps,
    OutwayDoor,
    Way,
    deliver_notices,
)

READER = "00000099000000002000"
OIN = "00000099000000001000"
ORIGIN = "manager.proefdorp.test"
Answering = Callable[[dict[str, Any]], Awaitable[web.Response] | web.Response]


@dataclass
class Party:
    """Another organisation, behind an address that stands for our Outway.

    ``tried`` are the events of each request in the order they came, ``taken`` those it answered
    with 200. ``answer`` decides, per event; ``allowed`` is what it says to the handshake.
    """

    outway: str = ""
    tried: list[dict[str, Any]] = field(default_factory=list)
    taken: list[dict[str, Any]] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    handshakes: list[str] = field(default_factory=list)
    answer: Answering = lambda _: web.Response()
    allowed: str = "*"
    rate: str = ""

    async def receive(self, request: web.Request) -> web.Response:
        """One request of a worker."""
        if request.method == "OPTIONS":
            self.handshakes.append(request.headers["WebHook-Request-Origin"])
            told = {"WebHook-Allowed-Origin": self.allowed} if self.allowed else {}
            return web.Response(
                headers=told | ({"WebHook-Allowed-Rate": self.rate} if self.rate else {})
            )
        body = await request.json()
        events = body if isinstance(body, list) else [body]
        is_batch = request.content_type == "application/cloudevents-batch+json"
        assert is_batch is isinstance(body, list)
        self.batches.append(len(events))
        self.tried += events
        for event in events:
            answer = self.answer(event)
            answer = answer if isinstance(answer, web.Response) else await answer
            if answer.status != 200:
                return answer
        self.taken += events
        return web.Response(text="{}", content_type="application/json")

    def numbers(self, subject: str = "") -> list[int]:
        """The places in the order of what was taken, of one object or of all."""
        return [
            int(each["sequence"])
            for each in self.taken
            if not subject or each.get("subject") == subject
        ]


@contextlib.asynccontextmanager
async def party() -> AsyncIterator[Party]:
    """A party that listens while the block runs."""
    made = Party()
    app = web.Application()
    app.router.add_route("*", "/{service}/v1/gebeurtenissen", made.receive)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    made.outway = f"http://{host}:{port}"
    try:
        yield made
    finally:
        await runner.cleanup()


async def no_way(_peer: str, _service: str) -> Way:
    """The party asks no proof of us: it stands where our Outway would."""
    return Way(headers={})


class Closed:
    """No notice may go by this door."""

    async def carry(self, to: Subscription, letter: Letter) -> Answer:
        raise AssertionError(f"asked to carry {letter.method} to {to.wanted.sink}")


@dataclass
class Telling:
    """A register, and the workers that tell of its changes."""

    database: Database
    pool: asyncpg.Pool
    register: Register
    session: aiohttp.ClientSession

    def deps(self, to: Party, **more: Any) -> NoticeDeps:
        """What a worker needs to tell this party."""
        door: Door = OutwayDoor(session=self.session, outway=to.outway, way=no_way)
        given: dict[str, Any] = {
            "pool": self.pool,
            "connect": lambda: postgres.connect(self.database.settings, "registers"),
            "registers": Registers({self.register.name: self.register}),
            "oin": OIN,
            "origin": ORIGIN,
            "doors": Doors(outway=door, address=Closed()),
        }
        return NoticeDeps(**{**given, **more})

    @contextlib.asynccontextmanager
    async def workers(self, *deps: NoticeDeps) -> AsyncIterator[None]:
        """As many workers as there are deps, stopped in good order at the end."""
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for each in deps:
                group.create_task(deliver_notices(each, stop))
            try:
                yield
            finally:
                stop.set()

    async def change(self, *ids: str, act: Kind = Kind.CHANGE, naam: str = "x") -> Written:
        """One act that changes these houses, in this order."""
        kind = self.register.types["huis"]
        entries = [
            Entry(
                type=kind,
                object_id=each,
                draft=Draft(
                    period=Period(date(2020, 1, 1)), kind=act, content={"naam": naam}, group="huis"
                ),
            )
            for each in ids
        ]
        done = await store.write(
            self.pool, Act(register=self.register, transaction_id=uuid7(), entries=entries)
        )
        assert isinstance(done, Written), done
        return done

    async def subscribe(self, *, peer: str = READER, agreed: bool = True, **wanted: Any) -> UUID:
        """A subscription to all houses from the beginning, that was agreed to already."""
        filters = wanted.pop("filters", Filters(type_keys=("proef.huis", "proef.straat")))
        asked = Wanted(sink="fsc:meldingen", filters=filters, **{"since": 0, **wanted})
        asking = kept.Asking(
            subscription_id=uuid7(), peer=peer, purpose="p", policy="p@1", transaction_id=uuid7()
        )
        made = await kept.subscribe(self.pool, self.register, asking, asked)
        assert isinstance(made, Subscription)
        if agreed:
            await kept.accept(self.pool, made.subscription_id, None)
        return made.subscription_id

    async def subscription(self, subscription_id: UUID) -> Subscription:
        """The subscription as it is now."""
        found = await kept.subscription(self.pool, subscription_id)
        assert found is not None
        return found


async def until(holds: Callable[[], bool | Awaitable[bool]], seconds: float = 60.0) -> None:
    """Wait until something holds. Fails when it does not in time."""
    async with asyncio.timeout(seconds):
        while True:
            found = holds()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.01)


def problem(status: int, code: str = "", **headers: str) -> web.Response:
    """An answer that refuses."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.Response(status=status, text=json.dumps({"code": code}), headers=named)
