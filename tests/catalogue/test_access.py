# SPDX-License-Identifier: EUPL-1.2
"""Asking for access: chosen by form, read before it is sent, sent once, followed until its end."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, datetime
from html import unescape
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from pgqueuer.errors import RetryRequested
from tests.catalogue.pages_rig import LISTED, Catalogue, described, offered, page
from tests.catalogue.test_api_page import ASKED
from tests.fsc import fsc_rig
from tests.portal.portal_rig import DOESBURG, PURPOSE
from tests.portal.visiting import Seen, Visitor

from landschap.catalogue import store
from landschap.fsc import store as contracts
from landschap.fsc.autosign import AutoSign
from landschap.fsc.client import ManagerClient, own_peer
from landschap.fsc.contracts import Contract, read_contract
from landschap.fsc.signatures import ChainedCertificate
from landschap.fsc.states import Kind, State
from landschap.fsc.store.errands import Attempt, note_attempt
from landschap.fsc.worker import WorkerDeps, deliver
from landschap.logboek.store import by_transaction
from landschap.platform.ids import uuid7
from landschap.purposes.bound import Bound, read_bound

FORM = "/catalogus/uitkeringen/toegang"
LISTED_DIGEST = LISTED["uitkeringen"][0].digest


@pytest.fixture(scope="module")
async def asked(catalogue: Catalogue) -> Catalogue:
    """A catalogue in which Doesburg asks a contract for one API, and nothing for another."""
    await offered(catalogue, described("Uitkeringen", info={"x-gebruik": ASKED}), "everyone")
    open_to_all = {"toegang": "open", "fsc": {"peerId": DOESBURG, "service": "bomen"}}
    await offered(catalogue, described("Bomen", info={"x-gebruik": open_to_all}), "everyone")
    await offered(catalogue, described("Zwijgend"), "everyone")
    return catalogue


def chosen(page: str) -> dict[str, str]:
    """What the form holds as it stands, and that it is to be sent."""
    form = page[page.index('method="post" action="/catalogus') :]
    found = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    checked = re.findall(r'name="(\w+)" id="[^"]+" value="([^"]*)" checked', form)
    typed = re.findall(r'id="tot" name="(tot)"[^>]*value="([^"]*)"', form)
    return {**found, **dict(checked), **dict(typed), "stap": "verstuur"}


async def officer(asked: Catalogue) -> Visitor:
    """Who may sign for the organisation."""
    return await asked.employee("contract")


async def sent(visitor: Visitor, path: str = FORM, **changes: str) -> Seen:
    """Choose what is chosen already, and send it."""
    form = {**chosen(await page(visitor, path)), **changes}
    return await visitor.post(FORM, form)


async def signed(asked: Catalogue, contract: Contract, kind: Kind) -> None:
    """The provider signs, and its signature comes in."""
    own, now = own_peer(asked.database.settings), datetime.now(UTC)
    provider = fsc_rig.own_peer(fsc_rig.Authority(), DOESBURG, name="Gemeente Doesburg")
    brought = contracts.Received(
        contract=contract,
        signature=provider.sign(contract, kind, now),
        certificate=ChainedCertificate(leaf=provider.certificate),
        sender=contracts.Peer(
            peer_id=provider.peer_id, name=provider.name, seen_at=now, announced_at=None,
            manager_address="https://doesburg.test:8443",
        ),
    )  # fmt: skip
    pool = await asked.database.pool("fsc")
    policy = AutoSign(own=own.peer_id, grant_types=frozenset(), offered=frozenset())
    async with pool.acquire() as connection, connection.transaction():
        await contracts.receive(connection, own, brought, policy)


async def contract_at(asked: Catalogue, answer: Seen) -> Contract:
    """The contract of the request that an answer leads to."""
    number = UUID(answer.location.rpartition("/")[2])
    request = await store.request_named(await asked.database.pool("catalogue"), number)
    assert request is not None
    stored = await contracts.contract(await asked.database.pool("fsc"), request.content_hash)
    assert stored is not None
    return stored.contract


async def test_what_is_asked_can_be_read_before_and_is_sent_once(asked: Catalogue) -> None:
    visitor = await officer(asked)
    assert "Vraag toegang aan" in await page(visitor, "/catalogus/uitkeringen")
    shown = await page(visitor, FORM)
    # There is one purpose that is accepted here and that our register has, and one field set.
    assert "mag dienst uitkeringen van Gemeente Doesburg bevragen voor doel" in shown
    assert "met hooguit de velden van bij-verhuizing@1" in shown
    assert "Participatiewet, 53a" in shown
    assert "Uw register noemt geen DPIA" in shown
    form = chosen(shown)
    two = await asyncio.gather(*(visitor.post(FORM, form) for _ in range(2)))
    assert {each.status for each in two} == {303}
    assert len({each.location for each in two}) == 1
    contract = await contract_at(asked, two[0])
    [(_, grant)] = contract.connections
    bound = read_bound(grant.properties)
    assert isinstance(bound, Bound)
    # The grounds are those of our own activities with this purpose.
    assert (bound.purposes, bound.legal_bases) == (
        (PURPOSE,),
        ("eu-gdpr:A6-1-e", "eu-gdpr:A6-1-c"),
    )
    assert (bound.field_set, bound.field_set_digest) == ("bij-verhuizing@1", LISTED_DIGEST)
    pool = await asked.database.pool("fsc")
    [errand] = await contracts.deliveries(pool, contract.hash)
    assert (errand.errand.target.value, errand.errand.task) == (DOESBURG, "submit")
    # What was done is in the log, and the page tells how far it is.
    assert "contract-propose" in await deeds(asked)
    told = await page(visitor, two[0].location)
    assert "uw vraag gaat nu naar Gemeente Doesburg" in told
    assert "Gevraagd door C. Tract (contract)." in told
    assert "Toegang tot Uitkeringen" in await page(visitor, two[0].location)
    assert "Uitkeringen</a>" in await page(visitor, "/catalogus/aanvragen")
    assert "Uw organisatie vroeg dit al eerder" in await page(visitor, FORM)


async def test_a_colleague_without_the_role_gets_an_address_to_give(asked: Catalogue) -> None:
    colleague = await asked.employee("burgerzaken")
    address = f"{FORM}?{urlencode({'doel': PURPOSE, 'veld': 'bedrag', 'tot': '01-02-2028'})}"
    shown = await page(colleague, address)
    assert "contractbeheerder" in shown
    assert "tot 2028-02-01" in shown
    assert 'value="verstuur"' not in shown
    token = re.search(r'name="token" value="([^"]+)"', shown)
    assert token is not None
    forced = {"token": token[1], "nummer": str(uuid7()), "doel": PURPOSE, "stap": "verstuur"}
    assert (await colleague.post(FORM, forced)).status == 403
    # The same address is whole for who may sign, and a foreign form is not.
    assert "tot 2028-02-01" in await page(await officer(asked), address)
    foreign = {**forced, "token": "x"}
    assert (await (await officer(asked)).post(FORM, foreign)).status == 403
    # Who is nobody logs in first and comes back with everything that was chosen.
    to = (await asked.visitor().get(address)).location
    assert "veld%3Dbedrag" in to.replace("%25", "%")


async def test_only_what_was_read_is_signed(asked: Catalogue) -> None:
    visitor = await officer(asked)
    before = await store.requests(await asked.database.pool("catalogue"))
    shown = await sent(visitor, tot="01-03-2028")
    # The words are those of another day: they are shown, and nothing is sent.
    assert (shown.status, "tot 2028-03-01" in shown.text) == (200, True)
    assert await store.requests(await asked.database.pool("catalogue")) == before
    assert (await visitor.post(FORM, chosen(shown.text))).status == 303
    looked = await sent(visitor, stap="bekijk", tot="01-04-2028")
    assert "tot=01-04-2028" in looked.location


async def test_nothing_typed_is_lost_when_something_is_wrong(asked: Catalogue) -> None:
    visitor = await officer(asked)
    wrong = await sent(visitor, tot="31-02-2028", veld="bedrag")
    assert wrong.status == 400
    assert 'value="31-02-2028"' in wrong.text
    assert ">bedrag</textarea>" in wrong.text
    assert "Schrijf een bestaande datum" in wrong.text
    for changes, words in (
        ({"doel": "https://doelen.example/id/verzonnen"}, "staat niet in uw register"),
        ({"veldenset": "alles@1"}, "noemt de aanbieder niet"),
        ({"tot": "01-01-2020"}, "al voorbij"),
        ({"tot": "01-01-2040"}, "ten hoogste vijf jaar"),
    ):
        refused = await sent(visitor, **changes)
        assert (refused.status, words in refused.text) == (400, True), words
    assert (await sent(visitor, nummer="geen nummer")).status == 400
    # Where no contract is needed, or it is not said of whom, there is nothing to ask.
    for name, words in (("bomen", "geen contract nodig"), ("zwijgend", "welke dienst het is")):
        assert words in await page(visitor, f"/catalogus/{name}/toegang")
        assert "Vraag toegang aan" not in await page(visitor, f"/catalogus/{name}")


async def test_it_is_told_whose_turn_it_is_until_it_is_withdrawn(asked: Catalogue) -> None:
    visitor = await officer(asked)
    answer = await sent(visitor, veld="bedrag")
    contract = await contract_at(asked, answer)
    pool, own = await asked.database.pool("fsc"), own_peer(asked.database.settings)
    [errand] = await contracts.deliveries(pool, contract.hash)
    async with ManagerClient(asked.database.settings, own) as client:
        work = WorkerDeps(settings=asked.database.settings, pool=pool, own=own, client=client)
        with pytest.raises(RetryRequested):
            await deliver(work, errand.errand, 0)
    away = await page(visitor, answer.location)
    assert "Wij kunnen Gemeente Doesburg nu niet bereiken" in away
    assert "getekend en bewaard" in away
    assert "De volgende keer is" in away
    now = datetime.now(UTC)
    await note_attempt(pool, errand.errand, Attempt(state="delivered"), now)
    assert "Gemeente Doesburg is aan de beurt" in await page(visitor, answer.location)
    await signed(asked, contract, Kind.ACCEPT)
    granted = await page(visitor, answer.location)
    assert "U heeft toegang" in granted
    assert "fields=bedrag" in granted
    purpose = PURPOSE.rpartition("/")[2]
    assert f"landschap call uitkeringen/PAD --purpose {purpose} --field bedrag" in granted
    assert "from landschap.client import Landschap" in granted
    needed = await page(visitor, "/catalogus/uitkeringen")
    assert "Het contract is voorgesteld" not in needed
    again = re.search(r'href="(/catalogus/uitkeringen/toegang\?verlengt=[^"]+)"', granted)
    assert again is not None
    renewed = await sent(visitor, unescape(again[1]))
    following = await contract_at(asked, renewed)
    assert following.not_after > contract.not_after
    assert "Dit volgt op een eerdere vraag" in await page(visitor, renewed.location)
    await signed(asked, following, Kind.REJECT)
    assert "Gemeente Doesburg wees uw vraag af" in await page(visitor, renewed.location)
    # Withdrawing asks why, and ends it for everybody.
    token = visitor.token(await visitor.get(answer.location))
    form = {"token": token, "besluit": "intrekken"}
    assert (await visitor.post(answer.location, form)).status == 400
    assert (await visitor.post(answer.location, {**form, "reden": "niet meer nodig"})).status == 303
    assert (await visitor.post(answer.location, {**form, "reden": "niet meer nodig"})).status == 303
    stored = await contracts.contract(pool, contract.hash.value)
    assert stored is not None
    assert stored.state(datetime.now(UTC)) is State.REVOKED
    ended = await page(visitor, answer.location)
    assert "trok dit in" in ended
    assert "niet meer nodig" in ended


async def test_what_was_kept_and_not_signed_is_sent_after_all(asked: Catalogue) -> None:
    visitor = await officer(asked)
    answer = await sent(visitor)
    pool, number = await asked.database.pool("catalogue"), UUID(answer.location.rpartition("/")[2])
    kept = await store.request_named(pool, number)
    assert kept is not None
    # As after a fall between keeping and signing: the same request under a contract of its own.
    content = json.loads(kept.content) | {"iv": str(uuid7())}
    read = read_contract(content, own_peer(asked.database.settings).profile)
    assert isinstance(read, Contract)
    lost = store.NewRequest(
        id=uuid7(), api=kept.api, content_hash=read.hash.value, content=read.canonical,
        asked_by=kept.asked_by, fields=kept.fields,
    )  # fmt: skip
    await store.keep_request(pool, lost)
    address = f"/catalogus/aanvragen/{lost.id}"
    shown = await visitor.get(address)
    assert "bewaard en nog niet verstuurd" in shown.text
    form = {"token": visitor.token(shown), "besluit": "verstuur"}
    assert (await visitor.post(address, form)).status == 303
    assert "uw vraag gaat nu naar" in await page(visitor, address)
    colleague = await asked.employee("burgerzaken")
    token = colleague.token(await colleague.get(address))
    assert (await colleague.post(address, {**form, "token": token})).status == 403
    assert (await visitor.get(f"/catalogus/aanvragen/{uuid7()}")).status == 404


async def deeds(asked: Catalogue) -> set[str]:
    """What was done that is no look, by what the log calls it."""
    connection = await asked.database.administrator()
    try:
        rows = await connection.fetch(
            "SELECT transaction_id FROM logboek.record WHERE service = 'console'"
        )
    finally:
        await connection.close()
    pool = await asked.database.pool("logboek")
    found: list[Any] = [
        dict(each.content())
        for row in rows
        for each in await by_transaction(pool, row["transaction_id"])
    ]
    return {each["adl"]["body"]["adl.core.request"]["action"]["name"] for each in found}
