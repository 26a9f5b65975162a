# SPDX-License-Identifier: EUPL-1.2
"""``landschap retention check|import``: the rules, and the selection list they follow."""

from __future__ import annotations

import json
from pathlib import Path

import click

from landschap.cli.config_option import json_option
from landschap.cli.register import Desk, of_organisation
from landschap.cli.retention.group import retention
from landschap.cli.retention.parts import PARTIAL, needed_rules, rules_of
from landschap.cli.tables import answer, table_of
from landschap.platform.trouble import Trouble
from landschap.registers import client
from landschap.registers.client.retention import (
    LIST_FILE,
    read_selection_list,
    write_selection_list,
)
from landschap.registers.models import Register
from landschap.registers.selection_list import Entry, Matched, Unread, match


@retention.command("check")
@click.argument("name", metavar="REGISTER", required=False)
@json_option
@of_organisation
@click.pass_context
def check(ctx: click.Context, desk: Desk, name: str | None, as_json: bool) -> None:
    """Check the retention rules of one register, or of all: properties, terms, selection list.

    A mistake is told with its line and the name that was probably meant. Object types without a
    rule are named: nothing of them is ever destroyed. Exit code 6 when a rule does not follow
    the imported selection list.

    \b
    Examples:
      landschap retention check
      landschap retention check vergunningen --json
    """
    registers = [desk.register(name)] if name else list(desk.registers.by_name.values())
    entries = _kept_list(desk)
    told = [_checked(desk, register, entries, needed=name is not None) for register in registers]
    rows = [row for one in told for row in one["regels"]]  # type: ignore[attr-defined]  # as made
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        table = table_of("Register", "Rule", "Category", "Value", "Term", "Selection list")
        for row in rows:
            table.add_row(*(str(row[key]) for key in row))
        answer.print(table)
        for one in told:
            for kind in one["zonderRegel"]:  # type: ignore[attr-defined]  # as made
                click.echo(f"no rule for {kind}: nothing of it is ever destroyed", err=True)
    if any(str(row["selectielijst"]).startswith(("afwijkend", "onbekend")) for row in rows):
        ctx.exit(PARTIAL)


def _checked(
    desk: Desk, register: Register, entries: list[Entry] | None, *, needed: bool
) -> dict[str, object]:
    rules = needed_rules(desk, register) if needed else rules_of(desk, register)
    found = list(rules.rules) if rules is not None else []
    verdicts = {one.rule: one for one in match(found, entries or [])}
    return {
        "register": register.name,
        "regels": [
            {
                "register": register.name,
                "regel": rule.id,
                "categorie": rule.category,
                "waardering": rule.value.value,
                "termijn": rule.term,
                "selectielijst": "-" if entries is None else _words(verdicts[rule.id]),
            }
            for rule in found
        ],
        "zonderRegel": [
            kind.key
            for kind in register.types.values()
            if not any(rule.type.key == kind.key for rule in found)
        ],
    }


def _words(one: Matched) -> str:
    return f"{one.verdict}: {one.message}" if one.message else one.verdict


def _kept_list(desk: Desk) -> list[Entry] | None:
    path = desk.settings.path.parent / client.MODELS_FOLDER / LIST_FILE
    return _read(path)[0] if path.exists() else None


def _read(path: Path) -> tuple[list[Entry], list[Unread]]:
    try:
        return read_selection_list(path)
    except (OSError, UnicodeDecodeError) as error:
        raise Trouble(
            f"{path} can not be read: {error}", "give a CSV file in UTF-8, or an Excel workbook"
        ) from None


@retention.command("import")
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--dry-run", is_flag=True, help="Only report; keep nothing.")
@json_option
@of_organisation
@click.pass_context
def import_list(ctx: click.Context, desk: Desk, path: Path, dry_run: bool, as_json: bool) -> None:
    """Import a selection list (CSV or Excel), and report how the rules of all registers follow it.

    The list is kept beside the models in a plain form that can be reviewed. Rows that are not
    understood are told with their number and left out; exit code 6 then, and also when a rule
    does not follow the list.

    \b
    Examples:
      landschap retention import selectielijst-2020.xlsx
      landschap retention import selectielijst-2020.csv --dry-run --json
    """
    entries, unread = _read(path)
    rules = [
        rule
        for register in desk.registers.by_name.values()
        if (found := rules_of(desk, register)) is not None
        for rule in found.rules
    ]
    matched = match(rules, entries)
    target = None
    if not dry_run:
        target = write_selection_list(desk.settings.path.parent / client.MODELS_FOLDER, entries)
    if as_json:
        report = {
            "rijen": len(entries),
            "nietGelezen": [{"rij": one.line, "melding": one.message} for one in unread],
            "regels": [one.as_json() for one in matched],
        }
        click.echo(json.dumps(report, ensure_ascii=False))
    else:
        table = table_of("Rule", "Category", "Verdict", "")
        for one in matched:
            table.add_row(one.rule, one.category, one.verdict, one.message)
        answer.print(table)
        for row in unread:
            click.echo(f"row {row.line} was left out: {row.message}", err=True)
        where = f"kept in {target}" if target else "nothing was kept (--dry-run)"
        click.echo(f"{len(entries)} results read, {len(unread)} left out; {where}")
    if unread or any(one.verdict != "gelijk" for one in matched):
        ctx.exit(PARTIAL)
