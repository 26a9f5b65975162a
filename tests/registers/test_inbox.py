# SPDX-License-Identifier: EUPL-1.2
"""Notices of others: whose word is taken, each once, acted upon in order per object."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from tests.registers.notice_rig import until
from tests.registers.test_api import PEER, Asker, asker_of
from tests.registers.test_collections import places
from tests.throwaway import Database

from landschap.platform import postgres
from landschap.registers import delivering
from landschap.registers.inbox import MAX_EVENTS, Received
from landschap.registers.store import inbox
from landschap.registers.worker import handle_received

PATH = "/meldingen/v1/gebeurtenissen"
SOURCE = f"urn:nld:oin:{PEER}:systeem:bag"
EVENT = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"


def event(number: int, subject: str = "panden/1", **changes: Any) -> dict[str, Any]:
    """A notice as another organisation sends it."""
    made = {
        "specversion": "1.0", "id": f"e{number}", "source": SOURCE, "type": "nl.bag.pand-gewijzigd",
        "subject": subject, "time": "2026-11-24T12:00:00Z", "dataref": f"/bag/v1/{subject}",
        "sequence": str(number), "sequencetype": "Integer",
    }  # fmt: skip
    return {name: value for name, value in {**made, **changes}.items() if value is not None}


async def bring(asker: Asker, body: object, kind: str = EVENT, **permit: Any) -> httpx.Response:
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {"service": "meldingen", "fields": (), "searchable": (), **permit}
    return await asker.send("POST", PATH, body=sent, headers={"Content-Type": kind}, **given)


@pytest.fixture
async def asker(database: Database) -> AsyncIterator[Asker]:
    async for one in asker_of(database, places()):
        yield one


async def test_the_handshake_says_yes_to_who_came_through_the_door(asker: Asker) -> None:
    told = {"WebHook-Request-Origin": "manager.weesp.test"}
    answer = await asker.send("OPTIONS", PATH, headers=told, service="meldingen", fields=())
    assert answer.status_code == 200, answer.text
    assert answer.headers["WebHook-Allowed-Origin"] == "manager.weesp.test"
    assert answer.headers["WebHook-Allowed-Rate"] == "*"
    odd = {"WebHook-Request-Origin": "a b"}
    other = await asker.send("OPTIONS", PATH, headers=odd, service="meldingen", fields=())
    assert "WebHook-Allowed-Origin" not in other.headers
    bare = await asker.client.options(PATH, headers=told)
    assert (bare.status_code, bare.json()["code"]) == (403, "permit_missing")


async def test_each_notice_is_kept_once(asker: Asker) -> None:
    first = await bring(asker, event(1))
    assert (first.status_code, first.json()) == (200, {"ontvangen": 1, "nieuw": 1})
    again = await bring(asker, [event(1), event(2), event(2)], BATCH)
    assert again.json() == {"ontvangen": 3, "nieuw": 1}
    found = await inbox.latest(asker.pool, 10)
    assert [each.received.event_id for each in found] == ["e2", "e1"]
    assert found[1].received == Received(
        source=SOURCE, event_id="e1", type="nl.bag.pand-gewijzigd", subject="panden/1",
        sequence=1, dataref="/bag/v1/panden/1", time=datetime(2026, 11, 24, 12, tzinfo=UTC),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (b"{", EVENT, 400, "inhoud.ongeldig"),
        ({}, EVENT, 400, "inhoud.ongeldig"),
        (event(1, specversion="0.3"), EVENT, 400, "inhoud.ongeldig"),
        (event(1, time="gisteren"), EVENT, 400, "inhoud.ongeldig"),
        (event(1, type="Pand Gewijzigd"), EVENT, 400, "inhoud.ongeldig"),
        (event(1, sequence=7), EVENT, 400, "inhoud.ongeldig"),
        (event(1), BATCH, 400, "inhoud.ongeldig"),
        ([event(1), event(2, id=None)], BATCH, 400, "inhoud.ongeldig"),
        ([event(1)] * (MAX_EVENTS + 1), BATCH, 400, "inhoud.ongeldig"),
        (event(1), "application/json", 415, "media_type"),
        (event(1, source="urn:nld:oin:00000099000000009000:systeem:bag"), EVENT, 403,
         "melding.andere-bron"),
        (event(1, source="https://elders.test/bag"), EVENT, 403, "melding.andere-bron"),
        ([event(1), event(2, source="urn:nld:oin:00000099000000009000:systeem:bag")], BATCH, 403,
         "melding.andere-bron"),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_refused_whole(
    asker: Asker, body: object, kind: str, status: int, code: str
) -> None:
    answer = await bring(asker, body, kind)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert await inbox.latest(asker.pool, 10) == []


async def test_notices_are_acted_upon_in_order_per_object(
    asker: Asker, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One object fails for a while; another does not wait for it; two workers, one acts."""
    monkeypatch.setattr(delivering, "FIRST_SECONDS", 0.01)
    monkeypatch.setattr(delivering, "CAP_SECONDS", 0.02)
    done: list[str] = []
    failures = {"e1": 3}

    async def act(received: Received) -> None:
        if failures.get(received.event_id, 0):
            failures[received.event_id] -= 1
            raise RuntimeError("123456782")
        done.append(received.event_id)

    stop = asyncio.Event()
    brought = [event(1), event(2), event(3, "panden/2"), event(4)]
    assert (await bring(asker, brought, BATCH)).json()["nieuw"] == 4
    async with asyncio.TaskGroup() as group:
        for _ in range(2):
            group.create_task(
                handle_received(
                    asker.pool,
                    lambda: postgres.connect(database.settings, "registers"),
                    act,
                    stop,
                )
            )
        await until(lambda: len(done) == 4)
        stop.set()
    assert [each for each in done if each != "e3"] == ["e1", "e2", "e4"]
    assert done[0] == "e3"
    kept = {each.received.event_id: each for each in await inbox.latest(asker.pool, 10)}
    assert (kept["e1"].attempts, kept["e2"].attempts) == (4, 1)
    assert all(each.handled_at for each in kept.values())
