# SPDX-License-Identifier: EUPL-1.2
"""``landschap source proposals|take``: changes that two people agreed on, into their file."""

from __future__ import annotations

import json
import shutil
import sys
from functools import partial
from pathlib import Path

import click

from landschap.cli.config_option import config_option
from landschap.cli.source import source
from landschap.cli.with_pool import run_with_pool
from landschap.console.sources import differences, version_of
from landschap.console.sources.store import APPROVED, SourceProposal, proposal, proposals
from landschap.integration.connectors.opening import SOURCES_FOLDER, SUFFIX
from landschap.platform.folders import inherit_owner
from landschap.platform.settings import Settings, load_settings
from landschap.platform.trouble import Trouble

_NOT_FOUND = 3
_REFUSED = 4


@source.command("proposals")
@config_option
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def list_proposals(config: Path, as_json: bool) -> None:
    """List the changes of logical sources that people proposed in the console.

    \b
    Examples:
      landschap source proposals
      landschap source proposals --config weesp/organisation.toml --json
    """
    settings = load_settings(config)
    found = run_with_pool(settings, "console", proposals)
    told = [(one, _state(settings, one)) for one in found]
    if as_json:
        body = [
            {
                "number": one.number, "file": f"{one.file}{SUFFIX}", "state": state,
                "author": one.author_name, "reason": one.reason, "decider": one.decider_name,
                "text": version_of(one.body), "basedOn": one.based_on,
            }
            for one, state in told
        ]  # fmt: skip
        click.echo(json.dumps(body, indent=2, ensure_ascii=False))
        return
    for one, state in told:
        said = f"{one.author_name}: {one.reason}"
        click.echo(f"{one.number:>5}  {state:<10} {one.file}{SUFFIX}  {said}")
    if not told:
        click.echo("nobody proposed anything", err=True)


@source.command()
@config_option
@click.argument("number", type=click.IntRange(1))
@click.option("--dry-run", is_flag=True, help="Show the difference and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def take(config: Path, number: int, dry_run: bool, as_json: bool) -> None:
    """Write an approved change into its file; refused when the file was changed meanwhile.

    The difference is shown. What runs answers with the new text within seconds; no restart.

    \b
    Examples:
      landschap source take 7 --dry-run
      landschap source take 7 --config weesp/organisation.toml --json
    """
    settings = load_settings(config)
    found = run_with_pool(settings, "console", partial(proposal, number=number))
    if found is None:
        click.echo(f"there is no proposal {number}; see landschap source proposals", err=True)
        sys.exit(_NOT_FOUND)
    file = _file(settings, found)
    lying = _lying(file)
    is_there = _must_be_takable(found, file, lying)
    changes = differences(lying, found.body)
    if not is_there and not dry_run:
        _write(file, found.body)
    if as_json:
        told = [line if sign == "@" else f"{sign}{line}" for sign, line in changes]
        body = {"number": number, "file": str(file), "written": not is_there and not dry_run}
        click.echo(json.dumps({**body, "difference": told}, indent=2, ensure_ascii=False))
        return
    if is_there:
        click.echo(f"{file.name} is this text already")
    for sign, line in changes:
        click.echo(line if sign == "@" else f"{sign}{line}")
    if not is_there and not dry_run:
        click.echo(f"written: {file}", err=True)


def _must_be_takable(found: SourceProposal, file: Path, lying: str) -> bool:
    """True when the file is that text already. Ends the command when it may not become it."""
    if found.outcome != APPROVED:
        state = found.outcome or "waiting"
        click.echo(f"proposal {found.number} is {state}; only what is approved is taken", err=True)
        sys.exit(_REFUSED)
    if lying == found.body:
        return True
    if version_of(lying) != found.based_on:
        click.echo(
            f"{file} was changed since proposal {found.number} was written; propose it anew in the "
            "console, on the file of now",
            err=True,
        )
        sys.exit(_REFUSED)
    return False


def _state(settings: Settings, found: SourceProposal) -> str:
    if found.outcome == APPROVED and _lying(_file(settings, found)) == found.body:
        return "taken"
    return found.outcome or "waiting"


def _file(settings: Settings, found: SourceProposal) -> Path:
    return settings.path.parent / SOURCES_FOLDER / f"{found.file}{SUFFIX}"


def _lying(file: Path) -> str:
    """The text of a file, empty when there is none."""
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def _write(file: Path, text: str) -> None:
    """Put a text in the place of a file in one step, with the mode that this had."""
    draft = file.with_name(f".{file.name}.draft")
    try:
        draft.write_text(text, encoding="utf-8")
        if file.exists():
            shutil.copymode(file, draft)
        inherit_owner(draft)
        draft.replace(file)
    except OSError as error:
        draft.unlink(missing_ok=True)
        remedy = "give the user that runs this the right to write in that folder"
        raise Trouble(f"{file} can not be written: {error.strerror}", remedy) from None
