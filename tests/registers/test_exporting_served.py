# SPDX-License-Identifier: EUPL-1.2
"""Deliveries over a real connection: broken off, left by who asked, many at once, and large."""

from __future__ import annotations

import asyncio
import json
import resource
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest
import uvicorn
from tests.ports import free_port
from tests.registers.test_api import asker_of
from tests.registers.test_collections import FIELDS, Houses, places
from tests.throwaway import Database

from landschap.registers import store
from landschap.registers.api import streamed

WAIT_SECONDS = 40


@asynccontextmanager
async def served(houses: Houses) -> AsyncIterator[Houses]:
    """The same registers on a socket: what asks is a client of its own."""
    app = houses.asker.client._transport.app  # type: ignore[attr-defined]  # of the tests' client
    port = free_port()
    config = uvicorn.Config(
        app, host="127.0.0.1", port=port, lifespan="off", log_config=None,
        timeout_graceful_shutdown=5,
    )  # fmt: skip
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    async with asyncio.timeout(WAIT_SECONDS):
        while not server.started:  # noqa: ASYNC110 - uvicorn tells in no other way
            await asyncio.sleep(0.01)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        yield Houses(replace(houses.asker, client=client))
    server.should_exit = True
    await task


@pytest.fixture
async def houses(database: Database) -> AsyncIterator[Houses]:
    async for asker in asker_of(database, places()):
        async with served(Houses(asker)) as found:
            yield found


async def ended(houses: Houses) -> tuple[bool, dict[str, Any]]:
    """How the only delivery ended, as soon as it did."""
    deadline = asyncio.get_running_loop().time() + WAIT_SECONDS
    while True:
        row = await houses.asker.pool.fetchrow("SELECT whole, manifest FROM registers.delivery_end")
        if row is not None:
            return row["whole"], json.loads(row["manifest"])
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.02)


class Gate:
    """Pages of a delivery that come one by one, when they are let through."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.read, self.waiting, self.closed, self.fails = store.pages, 0, 0, False
        self.open = asyncio.Semaphore(1)
        monkeypatch.setattr(store, "pages", self.pages)

    async def holds(self, deliveries: int) -> None:
        """Wait until so many deliveries have a page that is not let through."""
        async with asyncio.timeout(WAIT_SECONDS):
            while self.waiting < deliveries:  # noqa: ASYNC110 - a count, not an event
                await asyncio.sleep(0.01)

    async def pages(self, pool: Any, wanted: Any) -> Any:
        try:
            async for page in self.read(pool, wanted):
                self.waiting += 1
                await self.open.acquire()
                self.waiting -= 1
                if self.fails:
                    raise OSError("the database went away")
                yield page
        finally:
            self.closed += 1


async def test_a_delivery_that_breaks_is_no_shorter_answer_but_an_error(
    houses: Houses, monkeypatch: pytest.MonkeyPatch
) -> None:
    await houses.fill(1100)
    gate = Gate(monkeypatch)
    gate.fails = False

    async def fail_later() -> None:
        await asyncio.sleep(0.2)
        gate.fails = True
        gate.open.release()

    later = asyncio.create_task(fail_later())
    with pytest.raises(httpx.RemoteProtocolError):
        await houses.get("huizen", {"formaat": "csv"})
    await later
    whole, manifest = await ended(houses)
    assert (whole, manifest["aantal"]) == (False, 500)


async def test_who_goes_away_frees_the_place(
    houses: Houses, monkeypatch: pytest.MonkeyPatch
) -> None:
    await houses.fill(1100)
    gate = Gate(monkeypatch)
    asking = asyncio.create_task(houses.get("huizen", {"formaat": "csv"}))
    await gate.holds(1)
    second = await houses.get("huizen", {"formaat": "csv"})
    assert (second.status_code, second.json()["code"]) == (429, "levering_loopt")
    assert second.headers["Retry-After"] == "60"
    asking.cancel()
    whole, _ = await ended(houses)
    assert whole is False
    assert gate.closed == 1
    gate.open = asyncio.Semaphore(10)
    again = await houses.get("huizen", {"formaat": "csv"})
    assert again.status_code == 200
    assert len(again.text.splitlines()) == 1101


async def test_no_more_deliveries_at_once_than_there_are_places(
    houses: Houses, monkeypatch: pytest.MonkeyPatch
) -> None:
    await houses.fill(600)
    gate = Gate(monkeypatch)
    gate.open = asyncio.Semaphore(0)

    def ask(peer: int) -> Any:
        return houses.asker.send(
            "GET", "/proef/v1/huizen", {"formaat": "csv"}, fields=FIELDS,
            peer=f"0000009900000000{peer:04}",
        )  # fmt: skip

    asking = [asyncio.create_task(ask(peer)) for peer in (2000, 3000)]
    await gate.holds(2)
    third = await ask(4000)
    assert (third.status_code, third.json()["code"]) == (503, "leveringen_bezet")
    for _ in range(4):
        gate.open.release()
    answers = await asyncio.gather(*asking)
    assert [answer.status_code for answer in answers] == [200, 200]


async def test_a_delivery_that_takes_too_long_is_broken_off(
    houses: Houses, monkeypatch: pytest.MonkeyPatch
) -> None:
    await houses.fill(600)
    Gate(monkeypatch)
    monkeypatch.setattr(streamed, "MAX_SECONDS", 0.5)
    with pytest.raises(httpx.RemoteProtocolError):
        await houses.get("huizen", {"formaat": "jsonl"})
    assert (await ended(houses))[0] is False


class Draining:
    """A client that reads an answer to its end and keeps nothing of it."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self.size = 0

    async def request(self, method: str, target: str, **given: Any) -> httpx.Response:
        async with self._client.stream(method, target, **given) as answer:
            async for part in answer.aiter_raw():
                self.size += len(part)
        return answer


@pytest.mark.long
@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
async def test_memory_does_not_grow_with_what_is_delivered(houses: Houses, form: str) -> None:
    await houses.fill(80_000)
    client = Draining(houses.asker.client)
    asker: Any = replace(houses.asker, client=client)  # type: ignore[arg-type]  # asks alike
    await Houses(asker).get("huizen", {"formaat": form, "soort": "a", "uitvoer": "objecten"})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    half = client.size
    await Houses(asker).get("huizen", {"formaat": form})
    assert client.size - half > half
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000
