# SPDX-License-Identifier: EUPL-1.2
"""``landschap where``: every place that holds a class of data, and every memory with its lifetime.

What registers hold follows from their models; the other places stand in ``where.toml``, which a
test compares with the tables that there are.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path

import click
import msgspec

from landschap.cli.config_option import config_option, json_option
from landschap.cli.tables import answer, table_of
from landschap.console.places import (
    CLASSES,
    OF_MODELS,
    Held,
    Place,
    held_in,
    places_of,
)
from landschap.platform.settings import load_settings

__all__ = ["held_below", "in_dutch", "places_page", "read_places", "where"]


def read_places() -> Sequence[Place]:
    """All places, as they were written down."""
    text = (files("landschap.cli") / "where.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text)["place"], list[Place])


def in_dutch() -> Mapping[str, str]:
    """The words of the places, in Dutch."""
    text = (files("landschap.cli") / "where_nl.toml").read_text(encoding="utf-8")
    found: Mapping[str, str] = tomllib.loads(text)
    return found


def places_page() -> str:
    """The reference page of all places."""
    lines = [
        "# Where data lies",
        "",
        "Written by `tools/reference.py` from `src/landschap/cli/where.toml`; do not edit.",
        "`landschap where` shows it with what your own registers hold.",
        "The class `model` is whatever the models of your registers say.",
        "",
        "| Place | Kind | Tables, files or memory | Classes | Until |",
        "|---|---|---|---|---|",
    ]
    for each in read_places():
        parts = ", ".join(f"`{name}`" for name in each.tables) or ", ".join(each.files)
        kinds = ", ".join(each.kinds) or "none"
        lines.append(
            f"| {each.where} | {each.sort} | {parts or each.cache} | {kinds} | {each.until} |"
        )
    return "\n".join([*lines, ""])


@click.command("where")
@click.argument("kind", metavar="[CLASS]", default="", type=click.Choice(["", *CLASSES]))
@json_option
@config_option
def where(config: Path, kind: str, as_json: bool) -> None:
    """Show every place that holds a class of data, and until when it is there.

    CLASS is gewoon, identificerend or bijzonder (as information models say), pseudoniem or
    medewerker; without it, all places that hold anything about a person. What registers hold
    follows from the models in this folder. A logical source keeps nothing of what it passes on;
    of a file that it reads it keeps a snapshot, which is listed.

    \b
    Examples:
      landschap where
      landschap where bijzonder
      landschap where identificerend --json
    """
    held = held_below(load_settings(config).path.parent)
    found = places_of(kind, read_places(), held)
    fields = [each for each in held if kind in ("", each.kind)]
    if as_json:
        told = {
            "places": [{**asdict(each), "sort": each.sort} for each in found],
            "fields": [asdict(each) for each in fields],
        }
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    table = table_of("Place", "Kind", "Classes", "Until")
    for place in found:
        table.add_row(place.where, place.sort, ", ".join(place.kinds), place.until)
    answer.print(table)
    counted: Mapping[str, list[str]] = {name: [] for name in OF_MODELS}
    for each in fields:
        counted[each.kind].append(each.path)
    for name, paths in counted.items():
        if paths:
            click.echo(f"\n{name} in registers: {', '.join(paths)}")


def held_below(folder: Path) -> Sequence[Held]:
    """The properties that are personal data, of the registers of this folder."""
    from landschap.registers.client import MODELS_FOLDER, read_models

    models = folder / MODELS_FOLDER
    if not models.is_dir():
        return []
    return held_in(read_models(models).by_name.values())
