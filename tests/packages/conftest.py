# SPDX-License-Identifier: EUPL-1.2
"""A municipality that packs, and one that takes in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.packages.package_rig import MAKER, TAKER, VALUES, Town, set_up, town
from tests.throwaway import Cluster


@pytest.fixture
async def maker(cluster: Cluster, tmp_path: Path) -> AsyncIterator[Town]:
    made = await town(cluster, tmp_path / "maker", MAKER, "Gemeente Weesp")
    set_up(made)
    yield made
    made.database.close()
    await cluster.run(f"DROP DATABASE {made.database.name} WITH (FORCE)")


@pytest.fixture
async def taker(cluster: Cluster, tmp_path: Path) -> AsyncIterator[Town]:
    made = await town(cluster, tmp_path / "taker", TAKER, "Gemeente Heidedorp")
    (made.folder / "waarden.toml").write_text(VALUES, encoding="utf-8")
    yield made
    made.database.close()
    await cluster.run(f"DROP DATABASE {made.database.name} WITH (FORCE)")
