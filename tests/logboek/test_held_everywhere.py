# SPDX-License-Identifier: EUPL-1.2
"""A hold on an activity, seen from everywhere at once: portal, both interfaces, and the auditor."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.gateway.gateway_scene import ACTIVITY, ASSISTANCE
from tests.logboek.hold_rig import TWO, held
from tests.logboek.log_rig import OTHER
from tests.logboek.reading_rig import PERSON, REASON, by_trace, last_look, spans
from tests.logboek.vng_rig import ACTIONS, OBJECTS, Municipal, municipal_log
from tests.portal.portal_rig import Portal, deps_of, settings_with
from tests.portal.visiting import Visitor
from tests.portal.visits import as_person, served_elsewhere
from tests.throwaway import Database

from landschap.logboek.disclosure import PostLift
from landschap.logboek.records import Kind
from landschap.logboek.store import latest
from landschap.logboek.store.holds import lift_hold
from landschap.portal.pages.reading import LOOK_NAME

NEXT_LOGBOOK = "https://elders.example/logboek"
CASE = "Z-GEHEIM-9"


@dataclass
class Everywhere:
    """One log, and who reads it."""

    log: Municipal
    visitor: Visitor

    async def portal(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads((await self.visitor.get("/gebruik.json")).text)
        return told

    async def uses(self) -> list[dict[str, Any]]:
        return [each for each in (await self.portal())["gebruik"] if not each["doorUzelf"]]

    async def seen(self, trace: bytes) -> dict[str, Any]:
        """All that the person gets: pages, counts, and the answers of both interfaces.

        Without the person's own looks: each look here is one more.
        """
        reading = self.log.reading
        listed = (await self.visitor.get("/gebruik?alles=ja")).text
        table = (await self.visitor.get("/gebruik.csv")).text.splitlines()
        return {
            "counted": re.findall("[0-9]+ keer gebruikt", listed),
            "entries": listed.count('class="ls-use"') - listed.count("<strong>U zelf</strong>"),
            "uses": await self.uses(),
            "table": [line for line in table if "U zelf" not in line],
            "objects": await self.municipal(OBJECTS),
            "actions": await self.municipal(ACTIONS),
            "chain": await reading.ask(reading.resident(), {"traceId": trace.hex()}),
        }

    async def municipal(self, where: str) -> list[Any]:
        found = await self.log.told(self.log.asked(), where)
        return [each for each in found if LOOK_NAME not in json.dumps(each)]


@pytest.fixture
async def everywhere(database: Database) -> AsyncIterator[Everywhere]:
    async with municipal_log(database) as log:
        address = "http://weesp.localhost"
        settings = settings_with(database.settings, address, log.reading.issuer)
        deps = await deps_of(database, settings, log.reading.log)
        portal = Portal(address=address, deps=deps, database=database)
        async with served_elsewhere(portal, deps) as served:
            there = Portal(address=served, deps=deps, database=database)
            yield Everywhere(log, await as_person(there, PERSON))


@pytest.mark.case("L44")
async def test_a_hold_on_an_activity_hides_it_everywhere_but_from_the_auditor(
    everywhere: Everywhere,
) -> None:
    reading, activity = everywhere.log.reading, f"{ACTIVITY}-onderzoek"
    trace = await reading.write(next_logbook="https://hier.example/logboek")
    alone = await everywhere.seen(trace)
    assert (len(alone["uses"]), len(alone["objects"]), len(spans(alone["chain"]))) == (1, 1, 1)
    hold = await held(reading.officers, activity, PostLift.SHOW)
    await reading.write(
        trace_id=trace, activity=activity, next_logbook=NEXT_LOGBOOK, peer=OTHER,
        processing_id=CASE, processor_url=f"urn:nld:oin:{OTHER}",
    )  # fmt: skip
    seen = await everywhere.seen(trace)
    assert seen == alone
    for word in (activity, NEXT_LOGBOOK, OTHER, CASE):
        assert word not in json.dumps(seen)
    assert (await everywhere.portal())["misschienNietAlles"] is True
    assert "Misschien staat hier niet alles." in (await everywhere.visitor.get("/gebruik")).text
    number = await _last_line(everywhere)
    assert (await everywhere.visitor.get(f"/gebruik/{number}")).status == 404
    # The auditor gets the whole chain for a purpose of the register, and that is recorded.
    assert len(spans(await reading.ask(reading.auditor(), by_trace(trace)))) == 1
    audited = by_trace(trace, **{"nl.landschap.held_for": ASSISTANCE})
    told = await reading.ask(reading.auditor(sub="e.audit"), audited)
    assert len(spans(told)) == 2
    assert NEXT_LOGBOOK in json.dumps(told)
    look = await last_look(reading)
    assert (look["held_for"], look["reason"]) == (ASSISTANCE, REASON)
    assert look["trace_id"] == trace.hex()
    # Without the hold it is all there: so it was the hold that hid it.
    assert await lift_hold(reading.officers, hold, TWO, "afgerond")
    after = await everywhere.seen(trace)
    counts = (len(after["uses"]), len(after["objects"]), len(after["actions"]), after["entries"])
    assert counts == (2, 2, 2, alone["entries"] + 1)
    assert len(after["table"]) == len(alone["table"]) + 1
    assert (alone["counted"][0], after["counted"][0]) == ("1 keer gebruikt", "2 keer gebruikt")
    assert len(spans(after["chain"])) == 2
    assert NEXT_LOGBOOK in json.dumps(after["chain"])
    assert (await everywhere.visitor.get(f"/gebruik/{number}")).status == 200


async def _last_line(everywhere: Everywhere) -> str:
    pool = await everywhere.log.pool()
    since = datetime.now(UTC) - timedelta(minutes=5)
    found = await latest(pool, since=since, limit=20, kind=Kind.LINE)
    return str(next(e.record_id for e in found if e.columns.activity == f"{ACTIVITY}-onderzoek"))
