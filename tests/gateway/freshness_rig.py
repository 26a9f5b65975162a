# SPDX-License-Identifier: EUPL-1.2
"""Two organisations with two deciders each, under a steady load, and changes that close one way.

Four ways lead into Weesp: by a policy, a contract, a consent and an objection; one out of Doesburg,
by a policy of its own. Each is closed and opened again and again. Everything is real: PostgreSQL, an
nginx per decider, the register that answers about persons. Each question is noted with the moment it
began, so that afterwards every answer can be held against what was in force by then.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import aiohttp
from tests.gateway.gateway_rig import Caller
from tests.gateway.gateway_scene import ACTIVITY, ASSISTANCE, BASIS, DOESBURG, WEESP, register
from tests.gateway.pair_rig import Pair, Side, conclude, open_side, place, services_of
from tests.gateway.serving_rig import registers_of, serve_register
from tests.ports import free_port
from tests.registers.rig import kind_of
from tests.registers.test_api import FIELDS, PEOPLE

from landschap.fsc.states import Kind as Signed
from landschap.gateway import store
from landschap.gateway.services import Service
from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.logboek.records import Kind as RecordKind
from landschap.platform.ids import new_span_id, new_trace_id, uuid7
from landschap.platform.keys import secret_key
from landschap.platform.sockets import app_socket
from landschap.purposes.declaration import Claims, sign
from landschap.purposes.model import FieldSet, OfferedService, Register
from landschap.purposes.needs import Kind
from landschap.purposes.persons.store import Statement, say
from landschap.registers import store as registers
from landschap.registers.operations import Draft
from landschap.registers.periods import Period
from landschap.registers.store import Act, Entry, Written
from landschap.registers.timeline import Kind as Happened

PERSON = {"toestemming": "123456782", "bezwaar": "111222333"}
"""Made-up numbers that pass the eleven-test: who gives consent, and who objects."""
OUT = "eigen beleid"
SHOWING = f"{ACTIVITY}/personen"
"""An objection stands against this activity alone, not against what the other services do."""
WAYS = ("beleid", "contract", "toestemming", "bezwaar", OUT)
CLOSED = {
    "beleid": "policy_none",
    "contract": "ERROR_CODE_CONTRACT_NOT_VALID",
    "toestemming": "consent_withdrawn",
    "bezwaar": "objection_upheld",
    OUT: "policy_none",
}
"""The code of a refusal while a way is closed."""
SERVICE = {
    "beleid": "uitkeringen", "contract": "pand-open", "toestemming": "proef", "bezwaar": "proef",
    OUT: "pand-plain",
}  # fmt: skip
PACE_SECONDS = 0.1
OWN = replace(
    register(DOESBURG),
    policies=tuple(replace(each, roles=()) for each in register(DOESBURG).policies),
)
PEOPLE_SERVICE = Service(name="proef", upstream="landschap", methods={"POST": "raadplegen"})


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One question and its answer; moments are of the monotonic clock."""

    way: str
    decider: int
    began: float
    ended: float
    status: int
    code: str
    transaction: str


@dataclass(kw_only=True)
class Change:
    """A way that was closed or opened: in force from ``committed``, until the next one ``next``."""

    way: str
    closes: bool
    committed: float
    at: datetime
    next: float = float("inf")
    effect_seconds: list[float] = field(default_factory=list)


def with_persons(made: Register) -> Register:
    """The register of Weesp with its persons, of whom Doesburg may see who gave consent."""
    of: Any = {"provider": WEESP, "service": "proef"}
    policy = replace(
        made.policies[0], id="POL-PERSONEN", service="proef", field_set="personen@1",
        needs=("toestemming",), activity=SHOWING,
    )  # fmt: skip
    searchable = ("burgerservicenummer",)
    return replace(
        made,
        activities=(*made.activities, replace(made.activities[0], uri=SHOWING)),
        services=(
            *made.services,
            OfferedService(
                provider=WEESP, name="proef", fields=FIELDS, searchable=searchable, personal=True
            ),
        ),
        field_sets=(
            *made.field_sets,
            FieldSet(id="personen", version=1, fields=FIELDS, searchable=searchable, **of),
        ),
        policies=(*made.policies, policy),
    )


@dataclass(kw_only=True)
class Doors:
    """All four doors, what closes and opens a way through them, and who asks all the time."""

    pair: Pair
    inways: tuple[Caller, Caller]
    outways: tuple[Caller, Caller]
    sessions: list[aiohttp.ClientSession]
    statements: Any
    tokens: dict[str, str] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)

    async def ask(self, way: str, decider: int) -> Seen:
        """One question by this way at this decider, noted."""
        method, address, headers, body = self._question(way, decider)
        began = time.monotonic()
        async with self.sessions[decider].request(
            method, address, headers=headers, data=body or None
        ) as answer:
            text, status = await answer.text(), answer.status
        code = "" if status == 200 else json.loads(text)["code"]
        if status == 200 and way in PERSON:
            assert json.loads(text)["items"] == [{"naam": f"naam {way}"}], text
        transaction = headers.get("Fsc-Transaction-Id") or answer.headers["Fsc-Transaction-Id"]
        noted = Seen(
            way=way, decider=decider, began=began, ended=time.monotonic(), status=status,
            code=code, transaction=transaction,
        )  # fmt: skip
        self.seen.append(noted)
        return noted

    def _question(self, way: str, decider: int) -> tuple[str, str, dict[str, str], bytes]:
        """Method, address, headers and body."""
        service, body = SERVICE[way], b""
        if way == OUT:
            address = f"http://127.0.0.1:{self.outways[decider].port}/x?fields=bouwjaar"
            told = {
                "X-Api-Key": self.pair.key, "Fsc-Grant-Hash": self.pair.grants[service],
                "Doelbinding": ASSISTANCE,
            }  # fmt: skip
            return "GET", address, told, body
        trace = new_trace_id()
        headers = {
            "Fsc-Authorization": self.tokens[service],
            "Fsc-Transaction-Id": str(uuid7()),
            "traceparent": f"00-{trace.hex()}-{new_span_id().hex()}-01",
        }
        method, target = "GET", "/x"
        if service != "pand-open":
            headers["Purpose-Declaration"] = self._declaration(service, trace)
            method, target = "POST", "/v1/_zoek?fields=uitkering.soort"
        if service == "proef":
            headers["Content-Type"] = "application/json"
            target = "/proef/v1/personen/_zoek?fields=naam"
            body = json.dumps({"burgerservicenummer": PERSON[way]}).encode()
        return method, f"https://door.test:{self.inways[decider].port}{target}", headers, body

    def _declaration(self, service: str, trace: bytes) -> str:
        own, now = self.pair.doesburg.own, datetime.now(UTC)
        claims = Claims(
            issuer=DOESBURG, audience=WEESP, issued_at=now,
            expires_at=now + timedelta(seconds=60), jti=uuid7(), purpose=ASSISTANCE,
            legal_bases=(BASIS,), action="raadplegen", service=service,
            grant_hash=self.pair.grants[service], trace_id=trace,
        )  # fmt: skip
        return sign(claims, own.signer.key, own.signer.certificate.thumbprint)

    async def turn(self, way: str, *, closes: bool) -> None:
        """Close or open a way, and ask at both deciders as soon as that is committed."""
        earlier = [each for each in self.changes if each.way == way]
        if earlier:
            earlier[-1].next = time.monotonic()
        await _TURNS[way](self, closes)
        change = Change(way=way, closes=closes, committed=time.monotonic(), at=datetime.now(UTC))
        self.changes.append(change)
        answers = await asyncio.gather(self.ask(way, 0), self.ask(way, 1))
        change.effect_seconds = [each.ended - change.committed for each in answers]

    @asynccontextmanager
    async def load(self) -> AsyncIterator[None]:
        """Somebody asks by every way at both deciders, at a steady pace."""
        stop = asyncio.Event()

        async def ask_on(way: str, decider: int) -> None:
            while not stop.is_set():
                started = time.monotonic()
                await self.ask(way, decider)
                await asyncio.sleep(max(0.0, started + PACE_SECONDS - time.monotonic()))

        async with asyncio.TaskGroup() as group:
            for way in WAYS:
                for decider in (0, 1):
                    group.create_task(ask_on(way, decider))
            try:
                yield
            finally:
                stop.set()

    async def policy(self, closes: bool) -> None:
        made = with_persons(register(WEESP))
        policies = tuple(each for each in made.policies if not (closes and each.id == "POL-1"))
        await self.pair.weesp.change_register(replace(made, policies=policies))

    async def own_policy(self, closes: bool) -> None:
        kept = tuple(each for each in OWN.policies if not (closes and each.id == "POL-2"))
        await self.pair.doesburg.change_register(replace(OWN, policies=kept))

    async def contract(self, closes: bool) -> None:
        pair = self.pair
        if closes:
            await place(pair.weesp, pair.contracts["pand-open"], pair.weesp.own, Signed.REVOKE)
            return
        await conclude(pair, "pand-open")
        await self.fetch_token("pand-open")

    async def person(self, way: str, closes: bool) -> None:
        consent = way == "toestemming"
        await say(self.statements, self.statement(way, holds=closes is not consent))

    def statement(self, way: str, *, holds: bool, of: str = "") -> Statement:
        """What is said of the person of this way, or of another."""
        settings, consent = self.pair.weesp.settings, way == "toestemming"
        key, number = secret_key(settings, "pseudonym"), PERSON[of or way]
        return Statement(
            kind=Kind(way),
            subject=subject_pseudonym(key, settings.organisation.oin, "bsn", number),
            about=ASSISTANCE if consent else SHOWING,
            receiver=DOESBURG if consent else "",
            holds=holds,
            author="portaal",
        )

    async def fetch_token(self, service: str) -> None:
        """A token of Weesp's Manager for the contract as it is now."""
        await self.pair.doesburg.keeper.reload()
        grant = self.pair.doesburg.desk.holdings.world.outgoing[self.pair.grants[service]]
        held = await self.pair.doesburg.keeper.peers.token(grant, datetime.now(UTC))
        assert held is not None
        self.tokens[service] = f"Bearer {held.token}"

    def stale(self) -> list[tuple[Change, Seen]]:
        """Answers that do not fit what was in force from before the question till after it."""
        return [
            (change, each)
            for change in self.changes
            for each in self.within(change)
            if each.code != (CLOSED[change.way] if change.closes else "")
        ]

    def within(self, change: Change) -> list[Seen]:
        """The questions by this way that began and ended while this change was the last one."""
        return [
            each
            for each in self.seen
            if each.way == change.way
            and change.committed <= each.began <= each.ended <= change.next
        ]

    async def permitted_in_log(self, change: Change) -> list[UUID]:
        """What the log says was answered by a way that was closed, in questions that began after.

        Of persons the door permits, and the service refuses: that stands in the same transaction.
        """
        asked = [UUID(each.transaction) for each in self.within(change)]
        refused = CLOSED[change.way] if change.way in PERSON else None
        found = []
        side = self.pair.doesburg if change.way == OUT else self.pair.weesp
        for transaction in asked:
            records = await side.records(str(transaction))
            assert records, transaction
            kinds = {each.columns.kind for each in records}
            said = {_code(each.content()) for each in records}
            if refused not in said if refused else RecordKind.FSC in kinds:
                found.append(transaction)
        return found


def _code(content: dict[str, Any]) -> str:
    answer = content.get("adl", {}).get("body", {}).get("adl.core.response", {})
    return str(answer.get("context", {}).get("code", ""))


_TURNS: dict[str, Callable[[Doors, bool], Awaitable[None]]] = {
    "beleid": Doors.policy,
    "contract": Doors.contract,
    "toestemming": lambda doors, closes: doors.person("toestemming", closes),
    "bezwaar": lambda doors, closes: doors.person("bezwaar", closes),
    OUT: Doors.own_policy,
}


@asynccontextmanager
async def doors_of(pair: Pair) -> AsyncIterator[Doors]:
    """The doors, with every way open."""
    weesp = pair.weesp
    async with AsyncExitStack() as stack:
        await weesp.change_register(with_persons(register(WEESP)))
        upstream = f"http://{pair.service.address}"
        plain = Service(name="pand-plain", upstream=upstream, recording="intent", permit=False)
        every = (*services_of(pair.service.address), plain, PEOPLE_SERVICE)
        await store.apply_services(weesp.pools.gateway, every, datetime.now(UTC))
        for name in ("proef", "pand-plain"):
            await conclude(pair, name)
        port, second = await _second(stack, weesp, "inway")
        await _serve_persons(stack, weesp, second)
        await weesp.take_effect()
        out_port, second_out = await _second(stack, pair.doesburg, "outway")
        assert pair.inway.tls is not None
        connector: Any = partial(aiohttp.TCPConnector, ssl=pair.inway.tls, resolver=_Here())
        sessions = [
            await stack.enter_async_context(aiohttp.ClientSession(connector=connector()))
            for _ in range(2)
        ]
        doors = Doors(
            pair=pair,
            inways=(pair.inway, replace(pair.inway, port=port)),
            outways=(pair.outway, replace(pair.outway, port=out_port)),
            sessions=sessions,
            statements=weesp.pools.purposes,
        )
        for service in ("uitkeringen", "pand-open", "proef"):
            await doors.fetch_token(service)
        for way in PERSON:
            await say(doors.statements, doors.statement("toestemming", holds=True, of=way))
        # The first question has a token fetched, after which its carrier knows the Inway.
        for decider, side in enumerate((pair.doesburg, second_out)):
            await doors.ask(OUT, decider)
            await side.take_effect()
        doors.seen.clear()
        yield doors


class _Here(aiohttp.abc.AbstractResolver):
    """Every name is this machine."""

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[Any]:
        return [{
            "hostname": host, "host": "127.0.0.1", "port": port, "family": family, "proto": 0,
            "flags": 0,
        }]  # fmt: skip

    async def close(self) -> None:
        """Nothing is held."""


async def _second(stack: AsyncExitStack, side: Side, door: str) -> tuple[int, Side]:
    """Another decider of this organisation, behind an nginx of its own."""
    port, settings = free_port(), side.settings
    run = settings.paths.run.parent / "r2"
    run.mkdir(exist_ok=True)
    only: dict[str, Any] = {"manager": None, "inway": None, "outway": None}
    settings = replace(
        settings,
        listen=replace(settings.listen, **{**only, door: f"127.0.0.1:{port}"}),
        paths=replace(settings.paths, run=run, data=run),
    )
    second = await open_side(stack, settings, "decider-1")
    stack.push_async_callback(asyncio.to_thread, second.stop_carrier)
    await second.take_effect()
    return port, second


async def _serve_persons(stack: AsyncExitStack, weesp: Side, second: Side) -> None:
    """Weesp's register of two persons, for both of its nginx."""
    pool = await registers_of(stack, weesp)
    kind = kind_of(PEOPLE)
    for way, number in PERSON.items():
        content = {"naam": f"naam {way}", "burgerservicenummer": number}
        draft = Draft(
            period=Period(date(2020, 1, 1)), kind=Happened.CHANGE, content=content, group="persoon"
        )
        entry = Entry(type=kind, object_id=way, draft=draft)
        act = Act(register=PEOPLE, transaction_id=uuid7(), entries=[entry])
        assert isinstance(await registers.write(pool, act), Written)
    sockets = [app_socket(each.settings, "services") for each in (weesp, second)]
    await serve_register(stack, weesp, PEOPLE, pool, sockets)
