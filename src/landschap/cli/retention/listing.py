# SPDX-License-Identifier: EUPL-1.2
"""``landschap retention propose|erase|lists|show|exclude|approve``: a list and its two persons."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import click

from landschap.cli.config_option import json_option
from landschap.cli.register import Desk, of_organisation
from landschap.cli.retention.group import retention
from landschap.cli.retention.parts import (
    NOT_FOUND,
    by_option,
    day_option,
    found_list,
    item_of,
    kind_and_id,
    needed_rules,
    person_number,
    pseudonyms,
    rules_of,
    thing_of,
    with_registers,
)
from landschap.cli.tables import answer, table_of
from landschap.cli.verify import counting
from landschap.platform.ids import uuid7
from landschap.platform.trouble import Trouble
from landschap.registers.disposal import (
    MAX_ITEMS,
    Act,
    DisposalList,
    Ground,
    Item,
    Person,
    legal_duty,
)
from landschap.registers.models import Register
from landschap.registers.retention import Rules, Value
from landschap.registers.store import disposal, proposing
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import ProblemError, granted
from landschap.vocabulary.times import as_utc_text


@retention.command("propose")
@click.argument("name", metavar="REGISTER")
@by_option
@click.option("--on", "on", help="What is past its term on this day. Default today.")
@click.option("--dry-run", is_flag=True, help="Only show what would be listed.")
@json_option
@of_organisation
@click.pass_context
def propose(
    ctx: click.Context,
    /,
    desk: Desk,
    name: str,
    by: str,
    role: str,
    on: str | None,
    **how: bool,
) -> None:
    """List what is past its term by the rules of a register. Nothing is destroyed yet.

    What is held is left out and counted; what is kept for ever is counted for transfer.

    \b
    Examples:
      landschap retention propose vergunningen --by "Anna de Wit" --role informatiebeheerder
      landschap retention propose vergunningen --by Anna --role beheerder --on 2027-01-01 --dry-run
    """
    register, day = desk.register(name), day_option(on)
    if day > day_option(None) and not how["dry_run"]:
        raise click.BadParameter("--on lies in the future; that goes with --dry-run only")
    rules = needed_rules(desk, register)
    items, counts = with_registers(desk, lambda pool: _due(pool, desk, register, rules, day))
    made = DisposalList(
        list_id=uuid7(),
        register=register.name,
        act=Act.DESTROY,
        ground=Ground.TERM.value,
        proposer=Person(by, role),
        items=items,
    )
    keep(desk, made, counts, **how)
    if not items:
        ctx.exit(NOT_FOUND)


async def _due(
    pool: asyncpg.Pool, desk: Desk, register: Register, rules: Rules, day: date
) -> tuple[list[Item], dict[str, int]]:
    counts = {"looked": 0, "held": 0, "toTransfer": 0}
    items: list[Item] = []
    now = datetime.now(UTC)
    with counting("Looking", await proposing.size_of(pool, register, rules)) as advance:
        async for one in proposing.judged(pool, register, rules, now, pseudonyms(desk)):
            counts["looked"] += 1
            advance(counts["looked"])
            if one.due is None or one.due.due_on > day:
                continue
            if one.holds:
                counts["held"] += 1
            elif one.due.rule.value is Value.KEEP:
                counts["toTransfer"] += 1
            elif len(items) < MAX_ITEMS:
                items.append(one.item())
    return items, counts


@retention.command("erase")
@click.argument("things", metavar="OBJECT...", nargs=-1)
@click.option(
    "--person",
    type=click.Choice(["bsn", "kvk", "rsin", "vestiging"]),
    help="All that was ever about one person, by a number of this kind; it is asked for unseen.",
)
@click.option("--in", "within", metavar="REGISTER", help="With --person: in this register.")
@by_option
@click.option(
    "--ground",
    type=click.Choice([Ground.REQUEST.value, Ground.NEVER_ALLOWED.value]),
    default=Ground.REQUEST.value,
    show_default=True,
    help="avg-17: a person asked. onrechtmatig-bewaard: it should never have been kept.",
)
@click.option(
    "--number",
    "numbers",
    type=click.IntRange(min=1),
    multiple=True,
    help="Only what was registered under this volgnummer; of one object, repeatable.",
)
@click.option("--authority", default="", help="Reference of an order by a court or authority.")
@click.option("--dry-run", is_flag=True, help="Only show what would be listed.")
@json_option
@of_organisation
def erase(
    desk: Desk,
    things: tuple[str, ...],
    by: str,
    role: str,
    numbers: tuple[int, ...],
    **how: Any,
) -> None:
    """List objects (REGISTER/COLLECTION/ID) to be erased outside their term, from all history.

    Another person approves, as with any list. Where a rule says that a law keeps it, only an order
    of a court or supervisory authority opens this.

    \b
    Examples:
      landschap retention erase inwoners/inwoners/W00012 --by Anna --role privacy
      landschap retention erase --person bsn --in inwoners --by Anna --role privacy
      landschap retention erase bag/panden/0457100000000001 --number 81 --by Anna --role privacy \\
          --ground onrechtmatig-bewaard
    """
    if bool(things) == bool(how["person"]) or bool(how["person"]) != bool(how["within"]):
        raise click.UsageError("name objects, or give --person and --in")
    if numbers and len(things) != 1:
        raise click.UsageError("--number goes with one object")
    register, wanted = _named(desk, things) if things else _about(desk, how)
    rules = rules_of(desk, register)
    for name in wanted:
        of_kind = rules.of(register.types[name]) if rules is not None else []
        refused = legal_duty(of_kind, how["authority"])
        if refused is not None:
            raise ProblemError(refused)

    async def find(pool: asyncpg.Pool) -> list[Item]:
        found: list[Item] = []
        for name, ids in wanted.items():
            kind = register.types[name]
            found += await proposing.items_of(pool, kind, ids, tuple(numbers) or None)
        return found

    items = with_registers(desk, find)
    if things and len(items) != sum(len(ids) for ids in wanted.values()):
        absent = ", ".join(sorted(set(things) - {thing_of(desk, item) for item in items}))
        raise Trouble(f"not registered, or destroyed already: {absent}", "see the spelling")
    made = DisposalList(
        list_id=uuid7(),
        register=register.name,
        act=Act.ERASE,
        ground=how["ground"],
        authority=how["authority"],
        proposer=Person(by, role),
        items=items,
    )
    keep(desk, made, {}, dry_run=how["dry_run"], as_json=how["as_json"])


def _named(desk: Desk, things: Sequence[str]) -> tuple[Register, dict[str, list[str]]]:
    """Objects by their addresses, per name of type; all of one register."""
    register, _, _ = kind_and_id(desk, things[0])
    wanted: dict[str, list[str]] = {}
    for thing in things:
        other, kind, object_id = kind_and_id(desk, thing)
        if other is not register:
            raise click.UsageError("objects of one register go in one list")
        wanted.setdefault(kind.name, []).append(object_id)
    return register, wanted


def _about(desk: Desk, how: Mapping[str, str]) -> tuple[Register, dict[str, list[str]]]:
    """Objects that were ever about a person, per name of type."""
    register, number = desk.register(how["within"]), person_number(how["person"])
    return register, with_registers(
        desk, lambda pool: proposing.about(pool, register, how["person"], number)
    )


def keep(
    desk: Desk, made: DisposalList, counts: dict[str, int], *, dry_run: bool, as_json: bool
) -> None:
    """Keep a proposal, unless only looked at, and tell what is on it."""
    kept = bool(made.items) and not dry_run
    if kept:
        with_registers(desk, lambda pool: disposal.propose(pool, made))
    if as_json:
        body: dict[str, JsonValue] = {"list": str(made.list_id) if kept else None, **counts}
        click.echo(json.dumps({**body, "items": _items(desk, made.items)}, ensure_ascii=False))
        return
    _tell_items(desk, made)
    if counts:
        click.echo(
            f"{counts['looked']:,} objects looked at; {counts['held']:,} past their term are held, "
            f"{counts['toTransfer']:,} are kept for ever and go to `register transfer --due`",
            err=True,
        )
    if kept:
        click.echo(f"proposed: {made.list_id}; somebody else approves it")
    else:
        click.echo("nothing was kept" + (" (--dry-run)" if made.items else ": nothing is due"))


def _items(desk: Desk, items: Sequence[Item]) -> list[JsonValue]:
    return [
        {
            "object": thing_of(desk, item),
            "rule": item.rule_id,
            "since": item.since.isoformat() if item.since else None,
            "dueOn": item.due_on.isoformat() if item.due_on else None,
            "numbers": None if item.numbers is None else list(item.numbers),
        }
        for item in items
    ]


def _tell_items(desk: Desk, given: DisposalList) -> None:
    table = table_of("Object", "Rule", "Counts from", "Due since", "", whole="Object")
    for item in given.items:
        key = (item.type_key, item.object_id)
        state = "destroyed" if key in given.done else ""
        excluded = given.excluded.get(key)
        table.add_row(
            thing_of(desk, item),
            item.rule_id or given.ground,
            str(item.since or "-"),
            str(item.due_on or "-"),
            f"excluded: {excluded}" if excluded else state,
        )
    answer.print(table)


@retention.command("lists")
@click.argument("name", metavar="REGISTER")
@json_option
@of_organisation
def all_lists(desk: Desk, name: str, as_json: bool) -> None:
    """List the proposals of a register, the newest first, and what became of them.

    \b
    Examples:
      landschap retention lists vergunningen
      landschap retention lists vergunningen --json
    """
    register = desk.register(name)
    found = with_registers(desk, lambda pool: disposal.lists(pool, register))
    rows = [
        {
            "list": str(one.list_id),
            "act": one.act.value,
            "ground": one.ground,
            "proposed": as_utc_text(one.proposed_at) if one.proposed_at else None,
            "by": f"{one.proposer.name} ({one.proposer.role})",
            "approvedBy": f"{one.approver.name} ({one.approver.role})" if one.approver else None,
            **counts,
        }
        for one, counts in found
    ]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    table = table_of(
        "List", "Act", "Ground", "Proposed", "By", "Approved by", "Items", "Excluded", "Done",
        whole="List",
    )  # fmt: skip
    for row in rows:
        table.add_row(*("-" if value is None else str(value) for value in row.values()))
    answer.print(table)


@retention.command("show")
@click.argument("list_id", metavar="LIST")
@json_option
@of_organisation
def show(desk: Desk, list_id: str, as_json: bool) -> None:
    """Show one list: each object, its rule, since when it is due, what was excluded and done.

    \b
    Examples:
      landschap retention show 01938f2a-5f6b-7a51-8c31-0d2f8c4a6b1e
    """
    given = with_registers(desk, lambda pool: found_list(pool, list_id))
    if as_json:
        excluded = [
            {"object": f"{key}/{object_id}", "reason": reason}
            for (key, object_id), reason in given.excluded.items()
        ]
        body = {
            "list": str(given.list_id),
            "state": given.state,
            "act": given.act.value,
            "ground": given.ground,
            "authority": given.authority,
            "items": _items(desk, given.items),
            "open": len(given.open_items),
            "excluded": excluded,
        }
        click.echo(json.dumps(body, ensure_ascii=False))
        return
    _tell_items(desk, given)
    click.echo(f"{given.state}; {len(given.open_items)} of {len(given.items)} still to be done")


@retention.command("exclude")
@click.argument("list_id", metavar="LIST")
@click.argument("thing", metavar="OBJECT")
@click.option("--reason", required=True, help="Why it stays.")
@click.option("--by", required=True, help="Your name.")
@json_option
@of_organisation
def exclude(desk: Desk, list_id: str, thing: str, reason: str, by: str, as_json: bool) -> None:
    """Take one object from a list, with the reason. It stays, and that it was excluded too.

    \b
    Examples:
      landschap retention exclude 0193... bag/panden/0457100000000001 --reason "hotspot" --by Bas
    """

    async def work(pool: asyncpg.Pool) -> None:
        given = await found_list(pool, list_id)
        await disposal.exclude(pool, given, item_of(desk, given, thing), reason, by)

    with_registers(desk, work)
    told = {"list": list_id, "excluded": thing}
    click.echo(json.dumps(told, ensure_ascii=False) if as_json else f"excluded: {thing}")


@retention.command("approve")
@click.argument("list_id", metavar="LIST")
@by_option
@click.option("--reason", default="", help="What you looked at.")
@json_option
@of_organisation
def approve(desk: Desk, list_id: str, by: str, role: str, reason: str, as_json: bool) -> None:
    """Approve a list that somebody else proposed. It is not destroyed yet.

    \b
    Examples:
      landschap retention approve 01938f2a-5f6b-7a51-8c31-0d2f8c4a6b1e --by Bas --role archivaris
    """

    async def work(pool: asyncpg.Pool) -> None:
        given = await found_list(pool, list_id)
        granted(await disposal.approve(pool, given, Person(by, role), reason))

    with_registers(desk, work)
    click.echo(json.dumps({"approved": list_id}) if as_json else f"approved: {list_id}")
