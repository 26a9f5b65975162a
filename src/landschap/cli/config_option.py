# SPDX-License-Identifier: EUPL-1.2
"""The options that every command on one organisation has."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

json_option = click.option("--json", "as_json", is_flag=True, help="Print as JSON.")


def config_option(command: Command) -> Command:
    """``--config``: the organisation's settings; ``LANDSCHAP_CONFIG`` or the present folder."""
    return _option(command, "config", None)


def read_from_config(name: str, read: Callable[[Path], Any]) -> Callable[[Command], Command]:
    """``--config`` for a command that wants what ``read`` makes of the path, as parameter ``name``.

    Not read when only help is asked.
    """

    def add(command: Command) -> Command:
        return _option(command, name, lambda _ctx, _param, path: read(path))

    return add


def _option(command: Command, name: str, callback: Callable[..., Any] | None) -> Command:
    add = click.option(
        "--config",
        "-c",
        name,
        type=click.Path(path_type=Path),
        default=Path("organisation.toml"),
        envvar="LANDSCHAP_CONFIG",
        show_default=True,
        callback=callback,
        help="The organisation's settings.",
    )
    return add(command)
