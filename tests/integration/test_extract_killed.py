# SPDX-License-Identifier: EUPL-1.2
"""An extract of which the process is killed leaves nothing that works, and nothing that stays."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest
from tests.platform.serving import alive, until

from landschap.integration.connectors.bulk.extracting import Places

KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from landschap.integration.connectors.bulk.engine import Begin, Job, Limits
from landschap.integration.connectors.bulk.extracting import Engine, Places

async def work():
    places = Places(work=Path(sys.argv[1]), out=Path(sys.argv[1]))
    with places.opened() as folder:
        (folder / "personen.parquet").touch()
        engine = Engine(Begin(folder=folder, limits=Limits(), views={}))
        await engine.run(Job(queries={"one": "SELECT 1"}))
        print(engine._process.pid, flush=True)
        query = "SELECT count(*) FROM range(10000000000) a, range(10000000000) b WHERE a.range > b.range"
        asyncio.get_running_loop().call_later(0.5, os.kill, os.getpid(), signal.SIGKILL)
        await engine.run(Job(queries={"long": query}))

asyncio.run(work())
"""


@pytest.mark.long
async def test_of_an_extract_that_is_killed_the_engine_does_not_stay(tmp_path: Path) -> None:
    killed = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(60):
        said, _ = await killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    engine = int(said)
    try:
        await asyncio.to_thread(until, lambda: not alive(engine), 40)
    finally:
        if alive(engine):
            os.kill(engine, signal.SIGKILL)
    (left,) = tmp_path.iterdir()
    with Places(work=tmp_path, out=tmp_path).opened():
        assert not left.exists()


def test_what_another_left_goes_and_what_another_holds_stays(tmp_path: Path) -> None:
    left = tmp_path / "extract-left"
    left.mkdir()
    (left / "personen.parquet").touch()
    (tmp_path / "other").mkdir()
    places = Places(work=tmp_path, out=tmp_path)
    with places.opened() as first:
        assert not left.exists()
        with places.opened() as second:
            assert sorted(tmp_path.iterdir()) == sorted([first, second, tmp_path / "other"])
    assert list(tmp_path.iterdir()) == [tmp_path / "other"]
