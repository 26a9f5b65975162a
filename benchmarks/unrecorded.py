# SPDX-License-Identifier: EUPL-1.2
"""A decider that decides and records nothing, to see what the record costs. Never a product.

Started by the benchmark as a process of its own: unrecorded.py SETTINGS SOCKET
"""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import uvloop

from landschap.gateway.api.decider import open_desk
from landschap.gateway.api.protocol import DoorProtocol
from landschap.logboek.declarations import UsedDeclaration
from landschap.logboek.forms import Ready
from landschap.logboek.records import Draft
from landschap.logboek.store import Done
from landschap.platform.settings import load_settings


class Nowhere:
    """In the place of the log."""

    lane = "nowhere-0"
    healthy = True

    def hand_in(
        self,
        draft: Draft | Ready,
        decided_epoch: int,
        done: Done,
        used: UsedDeclaration | None = None,
    ) -> None:
        """Done as soon as the caller has gone on, as it is when something is recorded."""
        del draft, decided_epoch, used
        asyncio.get_running_loop().call_soon(done, None)


async def main(settings: Path, place: Path) -> None:
    """Answer until killed."""
    async with AsyncExitStack() as stack:
        desk, _ = await open_desk(load_settings(settings), "benchmark-0", stack)
        desk._log = Nowhere()  # type: ignore[assignment]  # noqa: SLF001 - the point of this file
        loop = asyncio.get_running_loop()
        server = await loop.create_unix_server(lambda: DoorProtocol(desk), str(place), backlog=1024)
        os.chmod(place, 0o666)  # noqa: PTH101, S103 - nginx runs as another
        print("ready", flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1]), Path(sys.argv[2])))
