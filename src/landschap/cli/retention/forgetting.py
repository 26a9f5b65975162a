# SPDX-License-Identifier: EUPL-1.2
"""``landschap retention forget``: destroy what was replaced in the knowledge of a register."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import asyncpg
import click

from landschap.cli.config_option import json_option
from landschap.cli.register import Desk, of_organisation
from landschap.cli.retention.group import retention
from landschap.cli.retention.listing import keep
from landschap.cli.retention.parts import NOT_FOUND, by_option, needed_rules, with_registers
from landschap.platform.ids import uuid7
from landschap.platform.trouble import Trouble
from landschap.registers.disposal import Act, DisposalList, Item, Person
from landschap.registers.forgetting import GROUND, KnowledgeRule
from landschap.registers.retention import FILE
from landschap.registers.store import proposing
from landschap.registers.terms import before
from landschap.vocabulary.mistakes import did_you_mean
from landschap.vocabulary.times import AMSTERDAM, amsterdam_day

_NO_REGISTER_YET = date(1900, 1, 1)


@retention.command("forget")
@click.argument("name", metavar="REGISTER")
@click.argument("rule_id", metavar="RULE")
@by_option
@click.option("--dry-run", is_flag=True, help="Only show what would be listed.")
@json_option
@of_organisation
@click.pass_context
def forget(
    ctx: click.Context, /, desk: Desk, name: str, rule_id: str, by: str, role: str, **how: bool
) -> None:
    """List what was corrected or replaced longer ago than a rule under [[kennis]] keeps.

    Answers as known since then stay what they are; once approved, a question about earlier
    knowledge is refused with 400 and the horizon. Another person approves, as with any list.

    \b
    Examples:
      landschap retention forget inwoners verbeterde-gegevens --by Anna --role beheerder --dry-run
    """
    register = desk.register(name)
    rules = needed_rules(desk, register)
    rule = next((one for one in rules.knowledge if one.id == rule_id), None)
    if rule is None:
        hint = did_you_mean(rule_id, [one.id for one in rules.knowledge])
        raise Trouble(f"register {name} has no [[kennis]] {rule_id}{hint}", f"see its {FILE}")
    now = datetime.now(UTC)
    since = _horizon(rule, now)

    async def find(pool: asyncpg.Pool) -> list[Item]:
        return [one async for one in proposing.replaced(pool, register, rule, now, since)]

    items = with_registers(desk, find)
    made = DisposalList(
        list_id=uuid7(),
        register=register.name,
        act=Act.DESTROY,
        ground=GROUND,
        known_since=since,
        proposer=Person(by, role),
        items=items,
    )
    keep(desk, made, {}, **how)
    if not items:
        ctx.exit(NOT_FOUND)


def _horizon(rule: KnowledgeRule, now: datetime) -> datetime:
    """The begin, in Dutch time, of the day a term before today."""
    day = max(before(amsterdam_day(now), rule.term), _NO_REGISTER_YET)
    return datetime.combine(day, time(), AMSTERDAM).astimezone(UTC)
