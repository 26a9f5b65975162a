# SPDX-License-Identifier: EUPL-1.2
"""A Group of served Managers, one per module of tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.fsc import fsc_rig as rig
from tests.fsc.manager_rig import Group, Manager

from landschap.fsc.own import OwnPeer


@pytest.fixture(scope="module")
async def group(cluster: Any, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Group]:
    """A directory, two municipalities and a province; Weesp signs nothing by itself."""
    async with AsyncExitStack() as stack:
        made: list[Any] = []

        async def fresh(folder: Path) -> Any:
            made.append(await cluster.fresh(folder))
            return made[-1]

        whole = Group(
            authority=rig.Authority(),
            folder=tmp_path_factory.mktemp("groep"),
            fresh=fresh,
            stack=stack,
        )
        await whole.add(rig.DIRECTORY)
        await whole.add(rig.WEESP, witnesses=[rig.DOESBURG])
        await whole.add(rig.DOESBURG)
        await whole.add(rig.PROVINCE)
        yield whole
    for database in made:
        database.close()
        await cluster.run(f"DROP DATABASE {database.name} WITH (FORCE)")


@pytest.fixture
def weesp(group: Group) -> Manager:
    return group.managers[rig.WEESP]


@pytest.fixture
def gids(group: Group) -> Manager:
    return group.managers[rig.DIRECTORY]


@pytest.fixture
def doesburg(group: Group) -> OwnPeer:
    return group.managers[rig.DOESBURG].own


@pytest.fixture
def province(group: Group) -> OwnPeer:
    return group.managers[rig.PROVINCE].own
