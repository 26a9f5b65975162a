# SPDX-License-Identifier: EUPL-1.2
"""An error that a resident reports, to the source holder and back, and on to who had the old value.

Doesburg holds the register and really runs: portal, console, registers, worker and Outway. Weesp
received the old value, and offers an inbox behind its Inway.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import httpx
import pytest
from tests.console.console_rig import BURGERZAKEN, Console, served_console
from tests.gateway.gateway_scene import DOESBURG, WEESP
from tests.gateway.pair_rig import Pair, conclude, want_tokens
from tests.gateway.test_notices_between import INBOX, agreed, services_of, worker_of_doesburg
from tests.portal.test_corrections import WHY, decide, report, waiting
from tests.portal.visiting import Visitor
from tests.registers.notice_rig import until
from tests.registers.rig import WEESP as READY
from tests.registers.test_api import Asker
from tests.throwaway import Database

from landschap.cli.notices import Rights, reaches_inbox
from landschap.gateway import store
from landschap.platform import postgres
from landschap.platform.http import AppShape, make_app
from landschap.purposes.files import parse_register
from landschap.purposes.model import Register
from landschap.registers import api, client
from landschap.registers import store as registers_store
from landschap.registers.models import Registers
from landschap.registers.store import inbox

FIELDS = ("burgerservicenummer", "straat", "huisnummer", "postcode", "woonplaats")
SUZANNES, ANOTHERS = "P00001", "P00002"
ONLY = "postadressen"


def in_force() -> Register:
    """Doesburg's register: what it agreed with Weesp, and what residents and employees may see."""
    folder = READY / "doelbinding"
    names = ("doelen", "register", "medewerkers", "inwoners-zelf")
    sources = {f"{each}.toml": (folder / f"{each}.toml").read_text() for each in names}
    made, more = agreed(DOESBURG), parse_register(sources, DOESBURG)
    parts = [each.name for each in dataclasses.fields(made)]
    both: dict[str, Any] = {
        name: (*getattr(made, name), *getattr(more, name))
        for name in parts
        if isinstance(getattr(made, name), tuple)
    }
    return dataclasses.replace(made, **both)


@dataclass(kw_only=True)
class Scene:
    """Doesburg as residents, employees and Weesp meet it, and the inbox of Weesp."""

    console: Console
    asker: Asker
    weesp: Any

    async def answer(self, thing: str) -> dict[str, Any]:
        """What Weesp's official reads of an address."""
        path = f"/{ONLY}/v1/{ONLY}/{thing}"
        told = await self.ask("GET", path, {"historie": "true"})
        assert told.status_code == 200, told.text
        found: dict[str, Any] = told.json()
        return found

    async def ask(
        self, method: str, path: str, query: dict[str, str] | None = None, body: bytes = b""
    ) -> httpx.Response:
        """A question of Weesp, as Doesburg's Inway lets it through."""
        return await self.asker.send(
            method, path, query, body=body, service=ONLY, peer=WEESP, fields=FIELDS
        )


@pytest.fixture
async def scene(pair: Pair) -> AsyncIterator[Scene]:
    models = client.read_models(READY / "registers")
    registers = Registers({ONLY: models.by_name[ONLY]})
    async with AsyncExitStack() as stack:
        await pair.weesp.change_register(agreed(WEESP))
        await pair.doesburg.change_register(in_force())
        await store.apply_services(pair.weesp.pools.gateway, [INBOX], datetime.now(UTC))
        await conclude(pair, "meldingen")
        await want_tokens(pair)
        await stack.enter_async_context(services_of(pair.weesp))
        await pair.weesp.take_effect()
        await pair.doesburg.take_effect()
        database = Database(name="doesburg", settings=pair.doesburg.settings)
        stack.callback(database.close)
        pool = await database.pool("registers")
        held = registers.by_name[ONLY]
        await registers_store.prepare(pool, held)
        read = client.read_extract(held, READY / "gegevens" / f"{ONLY}.jsonl")
        async for _ in registers_store.load(pool, held, read):
            pass
        rights = Rights(
            me=DOESBURG, fsc=pair.doesburg.pools.fsc, purposes=pair.doesburg.pools.purposes
        )
        console = await stack.enter_async_context(
            served_console(
                database, bare=True, registers=registers, reaches=partial(reaches_inbox, rights)
            )
        )
        app = make_app(
            api.routes(console.deps.registers), AppShape(title="Services", version="1.0.0")
        )
        transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]  # scope types differ
        asked = await stack.enter_async_context(
            httpx.AsyncClient(transport=transport, base_url="http://x")
        )
        await stack.enter_async_context(worker_of_doesburg(pair, pool, registers))
        weesp = await postgres.pool(pair.weesp.settings, "registers")
        stack.push_async_callback(weesp.close)
        asker = Asker(
            client=asked, permit_key=console.deps.registers.permit_key, pool=pool,
            log_pool=await database.pool("logboek"), log=console.deps.registers.log, register=held,
        )  # fmt: skip
        yield Scene(console=console, asker=asker, weesp=weesp)


@pytest.mark.case("S-21")
async def test_a_correction_travels_to_the_holder_and_back_and_to_who_had_the_old_value(
    scene: Scene,
) -> None:
    # Weesp receives the old value, and nothing is in doubt.
    before = await scene.answer(SUZANNES)
    assert (before["huisnummer"], before["historie"]["inOnderzoek"]) == (41, [])
    # P reports an error on a field; from then on each answer says so.
    resident = Visitor(portal=scene.console.address)
    await resident.log_in("burger-1")
    sent = await report(resident, "huisnummer", "14")
    marked = await scene.answer(SUZANNES)
    assert (marked["huisnummer"], marked["historie"]["inOnderzoek"]) == (41, ["huisnummer"])
    # The holder decides, and writes the correction with it.
    officer = await scene.console.visit("burgerzaken", BURGERZAKEN)
    path = await waiting(officer, "Huisnummer")
    assert WHY in (await officer.get(path)).text
    reason = "Zo staat het in het huurcontract."
    done = await decide(officer, path, gegrond="ja", reden=reason)
    assert done.status == 303, done.text
    after = await scene.answer(SUZANNES)
    assert (after["huisnummer"], after["historie"]["inOnderzoek"]) == (14, [])
    assert after["historie"]["soort"] == "CORRECTIE"
    assert after["historie"]["beginGeldigheid"] == before["historie"]["beginGeldigheid"]
    # P sees the decision; who received the old value is told by the worker, and P sees that too.
    told = await resident.get(sent)
    assert "U heeft gelijk" in told.text
    assert reason in told.text

    async def all_told() -> bool:
        page = await resident.get(sent)
        return "Gemeente Weesp" in page.text and "Verteld op" in page.text

    await until(all_told, 60)
    assert "kreeg het oude gegeven sinds" in (await resident.get(sent)).text
    (kept,) = await inbox.latest(scene.weesp, 10, "-gecorrigeerd")
    assert kept.peer == DOESBURG
    assert kept.received.dataref == f"/{ONLY}/v1/{ONLY}/{SUZANNES}"
    # Nobody is told twice, also when the officer asks for it again.
    page = await officer.get(path)
    assert "Gemeente Weesp" in page.text
    again = await officer.post(f"{path}/ontvangers", {"token": officer.token(page)})
    assert again.status == 303, again.text
    assert len(await inbox.latest(scene.weesp, 10)) == 1
    await an_official_reports_doubt_the_same_way(scene)


async def an_official_reports_doubt_the_same_way(scene: Scene) -> None:
    """An official of Weesp, about another person."""
    words = "In onze aanvraag staat een ander nummer"
    body = json.dumps({"kenmerken": ["huisnummer"], "toelichting": words}).encode()
    made = await scene.ask("POST", f"/{ONLY}/v1/{ONLY}/{ANOTHERS}/_terugmelding", body=body)
    assert made.status_code == 201, made.text
    marked = await scene.answer(ANOTHERS)
    assert marked["historie"]["inOnderzoek"] == ["huisnummer"]
    # The person concerned sees that it is being looked into.
    resident = Visitor(portal=scene.console.address)
    await resident.log_in("burger-2")
    own = await resident.get("/gegevens")
    assert re.search(r"<dt>Huisnummer</dt><dd>\s*7\s*<span[^>]*>In onderzoek", own.text)
    officer = await scene.console.visit("burgerzaken", BURGERZAKEN)
    path = await waiting(officer, "Huisnummer", ANOTHERS)
    assert words in (await officer.get(path)).text
    given = {"gegrond": "ja", "reden": "Nagezien aan de deur.", "waarde.huisnummer": "9"}
    assert (await decide(officer, path, **given)).status == 303
    seen = (await scene.ask("GET", made.headers["location"])).json()
    assert (seen["status"], seen["reden"]) == ("gegrond", "Nagezien aan de deur.")
    after = await scene.answer(ANOTHERS)
    assert (after["huisnummer"], after["historie"]["inOnderzoek"]) == (9, [])
