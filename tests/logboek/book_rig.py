# SPDX-License-Identifier: EUPL-1.2
"""The processing log as an application meets it: on a real register, a real log, real credentials."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import httpx
import uvicorn
from prometheus_client import CollectorRegistry
from tests.gateway.gateway_scene import ACTIVITY, WEESP, register
from tests.logboek.log_rig import KEY, OWN
from tests.throwaway import Database

from landschap.gateway.store import add_application
from landschap.gateway.store.applications import application_named
from landschap.logboek.api import log_app, writing
from landschap.logboek.api.ingesting import Book
from landschap.logboek.describing import document
from landschap.logboek.ingest import ACTIVITY as ACTIVITY_NAME
from landschap.logboek.ingest import SUBJECT, SUBJECT_TYPE, Keys
from landschap.logboek.records import Record
from landschap.logboek.store import LogWriter, by_trace
from landschap.platform.ids import new_span_id, new_trace_id
from landschap.platform.settings import Settings
from landschap.purposes.model import Validity
from landschap.purposes.store import Signers, activity_at, save_register

BASE = "https://logboek.proefdorp.example"
SPACE = "https://proefdorp.test/register/pseudoniem"
ENDED = f"{ACTIVITY}-tot-gisteren"
LINES = "/logboek/v1/regels"
SPANS = "/v1/traces"
PERSON = "999993653"
_SIGNERS = Signers(author="A. de Vries", approver="B. Jansen", reason="proef")


def line(**changes: Any) -> dict[str, Any]:
    """One lawful line of now; ``attributes`` are added to those of the line."""
    now = time.time_ns() // 1_000_000
    more = changes.pop("attributes", {})
    made: dict[str, Any] = {
        "trace_id": new_trace_id().hex(),
        "span_id": new_span_id().hex(),
        "status": "Unset",
        "name": "Adres bekeken",
        "start_time": now - 5,
        "end_time": now,
        "resource": {"attributes": {"service.name": "zaaksysteem", "service.version": "4.2"}},
        "attributes": {ACTIVITY_NAME: ACTIVITY, SUBJECT: PERSON, SUBJECT_TYPE: "BSN", **more},
    }
    return made | changes


@dataclass
class Account:
    """A client with the credentials of an application, and what the log holds."""

    client: httpx.AsyncClient
    log: LogWriter
    book: Book
    metrics: CollectorRegistry
    app: Any

    async def deliver(self, *lines: Any, **headers: str) -> httpx.Response:
        return await self.client.post(LINES, json=list(lines), headers=headers)

    async def kept(self, trace_id: str) -> list[Record]:
        return await by_trace(self.book.pool, bytes.fromhex(trace_id))

    def figure(self, name: str, **labels: str) -> float:
        return self.metrics.get_sample_value(name, labels) or 0.0


@asynccontextmanager
async def account_on(settings: Settings, pools: dict[str, Any]) -> AsyncIterator[Account]:
    """The application on these pools, with an activity in force and one that ended yesterday."""
    made = register(WEESP)
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date()
    ended = dataclasses.replace(
        made.activities[0],
        uri=ENDED,
        valid=Validity(since=date(2020, 1, 1), until=yesterday),
    )
    activities = (*made.activities, ended)
    adopted = dataclasses.replace(made, activities=activities)
    await save_register(pools["purposes"], adopted, _SIGNERS, based_on="")
    key = await add_application(pools["gateway"], "zaaksysteem", datetime.now(UTC))
    async with account_of(settings, pools, key, OWN) as account:
        yield account


@asynccontextmanager
async def account_of(
    settings: Settings, pools: dict[str, Any], key: str, controller: str
) -> AsyncIterator[Account]:
    """The application on these pools, as it is in force there, asked by who has this key."""

    async def version_at(uri: str, moment: datetime) -> int | None:
        found = await activity_at(pools["purposes"], uri, moment)
        return found.version if found else None

    log = LogWriter(settings, "web")
    await log.start()
    metrics = CollectorRegistry()
    book = Book(
        pool=pools["logboek"],
        log=log,
        keys=Keys(controller, SPACE, {1: KEY}),
        version_at=version_at,
    )
    deps = writing.WritingDeps(
        book=book,
        authenticate=partial(application_named, pools["gateway"]),
        metrics=metrics,
        describe=partial(document, BASE, "Gemeente Proefdorp", email="privacy@proefdorp.example",
                         url="https://proefdorp.example"),
    )  # fmt: skip
    app = log_app(writing.routes(deps))
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]  # ASGI
    headers = {"X-Api-Key": key}
    async with httpx.AsyncClient(transport=transport, base_url=BASE, headers=headers) as client:
        yield Account(client, log, book, metrics, app)
    await log.close()


@asynccontextmanager
async def served(account: Account) -> AsyncIterator[str]:
    """The address at which the log is asked over HTTP."""
    server = uvicorn.Server(
        uvicorn.Config(
            account.app, log_config=None, timeout_graceful_shutdown=10, port=0, lifespan="on"
        )
    )
    serving = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(40):
            while not server.started:  # noqa: ASYNC110 - uvicorn sets no event
                await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await serving


async def pools_of(database: Database) -> dict[str, Any]:
    return {room: await database.pool(room) for room in ("purposes", "gateway", "logboek")}
