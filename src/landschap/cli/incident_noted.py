# SPDX-License-Identifier: EUPL-1.2
"""``landschap incident note``, ``step`` and ``list``: each data breach is written down."""

from __future__ import annotations

import getpass
import json
import sys
from datetime import UTC, datetime
from functools import partial

import asyncpg
import click

from landschap.cli.config_option import json_option, read_from_config
from landschap.cli.moment_option import Moment
from landschap.cli.tables import answer, table_of
from landschap.cli.with_pool import run_with_pool
from landschap.console.council.store.incidents import (
    Incident,
    Step,
    incidents_between,
    note_incident,
    note_step,
    open_incidents,
)
from landschap.console.known import names_a_person
from landschap.platform.ids import uuid7
from landschap.platform.settings import Settings, load_settings
from landschap.vocabulary.times import as_utc_text

_NOT_FOUND = 3
_SHORTEST, _LONGEST = 10, 500
_EVER = datetime(2000, 1, 1, tzinfo=UTC)
of_organisation = read_from_config("settings", load_settings)


class Words(click.ParamType[str]):
    """A sentence that is kept: of 10 to 500 characters, without the number of a person."""

    name = "words"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """The words without needless space. Raises BadParameter."""
        words = " ".join(str(value).split())
        if not _SHORTEST <= len(words) <= _LONGEST:
            self.fail(f"write {_SHORTEST} to {_LONGEST} characters", param, ctx)
        if names_a_person(words):
            self.fail("the number of a person stands in it; leave it out: it is kept", param, ctx)
        return words


@click.command("note")
@click.argument("words", type=Words())
@click.option("--found", type=Moment(), required=True, help="When it became known here.")
@json_option
@of_organisation
def note(settings: Settings, words: str, found: datetime, as_json: bool) -> None:
    """Write down a data breach, in WORDS of 10 to 500 characters without a name or number.

    From --found on the 72 hours run within which the authority is told, or a reason is written
    down why it need not be. Both are noted with `landschap incident step`.

    \b
    Examples:
      landschap incident note --found 2026-11-12T09:30 "Een brief aan het verkeerde adres"
    """
    if found > datetime.now(UTC):
        raise click.BadParameter("this is still ahead", param_hint="--found")
    made = uuid7()

    async def write(pool: asyncpg.Pool) -> None:
        await note_incident(pool, made, found_at=found, words=words, by=getpass.getuser())

    run_with_pool(settings, "console", write)
    click.echo(json.dumps({"incident": str(made)}) if as_json else f"noted: {made}")


@click.command("step")
@click.argument("incident", type=click.UUID)
@click.argument("step", type=click.Choice([each.value for each in Step]))
@click.argument("words", type=Words())
@click.option("--at", "moment", type=Moment(), help="When it was done; default now.")
@json_option
@of_organisation
def step(settings: Settings, as_json: bool, **given: object) -> None:
    """Write down what was done about a breach, once: WORDS say how, or why.

    autoriteit: the authority was told. betrokkenen: the persons concerned were told. afgesloten:
    it is closed; when the authority was not told, WORDS say why it need not be.

    \b
    Examples:
      landschap incident step 019ac1de-0000-7000-8000-000000000000 autoriteit "Met het formulier"
      landschap incident step 019ac1de-0000-7000-8000-000000000000 afgesloten "Geen risico: versleuteld"
    """  # noqa: E501 - the example is typed as it stands
    write = partial(
        note_step,
        incident_id=given["incident"],  # type: ignore[arg-type]  # click made a UUID of it
        step=Step(str(given["step"])),
        at=given["moment"] or datetime.now(UTC),  # type: ignore[arg-type]  # and a moment
        words=str(given["words"]),
        by=getpass.getuser(),
    )
    if not run_with_pool(settings, "console", write):
        click.echo("there is no such breach, or this was noted before", err=True)
        sys.exit(_NOT_FOUND)
    told = {"incident": str(given["incident"]), "step": given["step"]}
    click.echo(json.dumps(told) if as_json else "noted")


@click.command("list")
@click.option("--all", "every", is_flag=True, help="Those that were closed too.")
@json_option
@of_organisation
def list_incidents(settings: Settings, every: bool, as_json: bool) -> None:
    """List the data breaches that are open, with until when the authority must be told.

    \b
    Examples:
      landschap incident list
      landschap incident list --all --json
    """
    now = datetime.now(UTC)
    ever = partial(incidents_between, since=_EVER, until=now)
    found = run_with_pool(settings, "console", ever if every else open_incidents)
    if as_json:
        click.echo(json.dumps([_body(each, now) for each in found], ensure_ascii=False))
        return
    if not found:
        click.echo("No data breach is open.")
        return
    table = table_of("Incident", "Found", "Authority before", "State", "What", whole="Incident")
    for each in found:
        state = "closed" if each.closed_at else "told" if each.authority_at else "open"
        table.add_row(
            str(each.incident_id), as_utc_text(each.found_at), as_utc_text(each.until),
            f"{state}, late" if each.is_late(now) else state, each.words,
        )  # fmt: skip
    answer.print(table)


def _body(one: Incident, now: datetime) -> dict[str, object]:
    moments = {
        "authority": one.authority_at,
        "persons": one.persons_at,
        "closed": one.closed_at,
    }
    return {
        "incident": str(one.incident_id),
        "found": as_utc_text(one.found_at),
        "authorityBefore": as_utc_text(one.until),
        "late": one.is_late(now),
        "words": one.words,
        **{name: at and as_utc_text(at) for name, at in moments.items()},
    }
