# SPDX-License-Identifier: EUPL-1.2
"""``landschap statement``: what is said of persons and cases, in force with the next question."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

import asyncpg
import click

from landschap.cli.config_option import json_option
from landschap.cli.purpose import of_organisation
from landschap.cli.with_pool import run_with_pool
from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.platform.keys import secret_key
from landschap.platform.settings import Settings
from landschap.platform.trouble import Trouble
from landschap.purposes.needs import Approval, Kind
from landschap.purposes.persons import store
from landschap.purposes.reading import nearest_of
from landschap.purposes.store import current_snapshot
from landschap.vocabulary.identifiers import InvalidValue

author_option = click.option("--author", required=True, help="Who writes it down.")


@click.group()
def statement() -> None:
    """Write down consents, restrictions, objections, cases and approvals.

    Each works with the next question; nothing is changed or removed, the last word counts. The
    number of a person is read from standard input, never from the command line, and kept only as
    a pseudonym.

    \b
    Examples:
      landschap statement case Z-2026-00412 --open --author zaaksysteem
      landschap statement restriction https://weesp.example/activiteiten/bijstand --author fg < bsn
    """


@statement.command("consent")
@click.argument("purpose", metavar="PURPOSE")
@click.option("--receiver", required=True, help="The OIN of the organisation it is for.")
@click.option("--given/--withdrawn", "holds", required=True, help="What the person says.")
@author_option
@json_option
@of_organisation
def consent(
    settings: Settings, purpose: str, receiver: str, holds: bool, author: str, as_json: bool
) -> None:
    """Write down that a person gave or withdrew consent for PURPOSE.

    \b
    Examples:
      landschap statement consent https://doelen.example/id/x --receiver 00000099000000003000 \\
        --given --author portaal < bsn
    """
    _say(settings, as_json, kind=Kind.CONSENT, about=purpose, receiver=receiver, holds=holds,
         author=author)  # fmt: skip


@statement.command("restriction")
@click.argument("activity", metavar="ACTIVITY")
@click.option("--ended", is_flag=True, help="It ends; else it begins.")
@author_option
@json_option
@of_organisation
def restriction(settings: Settings, activity: str, ended: bool, author: str, as_json: bool) -> None:
    """Write down that the data of a person may only be kept in ACTIVITY (GDPR art. 18).

    \b
    Examples:
      landschap statement restriction https://weesp.example/activiteiten/bijstand --author fg < bsn
    """
    _say(settings, as_json, kind=Kind.RESTRICTION, about=activity, holds=not ended,
         author=author)  # fmt: skip


@statement.command("objection")
@click.argument("activity", metavar="ACTIVITY")
@click.option("--ended", is_flag=True, help="It ends; else it is upheld.")
@author_option
@json_option
@of_organisation
def objection(settings: Settings, activity: str, ended: bool, author: str, as_json: bool) -> None:
    """Write down that an objection of a person to ACTIVITY is upheld (GDPR art. 21).

    \b
    Examples:
      landschap statement objection https://weesp.example/activiteiten/onderzoek --author fg < bsn
    """
    _say(settings, as_json, kind=Kind.OBJECTION, about=activity, holds=not ended,
         author=author)  # fmt: skip


@statement.command("case")
@click.argument("number", metavar="NUMBER")
@click.option("--open/--closed", "is_open", required=True, help="Its state from now on.")
@author_option
@json_option
@of_organisation
def case(settings: Settings, number: str, is_open: bool, author: str, as_json: bool) -> None:
    """Tell that case NUMBER was opened or closed. From the first on, only open cases count.

    \b
    Examples:
      landschap statement case Z-2026-00412 --open --author zaaksysteem
      landschap statement case Z-2026-00412 --closed --author zaaksysteem
    """
    epoch = run_with_pool(
        settings,
        "purposes",
        lambda pool: store.say_case(pool, number, is_open=is_open, author=author),
    )
    _print(as_json, {"case": number, "open": is_open, "epoch": epoch})


@statement.command("approval")
@click.argument("purpose", metavar="PURPOSE")
@click.option("--case", "number", default="", help="The case it is for.")
@click.option("--for", "asked_by", required=True, help="Who may ask: the subject of the log-in.")
@click.option("--by", "approved_by", required=True, help="Who approves: another person.")
@click.option("--minutes", default=60, show_default=True, type=click.IntRange(1, 1440))
@json_option
@of_organisation
def approval(
    settings: Settings, purpose: str, number: str, asked_by: str, approved_by: str, minutes: int,
    as_json: bool,
) -> None:  # fmt: skip
    """Write down that a second person approves the use of data for PURPOSE.

    \b
    Examples:
      landschap statement approval https://doelen.example/id/x --for j.devries --by a.bakker
    """
    until = datetime.now(UTC) + timedelta(minutes=minutes)
    made = Approval(purpose, number, asked_by, approved_by, until)

    async def write(pool: asyncpg.Pool) -> store.Receipt:
        snapshot, _ = await current_snapshot(pool)
        _must_be_there("purpose", purpose, {*snapshot.purposes, *snapshot.equivalents})
        return await store.approve(pool, made)

    receipt = run_with_pool(settings, "purposes", write)
    _print(as_json, {"receipt": str(receipt.receipt), "until": until.isoformat()})


def _say(
    settings: Settings, as_json: bool, *, kind: Kind, about: str, holds: bool, author: str,
    receiver: str = "",
) -> None:  # fmt: skip
    try:
        key = secret_key(settings, "pseudonym")
        subject = subject_pseudonym(
            key, settings.organisation.oin, "bsn", sys.stdin.read(100).strip()
        )
    except InvalidValue:
        raise Trouble(
            "standard input holds no citizen service number", "give the nine figures alone"
        ) from None

    async def write(pool: asyncpg.Pool) -> store.Receipt:
        snapshot, _ = await current_snapshot(pool)
        if kind is Kind.CONSENT:
            # Decided, and looked up, is the purpose of our own list.
            named = snapshot.equivalents.get(about, about)
            _must_be_there("purpose", named, snapshot.purposes)
        else:
            named = about
            _must_be_there("activity", named, snapshot.activities)
        made = store.Statement(
            kind=kind, subject=subject, about=named, receiver=receiver, holds=holds, author=author
        )
        return await store.say(pool, made)

    receipt = run_with_pool(settings, "purposes", write)
    _print(
        as_json,
        {
            "receipt": str(receipt.receipt),
            "saidAt": receipt.said_at.isoformat(),
            "epoch": receipt.epoch,
        },
    )


def _must_be_there(what: str, uri: str, known: Collection[str]) -> None:
    """A misspelt restriction would give a receipt, and restrict nothing."""
    if uri in known:
        return
    near = nearest_of(uri, known)
    raise Trouble(
        f"there is no {what} {uri} in the register in force; nothing was written down",
        f"did you mean {near}?"
        if near
        else "`landschap purpose list` and `show` tell what there is",
    )


def _print(as_json: bool, told: dict[str, object]) -> None:
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for name, value in told.items():
        click.echo(f"{name}: {value}")
