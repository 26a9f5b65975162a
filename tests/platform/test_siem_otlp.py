# SPDX-License-Identifier: EUPL-1.2
"""OpenTelemetry logs to a receiver that is away, refuses, takes half, and then takes everything."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from google.protobuf.json_format import Parse
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from prometheus_client import CollectorRegistry
from tests.ports import free_port
from tests.throwaway import Database

from landschap.platform.siem import outbox
from landschap.platform.siem.delivery import keep_delivering
from landschap.platform.siem_settings import OtlpSettings, SiemSettings

PARTIAL = {"partialSuccess": {"rejectedLogRecords": "1", "errorMessage": "no"}}


class Collector:
    """What it answers first, one answer per request; then 200. Only what it took whole counts."""

    def __init__(self, *first: tuple[int, Any]) -> None:
        self.port = free_port()
        self.first = list(first)
        self.taken: list[dict[str, Any]] = []
        self.tokens: list[str] = []
        self._runner: web.AppRunner | None = None

    async def come(self) -> None:
        app = web.Application()
        app.router.add_post("/v1/logs", self._take)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()

    async def go(self) -> None:
        if self._runner:
            await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        read = Parse(await request.read(), ExportLogsServiceRequest())
        self.tokens.append(request.headers.get("Authorization", ""))
        if self.first:
            status, body = self.first.pop(0)
            return web.json_response(body, status=status)
        logs = read.resource_logs[0].scope_logs[0].log_records
        self.taken += [json.loads(one.body.string_value) for one in logs]
        return web.json_response({})


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    made = Collector((503, {}), (200, PARTIAL))
    yield made
    await made.go()


@pytest.mark.long
async def test_events_wait_until_the_receiver_takes_all_of_them(
    database: Database, collector: Collector
) -> None:
    token = database.settings.path.parent / "siem.token"
    token.write_text("geheim\n")
    siem = SiemSettings(
        otlp=OtlpSettings(address=f"http://127.0.0.1:{collector.port}", token_file=token)
    )
    settings = replace(database.settings, siem=siem)
    pool, registry, stop = await database.pool("platform"), CollectorRegistry(), asyncio.Event()
    await outbox.set_receivers(pool, siem)
    for number in range(450):  # more than go at once
        await outbox.note(pool, "policy_changed", {"version": f"v{number}"})
    task = asyncio.create_task(keep_delivering(settings, pool, registry, stop))
    try:
        async with asyncio.timeout(60):
            while not registry.get_sample_value(  # noqa: ASYNC110 - what the loop counts
                "landschap_siem_failures_total", {"receiver": "otlp"}
            ):
                await asyncio.sleep(0.05)
            await collector.come()
            while await outbox.confirmed_by(pool, "otlp") < 450:  # noqa: ASYNC110 - the database
                await asyncio.sleep(0.05)
    finally:
        stop.set()
        await task
    told = [event["entity"]["uid"] for event in collector.taken]
    assert told == [f"v{number}" for number in range(450)]
    assert collector.first == []
    assert set(collector.tokens) == {"Bearer geheim"}


async def test_what_was_received_is_forgotten_after_its_term_and_what_waits_is_not(
    database: Database,
) -> None:
    pool = await database.pool("platform")
    await outbox.set_receivers(pool, SiemSettings(otlp=OtlpSettings(address="http://127.0.0.1:1")))
    for number in range(3):
        await outbox.note(pool, "policy_changed", {"version": f"v{number}"})
    assert await outbox.confirm(pool, "otlp", 0, 2)
    assert await outbox.forget(pool, timedelta(hours=1)) == 0
    assert await outbox.forget(pool, timedelta(0)) == 2
    assert [event.seq for event in await outbox.after(pool, 0, 10)] == [3]
