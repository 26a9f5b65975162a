# SPDX-License-Identifier: EUPL-1.2
"""`landschap config`: what is set, by whom, and whether it can be used."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from landschap.cli.config_option import config_option
from landschap.platform.settings import Settings
from landschap.platform.trouble import Trouble
from landschap.vocabulary.identifiers import InvalidValue

_MASK = "(secret)"


@click.group()
def config() -> None:
    """Show, check and describe the configuration."""


@config.command()
@config_option
@click.option("--origin", is_flag=True, help="Tell who set each value.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def show(config: Path, origin: bool, as_json: bool) -> None:
    """Show all settings as they count, secrets masked.

    \b
    Examples:
      landschap config show --origin
      landschap config show --json --config weesp/organisation.toml
    """
    from landschap.platform.settings import read_settings

    settings, origins = read_settings(config, os.environ)
    rows = [
        {"key": key, "value": value, "origin": str(origins.get(key, "default"))}
        for key, value in _flat(settings, "")
    ]
    if as_json:
        click.echo(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    for row in rows:
        value = json.dumps(row["value"], ensure_ascii=False)
        told = f"  # {row['origin']}" if origin else ""
        click.echo(f"{row['key']} = {value}{told}")


@config.command()
def schema() -> None:
    """Print the JSON Schema of organisation.toml, for editors.

    \b
    Examples:
      landschap config schema > landschap.schema.json
      landschap config schema | head
    """
    from landschap.platform.settings import schema as made

    click.echo(json.dumps(made(), indent=1, ensure_ascii=False))


@config.command()
@config_option
def check(config: Path) -> None:
    """Check the file and its services: all errors at once, with line and nearest name.

    \b
    Examples:
      landschap config check
      landschap config check --config weesp/organisation.toml
    """
    from landschap.platform.settings import load_settings

    settings = load_settings(config)
    _check_services(settings.path.parent)
    _check_open_data(settings)
    click.echo(f"{settings.path} is in order: {settings.organisation.name}")


def _check_services(folder: Path) -> None:
    """Raises ClickException with every mistake of every declared service."""
    from landschap.cli.gateway import SERVICES_FOLDER, read_all_services

    place = folder / SERVICES_FOLDER
    if any(place.glob("*.toml")):
        read_all_services(place)


def _check_open_data(settings: Settings) -> None:
    """Raises Trouble for a door of open data that `serve` would refuse."""
    from landschap.gateway.store.carrying import open_door

    if not settings.listen.open:
        return
    try:
        open_door(settings)
    except InvalidValue as error:
        raise Trouble(
            f"{settings.path}: {error}",
            "write addresses.open with https, or leave listen.open out",
        ) from None


def _flat(section: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    """Dotted keys with values that JSON knows."""
    for each in dataclasses.fields(section):
        value = getattr(section, each.name)
        option = each.metadata.get("option")
        if dataclasses.is_dataclass(value) and "section" in each.metadata:
            yield from _flat(value, f"{prefix}{each.name}.")
        elif option is not None:
            shown = _MASK if option.secret and value is not None else _plain(value)
            yield prefix + each.name, shown


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value if isinstance(value, str | int | None) else str(value)
