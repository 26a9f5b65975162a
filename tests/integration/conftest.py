# SPDX-License-Identifier: EUPL-1.2
"""Weesp's registers loaded once per module, the supplier's process, the door as an application."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry
from tests.integration.source_rig import (
    API_KEY,
    DATA,
    DECLARATION,
    WEESP,
    Asker,
    Supplier,
)
from tests.ports import free_port

from landschap.integration.api import Deps, routes
from landschap.integration.connectors.comparing import Shadow
from landschap.integration.connectors.opening import (
    Surroundings,
    client_session,
    open_doors,
    read_declaration,
)
from landschap.integration.model import Declaration
from landschap.integration.rows import Connector
from landschap.logboek.store import LogWriter
from landschap.platform.http import AppShape, make_app
from landschap.platform.keys import secret_key
from landschap.platform.pseudonym_keys import LivingKeys
from landschap.purposes.second_look import Persons
from landschap.registers.client import read_extract, read_models
from landschap.registers.models import Registers
from landschap.registers.store import load

EXTRACTS = {"bag": "bag", "inwoners": "inwoners.jsonl", "uitkeringen": "uitkeringen.jsonl"}


@dataclass
class World:
    """A municipality with its registers, its log and a supplier."""

    database: Any
    registers: Registers
    log: LogWriter
    surroundings: Surroundings
    supplier: Supplier
    metrics: CollectorRegistry = field(default_factory=CollectorRegistry)
    persons: Persons | None = None
    shadow: Shadow | None = None

    def asker(self, given: Declaration | None = None, **doors: Connector) -> Asker:
        """The door to one logical source; ``doors`` replaces connectors by source."""
        settings = self.database.settings
        declaration = given or read_declaration(DECLARATION)
        given_all = doors.keys() >= declaration.sources.keys()
        opened = doors if given_all else {**open_doors(declaration, self.surroundings), **doors}
        deps = Deps(
            declarations={declaration.name: declaration},
            doors={declaration.name: opened},
            log=self.log,
            controller=settings.organisation.oin,
            permit_key=secret_key(settings, "permit"),
            pseudonym_key=secret_key(settings, "pseudonym"),
            line_key=LivingKeys(settings).newest,
            metrics=CollectorRegistry(),
            persons=self.persons,
            shadow=self.shadow,
        )
        self.metrics = deps.metrics
        app = make_app(routes(deps), AppShape(title="bronnen", version="1.0.0"))
        transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]  # two names of one ASGI
        client = httpx.AsyncClient(transport=transport, base_url="http://weesp.test")
        return Asker(client, deps.permit_key, service=declaration.name)


@pytest.fixture(scope="module")
def supplier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supplier]:
    """The supplier's system, running."""
    made = Supplier(tmp_path_factory.mktemp("leverancier"), f"127.0.0.1:{free_port()}")
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
async def world(
    module_database: Any, supplier: Supplier, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    """Weesp, with all its demo data."""
    registers = read_models(WEESP / "registers")
    pool = await module_database.pool("registers")
    for name, extract in EXTRACTS.items():
        register = registers.by_name[name]
        async for _ in load(pool, register, read_extract(register, DATA / extract)):
            pass
    secrets = tmp_path_factory.mktemp("secrets")
    (secrets / "leverancier.key").write_text(API_KEY)
    hosts = {"gebouwen.leverancier.test": supplier.address}
    log = LogWriter(module_database.settings, "proef-0", wait_seconds=0.5)
    await log.start()
    session = client_session(hosts)
    around = Surroundings(
        pool=pool, registers=registers, session=session, hosts=hosts, secrets=Path(secrets)
    )
    yield World(module_database, registers, log, around, supplier)
    await session.close()
    await log.close()
