# SPDX-License-Identifier: EUPL-1.2
"""``landschap log deliver``: bring the journal of an application to the log."""

from __future__ import annotations

import asyncio
import json
import ssl
from pathlib import Path

import click

from landschap.cli.config_option import json_option
from landschap.logboek.client import REFUSED, Delivered, Log, LogAway, deliver, waiting

_UNREACHABLE = 5
_PARTIAL = 6


@click.command("deliver")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--to", "address", required=True, help="Address of the log (addresses.logboek).")
@click.option(
    "--key-file",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with the key of the application.",
)
@click.option(
    "--trust",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Authority of the log's certificate; absent: those of this machine.",
)
@json_option
@click.pass_context
def deliver_journal(
    ctx: click.Context,
    folder: Path,
    address: str,
    key_file: Path,
    trust: Path | None,
    as_json: bool,
) -> None:
    """Deliver the *.jsonl files in FOLDER, the oldest act first, and remove what is confirmed.

    A file with a line that the log refuses is put in FOLDER/geweigerd with the reason (exit
    code 6). When the log does not answer, the rest stays (exit code 5): start it again.

    \b
    Examples:
      landschap log deliver journaal --to https://logboek.weesp.example --key-file balie.key
      landschap log deliver journaal --to http://127.0.11.3:8081 --key-file balie.key --json
    """
    from landschap.cli.verify import counting

    tls = ssl.create_default_context(cafile=str(trust)) if trust else None
    log = Log(address=address.rstrip("/"), key=key_file.read_text().strip(), tls=tls)
    total = waiting(folder)
    try:
        with counting("Delivering", total) as advance:
            done = asyncio.run(deliver(folder, log, advance))
    except LogAway as error:
        left = waiting(folder)
        if as_json:
            click.echo(json.dumps({"away": str(error), "left": left}))
        click.echo(f"{error}; {left} files wait in {folder}", err=True)
        ctx.exit(_UNREACHABLE)
    _tell(folder, done, as_json)
    if done.refused:
        ctx.exit(_PARTIAL)


def _tell(folder: Path, done: Delivered, as_json: bool) -> None:
    if as_json:
        told = {"created": done.created, "duplicates": done.duplicates, "refused": done.refused}
        click.echo(json.dumps(told))
    else:
        click.echo(f"{done.created} lines delivered, {done.duplicates} were known")
    if done.refused:
        click.echo(f"{len(done.refused)} files refused: see {folder / REFUSED}", err=True)
