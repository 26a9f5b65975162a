# SPDX-License-Identifier: EUPL-1.2
"""One served console for all tests of it; the browser is that of the portal's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.console.console_rig import Console, served_console
from tests.portal.conftest import browser
from tests.throwaway import Cluster

__all__ = ["browser"]


@pytest.fixture(scope="session")
async def console(
    cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Console]:
    """A console served on loopback, with real registers, log, purposes and login provider."""
    made = await cluster.fresh(tmp_path_factory.mktemp("console"))
    async with served_console(made) as served:
        yield served
    made.close()
    await cluster.run(f"DROP DATABASE {made.name} WITH (FORCE)")
