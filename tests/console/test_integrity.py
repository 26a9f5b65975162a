# SPDX-License-Identifier: EUPL-1.2
"""Whether the log can be trusted, on a page: verified on request, by an officer, with a reason."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial

import pytest
from tests.console.console_rig import Console
from tests.portal.visiting import Seen, Visitor

from landschap.cli.verifying import verified as verified_log
from landschap.console.verifying import store
from landschap.console.verifying.worker import VerifyDeps, keep_verifying
from landschap.fsc.witnesses import comparing
from landschap.platform.ids import uuid7
from landschap.vocabulary.ijson import JsonValue

HERE = "/console/integriteit"
WHY = "Controle van deze maand"


@pytest.fixture
async def working(console: Console) -> AsyncIterator[None]:
    """The worker's part of it, as the process has it."""
    settings, pool = console.database.settings, await console.database.pool("console")
    deps = VerifyDeps(pool=pool, verify=partial(verified_log, settings))
    stop = asyncio.Event()
    task = asyncio.create_task(keep_verifying(deps, stop))
    yield
    stop.set()
    await task


async def verified(visitor: Visitor, reason: str = WHY) -> Seen:
    """Have it verified, and wait until that is done."""
    token = visitor.token(await visitor.get("/console/spoor"))
    sent = await visitor.post(HERE, {"token": token, "reden": reason})
    if sent.status != 303:
        return sent
    async with asyncio.timeout(40):
        while "Wij rekenen het logboek na" in (page := await visitor.get(HERE)).text:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    return page


@pytest.mark.usefixtures("working")
async def test_an_intact_log_is_told_and_what_is_not_proved(console: Console) -> None:
    visitor = await console.visit("fg")
    before = await visitor.get(HERE)
    assert "Het logboek is heel" not in before.text
    assert "landschap verify log --witnesses" in before.text
    assert "loopt gelijk met de databank" in before.text
    page = await verified(visitor)
    assert "Het logboek is heel" in page.text
    assert "no anchor was signed yet" in page.text
    assert WHY in (await visitor.get("/console/meekijkers")).text


@pytest.mark.usefixtures("working")
async def test_a_changed_record_is_named(console: Console) -> None:
    visitor = await console.visit("fg")
    owner = await console.database.administrator()
    changed, service = await owner.fetchrow(
        "SELECT record_id, service FROM logboek.record ORDER BY record_id LIMIT 1"
    )
    setting = "UPDATE logboek.record SET service = $1 WHERE record_id = $2"
    await owner.execute(setting, "iets-anders", changed)
    try:
        page = await verified(visitor)
    finally:
        # Other tests share this log.
        await owner.execute(setting, service, changed)
        await owner.close()
    assert "Het logboek is niet heel" in page.text
    assert str(changed) in page.text


async def test_without_a_reason_or_the_role_nothing_is_verified(console: Console) -> None:
    officer = await console.visit("fg2")
    assert (await verified(officer, "kort")).status == 400
    assert (await (await console.visit("burgerzaken")).get(HERE)).status == 403


async def test_one_that_nobody_carries_out_waits_and_is_taken_once(console: Console) -> None:
    visitor = await console.visit("fg")
    token = visitor.token(await visitor.get("/console/spoor"))
    for _ in range(2):
        assert (await visitor.post(HERE, {"token": token, "reden": WHY})).status == 303
    waits = await visitor.get(HERE)
    assert "Het staat klaar en begint zo" in waits.text
    assert "Reken nu na" not in waits.text
    pool = await console.database.pool("console")
    taken = await store.take(pool)
    assert taken is not None
    assert await store.take(pool) is None
    await store.tell(pool, taken, 3)
    assert re.search("3 van de [0-9]+ regels zijn nagerekend", (await visitor.get(HERE)).text)
    await pool.execute("UPDATE verification SET seen_at = now() - interval '61 seconds'")
    assert await store.take(pool) == taken
    await store.end(pool, taken, None)
    assert "Narekenen is niet gelukt" in (await visitor.get(HERE)).text
    # What has ended stays as it ended, and the next can be asked for.
    await store.end(pool, taken, {"intact": True})
    failed = await store.newest(pool)
    assert failed is not None
    assert failed.failed


async def test_one_that_breaks_down_or_lasts_too_long_failed(console: Console) -> None:
    async def breaks(_: object) -> dict[str, JsonValue]:
        raise RuntimeError("the database is away")

    async def lasts(_: object) -> dict[str, JsonValue]:
        await asyncio.Event().wait()
        return {"intact": True}

    pool = await console.database.pool("console")
    for verify in (breaks, lasts):
        asked = uuid7()
        assert await store.ask(pool, asked, datetime.now(UTC), 9)
        stop = asyncio.Event()
        deps = VerifyDeps(pool=pool, verify=verify, most_seconds=0.2)
        task = asyncio.create_task(keep_verifying(deps, stop))
        async with asyncio.timeout(40):
            while (found := await store.newest(pool)) and found.is_open:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        stop.set()
        await task
        assert found is not None
        assert (found.verification_id, found.failed) == (asked, True)


async def test_what_a_witness_said_is_told(console: Console) -> None:
    pool, asked = await console.database.pool("console"), uuid7()
    assert await store.ask(pool, asked, datetime.now(UTC), 9)
    differs = comparing.Testimony(
        peer_id="00000001823288444000", name="Gemeente Zutphen", word=comparing.Word.DIFFERS,
        differences=("lane web-0, batch 3: another head",),
    )  # fmt: skip
    outcome: dict[str, JsonValue] = {
        "intact": False, "harms": 0, "findings": [], "unproven": [], "witnesses": [differs.body()],
    }  # fmt: skip
    await store.end(pool, asked, outcome)
    page = (await (await console.visit("fg")).get(HERE)).text
    assert "Een getuige bewaart een ander logboek" in page
    assert "iets anders dan wij" in page
    assert "lane web-0, batch 3: another head" in page
