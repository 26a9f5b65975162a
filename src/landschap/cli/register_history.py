# SPDX-License-Identifier: EUPL-1.2
"""``landschap register history|diff|verify|export``: a register over time, and out of the house."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import click

from landschap.cli.config_option import json_option
from landschap.cli.register import Desk, object_of, of_organisation, open_type, register, talk
from landschap.cli.tables import answer, table_of
from landschap.platform import postgres
from landschap.platform.trouble import Trouble
from landschap.registers import store
from landschap.registers.differing import Difference, differences_between
from landschap.registers.drawing import Grid, drawn, grid_of
from landschap.registers.listing import Order
from landschap.registers.models import ObjectType
from landschap.registers.occurrences import registration_as_json, registrations
from landschap.registers.questions import Found
from landschap.registers.store import Wanted
from landschap.registers.timeline import Assertion
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import amsterdam_day, as_utc_text, parse_day, parse_moment

_NOT_FOUND = 3
_DIFFERS = 7


@register.command("history")
@click.argument("thing", metavar="OBJECT")
@json_option
@of_organisation
@click.pass_context
def history(ctx: click.Context, desk: Desk, thing: str, as_json: bool) -> None:
    """Draw the whole history of an object: days across, knowledge down; and tell it as a table.

    \b
    Examples:
      landschap register history bag/panden/0424100000001574
      landschap register history bag/panden/0424100000001574 --json
    """
    kind, object_id = object_of(desk, thing)
    grid, lines = desk.run(_history(desk, kind, object_id))
    if not lines:
        click.echo(f"{thing} was never registered.", err=True)
        ctx.exit(_NOT_FOUND)
    if as_json:
        click.echo(json.dumps([_registration(line) for line in lines], ensure_ascii=False))
        return
    for line in drawn(grid):
        answer.print(line, highlight=False)
    table = table_of("", "From", "Until", "Value")
    for letter, found in grid.legend.items():
        period = found.history.period
        value = {name: each for name, each in found.content.items() if name != kind.identification}
        table.add_row(
            letter, str(period.begin), str(period.end), json.dumps(value, ensure_ascii=False)
        )
    answer.print(table)


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
def diff(desk: Desk, thing: str, since: str, until: str | None, as_json: bool) -> None:
    """Tell what changed in the knowledge about an object between two moments.

    \b
    Examples:
      landschap register diff bag/panden/0424100000001574 --from 2021-01-01T00:00
    """
    kind, object_id = object_of(desk, thing)
    moments = (_moment("--from", since), _moment("--to", until) if until else datetime.now(UTC))
    found = desk.run(_diff(desk, kind, object_id, moments))
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
                "nothing" if told[side] is None else json.dumps(told[side], ensure_ascii=False)
                for side in ("eerst", "nu")
            ),
        )
    answer.print(table)


async def _diff(
    desk: Desk, kind: ObjectType, object_id: str, moments: tuple[datetime, datetime]
) -> list[Difference]:
    pool = await postgres.pool(desk.settings, "registers")
    try:
        target, now = desk.register(kind.register), datetime.now(UTC)
        before, after = [await store.known_at(pool, target, now, each) for each in moments]
        groups = await store.history_of(pool, kind, object_id)
    finally:
        await pool.close()
    return differences_between(kind, object_id, groups, before, after)


@register.command("verify")
@click.argument("name", metavar="REGISTER")
@json_option
@of_organisation
@click.pass_context
def verify(ctx: click.Context, desk: Desk, name: str, as_json: bool) -> None:
    """Prove that what is shown now follows from everything that was ever registered.

    \b
    Examples:
      landschap register verify bag
    """
    target = desk.register(name)

    async def look() -> int:
        pool = await postgres.pool(desk.settings, "registers")
        try:
            return await store.differences(pool, target)
        finally:
            await pool.close()

    with talk.status(f"Deriving every timeline of {name} anew"):
        found = desk.run(look())
    if as_json:
        click.echo(json.dumps({"register": name, "differences": found}))
    elif found:
        click.echo(
            f"{found} stretches of {name} differ from what was registered. The registrations are "
            f"the truth; derive the timelines anew, and find out who changed them.",
            err=True,
        )
    else:
        click.echo(f"{name}: every timeline is what was registered.")
    if found:
        ctx.exit(_DIFFERS)


@register.command("export")
@click.argument("collection", metavar="REGISTER/COLLECTION")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Default: stdout.")
@click.option(
    "--form", type=click.Choice(["jsonl", "csv"]), default="jsonl", show_default=True,
    help="One JSON object per line, or a CSV with a column per property.",
)  # fmt: skip
@click.option("--geldig-op", help="Valid in reality on this day: YYYY-MM-DD. Default today.")
@click.option("--beschikbaar-op", help="As known at this moment: YYYY-MM-DDThh:mm. Default now.")
@of_organisation
def export(
    desk: Desk,
    collection: str,
    out: Path | None,
    form: str,
    geldig_op: str | None,
    beschikbaar_op: str | None,
) -> None:
    """Write a whole collection as it was on a day, as known at a moment.

    Persons are not exported: a question about them has a purpose, and goes through the door.

    \b
    Examples:
      landschap register export bag/panden --form csv --out panden.csv
      landschap register export bag/panden --geldig-op 2015-06-01 --beschikbaar-op 2015-06-01T00:00
    """
    register_name, _, name = collection.partition("/")
    kind = open_type(desk, register_name, name)
    now = datetime.now(UTC)
    try:
        day = parse_day(geldig_op) if geldig_op else amsterdam_day(now)
    except InvalidValue as error:
        raise click.BadParameter(str(error), param_hint="--geldig-op") from None
    moment = _moment("--beschikbaar-op", beschikbaar_op) if beschikbaar_op else None

    async def write(target: IO[str]) -> int:
        pool = await postgres.pool(desk.settings, "registers")
        try:
            known = await store.known_at(pool, desk.register(kind.register), now, moment)
            wanted = Wanted(
                type=kind, filters={}, order=Order(), valid_on=day, known=known, limit=1
            )
            return await _FORMS[form](kind, store.export(pool, wanted), target)
        finally:
            await pool.close()

    if out is None:
        count = desk.run(write(sys.stdout))
    else:
        partly = out.with_name(f"{out.name}.part")
        try:
            with partly.open("w", encoding="utf-8", newline="") as target:
                count = desk.run(write(target))
            partly.replace(out)
        except OSError as error:
            partly.unlink(missing_ok=True)
            raise Trouble(
                f"{out} could not be written: {error.strerror}",
                "make room, or choose another place",
            ) from None
    click.echo(f"{count:,} {kind.collection}, as they were on {day}", err=True)


async def _as_lines(_: ObjectType, objects: AsyncGenerator[Found, None], out: IO[str]) -> int:
    count = 0
    async for found in objects:
        out.write(json.dumps(found.content, ensure_ascii=False) + "\n")
        count += 1
    return count


async def _as_csv(kind: ObjectType, objects: AsyncGenerator[Found, None], out: IO[str]) -> int:
    names = list(kind.properties)
    writer = csv.writer(out)
    writer.writerow([*names, "beginGeldigheid", "tijdstipRegistratie"])
    count = 0
    async for found in objects:
        facts = found.history
        cells = [_cell(found.content.get(name)) for name in names]
        writer.writerow([*cells, facts.period.begin, as_utc_text(facts.registered_at)])
        count += 1
    return count


_Writer = Callable[[ObjectType, AsyncGenerator[Found, None], IO[str]], Awaitable[int]]
_FORMS: Mapping[str, _Writer] = {"jsonl": _as_lines, "csv": _as_csv}


def _cell(value: JsonValue) -> str:
    """A cell a spreadsheet can not take for a formula. Source: OWASP, "CSV injection"."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "ja" if value else "nee"
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        text = "|".join(str(each) for each in value)
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if text[:1] in "=+-@\t\r" and not _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _moment(name: str, text: str) -> datetime:
    try:
        moment = parse_moment(text)
    except InvalidValue as error:
        raise click.BadParameter(str(error), param_hint=name) from None
    if moment > datetime.now(UTC):
        raise click.BadParameter("lies in the future", param_hint=name)
    return moment
