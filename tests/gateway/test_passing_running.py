# SPDX-License-Identifier: EUPL-1.2
"""A report about what another organisation holds travels there, with its evidence, and back."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.gateway.gateway_scene import ASSISTANCE, DOESBURG, WEESP
from tests.gateway.pair_rig import Pair
from tests.gateway.saying_rig import (
    FIELDS,
    HEARING,
    SUZANNE,
    Saying,
    agreed,
    keep_person,
    saying,
)
from tests.registers.notice_rig import until
from tests.registers.test_api import PEOPLE
from tests.vocabulary.test_uploads import JPEG, pdf

from landschap.gateway.saying import report as forms
from landschap.gateway.saying.client.reports import BROUGHT, Courier, bring_due_reports
from landschap.gateway.saying.question import NUMBER, write
from landschap.gateway.saying.report import FILE_PATH, REPORT_PATH, STATE_PATH, Doubt, Reported
from landschap.gateway.saying.store.passed import State, passed_of
from landschap.platform import postgres
from landschap.platform.http import make_app
from landschap.platform.ids import uuid7
from landschap.platform.keys import secret_key
from landschap.platform.seal_keys import SealKeys
from landschap.portal.pages import OwnData, people_shape
from landschap.portal.pages import routes as portal_routes
from landschap.purposes.model import Effect, FieldSet, OfferedService, Policy
from landschap.purposes.store import following
from landschap.registers import store as registers
from landschap.registers.api import Deps
from landschap.registers.models import Register, Registers
from landschap.registers.reports import Decided, Report
from landschap.registers.source_holder import SourceHolder
from landschap.registers.store.evidence import file_of_report, files_of_report
from landschap.registers.store.writing import lock

pytestmark = pytest.mark.long
ADDRESS = "Postbus 5, 1380 AA Weesp"
COPY = replace(PEOPLE, source=SourceHolder(oin=WEESP, name="Gemeente Weesp", address=ADDRESS))
STRANGER = "999990196"
WHY = "Zo staat het in mijn paspoort."


@dataclass(kw_only=True)
class Passed:
    """Both sides: Doesburg's portal with a copy, and Weesp's register."""

    rig: Saying
    portal: httpx.AsyncClient
    courier: Courier
    here: Any
    there: Any

    async def page(self, session: dict[str, str], path: str) -> str:
        answer = await self.portal.get(path, headers=session)
        assert answer.status_code == 200, answer.text
        return answer.text

    async def report(
        self, session: dict[str, str], *files: tuple[str, bytes], proposed: str = "Suzan"
    ) -> str:
        """Report that the name is wrong; the address of the report."""
        page = await self.page(session, "/gegevens")
        found = re.search(r'href="(/gegevens/proef/[^"]+/naam/fout)"', page)
        assert found is not None, page
        form = await self.page(session, found[1])
        kept = dict(re.findall(r'name="(token|melding|voor)" value="([^"]*)"', form))
        data = {**kept, "voorstel": proposed, "uitleg": WHY, "stap": "verstuur"}
        sent = [("bewijs", each) for each in files] or [("bewijs", ("", b""))]
        for each in sent[:-1]:
            await self.portal.post(
                found[1], data={**data, "stap": "nakijken"}, files=[each], headers=session
            )
        answer = await self.portal.post(found[1], data=data, files=sent[-1:], headers=session)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    async def take_back(self, session: dict[str, str], address: str) -> None:
        page = await self.page(session, address)
        (token,) = set(re.findall(r'name="token" value="([^"]+)"', page))
        answer = await self.portal.post(address, data={"token": token}, headers=session)
        assert answer.status_code == 303

    async def round(self) -> None:
        """The worker, as if the pause was over."""
        await self.courier.voice.pool.execute("UPDATE report_sent SET next_at = now()")
        await bring_due_reports(self.courier, 20)

    async def state(self, address: str) -> State:
        found = await passed_of(self.courier.voice.pool, number_in(address))
        assert found is not None
        return found.state

    async def theirs(self) -> list[Report]:
        """What waits for a decision at Weesp."""
        return list(await registers.open_reports(self.there, PEOPLE, 50))

    async def decide(self, report: Report, *, upheld: bool, reason: str) -> None:
        decided = Decided(upheld=upheld, reason=reason, document="zaak 12")
        (kind,) = PEOPLE.types.values()
        await registers.decide(self.there, PEOPLE, kind, report, decided, "Anna")

    async def send(self, method: str, path: str, form: Any) -> tuple[int, dict[str, Any]]:
        """Through the doors, as the portal does."""
        (grant,) = await self.rig.voice.others()
        headers = {
            "Content-Type": "application/json", "X-Api-Key": self.rig.pair.key,
            "Fsc-Grant-Hash": grant.grant_hash.value, "Doelbinding": ASSISTANCE,
            "Handeling": "raadplegen" if method == "POST" else "bijwerken-of-wijzigen",
        }  # fmt: skip
        insight = self.rig.voice.insight
        async with insight.session.request(
            method, f"{insight.outway}{path}", data=write(form), headers=headers
        ) as answer:
            return answer.status, await answer.json(content_type=None)

    def said(self, doubt: Doubt | None, report: UUID, bsn: str = SUZANNE) -> str:
        now = datetime.now(UTC)
        reported = Reported(
            issuer=DOESBURG, audience=WEESP, subject=bsn,
            level="http://eidas.europa.eu/LoA/substantial",
            authenticated_at=now - timedelta(minutes=1), said_at=now, jti=uuid7(), report=report,
            doubt=doubt,
        )  # fmt: skip
        return forms.sign(reported, self.rig.pair.doesburg.own)


def number_in(address: str) -> UUID:
    return UUID(address.rpartition("/")[2])


@pytest.fixture(scope="module")
async def passing(whole_pair: Pair) -> AsyncIterator[Passed]:
    """Doesburg shows residents its copy of what Weesp holds."""
    async with saying(whole_pair) as rig, AsyncExitStack() as stack:
        side = whole_pair.doesburg
        await side.change_register(_with_own(agreed(DOESBURG)))
        await side.take_effect()
        here = await postgres.pool(side.settings, "registers")
        there = await postgres.pool(whole_pair.weesp.settings, "registers")
        for each in (here, there):
            stack.push_async_callback(each.close)
        await keep_person(here, {"naam": "Suzanne", NUMBER: SUZANNE})
        known = Registers({COPY.name: COPY})
        keys = SealKeys(side.settings, "evidence")
        courier = Courier(voice=rig.voice, registers=known, pool=here, evidence_keys=keys)
        served = Deps(
            registers=known, pool=here, log=rig.deps.writer,
            controller=side.settings.organisation.oin,
            permit_key=secret_key(side.settings, "permit"),
            pseudonym_key=secret_key(side.settings, "pseudonym"),
        )  # fmt: skip
        own = OwnData(
            registers=served, snapshot=await following(rig.deps.purposes_pool),
            purpose=ASSISTANCE, evidence_keys=keys, courier=courier,
        )  # fmt: skip
        deps = replace(rig.deps, own=own)
        app: Any = make_app(portal_routes(deps), people_shape(deps))
        web = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://doesburg.test"
        )
        await stack.enter_async_context(web)

        async def told() -> bool:
            page = await rig.page(await rig.session("999990627"))
            return "Wij kunnen nu niet alles laten zien" not in page

        await until(told, 60)
        yield Passed(rig=rig, portal=web, courier=courier, here=here, there=there)


def _with_own(made: Any) -> Any:
    """Residents of Doesburg see what its copy says of them."""
    of: Any = {"provider": DOESBURG, "service": "proef"}
    first = made.policies[0]
    policy = Policy(
        id="POL-EIGEN", version=1, effect=Effect.PERMIT, purpose=ASSISTANCE,
        organisations=("*own",), actions=("raadplegen",), valid=first.valid, roles=("betrokkene",),
        explanation=first.explanation, field_set="eigen@1", legal_bases=first.legal_bases,
        activity=HEARING, **of,
    )  # fmt: skip
    offered = OfferedService(
        provider=DOESBURG, name="proef", fields=FIELDS, searchable=(NUMBER,), personal=True
    )
    sets = FieldSet(id="eigen", version=1, fields=FIELDS, searchable=(NUMBER,), **of)
    return replace(
        made,
        services=(*made.services, offered),
        field_sets=(*made.field_sets, sets),
        policies=(*made.policies, policy),
    )


async def test_a_report_travels_with_its_evidence_and_the_decision_comes_back(
    passing: Passed,
) -> None:
    session = await passing.rig.session()
    body = pdf()
    address = await passing.report(session, ("paspoort.pdf", body), ("foto.jpg", JPEG))
    page = await passing.page(session, address)
    assert "Afgeleverd bij Gemeente Weesp" in page
    assert "Gemeente Weesp beslist uiterlijk op" in page
    (report,) = await passing.theirs()
    assert (report.proposed, report.explanation, report.peer) == ("Suzan", WHY, DOESBURG)
    assert f"Nummer daar: {report.number}." in page
    keys = SealKeys(passing.rig.pair.weesp.settings, "evidence")()
    files = await files_of_report(passing.there, keys, report.report_id)
    assert [each.name for each in files] == ["paspoort.pdf", "foto.jpg"]
    file = await file_of_report(passing.there, keys, report.report_id, files[0].evidence_id)
    assert file is not None
    assert file.body == body
    # Both registers say that it is in doubt; both logs have the line, without a number of a person.
    assert "In onderzoek" in await passing.page(session, "/gegevens")
    there, here = await passing.rig.lines(WEESP), await passing.rig.lines(DOESBURG)
    assert "Inwoner meldt in een ander portaal een fout" in {each["name"] for each in there}
    assert [each["outcome"] for each in here if each["name"] == BROUGHT] == ["delivered"]
    assert SUZANNE not in f"{there}{here}"
    await passing.decide(report, upheld=False, reason="Op de akte staat Suzanne.")
    await passing.round()
    page = await passing.page(session, address)
    assert "Op de akte staat Suzanne." in page
    assert "Gemeente Weesp verandert het gegeven niet." in page
    assert ADDRESS in page
    assert await passing.state(address) is State.DECIDED
    assert "In onderzoek" not in await passing.page(session, "/gegevens")


async def test_a_decision_is_there_when_the_page_is_opened(passing: Passed) -> None:
    session = await passing.rig.session()
    address = await passing.report(session)
    (report,) = await passing.theirs()
    await passing.decide(report, upheld=True, reason="U heeft het goed gezien.")
    page = await passing.page(session, address)
    assert "U kreeg gelijk" in page
    assert "U heeft het goed gezien." in page


async def test_who_is_away_gets_it_later_and_taking_back_travels_too(passing: Passed) -> None:
    session = await passing.rig.session()
    owner = passing.rig.pair.weesp.administrator
    await owner.execute("REVOKE INSERT ON logboek.record FROM landschap_logboek")
    try:
        address = await passing.report(session, ("foto.jpg", JPEG))
        page = await passing.page(session, address)
        assert "Nog niet afgeleverd bij Gemeente Weesp" in page
        assert "Wij proberen het steeds opnieuw." in page
        assert await passing.theirs() == []
    finally:
        await owner.execute("GRANT INSERT ON logboek.record TO landschap_logboek")

    async def brought() -> bool:
        await passing.round()
        return await passing.state(address) is State.DELIVERED

    await until(brought, 60)
    (report,) = await passing.theirs()
    await passing.round()
    assert await passing.theirs() == [report]
    await owner.execute("REVOKE INSERT ON logboek.record FROM landschap_logboek")
    try:
        # That it can not be asked after now says nothing of the evidence that is there.
        page = await passing.page(session, address)
        assert "Afgeleverd bij Gemeente Weesp" in page
        assert "Niet al uw bewijs kwam aan" not in page
        await passing.take_back(session, address)
        assert "Intrekken is onderweg" in await passing.page(session, address)
    finally:
        await owner.execute("GRANT INSERT ON logboek.record TO landschap_logboek")

    async def gone() -> bool:
        await passing.round()
        return await passing.state(address) is State.TAKEN_BACK

    await until(gone, 60)
    assert await passing.theirs() == []
    assert "Intrekken is onderweg" not in await passing.page(session, address)
    keys = SealKeys(passing.rig.pair.weesp.settings, "evidence")()
    assert await files_of_report(passing.there, keys, report.report_id) == []


async def test_nobody_reports_what_is_not_theirs_nor_asks_after_what_another_brought(
    passing: Passed,
) -> None:
    (kind,) = PEOPLE.types.values()
    doubt = Doubt(
        register=PEOPLE.name, type=kind.name, object_id="p1", path="naam",
        since=datetime.now(UTC).date(), proposed="X", explanation="Zo is het.",
    )  # fmt: skip
    wrong = (
        passing.said(doubt, uuid7(), STRANGER),
        passing.said(replace(doubt, path=NUMBER), uuid7()),
        passing.said(replace(doubt, register="anders"), uuid7()),
        passing.said(replace(doubt, object_id="p2"), uuid7()),
    )
    for each in wrong:
        status, told = await passing.send("PUT", REPORT_PATH, forms.Brought(melding=each))
        assert (status, told["code"]) == (404, "report_unknown")
    assert await passing.theirs() == []
    # Taken back before it came, it never counts.
    early = uuid7()
    back = forms.Brought(melding=passing.said(None, early))
    assert (await passing.send("PUT", REPORT_PATH, back))[1]["stand"] == "ingetrokken"
    late = forms.Brought(melding=passing.said(doubt, early))
    assert (await passing.send("PUT", REPORT_PATH, late))[1]["stand"] == "ingetrokken"
    assert await passing.theirs() == []
    # A file that goes with nothing, one that is none, and another report under the same number.
    nothing = forms.BroughtFile(melding=uuid7(), naam="a.jpg", inhoud="AAAA")
    assert (await passing.send("PUT", FILE_PATH, nothing))[0] == 404
    number = uuid7()
    digest = hashlib.sha256(JPEG).hexdigest()
    first = forms.Brought(melding=passing.said(replace(doubt, files=(digest,)), number))
    told = (await passing.send("PUT", REPORT_PATH, first))[1]
    assert (told["stand"], told["ontbreekt"]) == ("in behandeling", [digest])
    # Brought again, as after a crash before its receipt was kept, it is the same one.
    assert (await passing.send("PUT", REPORT_PATH, first))[1] == told
    assert len(await passing.theirs()) == 1
    other = forms.Brought(melding=passing.said(replace(doubt, proposed="Y"), number))
    assert (await passing.send("PUT", REPORT_PATH, other))[1]["code"] == "statement_changed"
    asked = forms.Asking(meldingen=(number, uuid7()))
    every = (await passing.send("POST", STATE_PATH, asked))[1]["meldingen"]
    assert [each["melding"] for each in every] == [str(number)]
    back = forms.Brought(melding=passing.said(None, number, STRANGER))
    assert (await passing.send("PUT", REPORT_PATH, back))[0] == 404
    back = forms.Brought(melding=passing.said(None, number))
    assert (await passing.send("PUT", REPORT_PATH, back))[1]["stand"] == "ingetrokken"
    # A file that comes after that is no longer kept.
    came = await passing.there.fetchval("SELECT count(*) FROM registers.evidence")
    file = forms.BroughtFile(
        melding=number, naam="foto.jpg", inhoud=base64.b64encode(JPEG).decode()
    )
    status, told = await passing.send("PUT", FILE_PATH, file)
    assert (status, told["stand"]) == (200, "ingetrokken")
    assert await passing.there.fetchval("SELECT count(*) FROM registers.evidence") == came
    assert SUZANNE not in json.dumps(await passing.rig.lines(WEESP))


async def test_what_is_taken_back_while_it_is_kept_waits_for_nobody(passing: Passed) -> None:
    (kind,) = PEOPLE.types.values()
    doubt = Doubt(
        register=PEOPLE.name, type=kind.name, object_id="p1", path="naam",
        since=datetime.now(UTC).date(), proposed="X", explanation="Zo is het.",
    )  # fmt: skip
    number = uuid7()
    report = forms.Brought(melding=passing.said(doubt, number))
    back = forms.Brought(melding=passing.said(None, number))

    async def waits() -> bool:
        waiting = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)"
        return bool(await passing.rig.pair.weesp.administrator.fetchval(waiting))

    # The register is busy: the report waits to be kept, and what takes it back overtakes it.
    async with (
        passing.there.acquire() as connection,
        asyncio.TaskGroup() as group,
        connection.transaction(),
    ):
        await lock(connection, PEOPLE)
        sent = group.create_task(passing.send("PUT", REPORT_PATH, report))
        await until(waits, 60)
        told = await passing.send("PUT", REPORT_PATH, back)
        assert told[1]["stand"] == "ingetrokken"
    assert sent.result()[1]["stand"] == "ingetrokken"
    assert await passing.theirs() == []


async def test_where_it_can_not_be_brought_the_page_says_what_one_can_do(
    passing: Passed, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await passing.rig.session()
    elsewhere = SourceHolder(oin="00000099000000009999", name="RDW", address="Postbus 30.000")
    changed: Register = replace(COPY, source=elsewhere)
    monkeypatch.setitem(passing.courier.registers.by_name, COPY.name, changed)
    page = await passing.page(session, "/gegevens")
    found = re.search(r'href="(/gegevens/proef/[^"]+/naam/fout)"', page)
    assert found is not None
    told = await passing.page(session, found[1])
    assert "Geef het zelf door aan RDW." in told
    assert "Schrijf naar: Postbus 30.000" in told
    assert "<textarea" not in told
    # What was typed when that was still otherwise stands there to be taken along.
    (token,) = set(re.findall(r'name="token" value="([^"]+)"', page))
    data = {"token": token, "voorstel": "Suzan", "uitleg": WHY, "stap": "verstuur"}
    answer = await passing.portal.post(found[1], data=data, headers=session)
    assert answer.status_code == 200
    assert WHY in answer.text
    assert await passing.theirs() == []
