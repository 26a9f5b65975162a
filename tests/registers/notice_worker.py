# SPDX-License-Identifier: EUPL-1.2
"""A worker that tells of changes in a process of its own, so that a test can kill it.

python -m tests.registers.notice_worker ORGANISATION.TOML OUTWAY
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import aiohttp
from tests.registers.notice_rig import OIN, ORIGIN, Closed, no_way
from tests.registers.test_collections import places

from landschap.platform import postgres
from landschap.platform.settings import load_settings
from landschap.registers.models import Registers
from landschap.registers.worker import Doors, NoticeDeps, OutwayDoor, run_notices


async def work(config: Path, outway: str) -> None:
    """Tell until asked to stop."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    settings = load_settings(config)
    pool = await postgres.pool(settings, "registers")
    async with aiohttp.ClientSession() as session:
        deps = NoticeDeps(
            pool=pool,
            connect=lambda: postgres.connect(settings, "registers"),
            registers=Registers({"proef": places()}),
            oin=OIN,
            origin=ORIGIN,
            doors=Doors(
                outway=OutwayDoor(session=session, outway=outway, way=no_way), address=Closed()
            ),
        )
        await run_notices(deps, stop)
    await pool.close()


if __name__ == "__main__":
    asyncio.run(work(Path(sys.argv[1]), sys.argv[2]))
