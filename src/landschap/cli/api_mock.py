# SPDX-License-Identifier: EUPL-1.2
"""``landschap api mock``: a stand-in for an API, made of the examples in its description."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress

import click
from aiohttp import web

from landschap.catalogue.mocking import Asked, Mock
from landschap.cli.description_files import document_at
from landschap.platform.trouble import Trouble

HOST = "127.0.0.1"
_MAX_BODY = 1_000_000
_GRACE_SECONDS = 2


@click.command("mock")
@click.argument("where", metavar="FILE|URL")
@click.option(
    "--port", type=click.IntRange(0, 65_535), default=4010, show_default=True,
    help="On this machine only; 0 for any that is free.",
)  # fmt: skip
def mock(where: str, port: int) -> None:
    """Answer as FILE says that an API does, with its examples, until Ctrl-C.

    A question is held against the description: an unknown path is 404, a missing parameter or body
    400. Ask for another answer with the header `Prefer: code=404`. Where it listens is said on
    stdout. Nothing is kept, and nothing goes out.

    \b
    Examples:
      landschap api mock openapi.yaml
      landschap api mock openapi.yaml --port 0
    """
    made = Mock(document_at(where).value)
    if not len(made):
        raise Trouble(f"{where} describes no operation", "name a description with paths")
    try:
        with suppress(KeyboardInterrupt):
            asyncio.run(serve(made, port))
    except OSError as error:
        raise Trouble(f"port {port} can not be used: {error.strerror}", "give --port") from None


async def serve(made: Mock, port: int) -> None:
    """Answer until the process is told to stop."""
    app = web.Application(client_max_size=_MAX_BODY)

    async def answer(request: web.Request) -> web.StreamResponse:
        found = made.answer(
            Asked(
                method=request.method,
                path=request.path,
                query=request.query.keys(),
                headers={name.lower(): value for name, value in request.headers.items()},
                body=await request.read(),
            )
        )
        headers = {**found.headers, "Cache-Control": "no-store"}
        if found.medium:
            headers["Content-Type"] = found.medium
        return web.Response(status=found.status, body=found.body.encode(), headers=headers)

    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=_GRACE_SECONDS)
    await runner.setup()
    try:
        site = web.TCPSite(runner, HOST, port)
        await site.start()
        where = runner.addresses[0]
        click.echo(f"http://{where[0]}:{where[1]}")
        click.echo(f"{len(made)} operations; Ctrl-C stops it", err=True)
        stopped = asyncio.Event()
        for each in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(each, stopped.set)
        await stopped.wait()
    finally:
        await runner.cleanup()
