# SPDX-License-Identifier: EUPL-1.2
"""The REST source of the measurement: a building by its number, after a delay.

Started by the benchmark as a process of its own: integration_source.py DELAY_MS PORT
"""

from __future__ import annotations

import asyncio
import sys

import uvloop
from aiohttp import web


async def main(delay: float, port: int) -> None:
    """Serve until terminated."""

    async def building(request: web.Request) -> web.Response:
        if delay:
            await asyncio.sleep(delay)
        key = request.query["id"]
        year = 1900 + int(key[-4:]) % 120
        return web.json_response(
            {"panden": [{"id": key, "bouwjaar": year, "status": "in gebruik"}]}
        )

    app = web.Application()
    app.router.add_get("/panden", building)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(float(sys.argv[1]) / 1000, int(sys.argv[2])))
