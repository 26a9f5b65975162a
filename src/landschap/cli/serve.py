# SPDX-License-Identifier: EUPL-1.2
"""`landschap serve`: all processes of one organisation, or one of them."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from landschap.cli.config_option import config_option
from landschap.platform.settings import load_settings

if TYPE_CHECKING:
    from landschap.platform.settings import Settings


@click.command()
@click.argument("part", required=False, type=click.Choice(["decider", "web", "worker"]))
@config_option
@click.option("--listen-fd", type=int, hidden=True, help="Socket that the supervisor listens on.")
@click.option("--lane", default=None, hidden=True, help="The part's lane in the log.")
def serve(part: str | None, config: Path, listen_fd: int | None, lane: str | None) -> None:
    """Start the processes of one organisation and keep them running.

    Without PART: all that the configured listeners need, with the database and nginx. With PART:
    that one only, as under systemd or Kubernetes. SIGTERM and Ctrl-C let everything finish what
    it accepted.

    \b
    Examples:
      landschap serve --config organisation.toml
      landschap serve worker --config organisation.toml
    """
    settings = load_settings(config)
    if part is None:
        from landschap.cli.supervision import supervise

        supervise(settings)
    else:
        _run_part(settings, part, listen_fd, lane)


def _run_part(settings: Settings, part: str, listen_fd: int | None, lane: str | None) -> None:
    """Run one part until SIGTERM. Each imports its own rooms only."""
    from landschap.platform.telemetry import start_logging

    start_logging(settings.log, lane or part)
    if part == "decider":
        from landschap.gateway.api import run_decider

        _run(run_decider(settings, listen_fd, lane or "decider-0"))
    elif part == "web":
        from landschap.cli.web import serve_web

        _run(serve_web(settings))
    else:
        from landschap.cli.worker import run_worker

        _run(run_worker(settings))


def _run(work: Coroutine[Any, Any, None]) -> None:
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_tied(work))


async def _tied(work: Coroutine[Any, Any, None]) -> None:
    """Do the work until it ends, the supervisor goes, or SIGTERM cancels it.

    A part that wants to end in its own way sets its own handler for SIGTERM.
    """
    from landschap.platform.processes import end_with_parent

    loop = asyncio.get_running_loop()
    end_with_parent(loop)
    doing = loop.create_task(work)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, doing.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await doing
