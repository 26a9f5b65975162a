# SPDX-License-Identifier: EUPL-1.2
"""`landschap doctor`: is everything well, and if not, what to do."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from landschap.cli.config_option import config_option

if TYPE_CHECKING:
    from landschap.cli.checkup import Line
    from landschap.platform.settings import Settings


@click.command()
@click.argument("peer", metavar="[PEER]", required=False)
@config_option
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_context
def doctor(ctx: click.Context, config: Path, peer: str | None, as_json: bool) -> None:
    """Check configuration, certificates, keys, clock, database, nginx, parts and directory.

    With PEER, a Peer ID or the address of a Manager: what is wrong between us and that peer, from
    its name and certificate to its Group, its hashes and what it knows of us.

    Each line that is not well says what to do. Exit code 1 when something is wrong; what only
    needs care soon does not count, nor does what could not be seen.

    \b
    Examples:
      landschap doctor
      landschap doctor 00000099000000002000
      landschap doctor https://manager.weesp.example:8443 --json
    """
    from landschap.cli.checkup import State
    from landschap.platform.settings import load_settings

    settings = load_settings(config)
    lines = asyncio.run(_look(settings, peer, show=not as_json))
    if as_json:
        click.echo(json.dumps([asdict(line) for line in lines], indent=1, ensure_ascii=False))
    if any(line.state is State.WRONG for line in lines):
        ctx.exit(1)


async def _look(settings: Settings, peer: str | None, *, show: bool) -> list[Line]:
    """All lines, each shown as soon as it is known."""
    from landschap.cli.between import look_between
    from landschap.cli.checkup import look

    lines = []
    async for line in look(settings) if peer is None else look_between(settings, peer):
        lines.append(line)
        if show:
            click.echo(f"{line.state:<6}  {line.subject:<12} {line.what}")
            if line.remedy:
                click.echo(f"{'':<21}What to do: {line.remedy}")
    return lines
