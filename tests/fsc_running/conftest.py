# SPDX-License-Identifier: EUPL-1.2
"""Organisations that really run, started once: a directory, a provider, a consumer, a delegator."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.fsc_running.listening import listening
from tests.fsc_running.organisations import start, tell_to_stop, write_organisation
from tests.fsc_running.peers import Authority
from tests.fsc_running.places import PLACES, SERVICE_PORT, network
from tests.fsc_running.scene import Scene, agree

from landschap.cli.demo.processes import Processes
from landschap.platform.identity import Validity, make_anchor

STARTED = ("gids", "weesp", "doesburg", "proefland")


@pytest.fixture(scope="session")
async def whole_scene() -> AsyncIterator[Scene]:
    """The organisations as they run, with their contracts agreed."""
    folder = Path(tempfile.mkdtemp(prefix="ls-fsc-"))
    folder.chmod(0o755)
    issued = make_anchor("Anker van de testgroep", Validity.of_days(datetime.now(UTC), 30))
    (folder / "anchor.crt").write_bytes(issued.certificate_pem)
    placed = network()
    try:
        async with AsyncExitStack() as stack:
            service = await stack.enter_async_context(listening(placed.tester, SERVICE_PORT))
            processes = await stack.enter_async_context(Processes(folder / "logs"))
            organisations = {
                key: write_organisation(PLACES[key], placed, folder, issued, stack)
                for key in STARTED
            }
            stack.callback(tell_to_stop, processes, list(organisations.values()))
            await start(processes, list(organisations.values()))
            scene = Scene(
                folder=folder,
                network=placed,
                processes=processes,
                authority=Authority(issued=issued),
                organisations=organisations,
                service=service,
            )
            await agree(scene)
            yield scene
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def scene(whole_scene: Scene) -> Scene:
    """The same, with an empty notebook at the service."""
    whole_scene.service.heard.clear()
    whole_scene.service.look = None
    return whole_scene
