# SPDX-License-Identifier: EUPL-1.2
"""``landschap source anonymity``: whether an extract may be published."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from landschap.cli.config_option import json_option
from landschap.cli.source import source
from landschap.cli.tables import answer, table_of
from landschap.platform.trouble import Trouble

if TYPE_CHECKING:
    from landschap.integration.bulk.anonymity import Question, Report

_BELOW = 7


@source.command("anonymity")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--quasi", default="", help="Fields that others may know of somebody, with commas.")
@click.option("--sensitive", default="", help="A field of which l, the diversity, is told.")
@click.option("--each", default="", help="A list of which every item counts as a row.")
@click.option(
    "--least",
    type=click.IntRange(0, 1_000_000),
    default=None,
    help="Refuse below this k; default what the manifest declares.",
)
@json_option
def anonymity(file: Path, as_json: bool, **given: Any) -> None:
    """Tell how many rows of FILE share what could point at one person.

    k is the size of the smallest group of rows that are alike in all quasi-identifiers. Below
    the declared k the exit code is 7: such a file is not to be published.

    \b
    Examples:
      landschap source anonymity uit/bewoning-2026-11-30.parquet --quasi postcode,bouwjaar
      landschap source anonymity uit/bewoning.jsonl --each bewoners \\
        --quasi postcode,bewoners.geboren --sensitive bewoners.uitkering --least 10 --json
    """
    from landschap.integration.bulk.anonymity import InvalidQuestion, Question
    from landschap.integration.connectors.bulk.engine import Limits
    from landschap.integration.connectors.bulk.looking import anonymity as looked_at

    declared = _declared(file)
    named = tuple(name.strip() for name in given["quasi"].split(",") if name.strip())
    question = Question(
        quasi=named or declared.quasi,
        sensitive=given["sensitive"],
        each=given["each"] or declared.each,
        least=declared.least if given["least"] is None else given["least"],
    )
    try:
        found = asyncio.run(looked_at(file.resolve(), question, Limits()))
    except InvalidQuestion as error:
        raise Trouble(str(error), "name fields of the extract: --quasi a,b") from None
    if as_json:
        click.echo(json.dumps(found.as_json(), ensure_ascii=False))
    else:
        _tell(found)
    if not found.holds:
        click.echo(f"k is {found.k}, below {question.least}: do not publish this", err=True)
        sys.exit(_BELOW)


def _declared(file: Path) -> Question:
    """What the manifest beside a file declares about anonymity; nothing without one."""
    from landschap.integration.bulk.anonymity import declared_in

    try:
        told = json.loads(file.with_name(f"{file.name}.manifest.json").read_text("utf-8"))
    except (OSError, ValueError):
        told = None
    return declared_in(told)


def _tell(found: Report) -> None:
    diverse = bool(found.question.sensitive)
    click.echo(f"k = {found.k}" + (f", l = {found.diversity}" if diverse else ""))
    click.echo(f"{found.rows:,} rows in {found.groups:,} groups")
    if found.question.least:
        below, groups = found.rows_below, found.groups_below
        click.echo(f"{below:,} rows in {groups:,} groups below {found.question.least}")
    columns = [*found.question.quasi, "rows", *(["different"] if diverse else [])]
    table = table_of(*columns)
    for values, size, different in found.smallest:
        told = ["" if each is None else str(each) for each in values.values()]
        table.add_row(*told, str(size), *([str(different)] if diverse else []))
    answer.print(table)
