# SPDX-License-Identifier: EUPL-1.2
"""``landschap register mapping``: which column of somebody's file goes to which property."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import click

from landschap.cli.register import Desk, of_organisation, register
from landschap.platform.trouble import Trouble
from landschap.registers import client
from landschap.registers.mapped import missing_columns
from landschap.registers.mapping import FileMapping, InvalidMapping
from landschap.registers.mapping_draft import draft_of, nearest_type
from landschap.registers.models import ObjectType, Register
from landschap.registers.sources import SourceRow, UnreadableSource
from landschap.vocabulary.mistakes import did_you_mean


@register.group("mapping")
def mapping() -> None:
    """Say which column of somebody's file goes to which property, and check it.

    \b
    Examples:
      landschap register mapping draft vergunningen export.csv > vergunningen.toml
      landschap register mapping check vergunningen vergunningen.toml export.csv
    """


@mapping.command("draft")
@click.argument("name", metavar="REGISTER")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--collection", help="Which collection it holds. Default: the one that fits best.")
@of_organisation
def draft(desk: Desk, name: str, file: Path, collection: str | None) -> None:
    """Write a first mapping from the header and the first rows of a file.

    What is not sure is a comment with a question; nothing is loaded.

    \b
    Examples:
      landschap register mapping draft vergunningen export.csv
      landschap register mapping draft bag panden.parquet --collection panden > panden.toml
    """
    target = desk.register(name)
    try:
        sample = client.sample_of(file)
    except UnreadableSource as error:
        raise Trouble(f"{file} can not be read:\n{error}", "give another file") from None
    if not sample.columns:
        raise Trouble(f"{file} holds no columns", "give a file with a header and some rows")
    if collection is None:
        kind = nearest_type(target, sample.columns)
    else:
        kind = _collection(target, collection)
    click.echo(draft_of(kind, sample), nl=False)


@mapping.command("check")
@click.argument("name", metavar="REGISTER")
@click.argument("mapping_file", metavar="MAPPING", type=click.Path(path_type=Path))
@click.argument("file", required=False, type=click.Path(path_type=Path))
@of_organisation
def check(desk: Desk, name: str, mapping_file: Path, file: Path | None) -> None:
    """Check a mapping against the model, and against the columns of a file when one is given.

    \b
    Examples:
      landschap register mapping check vergunningen vergunningen.toml
      landschap register mapping check vergunningen vergunningen.toml export.csv
    """
    target = desk.register(name)
    try:
        chosen = client.chosen_mapping(target, mapping_file)
        if file is not None:
            _check_columns(chosen, file)
    except InvalidMapping as error:
        raise Trouble(
            f"the mapping {mapping_file} can not be used:\n{error}", "correct it"
        ) from None
    except UnreadableSource as error:
        raise Trouble(f"the mapping does not fit {file}:\n{error}", "correct one of them") from None
    kind, filled = chosen.type, set(chosen.rules)
    empty = [prop.name for prop in kind.content_properties() if prop.name not in filled]
    click.echo(f"{mapping_file.name} fills {len(filled)} properties of {kind.collection}.")
    if empty:
        click.echo(f"It leaves empty: {', '.join(empty)}.")


def _check_columns(chosen: FileMapping, file: Path) -> None:
    rows = [row for row in islice(client.rows_of(file, chosen), 1) if isinstance(row, SourceRow)]
    wrong = missing_columns(chosen, file.name, rows[0].cells) if rows else []
    if wrong:
        raise UnreadableSource(wrong)


def _collection(target: Register, name: str) -> ObjectType:
    kind = target.by_collection(name)
    if kind is None:
        there = ", ".join(sorted(each.collection for each in target.types.values()))
        near = did_you_mean(name, there.split(", "))
        raise Trouble(
            f"{target.name} has no collection {name}{near}", f"name one of these: {there}"
        )
    return kind
