# SPDX-License-Identifier: EUPL-1.2
"""All commands are alike: the same option for the same thing, and examples in every help."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

import click
import pytest

from landschap.cli import COMMANDS


def leaves(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    """The commands that do something, with their whole names."""
    if isinstance(command, click.Group):
        for part, each in sorted(command.commands.items()):
            yield from leaves(each, f"{name} {part}")
    else:
        yield name, command


ALL = dict(
    pair
    for name, (module, attribute, _) in COMMANDS.items()
    for pair in leaves(getattr(importlib.import_module(f"landschap.cli.{module}"), attribute), name)
)


@pytest.mark.parametrize("name", ALL)
def test_the_settings_are_named_by_one_option_everywhere(name: str) -> None:
    told = [each for each in ALL[name].params if "--config" in each.opts]
    for each in told:
        assert isinstance(each, click.Option)
        assert (each.opts, each.envvar) == (["--config", "-c"], "LANDSCHAP_CONFIG")
        assert each.help == "The organisation's settings."


@pytest.mark.parametrize("name", ALL)
def test_every_help_has_examples_that_name_the_command(name: str) -> None:
    text = ALL[name].help or ""
    _, _, examples = text.partition("Examples:")
    assert f"landschap {name}" in examples, text


@pytest.mark.parametrize("name", ALL)
def test_json_is_asked_by_one_option(name: str) -> None:
    told = [each for each in ALL[name].params if "json" in str(each.name)]
    for each in told:
        assert isinstance(each, click.Option)
        assert (each.opts, each.is_flag) == (["--json"], True)
