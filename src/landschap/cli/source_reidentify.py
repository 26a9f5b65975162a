# SPDX-License-Identifier: EUPL-1.2
"""``landschap source reidentify``: whose a pseudonym is, for who holds the key, with a record."""

from __future__ import annotations

import asyncio
import getpass
import json
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from landschap.cli.config_option import config_option, json_option
from landschap.cli.refused import told_when_refused
from landschap.cli.source import source
from landschap.platform.settings import load_settings

if TYPE_CHECKING:
    from landschap.integration.connectors.bulk.reidentifying import Hit

_NOT_FOUND = 3
_LEAST_REASON = 10
_MOST_REASON = 500


def _reason(_context: click.Context, _parameter: click.Parameter, text: str) -> str:
    if not _LEAST_REASON <= len(text.strip()) <= _MOST_REASON:
        raise click.BadParameter(f"is {_LEAST_REASON} to {_MOST_REASON} characters")
    return text.strip()


@source.command("reidentify")
@click.argument("name")
@click.argument("pseudonym")
@click.option("--field", required=True, help="The field that it stood in: bewoners.persoon.")
@click.option("--purpose", required=True, help="The purpose of that extract or answer.")
@click.option("--receiver", default="", help="OIN of who had it; default: we ourselves.")
@click.option("--reason", required=True, callback=_reason, help="Why; without personal data.")
@click.option("--by", "said_by", default="", help="Who says so; default the account that runs it.")
@json_option
@config_option
def reidentify(config: Path, name: str, pseudonym: str, as_json: bool, **given: str) -> None:
    """Tell whose PSEUDONYM of logical source NAME is, after the log has it.

    Only who holds the keys of pseudonyms (`landschap keys list`) can: all values that the source
    has now are tried with each key that lives. The reason, who asked, and a line that the person
    finds stand in the log first; without a log nothing is told. Of a key that was destroyed nothing
    is found, by anybody.

    \b
    Examples:
      landschap source reidentify bewoning xX0A7-cJm2yTq1kQ5dJwZg --field bewoners.persoon \\
        --purpose https://doelen.example/id/monitor --reason "lood in water, 2026-17"
    """
    from landschap.cli.composition_extracts import Asked, extract_room
    from landschap.integration.bulk.extracts import Form
    from landschap.integration.connectors.bulk.reidentifying import Search
    from landschap.platform import postgres

    settings = load_settings(config)
    asked = Asked(
        name=name,
        purpose=given["purpose"],
        form=Form.LINES,
        folder=settings.paths.data,
        receiver=given["receiver"],
    )
    by = given["said_by"] or getpass.getuser()
    search = Search(pseudonym=pseudonym, field=given["field"], reason=given["reason"], by=by)

    async def work() -> Hit | None:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(postgres.database(settings))
            room = await extract_room(settings, stack, "extract")
            return await room.reidentify(asked, search)

    with told_when_refused():
        found = asyncio.run(work())
    if found is None:
        click.echo("nobody in the source has this pseudonym under a key that lives", err=True)
        sys.exit(_NOT_FOUND)
    if as_json:
        click.echo(json.dumps({"value": found.value, "key": found.key_id}))
    else:
        click.echo(f"{found.value} (key {found.key_id})")
