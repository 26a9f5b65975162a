# SPDX-License-Identifier: EUPL-1.2
"""The application of the measured register, and a process that serves it over HTTP.

Started by the benchmark as a process of its own: register_web.py SETTINGS PORT
"""

from __future__ import annotations

import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import uvicorn
import uvloop

from landschap.logboek.store import LogWriter
from landschap.platform import postgres
from landschap.platform.http import AppShape, make_app
from landschap.platform.keys import secret_key
from landschap.platform.settings import Settings, load_settings
from landschap.registers.api import Deps, routes
from register_data import register

ASIDE = 16  # questions at the same time


class Opened(NamedTuple):
    """The application and the pool it asks."""

    app: Any
    pool: asyncpg.Pool


async def open_application(settings: Settings, stack: AsyncExitStack) -> Opened:
    """Our registers as they answer behind the Inway; closed with ``stack``."""
    pool = await postgres.pool(settings, "registers", size=ASIDE)
    stack.push_async_callback(pool.close)
    log = LogWriter(settings, "web")
    await log.start()
    stack.push_async_callback(log.close)
    deps = Deps(
        registers=register(),
        pool=pool,
        log=log,
        controller=settings.organisation.oin,
        permit_key=secret_key(settings, "permit"),
        pseudonym_key=secret_key(settings, "pseudonym"),
    )
    return Opened(make_app(routes(deps), AppShape(title="Services", version="1.0.0")), pool)


async def main(settings: Path, port: int) -> None:
    """Serve as the web process does, until terminated."""
    async with AsyncExitStack() as stack:
        app = (await open_application(load_settings(settings), stack)).app
        config = uvicorn.Config(
            app, port=port, loop="none", http="httptools", ws="none", lifespan="on",
            log_level="warning", access_log=False,
        )  # fmt: skip
        await uvicorn.Server(config).serve()


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1]), int(sys.argv[2])))
