# SPDX-License-Identifier: EUPL-1.2
"""``landschap employee``: who left, and who is back; in force with the next click and question."""

from __future__ import annotations

import getpass
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

import asyncpg
import click

from landschap.cli.config_option import json_option
from landschap.cli.purpose import of_organisation
from landschap.cli.tables import answer, table_of
from landschap.cli.with_pool import run_with_pool
from landschap.platform.departures import (
    BACK,
    LEFT,
    Departure,
    by_subject,
    departures,
    note_departure,
)
from landschap.platform.settings import Settings
from landschap.platform.trouble import Trouble

_MAX_SUBJECT = 255
_by = click.option(
    "--by", "said_by", default="", help="Who says so; default the account that runs this."
)


@click.group()
def employee() -> None:
    """Write down that an employee left: sessions end, tokens are void, at once.

    SUBJECT is the name by which the login provider knows the employee (`sub`). It counts at the
    console with the next click and at the Outway with the next question, whatever the provider
    still says. A provider that sends logout tokens (OpenID Connect Back-Channel Logout) needs no
    command for a logout.

    \b
    Examples:
      landschap employee left m.dewit --by personeelszaken
      landschap employee list
    """


@employee.command("left")
@click.argument("subject", metavar="SUBJECT")
@_by
@json_option
@of_organisation
def left(settings: Settings, subject: str, said_by: str, as_json: bool) -> None:
    """Write down that SUBJECT left: nothing opens any more, until `employee back`.

    \b
    Examples:
      landschap employee left m.dewit
      landschap employee left m.dewit --by personeelszaken --json
    """
    _say(settings, subject, LEFT, said_by, as_json)


@employee.command("back")
@click.argument("subject", metavar="SUBJECT")
@_by
@json_option
@of_organisation
def back(settings: Settings, subject: str, said_by: str, as_json: bool) -> None:
    """Write down that SUBJECT is back. What was held before stays void: log in again.

    \b
    Examples:
      landschap employee back m.dewit
      landschap employee back m.dewit --json
    """
    _say(settings, subject, BACK, said_by, as_json)


@employee.command("list")
@json_option
@of_organisation
def list_employees(settings: Settings, as_json: bool) -> None:
    """List who left or came back, the last said first.

    \b
    Examples:
      landschap employee list
      landschap employee list --json
    """
    rows: list[Departure] = []
    for issuer in _issuers(settings):
        rows += run_with_pool(settings, "console", partial(_listed, issuer))
    if as_json:
        plain = [
            {
                "subject": row.account.removeprefix("sub:"),
                "issuer": row.issuer,
                "state": row.kind,
                "saidBy": row.said_by,
                "saidAt": row.said_at.isoformat(),
            }
            for row in rows
        ]
        click.echo(json.dumps(plain, ensure_ascii=False))
        return
    table = table_of("Employee", "State", "Said by", "Since")
    for row in rows:
        since = f"{row.said_at:%Y-%m-%d %H:%M:%S}"
        table.add_row(row.account.removeprefix("sub:"), row.kind, row.said_by, since)
    answer.print(table)


def _say(settings: Settings, subject: str, kind: str, said_by: str, as_json: bool) -> None:
    if not 0 < len(subject) <= _MAX_SUBJECT:
        raise Trouble("SUBJECT is empty or too long", "give the `sub` of the login provider")
    now = datetime.now(UTC)
    for issuer in _issuers(settings):
        word = (issuer, by_subject(subject), now, kind, said_by or getpass.getuser())
        run_with_pool(settings, "console", partial(_noted, word))
    if as_json:
        click.echo(json.dumps({"subject": subject, "state": kind, "at": now.isoformat()}))
    else:
        what = "has left: sessions end and tokens are void from now on"
        click.echo(f"{subject} " + (what if kind == LEFT else "is back, and has to log in again"))


async def _listed(issuer: str, pool: asyncpg.Pool) -> Sequence[Departure]:
    return await departures(pool, issuer)


async def _noted(word: tuple[str, str, datetime, str, str], pool: asyncpg.Pool) -> bool:
    return await note_departure(pool, *word)


def _issuers(settings: Settings) -> list[str]:
    """Where employees log in: for the console, and for applications at the Outway."""
    given = (settings.oidc.console, settings.oidc.employees)
    found = list(dict.fromkeys(each.issuer for each in given if each is not None))
    if not found:
        raise Trouble(
            "employees do not log in here",
            "set [oidc.console] or [oidc.employees] in the settings",
        )
    return found
