# SPDX-License-Identifier: EUPL-1.2
"""One question through three organisations, followed in the console of the one that answered.

Doesburg asks Weesp on behalf of Zutphen, and a logical source of Weesp answers. Weesp's officer sees
every link verified, and nothing of what stands in Doesburg's log alone.
"""

from __future__ import annotations

import asyncio
import io
import json
import re
import zipfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from playwright.async_api import Browser
from tests.browsing import Look, faults_at, opened
from tests.console.console_rig import Console, served_console
from tests.console.test_officers_in_a_browser import SETTINGS, enter
from tests.gateway.chain_rig import ZUTPHEN, Chain, conclude, register_of, running_chain
from tests.gateway.gateway_rig import Anchor
from tests.gateway.gateway_scene import ACTIVITY, ASSISTANCE, DOESBURG, FIELD_SET, WEESP
from tests.gateway.source_rig import LANE, serve_source
from tests.portal.conftest import browser
from tests.portal.visiting import Seen, Visitor
from tests.throwaway import Cluster, Database

from landschap.console.links.store import broken_ones, counted_since
from landschap.console.links.worker import SETTLED, LinkDeps, compare
from landschap.fsc import store as fsc_store
from landschap.fsc.client import ManagerClient
from landschap.fsc.client.asking import Asker
from landschap.fsc.worker import WorkerDeps
from landschap.gateway.tracing.client import other_halves
from landschap.gateway.tracing.halves import Word, compared, crossings_of
from landschap.gateway.usage.store import Rooms
from landschap.logboek.merkle import proves_inclusion
from landschap.logboek.records import Kind
from landschap.platform.ids import new_trace_id
from landschap.vocabulary.identifiers import PeerId

__all__ = ["browser"]

WHY = "Vraag van een inwoner, klacht K-2026-17"
FSC_MEMBERS = {
    "transaction_id", "group_id", "direction", "grant_hash", "source", "destination",
    "service_name", "created_at", "fsc_version",
}  # fmt: skip
NOWHERE = "https://127.0.0.1:9"
SECRET = "zaaksysteem"
"""Doesburg's application: it stands in Doesburg's log, and nowhere in Weesp's."""


@dataclass(kw_only=True)
class Scene:
    """Three organisations that run, and Weesp's console."""

    chain: Chain
    console: Console
    manager_client: ManagerClient

    async def ask(self) -> UUID:
        """One question of Doesburg on behalf of Zutphen; gives the transaction."""
        status, headers, body = await asked(self.chain)
        assert status == 200, body
        assert json.loads(body)["resultaten"] == [{"uitkering": [{"soort": "Bijstand"}]}]
        return UUID(headers["fsc-transaction-id"])

    @property
    def rooms(self) -> Rooms:
        """Weesp's own rooms."""
        rooms = self.console.deps.usage
        assert rooms is not None
        return rooms


async def asked(chain: Chain) -> tuple[int, dict[str, str], bytes]:
    """A question through Doesburg's Outway, on behalf of Zutphen."""
    sent = {
        "X-Api-Key": chain.keys["doesburg"],
        "Fsc-Grant-Hash": chain.grants["uitkeringen"],
        "Doelbinding": ASSISTANCE,
        "traceparent": f"00-{new_trace_id().hex()}-{'b7' * 8}-01",
        "Content-Type": "application/json",
    }
    return await asyncio.to_thread(
        chain.outways["doesburg"].ask,
        "/v1/_zoek?fields=uitkering.soort",
        method="POST",
        headers=sent,
        body=b'{"bsn": "999990275"}',
    )


@pytest.fixture(scope="module")
async def scene(
    cluster: Cluster, gateway_folder: Path, group_anchor: Anchor
) -> AsyncIterator[Scene]:
    async with (
        running_chain(cluster, gateway_folder / "spoor", group_anchor) as chain,
        AsyncExitStack() as stack,
    ):
        await serve_source(stack, chain.weesp)
        await _delegate(chain, group_anchor)
        database = Database(name="spoor", settings=chain.weesp.settings)
        async with served_console(database, bare=True) as console:
            client = ManagerClient(chain.weesp.settings, chain.weesp.own)
            yield Scene(
                chain=chain,
                console=console,
                manager_client=await stack.enter_async_context(client),
            )
        database.close()


async def _delegate(chain: Chain, anchor: Anchor) -> None:
    """Doesburg may ask Weesp on behalf of Zutphen, by a contract that all three signed."""
    for name, side, oin in (
        ("doesburg", chain.doesburg, DOESBURG),
        ("weesp", chain.weesp, WEESP),
    ):
        own = register_of(oin)
        more = [
            replace(each, id=f"{each.id}-V", organisations=(ZUTPHEN,), delegable=True)
            for each in own.policies
            if each.service == "uitkeringen"
        ]
        assert more, name
        await side.change_register(replace(own, policies=(*own.policies, *more)))
    await conclude(
        chain, "doesburg", "weesp", "uitkeringen", (ASSISTANCE,), FIELD_SET,
        delegator=ZUTPHEN, signers=(chain.zutphen.own,),
    )  # fmt: skip
    known = fsc_store.Peer(
        peer_id=chain.doesburg.own.peer_id,
        name=chain.doesburg.own.name,
        manager_address=chain.doesburg.settings.addresses.manager,
        announced_at=None,
        seen_at=chain.doesburg.own.certificate.not_before,
    )
    await fsc_store.save_peer(chain.weesp.pools.fsc, known)
    # The first question has the token fetched; after that the carrier knows the Inway.
    await asked(chain)
    await chain.doesburg.take_effect()


async def looked(visitor: Visitor, number: object, reason: str = WHY) -> Seen:
    """Search a trace as an officer does."""
    page = await visitor.get("/console/spoor")
    form = {"token": visitor.token(page), "nummer": str(number), "reden": reason}
    return await visitor.post("/console/spoor", form)


async def test_every_link_of_a_question_through_three_organisations_is_verified(
    scene: Scene,
) -> None:
    transaction = await scene.ask()
    visitor = await scene.console.visit("fg")
    found = await looked(visitor, transaction)
    assert found.status == 303, found.text
    page = await visitor.get(found.location)
    assert page.status == 200
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text))
    assert "Gemeente Doesburg vroeg aan Gemeente Weesp" in text
    assert f"Namens {ZUTPHEN}" in text
    counted = re.search(r"(\d+) van (\d+) schakels kloppen", text)
    assert counted is not None
    assert counted[1] == counted[2]
    # The line of the logical source is one of the links.
    assert int(counted[1]) >= 6
    (line,) = [
        each
        for each in await scene.chain.weesp.records(str(transaction))
        if each.columns.kind == Kind.LINE
    ]
    assert (line.lane.rpartition("-")[0], line.columns.activity) == (LANE, ACTIVITY)
    assert str(line.record_id) in text
    assert "Handtekening onder de volmacht" in text
    assert "Niet na te gaan" not in text
    assert "Klopt niet" not in text


async def test_nothing_of_the_log_of_another_is_shown_or_bundled(scene: Scene) -> None:
    transaction = await scene.ask()
    theirs = await scene.chain.doesburg.records(str(transaction))
    assert SECRET in json.dumps([each.content() for each in theirs])
    visitor = await scene.console.visit("fg")
    page = await visitor.get((await looked(visitor, transaction)).location)
    assert SECRET not in page.text
    assert "niet voor u" in page.text
    # What the other Manager tells is no content either: only what both halves must have.
    crossings = crossings_of(await scene.chain.weesp.records(str(transaction)))
    assert [each.peer for each in crossings] == [DOESBURG]
    assert [each.delegators for each in crossings] == [(ZUTPHEN,)]


async def test_another_party_is_refused_the_content_by_default(scene: Scene) -> None:
    """Without an audit grant the Manager of Doesburg tells Weesp its half, and nothing beside it."""
    transaction, chain = await scene.ask(), scene.chain
    theirs = await chain.doesburg.records(str(transaction))
    assert any("adl" in each.content() for each in theirs)
    address = chain.doesburg.settings.addresses.manager
    async with Asker(settings=chain.weesp.settings, expected=PeerId(DOESBURG)) as asker:
        told = [each async for each in asker.listed(address, "/logs", "records")]
        elsewhere = [
            await asker.ask("GET", f"{address}{path}{transaction}")
            for path in ("/logboek/v1/regels?trace_id=", "/v1/records/", "/console/spoor/")
        ]
    assert str(transaction) in {str(each["transaction_id"]) for each in told}
    # What Zutphen asked Doesburg stands in Doesburg's log too, and is no matter of Weesp.
    others = await chain.doesburg.administrator.fetchval(
        "SELECT count(*) FROM logboek.record WHERE kind = 1 AND peer = $1", ZUTPHEN
    )
    assert others > 0
    assert {each["destination"]["service_peer_id"] for each in told} == {WEESP}  # type: ignore[call-overload,index]
    assert set().union(*told) <= FSC_MEMBERS
    assert SECRET not in json.dumps(told)
    assert ASSISTANCE not in json.dumps(told)
    assert [each.status for each in elsewhere] == [404, 404, 404]


def test_members_that_fsc_does_not_name_are_not_kept_of_another_half() -> None:
    crossing = _crossing()
    theirs: dict[str, Any] = {**_theirs(crossing), "adl": {"user": "medewerker-17"}}
    half = compared(crossing, [theirs])
    assert half.word is Word.EQUAL
    assert "medewerker-17" not in repr(half)
    theirs["service_name"] = "medewerker-17"
    half = compared(crossing, [theirs])
    assert (half.word, half.differing) == (Word.DIFFERS, ("service_name",))
    assert "medewerker-17" not in repr(half)
    assert compared(crossing, [{**theirs, "direction": "DIRECTION_INCOMING"}]).differing == (
        "service_name", "direction",
    )  # fmt: skip


def test_a_half_of_another_transaction_is_none() -> None:
    crossing = _crossing()
    other = {**_theirs(crossing), "transaction_id": str(UUID(int=7))}
    assert compared(crossing, [other]).word is Word.MISSING
    assert compared(crossing, []).word is Word.MISSING


async def test_a_missing_half_and_one_that_can_not_be_asked_are_flagged(scene: Scene) -> None:
    transaction = await scene.ask()
    (crossing,) = crossings_of(await scene.chain.weesp.records(str(transaction)))
    settings, own = scene.chain.weesp.settings, scene.chain.weesp.own
    absent = replace(crossing, transaction_id=UUID(int=7))
    nobody = replace(crossing, source=ZUTPHEN)
    found = await other_halves(settings, scene.rooms, own, [crossing, absent, nobody])
    assert [each.word for each in found] == [Word.EQUAL, Word.MISSING, Word.NOT_ASKED]
    assert found[2].why


async def test_the_first_page_about_the_log_names_each_link_that_is_broken(scene: Scene) -> None:
    """A half that the other party lost, one that it changed; and what is mended again."""
    whole, lost, changed = [await scene.ask() for _ in range(3)]
    theirs, visitor = scene.chain.doesburg.administrator, await scene.console.visit("fg")
    before = (await visitor.get("/console/logboek")).text
    assert "Er is nog niets vergeleken." in before
    kept = await theirs.fetch(_OF_TRANSACTIONS, [lost, changed])
    await theirs.execute(
        "UPDATE logboek.record SET transaction_id = gen_random_uuid() WHERE transaction_id = $1",
        lost,
    )
    await theirs.execute(
        "UPDATE logboek.record SET form = NULL, payload = convert_to(replace(logboek.whole("
        "(SELECT f.text FROM logboek.form AS f WHERE f.lane = record.lane AND f.no = record.form),"
        ' payload), \'"service_name":"uitkeringen"\', \'"service_name":"anders"\'), \'UTF8\')'
        " WHERE transaction_id = $1",
        changed,
    )
    deps, later = await _link_deps(scene), datetime.now(UTC) + SETTLED
    await compare(deps, later - timedelta(hours=2))
    await compare(deps, later)
    page = (await visitor.get("/console/logboek")).text
    section = page[page.index('id="schakels"') : page.index('id="eindigt"')]
    assert _told(section) == {
        str(lost): "De andere helft ontbreekt",
        str(changed): "De andere helft verschilt service_name",
    }
    assert str(whole) not in section
    assert "anders" not in section
    assert re.search(r"Gebroken schakels</dt><dd>2<", section)
    seen, compared = re.findall(r"<dd>(\d+)</dd>", section)[:2]
    assert seen == compared
    assert int(seen) >= 3
    assert f"/console/spoor?nummer={lost}" in section
    for row in kept:
        await theirs.execute(
            "UPDATE logboek.record SET transaction_id = $2, payload = $3, form = $4"
            " WHERE record_id = $1",
            *row,
        )
    await compare(deps, later + timedelta(milliseconds=1))
    page = (await visitor.get("/console/logboek")).text
    section = page[page.index('id="schakels"') : page.index('id="eindigt"')]
    assert set(_told(section).values()) == {"Hersteld"}


_OF_TRANSACTIONS = """
SELECT record_id, transaction_id, payload, form FROM logboek.record
WHERE transaction_id = ANY($1::uuid[])
"""


async def test_who_can_not_be_asked_is_told_and_nothing_is_called_broken(scene: Scene) -> None:
    await scene.ask()
    deps, later = await _link_deps(scene), datetime.now(UTC) + SETTLED
    own = scene.chain.weesp
    await own.pools.fsc.execute("UPDATE fsc.peer SET manager_address = $1", NOWHERE)
    open_before = await broken_ones(deps.pool, later - timedelta(days=1), only_open=True)
    await compare(deps, later + timedelta(minutes=1))
    (count,) = await counted_since(deps.pool, date(2000, 1, 1))
    assert (count.peer, count.unasked) == (DOESBURG, 1)
    assert await broken_ones(deps.pool, later - timedelta(days=1), only_open=True) == open_before
    await own.pools.fsc.execute(
        "UPDATE fsc.peer SET manager_address = $1", scene.chain.doesburg.settings.addresses.manager
    )


async def _link_deps(scene: Scene) -> LinkDeps:
    weesp = scene.chain.weesp
    return LinkDeps(
        pool=scene.console.deps.pool,
        log=weesp.log_pool,
        worker=WorkerDeps(
            settings=weesp.settings,
            pool=weesp.pools.fsc,
            own=weesp.own,
            client=scene.manager_client,
        ),
    )


def _told(section: str) -> dict[str, str]:
    """What is wrong per transaction, as the table of broken links tells it."""
    found = {}
    for row in re.findall(r'<tr role="row"><th role="rowheader".*?</tr>', section, re.DOTALL):
        number = re.search(r"nummer=([0-9a-f-]{36})", row)
        if number is not None:
            cell = re.findall(r"<td.*?</td>", row, re.DOTALL)[1]
            found[number[1]] = " ".join(re.sub(r"<[^>]+>", " ", cell).split())
    return found


async def test_the_bundle_has_its_checksums_and_a_proof_of_each_record(scene: Scene) -> None:
    transaction = await scene.ask()
    visitor = await scene.console.visit("fg")
    await looked(visitor, transaction)
    content = await visitor.download(f"/console/spoor/{transaction}/bundel")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    lines = files["SHA256SUMS"].decode().splitlines()
    sums = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    assert set(sums) == set(files) - {"SHA256SUMS"}
    assert all(sha256(files[name]).hexdigest() == digest for name, digest in sums.items())
    assert not any(SECRET.encode() in each for each in files.values())
    told = json.loads(files["spoor.json"])
    assert told["trace"]["whole"] is True
    assert told["made"]["reason"] == WHY
    proofs = [json.loads(files[name]) for name in files if name.startswith("bewijs/")]
    assert len(proofs) == len(told["trace"]["records"])
    for each in proofs:
        path = [bytes.fromhex(part) for part in each["path"]]
        leaf, size = bytes.fromhex(each["leaf"]), each["batch"]["size"]
        root = proves_inclusion(leaf, each["position"], size, path)
        assert root.hex() == each["batch"]["root"]


async def test_each_look_needs_a_reason_and_stands_with_the_watchers_and_in_the_log(
    scene: Scene,
) -> None:
    transaction = await scene.ask()
    visitor = await scene.console.visit("fg2")
    direct = await visitor.get(f"/console/spoor/{transaction}")
    assert direct.status == 303
    assert direct.location.endswith(f"/console/spoor?nummer={transaction}")
    assert (await looked(visitor, transaction, "kort")).status == 400
    person = await looked(visitor, transaction, "Vraag over inwoner 999993653 van vandaag")
    assert (person.status, "nummer van een persoon" in person.text) == (400, True)
    assert (await looked(visitor, "geen-nummer")).status == 400
    assert (await visitor.get(f"/console/spoor/{transaction}")).status == 303
    reason = "Steekproef van deze maand, nummer 4"
    assert (await looked(visitor, transaction, reason)).status == 303
    watchers = await visitor.get("/console/meekijkers")
    assert reason in watchers.text
    assert transaction.hex in watchers.text
    assert "G. Rood" in watchers.text
    rows = await scene.chain.weesp.administrator.fetch(
        "SELECT payload FROM logboek.record WHERE kind = 2 AND payload LIKE $1",
        f"%{reason}%".encode(),
    )
    assert len(rows) == 1


async def test_who_is_no_log_officer_sees_nothing_of_the_log(scene: Scene) -> None:
    visitor = await scene.console.visit("burgerzaken")
    for path in ("/console/logboek", "/console/spoor", "/console/meekijkers",
                 f"/console/spoor/{UUID(int=1)}"):  # fmt: skip
        assert (await visitor.get(path)).status == 403, path


@pytest.mark.parametrize(("language", "looks"), SETTINGS)
async def test_the_page_of_a_trace_has_no_fault_that_a_program_can_find(
    scene: Scene, browser: Browser, language: str, looks: Sequence[Look]
) -> None:
    transaction = await scene.ask()
    own = "/en" if language == "en" else ""
    async with opened(browser) as context:
        page = await context.new_page()
        await enter(page, scene.console, "F. Groen")
        await page.goto(f"{scene.console.address}/console/spoor")
        await page.get_by_label("Nummer van de transactie of het spoor").fill(str(transaction))
        await page.get_by_label("Waarom bekijkt u dit?").fill(WHY)
        await page.get_by_role("button", name="Zoek het spoor").click()
        await page.get_by_role("heading", name="De keten").wait_for()
        await page.goto(f"{scene.console.address}{own}/console/spoor/{transaction}")
        assert await faults_at(page, looks, f"console-spoor-{language}") == []
        await page.goto(f"{scene.console.address}{own}/console/logboek")
        assert await faults_at(page, looks, f"console-logboek-{language}") == []


def _crossing() -> Any:
    from landschap.gateway.tracing.halves import Crossing

    return Crossing(
        transaction_id=UUID(int=1),
        record=UUID(int=2),
        source=DOESBURG,
        source_delegator="",
        destination=WEESP,
        destination_delegator="",
        service="uitkeringen",
        grant_hash="$1$3$x",
        direction="DIRECTION_INCOMING",
        members={
            "grant_hash": "$1$3$x",
            "service_name": "uitkeringen",
            "source.outway_peer_id": DOESBURG,
            "source.delegator_peer_id": None,
            "destination.service_peer_id": WEESP,
            "destination.delegator_peer_id": None,
        },
    )


def _theirs(crossing: Any) -> dict[str, Any]:
    return {
        "transaction_id": str(crossing.transaction_id),
        "direction": "DIRECTION_OUTGOING",
        "grant_hash": crossing.grant_hash,
        "service_name": crossing.service,
        "source": {"outway_peer_id": crossing.source},
        "destination": {"service_peer_id": crossing.destination},
    }
