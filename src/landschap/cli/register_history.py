# SPDX-License-Identifier: EUPL-1.2
"""``landschap register history|diff``: one object over time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NoReturn

import click

from landschap.cli.config_option import json_option
from landschap.cli.register import Desk, moment_of, object_of, of_organisation, register
from landschap.cli.tables import answer, table_of, without_coordinates
from landschap.platform import postgres
from landschap.registers import store
from landschap.registers.differing import Difference, differences_between
from landschap.registers.drawing import Grid, drawn, grid_of
from landschap.registers.models import ObjectType
from landschap.registers.occurrences import registration_as_json, registrations
from landschap.registers.timeline import Assertion
from landschap.vocabulary.ijson import JsonValue

_NOT_FOUND = 3


@register.command("history")
@click.argument("thing", metavar="OBJECT")
@json_option
@of_organisation
@click.pass_context
def history(ctx: click.Context, desk: Desk, thing: str, as_json: bool) -> None:
    """Draw the whole history of an object: days across, knowledge down; and tell it as a table.

    Of a geometry the table tells how many positions it has; --json tells all of it.

    \b
    Examples:
      landschap register history bag/panden/0424100000001574
      landschap register history bag/panden/0424100000001574 --json
    """
    kind, object_id = object_of(desk, thing)
    grid, lines = desk.run(_history(desk, kind, object_id))
    if not lines:
        _tell_never_registered(ctx, thing)
    if as_json:
        click.echo(json.dumps([_registration(line) for line in lines], ensure_ascii=False))
        return
    for line in drawn(grid):
        answer.print(line, highlight=False)
    table = table_of("", "From", "Until", "Value")
    for letter, found in grid.legend.items():
        period = found.history.period
        value = {name: each for name, each in found.content.items() if name != kind.identification}
        table.add_row(letter, str(period.begin), str(period.end), _in_words(value))
    answer.print(table)


def _tell_never_registered(ctx: click.Context, thing: str) -> NoReturn:
    click.echo(f"{thing} was never registered.", err=True)
    ctx.exit(_NOT_FOUND)


def _in_words(value: JsonValue) -> str:
    """A value in a table: of a geometry its kind and how many positions it has."""
    return json.dumps(without_coordinates(value), ensure_ascii=False)


async def _history(
    desk: Desk, kind: ObjectType, object_id: str
) -> tuple[Grid, Sequence[Assertion]]:
    pool = await postgres.pool(desk.settings, "registers")
    try:
        known = await store.known_at(pool, desk.register(kind.register), datetime.now(UTC))
        groups = await store.history_of(pool, kind, object_id)
    finally:
        await pool.close()
    return grid_of(kind, object_id, groups, known), registrations(groups, known)


def _registration(line: Assertion) -> dict[str, JsonValue]:
    return {**registration_as_json(line), "inhoud": line.content}


@register.command("diff")
@click.argument("thing", metavar="OBJECT")
@click.option("--from", "since", required=True, help="As known at this moment: YYYY-MM-DDThh:mm.")
@click.option("--to", "until", help="And at this one. Default now.")
@json_option
@of_organisation
@click.pass_context
def diff(
    ctx: click.Context, desk: Desk, thing: str, since: str, until: str | None, as_json: bool
) -> None:
    """Tell what changed in the knowledge about an object between two moments.

    \b
    Examples:
      landschap register diff bag/panden/0424100000001574 --from 2021-01-01T00:00
    """
    kind, object_id = object_of(desk, thing)
    moments = (moment_of("--from", since), moment_of("--to", until) if until else datetime.now(UTC))
    if moments[0] > moments[1]:
        raise click.BadParameter("lies after --to", param_hint="--from")
    found = desk.run(_diff(desk, kind, object_id, moments))
    if found is None:
        _tell_never_registered(ctx, thing)
    if as_json:
        click.echo(json.dumps([each.as_json() for each in found], ensure_ascii=False))
        return
    if not found:
        click.echo("Nothing changed in between.")
        return
    table = table_of("From", "Until", "Was", "Is")
    for each in found:
        told = each.as_json()
        table.add_row(
            str(told["beginGeldigheid"] or "always"),
            str(told["eindGeldigheid"] or "-"),
            *(
                "nothing" if told[side] is None else _in_words(told[side])
                for side in ("eerst", "nu")
            ),
        )
    answer.print(table)


async def _diff(
    desk: Desk, kind: ObjectType, object_id: str, moments: tuple[datetime, datetime]
) -> list[Difference] | None:
    """The differences; None for an object of which nothing was ever registered."""
    pool = await postgres.pool(desk.settings, "registers")
    try:
        target, now = desk.register(kind.register), datetime.now(UTC)
        before, after = [await store.known_at(pool, target, now, each) for each in moments]
        groups = await store.history_of(pool, kind, object_id)
    finally:
        await pool.close()
    if not any(groups.values()):
        return None
    return differences_between(kind, object_id, groups, before, after)
