# SPDX-License-Identifier: EUPL-1.2
"""``landschap register``: load registers, and look at objects on two time axes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import click
from rich.console import Console
from rich.table import Table

from landschap.cli.config_option import read_from_config
from landschap.cli.tables import answer, table_of, without_coordinates
from landschap.platform import postgres
from landschap.platform.settings import Settings, load_settings
from landschap.platform.trouble import Trouble
from landschap.registers import client, store
from landschap.registers.deriving import with_derived
from landschap.registers.models import (
    InvalidModel,
    ObjectType,
    Register,
    Registers,
)
from landschap.registers.periods import shown
from landschap.registers.questions import AsOf, Found
from landschap.registers.timeline import Known, segments
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.mistakes import did_you_mean
from landschap.vocabulary.times import amsterdam_day, as_utc_text, parse_day, parse_moment

_Result = TypeVar("_Result")
_NOT_FOUND = 3
talk = Console(stderr=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What every command of this group needs."""

    settings: Settings
    registers: Registers

    def register(self, name: str) -> Register:
        """A register by name. Raises Trouble with the names there are."""
        found = self.registers.by_name.get(name)
        if found is None:
            there = ", ".join(sorted(self.registers.by_name)) or "none"
            near = did_you_mean(name, self.registers.by_name)
            raise Trouble(f"there is no register {name}{near}", f"name one of these: {there}")
        return found

    def run(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        """Run asynchronous work to its end."""
        return asyncio.run(work)


def _desk(config: Path) -> Desk:
    return desk_of(load_settings(config))


def desk_of(settings: Settings) -> Desk:
    """The desk of an organisation. Raises Trouble when a model of a register is wrong."""
    try:
        registers = client.read_models(settings.path.parent / client.MODELS_FOLDER)
    except InvalidModel as error:
        raise Trouble(f"an information model can not be used: {error}", "correct it") from None
    return Desk(settings=settings, registers=registers)


of_organisation = read_from_config("desk", _desk)


@click.group()
def register() -> None:
    """Load registers and look at objects on two time axes.

    \b
    Examples:
      landschap register load bag gegevens/bag
      landschap register show bag/panden/0424100000001574 --geldig-op 2013-12-01
    """


@register.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@of_organisation
def list_registers(desk: Desk, as_json: bool) -> None:
    """List the registers, what they hold and when something was last added.

    \b
    Examples:
      landschap register list
      landschap register list --json
    """
    rows = desk.run(_overview(desk))
    if as_json:
        click.echo(json.dumps(rows))
        return
    table = table_of("Register", "Object type", "Objects", "Assertions", "Last added")
    for row in rows:
        table.add_row(*(str(row[key] if row[key] is not None else "-") for key in row))
    answer.print(table)


async def _overview(desk: Desk) -> list[dict[str, JsonValue]]:
    pool = await postgres.pool(desk.settings, "registers")
    try:
        rows = []
        for target in desk.registers.by_name.values():
            counted = await store.count(pool, target)
            for kind in target.types.values():
                size = counted.types[kind.key]
                # It is known per register; of a type that holds nothing it would be untrue.
                known = counted.last_at if size.assertions else None
                last = as_utc_text(known) if known else None
                rows.append(
                    {
                        "register": target.name,
                        "type": kind.name,
                        "objects": size.objects,
                        "assertions": size.assertions,
                        "lastAdded": last,
                    }
                )
    finally:
        await pool.close()
    return rows  # type: ignore[return-value]  # values of the dict are JSON


@register.command("show")
@click.argument("thing", metavar="OBJECT")
@click.option("--geldig-op", help="Valid in reality on this day: YYYY-MM-DD. Default today.")
@click.option("--beschikbaar-op", help="As known at this moment: YYYY-MM-DDThh:mm. Default now.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@of_organisation
@click.pass_context
def show_object(
    ctx: click.Context,
    desk: Desk,
    thing: str,
    geldig_op: str | None,
    beschikbaar_op: str | None,
    as_json: bool,
) -> None:
    """Show what held for an object on a day, as known at a moment: REGISTER/COLLECTION/ID.

    Objects with personal data are not shown here: ask for them through the door, with a purpose.

    \b
    Examples:
      landschap register show bag/panden/0424100000001574
      landschap register show bag/panden/0424100000001574 --geldig-op 2013-12-01
    """
    kind, object_id = object_of(desk, thing)
    now = datetime.now(UTC)
    try:
        valid_on = parse_day(geldig_op) if geldig_op else amsterdam_day(now)
    except InvalidValue as error:
        raise click.BadParameter(str(error), param_hint="--geldig-op") from None
    moment = moment_of("--beschikbaar-op", beschikbaar_op) if beschikbaar_op else None
    found, table = desk.run(_look(desk, kind, object_id, (valid_on, moment, now)))
    if not found:
        click.echo(f"Nothing held for {thing} on {valid_on}, as known then.", err=True)
        ctx.exit(_NOT_FOUND)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for one in found:
        answer.print_json(data=without_coordinates(one))
    answer.print(table)


def object_of(desk: Desk, thing: str) -> tuple[ObjectType, str]:
    """The type and id of REGISTER/COLLECTION/ID. Raises Trouble, also for personal data."""
    kind, object_id = type_of(desk, thing)
    return _without_persons(kind), object_id


def type_of(desk: Desk, thing: str) -> tuple[ObjectType, str]:
    """The type and id of REGISTER/COLLECTION/ID, of persons as well. Raises Trouble."""
    parts = thing.split("/")
    if len(parts) != 3:
        raise Trouble(f"there is no object {thing}", f"write one of these: {_there(desk, '/ID')}")
    return _any_type(desk, parts[0], parts[1]), parts[2]


def open_type(desk: Desk, name: str, collection: str) -> ObjectType:
    """A collection without personal data. Raises Trouble."""
    return _without_persons(_any_type(desk, name, collection))


def _any_type(desk: Desk, name: str, collection: str) -> ObjectType:
    known = desk.registers.by_name.get(name)
    kind = known.by_collection(collection) if known else None
    if kind is None:
        wanted, there = f"{name}/{collection}", _there(desk, "")
        near = did_you_mean(wanted, there.split(", "))
        raise Trouble(f"there is no {wanted}{near}", f"write one of these: {there}")
    return kind


def _without_persons(kind: ObjectType) -> ObjectType:
    if kind.holds_personal_data:
        raise Trouble(
            f"{kind.title} holds personal data, and a look without purpose leaves no account",
            "ask through the Outway, with a purpose",
        )
    return kind


def _there(desk: Desk, ending: str) -> str:
    return ", ".join(
        f"{register.name}/{kind.collection}{ending}"
        for register in desk.registers.by_name.values()
        for kind in register.types.values()
    )


async def _look(
    desk: Desk,
    kind: ObjectType,
    object_id: str,
    when: tuple[date, datetime | None, datetime],
) -> tuple[list[Mapping[str, JsonValue]], Table]:
    valid_on, moment, now = when
    pool = await postgres.pool(desk.settings, "registers")
    try:
        known = await store.known_at(pool, desk.register(kind.register), now, moment)
        question = AsOf(type=kind, wanted=[object_id], valid_on=valid_on, known=known)
        found = await store.as_of(pool, question)
        table = await _timeline(pool, kind, object_id, known)
    finally:
        await pool.close()
    return [_shown(one, question) for one in found], table


def _shown(found: Found, question: AsOf) -> dict[str, JsonValue]:
    day = question.valid_on
    content = with_derived(found.content, found.type.derived, day, day)
    return {**content, "historie": found.history.as_json(question)}


async def _timeline(pool: asyncpg.Pool, kind: ObjectType, object_id: str, known: Known) -> Table:
    table = table_of(
        "From", "Until", "Known since", "Kind", "Value", title=f"As known: {object_id}"
    )
    groups = await store.history_of(pool, kind, object_id)
    for assertions in groups.values():
        for segment in segments(assertions, known):
            said = segment.assertion
            table.add_row(
                shown(segment.period.begin) or "always",
                shown(segment.period.end) or "-",
                as_utc_text(said.moment(known.clock)),
                said.kind.value,
                "nothing" if said.content is None else json.dumps(said.content, ensure_ascii=False),
            )
    return table


def moment_of(name: str, text: str) -> datetime:
    """A moment in the past from an option. Raises BadParameter."""
    try:
        moment = parse_moment(text)
    except InvalidValue as error:
        raise click.BadParameter(str(error), param_hint=name) from None
    if moment > datetime.now(UTC):
        raise click.BadParameter("lies in the future", param_hint=name)
    return moment
