# SPDX-License-Identifier: EUPL-1.2
"""A whole landscape for the tests that need one: real processes, real TLS, real contracts."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from landschap.cli.demo.landscape import landscape_in
from landschap.cli.demo.opening import Opened, open_landscape
from landschap.cli.demo.processes import Processes
from landschap.cli.demo.story import Story

# Other addresses than those of a demo, or of other tests, that may be running beside these.
NETWORK = 100 + os.getpid() % 100
WEB_PORT = 19_000 + os.getpid() % 300 * 5


@pytest.fixture(scope="session")
async def running() -> AsyncIterator[tuple[Opened, Processes]]:
    """The landscape, opened once per run, and its processes."""
    folder = Path(tempfile.mkdtemp(prefix="ls-demo-"))
    folder.chmod(0o755)
    scene = landscape_in(folder, network=NETWORK, web_port=WEB_PORT)
    told: list[str] = []
    try:
        async with Processes(folder / "logs") as processes:
            yield await open_landscape(scene, processes, told.append), processes
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
async def story(running: tuple[Opened, Processes]) -> Story:
    """The demo's story over that landscape."""
    return Story(running[0])
