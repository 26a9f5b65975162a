# SPDX-License-Identifier: EUPL-1.2
"""The demo: a small landscape on one machine, and one question through the whole of it."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

if TYPE_CHECKING:
    from landschap.cli.demo.landscape import Landscape
    from landschap.cli.demo.opening import Opened
    from landschap.cli.demo.processes import Processes

_FOLDER = Path(".demo")


@click.command()
@click.option("--check", is_flag=True, help="Carry out each step once, report and stop.")
@click.option("--json", "as_json", is_flag=True, help="With --check: the report as one document.")
@click.option(
    "--dir",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=_FOLDER,
    show_default=True,
    help="Where the landscape lives; a second start finds it there.",
)
@click.option(
    "--network",
    type=click.IntRange(1, 254),
    default=11,
    show_default=True,
    help="Third number of the loopback addresses 127.0.N.x that are used.",
)
@click.option(
    "--web-port",
    type=click.IntRange(1024, 65_531),
    default=8700,
    show_default=True,
    help="Port of the portal; the next four serve log-in, the supplier's system, open data and "
    "Doesburg's pages.",
)
@click.option(
    "--shape",
    type=click.Choice(["own", "collective"]),
    default="own",
    show_default=True,
    help="A database server for each organisation, or one for all that a service centre keeps.",
)
def demo(check: bool, as_json: bool, folder: Path, network: int, web_port: int, shape: str) -> int:
    """Start a small landscape and carry one question through the whole of it.

    A directory, Gemeente Weesp, Gemeente Doesburg, a supplier's system and a login provider, all
    on loopback; the organisations and persons are invented. Keeps running until Ctrl-C.

    \b
    Examples:
      landschap demo
      landschap demo --check --json
      landschap demo --shape collective --dir .demo-collective
    """
    from landschap.cli.demo.landscape import landscape_in
    from landschap.cli.demo.service_centre import require_same_shape

    if as_json and not check:
        raise click.UsageError("--json tells the report of --check; give both")
    collective = shape == "collective"
    landscape = landscape_in(
        folder.absolute(), network=network, web_port=web_port, collective=collective
    )
    require_same_shape(landscape)
    console = Console(stderr=as_json)
    return asyncio.run(_run(landscape, console, check=check, as_json=as_json))


async def _run(landscape: Landscape, console: Console, *, check: bool, as_json: bool) -> int:
    from landschap.cli.demo.opening import open_landscape
    from landschap.cli.demo.processes import Processes
    from landschap.cli.demo.report import Report
    from landschap.cli.demo.service_centre import service_centre
    from landschap.cli.demo.story import Story

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    report = Report(console)
    async with (
        service_centre(landscape),
        Processes(landscape.folder / "logs") as processes,
    ):
        opening = asyncio.create_task(open_landscape(landscape, processes, console.print))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({opening, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not opening.done():
            opening.cancel()
            return 130
        opened = opening.result()
        story = Story(opened)
        for name, act in story.steps():
            if stop.is_set():
                return 130
            await report.step(name, act)
        if as_json:
            click.echo(report.as_json())
        if not check:
            _tell_addresses(console, opened, story.transaction_id)
            await _until_stopped(processes, stop, console)
    return 0 if report.ok else 1


def _tell_addresses(console: Console, opened: Opened, transaction_id: str) -> None:
    scene = opened.landscape
    config = scene.settings_file(scene.weesp)
    lines = [
        "",
        f"[bold]Open[/bold] {scene.weesp.web_address}  log in as Suzanne Moulin",
        f"     {scene.weesp.web_address}/formulier  a permit; log in as Anna Maria Petra Wesseling",
        f"     {scene.weesp.open_address}  open data of Weesp, without logging in",
        f"     {scene.weesp.web_address}/console  Weesp's registers; log in as M. de Wit",
        f"     {scene.doesburg.web_address}/catalogus  Doesburg's catalogue; log in as D. Bruin",
        f"     http://{scene.weesp.admin}/health/ready and /metrics  Weesp's operators",
        f"     http://{scene.doesburg.admin}/health/ready and /metrics  Doesburg's operators",
        "",
        f"[bold]Ask[/bold]  .venv/bin/landschap explain {transaction_id} --config {config}",
        f"     .venv/bin/landschap verify --config {config}",
        "",
        "Persons and organisations are invented. Ctrl-C stops everything.",
    ]
    for line in lines:
        console.print(line, highlight=False, soft_wrap=True)


async def _until_stopped(processes: Processes, stop: asyncio.Event, console: Console) -> None:
    ending = asyncio.create_task(processes.wait_for_any_end())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({ending, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if ending.done() and not stop.is_set():
        console.print(f"{ending.result()} ended; stopping the rest", style="red")
    for task in (ending, stopping):
        task.cancel()
