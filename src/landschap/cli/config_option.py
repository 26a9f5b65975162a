# SPDX-License-Identifier: EUPL-1.2
"""The option that every command on one organisation has."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def config_option(command: Command) -> Command:
    """``--config``: the organisation's settings; ``LANDSCHAP_CONFIG`` or the present folder."""
    add = click.option(
        "--config",
        "-c",
        type=click.Path(path_type=Path),
        default=Path("organisation.toml"),
        envvar="LANDSCHAP_CONFIG",
        show_default=True,
        help="The organisation's settings.",
    )
    return add(command)
