# SPDX-License-Identifier: EUPL-1.2
"""Changes of a register out as StUF notices: by our own queue, again until they are taken."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest
from aiohttp import web
from lxml import etree
from tests.integration.stuf_rig import BG, STUF
from tests.integration.test_notices_in import ALL, FIELDS, MAPPING, PEOPLE
from tests.ports import free_port
from tests.registers.rig import kind_of
from tests.registers.test_api import SUZANNE, Asker
from tests.throwaway import Database

from landschap.integration.connectors import telling
from landschap.integration.connectors.notices import placed_out, way_out
from landschap.integration.connectors.opening import client_session
from landschap.integration.connectors.telling import tellers
from landschap.integration.mistakes import DeclarationError
from landschap.integration.stuf.api import telling_routes
from landschap.integration.stuf.mapping import NoticeMapping, parse_mapping
from landschap.integration.stuf.messages import INVALID, Head, Notice, StufFault, fault, read_notice
from landschap.integration.stuf.messages import receipt as receipt_of
from landschap.integration.stuf.writing import Told, lk01
from landschap.logboek.store import LogWriter
from landschap.platform import postgres
from landschap.platform.http import AppShape, make_app
from landschap.platform.ids import uuid7
from landschap.platform.keys import secret_key
from landschap.platform.pseudonym_keys import LivingKeys
from landschap.registers import api as register_api
from landschap.registers import store
from landschap.registers.api.desk import Desk
from landschap.registers.operations import Draft
from landschap.registers.periods import OPEN, Period
from landschap.registers.store import Act, Entry, Written
from landschap.registers.store import subscriptions as kept
from landschap.registers.subscriptions import Filters, Subscription, Wanted
from landschap.registers.timeline import Kind
from landschap.registers.worker import Answer, Doors, Letter, NoticeDeps, deliver_notices

SERVICE = "naar-burgerzaken"
OUT = (
    MAPPING
    + f"""\
uit:
  dienst: {SERVICE}
  url: http://burgerzaken.test/stuf
  handeling: {BG}/npsLk01
  sector: bg
  zender: Weesp/Landschap
  ontvanger: BRP/Burgerzaken
"""
)
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


@dataclass
class Receiver:
    """A system that takes StUF notices, or not."""

    mapping: NoticeMapping
    port: int = field(default_factory=free_port)
    taken: list[Notice] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    refuses: int = 0
    away: int = 0
    silent: int = 0

    async def serve(self, request: web.Request) -> web.Response:
        """One notice."""
        body = await request.read()
        self.raw.append(body)
        if self.silent:
            self.silent -= 1
            await asyncio.sleep(40)
        if self.away:
            self.away -= 1
            return web.Response(status=503)
        notice = read_notice(body, self.mapping)
        if self.refuses:
            self.refuses -= 1
            told = fault(StufFault(INVALID, "proef", notice.head), "1", NOW)
            return web.Response(body=told, status=500, content_type="text/xml")
        self.taken.append(notice)
        return web.Response(body=receipt_of(notice.head, "1", NOW), content_type="text/xml")


@dataclass
class Place:
    """A register, who is told of its changes, and the way there."""

    asker: Asker
    receiver: Receiver
    database: Database
    own: str

    async def carry(self, to: Subscription, letter: Letter) -> Answer:
        """As our Outway and Inway do: with a permit for the service that the sink names."""
        answer = await self.asker.send(
            letter.method, f"/{SERVICE}/v1/gebeurtenissen", body=letter.body,
            headers=dict(letter.headers), service=SERVICE, peer=to.peer, fields=FIELDS,
        )  # fmt: skip
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Answer(status=answer.status_code, headers=headers)

    async def write(self, kind: Kind, begin: str, content: dict[str, Any] | None) -> None:
        """One assertion about p1."""
        draft = Draft(
            period=Period(date.fromisoformat(begin), OPEN), kind=kind, content=content,
            group="persoon",
        )  # fmt: skip
        entry = Entry(type=kind_of(PEOPLE), object_id="p1", draft=draft)
        act = Act(register=PEOPLE, transaction_id=uuid7(), entries=[entry])
        assert isinstance(await store.write(self.asker.pool, act), Written)

    async def told(self, count: int) -> list[Notice]:
        """Run the worker until so many were taken."""
        deps = NoticeDeps(
            pool=self.asker.pool,
            connect=lambda: postgres.connect(self.database.settings, "registers"),
            registers=ALL, oin=self.own, origin="manager.proef.test",
            doors=Doors(outway=self, address=self),
        )  # fmt: skip
        stop = asyncio.Event()
        work = asyncio.create_task(deliver_notices(deps, stop))
        try:
            async with asyncio.timeout(60):
                while len(self.receiver.taken) < count:  # noqa: ASYNC110  # nobody tells
                    await asyncio.sleep(0.02)
        finally:
            stop.set()
            with suppress(asyncio.CancelledError):
                await asyncio.wait_for(work, 40)
        return self.receiver.taken


@pytest.fixture
async def place(database: Database) -> AsyncIterator[Place]:
    """All of it, running."""
    settings = database.settings
    mapping = parse_mapping(OUT, "brp.yaml", ALL)
    receiver = Receiver(mapping)
    app = web.Application()
    app.router.add_post("/stuf", receiver.serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", receiver.port).start()
    log = LogWriter(settings, "web")
    await log.start()
    pool, oin = await database.pool("registers"), settings.organisation.oin
    deps = register_api.Deps(
        registers=ALL, pool=pool, log=log, controller=oin,
        permit_key=secret_key(settings, "permit"), pseudonym_key=secret_key(settings, "pseudonym"),
        line_key=LivingKeys(settings).newest,
    )  # fmt: skip
    desk, hosts = Desk(deps), {"burgerzaken.test": f"127.0.0.1:{receiver.port}"}
    session = client_session(hosts)
    assert mapping.out is not None
    moved = placed_out(mapping.out, hosts)
    doors = {mapping.name: way_out(moved, session, settings.paths.secrets)}
    made = tellers(desk, {mapping.name: replace(mapping, out=moved)}, doors)
    shape = AppShape(title="proef", version="1.0.0")
    served = make_app(telling_routes(desk, made), shape)
    transport = httpx.ASGITransport(app=served)  # type: ignore[arg-type]  # two names of one ASGI
    async with httpx.AsyncClient(transport=transport, base_url="http://dienst") as client:
        asker = Asker(
            client=client, permit_key=deps.permit_key, pool=pool,
            log_pool=await database.pool("logboek"), log=log, register=PEOPLE,
        )  # fmt: skip
        wanted = Wanted(sink=f"fsc:{SERVICE}", filters=Filters(type_keys=("proef.persoon",)))
        asking = kept.Asking(
            subscription_id=uuid7(), peer=oin.value, purpose="https://doelen.example/a",
            policy="p", transaction_id=uuid7(),
        )  # fmt: skip
        assert isinstance(await kept.subscribe(pool, PEOPLE, asking, wanted), Subscription)
        yield Place(asker, receiver, database, oin.value)
    await session.close()
    await log.close()
    await runner.cleanup()


PERSON = {"burgerservicenummer": SUZANNE, "naam": "Moulin", "geboren": "1985-12-01"}


@pytest.mark.long
async def test_every_change_is_told_in_order_until_it_is_taken(place: Place) -> None:
    await place.write(Kind.REGISTRATION, "2020-01-01", PERSON)
    changed = {"burgerservicenummer": SUZANNE, "naam": "De Wit", "geheim": True}
    await place.write(Kind.CHANGE, "2022-06-01", changed)
    place.receiver.refuses, place.receiver.away = 1, 1
    await place.told(2)
    await place.write(Kind.CHANGE, "2024-01-01", None)
    told = await place.told(3)
    assert [(one.mutation, str(one.begin)) for one in told] == [
        ("T", "2020-01-01"), ("W", "2022-06-01"), ("V", "2024-01-01"),
    ]  # fmt: skip
    assert {one.object_id for one in told} == {"p1"}
    assert told[0].values == {**PERSON, "geheim": None}
    assert told[1].values == {**changed, "geboren": None}
    assert told[0].head == Head(
        sender="Weesp/Landschap", receiver="BRP/Burgerzaken", number=told[0].head.number
    )
    # One that was not taken came again under the same number, and is known by it.
    assert len(place.receiver.raw) == 5
    assert len({one.head.number for one in told}) == 3
    kinds = await place.asker.log_pool.fetch("SELECT kind FROM logboek.record")
    assert len(kinds) == 5


async def test_only_permitted_fields_and_only_changes_of_our_own_are_told(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    await place.write(Kind.REGISTRATION, "2020-01-01", PERSON)
    event = {
        "specversion": "1.0", "id": str(uuid7()), "type": "nl.proef.persoon-geregistreerd",
        "source": f"urn:nld:oin:{place.own}:systeem:proef", "sequence": "1",
        "sequencetype": "Integer", "subject": "personen/p1",
    }  # fmt: skip
    path, given = f"/{SERVICE}/v1/gebeurtenissen", {"service": SERVICE, "peer": place.own}
    kind = {"Content-Type": "application/cloudevents+json"}

    async def send(event: dict[str, Any], **permit: Any) -> httpx.Response:
        body = httpx.Request("POST", "http://x", json=event).content
        return await place.asker.send("POST", path, body=body, headers=kind, **{**given, **permit})

    done = await send(event, fields=("nummer", "naam"))
    assert (done.status_code, done.json()) == (200, {"ontvangen": 1, "verzonden": 1})
    assert place.receiver.taken[-1].values == {"naam": "Moulin"}
    assert SUZANNE.encode() not in place.receiver.raw[-1]
    for other in ({**event, "type": "nl.proef.zaak-gewijzigd"}, {**event, "sequence": "9"}):
        assert (await send(other)).json()["verzonden"] == 0
    stranger = "00000099000000002000"
    foreign = {**event, "source": f"urn:nld:oin:{stranger}:systeem:proef"}
    assert (await send(foreign, peer=stranger)).status_code == 403
    assert (await send(event, service="proef")).status_code == 403
    place.receiver.refuses = 1
    refused = await send(event)
    assert (refused.status_code, refused.json()["code"]) == (422, "stuf.geweigerd")
    place.receiver.away = 1
    assert (await send(event)).json()["code"] == "stuf.onbereikbaar"
    place.receiver.silent = 1
    monkeypatch.setattr(telling, "SECONDS", 0.2)
    late = await send(event)
    assert (late.status_code, late.json()["code"]) == (503, "stuf.onbereikbaar")
    assert "te_laat" in late.json()["detail"]
    assert len(place.receiver.taken) == 1


def test_a_message_says_how_much_of_a_date_is_known() -> None:
    mapping = parse_mapping(OUT, "brp.yaml", ALL)
    for day, text, known in (
        ("1985-12-01", "19851201", None), ("1985-12-00", "19851201", "D"),
        ("1985-00-00", "19850101", "M"),
    ):  # fmt: skip
        told = Told(
            mutation="T", object_id="p1", begin=date(1, 1, 1), before=None,
            after={"geboren": day, "geheim": False},
        )  # fmt: skip
        body = lk01(told, mapping, FIELDS, "r1", NOW)
        (born,) = etree.fromstring(body).iter(f"{{{BG}}}geboortedatum")
        assert (born.text, born.get(f"{{{STUF}}}indOnvolledigeDatum")) == (text, known)
        notice = read_notice(body, mapping)
        assert (notice.values["geboren"], notice.values["geheim"]) == (day, False)
        assert (notice.values["naam"], notice.begin) == (None, date(1, 1, 1))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('naam: "bg:geslachtsnaam"', 'naam: "//bg:geslachtsnaam"', "can be read but not written"),
        ("url: http://burgerzaken.test/stuf", "url: burgerzaken", "must start with https"),
        ("sector: bg", "sector: bgx", "'bgx' does not exist"),
        (f"dienst: {SERVICE}", "dienst: Naar Ons", "must be a service name"),
    ],
)
def test_a_mistake_in_where_changes_go_is_told(old: str, new: str, words: str) -> None:
    assert old in OUT
    with pytest.raises(DeclarationError, match=words):
        parse_mapping(OUT.replace(old, new), "brp.yaml", ALL)
