# SPDX-License-Identifier: EUPL-1.2
"""Registers in a real PostgreSQL: empty, with the demo's data, and with all of Weesp if present."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest
from tests.registers.rig import FULL, WEESP
from tests.throwaway import Cluster, Database

from landschap.registers import client, store
from landschap.registers.models import Registers


@pytest.fixture(scope="session")
def demo_registers() -> Registers:
    return client.read_models(WEESP / "registers")


@pytest.fixture
async def pool(database: Database) -> asyncpg.Pool:
    return await database.pool("registers")


@pytest.fixture(scope="session")
async def weesp(
    cluster: Cluster, tmp_path_factory: pytest.TempPathFactory, demo_registers: Registers
) -> AsyncIterator[asyncpg.Pool]:
    """The demo's registers, loaded once; tests only read them."""
    made = await cluster.fresh(tmp_path_factory.mktemp("weesp"))
    loaded = await made.pool("registers")
    for name, path in (
        ("bag", WEESP / "gegevens" / "bag"),
        ("inwoners", WEESP / "gegevens" / "inwoners.jsonl"),
        ("uitkeringen", WEESP / "gegevens" / "uitkeringen.jsonl"),
    ):
        register = demo_registers.by_name[name]
        await store.prepare(loaded, register)
        async for _ in store.load(loaded, register, client.read_extract(register, path)):
            pass
    yield loaded
    made.close()
    await cluster.run(f"DROP DATABASE {made.name} WITH (FORCE)")


@pytest.fixture(scope="session")
async def full_bag(
    cluster: Cluster, tmp_path_factory: pytest.TempPathFactory, demo_registers: Registers
) -> AsyncIterator[asyncpg.Pool]:
    """All of Weesp, 66 073 versions; absent when the public extract is not beside the checkout."""
    if not FULL.is_dir():
        pytest.skip(f"the public BAG extract is not here ({FULL.name})")
    made = await cluster.fresh(tmp_path_factory.mktemp("full"))
    loaded = await made.pool("registers")
    bag = demo_registers.by_name["bag"]
    await store.prepare(loaded, bag)
    async for _ in store.load(loaded, bag, client.read_extract(bag, FULL)):
        pass
    yield loaded
    made.close()
    await cluster.run(f"DROP DATABASE {made.name} WITH (FORCE)")
