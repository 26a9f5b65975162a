# SPDX-License-Identifier: EUPL-1.2
"""``landschap retention hold|lift|holds``: what may not be destroyed or transferred, and why."""

from __future__ import annotations

import json
from dataclasses import replace
from uuid import UUID

import asyncpg
import click

from landschap.cli.config_option import json_option
from landschap.cli.register import Desk, of_organisation
from landschap.cli.retention.group import retention
from landschap.cli.retention.parts import (
    kind_and_id,
    needed_rules,
    person_number,
    pseudonym,
    with_registers,
)
from landschap.cli.tables import answer, table_of
from landschap.platform.ids import uuid7
from landschap.platform.trouble import Trouble
from landschap.registers.disposal import Hold
from landschap.registers.store import disposal
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.mistakes import did_you_mean
from landschap.vocabulary.times import as_utc_text


@retention.command("hold")
@click.argument("name", metavar="REGISTER")
@click.option("--object", "thing", help="Hold one object: REGISTER/COLLECTION/ID.")
@click.option(
    "--person",
    help="Hold everything about one person, by a number of this kind; it is asked for unseen.",
    type=click.Choice(["bsn", "kvk", "rsin", "vestiging"]),
)
@click.option("--rule", "rule_id", help="Hold everything that falls under a rule.")
@click.option("--reason", required=True, help="Why: an objection, a case in court, an inquiry.")
@click.option("--by", required=True, help="Your name.")
@json_option
@of_organisation
def hold(desk: Desk, name: str, reason: str, by: str, as_json: bool, **about: str | None) -> None:
    """Forbid destruction and transfer: of one object, of all about a person, or under a rule.

    It holds from now on, also for lists that were approved already.

    \b
    Examples:
      landschap retention hold bag --object bag/panden/0457100000000001 --reason "beroep" --by Anna
      landschap retention hold vergunningen --person bsn --reason "bezwaar 2026-17" --by Anna
      landschap retention hold vergunningen --rule verleend --reason "parlementair onderzoek" --by A
    """
    thing, person, rule_id = about["thing"], about["person"], about["rule_id"]
    if sum(each is not None for each in (thing, person, rule_id)) != 1:
        raise click.UsageError("give one of --object, --person and --rule")
    register = desk.register(name)
    made = Hold(hold_id=uuid7(), register=register.name, reason=reason, placed_by=by)
    if thing is not None:
        held_in, kind, object_id = kind_and_id(desk, thing)
        if held_in is not register:
            raise click.UsageError(f"{thing} is not in register {name}")
        made = replace(made, type_key=kind.key, object_id=object_id)
    elif rule_id is not None:
        rules = needed_rules(desk, register)
        if rules.by_id(rule_id) is None:
            hint = did_you_mean(rule_id, [rule.id for rule in rules.rules])
            raise Trouble(f"register {name} has no rule {rule_id}{hint}", "name one of its rules")
        made = replace(made, rule_id=rule_id)
    else:
        made = replace(made, subject=_subject(desk, str(person)))
    with_registers(desk, lambda pool: disposal.place_hold(pool, made))
    click.echo(json.dumps({"hold": str(made.hold_id)}) if as_json else f"held: {made.hold_id}")


def _subject(desk: Desk, kind: str) -> str:
    try:
        return pseudonym(desk, kind, person_number(kind))
    except InvalidValue as error:
        raise click.BadParameter(str(error)) from None


@retention.command("lift")
@click.argument("hold_id", metavar="HOLD", type=click.UUID)
@click.option("--reason", required=True, help="Why it ends.")
@click.option("--by", required=True, help="Your name.")
@json_option
@of_organisation
def lift(desk: Desk, hold_id: UUID, reason: str, by: str, as_json: bool) -> None:
    """End a hold. That it stood stays recorded.

    \b
    Examples:
      landschap retention lift 01938f2a-5f6b-7a51-8c31-0d2f8c4a6b1e --reason "ingetrokken" --by Anna
    """
    done = with_registers(desk, lambda pool: disposal.lift_hold(pool, hold_id, reason, by))
    if not done:
        raise Trouble(f"no hold {hold_id} stands", "`landschap retention holds` names them")
    click.echo(json.dumps({"lifted": str(hold_id)}) if as_json else f"lifted: {hold_id}")


@retention.command("holds")
@click.argument("name", metavar="REGISTER")
@click.option("--all", "every", is_flag=True, help="Also those that were lifted.")
@json_option
@of_organisation
def list_holds(desk: Desk, name: str, every: bool, as_json: bool) -> None:
    """List the holds of a register. Persons show as pseudonyms.

    \b
    Examples:
      landschap retention holds vergunningen
      landschap retention holds vergunningen --all --json
    """
    register = desk.register(name)

    async def read(pool: asyncpg.Pool) -> list[Hold]:
        return await disposal.holds(pool, register, standing=not every)

    rows = [
        {
            "hold": str(one.hold_id),
            "about": _about(one),
            "reason": one.reason,
            "by": one.placed_by,
            "since": as_utc_text(one.placed_at) if one.placed_at else None,
            "lifted": as_utc_text(one.lifted_at) if one.lifted_at else None,
            "liftedReason": one.lifted_reason,
        }
        for one in with_registers(desk, read)
    ]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    table = table_of("Hold", "About", "Reason", "By", "Since", "Lifted", "Why", whole="Hold")
    for row in rows:
        table.add_row(*(str(value or "-") for value in row.values()))
    answer.print(table)


def _about(one: Hold) -> str:
    if one.object_id is not None:
        return f"object {one.type_key}/{one.object_id}"
    return f"rule {one.rule_id}" if one.rule_id is not None else f"person {one.subject}"
